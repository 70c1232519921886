"""The main job, driven with an engine that needs no training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.generation.progress import GenerationProgress
from core.generation.recipe import Recipe
from core.images.values import PhaseImage, Volume, default_phases
from core.job import Job, finish
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction import pipeline
from core.reconstruction.engine import Estimate, Model, Problem, Target, TrainingProgress
from core.reconstruction.pipeline import CurvesProgress, finish_from_model, measure_against, reconstruct
from core.reconstruction.two_phases import volume_phases
from core.report import from_reconstruction
from core.report.writing import report_html, report_json
from core.statistics import indicator, two_point
from core.statistics.curves import mean_curves, measure_curves
from core.statistics.sampling_band import sampling_band


class FakeModel:
    def __init__(self, target: Target) -> None:
        self.target = target
        self.card: Mapping[str, Any] = {
            "engine": "fake",
            "volume_fraction": target.wanted_fraction,
            "calibration": {"fraction_before": 0.25},
            "training": {"seconds": 7.0},
        }
        self.asked: list[float | None] = []

    def weights(self) -> Mapping[str, np.ndarray]:
        return {}

    def recipe(self, size: tuple[int, int, int], seed: int, **asked: Any) -> Job[Recipe]:
        raise NotImplementedError

    def generate(
        self,
        size: tuple[int, int, int],
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: tuple[bool, bool, bool] = (False, False, False),
    ) -> Job[Volume]:
        self.asked.append(volume_fraction)
        phases, label = volume_phases(self.target.exemplar, self.target.phase)
        inside = np.random.default_rng(seed).random(size) < self.target.wanted_fraction
        labels = np.where(inside, label, 1 - label).astype(np.uint8)
        yield GenerationProgress(1, 1, "Generating", block=labels)
        return Volume(labels, phases, None, "fake", Provenance("fake"))


class FakeEngine:
    key, title, summary = "fake", "Fake", "Noise."
    presets: Mapping[str, Any] = {"only": None}

    def __init__(self, problems: tuple[Problem, ...] = ()) -> None:
        self.problems = problems
        self.closed = False

    def preflight(self, target: Target, settings: Any, device: str) -> list[Problem]:
        return list(self.problems)

    def estimate(self, target: Target, settings: Any, device: str) -> Estimate:
        return Estimate(None, None, None)

    def train(
        self, target: Target, settings: Any, *, device: str = "cpu", max_seconds: float | None = None
    ) -> Job[Model]:
        try:
            preview = np.zeros((8, 8, 8), np.uint8)
            preview[:2] = 1
            for step in range(1, 5):
                yield TrainingProgress(step, 4, "Training", 1 / step, preview if step != 2 else None)
            return FakeModel(target)
        finally:
            self.closed = True

    def restore(self, card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Model:
        raise NotImplementedError


def target(labels: int = 2, phase: int = 1) -> Target:
    picture = (np.random.default_rng(0).random((40, 48)) * labels).astype(np.uint8)
    image = PhaseImage(picture, default_phases(labels), None, "noise", Provenance("read"))
    return Target(image, phase, size=(24, 20, 16), seed=3)


def test_a_reconstruction_has_everything_a_report_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "CURVES_SECONDS", 0.0)
    reports: list[Any] = []
    asked = target()
    made = finish(reconstruct(FakeEngine(), asked, None, preset="only"), reports.append)
    assert made.volume.shape == (24, 20, 16)
    assert made.comparison.volume_fraction == made.fraction_after == made.volume.fractions[1]
    assert made.comparison.exemplar_fraction == asked.wanted_fraction
    assert made.fraction_before == 0.25
    assert made.engine == "fake"
    assert made.preset == "only"
    assert set(made.seconds) == {"train", "generate", "measure"}
    # random labels have no structure: S2 falls to the square of the fraction at once, in both
    assert made.comparison.volume.s2_mean[3] == pytest.approx(made.fraction_after**2, abs=0.02)
    curves = [r for r in reports if isinstance(r, CurvesProgress)]
    assert len(curves) == 3  # one for each preview
    assert curves[0].fraction_now == 0.25
    assert curves[0].curves is not None
    assert curves[0].curves.s2[0, 0] == 0.25
    assert [r.previews for r in curves] == [1, 2, 3]
    assert [type(r).__name__ for r in reports].index("GenerationProgress") > reports.index(curves[-1])


def test_curves_are_not_measured_more_often_than_they_can_be_looked_at() -> None:
    reports: list[Any] = []
    finish(reconstruct(FakeEngine(), target(), None), reports.append)
    assert sum(isinstance(r, CurvesProgress) for r in reports) == 1


def test_the_finished_model_is_handed_over_before_the_volume_is_made() -> None:
    job = reconstruct(FakeEngine(), target(), None)
    kept = None
    for report in job:
        if isinstance(report, GenerationProgress):
            break
        kept = getattr(report, "snapshot", None) or kept
    job.close()
    assert isinstance(kept, FakeModel)


def test_an_error_of_the_preflight_stops_before_training() -> None:
    problem = Problem("error", "size", "The volume is too large.", "Choose a smaller one.")
    warning = Problem("warning", "", "Careful.")
    engine = FakeEngine((warning, problem))
    with pytest.raises(InputError, match="too large") as error:
        finish(reconstruct(engine, target(), None))
    assert error.value.remedy == "Choose a smaller one."
    assert not engine.closed
    finish(reconstruct(FakeEngine((warning,)), target(), None))


def test_closing_the_job_closes_the_training() -> None:
    engine = FakeEngine()
    job = reconstruct(engine, target(), None)
    next(job)
    job.close()
    assert engine.closed


def test_a_kept_model_is_finished_with_its_own_time_and_fraction() -> None:
    asked = target()
    model = FakeModel(asked)
    made = finish(finish_from_model(model, asked))
    assert made.seconds["train"] == 7.0
    assert model.asked == [None]
    other = Target(asked.exemplar, 1, 0.3, asked.size, asked.seed)
    finish(finish_from_model(model, other))
    assert model.asked[-1] == 0.3


def test_only_a_volume_that_repeats_everywhere_is_measured_across_its_faces() -> None:
    engine = FakeEngine()
    with pytest.raises(InputError, match="cannot make volumes that repeat along z"):
        finish(reconstruct(engine, replace(target(), periodic=(True, False, False)), None))
    engine.uses_periodic = True  # type: ignore[attr-defined]
    for axes, across in [((True, True, True), True), ((True, True, False), False), ((False,) * 3, False)]:
        made = finish(reconstruct(engine, replace(target(), periodic=axes), None))
        expected = measure_curves(made.volume.labels == 1, 7, across)
        assert np.array_equal(made.comparison.volume.s2, expected.s2)
        assert np.array_equal(made.comparison.volume.lineal_path, expected.lineal_path)
        found = report_json(from_reconstruction(made))
        assert found["periodic"] == "".join(name for name, yes in zip("zyx", axes, strict=True) if yes)
        assert ("pairs across the faces" in report_html(from_reconstruction(made))) == across


@pytest.mark.parametrize(
    ("labels", "phase", "names", "label"),
    [
        (2, 0, ["Matrix", "Phase 1"], 0),
        (2, 1, ["Matrix", "Phase 1"], 1),
        (3, 0, ["Matrix", "Other phases"], 0),
        (3, 1, ["Other phases", "Phase 1"], 1),
        (3, 2, ["Other phases", "Phase 2"], 1),
    ],
)
def test_several_phases_become_the_phase_and_the_rest(labels: int, phase: int, names: list[str], label: int) -> None:
    asked = target(labels, phase)
    made = finish(reconstruct(FakeEngine(), asked, None))
    assert [item.name for item in made.volume.phases] == names
    assert made.volume_phase == label
    assert made.volume.phases[label] == asked.exemplar.phases[phase]
    assert len({item.color for item in made.volume.phases}) == 2
    assert made.volume.fractions[label] == pytest.approx(1 / labels, abs=0.05)


def test_measuring_can_be_left_between_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[int] = []
    original = two_point.line_blocks

    def noted(inside: np.ndarray, axis: int) -> Any:
        for block in original(inside, axis):
            blocks.append(axis)
            yield block

    monkeypatch.setattr(indicator, "LINE_BLOCK_VALUES", 32 * 32 * 8)  # four blocks an axis
    monkeypatch.setattr(two_point, "line_blocks", noted)
    exemplar = target().indicator
    volume = np.random.default_rng(1).random((32, 32, 32)) < 0.5
    job = measure_against(volume, exemplar)
    while next(job).step < 2:
        pass
    blocks.clear()
    for _ in range(6):
        next(job)
    assert blocks == [0, 0, 0, 0, 1, 1]  # each report has one block of lines behind it
    job.close()
    assert len(blocks) == 6
    comparison, band = finish(measure_against(volume, exemplar))
    assert np.array_equal(comparison.volume.s2, measure_curves(volume, 15).s2)
    assert np.array_equal(band.s2_low, sampling_band(exemplar, 15).s2_low)


def test_the_band_can_be_left_after_each_lag() -> None:
    exemplar = target().indicator
    stages = [report.step for report in measure_against(exemplar, exemplar, 10)]
    assert stages.count(1) > 2 * 2 * 11  # two curves, two axes, eleven lags


def test_mean_curves_have_the_lags_that_all_have() -> None:
    first, second = np.zeros((8, 8, 8), bool), np.ones((6, 6, 6), bool)
    first[:4] = True
    mean = mean_curves([measure_curves(first, 7), measure_curves(second, 5)])
    assert mean.lags.tolist() == [0, 1, 2, 3, 4, 5]
    assert mean.s2[0].tolist() == [(min(1, max(0, 4 - r) / (8 - r)) + 1) / 2 for r in range(6)]
    assert mean.lineal_path[1].tolist() == [0.75] * 6
