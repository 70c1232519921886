"""A model from what a file said: everything is checked before it is used, for files come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core import settings as described
from core.reconstruction.diffusion.classes import check_entries, check_served
from core.reconstruction.diffusion.denoiser import Denoiser, parameters_of
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.diffusion.phases import channels_of
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.model_card import check_card, check_share, check_shares, entry, wrong
from core.reconstruction.weights import restored

_MAX_PARAMETERS = 1_000_000_000


def restore(card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> DiffusionModel:
    """The model, or `InputError` with the first thing that does not fit."""
    settings = described.from_json(DiffusionSettings, entry(card, "settings", dict))
    crop, stride = settings.crop, settings.stride
    if crop is None or crop % stride or crop < 2 * stride or settings.channels % 8 or settings.steps > settings.times:
        raise wrong("its settings do not go together")
    check_card(card)
    check_share(card, "exemplar_fraction")
    classes = check_entries(card)
    planes = entry(card, "planes", list)
    if len(planes) != 3 or any(type(plane) is not int or not -1 <= plane < max(3, classes) for plane in planes):
        raise wrong("its planes do not make sense")
    if len(card["phases"]) > 2:
        check_shares(card.get("volume_fractions", card["exemplar_fractions"]), len(card["phases"]))
    check_served(card.get("served", [0.0, 1.0]))
    if type(card.get("exemplar_phase", 0)) is not int:
        raise wrong("its phase of interest is no label")
    channels, labels = channels_of(len(card["phases"])), classes or 1 + max(0, *planes)
    if max(planes) >= labels:
        raise wrong("its planes do not make sense")
    if parameters_of(settings, channels, labels) > _MAX_PARAMETERS:
        raise wrong("its settings ask for too large a network")
    return DiffusionModel(restored(lambda: Denoiser(settings, channels, labels), weights), card)
