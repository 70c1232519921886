"""Models of the engine from cards and weights, and what of them is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.job import finish
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.model_file import load_model, save_model
from core.settings import to_json
from tests.core.reconstruction.diffusion.tiny import TINY, tiny_denoiser

ENGINE = DiffusionEngine()


def card(**changed: Any) -> dict[str, Any]:
    entries = {
        "engine": "diffusion",
        "name": "blocks",
        "settings": to_json(TINY),
        "phases": [{"name": "Matrix", "color": "#8A9099"}, {"name": "Metal", "color": "#0072B2"}],
        "volume_phase": 1,
        "pixel_size": 1e-7,
        "volume_fraction": 0.4,
        "exemplar_fraction": 0.4,
        "planes": [-1, -1, -1],
        "seed": 11,
        "provenance": {"made_by": "train diffusion"},
    }
    return {**entries, **changed}


THREE = [{"name": name, "color": "#000000"} for name in "abc"]
WEIGHTS = DiffusionModel(tiny_denoiser(), card()).weights()


def test_a_card_and_weights_make_a_model() -> None:
    model = ENGINE.restore(card(), WEIGHTS)
    assert set(finish(model.generate((16, 16, 18), 1)).labels.ravel()) == {0, 1}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"settings": {**to_json(TINY), "crop": None}}, "do not go together"),
        ({"settings": {**to_json(TINY), "crop": 15}}, "do not go together"),
        ({"settings": {**to_json(TINY), "channels": 9}}, "do not go together"),
        ({"settings": {**to_json(TINY), "steps": 3000}}, "do not go together"),
        ({"settings": {**to_json(TINY), "channels": 512, "levels": 6, "widening": 32, "crop": 64}}, "too large"),
        ({"settings": {**to_json(TINY), "channels": 16}}, "have shape"),
        ({"settings": {**to_json(TINY), "blocks": 2}}, "not those of its settings"),
        ({"settings": {"magic": 1}}, "Unknown setting magic"),
        ({"settings": 3}, "no usable entry 'settings'"),
        ({"name": None}, "no usable entry 'name'"),
        ({"volume_fraction": 1.5}, "volume fraction is 1.5"),
        ({"exemplar_fraction": "half"}, "no usable entry 'exemplar_fraction'"),
        ({"volume_phase": 2}, "none of its phases"),
        ({"served": [0.5, 0.2]}, "range of its volume fractions"),
        ({"served": 3}, "range of its volume fractions"),
        ({"exemplar_phase": "a"}, "no label"),
        ({"classes": []}, "classes do not make sense"),
        ({"classes": [{"name": "a"}]}, "classes do not make sense"),
        ({"planes": [0, 1]}, "planes do not make sense"),
        ({"planes": [0, 1, 3]}, "planes do not make sense"),
        ({"planes": [0, 1, 1]}, "not those of its settings"),
        ({"phases": THREE, "exemplar_fractions": [0.5, 0.5]}, "fractions of its phases"),
        ({"phases": THREE, "exemplar_fractions": [0.5, 0.3, 0.3]}, "fractions of its phases"),
        ({"phases": THREE, "exemplar_fractions": [0.5, 0.3, 0.2]}, "have shape"),
        ({"seed": 1.5}, "no usable entry 'seed'"),
        ({"pixel_size": -1.0}, "not a positive length"),
        ({"phases": [{"name": "a", "color": "#000000"}]}, "1 phases, not two to 16"),
        ({"phases": [1, 2]}, "not named"),
        ({"phases": [{"name": "a", "color": "red"}] * 2}, "not #RRGGBB"),
        ({"provenance": {"inputs": 3}}, "provenance cannot be read"),
    ],
)
def test_bad_cards_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ENGINE.restore(card(**changed), WEIGHTS)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_bad_weights_are_refused(bad: float) -> None:
    name = next(iter(WEIGHTS))
    with pytest.raises(InputError, match="not finite"):
        ENGINE.restore(card(), {**WEIGHTS, name: np.full_like(WEIGHTS[name], bad)})
    with pytest.raises(InputError, match="not finite"):
        ENGINE.restore(card(), {**WEIGHTS, name: WEIGHTS[name].astype(np.float64)})


def test_files_are_opened_by_their_engine(tmp_path: Path) -> None:
    path = save_model(DiffusionModel(tiny_denoiser(), card()), tmp_path / "m.microloom-model")
    assert isinstance(load_model(path), DiffusionModel)
