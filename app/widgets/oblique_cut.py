"""Planes of any direction that cut the volume open in 3-D; the cut faces show the phases that are switched on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.widgets.volume_parts import Clip, Part
from core.images.views import MOST_CUTS
from core.images.views import Cut as Cut

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

MOST = MOST_CUTS
FINEST = 512
"""Points along each side of a cut face at most."""


def cut_face(
    part: Part,
    clip: Clip,
    plane: np.ndarray,
    size: np.ndarray,
    scale: Sequence[float],
    rgba: np.ndarray,
    others: Sequence[np.ndarray] = (),
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
    others
        Other planes; the face is see-through where one of them has cut it away.

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
    for place, direction in others:
        inside &= (points - place) @ direction >= 0
    own = np.clip((voxels - part.origin) // part.step, 0, np.array(part.labels.shape) - 1)
    labels = np.minimum(part.labels[tuple(np.moveaxis(own, -1, 0))], len(rgba) - 1)
    picture = np.where(inside[..., None], rgba[labels], 0.0).astype(np.float32)
    matrix = np.eye(4)
    matrix[0, :3], matrix[1, :3], matrix[2, :3], matrix[3, :3] = across * step, up * step, normal, corner
    return picture, matrix


class ObliqueCut(QObject):
    """The cuts of one `VolumeView`; they stay while the volume's shape does. What is left is what no plane cuts away.

    Signals
    -------
    changed()
        Other cuts, or none, or another one is changed next.

    Attributes
    ----------
    cuts
        In the order in which they were added.
    place
        Which of them is changed next.
    """

    changed = Signal()

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self.cuts: tuple[Cut, ...] = ()
        self.place = 0
        self._faces: list[Any] = []

    @property
    def cut(self) -> Cut | None:
        """The one that is changed next, or None where there is none."""
        return self.cuts[self.place] if self.cuts else None

    def set(self, cut: Cut | None) -> None:
        """Put ``cut`` in the place of the one that is changed next; with None, cut nowhere."""
        if cut is None:
            self.set_all(())
        else:
            self.set_all((*self.cuts[: self.place], cut, *self.cuts[self.place + 1 :]), self.place)

    def set_all(self, cuts: Sequence[Cut], place: int = 0) -> None:
        """Have just these cuts, of which that at ``place`` is changed next."""
        before = self.cuts, self.place
        self.cuts, self.place = tuple(cuts), min(max(0, place), max(0, len(cuts) - 1))
        if (self.cuts, self.place) == before:
            return
        if self._view.scene is not None and self.cuts != before[0]:
            self._view.scene.cut(np.array(self._planes).reshape(-1, 2, 3))
            self.draw()
            self._view.lines.draw()
        self.changed.emit()

    def add(self, cut: Cut) -> None:
        """Cut once more; that one is changed next."""
        if len(self.cuts) < MOST:
            self.set_all((*self.cuts, cut), len(self.cuts))

    def remove(self) -> None:
        """Take back the cut that would be changed next."""
        self.set_all(tuple(one for place, one in enumerate(self.cuts) if place != self.place), self.place)

    def as_seen(self) -> Cut:
        """A cut of the half that is towards the viewer."""
        camera = self._view.scene.view.camera
        return Cut(float(camera.azimuth) % 360, float(camera.elevation))

    def another(self) -> Cut:
        """As seen, or a quarter turn from there, or less deep, where there is one already: faces would flicker."""
        seen, there = self.as_seen(), {(round(cut.azimuth), round(cut.elevation), cut.depth) for cut in self.cuts}
        for depth, turn in product((seen.depth, *(step / (2 * MOST) for step in range(1, MOST))), (0, 90, 180, 270)):
            cut = replace(seen, azimuth=(seen.azimuth + turn) % 360, depth=depth)
            if (round(cut.azimuth), round(cut.elevation), cut.depth) not in there:
                return cut
        return seen

    def from_camera(self) -> None:
        """Let the cut that is changed next, or a first one, take away the half that is towards the viewer."""
        if self._view.scene is not None:
            self.set(self.as_seen())

    def keeps(self, places: np.ndarray) -> np.ndarray:
        """Which places (n, 3; z, y, x in voxels of the full volume) are not cut away."""
        kept = np.ones(len(places), bool)
        for point, normal in self._planes:
            kept &= ((places * np.array(self._view.scale))[:, ::-1] - point) @ normal >= 0
        return kept

    @property
    def _size(self) -> np.ndarray:
        size: np.ndarray = np.array(self._view.shape) * np.array(self._view.scale)
        return size[::-1]

    @property
    def _planes(self) -> list[np.ndarray]:
        return [] if self._view.labels is None else [cut.plane(self._size) for cut in self.cuts]

    def draw(self) -> None:
        """Draw the cut faces anew: cuts, clip, colours or what is known of the volume have changed."""
        view, planes = self._view, self._planes
        if view.scene is None or not (self._faces or planes):
            return
        while len(self._faces) < len(planes):
            self._faces.append(view.scene.new_face())
        part, rgba = view.in_3d.part, np.zeros((len(view.styles) + 1, 4))
        rgba[:, :3] = view.colors() / 255
        rgba[:-1, 3] = [view.in_3d.firmness(label) for label in range(len(view.styles))]
        for place, face in enumerate(self._faces):
            face.visible = place < len(planes) and view.mode == "surface"
            if face.visible:
                others = planes[:place] + planes[place + 1 :]
                picture, matrix = cut_face(part, view.clip, planes[place], self._size, view.scale, rgba, others)
                face.set_data(picture)
                face.transform.matrix = matrix
        view.scene.canvas.update()
