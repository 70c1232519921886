"""A classifier on disk: safetensors, with a JSON card in its header. Nothing in it is ever executed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.atomic import replacing
from core.images.loading import checked_path
from core.images.values import MAX_PHASES
from core.segmentation.classifier import MAX_SIGMA, MAX_SIGMAS, Classifier
from core.segmentation.features import feature_names

SUFFIX = ".microloom-classifier"
FORMAT = "microloom-classifier"
VERSION = 1
_ARRAYS = ("roots", "feature", "threshold", "left", "right", "value")
_MAX_BYTES = 1 << 30
_MAX_HEADER = 1 << 20
_DEEPEST = 64


def save_classifier(classifier: Classifier, path: Path, *, overwrite: bool = False) -> Path:
    """Write ``classifier`` to ``path``, whole or not at all; errors as `core.images.atomic.replacing`."""
    with replacing(path, overwrite) as temporary:
        temporary.write_bytes(classifier_bytes(classifier))
    return path


def load_classifier(path: Path) -> Classifier:
    """The classifier in ``path``.

    Raises
    ------
    InputError
        Where the file is missing, foreign, damaged, or says what cannot be.
    """
    found = checked_path(path)
    if found.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path.name} is too large for a classifier.", f"Choose a file ending in {SUFFIX}.")
    try:
        return classifier_from_bytes(found.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error
    except InputError as error:
        raise InputError(f"{path.name}: {error.what}", error.remedy) from error


def classifier_bytes(classifier: Classifier) -> bytes:
    """The file's bytes; the same classifier gives the same."""
    from safetensors.numpy import save

    card = {
        "format": FORMAT,
        "format_version": VERSION,
        "ndim": classifier.ndim,
        "sigmas": list(classifier.sigmas),
        "pixels": classifier.pixels,
    }
    return save({name: getattr(classifier, name).copy() for name in _ARRAYS}, {"card": json.dumps(card)})


def classifier_from_bytes(data: bytes) -> Classifier:
    """The inverse of `classifier_bytes`; `InputError` where the bytes are none, or describe no trees."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    card = _card(data)
    try:
        arrays = load(data)
    # a dtype that numpy lacks is a KeyError or a TypeError, depending on the version
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged() from error
    if set(arrays) != set(_ARRAYS):
        raise _damaged()
    return check_arrays(Classifier(card["ndim"], tuple(card["sigmas"]), **arrays, pixels=card["pixels"]))


def _card(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    if not 0 < length <= min(_MAX_HEADER, len(data) - 8):
        raise _damaged()
    try:
        card = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["card"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged() from error
    if not isinstance(card, dict) or card.get("format") != FORMAT or type(card.get("format_version")) is not int:
        raise _damaged()
    if card["format_version"] > VERSION:
        raise InputError("The classifier was written by a newer version of Microloom.", "Update Microloom.")
    sigmas = card.get("sigmas")
    good = (
        isinstance(sigmas, list)
        and 0 < len(sigmas) <= MAX_SIGMAS
        and all(type(sigma) is float and math.isfinite(sigma) and 0.1 <= sigma <= MAX_SIGMA for sigma in sigmas)
        and card.get("ndim") in (2, 3)
        and type(card["ndim"]) is int
        and type(card.get("pixels")) is int
    )
    if not good:
        raise _damaged()
    return card


def _damaged() -> InputError:
    return InputError("This is no classifier, or it is damaged.", f"Choose a file ending in {SUFFIX}.")


def _depth(roots: np.ndarray, left: np.ndarray, right: np.ndarray, inner: np.ndarray) -> list[int]:
    """Steps from each root to its deepest leaf; no further than one beyond the deepest that is allowed."""
    found = []
    for root in roots:
        here, steps = np.array([root]), 0
        while (here := here[inner[here]]).size and steps <= _DEEPEST:
            here = np.unique(np.concatenate([left[here], right[here]]))
            steps += 1
        found.append(steps)
    return found


def check_arrays(found: Classifier) -> Classifier:
    """``found`` unchanged, or an `InputError`: arrays from a file must describe trees that end.

    Raises
    ------
    InputError
        Where a shape or type is off, a node leads to an earlier one, a feature is not there, or shares are none.
    """
    nodes = len(found.feature)
    kinds = ((found.feature, np.int32), (found.threshold, np.float32), (found.left, np.int32), (found.right, np.int32))
    right_kinds = all(array.dtype == kind and array.shape == (nodes,) for array, kind in kinds)
    shaped = found.value.ndim == 2 and found.value.dtype == np.float64 and len(found.value) == nodes > 0
    rooted = found.roots.dtype == np.int32 and found.roots.ndim == 1 and 0 < len(found.roots) <= 500
    if not (right_kinds and shaped and rooted and 2 <= found.value.shape[1] <= MAX_PHASES):
        raise InputError("The classifier's trees have not the form that they should have.")
    own = np.arange(nodes)
    count = len(feature_names(found.sigmas, found.ndim))
    leaf = (found.left == own) & (found.right == own)
    onward = (found.left > own) & (found.right > own) & (found.left < nodes) & (found.right < nodes)
    sound = (
        (leaf | onward).all()
        and ((found.feature >= 0) & (found.feature < count)).all()
        and np.isfinite(found.threshold).all()
        and ((found.roots >= 0) & (found.roots < nodes)).all()
        and ((found.value >= 0) & (found.value <= 1)).all()
        and np.allclose(found.value.sum(axis=1), 1)
    )
    if not sound or max(_depth(found.roots, found.left, found.right, ~leaf)) > _DEEPEST:
        raise InputError("The classifier's trees lead nowhere.")
    return found
