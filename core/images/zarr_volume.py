"""Volumes as OME-Zarr: a folder of compressed shards that any block can be written to and read from.

Zarr format 3, OME-NGFF 0.5: level 0 is the volume, each further one half as fine (`core.images.pyramid`). Chunks have
64³ voxels, 4³ chunks make a shard (one file), chunks are compressed by Blosc (zstd, bits shuffled). Phases and
provenance stand in the group's attribute ``microloom`` beside ``ome``.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
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
from core.images.pixel_size import unit_metres
from core.images.pyramid import CELL, coarser, level_shapes
from core.images.values import Volume, default_phases
from core.provenance import Provenance

Triple = tuple[int, int, int]

SUFFIXES = (".ome.zarr", ".zarr")
SHARD = 4 * CELL
"""Edge of a shard, voxels: one file holds up to 256³."""
_AGAIN = "Copy it again, or make it again."


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
        from zarr.codecs import BloscCodec

        self.path, self._outline = path, outline
        self._shapes = level_shapes(outline.shape)
        if not is_zarr(path):
            group = zarr.open_group(path, mode="w", zarr_format=3, attributes=self._attributes(None))
            for level, shape in enumerate(self._shapes):
                group.create_array(
                    str(level),
                    shape=shape,
                    dtype="uint8",
                    chunks=(CELL, CELL, CELL),
                    shards=_shard(shape),
                    compressors=BloscCodec(cname="zstd", clevel=5, shuffle="bitshuffle"),
                    fill_value=0,
                    dimension_names=("z", "y", "x"),
                )
        self._group = zarr.open_group(path, mode="r+")
        self._levels = [self._group[str(level)] for level in range(len(self._shapes))]

    def write(self, origin: Triple, labels: np.ndarray) -> None:
        """Put a block in its place, at every level; it is safe on the disk when this returns.

        ``origin`` is a multiple of `CELL` along each axis, and the block ends at one or at the volume's far face.
        """
        for level, (start, block) in enumerate(coarser(origin, labels, len(self._levels))):
            box = tuple(slice(first, first + count) for first, count in zip(start, block.shape, strict=True))
            self._levels[level][box] = block
            self._sync(level, start, block.shape)

    def finish(self, counts: np.ndarray) -> None:
        """Say that all blocks are there; ``counts`` are the voxels of each phase."""
        total = math.prod(self._outline.shape)
        self._group.attrs.put(self._attributes([int(count) / total for count in counts]))
        _fsync(self.path / "zarr.json")
        for stray in self.path.rglob("*.partial"):  # what a killed writer left
            stray.unlink(missing_ok=True)

    def _sync(self, level: int, start: Triple, shape: tuple[int, ...]) -> None:
        shards = _shard(self._shapes[level])
        spans = [
            range(first // edge, (first + count - 1) // edge + 1)
            for first, count, edge in zip(start, shape, shards, strict=True)
        ]
        for z, y, x in product(*spans):
            _fsync(self.path / str(level) / "c" / str(z) / str(y) / str(x))

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
        multiscale = {"name": outline.name, "axes": axes, "datasets": datasets, "type": "most frequent label"}
        # through text: tuples become lists, and what is no JSON is found here
        card = json.loads(json.dumps(outline.card()))
        return {
            "ome": {"version": "0.5", "multiscales": [multiscale]},
            "microloom": {**card, "complete": fractions is not None, "fractions": fractions},
        }


def _shard(shape: Triple) -> Triple:
    z, y, x = (min(SHARD, CELL * math.ceil(side / CELL)) for side in shape)
    return z, y, x


def _fsync(path: Path) -> None:
    # a shard without any voxel but of label 0 is not written
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
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
    complete
        Whether all of its blocks are there; None for one that Microloom did not write.
    fractions
        Volume fraction of each phase, or None where nobody has counted.
    """

    path: Path
    outline: Outline
    shapes: tuple[Triple, ...]
    complete: bool | None
    fractions: tuple[float, ...] | None
    named: bool
    """Whether the file names its phases."""
    _levels: tuple[Any, ...]

    def read(self, level: int, origin: Triple, size: Triple) -> np.ndarray:
        """Labels in a box of a level, uint8; voxels of blocks that are not there yet are 0.

        Raises
        ------
        InputError
            Where the store is damaged or holds labels without a phase.
        """
        box = tuple(slice(first, first + count) for first, count in zip(origin, size, strict=True))
        try:
            labels = np.asarray(self._levels[level][box], dtype=np.uint8)
        except Exception as error:  # what a dozen codecs raise on a damaged chunk has no common base
            raise InputError(f"{self.path.name} is damaged ({error}).", _AGAIN) from error
        if labels.size and int(labels.max()) >= len(self.outline.phases):
            raise InputError(
                f"{self.path.name} holds the label {int(labels.max())}, but names {len(self.outline.phases)} phases.",
                _AGAIN,
            )
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
        z, y, x = (None, None, None) if size is None else (edge * 2**level for edge in size)
        return Volume(
            labels,
            phases,
            None if z is None or y is None or x is None else (z, y, x),
            outline.name,
            Provenance("read", source=self.path.name, settings={"level": level}, inputs=(outline.provenance,)),
        )

    def finest_within(self, voxels: int) -> int:
        """The finest level of at most so many voxels, or the coarsest of all."""
        for level, shape in enumerate(self.shapes):
            if math.prod(shape) <= voxels:
                return level
        return len(self.shapes) - 1


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
        scale = _scale(multiscale)
    except (KeyError, IndexError, TypeError, ValueError, OSError, AttributeError) as error:
        raise InputError(f"{path.name} is no OME-Zarr volume that can be read ({error}).", _AGAIN) from error
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
    told = attributes.get("microloom")
    own: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
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
    return ZarrVolume(path, outline, tuple(shapes), state, counted, phases is not None, levels)


def _scale(multiscale: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Voxel size in metres from OME's metadata, or None where it has no length."""
    axes = multiscale["axes"]
    if [axis["name"] for axis in axes] != ["z", "y", "x"]:
        raise ValueError("its axes are not z, y, x")
    for transform in multiscale["datasets"][0]["coordinateTransformations"]:
        if transform["type"] == "scale" and all("unit" in axis for axis in axes):
            units = [unit_metres(str(axis["unit"])) for axis in axes]
            edges = [float(edge) * (unit or 0.0) for edge, unit in zip(transform["scale"], units, strict=True)]
            if all(math.isfinite(edge) and edge > 0 for edge in edges):
                return edges[0], edges[1], edges[2]
    return None
