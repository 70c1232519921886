"""Jobs in threads: every way to end, pause, and the newest question wins."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from shiboken6 import delete, isValid

from app import jobs
from app.jobs import JobRunner, Latest
from core.errors import InputError, JobError
from core.job import Job, Progress


def counting(steps: int, closed: list[bool] | None = None) -> Job[str]:
    try:
        for step in range(1, steps + 1):
            time.sleep(0.002)
            yield Progress(step, steps, "Counting")
        return "done"
    finally:
        if closed is not None:
            closed.append(True)


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    made = JobRunner()
    yield made
    assert made.finish()


def test_a_job_returns_its_result_in_the_gui_thread(qtbot: QtBot, runner: JobRunner) -> None:
    seen: list[Any] = []
    runner.returned.connect(lambda result: seen.append((result, threading.current_thread())))
    with qtbot.waitSignal(runner.idle, timeout=60_000):
        runner.start("Count", lambda: counting(5))
        assert runner.busy
    assert seen == [("done", threading.main_thread())]
    assert not runner.busy


def test_what_a_job_says_last_disturbs_nobody_when_its_dialog_is_gone(qtbot: QtBot) -> None:
    runner, said = JobRunner(), threading.Event()

    def job() -> Job[None]:
        yield Progress(1, 2, "Counting")
        said.set()
        yield Progress(2, 2, "Counting")

    runner.start("Count", job)
    assert said.wait(20) and runner.finish(20_000)
    delete(runner)
    qtbot.wait(50)  # what was queued comes now; an error in it would end this test
    assert not isValid(runner)


def test_cancel_closes_the_generator_and_says_so(qtbot: QtBot, runner: JobRunner) -> None:
    closed: list[bool] = []
    with qtbot.waitSignal(runner.cancelled, timeout=60_000):
        runner.start("Count", lambda: counting(100_000, closed))
        qtbot.waitUntil(lambda: runner.last is not None)
        runner.cancel()
    assert closed == [True]


def test_a_paused_job_stands_still_and_can_still_be_cancelled(qtbot: QtBot, runner: JobRunner) -> None:
    reached: list[int] = []

    def job() -> Job[None]:
        for step in range(100_000):
            reached.append(step)
            time.sleep(0.001)
            yield Progress(step, 100_000, "Counting")

    runner.start("Count", job)
    qtbot.waitUntil(lambda: len(reached) > 3)
    runner.pause(True)
    qtbot.wait(50)
    stood = len(reached)
    qtbot.wait(100)
    assert len(reached) == stood
    runner.pause(False)
    qtbot.waitUntil(lambda: len(reached) > stood)
    runner.pause(True)
    with qtbot.waitSignal(runner.cancelled, timeout=60_000):
        runner.cancel()


def test_a_job_that_does_not_report_is_left_behind_and_the_next_one_waits_for_it(
    qtbot: QtBot, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", 20)
    order: list[str] = []
    reports: list[Progress] = []
    working, let_go = threading.Event(), threading.Event()

    def stubborn() -> Job[None]:
        try:
            yield Progress(1, 3, "Working")
            working.set()
            let_go.wait(20)
            yield Progress(2, 3, "Late")
            order.append("never")
        finally:
            order.append("closed")

    def next_one() -> Job[str]:
        order.append("next")
        yield Progress(1, 1, "Next")
        return "done"

    runner.progressed.connect(reports.append)
    runner.start("Stubborn", stubborn)
    qtbot.waitUntil(working.is_set)
    with qtbot.waitSignal(runner.cancelled, timeout=60_000):
        runner.cancel()
    assert not runner.busy
    assert order == []
    assert not runner.finish(0)  # closing the window knows that something still works
    runner.start("Next", next_one)
    qtbot.wait(50)
    assert order == []
    with qtbot.waitSignal(runner.returned, timeout=60_000) as caught:
        let_go.set()
    assert caught.args == ["done"]
    assert order == ["closed", "next"]
    assert [report.what for report in reports] == ["Working", "Next"]


@pytest.mark.parametrize("error", [InputError("bad", "Mend it."), MemoryError(), ZeroDivisionError("oh")])
def test_every_error_reaches_the_window_as_one_it_can_show(
    qtbot: QtBot, runner: JobRunner, error: BaseException
) -> None:
    def job() -> Job[None]:
        yield Progress(1, 2, "Failing")
        raise error

    with qtbot.waitSignal(runner.failed, timeout=60_000) as caught:
        runner.start("Fail", job)
    shown = caught.args[0]
    assert isinstance(shown, (InputError, JobError))
    if isinstance(error, ZeroDivisionError):
        assert shown.__cause__ is error and "oh" in str(shown)
    qtbot.waitUntil(lambda: not runner.busy)


def test_a_second_job_is_refused(qtbot: QtBot, runner: JobRunner) -> None:
    runner.start("Count", lambda: counting(100_000))
    with pytest.raises(JobError, match="still running"):
        runner.start("Again", lambda: counting(1))
    with qtbot.waitSignal(runner.idle, timeout=60_000):
        runner.cancel()


def test_of_many_questions_the_last_is_always_answered_and_few_are_computed(qtbot: QtBot) -> None:
    latest = Latest()
    computed: list[int] = []
    heard: list[int] = []
    latest.answered.connect(heard.append)

    def work(number: int) -> int:
        computed.append(number)
        time.sleep(0.02)
        return number

    for number in range(50):
        latest.ask(lambda number=number: work(number))
    qtbot.waitUntil(lambda: not latest.busy, timeout=60_000)
    assert heard == computed == [0, 49]


def test_what_is_forgotten_is_not_heard(qtbot: QtBot) -> None:
    latest = Latest()
    heard: list[int] = []
    latest.answered.connect(heard.append)
    latest.ask(lambda: time.sleep(0.05) or 1)
    latest.ask(lambda: 2)
    latest.forget()
    qtbot.waitUntil(lambda: not latest.busy, timeout=60_000)
    assert heard == []
    latest.ask(lambda: 3)
    qtbot.waitUntil(lambda: heard == [3], timeout=60_000)


def test_a_failed_question_is_told(qtbot: QtBot) -> None:
    latest = Latest()
    with qtbot.waitSignal(latest.failed, timeout=60_000) as caught:
        latest.ask(lambda: 1 // 0)
    assert isinstance(caught.args[0], ZeroDivisionError)


def test_a_job_waits_for_an_earlier_one_whose_worker_is_deleted_meanwhile(qtbot: QtBot) -> None:
    goes_on, worked = threading.Event(), []

    def slow() -> Job[None]:
        yield Progress(1, 2, "Counting")
        goes_on.wait(20)
        worked.append("slow")

    def later() -> Job[str]:
        worked.append("later")
        yield Progress(1, 1, "Counting")
        return "done"

    first = jobs._Worker(slow)
    first.start()
    goes_on.set()
    assert first.wait(20_000)
    second = jobs._Worker(later, (first.over,))
    delete(first)  # its runner heard of its end before the thread of the second came to wait for it
    with qtbot.waitSignal(second.returned, timeout=20_000) as seen:
        second.start()
    assert second.wait(20_000) and seen.args == ["done"] and worked == ["slow", "later"]
