"""Creeping flow through voxels on a staggered grid: the matrices of Stokes' equations.

Pressures live at the centres of pore voxels, velocities at the faces between two of them, each component at the faces
that it crosses (Harlow and Welch, *Physics of Fluids* 8, 1965). Viscosity is 1. Along axis b a neighbouring velocity

- between two pore voxels counts as it is;
- on the side of one solid voxel is 0, one voxel away;
- inside solid is 0 at the wall between, half a voxel away, which weighs twice as much.

So walls lie exactly at the voxels' faces. Between plane walls h voxels apart the flow is too fast by the factor
1 + 2/h²; that is the only error there.

Where ends have a fixed pressure, no velocity runs along them and the normal one does not change across them; closed
sides let nothing through and hold nothing back. Both are what mirror images of the volume would do, so that a volume
with fixed ends behaves as its mirrored double with periodic ones.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from core.job import finish
from core.properties.ends import Faces
from core.properties.in_blocks import matrix_of, stacking

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]

_APART = 24


@dataclass(frozen=True, eq=False)
class Stokes:
    """−∇²u + ∇p = f, div u = 0, on the voxels of one pore space.

    Attributes
    ----------
    pores
        Shape (Z, Y, X), True where the fluid is.
    viscous
        −∇² on the velocities, symmetric and positive, shape (M, M); rows at fixed ends count half a voxel.
    divergence
        Shape (N, M), N the pore voxels in C order; minus its transpose is the gradient.
    force
        Shape (M,): a mean pressure gradient of −1 along the driven axis.
    faces_of
        Per axis, the number of the velocity at each face, −1 where there is none: as the volume, one longer along that
        axis; face i lies before voxel i. Where an axis is periodic the last face is the first.
    """

    pores: Bools
    viscous: sparse.csr_array
    divergence: sparse.csr_array
    force: Floats
    faces_of: tuple[Places, Places, Places]

    @property
    def pressure_places(self) -> npt.NDArray[np.int64]:
        """The voxel of each pressure, shape (N, 3)."""
        return np.argwhere(self.pores)

    @property
    def velocity_places(self) -> npt.NDArray[np.int64]:
        """The face of each velocity, shape (M, 4): first a number that keeps the components far apart."""
        found = np.empty((len(self.force), 4), np.int64)
        for component, numbers in enumerate(self.faces_of):
            there = numbers >= 0
            found[numbers[there], 0] = component << _APART
            found[numbers[there], 1:] = np.argwhere(there)
        return found

    def at_faces(self, velocity: Floats) -> npt.NDArray[np.float32]:
        """The velocity through each face, shape (3, Z + 1, Y + 1, X + 1), 0 where nothing flows.

        Component a at place i along its own axis is that of the face before voxel i; the last place across is not used.
        """
        padded = np.append(velocity, 0.0)
        found = np.zeros((3, *(side + 1 for side in self.pores.shape)), np.float32)
        for axis, numbers in enumerate(self.faces_of):
            z, y, x = numbers.shape
            found[axis, :z, :y, :x] = padded[numbers]
        return found


def assemble(pores: Bools, faces: Faces, spacing: Sequence[float]) -> Stokes:
    """The matrices for the pore voxels (True in ``pores``, shape (Z, Y, X)); ``spacing`` their edges along z, y, x."""
    return finish(assembling(pores, faces, spacing))


def assembling(pores: Bools, faces: Faces, spacing: Sequence[float]) -> Generator[None, None, Stokes]:
    """As `assemble`, in steps."""
    faces_of, count = _number_faces(pores, faces)
    diagonal, force = np.zeros(count), np.zeros(count)
    yield
    parts = []
    for component, numbers in enumerate(faces_of):
        rows: list[npt.NDArray] = []
        columns: list[npt.NDArray] = []
        entries: list[npt.NDArray] = []
        own, there = _once(numbers, component, faces)
        solid = _between_solid(pores, component, faces)
        share = np.ones(own.shape)
        if component == faces.axis:
            if faces.ends == "fixed":
                _part(share, component, 0, 1)[...] = 0.5
                _part(share, component, -1, None)[...] = 0.5
            force[own[there]] = share[there]
        yield
        for along, edge in enumerate(spacing):
            for step in (-1, 1):
                other, weight = _neighbours(numbers, solid, component, along, step, faces)
                yield
                weight = weight * (share if along != component else 1.0) / edge**2
                diagonal[own[there]] += weight[there]
                joined = there & (other >= 0)
                yield
                rows.append(own[joined])
                columns.append(other[joined])
                entries.append(-weight[joined])
                yield
        # the velocities of a component follow each other, and in each list their numbers rise
        mine = own[there]
        rows.append(mine)
        columns.append(mine)
        entries.append(diagonal[mine])
        first, end = (int(mine[0]), int(mine[-1]) + 1) if len(mine) else (0, 0)
        parts.append((yield from matrix_of(rows, columns, entries, count, first, end)))
    viscous = yield from stacking(parts, count)
    yield
    divergence = yield from _divergence(pores, faces_of, count, spacing)
    return Stokes(pores, viscous, divergence, force, faces_of)


def _number_faces(pores: Bools, faces: Faces) -> tuple[tuple[Places, Places, Places], int]:
    """A number for every face that something flows through."""
    found, count = [], 0
    for axis in (0, 1, 2):
        end = faces.of(axis)
        before, after = _part(pores, axis, -1, None), _part(pores, axis, 0, 1)
        opened = [_part(pores, axis, 0, -1) & _part(pores, axis, 1, None)]
        closed = np.zeros_like(before)
        first = {"periodic": before & after, "fixed": after, "closed": closed}[end]
        last = {"periodic": closed, "fixed": before, "closed": closed}[end]  # the last of a periodic axis is the first
        opened = [first, *opened, last]
        there = np.concatenate(opened, axis)
        numbers = np.full(there.shape, -1, np.int32)
        total = int(there.sum())
        numbers[there] = np.arange(count, count + total, dtype=np.int32)
        if end == "periodic":
            _part(numbers, axis, -1, None)[...] = _part(numbers, axis, 0, 1)
        found.append(numbers)
        count += total
    return (found[0], found[1], found[2]), count


def _once(numbers: Places, component: int, faces: Faces) -> tuple[Places, Bools]:
    """The faces without the periodic repetition, and where there is a velocity."""
    own = _part(numbers, component, 0, -1) if faces.of(component) == "periodic" else numbers
    return own, own >= 0


def _between_solid(pores: Bools, component: int, faces: Faces) -> Bools:
    """Whether a face has solid on both sides; outside of fixed and closed ends the volume is mirrored."""
    end = faces.of(component)
    low, high = _part(pores, component, 0, 1), _part(pores, component, -1, None)
    outside = (high, low) if end == "periodic" else (low, high)
    padded = np.concatenate([outside[0], pores, outside[1]], component)
    solid: Bools = ~(_part(padded, component, 0, -1) | _part(padded, component, 1, None))
    return _part(solid, component, 0, -1) if end == "periodic" else solid


def _neighbours(
    numbers: Places, solid: Bools, component: int, along: int, step: int, faces: Faces
) -> tuple[Places, Floats]:
    """For each face the next one along an axis: its number (−1 where its velocity is 0), and the weight of the pair."""
    own, _ = _once(numbers, component, faces)
    weight = np.ones(own.shape)
    other = np.roll(own, -step, along)
    end = faces.of(along)
    if along != component:
        weight[np.roll(solid, -step, along)] = 2.0
    if end != "periodic":
        edge = _part(other, along, -1, None) if step == 1 else _part(other, along, 0, 1)
        edge[...] = -1
        beyond = _part(weight, along, -1, None) if step == 1 else _part(weight, along, 0, 1)
        # beyond closed sides, and beyond an end along its normal, the velocity is the same as here
        beyond[...] = 2.0 if end == "fixed" and along != component else 0.0
    return other, weight


def _divergence(
    pores: Bools, faces_of: tuple[Places, ...], count: int, spacing: Sequence[float]
) -> Generator[None, None, sparse.csr_array]:
    voxels = np.flatnonzero(pores)
    place = np.arange(len(voxels))
    rows, columns, entries = [], [], []
    for axis, numbers in enumerate(faces_of):
        for sign, part in ((-1.0, _part(numbers, axis, 0, -1)), (1.0, _part(numbers, axis, 1, None))):
            at = part.reshape(-1)[voxels] if part.flags.c_contiguous else part[pores]
            there = at >= 0
            rows.append(place[there])
            columns.append(at[there])
            entries.append(np.full(int(there.sum()), sign / spacing[axis]))
            yield
    return (yield from matrix_of(rows, columns, entries, count, 0, len(voxels)))


def _part(array: npt.NDArray, axis: int, start: int, stop: int | None) -> npt.NDArray:
    """A view of part of one axis."""
    index: list[slice] = [slice(None)] * array.ndim
    index[axis] = slice(start, stop)
    return array[tuple(index)]
