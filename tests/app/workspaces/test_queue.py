"""The queue of runs: order, shared models, failures, cancelling, and its table, clicked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QToolButton
from pytestqt.qtbot import QtBot

from app.jobs import JobRunner
from app.workspaces.reconstruct.queue import CANCELLED, DONE, FAILED, RUNNING, WAITING, Entry, RunQueue
from app.workspaces.reconstruct.queue_view import EMPTY, QueueView
from app.workspaces.reconstruct.series_form import SeriesForm, shares
from core.errors import JobError
from core.job import Job, Progress

LEFT = Qt.MouseButton.LeftButton


class FakeRun:
    """Counts to ``steps``; its model is its name."""

    def __init__(self, name: str, log: list[str], steps: int = 3, fails: bool = False) -> None:
        self.title, self.log, self.steps, self.fails = name, log, steps, fails
        self.plan = SimpleNamespace(seed=5)
        self.design = SimpleNamespace(used=False)
        self.wanted_fraction = 0.25
        self.file = None

    def _count(self, what: str, model: Any) -> Job[Any]:
        for step in range(self.steps):
            time.sleep(0.005)
            report = SimpleNamespace(
                step=step, of=self.steps, what=what, fraction=step / self.steps, snapshot=f"part of {self.title}"
            )
            yield report  # type: ignore[misc]
            if self.fails:
                raise JobError("No memory.", "Buy some.")
        return SimpleNamespace(model=model)

    def job(self) -> Job[Any]:
        self.log.append(f"train {self.title}")
        return self._count("Training", self.title)

    def generate(self, model: Any) -> Job[Any]:
        self.log.append(f"{self.title} from {model}")
        return self._count("Generating", model)


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[JobRunner]:
    made = JobRunner()
    yield made
    assert made.finish()


@pytest.fixture
def log() -> list[str]:
    return []


def entry(name: str, log: list[str], leader: Entry | None = None, **options: Any) -> Entry:
    return Entry(FakeRun(name, log, **options), leader)  # type: ignore[arg-type]


def test_one_after_the_other_those_with_a_leader_without_training(
    qtbot: QtBot, jobs: JobRunner, log: list[str]
) -> None:
    queue = RunQueue(jobs)
    heard: list[str] = []
    queue.returned.connect(lambda one, made: heard.append(f"{one.run.title}: {made.model}"))
    first = entry("a", log)
    queue.add([first, entry("b", log, first), entry("c", log)])
    assert [one.state for one in queue.entries] == [RUNNING, WAITING, WAITING]
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    assert log == ["train a", "b from a", "train c"]
    assert heard == ["a: a", "b: a", "c: c"]
    assert queue.share == 1.0 and queue.counted() == "3 of 3 done"


def test_one_that_fails_does_not_stop_the_rest_and_the_next_trains_in_its_place(
    qtbot: QtBot, jobs: JobRunner, log: list[str]
) -> None:
    queue = RunQueue(jobs)
    first = entry("a", log, fails=True)
    queue.add([first, entry("b", log, first), entry("c", log, first)])
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    assert log == ["train a", "train b", "c from b"]
    assert [one.state for one in queue.entries] == [FAILED, DONE, DONE]
    assert "Buy some" in queue.entries[0].said
    assert queue.counted() == "2 of 3 done, 1 failed"


def test_the_running_one_or_a_waiting_one_or_all_are_cancelled(qtbot: QtBot, jobs: JobRunner, log: list[str]) -> None:
    queue = RunQueue(jobs)
    queue.add([entry("a", log, steps=100_000), entry("b", log), entry("c", log, steps=100_000), entry("d", log)])
    queue.cancel(queue.entries[1])
    assert queue.entries[1].state == CANCELLED
    qtbot.waitUntil(lambda: queue.entries[0].share > 0 or queue.entries[0].snapshot is not None, timeout=20_000)
    queue.cancel(queue.entries[0])
    qtbot.waitUntil(lambda: queue.entries[2].state == RUNNING, timeout=20_000)
    queue.cancel_all()
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    assert log in (["train a", "train c"], ["train a"])  # c may be stopped before its job was even made
    assert all(one.state == CANCELLED for one in queue.entries)
    assert queue.share == 1.0
    queue.clear_over()
    assert queue.entries == []


def test_stop_and_keep_builds_from_what_was_reached_before_the_next_begins(
    qtbot: QtBot, jobs: JobRunner, log: list[str]
) -> None:
    queue = RunQueue(jobs)
    queue.add([entry("a", log, steps=100_000), entry("b", log)])
    queue.entries[0].run.steps = 100_000  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: queue.entries[0].snapshot is not None, timeout=20_000)
    queue.entries[0].run.steps = 3  # type: ignore[attr-defined]
    queue.keep()
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    assert log == ["train a", "a from part of a", "train b"]
    assert queue.counted() == "2 of 2 done"


def test_closing_the_window_begins_nothing_more(qtbot: QtBot, jobs: JobRunner, log: list[str]) -> None:
    queue = RunQueue(jobs)
    queue.add([entry("a", log, steps=100_000), entry("b", log)])
    assert jobs.finish()
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    qtbot.wait(50)
    assert log in (["train a"], [])


def test_a_queue_waits_for_another_job(qtbot: QtBot, jobs: JobRunner, log: list[str]) -> None:
    def export() -> Job[None]:
        for step in range(100_000):
            time.sleep(0.002)
            yield Progress(step, 100_000, "Exporting")

    queue = RunQueue(jobs)
    jobs.start("Export", export, kind="export")
    queue.add([entry("a", log)])
    qtbot.wait(60)
    assert queue.entries[0].state == WAITING
    jobs.cancel()
    qtbot.waitUntil(lambda: queue.entries[0].state == DONE, timeout=20_000)


def test_the_table_follows_and_its_buttons_cancel(qtbot: QtBot, jobs: JobRunner, log: list[str]) -> None:
    queue = RunQueue(jobs)
    view = QueueView(queue, jobs)
    qtbot.addWidget(view)
    view.resize(900, 240)
    view.show()
    qtbot.waitExposed(view)
    assert view.told.text() == EMPTY and not view.table.isVisible()
    queue.add([entry("a", log, steps=100_000), entry("b", log), entry("c", log)])
    assert view.table.rowCount() == 3
    assert [view.table.item(line, 0).text() for line in range(3)] == ["a", "b", "c"]
    assert view.table.item(1, 2).text() == "25.00 %"
    qtbot.waitUntil(lambda: view.table.item(0, 3).text() == "training", timeout=20_000)
    qtbot.mouseClick(view.pause, LEFT)
    assert jobs.is_paused and view.pause.text() == "Go on" and "paused" in view.told.text()
    qtbot.mouseClick(view.pause, LEFT)
    assert not jobs.is_paused
    cancel = view.table.cellWidget(1, 6)
    assert isinstance(cancel, QToolButton)
    qtbot.mouseClick(cancel, LEFT)
    assert view.table.item(1, 3).text() == "cancelled" and view.table.cellWidget(1, 6) is None
    running = view.table.cellWidget(0, 6)
    assert isinstance(running, QToolButton)
    qtbot.mouseClick(running, LEFT)
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    bar = view.table.cellWidget(2, 4)
    assert isinstance(bar, QProgressBar) and bar.value() == bar.maximum()
    assert view.told.text() == "1 of 3 done, 2 cancelled"
    qtbot.mouseClick(view.clear, LEFT)
    assert queue.entries == [] and view.told.text() == EMPTY


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("0.1, 0.2", (0.1, 0.2)), ("10 20%", (0.1, 0.2)), ("10; 12.5", (0.1, 0.125)), ("0.5 %", (0.005,)),
     ("0.3, 0.3", (0.3,))],
)  # fmt: skip
def test_fractions_as_typed(text: str, expected: tuple[float, ...]) -> None:
    assert shares(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["x", "0", "100 %", "-3", "nan"])
def test_fractions_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=text.split()[0]):
        shares(text)


def test_the_series_is_typed_and_counted(qtbot: QtBot) -> None:
    from app.session import Plan, Series

    form = SeriesForm()
    qtbot.addWidget(form)
    form.fold.set_open(True)
    form.show()
    run: Any = SimpleNamespace(plan=Plan(seed=4))
    assert len(form.series(run)) == 1
    form.show_seed(4)
    form.count.setFocus()
    form.count.selectAll()
    qtbot.keyClicks(form.count, "3")
    qtbot.keyClick(form.count, Qt.Key.Key_Return)
    assert form.seeds.text() == "4 to 6"
    with qtbot.waitSignal(form.changed):
        qtbot.keyClicks(form.fractions, "10, 20")
    series = form.series(run)
    assert [(one.seed, one.fraction) for one in series][:2] == [(4, 0.1), (4, 0.2)] and len(series) == 6
    form.show_series(series)
    assert form.told.text() == "6 runs, 6 trainings."
    qtbot.mouseClick(form.train_once, LEFT, pos=form.train_once.rect().center())
    form.train_once.setChecked(True)
    form.show_series(form.series(run))
    assert form.told.text() == "6 runs, 2 trainings."
    run.plan = Plan(seed=4, changed_settings={"lowest_fraction": 0.1, "highest_fraction": 0.2})
    assert sum(one.leader is None for one in form.series(run)) == 1
    assert form.wanted == Series(3, (0.1, 0.2), True)
    qtbot.keyClicks(form.fractions, ", oh")
    assert form.wanted is None
    form.show_series(form.series(run))
    assert "oh is no number" in form.told.text()
    # what a project says takes its place, in the same words as it would be read
    form.show_wanted(Series(2, (0.1, 1 / 3)))
    assert (form.count.value(), form.fractions.text()) == (2, "10, 33.33333333 %")
    assert form.seeds.text() == "4 to 5" and not form.train_once.isChecked()
    form.fractions.setText(".1 .2")
    form.show_wanted(Series(2, (0.1, 0.2)))
    assert form.fractions.text() == ".1 .2", "what says the same stays as it was typed"
    form.show_wanted(Series())
    assert form.fractions.text() == "" and form.count.value() == 1


def test_a_keep_that_came_too_late_keeps_no_later_run(qtbot: QtBot, jobs: JobRunner, log: list[str]) -> None:
    queue = RunQueue(jobs)
    first, second = entry("a", log), entry("b", log, steps=100_000)
    queue.returned.connect(lambda one, _made: queue.add([second]) if one is first else None)
    queue.add([first])
    jobs.cancel = lambda: None  # type: ignore[method-assign]  # the job has ended before the wish reaches it
    queue.keep()
    del jobs.cancel
    qtbot.waitUntil(lambda: second.snapshot is not None, timeout=20_000)
    queue.cancel(second)
    qtbot.waitUntil(lambda: not queue.busy, timeout=20_000)
    assert second.state == CANCELLED and log == ["train a", "train b"]


def test_who_cancels_after_asking_to_keep_wants_nothing_kept(qtbot: QtBot, jobs: JobRunner, log: list[str]) -> None:
    queue = RunQueue(jobs)
    queue.add([entry("a", log, steps=100_000)])
    qtbot.waitUntil(lambda: queue.entries[0].snapshot is not None, timeout=20_000)
    queue.keep()
    queue.cancel_all()
    qtbot.waitUntil(lambda: not jobs.busy and queue.now is None, timeout=20_000)
    assert [one.state for one in queue.entries] == [CANCELLED] and log == ["train a"]
