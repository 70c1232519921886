"""A part of the data that is held out: training ends when the averaged weights no longer do better on it.

Every so often the running mean of the weights is given the same crops of that part, with the same noise at the same
times, so that two looks differ by the weights alone. The weights of the best look are the ones kept (early stopping;
Prechelt, *Early stopping — but when?*, 1998).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from core.errors import InputError
from core.reconstruction.diffusion.denoiser import Condition, Denoiser
from core.reconstruction.diffusion.sections import Crops, Exemplar
from core.reconstruction.diffusion.settings import WHOLE
from core.reconstruction.training_state import network_tensors, take_network

SHARE = 0.15
"""Of the data, held out."""
LOOK_EVERY = 50
"""Iterations from one look to the next."""
LOOKS = 64
"""Crops that a look goes through, each with its own noise at its own time."""
_SEED = 0x5EED
_KEPT = 500

Loss = Callable[[Denoiser, Tensor, Tensor, Tensor, Condition], Tensor]


def parted(exemplars: Sequence[Exemplar], edge: int) -> tuple[list[Exemplar], list[Exemplar]]:
    """What is trained on, and what is held out, of each label about `SHARE`; crops have ``edge`` pixels.

    Raises
    ------
    InputError
        Where a picture is too small to be cut in two that both hold a crop.
    """
    kept: list[Exemplar] = []
    held: list[Exemplar] = []
    for label in sorted({item.label for item in exemplars}):
        group = [item for item in exemplars if item.label == label]
        if len(group) < WHOLE:
            for item in group:
                rest, strip = _cut(item, edge)
                kept.append(rest)
                held.append(strip)
            continue
        count = max(1, round(SHARE * len(group)))
        # evenly spread: neighbours in a folder are often neighbours in the material
        places = {(2 * number + 1) * len(group) // (2 * count) for number in range(count)}
        for place, item in enumerate(group):
            (held if place in places else kept).append(item)
    return kept, held


def _cut(item: Exemplar, edge: int) -> tuple[Exemplar, Exemplar]:
    """A picture without a strip at the end of its longer side, and the strip."""
    shape = item.labels.shape
    along = 0 if shape[0] > shape[1] else 1
    width = max(edge, round(SHARE * shape[along]))
    first = shape[along] - width
    if first < edge:
        raise InputError(
            f"A phase image of {shape[0]} × {shape[1]} px is too small to hold a part of it out: two crops of {edge} "
            "px do not fit side by side.",
            "Use a larger one or smaller crops, or set the held-out looks to 0.",
        )
    before, after = (slice(None, first), slice(first, None))
    rest, strip = (item.labels[part] if along == 0 else item.labels[:, part] for part in (before, after))
    return replace(item, labels=rest), replace(item, labels=strip)


class Watch:
    """Looks at the held-out part, and keeps the best weights.

    Parameters
    ----------
    exemplars
        What is held out.
    average
        The running mean of the weights, which later steps change in place.
    forget
        Makes the condition that crops get in training of their own; called with it and the dice.
    times
        Called with how many, and the dice.
    patience
        Looks without improvement after which the training is over.
    """

    def __init__(
        self,
        exemplars: Sequence[Exemplar],
        phases: int,
        average: Denoiser,
        seed: int,
        patience: int,
        *,
        times: Callable[[int, torch.Generator], Tensor],
        forget: Callable[[Condition, torch.Generator], Condition],
    ) -> None:
        # dice of its own: what training draws does not depend on how often one looks
        draw = torch.Generator().manual_seed(seed ^ _SEED)
        crops = Crops(exemplars, phases, average.settings.crop or 0, draw)
        self._clean, told = crops.batch(LOOKS)
        self._condition = forget(told, draw)
        self._times = times(LOOKS, draw)
        self._noise = torch.randn(self._clean.shape, generator=draw)
        self._average, self._best = average, copy.deepcopy(average)
        self._patience = patience
        self.looks: list[tuple[int, float]] = []

    @property
    def best(self) -> tuple[int, float] | None:
        """Step and loss of the best look, the first of equals; None before the first."""
        return min(self.looks, key=lambda look: (look[1], look[0])) if self.looks else None

    @property
    def over(self) -> bool:
        """Whether the last ``patience`` looks were no better than one before them."""
        best = self.best
        return best is not None and len(self.looks) - 1 - self.looks.index(best) >= self._patience

    def is_due(self, step: int) -> bool:
        """Whether it is time to look after so many steps."""
        return step % LOOK_EVERY == 0 and not self.has_seen(step)

    def has_seen(self, step: int) -> bool:
        """Whether the weights after so many steps were looked at."""
        return bool(self.looks) and self.looks[-1][0] == step

    @torch.no_grad()
    def looking(self, step: int, loss: Loss, each: int, device: str) -> Generator[None, None, float]:
        """Measure the loss, ``each`` crops at once; yields after each part."""
        total = 0.0
        for first in range(0, LOOKS, each):
            rows = slice(first, first + each)
            told = Condition(self._condition.fraction[rows].to(device), self._condition.label[rows].to(device))
            clean, noise = self._clean[rows].to(device), self._noise[rows].to(device)
            total += float(loss(self._average, clean, noise, self._times[rows], told)) * len(clean) / LOOKS
            yield
        best = self.best
        self.looks.append((step, total))
        if best is None or total < best[1]:
            self._best.load_state_dict(self._average.state_dict())
        return total

    @property
    def weights(self) -> Denoiser:
        """Those of the best look; the mean as it is before the first."""
        return self._best if self.looks else self._average

    def entry(self) -> dict[str, Any]:
        """For a model's card, as JSON values: looks (thinned), the best, and whether they ended the training."""
        best = self.best
        every = max(1, len(self.looks) // _KEPT)
        return {
            "patience": self._patience,
            "looks": [[step, loss] for step, loss in self.looks[::every]],
            "best": None if best is None else list(best),
            "ended": self.over,
        }

    def told(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts (JSON values) and tensors that `take` puts back."""
        return {"looks": [[step, loss] for step, loss in self.looks]}, network_tensors("best", self._best)

    def take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Put back what `told` gave."""
        take_network("best", self._best, tensors)
        self.looks = [(int(step), float(loss)) for step, loss in facts["looks"]]
