"""Two-point probability S2, lineal path L, and what compares two structures."""

from core.statistics.comparison import Comparison, compare, compare_curves, discrepancy
from core.statistics.curves import Curves, measure_curves
from core.statistics.lineal_path import lineal_path_axes
from core.statistics.two_point import two_point_axes

__all__ = [
    "Comparison",
    "Curves",
    "compare",
    "compare_curves",
    "discrepancy",
    "lineal_path_axes",
    "measure_curves",
    "two_point_axes",
]
