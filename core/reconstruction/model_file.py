"""A trained model on disk: one ``.microloom-model`` file, a zip of ``card.json`` and ``weights.safetensors``.

Both members are stored as they are, so reading never inflates anything, and nothing in the file is ever executed. What
a file says is checked twice: its form here, its meaning by the engine that restores it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.reconstruction.engine import Model

SUFFIX = ".microloom-model"
CARD = "card.json"
WEIGHTS = "weights.safetensors"
FORMAT = "microloom-model"
VERSION = 1
_MAX_CARD_BYTES = 16 << 20
_MAX_WEIGHT_BYTES = 4 << 30


def save_model(model: Model, path: Path, *, overwrite: bool = False) -> Path:
    """Write ``model`` to ``path``, whole or not at all.

    Raises
    ------
    OutputExistsError
        Where the file is there and ``overwrite`` is not set.
    JobError
        Where the disk does not take it.
    """
    return write_model_file(model.card, model.weights(), path, overwrite=overwrite)


def write_model_file(
    told: Mapping[str, Any], weights: Mapping[str, np.ndarray], path: Path, *, overwrite: bool = False
) -> Path:
    """Write card and arrays as a model file; errors as for `save_model`."""
    from safetensors.numpy import save

    from core.images.atomic import replacing

    card = {"format": FORMAT, "format_version": VERSION, **told}
    # safetensors writes memory as it lies
    arrays = {name: array.copy(order="C") for name, array in weights.items()}
    with (
        replacing(path, overwrite) as temporary,
        zipfile.ZipFile(temporary, "w", compression=zipfile.ZIP_STORED) as archive,
    ):
        for name, data in ((CARD, json.dumps(card, indent=1).encode()), (WEIGHTS, save(arrays))):
            # a fixed date, so that the same model gives the same bytes
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def load_model(path: Path, *, grey: bool = False) -> Model:
    """The model in ``path``. One of grey images, which makes no phases, only where ``grey`` says that it may be.

    Raises
    ------
    InputError
        Where the file is missing, foreign, damaged, or says what cannot be.
    """
    from core.reconstruction.model_record import read_record
    from core.reconstruction.registry import engine

    card, weights = read_model_file(path)
    try:
        if "grey" in card and not grey:
            raise InputError(
                "It makes grey images, which have no phases.",
                "“Grey images from a model …” makes them, and so does the command generate.",
            )
        read_record(card)
        return engine(str(card.get("engine"))).restore(card, weights)
    except InputError as error:
        raise InputError(f"{path.name}: {error.what}", error.remedy) from error


def read_model_file(path: Path) -> tuple[dict[str, Any], Mapping[str, np.ndarray]]:
    """Card and arrays of a model file, checked in form only; errors as for `load_model`."""
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the path.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sorted(member.filename for member in members) != sorted((CARD, WEIGHTS)):
                raise _foreign(path)
            for member in members:
                limit = _MAX_CARD_BYTES if member.filename == CARD else _MAX_WEIGHT_BYTES
                stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size == member.file_size
                if not stored or member.file_size > min(limit, path.stat().st_size):
                    raise _foreign(path)
            # reading checks each member's CRC-32
            text, data = archive.read(CARD), archive.read(WEIGHTS)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise _damaged(path) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error
    return _card(text, path), _arrays(data, path)


def _card(text: bytes, path: Path) -> dict[str, Any]:
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise _foreign(path)
    version = card.get("format_version")
    if type(version) is not int or version < 1:
        raise _foreign(path)
    if version > VERSION:
        raise InputError(
            f"{path.name} was written by a newer version of Microloom (model format {version}).", "Update Microloom."
        )
    return card


def _arrays(data: bytes, path: Path) -> Mapping[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(data)
    # a dtype that numpy lacks is a KeyError or a TypeError, depending on the version
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _foreign(path: Path) -> InputError:
    return InputError(f"{path.name} is not a Microloom model.", f"Choose a file ending in {SUFFIX}.")


def _damaged(path: Path) -> InputError:
    return InputError(f"{path.name} is not a Microloom model, or it is damaged.", "Copy or train it again.")
