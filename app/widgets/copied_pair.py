"""The sample that came nearest to the training data, beside the part of these that it is nearest to."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.widgets.column import column_of
from app.widgets.label_picture import label_pixmap
from app.widgets.panel import hint
from core.reconstruction.diffusion.copying import Copying

_SIDE = 96
"""Of the two pictures, in the screen's own measure."""
_PAIR = (
    ("Sample", "The one of the model's samples that came nearest to the training data"),
    ("Nearest in the data", "The part of the training data that this sample is nearest to"),
)


class CopiedPair(QWidget):
    """Hidden where a model's card holds no such `pictures`."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("The sample nearest to the training data, and its nearest part of these")
        self.pictures = [QLabel(), QLabel()]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        for picture, (words, tip) in zip(self.pictures, _PAIR, strict=True):
            picture.setAccessibleName(words)
            picture.setToolTip(tip)
            caption = hint(words)
            row.addWidget(column_of(picture, caption, growing=caption))
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_pair(self, copied: Copying | None, colors: Sequence[str]) -> None:
        """Draw what a card tells, in the ``colors`` of its labels or greys."""
        found = [] if copied is None else [copied.sample, copied.nearest]
        drawn = [labels for labels in found if labels is not None and int(labels.max()) < len(colors)]
        for picture, labels in zip(self.pictures, drawn, strict=False):
            picture.setPixmap(label_pixmap(labels, colors, _SIDE, self.devicePixelRatioF(), whole=False))
        self.setVisible(len(drawn) == len(self.pictures))
