"""A labelled volume in three linked slices and in 3-D, in one canvas.

Of a volume larger than memory, a coarse level is there as a whole, and what one looks at is read finer: of each slice
what the screen resolves, of a box in 3-D what can be drawn. Places are always voxels of the full volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QKeyEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.widgets.closer_look import CloserLook
from app.widgets.key_views import KeyView
from app.widgets.label_picture import GREY_PHASES
from app.widgets.oblique_cut import ObliqueCut
from app.widgets.volume_in_3d import VolumeIn3D
from app.widgets.volume_lines import VolumeLines
from app.widgets.volume_marks import VolumeMarks
from app.widgets.volume_parts import Clip as Clip
from app.widgets.volume_parts import Levels, Part, Triple
from app.widgets.volume_piece import VolumePiece
from core.images.pixel_size import unit_for
from core.images.values import Phase, default_phases

MODES = ("surface", "translucent", "maximum")
TIP = (
    "Slices: click or drag to move the cursor, wheel to step through, Ctrl+wheel to zoom, right drag to pan.\n"
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
        Something else than the cursor: volume, mode, phase of interest.
    styled()
        A phase's style or the clip.
    failed(error)
        A surface could not be computed, or a finer part not be read.

    Attributes
    ----------
    labels
        What is in memory of the whole volume: all of it, or a coarse level.
    shape, scale
        Voxels of the full volume along z, y, x, and the edges of one in `unit`.
    """

    cursorMoved = Signal(object)
    voxelHovered = Signal(object, int)
    changed = Signal()
    styled = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Volume")
        self.setToolTip(TIP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.labels: np.ndarray | None = None
        self.shape: Triple = (1, 1, 1)
        self.whole = Part(np.zeros((1, 1, 1), np.uint8))
        self._field: tuple[Part, np.ndarray] | None = None
        self.phases: tuple[Phase, ...] = ()
        self.cursor_at = (0, 0, 0)
        self.caption, self._captions = "", ("", "")
        self.mode, self.phase = "surface", 1
        self.styles: list[tuple[str, float, bool]] = []
        self.clip: Clip = ((0, 1), (0, 1), (0, 1))
        self._voxel_size: tuple[float, float, float] | None = None
        self.scale: tuple[float, ...] = (1.0, 1.0, 1.0)
        self.periodic = (False, False, False)
        """Along z, y and x: whether the volume repeats; told after it is shown."""
        self.unit = "voxels"
        self._turner = QTimer(self, interval=40)
        self._turner.timeout.connect(self._turn)
        self._still = QTimer(self, interval=250, singleShot=True)
        self._still.timeout.connect(self._rest)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.scene: Any = None
        self.closer = CloserLook(self)
        self.in_3d = VolumeIn3D(self)
        self.marks = VolumeMarks(self)
        self.piece = VolumePiece(self)
        self.oblique = ObliqueCut(self)
        self.lines = VolumeLines(self)
        self.key_views: tuple[KeyView, ...] = ()
        """Views that a movie flies through."""
        self.marks.picked.connect(self.piece.ask)
        self.in_3d.failed.connect(self.failed)
        self._redraw = QTimer(self, interval=60, singleShot=True)
        self._redraw.timeout.connect(self.in_3d.show)
        self.closer.box_read.connect(self.in_3d.show)
        self.closer.failed.connect(self.failed)
        try:
            if QGuiApplication.platformName() in ("offscreen", "minimal"):
                raise RuntimeError("no OpenGL on this platform")
            from vispy import use

            use("pyside6")
            from app.widgets.volume_pointer import VolumePointer
            from app.widgets.volume_scene import VolumeScene

            self.scene = VolumeScene()
            self._pointer = VolumePointer(self)
        except Exception as error:
            label = QLabel(f"The 3-D view needs OpenGL, which is not available here ({error}).")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
            return
        self._letters = QTimer(self, interval=0)
        self._letters.timeout.connect(self._draw_letters)
        self._letters.start()
        canvas = self.scene.canvas
        canvas.native.setFocusProxy(self)
        canvas.native.setToolTip(TIP)
        column.addWidget(canvas.native)
        canvas.events.resize.connect(lambda _event: self.closer.look())

    # --- what is shown -------------------------------------------------------------------------------------------

    def set_volume(
        self,
        labels: np.ndarray,
        phases: tuple[Phase, ...],
        voxel_size: tuple[float, float, float] | None,
        levels: Levels | None = None,
        level: int = 0,
    ) -> None:
        """Show a volume; where its shape stays, so do cursor, clip and camera.

        Parameters
        ----------
        labels
            Shape (Z, Y, X), uint8. A label beyond the phases is drawn as nothing.
        voxel_size
            Edges (z, y, x) of a voxel of the full volume in metres, or None.
        levels, level
            Where what is looked at can be read finer, and the level that ``labels`` is.
        """
        shape: Triple = labels.shape if levels is None else levels.shapes[0]  # type: ignore[assignment]
        same = self.labels is not None and self.shape == shape and voxel_size == self._voxel_size
        if phases != self.phases:
            self.phases = phases
            # the matrix is see-through in a translucent picture, or it would hide all the rest
            alone = len(phases) == 1 or self.grey
            self.styles = [(p.color, 0.05 if n == 0 else 0.5, n > 0 or alone) for n, p in enumerate(phases)]
            self.phase = min(max(self.phase, 0), len(phases) - 1)
        self.labels, self.shape, self._voxel_size = labels, shape, voxel_size
        self.whole = Part(labels) if levels is None else Part(labels, (0, 0, 0), levels.steps[level])
        self.closer.begin(levels, level)
        self._field = None
        self.periodic = (False, False, False)
        self.piece.clear()
        self.lines.show(None)
        self.set_rest(None)
        self.set_caption("", of_lines=True)
        self.set_caption("")
        if self.scene is not None:
            self.scene.nothing.visible = False
        if not same:
            self.cursor_at = tuple(n // 2 for n in shape)  # type: ignore[assignment]
            self.clip = tuple((0, n) for n in shape)  # type: ignore[assignment]
            self._choose_unit()
            self.oblique.set(None)
            if self.scene is not None:
                self.scene.lay_out(shape, self.scale, self.unit)
                self.fit()
        self._show_slices()
        self.in_3d.show()
        self.closer.look()
        self.changed.emit()

    def set_grey(self, levels: np.ndarray, voxel_size: tuple[float, float, float] | None = None) -> None:
        """Show a grey volume: sections, and a solid block in 3-D.

        ``levels``: shape (Z, Y, X), uint8; 0 is black, 255 white.
        """
        self.set_volume(levels, GREY_PHASES, voxel_size)

    @property
    def grey(self) -> bool:
        """Whether what is shown is grey values instead of phases."""
        return self.phases is GREY_PHASES

    def set_preview(
        self,
        labels: np.ndarray,
        phases: tuple[Phase, ...] | None = None,
        voxel_size: tuple[float, float, float] | None = None,
    ) -> None:
        """Show a growing volume; view, cursor and clip stay where its shape stays."""
        count = int(labels.max()) + 1
        known = self.phases if len(self.phases) >= count and not self.grey else default_phases(max(2, count))
        self.set_volume(labels, phases or known, voxel_size or self._voxel_size)

    def set_field(self, field: np.ndarray | None, colors: np.ndarray | None = None) -> None:
        """Draw a field on the slices in place of the phases, until another volume is shown.

        Parameters
        ----------
        field
            Shape of the volume, uint8: which colour each voxel has; or None for the phases again.
        colors
            Red, green, blue; shape (256, 3), uint8.
        """
        self._field = None if field is None or colors is None else (Part(field), colors)
        self._show_slices()

    def set_caption(self, text: str, of_lines: bool = False) -> None:
        """Say in the picture what it shows, until another volume is shown; what lines show stands below the rest."""
        self._captions = (self._captions[0], text) if of_lines else (text, self._captions[1])
        self.caption = "\n".join(filter(None, self._captions))
        if self.scene is not None:
            self.scene.tell(self.caption)
            self.scene.canvas.update()

    def set_rest(self, edges: np.ndarray | None) -> None:
        """Outline what is still to be made, until another volume is shown: ends of lines, (n, 2, 3)."""
        if self.scene is not None:
            self.scene.show_rest(edges, self.scale)

    def clear(self) -> None:
        """Show nothing."""
        self.in_3d.forget()
        self.closer.begin(None, 0)
        self.stop_turntable()
        self.labels = None
        if self.scene is not None:
            self.set_caption("", of_lines=True)
            self.set_caption("")
            self.scene.nothing.visible = True
            for visual in self.scene.of_the_volume:
                visual.visible = False
            self.scene.canvas.update()
        self.marks.draw()
        self.piece.clear()
        self.lines.show(None)

    @property
    def voxel_size(self) -> tuple[float, float, float] | None:
        """Edges (z, y, x) of a voxel of the full volume in metres, or None."""
        return self._voxel_size

    def _choose_unit(self) -> None:
        if self._voxel_size is None:
            self.scale, self.unit = (1.0, 1.0, 1.0), "voxels"
            return
        longest = max(n * s for n, s in zip(self.shape, self._voxel_size, strict=True))
        metres, self.unit = unit_for(longest)
        self.scale = tuple(s / metres for s in self._voxel_size)

    def set_cursor(self, position: tuple[int, int, int]) -> None:
        """Move the linked cursor (z, y, x; voxels; kept inside)."""
        if self.labels is None:
            return
        inside = tuple(int(np.clip(p, 0, n - 1)) for p, n in zip(position, self.shape, strict=True))
        if inside != self.cursor_at:
            self.cursor_at = inside  # type: ignore[assignment]
            self._show_slices()
            self.closer.look()
            self.cursorMoved.emit(inside)

    def label_at(self, voxel: Triple) -> int:
        """The label of a voxel, as finely as it is known."""
        known = [part for part in self.closer.parts() if part.holds(voxel)]
        return min(known, key=lambda part: max(part.step), default=self.whole).at(voxel)

    def phase_name(self, label: int) -> str:
        """Its name, or words for a label beyond the phases."""
        return self.phases[label].name if label < len(self.phases) else "not made yet"

    def set_mode(self, mode: str) -> None:
        """Draw the volume as "surface", "translucent" or "maximum"."""
        if mode not in MODES:
            raise ValueError(f"A mode is one of {MODES}, not {mode!r}.")
        if mode == self.mode:
            return
        self.mode = mode
        if self.scene is not None:
            self.scene.volume.visible = False  # no ray is cast while the surface is on its way
        self.in_3d.show()
        self.changed.emit()

    def set_phase(self, label: int) -> None:
        """Choose the phase of interest: it is shown in 3-D, the others are not, until they are switched on."""
        self.phase = label
        for other, (color, opacity, _) in enumerate(self.styles):
            self.styles[other] = (color, max(opacity, 0.5) if other == label else opacity, other == label)
        self.in_3d.show()
        self.changed.emit()

    def set_phase_style(self, label: int, color: str, opacity: float, visible: bool) -> None:
        """Colour (#RRGGBB), opacity (0 to 1) and visibility of one phase."""
        self.styles[label] = (color, float(opacity), bool(visible))
        self._show_slices()
        self._redraw.start()
        self.styled.emit()

    def set_clip(self, clip: Clip, at_once: bool = False) -> None:
        """Show only voxels z0 to z1 − 1 and so on, in 3-D; not ``at_once``: when it has rested for a moment."""
        if self.labels is None:
            return
        kept = []
        for (low, high), n in zip(clip, self.shape, strict=True):
            start = int(np.clip(low, 0, n - 1))
            kept.append((start, int(np.clip(high, start + 1, n))))
        if tuple(kept) == self.clip:
            return
        self.clip = tuple(kept)  # type: ignore[assignment]
        self.closer.leave_box()
        self.in_3d.show() if at_once else self._redraw.start()
        self.styled.emit()

    def look_close(self) -> None:
        """Show, in 3-D, a box around the cursor in full."""
        if not self.closer.possible:
            return
        clip = []
        for at, side in zip(self.cursor_at, self.shape, strict=True):
            edge = min(self.scene.close_edge, side)
            start = min(max(at - edge // 2, 0), side - edge)
            clip.append((start, start + edge))
        self.set_clip((clip[0], clip[1], clip[2]))
        self.scene.look_at(self.clip, self.scale)
        self.changed.emit()

    def look_at_all(self) -> None:
        """Show all of the volume again."""
        z, y, x = self.shape
        self.set_clip(((0, z), (0, y), (0, x)))
        if self.scene is not None:
            self.scene.look_at(self.clip, self.scale)
        self.changed.emit()

    def fit(self) -> None:
        """Show everything."""
        if self.scene is not None and self.labels is not None:
            self.scene.fit(self.shape, self.scale)
            self.closer.look()

    def snapshot(self) -> QImage:
        """The canvas as a picture; where there is no OpenGL, the placeholder."""
        if self.scene is None:
            return self.grab().toImage()
        pixels = np.ascontiguousarray(self.scene.canvas.render(alpha=False))
        height, width = pixels.shape[:2]
        return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()

    # --- drawing -------------------------------------------------------------------------------------------------

    def colors(self) -> np.ndarray:
        """Of each label, and of nothing: red, green, blue; shape (n + 1, 3), uint8."""
        from app.widgets.volume_scene import BACKGROUND

        colors = [*(color for color, _, _ in self.styles), BACKGROUND]
        return np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in colors], np.uint8)

    def _show_slices(self) -> None:
        if self.scene is not None and self.labels is not None:
            part, colors = self._field or (self.whole, self.colors())
            self.scene.show_slices(part, self.shape, colors, self.cursor_at, self.scale)
            self.marks.draw()
            self.piece.draw()
            self.closer.note()

    def moving(self) -> None:
        """What is seen moves: draw coarsely until it rests."""
        self.scene.coarse(True)
        self._still.start()

    def _draw_letters(self) -> None:
        if not self.scene.letters.draw_next():
            self._letters.stop()

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

    # --- keys ----------------------------------------------------------------------------------------------------

    def step(self, axis: int, by: int) -> None:
        """Move the cursor along one axis."""
        position = list(self.cursor_at)
        position[axis] += by
        self.set_cursor((position[0], position[1], position[2]))

    def event(self, event: QEvent) -> bool:
        """Esc belongs to a tool that is in the hand, before it cancels a job."""
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and event.key() == Qt.Key.Key_Escape and self.marks.tool:  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys and PgUp, PgDn move the cursor; F fits; T turns; Esc puts a tool down."""
        keys = Qt.Key
        moves = {keys.Key_Left: (2, -1), keys.Key_Right: (2, 1), keys.Key_Up: (1, -1), keys.Key_Down: (1, 1)}
        moves |= {keys.Key_PageUp: (0, 1), keys.Key_PageDown: (0, -1)}
        key = keys(event.key())
        if key in moves:
            self.step(*moves[key])
        elif key == keys.Key_Escape and self.marks.tool:
            self.marks.give_up()
        elif key == keys.Key_F:
            self.fit()
        elif key == keys.Key_T:
            self.stop_turntable() if self.turning else self.start_turntable()
        else:
            super().keyPressEvent(event)
