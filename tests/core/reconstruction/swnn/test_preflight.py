"""What cannot run is said before it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core import devices
from core.images.values import PhaseImage, default_phases
from core.provenance import Provenance
from core.reconstruction.engine import Problem, Target
from core.reconstruction.registry import engine
from core.reconstruction.swnn.preflight import reachable_fractions
from core.reconstruction.swnn.settings import PRESETS, resolve

FAST = PRESETS["fast"]


def image(labels: np.ndarray, count: int = 2) -> PhaseImage:
    return PhaseImage(labels.astype(np.uint8), default_phases(count), None, "test", Provenance("test"))


def blobs(shape: tuple[int, int] = (96, 96), share: float = 0.4) -> np.ndarray:
    """A random structure a few pixels coarse."""
    noise = np.random.default_rng(0).standard_normal(shape)
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(5))  # type: ignore[assignment]
    return noise > np.quantile(noise, 1 - share)


def found(target: Target, settings: Any = FAST, device: str = "cpu") -> list[Problem]:
    return engine("swnn").preflight(target, settings, device)


def errors(target: Target, settings: Any = FAST, device: str = "cpu") -> list[tuple[str, str]]:
    return [(item.field, item.message) for item in found(target, settings, device) if item.severity == "error"]


def test_several_phases_with_long_structures_are_warned_about() -> None:
    short = blobs().astype(np.uint8) + (blobs() & np.roll(blobs(), 37, 0))
    assert not any("px long" in item.message for item in found(Target(image(short, 3), 1, all_phases=True)))
    long = short.repeat(5, 0).repeat(5, 1)
    warned = [item for item in found(Target(image(long, 3), 1, all_phases=True)) if "px long" in item.message]
    assert [item.severity for item in warned] == ["warning"]
    assert "times as large" in warned[0].remedy
    assert not any("px long" in item.message for item in found(Target(image(long, 3), 1))), "one phase alone is"


def test_a_sound_target_has_no_problems() -> None:
    assert found(Target(image(blobs()), 1)) == []


@pytest.mark.parametrize(
    ("target", "field", "words"),
    [
        (Target(image(blobs((10, 40))), 1), "exemplar", "too small for patterns"),
        (Target(image(np.zeros((64, 64))), 0), "phase", "only one phase"),
        (Target(image(np.zeros((64, 64))), 1), "phase", "does not occur"),
        (Target(image(blobs()), 2), "phase", "no phase 2"),
        (Target(image(blobs()), 1, 0.0), "volume_fraction", "between 0 and 1"),
        (Target(image(blobs()), 1, 1.0), "volume_fraction", "between 0 and 1"),
        (Target(image(blobs()), 1, float("nan")), "volume_fraction", "between 0 and 1"),
        (Target(image(blobs()), 1, 0.999), "volume_fraction", "out of reach"),
        (Target(image(blobs()), 1, size=(4, 64, 64)), "size", "too small"),
        (Target(image(blobs()), 1, size=(10**6, 10**6, 10**6)), "size", "GB of memory"),
    ],
)
def test_what_cannot_run_says_which_field_and_why(target: Target, field: str, words: str) -> None:
    (problem,) = errors(target)
    assert problem[0] == field
    assert words in problem[1]
    assert all(item.remedy for item in found(target) if item.severity == "error")


def test_a_size_that_cannot_repeat_is_told_before_the_run() -> None:
    asked = Target(image(blobs()), 1, size=(64, 63, 66), periodic=(True, True, False))
    levels = resolve(FAST, asked.indicator).levels
    assert levels == 3, "cells of 4 voxels"
    assert errors(asked) == [("size", found(asked)[0].message)]
    assert "63 voxels along y cannot be periodic" in found(asked)[0].message
    assert found(asked)[0].remedy == "Choose y = 60 or 64."
    assert errors(replace(asked, size=(64, 64, 66))) == []
    assert errors(replace(asked, periodic=(False, False, False))) == []


def test_settings_out_of_range_are_named() -> None:
    assert [field for field, _ in errors(Target(image(blobs()), 1), replace(FAST, window=99))] == ["window"]


def test_cuda_asked_for_and_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "has_cuda", lambda: False)
    assert [field for field, _ in errors(Target(image(blobs()), 1), device="cuda")] == ["device"]


def test_warnings_do_not_stop() -> None:
    stripes = np.repeat(blobs((96, 24)), 4, axis=1)
    for target, field in [
        (Target(image(stripes), 1), "exemplar"),
        (Target(image(blobs()), 1, 0.55), "volume_fraction"),
        (Target(image(blobs()), 1, size=(8, 8, 8)), "size"),
    ]:
        assert [(item.severity, item.field) for item in found(target)] == [("warning", field)]


def test_reachable_fractions_against_every_window() -> None:
    picture = blobs((30, 34))
    settings = replace(resolve(FAST, blobs()), scales=2)
    edge = settings.window * 2
    means = [picture[y : y + edge, x : x + edge].mean() for y in range(30 - edge + 1) for x in range(34 - edge + 1)]
    assert reachable_fractions(picture, settings) == pytest.approx((min(means), max(means)))


def test_estimate_grows_with_the_work() -> None:
    swnn = engine("swnn")
    target = Target(image(blobs()), 1)
    unlimited = replace(FAST, time_limit=None)
    small = swnn.estimate(target, unlimited, "cpu")
    longer = swnn.estimate(target, replace(unlimited, iterations=2 * FAST.iterations), "cpu")
    limited = swnn.estimate(target, replace(FAST, time_limit=1.0), "cpu")
    larger = swnn.estimate(replace(target, size=(256, 256, 256)), unlimited, "cpu")
    assert small.train_seconds
    assert small.generate_seconds
    assert small.memory_bytes
    assert small.calibrate_seconds == pytest.approx(small.generate_seconds), "a volume of 128³, as the target's"
    assert limited.calibrate_seconds == pytest.approx(small.calibrate_seconds), "no limit of the training ends it"
    assert limited.train_seconds == 1.0
    assert longer.train_seconds == pytest.approx(2 * small.train_seconds)
    assert larger.generate_seconds == pytest.approx(8 * small.generate_seconds)
    assert larger.memory_bytes is not None
    assert larger.memory_bytes >= small.memory_bytes
