"""What pictures and movies are made of: one volume's view, or several beside each other, each under its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from app.widgets import volume_picture
from app.widgets.slice_panes import INK
from app.widgets.volume_picture import AS_GIVEN, DARK_INK, Shot
from core.errors import InputError

if TYPE_CHECKING:
    from app.widgets.volume_grid import VolumeGrid
    from app.widgets.volume_view import VolumeView

GROUND = "#1B1D20"
"""Of the screen's canvas."""


class Stage(Protocol):
    """What a picture or a movie is made of."""

    @property
    def views(self) -> Sequence[VolumeView]:
        """The views that a movie moves, all alike."""
        ...

    @property
    def widget(self) -> QWidget:
        """What shows it on the screen, and takes no gestures while it is filmed."""
        ...

    @property
    def parts(self) -> dict[str, str]:
        """Which of `app.widgets.volume_picture.PARTS` can be chosen."""
        ...

    def hold(self, on: bool) -> None:
        """While ``on``, no view follows another: a film moves each."""
        ...

    def size_of(self, shot: Shot, even: bool = False) -> tuple[int, int]:
        """Width and height of a picture, px; ``even``: both even, as films want them."""
        ...

    def width_on_screen(self, part: str) -> int:
        """Pixels of the screen that a part is wide now."""
        ...

    def draw(
        self, shot: Shot, size: tuple[int, int] | None = None, bases: Sequence[tuple[float, float]] = ()
    ) -> np.ndarray:
        """As `app.widgets.volume_picture.draw`; ``bases``: sizes of the views' canvases, where not those of now."""
        ...


class ViewStage:
    """One volume's view."""

    def __init__(self, view: VolumeView) -> None:
        self.views = (view,)
        self.widget: QWidget = view
        self.parts = volume_picture.PARTS

    def hold(self, on: bool) -> None:
        """There is no other."""

    def size_of(self, shot: Shot, even: bool = False) -> tuple[int, int]:
        """As `Stage.size_of`."""
        return volume_picture.size_of(self.views[0], shot, even)

    def width_on_screen(self, part: str) -> int:
        """As `Stage.width_on_screen`."""
        return volume_picture.width_on_screen(self.views[0], part)

    def draw(
        self, shot: Shot, size: tuple[int, int] | None = None, bases: Sequence[tuple[float, float]] = ()
    ) -> np.ndarray:
        """As `Stage.draw`."""
        return volume_picture.draw(self.views[0], shot, size, bases[0] if bases else None)


class GridStage:
    """Volumes beside each other: the same parts of each as on screen, each below its name."""

    def __init__(self, grid: VolumeGrid) -> None:
        self._grid = grid
        self.parts = {"all": "All volumes, each with its name"}
        self.widget: QWidget = grid

    @property
    def views(self) -> Sequence[VolumeView]:
        """As `Stage.views`."""
        return self._grid.views

    def hold(self, on: bool) -> None:
        """As `Stage.hold`."""
        self._grid.held = on

    def size_of(self, shot: Shot, even: bool = False) -> tuple[int, int]:
        """As `Stage.size_of`."""
        return volume_picture.sides_of(shot, self._grid.width() / max(1, self._grid.height()), even)

    def width_on_screen(self, part: str) -> int:
        """As `Stage.width_on_screen`."""
        return max(1, round(self._grid.width() * self._grid.devicePixelRatioF()))

    def draw(
        self, shot: Shot, size: tuple[int, int] | None = None, bases: Sequence[tuple[float, float]] = ()
    ) -> np.ndarray:
        """As `Stage.draw`."""
        views, names = self.views, self._grid.names
        if any(view.scene is None for view in views):
            raise InputError("There is no 3-D view without OpenGL.")
        width, height = size or self.size_of(shot)
        across = self._grid.across
        rows = -(-len(views) // across)
        # names and gaps grow with the picture, as letters and lines in the canvases do
        times = width / max(1, self._grid.width())
        font = self._grid.font()
        font.setPixelSize(max(6, round(QFontMetricsF(font).height() * 0.8 * times)))
        line, gap = round(QFontMetricsF(font).height() * 1.25), max(2, round(6 * times))
        wide, high = (width - (across - 1) * gap) // across, (height - (rows - 1) * gap) // rows - line
        if min(wide, high) < 16:
            raise InputError(f"A picture of {width} × {height} pixels is too small for {len(views)} volumes.")
        clear = shot.ground == "transparent"
        ground = QColor(0, 0, 0, 0) if clear else QColor("white" if shot.ground == "white" else GROUND)
        page = QImage(width, height, QImage.Format.Format_RGBA8888)
        page.fill(ground)
        painter = QPainter(page)
        painter.setFont(font)
        painter.setPen(QColor(INK if shot.ground == "screen" else DARK_INK))
        one = Shot("all", wide, shot.ground, AS_GIVEN)
        try:
            for number, (view, name) in enumerate(zip(views, names, strict=True)):
                row, column = divmod(number, across)
                left, top = column * (wide + gap), row * (high + line + gap)
                text = QFontMetricsF(font).elidedText(name, Qt.TextElideMode.ElideMiddle, wide - line / 2)
                middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
                painter.drawText(QRectF(left + line / 4, top, wide - line / 4, line), middle, text)
                pixels = volume_picture.draw(view, one, (wide, high), bases[number] if bases else None)
                painter.drawImage(left, top + line, volume_picture.as_image(pixels))
        finally:
            painter.end()
        return _pixels(page, 4 if clear else 3)


def _pixels(image: QImage, channels: int) -> np.ndarray:
    rows: Any = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    found: np.ndarray = rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)[..., :channels]
    return found.copy()
