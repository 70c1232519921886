"""How often the band of one section holds the curves of the whole volume, on a real sandstone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.statistics import measure_curves, sampling_band

SIDE = 200
MAX_LAG = 63


@pytest.mark.parametrize("phase", [0, 1], ids=["pores", "grains"])
def test_the_band_of_a_section_holds_the_curves_of_the_volume(phase: int, data_folder: Path) -> None:
    """A 95 % band holds S2, and L, of the volume, at all lags at once, in 90 to 98 % of 240 sections.

    They are the four quarters of every twentieth plane across each axis of the Berea sandstone (400³).
    """
    inside = tifffile.imread(data_folder / "volumes" / "berea_400.tif") == phase
    true = measure_curves(inside, MAX_LAG)
    held = {"S2": 0, "L": 0}
    count = 0
    for axis in range(3):
        for place in range(10, 400, 20):
            plane = np.take(inside, place, axis)
            for section in (plane[:SIDE, :SIDE], plane[:SIDE, SIDE:], plane[SIDE:, :SIDE], plane[SIDE:, SIDE:]):
                band = sampling_band(section, MAX_LAG)
                count += 1
                held["S2"] += _within(true.s2_mean, band.s2_low, band.s2_high)
                held["L"] += _within(true.lineal_path_mean, band.lineal_path_low, band.lineal_path_high)
    for name, sections in held.items():
        print(f"{name}: held in {sections} of {count} sections ({100 * sections / count:.1f} %)")
        assert 0.90 <= sections / count <= 0.98, held


def _within(curve: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    return bool(np.all((curve >= low) & (curve <= high)))
