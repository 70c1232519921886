"""One set of pictures against another: everything this room knows, as one job."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.job import Job, Progress, reported
from core.quality.copying import Nearest, nearest_steps
from core.quality.distances import frechet_distance, kernel_distance
from core.quality.grains import GrainSizes, grain_sizes, largest_difference
from core.quality.manifolds import NEIGHBOURS, PrecisionRecall, precision_recall_steps
from core.quality.pictures import PictureSet
from core.quality.similarity import Similarity, similarity
from core.quality.spaces import DescriptorSpace, FeatureSpace, standardised
from core.statistics.comparison import discrepancy
from core.statistics.curves import Curves, mean_curves, measuring_curves
from core.statistics.indicator import default_max_lag

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Quality:
    """How a set of generated pictures compares with a set of real ones.

    Attributes
    ----------
    generated, real
        The sets, as compared.
    space
        Name of the space of features that the next three were found in.
    weights
        File and SHA-256 of the weights that the features come from; empty where there are none.
    frechet_name
        What the Fréchet distance of this space is called.
    frechet, kernel
        Squared distances of the features, which are scaled to the real set's deviation where the space says so.
    manifolds
        Improved precision and recall; None with too few pictures.
    nearest, similarities
        The nearest real picture of each generated one, and how similar the two are.
    curves, real_curves
        Mean S2 and L of both sets.
    epsilon_s2, epsilon_lineal_path
        Area between the mean curves over that of the real set's, a ratio.
    epsilons_s2, epsilons_lineal_path
        Shape (n,): the same for each generated picture alone.
    fraction, real_fraction
        Mean share of the phase.
    grains, real_grains, grain_difference
        Sizes of whole pieces of the phase, and the largest difference of their distributions; NaN without any.
    notes
        What could not be found, and why.
    """

    generated: PictureSet
    real: PictureSet
    space: str
    weights: Mapping[str, str]
    frechet_name: str
    frechet: float
    kernel: float
    manifolds: PrecisionRecall | None
    nearest: Nearest
    similarities: tuple[Similarity, ...]
    curves: Curves
    real_curves: Curves
    epsilon_s2: float
    epsilon_lineal_path: float
    epsilons_s2: Floats
    epsilons_lineal_path: Floats
    fraction: float
    real_fraction: float
    grains: GrainSizes
    real_grains: GrainSizes
    grain_difference: float
    notes: tuple[str, ...] = ()

    @property
    def ssim(self) -> float:
        """Mean SSIM of the generated pictures with their nearest real ones."""
        return float(np.mean([one.ssim for one in self.similarities]))

    @property
    def psnr(self) -> float:
        """Mean PSNR of the same, dB; ∞ where one is a copy."""
        return float(np.mean([one.psnr for one in self.similarities]))


def comparing_sets(generated: PictureSet, real: PictureSet, space: FeatureSpace | None = None) -> Job[Quality]:
    """A job that compares two sets of pictures of one size.

    Parameters
    ----------
    generated, real
        At least two pictures each.
    space
        Where the features live; by default the descriptors of this program.

    Raises
    ------
    InputError
        Where sizes differ, or there are fewer than two pictures on a side.
    """
    if generated.pictures.shape[1:] != real.pictures.shape[1:]:
        raise InputError("The pictures of both sets must have one size.")
    if min(len(generated.names), len(real.names)) < 2:
        raise InputError(
            "At least two pictures on each side are needed.", "Give more, or larger ones: they are cut up."
        )
    lag = default_max_lag(generated.pictures.shape[1:])
    used = DescriptorSpace(lag) if space is None else space
    notes = []
    clouds, curves = [], []
    count = len(generated.names) + len(real.names)
    for which, one in enumerate((generated, real)):
        rows: list[Floats] = []
        found: list[Curves] = []
        for picture in one.pictures:
            progress = Progress(len(rows) + which * len(generated.names), count, "Measuring pictures")
            yield progress
            found.append((yield from reported(measuring_curves(picture, lag), progress)))
            rows.append((yield from reported(used.features(picture), progress)))
        clouds.append(np.stack(rows))
        curves.append(found)
    progress = Progress(0, 0, "Comparing both sets")
    yield progress
    some, others = standardised(clouds[0], clouds[1]) if used.scaled else (clouds[0], clouds[1])
    if not some.shape[1]:  # nothing varies, and both are alike
        some, others = np.zeros((len(some), 1)), np.zeros((len(others), 1))
    manifolds = None
    if min(len(some), len(others)) > NEIGHBOURS:
        manifolds = yield from reported(precision_recall_steps(some, others), progress)
    else:
        notes.append(f"Precision and recall need more than {NEIGHBOURS} pictures on each side.")
    yield progress
    frechet, kernel = frechet_distance(some, others), kernel_distance(some, others)
    if min(len(some), len(others)) <= some.shape[1]:
        notes.append(
            f"The {used.frechet_name} is found from fewer pictures than features ({some.shape[1]}): "
            "it comes out too large, and compares only with that of equally many."
        )
    near = yield from reported(nearest_steps(generated.pictures, real.pictures), progress)
    alike = []
    for picture, place in zip(generated.pictures, near.places, strict=True):
        alike.append(similarity(picture, real.pictures[place]))
        yield progress
    mean, known = mean_curves(curves[0]), mean_curves(curves[1])
    grains = [grain_sizes(list(one.pictures)) for one in (generated, real)]
    difference = largest_difference(*grains)
    if math.isnan(difference):
        notes.append("No piece of the phase lies wholly inside a picture, so that there are no sizes to compare.")
    return Quality(
        generated=generated,
        real=real,
        space=used.name,
        weights=used.weights,
        frechet_name=used.frechet_name,
        frechet=frechet,
        kernel=kernel,
        manifolds=manifolds,
        nearest=near,
        similarities=tuple(alike),
        curves=mean,
        real_curves=known,
        epsilon_s2=_epsilon(mean.s2_mean, known.s2_mean),
        epsilon_lineal_path=_epsilon(mean.lineal_path_mean, known.lineal_path_mean),
        epsilons_s2=np.array([_epsilon(one.s2_mean, known.s2_mean) for one in curves[0]]),
        epsilons_lineal_path=np.array([_epsilon(one.lineal_path_mean, known.lineal_path_mean) for one in curves[0]]),
        fraction=float(generated.pictures.mean()),
        real_fraction=float(real.pictures.mean()),
        grains=grains[0],
        real_grains=grains[1],
        grain_difference=difference,
        notes=tuple(notes),
    )


def _epsilon(curve: Floats, reference: Floats) -> float:
    try:
        return discrepancy(curve, reference)
    except InputError:  # the phase is absent from all real pictures
        return math.nan
