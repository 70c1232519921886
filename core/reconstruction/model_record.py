"""What a model's card tells of where it came from: a small picture of the exemplar, its curves, those of a volume.

All of it is plain JSON of bounded size, checked when a model file is read. The picture is kept as labels, a pixel a
byte, compressed: nothing has to be decoded that a hostile file could make dangerous.
"""

from __future__ import annotations

import base64
import binascii
import math
import zlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.values import MAX_PHASES, Phase, PhaseImage
from core.provenance import array_hash
from core.statistics.comparison import Comparison
from core.statistics.curves import measuring_curves
from core.statistics.indicator import default_max_lag

THUMBNAIL_EDGE = 128
"""Longest side of the picture, pixels."""
MAX_LAG = 255
_DIGITS = 6
_AGAIN = "Copy or train it again."


@dataclass(frozen=True, eq=False)
class CurvePair:
    """S2 and L, averaged over the axes, at lags 0, 1, … n − 1 pixels; shape (n,) each."""

    s2: np.ndarray
    lineal_path: np.ndarray


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """The record as read from a card.

    Attributes
    ----------
    thumbnail
        Labels of the exemplar made small, shape (Y, X), uint8; sides at most `THUMBNAIL_EDGE`.
    step
        Pixels of the exemplar in one of the thumbnail, along each axis.
    phases
        The exemplar's.
    exemplar
        Curves of the phase of interest in the exemplar.
    result
        Those of the first volume made, or None where none is known.
    result_facts
        Of that volume: "size", "seed", "fraction", "epsilon_s2", "epsilon_lineal_path"; empty where none is known.
    """

    thumbnail: np.ndarray
    step: int
    phases: tuple[Phase, ...]
    exemplar: CurvePair
    result: CurvePair | None
    result_facts: Mapping[str, Any]


def exemplar_entry(exemplar: PhaseImage, phase: int) -> Generator[None, None, dict[str, Any]]:
    """For the card's key "exemplar": hash, thumbnail, phases, curves of ``phase``. Yields while it measures."""
    picture = picture_entry(exemplar.labels)
    yield
    lag = min(MAX_LAG, default_max_lag(exemplar.shape, exemplar.shape))
    curves = yield from measuring_curves(exemplar.labels == phase, max(1, lag))
    return {
        "hash": array_hash(exemplar.labels),
        "phases": [{"name": item.name, "color": item.color} for item in exemplar.phases],
        "thumbnail": picture,
        "curves": {"s2": _rounded(curves.s2_mean), "lineal_path": _rounded(curves.lineal_path_mean)},
    }


def picture_entry(labels: np.ndarray) -> dict[str, Any]:
    """A picture of labels (Y, X), made small, as JSON values that `picture_from` reads."""
    picture, step = thumbnail(labels)
    packed = base64.b64encode(zlib.compress(picture.tobytes(), 9)).decode()
    return {"shape": list(picture.shape), "step": step, "labels": packed}


def result_entry(comparison: Comparison, size: tuple[int, int, int], seed: int) -> dict[str, Any]:
    """For the card's key "result": what the first volume of a model measured."""
    curves = comparison.volume
    count = min(MAX_LAG + 1, len(curves.lags))
    return {
        "size": list(size),
        "seed": seed,
        "fraction": comparison.volume_fraction,
        "epsilon_s2": comparison.epsilon_s2,
        "epsilon_lineal_path": comparison.epsilon_lineal_path,
        "curves": {
            "s2": _rounded(curves.s2_mean[:count]),
            "lineal_path": _rounded(curves.lineal_path_mean[:count]),
        },
    }


def trained_range(card: Mapping[str, Any]) -> tuple[float, float]:
    """Lowest and highest volume fraction that a model was trained for; of one for a single fraction, twice that."""
    settings = card.get("settings", {})
    own = float(card["volume_fraction"])
    low, high = settings.get("lowest_fraction"), settings.get("highest_fraction")
    return (own, own) if low is None or high is None else (float(low), float(high))


def thumbnail(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels made small, and how many pixels one stands for along each axis: the label that most of them have.

    Parameters
    ----------
    labels
        Shape (Y, X), uint8.

    Returns
    -------
    Shape (⌈Y/k⌉, ⌈X/k⌉), uint8, and k.
    """
    step = -(-max(labels.shape) // THUMBNAIL_EDGE)
    padded = np.pad(labels, [(0, -side % step) for side in labels.shape], mode="edge")
    rows, columns = (side // step for side in padded.shape)
    cells = padded.reshape(rows, step, columns, step)
    votes = [np.count_nonzero(cells == label, axis=(1, 3)) for label in range(int(labels.max()) + 1)]
    best: np.ndarray = np.argmax(votes, axis=0).astype(np.uint8)
    return best, step


def read_record(card: Mapping[str, Any]) -> ModelRecord | None:
    """The record in a card, or None where it has none.

    Raises
    ------
    InputError
        Where it says what cannot be.
    """
    told = card.get("exemplar")
    if told is None:
        return None
    try:
        phases = tuple(Phase(str(item["name"])[:200], _color(item["color"])) for item in told["phases"])
        if not 1 <= len(phases) <= MAX_PHASES:
            raise ValueError(f"{len(phases)} phases")
        picture, step = picture_from(told["thumbnail"], len(phases))
        result = card.get("result")
        facts = {} if result is None else _facts(result)
        return ModelRecord(
            picture,
            step,
            phases,
            _curves(told["curves"]),
            None if result is None else _curves(result["curves"]),
            facts,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, zlib.error, binascii.Error) as error:
        raise InputError(f"What it tells of its exemplar cannot be ({error}).", _AGAIN) from error


def picture_from(told: Mapping[str, Any], phases: int) -> tuple[np.ndarray, int]:
    """Labels of a picture in a card, and how many pixels each stands for along each axis.

    Raises
    ------
    KeyError, TypeError, ValueError, zlib.error, binascii.Error
        Where it says what cannot be; it never unpacks to more than it announces.
    """
    rows, columns = (int(side) for side in told["shape"])
    step = int(told["step"])
    if not (1 <= rows <= THUMBNAIL_EDGE and 1 <= columns <= THUMBNAIL_EDGE and 1 <= step <= 1 << 20):
        raise ValueError(f"a picture of {rows} × {columns}")
    packed = base64.b64decode(told["labels"], validate=True)
    unpacking = zlib.decompressobj()
    # never more than was announced: what a hostile file unpacks to stays small
    data = unpacking.decompress(packed, rows * columns + 1)
    if len(data) != rows * columns or not unpacking.eof:
        raise ValueError("a picture of another size")
    labels = np.frombuffer(data, np.uint8).reshape(rows, columns)
    if int(labels.max()) >= phases:
        raise ValueError("a label without a phase")
    return labels, step


def _curves(told: Mapping[str, Any]) -> CurvePair:
    found = []
    for name in ("s2", "lineal_path"):
        if not isinstance(told[name], list) or not 2 <= len(told[name]) <= MAX_LAG + 1:
            raise ValueError(f"{name} is no curve")
        values = np.array([float(value) for value in told[name]])
        if not ((values >= -1e-6) & (values <= 1 + 1e-6)).all():
            raise ValueError(f"{name} is no probability")
        found.append(values)
    if len(found[0]) != len(found[1]):
        raise ValueError("curves of different lengths")
    return CurvePair(*found)


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    z, y, x = (int(side) for side in told["size"])
    numbers = {name: float(told[name]) for name in ("fraction", "epsilon_s2", "epsilon_lineal_path")}
    if min(z, y, x) < 1 or not all(math.isfinite(value) for value in numbers.values()):
        raise ValueError("a volume that cannot be")
    return {"size": [z, y, x], "seed": int(told["seed"]), **numbers}


def _color(text: Any) -> str:
    if not (isinstance(text, str) and len(text) == 7 and text[0] == "#"):
        raise ValueError(f"{text!r} is no colour")
    int(text[1:], 16)
    return text


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]
