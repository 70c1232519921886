"""Where an interrupted training goes on: its whole state in one file, written every so often, whole or not at all.

The file is safetensors: named arrays, and a JSON text in its header. Nothing in it is ever executed. It says which
training it belongs to, and no other goes on from it.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError, JobError
from core.images.atomic import replacing

FILE = "training.safetensors"
FORMAT, VERSION = "microloom-training", 1
EVERY_SECONDS = 30.0
_MAX_HEADER = 64 << 20
_ANEW = "Remove it, or begin anew without resuming."


@dataclass(frozen=True)
class Checkpoints:
    """What whoever starts a training wants kept.

    Attributes
    ----------
    folder
        Where the file goes; made where it is not there.
    every
        Seconds between two of them. 0 keeps one after every step.
    resume
        Whether to go on from the file that is there, if there is one.
    """

    folder: Path
    every: float = EVERY_SECONDS
    resume: bool = False

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / FILE

    def remove(self) -> None:
        """Take the file away, and the folder where nothing else is in it."""
        self.path.unlink(missing_ok=True)
        try:
            self.folder.rmdir()
        except OSError:
            return


class CheckpointFile:
    """Writes and reads the file of one training.

    Parameters
    ----------
    identity
        All that decides the training, as JSON values: one with another identity cannot go on from the file.
    """

    def __init__(self, wanted: Checkpoints, identity: Mapping[str, Any]) -> None:
        self._wanted = wanted
        self._identity = json.loads(json.dumps(identity))
        self._last = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next one."""
        return time.monotonic() - self._last >= self._wanted.every

    def write(self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Replace the file.

        Raises
        ------
        JobError
            Where the disk does not take it.
        """
        from safetensors.numpy import save_file

        head = {"format": FORMAT, "version": VERSION, "identity": self._identity, "facts": dict(facts)}
        try:
            self._wanted.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JobError(f"The folder {self._wanted.folder} cannot be made.", "Choose another.") from error
        with replacing(self._wanted.path, overwrite=True) as temporary:
            # safetensors writes memory as it lies
            whole = {name: array.copy(order="C") for name, array in arrays.items()}
            save_file(whole, temporary, metadata={"microloom": json.dumps(head)})
        self._last = time.monotonic()

    def read(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Facts and arrays to go on from; None where nothing is to be resumed, or nothing is there.

        Raises
        ------
        InputError
            Where the file is damaged, or belongs to another training.
        """
        path = self._wanted.path
        if not (self._wanted.resume and path.is_file()):
            return None
        head, arrays = read_checkpoint(path)
        begun = head["identity"]
        differing = sorted(key for key in {*begun, *self._identity} if begun.get(key) != self._identity.get(key))
        if differing:
            raise InputError(
                f"The training kept in {path} is another one (it differs in: {', '.join(differing)}).",
                "Ask for the same as then, or begin anew without resuming.",
            )
        return head["facts"], arrays


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Head ("identity" and "facts") and arrays of a checkpoint, checked in form.

    Raises
    ------
    InputError
        Where it is none, damaged, or of a newer version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    damaged = InputError(f"{path} is no training that was kept, or it is damaged.", _ANEW)
    try:
        data = path.read_bytes()
        (length,) = struct.unpack("<Q", data[:8])
        if length > min(_MAX_HEADER, len(data) - 8):
            raise damaged
        head = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["microloom"])
        if head["format"] != FORMAT or type(head["version"]) is not int:
            raise damaged
        if not (isinstance(head["identity"], dict) and isinstance(head["facts"], dict)):
            raise damaged
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from error
    except (struct.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged from error
    if head["version"] > VERSION:
        raise InputError(f"{path} was written by a newer version of Microloom.", "Update Microloom.")
    try:
        return head, load(data)
    # a dtype that numpy lacks is a KeyError or a TypeError, depending on the version
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise damaged from error
