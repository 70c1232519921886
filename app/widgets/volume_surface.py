"""The surface of a phase as triangles, computed off the GUI thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal


def phase_surface(labels: np.ndarray, phase: int, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (n, 3; z, y, x in voxels, voxel i spans i to i + 1) and triangles (m, 3), closed at the faces.

    The indicator is smoothed by a Gaussian of 0.7 voxel, for the eye only.
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    inside = np.pad((labels[::step, ::step, ::step] == phase).astype(np.float32), 2)
    smooth = gaussian_filter(inside, 0.7)
    if not (smooth.min() < 0.5 < smooth.max()):
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint32)
    vertices, faces, _, _ = marching_cubes(smooth, 0.5)
    return ((vertices - 1.5) * step).astype(np.float32), faces.astype(np.uint32)


class SurfaceMaker(QObject):
    """Answers with the surface asked for last; late answers are dropped."""

    made = Signal(object, object)

    _arrived = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = 0
        self._arrived.connect(self._answer)

    def ask(self, labels: np.ndarray, phase: int) -> None:
        """Start computing; `made` follows with vertices and triangles."""
        self._generation += 1
        QThreadPool.globalInstance().start(_Task(self, self._generation, labels, phase))

    def forget(self) -> None:
        """Drop whatever is on its way."""
        self._generation += 1

    def _answer(self, generation: int, mesh: Any) -> None:
        if generation == self._generation:
            self.made.emit(*mesh)


class _Task(QRunnable):
    def __init__(self, maker: SurfaceMaker, generation: int, labels: np.ndarray, phase: int) -> None:
        super().__init__()
        self._maker, self._generation, self._labels, self._phase = maker, generation, labels, phase

    def run(self) -> None:
        if self._generation != self._maker._generation:
            return
        step = 1 if self._labels.size <= 256**3 else 2
        mesh = phase_surface(self._labels, self._phase, step)
        try:
            self._maker._arrived.emit(self._generation, mesh)
        except RuntimeError:  # the view was closed meanwhile
            return
