"""Puts workspaces, docks, menus and the job strip together; holds no state of its own."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QActionGroup,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app import icons, theme
from app.context import Context
from app.exemplar import LiveExemplar
from app.guide import Guide
from app.menus import RecentMenu, UndoMemoryMenu, build_menus
from app.message_tabs import MessageTabs
from app.opening import FILTER, PROJECT_FILTER, OpenedModel, OpenedProject, Opener
from app.preferences import Preferences
from app.recovery import Recovery
from app.saving import Saver
from app.slices import Slices
from app.stored_volume import StoredView
from app.widgets import keyboard
from app.widgets.curves_dock import CurvesDock
from app.widgets.job_strip import JobStrip
from app.widgets.recovery_bar import RecoveryBar
from app.widgets.step_rail import StepRail
from app.workspaces.inspect import InspectWorkspace
from app.workspaces.inspect.runs_view import RunsView
from app.workspaces.mask import MaskWorkspace
from app.workspaces.micrograph import MicrographWorkspace
from app.workspaces.phases import PhasesWorkspace
from app.workspaces.reconstruct import ReconstructWorkspace
from app.workspaces.workspace import Workspace

log = logging.getLogger("microloom")


class MainWindow(QMainWindow):
    """The window of Microloom."""

    def __init__(self, preferences: Preferences | None = None) -> None:
        super().__init__()
        self.preferences = preferences if preferences is not None else Preferences()
        self.context = Context()
        self.session = self.context.session
        self.commands = self.context.commands
        self.exemplar = LiveExemplar(self.context)
        self.opener = Opener(self.context, self.preferences)
        self.guide = Guide(self)
        self.saver = Saver(self.context, self.preferences, self.exemplar, self)
        self.opener.guard = self.saver.guard
        self.recovery = Recovery(self.context, self.saver.snapshot, self.preferences.state_folder, self)
        self.setWindowTitle("Microloom")
        self.setWindowIcon(icons.app_icon())
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)

        self.slices = Slices(self.context)
        self.micrograph = MicrographWorkspace(self.context, self.slices)
        self.phases = PhasesWorkspace(self.context, self.exemplar, self.slices)
        self.mask_step = MaskWorkspace(self.context)
        self.reconstruct = ReconstructWorkspace(self.context)
        self.inspect = InspectWorkspace(self.context, self.preferences)
        self.workspaces: dict[str, Workspace] = {
            space.key: space for space in (self.micrograph, self.phases, self.mask_step, self.reconstruct, self.inspect)
        }
        for space in self.workspaces.values():
            space.setParent(self)  # so that none outlives its widgets
        self._build_center()
        self._build_docks()
        self._build_actions()
        self._wire()
        self.resize(1440, 900)
        self._default_layout = self.saveState()
        geometry, state = self.preferences.layout()
        if geometry is not None:
            self.restoreGeometry(geometry)
        if state is not None:
            self.restoreState(state)
        self.show_step("micrograph")
        self._draw_icons()

    # --- building ------------------------------------------------------------------------------------------------

    def _build_center(self) -> None:
        spaces = list(self.workspaces.values())
        self.rail = StepRail(spaces)
        self.panels = QStackedWidget()
        self.canvases = QStackedWidget()
        for space in spaces:
            self.panels.addWidget(space.panel)
            self.canvases.addWidget(space.canvas)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.panels)
        splitter.addWidget(self.canvases)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([320, 800])
        splitter.setChildrenCollapsible(False)
        self.strip = JobStrip(self.context)
        self.strip.watch_saving(self.saver.runner)
        self.recovery_bar = RecoveryBar()
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addWidget(splitter, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.recovery_bar)
        column.addLayout(middle, 1)
        column.addWidget(self.strip)
        self.setCentralWidget(whole)

    def _build_docks(self) -> None:
        self.curves = CurvesDock(self.context)
        self.curves_dock = self._dock("Curves", "curves", self.curves, Qt.DockWidgetArea.RightDockWidgetArea)
        self.runs = RunsView(self.session, self.commands)
        self.tabs = MessageTabs(self.context, self.reconstruct.queue_view, self.runs)
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self.messages_dock = self._dock("Messages and runs", "messages", self.tabs, bottom)
        self.messages_dock.hide()
        # the curves keep their height: squashed, their numbers lie over each other
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.resizeDocks([self.curves_dock], [340], Qt.Orientation.Horizontal)
        self.resizeDocks([self.messages_dock], [180], Qt.Orientation.Vertical)

    def _dock(self, title: str, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _action(self, text: str, keys: str = "", icon_name: str = "", tip: str = "") -> QAction:
        action = QAction(text, self)
        if keys:
            action.setShortcut(QKeySequence(keys))
        if icon_name:
            self._icons[action] = icon_name
        sentence = tip or text.replace("&", "").rstrip(" …")
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{sentence} ({shown})" if shown else sentence)
        return action

    def _build_actions(self) -> None:
        self._icons: dict[QAction, str] = {}
        self.open_action = self._action(
            "&Open a micrograph or project …", "Ctrl+O", "open", "Open a micrograph or a project from a file"
        )
        self.open_action.triggered.connect(lambda: self.choose_file())
        self.open_project_action = self._action("Open &project …", tip="Open a project")
        self.open_project_action.triggered.connect(lambda: self.choose_file("Open a project", PROJECT_FILTER))
        self.open_volume_action = self._action(
            "Open a &volume …",
            tip="Open a folder (.ome.zarr, .zarr): grey slices to segment, or a volume of phases to look at",
        )
        self.open_volume_action.triggered.connect(lambda: self.choose_volume())
        self.save_action = self._action("&Save project", "Ctrl+S", "save", "Save the project")
        self.save_action.triggered.connect(lambda: self.saver.save())
        self.save_as_action = self._action("Save project &as …", "Ctrl+Shift+S", tip="Save the project to another file")
        self.save_as_action.triggered.connect(lambda: self.saver.save_as())
        self.export_action = self._action(
            "&Export …", "Ctrl+E", "export", "Export the volume, its curves or its report"
        )
        self.export_action.triggered.connect(self._export)
        self.quit_action = self._action("&Quit", "Ctrl+Q")
        self.quit_action.triggered.connect(self.close)
        self.undo_action, self.redo_action = self.commands.actions(self)
        self.undo_action.setShortcut(QKeySequence("Ctrl+Z"))
        self.redo_action.setShortcut(QKeySequence("Ctrl+Shift+Z"))
        self._icons |= {self.undo_action: "undo", self.redo_action: "redo"}
        self.run_action = self._action("&Run the reconstruction", "Ctrl+R", "run")
        self.run_action.triggered.connect(self._run)
        self.cancel_action = self._action("&Cancel the running job", "Esc", "cancel")
        self.cancel_action.triggered.connect(self.context.jobs.cancel)
        self.pause_action = self._action("&Pause or go on", "Ctrl+P", "pause")
        self.pause_action.triggered.connect(lambda: self.context.jobs.pause(not self.context.jobs.is_paused))
        self.fit_action = self._action("&Fit to view", "F", "fit")
        self.fit_action.triggered.connect(self._fit)
        self.palette_action = self._action("&Command palette …", "Ctrl+Shift+P", "search")
        self.palette_action.triggered.connect(lambda: self.guide.open_palette())
        self.help_action = self._action("&Help on this step", "F1", "help")
        self.help_action.triggered.connect(lambda: self.guide.show_help())
        self.search_action = self._action("&Search the help …", "Ctrl+F", tip="Search all pages of the help")
        self.search_action.triggered.connect(lambda: self.guide.search_help())
        self.about_action = self._action("&About Microloom")
        self.about_action.triggered.connect(lambda: self.guide.show_about())
        self.reset_action = self._action("&Reset the window layout")
        self.reset_action.triggered.connect(self._reset_layout)
        self.step_actions = []
        for number, space in enumerate(self.workspaces.values(), 1):
            action = self._action(f"Go to &{number} {space.title}", f"Ctrl+{number}", space.icon_name)
            action.triggered.connect(lambda _checked=False, key=space.key: self.show_step(key))
            self.step_actions.append(action)
        self._build_menus()
        self._build_bar()

    def _build_menus(self) -> None:
        from core.synthesis.samples import SAMPLES, sample_path

        self.sample_actions = []
        for key, sample in SAMPLES.items():
            action = self._action(f"Open the sample {sample.title}", tip=sample.description)
            action.triggered.connect(lambda _checked=False, chosen=key: self.opener.open(sample_path(chosen)))
            self.sample_actions.append(action)
        self._schemes = QActionGroup(self)
        self.scheme_actions = {}
        for key, text in (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark")):
            action = self._action(text, tip=f"Colour scheme: {key}")
            action.setCheckable(True)
            action.setChecked(self.preferences.scheme == key)
            action.triggered.connect(lambda _checked=False, scheme=key: self.set_scheme(scheme))
            self._schemes.addAction(action)
            self.scheme_actions[key] = action
        self.recent_menu = RecentMenu(self.preferences, self.opener)
        self.undo_memory = UndoMemoryMenu(self.preferences, self.commands)
        build_menus(self, self.sample_actions, self.recent_menu, list(self.scheme_actions.values()))

    def _build_bar(self) -> None:
        bar = QToolBar("Main tool bar", self)
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.addActions([self.open_action, self.save_action, self.export_action])
        bar.addSeparator()
        bar.addActions([self.undo_action, self.redo_action])
        bar.addSeparator()
        bar.addActions([self.run_action, self.pause_action, self.cancel_action])
        bar.addSeparator()
        bar.addActions([self.fit_action, self.palette_action, self.help_action])
        self.addToolBar(bar)

    def all_actions(self) -> list[QAction]:
        """The one table of actions, for the palette and the tests."""
        own = [
            self.open_action, self.open_project_action, self.open_volume_action, self.save_action, self.save_as_action,
            *self.sample_actions,
            self.export_action, self.undo_action, self.redo_action, *self.undo_memory.choices.values(),
            self.run_action, self.pause_action, self.cancel_action, self.fit_action, *self.step_actions,
            *self.scheme_actions.values(), self.curves_dock.toggleViewAction(), self.messages_dock.toggleViewAction(),
            self.reset_action, self.help_action, self.search_action, self.about_action, self.quit_action,
        ]  # fmt: skip
        return own + [action for space in self.workspaces.values() for action in space.actions()]

    def _wire(self) -> None:
        self.rail.chosen.connect(self.show_step)
        for space in self.workspaces.values():
            space.wants_step.connect(self.show_step)
        self.micrograph.file_wanted.connect(lambda: self.choose_file())
        self.micrograph.path_chosen.connect(self.opener.open)
        self.micrograph.larger_wanted.connect(self.opener.enlarge)
        self.micrograph.slices_wanted.connect(self.opener.take_part)
        self.reconstruct.finished.connect(lambda: self.show_step("inspect"))
        self.inspect.fraction.wanted.connect(self.reconstruct.build_again)
        self.opener.opened.connect(self._opened)
        self.opener.model_opened.connect(self._show_model)
        self.strip.details_wanted.connect(lambda: self._show_tab(None))
        self.strip.queue_wanted.connect(lambda: self._show_tab(self.tabs.queue))
        self.reconstruct.queue.changed.connect(lambda: self.strip.show_queue(self.reconstruct.queue.summary))
        self.runs.chosen.connect(lambda: self.show_step("inspect"))
        self.runs.again.connect(self.reconstruct.take_over)
        for written in (self.runs.stored_wanted, self.reconstruct.written, self.phases.whole.look_wanted):
            written.connect(self.opener.open)
        self.tabs.issues.step_chosen.connect(self.show_step)
        for signal in (self.context.jobs.started, self.context.jobs.idle, self.context.jobs.paused):
            signal.connect(lambda *_: self._enable_actions())
        self.session.changed.connect(lambda _old, _new: self._retitle())
        self.session.measured.connect(self._retitle)
        self.saver.saved.connect(self._saved)
        self.recovery_bar.serve(self.recovery)
        self.recovery_bar.restore_wanted.connect(lambda path: self.opener.open(path, recovered=True))
        self.recovery_bar.training_wanted.connect(self._go_on)
        self.reconstruct.queue.checkpoints = self.recovery.checkpoints
        for ended in (self.context.jobs.returned, self.context.jobs.cancelled):
            ended.connect(lambda *_: self.recovery.training_over())
        self.context.jobs.failed.connect(lambda _error: self._training_failed())
        self._enable_actions()
        self.micrograph.start_page.show_recent(self.preferences.recent)

    # --- steps ---------------------------------------------------------------------------------------------------

    @property
    def current(self) -> Workspace:
        """The step on show."""
        return list(self.workspaces.values())[self.canvases.currentIndex()]

    def show_step(self, key: str) -> None:
        """Show the step ``key``; any step may be visited at any time."""
        space = self.workspaces[key]
        self.panels.setCurrentWidget(space.panel)
        self.canvases.setCurrentWidget(space.canvas)
        self.rail.show_current(key)
        for action, other in zip(self.step_actions, self.workspaces.values(), strict=True):
            action.setEnabled(other is not space)
        for other in self.workspaces.values():
            for action in other.actions():
                # single-letter shortcuts belong to the step on show; elsewhere the action stays in menu and palette
                action.setShortcutContext(
                    Qt.ShortcutContext.WindowShortcut if other is space else Qt.ShortcutContext.WidgetShortcut
                )
        space.entered()

    def _export(self) -> None:
        self.show_step("inspect")
        self.inspect.export()

    def _run(self) -> None:
        self.show_step("reconstruct")
        self.reconstruct.run()

    def _go_on(self) -> None:
        """Go on with the training that a crash interrupted."""
        self.recovery.go_on()
        self.show_step("reconstruct")
        self.reconstruct.run_when_ready()

    def _training_failed(self) -> None:
        self.recovery.training_failed()
        if self.recovery.steps_kept is not None:
            self.recovery_bar.serve(self.recovery)

    def _fit(self) -> None:
        fit = getattr(self.current, "fit", None) or getattr(getattr(self.current, "image", None), "fit", None)
        if fit is not None:
            fit()

    # --- files ---------------------------------------------------------------------------------------------------

    def choose_file(self, title: str = "Open a micrograph or a project", kinds: str = FILTER) -> None:
        """Ask for a picture or project to open."""
        name, _ = QFileDialog.getOpenFileName(self, title, self.preferences.folder, kinds)
        if name:
            self.opener.open(Path(name))

    def choose_volume(self) -> None:
        """Ask for a volume in blocks (a folder) to look at."""
        name = QFileDialog.getExistingDirectory(self, "Open a volume (.ome.zarr, .zarr)", self.preferences.folder)
        if name:
            self.opener.open(Path(name))

    def _opened(self, opened: object) -> None:
        if isinstance(opened, StoredView):
            self.inspect.show_stored(opened)
            self.show_step("inspect")
            return
        if isinstance(opened, OpenedProject) and opened.recovered:
            self.recovery.adopt(opened.path)
            self.recovery_bar.serve(self.recovery)
        else:
            self.recovery.drop()
        # a project is shown where its work had got to
        self.show_step("inspect" if self.session.state.results else "micrograph")
        self.micrograph.start_page.show_recent(self.preferences.recent)
        self._retitle()

    def _show_model(self, opened: OpenedModel) -> None:
        from app.widgets.model_page import ModelPage

        self._model_page = ModelPage(self, opened.path.name, opened.card)
        self._model_page.show()

    def _saved(self, _path: Path) -> None:
        self.recovery.keep()  # which removes the copy, unless more was changed meanwhile
        self._retitle()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A local file may be dropped anywhere."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.opener.open(paths[0])
            if len(paths) > 1:
                self.context.messages.say(f"One file at a time: {paths[0].name} of {len(paths)} files is opened.")

    # --- everything else -----------------------------------------------------------------------------------------

    def set_scheme(self, scheme: str) -> None:
        """Draw the window light, dark or as the system."""
        self.preferences.scheme = scheme
        self.scheme_actions[scheme].setChecked(True)
        theme.apply(scheme)
        self._draw_icons()

    def focusNextPrevChild(self, forwards: bool) -> bool:
        """Tab goes through the window as one reads it."""
        docks = [dock for dock in self.findChildren(QDockWidget) if not dock.isFloating()]
        parts = [self.recovery_bar, self.rail, self.current.panel, self.current.canvas, *docks, self.strip]
        return keyboard.move(parts, QApplication.focusWidget(), forwards) or super().focusNextPrevChild(forwards)

    def event(self, event: QEvent) -> bool:
        """A letter typed into a list chooses there; elsewhere it is a tool's key."""
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and keyboard.keeps(QApplication.focusWidget(), event):  # type: ignore[arg-type]
            event.accept()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """The system turned dark or light: icons are drawn again."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icons"):
            QTimer.singleShot(0, self, self._draw_icons)

    def _draw_icons(self) -> None:
        for action, name in self._icons.items():
            action.setIcon(icons.icon(name))
        self.rail.theme_changed()
        self.strip.theme_changed()
        for space in self.workspaces.values():
            space.theme_changed()

    def _enable_actions(self) -> None:
        busy = self.context.jobs.busy
        self.run_action.setEnabled(not busy)
        self.pause_action.setEnabled(busy)
        self.cancel_action.setEnabled(busy)

    def _show_tab(self, wanted: QWidget | None) -> None:
        self.messages_dock.show()
        self.messages_dock.raise_()
        self.tabs.show_tab(wanted)

    def _retitle(self) -> None:
        picture, path = self.session.state.opened, self.session.path
        name = path.name if path is not None else "" if picture is None else picture.name
        self.setWindowTitle(f"{name}[*] · Microloom" if name else "Microloom[*]")
        self.setWindowModified(self.session.unsaved)

    def _reset_layout(self) -> None:
        self.restoreState(self._default_layout)
        self.resize(1440, 900)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask only where work would be lost: a running job, or changes that are in no project."""
        jobs = self.context.jobs
        if self.isVisible() and not self.saver.may_close(jobs, self.inspect.unexported):
            event.ignore()
            return
        jobs.finish()
        self.saver.runner.finish()
        self.recovery.close()
        self.preferences.keep_layout(self.saveGeometry(), self.saveState())
        for space in self.workspaces.values():
            close = getattr(space, "close", None)
            if close is not None:
                close()
        event.accept()
