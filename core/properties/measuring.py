"""Several properties of one volume in one job, as they were asked for."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.properties import conductivity, elasticity, permeability
from core.properties.conductivity import Conductivity, effective_conductivity
from core.properties.elasticity import Elasticity, Moduli, effective_elasticity
from core.properties.ends import Ends, Sides
from core.properties.permeability import Permeability, absolute_permeability
from core.properties.progress import SolverProgress


@dataclass(frozen=True)
class PropertyPlan:
    """What is to be computed.

    Attributes
    ----------
    conductivity
        Conductivity of each label in W/(m·K) (or any unit), or None where it is not wanted.
    pore_phase
        Label of the phase in which a fluid flows, or None where the permeability is not wanted.
    axes
        Driven axes, 0 to 2; the stiffness is computed as a whole.
    ends, sides
        What holds at the faces, see `core.properties.ends.Faces`; for the stiffness the volume always repeats.
    tolerance
        Relative residual at which to stop, or None for the solvers' own.
    device
        "cpu" or "cuda".
    elasticity
        Young's modulus (Pa) and Poisson's ratio of each label, or None where the stiffness is not wanted.
    """

    conductivity: Mapping[int, float] | None = None
    pore_phase: int | None = None
    axes: tuple[int, ...] = (0, 1, 2)
    ends: Ends = "fixed"
    sides: Sides = "closed"
    tolerance: float | None = None
    device: str = "cpu"
    elasticity: Mapping[int, Moduli] | None = None


@dataclass(frozen=True, eq=False)
class Properties:
    """What was computed: None what was not asked for."""

    plan: PropertyPlan
    conductivity: Conductivity | None = None
    permeability: Permeability | None = None
    elasticity: Elasticity | None = None

    def beside(self, earlier: Properties) -> Properties:
        """These, and those of ``earlier`` that are not among them."""
        plan = replace(
            self.plan,
            conductivity=earlier.plan.conductivity if self.conductivity is None else self.plan.conductivity,
            pore_phase=earlier.plan.pore_phase if self.permeability is None else self.plan.pore_phase,
            elasticity=earlier.plan.elasticity if self.elasticity is None else self.plan.elasticity,
        )
        return Properties(
            plan,
            self.conductivity or earlier.conductivity,
            self.permeability or earlier.permeability,
            self.elasticity or earlier.elasticity,
        )

    def without_fields(self) -> Properties:
        """The same without temperatures and velocities, which are as large as the volume: these are left empty."""
        heat, flow = self.conductivity, self.permeability
        if heat is not None:
            nothing = np.zeros((0, 0, 0), np.float32)
            heat = replace(heat, along=tuple(replace(along, field=nothing) for along in heat.along))
        if flow is not None:
            still = np.zeros((3, 0, 0, 0), np.float32)
            flow = replace(flow, along=tuple(replace(along, at_faces=still) for along in flow.along))
        return Properties(self.plan, heat, flow, self.elasticity)


def properties(
    labels: npt.NDArray[np.uint8], voxel_size: Sequence[float] | None, plan: PropertyPlan
) -> Generator[SolverProgress, None, Properties]:
    """A job that computes what ``plan`` asks for.

    Parameters
    ----------
    labels
        Shape (Z, Y, X), or (Y, X) for a picture, which counts as a volume one voxel deep.
    voxel_size
        Metres per voxel along each axis of ``labels``, or None where unknown (cubes are assumed).

    Raises
    ------
    InputError
        Where nothing is asked for, or as the functions for each property say.
    """
    if plan.conductivity is None and plan.pore_phase is None and plan.elasticity is None:
        raise InputError("No property was asked for.", "Choose conductivity, permeability or elasticity.")
    size = None if voxel_size is None else tuple(voxel_size)
    if labels.ndim == 2:
        labels, size = labels[None], None if size is None else (size[0], *size)
        if 0 in plan.axes and (plan.conductivity is not None or plan.pore_phase is not None):
            raise InputError("A picture has no z axis.", "Choose y, x or both.")
    heat, flow, stiff = None, None, None
    if plan.conductivity is not None:
        heat = yield from effective_conductivity(
            labels, plan.conductivity, axes=plan.axes, spacing=size or (1.0, 1.0, 1.0), ends=plan.ends,
            sides=plan.sides, tolerance=plan.tolerance or conductivity.TOLERANCE, device=plan.device,
        )  # fmt: skip
    if plan.pore_phase is not None:
        flow = yield from absolute_permeability(
            labels == plan.pore_phase, axes=plan.axes, voxel_size=size, ends=plan.ends, sides=plan.sides,
            tolerance=plan.tolerance or permeability.TOLERANCE, device=plan.device,
        )  # fmt: skip
    if plan.elasticity is not None:
        stiff = yield from effective_elasticity(
            labels, plan.elasticity, spacing=size or (1.0, 1.0, 1.0),
            tolerance=plan.tolerance or elasticity.TOLERANCE, device=plan.device,
        )  # fmt: skip
    return Properties(plan, heat, flow, stiff)
