"""Labels as pictures that noise can be added to, and back again with volume fractions met to the voxel.

Two phases are one channel of −1 and 1; more are one channel a phase, 1 where it is and −1 elsewhere. Grey pictures
have no phases: they are one channel of values from −1 to 1.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
import numpy.typing as npt

from core.job import finish

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]

ROUNDS = 200
"""After so many, offsets of channels are as good as they get."""

GREY = 1
"""In place of a number of phases: pictures are grey values (float32, −1 to 1) instead of labels."""
GREY_LEVELS = 256
"""What the bound tells apart in grey pictures (Ho et al., Eq. 13)."""


def channels_of(phases: int) -> int:
    """How many channels pictures of so many phases have."""
    return 1 if phases == 2 else phases


def levels_of(phases: int) -> int:
    """How many values a channel of such pictures has."""
    return GREY_LEVELS if phases == GREY else 2


def as_channels(labels: np.ndarray, phases: int) -> Floats:
    """Labels of any shape (…) as channels (C, …), float32, −1 and 1; grey values as they are."""
    if phases == GREY:
        return labels.astype(np.float32)[None]
    if phases == 2:
        return np.where(labels == 1, np.float32(1), np.float32(-1))[None]
    return np.where(labels == np.arange(phases).reshape(-1, *(1,) * labels.ndim), np.float32(1), np.float32(-1))


def channel_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """The share of each channel that is 1, from the share of each phase in label order."""
    return (fractions[1],) if len(fractions) == 2 else tuple(fractions)


def whole_numbers(fractions: Sequence[float], total: int) -> list[int]:
    """How many of ``total`` voxels each phase gets: the largest remainders are rounded up, so that they sum to it."""
    exact = np.asarray(fractions, dtype=np.float64) / sum(fractions) * total
    counts = np.floor(exact).astype(int)
    for label in np.argsort(counts - exact, kind="stable")[: total - int(counts.sum())]:
        counts[label] += 1
    return [int(number) for number in counts]


def plain_labels(field: Floats) -> Labels:
    """The likeliest phase at each place, from channels (C, …): above 0 for two phases, else the largest channel."""
    labels: Labels = (field[0] > 0 if len(field) == 1 else field.argmax(axis=0)).astype(np.uint8)
    return labels


def labels_with(field: Floats, fractions: Sequence[float]) -> Labels:
    """What `labelling_with` finds."""
    return finish(labelling_with(field, fractions))


def labelling_with(field: Floats, fractions: Sequence[float]) -> Generator[None, None, Labels]:
    """Labels whose fractions are ``fractions`` to the voxel.

    For two phases, the highest values of the one channel are phase 1. For more, each channel is raised or lowered as a
    whole until the largest one gives every phase its share: of all labellings with these fractions, the one with the
    largest sum of the channels (an optimal transport between voxels and phases). Yields between the phases.

    Parameters
    ----------
    field
        Shape (C, …), finite.
    fractions
        Share of each phase, in label order.
    """
    flat = np.ascontiguousarray(field.reshape(len(field), -1))
    wanted = whole_numbers(fractions, flat.shape[1])
    if len(flat) == 1:
        labels = np.zeros(flat.shape[1], dtype=np.uint8)
        labels[np.argsort(-flat[0], kind="stable")[: wanted[1]]] = 1
        return labels.reshape(field.shape[1:])
    offsets = np.zeros(len(flat))
    for _ in range(ROUNDS):
        counts = np.bincount((flat + offsets[:, None]).argmax(axis=0), minlength=len(flat))
        if counts.tolist() == wanted:
            break
        for label, number in enumerate(wanted):
            others = np.delete(flat + offsets[:, None], label, axis=0).max(axis=0)
            lead = flat[label] - others
            yield
            offsets[label] = _offset(lead, number)
            yield
    raised = flat + offsets[:, None]
    found: Labels = raised.argmax(axis=0).astype(np.uint8).reshape(-1)
    yield from _settling(raised, found, wanted)
    return found.reshape(field.shape[1:])


def labels_around(field: Floats, fractions: Sequence[float], known: np.ndarray, given: np.ndarray) -> Labels:
    """What `labelling_around` finds."""
    return finish(labelling_around(field, fractions, known, given))


def labelling_around(
    field: Floats, fractions: Sequence[float], known: np.ndarray, given: np.ndarray
) -> Generator[None, None, Labels]:
    """As `labelling_with`, where some labels are given: these stay, and the rest makes up for their share.

    Parameters
    ----------
    known, given
        Labels, and where they are to be kept (bool); shape of one channel.
    """
    labels = known.astype(np.uint8)
    free = ~given
    if free.any():
        wanted = np.array(whole_numbers(fractions, labels.size)) - np.bincount(labels[given], minlength=len(fractions))
        # where more is given of a phase than the whole is to have, the others share the rest
        labels[free] = yield from labelling_with(field[:, free], [float(max(0, number)) for number in wanted])
    return labels


def labelling_by_sorting(
    field: Floats, fractions: Sequence[float], labels: np.ndarray, known: np.ndarray, given: np.ndarray
) -> Generator[None, None, None]:
    """Write into ``labels`` what `labels_around` gives."""
    labels[...] = yield from labelling_around(field, fractions, known, given)


def _offset(lead: np.ndarray, number: int) -> float:
    """What to add to a channel whose lead over the others is ``lead``, so that it is ahead at ``number`` places."""
    if number == 0:
        return -float(lead.max()) - 1.0
    if number == len(lead):
        return -float(lead.min()) + 1.0
    ordered = np.partition(lead, (len(lead) - number - 1, len(lead) - number))
    return -0.5 * float(ordered[len(lead) - number - 1] + ordered[len(lead) - number])


def _settling(raised: np.ndarray, found: np.ndarray, wanted: Sequence[int]) -> Generator[None, None, None]:
    """Hand the last few places, the closest calls first, from phases that have too many to those with too few."""
    counts = np.bincount(found, minlength=len(raised))
    for label, number in enumerate(wanted):
        while counts[label] < number:
            yield
            rich = np.flatnonzero(counts > np.asarray(wanted))
            places = np.flatnonzero(np.isin(found, rich))
            loss = raised[found[places], places] - raised[label, places]
            order = places[np.argsort(loss, kind="stable")]
            for place in order[: number - counts[label]]:
                if counts[found[place]] > wanted[found[place]]:
                    counts[found[place]] -= 1
                    counts[label] += 1
                    found[place] = label
