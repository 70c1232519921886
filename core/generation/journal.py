"""Which blocks of a volume are safe on the disk: a text file that only grows, one line a block.

A line is written after its block is on the disk, so a run that was killed at any moment finds in it nothing that is not
there. A last line that was cut short is no line. Each line has the checksum of its block's labels, so that a run which
goes on can tell what a broken disk or copy has taken away since (`core.generation.block_checking`).
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.pyramid import CELL

Triple = tuple[int, int, int]

_FORMAT = "microloom-blocks"


@dataclass(frozen=True, eq=False)
class Block:
    """One line: a box of whole cells that was finished at once.

    Attributes
    ----------
    origin, size
        Its first voxel and its voxels along z, y, x.
    counts
        Voxels of each label in it, int64.
    crc32
        `zlib.crc32` of its labels in C order, or None where an earlier version noted none.
    """

    origin: Triple
    size: Triple
    counts: np.ndarray
    crc32: int | None


class Journal:
    """Remembers finished blocks, in cells of `CELL` voxels.

    Attributes
    ----------
    size
        Voxels of the volume along z, y, x.
    identity, edge
        What the volume is made from (`core.generation.recipe.Recipe.identity`), and the edge of its tiles.
    finished
        Shape: cells along z, y, x; bool.
    counts
        Voxels of each label in the finished blocks, int64.
    blocks
        These blocks, as they were finished.
    """

    def __init__(self, path: Path, size: Triple, labels: int, identity: Mapping[str, Any], edge: int) -> None:
        self.path, self.size, self.identity, self.edge = path, size, dict(identity), edge
        self.blocks: list[Block] = []
        z, y, x = (-(-side // CELL) for side in size)
        self.finished = np.zeros((z, y, x), bool)
        self.counts = np.zeros(labels, np.int64)

    @classmethod
    def begin(cls, path: Path, size: Triple, labels: int, identity: Mapping[str, Any], edge: int) -> Journal:
        """A new one, on the disk; whatever was at ``path`` is replaced."""
        journal = cls(path, size, labels, identity, edge)
        journal._write(path)
        return journal

    @classmethod
    def read(cls, path: Path) -> Journal:
        """The one at ``path``.

        Raises
        ------
        InputError
            Where it cannot be understood.
        """
        try:
            with path.open(encoding="utf-8") as file:
                head = json.loads(file.readline())
                if head["format"] != _FORMAT or head["version"] != 1:
                    raise ValueError("another format")
                z, y, x = (int(side) for side in head["size"])
                journal = cls(path, (z, y, x), int(head["labels"]), head["identity"], int(head["edge"]))
                for line in file:
                    if not line.endswith("\n"):
                        break
                    journal._take(json.loads(line))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(
                f"{path.name}, which tells what is finished, cannot be read ({error}).",
                "Begin the volume again (--force).",
            ) from error
        return journal

    def add(self, origin: Triple, labels: np.ndarray) -> None:
        """Note a block whose data is safe; ``origin`` is its first voxel."""
        # bincount would make eight bytes of every voxel
        counts = [int(np.count_nonzero(labels == label)) for label in range(len(self.counts))]
        first = [place // CELL for place in origin]
        cells = [-(-side // CELL) for side in labels.shape]
        crc32 = zlib.crc32(np.ascontiguousarray(labels).data)
        entry = {"first": first, "cells": cells, "counts": counts, "crc32": crc32}
        text = json.dumps(entry) + "\n"
        with self.path.open("r+b") as file:
            # a line that a kill cut short is taken away first
            file.seek(0, os.SEEK_END)
            end = file.tell()
            file.seek(max(0, end - 1))
            if end and file.read(1) != b"\n":
                file.seek(0)
                file.seek(file.read().rfind(b"\n") + 1)
                file.truncate()
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        self._take(entry)

    def keep(self, good: Sequence[bool]) -> None:
        """Strike out the `blocks` that are not ``good``: they are to be made again."""
        kept = [block for block, fine in zip(self.blocks, good, strict=True) if fine]
        journal = Journal(self.path, self.size, len(self.counts), self.identity, self.edge)
        for block in kept:
            journal._take(_line(block))
        journal._write(self._beside)
        self._beside.replace(self.path)
        self.finished, self.counts, self.blocks = journal.finished, journal.counts, journal.blocks

    def remove(self) -> None:
        """Take it off the disk."""
        for path in (self.path, self._beside):
            path.unlink(missing_ok=True)

    @property
    def _beside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.new")

    def is_finished(self, origin: Triple, size: Triple) -> bool:
        """Whether all of the cells of a box are there."""
        return bool(self.finished[self._box(origin, size)].all())

    def is_begun(self, origin: Triple, size: Triple) -> bool:
        """Whether any of the cells of a box is there."""
        return bool(self.finished[self._box(origin, size)].any())

    @property
    def share(self) -> float:
        """Finished cells over all cells."""
        return float(self.finished.mean())

    def _box(self, origin: Triple, size: Triple) -> tuple[slice, ...]:
        return tuple(slice(first // CELL, -(-(first + side) // CELL)) for first, side in zip(origin, size, strict=True))

    def _write(self, path: Path) -> None:
        head = {"format": _FORMAT, "version": 1, "size": list(self.size), "labels": len(self.counts), "edge": self.edge}
        lines = [{**head, "identity": self.identity}, *map(_line, self.blocks)]
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())

    def _take(self, entry: Mapping[str, Any]) -> None:
        z, y, x = (int(place) for place in entry["first"])
        depth, rows, columns = (int(side) for side in entry["cells"])
        box = self.finished[z : z + depth, y : y + rows, x : x + columns]
        if min(z, y, x) < 0 or box.shape != (depth, rows, columns) or box.any():
            raise ValueError("a block that cannot be")
        counts = np.asarray(entry["counts"], np.int64)
        if counts.shape != self.counts.shape:
            raise ValueError("labels that cannot be")
        box[...] = True
        self.counts += counts
        first = (CELL * z, CELL * y, CELL * x)
        ends = (CELL * (z + depth), CELL * (y + rows), CELL * (x + columns))
        size = tuple(min(end, side) - start for start, end, side in zip(first, ends, self.size, strict=True))
        crc32 = entry.get("crc32")
        self.blocks.append(Block(first, (size[0], size[1], size[2]), counts, None if crc32 is None else int(crc32)))


def _line(block: Block) -> dict[str, Any]:
    first, cells = [place // CELL for place in block.origin], [-(-side // CELL) for side in block.size]
    entry: dict[str, Any] = {"first": first, "cells": cells, "counts": block.counts.tolist()}
    return entry if block.crc32 is None else {**entry, "crc32": block.crc32}
