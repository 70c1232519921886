"""The mouse over the slices and the volume: what a click, a drag or the wheel does there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from app.widgets.volume_scene import PLANES

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView


class VolumePointer:
    """Turns the canvas's events into gestures of one `VolumeView`, whose scene is there."""

    def __init__(self, view: VolumeView) -> None:
        self._view, self._scene = view, view.scene
        self._held: tuple[int, float, float] | None = None
        """While the right button pans a slice: which one, and the place (across, down; units) that is held."""
        canvas = self._scene.canvas
        canvas.events.mouse_press.connect(self._pressed, position="first")
        canvas.events.mouse_move.connect(self._moved, position="first")
        canvas.events.mouse_release.connect(self._released, position="first")
        canvas.events.mouse_double_click.connect(self._double_clicked, position="first")
        canvas.events.mouse_wheel.connect(self._wheeled, position="first")

    def _voxel(self, pixel: Any) -> tuple[int, tuple[int, int, int]] | None:
        place = self._scene.place(pixel)
        if place is None or self._view.labels is None:
            return None
        plane, (right, below) = place
        position = list(self._view.cursor_at)
        if plane < 3:
            _, down, across = PLANES[plane]
            position[down] = int(below // self._view.scale[down])
            position[across] = int(right // self._view.scale[across])
        return plane, (position[0], position[1], position[2])

    def _pressed(self, event: Any) -> None:
        self._view.setFocus()
        if self._view.marks.pressed(event):
            return
        found = self._voxel(event.pos)
        if found is None or found[0] == 3:
            return
        if event.button == 1:
            self._view.set_cursor(found[1])
        elif event.button == 2:
            place = self._scene.place(event.pos)
            self._held = None if place is None else (place[0], *place[1])

    def _released(self, event: Any) -> None:
        self._held = None
        self._view.marks.released(event)

    def _double_clicked(self, event: Any) -> None:
        if self._view.marks.tool:  # the second of two quick clicks
            self._view.marks.pressed(event)
            return
        found = self._voxel(event.pos)
        if found is None or event.button != 1:
            return
        voxel = found[1] if found[0] < 3 else self._view.in_3d.voxel_seen(event.pos)
        if voxel is not None:
            self._view.set_cursor(voxel)
            middle = (np.array(self._view.cursor_at) + 0.5) * np.array(self._view.scale)
            self._scene.view.camera.center = tuple(middle[::-1])

    def _moved(self, event: Any) -> None:
        if self._held is not None and 2 in event.buttons:
            self._pan(event)
            return
        self._view.marks.moved(event)
        found = self._voxel(event.pos)
        if found is None:
            return
        plane, voxel = found
        if plane == 3:
            if event.is_dragging:
                self._view.moving()
                self._scene.turned()
            return
        if all(0 <= at < side for at, side in zip(voxel, self._view.shape, strict=True)):
            self._view.voxelHovered.emit(voxel, self._view.label_at(voxel))
        if self._view.marks.tool:
            return
        start = self._voxel(event.press_event.pos) if event.press_event is not None else None
        if event.is_dragging and 1 in event.buttons and start is not None and start[0] == plane:
            self._view.set_cursor(voxel)

    def _pan(self, event: Any) -> None:
        assert self._held is not None
        plane, right, below = self._held
        view = self._scene.slices[plane]
        local = view.transforms.get_transform("canvas", "visual").map(event.pos)[:2]
        now = view.scene.transform.imap([local[0], local[1], 0, 1])
        # what is held follows the pointer, so the camera goes the other way
        view.camera.pan((right - float(now[0]), below - float(now[1]), 0))
        self._view.closer.look()
        event.handled = True

    def _wheeled(self, event: Any) -> None:
        place = self._scene.place(event.pos)
        if place is None or self._view.labels is None:
            return
        plane, where = place
        self._view.moving()
        if plane == 3:
            return
        if "Control" in [str(m.name) for m in event.modifiers]:
            self._scene.slices[plane].camera.zoom(0.85 ** event.delta[1], center=(*where, 0))
            self._view.closer.look()
        else:
            self._view.step(PLANES[plane][0], 1 if event.delta[1] > 0 else -1)
        event.handled = True
