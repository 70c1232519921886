"""What training sees: random crops of one or many phase images, turned and mirrored as the material allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.errors import InputError
from core.reconstruction.diffusion.denoiser import Condition
from core.reconstruction.diffusion.phases import as_channels


@dataclass(frozen=True, eq=False)
class Exemplar:
    """One phase image, or grey picture, to learn from.

    Attributes
    ----------
    labels
        Shape (Y, X), 0 to ``phases`` − 1; or grey values, float32, −1 to 1.
    label
        Which exemplar or class it is, 0 and up.
    symmetries
        "all", "mirrored" or "none"; see `core.reconstruction.diffusion.settings`.
    """

    labels: np.ndarray
    label: int = 0
    symmetries: str = "none"


class Crops:
    """Draws batches of crops.

    Parameters
    ----------
    exemplars
        Each label is drawn as often as any other, and within it every place of every picture.
    phases
        How many there are in all of them; `core.reconstruction.diffusion.phases.GREY` for grey pictures.
    edge
        Of the crops, pixels.
    draw
        The dice.
    """

    def __init__(self, exemplars: Sequence[Exemplar], phases: int, edge: int, draw: torch.Generator) -> None:
        for item in exemplars:
            if min(item.labels.shape) < edge:
                raise InputError(
                    f"A picture of {item.labels.shape[0]} × {item.labels.shape[1]} px is smaller than crops of "
                    f"{edge} px.",
                    "Use a larger one or smaller crops.",
                )
        self._pictures = [torch.from_numpy(as_channels(item.labels, phases)) for item in exemplars]
        self._exemplars, self._edge, self._draw = list(exemplars), edge, draw
        self._groups = [
            [number for number, item in enumerate(exemplars) if item.label == label]
            for label in sorted({item.label for item in exemplars})
        ]
        # a large picture has more places than a small one
        self._weights = [torch.tensor([float(self._places(number)) for number in group]) for group in self._groups]

    def _places(self, number: int) -> int:
        height, width = self._exemplars[number].labels.shape
        return int((height - self._edge + 1) * (width - self._edge + 1))

    def _below(self, limit: int) -> int:
        return int(torch.randint(limit, (1,), generator=self._draw))

    def batch(self, count: int) -> tuple[Tensor, Condition]:
        """So many crops, (N, C, edge, edge) of −1 to 1, with their own fractions and labels."""
        crops, labels = [], []
        for _ in range(count):
            group = self._below(len(self._groups))
            within = int(torch.multinomial(self._weights[group], 1, generator=self._draw))
            number = self._groups[group][within]
            picture, edge = self._pictures[number], self._edge
            y, x = (self._below(side - edge + 1) for side in picture.shape[1:])
            crops.append(self._turned(picture[:, y : y + edge, x : x + edge], self._exemplars[number].symmetries))
            labels.append(self._exemplars[number].label)
        clean = torch.stack(crops)
        return clean, Condition((clean.mean((2, 3)) + 1) / 2, torch.tensor(labels))

    def _turned(self, crop: Tensor, symmetries: str) -> Tensor:
        if symmetries == "none":
            return crop
        if self._below(2):
            crop = crop.flip(1)
        if self._below(2):
            crop = crop.flip(2)
        # mirrored both ways and transposed or not: all eight symmetries of the square
        return crop.mT if symmetries == "all" and self._below(2) else crop
