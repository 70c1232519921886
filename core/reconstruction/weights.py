"""Where a network's weights come from: drawn from dice of their own, or out of a file, checked.

torch's modules draw their first weights from the process's one generator. Whoever seeds it changes what any other
thread draws meanwhile; so networks are built here without drawing, and their weights are drawn from a generator that
nobody else has.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from core.provenance import array_hash
from core.reconstruction.model_card import wrong

N = TypeVar("N", bound=nn.Module)


def blank(make: Callable[[], N]) -> N:
    """The network that ``make`` builds, on the CPU, its weights not set. Draws no random numbers."""
    with torch.device("meta"):
        network = make()
    network.to_empty(device="cpu")
    return network


def first_weights(make: Callable[[], N], seed: int) -> N:
    """The network that ``make`` builds, with the first weights that torch would draw after ``manual_seed(seed)``.

    Convolutions, linear layers and embeddings are drawn in the order in which they stand in the network; every other
    module that has weights of its own sets them in ``reset_parameters``, after those inside it.
    """
    network = blank(make)
    network.apply(functools.partial(_draw, dice=torch.Generator().manual_seed(seed)))
    return network


@torch.no_grad()
def _draw(module: nn.Module, dice: torch.Generator) -> None:
    if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)):
        # He's rule with a = √5, as torch's own (`torch.nn.Linear.reset_parameters`); in one layout, whatever the
        # weight's, so that it does not change the numbers
        drawn = torch.empty(module.weight.shape)
        nn.init.kaiming_uniform_(drawn, a=math.sqrt(5), generator=dice)
        module.weight.copy_(drawn)
        if module.bias is not None:
            bound = 1 / math.sqrt(module.weight[0].numel())
            nn.init.uniform_(module.bias, -bound, bound, generator=dice)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, generator=dice)
    elif callable(reset := getattr(module, "reset_parameters", None)):
        reset()


def restored(make: Callable[[], N], arrays: Mapping[str, np.ndarray]) -> N:
    """The network that ``make`` builds with the weights of a file, named as in `weights_of`.

    Raises
    ------
    InputError
        Where they are not that network's, or not finite.
    """
    network = blank(make)
    expected = network.state_dict()
    given = {name.removeprefix(_PREFIX): array for name, array in arrays.items()}
    if set(given) != set(expected):
        odd = sorted(set(given) ^ set(expected))
        raise wrong(f"its weights are not those of its settings ({odd[0]} and {len(odd) - 1} others)")
    for name, array in given.items():
        if array.shape != tuple(expected[name].shape):
            raise wrong(f"the weights {name} have shape {array.shape}, not {tuple(expected[name].shape)}")
        if array.dtype != _dtype(expected[name]) or not np.isfinite(array).all():
            raise wrong(f"the weights {name} are not finite numbers")
        if name.endswith("running_var") and (array < 0).any():
            raise wrong(f"the weights {name} are negative variances")
    network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in given.items()})
    return network


_PREFIX = "network."


def weights_of(network: nn.Module) -> dict[str, np.ndarray]:
    """All parameters and statistics of a network on the CPU, as `restored` takes them."""
    return {f"{_PREFIX}{name}": value.numpy() for name, value in network.state_dict().items()}


def weights_hash(arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of everything in the weights (hex)."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name}{array_hash(array)}".encode())
    return digest.hexdigest()


def _dtype(like: Tensor) -> np.dtype:
    return torch.empty((), dtype=like.dtype).numpy().dtype
