"""What the tools of a canvas are set to: one value object for all of them, and the panel that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QWidget,
)

from app.widgets.panel import Fold, card
from core.images.pixel_size import format_length
from core.images.values import Phase

LARGEST = 4000.0
"""Widest brush, in pixels."""


@dataclass(frozen=True)
class PaintOptions:
    """Settings of the tools and the editing rules.

    Attributes
    ----------
    tool
        Key of the tool in use ("move": none).
    size
        Diameter of brush and eraser, pixels.
    hardness
        0 to 1.
    tolerance
        Of the wand, grey levels.
    value
        Label, or target fraction, that is painted.
    second
        Target fraction at the other end of a gradient.
    selects
        Whether shapes and wand make a selection instead of painting.
    area
        "everywhere", "phase" (only inside `inside`) or "selection".
    grey
        Lowest and highest grey value that may be changed, or None.
    locked
        Phases that nothing changes.
    """

    tool: str = "move"
    size: float = 20.0
    hardness: float = 1.0
    tolerance: float = 10.0
    value: float = 1.0
    second: float = 0.0
    selects: bool = False
    area: str = "everywhere"
    inside: int = 0
    grey: tuple[float, float] | None = None
    locked: frozenset[int] = field(default_factory=frozenset)


class PaintOptionsPanel(QWidget):
    """Shows and changes `options`.

    Signals
    -------
    changed()
        `options` is another value now.
    """

    changed = Signal()

    def __init__(self, options: PaintOptions, *, fractions: bool = False) -> None:
        super().__init__()
        self.options = options
        self._fractions = fractions
        self._pixel_size: float | None = None
        self._phases: tuple[Phase, ...] | None = None
        self._rows: dict[str, list[QWidget]] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self._grid = grid
        self.value_box = QComboBox()
        self.value_box.currentIndexChanged.connect(lambda index: self.set(value=float(max(0, index))))
        self.value_spin, self.second_spin = self._spin(0, 1, 3, 0.05), self._spin(0, 1, 3, 0.05)
        self.value_spin.valueChanged.connect(lambda value: self.set(value=value))
        self.second_spin.valueChanged.connect(lambda value: self.set(second=value))
        if fractions:
            self._row("value", "Target fraction", self.value_spin, "Target fraction that is painted")
            self._row(
                "second",
                "Second fraction",
                self.second_spin,
                "Target fraction where the gradient ends",
            )
        else:
            self._row("value", "Paint as", self.value_box, "Phase that is painted (1 to 5; X swaps)")
        self.size_spin = self._spin(1, LARGEST, 1, 1.0, " px")
        self.size_spin.valueChanged.connect(lambda value: self.set(size=value))
        self.size_note = QLabel()
        self.size_note.setProperty("role", "hint")
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.size_spin, 1)
        line.addWidget(self.size_note)
        self._row("size", "Size", holder, "Width of the brush ([ and ], or Alt and drag)", self.size_spin)
        self.hardness = QSlider(Qt.Orientation.Horizontal)
        self.hardness.setRange(0, 100)
        self.hardness.valueChanged.connect(lambda value: self.set(hardness=value / 100))
        self._row("hardness", "Hardness", self.hardness, "Share of the brush that paints in full; labels: up to half")
        self.tolerance = self._spin(0, 1e9, 2, 1.0)
        self.tolerance.valueChanged.connect(lambda value: self.set(tolerance=value))
        self._row("tolerance", "Tolerance", self.tolerance, "How far from the clicked value the wand still selects")
        self.selects = QCheckBox("Make a selection instead of painting")
        self.selects.setToolTip("Rectangle, ellipse, polygon, lasso and wand then choose where the others may paint")
        self.selects.toggled.connect(self._select)
        grid.addWidget(self.selects, grid.rowCount(), 0, 1, 2)
        self._rows["selects"] = [self.selects]
        self._build_rules()
        self._show()

    def _build_rules(self) -> None:
        fold = Fold("Editing rules")
        inner = QWidget()
        rules = QGridLayout(inner)
        rules.setContentsMargins(0, 0, 0, 0)
        rules.setColumnStretch(1, 1)
        self.area = QComboBox()
        self.area.setAccessibleName("Editable area")
        self.area.setToolTip("Where any tool may change something")
        self.area.currentIndexChanged.connect(self._choose_area)
        rules.addWidget(QLabel("Editable"), 0, 0)
        rules.addWidget(self.area, 0, 1)
        self.grey = QCheckBox("Grey from")
        self.grey.setToolTip("Only pixels with a grey value in this range may be changed")
        self.grey_low, self.grey_high = self._spin(-1e9, 1e9, 2, 1.0), self._spin(-1e9, 1e9, 2, 1.0)
        self.grey_low.setAccessibleName("Lowest grey value that may be changed")
        self.grey_high.setAccessibleName("Highest grey value that may be changed")
        for spin in (self.grey_low, self.grey_high):
            spin.setToolTip(spin.accessibleName())
            spin.setMinimumWidth(60)
            spin.valueChanged.connect(lambda _value: self._grey_changed())
        self.grey.toggled.connect(lambda _on: self._grey_changed())
        both = QWidget()
        line = QHBoxLayout(both)
        line.setContentsMargins(0, 0, 0, 0)
        for widget in (self.grey_low, QLabel("to"), self.grey_high):
            line.addWidget(widget, 1 if isinstance(widget, QDoubleSpinBox) else 0)
        self._grey_row = [self.grey, both]
        rules.addWidget(self.grey, 1, 0)
        rules.addWidget(both, 1, 1)
        self._locks = QWidget()
        self._lock_column = QGridLayout(self._locks)
        self._lock_column.setContentsMargins(0, 0, 0, 0)
        rules.addWidget(self._locks, 2, 0, 1, 2)
        self.locks: list[QCheckBox] = []
        frame: QFrame = card(inner)
        fold.column.addWidget(frame)
        self._grid.addWidget(fold, self._grid.rowCount(), 0, 1, 2)
        self.rules = fold

    @staticmethod
    def _spin(low: float, high: float, decimals: int, step: float, suffix: str = "") -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setDecimals(decimals)
        spin.setRange(low, high)
        spin.setSingleStep(step)
        spin.setSuffix(suffix)
        spin.setKeyboardTracking(False)
        return spin

    def _row(self, name: str, title: str, widget: QWidget, tip: str, control: QWidget | None = None) -> None:
        label = QLabel(title)
        place = self._grid.rowCount()
        self._grid.addWidget(label, place, 0)
        self._grid.addWidget(widget, place, 1)
        (control or widget).setToolTip(tip)
        (control or widget).setAccessibleName(title)
        label.setToolTip(tip)
        self._rows[name] = [label, widget]

    # --- what is set ---------------------------------------------------------------------------------------------

    def set(self, **changes: Any) -> None:
        """Change some options."""
        if "size" in changes:
            changes["size"] = min(max(1.0, float(changes["size"])), LARGEST)
        options = replace(self.options, **changes)
        if options != self.options:
            self.options = options
            self._show()
            self.changed.emit()

    def set_pixel_size(self, metres: float | None) -> None:
        """Metres per pixel: the brush's width is said in both."""
        self._pixel_size = metres
        self._show()

    def set_phases(self, phases: Sequence[Phase]) -> None:
        """Phases to paint as, to paint inside of, to lock."""
        if tuple(phases) == self._phases:
            return
        self._phases = tuple(phases)
        count = len(phases)
        for check in self.locks:
            self._lock_column.removeWidget(check)
            check.deleteLater()
        self.locks = []
        for label, phase in enumerate(phases):
            check = QCheckBox(f"Lock {phase.name}")
            check.setToolTip(f"No tool changes {phase.name}")
            check.setChecked(label in self.options.locked)
            check.toggled.connect(lambda on, label=label: self._lock(label, on))
            self._lock_column.addWidget(check, label // 2, label % 2)
            self.locks.append(check)
        with QSignalBlocker(self.value_box):
            self.value_box.clear()
            self.value_box.addItems([phase.name for phase in phases])
        with QSignalBlocker(self.area):
            self.area.clear()
            self.area.addItem("Everywhere", ("everywhere", 0))
            for label, phase in enumerate(phases):
                self.area.addItem(f"Inside {phase.name}", ("phase", label))
            self.area.addItem("Inside the selection", ("selection", 0))
        changes: dict[str, Any] = {"locked": frozenset(lock for lock in self.options.locked if lock < count)}
        if self.options.area == "phase" and self.options.inside >= count:
            changes["area"] = "everywhere"
        if not self._fractions and count and self.options.value >= count:
            changes["value"] = float(count - 1)
        self.set(**changes)
        self._show()

    def _lock(self, label: int, on: bool) -> None:
        locked = self.options.locked
        self.set(locked=locked | {label} if on else locked - {label})

    def _choose_area(self, index: int) -> None:
        found = self.area.itemData(index)
        if found is not None:
            self.set(area=found[0], inside=found[1])

    def _grey_changed(self) -> None:
        low, high = sorted((self.grey_low.value(), self.grey_high.value()))
        self.set(grey=(low, high) if self.grey.isChecked() else None)

    def _select(self, on: bool) -> None:
        self.set(selects=on)

    def show_grey(self, low: float, high: float) -> None:
        """The picture's grey range, where the rule is off; None of it where there is no picture."""
        if self.options.grey is None:
            for spin, value in ((self.grey_low, low), (self.grey_high, high)):
                with QSignalBlocker(spin):
                    spin.setValue(value)

    def hide_grey(self) -> None:
        """There are no grey values here, so no rule about them."""
        for widget in self._grey_row:
            widget.hide()

    def _show(self) -> None:
        options = self.options
        tool = options.tool
        shapes = tool in ("rectangle", "ellipse", "polygon", "lasso", "wand")
        shown = {
            "value": tool not in ("eraser", "move") and not (shapes and options.selects),
            "second": tool in ("gradient", "radial"),
            "size": tool in ("brush", "eraser"),
            "hardness": tool in ("brush", "eraser"),
            "tolerance": tool == "wand" or (tool == "fill" and self._fractions),
            "selects": shapes,
        }
        for name, visible in shown.items():
            for widget in self._rows.get(name, []):
                widget.setVisible(visible)
        self.rules.setVisible(tool not in ("move", "picker"))
        blocked = [
            QSignalBlocker(control)
            for control in (
                self.value_box, self.value_spin, self.second_spin, self.size_spin, self.hardness, self.tolerance,
                self.selects, self.area, self.grey,
            )
        ]  # fmt: skip
        self.value_box.setCurrentIndex(int(options.value) if not self._fractions else 0)
        self.value_spin.setValue(min(1.0, options.value))
        self.second_spin.setValue(options.second)
        self.size_spin.setValue(options.size)
        self.hardness.setValue(round(100 * options.hardness))
        self.tolerance.setValue(options.tolerance)
        self.selects.setChecked(options.selects)
        wanted = (options.area, options.inside if options.area == "phase" else 0)
        for index in range(self.area.count()):
            if tuple(self.area.itemData(index)) == wanted:
                self.area.setCurrentIndex(index)
        self.grey.setChecked(options.grey is not None)
        del blocked
        size = self._pixel_size
        self.size_note.setText("" if size is None else f"= {format_length(options.size * size)}")
