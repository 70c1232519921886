"""A model from what a file said: everything is checked before it is used, for files come from anywhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from core import settings as described
from core.errors import InputError
from core.reconstruction.model_card import check_card, check_shares, entry, wrong
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.serving import ServedOffsets, Thresholds
from core.reconstruction.swnn.settings import SwnnSettings
from core.reconstruction.weights import restored

_MAX_PARAMETERS = 50_000_000


def restore(card: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> SwnnModel:
    """The model, or `InputError` with the first thing that does not fit."""
    settings = described.from_json(SwnnSettings, entry(card, "settings", dict))
    if settings.levels is None or settings.cube is None or settings.scales is None:
        raise wrong("its settings are not complete")
    check_card(card)
    arrays = dict(weights)
    quantiles = arrays.pop("calibration.quantiles", None)
    _check_calibration(card, quantiles)
    _check_range(card, settings)
    count = settings.channels**2 * 27 * (settings.fine_convolutions + settings.levels * settings.coarse_convolutions)
    if count > _MAX_PARAMETERS:
        raise wrong(f"its settings ask for a network of {count:,} parameters")
    given = card.get("region_of") is not None
    if given and not (entry(card, "region_of", int) in range(len(card["phases"])) and len(card["phases"]) > 2):
        raise wrong("the phase whose shapes are given is none of its phases")
    if given:
        _check_around(card)
    made = restored(lambda: SwnnNetwork(settings, len(card["phases"]) - given, given), arrays)
    return SwnnModel(made, card, quantiles)


def _check_calibration(card: Mapping[str, Any], quantiles: np.ndarray | None) -> None:
    calibration = card.get("calibration", {})
    offsets = calibration.get("offsets") if isinstance(calibration, dict) else None
    if offsets is not None:
        numbers = isinstance(offsets, list) and all(isinstance(one, (int, float)) for one in offsets)
        if not numbers or len(offsets) != len(card["phases"]) or not np.isfinite(offsets).all():
            raise wrong("its offsets are not one finite number a phase")
    fractions = card.get("volume_fractions")
    if fractions is not None:
        check_shares(fractions, len(card["phases"]))
    if quantiles is None:
        return
    if quantiles.ndim != 1 or len(quantiles) < 2 or quantiles.dtype != np.float32 or not np.isfinite(quantiles).all():
        raise wrong("its calibration is not a row of finite numbers")
    if (np.diff(quantiles) < 0).any():
        raise wrong("its calibration does not rise")
    if not math.isfinite(entry(entry(card, "calibration", dict), "threshold", float)):
        raise wrong("its threshold is not a finite number")


def _check_around(card: Mapping[str, Any]) -> None:
    curve = card.get("region_curve")
    if curve is not None:
        # no lag sees more of a phase than there is
        good = isinstance(curve, list) and len(curve) > 1 and all(type(one) is float for one in curve)
        if not good or not (0 < curve[0] < 1 and all(0 <= one <= curve[0] for one in curve)):
            raise wrong("the shapes of its given phase are no two-point probability")
    around = entry(card, "calibration", dict).get("around", []) if "calibration" in card else None
    if around is not None:
        good = isinstance(around, list) and all(type(one) is float for one in around)
        if not good or len(around) != len(card["phases"]) - 1 or not np.isfinite(around).all():
            raise wrong("its offsets around the given phase are not one finite number a phase")


def _check_range(card: Mapping[str, Any], settings: SwnnSettings) -> None:
    low, high = settings.lowest_fraction, settings.highest_fraction
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        raise wrong("its range of volume fractions has no two ends")
    offsets = (
        card.get("calibration", {}).get("served_offsets") if isinstance(card.get("calibration", {}), dict) else None
    )
    if offsets is not None:
        if not settings.conditional:
            raise wrong("it has offsets for a range that it does not serve")
        try:
            ServedOffsets.from_json(offsets, len(card["phases"]))
        except InputError as error:
            raise wrong("the offsets of its range do not make sense") from error
    served = card.get("calibration", {}).get("served") if isinstance(card.get("calibration", {}), dict) else None
    if served is not None:
        if not settings.conditional:
            raise wrong("it has thresholds for a range that it does not serve")
        try:
            Thresholds.from_json(served)
        except InputError as error:
            raise wrong("the thresholds of its range do not make sense") from error
