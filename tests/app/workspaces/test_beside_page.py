"""Which volumes stand beside each other, and what of a large one; without a screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.widgets.volume_grid import moved, of_volume, scaled
from core.images.values import Phase, Volume
from core.images.writing import write_volume
from core.provenance import Provenance
from tests.workflow.conftest import window  # noqa: F401 - a fixture
from tests.workflow.test_statistics import result

PHASES = (Phase("Solid", "#8A9099"), Phase("Pore", "#0072B2"))


def test_a_place_and_a_clip_keep_their_share_of_the_sides() -> None:
    assert moved((0, 5, 11), (12, 12, 12), (24, 12, 6)) == (1, 5, 5)
    assert moved((23, 0, 6), (24, 24, 24), (12, 7, 24)) == (11, 0, 6)
    assert scaled(((0, 12), (3, 6), (11, 12)), (12, 12, 12), (24, 4, 3)) == ((0, 24), (1, 2), (2, 3))


@pytest.mark.parametrize(("each", "step"), [(20**3, 1), (20**3 - 1, 2), (1000, 2), (999, 3)])
def test_a_large_volume_is_drawn_coarsely_and_read_in_full(each: int, step: int) -> None:
    labels = np.random.default_rng(1).integers(0, 2, (20, 20, 20)).astype(np.uint8)
    entry = of_volume("v", Volume(labels, PHASES, None, "v", Provenance("test")), None, each)
    assert np.array_equal(entry.labels, labels[::step, ::step, ::step]) and (entry.levels is None) == (step == 1)
    assert entry.fractions == pytest.approx((1 - labels.mean(), labels.mean()))
    if entry.levels is not None:
        assert entry.levels.shapes[0] == (20, 20, 20) and entry.levels.steps[1] == (step,) * 3
        assert np.array_equal(entry.levels.read(0, (3, 4, 5), (2, 6, 7)), labels[3:5, 4:10, 5:12])


def test_runs_and_a_file_stand_beside_each_other(
    window: MainWindow,  # noqa: F811
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    runs = tuple(result(seed, 24) for seed in (1, 2, 3, 4, 5))
    window.session.replace(results=runs, shown=1)
    window.show_step("inspect")
    page = window.inspect.beside
    assert page.action in window.all_actions() and page.action.isEnabled()
    page.action.trigger()
    assert window.inspect.canvas.currentWidget() is page and page.switch.isChecked()
    assert [entry.source for entry in page.grid.entries] == [runs[1], runs[2], runs[3], runs[4]]
    assert not page.add.isEnabled()
    shares = [f"φ {100 * run.volume.fractions[1]:.2f} %" for run in runs[1:]]
    assert all(share in cell.title.text() for share, cell in zip(shares, page.grid.cells, strict=True))

    page.grid.cells[0].away.click()
    page.grid.cells[2].away.click()
    assert [entry.source for entry in page.grid.entries] == [runs[2], runs[3]]
    page.fill_menu()
    assert [action.text() for action in page.menu.actions()] == [
        "1. section, seed 1", "2. section, seed 2", "5. section, seed 5", "", "From a file …",
        "From a folder (.ome.zarr) …",
    ]  # fmt: skip
    truth = tmp_path / "truth.tif"
    write_volume(runs[0].volume, truth)
    page.open(truth)
    qtbot.waitUntil(lambda: len(page.grid.entries) == 3, timeout=60_000)
    last = page.grid.entries[2]
    assert last.name == "truth.tif" and np.array_equal(last.labels, runs[0].volume.labels)

    window.session.replace(results=(runs[0], runs[3]), shown=1)  # one of them is gone
    assert [entry.source for entry in page.grid.entries] == [runs[3], truth]
    page.back.click()
    assert not page.on_show and window.inspect.canvas.currentWidget() is window.inspect.view


def test_selected_lines_of_the_comparison_are_seen_beside_each_other(
    window: MainWindow,  # noqa: F811
    qtbot: QtBot,
) -> None:
    runs = tuple(result(seed, 24) for seed in (1, 2, 3))
    window.session.replace(results=runs, shown=0)
    window.show_step("inspect")
    step = window.inspect
    step.compare.click()
    assert step.canvas.currentWidget() is step.comparison
    table = step.comparison.table
    for row in (1, 3):
        table.selectionModel().select(
            table.model().index(row, 0),
            table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows,
        )
    step.comparison.beside.click()
    assert step.canvas.currentWidget() is step.beside and not step.compare.isChecked()
    assert [entry.source for entry in step.beside.grid.entries] == [runs[0], runs[2]]
    window.session.replace(shown=2)  # somebody wants to see one volume
    assert step.canvas.currentWidget() is step.view and not step.beside.on_show
