"""Spaces of features in which sets of pictures are compared. The name of the space belongs to every number from it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from core.statistics.configurations import configuration_steps
from core.statistics.curves import measuring_curves
from core.statistics.euler import density_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class FeatureSpace(Protocol):
    """What turns a picture into a row of numbers."""

    @property
    def name(self) -> str:
        """What every number from this space is named after."""
        ...

    @property
    def frechet_name(self) -> str:
        """What a Fréchet distance in this space is called: FID where it is one, and nowhere else."""
        ...

    @property
    def scaled(self) -> bool:
        """Whether features are scaled to the real set's deviation before they are compared."""
        ...

    @property
    def weights(self) -> Mapping[str, str]:
        """File and SHA-256 of the weights that the features come from; empty where there are none."""
        ...

    def features(self, picture: Bools) -> Generator[None, None, Floats]:
        """The features of a picture, shape (Y, X), True in the phase: shape (d,). A generator that yields now and
        then, so that a job can be left there.
        """
        ...


@dataclass(frozen=True)
class DescriptorSpace:
    """The structure's own descriptors: S2 and L along the axes at a few lags, boundary and Euler number per area.

    Parameters
    ----------
    max_lag
        Largest lag, px, below the shorter side of every picture.
    """

    max_lag: int

    frechet_name = "Fréchet distance"
    scaled = True

    @property
    def weights(self) -> Mapping[str, str]:
        """None."""
        return {}

    @property
    def lags(self) -> tuple[int, ...]:
        """0, 1, 2, 3, then about twice as many per doubling, up to `max_lag`."""
        rising = np.unique(np.rint(2 ** np.arange(0, 16, 0.5)).astype(int))
        return tuple(int(lag) for lag in (0, *rising) if lag <= self.max_lag)

    @property
    def name(self) -> str:
        """The same for the same lags."""
        return f"descriptors (S₂ and L at lags up to {self.max_lag} px, boundary, Euler number)"

    @property
    def labels(self) -> tuple[str, ...]:
        """What each feature is."""
        along = [f"{what}({lag}) along {axis}" for what in ("S2", "L") for axis in "yx" for lag in self.lags[1:]]
        return ("fraction", *along, "boundary along y", "boundary along x", "Euler number")

    def features(self, picture: Bools) -> Generator[None, None, Floats]:
        """As `FeatureSpace.features`."""
        curves = yield from measuring_curves(picture, self.max_lag)
        counts = yield from configuration_steps(picture)
        at = list(self.lags[1:])
        steps = [float(np.mean(np.diff(picture, axis=axis))) for axis in range(2)]
        found = [
            np.array([picture.mean()]),
            curves.s2[:, at].ravel(),
            curves.lineal_path[:, at].ravel(),
            np.array([*steps, density_of(counts, 2, False)]),
        ]
        return np.concatenate(found)


def standardised(some: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Both clouds, shapes (n, d) and (m, d), shifted and scaled so that the reference has mean 0 and deviation 1.

    So every feature counts alike, whatever its unit. Features in which the reference does not vary at all are scaled
    by the other cloud's deviation instead, or left out where that does not vary either and agrees.
    """
    middle, scale = reference.mean(axis=0), reference.std(axis=0)
    tiny = 1e-12 * np.maximum(1.0, np.abs(middle))
    other = np.sqrt(((some - middle) ** 2).mean(axis=0))
    scale = np.where(scale > tiny, scale, other)
    kept = scale > tiny
    return (some - middle)[:, kept] / scale[kept], (reference - middle)[:, kept] / scale[kept]
