"""What is found before a training on classes begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.reconstruction.diffusion.class_preflight import class_estimate, class_problems
from core.reconstruction.diffusion.classes import FEW_CROPS, PATIENCE, resolved
from tests.core.reconstruction.diffusion.test_grey import micrograph
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar


def found(settings: object = TINY, *, count: int = 2, grey: bool = False) -> list[tuple[str, str, str]]:
    classes = {"one": [micrograph(seed) if grey else exemplar(seed=seed) for seed in range(count)]}
    problems = class_problems(classes, settings, "cpu", grey=grey)  # type: ignore[arg-type]
    return [(item.severity, item.field, item.message) for item in problems]


@pytest.mark.parametrize("grey", [False, True])
def test_what_stops_a_training(grey: bool) -> None:
    assert {severity for severity, _field, _text in found(grey=grey)} <= {"warning"}
    assert found(replace(TINY, crop=64), grey=grey)[0][:2] == ("error", "images")
    assert found(replace(TINY, batch=0), grey=grey)[0][0] == "error"
    # nothing can be held out where two crops of 24 px do not lie side by side: 32 px are too few for that, 48 are not
    wrong = found(replace(TINY, crop=24, held_out_looks=5), count=1, grey=grey)
    assert any(severity == "error" and "two crops" in text for severity, _field, text in wrong) is grey


def test_what_harms_a_training() -> None:
    few = [text for _severity, field, text in found() if field == "images"]
    # 2 images of 40 × 48 px are 15 crops of 16²
    assert few == [
        "The class one has room for only 15 crops of 16 px side by side: a long training learns them by heart."
    ]
    enough = -(-FEW_CROPS * 16**2 // (40 * 48))
    assert not [text for _severity, field, text in found(count=enough) if field == "images"]
    # where images are held out, training ends before that
    classes = {"one": [exemplar(seed=seed) for seed in range(4)]}
    assert resolved(classes, TINY).held_out_looks == PATIENCE
    assert not [text for _severity, field, text in found(count=4) if field == "images"]
    coarse = [text for _severity, field, text in found(replace(TINY, crop=8, levels=2)) if field == "crop"]
    assert all("in the class one" in text for text in coarse) and coarse


def test_the_estimate_is_of_the_training_alone() -> None:
    told = class_estimate({"one": [exemplar()]}, replace(TINY, time_limit=1e-6 + 1), "cpu")
    assert told.generate_seconds is None and told.memory_bytes is not None
    assert told.train_seconds is not None and 0 < told.train_seconds <= 1 + 1e-6
