"""Which streamlines are drawn in 3-D, and how winding they are; they are followed off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from app.jobs import Latest
from app.widgets.field_colors import color_table, shades
from app.widgets.panel import hint
from app.widgets.volume_lines import ColoredLines
from core.job import finish

_NONE = "3-D shows no streamlines"
_FAST, _DARKEST = 97.0, 0.3
"""The percentile of speeds that is shown brightest, and the place in the table of colours that stands for rest."""


class LinesChoice(QWidget):
    """A list of what was computed, and a sentence about the lines that are shown.

    Signals
    -------
    wanted(lines, words)
        `ColoredLines` to be drawn and what they are, or None, "".
    failed(error)
        They could not be followed.
    """

    wanted = Signal(object, str)
    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.choice = QComboBox()
        self.choice.setAccessibleName("Streamlines in 3-D")
        self.choice.setToolTip(
            "Draw the ways of the fluid or of heat in 3-D, bright where it is fast; surfaces become see-through.\n"
            "Each line stands for the same share of the flow"
        )
        self.choice.setMinimumContentsLength(8)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.said = hint()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.choice)
        column.addWidget(self.said)
        self.choice.activated.connect(self._chosen)
        self._follower = Latest(self)
        self._follower.answered.connect(self._followed)
        self._follower.failed.connect(self._failed)
        self.offer(None, None, None)

    @property
    def busy(self) -> bool:
        """Whether lines are being followed."""
        return self._follower.busy

    def offer(self, labels: np.ndarray | None, voxel_size: tuple[float, float, float] | None, found: Any) -> None:
        """Offer what is known of a volume (`core.properties.Properties`, or None); no lines are shown any more."""
        self._follower.forget()
        shown = bool(self.said.text())
        self.said.setText("")
        self.said.hide()
        self.choice.clear()
        self.choice.addItem(_NONE)
        heat, flow = (None, None) if found is None else (found.conductivity, found.permeability)
        for along in () if flow is None else flow.along:
            if along.at_faces.any():
                follow = _following_flow(flow, along, voxel_size)
                self.choice.addItem(f"3-D shows the flow along {'zyx'[along.axis]}", ("viridis", "speed", follow))
        for along in () if heat is None else heat.along:
            if labels is not None and along.field.size and along.value > 0:
                follow = _following_flux(labels, heat, along, voxel_size)
                self.choice.addItem(f"3-D shows the flux of heat along {'zyx'[along.axis]}", ("magma", "flux", follow))
        self.setVisible(self.choice.count() > 1)
        if shown:
            self.wanted.emit(None, "")

    def _chosen(self, index: int) -> None:
        chosen = self.choice.itemData(index)
        self._follower.forget()
        if chosen is None:
            self.said.setText("")
            self.said.hide()
            self.wanted.emit(None, "")
            return
        table, what, follow = chosen
        self.said.setText("Following the lines …")
        self.said.show()
        self._follower.ask(lambda: (table, what, follow()))

    def _followed(self, answer: Any) -> None:
        table, what, lines = answer
        # most of a line lies where it is slow: the darkest colours would not be seen on a dark ground
        top = float(np.percentile(lines.speed, _FAST)) or 1.0
        colors = color_table(table)[shades(_DARKEST + (1 - _DARKEST) * lines.speed / top, 1.0)]
        count, through = len(lines.first), int(lines.through.sum())
        axis = "zyx"[lines.axis]
        words = f"3-D: {what} along {axis}, fast is bright"
        tortuosity = lines.tortuosity
        if tortuosity is None:
            self.said.setText(f"{count} lines; none of them comes through.")
        else:
            ends = "All" if through == count else f"{through} of"
            way = f"{tortuosity:.3g} times the straight way along {axis}"
            self.said.setText(f"{ends} {count} lines come through; their mean length is {way}.")
            words += f"; tortuosity {tortuosity:.3g}"
        self.wanted.emit(ColoredLines(lines.points, lines.joined, colors), words)

    def _failed(self, error: Exception) -> None:
        self.said.setText("")
        self.said.hide()
        self.choice.setCurrentIndex(0)
        self.wanted.emit(None, "")
        self.failed.emit(error)


def _following_flow(flow: Any, along: Any, voxel_size: tuple[float, float, float] | None) -> Callable[[], Any]:
    def follow() -> Any:
        from core.properties import flow_lines

        return finish(flow_lines(along, flow.ends, flow.sides, voxel_size))

    return follow


def _following_flux(
    labels: np.ndarray, heat: Any, along: Any, voxel_size: tuple[float, float, float] | None
) -> Callable[[], Any]:
    def follow() -> Any:
        from core.properties import flux_lines

        return finish(flux_lines(labels, heat.values, along, heat.ends, heat.sides, voxel_size))

    return follow
