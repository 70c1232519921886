"""Step 1: the picture, its pixel size, its contrast, its crop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QLabel, QLineEdit, QPushButton, QStackedWidget, QWidget

from app import icons
from app.context import Context
from app.session import Box, State, differing
from app.slices import Slices, same_volume, show_slice
from app.widgets.choice_words import type_words
from app.widgets.image_canvas import ImageCanvas, display_range
from app.widgets.panel import card, hint, shortened
from app.widgets.range_slider import DoubleRangeSlider
from app.widgets.slice_bar import SliceBar, with_slices
from app.workspaces.micrograph.start_page import StartPage
from app.workspaces.workspace import Workspace
from core.errors import InputError
from core.images.binning import MOST, times_binned
from core.images.info_bar import propose_info_bar_row
from core.images.pixel_size import format_length, format_sides, parse_length


class MicrographWorkspace(Workspace):
    """Opens, measures and crops."""

    key = "micrograph"
    title = "Micrograph"
    icon_name = "micrograph"

    file_wanted = Signal()
    path_chosen = Signal(Path)
    larger_wanted = Signal(int)
    slices_wanted = Signal(slice)

    def __init__(self, context: Context, slices: Slices) -> None:
        super().__init__(context)
        self.start_page = StartPage()
        self.start_page.file_wanted.connect(self.file_wanted)
        self.start_page.path_chosen.connect(self.path_chosen)
        self.image = ImageCanvas()
        self.image.crop_drawn.connect(self._crop_drawn)
        stack = QStackedWidget()
        stack.addWidget(self.start_page)
        self.slice_bar = SliceBar()
        self.slice_bar.chosen.connect(slices.show)
        self._picture = with_slices(self.image, self.slice_bar)
        stack.addWidget(self._picture)
        self.canvas = self._stack = stack
        self._make_actions()
        self._make_inputs()
        self._make_settings()
        self._make_output()
        self.panel.primary.clicked.connect(self._next)
        self.session.changed.connect(self._changed)
        self._show(frozenset({"opened", "crop", "pixel_size"}))

    # --- building ------------------------------------------------------------------------------------------------

    def _make_actions(self) -> None:
        self.crop_action = QAction("Draw a crop rectangle")
        self.crop_action.setCheckable(True)
        self.crop_action.setShortcut(QKeySequence("C"))
        self.crop_action.toggled.connect(self._draw_toggled)
        self.bar_action = QAction("Crop the info bar")
        self.bar_action.triggered.connect(self.crop_info_bar)
        self.whole_action = QAction("Use the whole picture")
        self.whole_action.triggered.connect(lambda: self.commands.do("crop", crop=None))
        self.larger_action = QAction("Make the pixels larger …")
        self.larger_action.setToolTip(
            "Squares of n × n pixels (of a volume, cubes) become one: where structures are many pixels long, networks "
            "see more of them"
        )
        self.larger_action.triggered.connect(self._ask_larger)
        self.slices_action = QAction("Use some slices …")
        self.slices_action.setToolTip("Keep the slices from one to another of the volume, and the rectangle in use")
        self.slices_action.triggered.connect(self._ask_slices)
        self.contrast_action = QAction("Automatic contrast")
        self.contrast_action.setShortcut(QKeySequence("Ctrl+Shift+C"))
        self.contrast_action.triggered.connect(self._auto_contrast)

    def actions(self) -> list[QAction]:
        """Crop and contrast."""
        own = [self.crop_action, self.bar_action, self.whole_action, self.larger_action, self.slices_action]
        return [*own, self.contrast_action, *self.slice_bar.actions_of]

    def _make_inputs(self) -> None:
        self.name = QLabel()
        self.name.setWordWrap(True)
        self.facts = hint()
        self.open_button = QPushButton("Open …")
        self.open_button.setToolTip("Open a micrograph from a file (Ctrl+O)")
        self.open_button.clicked.connect(self.file_wanted)
        self.panel.inputs.add(card(self.name, self.facts))
        self.panel.inputs.add(self.open_button)

    def _make_settings(self) -> None:
        add = self.panel.settings.add
        self.pixel_label = QLabel("Pixel size")
        self.pixel = QLineEdit()
        self.pixel.setPlaceholderText("e.g. 12.5 nm, 0.8 µm, 0.01 mm")
        self.pixel.setAccessibleName("Pixel size")
        self.pixel.setToolTip("Length of one pixel's edge, with its unit: nm, µm or mm")
        self.pixel.editingFinished.connect(self._pixel_typed)
        self.pixel_label.setBuddy(self.pixel)
        self.pixel_note = hint()
        for widget in (self.pixel_label, self.pixel, self.pixel_note):
            add(widget)
        add(QLabel("Contrast (display only)"))
        self.levels: Any = DoubleRangeSlider(Qt.Orientation.Horizontal)
        self.levels.setAccessibleName("Grey levels shown as black and white")
        self.levels.setToolTip("Grey levels shown as black and as white; the data stay as they are")
        self.levels.valueChanged.connect(lambda pair: self.image.set_levels(*pair))
        self.auto_button = QPushButton("Auto")
        self.auto_button.setToolTip("Stretch the contrast to 0.2 … 99.8 % of the grey levels (Ctrl+Shift+C)")
        self.auto_button.clicked.connect(self._auto_contrast)
        add(_row(self.levels, self.auto_button))
        add(QLabel("Crop"))
        self.draw_button = QPushButton("Draw")
        self.draw_button.setCheckable(True)
        self.draw_button.setToolTip("Draw the rectangle to keep: drag on the picture (C)")
        self.draw_button.toggled.connect(self.crop_action.setChecked)
        self.crop_action.toggled.connect(self.draw_button.setChecked)
        self.bar_button = QPushButton("Info bar")
        self.bar_button.setToolTip("Find the instrument's info bar at the bottom and crop it away")
        self.bar_button.clicked.connect(self.crop_info_bar)
        self.whole_button = QPushButton("Whole")
        self.whole_button.setToolTip("Use the whole picture again")
        self.whole_button.clicked.connect(self.whole_action.trigger)
        add(_row(self.draw_button, self.bar_button, self.whole_button))
        self.crop_note = hint()
        add(self.crop_note)
        self.larger_button = QPushButton("Larger pixels …")
        self.larger_button.setToolTip(self.larger_action.toolTip())
        self.larger_button.clicked.connect(self.larger_action.trigger)
        add(self.larger_button)
        self.slices_button = QPushButton("Some slices …")
        self.slices_button.setToolTip(self.slices_action.toolTip())
        self.slices_button.clicked.connect(self.slices_action.trigger)
        add(self.slices_button)

    def _make_output(self) -> None:
        self.result = QLabel()
        self.result.setWordWrap(True)
        self.panel.output.add(card(self.result))

    # --- gestures ------------------------------------------------------------------------------------------------

    def _draw_toggled(self, drawing: bool) -> None:
        self.image.set_drawing(drawing)
        if drawing:
            self.context.messages.say("Drag on the picture to draw the rectangle to keep.")

    def _crop_drawn(self, box: Box) -> None:
        self.crop_action.setChecked(False)
        whole = self.session.state.opened
        if whole is not None and box == (0, whole.shape[0], 0, whole.shape[1]):
            self.commands.do("crop", crop=None)
        else:
            self.commands.do("crop", crop=box)

    def _ask_larger(self) -> None:
        if self.session.state.opened is None:
            return
        times, accepted = QInputDialog.getInt(
            self.panel, "Larger pixels",
            "Squares of so many pixels along each side become one.\n"
            "The picture is opened anew; masks and results begin again.", 2, 2, MOST,
        )  # fmt: skip
        if accepted:
            self.larger_wanted.emit(times)

    def _ask_slices(self) -> None:
        stack = self.session.state.stack
        if stack is None:
            return
        text, accepted = QInputDialog.getText(
            self.panel, "Some slices",
            f"Which of the {stack.count} slices to keep, such as 11-90.\n"
            "The volume is opened anew; what was painted, masks and results begin again.",
            text=f"1-{stack.count}",
        )  # fmt: skip
        if not accepted:
            return
        first, dash, last = text.replace("–", "-").replace(" ", "").partition("-")
        if dash and first.isdigit() and last.isdigit() and 1 <= int(first) <= int(last) <= stack.count:
            self.slices_wanted.emit(slice(int(first) - 1, int(last)))
        else:
            self.context.messages.say(f"{text} names no slices between 1 and {stack.count}.", "warning")

    def crop_info_bar(self) -> None:
        """Crop what looks like an instrument's info bar, or say that there is none."""
        picture = self.session.state.opened
        if picture is None:
            return
        row = propose_info_bar_row(picture)
        if row is None:
            self.context.messages.say("No info bar was found at the bottom of this picture.", "warning")
            return
        self.commands.do("crop info bar", crop=(0, row, 0, picture.shape[1]))

    def _pixel_typed(self) -> None:
        text, picture = self.pixel.text().strip(), self.session.state.opened
        if picture is None or not self.pixel.isModified():
            return
        self.pixel.setModified(False)
        if not text:
            self.commands.do("pixel size", pixel_size=None)
            return
        try:
            metres = parse_length(text)
        except InputError as error:
            self.pixel_note.setText(str(error))
            self.pixel_note.setProperty("role", "error")
            self.pixel_note.style().polish(self.pixel_note)
            return
        self.commands.do("pixel size", pixel_size=None if metres == picture.pixel_size else metres)
        self._show(frozenset({"pixel_size"}))

    def _auto_contrast(self) -> None:
        picture = self.session.state.opened
        if picture is not None:
            self.levels.setValue(display_range(picture.grey))

    def _next(self) -> None:
        if self.session.state.opened is None:
            self.file_wanted.emit()
        else:
            self.wants_step.emit("phases")

    # --- showing -------------------------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        self._show(differing(old, new), same_volume(old, new))

    def _show(self, names: frozenset[str], same: bool = False) -> None:
        state = self.session.state
        picture = state.opened
        for widget in (self.pixel, self.levels, self.auto_button, self.draw_button, self.bar_button, self.whole_button,
                       self.larger_button):  # fmt: skip
            widget.setEnabled(picture is not None)
        self.larger_action.setEnabled(picture is not None)
        show_slice(self.slice_bar, state)
        self.slices_button.setVisible(state.stack is not None)
        self.slices_action.setEnabled(state.stack is not None)
        if picture is None:
            self._stack.setCurrentWidget(self.start_page)
            self.name.setText("No micrograph yet")
            self.name.setToolTip("")
            self.facts.setText("Open a file, drop one on the window, or click a sample.")
            self.result.setText("Nothing yet")
            self.pixel.clear()
            self.pixel_note.clear()
            self.crop_note.clear()
            self.panel.set_primary("Open a micrograph …")
            self.set_status("empty", "Open a micrograph to begin.")
            return
        self._stack.setCurrentWidget(self._picture)
        used = state.micrograph
        assert used is not None
        if "opened" in names:
            self._show_picture(same)
        if names & {"opened", "crop"}:
            self.image.set_crop(state.crop)
            rows, columns = used.shape
            self.crop_note.setText(
                "The whole picture is used."
                if state.crop is None
                else f"Rows {state.crop[0]} to {state.crop[1]}, columns {state.crop[2]} to {state.crop[3]} are used."
            )
            self.whole_button.setEnabled(state.crop is not None)
        if names & {"opened", "pixel_size"}:
            self._show_pixel_size()
            self.image.set_pixel_size(used.pixel_size)
        rows, columns = used.shape
        size = used.pixel_size
        text = f"{columns} × {rows} pixels"
        if size is not None:
            text += f"\n{format_sides((columns * size, rows * size))}, {format_length(size)} per pixel"
        self.result.setText(text)
        self.panel.set_primary("Next: Phases", tip="Go to step 2 (Ctrl+2)")
        if size is None:
            self.set_status("issue", "Ready, but the pixel size is unknown: lengths will be in pixels.")
        else:
            self.set_status("ready", f"{columns} × {rows} pixels of {format_length(size)}.")

    def _show_picture(self, same: bool) -> None:
        """The picture that was opened; ``same``: another slice of the volume that is on show."""
        state = self.session.state
        picture, stack = state.opened, state.stack
        assert picture is not None
        self.image.set_picture(picture.grey, picture.pixel_size, keep_view=same)
        if same:
            self.image.set_levels(*self.levels.value())
        else:
            grey = picture.grey
            low, high = (float(grey.min()), float(grey.max())) if stack is None else stack.ends
            self.levels.blockSignals(True)
            self.levels.setRange(low, max(high, low + 1e-6))
            self.levels.blockSignals(False)
            self.levels.setValue(display_range(grey) if stack is None else stack.contrast)
            self.image.set_levels(*self.levels.value())
        rows, columns = picture.shape
        self.name.setText(shortened(picture.name))
        self.name.setToolTip(picture.name)
        what = "" if stack is None else f"{stack.count} slices of "
        facts = [f"{what}{columns} × {rows} pixels, {type_words(picture.grey.dtype)}"]
        facts += [f"{key}: {value}" for key, value in picture.notes.items()]
        self.facts.setText("\n".join(facts))

    def _show_pixel_size(self) -> None:
        state = self.session.state
        picture, used = state.opened, state.micrograph
        assert picture is not None and used is not None
        known, own, times = used.pixel_size, picture.pixel_size, times_binned(picture.provenance)
        self.pixel.setText("" if known is None else format_length(known))
        self.pixel.setModified(False)
        if known is None:
            note, role = "The file does not say it. Without it, lengths are in pixels.", "warning"
        elif state.pixel_size is not None:
            where = "file" if times == 1 else "before"
            source = "the file says nothing" if own is None else f"{where}: {format_length(own)}"
            note, role = f"Set by you ({source}). Empty the field to go back.", "hint"
        elif times > 1:
            note, role = f"{format_length(known / times)} × {times}: the pixels were made larger.", "hint"
        else:
            note, role = "Read from the file.", "hint"
        self.pixel_note.setText(note)
        self.pixel_note.setProperty("role", role)
        self.pixel_note.style().unpolish(self.pixel_note)
        self.pixel_note.style().polish(self.pixel_note)

    def theme_changed(self) -> None:
        """Icons and surround."""
        self.image.theme_changed()
        self.start_page.theme_changed()
        self.open_button.setIcon(icons.icon("open"))
        self.draw_button.setIcon(icons.icon("crop"))


def _row(*widgets: QWidget) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    for widget in widgets:
        row.addWidget(widget)
    return holder
