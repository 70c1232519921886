"""Steady conduction on voxels by finite volumes: the operator, what drives it, and the flux.

Each voxel is a box of one conductivity with its temperature at the centre. The conductance of the face between two
voxels is that of their two halves in series, the harmonic mean 2 k₁ k₂ / (k₁ + k₂); it makes layers along and across
the flux exact (Patankar, *Numerical Heat Transfer and Fluid Flow*, 1980, section 4.2.3).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence

import torch
from torch import Tensor

from core.job import finish
from core.properties.ends import Faces
from core.properties.krylov import Steps

BLOCK_VALUES = 1 << 17
"""Values of one slab on the processor, so that what is made on the way stays in its cache."""
YIELD_VALUES = 1 << 23
"""Values that an operator goes through between two yields."""


class Conduction:
    """−div(k grad T) on one volume, driven along one axis, without the factor of a voxel's volume.

    Parameters
    ----------
    conductivity
        Shape (Z, Y, X), double precision, not negative; 0 lets nothing through.
    faces
        The driven axis and what holds at the faces. With fixed ends the temperature is 1 at the first and 0 at the
        last; with periodic ones it falls by 1 from each copy of the volume to the next.
    spacing
        Edges of a voxel along z, y and x, relative to each other.
    """

    def __init__(self, conductivity: Tensor, faces: Faces, spacing: Sequence[float]) -> None:
        finish(self._build(conductivity, faces, spacing))

    @classmethod
    def building(
        cls, conductivity: Tensor, faces: Faces, spacing: Sequence[float]
    ) -> Generator[None, None, Conduction]:
        """Make one in steps, so that it can be left."""
        made = cls.__new__(cls)
        yield from made._build(conductivity, faces, spacing)
        return made

    def _build(self, conductivity: Tensor, faces: Faces, spacing: Sequence[float]) -> Generator[None, None, None]:
        self.faces, self.spacing, self.shape = faces, tuple(spacing), tuple(conductivity.shape)
        self.device = conductivity.device
        self.inner: list[Tensor] = []
        """Per axis: conductance between a voxel and the next, one shorter than the volume along that axis."""
        self.closing: list[tuple[Tensor, Tensor] | Tensor | None] = []
        """Per axis: conductances at both ends, or between the last voxel and the first, or nothing."""
        for axis, edge in enumerate(spacing):
            length, weight = self.shape[axis], 1 / edge**2
            low, high = conductivity.narrow(axis, 0, 1), conductivity.narrow(axis, length - 1, 1)
            before, after = conductivity.narrow(axis, 0, length - 1), conductivity.narrow(axis, 1, length - 1)
            inner = torch.empty_like(before)
            for slab in _slabs(inner):
                inner[slab] = _in_series(before[slab], after[slab]).mul_(weight)
                yield
            self.inner.append(inner)
            end = faces.of(axis)
            if end == "fixed":
                self.closing.append((2 * weight * low, 2 * weight * high))  # half a voxel
            else:
                self.closing.append(_in_series(high, low).mul_(weight) if end == "periodic" else None)
        planes = max(1, BLOCK_VALUES // (self.shape[1] * self.shape[2])) if self.device.type == "cpu" else self.shape[0]
        self._slabs = [(start, min(start + planes, self.shape[0])) for start in range(0, self.shape[0], planes)]

    def apply(self, temperature: Tensor) -> Steps:
        """What leaves each voxel, with both ends held at 0 (no fall of temperature from copy to copy); in steps."""
        out = torch.zeros_like(temperature)
        done = 0
        for start, stop in self._slabs:
            done += (stop - start) * self.shape[1] * self.shape[2]
            if done > YIELD_VALUES:
                done = 0
                yield
            for axis in (0, 1, 2):
                # along z a slab also owns the faces to the next one
                values = temperature[start : stop + 1] if axis == 0 else temperature[start:stop]
                leaving = out[start : stop + 1] if axis == 0 else out[start:stop]
                conductance = self.inner[axis][start:stop]
                length = values.shape[axis]
                flow = values.narrow(axis, 0, length - 1) - values.narrow(axis, 1, length - 1)
                flow.mul_(conductance)
                leaving.narrow(axis, 0, length - 1).add_(flow)
                leaving.narrow(axis, 1, length - 1).sub_(flow)
        for axis, closing in enumerate(self.closing):
            low, high = self._ends_of(out, axis)
            t_low, t_high = self._ends_of(temperature, axis)
            if isinstance(closing, tuple):
                low.addcmul_(closing[0], t_low)
                high.addcmul_(closing[1], t_high)
            elif closing is not None:
                flow = closing * (t_high - t_low)
                high.add_(flow)
                low.sub_(flow)
        return out

    @property
    def driving(self) -> Tensor:
        """The right-hand side: what the temperatures at the ends push into each voxel."""
        out = torch.zeros(self.shape, dtype=torch.float64, device=self.device)
        low, high = self._ends_of(out, self.faces.axis)
        closing = self.closing[self.faces.axis]
        assert closing is not None  # the driven axis is never closed
        if isinstance(closing, tuple):
            low.add_(closing[0])
        else:
            low.add_(closing)
            high.sub_(closing)
        return out

    @property
    def linear(self) -> Tensor:
        """The temperature of a homogeneous volume."""
        length = self.shape[self.faces.axis]
        fall = 1 - (torch.arange(length, dtype=torch.float64, device=self.device) + 0.5) / length
        along = [1, 1, 1]
        along[self.faces.axis] = length
        return fall.reshape(along).expand(self.shape).contiguous()

    def conductivity_column(self, temperature: Tensor) -> Generator[None, None, tuple[float, float, float]]:
        """Mean flux along z, y and x over the mean gradient along the driven axis: a column of the tensor."""
        found = []
        for axis in (0, 1, 2):
            total, ends = 0.0, self._drops_at_ends(temperature, axis)
            for fall, conductance, share in ends:
                total += share * float((fall * conductance).sum())
            for fall, conductance in self._drops_inside(temperature, axis):
                for slab in _slabs(fall):
                    total += float((fall[slab] * conductance[slab]).sum())
                    yield
            found.append(total * self._length * self.spacing[axis] / temperature.numel())
        z, y, x = found
        return z, y, x

    def flux_at_faces(self, temperature: Tensor) -> Tensor:
        """Flux through each face, shape (3, Z + 1, Y + 1, X + 1).

        Component a at place i along its own axis is that of the face before voxel i; the last place across is not used.
        """
        found = torch.zeros((3, *(side + 1 for side in self.shape)), dtype=temperature.dtype, device=self.device)
        for axis, edge in enumerate(self.spacing):
            length = self.shape[axis]
            own = found[axis]
            for other in {0, 1, 2} - {axis}:
                own = own.narrow(other, 0, self.shape[other])
            (fall, conductance), *_ = self._drops_inside(temperature, axis)
            own.narrow(axis, 1, length - 1).copy_(fall * conductance * edge)
            at_ends = [fall * conductance * edge for fall, conductance, _ in self._drops_at_ends(temperature, axis)]
            if at_ends:  # of a volume that repeats, the first face is the last one
                own.narrow(axis, 0, 1).copy_(at_ends[0])
                own.narrow(axis, length, 1).copy_(at_ends[-1])
        return found

    def conductivity_of_energy(self, energy: float) -> float:
        """The conductivity along the driven axis that dissipates ``energy``, ⟨T, A T⟩ with the ends counted."""
        return energy * self._length**2 / math.prod(self.shape)

    def flow_scale(self, linear: Tensor) -> Generator[None, None, float]:
        """The norm over all voxels of what the ``linear`` temperature drives through each: the residuals' measure."""
        axis = self.faces.axis
        total = 0.0
        for fall, conductance in self._drops_inside(linear, axis):
            for slab in _slabs(fall):
                total += float(((fall[slab] * conductance[slab]) ** 2).sum())
                yield
        for fall, conductance, _ in self._drops_at_ends(linear, axis):
            total += float(((fall * conductance) ** 2).sum())
        return math.sqrt(total)

    @property
    def _length(self) -> float:
        return self.shape[self.faces.axis] * self.spacing[self.faces.axis]

    def _drops_inside(self, temperature: Tensor, axis: int) -> list[tuple[Tensor, Tensor]]:
        length = self.shape[axis]
        fall = temperature.narrow(axis, 0, length - 1) - temperature.narrow(axis, 1, length - 1)
        return [(fall, self.inner[axis])]

    def _drops_at_ends(self, temperature: Tensor, axis: int) -> list[tuple[Tensor, Tensor, float]]:
        """Fall of temperature, conductance, and share of a voxel's edge that lies between the two."""
        closing = self.closing[axis]
        low, high = self._ends_of(temperature, axis)
        if isinstance(closing, tuple):
            return [(1 - low, closing[0], 0.5), (high, closing[1], 0.5)]
        if closing is None:
            return []
        jump = 1.0 if axis == self.faces.axis else 0.0
        return [(high - low + jump, closing, 1.0)]

    def _ends_of(self, field: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        return field.narrow(axis, 0, 1), field.narrow(axis, self.shape[axis] - 1, 1)


def _slabs(field: Tensor) -> Iterator[slice]:
    """Along z, so many planes that a job is not held up."""
    planes = max(1, YIELD_VALUES // max(1, field.shape[1] * field.shape[2]))
    return (slice(start, start + planes) for start in range(0, len(field), planes))


def _in_series(one: Tensor, other: Tensor) -> Tensor:
    """2 k₁ k₂ / (k₁ + k₂), and 0 where either is 0."""
    total = one + other
    mean = 2 * one * other
    return mean.div_(torch.where(total > 0, total, 1.0))
