"""A layout that breaks into as many rows as the width asks for, as words in a paragraph do."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem


class Flow(QLayout):
    """Its narrowest width is that of the widest item; its height follows the width.

    Parameters
    ----------
    spacing
        Between items and between rows, device-independent pixels.
    aligned
        Where a row stands: at the left, in the middle, or at the right.
    """

    def __init__(self, spacing: int, aligned: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> None:
        super().__init__()
        shares = {Qt.AlignmentFlag.AlignHCenter: 0.5, Qt.AlignmentFlag.AlignRight: 1.0}
        self._share = shares.get(aligned, 0.0)
        self._items: list[QLayoutItem] = []
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Append an item; Qt calls this."""
        self._items.append(item)

    def count(self) -> int:
        """Number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        """The item at a place, or None."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        """Take an item out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It takes no more than it is given."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Fewer items fit into a narrower row."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of all rows at a width."""
        return self._place(QRect(0, 0, width, 1 << 20), moved=False)

    def setGeometry(self, rectangle: QRect) -> None:
        """Put the items into their rows."""
        super().setGeometry(rectangle)
        self._place(rectangle, moved=True)

    def sizeHint(self) -> QSize:
        """All in one row."""
        hints = [item.sizeHint() for item in self._items]
        gaps = self.spacing() * max(0, len(hints) - 1)
        return self._with_margins(
            QSize(sum(hint.width() for hint in hints) + gaps, max((hint.height() for hint in hints), default=0))
        )

    def minimumSize(self) -> QSize:
        """The largest item alone."""
        found = QSize()
        for item in self._items:
            found = found.expandedTo(item.minimumSize())
        return self._with_margins(found)

    def _with_margins(self, size: QSize) -> QSize:
        return size.grownBy(self.contentsMargins())

    def _place(self, rectangle: QRect, *, moved: bool) -> int:
        """Fill row after row; the height that they take."""
        rectangle = rectangle.marginsRemoved(self.contentsMargins())
        gap, y = self.spacing(), rectangle.top()
        waiting = list(self._items)
        while waiting:
            row = [waiting.pop(0)]
            width = row[0].sizeHint().width()
            while waiting and width + gap + waiting[0].sizeHint().width() <= rectangle.width():
                row.append(waiting.pop(0))
                width += gap + row[-1].sizeHint().width()
            tall = max(item.sizeHint().height() for item in row)
            x = rectangle.left() + max(0, int(self._share * (rectangle.width() - width)))
            for item in row:
                size = QSize(item.sizeHint().width(), tall)
                if moved:
                    item.setGeometry(QRect(QPoint(x, y), size))
                x += size.width() + gap
            y += tall + gap
        margins = self.contentsMargins()
        return max(0, y - gap - rectangle.top()) + margins.top() + margins.bottom()
