"""How a piece stands out in a vispy canvas: over the slices, and as a surface of its own in 3-D. Needs OpenGL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from vispy import scene
from vispy.visuals.transforms import STTransform

from app.widgets.slice_panes import PLANES
from app.widgets.volume_parts import Triple
from app.widgets.volume_scene import put_surface

if TYPE_CHECKING:
    from app.widgets.volume_piece import Found


class PieceDrawing:
    """The visuals of one `VolumeScene`; ``color`` is red, green, blue and the opacity over slices, 0 to 1."""

    def __init__(self, volume_scene: Any, color: tuple[float, float, float, float]) -> None:
        self._scene, self._color = volume_scene, color
        self.images = []
        for view in volume_scene.slices:
            image = scene.Image(np.zeros((2, 2, 4), np.float32), parent=view.scene, interpolation="nearest")
            image.transform = STTransform()
            image.set_gl_state("translucent", depth_test=False, cull_face=False)
            image.order = 1.5  # above both pictures of the slice, below its cross hairs
            image.visible = False
            self.images.append(image)
        self.mesh = volume_scene.new_mesh()
        self.mesh.order = -1  # before what can be seen through, or it would be hidden
        self.mesh.visible = False
        volume_scene.beside.append(self.mesh)

    def show(self, found: Found | None, cursor: Triple, scale: tuple[float, ...]) -> None:
        """Draw a piece, or none."""
        for plane, image in enumerate(self.images):
            image.visible = found is not None and self._cut(image, plane, found, cursor, scale)
        self.mesh.visible = found is not None and len(found.surface.corners) > 0
        if found is not None and self.mesh.visible:
            edges = np.array(scale) * np.array(found.part.step)
            start = np.array(found.part.origin) * np.array(scale) + np.array(found.piece.origin) * edges
            self.mesh.transform.scale = tuple(edges[::-1])
            self.mesh.transform.translate = tuple(start[::-1])
            put_surface(self.mesh, found.surface, (*self._color[:3], 1.0))
            self._scene.light()
        self._scene.canvas.update()

    def _cut(self, image: Any, plane: int, found: Found, cursor: Triple, scale: tuple[float, ...]) -> bool:
        """Put the piece's section into ``image``; whether there is one."""
        cut, down, across = PLANES[plane]
        part, piece = found.part, found.piece
        number = part.place(cursor)[cut] - piece.origin[cut]
        if not 0 <= number < piece.inside.shape[cut]:
            return False
        section = np.take(piece.inside, number, axis=cut)
        picture = np.zeros((*section.shape, 4), np.float32)
        picture[section] = self._color
        image.set_data(np.ascontiguousarray(picture.transpose(1, 0, 2)) if down > across else picture)
        first = [at + own * step for at, own, step in zip(part.origin, piece.origin, part.step, strict=True)]
        image.transform.scale = (scale[across] * part.step[across], scale[down] * part.step[down])
        image.transform.translate = (scale[across] * first[across], scale[down] * first[down])
        return bool(section.any())
