"""What a training of a denoiser keeps: weights, their running mean, the optimisers' moments, dice, the best look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from core import devices
from core.provenance import array_hash
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.diffusion.held_out import Watch
from core.reconstruction.diffusion.sections import Exemplar
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.training_state import mover_tensors, network_tensors, take_movers, take_network
from core.settings import to_json


class TrainingState:
    """See `core.reconstruction.training_state.State`.

    Parameters
    ----------
    denoiser, average, movers, draw
        The network, the running mean of its weights, its optimisers and the generator of random numbers.
    watch
        What looks at the part held out, if anything does.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        average: Denoiser,
        movers: Sequence[torch.optim.Optimizer],
        draw: torch.Generator,
        watch: Watch | None = None,
    ) -> None:
        self._networks = {"network": denoiser, "average": average}
        self._movers, self._draw, self._watch = movers, draw, watch

    def told(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts (JSON values) and tensors that `take` puts back."""
        found = {"generator": self._draw.get_state()} | mover_tensors(self._movers)
        for name, network in self._networks.items():
            found |= network_tensors(name, network)
        if self._watch is None:
            return {}, found
        facts, best = self._watch.told()
        return {"held_out": facts}, found | best

    def take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Put back what `told` gave."""
        for name, network in self._networks.items():
            take_network(name, network, tensors)
        take_movers(self._movers, tensors)
        if self._watch is not None:
            self._watch.take(facts["held_out"], tensors)
        self._draw.set_state(tensors["generator"])


def identity(
    exemplars: Sequence[Exemplar], phases: int, settings: DiffusionSettings, seed: int, device: str
) -> dict[str, Any]:
    """All that decides the weights, as JSON values."""
    return {
        "engine": "diffusion",
        "exemplar": [[array_hash(item.labels), item.label, item.symmetries] for item in exemplars],
        "phases": phases,
        "seed": seed,
        "settings": to_json(settings),
        "device": devices.title(device),
        "torch": str(torch.__version__),
    }
