"""The views that a movie flies through, as a list: added as one looks now, put in order, taken away, looked at."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QGridLayout, QListWidget, QPushButton, QVBoxLayout, QWidget

from app.widgets.key_views import KeyView, look, view_of_now
from app.widgets.panel import Fold, hint
from app.widgets.volume_view import VolumeView

ROWS = 5
"""Views that the list shows at once."""
EMPTY = "Turn the volume, add the view, turn on: *Movie …* flies through the views of this list."


class KeyViewList(QWidget):
    """Keeps the views of one `VolumeView`, in `app.widgets.volume_view.VolumeView.key_views`.

    Signals
    -------
    edited(name)
        A gesture called ``name`` has changed the list.
    looked()
        The volume is looked at, and cut, as a view of the list says.
    """

    edited = Signal(str)
    looked = Signal()

    def __init__(self, view: VolumeView) -> None:
        super().__init__()
        self._view = view
        self.fold = Fold("Views for a movie")
        self.add = _button("Add this view", "Put how you look now below the chosen view of the list", self._add)
        self.list = QListWidget()
        self.list.setAccessibleName("Views that the movie flies through")
        self.list.setToolTip("Views that the movie flies through, from the top; a double click looks as one does")
        self.list.itemDoubleClicked.connect(lambda _: self._look())
        self.list.currentRowChanged.connect(lambda _: self._check())
        self.show_it = _button("Look", "Look as the chosen view does", self._look)
        self.up = _button("Up", "Fly through the chosen view earlier", lambda: self._move(-1), "Move the view up")
        self.down = _button("Down", "Fly through the chosen view later", lambda: self._move(1), "Move the view down")
        self.remove = _button("Remove", "Take the chosen view out of the list", self._remove, "Remove the view")
        self.told = hint(EMPTY.replace("*", ""))
        grid = QGridLayout()
        for place, button in enumerate((self.show_it, self.up, self.down, self.remove)):
            grid.addWidget(button, place // 2, place % 2)
        body = self.fold.column
        body.addWidget(self.told)
        body.addWidget(self.add)
        body.addWidget(self.list)
        body.addLayout(grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.setEnabled(view.scene is not None)
        self._show((), -1)

    def _add(self) -> None:
        if self._view.scene is None or self._view.labels is None:
            return
        keys, place = self._view.key_views, self.list.currentRow() + 1
        self._show((*keys[:place], view_of_now(self._view), *keys[place:]), place)
        self.edited.emit("add a view")

    def _look(self) -> None:
        if 0 <= self.list.currentRow() < len(self._view.key_views) and self._view.scene is not None:
            look(self._view, self._view.key_views[self.list.currentRow()])
            self.looked.emit()

    def _move(self, by: int) -> None:
        place, keys = self.list.currentRow(), list(self._view.key_views)
        if 0 <= place < len(keys) and 0 <= place + by < len(keys):
            keys[place], keys[place + by] = keys[place + by], keys[place]
            self._show(tuple(keys), place + by)
            self.edited.emit("move a view")

    def _remove(self) -> None:
        place, keys = self.list.currentRow(), self._view.key_views
        self._show((*keys[:place], *keys[place + 1 :]), min(place, len(keys) - 2))
        self.edited.emit("remove a view")

    def refresh(self) -> None:
        """Take over the view's list; the chosen line stays where it is, or is the last one."""
        keys = self._view.key_views
        self._show(keys, min(max(0, self.list.currentRow()), len(keys) - 1))

    def _show(self, keys: tuple[KeyView, ...], place: int) -> None:
        self._view.key_views = keys
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItems([words_of(number, key) for number, key in enumerate(keys, 1)])
            self.list.setCurrentRow(place)
        row = max(self.list.sizeHintForRow(0), self.fontMetrics().height())
        self.list.setFixedHeight(row * min(ROWS, max(1, len(keys))) + 2 * self.list.frameWidth() + 2)
        for widget in (self.list, self.show_it, self.up, self.down, self.remove):
            widget.setVisible(bool(keys))
        self.told.setVisible(len(keys) < 2)
        self._check()

    def _check(self) -> None:
        place, count = self.list.currentRow(), self.list.count()
        self.up.setEnabled(place > 0)
        self.down.setEnabled(0 <= place < count - 1)
        for button in (self.show_it, self.remove):
            button.setEnabled(place >= 0)


def words_of(number: int, key: KeyView) -> str:
    """A view in few words."""
    text = f"{number}. {round(key.azimuth) % 360}°, height {round(key.elevation)}°, zoom {1.25 / key.width:.2g} ×"
    return f"{text}, cut" if key.cuts else text


def _button(text: str, tip: str, slot: object, name: str = "") -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or text)
    button.clicked.connect(lambda _=False: slot())  # type: ignore[operator]
    return button
