"""Effective conductivity of a labelled volume: of heat, of electricity, or the diffusivity of a species.

All four are one equation, div(k grad T) = 0, with one value of k for each phase. A temperature is held at two opposite
faces (or a mean gradient imposed on a structure that repeats), the flux through the volume is divided by the gradient,
and that is the conductivity along this axis; the mean flux across gives the rest of a column of the tensor.

Method: finite volumes with harmonic means at the faces (`core.properties.conduction`), conjugate gradients
preconditioned by the homogeneous problem (`core.properties.homogeneous`). During the iteration the value falls towards
the exact one, and is above it by the energy of what is still missing in the field: by the square of the field's error.
How much that energy fell in the last steps is known exactly (Hestenes and Stiefel), and tells how much may be left.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.errors import InputError
from core.properties.conduction import Conduction
from core.properties.ends import AXES, Ends, Faces, Sides, checked_axes, checked_spacing, checked_tolerance
from core.properties.homogeneous import HomogeneousSolution
from core.properties.krylov import conjugate_gradients
from core.properties.percolation import percolating_steps
from core.properties.progress import Descent, SolverProgress

TOLERANCE = 1e-5
LIMIT = 3000
"""Iterations along one axis after which the best so far is returned, and said to be unfinished."""


@dataclass(frozen=True, eq=False)
class ConductionAlong:
    """What was found along one axis.

    Attributes
    ----------
    axis
        0, 1 or 2 (z, y, x).
    value
        Effective conductivity along the axis, in the unit of the phases' values.
    uncertainty
        How much the value still fell in the second half of the iterations, same unit: what is left is less. How much
        the voxels themselves are off is not in it.
    column
        Mean flux along z, y and x over the gradient: one column of the tensor.
    relative_residual, residuals, iterations, seconds
        Where the iteration ended and how it came there; the residual is what voxels gain or lose, over what flows
        through them.
    field
        Temperature at the voxels' centres, shape (Z, Y, X), float32, 1 at the first face and 0 at the last. Where
        nothing conducts it means nothing. Shape (0, 0, 0) where it was let go of.
    sentence
        What the user must know: that nothing percolates, or that the iteration did not finish. Empty otherwise.
    """

    axis: int
    value: float
    uncertainty: float
    column: tuple[float, float, float]
    relative_residual: float
    residuals: tuple[float, ...]
    iterations: int
    seconds: float
    field: npt.NDArray[np.float32]
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class Conductivity:
    """Effective conductivity of a volume, along the axes that were asked for.

    Attributes
    ----------
    along
        One a driven axis, in their order.
    values
        Conductivity of each label, as given.
    fraction
        Volume fraction of the phases that conduct.
    ends, sides, tolerance
        How it was computed.
    """

    along: tuple[ConductionAlong, ...]
    values: Mapping[int, float]
    fraction: float
    ends: Ends
    sides: Sides
    tolerance: float

    @property
    def tensor(self) -> npt.NDArray[np.float64] | None:
        """Shape (3, 3), rows and columns z, y, x; None where an axis is missing. Entry (i, j): flux along i for a
        gradient along j. With periodic ends and sides it is symmetric.
        """
        if len(self.along) != 3:
            return None
        return np.array([found.column for found in self.along]).T

    @property
    def seconds(self) -> float:
        """Time of all axes together."""
        return sum(found.seconds for found in self.along)

    @property
    def relative_residual(self) -> float:
        """The largest of the axes."""
        return max(found.relative_residual for found in self.along)

    def tortuosity(self, found: ConductionAlong) -> float | None:
        """τ = φ k₀ / k along one axis, where exactly one phase conducts and does percolate; else None."""
        conducting = {value for value in self.values.values() if value > 0}
        if len(conducting) != 1 or min(self.values.values()) > 0 or found.value <= 0:
            return None
        return self.fraction * conducting.pop() / found.value


def effective_conductivity(
    labels: npt.NDArray[np.uint8],
    values: Mapping[int, float],
    *,
    axes: Sequence[int] = (0, 1, 2),
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    ends: Ends = "fixed",
    sides: Sides = "closed",
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
    device: str = "cpu",
) -> Generator[SolverProgress, None, Conductivity]:
    """A job that computes the effective conductivity.

    Parameters
    ----------
    labels
        Shape (Z, Y, X).
    values
        Conductivity of each label that occurs, any unit (W/(m·K), S/m, m²/s, or relative), not negative. 0 insulates.
    axes
        Driven axes, 0 to 2.
    spacing
        Edges of a voxel along z, y and x; only their ratios matter.
    ends, sides
        As `core.properties.ends.Faces` says. "periodic" for both gives a symmetric tensor.
    tolerance
        Relative residual at which to stop. The value's own error is far smaller: it goes with the square.
    limit
        Iterations along one axis at most.
    device
        "cpu" or "cuda".

    Raises
    ------
    InputError
        Where a value is missing, negative or not finite, where no phase conducts, or where axes, spacing or tolerance
        cannot be used.
    """
    wanted = checked_axes(axes, labels.shape)
    edges, goal = checked_spacing(spacing), checked_tolerance(tolerance)
    table = _checked_values(labels, values)
    field = table[labels]
    descent = Descent("Conduction", wanted, goal)
    found = []
    for axis in wanted:
        faces = Faces(axis, ends, sides)
        one = yield from _along(field, faces, edges, goal, limit, torch.device(device), descent)
        found.append(one)
    fraction = float((field > 0).mean())
    return Conductivity(tuple(found), dict(values), fraction, ends, sides, goal)


def _along(
    field: npt.NDArray[np.float64],
    faces: Faces,
    spacing: tuple[float, float, float],
    tolerance: float,
    limit: int,
    device: torch.device,
    descent: Descent,
) -> Generator[SolverProgress, None, ConductionAlong]:
    began = time.perf_counter()
    yield descent.at(faces.axis, 0, 1.0)
    if field.min() == 0:
        # what leads nowhere carries no flux; without it there is less to solve
        through = yield from descent.before(faces.axis, percolating_steps(field > 0, faces))
        if not through.any():
            return _insulating(field.shape, faces, time.perf_counter() - began)
        field = np.where(through, field, 0.0)
    scale = float(field.max())  # results do not depend on the unit
    axis, relative = faces.axis, torch.from_numpy(field / scale).to(device)
    problem = yield from descent.before(axis, Conduction.building(relative, faces, spacing))
    precondition = yield from descent.before(axis, HomogeneousSolution.building(field.shape, faces, spacing, device))
    linear = problem.linear
    measure = yield from descent.before(axis, problem.flow_scale(linear))
    solving = conjugate_gradients(problem.apply, precondition, problem.driving, linear, measure, tolerance, limit)
    solution = yield from descent.follow(faces.axis, solving)
    found = yield from descent.after(problem.conductivity_column(solution.vector))
    column = [scale * entry for entry in found]
    late = solution.gains[len(solution.gains) // 2 :]
    sentence = ""
    if solution.residuals[-1] > tolerance:
        sentence = (
            f"Along {AXES[faces.axis]} the iteration stopped at a residual of {solution.relative_residual:.1e} "
            f"instead of {tolerance:.1e}: the value is not finished."
        )
    return ConductionAlong(
        axis=faces.axis,
        value=column[faces.axis],
        uncertainty=scale * problem.conductivity_of_energy(sum(late)),
        column=(column[0], column[1], column[2]),
        relative_residual=solution.relative_residual,
        residuals=solution.residuals,
        iterations=solution.iterations,
        seconds=time.perf_counter() - began,
        field=solution.vector.to(torch.float32).cpu().numpy(),
        sentence=sentence,
    )


def _insulating(shape: tuple[int, ...], faces: Faces, seconds: float) -> ConductionAlong:
    axis = faces.axis
    how = "from face to face" if faces.ends == "fixed" else "from one copy of the volume to the next"
    return ConductionAlong(
        axis=axis,
        value=0.0,
        uncertainty=0.0,
        column=(0.0, 0.0, 0.0),
        relative_residual=0.0,
        residuals=(0.0,),
        iterations=0,
        seconds=seconds,
        field=np.zeros(shape, np.float32),
        sentence=f"Along {AXES[axis]} nothing conducts: no phase with a conductivity leads {how}.",
    )


def _checked_values(labels: npt.NDArray[np.uint8], values: Mapping[int, float]) -> npt.NDArray[np.float64]:
    """Conductivity by label, as a table."""
    present = np.unique(labels).tolist()
    missing = [str(label) for label in present if label not in values]
    if missing:
        raise InputError(
            f"The conductivity of phase {', '.join(missing)} is missing.", "Give a value for each phase of the volume."
        )
    for label, value in values.items():
        if not (np.isfinite(value) and value >= 0):
            raise InputError(
                f"The conductivity of phase {label} cannot be {value:g}.", "Give 0 for an insulator, or more."
            )
    table = np.zeros(max(present) + 1)
    for label in present:
        table[label] = values[label]
    if table.max() == 0:
        raise InputError("No phase of the volume conducts.", "Give at least one phase a conductivity above 0.")
    return table
