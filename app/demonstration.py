"""The main job, done through the window's own controls, with a picture of every step left behind.

Used where there is no screen (under a virtual one) and to make the pictures in the README:

    python -m app.demonstration --output demo-output

Clicks are real mouse events on real widgets, file dialogs are answered by typing into them; nothing is called behind
the window's back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QPoint, QSettings, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QWidget

from app import theme
from app.main_window import MainWindow
from app.preferences import Preferences
from app.widgets.choice_words import words_of
from app.window import application

_LEFT = Qt.MouseButton.LeftButton


class DemonstrationError(RuntimeError):
    """A step did not come to its end."""


class Person:
    """Does with a window what a person would: click, type, wait, look."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    def wait(self, done: Callable[[], bool], what: str, seconds: float) -> None:
        """Let the window live until ``done()``, or give up after ``seconds``."""
        loop = QEventLoop()
        end = time.monotonic() + seconds
        ticking = QTimer()
        ticking.setInterval(30)
        ticking.timeout.connect(lambda: loop.quit() if done() or time.monotonic() > end else None)
        ticking.start()
        if not done():
            loop.exec()
        ticking.stop()
        if not done():
            notice = self.window.strip.text.toolTip() or self.window.strip.text.text()
            raise DemonstrationError(f"Waited {seconds:.0f} s for {what}; the window says: {notice}")

    def pause(self, seconds: float) -> None:
        """Look at the window for a moment."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end, "a moment", seconds + 5)

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Press and release the left button on ``widget``."""
        self.wait(widget.isVisible, f"{widget.accessibleName() or widget.objectName()} to appear", 10)
        QTest.mouseClick(widget, _LEFT, Qt.KeyboardModifier.NoModifier, place or widget.rect().center())

    def choose(self, combo: QComboBox, text: str) -> None:
        """Pick the entry ``text`` with the keyboard."""
        row = combo.findText(text)
        if row < 0:
            raise DemonstrationError(f"{combo.accessibleName()} has no entry {text}")
        combo.setFocus()
        QTest.keyClick(combo, Qt.Key.Key_Home)
        for _ in range(row):
            QTest.keyClick(combo, Qt.Key.Key_Down)

    def answer_dialog(self, path: Path) -> None:
        """Type ``path`` into the file dialog that the next action opens, and accept it."""

        def answer(tries: int = 100) -> None:
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                if tries:
                    QTimer.singleShot(50, lambda: answer(tries - 1))
                return
            field = dialog.findChild(QLineEdit, "fileNameEdit")
            assert field is not None
            field.setText(str(path))
            dialog.accept()

        QTimer.singleShot(50, answer)

    def trigger(self, action: QAction, path: Path, seconds: float = 60) -> None:
        """Run an export action and answer its dialog with ``path``; returns when the file is there."""
        wrote = f"{path}"
        self.answer_dialog(path)
        action.trigger()
        self.wait(lambda: wrote in self.window.strip.text.toolTip() and path.exists(), f"{path.name}", seconds)

    def go(self, key: str) -> None:
        """Click a step on the rail."""
        self.click(self.window.rail.steps[key])

    def picture(self, path: Path) -> None:
        """Save what the window shows."""
        self.pause(0.4)
        if not self.window.grab().save(str(path)):
            raise DemonstrationError(f"The picture could not be written to {path}")


def demonstrate(
    window: MainWindow, folder: Path, *, open_first: Callable[[Person], None] | None = None, size: int = 128,
    preset: str = "fast", minutes: float | None = None, say: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """Go the whole way and leave pictures, volume, curves and report in ``folder``.

    Parameters
    ----------
    open_first
        Opens the picture; by default a click on the sample "Nanoporous metal".
    minutes
        Time limit of the training, or None for the preset's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    person = Person(window)
    session = window.session
    person.picture(folder / "0-start.png")
    if open_first is None:
        first = next(iter(window.micrograph.start_page.cards.values()))
        person.click(first)
    else:
        open_first(person)
    person.wait(lambda: session.state.opened is not None, "the micrograph", 120)
    person.pause(0.5)
    person.picture(folder / "1-micrograph.png")
    say(f"Opened {session.state.opened.name if session.state.opened else ''}")

    person.click(window.micrograph.panel.primary)
    person.wait(lambda: session.phase_image is not None and session.curves is not None, "phases and curves", 300)
    person.picture(folder / "2-phases.png")
    assert session.phase_image is not None
    image = session.phase_image
    shares = [f"{phase.name} {share:.3f}" for phase, share in zip(image.phases, image.fractions, strict=True)]
    say("Phases: " + ", ".join(shares))
    person.click(window.phases.panel.primary)
    _show_a_mask(person, folder / "3-mask.png")
    person.click(window.mask_step.panel.primary)
    form = window.reconstruct.form
    person.wait(form.isEnabled, "the engines", 300)
    person.choose(form.preset, words_of(preset))
    person.choose(form.cube, f"{size}³")
    if minutes is not None:
        form.limit.setFocus()
        form.limit.selectAll()
        QTest.keyClicks(form.limit, f"{minutes:g}")
        QTest.keyClick(form.limit, Qt.Key.Key_Return)
    person.wait(lambda: window.reconstruct.panel.primary_hint.isHidden(), "the preflight", 30)
    person.pause(0.5)
    person.click(window.reconstruct.panel.primary)
    person.wait(lambda: window.context.jobs.busy, "the run to start", 10)
    began = time.monotonic()
    shot = False
    seen = 0.0

    def running() -> bool:
        nonlocal shot, seen
        progress = window.context.jobs.last
        if progress is not None and time.monotonic() - seen > 15:
            seen = time.monotonic()
            say(f"{progress.what}: {progress.step} of {progress.of}, {seen - began:.0f} s")
        if not shot and progress is not None and progress.of and progress.step > 0.5 * progress.of:
            shot = True
            window.grab().save(str(folder / "4-reconstruct.png"))
        return not window.context.jobs.busy

    person.wait(running, "the reconstruction", 3600)
    result = session.state.result
    if result is None:
        raise DemonstrationError(f"The reconstruction gave no volume: {window.strip.text.text()}")
    if not shot:
        window.grab().save(str(folder / "4-reconstruct.png"))
    say(f"Reconstructed in {time.monotonic() - began:.0f} s")

    person.wait(lambda: window.current is window.inspect, "step 5", 10)
    person.pause(3.0)  # the surface is computed beside the window
    person.picture(folder / "5-inspect.png")
    window.inspect.view.snapshot().save(str(folder / "view.png"))
    person.trigger(window.inspect.volume_action, folder / "volume.tif")
    person.trigger(window.inspect.surface_action, folder / "surface.stl")
    person.trigger(window.inspect.curves_action, folder / "curves.csv")
    person.trigger(window.inspect.report_action, folder)
    comparison = result.comparison
    say("")
    say(f"Volume             {' × '.join(map(str, result.volume.shape))} voxels")
    say(f"Volume fraction    {result.fraction_after:.4f} (micrograph {result.exemplar.fractions[result.phase]:.4f}, "
        f"before the threshold {result.fraction_before:.4f})")  # fmt: skip
    say(f"Discrepancy of S2  {100 * comparison.epsilon_s2:.1f} %")
    say(f"Discrepancy of L   {100 * comparison.epsilon_lineal_path:.1f} %")
    for what, seconds in result.seconds.items():
        say(f"Seconds, {what:<10}{seconds:.0f}")
    say(f"Everything is in   {folder.resolve()}")


def _show_a_mask(person: Person, path: Path) -> None:
    """Make a mask of two layers, take a picture of it, and undo it: the volume is to be the same everywhere."""
    window, step = person.window, person.window.mask_step
    before = window.session.state.mask
    for name in ("Linear gradient", "Sphere"):
        next(action for action in step.menu.actions() if action.text() == name).trigger()
        person.wait(
            lambda: not step.busy and step.picture is not None and step.picture.design is window.session.state.mask,
            f"the layer {name}", 60,
        )  # fmt: skip
    person.choose(step.plane.axis_box, "across x")
    step.fit()
    person.pause(1.5)  # the field in 3-D is drawn beside the window
    person.picture(path)
    person.choose(step.plane.axis_box, "across z")
    while window.session.state.mask is not before:
        window.undo_action.trigger()


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; exit code 0, or 1 where a step did not come to its end."""
    parser = argparse.ArgumentParser(prog="demonstration", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for what it leaves behind")
    parser.add_argument("--micrograph", type=Path, help="open this file instead of the sample")
    parser.add_argument("--size", type=int, default=128, help="edge of the volume in voxels")
    parser.add_argument("--preset", default="fast", help="preset of the engine")
    parser.add_argument("--minutes", type=float, help="time limit of the training")
    parser.add_argument("--dark", action="store_true", help="draw the window dark")
    options = parser.parse_args(arguments)
    application()
    theme.apply("dark" if options.dark else "light")
    options.output.mkdir(parents=True, exist_ok=True)
    own = tempfile.TemporaryDirectory()  # the user's own layout and recent files are left alone
    settings = QSettings(str(Path(own.name) / "window.ini"), QSettings.Format.IniFormat)
    window = MainWindow(Preferences(settings))
    window.resize(1440, 900)
    window.show()
    window.reconstruct.warm_up()
    opener: Callable[[Person], None] | None = None
    if options.micrograph is not None:

        def opener(person: Person) -> None:
            person.answer_dialog(options.micrograph.resolve())
            person.click(window.micrograph.start_page.open_button)

    code = 0
    try:
        demonstrate(
            window, options.output, open_first=opener, size=options.size, preset=options.preset,
            minutes=options.minutes, say=lambda text: print(text, flush=True),
        )  # fmt: skip
    except DemonstrationError as error:
        print(error, file=sys.stderr)
        code = 1
    window.hide()  # a window that nobody sees asks nothing when it closes
    window.close()
    settings.sync()
    own.cleanup()
    return code


if __name__ == "__main__":
    raise SystemExit(main())
