"""Volumes from a trained network."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.generation.progress import GenerationProgress
from core.job import finish
from core.reconstruction.swnn import model as room
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import PRESETS
from tests.core.reconstruction.models import tiny_model


@pytest.fixture
def small_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (64, 64, 64))


@pytest.mark.usefixtures("small_calibration")
def test_any_size_is_a_crop_of_a_bigger_one_to_the_bit() -> None:
    model = tiny_model()
    big = finish(model.generate((70, 40, 80), 3)).labels
    for size in [(8, 9, 10), (70, 8, 80), (65, 40, 66)]:
        z, y, x = size
        assert np.array_equal(finish(model.generate(size, 3)).labels, big[:z, :y, :x])
    assert not np.array_equal(finish(model.generate((8, 9, 10), 4)).labels, big[:8, :9, :10])


@pytest.mark.usefixtures("small_calibration")
def test_tiles_beside_each_other_are_those_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = finish(tiny_model().generate((70, 40, 80), 3, exact=True))
    monkeypatch.setattr(room, "fitting", lambda device: 3)
    assert finish(tiny_model().recipe((70, 40, 80), 3)).at_once == 3
    together = finish(tiny_model().generate((70, 40, 80), 3, exact=True))
    assert together.fractions == alone.fractions
    assert np.array_equal(together.labels, alone.labels)


@pytest.mark.usefixtures("small_calibration")
def test_fraction_is_met_exactly_on_the_calibration_volume() -> None:
    model = tiny_model(volume_fraction=0.3)
    volume = finish(model.generate((64, 64, 64), model.card["seed"]))
    assert abs(volume.fractions[1] - 0.3) <= 1 / 64**3
    calibration = model.card["calibration"]
    assert calibration["fraction_after"] == volume.fractions[1]
    # what the network shows by itself is told as well, and differs
    field = model.field(model.card["seed"], (0, 0, 0), (64, 64, 64))
    assert calibration["fraction_before"] == pytest.approx((field > 0).mean())


@pytest.mark.usefixtures("small_calibration")
def test_another_fraction_can_be_asked_for() -> None:
    model = tiny_model(volume_fraction=0.3)
    volume = finish(model.generate((64, 64, 64), model.card["seed"], volume_fraction=0.55))
    assert volume.fractions[1] == pytest.approx(0.55, abs=1e-3)
    with pytest.raises(InputError, match="between 0 and 1"):
        finish(model.generate((8, 8, 8), 0, volume_fraction=1.0))


@pytest.mark.usefixtures("small_calibration")
def test_a_saturated_output_has_fractions_out_of_reach() -> None:
    model = tiny_model(volume_fraction=0.3)
    finish(model.generate((8, 8, 8), 0))
    model._quantiles = np.repeat(np.float32([-1, 1]), 2049)  # half the voxels at each end
    with pytest.raises(InputError, match="out of reach"):
        finish(model.generate((8, 8, 8), 0, volume_fraction=0.4))


@pytest.mark.usefixtures("small_calibration")
def test_label_0_can_be_the_phase() -> None:
    first, second = tiny_model(volume_phase=1), tiny_model(volume_phase=0)
    a, b = (finish(made.generate((16, 16, 16), 0)) for made in (first, second))
    assert np.array_equal(a.labels, 1 - b.labels)
    assert b.fractions[0] == a.fractions[1]


@pytest.mark.usefixtures("small_calibration")
def test_volume_carries_size_phases_and_provenance() -> None:
    model = tiny_model(pixel_size=2e-8)
    reports: list[object] = []
    volume = finish(model.generate((16, 20, 24), 7), reports.append)
    assert volume.shape == (16, 20, 24)
    assert volume.voxel_size == (2e-8, 2e-8, 2e-8)
    assert [phase.name for phase in volume.phases] == ["Matrix", "Metal"]
    assert volume.provenance.seed == 7
    assert volume.provenance.settings["tile_edge"] == 64
    assert volume.provenance.inputs[0].made_by == "train swnn"
    assert finish(tiny_model(pixel_size=None).generate((8, 8, 8), 0)).voxel_size is None
    blocks = [r for r in reports if isinstance(r, GenerationProgress) and r.block is not None]
    assert sum(r.block.size for r in blocks if r.block is not None) == volume.labels.size


def test_smaller_tiles_after_running_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (32, 32, 32))
    model = tiny_model()
    plain = SwnnModel.field

    def hungry(
        self: SwnnModel, seed: int, origin: room.Triple, size: room.Triple, *more: Any, **named: Any
    ) -> np.ndarray:
        if size[0] > 32:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        return plain(self, seed, origin, size, *more, **named)

    monkeypatch.setattr(SwnnModel, "field", hungry)
    volume = finish(model.generate((40, 40, 40), 0))
    assert volume.provenance.settings["tile_edge"] == 32


def test_noise_matches_the_network_however_many_levels() -> None:
    """The field of a box made alone is that of the same place in a larger one, apart from rounding."""
    settings = replace(PRESETS["fast"], levels=3, channels=4, coarse_channels=4, scales=1, cube=24)
    torch.manual_seed(1)
    made = SwnnModel(SwnnNetwork(settings), tiny_model().card)
    big = made.field(5, (-13, 4, 9), (30, 28, 26))
    small = made.field(5, (-4, 9, 14), (11, 12, 13))
    assert np.allclose(small, big[9:20, 5:17, 5:18], atol=1e-5)


@pytest.mark.usefixtures("small_calibration")
@pytest.mark.parametrize(
    ("size", "periodic"),
    [((64, 64, 64), (True, True, True)), ((40, 98, 70), (True, True, True)), ((40, 66, 35), (False, True, False)),
     ((10, 40, 130), (True, False, True))],
)  # fmt: skip
def test_a_periodic_volume_equals_its_neighbour_to_the_bit(
    size: tuple[int, int, int], periodic: tuple[bool, bool, bool]
) -> None:
    """Whatever box is asked for around it, also across several periods and at negative places."""
    model = tiny_model()
    recipe = finish(model.recipe(size, 5, periodic=periodic))
    # a box across many periods asks for the same few tiles again and again
    recipe = replace(recipe, make_tile=cache(recipe.make_tile))
    whole = finish(model.generate(size, 5, periodic=periodic)).labels
    sides = tuple(side if yes else 30 for side, yes in zip(size, periodic, strict=True))
    for origin in [(0, 0, 0), tuple(-side - 3 if yes else 2 for side, yes in zip(size, periodic, strict=True))]:
        around = tuple(side + 9 if yes else 20 for side, yes in zip(sides, periodic, strict=True))
        made, _ = finish(recipe.box(origin, around))
        index = [
            np.arange(first, first + count) % side if yes else np.arange(first, first + count)
            for first, count, side, yes in zip(origin, around, size, periodic, strict=True)
        ]
        assert np.array_equal(made, whole[np.ix_(*index)])


@pytest.mark.usefixtures("small_calibration")
def test_a_periodic_field_continues_across_its_faces() -> None:
    """Computed in one piece across a face, the field is that of the neighbouring block apart from rounding."""
    model, period = tiny_model(), (32, 32, None)
    inside = model.field(4, (0, 0, 0), (32, 32, 20), period=period)
    across = model.field(4, (20, 25, 0), (24, 20, 20), period=period)
    index = np.ix_(np.arange(20, 44) % 32, np.arange(25, 45) % 32, np.arange(20))
    assert np.allclose(across, inside[index], atol=1e-5)
    # and it is another one near the faces, but not far from them, along the axes that do not repeat
    plain = model.field(4, (0, 0, 0), (32, 32, 20))
    assert np.allclose(plain[14:18, 14:18], inside[14:18, 14:18], atol=1e-5)
    assert not np.allclose(plain[:4], inside[:4], atol=1e-3)


@pytest.mark.usefixtures("small_calibration")
def test_sizes_that_cannot_repeat_are_refused_before_any_work() -> None:
    model = tiny_model()  # two levels: cells of 2 voxels
    with pytest.raises(InputError, match=r"33 voxels along y.*cells of 2 voxels.*y = 32 or 34"):
        finish(model.generate((32, 33, 31), 0, periodic=(True, True, False)))
    assert "calibration" not in model.card
    volume = finish(model.generate((32, 34, 31), 0, periodic=(True, True, False)))
    assert volume.provenance.settings["periodic"] == "zy"
    assert "periodic" not in finish(model.generate((8, 8, 8), 0)).provenance.settings


@pytest.mark.usefixtures("small_calibration")
def test_a_recipe_is_told_by_all_that_decides_its_voxels() -> None:
    model = tiny_model()
    one = finish(model.recipe((8, 8, 8), 1)).identity
    assert one == finish(tiny_model().recipe((8, 8, 8), 1)).identity
    others: list[dict[str, Any]] = [
        {"seed": 2},
        {"periodic": (True, False, False)},
        {"volume_fraction": 0.3},
        {"size": (8, 8, 9)},
    ]
    for change in others:
        asked = {"size": (8, 8, 8), "seed": 1, **change}
        assert finish(model.recipe(**asked)).identity != one
    torch.manual_seed(9)
    assert finish(SwnnModel(SwnnNetwork(room_settings()), tiny_model().card).recipe((8, 8, 8), 1)).identity != one


def room_settings() -> Any:
    return replace(PRESETS["fast"], levels=2, channels=4, coarse_channels=4, scales=1, cube=24)
