"""A plane of any direction that cuts the volume open in 3-D; the cut face shows the phases that are switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.widgets.volume_parts import Clip, Part

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

FINEST = 512
"""Points along each side of a cut face at most."""


@dataclass(frozen=True)
class Cut:
    """Where a volume is cut: what lies towards a viewer is taken away.

    Attributes
    ----------
    azimuth, elevation
        From where this viewer looks, degrees, as the 3-D view's camera counts them: at azimuth 0 along y, elevation 90
        from above, down z.
    depth
        How much of the way through the volume is taken away, 0 to 1.
    """

    azimuth: float = 35.0
    elevation: float = 25.0
    depth: float = 0.5

    @property
    def ahead(self) -> np.ndarray:
        """The direction in which this viewer looks: x, y, z, of length 1. What is kept lies ahead of the plane."""
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        return np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e)])

    def plane(self, size: np.ndarray) -> np.ndarray:
        """A point of the plane and its normal, shape (2, 3), x, y, z, in a box of ``size`` (x, y, z) from the origin.

        At depth 0 the plane touches the box where the viewer would see it first, at depth 1 where last.
        """
        half = float(np.abs(self.ahead) @ size) / 2
        return np.array([size / 2 + (2 * self.depth - 1) * half * self.ahead, self.ahead])

    @property
    def turned_over(self) -> Cut:
        """The same plane, and the other half."""
        return Cut((self.azimuth + 180) % 360, -self.elevation, 1 - self.depth)


def cut_face(
    part: Part, clip: Clip, plane: np.ndarray, size: np.ndarray, scale: Sequence[float], rgba: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What a plane shows of a volume.

    Parameters
    ----------
    part, clip
        What of the volume is drawn; beyond ``clip`` the face is see-through.
    plane, size
        As of `Cut.plane`; units are those of ``scale``.
    scale
        Edges (z, y, x) of a voxel of the full volume.
    rgba
        Colour and opacity of each label, and of what has none, 0 to 1, shape (n + 1, 4).

    Returns
    -------
    tuple
        Picture, shape (N, N, 4), float32; and the matrix that takes (column, row, 0, 1) to (x, y, z, 1), rows being the
        steps of a column, of a row, the normal and the picture's corner.
    """
    point, normal = plane
    # two directions across, the first level where there is one
    level = np.array([-normal[1], normal[0], 0.0])
    across = level / np.linalg.norm(level) if np.linalg.norm(level) > 1e-6 else np.array([1.0, 0.0, 0.0])
    up = np.cross(normal, across)
    # a square around the volume's middle on the plane, which no part of the section reaches beyond
    middle = size / 2 + normal * float((point - size / 2) @ normal)
    reach = float(np.linalg.norm(size)) / 2
    count = int(np.clip(2 * reach / (0.5 * min(scale) * min(part.step)), 16, FINEST))
    step = 2 * reach / count
    corner = middle - reach * (across + up)
    places = (np.arange(count) + 0.5) * step
    points = corner + places[None, :, None] * across + places[:, None, None] * up
    voxels = np.floor(points[..., ::-1] / np.array(scale)).astype(int)
    low, high = np.array(clip).T
    inside = ((voxels >= low) & (voxels < high)).all(axis=-1)
    own = np.clip((voxels - part.origin) // part.step, 0, np.array(part.labels.shape) - 1)
    labels = np.minimum(part.labels[tuple(np.moveaxis(own, -1, 0))], len(rgba) - 1)
    picture = np.where(inside[..., None], rgba[labels], 0.0).astype(np.float32)
    matrix = np.eye(4)
    matrix[0, :3], matrix[1, :3], matrix[2, :3], matrix[3, :3] = across * step, up * step, normal, corner
    return picture, matrix


class ObliqueCut(QObject):
    """The cut of one `VolumeView`; it stays while the volume's shape does.

    Signals
    -------
    changed()
        Another cut, or none.
    """

    changed = Signal()

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self.cut: Cut | None = None
        self._face: Any = None

    def set(self, cut: Cut | None) -> None:
        """Cut, or with None do not."""
        if cut == self.cut:
            return
        self.cut = cut
        if self._view.scene is not None:
            plane = self._plane
            self._view.scene.cut(np.zeros((0, 2, 3)) if plane is None else plane[None])
            self.draw()
            self._view.lines.draw()
        self.changed.emit()

    def from_camera(self) -> None:
        """Cut away the half that is towards the viewer."""
        if self._view.scene is not None:
            camera = self._view.scene.view.camera
            self.set(Cut(float(camera.azimuth) % 360, float(camera.elevation)))

    def keeps(self, places: np.ndarray) -> np.ndarray:
        """Which places (n, 3; z, y, x in voxels of the full volume) are not cut away."""
        plane = self._plane
        if plane is None:
            return np.ones(len(places), bool)
        kept: np.ndarray = np.asarray((places * np.array(self._view.scale))[:, ::-1] - plane[0]) @ plane[1] >= 0
        return kept

    @property
    def _size(self) -> np.ndarray:
        size: np.ndarray = np.array(self._view.shape) * np.array(self._view.scale)
        return size[::-1]

    @property
    def _plane(self) -> np.ndarray | None:
        return None if self.cut is None or self._view.labels is None else self.cut.plane(self._size)

    def draw(self) -> None:
        """Draw the cut face anew: cut, clip, colours or what is known of the volume have changed."""
        view, plane = self._view, self._plane
        if view.scene is None or (self._face is None and plane is None):
            return
        if self._face is None:
            self._face = view.scene.new_face()
        self._face.visible = plane is not None and view.mode == "surface"
        if plane is not None and self._face.visible:
            part, rgba = view.in_3d.part, np.zeros((len(view.styles) + 1, 4))
            rgba[:, :3] = view.colors() / 255
            rgba[:-1, 3] = [view.in_3d.firmness(label) for label in range(len(view.styles))]
            picture, matrix = cut_face(part, view.clip, plane, self._size, view.scale, rgba)
            self._face.set_data(picture)
            self._face.transform.matrix = matrix
        view.scene.canvas.update()
