"""Three phases and more in one volume, and an exemplar for each plane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.engine import Target, TrainingProgress
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.pipeline import reconstruct
from core.reconstruction.preflight import unused_problems
from core.reconstruction.shares import shared
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn import training
from core.reconstruction.swnn.agreement import shared_lines
from core.reconstruction.swnn.correlation import ExemplarCorrelation
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.labelling import labels_of, offsets_for, shares_of
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.objective import Objective, PlaneObjectives, objectives_of
from core.reconstruction.swnn.patterns import all_windows, random_windows
from core.reconstruction.swnn.serving import ServedOffsets
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings, resolve
from core.reconstruction.swnn.shapes import ExemplarShapes
from core.reconstruction.towards import Towards
from core.statistics import curves_of_planes, measure_curves

TINY = replace(
    PRESETS["fast"],
    iterations=30,
    time_limit=None,
    levels=2,
    overview=1,
    overview_edge=12,
    channels=6,
    coarse_channels=6,
    fine_convolutions=1,
    coarse_convolutions=1,
    window=3,
    scales=1,
    cube=12,
    batch=2,
    windows=256,
    bent_bases=1,
    frozen=0.0,
)


def image(labels: np.ndarray, count: int = 3, pixel: float | None = 1e-6) -> PhaseImage:
    return PhaseImage(labels.astype(np.uint8), default_phases(count), pixel, "picture", Provenance("read"))


def three_phases(seed: int = 0) -> PhaseImage:
    """Squares of three pixels: half of them phase 0, three tenths phase 1, a fifth phase 2."""
    draw = np.random.default_rng(seed).random((16, 16))
    return image(np.kron(np.digitize(draw, [0.5, 0.8]), np.ones((3, 3))))


def striped(rows: bool, period: int = 6, side: int = 48) -> PhaseImage:
    """Stripes half a period wide, along the columns' direction where ``rows`` alternate."""
    on = (np.arange(side) // (period // 2)) % 2
    return image(np.repeat(on[:, None], side, 1) if rows else np.repeat(on[None], side, 0), 2)


@pytest.fixture(autouse=True)
def few_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)


@pytest.fixture
def small_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))


# --- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3, 5])
def test_offsets_meet_any_fractions(count: int) -> None:
    draw = np.random.default_rng(count)
    field = draw.normal(size=(20, 20, 20, count)).astype(np.float32)
    wanted = draw.dirichlet(np.ones(count))
    offsets = offsets_for(field, wanted)
    assert offsets[0] == 0
    # one voxel of 8000 is 1.25e-4
    assert np.abs(shares_of(field, offsets) - wanted).max() <= 2.6e-4
    counted = np.bincount(labels_of(field, offsets).ravel(), minlength=count) / 8000
    assert np.array_equal(counted, shares_of(field, offsets))


def test_labels_are_the_largest_channel_after_its_offset() -> None:
    field = np.array([[0.1, 0.3, 0.2], [0.0, 0.0, 0.0], [-1.0, -0.9, 0.0]], dtype=np.float32)
    assert labels_of(field, np.zeros(3)).tolist() == [1, 0, 2]  # the lowest where all are equal
    assert labels_of(field, np.array([0.0, -0.15, 0.0])).tolist() == [2, 0, 2]
    assert labels_of(field, np.array([0.0, 0.0, -0.95])).tolist() == [1, 0, 1]


def test_a_flat_field_cannot_be_parted_but_does_not_hang() -> None:
    offsets = offsets_for(np.zeros((100, 3), dtype=np.float32), (0.2, 0.3, 0.5))
    assert np.isfinite(offsets).all()


# --- patterns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2])
def test_windows_of_several_channels_are_those_of_each_channel(scale: int) -> None:
    sections = torch.randn(3, 11, 13)
    together = all_windows(sections, 3, scale)
    apart = torch.stack([all_windows(one, 3, scale) for one in sections], dim=-1)
    assert torch.equal(together, apart.flatten(1))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("scale", [1, 2])
def test_random_windows_of_several_channels_are_at_the_same_places(axis: int, scale: int) -> None:
    block = torch.randn(2, 3, 8, 10, 12)
    found = random_windows(block, axis, 3, scale, 50, torch.Generator().manual_seed(4))
    alone = [
        random_windows(block[:, channel : channel + 1], axis, 3, scale, 50, torch.Generator().manual_seed(4))
        for channel in range(3)
    ]
    assert torch.equal(found, torch.stack(alone, dim=-1).flatten(1))


def test_a_section_is_compared_with_windows_in_the_same_order() -> None:
    labels = three_phases().labels
    one_hot = np.stack([labels == label for label in range(3)])
    section = torch.from_numpy(one_hot.astype(np.float32)) * 2 - 1
    every = {tuple(row) for row in all_windows(section, 3).int().tolist()}
    found = random_windows(section[None, :, None], 0, 3, 1, 200, torch.Generator().manual_seed(0)).int().tolist()
    assert all(tuple(row) in every for row in found)


# --- training and generating -------------------------------------------------------------------------------------


def test_the_field_has_a_channel_a_phase_and_they_exclude_each_other() -> None:
    settings = resolve(TINY, *Target(three_phases(), 1, all_phases=True).indicators)
    network = SwnnNetwork(settings, 3).eval()
    noise = [torch.randn(1, grid.channels, *box.shape) for grid, box in
             zip(network.noise_grids, network.noise_boxes((0, 0, 0), (5, 6, 7)), strict=True)]  # fmt: skip
    field = network(noise, (0, 0, 0), (5, 6, 7))
    assert field.shape == (1, 3, 5, 6, 7)
    # shares of three phases, from 0 to 1, as values from −1 to 1
    assert torch.allclose(((field + 1) / 2).sum(dim=1), torch.ones(1, 5, 6, 7))
    assert SwnnNetwork(settings).last.out_channels == 1


@pytest.mark.usefixtures("small_calibration")
def test_a_volume_of_three_phases_has_their_fractions(tmp_path: Path) -> None:
    exemplar = three_phases()
    target = Target(exemplar, 2, size=(48, 48, 48), all_phases=True)
    previews, job = [], reconstruct(SwnnEngine(), target, TINY)
    while True:
        try:
            progress = next(job)
        except StopIteration as end:
            made = end.value
            break
        if isinstance(progress, TrainingProgress) and progress.preview is not None:
            previews.append(progress.preview)
    volume = made.volume
    assert [phase.name for phase in volume.phases] == [phase.name for phase in exemplar.phases]
    assert np.abs(np.subtract(volume.fractions, exemplar.fractions)).max() < 1e-3
    assert made.volume_phase == 2
    assert made.comparison.volume_fraction == pytest.approx(exemplar.fractions[2], abs=1e-3)
    assert all(set(np.unique(preview)) <= {0, 1, 2} for preview in previews)
    # the file gives the same voxels, and so does a smaller box
    again = load_model(save_model(made.model, tmp_path / "m.microloom-model"))
    assert np.array_equal(finish(again.generate((48, 48, 48), 0)).labels, volume.labels)
    assert np.array_equal(finish(again.generate((20, 33, 8), 0)).labels, volume.labels[:20, :33, :8])
    periodic = finish(again.generate((24, 24, 24), 0, periodic=(True, False, False)))
    assert set(np.unique(periodic.labels)) == {0, 1, 2}
    with pytest.raises(InputError, match="none of them can be chosen"):
        finish(again.generate((16, 16, 16), 0, volume_fraction=0.5))


def test_snapshots_of_three_phases_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", -1.0)
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
    target = Target(three_phases(), 0, size=(16, 16, 16), all_phases=True)
    job = SwnnEngine().train(target, replace(TINY, iterations=3))
    snapshots = [p for p in job if isinstance(p, TrainingProgress) and p.snapshot is not None]
    assert snapshots
    preview, model = snapshots[0].preview, snapshots[0].snapshot
    assert preview is not None and preview.shape == (64, 64, 64)
    shares = np.bincount(preview.ravel(), minlength=3) / preview.size
    assert np.abs(shares - target.own_fractions).max() < 1e-3
    assert isinstance(model, SwnnModel)
    volume = finish(model.generate((48, 48, 48), 0))
    assert np.abs(np.subtract(volume.fractions, target.own_fractions)).max() < 1e-3


@pytest.mark.parametrize(
    ("entry", "value", "told"),
    [
        ("exemplar_fractions", [0.5, 0.5], "do not make sense"),
        ("exemplar_fractions", [0.5, 0.3, "x"], "do not make sense"),
        ("volume_phase", 3, "none of its phases"),
        ("calibration", {"offsets": [0, 1]}, "one finite number a phase"),
        ("calibration", {"offsets": [0, 1, float("nan")]}, "one finite number a phase"),
    ],
)
def test_a_wrong_card_is_refused(entry: str, value: object, told: str) -> None:
    target = Target(three_phases(), 1, all_phases=True)
    model = finish(SwnnEngine().train(target, replace(TINY, iterations=1)))
    with pytest.raises(InputError, match=told):
        SwnnEngine().restore({**model.card, entry: value}, model.weights())


def test_the_target_shares_out_what_one_phase_leaves() -> None:
    exemplar = three_phases()
    own = Target(exemplar, 2, all_phases=True)
    assert own.wanted_fractions == pytest.approx(exemplar.fractions)
    assert replace(own, volume_fraction=0.4).wanted_fractions == pytest.approx(own.fractions_at(0.4))
    chosen = replace(own, volume_fractions=(0.2, 0.3, 0.5))
    assert (chosen.wanted_fraction, chosen.wanted_fractions) == (0.5, pytest.approx((0.2, 0.3, 0.5)))
    assert replace(chosen, volume_fraction=0.25).wanted_fractions == pytest.approx((0.3, 0.45, 0.25))
    assert replace(chosen, all_phases=False).wanted_fraction == pytest.approx(exemplar.fractions[2])


@pytest.mark.usefixtures("small_calibration")
def test_every_phase_gets_its_chosen_fraction(tmp_path: Path) -> None:
    wanted = (0.3, 0.45, 0.25)
    target = Target(three_phases(), 2, size=(48, 48, 48), all_phases=True, volume_fractions=wanted)
    made = finish(reconstruct(SwnnEngine(), target, TINY))
    assert np.abs(np.subtract(made.volume.fractions, wanted)).max() < 1e-3
    assert made.comparison.volume_fraction == pytest.approx(0.25, abs=1e-3)
    again = load_model(save_model(made.model, tmp_path / "m.microloom-model"))
    assert np.array_equal(finish(again.generate((48, 48, 48), 0)).labels, made.volume.labels)
    with pytest.raises(InputError, match="none of them can be chosen"):
        finish(again.generate((16, 16, 16), 0, volume_fraction=0.5))
    for spoilt in ([0.5, 0.5], [0.5, 0.6, 0.1], "no"):
        with pytest.raises(InputError, match="do not make sense"):
            SwnnEngine().restore({**again.card, "volume_fractions": spoilt}, again.weights())


@pytest.fixture(scope="module")
def ranged() -> SwnnModel:
    """For a fifth to two fifths of phase 1 of `three_phases`, told apart from the other two."""
    settings = replace(TINY, iterations=25, overview=0, lowest_fraction=0.2, highest_fraction=0.4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "STATISTICS_BLOCKS", 1)
        patch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
        model = finish(SwnnEngine().train(Target(three_phases(), 1, volume_fraction=0.3, all_phases=True), settings))
        assert isinstance(model, SwnnModel)
        finish(model.generate((8, 8, 8), 0))
    return model


@pytest.mark.parametrize("share", [0.2, 0.27, 0.4])
def test_one_model_moves_a_phase_and_the_others_share_the_rest(ranged: SwnnModel, share: float) -> None:
    volume = finish(ranged.generate((48, 48, 48), 0, volume_fraction=share))
    wanted = shared(three_phases().fractions, 1, share)
    assert np.abs(np.subtract(volume.fractions, wanted)).max() < 0.01
    with pytest.raises(InputError, match=r"0\.200 to 0\.400"):
        finish(ranged.generate((8, 8, 8), 0, volume_fraction=0.5))


def test_a_mask_moves_a_phase_and_the_others_share_the_rest(ranged: SwnnModel) -> None:
    steps = np.where(np.arange(96) < 48, 0.22, 0.38).astype(np.float32)[:, None, None]
    volume = finish(ranged.generate((96, 48, 48), 1, mask=Mask(steps, None, "m", Provenance("test"))))
    for part, share in ((volume.labels[:40], 0.22), (volume.labels[56:], 0.38)):
        found = np.bincount(part.reshape(-1), minlength=3) / part.size
        assert np.abs(found - shared(three_phases().fractions, 1, share)).max() < 0.04
    # a voxel does not depend on the box asked for
    recipe = finish(ranged.recipe((96, 48, 48), 1, mask=Mask(steps, None, "m", Provenance("test"))))
    part, _ = finish(recipe.box((40, 3, 20), (20, 30, 9)))
    assert np.array_equal(part, volume.labels[40:60, 3:33, 20:29])


def test_the_range_of_several_phases_is_kept_in_a_file(ranged: SwnnModel, tmp_path: Path) -> None:
    again = load_model(save_model(ranged, tmp_path / "m.microloom-model"))
    one, other = (finish(each.generate((9, 8, 7), 3, volume_fraction=0.31)).labels for each in (again, ranged))
    assert np.array_equal(one, other)
    entry = {"fraction": 0.3, "offsets": [0, 1, 2], "before": 0.3}
    for spoilt in ([], [entry], [entry, {**entry, "fraction": 0.4, "offsets": [0, 1]}], [entry, entry], "no"):
        calibration = {**ranged.card["calibration"], "served_offsets": spoilt}
        with pytest.raises(InputError, match="offsets of its range"):
            SwnnEngine().restore({**ranged.card, "calibration": calibration}, ranged.weights())


def test_offsets_between_the_nodes() -> None:
    served = ServedOffsets((0.1, 0.3), ((0.0, 1.0, -1.0), (0.0, 3.0, 1.0)), (0.0, 0.0))
    assert served.at(np.array(0.2)).tolist() == [0, 2, 0]
    assert served.at(np.array([[0.1], [0.9]])).tolist() == [[[0, 1, -1]], [[0, 3, 1]]]


def test_preflight_says_what_all_phases_cannot_have() -> None:
    engine, exemplar = SwnnEngine(), three_phases()
    target = Target(exemplar, 1, size=(48, 48, 48), all_phases=True)
    assert not [p for p in engine.preflight(target, TINY, "cpu") if p.severity == "error"]

    def errors(settings: SwnnSettings = TINY, **changes: Any) -> list[str]:
        found = engine.preflight(replace(target, **changes), settings, "cpu")
        return [problem.field for problem in found if problem.severity == "error"]

    assert errors(volume_fraction=0.4) == []
    assert errors(volume_fractions=(0.3, 0.3, 0.4)) == []
    ranged = replace(TINY, lowest_fraction=0.2, highest_fraction=0.4)
    assert errors(ranged) == []
    # what makes no whole, and what no choice of the exemplar's windows gives
    for wrong in ((0.3, 0.3, 0.3), (0.5, 0.5), (0.6, 0.6, -0.2)):
        assert errors(volume_fractions=wrong) == ["volume_fractions"]
    wide = replace(TINY, window=15)
    assert errors(wide, volume_fractions=(0.05, 0.05, 0.9)) == ["volume_fractions"]
    assert errors(wide, volume_fraction=0.95) == ["volume_fraction"]
    assert errors(replace(wide, lowest_fraction=0.2, highest_fraction=0.95)) == ["volume_fraction"]
    absent = replace(target, exemplar=image(np.minimum(exemplar.labels, 1)))
    assert [p.field for p in engine.preflight(absent, TINY, "cpu") if p.severity == "error"] == ["all_phases"]


class _Plain(SwnnEngine):
    uses_all_phases = False
    uses_phase_fractions = False
    uses_planes = False
    uses_towards = False


def test_no_engine_ignores_a_wish_in_silence() -> None:
    exemplar = three_phases()
    assert unused_problems(_Plain(), Target(exemplar, 1)) == []
    assert [p.field for p in unused_problems(_Plain(), Target(exemplar, 1, all_phases=True))] == ["all_phases"]
    chosen = Target(exemplar, 1, all_phases=True, volume_fractions=(0.2, 0.3, 0.5))
    assert [p.field for p in unused_problems(_Plain(), chosen)] == ["all_phases", "volume_fractions"]
    # of two phases, all of them is what every engine does
    assert unused_problems(_Plain(), Target(striped(True), 1, all_phases=True)) == []
    planes = Target(exemplar, 1, exemplar_yz=three_phases(1))
    assert [p.field for p in unused_problems(_Plain(), planes)] == ["exemplar_xz"]
    assert unused_problems(SwnnEngine(), planes) == []
    towards = Target(exemplar, 1, towards=Towards(3))
    assert [p.field for p in unused_problems(_Plain(), towards)] == ["towards"]
    assert unused_problems(SwnnEngine(), towards) == []


# --- planes ------------------------------------------------------------------------------------------------------


def test_the_exemplar_of_one_upright_plane_stands_for_both() -> None:
    xy, xz, yz = three_phases(0), three_phases(1), three_phases(2)
    assert Target(xy, 1).exemplars == (xy, xy, xy)
    assert Target(xy, 1, exemplar_xz=xz).exemplars == (xy, xz, xz)
    assert Target(xy, 1, exemplar_yz=yz).exemplars == (xy, yz, yz)
    target = Target(xy, 1, exemplar_xz=xz, exemplar_yz=yz)
    assert target.exemplars == (xy, xz, yz)
    assert len(target.indicators) == 3
    assert target.wanted_fraction == pytest.approx(np.mean([one.fractions[1] for one in (xy, xz, yz)]))


def test_exemplars_must_show_the_same_phases_at_the_same_scale() -> None:
    xy = three_phases()
    other = Target(xy, 1, exemplar_xz=striped(True))
    assert "has 2 phases" in unused_problems(SwnnEngine(), other)[0].message
    coarse = Target(xy, 1, exemplar_yz=replace(three_phases(1), pixel_size=2e-6))
    assert "2 times as wide" in unused_problems(SwnnEngine(), coarse)[0].message
    sparse = np.where(np.random.default_rng(0).random((48, 48)) < 0.02, 1, 0)
    sparse[0, 0] = 2
    warned = unused_problems(SwnnEngine(), Target(xy, 1, exemplar_xz=image(sparse)))
    assert [(p.severity, p.field) for p in warned] == [("warning", "exemplar_xz")]


def laminate(axis: int, side: int = 24, period: int = 6) -> torch.Tensor:
    """A block of layers across ``axis``, shape (1, 1, side, side, side), −1 and 1."""
    on = ((torch.arange(side) // (period // 2)) % 2 * 2 - 1).float()
    shape = [1, 1, 1, 1, 1]
    shape[axis + 2] = side
    return on.reshape(shape).expand(1, 1, side, side, side).contiguous()


def test_each_axis_is_compared_with_the_exemplar_of_its_own_plane() -> None:
    """Layers across z: sections across y and x are striped along z, those across z are all one phase."""
    settings = resolve(replace(TINY, overview=0, shapes=0.0, correlation=0.0, bent_bases=0), striped(True).labels == 1)
    draw = torch.Generator().manual_seed(0)

    def objective(labels: np.ndarray) -> Objective:
        return Objective(labels == 1, settings, None, generator=torch.Generator().manual_seed(1))

    rows, columns = objective(striped(True).labels), objective(striped(False).labels)
    right = PlaneObjectives([rows, rows, rows]).distance(laminate(0), (1, 2), draw)
    wrong = PlaneObjectives([rows, columns, columns]).distance(laminate(0), (1, 2), draw)
    assert float(right) < 0.3 * float(wrong)
    # of layers across y, sections across x are striped along their columns' direction, y
    mixed = PlaneObjectives([rows, rows, columns])
    assert float(mixed.distance(laminate(1), (2,), draw)) < 0.3 * float(mixed.distance(laminate(0), (2,), draw))
    # and the mean over axes is that of each alone
    both = [float(PlaneObjectives([rows, rows, columns]).distance(laminate(0), (axis,), draw)) for axis in (1, 2)]
    assert float(mixed.distance(laminate(0), (1, 2), draw)) == pytest.approx(np.mean(both), rel=0.3)


def test_shapes_tell_rows_from_columns_unless_one_exemplar_stands_for_all_planes() -> None:
    draw = torch.Generator().manual_seed(0)
    sections = (striped(True, side=24).labels == 1)[None]
    shapes = ExemplarShapes(sections, 8)
    assert float(shapes.distance(laminate(0), (1,), draw)) < 1e-6
    assert float(shapes.distance(laminate(2), (1,), draw)) > 0.3
    shapes = ExemplarShapes(sections, 8)
    shapes.agree(shapes.fraction, shared_lines([shapes] * 3, lambda part: part.lines)[id(shapes)])
    assert float(shapes.distance(laminate(0), (1,), draw)) == pytest.approx(
        float(shapes.distance(laminate(2), (1,), draw))
    )


# --- agreement ---------------------------------------------------------------------------------------------------


class Said:
    """Something that says one number about either direction."""

    def __init__(self, first: float, second: float) -> None:
        self.lines = torch.tensor([float(first), float(second)]).reshape(2, 1, 1)


def agreed(*across: Said) -> list[list[float]]:
    found = shared_lines(across, lambda part: part.lines)
    return [found[id(part)].flatten().tolist() for part in across]


def test_what_planes_say_of_one_line_is_averaged() -> None:
    # y and x in xy, z and x in xz, z and y in yz
    assert agreed(Said(1, 2), Said(10, 4), Said(20, 5)) == [[3, 3], [15, 3], [15, 3]]
    # one for both upright planes says of y what it says of x
    xy, upright = Said(1, 2), Said(10, 6)
    assert agreed(xy, upright, upright) == [[3, 3], [10, 3], [10, 3]]
    # and one for all planes the same of every line
    alone = Said(1, 2)
    assert agreed(alone, alone, alone) == [[1.5, 1.5]] * 3


def test_a_map_that_agrees_has_those_lines_and_that_fraction() -> None:
    draw = np.random.default_rng(0)
    field = ndimage.gaussian_filter(draw.normal(size=(96, 96)), (3, 1.5), mode="wrap")
    inside = field > np.quantile(field, 0.7)
    part = ExemplarCorrelation(inside[None], 2, 8)
    before, own = part._map.clone(), part.lines
    part.agree(part.fraction, own)
    assert torch.allclose(part._map, before, atol=1e-6)  # nothing to bend
    wanted = own.mean(dim=0, keepdim=True).expand(2, 1, 9)
    part.agree(0.4, wanted)
    assert part.fraction == 0.4
    assert torch.allclose(part.lines, wanted, atol=1e-5)
    shapes = ExemplarShapes(inside[None], 8)
    shapes.agree(0.4, shapes.lines)
    assert [float(curve[0, 0]) for curve in shapes._curves] == pytest.approx([0.4, 0.6])
    assert [float(curve[2, 0]) for curve in shapes._curves] == pytest.approx([0.4, 0.6])


def test_one_exemplar_object_is_learned_once() -> None:
    settings = resolve(TINY, *Target(three_phases(), 1).indicators)
    target = Target(three_phases(0), 1, exemplar_xz=three_phases(1))
    served = objectives_of(target, settings, torch.Generator().manual_seed(0), "cpu")
    assert isinstance(served[0].objective, PlaneObjectives)
    across = served[0].objective._across
    assert across[1] is across[2] and across[0] is not across[1]


def test_curves_of_planes_are_those_of_the_lines_that_lie_in_them() -> None:
    volume = np.random.default_rng(0).random((20, 20, 20)) < 0.4
    xy, xz, yz = volume[7], volume[:, 5], volume[:, :, 9]
    found = curves_of_planes(*(measure_curves(one, 6) for one in (xy, xz, yz)))
    for lag in range(7):
        along_z = np.mean([np.mean(one[lag:] & one[: 20 - lag]) for one in (xz, yz)])
        along_y = np.mean([np.mean(xy[lag:] & xy[: 20 - lag]), np.mean(yz[:, lag:] & yz[:, : 20 - lag])])
        along_x = np.mean([np.mean(one[:, lag:] & one[:, : 20 - lag]) for one in (xy, xz)])
        assert found.s2[:, lag] == pytest.approx([along_z, along_y, along_x])


@pytest.mark.usefixtures("small_calibration")
def test_a_structure_with_directions_is_measured_axis_by_axis() -> None:
    target = Target(striped(False), 1, size=(32, 32, 32), exemplar_xz=striped(True))
    made = finish(reconstruct(SwnnEngine(), target, replace(TINY, iterations=2)))
    assert made.comparison.exemplar.s2.shape[0] == 3
    # the plane xz is striped along z: neighbours along z differ more often than along x
    exemplar = made.comparison.exemplar.s2
    assert exemplar[0, 3] < exemplar[2, 3]
    assert len(made.comparison.epsilon_s2_axes) == 3
    assert made.model.card["planes"] == 2
