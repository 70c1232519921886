"""Planes that the volume is to hold exactly: where they lie, and which pictures they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QToolButton,
)

from app.context import Context
from app.jobs import Latest
from app.widgets.panel import Fold, hint, shortened
from app.workspaces.reconstruct.plane_exemplars import FILTER, phase_image
from core.images.values import PhaseImage
from core.reconstruction.anchors import AXES, Anchor

_NOTE = (
    "A given plane is in the volume exactly, and the rest is made to agree with it. Its rows and columns run along the "
    "other two axes; what lies beyond the volume is left out."
)


class GivenPlanes(Fold):
    """Shows the planes that are given, and changes them through undoable commands."""

    def __init__(self, context: Context) -> None:
        super().__init__("Given planes")
        self._session, self._commands, self._messages = context.session, context.commands, context.messages
        self._shown: tuple[Anchor, ...] = ()
        self._reader = Latest(self)
        self._reader.answered.connect(lambda answer: self._add(*answer))
        self._reader.failed.connect(lambda error: self._messages.failed("Opening a given plane", error))
        self.axis = QComboBox()
        for name in AXES:
            self.axis.addItem(name)
        self.axis.setAccessibleName("Axis across which the plane lies")
        self.axis.setToolTip("The plane lies across this axis")
        self.axis.currentIndexChanged.connect(lambda _index: self._limit())
        self.place = QSpinBox()
        self.place.setAccessibleName("Place of the plane, voxel")
        self.place.setToolTip("Its voxel along that axis, counted from 0")
        self.own = QPushButton("Phase image")
        self.own.setToolTip("Your phase image of step 2 becomes this plane")
        self.own.clicked.connect(self._give_own)
        self.choose = QPushButton("Choose …")
        self.choose.setToolTip("Another phase image, or a micrograph, which is segmented as in step 2")
        self.choose.clicked.connect(self._choose)
        # two rows: one would be wider than the panel
        for widgets in ((self.axis, QLabel("="), self.place), (self.own, self.choose)):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
            self.column.addLayout(row)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(0, 1)
        self.column.addLayout(self._grid)
        self.names: list[QLabel] = []
        self.remove: list[QToolButton] = []
        note = hint()
        note.setText(_NOTE)
        self.column.addWidget(note)

    def show_planes(self, anchors: tuple[Anchor, ...], possible: bool, heeded: bool) -> None:
        """Show what is given; hidden where the engine keeps no planes and none is given.

        Parameters
        ----------
        possible
            Whether there is a phase image that says what the phases are.
        heeded
            Whether the engine keeps given planes.
        """
        self.setVisible(heeded or bool(anchors))
        self.own.setEnabled(possible)
        self.choose.setEnabled(possible)
        self._limit()
        if anchors == self._shown:
            return
        if len(anchors) > len(self._shown):
            self.set_open(True)
        self._shown = anchors
        for widget in (*self.names, *self.remove):
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self.names, self.remove = [], []
        for line, anchor in enumerate(anchors):
            height, width = anchor.image.shape
            name, clear = QLabel(f"{anchor.name}: {shortened(anchor.image.name)}"), QToolButton()
            name.setWordWrap(True)
            name.setToolTip(f"{anchor.image.name}: {width} × {height} pixels")
            clear.setText("×")
            clear.setAutoRaise(True)
            clear.setToolTip(f"The plane {anchor.name} is not given any more")
            clear.setAccessibleName(f"Remove the given plane {anchor.name}")
            clear.clicked.connect(partial(self._remove, anchor))
            self._grid.addWidget(name, line, 0)
            self._grid.addWidget(clear, line, 1)
            self.names.append(name)
            self.remove.append(clear)

    def read(self, path: Path) -> None:
        """Give the picture at ``path`` at the place that is chosen, off the GUI thread."""
        settings, reference = self._session.state.segmentation, self._session.phase_image
        axis, place = self.axis.currentIndex(), self.place.value()
        self._reader.ask(lambda: (axis, place, phase_image(path, settings, reference)))

    def _limit(self) -> None:
        side = self._session.state.plan.size[self.axis.currentIndex()]
        at_first = self.place.maximum() != side - 1
        self.place.setRange(0, side - 1)
        if at_first:
            self.place.setValue(side // 2)

    def _choose(self) -> None:
        found, _ = QFileDialog.getOpenFileName(self, "A plane of the volume", "", FILTER)
        if found:
            self.read(Path(found))

    def _give_own(self) -> None:
        image = self._session.phase_image
        if image is not None:
            self._add(self.axis.currentIndex(), self.place.value(), image)

    def _add(self, axis: int, place: int, image: PhaseImage) -> None:
        given = Anchor(axis, place, image)
        others = [anchor for anchor in self._session.state.anchors if anchor.name != given.name]
        self._commands.do(f"given plane {given.name}", anchors=(*others, given))

    def _remove(self, gone: Anchor) -> None:
        left = tuple(anchor for anchor in self._session.state.anchors if anchor is not gone)
        self._commands.do(f"remove the given plane {gone.name}", anchors=left)
