"""What a model is: a small picture of its exemplar, its curves, and what its card tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.information import lines, model_facts, record_lines
from app.widgets.curve_plot import CurvePlot
from app.widgets.label_picture import label_pixmap
from app.widgets.panel import card as framed
from app.widgets.panel import hint
from core.reconstruction.model_record import CurvePair, ModelRecord, read_record

_PICTURE_EDGE = 240
"""Side of the picture on the screen, in the screen's own measure."""


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Curves as `CurvePlot` takes them."""

    pair: CurvePair

    @property
    def lags(self) -> np.ndarray:
        return np.arange(len(self.pair.s2), dtype=float)

    @property
    def s2(self) -> np.ndarray:
        return self.pair.s2[None]

    @property
    def lineal_path(self) -> np.ndarray:
        return self.pair.lineal_path[None]

    @property
    def s2_mean(self) -> np.ndarray:
        return self.pair.s2

    @property
    def lineal_path_mean(self) -> np.ndarray:
        return self.pair.lineal_path


class ModelPage(QDialog):
    """Shows a model's card; nothing in it can be changed."""

    def __init__(self, parent: QWidget, name: str, card: Mapping[str, Any]) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{name} · model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(880, 620)
        record = read_record(card)
        facts = model_facts(card)
        told = record_lines(facts)
        self.picture = QLabel()
        self.picture.setAccessibleName("Exemplar")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        if record is None:
            self.picture.setText("This model keeps no picture of its exemplar.")
            self.picture.setWordWrap(True)
        else:
            self.picture.setPixmap(thumbnail(record, self.devicePixelRatioF()))
            self.picture.setToolTip(f"The exemplar, 1 pixel in {record.step} along each axis")
            self.legend.setText(_legend(record))
        # the curves are drawn, so their numbers are not repeated
        words = [line for line in told if not line.startswith(("r (pixels)", "S2 of", "L of", "exemplar:"))]
        known = {key: value for key, value in facts.items() if key not in ("exemplar", "result", "trained_range")}
        words += [line for line in lines({**known, "kind": ""})[1:] if not line.startswith("phase ")]
        self.facts = hint("\n".join(words))
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        left = QVBoxLayout()
        left.addWidget(framed(self.picture, self.legend))
        left.addWidget(framed(self.facts))
        left.addStretch(1)
        side = QWidget()
        side.setLayout(left)
        scrolled = QScrollArea()
        scrolled.setWidget(side)
        scrolled.setWidgetResizable(True)
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setFixedWidth(340)
        row = QHBoxLayout()
        row.addWidget(scrolled)
        self.curves: CurvePlot | None = None
        if record is not None:
            self.curves = CurvePlot()
            self.curves.set_pixel_size(card.get("pixel_size"))
            self.curves.set_exemplar(_Drawn(record.exemplar))
            self.curves.set_result(None if record.result is None else _Drawn(record.result))
            self.curves.axes_box.hide()
            row.addWidget(self.curves, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(row, 1)
        column.addWidget(buttons)


def thumbnail(record: ModelRecord, ratio: float) -> QPixmap:
    """The exemplar in its phases' colours, each pixel a square of whole pixels of the screen."""
    return label_pixmap(record.thumbnail, [phase.color for phase in record.phases], _PICTURE_EDGE, ratio)


def _legend(record: ModelRecord) -> str:
    from html import escape

    shares = np.bincount(record.thumbnail.reshape(-1), minlength=len(record.phases)) / record.thumbnail.size
    parts = (
        f'<span style="color:{phase.color}">■</span> {escape(phase.name)}'
        for phase, share in zip(record.phases, shares, strict=True)
        if share > 0
    )
    return "&nbsp;&nbsp; ".join(parts)
