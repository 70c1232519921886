"""The surfaces of phases as triangles, computed off the GUI thread and ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

FINE_VOXELS = 256**3
"""Volumes larger than this are drawn from every other voxel."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles of one phase, without shared corners, as the graphics card takes them.

    Attributes
    ----------
    phase
        Label whose surface it is.
    corners, normals
        Shape (m, 3, 3), float32: triangle, corner, and x, y, z in voxels (voxel i spans i to i + 1).
        Normals have length 1.
    step
        One voxel in so many was used along each axis.
    """

    phase: int
    corners: np.ndarray
    normals: np.ndarray
    step: int = 1


def phase_surface(labels: np.ndarray, phase: int, step: int = 1) -> Surface:
    """The surface of ``phase`` in ``labels`` (Z, Y, X), closed at the faces.

    The indicator is smoothed by a Gaussian of 0.7 voxel, for the eye only.
    """
    from scipy.ndimage import gaussian_filter
    from skimage.measure import marching_cubes

    inside = np.pad((labels[::step, ::step, ::step] == phase).astype(np.float32), 2)
    smooth = gaussian_filter(inside, 0.7)
    if not (smooth.min() < 0.5 < smooth.max()):
        nothing = np.zeros((0, 3, 3), np.float32)
        return Surface(phase, nothing, nothing, step)
    vertices, faces, normals, _ = marching_cubes(smooth, 0.5)
    corners = ((vertices[:, ::-1] - 1.5) * step).astype(np.float32)
    # gathered here, because it takes long and would hold up the window while it draws
    return Surface(phase, corners[faces], np.ascontiguousarray(normals[:, ::-1], np.float32)[faces], step)


class SurfaceMaker(QObject):
    """Answers with the surfaces asked for last; late answers are dropped.

    Surfaces of the same part of the same volume are kept, so that a colour or an opacity costs no marching.

    Signals
    -------
    made(surfaces)
        Of the phases asked for, in their order.
    failed(error)
        They could not be computed.
    """

    made = Signal(object)
    failed = Signal(object)

    _arrived = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = 0
        self._key: Any = None
        self._kept: dict[int, Surface] = {}
        self._arrived.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def ask(self, labels: np.ndarray, clip: Any, phases: tuple[int, ...], step: int = 1) -> None:
        """Start computing the surfaces of ``phases`` in the part ``clip`` of ``labels``; `made` or `failed` follows."""
        key = (labels, clip, step)
        if self._key is None or self._key[0] is not labels or self._key[1:] != key[1:]:
            self._key, self._kept = key, {}
        self._generation += 1
        task = _Task(self, self._generation, key, phases, dict(self._kept))
        QThreadPool.globalInstance().start(task)

    def forget(self) -> None:
        """Drop whatever is on its way, and what is kept."""
        self._generation += 1
        self._key, self._kept = None, {}

    def _answer(self, generation: int, surfaces: Any, problem: Any) -> None:
        if generation != self._generation:
            return
        if problem is not None:
            self.failed.emit(problem)
            return
        self._kept.update({surface.phase: surface for surface in surfaces})
        self.made.emit(surfaces)


class _Task(QRunnable):
    def __init__(
        self, maker: SurfaceMaker, generation: int, key: Any, phases: tuple[int, ...], kept: dict[int, Surface]
    ) -> None:
        super().__init__()
        self._maker, self._generation, self._key = maker, generation, key
        self._phases, self._kept = phases, kept

    def run(self) -> None:
        labels, clip, step = self._key
        surfaces, problem = [], None
        try:
            part = labels[tuple(slice(low, high) for low, high in clip)]
            coarse = max(step, 1 if part.size <= FINE_VOXELS else 2)
            for phase in self._phases:
                if self._generation != self._maker._generation:
                    return
                surfaces.append(self._kept[phase] if phase in self._kept else phase_surface(part, phase, coarse))
        except Exception as error:  # told to whoever asked: a thread of the pool would lose it
            problem = error
        try:
            self._maker._arrived.emit(self._generation, surfaces, problem)
        except RuntimeError:  # the view was closed meanwhile
            return
