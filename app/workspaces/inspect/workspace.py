"""Step 5: the volume in slices and in 3-D, its numbers beside the exemplar's, and the way out of the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QMenu,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.preferences import Preferences
from app.session import Result, State
from app.stored_volume import StoredView
from app.widgets.elided_combo import ElidedCombo
from app.widgets.panel import card, hint
from app.widgets.picture_file import save_picture
from app.widgets.volume_controls import VolumeControls
from app.widgets.volume_picture import Shot, as_image
from app.widgets.volume_view import VolumeView
from app.workspaces.inspect import exporting
from app.workspaces.inspect.beside_page import BesidePage
from app.workspaces.inspect.comparison_page import ComparisonPage
from app.workspaces.inspect.exports import Exports
from app.workspaces.inspect.fraction_card import FractionCard
from app.workspaces.inspect.kept_looks import KeptLooks
from app.workspaces.inspect.marks_card import MarksCard
from app.workspaces.inspect.numbers_card import NumbersCard, facts_of
from app.workspaces.inspect.picturing import Picturing
from app.workspaces.inspect.piece_card import PieceCard
from app.workspaces.inspect.properties_card import PropertiesCard, subject_of
from app.workspaces.inspect.sets_quality import SetsQuality
from app.workspaces.inspect.statistics_part import StatisticsPart
from app.workspaces.inspect.stored_watcher import StoredWatcher
from app.workspaces.inspect.verdict import verdict
from app.workspaces.reconstruct.workspace import stale_reason
from app.workspaces.workspace import Workspace
from core.generation.periods import made_to_repeat
from core.images.values import Volume


class InspectWorkspace(Workspace):
    """Shows one result at a time; earlier ones stay in the list."""

    key = "inspect"
    title = "Inspect"
    icon_name = "inspect"

    def __init__(self, context: Context, preferences: Preferences) -> None:
        super().__init__(context)
        self._preferences = preferences
        self.view = VolumeView()
        self.view.failed.connect(lambda error: context.messages.failed("Drawing the surface", error))
        self.controls = VolumeControls(self.view)
        stack = QStackedWidget()
        self._empty = self._empty_page()
        stack.addWidget(self._empty)
        stack.addWidget(self.view)
        self.canvas = self._stack = stack
        self._shown: Result | None = None
        self._stored: StoredView | None = None
        self.exports = Exports(context, preferences, self)
        self.watcher = StoredWatcher(self.view)
        self.watcher.renewed.connect(self.show_stored)
        self.statistics = StatisticsPart(context, stack, self.view)
        self.statistics.page.save_wanted.connect(self.export_statistics)
        self.comparison = ComparisonPage(context, lambda: preferences.folder)
        stack.addWidget(self.comparison)
        self.beside = BesidePage(context, self.view, lambda: self._stored, lambda: preferences.folder)
        stack.addWidget(self.beside)
        self.picturing = Picturing(context, self.view, self.panel, self._place, lambda: self.beside.stage)
        self.picturing.wished.connect(self.exports.write)
        self.sets = SetsQuality(context, self.panel, lambda: preferences.folder)
        self.sets.wished.connect(self.exports.write)
        self.exports.written.connect(self.sets.written)
        self._make_actions()
        self._build_panel()
        self.session.changed.connect(self._changed)
        self.session.derived.connect(lambda _names: self._show_state())
        self._show_result()

    def _empty_page(self) -> QWidget:
        page = QWidget()
        title = QLabel("No volume yet")
        title.setProperty("role", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = hint("Run a reconstruction in step 4: its volume, curves and numbers are shown here.")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(page)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(text)
        column.addStretch(3)
        return page

    def _make_actions(self) -> None:
        def action(text: str, keys: str, slot: Any) -> QAction:
            made = QAction(text)
            if keys:
                made.setShortcut(QKeySequence(keys))
            made.triggered.connect(slot)
            return made

        self.volume_action = action("Export the volume …", "", self.export_volume)
        self.surface_action = action("Export the surface of the phase (STL) …", "", self.export_surface)
        self.curves_action = action("Export the curves (CSV) …", "", self.export_curves)
        self.picture_action = action("Save a picture of the view …", "S", self.export_picture)
        self.report_action = action("Write the report …", "", self.export_report)
        self.turn_action = action("Turntable", "T", self._turn)
        self.turn_action.setCheckable(True)

    def actions(self) -> list[QAction]:
        """Exports and the turntable."""
        return [
            self.volume_action, self.surface_action, self.curves_action, self.picture_action, self.report_action,
            self.turn_action, *self.picturing.actions(), self.beside.action,
            self.sets.action,
        ]  # fmt: skip

    def _build_panel(self) -> None:
        self.choice = ElidedCombo()
        self.choice.setAccessibleName("Result on show")
        self.choice.setToolTip("Result on show; every run of this session stays in the list")
        self.choice.setMinimumContentsLength(12)
        self.choice.setSizeAdjustPolicy(ElidedCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.activated.connect(self._choose)
        self.facts = hint()
        self.stale = hint()
        self.stale.setProperty("role", "warning")
        self.compare = QPushButton("Compare the runs")
        self.compare.setCheckable(True)
        self.compare.setToolTip(
            "All runs of this session, and true volumes, beside each other: a table, and box plots over seeds"
        )
        self.compare.toggled.connect(lambda on: self._front(self.beside.switch if on else None))
        self.beside.toggled.connect(lambda on: self._front(self.compare if on else None))
        self.panel.inputs.add(card(self.choice, self.facts, self.stale, self.compare, self.beside.switch))
        self.fraction = FractionCard()
        self.fraction.previewed.connect(self._show_fraction)
        self.fraction.failed.connect(lambda error: self.context.messages.failed("Making a preview", error))
        self.panel.settings.add(self.fraction)
        self.controls.picture_wanted.connect(self.picturing.ask_picture)
        self.controls.movie_wanted.connect(self.picturing.ask_movie)
        self.picturing.filming.connect(self.controls.setDisabled)
        self.looks = KeptLooks(self.context, self.view, self.controls)
        self.picturing.filming.connect(self.looks.set_filming)
        self.panel.settings.add(self.controls)
        self.piece = PieceCard(self.context, self.view)
        self.panel.settings.add(self.piece)
        self.marks = MarksCard(self.context, self.view)
        self.marks.save_wanted.connect(lambda: self.exports.write(self.marks.ask(self.panel, self._preferences.folder)))
        self.panel.settings.add(self.marks)
        self.verdict = NumbersCard()
        self.sentence, self.numbers = self.verdict.sentence, self.verdict.table
        self.panel.output.add(card(self.verdict))
        self.panel.output.add(self.statistics.card)
        self.properties = PropertiesCard(self.context)
        self.properties.field_wanted.connect(self._show_field)
        self.properties.lines.wanted.connect(self._show_lines)
        self.panel.output.add(self.properties)
        self.comparison.left.connect(lambda: self.compare.setChecked(False))
        self.comparison.chosen.connect(self._look_at)
        self.statistics.card.table_wanted.connect(
            lambda on: self.compare.setChecked(self.compare.isChecked() and not on)
        )
        self.comparison.beside_wanted.connect(self.beside.compare)
        self.comparison.sets_wanted.connect(self.sets.ask)
        self.comparison.save_wanted.connect(self.export_comparison)
        self._menu = QMenu(self.panel)
        self._menu.addActions(self.actions()[:5])
        self.panel.primary.clicked.connect(self._primary)

    # --- gestures ------------------------------------------------------------------------------------------------

    def _choose(self, index: int) -> None:
        if index < len(self.session.state.results):
            self._stored = self._shown = None
            self.session.replace(shown=index)
            self._show_result()

    def _look_at(self, number: int) -> None:
        self.compare.setChecked(False)
        self._choose(number)

    def show_stored(self, stored: StoredView) -> None:
        """Look at a volume on the disk, until a result is chosen or made. It is no part of the session."""
        self._stored = stored
        self._show_result()

    def _primary(self) -> None:
        if self._stored is not None and self.session.state.results:
            self._choose(self.session.state.shown % len(self.session.state.results))
        elif self._shown is None:
            self.wants_step.emit("reconstruct")
        else:
            self.export()

    def export(self) -> None:
        """Offer everything that can be exported."""
        if self._shown is None:
            self.context.messages.say("There is no volume to export yet: run a reconstruction first.", "warning")
            return
        button = self.panel.primary
        self._menu.popup(button.mapToGlobal(button.rect().topLeft()))

    def export_volume(self) -> None:
        """Ask for a place and write the volume."""
        if self._shown is not None:
            self.exports.write(exporting.ask_volume(self.panel, self._shown, self._preferences.folder))

    def export_surface(self) -> None:
        """Ask for a place and write the phase's surface."""
        if self._shown is not None:
            phase = self._shown.volume_phase
            self.exports.write(exporting.ask_surface(self.panel, self._shown, phase, self._preferences.folder))

    def export_curves(self) -> None:
        """Ask for a place and write S2 and L as CSV."""
        result = self._shown
        if result is None:
            return
        name = str(Path(self._preferences.folder) / f"{exporting.file_name(result)}_curves.csv")
        chosen, _ = QFileDialog.getSaveFileName(self.panel, "Export the curves", name, "Table (*.csv)")
        if chosen:
            from core.report import write_curves

            path = Path(chosen)
            self.exports.write(
                exporting.Wish("the curves", path, lambda: write_curves(result.report, path, overwrite=True))
            )

    def export_picture(self) -> None:
        """Ask for a place and save what the view shows."""
        if self._shown is None:
            return
        name = str(Path(self._preferences.folder) / f"{exporting.file_name(self._shown)}.png")
        chosen, _ = QFileDialog.getSaveFileName(self.panel, "Save a picture of the view", name, "Picture (*.png)")
        if chosen:
            stage = self.beside.stage
            image = (
                self.view.snapshot()
                if stage is None
                else as_image(stage.draw(Shot(width=stage.width_on_screen("all"))))
            )
            self.exports.write(exporting.Wish("the picture", Path(chosen), lambda: save_picture(image, Path(chosen))))

    def _place(self) -> tuple[str, str]:
        """Where a file of what is shown goes first: the folder, and a name without suffix."""
        shown = self._stored.path.name.split(".")[0] if self._stored is not None else "volume"
        return self._preferences.folder, exporting.file_name(self._shown) if self._shown is not None else shown

    def export_report(self) -> None:
        """Ask for a folder and write the report."""
        if self._shown is not None:
            folder, statistics = self._preferences.folder, self.statistics.found
            found, marks = self.properties.found, self.marks.found
            self.exports.write(exporting.ask_report(self.panel, self._shown, folder, statistics, found, marks))

    def export_statistics(self) -> None:
        """Ask for a place and write the statistics that were measured."""
        self.exports.write(self.statistics.ask(self.panel, self._preferences.folder))

    def export_comparison(self) -> None:
        """Ask for a folder and write the comparison of the runs."""
        self.exports.write(self.comparison.ask(self.panel, self._preferences.folder))

    @property
    def unexported(self) -> int:
        """Results whose volume was never written to a file."""
        return self.exports.unexported

    def _turn(self, on: bool) -> None:
        self.beside.grid.turn(on and self.beside.on_show)
        if on and not self.beside.on_show:
            self.view.start_turntable()
        else:
            self.view.stop_turntable()

    # --- showing -------------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        if old.shown != new.shown:  # somebody wants to see a volume
            self.compare.setChecked(False)
            self.beside.switch.setChecked(False)
        if old.results is not new.results or old.shown != new.shown or old.opened is not new.opened:
            self._stored = None
            self._show_result()
        else:
            self._show_state()

    def _front(self, instead_of: QPushButton | None = None) -> None:
        """Bring to the front what is wanted: volumes beside each other, the comparison, statistics, or the volume."""
        if instead_of is not None:
            instead_of.setChecked(False)
        if self._stored is None and self.session.state.result is None:
            self._stack.setCurrentWidget(self._empty)
        elif self.beside.switch.isChecked():
            self._stack.setCurrentWidget(self.beside)
        elif self.compare.isChecked():
            self._stack.setCurrentWidget(self.comparison)
        else:
            self._stack.setCurrentWidget(self.statistics.front)
        several = len(self.session.state.results) > 1
        self.compare.setText("Compare the runs" if several else "Compare with a true volume")

    def _show_result(self) -> None:
        state = self.session.state
        self.compare.setVisible(bool(state.results))
        if not state.results:
            self.compare.setChecked(False)
        stored = self._stored
        result = None if stored is not None else state.result
        for action in self.actions():
            action.setEnabled(result is not None)
        self.sets.action.setEnabled(True)  # sets may come from folders
        self.picturing.set_possible(result is not None or stored is not None)
        self.beside.set_possible(result is not None or stored is not None)
        with QSignalBlocker(self.choice):
            self.choice.clear()
            for number, item in enumerate(state.results, 1):
                self.choice.addItem(f"{number}. {item.title}")
            self.choice.setCurrentIndex(state.shown % len(state.results) if state.results else -1)
            if stored is not None:
                self.choice.addItem(stored.path.name)
                self.choice.setCurrentIndex(len(state.results))
        self.choice.setVisible(result is not None or stored is not None)
        if result is not self._shown or result is None:
            self.fraction.show_result(result)
        self.properties.show_subject(subject_of(result, stored))
        self.marks.show_volume(result, stored)
        if stored is not None:
            self._show_volume(stored)
            return
        self.watcher.leave()
        self.controls.setEnabled(result is not None)
        self.statistics.show_result(result)
        self._front()
        if result is None:
            self._shown = None
            self.facts.setText("No volume yet")
            self.verdict.say("Nothing to measure yet")
            self.panel.set_primary("Go to Reconstruct", tip="Go to step 4 (Ctrl+4)")
            self._show_state()
            return
        if result is not self._shown:
            self._shown = result
            self._set_volume(result.volume)
            self.view.set_phase(result.volume_phase)
            self.controls.refresh()
        self.facts.setText(facts_of(result))
        self.verdict.show_result(result)
        self.panel.set_primary("Export …", tip="Export volume, surface, curves, picture or report (Ctrl+E)")
        self._show_state()

    def _set_volume(self, volume: Volume) -> None:
        self.view.set_volume(volume.labels, volume.phases, volume.voxel_size)
        self.view.periodic = made_to_repeat(volume.provenance, volume.shape)

    def _show_fraction(self, volume: Any, _fraction: float) -> None:
        """A small volume in place of the result, until that is chosen again."""
        result = self._shown
        if result is None:
            return
        self._set_volume(volume)
        self.view.set_phase(result.volume_phase)
        share = 100 * volume.fractions[result.volume_phase]
        self.view.set_caption(f"Preview for {self.fraction.words}\n{volume.shape[0]}³ voxels, {share:.1f} % in them")
        self.controls.refresh()

    def _show_field(self, field: Any, colors: Any, words: str) -> None:
        """A computed field on the slices in place of the phases, or these again."""
        volume = None if self._shown is None else self._shown.volume
        if volume is not None and self.view.labels is not volume.labels:  # a preview stands there
            self._set_volume(volume)
        self.statistics.card.table.setChecked(False)  # it stands in the view's place
        self.view.set_field(field, colors)
        self.view.set_caption(words)

    def _show_lines(self, lines: Any, words: str) -> None:
        """Streamlines in 3-D, or none."""
        self.view.lines.show(lines)
        self.view.set_caption(words, of_lines=True)

    def _show_volume(self, stored: StoredView) -> None:
        self._shown = None
        self.controls.setEnabled(True)
        self.statistics.show_stored(stored)
        self._front()
        self.watcher.show(stored)
        self.controls.refresh()
        self.facts.setText(stored.facts)
        said = stored.sentence or "All of the volume is shown."
        self.verdict.say(said, "warning" if stored.caption else "good")
        if self.session.state.results:
            self.panel.set_primary("Back to the result", tip="Show the result of this session again")
        else:
            self.panel.set_primary("Go to Reconstruct", tip="Go to step 4 (Ctrl+4)")
        self._show_state()

    def _show_state(self) -> None:
        if self._stored is not None:
            self.stale.hide()
            self.set_status("ready", f"The volume {self._stored.path.name} is shown.")
            return
        if self._shown is None:
            self.stale.hide()
            self.set_status("empty", "Run a reconstruction first (step 4).")
            return
        reason = stale_reason(self.session) if self._shown is self.session.state.result else ""
        self.stale.setText(reason)
        self.stale.setVisible(bool(reason))
        if reason:
            self.set_status("stale", reason)
        else:
            self.set_status("ready", verdict(self._shown).sentence)

    def fit(self) -> None:
        """Show everything."""
        self.beside.grid.fit() if self.beside.on_show else self.view.fit()

    def close(self) -> None:
        """The window closes."""
        self.watcher.leave()
        self.beside.end()
        self.view.stop_turntable()
