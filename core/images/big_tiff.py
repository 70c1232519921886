"""Large volumes as TIFF: one uncompressed file with its voxels in order, so that any block has its place.

OME-TIFF; BigTIFF where it would pass 4 GB. The file is sparse until its blocks are there.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import numpy as np

from core.images.instrument import OME_MARKER
from core.images.outline import Outline

Triple = tuple[int, int, int]

_CLASSIC_LIMIT = 4_000_000_000
END = b"\0microloom: end\0"
"""Stands behind all else: a file without it was cut short. Readers of TIFF do not look there."""
GREY_END = b"\0microloom: grey end\0"
"""The same of a grey volume, which is no volume of phases in blocks."""


class TiffWriter:
    """Writes a volume block by block; arguments and errors as for `core.images.zarr_volume.ZarrWriter`."""

    def __init__(self, path: Path, outline: Outline) -> None:
        import tifffile

        self.path, self._shape, self._kind = path, outline.shape, np.dtype(outline.dtype)
        end = GREY_END if outline.grey else END
        if not path.is_file():
            words: dict[str, object] = {"axes": "ZYX", "Description": OME_MARKER + json.dumps(outline.card())}
            for axis, size in zip("ZYX", outline.voxel_size or (), strict=False):
                words |= {f"PhysicalSize{axis}": size * 1e6, f"PhysicalSize{axis}Unit": "µm"}
            tifffile.imwrite(
                path, shape=outline.shape, dtype=self._kind, ome=True, metadata=words, photometric="minisblack",
                bigtiff=math.prod(outline.shape) * self._kind.itemsize > _CLASSIC_LIMIT,
            )  # fmt: skip
            with path.open("ab") as plain:
                plain.write(end)
        with path.open("rb") as plain:
            plain.seek(max(0, path.stat().st_size - len(end)))
            if plain.read() != end:
                raise ValueError(f"{path.name} was cut short")
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            # axes of length one are dropped
            if series.dataoffset is None or math.prod(series.shape) != math.prod(outline.shape):
                raise ValueError(f"{path.name} is not a volume of {outline.shape}")
            self._start = int(series.dataoffset)

    def write(self, origin: Triple, labels: np.ndarray) -> None:
        """Put a block in its place; it is safe on the disk when this returns."""
        (z0, y0, x0), (_, rows, columns) = origin, self._shape
        whole = labels.shape[2] == columns
        # not through mapped memory: a disk that turns out to be full would end the process
        with self.path.open("r+b") as file:
            for z, plane in enumerate(np.ascontiguousarray(labels), z0):
                first = (z * rows + y0) * columns + x0
                if whole:
                    file.seek(self._start + first * self._kind.itemsize)
                    file.write(plane.tobytes())
                    continue
                for y, line in enumerate(plane):
                    file.seek(self._start + (first + y * columns) * self._kind.itemsize)
                    file.write(line.tobytes())
            file.flush()
            os.fsync(file.fileno())

    def read_back(self, origin: Triple, size: Triple) -> np.ndarray | None:
        """Labels of a block as they lie on the disk, or None where the file ends before them."""
        labels = np.empty(size, self._kind)
        (z0, y0, x0), (_, rows, columns) = origin, self._shape
        with self.path.open("rb") as file:
            for z, y in np.ndindex(size[0], size[1]):
                file.seek(self._start + (((z0 + z) * rows + y0 + y) * columns + x0) * self._kind.itemsize)
                line = file.read(size[2] * self._kind.itemsize)
                if len(line) < size[2] * self._kind.itemsize:
                    return None
                labels[z, y] = np.frombuffer(line, self._kind)
        return labels

    def give_up(self, origin: Triple, size: Triple) -> list[tuple[Triple, Triple]]:
        """Nothing has to go: every voxel has its own place in the file."""
        return []

    def finish(self, counts: np.ndarray) -> None:
        """All blocks are there."""
