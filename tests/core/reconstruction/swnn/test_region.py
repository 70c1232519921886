"""A phase whose large shapes are given, and the fine structure of the others around it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.engine import Target
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.pipeline import Reconstruction, reconstruct
from core.reconstruction.preflight import unused_problems
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn import training
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.likeness import shapes_like
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.reach import receptive_field
from core.reconstruction.swnn.region import ExemplarRegions, composed, labelled
from core.reconstruction.swnn.settings import PRESETS, resolve

TINY = replace(
    PRESETS["fast"], iterations=12, time_limit=None, levels=2, overview=0, channels=6, coarse_channels=6,
    fine_convolutions=1, coarse_convolutions=1, window=3, scales=1, cube=12, batch=2, windows=256, bent_bases=0,
)  # fmt: skip
SIZE = (24, 24, 24)


def exemplar() -> PhaseImage:
    """Discs of phase 0; between them squares of three pixels, two fifths of phase 2, the rest phase 1."""
    fine = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3)))
    y, x = np.mgrid[:48, :48]
    labels = np.where(fine > 0, 2, 1)
    for row, column in ((12, 14), (34, 30)):
        labels[(y - row) ** 2 + (x - column) ** 2 < 64] = 0
    return PhaseImage(labels.astype(np.uint8), default_phases(3), 1e-6, "discs", Provenance("read"))


def ball(centre: int = 12, size: tuple[int, int, int] = SIZE) -> Mask:
    z, y, x = np.mgrid[: size[0], : size[1], : size[2]]
    inside = (z - centre) ** 2 + (y - centre) ** 2 + (x - centre) ** 2 < 49
    return Mask(inside.astype(np.float32), None, "ball", Provenance("test"))


def target(**changes: Any) -> Target:
    return replace(Target(exemplar(), 2, size=SIZE, all_phases=True, mask=ball(), region_of=0), **changes)


@pytest.fixture(scope="module")
def made() -> Reconstruction:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "STATISTICS_BLOCKS", 1)
        patch.setattr(model_room, "CALIBRATION_SIZE", SIZE)
        done: Reconstruction = finish(reconstruct(SwnnEngine(), target(), TINY))
    return done


@pytest.mark.parametrize(("label", "order"), [(0, (2, 0, 1)), (1, (0, 2, 1)), (2, (0, 1, 2))])
def test_the_given_phase_takes_its_place_among_the_others(label: int, order: tuple[int, ...]) -> None:
    field = torch.tensor([0.5, -1.0, 1.0]).reshape(1, 1, 3, 1, 1)
    given = torch.tensor([0.0, 0.0, 1.0]).reshape(1, 1, 3, 1, 1)
    found = composed(field, given, label)[0, :, :, 0, 0]
    # lower other, higher other, given phase: shares as values from −1 to 1
    parts = torch.tensor([[-0.5, 1.0, -1.0], [0.5, -1.0, -1.0], [-1.0, -1.0, 1.0]])
    assert torch.equal(found, parts[list(order)])
    assert torch.allclose(((found + 1) / 2).sum(dim=0), torch.ones(3))
    others = np.array([0, 1, 0])
    names = [value for value in range(3) if value != label]
    assert labelled(others, np.array([False, False, True]), label).tolist() == [*names, label]


def test_more_than_two_others_have_a_channel_each() -> None:
    field = 2 * torch.tensor([0.2, 0.3, 0.5]).reshape(1, 3, 1, 1, 1) - 1
    found = composed(field, torch.zeros(1, 1, 1, 1, 1), 1).flatten()
    assert torch.allclose((found + 1) / 2, torch.tensor([0.2, 0.0, 0.3, 0.5]))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_blocks_are_told_the_exemplars_own_shapes_all_along_an_axis(axis: int) -> None:
    inside = exemplar().labels == 0
    network = SwnnNetwork(resolve(TINY, *target().indicators), 2, told=True)
    told = ExemplarRegions(exemplar().labels, 0).told(network, (6, 6, 6), [(axis, (8, 12))], "cpu")
    for section in torch.unbind(told.given[0, 0], dim=axis):
        assert np.array_equal(section.numpy() > 0.5, inside[8:14, 12:18])
    for level, box in enumerate(network.noise_boxes((0, 0, 0), (6, 6, 6))):
        margin, cell = -box.start[0], 2**level
        rows, columns = (first // cell - margin for first in (8, 12))
        side = box.shape[0]
        cells = inside.reshape(48 // cell, cell, 48 // cell, cell).mean(axis=(1, 3))
        wanted = 2 * cells[rows : rows + side, columns : columns + side] - 1
        for section in torch.unbind(told.wanted[level][0, 0], dim=axis):
            assert np.allclose(section.numpy(), wanted)


def test_random_places_lie_in_the_exemplar_and_fit_the_noise() -> None:
    network = SwnnNetwork(resolve(TINY, *target().indicators), 2, told=True)
    regions, draw = ExemplarRegions(exemplar().labels, 0), torch.Generator().manual_seed(0)
    boxes = network.noise_boxes((0, 0, 0), (12, 12, 12))
    seen = set()
    for _ in range(10):
        told = regions.draw(network, (12, 12, 12), 2, draw, "cpu")
        assert [tuple(field.shape) for field in told.wanted] == [(2, 1, *box.shape) for box in boxes]
        seen |= set(told.axes)
    assert seen == {0, 1, 2}


def test_the_phase_is_exactly_where_the_mask_says(made: Reconstruction, tmp_path: Path) -> None:
    labels, inside = made.volume.labels, ball().fraction >= 0.5
    assert np.array_equal(labels == 0, inside)
    assert set(np.unique(labels[~inside])) == {1, 2}
    assert made.target.wanted_fractions[0] == pytest.approx(inside.mean())
    assert made.target.wanted_fraction / made.target.wanted_fractions[1] == pytest.approx(
        exemplar().fractions[2] / exemplar().fractions[1]
    )
    # the file makes the same voxels, of any box, and those around another region
    again = load_model(save_model(made.model, tmp_path / "m.microloom-model"))
    assert np.array_equal(finish(again.generate(SIZE, 0, mask=ball())).labels, labels)
    recipe = finish(again.recipe(SIZE, 0, mask=ball()))
    part, _ = finish(recipe.box((5, 2, 9), (11, 20, 7)))
    assert np.array_equal(part, labels[5:16, 2:22, 9:16])
    other = finish(again.generate((20, 24, 24), 3, mask=ball(9, (20, 24, 24)))).labels
    assert np.array_equal(other == 0, ball(9, (20, 24, 24)).fraction >= 0.5)
    with pytest.raises(InputError, match="must be told where that is"):
        finish(again.generate(SIZE, 0))


def test_the_others_share_the_rest_as_in_the_exemplar(made: Reconstruction) -> None:
    card = made.model.card
    shapes = shapes_like(card["region_curve"], SIZE, card["seed"])
    mask = Mask(shapes.astype(np.float32), None, "shapes", Provenance("test"))
    labels = finish(made.model.generate(SIZE, card["seed"], mask=mask)).labels
    wanted = exemplar().fractions[2] / (exemplar().fractions[1] + exemplar().fractions[2])
    rest = int((~shapes).sum())
    assert abs((labels == 2).sum() / rest - wanted) <= 1 / rest
    # without it they would not
    assert abs(card["calibration"]["around_before"][1] - wanted) > 0.02


def test_a_model_from_before_this_was_calibrated_makes_what_it_made(made: Reconstruction) -> None:
    card = {key: value for key, value in made.model.card.items() if key not in ("calibration", "region_curve")}
    old = SwnnEngine().restore(card, made.model.weights())
    recipe = finish(old.recipe(SIZE, 0, mask=ball()))
    assert "calibration" not in old.card
    zeros = {**made.model.card, "calibration": {"around": [0.0, 0.0]}}
    same = finish(SwnnEngine().restore(zeros, made.model.weights()).generate(SIZE, 0, mask=ball())).labels
    assert np.array_equal(finish(recipe.volume()).labels, same)
    assert not np.array_equal(same, made.volume.labels)


def test_what_does_not_see_the_region_does_not_depend_on_it(made: Reconstruction) -> None:
    size = (24, 24, 64)
    masks = [np.zeros(size, np.float32), np.zeros(size, np.float32)]
    for field, place in zip(masks, (2, 12), strict=True):
        field[8:14, 8:14, place : place + 8] = 1
    jobs = (made.model.generate(size, 1, mask=Mask(f, None, "m", Provenance("t"))) for f in masks)
    one, other = (finish(job).labels for job in jobs)
    reach = receptive_field(made.model._network)  # type: ignore[attr-defined]
    assert np.array_equal(one[:, :, 20 + reach :], other[:, :, 20 + reach :])
    assert not np.array_equal(one[:, :, : 20 + reach], other[:, :, : 20 + reach])


def test_a_spoilt_card_is_refused(made: Reconstruction) -> None:
    for wrong in (3, -1, "0"):
        with pytest.raises(InputError, match=r"shapes are given|region_of"):
            SwnnEngine().restore({**made.model.card, "region_of": wrong}, made.model.weights())
    for key, entry in (
        ("region_curve", [0.3]), ("region_curve", [0.3, 0.4]), ("region_curve", [0.0, 0.0]), ("region_curve", "0"),
        ("calibration", {"around": [0.0]}), ("calibration", {"around": [0.0, float("nan")]}), ("calibration", {}),
    ):  # fmt: skip
        with pytest.raises(InputError, match="given phase"):
            SwnnEngine().restore({**made.model.card, key: entry}, made.model.weights())
    with pytest.raises(InputError):
        SwnnEngine().restore({k: v for k, v in made.model.card.items() if k != "region_of"}, made.model.weights())


class _Plain(SwnnEngine):
    uses_regions = False


def test_preflight_says_what_speaks_against_it() -> None:
    engine = SwnnEngine()

    def errors(settings: Any = TINY, **changes: Any) -> str:
        found = engine.preflight(target(**changes), settings, "cpu")
        return " ".join(item.message for item in found if item.severity == "error")

    assert errors() == ""
    assert "no mask says" in errors(mask=None)
    assert "only one side" in errors(mask=Mask(np.zeros((1, 1, 1), np.float32), None, "m", Provenance("t")))
    assert "range of volume fractions" in errors(replace(TINY, lowest_fraction=0.2, highest_fraction=0.4))
    assert "fractions are chosen" in errors(volume_fractions=(0.2, 0.4, 0.4))
    assert "two others" in errors(all_phases=False)
    assert [item.field for item in unused_problems(_Plain(), target())] == ["mask"]
    assert unused_problems(engine, target()) == []
