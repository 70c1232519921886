"""What the program chooses from the exemplar, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings, resolve
from core.settings import describe, from_json, to_json


def noise(seed: int = 0, size: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).random((size, size)) < 0.4


def test_presets_are_data() -> None:
    assert list(PRESETS) == ["fast", "thorough", "light", "paper"]
    for preset in PRESETS.values():
        assert from_json(SwnnSettings, to_json(preset)) == preset


def test_resolve_fills_everything() -> None:
    for preset in PRESETS.values():
        resolved = resolve(preset, noise())
        # no limit, and no range of volume fractions, are choices too
        open_ends = ("time_limit", "lowest_fraction", "highest_fraction")
        chosen = [getattr(resolved, spec.name) for spec in describe(resolved) if spec.name not in open_ends]
        assert None not in chosen
        assert resolve(resolved, noise()) == resolved


def test_resolve_keeps_what_was_said() -> None:
    resolved = resolve(replace(PRESETS["fast"], levels=2, scales=1, cube=24), noise())
    assert (resolved.levels, resolved.scales, resolved.cube) == (2, 1, 24)


def test_a_coarser_structure_gets_a_deeper_pyramid() -> None:
    fine = resolve(PRESETS["fast"], noise(size=128))
    coarse = resolve(PRESETS["fast"], np.kron(noise(size=8), np.ones((16, 16), bool)))
    assert fine.levels is not None and coarse.levels is not None
    assert fine.levels < coarse.levels
    assert (fine.overview, coarse.overview) == (0, 2)
    assert coarse.cube is not None and coarse.cube % 4 == 0
    slabs = resolve(PRESETS["paper"], np.kron(noise(size=8), np.ones((16, 16), bool)))
    assert slabs.overview == 0


def test_an_overview_gives_way_to_a_small_exemplar() -> None:
    small = np.kron(noise(size=6), np.ones((8, 8), bool))  # 48 px hold three windows of 7 cells of 2 px, not of 4 px
    assert resolve(replace(PRESETS["fast"], overview=3, levels=4), small).overview == 1


@pytest.mark.parametrize("indicator", [np.zeros((64, 64), bool), np.ones((64, 64), bool)])
def test_one_phase_is_refused(indicator: np.ndarray) -> None:
    with pytest.raises(InputError, match="one phase"):
        resolve(PRESETS["fast"], indicator)


def test_a_tiny_exemplar_is_refused() -> None:
    with pytest.raises(InputError, match="too small"):
        resolve(PRESETS["fast"], noise(size=12))


def test_a_setting_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match="Leak"):
        resolve(replace(PRESETS["fast"], leak=2.0), noise())
