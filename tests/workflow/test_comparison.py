"""All runs beside each other in the window: measured, boxed, copied, saved."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from core.statistics.components import connectivity
from tests.workflow.test_statistics import result

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def compared(window: MainWindow) -> MainWindow:
    runs = [result(seed, 24) for seed in (1, 2, 3)]
    other = replace(runs[2], plan=replace(runs[2].plan, preset="thorough"))
    window.session.replace(results=(*runs[:2], other), shown=0)
    window.show_step("inspect")
    return window


def cells(window: MainWindow, title: str) -> list[str]:
    table = window.inspect.comparison.table
    titles = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount())]
    column = next(place for place, text in enumerate(titles) if text.startswith(title))
    return [table.item(row, column).text() for row in range(table.rowCount())]


def test_runs_are_compared_measured_copied_and_saved(
    compared: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, page = compared.inspect, compared.inspect.comparison
    results = compared.session.state.results
    qtbot.mouseClick(step.compare, LEFT)
    assert step.canvas.currentWidget() is page
    assert cells(compared, "Run") == ["Exemplar or target ± 95 %", "1. seed 1", "2. seed 2", "3. seed 3"]
    assert cells(compared, "Group") == ["", "A", "A", "B"]
    assert "A: section.tif, SWNN fast" in page.key.text() and "B: section.tif, SWNN thorough" in page.key.text()
    fraction = cells(compared, "Fraction of Pore")
    assert fraction[0] == f"{100 * results[0].exemplar.fractions[1]:.2f}"
    assert fraction[2] == f"{100 * results[1].fraction_after:.2f}"
    assert "3 runs" in page.told.text()

    qtbot.mouseClick(page.measure, LEFT)
    assert not page.measure.isEnabled()
    qtbot.waitUntil(lambda: page.measure.isHidden(), timeout=240_000)
    connected = [connectivity(one.volume.labels == 1).connected[0] for one in results]
    assert cells(compared, "Connected face to face along z")[1:] == [f"{100 * share:.2f}" for share in connected]
    assert "±" in cells(compared, "Surface per volume, from S₂'s slope, in sections")[0]
    # the same numbers are in the card of each run's own statistics
    assert {one.descriptor.name for one in step.statistics.found} >= {"connectivity", "euler"}

    plots = [item for item in page.plots.graphics.ci.items if hasattr(item, "listDataItems")]
    assert len(plots) == len(page._columns)
    dots = [one for one in plots[0].listDataItems() if one.opts["symbol"] == "o"]
    drawn = np.concatenate([one.getData()[1] for one in dots])
    assert drawn == pytest.approx([100 * one.fraction_after for one in results])

    qtbot.mouseClick(page.copy, LEFT)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert len(lines) == 5 and len({len(line) for line in lines}) == 1
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args, **_options: str(tmp_path))
    qtbot.mouseClick(page.save, LEFT)
    qtbot.waitUntil((tmp_path / "report.html").exists, timeout=60_000)
    with (tmp_path / "runs.csv").open(encoding="utf-8", newline="") as file:
        saved = list(csv.DictReader(file))
    assert [float(line["connectivity.connected_z"]) for line in saved] == pytest.approx(connected, rel=1e-6)
    boxes = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["quantities"]["fraction"]["groups"]
    assert [one["count"] for one in boxes.values()] == [2, 1]


def test_ways_out_of_the_comparison(compared: MainWindow, qtbot: QtBot) -> None:
    step, page = compared.inspect, compared.inspect.comparison
    qtbot.mouseClick(step.compare, LEFT)
    qtbot.mouseClick(page.back, LEFT)
    assert step.canvas.currentWidget() is step.view and not step.compare.isChecked()
    qtbot.mouseClick(step.compare, LEFT)
    place = page.table.visualItemRect(page.table.item(2, 0)).center()
    qtbot.mouseClick(page.table.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(page.table.viewport(), LEFT, pos=place)
    assert step.canvas.currentWidget() is step.view and compared.session.state.shown == 1
    qtbot.mouseClick(step.compare, LEFT)
    # a new run comes into the table, which stays where it is
    compared.session.replace(results=(*compared.session.state.results, result(4, 24)))
    assert step.canvas.currentWidget() is page and len(cells(compared, "Run")) == 5
    # with one run there is nothing to compare
    compared.session.replace(results=compared.session.state.results[:1], shown=0)
    assert step.canvas.currentWidget() is step.view and step.compare.isHidden()


def test_cancelled_measurements_keep_what_is_done(compared: MainWindow, qtbot: QtBot) -> None:
    step, page = compared.inspect, compared.inspect.comparison
    first = compared.session.state.results[0]
    qtbot.mouseClick(step.compare, LEFT)
    qtbot.mouseClick(page.measure, LEFT)
    qtbot.waitUntil(lambda: bool(page._running) or page._running is None, timeout=240_000)
    compared.context.jobs.cancel()
    qtbot.waitUntil(lambda: not compared.context.jobs.busy, timeout=240_000)
    assert compared.context.measurements.statistics(first.volume.labels)
    assert page._running is None
