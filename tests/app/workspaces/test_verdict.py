"""What is advised of a volume that misses its exemplar."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from app.session import Plan
from app.workspaces.inspect.verdict import verdict


@pytest.mark.parametrize(("engine", "advice"), [("swnn", "Try the preset thorough."), ("diffusion", "Train longer.")])
def test_the_advice_is_one_that_the_engine_can_follow(engine: str, advice: str) -> None:
    none = np.zeros(4)
    curves = SimpleNamespace(s2_mean=none + 1, lineal_path_mean=none + 1)
    band = SimpleNamespace(s2_low=none, s2_high=none, lineal_path_low=none, lineal_path_high=none)
    comparison = SimpleNamespace(epsilon_s2=0.5, epsilon_lineal_path=0.4, volume=curves)
    result: Any = SimpleNamespace(plan=Plan(engine=engine), comparison=comparison, band=band)
    found = verdict(result)
    assert found.sentence.endswith(f"outside the scatter expected of a sample of this size. {advice}")
    assert not found.good
