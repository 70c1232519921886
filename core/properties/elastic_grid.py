"""Linear elasticity on a periodic grid of voxels: displacements at the corners, strains and stresses at the centres.

The strain of a voxel is the mean over its corners' differences: along each axis the forward difference, averaged over
the four edges that run along it. This is the rotated scheme (Willot, C. R. Mécanique 343, 232, 2015), in which pores,
whose stiffness is 0, do no harm, and layers along the axes are exact. In Fourier space each difference is a real number
q times one common factor, so a homogeneous medium of moduli λ₀ and μ₀ is undone frequency by frequency,

    u = 1 / (μ₀ q²) (1 − (λ₀ + μ₀) / (λ₀ + 2 μ₀) q qᵀ / q²) f:

Green's operator of Moulinec and Suquet (Comput. Methods Appl. Mech. Eng. 157, 69, 1998), here as a preconditioner of
conjugate gradients (after Zeman et al., J. Comput. Phys. 229, 8065, 2010).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from core.job import finish
from core.properties.krylov import Steps

YIELD_VALUES = 1 << 21
"""Values that are made between two yields."""
PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Axes of the six components: zz, yy, xx, yx, zx, zy."""


class ElasticGrid:
    """The equations div σ = 0 with σ = λ tr(ε) + 2 μ ε, for a displacement that repeats.

    Parameters
    ----------
    bulk_lambda, shear
        λ and μ of each voxel, shape (Z, Y, X), double precision, not negative (λ may be, down to −2 μ / 3).
    spacing
        Edges of a voxel along z, y and x.
    """

    def __init__(self, bulk_lambda: Tensor, shear: Tensor, spacing: Sequence[float]) -> None:
        self._lambda, self._mu, self._spacing = bulk_lambda, shear, tuple(spacing)

    def strain(self, displacement: Tensor) -> Tensor:
        """Strain of ``displacement``, shape (3, Z, Y, X): shape (6, Z, Y, X), shears as tensor components."""
        return finish(self.strain_steps(displacement))

    def stress(self, strain: Tensor) -> Tensor:
        """Stress of ``strain``, shapes (6, Z, Y, X), or (6, 1, 1, 1) for a strain that is the same everywhere."""
        return finish(self.stress_steps(strain))

    def stress_steps(self, strain: Tensor) -> Steps:
        """As `stress`, in steps."""
        spherical = self._lambda * strain[:3].sum(dim=0)
        yield
        found = torch.empty((6, *self._mu.shape), dtype=strain.dtype, device=strain.device)
        for number, own in enumerate(strain):
            torch.mul(self._mu, 2 * own, out=found[number])
            if number < 3:
                found[number] += spherical
            yield
        return found

    def force(self, stress: Tensor) -> Tensor:
        """What the stress does at the corners, −div σ, shape (3, Z, Y, X); the transpose of `strain`."""
        return finish(self.force_steps(stress))

    @staticmethod
    def _pulling(stress: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Of each component of the force, the stresses on the three faces that make it."""
        at = {}
        for number, (a, b) in enumerate(PAIRS):
            at[a, b] = at[b, a] = stress[number]
        return [(at[0, b], at[1, b], at[2, b]) for b in range(3)]

    def apply(self, displacement: Tensor) -> Tensor:
        """Forces of a displacement: the operator of the equations, symmetric and not negative."""
        return finish(self.steps(displacement))

    def steps(self, displacement: Tensor) -> Steps:
        """The same in steps."""
        strain = yield from self.strain_steps(displacement)
        stress = yield from self.stress_steps(strain)
        del strain
        return (yield from self.force_steps(stress))

    def strain_steps(self, displacement: Tensor) -> Steps:
        """As `strain`, in steps."""
        gradients = []
        for component in displacement:
            gradients.append((yield from self._gradient(component)))
        strain = torch.empty((6, *displacement.shape[1:]), dtype=displacement.dtype, device=displacement.device)
        for number, (a, b) in enumerate(PAIRS):
            strain[number] = gradients[a][a] if a == b else (gradients[a][b] + gradients[b][a]) / 2
            yield
        return strain

    def force_steps(self, stress: Tensor) -> Steps:
        """As `force`, in steps."""
        found = []
        for at in self._pulling(stress):
            found.append((yield from self._divergence(*at)))
        return torch.stack(found)

    def _gradient(self, u: Tensor) -> Generator[None, None, tuple[Tensor, Tensor, Tensor]]:
        z, y, x = self._spacing
        along = _mean(u, 2)
        yield
        along_z = _mean(along, 1)
        yield
        along_z = _step(along_z, 0).div_(z)
        yield
        along_y = _step(along, 1)
        yield
        along_y = _mean(along_y, 0).div_(y)
        yield
        along_x = _step(u, 2)
        yield
        along_x = _mean(along_x, 1)
        yield
        return along_z, along_y, _mean(along_x, 0).div_(x)

    def _divergence(self, z: Tensor, y: Tensor, x: Tensor) -> Steps:
        edge_z, edge_y, edge_x = self._spacing
        flat = _step_back(z, 0).div_(edge_z)
        yield
        flat = _mean_back(flat, 1)
        yield
        other = _mean_back(y, 0).div_(edge_y)
        yield
        flat += _step_back(other, 1)
        yield
        flat = _mean_back(flat, 2)
        yield
        other = _mean_back(x, 0)
        yield
        other = _mean_back(other, 1).div_(edge_x)
        yield
        return flat.add_(_step_back(other, 2))


class GreenOperator:
    """Undoes a homogeneous medium (see the module's head); works in single precision.

    Parameters
    ----------
    shape, spacing
        Voxels, and their edges, along z, y and x.
    bulk_lambda, shear
        λ₀ and μ₀.
    """

    def __init__(
        self, shape: tuple[int, ...], spacing: Sequence[float], bulk_lambda: float, shear: float, device: torch.device
    ) -> None:
        finish(self._build(shape, spacing, bulk_lambda, shear, device))

    @classmethod
    def building(
        cls, shape: tuple[int, ...], spacing: Sequence[float], bulk_lambda: float, shear: float, device: torch.device
    ) -> Generator[None, None, GreenOperator]:
        """Make one in steps, so that it can be left."""
        made = cls.__new__(cls)
        yield from made._build(shape, spacing, bulk_lambda, shear, device)
        return made

    def _build(
        self, shape: tuple[int, ...], spacing: Sequence[float], bulk_lambda: float, shear: float, device: torch.device
    ) -> Generator[None, None, None]:
        turns = [torch.fft.fftfreq(shape[0]), torch.fft.fftfreq(shape[1]), torch.fft.rfftfreq(shape[2])]
        sides = ((-1, 1, 1), (1, -1, 1), (1, 1, -1))
        halves = [(math.pi * turn.double()).reshape(side) for turn, side in zip(turns, sides, strict=True)]
        sines, cosines = [half.sin() for half in halves], [_exact(half.cos()) for half in halves]
        parts = []
        for axis, edge in enumerate(spacing):
            others = [cosines[other] for other in range(3) if other != axis]
            parts.append(2 / edge * sines[axis] * others[0] * others[1])
        full = (shape[0], shape[1], shape[2] // 2 + 1)
        planes = max(1, YIELD_VALUES // (full[1] * full[2]))
        slabs = [slice(start, min(start + planes, full[0])) for start in range(0, full[0], planes)]

        def frequencies(slab: slice) -> Tensor:
            size = (slab.stop - slab.start, *full[1:])
            return torch.stack([(part[slab] if len(part) == full[0] > 1 else part).expand(size) for part in parts])

        largest = 0.0
        for slab in slabs:
            largest = max(largest, float((frequencies(slab) ** 2).sum(dim=0).max()))
            yield
        self._direct = torch.empty(full, dtype=torch.float32, device=device)
        self._along = torch.empty((3, *full), dtype=torch.float32, device=device)
        for slab in slabs:
            q = frequencies(slab)
            square = (q**2).sum(dim=0)
            # the mean, and ways to move corners that strain no voxel, are nobody's business
            nothing = square <= 1e-12 * largest if largest > 0 else square >= 0
            inverse = torch.where(nothing, 0.0, 1 / torch.where(nothing, 1.0, square))
            self._direct[slab] = (inverse / shear).to(device, torch.float32)
            self._along[:, slab] = (q * inverse.sqrt()).to(device, torch.float32)
            yield
        self._ratio = (bulk_lambda + shear) / (bulk_lambda + 2 * shear)
        self._shape = shape

    def __call__(self, force: Tensor) -> Tensor:
        """The displacement for forces, shapes (3, Z, Y, X), double precision."""
        return finish(self.steps(force))

    def steps(self, force: Tensor) -> Steps:
        """The same in steps."""
        spectra = []
        for component in force:
            spectra.append(torch.fft.rfftn(component.to(torch.float32)))
            yield
        lengthwise = self._along[0] * spectra[0]
        for along, own in zip(self._along[1:], spectra[1:], strict=True):
            lengthwise += along * own
            yield
        displacement = torch.empty_like(force)
        for number, along in enumerate(self._along):
            spectrum = self._direct * (spectra[number] - self._ratio * along * lengthwise)
            displacement[number] = torch.fft.irfftn(spectrum, s=self._shape)
            yield
        return displacement


def _exact(cosine: Tensor) -> Tensor:
    """At a half turn the cosine is 0, not the rounding of π."""
    return torch.where(cosine.abs() < 1e-12, 0.0, cosine)


def _step(values: Tensor, axis: int) -> Tensor:
    return values.roll(-1, axis).sub_(values)


def _mean(values: Tensor, axis: int) -> Tensor:
    return values.roll(-1, axis).add_(values).div_(2)


def _step_back(values: Tensor, axis: int) -> Tensor:
    return values.roll(1, axis) - values


def _mean_back(values: Tensor, axis: int) -> Tensor:
    return values.roll(1, axis).add_(values).div_(2)
