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
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.project_state import project_of
from app.workspaces.inspect.comparison_page import ComparisonPage
from app.workspaces.inspect.true_volume_dialog import TrueVolumeDialog
from core.images.true_volume import TrueVolume
from core.images.values import Volume, default_phases
from core.images.writing import write_volume
from core.job import finish
from core.projects.writing import write_project
from core.properties import PropertyPlan, effective_conductivity, properties
from core.provenance import Provenance, array_hash
from core.report.runs import Entry
from core.statistics.components import connectivity
from core.statistics.descriptors import descriptor
from tests.workflow.test_statistics import labels, result

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
    qtbot.waitUntil((tmp_path / "references.bib").exists, timeout=60_000)
    with (tmp_path / "runs.csv").open(encoding="utf-8", newline="") as file:
        saved = list(csv.DictReader(file))
    assert [float(line["connectivity.connected_z"]) for line in saved] == pytest.approx(connected, rel=1e-6)
    boxes = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["quantities"]["fraction"]["groups"]
    assert [one["count"] for one in boxes.values()] == [2, 1]
    page_text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert all(array_hash(one.volume.labels) in page_text for one in results)
    assert "The random seeds were 1, 2 and 3." in (tmp_path / "methods.txt").read_text(encoding="utf-8")


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
    # one run can still be compared with a true volume
    compared.session.replace(results=compared.session.state.results[:1], shown=0)
    assert step.canvas.currentWidget() is step.view and step.compare.text() == "Compare with a true volume"
    qtbot.mouseClick(step.compare, LEFT)
    assert len(cells(compared, "Run")) == 2
    compared.session.replace(results=(), shown=-1)
    assert step.canvas.currentWidget() is step._empty and step.compare.isHidden()


def test_cancelled_measurements_keep_what_is_done(compared: MainWindow, qtbot: QtBot) -> None:
    step, page = compared.inspect, compared.inspect.comparison
    first = compared.session.state.results[0]
    qtbot.mouseClick(step.compare, LEFT)
    qtbot.mouseClick(page.measure, LEFT)
    qtbot.waitUntil(lambda: page._running is None or bool(page._running.runs), timeout=240_000)
    compared.context.jobs.cancel()
    qtbot.waitUntil(lambda: not compared.context.jobs.busy, timeout=240_000)
    assert compared.context.measurements.statistics(first.volume.labels)
    assert page._running is None


def test_true_volumes_stand_beside_the_runs_and_are_measured_alike(
    compared: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, page = compared.inspect, compared.inspect.comparison
    few = tuple(descriptor(name) for name in ("specific-surface", "connectivity"))
    monkeypatch.setattr("app.workspaces.inspect.comparison.usual", lambda: few)
    monkeypatch.setattr("app.workspaces.inspect.true_volumes.usual", lambda: few)
    compared.session.replace(results=compared.session.state.results[:1])
    # the other way round: its pores are label 0, and it is twice as long as a run
    rock = 1 - labels((24, 24, 56), 9)
    write_volume(Volume(rock, default_phases(2), (2e-8,) * 3, "rock", Provenance("scan")), tmp_path / "rock.tif")
    run = compared.session.state.results[0].volume
    plan = PropertyPlan({0: 1.4, 1: 0.026}, None, (0,))
    compared.context.measurements.keep_properties(run.labels, finish(properties(run.labels, run.voxel_size, plan)))
    qtbot.mouseClick(step.compare, LEFT)

    def fill(self: TrueVolumeDialog) -> int:
        self.show()
        assert [self.phase.itemText(line) for line in range(2)] == [
            f"{label}: {name}, {100 * share:.1f} %"
            for label, (name, share) in enumerate(
                zip(("Matrix", "Phase 1"), (1 - rock.mean(), rock.mean()), strict=True)
            )
        ]
        self.phase.setCurrentIndex(0)
        self.part.setCurrentIndex(1)
        assert self.count.value() == 2 and self.told.text() == "2 lines in the table, one box"
        self.group.selectAll()
        qtbot.keyClicks(self.group, "scan")
        qtbot.mouseClick(self.buttons.button(QDialogButtonBox.StandardButton.Save), LEFT)
        return self.result()

    monkeypatch.setattr(TrueVolumeDialog, "exec", fill)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "rock.tif")], ""))
    page.true.menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: len(compared.session.state.true_volumes) == 2, timeout=60_000)
    qtbot.waitUntil(lambda: page.measure.isHidden(), timeout=240_000)
    assert compared.session.unsaved
    assert cells(compared, "Run")[2:] == ["rock.tif, from 0, 0, 0", "rock.tif, from 32, 0, 0"]
    assert cells(compared, "Group") == ["", "A", "B", "B"] and "B: scan" in page.key.text()
    for line, first in ((2, 0), (3, 32)):
        pores = rock[:, :, first : first + 24] == 0
        assert cells(compared, "Fraction")[line] == f"{100 * pores.mean():.2f}"
        connected = f"{100 * connectivity(pores).connected[0]:.2f}"
        assert cells(compared, "Connected face to face along z")[line] == connected
        solved = effective_conductivity(pores.astype(np.uint8), {0: 1.4, 1: 0.026}, axes=(0,))
        heat = finish(solved).along[0]
        assert float(cells(compared, "Conductivity along z")[line]) == pytest.approx(heat.value, rel=1e-3)
    # the exemplar's line is still that of the runs
    assert "±" in cells(compared, "Surface per volume, from S₂'s slope, in sections")[0]
    # a run's own volume would not open for such a line; taken out, they are gone, and undo brings their numbers back
    page.table.selectRow(3)
    assert page._selected() == (0,) and not page.remove.isHidden()
    qtbot.mouseClick(page.remove, LEFT)
    assert len(cells(compared, "Run")) == 3
    compared.undo_action.trigger()
    assert len(cells(compared, "Run")) == 4 and page.measure.isHidden()
    # what cannot be read says why, and is no reason to measure again
    page.true.add((TrueVolume(tmp_path / "gone.tif", "scan", 0),))
    qtbot.waitUntil(lambda: "gone.tif" in page.told.text(), timeout=60_000)
    assert page.measure.isHidden() and cells(compared, "Fraction")[4] == ""


def test_true_volumes_whose_file_is_gone_keep_numbers_and_curves(
    compared: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, page = compared.inspect, compared.inspect.comparison
    few = (descriptor("specific-surface"),)
    monkeypatch.setattr("app.workspaces.inspect.comparison.usual", lambda: few)
    monkeypatch.setattr("app.workspaces.inspect.true_volumes.usual", lambda: few)
    compared.session.replace(results=compared.session.state.results[:2])
    rock = labels((24, 24, 24), 9)
    path = tmp_path / "rock.tif"
    write_volume(Volume(rock, default_phases(2), (2e-8,) * 3, "rock", Provenance("scan")), path)
    qtbot.mouseClick(step.compare, LEFT)
    page.true.add((TrueVolume(path, "scan", 1),))
    qtbot.waitUntil(lambda: page.measure.isHidden() and len(page._entries) == 3, timeout=240_000)
    page.drawn.setCurrentIndex(1)
    drawn = curves(page)
    assert len(drawn) == 2 * (3 + 1), "S₂ and L of two runs, the rock and the exemplar"
    values = cells(compared, "Fraction")[3:], cells(compared, "Surface")
    known = compared.context.measurements.true_volume(compared.session.state.true_volumes[0])
    assert known is not None and known.account is not None and known.account.sha256 == array_hash(rock)

    book = compared.context.measurements
    kept = write_project(project_of(compared.session.state, None, "", book), tmp_path / "a.microloom")
    path.unlink()
    book._true.clear()  # another window would know nothing
    session = compared.session
    session.saved_state, session.saved_findings = session.state, session.findings
    compared.opener.open(kept)
    qtbot.waitUntil(lambda: compared.session.path == kept, timeout=240_000)
    compared.show_step("inspect")
    qtbot.mouseClick(step.compare, LEFT)
    assert (cells(compared, "Fraction")[3:], cells(compared, "Surface")) == values
    assert cells(compared, "Run")[3] == "rock.tif (file gone)" and "rock.tif is not where it was" in page.told.text()
    tip = page.table.item(3, 0).toolTip()  # type: ignore[union-attr]
    assert str(path) in tip and array_hash(rock) in tip
    assert page.measure.isHidden(), "there is nothing that could be measured"
    again = curves(page)
    assert len(again) == len(drawn)
    for one, other in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(one, other)
    # the saved comparison has them, too
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args, **_options: str(tmp_path / "report"))
    qtbot.mouseClick(page.save, LEFT)
    qtbot.waitUntil((tmp_path / "report" / "references.bib").exists, timeout=240_000)
    told = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["entries"][2]
    assert "not there any more" in told["note"]
    assert "rock.tif: The file is not there any more" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert told["labels_sha256"] == array_hash(rock) and told["s2"]["mean"] == known.account.curves.s2_mean.tolist()
    # a measurement that fails takes nothing away, and where the file is there again all is as before
    (one,) = compared.session.state.true_volumes
    book.keep_true_volumes([(one, Entry("rock.tif", problem="Gone."))])
    assert book.true_volume(one) is one.known
    write_volume(Volume(rock, default_phases(2), (2e-8,) * 3, "rock", Provenance("scan")), path)
    qtbot.mouseClick(page.back, LEFT)
    qtbot.mouseClick(step.compare, LEFT)
    assert cells(compared, "Run")[3] == "rock.tif" and "is not where" not in page.told.text()


def curves(page: ComparisonPage) -> list[np.ndarray]:
    """What the page draws: S2 of every line and the exemplar, then L."""
    return [np.array(item.getData()) for plot in page.curves.plots for item in plot.listDataItems()]
