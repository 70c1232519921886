"""What a run learns from: the phase image, small, with its fractions."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout

from app.widgets.panel import shortened
from core.images.values import PhaseImage


class ExemplarCard(QFrame):
    """A card with a picture and a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.thumbnail = QLabel()
        self.thumbnail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = QLabel()
        self.text.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        column.addWidget(self.thumbnail)
        column.addWidget(self.text)

    def show_image(self, image: PhaseImage | None, missing: str) -> None:
        """Show ``image``, or say what is ``missing``."""
        if image is None:
            self.thumbnail.clear()
            self.text.setText(missing)
            return
        colors = thumbnail_levels(image)
        picture = QImage(
            colors.data, colors.shape[1], colors.shape[0], 3 * colors.shape[1], QImage.Format.Format_RGB888
        )
        self.thumbnail.setPixmap(
            QPixmap.fromImage(picture).scaled(
                240, 120, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        )
        # a line ends between two phases, not between a phase and its share
        found = zip(image.phases, image.fractions, strict=True)
        shares = [f"{phase.name} {100 * share:.1f} %".replace(" ", "\u00a0") for phase, share in found]
        rows, columns = image.shape
        self.text.setToolTip(image.name)
        self.text.setText(f"{shortened(image.name)}\n{columns} × {rows} pixels: {', '.join(shares)}")


def thumbnail_levels(image: PhaseImage) -> np.ndarray:
    """Colours of a phase image, (Y, X, 3) uint8, thinned to at most about 240 pixels a side."""
    step = max(1, max(image.shape) // 240)
    table = np.array([[int(phase.color[i : i + 2], 16) for i in (1, 3, 5)] for phase in image.phases], dtype=np.uint8)
    return np.ascontiguousarray(table[image.labels[::step, ::step]])
