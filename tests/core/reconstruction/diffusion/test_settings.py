"""What settings are filled in from the exemplar, and which are refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.reconstruction.diffusion.settings import PRESETS, period, resolve
from core.settings import describe, from_json, problems, to_json
from tests.core.reconstruction.diffusion.tiny import TINY, target

BLOBS = np.kron(np.random.default_rng(0).random((20, 26)) < 0.4, np.ones((5, 5))) > 0


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_sound_and_survive_json(preset: str) -> None:
    settings = PRESETS[preset]
    assert problems(settings) == {}
    assert from_json(type(settings), to_json(settings)) == settings
    assert all(spec.help and spec.label for spec in describe(settings))
    assert resolve(settings, BLOBS).crop == 64


def test_crops_fit_small_exemplars() -> None:
    assert resolve(PRESETS["small"], BLOBS[:39, :50]).crop == 32
    assert resolve(replace(TINY, crop=None), BLOBS[:39, :50]).crop == 38


def test_the_period_of_stripes_and_boards() -> None:
    stripes = np.arange(24)[:, None] // 3 % 2 * np.ones((24, 30)) > 0  # 6 px along columns, none along rows
    assert period(stripes) == pytest.approx(2 / (7 / 23 / 2))
    assert period(np.indices((10, 12)).sum(axis=0) % 2 == 0) == 2.0
    assert period(np.ones((10, 12), dtype=bool)) == float("inf")


def test_fine_exemplars_are_seen_pixel_by_pixel() -> None:
    small = PRESETS["small"]
    specks = np.random.default_rng(0).random((60, 70)) < 0.4
    coarse, fine = resolve(small, BLOBS), resolve(small, specks)
    assert (coarse.patch, coarse.crop) == (2, 64)
    assert (fine.patch, fine.crop) == (1, 32)  # as many places
    # what the user says counts
    assert resolve(replace(small, patch=2), specks).patch == 2
    assert resolve(replace(small, crop=48), specks).crop == 48
    # one fine exemplar among several is enough
    assert resolve(small, BLOBS, specks).patch == 1


def test_stretched_exemplars_are_not_turned() -> None:
    settings = replace(TINY, symmetries="auto")
    assert resolve(settings, BLOBS).symmetries == "all"
    assert resolve(settings, np.repeat(BLOBS, 3, axis=1)).symmetries == "mirrored"
    assert resolve(replace(settings, symmetries="none"), BLOBS).symmetries == "none"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": 51}, "only 50 times"),
        ({"steps": 4000, "passes": 30, "times": 4000}, "too many"),
        ({"channels": 12}, "groups of eight"),
        ({"crop": 15}, "do not go with 2 resolutions"),
        ({"crop": 512}, "smaller than crops of 512"),
        ({"batch": 0}, "Batch must be at least 1"),
    ],
)
def test_what_does_not_go_together_is_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        resolve(replace(TINY, **changed), BLOBS)


def test_an_exemplar_of_one_phase_is_refused() -> None:
    with pytest.raises(InputError, match="only one phase"):
        resolve(TINY, np.ones((40, 40), dtype=bool))


def test_a_form_needs_no_torch() -> None:
    code = "import sys, core.reconstruction.diffusion.engine; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert target().phase == 1
