"""A tiny model with random weights: as good as a trained one for everything but its looks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from core import settings as described
from core.provenance import Provenance
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import PRESETS

TINY = replace(PRESETS["fast"], levels=2, channels=4, coarse_channels=4, scales=1, cube=24)


def tiny_model(**card: Any) -> SwnnModel:
    """A model whose card has the entries of a real one, those given changed."""
    torch.manual_seed(0)
    entries: dict[str, Any] = {
        "engine": "swnn",
        "name": "exemplar",
        "settings": described.to_json(TINY),
        "phases": [{"name": "Matrix", "color": "#8A9099"}, {"name": "Metal", "color": "#0072B2"}],
        "volume_phase": 1,
        "pixel_size": 1e-7,
        "volume_fraction": 0.4,
        "seed": 11,
        "training": {"iterations": 3, "seconds": 1.5, "losses": [3.0, 2.0, 1.0]},
        "provenance": Provenance("train swnn", seed=11).to_json(),
    }
    return SwnnModel(SwnnNetwork(TINY), {**entries, **card})
