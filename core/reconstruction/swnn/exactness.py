"""A threshold, or offsets, for one volume alone, so that this very volume has the wanted fractions.

What a calibration set on one volume, others meet as samples do: at 128³ voxels within about half a percentage point.
Here they are set anew on the volume that is asked for. Its field is still a function of position; only this one number,
or one a phase, depends on the size, seed and periods that were asked for. So volumes of two sizes are no longer parts
of each other to the bit, and that is why it is a choice.

Of a volume of more than `MOST_TILES` tiles, so many stand for all, spread evenly and always the same ones: the number
then does not depend on the blocks that are asked for, their order, or where a run was interrupted.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Generator, Sequence

import numpy as np

from core.devices import is_out_of_memory
from core.generation.at_once import in_order
from core.generation.periods import Period, Triple
from core.generation.progress import GenerationProgress
from core.generation.tiles import SMALLEST_EDGE, TILE_EDGE, Piece, pieces
from core.job import Progress
from core.reconstruction.swnn.labelling import offsets_for
from core.reconstruction.swnn.serving import threshold_of

MOST_TILES = 64
"""Of so many tiles, 256³ voxels, the field is looked at: their fraction is that of all to a tenth of a percent."""
MOST_CHANNEL_VALUES = 1 << 24
"""Of several phases, where the field has more values, one voxel in two along each axis is looked at."""
_KEPT_BYTES = 1 << 28

FieldAt = Callable[[Triple, int], np.ndarray]
"""Makes the field of a tile: told its first voxel and edge."""


class KeptFields:
    """Tiles' fields, each made once where it is looked at first and labelled afterwards; few enough for memory.

    ``at_once`` of them may be made at the same time; its methods may be called from several threads.
    """

    def __init__(self, field_at: FieldAt, at_once: int = 1) -> None:
        self.at_once = at_once
        self._field_at = field_at
        self._lock = threading.Lock()
        self._kept: dict[tuple[Triple, int], np.ndarray] = {}
        self._bytes = 0

    def look(self, start: Triple, edge: int) -> np.ndarray:
        """A tile's field, which is kept."""
        field = self._field_at(start, edge)
        with self._lock:
            if self._bytes + field.nbytes <= _KEPT_BYTES:
                self._kept[(start, edge)] = field
                self._bytes += field.nbytes
        return field

    def take(self, start: Triple, edge: int) -> np.ndarray:
        """A tile's field, which is kept no longer."""
        with self._lock:
            kept = self._kept.pop((start, edge), None)
            self._bytes -= 0 if kept is None else kept.nbytes
        return self._field_at(start, edge) if kept is None else kept


def looked_at(size: Triple, period: Period, edge: int = TILE_EDGE) -> list[Piece]:
    """The parts of a volume's tiles that stand for it: all, or `MOST_TILES` spread evenly."""
    every = pieces((0, 0, 0), size, edge, period)
    count = len(every)
    if count <= MOST_TILES:
        return every
    # steps of the golden section leave no gaps and follow no axis; without a common divisor none comes twice
    step = round(count * (math.sqrt(5) - 1) / 2)
    while math.gcd(step, count) > 1:
        step += 1
    return [every[place * step % count] for place in range(MOST_TILES)]


def exact_threshold(
    fields: KeptFields, size: Triple, period: Period, fraction: float, labels: Callable[[np.ndarray], np.ndarray]
) -> Generator[Progress, None, float]:
    """The value that a share ``fraction`` of the volume's field lies above, as near as whole voxels allow.

    ``labels`` makes of a tile's field what can be shown of it meanwhile.
    """
    field = yield from _looking(fields, size, period, 1, labels)
    return threshold_of(field, fraction)[0]


def exact_offsets(
    fields: KeptFields,
    size: Triple,
    period: Period,
    fractions: Sequence[float],
    labels: Callable[[np.ndarray], np.ndarray],
) -> Generator[Progress, None, np.ndarray]:
    """Of several phases, the offsets (`labelling.offsets_for`) with which the volume's shares are ``fractions``."""
    voxels = math.prod(size) * len(fractions)
    field = yield from _looking(fields, size, period, 1 if voxels <= MOST_CHANNEL_VALUES else 2, labels)
    return offsets_for(field, fractions)


def _looking(
    fields: KeptFields, size: Triple, period: Period, step: int, labels: Callable[[np.ndarray], np.ndarray]
) -> Generator[Progress, None, np.ndarray]:
    """The field's values, every ``step``-th along each axis: shape (voxels,) or (voxels, phases)."""
    edge = TILE_EDGE
    while True:
        try:
            return (yield from _looking_at(fields, size, period, edge, step, labels))
        except (MemoryError, RuntimeError) as error:
            # the volume itself is then made of smaller tiles as well
            if not is_out_of_memory(error) or edge // 2 < SMALLEST_EDGE:
                raise
            edge //= 2


def _looking_at(
    fields: KeptFields,
    size: Triple,
    period: Period,
    edge: int,
    step: int,
    labels: Callable[[np.ndarray], np.ndarray],
) -> Generator[Progress, None, np.ndarray]:
    parts, found = looked_at(size, period, edge), []
    whole = len(parts) == len(pieces((0, 0, 0), size, edge, period))
    what = "Generating" if whole else "Setting the fraction"
    yield Progress(0, len(parts), what)
    made = in_order(lambda part: fields.look(part.start, edge)[part.within], parts, fields.at_once)
    with contextlib.closing(made):
        for done, (part, field) in enumerate(zip(parts, made, strict=True), 1):
            thin = field[::step, ::step, ::step]
            found.append(thin.reshape(-1, *thin.shape[3:]))
            z, y, x = (axis.start for axis in part.inside)
            if whole:
                yield GenerationProgress(done, len(parts), what, block=labels(field), origin=(z, y, x))
            else:
                yield Progress(done, len(parts), what)
    return np.concatenate(found)
