"""Labels of a volume beyond memory, with its volume fraction met to the voxel: by counting, without sorting.

A float's bits, read as a whole number (those of negative ones turned round), rise with its value. Two counts of half of
the bits each therefore find the value that so many voxels lie above: exactly, in one pass each.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from core.reconstruction.diffusion.phases import ROUNDS, labelling_by_sorting, whole_numbers

Steps = Generator[None, None, None]
"""A job that yields after each part."""

_AT_ONCE = 1 << 20
_SORTED = 1 << 22
"""Labels of several phases are found by sorting up to so many places: that is several times as fast."""


def rising(values: np.ndarray) -> np.ndarray:
    """Whole numbers (uint32) that are in the order of ``values`` (float32, finite)."""
    # −0 is 0
    bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)
    turned: np.ndarray = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    return turned


def labelling_by_counting(
    field: np.ndarray, fractions: Sequence[float], labels: np.ndarray, known: np.ndarray, given: np.ndarray
) -> Steps:
    """Write into ``labels`` what `core.reconstruction.diffusion.phases.labelling_by_sorting` does, in little memory."""
    if len(field) == 1:
        yield from labelling_like(field[0], fractions, labels, known, given)
    elif labels.size <= _SORTED:
        yield from labelling_by_sorting(field, fractions, labels, known, given)
    else:
        yield from labelling_several_like(field, fractions, labels, known, given)


def labelling_like(
    field: np.ndarray, fractions: Sequence[float], labels: np.ndarray, known: np.ndarray, given: np.ndarray
) -> Steps:
    """Write into ``labels`` what `core.reconstruction.diffusion.phases.labels_around` gives for two phases."""
    kept = ones = 0
    for part in _parts(given):
        labels[part] = known[part]
        kept += int(np.count_nonzero(given[part]))
        ones += int(np.count_nonzero(known[part] & given[part]))
        yield
    wanted = whole_numbers(fractions, labels.size)[1] - ones
    yield from labelling_highest(field, min(max(0, wanted), labels.size - kept), labels, given if kept else None)


def labelling_highest(field: np.ndarray, count: int, labels: np.ndarray, given: np.ndarray | None = None) -> Steps:
    """Set to 1 the ``count`` highest places of ``field`` in ``labels``, and to 0 the others; of equal ones the first.

    As `core.reconstruction.diffusion.phases.labels_with` does for two phases, to the voxel, in little memory.

    Parameters
    ----------
    field
        Shape (z, y, x) or any other, finite; may be a view of a file.
    labels
        Of the same shape, uint8, to be written.
    given
        The places that are left as they are, bool. None: none.
    """
    above, bits = 0, 0
    for shift in (16, 0):
        counts = np.zeros(1 << 16, np.int64)
        for part in _parts(field):
            values = rising(field[part] if given is None else field[part][~given[part]]).reshape(-1)
            if shift == 0:
                values = values[values >> 16 == bits]
            counts += np.bincount((values >> shift) & 0xFFFF, minlength=1 << 16)
            yield
        # how many lie above each value
        beyond = above + np.concatenate((np.cumsum(counts[::-1])[::-1][1:], [0]))
        value = int(np.argmax(beyond <= count)) if count else (1 << 16) - 1
        above, bits = int(beyond[value]), bits << 16 | value
    equal = count - above
    for part in _parts(field):
        values = rising(field[part])
        one = values > bits
        same = (values == bits) if given is None else (values == bits) & ~given[part]
        places = np.flatnonzero(same)[:equal]
        one.reshape(-1)[places] = True
        equal -= len(places)
        labels[part] = one if given is None else np.where(given[part], labels[part], one)
        yield


def _parts(field: np.ndarray) -> Iterator[slice]:
    each = max(1, _AT_ONCE // max(1, int(np.prod(field.shape[1:]))))
    for first in range(0, len(field), each):
        yield slice(first, first + each)


def labelling_several_like(
    field: np.ndarray, fractions: Sequence[float], labels: np.ndarray, known: np.ndarray, given: np.ndarray
) -> Steps:
    """Write into ``labels`` what `core.reconstruction.diffusion.phases.labels_around` gives for more than two phases.

    To the voxel, in little memory: the same steps, with every order of values found by counting.

    Parameters
    ----------
    field
        Channels, shape (C, z, y, x) or (C, …), float32, finite; may be a view of a file.
    labels
        Shape of a channel, uint8, to be written.
    known, given
        Labels, and where they are to be kept.
    """
    kept, count = np.zeros(len(field), np.int64), 0
    for part in _parts(given):
        labels[part] = known[part]
        kept += np.bincount(known[part][given[part]], minlength=len(field))
        count += int(np.count_nonzero(~given[part]))
        yield
    free = _Free(field, given, count)
    left = np.array(whole_numbers(fractions, labels.size)) - kept
    if not free.count:
        return
    wanted = whole_numbers([float(max(0, number)) for number in left], free.count)
    offsets = np.zeros(len(field))
    for _ in range(ROUNDS):
        counts = np.zeros(len(field), np.int64)
        for raised in free.raised(offsets):
            counts += np.bincount(raised.argmax(axis=0), minlength=len(field))
            yield
        if counts.tolist() == wanted:
            break
        for label, number in enumerate(wanted):
            offsets[label] = yield from _offset(partial(free.leads, offsets, label), number, free.count)
    flat = labels.reshape(-1)
    counts = np.zeros(len(field), np.int64)
    # labels[...] is contiguous, so that this is a view of it
    for places, raised in zip(free.places(), free.raised(offsets), strict=True):
        flat[places] = raised.argmax(axis=0)
        counts += np.bincount(flat[places], minlength=len(field))
        yield
    yield from _settling(free, offsets, flat, counts, wanted)


class _Free:
    """The places that are to be labelled, part by part in their order."""

    def __init__(self, field: np.ndarray, given: np.ndarray, count: int) -> None:
        self._field, self._given = field, given
        self.count = count

    def places(self) -> Iterator[np.ndarray]:
        """Where they lie in the flat volume."""
        section = int(np.prod(self._given.shape[1:]))
        for part in _parts(self._given):
            yield np.flatnonzero(~self._given[part]) + part.start * section

    def raised(self, offsets: np.ndarray) -> Iterator[np.ndarray]:
        """Their channels (C, n), each raised by its offset."""
        for channels in self._channels():
            yield channels + offsets[:, None]

    def leads(self, offsets: np.ndarray, label: int) -> Iterator[np.ndarray]:
        """How far a channel is ahead of the largest of the others, raised, (n,)."""
        for channels in self._channels():
            yield channels[label] - np.delete(channels + offsets[:, None], label, axis=0).max(axis=0)

    def _channels(self) -> Iterator[np.ndarray]:
        for part in _parts(self._given):
            yield self._field[:, part][:, ~self._given[part]]


def _offset(leads: Callable[[], Iterator[np.ndarray]], number: int, count: int) -> Generator[None, None, float]:
    """As `core.reconstruction.diffusion.phases` finds it, from ``count`` leads that come in parts."""
    if number in (0, count):
        ends = []
        for part in leads():
            if part.size:
                ends.append(float(part.max() if number == 0 else part.min()))
            yield
        return -max(ends) - 1.0 if number == 0 else -min(ends) + 1.0
    below, above = yield from ranked(leads, (count - number - 1, count - number))
    return -0.5 * (below + above)


def ranking(
    values: Callable[[], Iterator[np.ndarray]], ranks: np.ndarray
) -> Generator[None, None, npt.NDArray[np.float32]]:
    """The values of these ranks (0: the smallest) among ``values`` (float32, in parts): exactly, in two passes.

    Yields after each part.
    """
    counts = np.zeros(1 << 16, np.int64)
    for part in values():
        counts += np.bincount((rising(part) >> 16).reshape(-1), minlength=1 << 16)
        yield
    reached = np.cumsum(counts)
    digits = np.searchsorted(reached, ranks, side="right")
    # of the values that share their upper bits with one of these, the lower bits
    known, which = np.unique(digits, return_inverse=True)
    place, counts = np.full(1 << 16, -1), np.zeros(len(known) << 16, np.int64)
    place[known] = np.arange(len(known))
    for part in values():
        bits = rising(part).reshape(-1)
        here = place[bits >> 16]
        meant = here >= 0
        counts += np.bincount(here[meant] << 16 | bits[meant] & 0xFFFF, minlength=len(counts))
        yield
    inner = np.cumsum(counts.reshape(-1, 1 << 16), axis=1)
    before = reached[digits] - inner[which, -1]
    lower = [np.searchsorted(inner[row], rank, side="right") for row, rank in zip(which, ranks - before, strict=True)]
    found = (digits.astype(np.uint32) << np.uint32(16)) | np.array(lower, np.uint32)
    turned: npt.NDArray[np.float32] = np.where(found >> 31, found ^ np.uint32(1 << 31), ~found).view(np.float32)
    return turned


def ranked(values: Callable[[], Iterator[np.ndarray]], ranks: Sequence[int]) -> Generator[None, None, list[float]]:
    """The values of these ranks (0: the smallest) among ``values`` (float64, in parts): exactly, in four passes.

    Yields after each part.
    """
    found, before = [0] * len(ranks), [0] * len(ranks)
    for shift in (48, 32, 16, 0):
        counts = np.zeros((len(ranks), 1 << 16), np.int64)
        for part in values():
            # −0 is 0
            bits = (part + 0.0).view(np.uint64)
            keys = np.where(bits >> np.uint64(63), ~bits, bits | np.uint64(1 << 63))
            for which, prefix in enumerate(found):
                here = keys if shift == 48 else keys[keys >> np.uint64(shift + 16) == np.uint64(prefix)]
                digits = ((here >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
                counts[which] += np.bincount(digits, minlength=1 << 16)
            yield
        for which, rank in enumerate(ranks):
            reached = np.cumsum(counts[which])
            digit = int(np.searchsorted(reached, rank - before[which], side="right"))
            before[which] += int(reached[digit - 1]) if digit else 0
            found[which] = found[which] << 16 | digit
    keys = np.array(found, np.uint64)
    bits = np.where(keys >> np.uint64(63), keys ^ np.uint64(1 << 63), ~keys)
    return [float(value) for value in bits.view(np.float64)]


def _settling(free: _Free, offsets: np.ndarray, flat: np.ndarray, counts: np.ndarray, wanted: Sequence[int]) -> Steps:
    """Hand over the last few places, the closest calls first; as for labels in memory."""
    for label, number in enumerate(wanted):
        while counts[label] < number:
            rich, most = np.flatnonzero(counts > np.asarray(wanted)), int(number - counts[label])
            closest, where = np.zeros(0), np.zeros(0, np.int64)
            for places, raised in zip(free.places(), free.raised(offsets), strict=True):
                theirs = np.flatnonzero(np.isin(flat[places], rich))
                loss = raised[flat[places[theirs]], theirs] - raised[label, theirs]
                closest, where = np.concatenate((closest, loss)), np.concatenate((where, places[theirs]))
                best = np.argsort(closest, kind="stable")[:most]
                best = best[np.lexsort((where[best], closest[best]))]
                closest, where = closest[best], where[best]
                yield
            for place in where:
                if counts[flat[place]] > wanted[flat[place]]:
                    counts[flat[place]] -= 1
                    counts[label] += 1
                    flat[place] = label
