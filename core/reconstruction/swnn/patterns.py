"""Local patterns and the sliced-Wasserstein distance between two sets of them (SWNN, Sec. 2.2.2, 2.2.3 and 2.3.3).

A pattern is a window of t × t pixels of a section, as a vector of t² values: −1 in the complement, +1 in the phase. Of
several phases each pixel has one such value a phase, and the vector is as much longer.
Larger structures are seen by the same window on sections averaged over 2 × 2, 4 × 4 … pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.errors import InputError
from core.reconstruction.swnn.tilting import picked, tilted_weights

Fraction = float | tuple[float, ...]
"""Wanted volume fraction of the phase, or of each of several."""
MOST_WINDOWS = 1 << 16
"""Of a larger exemplar, so many random windows stand for all: distances change in the third digit, memory does not."""


PACKED = 1 << 13
"""Rows up to so long are sorted on the CPU with each value's place in its last binary digits (`_quick_order`)."""


def sliced_wasserstein(p: Tensor, q: Tensor, directions: Tensor) -> Tensor:
    """Distance between two sets of as many patterns (SWNN, Eq. 17 and 18).

    The mean over directions θ, and over ranks i, of |sort(θ·p)ᵢ − sort(θ·q)ᵢ|.

    Parameters
    ----------
    p, q
        Shape (n, d).
    directions
        Shape (k, d), rows of length 1.
    """
    return wasserstein(p @ directions.T, sorted_projections(q, directions))


def sorted_projections(patterns: Tensor, directions: Tensor) -> Tensor:
    """The ranks of every one-dimensional projection: shape (k, n), ascending along n."""
    return _sorted_rows(directions @ patterns.T)


def _sorted_rows(rows: Tensor) -> Tensor:
    """Each row ascending; on the CPU by NumPy, which is several times faster where nobody asks for the order."""
    if rows.device.type == "cpu" and not rows.requires_grad:
        return torch.from_numpy(np.sort(rows.numpy(), axis=1))
    return torch.sort(rows, dim=1).values


def wasserstein(projected: Tensor, ranked: Tensor) -> Tensor:
    """Mean distance between the columns of ``projected`` (n, k) and the sorted rows of ``ranked`` (k, n) (Eq. 17)."""
    rows = projected.T.contiguous()
    if rows.device.type == "cpu" and rows.dtype == torch.float32 and rows.shape[1] <= PACKED:
        return (rows.gather(1, _quick_order(rows.detach())) - ranked).abs().mean()
    return (torch.sort(rows, dim=1).values - ranked).abs().mean()


def _quick_order(rows: Tensor) -> Tensor:
    """For each row, indices that sort it, apart from values that agree in their first ten binary digits.

    NumPy sorts plain numbers several times faster than any library here sorts numbers together with their places. So
    the place is written into each number's last binary digits, the numbers are sorted, and the places read back. Values
    that differ by less than a part in a thousand may then change ranks, which adds less than that to a distance.
    """
    last = (1 << max(1, (rows.shape[1] - 1).bit_length())) - 1
    places = np.arange(rows.shape[1], dtype=np.int32)
    packed = np.sort(((rows.numpy().view(np.int32) & ~last) | places).view(np.float32), axis=1)
    return torch.from_numpy((packed.view(np.int32) & last).astype(np.int64))


def quantiles(ranked: Tensor, count: int) -> Tensor:
    """``count`` values that stand for each sorted row of ``ranked`` (k, n): those at the shares (i + ½) / count.

    Linear between ranks; the row itself where ``count`` is n. Shape (k, count).
    """
    n = ranked.shape[1]
    place = ((torch.arange(count, dtype=torch.float64) + 0.5) * (n / count) - 0.5).clamp(0, n - 1)
    low = place.long()
    high = (low + 1).clamp(max=n - 1)
    weight = (place - low).to(ranked)
    return torch.lerp(ranked[:, low.to(ranked.device)], ranked[:, high.to(ranked.device)], weight)


def random_directions(count: int, dimension: int, generator: torch.Generator) -> Tensor:
    """Shape (count, dimension), unit vectors spread evenly over the sphere."""
    return functional.normalize(torch.randn(count, dimension, generator=generator), dim=1)


def random_basis(dimension: int, generator: torch.Generator) -> Tensor:
    """A random rotation: ``dimension`` directions at right angles, which see everything once and nothing twice."""
    basis, upper = torch.linalg.qr(torch.randn(dimension, dimension, generator=generator))
    rotation: Tensor = basis * torch.sign(torch.diagonal(upper))
    return rotation


def all_windows(section: Tensor, edge: int, scale: int = 1) -> Tensor:
    """Every window of a section averaged over ``scale`` × ``scale`` pixels, at every pixel.

    Parameters
    ----------
    section
        Shape (Y, X), or (C, Y, X).

    Returns
    -------
    Shape (n, edge²·C), row by row, n = (Y − edge·scale + 1) (X − edge·scale + 1); pixel by pixel in a row of a window,
    and for each pixel its channels.
    """
    averaged = functional.avg_pool2d(section if section.ndim == 3 else section[None], scale, stride=1)
    reach = scale * (edge - 1) + 1
    windows = averaged.unfold(1, reach, 1).unfold(2, reach, 1)[:, :, :, ::scale, ::scale]
    return windows.permute(1, 2, 3, 4, 0).reshape(-1, edge * edge * len(averaged))


def random_windows(block: Tensor, axis: int, edge: int, scale: int, count: int, generator: torch.Generator) -> Tensor:
    """``count`` windows at random places of the sections across ``axis`` (all of them where ``count`` is 0).

    Parameters
    ----------
    block
        Shape (N, C, D, H, W).
    axis
        0, 1 or 2 for sections across z, y or x.

    Returns
    -------
    Shape (count, edge²·C), as of `all_windows`; differentiable in ``block``.
    """
    channels = block.shape[1]
    sections = block.movedim(axis + 2, 1).flatten(0, 1)
    if scale > 1:
        # another grid of blocks each time, so that no place is preferred
        shift = torch.randint(0, scale, (2,), generator=generator).tolist()
        sections = functional.avg_pool2d(sections[:, :, shift[0] :, shift[1] :], scale)
    number, _, height, width = sections.shape
    places = number * (height - edge + 1) * (width - edge + 1)
    if count:
        place = torch.randint(0, places, (count,), generator=generator).to(block.device)
    else:
        place = torch.arange(places, device=block.device)
    column = place % (width - edge + 1)
    row = place // (width - edge + 1) % (height - edge + 1)
    section = place // ((width - edge + 1) * (height - edge + 1))
    corner = (section * height + row) * width + column
    offset = torch.arange(edge, device=block.device)
    inside = (offset[:, None] * width + offset).reshape(-1)
    pixels = sections.reshape(-1) if channels == 1 else sections.movedim(1, 3).reshape(-1, channels)
    found = pixels.index_select(0, (corner[:, None] + inside).reshape(-1))
    return found.reshape(-1, edge * edge * channels)


def controlled(patterns: Tensor, fraction: float, generator: torch.Generator) -> Tensor:
    """As many patterns whose mean volume fraction is ``fraction`` (the control strategy of Sec. 2.2.3).

    Sorted by their own fraction, the longest run from the low (or high) end that has the wanted mean is taken,
    repeated a whole number of times, and filled up with patterns drawn from it at random.

    Parameters
    ----------
    patterns
        Shape (n, d), values −1 (complement) to +1 (phase).

    Raises
    ------
    InputError
        Where no run reaches the fraction: the message gives the interval that can be reached.
    """
    own = (patterns.double().mean(dim=1) + 1) / 2
    return patterns[controlled_places(own, fraction, generator)]


def controlled_places(own: Tensor, fraction: float, generator: torch.Generator) -> Tensor:
    """As `controlled`, of patterns with the volume fractions ``own``, shape (n,): their places, shape (n,)."""
    order = torch.argsort(own, stable=True)
    if fraction > float(own.mean()):
        order = order.flip(0)
    low, high = float(own.min()), float(own.max())
    if not low <= fraction <= high:
        raise InputError(
            f"A volume fraction of {fraction:.3f} is out of reach: "
            f"the exemplar's patterns allow {low:.3f} to {high:.3f}.",
            "Choose a fraction in that interval, or a smaller window or fewer scales.",
        )
    means = own[order].cumsum(0) / torch.arange(1, len(own) + 1, dtype=torch.float64)
    # means run towards the mean of all patterns; the last one on the wanted side ends the longest run
    wanted_side = means <= fraction if fraction <= float(own.mean()) else means >= fraction
    taken = order[: max(1, int(wanted_side.sum()))]
    repeats, rest = divmod(len(own), len(taken))
    extra = taken[torch.randperm(len(taken), generator=generator)[:rest]]
    return torch.cat([taken.repeat(repeats), extra])


def chosen(patterns: Tensor, fraction: Fraction, generator: torch.Generator) -> Tensor:
    """As `controlled`, or, of several phases with a fraction each, as many patterns with those mean fractions.

    Raises
    ------
    InputError
        Where they are out of reach.
    """
    if isinstance(fraction, float):
        return controlled(patterns, fraction, generator)
    shares = (patterns.double().reshape(len(patterns), -1, len(fraction)).mean(dim=1) + 1) / 2
    return patterns[torch.from_numpy(places_with(shares.numpy(), fraction, generator))]


def _some(patterns: Tensor, fraction: Fraction | None, generator: torch.Generator) -> Tensor:
    """At most `MOST_WINDOWS` of the patterns, with the wanted volume fraction."""
    order = torch.randperm(len(patterns), generator=generator) if len(patterns) > MOST_WINDOWS else None
    few = patterns if order is None else patterns[order[:MOST_WINDOWS]]
    if fraction is None:
        return few
    try:
        return chosen(few, fraction, generator)
    except InputError:
        if order is None:
            raise
        # a fraction near the end of what can be reached is in few windows, which the sample may have missed
        return chosen(patterns[order], fraction, generator)[torch.randperm(len(order), generator=generator)][
            :MOST_WINDOWS
        ]


def places_with(shares: np.ndarray, fractions: tuple[float, ...], generator: torch.Generator) -> np.ndarray:
    """Which of n patterns with ``shares`` (n, C) to take, and how often, for mean ``fractions``: shape (n,)."""
    return picked(tilted_weights(shares, fractions), float(torch.rand((), generator=generator)))


@dataclass(frozen=True)
class Projections:
    """Ways to make numbers of a pattern, one each.

    Attributes
    ----------
    straight
        Directions, shape (k, d).
    bends
        Random layers before more directions, each ReLU(p·Wᵀ + b)·Mᵀ with (W, b, M) of shapes (d, d), (d,), (d, d).
        A straight projection of a window hardly tells where a thread ends; this does. Distances along such curves are
        the generalised sliced-Wasserstein distance (Kolouri et al., 2019, Sec. 3, neural defining functions).
    """

    straight: Tensor
    bends: tuple[tuple[Tensor, Tensor, Tensor], ...] = ()

    def __call__(self, patterns: Tensor) -> Tensor:
        """Of patterns (n, d): shape (n, k + d times the number of bends)."""
        bent = [torch.relu(patterns @ layer.T + bias) @ mixing.T for layer, bias, mixing in self.bends]
        return torch.cat((patterns @ self.straight.T, *bent), dim=1)

    def to(self, device: str) -> Projections:
        """The same on another device."""
        bends = tuple((layer.to(device), bias.to(device), mixing.to(device)) for layer, bias, mixing in self.bends)
        return Projections(self.straight.to(device), bends)


@dataclass(frozen=True, eq=False)
class Drawn:
    """All that one entry of a pool follows from: the generator's state before it was drawn, and its quantiles."""

    state: Tensor
    count: int


class ExemplarPatterns:
    """The target distribution: the exemplar's patterns at each scale, and how far a block's sections are from it.

    Parameters
    ----------
    inside
        True where the exemplar shows the phase; shape (Y, X), or (C, Y, X) for several.
    edge, scales
        Window edge in (averaged) pixels, and the edges of the squares that are averaged: 1, 2, 4 …
    directions
        Random directions per step, or 0 for whole bases out of a pool whose exemplar quantiles are kept.
    windows
        Random windows per axis, scale and step, or 0 for all.
    bent_bases
        How many bases of bent projections join the straight ones (see `Projections`).
    fraction
        Wanted volume fraction, of several phases one each, or None for the exemplar's own.
    pool
        Bases kept per scale.
    """

    POOL = 32
    """Bases kept per scale. With a window of 7 these are 1568 directions in 49 dimensions."""
    RANKED = 1 << 14
    """So many of the exemplar's patterns, others for every basis, are sorted for its quantiles."""

    def __init__(
        self,
        inside: np.ndarray,
        edge: int,
        scales: tuple[int, ...],
        *,
        directions: int = 0,
        windows: int = 2048,
        bent_bases: int = 0,
        fraction: Fraction | None = None,
        pool: int = POOL,
        generator: torch.Generator,
        device: str = "cpu",
    ) -> None:
        self.edge = edge
        self.pool = pool
        self.directions = directions
        self.bent_bases = bent_bases
        self.windows = windows
        self.device = device
        section = torch.from_numpy(inside.astype(np.float32)) * 2 - 1
        self.patterns: dict[int, Tensor] = {}
        for scale in scales:
            patterns = all_windows(section, edge, scale)
            self.patterns[scale] = _some(patterns, fraction, generator).to(device)
        self._pool: dict[int, list[tuple[Projections, Tensor]]] = {scale: [] for scale in self.patterns}
        self._drawn: dict[int, list[Drawn]] = {scale: [] for scale in self.patterns}

    def _projections(self, scale: int, count: int, generator: torch.Generator) -> tuple[Projections, Tensor]:
        """Projections, and the exemplar's quantiles along them: shape (k, count)."""
        pool = self._pool[scale]
        if self.directions == 0 and len(pool) >= self.pool:
            return pool[int(torch.randint(0, len(pool), (), generator=generator))]
        dimension = self.patterns[scale].shape[1]
        before = generator.get_state()
        if self.directions:
            straight = random_directions(self.directions, dimension, generator)
        else:
            straight = random_basis(dimension, generator)
        bends = tuple(
            (
                random_basis(dimension, generator),
                torch.randn(dimension, generator=generator),
                random_basis(dimension, generator),
            )
            for _ in range(self.bent_bases)
        )
        projections = Projections(straight, bends).to(self.device)
        patterns = self.patterns[scale]
        if self.directions == 0 and len(patterns) > self.RANKED:
            patterns = patterns[torch.randperm(len(patterns), generator=generator)[: self.RANKED].to(self.device)]
        found = projections, quantiles(_sorted_rows(projections(patterns).T.contiguous()), count)
        if self.directions == 0:
            pool.append(found)
            self._drawn[scale].append(Drawn(before, count))
        return found

    def drawn(self) -> dict[int, list[Drawn]]:
        """How the pools were drawn, by scale."""
        return self._drawn

    def draw_again(self, scale: int, drawn: Sequence[Drawn]) -> None:
        """Fill an empty pool as it was filled before."""
        for item in drawn:
            generator = torch.Generator()
            generator.set_state(item.state)
            self._projections(scale, item.count, generator)

    def distance(self, block: Tensor, axes: tuple[int, ...], generator: torch.Generator, cell: int = 1) -> Tensor:
        """Mean over axes and scales of the sliced-Wasserstein distance of the block's sections to the exemplar.

        Each axis is compared apart: pooled, one axis could make up for what another lacks. ``cell`` is the edge of the
        block's own cells in pixels, at most the smallest scale.
        """
        distances = []
        for scale in self.patterns:
            for axis in axes:
                found = random_windows(block, axis, self.edge, scale // cell, self.windows, generator)
                projections, ranked = self._projections(scale, len(found), generator)
                distances.append(wasserstein(projections(found), ranked))
        return torch.stack(distances).mean()
