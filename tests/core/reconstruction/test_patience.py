"""Early end of a training whose curves no longer come nearer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.images.values import PhaseImage, default_phases
from core.job import Job, Progress, finish
from core.provenance import Provenance
from core.reconstruction import patience as room
from core.reconstruction.engine import Target, TrainingProgress
from core.reconstruction.patience import Patience, reconstruct_patiently
from core.reconstruction.pipeline import CurvesProgress
from core.statistics.curves import Curves, measure_curves


def stripes(width: int, shape: tuple[int, int] = (48, 48)) -> np.ndarray:
    return np.broadcast_to((np.arange(shape[1]) // width) % 2 == 0, shape).copy()


def report(step: int, curves: Curves | None) -> CurvesProgress:
    return CurvesProgress(step, 100, "Training", curves)


def test_the_distance_of_the_exemplar_itself_is_nothing_whatever_else_is() -> None:
    exemplar = np.random.default_rng(0).random((64, 64)) < 0.3
    watch = Patience(exemplar, 10)
    assert watch.distance(measure_curves(exemplar, 31)) == pytest.approx(0)
    # fewer lags, as of a small preview
    assert watch.distance(measure_curves(exemplar, 12)) == pytest.approx(0)
    assert watch.distance(measure_curves(stripes(6), 20)) > 0.5
    # independent voxels are independent voxels, at whatever fraction
    other = np.random.default_rng(1).random((200, 200)) < 0.5
    wide = Patience(np.random.default_rng(2).random((200, 200)) < 0.3, 10)
    assert wide.distance(measure_curves(other, 10)) < 0.35


def test_it_ends_when_nothing_has_come_nearer_for_so_many_steps() -> None:
    exemplar = stripes(4)
    near, far = measure_curves(stripes(4), 20), measure_curves(stripes(7), 20)
    watch = Patience(exemplar, 30)
    assert not watch.ends(report(10, far))
    assert not watch.ends(report(39, far))
    assert not watch.ends(report(39, near)), "it came nearer"
    assert not watch.ends(report(68, far))
    assert not watch.ends(Progress(500, 500, "Training")), "only curves count"
    assert watch.ends(report(69, far))


@pytest.mark.parametrize(("patience", "steps", "model"), [(5, 7, "snapshot 7"), (1000, 20, "trained")])
def test_the_latest_model_is_finished_after_an_early_end(
    monkeypatch: pytest.MonkeyPatch, patience: int, steps: int, model: str
) -> None:
    far = measure_curves(stripes(7), 20)
    closed: list[int] = []

    def fake(*_args: Any, **_options: Any) -> Job[str]:
        step = 0
        try:
            for step in range(1, 21):
                yield TrainingProgress(step, 20, "Training", snapshot=f"snapshot {step}")  # type: ignore[arg-type]
                if step > 1:
                    yield report(step, far)
            return "trained"
        finally:
            closed.append(step)

    def fake_finish(kept: Any, *_args: Any, **_options: Any) -> Job[str]:
        yield Progress(1, 1, "Generating")
        return str(kept)

    monkeypatch.setattr(room, "reconstruct", fake)
    monkeypatch.setattr(room, "finish_from_model", fake_finish)
    image = PhaseImage(stripes(4).astype(np.uint8), default_phases(2), None, "stripes", Provenance("test"))
    job: Any = reconstruct_patiently(None, Target(image, 1), None, patience=patience)  # type: ignore[arg-type]
    assert finish(job) == model
    assert closed == [steps]
