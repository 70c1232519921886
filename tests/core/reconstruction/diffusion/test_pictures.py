"""Pictures without a volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.job import finish
from core.reconstruction.diffusion import pictures
from core.reconstruction.diffusion.denoiser import Condition
from core.reconstruction.diffusion.pictures import sampling_pictures
from core.reconstruction.diffusion.prediction import Prediction
from tests.core.reconstruction.diffusion.tiny import tiny_denoiser


def test_a_picture_is_the_same_in_any_company(monkeypatch: pytest.MonkeyPatch) -> None:
    denoiser = tiny_denoiser(labels=2)
    three = finish(sampling_pictures(denoiser, 3, 16, 5, label=1))
    assert three.shape == (3, 16, 16)
    assert three.dtype == np.uint8
    monkeypatch.setitem(pictures.PIXELS_AT_ONCE, "cpu", 1)
    assert np.array_equal(finish(sampling_pictures(denoiser, 2, 16, 5, label=1)), three[:2])
    assert not np.array_equal(finish(sampling_pictures(denoiser, 3, 16, 6, label=1)), three)


def test_each_picture_is_told_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    denoiser = tiny_denoiser(labels=3)
    heard: list[Condition] = []

    def predict(x: torch.Tensor, time: int, condition: Condition, guidance: float) -> Prediction:
        heard.append(condition)
        # the share that each is told, as a picture of one value
        return Prediction(torch.sign(condition.fraction - 0.5)[:, :, None, None].expand_as(x), x)

    monkeypatch.setattr(denoiser, "predict", predict)
    shares = np.array([[0.2], [0.9], [0.4]], dtype=np.float32)
    settings = replace(denoiser.settings, sampler="dpm-solver++")
    made = finish(sampling_pictures(denoiser, 3, 8, 0, label=2, fractions=shares, settings=settings))
    assert made.mean(axis=(1, 2)).tolist() == [0, 1, 0]
    assert all(condition.label.tolist() == [2, 2, 2] for condition in heard)
