"""Models that come with the program, on the command line: listed, and made volumes of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.__main__ import main
from core.images.reading import read_volume
from core.job import finish
from core.reconstruction import shipped
from core.reconstruction.diffusion.classes import training
from core.reconstruction.model_file import save_model
from core.synthesis.datasets import KINDS, dataset
from tests.core.reconstruction.diffusion.tiny import TINY

JUDGED = {"epsilon_s2": 3.21, "epsilon_l": 4.5, "frechet": 6.789, "space": "descriptors"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models with one of two classes, of which one was judged."""
    classes = {
        key: [item.image for item in dataset(key, 2, 0, replace(KINDS[key].settings, size=24, length=8.0))]
        for key in ("fibres", "ceramic")
    }
    model = finish(training(classes, replace(TINY, iterations=1)))
    model.note({"made_of": {"images": 2, "edge": 24}, "judged": {"ceramic": JUDGED}})  # type: ignore[attr-defined]
    save_model(model, tmp_path / "pair.microloom-model")
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    return tmp_path


def test_models_are_listed_and_serve(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    said = capsys.readouterr().out
    for words in (
        "pair: diffusion, 1 iterations",
        "2 images a class of 24² pixels",
        "ε of S2 3.2 %, of L 4.5 %",
        "6.79",
        "in the space of descriptors",
    ):
        assert words in said
    assert main(["models", "--json"]) == 0
    (facts,) = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in facts["classes"]] == ["fibres", "ceramic"]
    assert facts["classes"][1]["judged"] == JUDGED
    volume = folder / "v.tif"
    asked = ["generate", "pair", "--class", "ceramic", "--size", "16", "--quiet", "-o", str(volume)]
    assert main([*asked, "--volume-fraction", "0.25"]) == 0
    assert read_volume(volume).fractions[1] == pytest.approx(0.25, abs=1e-3)
    assert main(["generate", "other", "--quiet", "-o", str(folder / "w.tif")]) == 2
    assert "Those are: pair" in capsys.readouterr().err


def test_none_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shipped, "folder", lambda: tmp_path)
    assert main(["models"]) == 0
    assert "No model" in capsys.readouterr().out
