"""How quickly the window answers: ``python -m tests.benchmarks.window``, under Xvfb (offscreen has no 3-D view).

Four things are measured on a real window and a real reconstruction of a sample:

- gaps: how late a timer of 5 ms fires while the job works in its thread, for each phase of the job;
- threshold: from a handle of the histogram having been moved to the changed overlay and fractions being painted, 1024²;
- cancel: from the click on Cancel to the job having ended, for each phase of the job;
- preview: from a move of Inspect's slider of volume fractions to the slices of the 64³ preview being painted.

Prints a table and writes it as JSON. The load of the machine is written beside it: a busy one inflates all four.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QSettings, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from scipy import ndimage

from app import theme
from app.demonstration import Person
from app.main_window import MainWindow
from app.preferences import Preferences
from app.window import application

TICK = 0.005
GAP_LIMIT, THRESHOLD_LIMIT, CANCEL_LIMIT, PREVIEW_LIMIT = 0.050, 0.100, 1.0, 0.5
MOVES = 12
"""Threshold moves that are timed."""


class Gaps:
    """How late a timer fires, by what the job was doing."""

    def __init__(self, phase: Callable[[], str]) -> None:
        self.late: dict[str, list[float]] = {}
        self._phase = phase
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(round(1000 * TICK))
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to count."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()

    def _tick(self) -> None:
        now = time.perf_counter()
        self.late.setdefault(self._phase(), []).append(max(0.0, now - self._last - TICK))
        self._last = now

    def rows(self) -> list[dict[str, Any]]:
        """One row a phase, and one for all: p50, p99 and the longest, seconds."""
        everything = [late for found in self.late.values() for late in found]
        rows = []
        for phase, found in [*self.late.items(), ("all", everything)]:
            p50, p99 = np.percentile(found, [50, 99])
            rows.append(
                {"phase": phase, "ticks": len(found), "p50": float(p50), "p99": float(p99), "longest": max(found)}
            )
        return rows


class Paints(QObject):
    """Notes when a widget was painted last."""

    def __init__(self, widget: QObject) -> None:
        super().__init__()
        self.at = 0.0
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """See `QObject.eventFilter`."""
        if event.type() == QEvent.Type.Paint:
            self.at = time.perf_counter()
        return False


def wait(done: Callable[[], bool], seconds: float, what: str) -> None:
    """Let the window live until ``done()``, looking every 2 ms or so."""
    end = time.perf_counter() + seconds
    while not done():
        if time.perf_counter() > end:
            raise TimeoutError(f"Waited {seconds:.0f} s for {what}.")
        QApplication.processEvents()
        time.sleep(0.001)


def picture(folder: Path, side: int = 1024) -> Path:
    """A grey picture of two phases with noise, as TIFF."""
    import tifffile

    random = np.random.default_rng(0)
    field = ndimage.gaussian_filter(random.standard_normal((side, side)), 5, mode="wrap")
    grey = 110 + 60 * np.tanh(2 * field / field.std()) + random.normal(0, 12, (side, side))
    path = folder / "picture.tif"
    tifffile.imwrite(path, np.clip(grey, 0, 255).astype(np.uint8))
    return path


def threshold_times(window: MainWindow, person: Person, folder: Path) -> list[float]:
    """Seconds of each move of the histogram's handle until overlay and table are painted anew."""
    session = window.session
    window.opener.open(picture(folder))
    person.wait(lambda: session.state.opened is not None and session.state.opened.name.startswith("picture"), "it", 60)
    person.go("phases")
    person.wait(lambda: session.phase_image is not None and session.curves is not None, "the phases", 120)
    person.wait(lambda: not window.exemplar.busy, "the curves", 120)
    person.pause(1.0)
    plot = window.phases.histogram
    canvas = window.phases.image
    seen = Paints(getattr(canvas, "viewport", lambda: canvas)())
    derived = [0.0]
    session.derived.connect(lambda names: derived.append(time.perf_counter()) if "phase_image" in names else None)
    times = []
    for move in range(MOVES):
        before = session.phase_image
        value = plot._lines[0].value()
        start = drag_handle(plot, value, value + (25 if move % 2 else -25))
        # two moves may be answered one by one: what counts is the last
        wait(
            lambda before=before: (  # type: ignore[misc]
                session.phase_image is not before and not window.exemplar._labels.busy and seen.at >= derived[-1]
            ),
            10,
            "the overlay",
        )
        times.append(seen.at - start)
        person.wait(lambda: not window.exemplar.busy, "the curves", 60)
    return times


def drag_handle(plot: Any, before: float, after: float) -> float:
    """Drag the handle at grey level ``before`` to ``after`` with the left button; the time when it got there."""
    port, left = plot.viewport(), Qt.MouseButton.LeftButton
    box = plot.getPlotItem().vb
    here, there = (plot.mapFromScene(box.mapViewToScene(QPointF(x, 0))).x() for x in (before, after))
    row = port.height() // 3
    QTest.mouseMove(port, QPoint(here, row))
    QTest.mousePress(port, left, pos=QPoint(here, row))
    # pyqtgraph takes no more than a hundred moves a second, so they are spaced; the release carries the last place
    for share in (1 / 3, 2 / 3, 1):
        place = QPoint(round(here + share * (there - here)), row)
        event = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(place), QPointF(port.mapToGlobal(place)), Qt.MouseButton.NoButton, left,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QTest.qWait(30)
        arrived = time.perf_counter()
        QApplication.sendEvent(port, event)
    QTest.mouseRelease(port, left, pos=QPoint(there, row))
    return arrived


def start(window: MainWindow, person: Person, seconds: float, size: int) -> None:
    """Run a reconstruction of the micrograph that is open."""
    form = window.reconstruct.form
    person.go("reconstruct")
    person.wait(form.isEnabled, "the engines", 300)
    plan = window.session.state.plan
    if plan.size != (size,) * 3 or plan.max_seconds != seconds:
        window.reconstruct.commands.do("plan", plan=_with(plan, size=(size,) * 3, max_seconds=seconds))
    person.wait(lambda: window.reconstruct.panel.primary_hint.isHidden(), "the preflight", 60)
    person.click(window.reconstruct.panel.primary)
    person.wait(lambda: window.context.jobs.busy, "the run to start", 10)


def _with(plan: Any, **changes: Any) -> Any:
    from dataclasses import replace

    return replace(plan, **changes)


@contextmanager
def noticing_snapshots() -> Iterator[list[float]]:
    """A list that grows when a snapshot, or the finish of the training, is begun."""
    from core.reconstruction.swnn import training

    begun: list[float] = []
    original = training.finished

    def noticed(*arguments: Any, **named: Any) -> Any:
        begun.append(time.perf_counter())
        return original(*arguments, **named)

    training.finished = noticed
    try:
        yield begun
    finally:
        training.finished = original


def cancel_times(window: MainWindow, person: Person, size: int) -> dict[str, list[float]]:
    """Seconds from the click on Cancel to the job's end, by what the job was doing."""
    jobs = window.context.jobs
    times: dict[str, list[float]] = {}

    def phase() -> str:
        return "" if jobs.last is None else jobs.last.what

    def cancel(name: str) -> None:
        if not jobs.busy:
            raise RuntimeError(f"The job ended before it could be cancelled in {name}.")
        ended: list[float] = []
        connection = jobs.idle.connect(lambda: ended.append(time.perf_counter()))
        began = time.perf_counter()
        person.click(window.strip.cancel)
        wait(lambda: bool(ended), 120, "the end")
        jobs.idle.disconnect(connection)
        times.setdefault(name, []).append(ended[0] - began)
        print(f"  cancelled in {name}: {times[name][-1]:.2f} s", flush=True)

    with noticing_snapshots() as begun:
        start(window, person, 60, size)
        cancel("Starting")
        for _ in range(3):
            start(window, person, 60, size)
            wait(lambda: phase() == "Training", 120, "training")
            person.pause(1.0)
            cancel("Training")
        begun.clear()
        start(window, person, 60, size)
        wait(lambda: bool(begun), 120, "a snapshot")
        cancel("Snapshot")
        begun.clear()
        start(window, person, 1, size)
        wait(lambda: bool(begun), 120, "the finish")
        cancel("Finishing the training")
        for name in ("Calibrating", "Generating", "Measuring"):
            start(window, person, 1, size)
            wait(lambda name=name: phase() == name or not jobs.busy, 300, name)  # type: ignore[misc]
            cancel(name)
    return times


def preview_times(window: MainWindow, person: Person) -> list[float]:
    """Seconds of each move of the slider of volume fractions until the view shows the preview, painted."""
    session = window.session
    image, phase = session.phase_image, session.phase_of_interest
    assert image is not None and phase is not None
    own = image.fractions[phase]
    ends = {"lowest_fraction": max(0.05, own - 0.08), "highest_fraction": min(0.95, own + 0.08)}
    window.reconstruct.commands.do("plan", plan=_with(session.state.plan, changed_settings=ends))
    start(window, person, 5, 64)
    person.wait(lambda: not window.context.jobs.busy and window.current is window.inspect, "the reconstruction", 900)
    person.pause(2.0)
    card, view = window.inspect.fraction, window.inspect.view
    painted, came = [0.0], [0.0]
    view.scene.canvas.events.draw.connect(lambda _event: painted.append(time.perf_counter()), position="last")
    card.previewed.connect(lambda *_: came.append(time.perf_counter()))
    times = []
    for move in range(MOVES):
        count, began = len(came), time.perf_counter()
        card.slider.setValue(100 + 70 * move)
        wait(lambda count=count: len(came) > count and painted[-1] >= came[-1], 30, "the preview")  # type: ignore[misc]
        times.append(painted[-1] - began)
        person.pause(0.6)
    return times


def open_window(settings: Path) -> tuple[MainWindow, Person]:
    """A window with preferences of its own, and somebody to use it."""
    window = MainWindow(Preferences(QSettings(str(settings), QSettings.Format.IniFormat)))
    window.resize(1440, 900)
    window.show()
    return window, Person(window)


def main() -> int:
    """Measure, print, write; exit code 0 where all limits are met."""
    parser = argparse.ArgumentParser(description="How quickly the window answers")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "window.json")
    parser.add_argument("--size", type=int, default=160, help="edge of the volume in voxels")
    parser.add_argument("--seconds", type=float, default=25, help="time limit of the training whose gaps are measured")
    options = parser.parse_args()
    application()
    theme.apply("light")
    own = tempfile.TemporaryDirectory()
    window, person = open_window(Path(own.name) / "first.ini")
    print("Threshold, 1024²", flush=True)
    moves = threshold_times(window, person, Path(own.name))
    p50, p90 = np.percentile(moves, [50, 90])
    print(f"  p50 {1000 * p50:.0f} ms, p90 {1000 * p90:.0f} ms, longest {1000 * max(moves):.0f} ms", flush=True)
    window.hide()
    window, person = open_window(Path(own.name) / "second.ini")
    window.reconstruct.warm_up()
    session, jobs = window.session, window.context.jobs
    person.click(next(iter(window.micrograph.start_page.cards.values())))
    person.wait(lambda: session.phase_image is not None and session.curves is not None, "phases and curves", 300)
    person.wait(window.reconstruct.form.isEnabled, "the engines", 300)

    print("Gaps of the event loop", flush=True)
    gaps = Gaps(lambda: (jobs.last.what if jobs.last else "Starting") if jobs.busy else "After the job")
    start(window, person, options.seconds, options.size)
    gaps.start()
    person.wait(lambda: not jobs.busy, "the reconstruction", 900)
    person.pause(5.0)
    gaps.stop()
    rows = gaps.rows()
    print(f"{'':28}{'ticks':>8}{'p50':>10}{'p99':>10}{'longest':>10}")
    for row in rows:
        print(
            f"{row['phase']:28}{row['ticks']:8}"
            + "".join(f"{1000 * row[k]:7.0f} ms" for k in ("p50", "p99", "longest"))
        )

    print("Cancel", flush=True)
    cancels = cancel_times(window, person, options.size)
    print("Preview of another volume fraction, 64³", flush=True)
    previews = preview_times(window, person)
    half, most = np.percentile(previews, [50, 90])
    print(f"  p50 {1000 * half:.0f} ms, p90 {1000 * most:.0f} ms, longest {1000 * max(previews):.0f} ms", flush=True)
    kept = {
        "preview": bool(most <= PREVIEW_LIMIT),
        "gaps": all(row["p99"] <= GAP_LIMIT for row in rows),
        "threshold": bool(p90 <= THRESHOLD_LIMIT),
        "cancel": max(max(found) for found in cancels.values()) <= CANCEL_LIMIT,
    }
    limits = (GAP_LIMIT, THRESHOLD_LIMIT, CANCEL_LIMIT, PREVIEW_LIMIT)
    print(f"Within the limits (p99 {', '.join(f'{limit:g} s' for limit in limits)}): {kept}")
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "load": os.getloadavg(),
        "platform": QApplication.platformName(),
    }
    document = {
        "machine": machine,
        "size": options.size,
        "gap_seconds": rows,
        "cancel_seconds": cancels,
        "threshold_seconds": {"p50": float(p50), "p90": float(p90), "longest": max(moves)},
        "preview_seconds": {"p50": float(half), "p90": float(most), "longest": max(previews)},
        "within_limits": kept,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    window.hide()  # closing would ask what is to become of the volumes
    window.context.jobs.finish(60_000)
    own.cleanup()
    return 0 if all(kept.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
