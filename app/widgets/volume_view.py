"""A labelled volume in three linked slices and in 3-D, in one canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.widgets.volume_surface import Surface, SurfaceMaker
from core.images.values import Phase, default_phases

MODES = ("surface", "translucent", "maximum")
Clip = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
TIP = (
    "Slices: click or drag to move the cursor, wheel to step through, Ctrl+wheel to zoom.\n"
    "3-D: left drag rotates, right drag or Shift+drag pans, wheel zooms,\n"
    "double click centres the volume and moves the slices there.\n"
    "Arrow keys move in x and y, PgUp and PgDn in z; F fits, T turns."
)


class VolumeView(QWidget):
    """Three slices and the volume.

    Signals
    -------
    cursorMoved(tuple)
        The linked cursor (z, y, x), voxels.
    voxelHovered(tuple, int)
        The voxel under the pointer and its label.
    changed()
        Something else than the cursor: volume, mode, styles, clip.
    failed(error)
        A surface could not be computed.
    """

    cursorMoved = Signal(object)
    voxelHovered = Signal(object, int)
    changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Volume")
        self.setToolTip(TIP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.labels: np.ndarray | None = None
        self.phases: tuple[Phase, ...] = ()
        self.cursor_at = (0, 0, 0)
        self.caption = ""
        self.mode, self.phase = "surface", 1
        self.styles: list[tuple[str, float, bool]] = []
        self.clip: Clip = ((0, 1), (0, 1), (0, 1))
        self._voxel_size: tuple[float, float, float] | None = None
        self._scale: tuple[float, ...] = (1.0, 1.0, 1.0)
        self.unit = "voxels"
        self._maker = SurfaceMaker(self)
        self._maker.made.connect(self._surfaces_made)
        self._maker.failed.connect(self.failed)
        self._turner = QTimer(self, interval=40)
        self._turner.timeout.connect(self._turn)
        self._still = QTimer(self, interval=250, singleShot=True)
        self._still.timeout.connect(self._rest)
        self._redraw = QTimer(self, interval=60, singleShot=True)
        self._redraw.timeout.connect(self._show_3d)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.scene: Any = None
        try:
            if QGuiApplication.platformName() in ("offscreen", "minimal"):
                raise RuntimeError("no OpenGL on this platform")
            from vispy import use

            use("pyside6")
            from app.widgets.volume_scene import VolumeScene

            self.scene = VolumeScene()
        except Exception as error:
            label = QLabel(f"The 3-D view needs OpenGL, which is not available here ({error}).")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
            return
        canvas = self.scene.canvas
        canvas.native.setFocusProxy(self)
        canvas.native.setToolTip(TIP)
        column.addWidget(canvas.native)
        canvas.events.mouse_press.connect(self._pressed, position="first")
        canvas.events.mouse_move.connect(self._moved, position="first")
        canvas.events.mouse_double_click.connect(self._double_clicked, position="first")
        canvas.events.mouse_wheel.connect(self._wheeled, position="first")

    # --- what is shown -------------------------------------------------------------------------------------------

    def set_volume(
        self, labels: np.ndarray, phases: tuple[Phase, ...], voxel_size: tuple[float, float, float] | None
    ) -> None:
        """Show ``labels`` (Z, Y, X; uint8) with its phases; ``voxel_size`` in metres along (z, y, x), or None."""
        same = self.labels is not None and self.labels.shape == labels.shape and voxel_size == self._voxel_size
        if phases != self.phases:
            self.phases = phases
            # the matrix is see-through in a translucent picture, or it would hide all the rest
            self.styles = [(p.color, 0.05 if n == 0 else 0.5, n > 0 or len(phases) == 1) for n, p in enumerate(phases)]
            self.phase = min(max(self.phase, 0), len(phases) - 1)
        self.labels, self._voxel_size = labels, voxel_size
        self.set_caption("")
        if not same:
            self.cursor_at = tuple(n // 2 for n in labels.shape)  # type: ignore[assignment]
            self.clip = tuple((0, n) for n in labels.shape)  # type: ignore[assignment]
            self._choose_unit()
            if self.scene is not None:
                self.scene.lay_out(labels.shape, self._scale, self.unit)
                self.fit()
        self._show_slices()
        self._show_3d()
        self.changed.emit()

    def set_preview(
        self,
        labels: np.ndarray,
        phases: tuple[Phase, ...] | None = None,
        voxel_size: tuple[float, float, float] | None = None,
    ) -> None:
        """Show a growing volume; view, cursor and clip stay where its shape stays."""
        count = int(labels.max()) + 1
        known = self.phases if len(self.phases) >= count else default_phases(max(2, count))
        self.set_volume(labels, phases or known, voxel_size or self._voxel_size)

    def set_caption(self, text: str) -> None:
        """Say in the picture what it shows, until another volume is shown."""
        self.caption = text
        if self.scene is not None:
            self.scene.caption.text = text
            self.scene.canvas.update()

    def clear(self) -> None:
        """Show nothing."""
        self._maker.forget()
        self.stop_turntable()
        self.labels = None
        if self.scene is not None:
            from app.widgets.volume_scene import NOTHING_YET

            self.set_caption(NOTHING_YET)
            for visual in self.scene.of_the_volume:
                visual.visible = False
            self.scene.canvas.update()

    def _choose_unit(self) -> None:
        assert self.labels is not None
        if self._voxel_size is None:
            self._scale, self.unit = (1.0, 1.0, 1.0), "voxels"
            return
        longest = max(n * s for n, s in zip(self.labels.shape, self._voxel_size, strict=True))
        factor, self.unit = (1e6, "µm") if longest >= 1e-6 else (1e9, "nm")
        self._scale = tuple(s * factor for s in self._voxel_size)

    def set_cursor(self, position: tuple[int, int, int]) -> None:
        """Move the linked cursor (z, y, x; voxels; kept inside)."""
        if self.labels is None:
            return
        inside = tuple(int(np.clip(p, 0, n - 1)) for p, n in zip(position, self.labels.shape, strict=True))
        if inside != self.cursor_at:
            self.cursor_at = inside  # type: ignore[assignment]
            self._show_slices()
            self.cursorMoved.emit(inside)

    def set_mode(self, mode: str) -> None:
        """Draw the volume as "surface", "translucent" or "maximum"."""
        if mode not in MODES:
            raise ValueError(f"A mode is one of {MODES}, not {mode!r}.")
        if mode == self.mode:
            return
        self.mode = mode
        if self.scene is not None:
            self.scene.volume.visible = False  # no ray is cast while the surface is on its way
        self._show_3d()
        self.changed.emit()

    def set_phase(self, label: int) -> None:
        """Choose the phase of interest: it is shown in 3-D, the others are not, until they are switched on."""
        self.phase = label
        for other, (color, opacity, _) in enumerate(self.styles):
            self.styles[other] = (color, max(opacity, 0.5) if other == label else opacity, other == label)
        self._show_3d()
        self.changed.emit()

    def set_phase_style(self, label: int, color: str, opacity: float, visible: bool) -> None:
        """Colour (#RRGGBB), opacity (0 to 1) and visibility of one phase."""
        self.styles[label] = (color, float(opacity), bool(visible))
        self._show_slices()
        self._redraw.start()

    def set_clip(self, clip: Clip) -> None:
        """Show only voxels z0 to z1 − 1 and so on, in 3-D."""
        if self.labels is None:
            return
        kept = []
        for (low, high), n in zip(clip, self.labels.shape, strict=True):
            start = int(np.clip(low, 0, n - 1))
            kept.append((start, int(np.clip(high, start + 1, n))))
        self.clip = tuple(kept)  # type: ignore[assignment]
        self._redraw.start()

    def fit(self) -> None:
        """Show everything."""
        if self.scene is not None and self.labels is not None:
            self.scene.fit(self.labels.shape, self._scale)

    def snapshot(self) -> QImage:
        """The canvas as a picture; where there is no OpenGL, the placeholder."""
        if self.scene is None:
            return self.grab().toImage()
        pixels = np.ascontiguousarray(self.scene.canvas.render(alpha=False))
        height, width = pixels.shape[:2]
        return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()

    # --- drawing -------------------------------------------------------------------------------------------------

    def _rgb(self) -> np.ndarray:
        return np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c, _, _ in self.styles], np.uint8)

    def _show_slices(self) -> None:
        if self.scene is not None and self.labels is not None:
            self.scene.show_slices(self.labels, self._rgb(), self.cursor_at, self._scale)

    def _show_3d(self) -> None:
        if self.scene is None or self.labels is None:
            return
        if self.mode == "surface":
            shown = tuple(label for label, (_, opacity, visible) in enumerate(self.styles) if visible and opacity > 0)
            shape = tuple(high - low for low, high in self.clip)
            self._maker.ask(self.labels, self.clip, shown, self.scene.surface_step(shape))
            return
        part = self.labels[tuple(slice(low, high) for low, high in self.clip)]
        self._maker.forget()
        rgba = np.ones((len(self.styles), 4))
        rgba[:, :3] = self._rgb() / 255
        # opacity is meant per tenth of the volume's side, so that it does not depend on the voxel count
        samples = max(1.0, max(part.shape) / 10 / self.scene.finest)
        for label, (_, opacity, visible) in enumerate(self.styles):
            rgba[label, 3] = 1 - (1 - min(opacity, 0.99)) ** (1 / samples) if visible else 0.0
            if self.mode == "maximum":
                rgba[label, 3] = opacity if visible else 0.0
        method = "translucent" if self.mode == "translucent" else "mip"
        self.scene.show_volume(part, rgba, method, tuple(low for low, _ in self.clip), self._scale)
        self.scene.canvas.update()

    def _surfaces_made(self, surfaces: list[Surface]) -> None:
        if self.labels is None or self.mode != "surface":
            return
        rgb = self._rgb() / 255
        colors = []
        for surface in surfaces:
            _, opacity, visible = self.styles[surface.phase]
            # half way up is a closed surface already: what is translucent as a volume is still firm as a skin
            alpha = min(1.0, 2 * opacity) if visible else 0.0
            colors.append((*rgb[surface.phase], alpha))
        self.scene.show_surfaces(surfaces, colors, tuple(low for low, _ in self.clip), self._scale)

    def _rest(self) -> None:
        self.scene.coarse(False)
        self.scene.canvas.update()

    # --- turning -------------------------------------------------------------------------------------------------

    def start_turntable(self) -> None:
        """Let the volume turn."""
        if self.scene is not None:
            self._turner.start()

    def stop_turntable(self) -> None:
        """Stop turning."""
        self._turner.stop()

    @property
    def turning(self) -> bool:
        """Whether the volume turns."""
        return self._turner.isActive()

    def _turn(self) -> None:
        self.scene.coarse(True)
        self._still.start()
        self.scene.view.camera.azimuth += 1.2
        self.scene.turned()

    # --- mouse and keys ------------------------------------------------------------------------------------------

    def _voxel(self, pixel: Any) -> tuple[int, tuple[int, int, int]] | None:
        place = self.scene.place(pixel)
        if place is None or self.labels is None:
            return None
        plane, (right, below) = place
        from app.widgets.volume_scene import PLANES

        position = list(self.cursor_at)
        if plane < 3:
            position[PLANES[plane][1]] = int(below // self._scale[PLANES[plane][1]])
            position[PLANES[plane][2]] = int(right // self._scale[PLANES[plane][2]])
        return plane, (position[0], position[1], position[2])

    def _pressed(self, event: Any) -> None:
        self.setFocus()
        found = self._voxel(event.pos)
        if found is not None and found[0] < 3 and event.button == 1:
            self.set_cursor(found[1])

    def _double_clicked(self, event: Any) -> None:
        found = self._voxel(event.pos)
        if found is None or event.button != 1:
            return
        voxel = found[1] if found[0] < 3 else self.voxel_seen(event.pos)
        if voxel is not None:
            self.set_cursor(voxel)
            middle = (np.array(self.cursor_at) + 0.5) * np.array(self._scale)
            self.scene.view.camera.center = tuple(middle[::-1])

    def voxel_seen(self, pixel: Any) -> tuple[int, int, int] | None:
        """The first voxel (z, y, x) of a phase that is switched on, along the line of sight through ``pixel``."""
        if self.labels is None:
            return None
        start, along = (part[::-1] / np.array(self._scale) for part in self.scene.ray(pixel))
        along = along / np.linalg.norm(along)
        low, high = np.array(self.clip, float).T
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.stack([(low - start) / along, (high - start) / along])
        enters, leaves = np.nanmax(crossings.min(axis=0)), np.nanmin(crossings.max(axis=0))
        if enters >= leaves:
            return None
        points = start + np.arange(enters, leaves, 0.2)[:, None] * along
        voxels = np.clip(np.floor(points), low, high - 1).astype(int)
        shown = np.array([visible and opacity > 0 for _, opacity, visible in self.styles])
        hits = np.flatnonzero(shown[self.labels[tuple(voxels.T)]])
        if not len(hits):
            return None
        z, y, x = voxels[hits[0]]
        return int(z), int(y), int(x)

    def _moved(self, event: Any) -> None:
        found = self._voxel(event.pos)
        if found is None or self.labels is None:
            return
        plane, voxel = found
        if plane == 3:
            if event.is_dragging:
                self.scene.coarse(True)
                self.scene.turned()
                self._still.start()
            return
        if all(0 <= p < n for p, n in zip(voxel, self.labels.shape, strict=True)):
            self.voxelHovered.emit(voxel, int(self.labels[voxel]))
        start = self._voxel(event.press_event.pos) if event.press_event is not None else None
        if event.is_dragging and 1 in event.buttons and start is not None and start[0] == plane:
            self.set_cursor(voxel)

    def _wheeled(self, event: Any) -> None:
        place = self.scene.place(event.pos)
        if place is None or self.labels is None:
            return
        plane, where = place
        self.scene.coarse(True)
        self._still.start()
        if plane == 3:
            return
        if "Control" in [str(m.name) for m in event.modifiers]:
            self.scene.slices[plane].camera.zoom(0.85 ** event.delta[1], center=(*where, 0))
        else:
            from app.widgets.volume_scene import PLANES

            self._step(PLANES[plane][0], 1 if event.delta[1] > 0 else -1)
        event.handled = True

    def _step(self, axis: int, by: int) -> None:
        position = list(self.cursor_at)
        position[axis] += by
        self.set_cursor((position[0], position[1], position[2]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys and PgUp, PgDn move the cursor; F fits; T turns."""
        keys = Qt.Key
        moves = {keys.Key_Left: (2, -1), keys.Key_Right: (2, 1), keys.Key_Up: (1, -1), keys.Key_Down: (1, 1)}
        moves |= {keys.Key_PageUp: (0, 1), keys.Key_PageDown: (0, -1)}
        key = keys(event.key())
        if key in moves:
            self._step(*moves[key])
        elif key == keys.Key_F:
            self.fit()
        elif key == keys.Key_T:
            self.stop_turntable() if self.turning else self.start_turntable()
        else:
            super().keyPressEvent(event)
