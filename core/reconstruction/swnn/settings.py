"""What SWNN can be told, what it chooses from the exemplar itself, and its three presets.

Needs no torch, so that a form can be made from it at start-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np

from core.errors import InputError
from core.masks.mask import Mask
from core.settings import setting, validate


@dataclass(frozen=True)
class SwnnSettings:
    """Settings of the sliced-Wasserstein network. None means "choose from the exemplar" (see `resolve`)."""

    iterations: int = setting(
        420,
        "Iterations",
        "Steps of gradient descent. Training ends here or at the time limit.",
        minimum=1,
        maximum=100_000,
    )
    time_limit: float | None = setting(
        None,
        "Time limit",
        "Training ends after this time with what it has reached; the learning rate falls accordingly. The time counts "
        "training alone: calibrating, generating and measuring come after it.",
        unit="s",
        minimum=1.0,
        maximum=1e7,
        advanced=True,
    )
    optimiser: str = setting(
        "muon",
        "Optimiser",
        "How weights move. Muon turns each convolution in all its directions alike and needs less than half of Adam's "
        "steps; Adam is as published.",
        choices=("muon", "adam"),
        advanced=True,
    )
    learning_rate: float = setting(
        0.02, "Learning rate", "Adam's step size after warm-up.", minimum=1e-5, maximum=1.0, advanced=True
    )
    turning_rate: float = setting(
        0.03,
        "Turning rate",
        "Muon's step after warm-up, as a share of a convolution's norm; everything else follows Adam.",
        minimum=1e-5,
        maximum=1.0,
        advanced=True,
    )
    final_rate: float = setting(
        0.02,
        "Final rate",
        "Share of either rate that is left at the end of its cosine; 1 keeps it constant.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    frozen: float = setting(
        0.5,
        "Frozen share",
        "Share of the training, at its end, in which batch normalisation keeps its population statistics: the network "
        "is trained as it will be used. 0 as published.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    lowest_fraction: float | None = setting(
        None,
        "Lowest fraction",
        "One model for every volume fraction from here to the highest. Left empty, it learns the target's alone.",
        minimum=0.005,
        maximum=0.995,
    )
    highest_fraction: float | None = setting(
        None, "Highest fraction", "See the lowest fraction.", minimum=0.005, maximum=0.995
    )
    levels: int | None = setting(
        None, "Noise levels", "Grids of noise, each twice as coarse as the one before.", minimum=1, maximum=6
    )
    channels: int = setting(16, "Channels", "Features at full resolution.", minimum=4, maximum=128)
    coarse_channels: int = setting(24, "Coarse channels", "Features at the coarser levels.", minimum=4, maximum=128)
    fine_convolutions: int = setting(
        4, "Fine convolutions", "3³ convolutions at full resolution.", minimum=1, maximum=12
    )
    coarse_convolutions: int = setting(
        2, "Coarse convolutions", "3³ convolutions at each coarser level.", minimum=1, maximum=12
    )
    noise_channels: int = setting(
        3, "Noise channels", "Gaussian inputs at every level.", minimum=1, maximum=32, advanced=True
    )
    leak: float = setting(0.1, "Leak", "Slope of LeakyReLU below zero.", minimum=0.0, maximum=1.0, advanced=True)
    output_gain: float = setting(
        2.0,
        "Output gain",
        "The output is tanh(gain · x), which makes the two phases cheap to reach; 0 leaves it linear.",
        minimum=0.0,
        maximum=20.0,
        advanced=True,
    )
    window: int = setting(
        7, "Window", "Edge of the compared patterns (the template).", unit="px", minimum=3, maximum=15
    )
    scales: int | None = setting(
        None, "Scales", "Patterns are compared at 1, 2, 4 … times the pixel, this many times.", minimum=1, maximum=5
    )
    geometry: str = setting(
        "cubes",
        "Training blocks",
        "Cubes with many sections along each axis, or one thin slab per axis as published.",
        choices=("cubes", "slabs"),
        advanced=True,
    )
    cube: int | None = setting(
        None, "Block edge", "Edge of the cubes, or of the slabs' sections.", unit="px", minimum=8, maximum=512
    )
    batch: int | None = setting(None, "Batch", "Blocks per iteration.", minimum=1, maximum=64, advanced=True)
    directions: int = setting(
        0,
        "Directions",
        "Random projections per step; 0 takes a whole orthonormal basis of the window.",
        minimum=0,
        maximum=4096,
        advanced=True,
    )
    overview: int | None = setting(
        None,
        "Overview level",
        "This coarse level alone must already look like the averaged exemplar, in a box too large to compute in full; "
        "the full resolution follows it. 0 does without.",
        minimum=0,
        maximum=5,
        advanced=True,
    )
    overview_edge: int = setting(
        24, "Overview edge", "Edge of the overview's box.", unit="cells", minimum=8, maximum=256, advanced=True
    )
    follow: float = setting(
        1.0,
        "Weight of the overview",
        "How strictly averages of the full resolution follow the overview.",
        minimum=0.0,
        maximum=100.0,
        advanced=True,
    )
    correlation: float | None = setting(
        None,
        "Weight of correlation",
        "Share of a distance between maps of the two-point probability, beyond the reach of a window.",
        minimum=0.0,
        maximum=10.0,
        advanced=True,
    )
    shapes: float | None = setting(
        None,
        "Weight of shapes",
        "Share of a second distance: how far lines and squares fit into the phase, and the number of pieces.",
        minimum=0.0,
        maximum=10.0,
        advanced=True,
    )
    bent_bases: int | None = setting(
        None,
        "Bent bases",
        "Patterns are also compared after so many random layers of ReLU, which see where threads end and join.",
        minimum=0,
        maximum=8,
        advanced=True,
    )
    windows: int = setting(
        4096,
        "Windows",
        "Random windows per axis and scale compared at each step; 0 takes all of them.",
        minimum=0,
        maximum=1_000_000,
        advanced=True,
    )

    @property
    def conditional(self) -> bool:
        """Whether one model is to serve a range of volume fractions."""
        return self.lowest_fraction is not None and self.highest_fraction is not None


OWN = 0.002
"""A volume fraction this near to the exemplar's own is that."""
MASK_RANGE = 0.04
"""Least width of a range of volume fractions that is made for a mask."""
FINEST, FINE = 1.7, 2.5
"""Correlation lengths in pixels that part the exemplars this was tried on.

Below the first (sandstone, 1.4) two levels of noise say all there is, and shapes weigh more, for few pixels make one;
below the second (a battery material, 2) three levels. Above it (a porous rock, 3.6, and a carbonate, 3.3), pores differ
much in size and stand in clusters: four levels, an overview in cells of 4 px, and, as windows see threads and throats
as much alike, bent projections. Without the overview, a block that is small against the clusters is best imitated by
pores of one size evenly spread: whatever differs from block to block counts as an error.
"""

PRESETS: Mapping[str, SwnnSettings] = MappingProxyType(
    {
        "fast": SwnnSettings(time_limit=180.0),
        # 24 channels at full resolution took twice the time and were no better (a porous rock) or worse (a carbonate);
        # 1300 iterations were no better than these
        "thorough": SwnnSettings(time_limit=900.0, iterations=740, windows=8192),
        # for very large volumes: two thirds of the time for a voxel, lineal paths a little less like the exemplar's
        "light": SwnnSettings(time_limit=180.0, channels=8, coarse_channels=16, fine_convolutions=6),
        "paper": SwnnSettings(
            iterations=2000,
            optimiser="adam",
            learning_rate=0.05,
            final_rate=1.0,
            frozen=0.0,
            levels=1,
            channels=24,
            fine_convolutions=8,
            noise_channels=3,
            leak=0.01,
            output_gain=0.0,
            window=7,
            scales=1,
            geometry="slabs",
            batch=1,
            cube=128,
            directions=512,
            bent_bases=0,
            overview=0,
            correlation=0.0,
            shapes=0.0,
            windows=0,
        ),
    }
)
"""Preset name → settings; the first is the default. ``paper`` is as published (Sec. 3.1)."""


def resolve(settings: SwnnSettings, *indicators: np.ndarray) -> SwnnSettings:
    """Fill every None from the exemplar's correlation length, and fit blocks and windows to its size.

    Parameters
    ----------
    indicators
        True where the exemplar shows the phase; shape (Y, X), bool. Of several phases or exemplars one each: the
        longest correlation length and the smallest exemplar decide.

    Raises
    ------
    InputError
        Where a setting is out of range, or the exemplar is smaller than the pattern or shows only one phase.
    """
    validate(settings)
    for indicator in indicators:
        if indicator.ndim != 2:
            raise InputError(f"An exemplar has rows and columns; this one has shape {indicator.shape}.")
    low, high = settings.lowest_fraction, settings.highest_fraction
    if (low is None) != (high is None) or (low is not None and high is not None and low >= high):
        raise InputError(
            "A range of volume fractions needs a lowest and a highest one, in this order.",
            "Give both, or leave both empty.",
        )
    indicator = min(indicators, key=lambda one: min(one.shape))
    smallest = min(indicator.shape)
    if smallest < 2 * settings.window:
        raise InputError(
            f"The exemplar ({indicator.shape[0]} × {indicator.shape[1]} px) is too small for patterns of "
            f"{settings.window} × {settings.window} px: it must be at least twice as wide and high.",
            "Use a larger crop or a smaller window.",
        )
    if any(one.all() or not one.any() for one in indicators):
        raise InputError("The exemplar shows only one phase, so there is nothing to reconstruct.", "Segment it again.")
    from core.statistics import correlation_length  # late: a form needs the presets at start-up, but no statistics

    length = max(correlation_length(one) for one in indicators)
    fine = length < FINE
    levels = settings.levels or (2 if length < FINEST else 3 if fine else 4)
    overview = min((0 if fine else 2) if settings.overview is None else settings.overview, levels - 1)
    # a few of its windows must fit across the exemplar
    while overview and smallest < 2 * settings.window * 2**overview:
        overview -= 1
    if settings.geometry == "slabs":
        overview = 0
    scales = settings.scales or max(2, overview)
    while scales > 1 and smallest < 2 * settings.window * 2 ** (scales - 1):
        scales -= 1
    cube = max(settings.cube or 32, settings.window * 2 ** (scales - 1))
    if settings.geometry == "slabs":
        cube = min(cube, smallest)
    if overview:
        cube = -(-cube // 2**overview) * 2**overview
    return replace(
        settings,
        scales=scales,
        levels=levels,
        overview=overview,
        cube=cube,
        batch=settings.batch or 2,
        bent_bases=(0 if fine else 1) if settings.bent_bases is None else settings.bent_bases,
        correlation=1.0 if settings.correlation is None else settings.correlation,
        shapes=(1.5 if length < FINEST else 0.5) if settings.shapes is None else settings.shapes,
    )


Fraction = TypeVar("Fraction", float, np.ndarray)


def place_of(settings: SwnnSettings, fraction: Fraction) -> Fraction:
    """Where ``fraction`` lies in the range that a model is to serve: −1 at its lower end, 1 at its upper.

    0 where it serves one fraction only.
    """
    low, high = settings.lowest_fraction, settings.highest_fraction
    if low is None or high is None:
        return 0 * fraction
    return 2 * (fraction - low) / (high - low) - 1


def for_mask(settings: SwnnSettings, mask: Mask | None) -> SwnnSettings:
    """Settings whose range holds the mask's fractions, where there is a mask and no range yet."""
    if mask is None or settings.lowest_fraction is not None or settings.highest_fraction is not None:
        return settings
    low, high = mask.range
    # a range has a width, also for a mask that is the same everywhere
    room = max(0.0, MASK_RANGE - (high - low)) / 2
    low, high = max(0.005, low - room), min(0.995, high + room)
    return replace(settings, lowest_fraction=float(low), highest_fraction=float(high))


def largest_window(settings: SwnnSettings) -> int:
    """Edge in pixels of the largest windows that are compared."""
    edge: int = settings.window * 2 ** max((settings.scales or 1) - 1, settings.overview or 0)
    return edge
