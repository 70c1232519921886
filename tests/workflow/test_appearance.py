"""Light and dark. Early among the tests of the window: Qt walks the widgets of all windows that were ever opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from app.commands import Commands
from app.main_window import MainWindow
from app.menus import UndoMemoryMenu
from app.preferences import Preferences
from app.session import Session


def test_light_and_dark_are_applied_and_remembered(window: MainWindow) -> None:
    from app import theme

    window.set_scheme("dark")
    assert theme.is_dark() and window.preferences.scheme == "dark"
    window.set_scheme("light")
    assert not theme.is_dark()


def test_the_memory_of_undo_is_chosen_in_the_menu_and_remembered(window: MainWindow, tmp_path: Path) -> None:
    menu, commands = window.undo_memory, window.commands
    assert commands.max_bytes == 256 << 20 and menu.choices[256 << 20].isChecked()
    for place in range(3):
        commands.do("large", held=30 << 20, pixel_size=1e-6 * (place + 1))
    edit = next(item.menu() for item in window.menuBar().actions() if item.text() == "&Edit")
    assert isinstance(edit, QMenu) and menu.menuAction() in edit.actions()
    menu.popup(window.mapToGlobal(window.rect().center()))
    small = menu.choices[64 << 20]
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(small).center())
    assert small.isChecked() and not menu.choices[256 << 20].isChecked()
    assert commands.max_bytes == 64 << 20 and commands.stack.count() == 1, "at most three quarters are held"
    assert window.session.state.pixel_size == 3e-6
    commands.undo()
    assert window.session.state.pixel_size == 2e-6
    # at the next start, and where the file says what cannot be
    ini = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    again = Commands(Session())
    assert UndoMemoryMenu(Preferences(ini), again).choices[64 << 20].isChecked() and again.max_bytes == 64 << 20
    for odd in ("-1", "many", "123"):
        ini.setValue("undo bytes", odd)
        assert Preferences(ini).undo_bytes == 256 << 20


def test_steps_that_are_taken_back_are_kept_until_the_next_gesture() -> None:
    session = Session()
    commands = Commands(session)
    for place in range(4):
        commands.do("large", held=1000, pixel_size=float(place + 1))
    commands.undo()
    commands.keep_within(2000)
    assert commands.stack.canRedo() and commands.stack.count() == 4
    commands.redo()
    assert session.state.pixel_size == 4.0
    commands.do("large", held=1000, pixel_size=5.0)
    assert commands.nbytes <= 2000 and session.state.pixel_size == 5.0
