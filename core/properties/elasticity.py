"""Effective elastic moduli of a labelled volume whose phases are isotropic: the full stiffness tensor.

Six mean strains are imposed on the volume, which repeats along all axes; the mean stresses are the columns of the
stiffness. The equations and how they are solved: `core.properties.elastic_grid`. A volume that was not made to repeat
is taken as if it did: its faces then meet other faces, which disturbs a layer of about a correlation length.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.errors import InputError
from core.properties.elastic_grid import PAIRS, ElasticGrid, GreenOperator
from core.properties.ends import AXES, checked_spacing, checked_tolerance
from core.properties.krylov import conjugate_gradients
from core.properties.progress import Descent, SolverProgress

Floats = npt.NDArray[np.float64]

TOLERANCE = 1e-4
"""The stiffness is nearer than that: within 0.03 % even where thin bridges between pores make the solid floppy."""
LIMIT = 1500
"""Iterations for one load after which the best so far is returned, and said to be unfinished."""
COMPONENTS = tuple(AXES[a] + AXES[b] for a, b in PAIRS)
"""Names of the six components: zz, yy, xx, yx, zx, zy."""
_NOTHING = 1e-9
"""Stiffness below this share of the stiffest phase's counts as none."""


@dataclass(frozen=True)
class Moduli:
    """Of an isotropic solid: Young's modulus (any unit, Pa usually) and Poisson's ratio; 0 stands for a pore."""

    young: float
    poisson: float

    @property
    def bulk_lambda(self) -> float:
        """Lamé's first parameter."""
        return self.young * self.poisson / ((1 + self.poisson) * (1 - 2 * self.poisson))

    @property
    def shear(self) -> float:
        """Shear modulus, Lamé's second parameter."""
        return self.young / (2 * (1 + self.poisson))

    @property
    def bulk(self) -> float:
        """Bulk modulus."""
        return self.young / (3 * (1 - 2 * self.poisson))

    def check(self, phase: str) -> None:
        """Raise `InputError` where they cannot be those of a solid, or pore; ``phase`` is whose they are."""
        if not (math.isfinite(self.young) and self.young >= 0):
            raise InputError(
                f"Young's modulus of phase {phase} cannot be {self.young:g}.", "Give 0 for a pore, or more."
            )
        if not -1 < self.poisson < 0.5:
            raise InputError(
                f"Poisson's ratio of phase {phase} cannot be {self.poisson:g}.", "It lies between −1 and 0.5."
            )


@dataclass(frozen=True)
class Load:
    """How the iteration for one mean strain ended; ``component`` is its place in `COMPONENTS`.

    ``sentence`` says what the user must know, and is empty where all is well.
    """

    component: int
    relative_residual: float
    residuals: tuple[float, ...]
    iterations: int
    seconds: float
    sentence: str = ""


@dataclass(frozen=True, eq=False)
class Elasticity:
    """Effective stiffness of a volume.

    Attributes
    ----------
    stiffness
        Shape (6, 6), in the unit of the phases' moduli; rows and columns zz, yy, xx, yx, zx, zy, for engineering shear
        strains (γ = 2 ε). Symmetric.
    asymmetry
        Largest difference between it and its transpose before it was made symmetric, over its largest entry: what the
        iteration left.
    moduli
        Of each label, as given.
    loads
        One for each column.
    tolerance
        Relative residual at which the iteration was to stop.
    """

    stiffness: Floats
    asymmetry: float
    moduli: Mapping[int, Moduli]
    loads: tuple[Load, ...]
    tolerance: float

    @property
    def _compliance(self) -> Floats:
        # a volume that hangs together along some axes only has no inverse; a breath of stiffness gives it one
        breath = 1e-3 * _NOTHING * max(one.young for one in self.moduli.values())
        return np.asarray(np.linalg.inv(self.stiffness + breath * np.eye(6)), np.float64)

    @property
    def youngs(self) -> tuple[float, float, float]:
        """Young's modulus along z, y and x; 0 where nothing holds together."""
        least = _NOTHING * max(one.young for one in self.moduli.values())
        compliance = self._compliance
        z, y, x = (1 / float(compliance[axis, axis]) for axis in range(3))
        return z if z > least else 0.0, y if y > least else 0.0, x if x > least else 0.0

    @property
    def voigt(self) -> tuple[float, float]:
        """Bulk and shear modulus of the isotropic stiffness nearest to this one (Voigt's averages)."""
        c = self.stiffness
        normal, cross, shears = np.trace(c[:3, :3]), c[0, 1] + c[0, 2] + c[1, 2], np.trace(c[3:, 3:])
        return float((normal + 2 * cross) / 9), float((normal - cross + 3 * shears) / 15)

    @property
    def reuss(self) -> tuple[float, float]:
        """Bulk and shear modulus of the isotropic compliance nearest to this one's (Reuss' averages)."""
        s = self._compliance
        normal, cross, shears = np.trace(s[:3, :3]), s[0, 1] + s[0, 2] + s[1, 2], np.trace(s[3:, 3:])
        return float(1 / (normal + 2 * cross)), float(15 / (4 * normal - 4 * cross + 3 * shears))

    @property
    def isotropic(self) -> Moduli:
        """Young's modulus and Poisson's ratio of the mean of both (Hill's average)."""
        (k_v, g_v), (k_r, g_r) = self.voigt, self.reuss
        bulk, shear = (k_v + k_r) / 2, (g_v + g_r) / 2
        if bulk <= 0 or shear <= 0:
            return Moduli(0.0, 0.0)
        return Moduli(9 * bulk * shear / (3 * bulk + shear), (3 * bulk - 2 * shear) / (2 * (3 * bulk + shear)))

    @property
    def anisotropy(self) -> float:
        """Universal anisotropy index 5 G_V / G_R + K_V / K_R − 6, 0 for an isotropic stiffness (Ranganathan and
        Ostoja-Starzewski, Phys. Rev. Lett. 101, 055504, 2008); ∞ where the volume does not hold together.
        """
        if not all(self.youngs):
            return math.inf
        (k_v, g_v), (k_r, g_r) = self.voigt, self.reuss
        return 5 * g_v / g_r + k_v / k_r - 6

    @property
    def seconds(self) -> float:
        """Time of all loads together."""
        return sum(load.seconds for load in self.loads)

    @property
    def relative_residual(self) -> float:
        """The largest of the loads."""
        return max(load.relative_residual for load in self.loads)


def effective_elasticity(
    labels: npt.NDArray[np.uint8],
    moduli: Mapping[int, Moduli],
    *,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
    device: str = "cpu",
) -> Generator[SolverProgress, None, Elasticity]:
    """A job that computes the effective stiffness.

    Parameters
    ----------
    labels
        Shape (Z, Y, X).
    moduli
        Of each label that occurs. A Young's modulus of 0 is a pore.
    spacing
        Edges of a voxel along z, y and x; only their ratios matter.
    tolerance
        Forces that are left, over the norm of the stresses, at which to stop.
    limit
        Iterations for one load at most.
    device
        "cpu" or "cuda".

    Raises
    ------
    InputError
        Where moduli are missing or cannot be, where all phases are pores, or where spacing or tolerance cannot be used.
    """
    if labels.ndim != 3:
        raise InputError(f"A property is computed of a volume with three axes, not of shape {labels.shape}.")
    edges, goal = checked_spacing(spacing), checked_tolerance(tolerance)
    first, second = _checked_moduli(labels, moduli)
    scale = float(second.max())  # results do not depend on the unit
    where = torch.device(device)
    lame = torch.from_numpy((first / scale)[labels]).to(where)
    mu = torch.from_numpy((second / scale)[labels]).to(where)
    grid = ElasticGrid(lame, mu, edges)
    descent = Descent("Elasticity", tuple(range(6)), goal, COMPONENTS)
    building = GreenOperator.building(labels.shape, edges, float(lame.mean()), float(mu.mean()), where)
    precondition = yield from descent.before(0, building)
    columns, loads = [], []
    for component in range(6):
        began = time.perf_counter()
        yield descent.at(component, 0, 1.0)
        imposed = torch.zeros((6, 1, 1, 1), dtype=torch.float64, device=where)
        imposed[component] = 1.0 if component < 3 else 0.5
        stress = yield from descent.before(component, grid.stress_steps(imposed))
        rhs = -(yield from descent.before(component, grid.force_steps(stress)))
        norm = float(torch.linalg.vector_norm(stress))
        solving = conjugate_gradients(grid.steps, precondition.steps, rhs, torch.zeros_like(rhs), norm, goal, limit)
        solution = yield from descent.follow(component, solving)
        strain = yield from descent.after(grid.strain_steps(solution.vector))
        found = yield from descent.after(grid.stress_steps(strain.add_(imposed)))
        columns.append(scale * found.mean(dim=(1, 2, 3)).cpu().numpy())
        sentence = ""
        if solution.residuals[-1] > goal:
            sentence = (
                f"For the strain {COMPONENTS[component]} the iteration stopped at a residual of "
                f"{solution.relative_residual:.1e} instead of {goal:.1e}: the stiffness is not finished."
            )
        loads.append(
            Load(
                component, solution.relative_residual, solution.residuals, solution.iterations,
                time.perf_counter() - began, sentence,
            )
        )  # fmt: skip
    whole = np.array(columns).T
    asymmetry = float(np.abs(whole - whole.T).max() / np.abs(whole).max())
    return Elasticity((whole + whole.T) / 2, asymmetry, dict(moduli), tuple(loads), goal)


def _checked_moduli(labels: npt.NDArray[np.uint8], moduli: Mapping[int, Moduli]) -> tuple[Floats, Floats]:
    """λ and μ by label, as tables."""
    present = np.unique(labels).tolist()
    missing = [str(label) for label in present if label not in moduli]
    if missing:
        raise InputError(
            f"The moduli of phase {', '.join(missing)} are missing.", "Give Young's modulus and Poisson's ratio."
        )
    for label, one in moduli.items():
        one.check(str(label))
    first, second = np.zeros(max(present) + 1), np.zeros(max(present) + 1)
    for label in present:
        first[label], second[label] = moduli[label].bulk_lambda, moduli[label].shear
    if second.max() == 0:
        raise InputError("No phase of the volume is stiff.", "Give at least one phase a Young's modulus above 0.")
    return first, second
