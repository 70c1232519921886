"""Volumes as OME-Zarr: a folder of compressed shards that any block can be written to and read from.

Zarr format 3, OME-NGFF 0.5: level 0 is the volume, each further one half as fine (`core.images.pyramid`). Chunks have
64³ voxels, 4³ chunks make a shard (one file), chunks are compressed by Blosc (zstd, bits shuffled) and have a
checksum. Phases and provenance stand in the group's attribute ``microloom`` beside ``ome``. Every shard is written,
even one of nothing but label 0, and the attribute says so: a file that is empty, cut short or missing never reads as
label 0. Grey volumes are written so too; their coarser levels are means.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np

from core import devices
from core.errors import InputError
from core.images.description import card_facts, stored_phases, stored_provenance
from core.images.loading import MAX_VOXELS
from core.images.outline import Outline
from core.images.pyramid import CELL, coarser, finest_level, level_shapes
from core.images.values import Volume, default_phases
from core.images.zarr_files import files_of, silent_damage, unreadable
from core.images.zarr_metadata import step, voxel_edges, voxel_size
from core.provenance import Provenance

Triple = tuple[int, int, int]

SUFFIXES = (".ome.zarr", ".zarr")
SHARD = 4 * CELL
"""Edge of a shard, voxels: one file holds up to 256³."""
_AGAIN = "Copy it again, or make it again."
_GO_ON = "Go on with it (microloom generate … --resume): what is damaged is made again."
_ATTEMPTS, _WAIT = 4, 0.05
"""How often a volume that is being written is read before it is called damaged, and seconds in between."""


def is_zarr(path: Path) -> bool:
    """Whether ``path`` is a folder that holds a Zarr group (format 3)."""
    return path.is_dir() and (path / "zarr.json").is_file()


class ZarrWriter:
    """Writes a volume block by block.

    Parameters
    ----------
    path
        A folder that is not there yet, or one that an earlier writer of the same volume began.
    outline
        The volume.

    Raises
    ------
    OSError
        Where the disk does not take it, here or in the methods.
    """

    def __init__(self, path: Path, outline: Outline) -> None:
        import zarr
        from zarr.codecs import BloscCodec, Crc32cCodec

        self.path, self._outline = path, outline
        self._shapes = level_shapes(outline.shape)
        self._all_written = True
        if not is_zarr(path):
            group = zarr.open_group(path, mode="w", zarr_format=3, attributes=self._attributes(None))
            for level, shape in enumerate(self._shapes):
                group.create_array(
                    str(level),
                    shape=shape,
                    dtype=outline.dtype,
                    chunks=(CELL, CELL, CELL),
                    shards=_shard(shape),
                    compressors=(BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"), Crc32cCodec()),
                    fill_value=0,
                    dimension_names=("z", "y", "x"),
                )
        self._group = zarr.open_group(path, mode="r+")
        # what an earlier version began goes on as it was begun
        self._all_written = bool(self._group.attrs["microloom"].get("all_written"))
        self._levels = [
            self._group[str(level)].with_config({"write_empty_chunks": self._all_written})
            for level in range(len(self._shapes))
        ]

    def write(self, origin: Triple, labels: np.ndarray) -> None:
        """Put a block in its place, at every level; it is safe on the disk when this returns.

        ``origin`` is a multiple of `CELL` along each axis, and the block ends at one or at the volume's far face.
        """
        levels = coarser(origin, labels, len(self._levels), grey=self._outline.grey)
        for array, (start, block) in zip(self._levels, levels, strict=True):
            array[_slices(start, block.shape)] = block
            for file, _ in files_of(self.path, array, start, block.shape):
                if self._all_written or file.exists():
                    _fsync(file)

    def read_back(self, origin: Triple, size: Triple) -> np.ndarray | None:
        """Labels of a block as they lie on the disk, or None where any of its files, at any level, is damaged."""
        try:
            if silent_damage(self.path, self._levels[0], origin, size, self._all_written):
                return None
            labels = np.asarray(self._levels[0][_slices(origin, size)], self._outline.dtype)
            coarse = coarser(origin, labels, len(self._levels), grey=self._outline.grey)[1:]
            for array, (start, block) in zip(self._levels[1:], coarse, strict=True):
                if silent_damage(self.path, array, start, block.shape, self._all_written):
                    return None
                if not np.array_equal(array[_slices(start, block.shape)], block):
                    return None
        except Exception:  # what a dozen codecs raise on a damaged chunk has no common base
            return None
        return labels

    def give_up(self, origin: Triple, size: Triple) -> list[tuple[Triple, Triple]]:
        """Remove the files of a block that can no longer be read, and so not be added to.

        Returns
        -------
        First voxels and sizes, at full resolution, of all whose voxels went with them.
        """
        gone = []
        for level, array in enumerate(self._levels):
            start, sides = origin, size
            for _ in range(level):
                start, sides = _halves(start), _halves(sides, up=True)
            for file, (first, count) in list(unreadable(self.path, array, start, sides, self._all_written)):
                file.unlink(missing_ok=True)
                z, y, x = (place << level for place in first)
                depth, rows, columns = (side << level for side in count)
                gone.append(((z, y, x), (depth, rows, columns)))
        return gone

    def finish(self, counts: np.ndarray) -> None:
        """Say that all blocks are there; ``counts`` are the voxels of each phase."""
        total = math.prod(self._outline.shape)
        self._group.attrs.put(self._attributes([int(count) / total for count in counts]))
        _fsync(self.path / "zarr.json")
        for stray in self.path.rglob("*.partial"):  # what a killed writer left
            stray.unlink(missing_ok=True)

    def _attributes(self, fractions: list[float] | None) -> dict[str, Any]:
        outline = self._outline
        size = outline.voxel_size
        edges = (1.0, 1.0, 1.0) if size is None else tuple(edge * 1e6 for edge in size)
        axes = [{"name": name, "type": "space", **({} if size is None else {"unit": "micrometer"})} for name in "zyx"]
        datasets = []
        for level in range(len(self._shapes)):
            transforms: list[dict[str, Any]] = [{"type": "scale", "scale": [edge * 2**level for edge in edges]}]
            if level:  # the centre of a coarse voxel lies between those of its fine ones
                shift = [edge * (2**level - 1) / 2 for edge in edges]
                transforms.append({"type": "translation", "translation": shift})
            datasets.append({"path": str(level), "coordinateTransformations": transforms})
        how = "mean of 2³ voxels" if outline.grey else "most frequent label"
        multiscale = {"name": outline.name, "axes": axes, "datasets": datasets, "type": how}
        # through text: tuples become lists, and what is no JSON is found here
        card = json.loads(json.dumps(outline.card()))
        return {
            "ome": {"version": "0.5", "multiscales": [multiscale]},
            "microloom": {
                **card,
                "complete": fractions is not None,
                "fractions": fractions,
                "all_written": self._all_written,
            },
        }


def _shard(shape: Triple) -> Triple:
    z, y, x = (min(SHARD, CELL * math.ceil(side / CELL)) for side in shape)
    return z, y, x


def _halves(place: Triple, up: bool = False) -> Triple:
    z, y, x = (-(-value // 2) if up else value // 2 for value in place)
    return z, y, x


def _slices(origin: Triple, size: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(first, first + count) for first, count in zip(origin, size, strict=True))


def _fsync(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())


@dataclass(frozen=True, eq=False)
class ZarrVolume:
    """A volume in an OME-Zarr folder, not read yet.

    Attributes
    ----------
    path
        The folder.
    outline
        Shape, phases, voxel size, name and provenance.
    shapes
        Voxels (z, y, x) of each level, the full one first.
    steps
        Voxels of the full level that one of each level stands for, along z, y, x.
    complete
        Whether all of its blocks are there; None for one that Microloom did not write.
    fractions
        Volume fraction of each phase, or None where nobody has counted.
    """

    path: Path
    outline: Outline
    shapes: tuple[Triple, ...]
    steps: tuple[Triple, ...]
    complete: bool | None
    fractions: tuple[float, ...] | None
    named: bool
    """Whether the file names its phases."""
    _levels: tuple[Any, ...]
    _all_written: bool

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        """Labels in a box of a level, uint8; voxels of blocks that are not there yet are 0.

        Raises
        ------
        InputError
            Where the store is damaged or holds labels without a phase.
        """
        labels = self._labels(level, origin, size)
        if labels.size and int(labels.max()) >= len(self.outline.phases):
            raise InputError(
                f"{self.path.name} holds the label {int(labels.max())}, but names {len(self.outline.phases)} phases.",
                _AGAIN,
            )
        return labels

    def _labels(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        array, missing_is_damage = self._levels[level], self._all_written and self.complete is True
        remedy = _GO_ON if self.complete is False else _AGAIN
        # what is written meanwhile takes the place of a file between one look at it and the next
        for left in reversed(range(_ATTEMPTS if self.complete is False else 1)):
            wrong = silent_damage(self.path, array, origin, size, missing_is_damage)
            if wrong:
                raise InputError(f"{self.path.name} is damaged: {wrong}.", remedy)
            try:
                labels = np.asarray(array[_slices(origin, size)], dtype=np.uint8)
                break
            except Exception as error:  # what a dozen codecs raise on a damaged chunk has no common base
                if left:
                    time.sleep(_WAIT)
                    continue
                bad = next(unreadable(self.path, array, origin, size, missing_is_damage), None)
                what = "" if bad is None else f": its file {bad[0].relative_to(self.path).as_posix()} cannot be read"
                raise InputError(f"{self.path.name} is damaged{what} ({error}).", remedy) from error
        if not is_zarr(self.path):  # all of it would read as never written
            raise InputError(f"{self.path.name} was moved or removed meanwhile.", "Open it again.")
        return labels

    def volume(self, level: int = 0, bytes_per_voxel: int = 2) -> Volume:
        """All of a level as a volume in memory.

        Parameters
        ----------
        bytes_per_voxel
            Memory that the caller is going to need for each voxel.

        Raises
        ------
        InputError
            Where it is damaged, or larger than what is read at once or fits into memory.
        """
        shape = self.shapes[level]
        shown, needed = " × ".join(map(str, shape)), bytes_per_voxel * math.prod(shape)
        if math.prod(shape) > MAX_VOXELS:
            raise InputError(
                f"{self.path.name} holds {shown} voxels, more than {MAX_VOXELS:,}.",
                "Open it in the window, which shows a coarser level, or make a smaller one.",
            )
        free = devices.free_memory()
        if free is not None and needed > free:
            raise InputError(
                f"{self.path.name} holds {shown} voxels, which take about {needed / 2**30:.1f} GB of memory; "
                f"{free / 2**30:.1f} GB are free.",
                "Close other programs, or make a smaller one.",
            )
        try:
            labels = self.read(level, (0, 0, 0), shape)
        except MemoryError as error:
            raise InputError(f"{self.path.name} does not fit into memory.", "Close other programs.") from error
        size, outline = self.outline.voxel_size, self.outline
        phases = outline.phases if self.named else default_phases(max(2, int(labels.max()) + 1))
        z, y, x = (None,) * 3 if size is None else (a * b for a, b in zip(size, self.steps[level], strict=True))
        return Volume(
            labels,
            phases,
            None if z is None or y is None or x is None else (z, y, x),
            outline.name,
            Provenance("read", source=self.path.name, settings={"level": level}, inputs=(outline.provenance,)),
        )

    def finest_within(self, voxels: int) -> int:
        """The finest level of at most so many voxels, or the coarsest of all."""
        return finest_level(self.shapes, voxels)


def write_zarr(volume: Volume, path: Path) -> None:
    """Write a volume that is in memory into the folder ``path``, which is not there yet."""
    writer = ZarrWriter(path, Outline(volume.shape, volume.phases, volume.voxel_size, volume.name, volume.provenance))
    for z, y, x in product(*(range(0, side, SHARD) for side in volume.shape)):
        writer.write((z, y, x), volume.labels[z : z + SHARD, y : y + SHARD, x : x + SHARD])
    writer.finish(np.bincount(volume.labels.reshape(-1), minlength=len(volume.phases)))


def open_zarr(path: Path) -> ZarrVolume:
    """Open an OME-Zarr volume; nothing but its metadata is read.

    Raises
    ------
    InputError
        Where it is none, or not of one volume of labels.
    """
    import zarr

    if not is_zarr(path):
        raise InputError(f"{path} is not an OME-Zarr volume.", "Choose a folder ending in .ome.zarr.")
    try:
        group = zarr.open_group(path, mode="r")
        attributes: Mapping[str, Any] = dict(group.attrs)
        ome = attributes.get("ome", attributes)
        multiscale = ome["multiscales"][0]
        datasets = multiscale["datasets"]
        levels = tuple(group[str(entry["path"])] for entry in datasets)
        edges = [voxel_edges(entry) for entry in datasets]
        scale = voxel_size(multiscale)
    except (KeyError, IndexError, TypeError, ValueError, OSError, AttributeError) as error:
        raise InputError(f"{path.name} is no OME-Zarr volume that can be read ({error}).", _AGAIN) from error
    told = attributes.get("microloom")
    own: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    if "grey" in own:
        raise InputError(f"{path.name} holds grey values, not labels.", "Open it as a micrograph, and segment it.")
    shapes = []
    for level in levels:
        shape = tuple(int(side) for side in getattr(level, "shape", ()))
        if len(shape) != 3 or min(shape) < 1 or level.dtype != np.uint8:
            raise InputError(
                f"{path.name} holds {getattr(level, 'dtype', 'nothing')} of shape {shape}, not labels (z, y, x).",
                "Choose a segmented volume.",
            )
        shapes.append((shape[0], shape[1], shape[2]))
    if not shapes or any(max(b) > max(a) for a, b in pairwise(shapes)):
        raise InputError(f"The levels of {path.name} are not in order.", _AGAIN)
    facts = card_facts(json.dumps(own, default=str))
    phases = stored_phases(facts)
    made = stored_provenance(facts)
    outline = Outline(
        shape=shapes[0],
        phases=default_phases(16) if phases is None else phases,
        voxel_size=facts.get("voxel_size", scale),
        name=str(own.get("name", path.name)),
        provenance=made[0] if made else Provenance("read", source=path.name),
    )
    fractions = own.get("fractions")
    good = isinstance(fractions, list) and len(fractions) == len(outline.phases)
    counted = tuple(float(share) for share in fractions) if good and fractions is not None else None
    complete = own.get("complete")
    state = complete if isinstance(complete, bool) else None
    steps = tuple(step(edges[0], own_edges, shapes[0], shape) for own_edges, shape in zip(edges, shapes, strict=True))
    return ZarrVolume(
        path, outline, tuple(shapes), steps, state, counted, phases is not None, levels, own.get("all_written") is True
    )
