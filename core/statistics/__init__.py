"""Two-point probability S2, lineal path L, and what compares two structures.

Every function takes the indicator of one phase: bool, or 0 and 1, with two or three axes. Lags are in pixels.
"""

from core.statistics.comparison import (
    Comparison,
    compare,
    compare_curves,
    curves_of_planes,
    discrepancy,
    section_map_discrepancy,
)
from core.statistics.curves import Curves, axis_ratio, correlation_length, measure_curves
from core.statistics.indicator import default_max_lag
from core.statistics.lineal_path import lineal_path_axes
from core.statistics.maps import radial_average, section_two_point_map, two_point_map, two_point_radial
from core.statistics.sampling_band import SamplingBand, sampling_band
from core.statistics.shapes import SectionShapes, section_shapes
from core.statistics.two_point import two_point_axes

__all__ = [
    "Comparison",
    "Curves",
    "SamplingBand",
    "SectionShapes",
    "axis_ratio",
    "compare",
    "compare_curves",
    "correlation_length",
    "curves_of_planes",
    "default_max_lag",
    "discrepancy",
    "lineal_path_axes",
    "measure_curves",
    "radial_average",
    "sampling_band",
    "section_map_discrepancy",
    "section_shapes",
    "section_two_point_map",
    "two_point_axes",
    "two_point_map",
    "two_point_radial",
]
