"""The axes of a slice: as long as the section that is in sight, along its edge, with numbers at round lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
from vispy import scene
from vispy.visuals.axis import Ticker

from app.widgets.rulers import ticks

_APART, _FEW = 40, 60
"""How far the numbers of an axis are apart at least; shorter axes have one or two; device-independent pixels."""
_GAP = 3
"""Pixels between a section and its axes."""


class VolumeTicker(Ticker):  # type: ignore[misc]
    """Ticks and numbers of an axis at round lengths, only where there is volume: from 0 to `side`."""

    def __init__(self, axis: Any) -> None:
        super().__init__(axis, anchors=axis.ticker._anchors)
        self.side = 1.0

    def _get_tick_frac_labels(self) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Shares of the axis where the large ticks are, and the small ones (none), and the numbers."""
        first, last = self.axis.domain
        low, high = max(0.0, min(first, last)), min(self.side, max(first, last))
        if first == last or not high > low:
            return np.zeros(0), np.zeros(0), []
        pixels = float(np.linalg.norm(self.axis.pos[1] - self.axis.pos[0])) * (high - low) / abs(last - first)
        # in three steps there is a round number besides 0 for certain
        values = ticks(low, high, max(1 if low == 0 and pixels < _FEW else 3, int(pixels / _APART)))
        return (np.array(values) - first) / (last - first), np.zeros(0), [f"{value:g}" for value in values]


class SliceAxis(scene.AxisWidget):  # type: ignore[misc]
    """vispy's axis of a view, but only beside what the view shows of the section, and close to it."""

    across = 1.0
    """Length of the section across the axis, in the view's units; along it: `VolumeTicker.side`."""

    def __init__(self, orientation: str, **style: Any) -> None:
        super().__init__(orientation=orientation, **style)
        self.axis.ticker = VolumeTicker(self.axis)

    def say(self, text: str) -> None:
        """What stands beside it."""
        self.axis.axis_label = text

    def measure(self, along: float, across: float) -> None:
        """Take the section's sides, in the view's units."""
        self.axis.ticker.side, self.across = along, across
        self.axis._need_update = True  # it notices another view by itself, but not another volume
        self.follow()

    def follow(self) -> None:
        """The view, this widget or the section has another size or place."""
        self._view_changed()

    def _view_changed(self, event: Any = None) -> None:
        self._update_axis()
        super()._view_changed(event)

    def _axis_ends(self) -> np.ndarray:
        """Shape (2, 2): x, y in the widget, where y goes down."""
        whole: np.ndarray = super()._axis_ends()
        if self._linked_view is None:
            return whole
        level = self.orientation == "bottom"
        side = self.axis.ticker.side
        far = (side, self.across) if level else (self.across, side)
        corners = self.node_transform(self._linked_view.scene).imap([(0.0, 0.0), far])[:, :2]
        if not np.isfinite(corners).all():  # the view has no size yet
            return whole
        along = 0 if level else 1
        low, high = np.sort(whole[:, along])
        start, end = np.clip(np.sort(corners[:, along]), low, high)
        if not end > start:
            return whole  # nothing of the section is in sight
        ends = whole.copy()
        ends[:, along] = (start, end) if whole[0, along] < whole[1, along] else (end, start)
        at, size = whole[0, 1 - along], self._linked_view.size
        if level:  # below the section, or, where that goes on below the view, below the view
            ends[:, 1] = np.clip(np.ceil(corners[:, 1].max()) + _GAP, at - size[1], at)
        else:
            ends[:, 0] = np.clip(np.floor(corners[:, 0].min()) - _GAP, at, at + size[0])
        return ends
