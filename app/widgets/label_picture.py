"""Labels as a picture in their phases' colours: of a list, a table or a dialog."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QIcon, QImage, QPixmap, qRgb

from core.images.values import Phase

GREYS = tuple(f"#{level:02x}{level:02x}{level:02x}" for level in range(256))
"""Colours of "labels" that are 256 greys."""
GREY_PHASES = tuple(Phase(f"grey {level} of 255", color) for level, color in enumerate(GREYS))
"""Such labels as what shows phases takes them."""


def label_pixmap(labels: np.ndarray, colors: Sequence[str], side: int, ratio: float, *, whole: bool = True) -> QPixmap:
    """A picture of labels.

    Parameters
    ----------
    labels
        Shape (rows, columns), uint8.
    colors
        One a label, ``#RRGGBB``.
    side
        The longer side of the picture, in the screen's own measure.
    ratio
        Pixels of the screen in one of that measure.
    whole
        Whether each label is a square of whole pixels of the screen: as large as fits into ``side``.
    """
    rows, columns = labels.shape
    flat = np.ascontiguousarray(labels)
    image = QImage(flat.data, columns, rows, columns, QImage.Format.Format_Indexed8)
    image.setColorTable([qRgb(*(int(color[place : place + 2], 16) for place in (1, 3, 5))) for color in colors])
    times = round(side * ratio) / max(rows, columns)
    if whole:
        times = max(1, int(times))
    pixmap = QPixmap.fromImage(image.scaled(round(columns * times), round(rows * times)))
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def label_icon(labels: np.ndarray, colors: Sequence[str], side: int, ratio: float) -> QIcon:
    """The same for a line of a list: exactly ``side`` long."""
    pixmap = label_pixmap(labels, colors, side, ratio, whole=False)
    icon = QIcon(pixmap)
    # a chosen line tints its picture otherwise
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
