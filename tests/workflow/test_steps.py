"""Each step as a person uses it: clicks, drags, typing; bad input; undo. Offscreen, no volume is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.workspaces.reconstruct.preflight import Checked

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Bright discs on dark ground with a little noise, 200 × 240, pixel size 2 nm in the tag."""
    generator = np.random.default_rng(3)
    rows, columns = np.mgrid[:200, :240]
    grey = np.full((200, 240), 60.0)
    for y, x in generator.random((40, 2)) * (200, 240):
        grey[(rows - y) ** 2 + (columns - x) ** 2 < 100] = 170
    path = tmp_path / "discs.tif"
    tifffile.imwrite(
        path, np.clip(grey + generator.normal(0, 8, grey.shape), 0, 255).astype(np.uint8), imagej=True,
        metadata={"axes": "YX", "unit": "nm"}, resolution=(0.5, 0.5),
    )  # fmt: skip
    return path


def opened(window: MainWindow, qtbot: QtBot, path: Path) -> None:
    window.opener.open(path)
    qtbot.waitUntil(lambda: window.session.state.source == path, timeout=60_000)
    qtbot.waitUntil(lambda: window.session.curves is not None, timeout=120_000)


def drag(widget: object, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(widget, LEFT, Qt.KeyboardModifier.NoModifier, start)  # type: ignore[call-overload]
    for part in (0.2, 0.5, 0.8, 1.0):
        point = QPointF(start) + (QPointF(end) - QPointF(start)) * part
        QTest.mouseMove(widget, point.toPoint(), 20)  # type: ignore[call-overload]
    QTest.mouseRelease(widget, LEFT, Qt.KeyboardModifier.NoModifier, end, 20)  # type: ignore[call-overload]


def test_a_dropped_file_is_opened_with_its_pixel_size(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(picture))])
    window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier))
    qtbot.waitUntil(lambda: window.session.state.opened is not None, timeout=60_000)
    assert window.micrograph.pixel.text() == "2 nm"
    assert window.windowTitle().startswith("discs.tif")
    assert window.preferences.recent == [picture.resolve()]


def test_typing_a_pixel_size_can_be_undone_and_nonsense_is_told(
    window: MainWindow, qtbot: QtBot, picture: Path
) -> None:
    opened(window, qtbot, picture)
    field = window.micrograph.pixel
    field.clear()
    QTest.keyClicks(field, "0.5 µm")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.session.state.micrograph is not None
    assert window.session.state.micrograph.pixel_size == pytest.approx(0.5e-6)
    window.undo_action.trigger()
    assert window.session.state.micrograph.pixel_size == pytest.approx(2e-9)
    assert field.text() == "2 nm"
    field.clear()
    QTest.keyClicks(field, "5 apples")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "apples" in window.micrograph.pixel_note.text()
    assert window.session.state.micrograph.pixel_size == pytest.approx(2e-9)


def test_a_crop_is_drawn_with_the_mouse_and_undone(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    opened(window, qtbot, picture)
    step = window.micrograph
    step.image.fit()
    qtbot.wait(100)
    qtbot.mouseClick(step.draw_button, LEFT)
    view = step.image.view
    start, end = (
        step.image.mapFromScene(view.mapViewToScene(QPointF(x, y))) for x, y in ((40.0, 30.0), (200.0, 150.0))
    )
    drag(step.image.viewport(), start, end)
    qtbot.waitUntil(lambda: window.session.state.crop is not None)
    crop = window.session.state.crop
    assert crop is not None
    assert np.allclose(crop, (30, 150, 40, 200), atol=3)
    assert not step.draw_button.isChecked(), "the tool is put down after one rectangle"
    micrograph = window.session.state.micrograph
    assert micrograph is not None and micrograph.shape == (crop[1] - crop[0], crop[3] - crop[2])
    qtbot.waitUntil(
        lambda: window.session.phase_image is not None and window.session.phase_image.shape == micrograph.shape,
        timeout=60_000,
    )
    window.undo_action.trigger()
    assert window.session.state.crop is None


def test_a_bad_file_changes_nothing_and_says_what_to_do(
    window: MainWindow, qtbot: QtBot, picture: Path, tmp_path: Path
) -> None:
    opened(window, qtbot, picture)
    before = window.session.state
    bad = tmp_path / "bad.tif"
    bad.write_bytes(b"this is no picture")
    window.opener.open(bad)
    qtbot.waitUntil(lambda: not window.opener.busy, timeout=60_000)
    assert window.session.state is before
    assert "bad.tif" in window.strip.text.text()


def test_dragging_the_threshold_changes_the_fractions_and_is_one_step_of_undo(
    window: MainWindow, qtbot: QtBot, picture: Path
) -> None:
    opened(window, qtbot, picture)
    window.show_step("phases")
    qtbot.wait(100)
    image = window.session.phase_image
    assert image is not None
    otsu = image.fractions[1]
    assert window.phases.table.rowCount() == 2
    plot = window.phases.histogram
    line = plot._lines[0]
    where = plot.mapFromScene(plot.getViewBox().mapViewToScene(QPointF(line.value(), 0)))
    start = QPoint(where.x(), plot.viewport().height() // 3)
    drag(plot.viewport(), start, start + QPoint(60, 0))
    qtbot.waitUntil(lambda: window.session.state.segmentation.threshold == "manual")
    qtbot.waitUntil(
        lambda: window.session.phase_image is not None and window.session.phase_image.fractions[1] < otsu - 0.01,
        timeout=60_000,
    )
    assert window.commands.stack.undoText() == "threshold"
    window.undo_action.trigger()
    assert window.session.state.segmentation.threshold == "otsu"
    qtbot.waitUntil(
        lambda: window.session.phase_image is not None and window.session.phase_image.fractions[1] == otsu,
        timeout=60_000,
    )


def test_a_renamed_phase_keeps_its_name_through_a_new_threshold(
    window: MainWindow, qtbot: QtBot, picture: Path
) -> None:
    opened(window, qtbot, picture)
    item = window.phases.table.item(1, 1)
    assert item is not None
    item.setText("Discs")
    assert window.session.phase_image is not None and window.session.phase_image.phases[1].name == "Discs"
    window.phases.form.changed.emit("min_island", 5)
    labels = window.session.phase_image.labels
    qtbot.waitUntil(
        lambda: window.session.phase_image is not None and window.session.phase_image.labels is not labels,
        timeout=60_000,
    )
    assert window.session.phase_image.phases[1].name == "Discs"
    assert window.curves.fractions.item(1, 0).text() == "Discs"


def test_larger_pixels_are_a_picture_of_their_own(
    window: MainWindow, qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not window.micrograph.larger_button.isEnabled() and not window.micrograph.larger_action.isEnabled()
    opened(window, qtbot, picture)
    window.commands.do("crop", crop=(0, 150, 6, 240))
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_arguments: (3, True))
    monkeypatch.setattr(QMessageBox, "question", lambda *_arguments: QMessageBox.StandardButton.Discard)
    said: list[str] = []
    window.context.messages.notice.connect(lambda text, _severity: said.append(text))
    qtbot.mouseClick(window.micrograph.larger_button, LEFT)
    state = window.session.state
    assert state.micrograph is not None and state.micrograph.shape == (50, 78)
    assert state.micrograph.pixel_size == pytest.approx(6e-9)
    assert window.micrograph.pixel_note.text() == "2 nm × 3: the pixels were made larger."
    grey = tifffile.imread(picture)[:150, 6:].astype(float).reshape(50, 3, 78, 3).mean(axis=(1, 3))
    assert np.abs(state.micrograph.grey - grey).max() <= 0.5
    qtbot.waitUntil(
        lambda: window.session.phase_image is not None and window.session.phase_image.labels.shape == (50, 78),
        timeout=60_000,
    )
    monkeypatch.setattr(QInputDialog, "getInt", lambda *_arguments: (60, True))
    qtbot.mouseClick(window.micrograph.larger_button, LEFT)
    assert window.session.state.micrograph is state.micrograph, "nothing is left of it: refused"
    assert "no square" in said[-1]


def test_a_segmented_picture_is_recognised(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    labels = (np.random.default_rng(0).random((90, 90)) < 0.3).astype(np.uint8) * 255
    path = tmp_path / "labels.png"
    import imageio.v3 as iio

    iio.imwrite(path, labels)
    opened(window, qtbot, path)
    assert window.phases.taken.isChecked()
    image = window.session.phase_image
    assert image is not None and np.array_equal(image.labels, labels // 255)
    assert window.micrograph.status.mark == "issue", "no pixel size: the rail says so"


def test_preflight_tells_what_cannot_run_before_it_is_run(window: MainWindow, qtbot: QtBot, picture: Path) -> None:
    window.show_step("reconstruct")
    window.reconstruct.run()
    assert not window.context.jobs.busy
    assert window.current is window.micrograph, "what is missing is shown"
    opened(window, qtbot, picture)
    window.show_step("reconstruct")
    qtbot.waitUntil(window.reconstruct.form.isEnabled, timeout=240_000)
    window.commands.plan("volume fraction", volume_fraction=1.0)
    qtbot.waitUntil(lambda: window.reconstruct.status.mark == "issue", timeout=60_000)
    assert any(issue.step == "reconstruct" for issue in window.context.messages.issues)
    window.reconstruct.run()
    assert not window.context.jobs.busy
    window.undo_action.trigger()
    qtbot.waitUntil(lambda: window.reconstruct.status.mark == "empty", timeout=60_000)
    assert window.reconstruct.preflight.text() == "Ready to run."


def test_cancel_keeps_the_last_good_model(
    window: MainWindow, qtbot: QtBot, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.reconstruction.swnn import training

    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", 0.1)
    opened(window, qtbot, picture)
    window.show_step("reconstruct")
    qtbot.waitUntil(window.reconstruct.form.isEnabled, timeout=240_000)
    small = {"levels": 2, "channels": 4, "fine_convolutions": 1, "coarse_convolutions": 1, "cube": 16, "scales": 1}
    window.commands.plan("small", changed_settings=small, size=(24, 24, 24))
    qtbot.waitUntil(lambda: window.reconstruct.panel.primary_hint.isHidden(), timeout=60_000)
    qtbot.mouseClick(window.reconstruct.panel.primary, LEFT)
    assert window.context.jobs.busy
    window.reconstruct._checked(Checked([], None, 1))
    assert window.reconstruct.preflight.text() == "Can be added to what runs."
    qtbot.waitUntil(lambda: window.reconstruct._snapshot is not None, timeout=120_000)
    window.cancel_action.trigger()
    qtbot.waitUntil(lambda: not window.context.jobs.busy, timeout=60_000)
    assert window.session.state.result is None
    window.reconstruct.build_kept()
    qtbot.waitUntil(lambda: window.session.state.result is not None, timeout=120_000)
    result = window.session.state.result
    assert result is not None and result.volume.shape == (24, 24, 24)
    assert window.current is window.inspect
    # closing would lose the volume: it is asked first, and Cancel keeps the window
    assert window.inspect.unexported == 1
    asked: list[str] = []

    def refuse(_parent: object, _title: str, text: str, *_buttons: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton.Cancel

    monkeypatch.setattr(QMessageBox, "question", refuse)
    assert not window.close() and window.isVisible()
    assert "never exported" in asked[0]


def test_the_palette_reaches_every_action_and_f1_the_step_s_page(window: MainWindow, qtbot: QtBot) -> None:
    palette = window.guide.open_palette()
    qtbot.keyClicks(palette.field, "inspect")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.current is window.inspect
    window.help_action.trigger()
    page = window.guide.help
    assert page is not None and "Export" in page.text.toPlainText()
    page.close()
    window.search_action.trigger()
    assert window.guide.help is page and page.isVisible() and page.focusWidget() is page.field
    page.close()


def test_every_action_has_a_name_and_the_visible_buttons_a_tooltip(window: MainWindow) -> None:
    from PySide6.QtWidgets import QAbstractButton

    assert all(action.text() for action in window.all_actions())
    bare = [
        button.text() or button.objectName() or type(button).__name__
        for button in window.findChildren(QAbstractButton)
        if button.isVisible() and not button.toolTip() and not button.objectName().startswith(("qt_", "Scroll"))
    ]
    assert bare == []
