"""Lines through the volume in the 3-D view: the streamlines of a field, coloured by its speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView


@dataclass(frozen=True, eq=False)
class ColoredLines:
    """What is drawn.

    Attributes
    ----------
    points
        Shape (m, 3): z, y, x in voxels of the full volume.
    joined
        Of each point, whether a line goes from it to the next, shape (m,), bool.
    colors
        Of each point: red, green, blue, shape (m, 3), uint8.
    """

    points: np.ndarray
    joined: np.ndarray
    colors: np.ndarray


class VolumeLines(QObject):
    """The lines of one `VolumeView`, until another volume is shown; what is cut or clipped away is not drawn."""

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self.lines: ColoredLines | None = None
        self._visual: Any = None

    def show(self, lines: ColoredLines | None) -> None:
        """Draw these lines, or none; surfaces are see-through meanwhile."""
        if lines is self.lines:
            return
        self.lines = lines
        self._view.in_3d.fade("lines", 0.08 if lines is not None else 1.0)
        self.draw()

    def draw(self) -> None:
        """Draw anew: lines, clip or cut have changed."""
        view, lines = self._view, self.lines
        if view.scene is None or (self._visual is None and lines is None):
            return
        if self._visual is None:
            self._visual = view.scene.new_lines()
        joined = np.zeros(0, bool)
        if lines is not None and view.labels is not None:
            low, high = np.array(view.clip, float).T
            kept = ((lines.points >= low) & (lines.points <= high)).all(axis=1) & view.oblique.keeps(lines.points)
            joined = lines.joined.copy()
            joined[:-1] &= kept[:-1] & kept[1:]
        self._visual.visible = bool(joined.any())
        if lines is not None and self._visual.visible:
            rgba = np.ones((len(lines.points), 4), np.float32)
            rgba[:, :3] = lines.colors / 255
            pos = (lines.points * np.array(view.scale))[:, ::-1]
            self._visual.set_data(pos=np.ascontiguousarray(pos, np.float32), color=rgba, connect=_pairs(joined))
        view.scene.canvas.update()


def _pairs(joined: np.ndarray) -> np.ndarray:
    """Numbers of the points that are joined, shape (n, 2)."""
    starts = np.flatnonzero(joined)
    return np.stack([starts, starts + 1], axis=1).astype(np.uint32)
