"""Models that come with the program: what is found, what is told of them, and that the real ones serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from core.job import finish
from core.reconstruction import shipped
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.model_file import load_model
from core.reconstruction.shipped import ShippedModel, model_path, shipped_models
from core.synthesis.datasets import KINDS

LARGEST = 15 << 20


def test_names_and_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    assert shipped_models() == ()
    (tmp_path / "rock.microloom-model").write_bytes(b"")
    assert model_path(Path("rock")) == tmp_path / "rock.microloom-model"
    # what looks like a file stays one, whether it is there or not: whoever reads it says so
    for other in (Path("rock.microloom-model"), Path("here/rock"), tmp_path / "rock.microloom-model"):
        assert model_path(other) == other
    with pytest.raises(InputError, match="neither a file nor a model") as raised:
        model_path(Path("stone"))
    assert "rock" in raised.value.remedy


@pytest.mark.parametrize("model", shipped_models(), ids=lambda model: model.name)
def test_a_card_says_what_one_wants_to_know(model: ShippedModel) -> None:
    assert model.path.stat().st_size < LARGEST
    assert type(model.card["seed"]) is int
    assert model.card["training"]["seconds"] > 0
    assert {"images", "edge", "fractions", "seed"} <= set(model.card["made_of"])
    for name in model.classes:
        assert name in KINDS
        mean, low, high = model.told(name)
        assert 0 < low < mean < high < 1
        facts = model.facts(name)
        assert {"epsilon_s2", "epsilon_l", "frechet", "precision", "recall", "least_pixel_mse", "space"} <= set(facts)


@pytest.mark.parametrize("model", shipped_models(), ids=lambda model: model.name)
def test_each_class_makes_a_volume(model: ShippedModel) -> None:
    loaded = load_model(model.path)
    assert isinstance(loaded, DiffusionModel)
    made = [
        finish(loaded.of_class(name).generating_with({"steps": 2, "passes": 1}).generate((16, 16, 16), 0))
        for name in model.classes[:2]
    ]
    assert (made[0].labels != made[1].labels).any()
    assert [phase.name for phase in made[0].phases] == list(KINDS[model.classes[0]].phases)
