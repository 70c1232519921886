"""The two iterations that solve every property: conjugate gradients, and MINRES where there is a pressure.

Each is one loop over four hooks: apply the operator, precondition, take an inner product, and yield. Vectors are torch
tensors of any shape, in double precision; preconditioners may round to single precision.

On large volumes one iteration takes many seconds. An operator may therefore be a generator that yields while it works
and returns its vector; the loops yield None there, so that they can be left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from core.errors import JobError

Steps = Generator[None, None, Tensor]
Operator = Callable[[Tensor], Tensor | Steps]

SMALLEST_SHARE = 1e-300
"""Below it a direction is nothing at all, not merely small."""


@dataclass(frozen=True)
class Solution:
    """Where an iteration ended.

    Attributes
    ----------
    vector
        The solution.
    relative_residual
        What is left of the equations, over the scale that was given; computed afresh at the end.
    residuals
        The relative residual before each iteration and at the end, as the iteration itself knew it.
    gains
        Of conjugate gradients: by how much each iteration brought the energy of the error, ⟨e, A e⟩, down.
    """

    vector: Tensor
    relative_residual: float
    residuals: tuple[float, ...]
    gains: tuple[float, ...] = ()

    @property
    def iterations(self) -> int:
        """How often the operator was applied in the loop."""
        return len(self.residuals) - 1


def dot(a: Tensor, b: Tensor) -> float:
    """The inner product over all entries."""
    return float(torch.dot(a.reshape(-1), b.reshape(-1)))


def value_of(found: Tensor | Steps) -> Steps:
    """What an operator gave, at once or after some steps."""
    return found if isinstance(found, Tensor) else (yield from found)


def conjugate_gradients(
    apply: Operator, precondition: Operator, rhs: Tensor, start: Tensor, scale: float, tolerance: float, limit: int
) -> Generator[float | None, None, Solution]:
    """Solve A x = b for a symmetric A that is positive, or semi-positive with b in its range.

    Hestenes and Stiefel (1952). β is taken from A-conjugacy itself, β = −⟨z, A p⟩ / ⟨p, A p⟩, which equals the usual
    ratio in exact arithmetic and forgives a preconditioner that rounds.

    Parameters
    ----------
    apply, precondition
        A, and an approximation of its inverse, symmetric and positive; neither may change its argument.
    scale
        What the norm of the residual is divided by.
    tolerance, limit
        Ends where the relative residual is at most ``tolerance``, or after ``limit`` iterations.

    Yields
    ------
    float or None
        The relative residual, before each iteration and at the end; None in between.

    Raises
    ------
    JobError
        Where the numbers overflow.
    """
    x, residuals, gains = start.clone(), [], []
    r = rhs - (yield from value_of(apply(x)))
    z = yield from value_of(precondition(r))
    p, rz = z.clone(), dot(r, z)
    while True:
        residuals.append(_finite(math.sqrt(dot(r, r)) / scale))
        yield residuals[-1]
        if residuals[-1] <= tolerance or len(residuals) > limit:
            break
        q = yield from value_of(apply(p))
        pq = dot(p, q)
        if pq <= SMALLEST_SHARE:
            break
        alpha = rz / pq
        gains.append(alpha * rz)
        x.add_(p, alpha=alpha)
        r.sub_(q, alpha=alpha)
        yield None
        z = yield from value_of(precondition(r))
        p.mul_(-dot(z, q) / pq).add_(z)
        rz = dot(r, z)
    left = rhs - (yield from value_of(apply(x)))
    return Solution(x, math.sqrt(dot(left, left)) / scale, tuple(residuals), tuple(gains))


def minimal_residuals(
    apply: Operator, precondition: Operator, rhs: Tensor, tolerance: float, limit: int
) -> Generator[float | None, None, Solution]:
    """Solve A x = b, from x = 0, for a symmetric A of either sign, singular where b lies in its range.

    MINRES of Paige and Saunders (1975) with a preconditioner, as in Elman, Silvester and Wathen, *Finite Elements and
    Fast Iterative Solvers* (2014), algorithm 4.1. The residual is measured in the preconditioner's norm, relative to
    that of ``rhs``. Parameters, yields and raises as `conjugate_gradients`.
    """
    x, v_before, v = torch.zeros_like(rhs), torch.zeros_like(rhs), rhs.clone()
    w_before, w = torch.zeros_like(rhs), torch.zeros_like(rhs)
    z = yield from value_of(precondition(v))
    gamma = first = eta = math.sqrt(dot(z, v))
    gamma_before, c_before, c, s_before, s = 1.0, 1.0, 1.0, 0.0, 0.0
    residuals: list[float] = []
    while True:
        residuals.append(_finite(abs(eta) / first) if first > 0 else 0.0)
        yield residuals[-1]
        if residuals[-1] <= tolerance or len(residuals) > limit or gamma <= SMALLEST_SHARE:
            break
        z = z / gamma
        q = yield from value_of(apply(z))
        delta = dot(q, z)
        # Lanczos: the next direction is orthogonal to the last two, hence to all
        v_before = v_before.mul_(-gamma / gamma_before).add_(q).sub_(v, alpha=delta / gamma)
        v_before, v = v, v_before
        yield None
        z_next = yield from value_of(precondition(v))
        gamma_before, gamma = gamma, math.sqrt(max(0.0, dot(z_next, v)))
        a0, a2 = c * delta - c_before * s * gamma_before, s * delta + c_before * c * gamma_before
        a1, a3 = math.hypot(a0, gamma), s_before * gamma_before
        c_before, c, s_before, s = c, a0 / a1, s, gamma / a1
        w_before = w_before.mul_(-a3).add_(z).sub_(w, alpha=a2).div_(a1)
        w_before, w = w, w_before
        x.add_(w, alpha=c * eta)
        eta = -s * eta
        z = z_next
    left = rhs - (yield from value_of(apply(x)))
    z = yield from value_of(precondition(left))
    at_end = math.sqrt(max(0.0, dot(left, z))) / first if first > 0 else 0.0
    return Solution(x, at_end, tuple(residuals))


def _finite(residual: float) -> float:
    if not math.isfinite(residual):
        raise JobError("The solver's numbers overflowed.", "Bring the values of the phases closer together.")
    return residual
