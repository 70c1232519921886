"""A model of several classes on the command line, from images that the program made to volumes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.__main__ import main
from core.images.reading import read_volume
from tests.app.test_diffusion_command import TINY


def test_from_synthetic_images_to_volumes_of_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, model, volume = tmp_path / "set", tmp_path / "m.microloom-model", tmp_path / "v.tif"
    settings = [part for assignment in TINY for part in ("--set", assignment)]
    small = ["--count", "3", "--size", "24", "--length", "8", "--quiet"]
    assert main(["synthesise", "fibres", "ceramic", *small, "-o", str(folder)]) == 0
    assert main(["train", str(folder), "-o", str(model), "--device", "cpu", "--quiet", *settings]) == 0
    assert "fibres: 3 images" in capsys.readouterr().err
    asked = ["generate", str(model), "-o", str(volume), "--size", "16", "--quiet"]
    assert main([*asked, "--class", "ceramic"]) == 0
    assert [phase.name for phase in read_volume(volume).phases] == ["Grains", "Walls"]
    capsys.readouterr()
    for wrong, words in (
        ([], "Choose with --class: ceramic, fibres"),
        (["--class", "steel"], "no class 'steel'"),
    ):
        assert main([*asked, "--force", *wrong]) == 2
        assert words in capsys.readouterr().err
    assert main(["train", str(folder), "-o", str(model), "--quiet"]) == 2
    assert "exists already" in capsys.readouterr().err
