"""The state of a training, in and out of arrays, and who keeps it: what engines share that train by descent.

Weights, the optimisers' moments and the generator of random numbers are kept as they are, so that a training that goes
on ends, on one device type, with the same weights to the bit. What else an engine changes from step to step it adds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import InputError
from core.reconstruction.checkpoints import CheckpointFile, Checkpoints


class State(Protocol):
    """All that changes from step to step, of one training."""

    def told(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts (JSON values) and tensors that `take` puts back."""
        ...

    def take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Put back what `told` gave; any error of looking up, shape or type where it does not fit."""
        ...


def network_tensors(name: str, network: nn.Module) -> dict[str, Tensor]:
    """Weights and statistics of a network, each as ``name.…``."""
    return {f"{name}.{key}": value for key, value in network.state_dict().items()}


def take_network(name: str, network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `network_tensors` gave."""
    network.load_state_dict({key: tensors[f"{name}.{key}"] for key in network.state_dict()})


def mover_tensors(movers: Sequence[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """What optimisers remember of each weight, each as ``mover.NUMBER.PLACE.…``."""
    return {
        f"mover.{number}.{place}.{key}": torch.as_tensor(value)
        for number, mover in enumerate(movers)
        for place, values in mover.state_dict()["state"].items()
        for key, value in values.items()
    }


def take_movers(movers: Sequence[torch.optim.Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Put back what `mover_tensors` gave."""
    for number, mover in enumerate(movers):
        weights = [weight for group in mover.param_groups for weight in group["params"]]
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith(f"mover.{number}."):
                _, _, place, key = name.split(".", 3)
                state.setdefault(int(place), {})[key] = _laid_out(value, weights[int(place)])
        mover.load_state_dict({"state": state, "param_groups": mover.state_dict()["param_groups"]})


def _laid_out(value: Tensor, weight: Tensor) -> Tensor:
    """The value in memory as the weight lies: processors round differently where they walk through it differently."""
    return torch.empty_like(weight, dtype=value.dtype).copy_(value) if value.shape == weight.shape else value


class Keeper:
    """Keeps the state of a training every so often, and gives back what an earlier run kept; with None, nothing.

    Parameters
    ----------
    identity
        All that decides the weights, as JSON values.
    state
        As the training made it, before its first step.
    """

    def __init__(self, wanted: Checkpoints | None, identity: Mapping[str, Any], state: State) -> None:
        self._file = None if wanted is None else CheckpointFile(wanted, identity)
        self._state = state

    def resume(self) -> tuple[list[float], float]:
        """Losses so far and seconds used by the run that was interrupted; none and 0 where there was none.

        Raises
        ------
        InputError
            Where what was kept is damaged or of another training.
        """
        found = None if self._file is None else self._file.read()
        if found is None:
            return [], 0.0
        facts, arrays = found
        try:
            self._state.take(facts, {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
            return [float(loss) for loss in arrays["losses"]], max(0.0, float(facts["seconds"]))
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError, AttributeError) as error:
            raise InputError(
                f"The training that was kept does not fit ({error}).", "Begin anew without resuming."
            ) from error

    def keep(self, losses: Sequence[float], seconds: float, *, now: bool = False) -> None:
        """Write the state after a step where it is time to, or ``now``; `core.errors.JobError` where it cannot be."""
        if self._file is None or not (now or self._file.is_due):
            return
        facts, tensors = self._state.told()
        arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
        self._file.write({**facts, "seconds": seconds}, {**arrays, "losses": np.array(losses, np.float64)})
