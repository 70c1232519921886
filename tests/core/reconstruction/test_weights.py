"""First weights come from dice of their own: nobody's draws change anybody else's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.provenance import Provenance
from core.reconstruction.diffusion import cost as diffusion_cost
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.engine import Engine, Target
from core.reconstruction.registry import engine
from core.reconstruction.swnn import cost as swnn_cost
from core.reconstruction.swnn import training as swnn_training
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.weights import first_weights, restored, weights_hash, weights_of
from tests.core.reconstruction.diffusion.tiny import TINY as DENOISER
from tests.core.reconstruction.models import TINY as NETWORK

MAKERS: dict[str, Callable[[], nn.Module]] = {
    "swnn": lambda: SwnnNetwork(NETWORK),
    "swnn, a range": lambda: SwnnNetwork(replace(NETWORK, lowest_fraction=0.2, highest_fraction=0.4), 3),
    "diffusion": lambda: Denoiser(DENOISER),
    "diffusion, all of it": lambda: Denoiser(replace(DENOISER, bound_weight=0.1, blocks=2), 3, 3),
}
SMALL: dict[str, Any] = {
    "swnn": replace(NETWORK, iterations=3, time_limit=None, cube=16, batch=1, windows=64),
    "diffusion": replace(DENOISER, dropout=0.3),
}


@contextlib.contextmanager
def untouched() -> Iterator[None]:
    """The process's own dice show afterwards what they showed before."""
    before = torch.random.get_rng_state()
    yield
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", MAKERS)
def test_they_are_what_torch_would_draw(name: str) -> None:
    make = MAKERS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        expected = make().state_dict()
    with untouched():
        network = first_weights(make, 7)
    found = network.state_dict()
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert torch.equal(found[key], value), key
        assert found[key].stride() == value.stride(), key
    assert all(parameter.requires_grad for parameter in network.parameters())
    other = first_weights(make, 8).state_dict()
    assert not all(torch.equal(found[key], other[key]) for key in found)


def target() -> Target:
    labels = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3))).astype(np.uint8)
    exemplar = PhaseImage(labels, default_phases(2), None, "blocks", Provenance("test"))
    return Target(exemplar, 1, size=(24, 24, 24), seed=5)


def trained(chosen: Engine, settings: Any, meanwhile: Callable[[], None]) -> str:
    model = finish(chosen.train(target(), settings), lambda _: meanwhile())
    return weights_hash(model.weights())


@pytest.mark.parametrize("key", SMALL)
def test_what_others_draw_meanwhile_does_not_change_a_training(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(swnn_training, "STATISTICS_BLOCKS", 1)
    chosen, settings = engine(key), SMALL[key]
    with untouched():
        alone = trained(chosen, settings, lambda: None)
        with pytest.MonkeyPatch.context() as patch:
            # as an estimate does in another thread, at any moment
            patch.setattr(torch, "manual_seed", pytest.fail)
            patch.setattr(torch.random, "fork_rng", pytest.fail)
            for room in (swnn_cost, diffusion_cost):
                for measured in ("seconds_per_voxel", "seconds_per_pixel"):
                    getattr(getattr(room, measured, None), "cache_clear", int)()
            chosen.estimate(target(), settings, "cpu")

    def disturb() -> None:
        torch.manual_seed(1)
        chosen.estimate(target(), settings, "cpu")

    with torch.random.fork_rng(devices=[]):
        assert trained(chosen, settings, disturb) == alone


@pytest.mark.parametrize("name", MAKERS)
def test_they_come_back(name: str) -> None:
    make = MAKERS[name]
    arrays = weights_of(first_weights(make, 7))
    with untouched():
        again = weights_of(restored(make, arrays))
    assert weights_hash(again) == weights_hash(arrays)
    key = next(iter(arrays))
    for bad, words in (
        ({key: arrays[key][:1]}, "have shape"),
        ({key: arrays[key].astype(np.float64)}, "not finite numbers"),
        ({key: np.full_like(arrays[key], np.nan)}, "not finite numbers"),
        ({"more": arrays[key]}, "not those of its settings"),
    ):
        with pytest.raises(InputError, match=words):
            restored(make, {**arrays, **bad})
    assert weights_hash({**arrays, key: arrays[key] + 1}) != weights_hash(arrays)
