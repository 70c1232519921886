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
from core.provenance import Provenance
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.serving import Thresholds
from core.reconstruction.swnn.settings import SwnnSettings

T = TypeVar("T")

MOST_PHASES = 16
_MAX_PARAMETERS = 50_000_000
_REMEDY = "Train the model again, or take another file."


def restore(card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> SwnnModel:
    """The model, or `InputError` with the first thing that does not fit."""
    settings = described.from_json(SwnnSettings, _get(card, "settings", dict))
    if settings.levels is None or settings.cube is None or settings.scales is None:
        raise _wrong("its settings are not complete")
    _check_card(card)
    arrays = dict(weights)
    quantiles = arrays.pop("calibration.quantiles", None)
    _check_calibration(card, quantiles)
    _check_range(card, settings)
    count = settings.channels**2 * 27 * (settings.fine_convolutions + settings.levels * settings.coarse_convolutions)
    if count > _MAX_PARAMETERS:
        raise _wrong(f"its settings ask for a network of {count:,} parameters")
    network = SwnnNetwork(settings, len(card["phases"]))
    expected = network.state_dict()
    given = {name.removeprefix("network."): array for name, array in arrays.items()}
    if set(given) != set(expected):
        odd = sorted(set(given) ^ set(expected))
        raise _wrong(f"its weights are not those of its settings ({odd[0]} and {len(odd) - 1} others)")
    for name, array in given.items():
        if array.shape != tuple(expected[name].shape):
            raise _wrong(f"the weights {name} have shape {array.shape}, not {tuple(expected[name].shape)}")
        if array.dtype.kind not in "fi" or not np.isfinite(array).all():
            raise _wrong(f"the weights {name} are not finite numbers")
        if name.endswith("running_var") and (array < 0).any():
            raise _wrong(f"the weights {name} are negative variances")
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in given.items()})
    return SwnnModel(network, card, quantiles)


def _check_card(card: Mapping[str, Any]) -> None:
    _get(card, "name", str)
    fraction = _get(card, "volume_fraction", float)
    if not 0 < fraction < 1:
        raise _wrong(f"its volume fraction is {fraction:g}")
    _get(card, "seed", int)
    size = card.get("pixel_size")
    if size is not None and not (isinstance(size, float) and math.isfinite(size) and size > 0):
        raise _wrong("its pixel size is not a positive length")
    phases = _get(card, "phases", list)
    if not 2 <= len(phases) <= MOST_PHASES:
        raise _wrong(f"it has {len(phases)} phases, not two to {MOST_PHASES}")
    if _get(card, "volume_phase", int) not in range(len(phases)):
        raise _wrong("its phase of interest is none of its phases")
    if len(phases) > 2:
        _check_fractions(_get(card, "exemplar_fractions", list), len(phases))
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


def _check_fractions(fractions: list[Any], phases: int) -> None:
    numbers = all(isinstance(share, (int, float)) and 0 < share < 1 for share in fractions)
    if len(fractions) != phases or not numbers or abs(sum(fractions) - 1) > 1e-6:
        raise _wrong("the fractions of its phases do not make sense")


def _check_calibration(card: Mapping[str, Any], quantiles: np.ndarray | None) -> None:
    calibration = card.get("calibration", {})
    offsets = calibration.get("offsets") if isinstance(calibration, dict) else None
    if offsets is not None:
        numbers = isinstance(offsets, list) and all(isinstance(one, (int, float)) for one in offsets)
        if not numbers or len(offsets) != len(card["phases"]) or not np.isfinite(offsets).all():
            raise _wrong("its offsets are not one finite number a phase")
    if quantiles is None:
        return
    if quantiles.ndim != 1 or len(quantiles) < 2 or quantiles.dtype != np.float32 or not np.isfinite(quantiles).all():
        raise _wrong("its calibration is not a row of finite numbers")
    if (np.diff(quantiles) < 0).any():
        raise _wrong("its calibration does not rise")
    if not math.isfinite(_get(_get(card, "calibration", dict), "threshold", float)):
        raise _wrong("its threshold is not a finite number")


def _check_range(card: Mapping[str, Any], settings: SwnnSettings) -> None:
    low, high = settings.lowest_fraction, settings.highest_fraction
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        raise _wrong("its range of volume fractions has no two ends")
    served = card.get("calibration", {}).get("served") if isinstance(card.get("calibration", {}), dict) else None
    if served is not None:
        if not settings.conditional:
            raise _wrong("it has thresholds for a range that it does not serve")
        try:
            Thresholds.from_json(served)
        except InputError as error:
            raise _wrong("the thresholds of its range do not make sense") from error


def _get(card: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = card.get(key)
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(f"its card has no usable entry {key!r}")
    return value


def _wrong(what: str) -> InputError:
    return InputError(f"This model file cannot be used: {what}.", _REMEDY)
