"""The window's menus: where its actions are found, and the two lists that are menus themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.commands import Commands
from app.preferences import UNDO_SIZES, Preferences

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.opening import Opener


class RecentMenu(QMenu):
    """What was opened lately, asked for anew each time it is shown."""

    def __init__(self, preferences: Preferences, opener: Opener) -> None:
        super().__init__("Open &recent")
        self._preferences, self._opener = preferences, opener
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        for path in self._preferences.recent:
            action = self.addAction(path.name)
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, chosen=path: self._opener.open(chosen))
        if self.isEmpty():
            self.addAction("Nothing opened yet").setEnabled(False)
        else:
            self.addSeparator()
            self.addAction("Forget them").triggered.connect(self._preferences.forget_recent)


class UndoMemoryMenu(QMenu):
    """How much memory the steps of undo may hold; remembered."""

    def __init__(self, preferences: Preferences, commands: Commands) -> None:
        super().__init__("&Memory for undo")
        self._preferences, self._commands = preferences, commands
        commands.keep_within(preferences.undo_bytes)
        group = QActionGroup(self)
        self.choices = {}
        for size in UNDO_SIZES:
            told = f"{size >> 20} MB" if size < 1 << 30 else f"{size >> 30} GB"
            action = QAction(f"Up to {told} for undo", self)
            action.setToolTip(f"Beyond {told} the oldest steps of undo are forgotten")
            action.setCheckable(True)
            action.setChecked(size == preferences.undo_bytes)
            action.triggered.connect(lambda _checked=False, chosen=size: self.choose(chosen))
            group.addAction(action)
            self.addAction(action)
            self.choices[size] = action

    def choose(self, size: int) -> None:
        """Bound the steps to ``size`` bytes, now and at the next start."""
        self._preferences.undo_bytes = size
        self._commands.keep_within(size)
        self.choices[size].setChecked(True)


def build_menus(window: MainWindow, samples: Sequence[QAction], recent: QMenu, schemes: Sequence[QAction]) -> None:
    """Fill the menu bar."""
    bar = window.menuBar()
    file = bar.addMenu("&File")
    file.addActions([window.open_action, window.open_project_action, window.open_volume_action])
    file.addMenu("Open a &sample").addActions(samples)
    file.addMenu(recent)
    file.addSeparator()
    file.addActions([window.save_action, window.save_as_action])
    file.addSeparator()
    file.addAction(window.export_action)
    file.addSeparator()
    file.addAction(window.quit_action)
    edit = bar.addMenu("&Edit")
    edit.addActions([window.undo_action, window.redo_action])
    edit.addSeparator()
    edit.addMenu(window.undo_memory)
    view = bar.addMenu("&View")
    view.addActions(window.step_actions)
    view.addSeparator()
    view.addActions([window.fit_action, window.curves_dock.toggleViewAction(), window.messages_dock.toggleViewAction()])
    view.addMenu("&Colour scheme").addActions(schemes)
    view.addAction(window.reset_action)
    for space in window.workspaces.values():
        if space.actions():
            bar.addMenu(space.title).addActions(space.actions())
    bar.addMenu("&Run").addActions([window.run_action, window.pause_action, window.cancel_action])
    bar.addMenu("&Help").addActions(
        [window.help_action, window.search_action, window.palette_action, window.about_action]
    )
