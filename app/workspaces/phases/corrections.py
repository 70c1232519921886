"""Correcting labels by hand: strokes on the canvas become corrections that lie over the automatic segmentation."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.context import Context
from app.exemplar import LiveExemplar
from app.session import State, differing
from app.widgets.image_canvas import ImageCanvas
from app.widgets.paint_options import PaintOptions, PaintOptionsPanel
from app.widgets.painter import Painter
from app.widgets.panel import Fold, hint
from app.widgets.tool_row import ToolRow
from core.painting.patch import Patch
from core.painting.pixels import Box, Marked
from core.painting.rules import AUTOMATIC, Ground, over
from core.painting.sheet import Painted, Sheet
from core.painting.stroke import Stroke

_TOOLS = ("move", "brush", "eraser", "polygon", "lasso", "rectangle", "ellipse", "fill", "wand", "picker")
_NOTHING = (
    "Choose a tool above the picture and paint. What you paint lies over the automatic phases and stays when thresholds"
    " or filters change; the eraser gives the automatic phase back."
)


class Corrections(QObject):
    """Keeps the painter's ground true to the session, and turns its gestures into commands."""

    def __init__(self, context: Context, exemplar: LiveExemplar, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self._session, self._commands, self._exemplar = context.session, context.commands, exemplar
        self._canvas = canvas
        self.options = PaintOptionsPanel(PaintOptions())
        self.painter = Painter(canvas, self.options, self._show)
        self.painter.committed.connect(self._committed)
        self._commands.before.append(self.painter.settle)
        self.painter.selected.connect(self._selected)
        self.row = ToolRow(self.options, self.painter, _TOOLS)
        self.note = hint(_NOTHING)
        self.remove = QPushButton("Remove all corrections")
        self.remove.setToolTip("Go back to the automatic phases everywhere (can be undone)")
        self.remove.clicked.connect(self._remove_all)
        self.fold = Fold("Correct by hand", opened=True)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.options, self.note, self.remove):
            column.addWidget(widget)
        self.fold.column.addWidget(inner)
        self._second = 0.0
        self._own = False
        self._keys = [self._key("Swap the phase that is painted", "X", self._swap)]
        self._keys += [
            self._key(
                f"Paint as phase {number}", str(number), lambda _checked=False, number=number: self._choose(number - 1)
            )
            for number in range(1, 6)
        ]
        self._session.changed.connect(self._changed)
        self.refresh()

    def actions(self) -> list[QAction]:
        """Tools and their keys."""
        return [*self.row.actions_of(), *self._keys]

    def _key(self, text: str, shortcut: str, done: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(shortcut))
        action.setToolTip(f"{text} ({shortcut})")
        action.triggered.connect(done)
        return action

    def _choose(self, label: int) -> None:
        image = self._session.phase_image
        if image is not None and label < len(image.phases):
            self._second = self.options.options.value
            self.options.set(value=float(label))

    def _swap(self) -> None:
        self._choose(int(self._second))

    # --- the ground ----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Phases, labels or picture are others: paint on what is there now."""
        micrograph, automatic = self._session.state.micrograph, self._exemplar.automatic
        image = self._session.phase_image
        drawn_on = self.painter.ground
        learned = drawn_on is not None and automatic is not None and automatic.labels is not drawn_on.labels
        same = drawn_on is not None and micrograph is not None and drawn_on.grey is micrograph.grey
        if self.painter.busy and learned and same and micrograph is not None:
            # labels that were learned from the stroke before must not end the one that is being drawn
            self._show((0, micrograph.shape[0], 0, micrograph.shape[1]))
            QTimer.singleShot(100, self, self.refresh)
            return
        there = micrograph is not None and automatic is not None and image is not None
        self.row.setEnabled(there)
        self.options.setEnabled(there)
        self._say()
        if micrograph is None or automatic is None or image is None or automatic.shape != micrograph.shape:
            self.painter.set_ground(None)
            return
        self.options.set_pixel_size(micrograph.pixel_size)
        self.options.set_phases(image.phases)
        ground = self.painter.ground
        if ground is None or ground.labels is not automatic.labels or ground.grey is not micrograph.grey:
            self.options.show_grey(float(micrograph.grey.min()), float(micrograph.grey.max()))
            self.painter.set_ground(Ground(self._values(micrograph.shape), automatic.labels, micrograph.grey))
        elif self.painter.busy:  # the canvas got fresh labels in the middle of a gesture
            self._show((0, micrograph.shape[0], 0, micrograph.shape[1]))

    def _values(self, shape: tuple[int, int]) -> np.ndarray:
        corrections = self._session.state.corrections
        if corrections is None:
            return np.full(shape, AUTOMATIC, np.uint8)
        y0, x0 = self._origin
        return corrections.sheet.values[y0 : y0 + shape[0], x0 : x0 + shape[1]].copy()

    @property
    def _origin(self) -> tuple[int, int]:
        """Row and column of the crop's corner in the picture as opened."""
        crop = self._session.state.crop
        return (0, 0) if crop is None else (crop[0], crop[2])

    def _changed(self, old: State, new: State) -> None:
        names = differing(old, new)
        if names & {"opened", "crop"}:
            self.painter.set_ground(None)
        elif "corrections" in names:
            self._follow(old.corrections, new.corrections)
        if "pixel_size" in names and new.micrograph is not None:
            self.options.set_pixel_size(new.micrograph.pixel_size)

    def _follow(self, old: Painted | None, new: Painted | None) -> None:
        """The sheet was painted on, or a gesture undone: take over where it changed."""
        ground = self.painter.ground
        if ground is None or self._own:  # it is there, and on show
            return
        self.painter.cancel()
        rows, columns = ground.shape
        y0, y1, x0, x1 = 0, rows, 0, columns
        sheet = (new or old or Painted(Sheet(ground.values))).sheet
        same = old is None or new is None or old.sheet is new.sheet
        if same and sheet.changed is not None:
            oy, ox = self._origin
            box = sheet.changed
            y0, y1 = max(0, box[0] - oy), min(rows, box[1] - oy)
            x0, x1 = max(0, box[2] - ox), min(columns, box[3] - ox)
        if y1 > y0 and x1 > x0:
            oy, ox = self._origin
            ground.values[y0:y1, x0:x1] = sheet.values[oy + y0 : oy + y1, ox + x0 : ox + x1]
            self._show((y0, y1, x0, x1))

    def _show(self, box: Box) -> None:
        """Draw the labels of ``box`` as they are now."""
        ground, shown = self.painter.ground, self._canvas.overlay.indices
        image = self._session.phase_image
        if ground is None or ground.labels is None or shown is None or image is None or shown.shape != ground.shape:
            return
        y0, y1, x0, x1 = box
        inside = slice(y0, y1), slice(x0, x1)
        shown[inside] = over(ground.labels[inside], ground.values[inside], len(image.phases))
        self._canvas.overlay.show_box(box)

    # --- gestures ------------------------------------------------------------------------------------------------

    def _committed(self, patch: Patch, name: str) -> None:
        state = self._session.state
        if state.opened is None:
            return
        corrections = state.corrections or Painted(Sheet(np.full(state.opened.shape, AUTOMATIC, np.uint8)))
        moved = patch.moved(*self._origin)
        self._own = True
        try:
            self._commands.paint(name, corrections.sheet, moved, corrections=corrections.next())
        finally:
            self._own = False

    def _selected(self, before: np.ndarray | None, after: np.ndarray | None) -> None:
        held = sum(0 if array is None else array.nbytes for array in (before, after))
        name = "clear the selection" if after is None else "selection"
        self._commands.act(name, lambda: self._select(after), lambda: self._select(before), held)

    def _select(self, selection: np.ndarray | None) -> None:
        ground = self.painter.ground
        if ground is not None and (selection is None or selection.shape == ground.shape):
            self.painter.set_selection(selection)
            if selection is not None:
                self.options.set(area="selection")
            elif self.options.options.area == "selection":
                self.options.set(area="everywhere")

    def _remove_all(self) -> None:
        ground = self.painter.ground
        if ground is None:
            return
        self.painter.cancel()
        stroke = Stroke(ground, AUTOMATIC)
        rows, columns = ground.shape
        stroke.paint(Marked((0, rows, 0, columns), np.ones(ground.shape, dtype=bool)))
        patch = stroke.commit()
        if patch is not None:
            self._show(patch.box)
            self._committed(patch, "remove all corrections")

    def _say(self) -> None:
        image = self._session.phase_image
        changed = 0
        if image is not None and image.provenance.made_by == "correct by hand":
            changed = int(image.provenance.settings["pixels"])
        self.remove.setVisible(self._session.state.corrections is not None)
        if image is None or changed == 0:
            self.note.setText(_NOTHING)
        else:
            share = 100 * changed / image.labels.size
            self.note.setText(
                f"Corrected by hand: {changed} px ({share:.2f} %). They lie over the automatic phases and stay "
                "when thresholds or filters change; the eraser gives the automatic phase back."
            )

    def theme_changed(self) -> None:
        """Icons."""
        self.row.theme_changed()
