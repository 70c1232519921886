"""What the model in training makes: sections of its samples in a strip, the newest on the right, with their steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLayout, QStackedWidget, QVBoxLayout, QWidget

from app.widgets.column import column_of
from app.widgets.label_picture import GREYS, label_pixmap
from app.widgets.volume_view import VolumeView
from app.workspaces.reconstruct.besides import Besides
from app.workspaces.reconstruct.grey_pictures import ShownGrey
from app.workspaces.reconstruct.run import Run, preview_phases
from core.images.values import Phase

MOST = 8
"""Samples in the strip: the first of the training, and the latest."""
_PICTURE = 84


class SampleStrip(QWidget):
    """Hidden until a training has made its first sample.

    Parameters
    ----------
    view
        Where samples of a training that is no run are shown in 3-D too.
    """

    def __init__(self, view: VolumeView) -> None:
        super().__init__()
        self._view = view
        self._above: QStackedWidget | None = None
        self._samples: list[tuple[int, QLabel, QWidget]] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 4, 8, 4)
        self._row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._row.addStretch(1)
        self.setMinimumWidth(_PICTURE)  # a narrow window shows fewer
        self.setAccessibleName("Samples of the model in training")
        self.hide()

    @property
    def steps(self) -> list[int]:
        """At which steps the samples were made."""
        return [step for step, _picture, _holder in self._samples]

    def under(self, above: QStackedWidget) -> QWidget:
        """A widget that holds what is ``above``, and the strip at its foot."""
        self._above = above
        return column_of(above, self, growing=above)

    def watch_besides(self, besides: Besides) -> None:
        """Show what trainings on classes and models of grey images make."""
        besides.classes.previewed.connect(self.show_class)
        besides.classes.previewed_grey.connect(self.show_grey_class)
        besides.grey.showed.connect(self.show_grey)

    def watch(self, run: Run, progress: Any) -> None:
        """Take a report of a run: one with a model as trained so far comes with a sample of it."""
        if getattr(progress, "snapshot", None) is not None and getattr(progress, "preview", None) is not None:
            self.add(progress.preview, preview_phases(run), progress.step)

    def show_class(self, labels: np.ndarray, phases: Sequence[Phase], step: int) -> None:
        """A sample of a training on classes, here and in 3-D."""
        z, y, x = labels.shape
        self._view.set_preview(labels, tuple(phases), None)
        self._view.set_caption(f"{x} × {y} × {z} voxels at step {step}, made by the model so far")
        self.add(labels, phases, step)

    def show_grey_class(self, levels: np.ndarray, step: int) -> None:
        """A grey sample of a training, in 256 greys, here and in 3-D."""
        z, y, x = levels.shape
        self._show_grey(levels, None, f"{x} × {y} × {z} voxels at step {step}, made by the model so far")
        self.add_grey(levels, step)

    def show_grey(self, shown: ShownGrey) -> None:
        """A grey volume that emerges, or was written, in 3-D alone."""
        self._show_grey(shown.levels, shown.voxel_size, shown.caption)

    def _show_grey(self, levels: np.ndarray, voxel_size: float | None, caption: str) -> None:
        self._view.set_grey(levels, None if voxel_size is None else (voxel_size,) * 3)
        self._view.set_caption(caption)
        if self._above is not None:
            self._above.setCurrentWidget(self._view)

    def add(self, labels: np.ndarray, phases: Sequence[Phase], step: int) -> None:
        """The middle section of a sample that was made after ``step`` steps; an earlier step is another training's."""
        self._put(labels, [one.color for one in phases], step)

    def add_grey(self, levels: np.ndarray, step: int) -> None:
        """As `add`, of a grey sample in 256 greys."""
        self._put(levels, GREYS, step)

    def _put(self, labels: np.ndarray, colors: Sequence[str], step: int) -> None:
        if self._samples and step <= self.steps[-1]:
            self.clear()
        picture, words = QLabel(), QLabel(f"step {step}")
        section = labels[len(labels) // 2]
        picture.setPixmap(label_pixmap(section, colors, _PICTURE, self.devicePixelRatioF()))
        picture.setAccessibleName(f"Sample at step {step}")
        picture.setToolTip(f"Middle section of a sample of {labels.shape[2]} × {labels.shape[1]} px at step {step}")
        for label in (picture, words):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(picture)
        column.addWidget(words)
        self._row.insertWidget(len(self._samples), holder)
        self._samples.append((step, picture, holder))
        if len(self._samples) > MOST:
            self._drop(1)  # the first one stays, to see how far it has come
        self._fit()
        self.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many as fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The first, and of the others the latest that there is room for."""
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right() + self._row.spacing()
        count = max(1, room // (_PICTURE + self._row.spacing()))
        for place, (_step, _picture, holder) in enumerate(self._samples):
            holder.setVisible(
                place > len(self._samples) - count or (place == 0 and count > 1) or len(self._samples) == 1
            )

    def clear(self) -> None:
        """Nothing has been made yet."""
        while self._samples:
            self._drop(0)
        self.hide()

    def _drop(self, place: int) -> None:
        _step, _picture, holder = self._samples.pop(place)
        self._row.removeWidget(holder)
        holder.hide()
        holder.deleteLater()
