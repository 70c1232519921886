"""Where a volume lies while it is sampled: in memory, or in files that go when nobody needs them any more."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.errors import JobError


class Shelf:
    """Gives arrays of zeros.

    Parameters
    ----------
    device
        Where arrays in memory lie.
    on_disk
        Whether they lie in files instead, in the folder for temporary ones (as TMPDIR says). They hold what memory does
        not, and are read and written as arrays are.
    """

    def __init__(self, device: str = "cpu", *, on_disk: bool = False) -> None:
        self._device = device
        self._folder = tempfile.TemporaryDirectory(prefix="microloom-") if on_disk else None
        self._count = 0

    @property
    def on_disk(self) -> bool:
        """Whether arrays lie in files."""
        return self._folder is not None

    def tensor(self, shape: tuple[int, ...]) -> Tensor:
        """Zeros, float32."""
        if self._folder is None:
            return torch.zeros(shape, device=self._device)
        return torch.from_numpy(self.array(shape, np.float32))

    def array(self, shape: tuple[int, ...], dtype: type[np.generic]) -> np.ndarray:
        """Zeros, for numpy.

        Raises
        ------
        JobError
            Where the disk has no room for them.
        """
        if self._folder is None:
            return np.zeros(shape, dtype)
        self._count += 1
        path = Path(self._folder.name) / str(self._count)
        needed = int(np.prod(shape)) * np.dtype(dtype).itemsize
        try:
            with path.open("wb") as stream:
                # a hole in a file costs no room until it is filled, and then it would be too late to say so
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(stream.fileno(), 0, needed)
            return np.memmap(path, dtype, "r+" if path.stat().st_size == needed else "w+", shape=shape)
        except OSError as error:
            raise JobError(
                f"{needed / 2**30:.1f} GB are needed for what a volume beyond memory is while it is sampled, and "
                f"{path.parent} cannot hold them ({error.strerror}).",
                "Name a folder with more room in the environment variable TMPDIR.",
            ) from error
