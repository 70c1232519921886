"""What the diffusion engine can be told, and its presets. Needs no torch, so that a form can be made at start-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import InputError
from core.settings import setting, validate

LARGEST_STREAM = 60_000
"""Fields of noise that one volume may draw; see `core.generation.noise.MAX_STREAMS`."""

WHOLE = 4
"""From so many pictures of a class on, whole ones are held out; of fewer, a strip of each."""

SAMPLING = ("steps", "passes", "sampler", "crowding", "eta", "planes", "guidance")
"""Settings of generating alone: a trained model serves with others, too."""


@dataclass(frozen=True)
class DiffusionSettings:
    """Settings of the diffusion engine. None means "choose from the exemplar" (see `resolve`)."""

    iterations: int = setting(
        4000,
        "Iterations",
        "Steps of gradient descent. Training ends here or at the time limit.",
        minimum=1,
        maximum=10_000_000,
    )
    time_limit: float | None = setting(
        None,
        "Time limit",
        "Training ends after this time with what it has reached; the learning rate falls accordingly. The time counts "
        "training alone: generating and measuring come after it.",
        unit="s",
        minimum=1.0,
        maximum=1e7,
        advanced=True,
    )
    held_out_looks: int | None = setting(
        None,
        "Held-out looks",
        "A part of the data is held out, and training ends when so many looks at it in a row (one every 50 iterations) "
        "were no better than before; the weights of the best look are kept. 0 holds nothing out and never ends early. "
        "Automatic: 0, but 20 for classes with few images.",
        minimum=0,
        maximum=100_000,
        advanced=True,
    )
    steps: int = setting(
        30,
        "Sampling steps",
        "From noise to the volume in so many steps; each looks at every plane as often as the passes say.",
        minimum=2,
        maximum=4000,
    )
    passes: int = setting(
        3,
        "Passes per step",
        "Each step is repeated so often, with noise put back in between and another axis's planes each time, so that "
        "the three directions agree (harmonised sampling).",
        minimum=1,
        maximum=30,
    )
    sampler: str = setting(
        "ddim",
        "Sampler",
        "How a step is made: implicit (DDIM), ancestral (DDPM) or of second order, without (DPM-Solver++) and with "
        "fresh noise (SDE-DPM-Solver++).",
        choices=("ddim", "ddpm", "dpm-solver++", "sde-dpm-solver++"),
        advanced=True,
    )
    crowding: float = setting(
        1.0,
        "Crowding",
        "How much closer together the steps lie in the noise, where coarse structures arise; 1 spreads them evenly.",
        minimum=1.0,
        maximum=4.0,
        advanced=True,
    )
    eta: float = setting(
        1.0,
        "Fresh noise η",
        "Of DDIM: 0 keeps the noise it finds, 1 draws as much anew as DDPM does.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    planes: str = setting(
        "in turn",
        "Planes",
        "Sections across one axis after the other, as published, or across all three at once: where the network "
        "answers odds, these add up by Bayes' rule; else their mean is taken.",
        choices=("in turn", "together"),
        advanced=True,
    )
    guidance: float = setting(
        0.0,
        "Guidance",
        "How much a wanted volume fraction is overstated to the network (classifier-free guidance); above 0 sampling "
        "takes twice as long.",
        minimum=0.0,
        maximum=10.0,
        advanced=True,
    )
    crop: int | None = setting(
        None, "Crop", "Edge of the random crops that training sees.", unit="px", minimum=8, maximum=1024
    )
    batch: int = setting(8, "Batch", "Crops per iteration.", minimum=1, maximum=4096)
    symmetries: str = setting(
        "auto",
        "Symmetries",
        "How crops are turned and mirrored at random: all eight ways, mirrored only, or not at all; auto turns them "
        "unless the exemplar is stretched along one axis.",
        choices=("auto", "all", "mirrored", "none"),
    )
    told: bool = setting(
        True,
        "Told the fraction",
        "Whether the network learns to follow a volume fraction. Otherwise the sampling alone is pulled towards it.",
    )
    untold: float = setting(
        0.5,
        "Untold share",
        "Share of the crops whose fraction the network is not told, so that it knows both.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    optimiser: str = setting(
        "muon",
        "Optimiser",
        "How weights move. Muon learns all directions of a convolution at one rate and needs fewer steps; Adam is as "
        "published.",
        choices=("muon", "adam"),
        advanced=True,
    )
    turning_rate: float = setting(
        6e-3, "Turning rate", "Muon's step size after warm-up.", minimum=1e-7, maximum=1.0, advanced=True
    )
    learning_rate: float = setting(
        4e-3, "Learning rate", "Adam's step size after warm-up.", minimum=1e-7, maximum=1.0, advanced=True
    )
    final_rate: float = setting(
        0.05,
        "Final rate",
        "Share of the learning rate that is left at the end of its cosine; 1 keeps it constant.",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    averaging: float = setting(
        0.995,
        "Averaging",
        "Volumes are made with a running mean of the weights that keeps this share of itself at each step.",
        minimum=0.0,
        maximum=0.99999,
        advanced=True,
    )
    dropout: float = setting(
        0.0, "Dropout", "Share of features left out at random while training.", minimum=0.0, maximum=0.9, advanced=True
    )
    schedule: str = setting(
        "cosine", "Schedule", "How noise grows with time.", choices=("cosine", "linear"), advanced=True
    )
    times: int = setting(1000, "Times", "Times of the forward process.", minimum=10, maximum=10_000, advanced=True)
    prediction: str = setting(
        "velocity",
        "Prediction",
        "What the network answers: the noise, as published; the velocity, which is as exact at all times; or the odds "
        "of the phases by a pixel's surroundings, to which Bayes' rule adds what the pixel says of itself.",
        choices=("odds", "velocity", "noise"),
        advanced=True,
    )
    bound_weight: float = setting(
        0.0,
        "Weight of the bound",
        "λ of the hybrid objective: above 0 the variance of a step is learned too (0.001 as published).",
        minimum=0.0,
        maximum=1.0,
        advanced=True,
    )
    patch: int | None = setting(
        1,
        "Patch",
        "The network sees squares of so many pixels as one place, which is faster. Automatic: 2, but 1 and smaller "
        "crops where the exemplar is so fine that a square would hold both phases.",
        unit="px",
        choices=(1, 2, 4),
        advanced=True,
    )
    channels: int = setting(24, "Channels", "Features at full resolution.", minimum=8, maximum=512)
    levels: int = setting(3, "Resolutions", "Each is half as fine as the one before.", minimum=1, maximum=6)
    widening: int = setting(
        4,
        "Widening",
        "Features double from one resolution to the next, up to so many times those of the first.",
        minimum=1,
        maximum=32,
        advanced=True,
    )
    blocks: int = setting(
        1, "Blocks", "Residual blocks at each resolution, on the way down and up.", minimum=1, maximum=8
    )
    attention: int = setting(
        2,
        "Attention after",
        "Places look at one another after so many halvings of the resolution; 0 does without.",
        minimum=0,
        maximum=5,
        advanced=True,
    )

    @property
    def serves_every_fraction(self) -> bool:
        """Whether one training serves all volume fractions: what is learned does not depend on the one wanted."""
        return self.told

    @property
    def stride(self) -> int:
        """Pixels across one place of the coarsest resolution; sections must be a whole number of them."""
        return int(self.square * 2 ** (self.levels - 1))

    @property
    def square(self) -> int:
        """Edge of the squares of pixels that the network sees as one place."""
        return self.patch or 1

    @property
    def widths(self) -> tuple[int, ...]:
        """Features at each resolution, the finest first."""
        return tuple(self.channels * min(2**level, self.widening) for level in range(self.levels))


FEW_STEPS: Mapping[str, Any] = MappingProxyType({"sampler": "sde-dpm-solver++", "crowding": 2.0})
"""How few steps come nearest: they keep the share of a rare phase."""

PRESETS: Mapping[str, DiffusionSettings] = MappingProxyType(
    {
        "small": DiffusionSettings(
            time_limit=720.0,
            passes=1,
            planes="together",
            prediction="odds",
            patch=None,
            **FEW_STEPS,
        ),
        "paper": DiffusionSettings(
            iterations=100_000,
            steps=150,
            eta=0.0,
            batch=32,
            optimiser="adam",
            learning_rate=1e-4,
            final_rate=1.0,
            averaging=0.9999,
            dropout=0.1,
            schedule="linear",
            times=4000,
            prediction="noise",
            bound_weight=0.001,
            told=False,
            channels=128,
            levels=5,
            widening=2,
            blocks=3,
            attention=2,
        ),
    }
)
"""Preset name → settings; the first is the default. ``paper`` is as published (Lee and Yun, Secs 2.2.2 and 2.4)."""

LARGEST_CROP = 64
PATCH = 2
"""Squares of pixels that are one place, where the settings leave that open."""
FINE = 8.0
"""Mean period of structures, px, under which a pixel is a place."""
FINE_CROP = 32
"""Crops then: there are as many places in them, and periods enough."""


def resolve(settings: DiffusionSettings, *indicators: np.ndarray) -> DiffusionSettings:
    """Fill every None, and "auto", from the exemplar.

    Parameters
    ----------
    indicators
        True where the exemplar shows the phase; shape (Y, X), bool. Of several phases or exemplars one each: the
        smallest exemplar decides on the crops, any that is stretched on the symmetries.

    Raises
    ------
    InputError
        Where a setting is out of range, settings contradict one another, or the exemplar is smaller than the crops.
    """
    validate(settings)
    _check_sampling(settings)
    if settings.channels % 8:
        raise InputError(
            f"Channels are normalised in groups of eight, so {settings.channels} do not go.",
            "Choose a multiple of 8.",
        )
    smallest = min(side for indicator in indicators for side in indicator.shape)
    largest = LARGEST_CROP
    if settings.patch is None:
        fine = any(period(indicator) < FINE for indicator in indicators)
        settings, largest = replace(settings, patch=1 if fine else PATCH), FINE_CROP if fine else LARGEST_CROP
    stride = settings.stride
    crop = min(largest, smallest // stride * stride) if settings.crop is None else settings.crop
    if crop % stride or crop < 2 * stride:
        raise InputError(
            f"Crops of {crop} px do not go with {settings.levels} resolutions.",
            f"Choose a multiple of {stride} px, at least {2 * stride}; the exemplar has {smallest} px at least.",
        )
    if crop > smallest:
        raise InputError(
            f"The exemplar ({smallest} px at its shortest side) is smaller than crops of {crop} px.",
            "Use a larger exemplar or smaller crops.",
        )
    if any(indicator.all() or not indicator.any() for indicator in indicators):
        raise InputError("The exemplar shows only one phase, so there is nothing to reconstruct.", "Segment it again.")
    symmetries = settings.symmetries
    if symmetries == "auto":
        symmetries = "mirrored" if any(stretched(indicator) for indicator in indicators) else "all"
    return replace(settings, crop=crop, symmetries=symmetries, held_out_looks=settings.held_out_looks or 0)


def _check_sampling(settings: DiffusionSettings) -> None:
    draws = settings.steps * settings.passes * 2 + 1
    if draws > LARGEST_STREAM:
        raise InputError(f"{settings.steps} steps of {settings.passes} passes are too many.", "Choose fewer of either.")
    if settings.steps > settings.times:
        raise InputError(
            f"There are only {settings.times} times, so sampling cannot take {settings.steps} steps.",
            "Choose fewer sampling steps or more times.",
        )


def sampled_as(settings: DiffusionSettings, changes: Mapping[str, Any]) -> DiffusionSettings:
    """The settings of a trained model with others of `SAMPLING`.

    Raises
    ------
    InputError
        For any other setting, and where values are out of range or contradict one another.
    """
    fixed = sorted(set(changes) - set(SAMPLING))
    if fixed:
        raise InputError(
            f"The setting {fixed[0]} shapes the training, so a trained model cannot change it.",
            f"After training, these can be changed: {', '.join(SAMPLING)}.",
        )
    chosen = validate(replace(settings, **changes))
    _check_sampling(chosen)
    return chosen


def period(indicator: np.ndarray) -> float:
    """Mean distance along rows and columns from where the phase begins to where it begins again, px."""
    changes = sum(float(np.diff(indicator.astype(bool), axis=axis).mean()) for axis in (0, 1)) / 2
    return 2 / changes if changes else float("inf")


STRETCHED = 1.5
"""Ratio of lengths along rows and columns from which on an exemplar is not turned."""


def stretched(indicator: np.ndarray) -> bool:
    """Whether structures are much longer along one axis than along the other."""
    from core.statistics import axis_ratio  # late: a form needs no statistics

    return axis_ratio(indicator) > STRETCHED
