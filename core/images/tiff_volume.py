"""Large volumes in a TIFF that was written block by block: opened without being read, and looked at in parts.

Coarse levels are not in the file: of each cell of 2ᵏ voxels a side, its first voxel stands for all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.images.big_tiff import END
from core.images.description import stored_phases, stored_provenance
from core.images.instrument import tiff_facts
from core.images.outline import Outline
from core.images.pyramid import finest_level, level_shapes
from core.images.values import Volume
from core.provenance import Provenance

Triple = tuple[int, int, int]

_AGAIN = "Copy it again, or make it again."


def is_block_tiff(path: Path) -> bool:
    """Whether ``path`` is a TIFF that was written block by block: it ends with the mark of one."""
    try:
        with path.open("rb") as file:
            if file.read(2) not in (b"II", b"MM"):
                return False
            file.seek(max(0, path.stat().st_size - len(END)))
            return file.read() == END
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


@dataclass(frozen=True, eq=False)
class TiffVolume:
    """Such a volume, not read yet; attributes and methods as of `core.images.zarr_volume.ZarrVolume`."""

    path: Path
    outline: Outline
    shapes: tuple[Triple, ...]
    steps: tuple[Triple, ...]
    complete: bool | None
    fractions: tuple[float, ...] | None
    _start: int

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        """Labels in a box of a level, uint8; voxels of blocks that are not there yet are 0.

        Raises
        ------
        InputError
            Where the file was cut short, removed, or holds labels without a phase.
        """
        step = 2**level
        _, rows, columns = self.shapes[0]
        (z0, y0, x0), (depth, height, width) = origin, size
        last = min(rows, (y0 + height - 1) * step + 1)
        labels = np.empty(size, np.uint8)
        try:
            # not through mapped memory: a file that is cut short meanwhile would end the process
            with self.path.open("rb") as file:
                for z in range(depth):
                    file.seek(self._start + (step * (z0 + z) * rows + step * y0) * columns)
                    plane = np.frombuffer(file.read((last - step * y0) * columns), np.uint8)
                    labels[z] = plane.reshape(-1, columns)[::step, step * x0 : step * (x0 + width) : step]
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path.name} is damaged or was removed meanwhile ({error}).", _AGAIN) from error
        if labels.size and int(labels.max()) >= len(self.outline.phases):
            raise InputError(
                f"{self.path.name} holds the label {int(labels.max())}, but names {len(self.outline.phases)} phases.",
                _AGAIN,
            )
        return labels

    def volume(self, level: int = 0) -> Volume:
        """All of a level as a volume in memory; errors as of `read`."""
        labels = self.read(level, (0, 0, 0), self.shapes[level])
        size, outline = self.outline.voxel_size, self.outline
        z, y, x = (None,) * 3 if size is None else (a * b for a, b in zip(size, self.steps[level], strict=True))
        return Volume(
            labels,
            outline.phases,
            None if z is None or y is None or x is None else (z, y, x),
            outline.name,
            Provenance("read", source=self.path.name, settings={"level": level}, inputs=(outline.provenance,)),
        )

    def finest_within(self, voxels: int) -> int:
        """The finest level of at most so many voxels, or the coarsest of all."""
        return finest_level(self.shapes, voxels)


def open_block_tiff(path: Path) -> TiffVolume:
    """Open a TIFF that was written block by block; only its header is read.

    Raises
    ------
    InputError
        Where it is none, or cut short.
    """
    import tifffile

    if not is_block_tiff(path):
        raise InputError(f"{path.name} is no TIFF that was written block by block.", _AGAIN)
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            start, dtype, held = series.dataoffset, series.dtype, math.prod(series.shape)
            facts = tiff_facts(file)
    except Exception as error:  # what a reader raises on a damaged header has no common base
        raise InputError(f"{path.name} is damaged ({error}).", _AGAIN) from error
    phases, shape = stored_phases(facts), facts.get("card", {}).get("shape")
    good = isinstance(shape, list) and len(shape) == 3 and all(type(side) is int and side > 0 for side in shape)
    if start is None or dtype != np.uint8 or phases is None or not good or shape is None or math.prod(shape) != held:
        raise InputError(f"{path.name} does not say what it holds.", _AGAIN)
    if path.stat().st_size < start + held:
        raise InputError(f"{path.name} was cut short.", _AGAIN)
    shapes = level_shapes((shape[0], shape[1], shape[2]))
    made = stored_provenance(facts)
    outline = Outline(
        shapes[0],
        phases,
        facts.get("voxel_size"),
        str(facts["card"].get("name", path.name)),
        made[0] if made else Provenance("read", source=path.name),
    )
    steps = tuple((2**level, 2**level, 2**level) for level in range(len(shapes)))
    stem = path.name.lower().removesuffix(path.suffix.lower()).removesuffix(".ome")
    return TiffVolume(path, outline, shapes, steps, not stem.endswith(".part"), None, int(start))
