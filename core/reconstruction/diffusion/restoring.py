"""A model from what a file said: everything is checked before it is used, for files come from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core import settings as described
from core.reconstruction.diffusion.classes import MOST_CLASSES, check_entries, check_served
from core.reconstruction.diffusion.denoiser import Denoiser, parameters_of
from core.reconstruction.diffusion.grey import GreyRange
from core.reconstruction.diffusion.grey_model import GreyModel
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.diffusion.phases import GREY, channels_of
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.model_card import check_card, check_origin, check_share, check_shares, entry, wrong
from core.reconstruction.weights import restored

_MAX_PARAMETERS = 1_000_000_000


def restore(card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> DiffusionModel | GreyModel:
    """The model, or `InputError` with the first thing that does not fit."""
    settings = _settings(card)
    if "grey" in card:
        return _grey(card, settings, weights)
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
    return DiffusionModel(_denoiser(settings, channels, labels, weights), card)


def _grey(card: Mapping[str, Any], settings: DiffusionSettings, weights: Mapping[str, np.ndarray]) -> GreyModel:
    check_origin(card)
    GreyRange.from_json(card["grey"])
    classes = entry(card, "classes", list)
    if not 1 <= len(classes) <= MOST_CLASSES:
        raise wrong("its classes do not make sense")
    if not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in classes):
        raise wrong("its classes do not make sense")
    if settings.told or settings.prediction == "odds":
        raise wrong("its settings ask for phases, which grey images do not have")
    return GreyModel(_denoiser(settings, channels_of(GREY), len(classes), weights), card)


def _settings(card: Mapping[str, Any]) -> DiffusionSettings:
    settings = described.from_json(DiffusionSettings, entry(card, "settings", dict))
    crop, stride = settings.crop, settings.stride
    if crop is None or crop % stride or crop < 2 * stride or settings.channels % 8 or settings.steps > settings.times:
        raise wrong("its settings do not go together")
    return settings


def _denoiser(settings: DiffusionSettings, channels: int, labels: int, weights: Mapping[str, np.ndarray]) -> Denoiser:
    if parameters_of(settings, channels, labels) > _MAX_PARAMETERS:
        raise wrong("its settings ask for too large a network")
    return restored(lambda: Denoiser(settings, channels, labels), weights)
