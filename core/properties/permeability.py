"""Permeability of a pore space: steady creeping flow through the voxels of one phase.

Darcy's law defines it: k = μ U L / Δp, with U the volume flow per cross-section of the whole volume. Stokes' equations
are solved on a staggered grid with no slip at the voxels' faces (`core.properties.stokes`), for velocity and pressure
at once, by MINRES.

A lattice Boltzmann method would need ten to a hundred times as many passes, since it marches to the steady state, and
its walls move with the viscosity; here only pore voxels are stored, walls lie at the voxels' faces, and the residual
tells when the flow is steady.

The preconditioner has two parts. Friction is undone for each component by a multigrid cycle
(`core.properties.coarsening`). A pressure is answered at once near by, where D A⁻¹ Dᵀ is like the identity, and over
the network of pores as Darcy's law would: by a cycle for D u Dᵀ, u being how fast each face would let the fluid through
if pressures did not hold it back (the idea of Cahouet and Chabard, *Int. J. Numer. Methods Fluids* 8, 1988, for what
resists here, walls instead of inertia). It needs a tenth of the iterations that the diagonal alone does in sandstone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from core.errors import InputError
from core.properties.coarsening import MultigridCycle, product
from core.properties.ends import AXES, Ends, Faces, Sides, checked_axes, checked_spacing, checked_tolerance
from core.properties.in_blocks import times
from core.properties.krylov import Operator, Steps, conjugate_gradients, minimal_residuals
from core.properties.percolation import percolating_steps
from core.properties.progress import Descent, SolverProgress
from core.properties.stokes import Stokes, assembling

TOLERANCE = 1e-5
LIMIT = 5000
"""Iterations along one axis after which the best so far is returned, and said to be unfinished."""

DARCY = 9.869233e-13
"""One darcy in m²."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FlowAlong:
    """What was found along one axis.

    Attributes
    ----------
    axis
        0, 1 or 2 (z, y, x).
    voxels
        Permeability along the axis over the square of a voxel's edge (of the cube of the same volume).
    metres
        Permeability in m², or None where the voxel size is not known.
    relative_residual, residuals, iterations, seconds
        Where the iteration ended and how it came there.
    connected
        Volume fraction of the pores that lead through.
    at_faces
        Velocity (z, y, x) through the voxels' faces, float32, for a viscosity and a mean pressure gradient of 1 and the
        voxel's edge as unit of length. Shape (3, Z + 1, Y + 1, X + 1), as `core.properties.stokes.Stokes.at_faces`
        says; (3, 0, 0, 0) where it was let go of.
    sentence
        What the user must know: that nothing percolates, or that the iteration did not finish. Empty otherwise.
    """

    axis: int
    voxels: float
    metres: float | None
    relative_residual: float
    residuals: tuple[float, ...]
    iterations: int
    seconds: float
    connected: float
    at_faces: npt.NDArray[np.float32]
    sentence: str = ""

    @property
    def darcy(self) -> float | None:
        """Permeability in darcy, or None where the voxel size is not known."""
        return None if self.metres is None else self.metres / DARCY

    @property
    def velocity(self) -> npt.NDArray[np.float32]:
        """Velocity at the voxels' centres, the mean of their two faces, shape (3, Z, Y, X).

        Its mean along the axis is ``voxels``. Shape (3, 0, 0, 0) where it was let go of.
        """
        faces = self.at_faces
        if not faces.size:
            return faces
        middles = np.empty((3, *(side - 1 for side in faces.shape[1:])), np.float32)
        for axis, own in enumerate(faces):
            after = own[tuple(slice(1, None) if other == axis else slice(-1) for other in range(3))]
            middles[axis] = (own[:-1, :-1, :-1] + after) / 2
        return middles

    @property
    def speed(self) -> npt.NDArray[np.float32]:
        """Magnitude of the velocity, shape (Z, Y, X)."""
        magnitude: npt.NDArray[np.float32] = np.sqrt(np.square(self.velocity).sum(axis=0))
        return magnitude


@dataclass(frozen=True, eq=False)
class Permeability:
    """Permeability of a volume, along the axes that were asked for.

    Attributes
    ----------
    along
        One a driven axis, in their order.
    porosity
        Volume fraction of the pores, those that lead nowhere included.
    ends, sides, tolerance
        How it was computed.
    """

    along: tuple[FlowAlong, ...]
    porosity: float
    ends: Ends
    sides: Sides
    tolerance: float

    @property
    def seconds(self) -> float:
        """Time of all axes together."""
        return sum(found.seconds for found in self.along)

    @property
    def relative_residual(self) -> float:
        """The largest of the axes."""
        return max(found.relative_residual for found in self.along)


def absolute_permeability(
    pores: Bools,
    *,
    axes: Sequence[int] = (0, 1, 2),
    voxel_size: Sequence[float] | None = None,
    ends: Ends = "fixed",
    sides: Sides = "closed",
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
    device: str = "cpu",
) -> Generator[SolverProgress, None, Permeability]:
    """A job that computes the permeability.

    Parameters
    ----------
    pores
        Shape (Z, Y, X), True where the fluid flows.
    axes
        Driven axes, 0 to 2.
    voxel_size
        Edges of a voxel in metres along z, y and x, or None where unknown (cubes are assumed).
    ends, sides
        As `core.properties.ends.Faces` says: a fixed pressure at both faces, and nothing passes at the sides (nor rubs
        there), or a structure that repeats.
    tolerance
        Relative residual at which to stop.
    limit
        Iterations along one axis at most.
    device
        "cpu" or "cuda".

    Raises
    ------
    InputError
        Where there are no pores, or axes, voxel size or tolerance cannot be used.
    """
    wanted = checked_axes(axes, pores.shape)
    edges, goal = checked_spacing(voxel_size or (1.0, 1.0, 1.0)), checked_tolerance(tolerance)
    if not pores.any():
        raise InputError("The volume has no pores.", "Choose another phase as the pore space.")
    edge = None if voxel_size is None else math.prod(voxel_size) ** (1 / 3)
    descent = Descent("Flow", wanted, goal)
    found = []
    for axis in wanted:
        one = yield from _along(pores, Faces(axis, ends, sides), edges, edge, goal, limit, device, descent)
        found.append(one)
    return Permeability(tuple(found), float(pores.mean()), ends, sides, goal)


def _along(
    pores: Bools,
    faces: Faces,
    spacing: tuple[float, float, float],
    edge: float | None,
    tolerance: float,
    limit: int,
    device: str,
    descent: Descent,
) -> Generator[SolverProgress, None, FlowAlong]:
    began = time.perf_counter()
    axis = faces.axis
    through = yield from descent.before(axis, percolating_steps(pores, faces))
    if not through.any():
        how = "from face to face" if faces.ends == "fixed" else "from one copy of the volume to the next"
        sentence = f"Along {AXES[axis]} nothing flows: the pores do not lead {how}."
        still = np.zeros((3, *(side + 1 for side in pores.shape)), np.float32)
        metres = None if edge is None else 0.0
        return FlowAlong(axis, 0.0, metres, 0.0, (0.0,), 0, time.perf_counter() - began, 0.0, still, sentence)
    flow = yield from descent.before(axis, assembling(through, faces, spacing))
    apply, precondition, rhs = yield from descent.before(axis, saddle_point(flow, device))
    solution = yield from descent.follow(axis, minimal_residuals(apply, precondition, rhs, tolerance, limit))
    velocity = solution.vector[: len(flow.force)].cpu().numpy()
    found = float(flow.force @ velocity) / pores.size
    sentence = ""
    if solution.residuals[-1] > tolerance:
        sentence = (
            f"Along {AXES[axis]} the iteration stopped at a residual of {solution.relative_residual:.1e} "
            f"instead of {tolerance:.1e}: the value is not finished."
        )
    return FlowAlong(
        axis=axis,
        voxels=found,
        metres=None if edge is None else found * edge**2,
        relative_residual=solution.relative_residual,
        residuals=solution.residuals,
        iterations=solution.iterations,
        seconds=time.perf_counter() - began,
        connected=float(through.mean()),
        at_faces=flow.at_faces(velocity),
        sentence=sentence,
    )


def saddle_point(flow: Stokes, device: str) -> Generator[None, None, tuple[Operator, Operator, Tensor]]:
    """The whole system (velocities, then pressures), its preconditioner and its right-hand side; in steps.

    The matrix is (A, −Dᵀ; −D, 0), symmetric; the preconditioner is symmetric and positive.
    """
    viscous, divergence = product(flow.viscous, device), product(flow.divergence, device)
    yield
    gradient = product(-flow.divergence.T, device)
    count = len(flow.force)
    yield
    friction = yield from MultigridCycle.building(flow.viscous, flow.velocity_places, device)
    freely = yield from _freely(viscous, friction, count, device)
    across = sparse.csr_array(flow.divergence.T)
    yield
    across.data *= np.repeat(freely, np.diff(across.indptr))
    darcy = yield from times(flow.divergence, across)
    network = yield from MultigridCycle.building(darcy, flow.pressure_places, device)

    def apply(vector: Tensor) -> Steps:
        velocity, pressure = vector[:count], vector[count:]
        pushed = viscous(velocity)
        yield
        return torch.cat([pushed.add_(gradient(pressure)), divergence(velocity).neg_()])

    def precondition(vector: Tensor) -> Steps:
        velocity, pressure = vector[:count], vector[count:]
        moved = yield from friction.steps(velocity)
        pressed = yield from network.steps(pressure)
        return torch.cat([moved, pressed.add_(pressure)])

    rhs = torch.zeros(count + flow.divergence.shape[0], dtype=torch.float64, device=device)
    rhs[:count] = torch.from_numpy(flow.force)
    return apply, precondition, rhs


def _freely(
    viscous: Operator, friction: MultigridCycle, count: int, device: str
) -> Generator[None, None, npt.NDArray[np.float64]]:
    """How fast each face lets a fluid through that is pushed everywhere and held back by friction alone, roughly."""
    push = torch.ones(count, dtype=torch.float64, device=device)
    solving = conjugate_gradients(viscous, friction.steps, push, torch.zeros_like(push), math.sqrt(count), 1e-2, 100)
    try:
        while True:
            next(solving)
            yield
    except StopIteration as end:
        speed: npt.NDArray[np.float64] = end.value.vector.cpu().numpy()
    finally:
        solving.close()
    return np.maximum(speed, 1e-3)
