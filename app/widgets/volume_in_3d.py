"""The volume in the 3-D view: surfaces or rays, of the whole or of a box read finer, and what a line of sight meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.widgets.closer_look import resolution
from app.widgets.volume_parts import Part, Triple
from app.widgets.volume_surface import Surface, SurfaceMaker
from core.images.marks import Point

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView


class VolumeIn3D(QObject):
    """Draws one `VolumeView`'s volume, as its mode, styles and clip say.

    Signals
    -------
    drawn()
        What `show` was last asked for is there.
    failed(error)
        A surface could not be computed.
    """

    drawn = Signal()
    failed = Signal(object)

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self._part = view.whole
        self._start: tuple[float, ...] = (0.0, 0.0, 0.0)
        """Where what is drawn begins, in the part's own voxels."""
        self._faded: dict[str, float] = {}
        self._maker = SurfaceMaker(self)
        self._maker.made.connect(self._surfaces_made)
        self._maker.failed.connect(self.failed)

    @property
    def faded(self) -> float:
        """Share of their opacity that surfaces keep, so that what lies in them shows; 1 where nothing is to."""
        return min(self._faded.values(), default=1.0)

    def fade(self, reason: str, share: float) -> None:
        """Let surfaces keep ``share`` of their opacity as long as there is this reason; with 1 there is none."""
        before = self.faded
        self._faded = {**self._faded, reason: share}
        if self.faded != before:
            self.show()

    @property
    def part(self) -> Part:
        """What of the volume is drawn."""
        return self._part

    def firmness(self, label: int) -> float:
        """Opacity of a phase's surface, 0 to 1."""
        _, opacity, visible = self._view.styles[label]
        # half way up is a closed surface already: what is translucent as a volume is still firm as a skin
        return min(1.0, 2 * opacity) * self.faded if visible else 0.0

    def forget(self) -> None:
        """Drop whatever is on its way."""
        self._maker.forget()

    def show(self) -> None:
        """Draw the clip of the finer box, where there is one, or of the whole; surfaces come when they are made."""
        view = self._view
        if view.scene is None or view.labels is None:
            return
        part = self._part = view.closer.box or view.whole
        clip = part.clip(view.clip)
        view.lines.draw()
        begins = zip(part.origin, part.step, clip, strict=True)
        self._start = tuple(first / step + low for first, step, (low, _) in begins)
        if view.mode == "surface" and not view.grey:
            shown = tuple(label for label, (_, opacity, visible) in enumerate(view.styles) if visible and opacity > 0)
            self._maker.ask(part.labels, clip, shown, view.scene.surface_step(tuple(b - a for a, b in clip)))
            return
        self._maker.forget()
        view.oblique.draw()
        self._cast_rays(part.labels[tuple(slice(low, high) for low, high in clip)])

    @property
    def _scale(self) -> tuple[float, ...]:
        """Edges of the part's own voxels in units."""
        return tuple(edge * step for edge, step in zip(self._view.scale, self._part.step, strict=True))

    def _cast_rays(self, labels: np.ndarray) -> None:
        view = self._view
        if view.grey:
            self._note(view.scene.show_volume(labels, None, "translucent", self._start, self._scale))
            view.scene.canvas.update()
            self.drawn.emit()
            return
        rgba = np.zeros((len(view.styles) + 1, 4))
        rgba[:, :3] = view.colors() / 255
        # opacity is meant per tenth of the volume's side, so that it does not depend on the voxel count
        samples = max(1.0, max(labels.shape) / 10 / view.scene.finest)
        for label, (_, opacity, visible) in enumerate(view.styles):
            rgba[label, 3] = 1 - (1 - min(opacity, 0.99)) ** (1 / samples) if visible else 0.0
            if view.mode == "maximum":
                rgba[label, 3] = opacity if visible else 0.0
        if view.mode == "maximum":
            # what is not there yet must not outshine what is
            labels = np.where(labels < len(view.styles), labels, 0).astype(np.uint8)
        method = "translucent" if view.mode == "translucent" else "mip"
        self._note(view.scene.show_volume(labels, rgba, method, self._start, self._scale))
        view.scene.canvas.update()
        self.drawn.emit()

    def _surfaces_made(self, surfaces: list[Surface]) -> None:
        view = self._view
        if view.labels is None or view.mode != "surface" or view.grey:
            return
        rgb = view.colors() / 255
        colors = []
        for surface in surfaces:
            colors.append((*rgb[surface.phase], self.firmness(surface.phase)))
        view.scene.show_surfaces(surfaces, colors, self._start, self._scale)
        view.oblique.draw()
        self._note(max((surface.step for surface in surfaces), default=1))
        self.drawn.emit()

    def _note(self, subsampled: int) -> None:
        """Say which voxels are drawn."""
        view = self._view
        shown: Part = self._part
        z, y, x = (step * subsampled for step in shown.step)
        if not view.closer.possible:
            why = "no graphics card" if view.scene.software else "a large volume"
            text = f"3-D: 1 voxel in {x} along each axis ({why})" if subsampled > 1 else ""
        elif view.closer.box is None:
            text = f"3-D: {resolution((z, y, x))}"
        else:
            depth, rows, columns = (high - low for low, high in view.clip)
            text = f"3-D: a box of {columns} × {rows} × {depth} voxels, {resolution((z, y, x))}"
        view.scene.note.text = text

    def voxel_seen(self, pixel: Any) -> Triple | None:
        """The first voxel (z, y, x) of a phase that is switched on, along the line of sight through ``pixel``."""
        found = self.seen(pixel)
        return None if found is None else found[1]

    def seen(self, pixel: Any) -> tuple[Point, Triple] | None:
        """Where the line of sight through ``pixel`` first meets a phase that is switched on, and the voxel there.

        Both z, y, x in voxels of the full volume; None where it meets nothing.
        """
        view, part = self._view, self._part
        if view.labels is None:
            return None
        start, along = (where[::-1] / np.array(view.scale) for where in view.scene.ray(pixel))
        along = along / np.linalg.norm(along)
        low, high = np.array(view.clip, float).T
        with np.errstate(divide="ignore", invalid="ignore"):
            crossings = np.stack([(low - start) / along, (high - start) / along])
        enters, leaves = np.nanmax(crossings.min(axis=0)), np.nanmin(crossings.max(axis=0))
        if enters >= leaves:
            return None
        points = start + np.arange(enters, leaves, 0.2 * min(part.step))[:, None] * along
        voxels = np.clip(np.floor(points), low, high - 1).astype(int)
        shown = np.array([*(visible and opacity > 0 for _, opacity, visible in view.styles), False])
        places = np.clip((voxels - part.origin) // part.step, 0, np.array(part.labels.shape) - 1)
        hits = np.flatnonzero(shown[part.labels[tuple(places.T)]] & view.oblique.keeps(points))
        if not len(hits):
            return None
        z, y, x = voxels[hits[0]]
        at = np.clip(points[hits[0]], voxels[hits[0]], voxels[hits[0]] + 1)
        return (float(at[0]), float(at[1]), float(at[2])), (int(z), int(y), int(x))
