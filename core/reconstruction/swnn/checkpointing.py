"""The whole state of a training of SWNN, in and out of arrays.

Beside what every engine keeps (`core.reconstruction.training_state`), the aims that move are kept as they are. The
pools of projections are large, but follow from the generator's state when each was drawn: that is kept, and they are
drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from core import devices
from core.provenance import array_hash
from core.reconstruction.engine import Target
from core.reconstruction.swnn.aims import Aim
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.objective import Objective, PlaneObjectives, Served
from core.reconstruction.swnn.patterns import Drawn, ExemplarPatterns
from core.reconstruction.swnn.settings import SwnnSettings
from core.reconstruction.training_state import mover_tensors, network_tensors, take_movers, take_network
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

    def told(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Facts (JSON values) and tensors that `take` puts back."""
        found = {"generator": self._draw.get_state()}
        found |= network_tensors("network", self._network) | mover_tensors(self._movers)
        facts: dict[str, Any] = {"frozen": not self._network.training}
        steps: dict[str, int] = {}
        for name, aim in self._aims():
            found[f"aim.{name}"], steps[name] = aim.now, aim.steps
        pools: dict[str, list[int]] = {}
        for name, patterns in self._patterns():
            for scale, pool in patterns.drawn().items():
                pools[f"{name}.{scale}"] = [item.count for item in pool]
                found |= {f"pool.{name}.{scale}.{number}": item.state for number, item in enumerate(pool)}
        facts |= {"aim_steps": steps, "pools": pools}
        return facts, found

    def take(self, facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Put back what `told` gave."""
        take_network("network", self._network, tensors)
        self._network.train(not facts["frozen"])
        take_movers(self._movers, tensors)
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
