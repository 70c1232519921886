"""A volume beyond memory that goes on being sampled after a kill: where its files lie, and how many turns are done.

What a turn starts from is left as it is until the turn is done; what it makes lies in other files. So a run that was
ended at any moment goes on from the last turn that was noted, to the same bits.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError, JobError, OutputExistsError
from core.images.atomic import replacing

_FORMAT = "microloom-sampling"


@dataclass(frozen=True)
class KeptSampling:
    """Where the files are, and whether an earlier run is gone on with.

    Attributes
    ----------
    folder
        Of this one sampling alone; it is made, and removed once the volume is written.
    resume
        Whether what is there goes on; otherwise it is begun anew.
    overwrite
        Whether an earlier run may then be given up.
    """

    folder: Path
    resume: bool = False
    overwrite: bool = False

    @property
    def path(self) -> Path:
        """The file that tells what is done."""
        return self.folder / "sampling.json"

    @property
    def begun(self) -> bool:
        """Whether there is an earlier run to go on with."""
        return self.resume and self.path.is_file()

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None where nothing is there."""
        if not self.path.is_file():
            return None
        try:
            told = self._read()
            return min(1.0, max(0, int(told["turns"])) / max(1, int(told.get("of", 1))))
        except (InputError, TypeError, ValueError):
            return None

    def begin(self, identity: Mapping[str, Any]) -> int:
        """How many turns an earlier run of the same volume has done; 0 where it begins anew.

        Raises
        ------
        InputError
            Where the earlier run was of another volume.
        OutputExistsError
            Where there is one, which is neither to go on nor to be given up.
        JobError
            Where the folder cannot be made.
        """
        if self.begun:
            told = self._read()
            same = json.loads(json.dumps(identity))
            begun = told.get("identity", {})
            differing = sorted(key for key in {*same, *begun} if same.get(key) != begun.get(key))
            if differing:
                raise InputError(
                    f"{self.folder.name} was begun as another volume (it differs in: {', '.join(differing)}).",
                    "Ask for the same as then, or begin again (--force).",
                )
            files = {name: size for name, size in told.get("files", {}).items() if self._size(name) != size}
            if not files:
                return int(told["turns"])
        elif self.path.is_file() and not self.overwrite:
            raise OutputExistsError(
                f"{self.folder} is there: an earlier run was not finished.",
                "Go on with it (--resume), or begin again (--force).",
            )
        self.remove()
        try:
            self.folder.mkdir()
        except OSError as error:
            raise JobError(f"The folder {self.folder} cannot be made: {error.strerror}.", "Choose another.") from error
        self.note(identity, 0, 1, ())
        return 0

    def note(self, identity: Mapping[str, Any], turns: int, of: int, files: tuple[str, ...]) -> None:
        """So many turns of all are done, and safe in the ``files`` of the folder."""
        sizes = {name: self._size(name) for name in files}
        told = {"format": _FORMAT, "identity": dict(identity), "turns": turns, "of": of, "files": sizes}
        with replacing(self.path, overwrite=True) as temporary:
            temporary.write_text(json.dumps(told) + "\n", encoding="utf-8")

    def remove(self) -> None:
        """Take all of it off the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.is_file() else -1

    def _read(self) -> dict[str, Any]:
        try:
            told: Any = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(told, dict) or told.get("format") != _FORMAT or type(told.get("turns")) is not int:
                raise ValueError("another format")
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path} cannot be read ({error}).", "Begin the volume again (--force).") from error
        return told
