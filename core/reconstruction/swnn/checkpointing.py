"""The whole state of a training of SWNN, in and out of arrays.

Weights, statistics, the optimisers' moments, the generator of random numbers and the aims that move are kept as they
are. The pools of projections are large, but follow from the generator's state when each was drawn: that is kept, and
they are drawn again. A training that goes on ends, on one device type, with the same weights to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import devices
from core.errors import InputError
from core.provenance import array_hash
from core.reconstruction.checkpoints import CheckpointFile, Checkpoints
from core.reconstruction.engine import Target
from core.reconstruction.swnn.aims import Aim
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.objective import Objective, PlaneObjectives, Served
from core.reconstruction.swnn.patterns import Drawn, ExemplarPatterns
from core.reconstruction.swnn.settings import SwnnSettings
from core.settings import to_json


class TrainingState:
    """All that changes from step to step, of one training.

    Parameters
    ----------
    network, movers, draw, served
        The network, its optimisers, the generator of random numbers, and what is imitated; as the training made them,
        before its first step.
    """

    def __init__(
        self,
        network: SwnnNetwork,
        movers: Sequence[torch.optim.Optimizer],
        draw: torch.Generator,
        served: Sequence[Served],
    ) -> None:
        self._network, self._movers, self._draw, self._served = network, movers, draw, served

    def arrays(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Facts (JSON values) and arrays that `take` puts back."""
        found: dict[str, Tensor] = {"generator": self._draw.get_state()}
        facts: dict[str, Any] = {"frozen": not self._network.training}
        found |= {f"network.{name}": value for name, value in self._network.state_dict().items()}
        for number, mover in enumerate(self._movers):
            for place, values in mover.state_dict()["state"].items():
                found |= {f"mover.{number}.{place}.{name}": torch.as_tensor(value) for name, value in values.items()}
        steps: dict[str, int] = {}
        for name, aim in self._aims():
            found[f"aim.{name}"], steps[name] = aim.now, aim.steps
        pools: dict[str, list[int]] = {}
        for name, patterns in self._patterns():
            for scale, pool in patterns.drawn().items():
                pools[f"{name}.{scale}"] = [item.count for item in pool]
                found |= {f"pool.{name}.{scale}.{number}": item.state for number, item in enumerate(pool)}
        facts |= {"aim_steps": steps, "pools": pools}
        return facts, {name: value.detach().cpu().numpy() for name, value in found.items()}

    def take(self, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Put back what `arrays` gave.

        Raises
        ------
        InputError
            Where it does not fit this training.
        """
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        try:
            self._take(facts, tensors)
        except (KeyError, TypeError, ValueError, IndexError, RuntimeError, AttributeError) as error:
            raise InputError(
                f"The training that was kept does not fit ({error}).", "Begin anew without resuming."
            ) from error

    def _take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        own = self._network.state_dict()
        self._network.load_state_dict({name: tensors[f"network.{name}"] for name in own})
        self._network.train(not facts["frozen"])
        for number, mover in enumerate(self._movers):
            state: dict[int, dict[str, Tensor]] = {}
            for name, value in tensors.items():
                if name.startswith(f"mover.{number}."):
                    _, _, place, key = name.split(".", 3)
                    state.setdefault(int(place), {})[key] = value
            mover.load_state_dict({"state": state, "param_groups": mover.state_dict()["param_groups"]})
        for name, steps in facts["aim_steps"].items():
            self._aim(name).go_on(tensors[f"aim.{name}"], int(steps))
        for name, patterns in self._patterns():
            for scale in patterns.patterns:
                counts = facts["pools"].get(f"{name}.{scale}", [])
                items = [
                    Drawn(tensors[f"pool.{name}.{scale}.{number}"], int(count)) for number, count in enumerate(counts)
                ]
                patterns.draw_again(scale, items)
        # last, for drawing again uses it too
        self._draw.set_state(tensors["generator"])

    def _parts(self) -> Iterator[tuple[str, Objective]]:
        for number, each in enumerate(self._served):
            objective = each.objective
            parts = objective.parts if isinstance(objective, PlaneObjectives) else (objective,)
            for place, part in enumerate(parts):
                yield f"{number}-{place}", part

    def _patterns(self) -> Iterator[tuple[str, ExemplarPatterns]]:
        for name, part in self._parts():
            for place, patterns in enumerate(part.patterns):
                yield f"{name}-{place}", patterns

    def _aims(self) -> Iterator[tuple[str, Aim]]:
        for name, part in self._parts():
            for place, owner in enumerate(part.aimed):
                for key, aim in owner.aims().items():
                    yield f"{name}-{place}-{key}", aim

    def _aim(self, name: str) -> Aim:
        number, place, owner, key = name.split("-")
        (part,) = [part for known, part in self._parts() if known == f"{number}-{place}"]
        return part.aimed[int(owner)].aim(key)


class Keeper:
    """Keeps the state of a training every so often, and gives back what an earlier run kept; with None, nothing."""

    def __init__(
        self, wanted: Checkpoints | None, target: Target, settings: SwnnSettings, device: str, state: TrainingState
    ) -> None:
        self._file = None if wanted is None else CheckpointFile(wanted, identity(target, settings, device))
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
        self._state.take(facts, arrays)
        try:
            return [float(loss) for loss in arrays["losses"]], max(0.0, float(facts["seconds"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"The training that was kept does not fit ({error}).", "Begin anew without resuming."
            ) from error

    def keep(self, losses: Sequence[float], seconds: float, *, now: bool = False) -> None:
        """Write the state after a step where it is time to, or ``now``; `core.errors.JobError` where it cannot be."""
        if self._file is not None and (now or self._file.is_due):
            facts, arrays = self._state.arrays()
            self._file.write({**facts, "seconds": seconds}, {**arrays, "losses": np.array(losses, np.float64)})


def identity(target: Target, settings: SwnnSettings, device: str) -> dict[str, Any]:
    """All that decides the weights, as JSON values."""
    return {
        "engine": "swnn",
        "exemplar": [array_hash(image.labels) for image in target.exemplars],
        "phase": target.phase,
        "all phases": target.all_phases,
        "volume fraction": target.wanted_fraction,
        **({"volume fractions": list(target.base_fractions)} if target.several else {}),
        **({} if target.region_of is None else {"region of": target.region_of}),
        "seed": target.seed,
        "settings": to_json(settings),
        "device": devices.title(device),
        "torch": str(torch.__version__),
    }
