"""All that sections of a block are compared with: patterns at several scales, shapes, and the two-point probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from core.errors import InputError
from core.images.values import PhaseImage
from core.reconstruction.engine import Target
from core.reconstruction.swnn.agreement import shared_lines
from core.reconstruction.swnn.correlation import ExemplarCorrelation
from core.reconstruction.swnn.patterns import ExemplarPatterns, Fraction, controlled_places, places_with
from core.reconstruction.swnn.settings import OWN, SwnnSettings, largest_window, place_of
from core.reconstruction.swnn.shapes import ExemplarShapes
from core.statistics.indicator import window_shares

Part = TypeVar("Part")

CORRELATION_REACH = 12
"""Largest lag, in cells, at which the two-point probability is compared."""
NEAR_CELL, NEAR_SHARE = 2, 0.5
"""Edge in pixels of the cells in which it is compared at full resolution, and that distance's share."""
SERVED = 9
"""Volume fractions, evenly spread over the range that a model is to serve, whose distributions it learns."""
_SERVED_POOL = 8
MOST_PATCHES = 1024
"""So many random patches stand for an exemplar at another volume fraction."""


class Objective:
    """What a network is to imitate, of one exemplar at one volume fraction.

    Parameters
    ----------
    inside
        True where the exemplar shows the phase, shape (Y, X); or (C, Y, X), a channel for each of several phases.
    settings
        Resolved settings.
    fraction
        Wanted volume fraction, or, of several phases, one each; None for the exemplar's own. Patterns with another
        mean are picked from the exemplar's (SWNN, Sec. 2.2.3), and shapes are those of patches picked in the same way.
    pool
        Bases kept per scale (see `ExemplarPatterns`).

    Raises
    ------
    InputError
        Where the fraction is out of reach.
    """

    def __init__(
        self,
        inside: np.ndarray,
        settings: SwnnSettings,
        fraction: Fraction | None,
        *,
        generator: torch.Generator,
        device: str = "cpu",
        pool: int = ExemplarPatterns.POOL,
    ) -> None:
        self._settings = settings
        level = settings.overview or 0

        def patterns(*scales: int) -> ExemplarPatterns:
            return ExemplarPatterns(
                inside,
                settings.window,
                scales,
                directions=settings.directions,
                windows=settings.windows,
                bent_bases=settings.bent_bases or 0,
                fraction=fraction,
                pool=pool,
                generator=generator,
                device=device,
            )

        self._patterns = patterns(*(2**power for power in range(settings.scales or 1)))
        self._overview = patterns(2**level) if level else None
        self._shapes: list[ExemplarShapes] = []
        self._near: list[ExemplarCorrelation] = []
        self._far: list[ExemplarCorrelation] = []
        edge = settings.cube or 1
        if not (settings.shapes or settings.correlation):
            return
        layers = (inside if inside.ndim == 3 else inside[None])[:, None]
        if fraction is not None:
            least = largest_window(settings)
            if isinstance(fraction, float):
                layers = patches_with(layers[0, 0], fraction, edge, least, generator)[None]
            else:
                layers = patches_with(inside, fraction, edge, least, generator)
            edge = min(edge, layers.shape[-1])
        for sections in layers:
            if settings.shapes:
                self._shapes.append(ExemplarShapes(sections, edge // 2, device))
            if settings.correlation:
                reach = min(CORRELATION_REACH, edge // NEAR_CELL - 2)
                if reach > 0:
                    self._near.append(ExemplarCorrelation(sections, NEAR_CELL, reach, device))
                # patches are too small to say anything about the distances that the overview is there for
                if level and fraction is None:
                    far = min(CORRELATION_REACH, settings.overview_edge - 2)
                    self._far.append(ExemplarCorrelation(sections, 2**level, far, device))

    @property
    def patterns(self) -> tuple[ExemplarPatterns, ...]:
        """All that keep projections from step to step."""
        return (self._patterns,) if self._overview is None else (self._patterns, self._overview)

    @property
    def aimed(self) -> tuple[ExemplarShapes | ExemplarCorrelation, ...]:
        """All whose aims move from step to step."""
        return (*self._shapes, *self._near, *self._far)

    def distance(self, block: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Of the sections of a block at full resolution, shape (N, C, D, H, W), across ``axes``."""
        found = self._patterns.distance(block, axes, generator)
        if self._shapes:
            shapes = [part.distance(one, axes, generator) for part, one in _each(self._shapes, block)]
            found = found + (self._settings.shapes or 0.0) * torch.stack(shapes).mean()
        if self._near:
            near = [part.distance(one, axes, generator) for part, one in _each(self._near, block)]
            found = found + NEAR_SHARE * (self._settings.correlation or 0.0) * torch.stack(near).mean()
        return found

    def overview_distance(self, field: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Of the sections of an overview's field, shape (N, C, D, H, W) in its own cells, across ``axes``."""
        if self._overview is None:
            raise ValueError("these settings have no overview")
        cell = 2 ** (self._settings.overview or 0)
        found = self._overview.distance(field, axes, generator, cell)
        if self._far:
            far = [part.distance(one, axes, generator, cell) for part, one in _each(self._far, field)]
            found = found + (self._settings.correlation or 0.0) * torch.stack(far).mean()
        return found


def _each(parts: Sequence[Part], block: Tensor) -> list[tuple[Part, Tensor]]:
    """Each phase's part of the objective, and its channel of the block."""
    return [(part, block[:, channel : channel + 1]) for channel, part in enumerate(parts)]


def agree(across: Sequence[Objective]) -> None:
    """Let what stands for sections across z, y and x (three objectives, or one for several) agree on common lines.

    Where one stands for all three, its map of S2 stays as it is: measured on a porous rock, averages of its rows and
    columns did not make volumes more alike to it.
    """
    alone = all(one is across[0] for one in across)
    for name in ("_shapes",) if alone else ("_shapes", "_near", "_far"):
        for same in zip(*(getattr(one, name) for one in across), strict=True):  # a channel of each
            fraction = sum(part.fraction for part in same) / len(same)
            lines = shared_lines(same, lambda part: part.lines)
            for part in {id(part): part for part in same}.values():
                part.agree(fraction, lines[id(part)])


class PlaneObjectives:
    """One `Objective` for the sections across each axis: what a structure with directions is to imitate."""

    def __init__(self, across: Sequence[Objective]) -> None:
        self._across = tuple(across)

    @property
    def parts(self) -> tuple[Objective, ...]:
        """The objectives, each once."""
        return tuple(dict.fromkeys(self._across))

    def distance(self, block: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """As of `Objective`."""
        parts = [len(mine) * objective.distance(block, mine, generator) for objective, mine in self._grouped(axes)]
        return torch.stack(parts).sum() / len(axes)

    def overview_distance(self, field: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """As of `Objective`."""
        parts = [
            len(mine) * objective.overview_distance(field, mine, generator) for objective, mine in self._grouped(axes)
        ]
        return torch.stack(parts).sum() / len(axes)

    def _grouped(self, axes: tuple[int, ...]) -> list[tuple[Objective, tuple[int, ...]]]:
        """Each objective once, with those of ``axes`` that are its own."""
        found: list[tuple[Objective, tuple[int, ...]]] = []
        for objective in self.parts:
            mine = tuple(axis for axis in axes if self._across[axis] is objective)
            if mine:
                found.append((objective, mine))
        return found


@dataclass(frozen=True, eq=False)
class Served:
    """One volume fraction that a network is to serve: its place in the range (`place_of`) and what to imitate there."""

    place: float
    objective: Objective | PlaneObjectives


def objectives_of(target: Target, settings: SwnnSettings, generator: torch.Generator, device: str) -> list[Served]:
    """One for the target's fraction, or `SERVED` of the range, ascending.

    Raises
    ------
    InputError
        Where one of them is out of reach.
    """
    low, high = settings.lowest_fraction, settings.highest_fraction
    if low is None or high is None:
        return [Served(0.0, _objective(target, settings, target.wanted_fraction, generator, device))]
    fractions = np.linspace(low, high, SERVED)
    own = target.own_fraction
    if low <= own <= high:
        # the one fraction at which everything is known
        fractions[np.abs(fractions - own).argmin()] = own
    # each block of a step has a fraction of its own, and its share of the windows
    shared = replace(settings, windows=-(-settings.windows // (settings.batch or 1)))
    return [
        Served(place_of(settings, fraction), _objective(target, shared, fraction, generator, device, _SERVED_POOL))
        for fraction in fractions.tolist()
    ]


def _objective(
    target: Target,
    settings: SwnnSettings,
    wanted: float,
    generator: torch.Generator,
    device: str,
    pool: int = ExemplarPatterns.POOL,
) -> Objective | PlaneObjectives:
    """For one volume fraction: of the one exemplar, or of each plane's."""
    # several channels have as many more directions in each basis, several planes as many more places
    pool = max(_SERVED_POOL, pool // len(target.indicators))
    made = [
        Objective(
            target.channels_of(image),
            settings,
            other_fractions(target, wanted, image) if target.several else other_fraction(target, wanted, image),
            generator=generator,
            device=device,
            pool=pool,
        )
        for image in target.distinct_exemplars
    ]
    by_image = {id(image): objective for image, objective in zip(target.distinct_exemplars, made, strict=True)}
    across = [by_image[id(image)] for image in target.exemplars]
    agree(across)
    return PlaneObjectives(across) if target.anisotropic else made[0]


def other_fraction(target: Target, wanted: float, image: PhaseImage | None = None) -> float | None:
    """``wanted`` where it is not the exemplar's own, else None.

    Exemplars of several planes are samples whose fractions scatter: where none was asked for, each keeps its own, and
    the threshold sees to their mean.
    """
    if target.anisotropic and abs(wanted - target.own_fraction) < OWN:
        return None
    own = (image or target.exemplar).fractions[target.phase]
    return None if abs(wanted - own) < OWN else wanted


def other_fractions(target: Target, wanted: float, image: PhaseImage) -> tuple[float, ...] | None:
    """As `other_fraction`, of all phases: those in which the phase of interest has the share ``wanted``."""
    if target.region_of is not None:
        return None
    fractions = target.fractions_at(wanted)
    own = target.own_fractions if target.anisotropic else image.fractions
    near = all(abs(one - other) < OWN for one, other in zip(fractions, own, strict=True))
    return None if near else fractions


def choose(served: Sequence[Served], blocks: int, generator: torch.Generator) -> list[Served]:
    """One for each block, at random from as many equal parts of the range as there are blocks."""
    if len(served) == 1:
        return [served[0]] * blocks
    parts = (torch.arange(blocks) + torch.rand(blocks, generator=generator)) / blocks
    return [served[int(part * len(served))] for part in parts.tolist()]


def distance(chosen: Sequence[Served], blocks: Tensor, axes: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Mean over ``blocks`` (N, 1, D, H, W) of `Objective.distance`, each from the one that was chosen for it."""
    parts = [each.objective.distance(some, axes, generator) for each, some in _together(chosen, blocks)]
    return torch.stack(parts).mean()


def overview_distance(
    chosen: Sequence[Served], fields: Tensor, axes: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    """As `distance`, of `Objective.overview_distance`."""
    parts = [each.objective.overview_distance(some, axes, generator) for each, some in _together(chosen, fields)]
    return torch.stack(parts).mean()


def _together(chosen: Sequence[Served], blocks: Tensor) -> list[tuple[Served, Tensor]]:
    """Blocks that have one objective are compared together, as one larger sample."""
    if all(each is chosen[0] for each in chosen):
        return [(chosen[0], blocks)]
    return [(each, blocks[i : i + 1]) for i, each in enumerate(chosen)]


def patches_with(
    indicator: np.ndarray, fraction: Fraction, edge: int, least: int, generator: torch.Generator
) -> np.ndarray:
    """Patches of an exemplar whose mean volume fraction is ``fraction``: shape (n, e, e), bool.

    Of several phases, ``indicator`` has the shape (C, Y, X), ``fraction`` C numbers, and the patches (C, n, e, e).
    Picked as the published control picks windows (`controlled`). The smaller a patch, the further its fraction may be
    from the exemplar's: e is the largest of ``edge``, ½·edge, ¼·edge … ``least`` that reaches the fraction.

    Raises
    ------
    InputError
        Where even the smallest cannot.
    """
    edge = min(edge, *indicator.shape[-2:])
    while True:
        every = np.lib.stride_tricks.sliding_window_view(indicator, (edge, edge), axis=(-2, -1))
        columns, number = every.shape[-3], every.shape[-4] * every.shape[-3]
        order = torch.randperm(number, generator=generator)
        channels = [indicator] if indicator.ndim == 2 else list(indicator)
        shares = torch.from_numpy(np.stack([window_shares(inside, edge) for inside in channels], axis=-1))[order]
        try:
            taken = _taken(shares[:MOST_PATCHES], fraction, generator)
        except InputError:
            if edge > least:
                edge = max(least, edge // 2)
                continue
            # a fraction near the end of what can be reached is in few patches, which the sample may have missed
            taken = _taken(shares, fraction, generator)
            taken = taken[torch.randperm(len(taken), generator=generator)[:MOST_PATCHES]]
        place = order[taken].numpy()
        found: np.ndarray = every[..., place // columns, place % columns, :, :]
        return found


def _taken(shares: Tensor, fraction: Fraction, generator: torch.Generator) -> Tensor:
    """Which of n patches with ``shares`` (n, C) to take for a mean of ``fraction``, some more than once."""
    if isinstance(fraction, float):
        return controlled_places(shares[:, 0], fraction, generator)
    return torch.from_numpy(places_with(shares.numpy(), fraction, generator))
