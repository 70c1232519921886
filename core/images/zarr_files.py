"""The files of an array in an OME-Zarr folder, and what is wrong with them where zarr would say nothing.

To zarr, a shard that is missing was never written and reads as the fill value, label 0; one of no bytes reads so too
where all of it is asked for. Disks that fill up and copies that break off leave such files, so they are looked for
before a voxel is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

Triple = tuple[int, int, int]
Box = tuple[Triple, Triple]
"""First voxel and voxels along z, y, x."""


def files_of(root: Path, array: Any, origin: Triple, size: Triple) -> Iterator[tuple[Path, Box]]:
    """The files that hold a box of ``array``, there or not, each with the box of the array that is in it.

    Parameters
    ----------
    root
        Folder of the group.
    array
        A zarr array with axes z, y, x. A file is one of its shards, or of its chunks where it has none.
    """
    edges = array.shards or array.chunks
    spans = [
        range(first // edge, (first + count - 1) // edge + 1)
        for first, count, edge in zip(origin, size, edges, strict=True)
    ]
    for place in product(*spans):
        start = [number * edge for number, edge in zip(place, edges, strict=True)]
        sides = [min(edge, side - first) for edge, side, first in zip(edges, array.shape, start, strict=True)]
        file = root / array.path / array.metadata.encode_chunk_key(place)
        yield file, ((start[0], start[1], start[2]), (sides[0], sides[1], sides[2]))


def silent_damage(root: Path, array: Any, origin: Triple, size: Triple, all_written: bool) -> str:
    """What is wrong with a box, in words, that zarr would read as label 0; empty where nothing is.

    ``all_written`` says that even shards of nothing but label 0 were written, so that none may be missing.
    """
    for file, _ in files_of(root, array, origin, size):
        try:
            if file.stat().st_size > 0:
                continue
        except FileNotFoundError:
            if not all_written:
                continue
            return f"its file {file.relative_to(root).as_posix()} is missing"
        return f"its file {file.relative_to(root).as_posix()} is empty"
    return ""


def unreadable(root: Path, array: Any, origin: Triple, size: Triple, all_written: bool) -> Iterator[tuple[Path, Box]]:
    """The files of a box that cannot be read as a whole, each with its box; one that is missing counts as such only
    where ``all_written``."""
    for file, (start, sides) in files_of(root, array, origin, size):
        box = tuple(slice(first, first + side) for first, side in zip(start, sides, strict=True))
        try:
            good = not silent_damage(root, array, start, sides, all_written)
            if good:
                array[box]
        except Exception:  # what a dozen codecs raise on a damaged chunk has no common base
            good = False
        if not good:
            yield file, (start, sides)
