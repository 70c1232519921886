"""Connected components of a phase, and how much of it leads from face to face.

Definitions: two pixels are neighbours where they share a face (4 in the plane, 6 in space), or, with ``diagonal``, also
an edge or a corner (8 and 26). A component (cluster) is a largest set of pixels of the phase in which each is reached
from each through neighbours (Hoshen and Kopelman, Phys. Rev. B 14, 3438, 1976). The phase percolates along an axis
where a component touches both faces across it; the share of the phase in such components is the connected fraction, the
part that a flow through the sample could use (Torquato, *Random Heterogeneous Materials*, 2002, chapter 9).

Boundary: the array is taken as it is. Nothing connects across its faces, and a component that they cut counts as one
for each piece, so that a small array shows more components per volume, and percolates more easily, than a large one.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from core.errors import InputError
from core.job import finish
from core.statistics.indicator import Indicator, checked_indicator

Labels = npt.NDArray[np.int32]

SLAB_VALUES = 1 << 21
"""Pixels that are labelled between two yields."""


@dataclass(frozen=True)
class Connectivity:
    """How one phase hangs together.

    Attributes
    ----------
    components
        How many there are.
    density
        Components per pixel of the array (px⁻² or px⁻³).
    largest
        Share of the phase in its largest component, 0 to 1.
    connected
        Share of the phase that is connected from face to face, 0 to 1: one entry an axis.
    """

    components: int
    density: float
    largest: float
    connected: tuple[float, ...]


def label_components(indicator: Indicator, diagonal: bool = False) -> tuple[Labels, int]:
    """Number the components of a phase.

    Parameters
    ----------
    indicator
        Shape (Y, X) or (Z, Y, X), bool or 0 and 1.
    diagonal
        Whether pixels that share an edge or a corner only are neighbours.

    Returns
    -------
    tuple
        Labels, shape of the indicator, 0 outside the phase and 1 to n inside; and n.

    Raises
    ------
    InputError
        Where the indicator cannot be used.
    """
    return finish(label_steps(indicator, diagonal))


def label_steps(indicator: Indicator, diagonal: bool = False) -> Generator[None, None, tuple[Labels, int]]:
    """As `label_components`, slab by slab, so that a job can be left in between.

    Each slab is labelled alone; labels that touch across two slabs are joined as a graph afterwards.
    """
    inside = checked_indicator(indicator)
    structure = ndimage.generate_binary_structure(inside.ndim, inside.ndim if diagonal else 1)
    labels = np.empty(inside.shape, dtype=np.int32)
    step = max(1, SLAB_VALUES // inside[0].size)
    starts = range(0, len(inside), step)
    count = 0
    for start in starts:
        slab = labels[start : start + step]
        found = ndimage.label(inside[start : start + step], structure=structure, output=slab)
        if count:
            slab[slab > 0] += count
        count += int(found)
        yield
    if len(starts) == 1:
        return labels, count
    pairs = np.concatenate([_touching(labels[start - 1], labels[start], diagonal) for start in starts[1:]])
    graph = sparse.coo_matrix((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count + 1,) * 2)
    _, group = sparse.csgraph.connected_components(graph, directed=False)
    # what is outside the phase was never paired: it stays alone, and gets 0
    group = np.where(group == group[0], 0, group + 1)
    kept, number = np.unique(group, return_inverse=True)
    number = number.astype(np.int32)
    for start in starts:
        labels[start : start + step] = number[labels[start : start + step]]
        yield
    return labels, len(kept) - 1


def _touching(before: Labels, after: Labels, diagonal: bool) -> npt.NDArray[np.int32]:
    """Pairs of labels that are neighbours across two successive planes, shape (n, 2), each once."""
    reach = 1 if diagonal else 0
    around = np.pad(after, reach)
    found = []
    for shift in product(range(2 * reach + 1), repeat=after.ndim):
        other = around[tuple(slice(s, s + n) for s, n in zip(shift, after.shape, strict=True))]
        both = (before > 0) & (other > 0)
        found.append(np.stack([before[both], other[both]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def connectivity(indicator: Indicator, diagonal: bool = False) -> Connectivity:
    """Count components and what percolates; arguments as for `label_components`.

    Raises
    ------
    InputError
        Where the indicator cannot be used or the phase is absent.
    """
    return finish(connectivity_steps(indicator, diagonal))


def connectivity_steps(indicator: Indicator, diagonal: bool = False) -> Generator[None, None, Connectivity]:
    """As `connectivity`, but yields after each slab."""
    labels, count = yield from label_steps(indicator, diagonal)
    if count == 0:
        raise InputError("The phase is absent, so nothing is connected.", "Choose a phase that is there.")
    sizes = np.zeros(count + 1, dtype=np.int64)
    step = max(1, SLAB_VALUES // labels[0].size)
    for start in range(0, len(labels), step):
        sizes += np.bincount(labels[start : start + step].ravel(), minlength=count + 1)
        yield
    sizes[0] = 0
    phase = int(sizes.sum())
    connected = []
    for axis in range(labels.ndim):
        first, last = np.take(labels, 0, axis), np.take(labels, -1, axis)
        through = np.intersect1d(first, last)
        connected.append(float(sizes[through].sum() / phase))
    return Connectivity(count, count / labels.size, float(sizes.max() / phase), tuple(connected))
