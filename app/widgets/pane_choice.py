"""Shows one of the four parts of a volume's canvas alone, in all of its room."""

from __future__ import annotations

from typing import Any

PANES = {"3d": "Volume in 3-D", "xy": "Slice xy", "zy": "Slice zy", "xz": "Slice xz", "all": "All four parts"}
AWAY = (-100_000.0, -100_000.0)
"""Where no mouse finds what is hidden."""
MARGIN = 4.0


class PaneChoice:
    """What of one `VolumeScene`'s canvas is shown.

    vispy's grid cannot be laid out anew; so one part alone leaves it for the canvas itself, and the grid goes away.
    """

    def __init__(self, scene: Any) -> None:
        self._canvas = scene.canvas
        self._room = scene.canvas.central_widget
        self._grid = scene.view.parent
        self._panes = dict(zip(("xy", "zy", "xz", "3d"), (*scene.panes.cells, scene.view), strict=True))
        self.chosen = "all"
        scene.pane_choice = self
        self._canvas.events.resize.connect(lambda _event: self.lay_out(), position="last")

    def show(self, chosen: str) -> None:
        """Give the canvas to one of `PANES`."""
        if chosen == self.chosen:
            return
        self.chosen = chosen
        for name, pane in self._panes.items():
            home = self._room if name == chosen else self._grid
            if pane.parent is not home:
                pane.parent = home
        self._grid.visible = chosen == "all"
        self.lay_out()
        self._canvas.update()

    def lay_out(self) -> None:
        """Fit what is chosen into the room that there is."""
        width, height = self._room.size
        self._grid.pos = (0.0, 0.0) if self.chosen == "all" else AWAY
        if self.chosen == "all":
            self._grid._update_child_widget_dim()
            return
        from vispy.geometry import Rect

        pane = self._panes[self.chosen]
        pane.rect = Rect(MARGIN, MARGIN, max(1.0, width - 2 * MARGIN), max(1.0, height - 2 * MARGIN))
