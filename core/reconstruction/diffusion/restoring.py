"""A model from what a file said: everything is checked before it is used, for files come from anywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch

from core import settings as described
from core.errors import InputError
from core.images.values import MAX_PHASES
from core.provenance import Provenance
from core.reconstruction.diffusion.denoiser import Denoiser, parameters_of
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.diffusion.phases import channels_of
from core.reconstruction.diffusion.settings import DiffusionSettings

T = TypeVar("T")

_MAX_PARAMETERS = 1_000_000_000
_REMEDY = "Train the model again, or take another file."


def restore(card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> DiffusionModel:
    """The model, or `InputError` with the first thing that does not fit."""
    settings = described.from_json(DiffusionSettings, _get(card, "settings", dict))
    crop, stride = settings.crop, settings.stride
    if crop is None or crop % stride or crop < 2 * stride or settings.channels % 8 or settings.steps > settings.times:
        raise _wrong("its settings do not go together")
    _check_card(card)
    channels, labels = channels_of(len(card["phases"])), 1 + max(0, *card["planes"])
    if parameters_of(settings, channels, labels) > _MAX_PARAMETERS:
        raise _wrong("its settings ask for too large a network")
    with torch.random.fork_rng(devices=[]):
        denoiser = Denoiser(settings, channels, labels)
    expected = denoiser.state_dict()
    given = {name.removeprefix("network."): array for name, array in weights.items()}
    if set(given) != set(expected):
        odd = sorted(set(given) ^ set(expected))
        raise _wrong(f"its weights are not those of its settings ({odd[0]} and {len(odd) - 1} others)")
    for name, array in given.items():
        if array.shape != tuple(expected[name].shape):
            raise _wrong(f"the weights {name} have shape {array.shape}, not {tuple(expected[name].shape)}")
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise _wrong(f"the weights {name} are not finite numbers")
    denoiser.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in given.items()})
    return DiffusionModel(denoiser, card)


def _check_card(card: Mapping[str, Any]) -> None:
    _get(card, "name", str)
    for name in ("volume_fraction", "exemplar_fraction"):
        fraction = _get(card, name, float)
        if not 0 < fraction < 1:
            raise _wrong(f"its volume fraction is {fraction:g}")
    _get(card, "seed", int)
    size = card.get("pixel_size")
    if size is not None and not (isinstance(size, float) and math.isfinite(size) and size > 0):
        raise _wrong("its pixel size is not a positive length")
    phases = _get(card, "phases", list)
    if not 2 <= len(phases) <= MAX_PHASES:
        raise _wrong(f"it has {len(phases)} phases, not two to {MAX_PHASES}")
    if _get(card, "volume_phase", int) not in range(len(phases)):
        raise _wrong("its phase of interest is none of its phases")
    shares = _get(card, "exemplar_fractions", list) if len(phases) > 2 else [0.5, 0.5]
    numbers = all(type(share) in (int, float) and 0 < share < 1 for share in shares)
    if len(shares) != len(phases) or not numbers or abs(sum(shares) - 1) > 1e-6:
        raise _wrong("the fractions of its phases do not make sense")
    planes = _get(card, "planes", list)
    if len(planes) != 3 or any(type(plane) is not int or not -1 <= plane < 3 for plane in planes):
        raise _wrong("its planes do not make sense")
    for phase in phases:
        if not isinstance(phase, dict):
            raise _wrong("its phases are not named")
        _get(phase, "name", str)
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", _get(phase, "color", str)):
            raise _wrong("a phase's colour is not #RRGGBB")
    try:
        Provenance.from_json(_get(card, "provenance", dict))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _wrong("its provenance cannot be read") from error


def _get(card: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = card.get(key)
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(f"its card has no usable entry {key!r}")
    return value


def _wrong(what: str) -> InputError:
    return InputError(f"This model file cannot be used: {what}.", _REMEDY)
