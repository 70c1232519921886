"""The engine from preflight to volume, its models on disk, and what it refuses."""

from __future__ import annotations

import gc
import math
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.errors import InputError, JobError
from core.generation.periods import NOWHERE
from core.generation.progress import GenerationProgress
from core.images.values import PhaseImage
from core.job import finish
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.anchors import Anchor
from core.reconstruction.diffusion import cost, training
from core.reconstruction.diffusion import preflight as rules
from core.reconstruction.diffusion import sampled_model as room
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.model import DiffusionModel, EmergingProgress
from core.reconstruction.diffusion.planes import sampled_size
from core.reconstruction.engine import Target, TrainingProgress
from core.reconstruction.model_file import save_model
from core.reconstruction.pipeline import reconstruct
from core.reconstruction.preflight import unused_problems
from core.reconstruction.to_disk import disk_problems
from core.reconstruction.towards import Towards
from core.settings import to_json
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar, target

ENGINE = DiffusionEngine()
HALF = Mask(np.full((2, 2, 2), 0.5, dtype=np.float32), None, "half", Provenance("drawn"))


@pytest.fixture(scope="module")
def trained() -> DiffusionModel:
    model = finish(ENGINE.train(target(), TINY))
    assert isinstance(model, DiffusionModel)
    return model


def labels(model: DiffusionModel, size: tuple[int, int, int] = (16, 16, 18), seed: int = 1, **asked: Any) -> np.ndarray:
    return finish(model.generate(size, seed, **asked)).labels


def test_from_exemplar_to_measured_volume() -> None:
    seen: list[Any] = []
    made = finish(reconstruct(ENGINE, target(), TINY, preset="small"), seen.append)
    assert made.volume.shape == (16, 18, 20)
    assert made.engine == "diffusion"
    wanted = target().wanted_fraction
    assert made.fraction_after == pytest.approx(wanted, abs=0.6 / (16 * 18 * 20))
    assert 0 <= made.fraction_before <= 1
    assert made.volume.voxel_size == (1e-6, 1e-6, 1e-6)
    assert made.settings["crop"] == 16
    assert any(isinstance(report, TrainingProgress) and report.snapshot is not None for report in seen)
    blocks = [report.block for report in seen if isinstance(report, GenerationProgress) and report.block is not None]
    assert len(blocks) == TINY.steps
    assert blocks[0].shape == (16, 18, 20)
    emerging = [report for report in seen if isinstance(report, EmergingProgress)]
    assert [np.array_equal(report.preview, report.block) for report in emerging] == [True] * TINY.steps
    assert (emerging[-1].shows, emerging[-1].fraction) == ("emerging from noise", 1)


def test_a_model_comes_back_from_its_file(trained: DiffusionModel, tmp_path: Path) -> None:
    before = labels(trained)
    path = save_model(trained, tmp_path / "m.microloom-model")
    loaded = ENGINE.restore(trained.card, trained.weights())
    assert np.array_equal(labels(loaded), before)
    assert path.stat().st_size < 1 << 20


@pytest.mark.parametrize("fraction", [None, 0.6])
def test_all_phases_at_once(fraction: float | None) -> None:
    wanted = target(exemplar=exemplar(3), phase=2, all_phases=True, volume_fraction=fraction)
    made = finish(reconstruct(ENGINE, wanted, TINY))
    own = wanted.exemplar.fractions
    share = own[2] if fraction is None else fraction
    expected = [own[0] * (1 - share) / (1 - own[2]), own[1] * (1 - share) / (1 - own[2]), share]
    assert made.volume.fractions == pytest.approx(expected, abs=1 / made.volume.labels.size)
    assert [phase.name for phase in made.volume.phases] == [phase.name for phase in wanted.exemplar.phases]
    again = ENGINE.restore(made.model.card, made.model.weights())
    volume = finish(again.generate(wanted.size, wanted.seed, volume_fraction=fraction))
    assert np.array_equal(volume.labels, made.volume.labels)


def test_each_plane_has_its_exemplar(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def watched(exemplars: Any, *given: Any, **named: Any) -> Any:
        seen.append((exemplars, named["planes"]))
        return plain(exemplars, *given, **named)

    plain = training.train
    monkeypatch.setattr(training, "train", watched)
    xz, yz = exemplar(seed=1), exemplar(seed=2)
    settings = replace(TINY, symmetries="auto")
    cases = [
        (target(exemplar_xz=xz), (0, 1, 1), ["all", "mirrored"]),
        (target(exemplar_yz=yz), (0, 1, 1), ["all", "mirrored"]),
        (target(exemplar_xz=xz, exemplar_yz=yz), (0, 1, 2), ["mirrored"] * 3),
        (target(), (-1, -1, -1), ["all"]),
    ]
    for wanted, planes, symmetries in cases:
        model = finish(ENGINE.train(wanted, settings))
        exemplars, told = seen.pop()
        assert told == planes
        assert [item.symmetries for item in exemplars] == symmetries
        for item, image in zip(exemplars, wanted.distinct_exemplars, strict=True):
            assert np.array_equal(item.labels, image.labels)
        again = ENGINE.restore(model.card, model.weights())
        assert np.array_equal(finish(again.generate((16, 16, 16), 0)).labels,
                              finish(model.generate((16, 16, 16), 0)).labels)  # fmt: skip


def test_all_phases_with_fractions_of_ones_own() -> None:
    wanted = target(exemplar=exemplar(3), phase=1, all_phases=True, volume_fractions=(0.2, 0.3, 0.5))
    assert [found for found in [*unused_problems(ENGINE, wanted), *ENGINE.preflight(wanted, TINY, "cpu")]
            if found.severity == "error"] == []  # fmt: skip
    made = finish(reconstruct(ENGINE, wanted, TINY))
    assert made.volume.fractions == pytest.approx([0.2, 0.3, 0.5], abs=1 / made.volume.labels.size)
    # another share of one of them: the others keep their proportions
    again = ENGINE.restore(made.model.card, made.model.weights())
    volume = finish(again.generate(wanted.size, 1, volume_fraction=0.65))
    assert volume.fractions == pytest.approx([0.1, 0.65, 0.25], abs=1 / volume.labels.size)
    with pytest.raises(InputError, match="fractions of its phases"):
        ENGINE.restore({**made.model.card, "volume_fractions": [0.5, 0.6, 0.1]}, made.model.weights())


@pytest.mark.parametrize("phase", [0, 1])
def test_the_phase_keeps_its_label(phase: int) -> None:
    # with three phases, the volume has the phase of interest and the rest
    wanted = target(exemplar=exemplar(3), phase=2 * phase, volume_fraction=0.3)
    model = finish(ENGINE.train(wanted, TINY))
    volume = finish(model.generate((16, 16, 16), 0))
    label = model.card["volume_phase"]
    assert label == phase
    assert volume.phases[label].name == wanted.exemplar.phases[2 * phase].name
    assert volume.fractions[label] == pytest.approx(0.3, abs=1 / 16**3)


def test_seed_size_and_fraction_are_heard(trained: DiffusionModel) -> None:
    one = labels(trained)
    assert np.array_equal(labels(trained), one)
    assert not np.array_equal(labels(trained, seed=2), one)
    assert labels(trained, (17, 19, 23)).shape == (17, 19, 23)
    assert labels(trained, volume_fraction=0.7).mean() == pytest.approx(0.7, abs=1e-3)


def test_a_volume_between_two_seeds(trained: DiffusionModel) -> None:
    halfway = {"seed": 2, "weight": 0.5}
    recipe = finish(trained.recipe((16, 16, 18), 1, towards=Towards(2, 0.5)))
    made = finish(recipe.volume())
    assert recipe.identity["towards"] == made.provenance.settings["towards"] == halfway
    one, other = labels(trained), labels(trained, seed=2)
    assert not np.array_equal(made.labels, one) and not np.array_equal(made.labels, other)
    assert np.array_equal(labels(trained, towards=Towards(2, 1.0)), other)


def test_only_another_fraction_than_the_exemplars_is_told(
    trained: DiffusionModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    def watched(denoiser: Any, wanted: Any, **named: Any) -> Any:
        told.append(wanted.told)
        return plain(denoiser, wanted, **named)

    plain = room.sampling_volume
    monkeypatch.setattr(room, "sampling_volume", watched)
    labels(trained)
    labels(trained, volume_fraction=0.6)
    assert told == [None, (0.6,)]


def test_a_trained_model_samples_in_other_ways(trained: DiffusionModel) -> None:
    card = dict(trained.card)
    other = trained.generating_with({"steps": 5, "sampler": "ddpm"})
    seen: list[Any] = []
    found = finish(other.generate((16, 16, 18), 1), seen.append)
    assert len([report for report in seen if isinstance(report, EmergingProgress)]) == 5
    assert not np.array_equal(found.labels, labels(trained))
    assert found.provenance.settings["engine_settings"]["steps"] == 5
    assert other.card["settings"] == {**card["settings"], "steps": 5, "sampler": "ddpm"}
    # the weights are the same, the model it came from stays as it was, and a file keeps the new way
    assert all(np.array_equal(array, trained.weights()[name]) for name, array in other.weights().items())
    assert trained.card["settings"] == card["settings"]
    again = ENGINE.restore(other.card, other.weights())
    assert np.array_equal(labels(again), found.labels)
    for changes, words in (
        ({"channels": 16}, "channels shapes the training"),
        ({"steps": 51}, "only 50 times"),
        ({"sampler": "guess"}, "Sampler"),
    ):
        with pytest.raises(InputError, match=words):
            trained.generating_with(changes)
    assert set(ENGINE.generating) <= set(card["settings"])


def given(axis: int, place: int, phases: int = 2, seed: int = 5) -> Anchor:
    return Anchor(axis, place, exemplar(phases, seed))


@pytest.mark.parametrize("phase", [0, 1])
def test_given_planes_are_in_the_volume_exactly(phase: int) -> None:
    wanted = target(phase=phase, anchors=(given(0, 4), replace(given(2, 7, seed=6), image=flat(0))))
    # where they cross, they agree
    crossing = wanted.anchors[0].image.labels.copy()
    crossing[:, 7] = 0
    first = replace(wanted.anchors[0], image=replace(wanted.anchors[0].image, labels=crossing))
    wanted = replace(wanted, anchors=(first, wanted.anchors[1]))
    assert ENGINE.preflight(wanted, TINY, "cpu") == ENGINE.preflight(target(phase=phase), TINY, "cpu")
    made = finish(reconstruct(ENGINE, wanted, TINY)).volume
    assert np.array_equal(made.labels[4], crossing[:18, :20])
    assert not made.labels[:, :, 7].any()
    assert made.fractions[phase] == pytest.approx(wanted.wanted_fraction, abs=1 / made.labels.size)
    assert [entry["axis"] for entry in made.provenance.settings["anchors"]] == ["z", "x"]
    free = finish(reconstruct(ENGINE, replace(wanted, anchors=()), TINY)).volume
    assert not np.array_equal(free.labels[5], made.labels[5])


def flat(label: int, phases: int = 2) -> PhaseImage:
    return replace(exemplar(phases), labels=np.full((40, 48), label, dtype=np.uint8))


def test_given_planes_of_several_phases(trained: DiffusionModel) -> None:
    three = target(exemplar=exemplar(3), phase=2, all_phases=True, anchors=(given(1, 3, 3),))
    made = finish(reconstruct(ENGINE, three, TINY))
    assert np.array_equal(made.volume.labels[:, 3], given(1, 3, 3).image.labels[:16, :20])
    # one phase against the rest: a picture of all phases, or a section of a volume of two
    one = finish(ENGINE.train(replace(three, all_phases=False), TINY))
    for anchor, expected in (
        (given(1, 3, 3), given(1, 3, 3).image.labels == 2),
        (given(1, 3, 2), given(1, 3, 2).image.labels == 1),
    ):
        volume = finish(one.generate((16, 18, 20), 3, anchors=(anchor,)))
        assert np.array_equal(volume.labels[:, 3] == 1, expected[:16, :20])
    with pytest.raises(InputError, match="The plane y = 3 has 3 phases, the model's exemplar 2"):
        finish(trained.generate((16, 18, 20), 3, anchors=(given(1, 3, 3),)))
    with pytest.raises(InputError, match="outside the volume"):
        finish(trained.generate((16, 18, 20), 3, anchors=(given(0, 16),)))
    recipe = finish(trained.recipe((16, 18, 20), 3, anchors=(given(0, 4),)))
    part, _ = finish(recipe.box((4, 0, 0), (1, 18, 20)))
    assert np.array_equal(part[0], given(0, 4).image.labels[:18, :20])
    assert recipe.identity != finish(trained.recipe((16, 18, 20), 3)).identity


def test_one_training_serves_the_fractions_that_crops_had(trained: DiffusionModel) -> None:
    windows = np.lib.stride_tricks.sliding_window_view(exemplar().labels == 1, (16, 16)).mean(axis=(2, 3))
    assert trained.card["served"] == pytest.approx([windows.min(), windows.max()])
    assert trained.served == pytest.approx((max(0.005, windows.min()), min(0.995, windows.max())))
    rough, edge = trained.quick()
    assert (rough.card["settings"]["steps"], rough.card["settings"]["passes"], edge) == (10, 1, 32)
    together, _ = trained.generating_with({"planes": "together"}).quick()
    assert together.card["settings"] == rough.card["settings"]
    assert rough.served == trained.served
    fewer = {name: array for name, array in trained.weights().items() if ".fraction." not in name}
    untold = ENGINE.restore({**trained.card, "settings": to_json(replace(TINY, told=False))}, fewer)
    assert untold.served == (trained.card["volume_fraction"],) * 2


def steps(low: float, high: float) -> Mask:
    return Mask(np.array([low, high], dtype=np.float32).reshape(2, 1, 1), None, "steps", Provenance("drawn"))


def test_the_fraction_follows_the_mask(trained: DiffusionModel) -> None:
    volume = finish(trained.generate((16, 18, 20), 1, mask=steps(0.2, 0.6)))
    wanted = steps(0.2, 0.6).resampled((16, 18, 20)).fraction
    # level by level to a voxel; here a level is one or more sections
    for value in np.unique(wanted):
        inside = wanted == value
        assert volume.labels[inside].mean() == pytest.approx(value, abs=1 / inside.sum())
    assert volume.provenance.settings["mask"]["range"] == pytest.approx([0.2, 0.6])
    assert np.array_equal(labels(trained, mask=HALF), labels(trained, volume_fraction=0.5))
    # with a given plane, its level makes up for it
    held = finish(trained.generate((16, 18, 20), 1, mask=steps(0.2, 0.6), anchors=(given(0, 4),))).labels
    assert np.array_equal(held[4], given(0, 4).image.labels[:18, :20])
    inside = wanted == wanted.min()
    assert held[inside].mean() == pytest.approx(0.2, abs=1 / inside.sum())


def test_all_phases_follow_a_mask_too() -> None:
    wanted = target(exemplar=exemplar(3), phase=2, all_phases=True, mask=steps(0.1, 0.5))
    assert [found for found in ENGINE.preflight(wanted, TINY, "cpu") if found.severity == "error"] == []
    made = finish(reconstruct(ENGINE, wanted, TINY)).volume
    field, own = wanted.mask.resampled((16, 18, 20)).fraction, wanted.exemplar.fractions
    for value in (field.min(), field.max()):
        inside = field == value
        shares = np.bincount(made.labels[inside], minlength=3) / inside.sum()
        rest = (1 - value) / (1 - own[2])
        assert shares == pytest.approx([own[0] * rest, own[1] * rest, value], abs=1.5 / inside.sum())


def test_periodic_volumes(trained: DiffusionModel) -> None:
    assert labels(trained, periodic=(True, True, True)).shape == (16, 16, 18)
    assert not np.array_equal(labels(trained, periodic=(True, True, True)), labels(trained))
    with pytest.raises(InputError, match="y = 16 or 18"):
        labels(trained, (16, 17, 18), periodic=(False, True, False))


def test_parts_are_those_of_the_whole(trained: DiffusionModel) -> None:
    recipe = finish(trained.recipe((16, 18, 20), 5))
    volume = finish(recipe.volume())
    assert np.array_equal(volume.labels, labels(trained, (16, 18, 20), 5))
    part, _ = finish(recipe.box((3, 5, 2), (9, 8, 16), edge=16))
    assert np.array_equal(part, volume.labels[3:12, 5:13, 2:18])
    again = finish(trained.recipe((16, 18, 20), 5))
    assert again.identity == recipe.identity
    assert finish(trained.recipe((16, 18, 20), 6)).identity != recipe.identity


def test_what_memory_does_not_hold_is_made_on_the_disk(
    trained: DiffusionModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, Any] = {"volume_fraction": 0.37, "anchors": [given(0, 5)]}
    plain = finish(trained.generate((16, 16, 18), 1, **asked))
    monkeypatch.setattr("core.devices.free_memory", lambda _device="cpu": 48 * 16 * 16 * 18 - 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    recipe = finish(trained.recipe((16, 16, 18), 1, **asked))
    assert len(list(tmp_path.glob("microloom-*/*"))) >= 3, "the field, what is expected of it, and the labels"
    assert np.array_equal(finish(recipe.volume()).labels, plain.labels)
    assert recipe.identity["fraction_before"] == pytest.approx(plain.provenance.settings["fraction_before"])
    del recipe
    gc.collect()
    assert not list(tmp_path.iterdir())

    # what that takes is said beforehand, where nothing is written yet
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=24 * 16 * 16 * 18))
    for wanted, more in ((target(size=(16, 16, 18)), 0), (target(size=(16, 16, 18), mask=steps(0.3, 0.5)), 12)):
        assert ENGINE.bytes_beside(wanted) == (24 + more) * 16 * 16 * 18
        found = disk_problems(ENGINE, wanted, TINY, "cpu", tmp_path / "v.tif")
        assert "most of it while it is sampled" in next(one.message for one in found if one.field == "file")
    assert ENGINE.bytes_beside(target(size=(16, 16, 17))) == 0

    def full(*_given: Any, **_named: Any) -> None:
        raise OSError(28, "No space")

    monkeypatch.setattr(np, "memmap", full)
    with pytest.raises(JobError, match=r"cannot hold them \(No space\)"):
        finish(trained.recipe((16, 16, 18), 1))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"volume_fraction": 0.0}, "between 0 and 1"),
        ({"size": (0, 4, 4)}, "at least one voxel"),
        ({"device": "abacus"}, "no device"),
    ],
)
def test_what_cannot_be_made_is_refused(trained: DiffusionModel, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        labels(trained, **asked)


def test_memory_that_is_too_small_is_said(trained: DiffusionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(*given: Any, **named: Any) -> Any:
        raise MemoryError
        yield

    monkeypatch.setattr(room, "sampling_volume", hungry)
    with pytest.raises(JobError, match="does not fit into memory"):
        labels(trained)
    monkeypatch.setattr("core.reconstruction.diffusion.training.train", hungry)
    with pytest.raises(JobError, match="more memory"):
        finish(ENGINE.train(target(), TINY))


# --- preflight ------------------------------------------------------------------------------------------------------


def found(wanted: Target, severity: str = "error", **changed: Any) -> str:
    problems = ENGINE.preflight(wanted, replace(TINY, **changed), "cpu")
    return " ".join(f"{problem.field}: {problem.message}" for problem in problems if problem.severity == severity)


def one_phase() -> PhaseImage:
    return replace(exemplar(), labels=np.ones((40, 40), dtype=np.uint8))


@pytest.mark.parametrize(
    ("wanted", "changed", "words"),
    [
        (target(), {"batch": 0}, "batch: Batch must"),
        (target(size=(8, 16, 16)), {}, "size: A volume of 8 × 16 × 16 voxels is too small"),
        (target(size=(20_000, 20_000, 20_000)), {}, "sampled as a whole"),
        (target(phase=4), {}, "phase: The exemplar has no phase 4"),
        (target(exemplar=one_phase(), phase=1), {}, "only one phase"),
        (target(exemplar=one_phase(), phase=0), {}, "does not occur"),
        (target(volume_fraction=1.0), {}, "volume_fraction: The volume fraction must lie"),
        (target(size=(17, 16, 16), periodic=(True, False, False)), {}, "size: A volume of 17 voxels along z"),
        (target(), {"crop": 64}, "exemplar: The exemplar (40 px at its shortest side) is smaller"),
    ],
)
def test_what_stops_a_run(wanted: Target, changed: dict[str, Any], words: str) -> None:
    assert words in found(wanted, **changed)


def test_what_harms_a_run() -> None:
    assert found(target(size=(40, 40, 40)), crop=40) == ""
    assert "far from the exemplar's" in found(target(volume_fraction=0.9), "warning")
    coarse = replace(exemplar(), labels=np.kron(exemplar().labels[::4, ::4], np.ones((8, 8), dtype=np.uint8)))
    assert "mask: The mask asks for 0.000 to 1.000" not in found(target(mask=steps(0.4, 0.5)), "warning")
    assert "mask: The mask asks for 0.400 to 0.999" in found(target(mask=steps(0.4, 0.999)), "warning")
    assert "crop: The crops (16 px)" in found(target(exemplar=coarse), "warning")
    assert "size: The volume is only" in found(target(exemplar=coarse), "warning")


def test_without_its_device_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.devices.has_cuda", lambda: False)
    assert [problem.field for problem in ENGINE.preflight(target(), TINY, "cuda") if problem.severity == "error"] == [
        "device"
    ]
    assert rules.find_problems(target(), TINY, "cpu") == ENGINE.preflight(target(), TINY, "cpu")


# --- cost -----------------------------------------------------------------------------------------------------------


def test_costs_grow_with_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "seconds_per_pixel", lambda settings, device: (1e-6, 3e-6))
    plain = ENGINE.estimate(target(), TINY, "cpu")
    assert plain.train_seconds == pytest.approx(3 * 2 * 16**2 * 3e-6 * cost.TRAINING_SHARE)
    assert plain.generate_seconds == pytest.approx(8 * 24 * 26 * 28 * 1e-6)
    limited = ENGINE.estimate(target(), replace(TINY, iterations=10**7, time_limit=5.0), "cpu")
    assert limited.train_seconds == 5
    slower = ENGINE.estimate(target(), replace(TINY, planes="together", guidance=1.0), "cpu")
    assert slower.generate_seconds == pytest.approx(2 * 18 / 8 * (plain.generate_seconds or 0))
    larger = ENGINE.estimate(target(size=(512, 512, 512)), TINY, "cpu")
    assert (larger.memory_bytes or 0) > 512**3 * 20
    # what was expected a step before, and the picture that is drawn on from it
    without, looking_back = (
        cost.volume_bytes((24, 26, 28), replace(TINY, sampler=name)) for name in ("ddim", "sde-dpm-solver++")
    )
    assert looking_back - without == 2 * 4 * math.prod(sampled_size((24, 26, 28), NOWHERE, TINY.stride))


def test_the_speed_is_measured() -> None:
    forward, both = cost.seconds_per_pixel(cost._architecture(TINY), "cpu")
    assert forward > 0
    assert both > 0
