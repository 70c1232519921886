"""Statistics of a result in the window: ticked, measured, compared, copied, saved."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from scipy import ndimage

from app.main_window import MainWindow
from app.session import Result
from core.images.pixel_size import format_length
from core.images.values import Phase, PhaseImage, Volume
from core.projects.plan import Plan
from core.provenance import Provenance
from core.reconstruction.engine import Target
from core.reconstruction.pipeline import Reconstruction
from core.statistics import compare, sampling_band
from core.statistics.chord_length import chord_lengths
from tests.core.reconstruction.models import tiny_model

LEFT = Qt.MouseButton.LeftButton
PHASES = (Phase("Solid", "#8A9099"), Phase("Pore", "#0072B2"))


def labels(shape: tuple[int, ...], seed: int) -> np.ndarray:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 2, mode="wrap")
    return (smooth > 0.3 * smooth.std()).astype(np.uint8)


def result(seed: int, side: int = 40) -> Result:
    image = PhaseImage(labels((96, 96), 0), PHASES, 2e-8, "section.tif", Provenance("read"))
    volume = Volume(labels((side,) * 3, seed), PHASES, (2e-8,) * 3, "volume", Provenance("made"))
    comparison, band = compare(volume.labels, image.labels), sampling_band(image.labels, side // 2 - 1)
    model = tiny_model()
    made = Reconstruction(
        model=model, volume=volume, target=Target(image, 1, None, volume.shape, seed), volume_phase=1,
        comparison=comparison, band=band, engine="swnn", preset="fast", settings={}, device="cpu",
        seconds={"train": 1.0}, fraction_before=0.4,
    )  # fmt: skip
    return Result(
        f"run {seed}", volume, image, 1, 1, Plan(size=volume.shape, seed=seed), comparison, band, {"train": 1.0}, 0.4,
        volume.fractions[1], model, made,
    )  # fmt: skip


def tick(window: MainWindow, *names: str) -> None:
    from core.statistics.descriptors import DESCRIPTORS

    choice = window.inspect.statistics.card.choice
    for line, one in enumerate(DESCRIPTORS):
        choice.item(line).setCheckState(Qt.CheckState.Checked if one.name in names else Qt.CheckState.Unchecked)


@pytest.fixture
def shown(window: MainWindow) -> MainWindow:
    window.session.replace(results=(result(1), result(2)), shown=0)
    window.show_step("inspect")
    card = window.inspect.statistics.card
    card.fold.set_open(True)
    return window


def test_measured_beside_the_exemplar_copied_and_saved(
    shown: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = shown.inspect
    card, page = step.statistics.card, step.statistics.page
    tick(shown)
    assert not card.run.isEnabled() and "at least one" in card.missing.text()
    tick(shown, "chord-length", "cluster", "connectivity")
    qtbot.mouseClick(card.run, LEFT)
    assert not card.run.isEnabled()
    qtbot.waitUntil(lambda: bool(card.found), timeout=240_000)
    qtbot.waitUntil(card.run.isEnabled, timeout=240_000)
    assert step.canvas.currentWidget() is page and card.table.isChecked()
    tops = [page.tree.topLevelItem(line) for line in range(page.tree.topLevelItemCount())]
    assert [top.text(0) for top in tops] == ["Chord lengths", "Cluster function C₂", "Connected components"]
    first = shown.session.state.results[0]
    expected = chord_lengths(first.volume.labels == 1).mean
    row = tops[0].child(0)
    assert row.text(0) == "Mean chord length" and row.toolTip(1).startswith(f"{expected:.4g} px (")
    assert row.text(1) == format_length(expected * 2e-8)
    assert "±" in row.text(3) and row.text(4) in ("inside", "at the edge", "outside")
    assert tops[2].child(0).text(1).endswith("%")

    place = page.tree.visualItemRect(tops[1]).center()
    qtbot.mouseClick(page.tree.viewport(), LEFT, pos=place)
    assert "Cluster function C₂ (the volume's sections)" in page.sentence.text()
    assert "the volume's sections" in page.plot.key.text().replace("&nbsp;", " ")

    qtbot.mouseClick(page.copy, LEFT)
    copied = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert len({len(line) for line in copied}) == 1
    assert [line[0] for line in copied if line[0]] == [top.text(0) for top in tops]
    path = tmp_path / "numbers.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **options: (str(path), "Table (*.csv)"))
    qtbot.mouseClick(page.save, LEFT)
    curves = tmp_path / "numbers_curves.csv"
    qtbot.waitUntil(lambda: path.is_file() and curves.is_file(), timeout=240_000)
    with path.open(encoding="utf-8", newline="") as file:
        saved = {(line["statistic"], line["quantity"]): line for line in csv.DictReader(file)}
    assert float(saved["chord-length", "mean"]["found"]) == pytest.approx(expected, rel=1e-6)
    assert "cluster_exemplar" in curves.read_text(encoding="utf-8").splitlines()[0]

    # the report tells of them too
    folder = tmp_path / "report"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args, **options: str(folder))
    step.export_report()
    qtbot.waitUntil(lambda: (folder / "report.html").is_file(), timeout=240_000)
    written = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert set(written["statistics"]) == {"chord-length", "cluster", "connectivity"}

    qtbot.mouseClick(page.back, LEFT)
    assert step.canvas.currentWidget() is step.view and not card.table.isChecked()


def test_each_result_keeps_its_own_and_cancel_leaves_nothing(shown: MainWindow, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QToolButton

    step, card = shown.inspect, shown.inspect.statistics.card
    tick(shown, "euler")
    qtbot.mouseClick(card.run, LEFT)
    qtbot.waitUntil(lambda: bool(card.found), timeout=240_000)
    first = card.found
    shown.session.replace(shown=1)
    assert not card.found and card.table.isHidden()
    assert step.canvas.currentWidget() is step.view
    shown.session.replace(shown=0)
    assert card.found is first
    qtbot.mouseClick(card.table, LEFT)
    assert step.canvas.currentWidget() is step.statistics.page
    assert step.statistics.page.title.toolTip() == "Statistics of run 1"
    # another gesture leaves the table where it is
    shown.commands.plan("seed", seed=5)
    assert step.canvas.currentWidget() is step.statistics.page

    shown.session.replace(shown=1)
    qtbot.waitUntil(lambda: not shown.context.jobs.busy, timeout=240_000)
    # one descriptor may be done before it can be cancelled; all of them take seconds
    qtbot.mouseClick(next(one for one in card.findChildren(QToolButton) if one.text() == "All"), LEFT)
    qtbot.mouseClick(card.run, LEFT)
    shown.context.jobs.cancel()
    qtbot.waitUntil(lambda: not shown.context.jobs.busy, timeout=240_000)
    assert not card.found
    qtbot.waitUntil(card.run.isEnabled, timeout=240_000)


def test_all_and_none(shown: MainWindow, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QToolButton

    card = shown.inspect.statistics.card
    buttons = {button.text(): button for button in card.findChildren(QToolButton)}
    qtbot.mouseClick(buttons["None"], LEFT)
    assert card.ticked == ()
    qtbot.mouseClick(buttons["All"], LEFT)
    assert len(card.ticked) == card.choice.count()
