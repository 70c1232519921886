"""The layers of a mask, topmost first: on or off, order, new ones, and what the chosen one is set to."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets.focus_frame import FocusFrame
from core.masks.design import OPERATIONS, Layer, MaskDesign


class LayerList(QWidget):
    """Shows a design's layers; holds nothing but which one is chosen.

    Signals
    -------
    chosen(place)
        Another layer is worked on; places count from the lowest.
    toggled(place, on), moved(place, up), removed(place), copied(place)
        What the user asks for.
    """

    chosen = Signal(int)
    toggled = Signal(int, bool)
    moved = Signal(int, bool)
    removed = Signal(int)
    copied = Signal(int)

    def __init__(self, menu: QMenu) -> None:
        super().__init__()
        self.list = QListWidget()
        self.list.setAccessibleName("Layers of the mask, topmost first")
        self.list.setToolTip("Layers, topmost first; the check box switches one on and off")
        self._focus = FocusFrame(self.list)  # its chosen row looks the same with and without
        self.list.currentRowChanged.connect(self._chosen)
        self.list.itemChanged.connect(
            lambda item: self.toggled.emit(self._place(self.list.row(item)), item.checkState() == Qt.CheckState.Checked)
        )
        self.add = QPushButton("Add a layer")
        self.add.setMenu(menu)
        self.add.setToolTip("A uniform fraction, gradient, bands, a solid, blobs, painting, or a file")
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self.add, 1)
        self.buttons: dict[str, QToolButton] = {}
        for key, text, tip in (
            ("up", "▲", "Move the layer up"), ("down", "▼", "Move the layer down"),
            ("copy", "❐", "Copy the layer"), ("remove", "✕", "Remove the layer (can be undone)"),
        ):  # fmt: skip
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(lambda _checked=False, key=key: self._asked(key))
            row.addWidget(button)
            self.buttons[key] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        column.addLayout(row)
        self._count = 0

    def _place(self, row: int) -> int:
        return self._count - 1 - row

    @property
    def place(self) -> int:
        """Of the layer that is worked on, or -1."""
        row = self.list.currentRow()
        return self._place(row) if row >= 0 else -1

    def _chosen(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(self._place(row))

    def _asked(self, key: str) -> None:
        place = self.place
        if place < 0:
            return
        if key in ("up", "down"):
            self.moved.emit(place, key == "up")
        else:
            (self.copied if key == "copy" else self.removed).emit(place)

    def show_design(self, design: MaskDesign, place: int) -> None:
        """Take over names, checks and the chosen layer."""
        with QSignalBlocker(self.list):
            self._count = len(design.layers)
            while self.list.count() > self._count:
                self.list.takeItem(self.list.count() - 1)
            while self.list.count() < self._count:
                item = QListWidgetItem()
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                self.list.addItem(item)
            for row in range(self._count):
                layer = design.layers[self._place(row)]
                words = "" if layer.operation == "replace" else f"  ({layer.operation})"
                item = self.list.item(row)
                item.setText(layer.name + words)
                item.setToolTip(f"{layer.source.title}, {layer.operation}, opacity {100 * layer.opacity:.0f} %")
                item.setCheckState(Qt.CheckState.Checked if layer.shown else Qt.CheckState.Unchecked)
            self.list.setCurrentRow(self._count - 1 - place if 0 <= place < self._count else -1)
        line = self.list.sizeHintForRow(0) if self._count else self.fontMetrics().height()
        self.list.setFixedHeight(min(6, max(2, self._count)) * line + 6)
        for key, there in (("up", place < self._count - 1), ("down", place > 0), ("copy", True), ("remove", True)):
            self.buttons[key].setEnabled(there and 0 <= place < self._count)


class LayerForm(QWidget):
    """How the chosen layer meets what lies below.

    Signals
    -------
    changed(name, value, finished)
        Another value of a field of the layer is asked for; ``finished`` is False while a slider is dragged.
    """

    changed = Signal(str, object, bool)

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self.name = QLineEdit()
        self.name.editingFinished.connect(self._named)
        self.operation = QComboBox()
        self.operation.addItems([word.capitalize() for word in OPERATIONS])
        self.operation.currentIndexChanged.connect(lambda index: self._say("operation", OPERATIONS[index]))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.valueChanged.connect(
            lambda value: self._say("opacity", value / 100, not self.opacity.isSliderDown())
        )
        self.opacity.sliderReleased.connect(lambda: self._say("opacity", self.opacity.value() / 100))
        self.smoothing = self._spin(0.5, 3, 0.01)
        self.smoothing.valueChanged.connect(lambda value: self._say("smoothing", value))
        self.inverted = QCheckBox("Invert")
        self.inverted.toggled.connect(lambda on: self._say("inverted", on))
        self.levelled = QCheckBox("Levels")
        self.low, self.high = self._spin(1.0, 2, 0.05), self._spin(1.0, 2, 0.05)
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        for part in (self.low, QLabel("to"), self.high):
            line.addWidget(part, 1 if isinstance(part, QDoubleSpinBox) else 0)
        self.levelled.toggled.connect(lambda _on: self._levels())
        self.low.valueChanged.connect(lambda _value: self._levels())
        self.high.valueChanged.connect(lambda _value: self._levels())
        self._both = both
        rows: tuple[tuple[str | QCheckBox, QWidget, str], ...] = (
            ("Name", self.name, "What to call the layer"),
            ("Operation", self.operation, "How the layer meets what lies below it"),
            ("Opacity", self.opacity, "Share of the layer in the mixture with what lies below"),
            ("Smoothing", self.smoothing, "Blur, as a share of the volume's edges"),
            ("", self.inverted, "One minus the layer's fraction"),
            (self.levelled, both, "What the layer's lowest and highest value become"),
        )
        for title, widget, tip in rows:
            place = grid.rowCount()
            label = QLabel(title) if isinstance(title, str) else title
            label.setToolTip(tip)
            widget.setToolTip(tip)
            widget.setAccessibleName(title if isinstance(title, str) and title else tip)
            grid.addWidget(label, place, 0)
            grid.addWidget(widget, place, 1)
        self.low.setAccessibleName("What the lowest value becomes")
        self.high.setAccessibleName("What the highest value becomes")
        for spin in (self.low, self.high):
            spin.setToolTip(spin.accessibleName())
        self._layer: Layer | None = None

    @staticmethod
    def _spin(high: float, decimals: int, step: float) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setRange(0, high)
        spin.setDecimals(decimals)
        spin.setSingleStep(step)
        spin.setKeyboardTracking(False)
        return spin

    def _say(self, name: str, value: Any, finished: bool = True) -> None:
        if self._layer is not None:
            self.changed.emit(name, value, finished)

    def _named(self) -> None:
        if self._layer is not None and self.name.text().strip() not in ("", self._layer.name):
            self._say("name", self.name.text().strip())

    def _levels(self) -> None:
        self._say("levels", (self.low.value(), self.high.value()) if self.levelled.isChecked() else None)

    def show_layer(self, layer: Layer) -> None:
        """Take over its values."""
        self._layer = None  # what is set here is no gesture
        self.name.setText(layer.name)
        self.operation.setCurrentIndex(OPERATIONS.index(layer.operation))
        self.opacity.setValue(round(100 * layer.opacity))
        self.smoothing.setValue(layer.smoothing)
        self.inverted.setChecked(layer.inverted)
        self.levelled.setChecked(layer.levels is not None)
        self._both.setEnabled(layer.levels is not None)
        low, high = layer.levels or (0.0, 1.0)
        self.low.setValue(low)
        self.high.setValue(high)
        self._layer = layer
