"""A denoiser small enough for tests, and what it is trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from core.images.values import PhaseImage, default_phases
from core.provenance import Provenance
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.diffusion.settings import PRESETS
from core.reconstruction.engine import Target

TINY = replace(
    PRESETS["small"], iterations=3, time_limit=None, steps=3, passes=2, crop=16, batch=2, symmetries="all", channels=8,
    levels=2, attention=1, times=50, patch=1, prediction="velocity", planes="in turn",
)  # fmt: skip


def tiny_denoiser(labels: int = 1, channels: int = 1, **changed: Any) -> Denoiser:
    """Random weights throughout, also where training begins with zeros."""
    torch.manual_seed(0)
    denoiser = Denoiser(replace(TINY, **changed), channels, labels).eval().requires_grad_(False)
    for parameter in denoiser.parameters():
        parameter.copy_(0.2 * torch.randn_like(parameter) + (parameter.ndim == 1))
    return denoiser


def exemplar(phases: int = 2, seed: int = 0) -> PhaseImage:
    """Random blocks of 4 px, 40 × 48 px."""
    rng = np.random.default_rng(seed)
    labels = np.kron(rng.integers(phases, size=(10, 12)), np.ones((4, 4))).astype(np.uint8)
    return PhaseImage(labels, default_phases(phases), 1e-6, "blocks", Provenance("read"))


def target(**changed: Any) -> Target:
    """Of a small volume."""
    return replace(Target(exemplar(), 1, size=(16, 18, 20), seed=3), **changed)
