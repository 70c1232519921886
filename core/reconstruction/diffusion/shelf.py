"""Where a volume lies while it is sampled: in memory, or in files that go when nobody needs them any more."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import JobError
from core.reconstruction.diffusion.kept_sampling import KeptSampling


class Shelf:
    """Gives arrays of zeros.

    Parameters
    ----------
    device
        Where arrays in memory lie.
    on_disk
        Whether they lie in files instead, in the folder for temporary ones (as TMPDIR says). They hold what memory does
        not, and are read and written as arrays are.
    kept
        The folder of these files, in place of a temporary one, and whether they go on. After `begin`, arrays
        asked for in the same order are those of the earlier run.
    """

    def __init__(self, device: str = "cpu", *, on_disk: bool = False, kept: KeptSampling | None = None) -> None:
        self._device = device
        self._kept = kept if on_disk else None
        # goes with the shelf
        self._temporary = tempfile.TemporaryDirectory(prefix="microloom-") if on_disk and kept is None else None
        self._folder = None if self._kept is None else self._kept.folder
        if self._temporary is not None:
            self._folder = Path(self._temporary.name)
        self._arrays: dict[str, np.memmap] = {}
        self._identity: Mapping[str, Any] = {}
        self.done = 0
        """Turns that an earlier run has done."""

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Before the first array: what decides every voxel, as JSON values; errors as of `KeptSampling.begin`."""
        if self._kept is not None:
            self._identity, self.done = identity, self._kept.begin(identity)

    def note(self, turns: int, of: int) -> None:
        """So many turns of all are done: what the arrays hold now is what a later run goes on from."""
        if self._kept is not None:
            for array in self._arrays.values():
                array.flush()
            self._kept.note(self._identity, turns, of, tuple(self._arrays))

    @property
    def keeps(self) -> bool:
        """Whether a later run can go on."""
        return self._kept is not None

    @property
    def on_disk(self) -> bool:
        """Whether arrays lie in files."""
        return self._folder is not None

    def tensor(self, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
        """Zeros, float32 or uint8."""
        if self._folder is None:
            return torch.zeros(shape, dtype=dtype, device=self._device)
        return torch.from_numpy(self.array(shape, np.float32 if dtype == torch.float32 else np.uint8))

    def array(self, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
        """Zeros, for numpy.

        Raises
        ------
        JobError
            Where the disk has no room for them.
        """
        if self._folder is None:
            return np.zeros(shape, dtype)
        name = str(len(self._arrays) + 1)
        path = self._folder / name
        needed = int(np.prod(shape)) * np.dtype(dtype).itemsize
        try:
            if not (self.done and path.is_file() and path.stat().st_size == needed):
                with path.open("wb") as stream:
                    # a hole in a file costs no room until it is filled, and then it would be too late to say so
                    if hasattr(os, "posix_fallocate"):
                        os.posix_fallocate(stream.fileno(), 0, needed)
            made: np.memmap = np.memmap(path, dtype, "r+" if path.stat().st_size == needed else "w+", shape=shape)
            self._arrays[name] = made
            return made
        except OSError as error:
            if self._kept is not None and not self.done:
                self._kept.remove()
            raise JobError(
                f"{needed / 2**30:.1f} GB are needed for what a volume beyond memory is while it is sampled, and "
                f"{path.parent} cannot hold them ({error.strerror}).",
                "Choose another disk."
                if self._kept is not None
                else "Name a folder with more room in the environment variable TMPDIR.",
            ) from error
