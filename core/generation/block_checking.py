"""Whether the blocks that a journal calls finished are still on the disk as they were written.

A disk that was full, a computer that lost its power or a copy that broke off leaves files that are empty or cut short.
A run that goes on reads back what is there and makes again what is not; the end is the same to the bit.
"""

from __future__ import annotations

import zlib
from typing import Protocol

import numpy as np

from core.generation.journal import Block, Journal
from core.generation.periods import Triple
from core.images.pyramid import CELL
from core.job import Job, Progress

Box = tuple[Triple, Triple]
"""First voxel and voxels along z, y, x."""


class ReadBack(Protocol):
    """A file written block by block that can tell what is in it."""

    def read_back(self, origin: Triple, size: Triple) -> np.ndarray | None:
        """Labels of a box of whole cells, or None where any of its files, at any level, is damaged."""
        ...

    def give_up(self, origin: Triple, size: Triple) -> list[Box]:
        """Remove the files of a box that cannot be written to any more; the boxes of voxels that went with them."""
        ...


def strike_out_what_is_lost(file: ReadBack, journal: Journal) -> Job[None]:
    """A job that reads back every finished block and strikes out of the journal what is not as it was written.

    Reads slab by slab, `CELL` voxels deep, whatever the size of the blocks.
    """
    good = []
    for number, block in enumerate(journal.blocks):
        yield Progress(number, len(journal.blocks), "Checking what is there")
        good.append(_as_written(file, block))
    gone = [
        box
        for block, fine in zip(journal.blocks, good, strict=True)
        if not fine
        for box in file.give_up(block.origin, block.size)
    ]
    # a file that had to go took blocks with it that were still good
    good = [
        fine and not any(_meet((block.origin, block.size), box) for box in gone)
        for block, fine in zip(journal.blocks, good, strict=True)
    ]
    if not all(good):
        journal.keep(good)


def _as_written(file: ReadBack, block: Block) -> bool:
    (z0, y, x), (depth, rows, columns) = block.origin, block.size
    crc32, counts = 0, np.zeros_like(block.counts)
    for z in range(z0, z0 + depth, CELL):
        labels = file.read_back((z, y, x), (min(CELL, z0 + depth - z), rows, columns))
        # of grey values nothing is counted
        if labels is None or (len(counts) and int(labels.max()) >= len(counts)):
            return False
        crc32 = zlib.crc32(np.ascontiguousarray(labels).data, crc32)
        if len(counts):
            counts += np.bincount(labels.reshape(-1), minlength=len(counts))
    return bool((counts == block.counts).all()) and block.crc32 in (None, crc32)


def _meet(one: Box, other: Box) -> bool:
    (starts, sizes), (other_starts, other_sizes) = one, other
    return all(a < d + n and d < a + m for a, m, d, n in zip(starts, sizes, other_starts, other_sizes, strict=True))
