"""A field of fractions as a translucent volume, with the plane that is looked at; one vispy canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

_SOFTWARE_EDGE, _EDGE = 24, 96
_STRENGTH = 0.75  # opacity of a ray through the whole of the highest fraction


def viridis() -> np.ndarray:
    """256 colours of fractions from 0 to 1: shape (256, 3), uint8."""
    table: np.ndarray = pg.colormap.get("viridis").getLookupTable(0.0, 1.0, 256)
    return np.ascontiguousarray(table[:, :3], np.uint8)


class FieldView(QWidget):
    """Rotates with the left button, pans with the right one, zooms with the wheel."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Mask in 3-D")
        self.setMinimumWidth(140)
        self.scene: Any = None
        self.shown: np.ndarray | None = None
        self._size = np.ones(3)
        self._plane = (0, 0.5)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        try:
            if QGuiApplication.platformName() in ("offscreen", "minimal"):
                raise RuntimeError("no OpenGL on this platform")
            from vispy import use

            use("pyside6")
            self.scene = _Scene()
        except Exception as error:
            label = QLabel(f"The 3-D view needs OpenGL, which is not available here ({error}).")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
            return
        native = self.scene.canvas.native
        native.setToolTip("The mask in 3-D: left drag rotates, right drag pans, wheel zooms")
        native.setMinimumSize(120, 120)
        column.addWidget(native)

    def show_field(self, field: np.ndarray, size: tuple[int, int, int]) -> None:
        """Show ``field`` (Z, Y, X; 0 to 1; length 1 where it is constant) in a volume of ``size`` voxels."""
        most = _EDGE if self.scene is None or not self.scene.software else _SOFTWARE_EDGE
        factor = min(1.0, most / max(size))
        picked = field
        for axis, side in enumerate(size):
            wanted = max(2, round(side * factor))
            places = ((np.arange(wanted) + 0.5) / wanted * field.shape[axis]).astype(int)
            picked = np.take(picked, places, axis)
        self.shown = picked
        if self.scene is not None:
            fresh = not np.array_equal(self._size, size)
            self._size = np.array(size, float)
            self.scene.show(picked, self._size, fresh)
        self.show_plane(*self._plane)

    def show_plane(self, axis: int, share: float) -> None:
        """Frame the plane across ``axis`` at ``share`` of its edge."""
        self._plane = (axis, share)
        if self.scene is not None and self.shown is not None:
            self.scene.frame_plane(self._size, axis, share)


class _Scene:
    def __init__(self) -> None:
        from vispy import scene
        from vispy.color import Colormap
        from vispy.visuals.transforms import STTransform

        from app.widgets.volume_scene import AXIS_COLORS, BACKGROUND, INK, PanTurntable

        self.canvas = scene.SceneCanvas(bgcolor=BACKGROUND, keys=None, show=False)
        self.view = self.canvas.central_widget.add_view()
        self.view.camera = PanTurntable(fov=30, azimuth=35, elevation=25)
        root = self.view.scene
        self.volume = scene.Volume(
            np.zeros((2, 2, 2), np.float32), clim=(0, 1), parent=root, method="translucent", interpolation="linear"
        )
        self.volume.transform = STTransform()
        self.volume.relative_step_size = 1.0 if self.software else 0.7
        self._colormap = Colormap
        self._colors = tuple(_rgb(color) for color in AXIS_COLORS)
        self.box = scene.Line(parent=root, connect="segments", color=(*_rgb(INK), 1.0))
        self.frame = scene.Line(parent=root, color=(1, 1, 1, 1), width=2)
        # the plane lies inside the field, which would hide it
        self.frame.set_gl_state("translucent", depth_test=False)
        self.frame.order = 1
        self.letters = scene.Text(list("xyz"), parent=root, color=INK, font_size=9, pos=np.zeros((3, 3)))

    @property
    def software(self) -> bool:
        """Whether the processor draws."""
        from vispy.gloo import gl

        if not hasattr(self, "_software"):
            self.canvas.set_current()
            name = str(gl.glGetParameter(gl.GL_RENDERER)).lower()
            self._software = any(word in name for word in ("llvmpipe", "softpipe", "swrast", "software"))
        return self._software

    def show(self, field: np.ndarray, size: np.ndarray, fresh: bool) -> None:
        rgba = np.ones((256, 4))
        rgba[:, :3] = viridis() / 255
        # what is high is dense: a ray through all of it is covered to the same share at any resolution
        density = 0.1 + 0.9 * np.linspace(0, 1, 256)
        rgba[:, 3] = 1 - (1 - _STRENGTH) ** (density / max(field.shape))
        self.volume.cmap = self._colormap(rgba)
        self.volume.set_data(np.ascontiguousarray(field, np.float32), clim=(0, 1))
        scale = size / np.array(field.shape)
        self.volume.transform.scale = tuple(scale[::-1])
        # vispy puts the first voxel's centre, not its corner, at the origin
        self.volume.transform.translate = tuple(0.5 * scale[::-1])
        if fresh:
            corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)
            pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(corners[a] - corners[b]).sum() == 1]
            edges = np.array([corners[list(pair)] for pair in pairs]).reshape(-1, 3) * size[::-1]
            self.box.set_data(pos=edges)
            x, y, z = size[::-1]
            gap = 0.08 * max(size)
            self.letters.pos = np.array([[x / 2, -gap, -gap], [-gap, y / 2, -gap], [-gap, -gap, z / 2]])
            self.view.camera.center = tuple(size[::-1] / 2)
            self.view.camera.scale_factor = 1.9 * float(max(size))
        self.canvas.update()

    def frame_plane(self, size: np.ndarray, axis: int, share: float) -> None:
        others = [place for place in range(3) if place != axis]
        corners = np.zeros((5, 3))
        for number, (one, other) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))):
            corners[number, axis] = share * size[axis]
            corners[number, others[0]] = one * size[others[0]]
            corners[number, others[1]] = other * size[others[1]]
        self.frame.set_data(pos=corners[:, ::-1], color=(*self._colors[axis], 1.0))
        self.canvas.update()


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue
