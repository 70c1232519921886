"""The history of runs, clicked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.commands import Commands
from app.project_state import state_of
from app.session import Session
from app.workspaces.inspect.runs_plot import COLORS
from app.workspaces.inspect.runs_view import EMPTY, RunsView
from tests.core.projects.projects import project

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[RunsView]:
    session = Session()
    made = RunsView(session, Commands(session))
    qtbot.addWidget(made)
    made.resize(1300, 300)
    made.show()
    qtbot.waitExposed(made)
    yield made


def texts(view: RunsView, column: int) -> list[str]:
    return [view.table.item(line, column).text() for line in range(view.table.rowCount())]


def click(qtbot: QtBot, view: RunsView, line: int, column: int, offset: int | None = None) -> None:
    area = view.table.visualItemRect(view.table.item(line, column))
    place = area.center() if offset is None else QPoint(area.left() + offset, area.center().y())
    qtbot.mouseClick(view.table.viewport(), LEFT, pos=place)


def test_all_runs_of_the_session_with_their_numbers(view: RunsView) -> None:
    assert view.told.text() == EMPTY
    state = state_of(project())
    view._session.restore(state)
    assert view.table.rowCount() == 3 and view.told.text() == "3 runs"
    assert texts(view, 2) == ["1", "2", "3"]
    # wanted by a mask of 0.3 everywhere; achieved as the result says
    assert texts(view, 3) == ["30.00 % (mask)"] * 3
    assert texts(view, 4) == ["14.29 %"] * 3
    assert texts(view, 5) == ["14 × 13 × 12", "14 × 13 × 12, file", "14 × 13 × 12"]
    # the second was made by the first's model
    assert texts(view, 9) == ["0 s"] * 3
    first = state.results[0].comparison
    assert texts(view, 7)[0] == f"{100 * first.epsilon_s2:.1f} %"
    assert texts(view, 8)[0] == f"{100 * first.epsilon_lineal_path:.1f} %"
    # the second is on show
    assert next(item.row() for item in view.table.selectedItems()) == 1


def test_a_click_chooses_and_the_box_hides_curves(view: RunsView, qtbot: QtBot) -> None:
    view._session.restore(state_of(project()))
    with qtbot.waitSignal(view.chosen) as seen:
        click(qtbot, view, 2, 1)
    assert seen.args == [2]
    lines = view.plot.plots[0].listDataItems()
    state = view._session.state
    drawn = [line for line in lines if line.opts["pen"].color().name().upper() in COLORS]
    assert [line.opts["pen"].color().name().upper() for line in drawn] == list(COLORS[:3])
    for line, result in zip(drawn, state.results, strict=True):
        assert np.array_equal(line.getData()[1], result.comparison.volume.s2_mean)
    # two exemplars: two of the runs share one
    assert len(lines) - len(drawn) == 2
    click(qtbot, view, 0, 0, 10)
    assert view.table.item(0, 0).checkState() == Qt.CheckState.Unchecked
    now = [line.opts["pen"].color().name().upper() for line in view.plot.plots[1].listDataItems()]
    assert COLORS[0] not in now and COLORS[1] in now


def test_sorting_keeps_runs_and_rows_together(view: RunsView, qtbot: QtBot) -> None:
    view._session.restore(state_of(project()))
    results = view._session.state.results
    view.table.sortByColumn(7, Qt.SortOrder.DescendingOrder)
    order = sorted(range(3), key=lambda number: -results[number].comparison.epsilon_s2)
    assert texts(view, 2) == [str(results[number].plan.seed) for number in order]
    with qtbot.waitSignal(view.chosen) as seen:
        click(qtbot, view, 0, 1)
    assert seen.args == [order[0]]
    # after sorting, another result is still put in with its own number
    view._session.replace(results=(*results, results[0]))
    assert view.table.rowCount() == 4


def test_run_again_and_remove_are_about_the_run_on_show(view: RunsView, qtbot: QtBot) -> None:
    view._session.restore(state_of(project()))
    shown = view._session.state.result
    with qtbot.waitSignal(view.again) as seen:
        qtbot.mouseClick(view.again_button, LEFT)
    assert seen.args == [shown]
    qtbot.mouseClick(view.remove_button, LEFT)
    assert len(view._session.state.results) == 2 and all(one is not shown for one in view._session.state.results)
    assert view.table.rowCount() == 2
    view._commands.stack.undo()
    assert len(view._session.state.results) == 3 and view._session.state.result is shown


def test_bringing_back_a_removed_run_keeps_those_that_ended_since(view: RunsView, qtbot: QtBot) -> None:
    first, second, third = state_of(project()).results
    view._session.replace(results=(first, second), shown=0)
    qtbot.mouseClick(view.remove_button, LEFT)
    # a run that ends is no gesture: nobody takes it back
    view._session.replace(results=(*view._session.state.results, third), shown=-1)
    view._commands.undo()
    assert view._session.state.results == (first, second, third) and view._session.state.result is first
    view._commands.redo()
    assert view._session.state.results == (second, third)
