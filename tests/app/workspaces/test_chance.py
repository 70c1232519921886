"""The first step of a training is made while nobody else draws random numbers."""

from __future__ import annotations

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.session import Plan
from app.workspaces.reconstruct.chance import DRAWING, drawn_alone
from app.workspaces.reconstruct.preflight import preflight
from app.workspaces.reconstruct.run import Run
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.provenance import Provenance
from core.reconstruction.engine import Estimate
from core.reconstruction.swnn.engine import SwnnEngine


def test_only_the_first_step_is_made_alone_and_nothing_else_changes() -> None:
    held: list[bool] = []
    closed: list[bool] = []

    def job() -> Generator[int, None, str]:
        try:
            for step in range(3):
                held.append(DRAWING.locked())
                yield step
            return "done"
        finally:
            closed.append(True)

    seen: list[int] = []
    assert finish(drawn_alone(job()), seen.append) == "done"
    assert seen == [0, 1, 2] and held == [True, False, False] and closed == [True]
    for steps in (1, 2):
        cut = drawn_alone(job())
        for _ in range(steps):
            next(cut)
        cut.close()
    assert closed == [True] * 3

    def nothing() -> Generator[int, None, str]:
        yield from ()
        return "at once"

    assert finish(drawn_alone(nothing())) == "at once"
    assert not DRAWING.locked()


def test_what_estimates_the_cost_draws_alone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    def estimate(_self: Any, *_args: Any) -> Estimate:
        held.append(DRAWING.locked())
        return Estimate(1.0, 2.0, 3)

    monkeypatch.setattr(SwnnEngine, "estimate", estimate)
    labels = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3))).astype(np.uint8)
    image = PhaseImage(labels, default_phases(2), None, "blocks", Provenance("test"))
    run = Run(image, 1, Plan(size=(24, 24, 24), device="cpu"), SimpleNamespace())
    found = preflight(run, [None], 3, 2)
    assert held == [True] and found.errors == []
    assert found.cost == Estimate(2.0, 6.0, 3)
    assert found.estimate.startswith("Estimate for 3 runs: training about 2 s, generating about 6 s")
