"""Painting a mask's layer: its key planes, the tools on them, and strokes as commands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.context import Context
from app.widgets.paint_options import PaintOptions, PaintOptionsPanel
from app.widgets.panel import hint
from app.workspaces.mask.making import with_plane
from app.workspaces.mask.plane import PlanePane
from core.masks.mask import AXES
from core.masks.sources import PaintedPlanes
from core.painting.patch import Patch
from core.painting.rules import Ground
from core.painting.sheet import Sheet


class PlanePainting(QObject):
    """Decides which plane is painted on, and keeps its ground true to the session.

    Signals
    -------
    changed()
        `values` are another plane, or None, now.
    """

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._session, self._commands = context.session, context.commands
        self.options = PaintOptionsPanel(
            PaintOptions(tolerance=0.02, value=0.4, second=0.1, size=24.0, hardness=0.7), fractions=True
        )
        self.options.set_phases(())
        self.options.hide_grey()
        self.options.changed.connect(self._options_changed)
        self.planes = QComboBox()
        self.planes.setAccessibleName("Key plane")
        self.planes.setToolTip("The painted planes of this layer; between them the mask is interpolated")
        self.planes.currentIndexChanged.connect(self._plane_chosen)
        self.add_plane = QPushButton("Add here")
        self.add_plane.setToolTip("One more key plane at the slice on show, painted as what is there now")
        self.add_plane.clicked.connect(self._add_plane)
        self.remove_plane = QPushButton("Remove")
        self.remove_plane.setToolTip("Remove this key plane (can be undone)")
        self.remove_plane.clicked.connect(self._remove_plane)
        self.note = hint()
        self.panel = QWidget()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.planes, 1)
        row.addWidget(self.add_plane)
        row.addWidget(self.remove_plane)
        column = QVBoxLayout(self.panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.options)
        column.addWidget(self.note)
        self._place, self._number = -1, 0
        self._sheet: Sheet | None = None

    def serve(self, pane: PlanePane) -> None:
        """Paint on ``pane``."""
        self._pane = pane
        pane.painter.committed.connect(self._committed)
        self._commands.before.append(pane.painter.settle)
        pane.painter.selected.connect(self._selected)
        pane.plane_changed.connect(self._looked)

    # --- which plane ---------------------------------------------------------------------------------------------

    @property
    def source(self) -> PaintedPlanes | None:
        """Of the layer that is worked on, where it is a painted one."""
        layers = self._session.state.mask.layers
        source = layers[self._place].source if 0 <= self._place < len(layers) else None
        return source if isinstance(source, PaintedPlanes) else None

    @property
    def values(self) -> np.ndarray | None:
        """The plane that is painted on now, or None where none is."""
        ground = self._pane.painter.ground
        return None if ground is None else ground.values

    @property
    def caption(self) -> str:
        """Says what is painted on."""
        source = self.source
        if source is None:
            return ""
        plane = source.planes[self._number]
        words = f"This layer alone, painted across {AXES[source.axis]}"
        if len(source.planes) > 1:
            words += f" at {100 * plane.position:.0f} % of the edge"
        return words + ". Choose Move (V) to see the whole mask."

    @property
    def advice(self) -> str:
        """What to do to paint, where a painted layer is chosen."""
        return "" if self.source is None else " Choose a tool to paint on this layer."

    def show_layer(self, place: int) -> None:
        """The layer at ``place`` is worked on, or it changed."""
        self._place = place
        source = self.source
        self.panel.setVisible(source is not None)
        if source is None:
            self._pane.row.setEnabled(False)
            self._pane.axis_box.setEnabled(True)
            self._set_ground(None)
            return
        self._pane.row.setEnabled(True)
        self._pane.painter.erased = source.ground
        self._number = min(self._number, len(source.planes) - 1)
        with QSignalBlocker(self.planes):
            self.planes.clear()
            for plane in source.planes:
                self.planes.addItem(f"{AXES[source.axis]} at {100 * plane.position:.0f} %")
            self.planes.setCurrentIndex(self._number)
        self.remove_plane.setEnabled(len(source.planes) > 1)
        many = len(source.planes) > 1
        self.note.setText(
            "Between the key planes the mask is interpolated." if many
            else f"The same all along {AXES[source.axis]}. Move to another slice and add a key plane to change that."
        )  # fmt: skip
        self._follow()

    def _options_changed(self) -> None:
        if self.source is not None:
            self._follow()
            self.changed.emit()

    def _follow(self) -> None:
        """Paint on the chosen plane while a tool is chosen; else nothing is painted on."""
        source = self.source
        painting = source is not None and self.options.options.tool != "move"
        self._pane.axis_box.setEnabled(not painting)
        if source is None or not painting:
            self._set_ground(None)
            return
        plane = source.planes[self._number]
        if self._pane.axis != source.axis:
            with QSignalBlocker(self._pane):
                self._pane.look(source.axis, plane.position)
        sheet, ground = plane.painted.sheet, self._pane.painter.ground
        if ground is None or self._sheet is not sheet:
            self._sheet = sheet
            self._pane.painter.set_ground(Ground(sheet.values.copy()))
        elif not np.array_equal(ground.values, sheet.values):
            self._pane.painter.cancel()
            np.copyto(ground.values, sheet.values)

    def _set_ground(self, ground: Ground | None) -> None:
        self._sheet = None
        if self._pane.painter.ground is not None:
            self._pane.painter.set_ground(ground)

    def _looked(self) -> None:
        """Another slice: where a key plane is near, that is the one."""
        source = self.source
        if source is None or self._pane.axis != source.axis or len(source.planes) < 2:
            return
        away = [abs(plane.position - self._pane.share) for plane in source.planes]
        number = int(np.argmin(away))
        if number != self._number:
            self._number = number
            self.show_layer(self._place)
            self.changed.emit()

    def _plane_chosen(self, number: int) -> None:
        source = self.source
        if source is not None and number >= 0:
            self._number = number
            self._pane.look(source.axis, source.planes[number].position)
            self.show_layer(self._place)
            self.changed.emit()

    def _change(self, name: str, source: PaintedPlanes) -> None:
        self._commands.do(name, mask=self._session.state.mask.changed(self._place, source=source))

    def _add_plane(self) -> None:
        source = self.source
        if source is None:
            return
        if self._pane.axis != source.axis:
            self._pane.look(source.axis, 0.5)
        share = self._pane.share
        if all(abs(plane.position - share) > 1e-6 for plane in source.planes):
            added = with_plane(source, share)
            self._number = [plane.position for plane in added.planes].index(share)
            self._change("add a key plane", added)
        self.changed.emit()

    def _remove_plane(self) -> None:
        source = self.source
        if source is not None and len(source.planes) > 1:
            planes = source.planes[: self._number] + source.planes[self._number + 1 :]
            self._change("remove a key plane", replace(source, planes=planes))

    # --- gestures ------------------------------------------------------------------------------------------------

    def _committed(self, patch: Patch, name: str) -> None:
        source = self.source
        if source is None:
            return
        plane = source.planes[self._number]
        painted = replace(plane, painted=plane.painted.next())
        planes = (*source.planes[: self._number], painted, *source.planes[self._number + 1 :])
        design = self._session.state.mask.changed(self._place, source=replace(source, planes=planes))
        self._commands.paint(name, plane.painted.sheet, patch, mask=design)

    def _selected(self, before: np.ndarray | None, after: np.ndarray | None) -> None:
        held = sum(0 if array is None else array.nbytes for array in (before, after))
        name = "clear the selection" if after is None else "selection"
        self._commands.act(name, lambda: self._select(after), lambda: self._select(before), held)

    def _select(self, selection: np.ndarray | None) -> None:
        ground = self._pane.painter.ground
        if ground is not None and (selection is None or selection.shape == ground.shape):
            self._pane.painter.set_selection(selection)
            self.options.set(area="selection" if selection is not None else "everywhere")
