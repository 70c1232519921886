"""The whole way, as a person goes it: from opening a picture to an exported volume, with mouse and keyboard."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.demonstration import demonstrate
from app.main_window import MainWindow
from core.images.reading import read_volume

pytestmark = [pytest.mark.gl, pytest.mark.slow, pytest.mark.timeout(900)]


def test_from_a_sample_to_an_exported_volume(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.reconstruct.warm_up()
    said: list[str] = []
    demonstrate(window, tmp_path / "out", size=32, minutes=0.1, say=said.append)
    out = tmp_path / "out"
    result = window.session.state.result
    assert result is not None
    volume = read_volume(out / "volume.tif")
    assert np.array_equal(volume.labels, result.volume.labels)
    assert volume.shape == (32, 32, 32)
    assert volume.voxel_size == pytest.approx((1.2e-9,) * 3), "the pixel size of the tag reaches the exported volume"
    assert [phase.name for phase in volume.phases] == [phase.name for phase in result.volume.phases]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["volume_fraction"]["achieved"] == pytest.approx(volume.fractions[1])
    assert report["s2"]["epsilon_percent"] == pytest.approx(100 * result.comparison.epsilon_s2)
    assert report["voxel_size_m"]
    assert (out / "surface.stl").stat().st_size > 1000
    assert (out / "curves.csv").read_text(encoding="utf-8").count("\n") > 10
    assert {"0-start.png", "1-micrograph.png", "2-phases.png", "3-mask.png", "4-reconstruct.png", "5-inspect.png"} <= {
        path.name for path in out.iterdir()
    }
    assert any("Volume fraction" in line for line in said)
    assert window.inspect.unexported == 0
    # a changed plan makes the result stale, and the difference is named
    window.commands.plan("seed", seed=5)
    qtbot.waitUntil(lambda: window.inspect.status.mark == "stale")
    assert "seed" in window.inspect.status.sentence
