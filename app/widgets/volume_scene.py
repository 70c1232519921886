"""The one vispy canvas: three slices and the volume in a 2 × 2 grid. Needs OpenGL."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from vispy import scene
from vispy.color import Colormap
from vispy.geometry import MeshData
from vispy.gloo import gl
from vispy.visuals.filters.clipping_planes import PlanesClipper
from vispy.visuals.transforms import MatrixTransform, STTransform

from app.widgets.canvas_letters import CanvasLetters
from app.widgets.slice_panes import AXIS_COLORS as AXIS_COLORS
from app.widgets.slice_panes import INK as INK
from app.widgets.slice_panes import PLANES as PLANES
from app.widgets.slice_panes import SlicePanes
from app.widgets.slice_panes import rgb as _rgb
from app.widgets.volume_parts import Part, Triple
from app.widgets.volume_surface import Surface

BACKGROUND = "#1B1D20"
WIDE = 480
"""Edge of a 3-D view, pixels, in which the letters at its axes have room enough where it shows a volume in full."""
_AROUND = 1.25
"""What a 3-D view shows at first, in diagonals of the volume."""
_FEW = 4.5
"""So many numbers an axis has at most where they are not quite apart."""
_BESIDE, _LETTER = 8, 5.4
"""Pixels between a view's edge and what is said in it, and of a letter there, rather more than less."""
NARROW, TINY = 230, 90
"""Below the first edge there is room for the axes' names alone, without numbers and unit; below the second for none."""
NOTHING_YET = "No volume yet: press Run.\nSlices and surface appear here while it learns."
FINE, COARSE = 0.6, 2.5
SOFTWARE_SURFACE_EDGE = 64
"""Without a graphics card, surfaces are made from so many voxels a side at most."""
CLOSE_EDGE = 256
"""With one, a box of so many voxels a side is drawn in full at once."""
TEXTURE_EDGE, SOFTWARE_EDGE = 2048, 64
"""Longest side of a ray-cast volume in voxels; beyond it, voxels are left out and the view says so."""


class PanTurntable(scene.TurntableCamera):
    """vispy's turntable camera, with the right button panning."""

    center: Any

    def viewbox_mouse_event(self, event: Any) -> None:
        """Right drag pans; all else as in vispy."""
        if event.type == "mouse_move" and event.press_event is not None and 2 in event.buttons:
            if self._start is None:
                self._start = np.array(self.center, dtype=float)
            right, down = (event.mouse_event.pos - event.mouse_event.press_event.pos)[:2]
            a, e = np.radians(self.azimuth), np.radians(self.elevation)
            across = np.array([np.cos(a), np.sin(a), 0])
            up = np.array([-np.sin(a) * np.sin(e), np.cos(a) * np.sin(e), np.cos(e)])
            # what is held follows the pointer, so the camera goes the other way
            length = self.scale_factor / float(np.mean(self._viewbox.size))
            self.center = tuple(self._start - length * (right * across - down * up))
            event.handled = True
            return
        if event.type == "mouse_release":
            self._start = None
        super().viewbox_mouse_event(event)

    _start: Any = None


class VolumeScene:
    """Visuals of one labelled volume; the widget above it knows the state."""

    def __init__(self) -> None:
        self._ticks_of: tuple[np.ndarray, str] | None = None
        self._seen_from: tuple[bool, bool, bool, float, bool] | None = None
        self.canvas = scene.SceneCanvas(bgcolor=BACKGROUND, keys=None, show=False)
        grid = self.canvas.central_widget.add_grid(spacing=4, margin=4)
        self.letters = CanvasLetters()
        self.panes = SlicePanes(self.canvas, grid, self.letters)
        self.slices = self.panes.views
        self.view = grid.add_view(row=1, col=1)
        self.view.camera = PanTurntable(fov=30, azimuth=35, elevation=25)
        root = self.view.scene
        self.volume = scene.Volume(
            np.zeros((2, 2, 2), np.uint8), clim=(0, 4), parent=root, texture_format="auto", interpolation="nearest"
        )
        self.volume.transform = STTransform()
        self.volume.visible = False
        self.meshes: list[Any] = []
        self.beside: list[Any] = []
        """Meshes beside the phases' surfaces, lit and cut like these."""
        self.planes = np.zeros((0, 2, 3), np.float32)
        self._clippers: list[Any] = []
        self.faces: list[Any] = []
        """Cut faces and lines that stand among the surfaces."""
        # colours as numbers: a string makes vispy import matplotlib at the first draw
        self.box = scene.Line(parent=root, connect="segments", color=(*_rgb(INK), 1.0))
        self.tripod = scene.Line(parent=root, connect="segments", width=3)
        font = self.letters.manager
        self.ticks = scene.Text(parent=root, color=INK, font_size=7, font_manager=font)
        self.frames = [scene.Line(parent=root, color=(*_rgb(color), 1.0), width=1.5) for color in AXIS_COLORS]
        self.rest = scene.Line(parent=root, connect="segments", color=(*_rgb(INK), 0.55))
        self.rest.visible = False
        below: dict[str, Any] = {"font_size": 8, "anchor_x": "left", "anchor_y": "bottom", "font_manager": font}
        self.note = scene.Text("", parent=self.view, color=INK, **below)
        self.note.pos = (_BESIDE, 8)
        self.caption = scene.Text("", parent=self.view, color=INK, **below)
        self.caption.pos = (_BESIDE, 26)
        self._told = ""
        middle = {**below, "anchor_x": "center", "anchor_y": "center", "font_size": 9}
        self.nothing = scene.Text(NOTHING_YET, parent=self.canvas.scene, color=INK, **middle)
        self.canvas.events.resize.connect(lambda _event: self._centre())
        self.view.scene.transform.changed.connect(lambda _event=None: self._place_ticks())
        self.view.events.resize.connect(lambda _event: self._place_ticks())
        self.view.events.resize.connect(lambda _event: self.tell(self._told))
        self._centre()
        self.pane_choice: Any = None
        """What lays out one part alone, where that may be chosen."""
        self._grid = grid

    def tell(self, text: str) -> None:
        """Say something above the volume in 3-D, in lines that end within the view."""
        self._told = text
        most = max(16, int((self.view.size[0] - 2 * _BESIDE) / _LETTER))
        # a number stays with its unit
        lines = re.sub(r" (?=%|px|[nµm]?m\b)", "\u00a0", text).split("\n")
        wrapped = "\n".join(textwrap.fill(line, most, break_long_words=False) for line in lines).replace("\u00a0", " ")
        if self.caption.text != wrapped:
            self.caption.text = wrapped

    def _centre(self) -> None:
        width, height = self.canvas.size
        self.nothing.pos = (width / 2, height / 2)

    @property
    def of_the_volume(self) -> list[Any]:
        """All that shows a volume: slices and what stands in the 3-D view."""
        return [
            self.volume, *self.meshes, *self.beside, *self.panes.cells, self.box, self.tripod, self.ticks, *self.frames,
            self.rest, *self.faces,
        ]  # fmt: skip

    def give_room(self, size: Sequence[float]) -> None:
        """Lay the parts out in another size than the canvas's, until that changes or another is given."""
        self.canvas.central_widget.size = tuple(size)
        self._grid._update_child_widget_dim()
        if self.pane_choice is not None:
            self.pane_choice.lay_out()

    def lay_out(self, shape: tuple[int, ...], scale: tuple[float, ...], unit: str) -> None:
        """Fit box, axes and slices to ``shape`` voxels of ``scale`` units each, both in (z, y, x)."""
        for visual in (self.box, self.tripod, self.ticks, *self.frames):
            visual.visible = True
        self.panes.lay_out(shape, scale, unit)
        size = np.array(shape[::-1]) * np.array(scale[::-1])
        corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)
        pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(corners[a] - corners[b]).sum() == 1]
        self.box.set_data(pos=np.array([corners[list(pair)] for pair in pairs]).reshape(-1, 3) * size)
        arms = np.zeros((6, 3))
        for axis in range(3):
            arms[2 * axis + 1, axis] = size[axis] * 0.25
        self.tripod.set_data(pos=arms, color=np.repeat([(*_rgb(c), 1.0) for c in AXIS_COLORS[::-1]], 2, axis=0))
        self._ticks_of = (size, unit)
        self._seen_from = None
        self.turned()

    def _place_ticks(self) -> None:
        """Put the ticks at edges that are outermost from where the viewer stands, so that none crosses the volume."""
        if self._ticks_of is None:
            return
        size, unit = self._ticks_of
        a = np.radians(self.view.camera.azimuth)
        from_x, from_y, from_above = np.sin(a) > 0, np.cos(a) < 0, self.view.camera.elevation >= 0
        # letters keep their size: of a volume that is drawn small they stand further off, or they would lie over each
        # other; in tens of pixels, so that they do not tremble while one zooms
        drawn = _AROUND * float(np.linalg.norm(size)) / self.view.camera.scale_factor
        pixels = max(10.0, round(min(self.view.size) * drawn, -1))
        room, narrow = min(2.0, max(1.0, WIDE / pixels)), pixels < NARROW
        self.ticks.visible = pixels >= TINY and self.box.visible
        if self._seen_from == (from_x, from_y, from_above, room, narrow):
            return
        self._seen_from = (from_x, from_y, from_above, room, narrow)
        near, low = (float(from_x), float(from_y)), 0.0 if from_above else 1.0
        # of the two upright edges at the sides, the left one
        left = min(((1 - near[0], near[1]), (near[0], 1 - near[1])), key=lambda e: e[0] * np.cos(a) + e[1] * np.sin(a))
        edges = ((np.nan, near[1], low), (near[0], np.nan, low), (*left, np.nan))
        texts, places = [], []
        for axis, edge in enumerate(edges):
            at = np.array(edge)
            out = size.max() * np.where(at > 0.5, 1, -1)
            if narrow:
                texts.append("xyz"[axis])
                places.append(np.where(np.isnan(at), size[axis] / 2, at * size + 0.07 * room * out))
                continue
            step = _nice(size[axis] / 3)
            if room > 1 and size[axis] > _FEW * step:
                step = _nice(2 * size[axis] / 3)
            for number in np.arange(step, size[axis] * 1.001, step):
                texts.append(f"{number:g}")
                places.append(np.where(np.isnan(at), number, at * size + 0.07 * room * out))
            texts.append(f"{'xyz'[axis]} ({unit})")
            # beside the upright axis there is no room for more than its numbers
            along, beside = (0.5, 0.17) if axis < 2 else (1.14, 0.07)
            places.append(np.where(np.isnan(at), along * size[axis], at * size + beside * room * out))
        self.ticks.text, self.ticks.pos = texts, np.array(places)

    def fit(self, shape: tuple[int, ...], scale: tuple[float, ...]) -> None:
        """Show everything."""
        self.panes.fit(shape, scale)
        self.look_at(tuple((0, side) for side in shape), scale)

    def look_at(self, clip: tuple[tuple[int, int], ...], scale: tuple[float, ...]) -> None:
        """Bring a box of voxels into the middle of the 3-D view."""
        low, high = (np.array(ends) * np.array(scale) for ends in zip(*clip, strict=True))
        self.view.camera.center = tuple((low + high)[::-1] / 2)
        self.view.camera.scale_factor = float(np.linalg.norm(high - low)) * _AROUND

    def show_rest(self, edges: np.ndarray | None, scale: tuple[float, ...]) -> None:
        """Outline what is still to be made: ends of lines, shape (n, 2, 3), z, y, x in voxels; or None."""
        self.rest.visible = edges is not None and len(edges) > 0
        if edges is not None and len(edges):
            self.rest.set_data(pos=(edges * np.array(scale))[..., ::-1].reshape(-1, 3))

    def show_slices(
        self, part: Part, shape: Triple, colors: np.ndarray, cursor: Triple, scale: tuple[float, ...]
    ) -> None:
        """Draw the three sections through ``cursor`` and their frames in the volume of ``shape`` voxels."""
        middle = (np.array(cursor) + 0.5) * np.array(scale)
        size = np.array(shape) * np.array(scale)
        self.panes.show(part, colors, cursor, scale)
        for cut, down, across in PLANES:
            frame = np.zeros((5, 3))
            frame[:, 2 - cut] = middle[cut]
            frame[:, 2 - down] = np.array([0, 0, 1, 1, 0]) * size[down]
            frame[:, 2 - across] = np.array([0, 1, 1, 0, 0]) * size[across]
            self.frames[cut].set_data(pos=frame)
        self.canvas.update()

    def show_volume(
        self,
        labels: np.ndarray,
        rgba: np.ndarray | None,
        method: str,
        offset: tuple[float, ...],
        scale: tuple[float, ...],
    ) -> int:
        """Ray cast ``labels``, whose first voxel is at ``offset`` (voxels of ``scale`` units); one in how many.

        Without colours the labels are greys, 0 black and 255 white, and the block is solid.
        """
        limit = SOFTWARE_EDGE if self.software else TEXTURE_EDGE
        step: int = max(1, -(-max(labels.shape) // limit))
        labels = labels[::step, ::step, ::step]
        if rgba is None:
            self.volume.set_data(labels, clim=(0, 255))
            self.volume.cmap = Colormap([(0.0, 0.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0)])
        else:
            count = len(rgba)
            self.volume.set_data(labels * np.uint8(2) + np.uint8(1), clim=(0, 2 * count))
            self.volume.cmap = Colormap(rgba, controls=np.linspace(0, 1, count + 1), interpolation="zero")
        self.volume.method = method
        place = (np.array(offset) + 0.5 * step) * np.array(scale)
        self.volume.transform.scale = tuple(np.array(scale[::-1]) * step)
        self.volume.transform.translate = tuple(place[::-1])
        self.coarse(False)
        self.volume.visible = True
        for mesh in self.meshes:
            mesh.visible = False
        return step

    def show_surfaces(
        self,
        surfaces: list[Surface],
        colors: list[tuple[float, ...]],
        offset: tuple[float, ...],
        scale: tuple[float, ...],
    ) -> None:
        """Draw each surface in its colour (red, green, blue, opacity; 0 to 1).

        ``offset`` is the voxel (z, y, x; of ``scale`` units) at which the surfaces' own voxels begin.
        """
        self.volume.visible = False
        while len(self.meshes) < len(surfaces):
            self.meshes.append(self.new_mesh())
        # what can be seen through is drawn last, or it would hide what lies behind it
        shown = sorted(zip(surfaces, colors, strict=True), key=lambda pair: -pair[1][3])
        for order, mesh in enumerate(self.meshes):
            surface, rgba = shown[order] if order < len(shown) else (None, (0, 0, 0, 0))
            mesh.visible = surface is not None and rgba[3] > 0 and len(surface.corners) > 0
            if not mesh.visible or surface is None:
                continue
            mesh.transform.scale = tuple(scale[::-1])
            mesh.transform.translate = tuple((np.array(offset) * np.array(scale))[::-1])
            put_surface(mesh, surface, rgba)
            mesh.order = order
        self.light()
        self.canvas.update()

    def new_mesh(self) -> Any:
        """A mesh in the 3-D view that the cutting planes cut."""
        mesh = scene.Mesh(parent=self.view.scene, shading=None)
        mesh.transform = STTransform()
        clipper = PlanesClipper(coord_system="scene")
        clipper.clipping_planes = self.planes
        mesh.attach(clipper)
        self._clippers.append(clipper)
        return mesh

    def new_face(self) -> Any:
        """A picture in the 3-D view that lies as its transform's matrix says."""
        face = scene.Image(np.zeros((2, 2, 4), np.float32), parent=self.view.scene, interpolation="nearest")
        face.transform = MatrixTransform()
        face.set_gl_state("translucent", depth_test=True, cull_face=False)
        face.order = 15  # after what stands behind it
        self.faces.append(face)
        return face

    def new_lines(self) -> Any:
        """Lines in the 3-D view that hide each other, drawn before what can be seen through."""
        lines = scene.Line(parent=self.view.scene, connect="segments", width=1.5)
        lines.set_gl_state("opaque", depth_test=True, cull_face=False)
        lines.order = -2
        lines.visible = False
        self.faces.append(lines)
        return lines

    def cut(self, planes: np.ndarray) -> None:
        """Show, of surfaces and volume, only what lies on the side of each plane that its normal points to.

        ``planes``, shape (n, 2, 3): a point and the normal (x, y, z; units of the axes).
        """
        self.planes = np.asarray(planes, np.float32)
        for clipper in self._clippers:
            clipper.clipping_planes = self.planes
        self.volume.clipping_planes = self.planes
        self.canvas.update()

    def turned(self) -> None:
        """Follow the camera: light and ticks."""
        self.light()
        self._place_ticks()

    def light(self) -> None:
        """Let the light come from the viewer, a little from above."""
        a, e = np.radians(self.view.camera.azimuth), np.radians(self.view.camera.elevation + 20)
        for mesh in (*self.meshes, *self.beside):
            shading = mesh.shading_filter
            if shading is None or not mesh.visible:
                continue
            shading.light_dir = (-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e))
            shading.ambient_light, shading.specular_light = (1, 1, 1, 0.35), (1, 1, 1, 0.08)

    def ray(self, pixel: Any) -> tuple[np.ndarray, np.ndarray]:
        """A point and the direction (x, y, z; units of the axes) of the line of sight through ``pixel`` (canvas)."""
        local = self.view.transforms.get_transform("canvas", "visual").map(pixel)[:2]
        ends = []
        for depth in (0.0, 0.5):
            found = self.view.scene.transform.imap([local[0], local[1], depth, 1])
            ends.append(np.array(found[:3]) / found[3])
        a, e = np.radians(self.view.camera.azimuth), np.radians(self.view.camera.elevation)
        ahead = np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e)])
        along = ends[1] - ends[0]
        along /= np.linalg.norm(along)
        return ends[0], along if along @ ahead > 0 else -along

    def surface_step(self, shape: tuple[int, ...]) -> int:
        """One voxel in how many makes a surface that this computer draws without holding up the window."""
        return max(1, -(-max(shape) // SOFTWARE_SURFACE_EDGE)) if self.software else 1

    @property
    def close_edge(self) -> int:
        """Edge of a box, voxels, all of which this computer draws in 3-D without holding up the window."""
        return SOFTWARE_SURFACE_EDGE if self.software else CLOSE_EDGE

    @property
    def finest(self) -> float:
        """Ray step in voxels when still."""
        return 1.0 if self.software else FINE

    @cached_property
    def software(self) -> bool:
        """Whether OpenGL is drawn by the processor, which casts rays a hundred times slower."""
        self.canvas.set_current()
        name = str(gl.glGetParameter(gl.GL_RENDERER)).lower()
        return any(word in name for word in ("llvmpipe", "softpipe", "swrast", "software"))

    def coarse(self, moving: bool) -> None:
        """Longer ray steps while moving."""
        self.volume.relative_step_size = COARSE if moving else self.finest

    def place(self, pixel: Any) -> tuple[int, tuple[float, float]] | None:
        """The slice under ``pixel`` (canvas) and the place in it (across, down), or None; slice 3 is the volume."""
        for plane, view in enumerate([*self.slices, self.view]):
            local = view.transforms.get_transform("canvas", "visual").map(pixel)[:2]
            if (0 <= local[0] < view.size[0]) and (0 <= local[1] < view.size[1]):
                if plane == 3:
                    return 3, (0.0, 0.0)
                found = view.scene.transform.imap([local[0], local[1], 0, 1])
                return plane, (float(found[0]), float(found[1]))
        return None


def put_surface(mesh: Any, surface: Surface, rgba: tuple[float, ...]) -> None:
    """Let ``mesh`` show a surface in a colour (red, green, blue, opacity; 0 to 1)."""
    drawn = mesh.mesh_data
    if not (isinstance(drawn, _Triangles) and drawn.surface is surface):
        mesh.set_data(meshdata=_Triangles(surface), color=rgba)
        mesh.shading = "smooth"
    else:
        mesh.color = rgba
    mesh.set_gl_state("translucent", depth_test=True, cull_face=False)


class _Triangles(MeshData):
    """Triangles whose corners and normals are there already: vispy's own arithmetic would hold up the window."""

    def __init__(self, surface: Surface) -> None:
        super().__init__()
        self.surface = surface

    def get_vertices(self, indexed: str | None = None) -> np.ndarray:
        """Shape (m, 3, 3)."""
        return self.surface.corners

    def get_vertex_normals(self, indexed: str | None = None) -> np.ndarray:
        """Shape (m, 3, 3)."""
        return self.surface.normals

    def get_bounds(self) -> list[tuple[float, float]]:
        """Least and largest x, y and z."""
        low, high = (pick(self.surface.corners, axis=(0, 1)) for pick in (np.min, np.max))
        return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _nice(step: float) -> float:
    power = 10 ** np.floor(np.log10(step))
    return float(power * max(n for n in (1, 2, 5) if n * power <= step * 1.0001))
