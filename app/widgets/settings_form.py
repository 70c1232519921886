"""A form made from a settings dataclass: the same description makes the command line, the report and this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.widgets.choice_words import words_of
from app.widgets.number_box import NumberBox, places_of
from app.widgets.panel import Fold, hint
from core.settings import Setting, describe, problems

_WIDE = 10**9
_AUTOMATIC = words_of(None)
_LABEL = "Volume fraction"
"""The widest label that stands in one line of the narrowest panel: longer ones wrap."""


class _Row:
    """Label, control, reset dot and (where wrong) a sentence below."""

    def __init__(self, form: SettingsForm, spec: Setting, baseline: Any) -> None:
        self.spec, self.baseline = spec, baseline
        self.form = form
        self.label = QLabel(spec.label)
        tip = spec.help + (f" ({_range(spec)})" if _range(spec) else "")
        self.label.setToolTip(tip)
        self.label.setWordWrap(True)
        self.control = self._make()
        self.control.setToolTip(tip)
        self.control.setAccessibleName(spec.label)
        self.control.setObjectName(spec.name)
        self.label.setBuddy(self.control)
        self.dot = QToolButton()
        self.dot.setText("●")
        self.dot.setAutoRaise(True)
        self.dot.setAccessibleName(f"Reset {spec.label}")
        self.dot.clicked.connect(lambda: form.changed.emit(spec.name, self.baseline))
        policy = self.dot.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.dot.setSizePolicy(policy)
        self.wrong = hint()
        self.wrong.setProperty("role", "error")
        self.wrong.hide()

    def put(self, grid: QGridLayout, line: int) -> None:
        """Into two lines of ``grid``."""
        grid.addWidget(self.label, line, 0)
        grid.addWidget(self.control, line, 1)
        grid.addWidget(self.dot, line, 2)
        grid.addWidget(self.wrong, line + 1, 0, 1, 3)

    def drop(self) -> None:
        """Gone from now on."""
        for widget in (self.label, self.control, self.dot, self.wrong):
            widget.hide()  # until it is deleted it would lie under the others
            widget.deleteLater()

    def _make(self) -> QWidget:
        spec = self.spec

        def emit(value: Any) -> None:
            self.form.changed.emit(spec.name, value)

        if spec.kind is bool:
            box = QCheckBox()
            box.toggled.connect(emit)
            return box
        if spec.choices:
            combo = QComboBox()
            for choice in (*((None,) if spec.optional else ()), *spec.choices):
                combo.addItem(words_of(choice, spec.unit), choice)
            combo.currentIndexChanged.connect(lambda index: emit(combo.itemData(index)))
            # as wide as the panel leaves it; the list is as wide as its longest entry
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(8)
            combo.view().setMinimumWidth(combo.view().sizeHintForColumn(0) + 24)
            return combo
        if spec.optional or spec.kind is str:
            line = QLineEdit()
            line.setPlaceholderText(_AUTOMATIC if spec.optional else "")
            line.editingFinished.connect(lambda: emit(self._parse(line.text())))
            return line
        if spec.kind is int:
            spin = QSpinBox()
            spin.setRange(int(spec.minimum if spec.minimum is not None else -_WIDE), int(spec.maximum or _WIDE))
            spin.valueChanged.connect(emit)
        else:
            known = (spec.default, self.baseline, spec.minimum, spec.maximum)
            spin = NumberBox(max(places_of(value) for value in known))  # type: ignore[assignment]
            low = spec.minimum if spec.minimum is not None else -_WIDE
            spin.setRange(low, _WIDE if spec.maximum is None else spec.maximum)  # type: ignore[arg-type]
            spin.valueChanged.connect(emit)
        spin.setKeyboardTracking(False)
        if spec.unit:
            spin.setSuffix(f" {spec.unit}")
        return spin

    def _parse(self, text: str) -> Any:
        text = text.strip()
        if not text or text.lower() == _AUTOMATIC.lower():
            return None if self.spec.optional else ""
        if self.spec.kind is str:
            return text
        text = text.removesuffix(self.spec.unit).strip() or text
        try:
            return self.spec.kind(text)
        except ValueError:
            return text  # shown as wrong beside the control, and nothing runs with it

    def _written(self, value: Any) -> str:
        """A value with its unit, in the words of the control; empty where the program chooses."""
        if value is None or isinstance(value, bool):
            return {None: "", True: "on", False: "off"}[value]
        if self.spec.choices:
            return words_of(value, self.spec.unit)
        number = isinstance(value, (int, float))
        return f"{value:.10g} {self.spec.unit}".strip() if number else str(value)

    def show(self, value: Any, wrong: str) -> None:
        with QSignalBlocker(self.control):
            if isinstance(self.control, QCheckBox):
                self.control.setChecked(bool(value))
            elif isinstance(self.control, QComboBox):
                self.control.setCurrentIndex(max(0, self.control.findData(value)))
            elif isinstance(self.control, (QSpinBox, QDoubleSpinBox)):
                self.control.setValue(value)
            elif isinstance(self.control, QLineEdit):
                self.control.setText(self._written(value))
        default = self._written(self.baseline) or _AUTOMATIC
        self.dot.setToolTip(f"Changed from {default}; click to reset")
        self.dot.setVisible(value != self.baseline)
        self.wrong.setText(wrong)
        self.wrong.setVisible(bool(wrong))


def _range(spec: Setting) -> str:
    unit = f" {spec.unit}" if spec.unit else ""
    if spec.minimum is not None and spec.maximum is not None:
        return f"{spec.minimum:g} to {spec.maximum:g}{unit}"
    if spec.minimum is not None:
        return f"at least {spec.minimum:g}{unit}"
    return f"at most {spec.maximum:g}{unit}" if spec.maximum is not None else ""


class SettingsForm(QWidget):
    """Shows settings and reports changes; it holds no value of its own.

    Signals
    -------
    changed(name, value)
        The user asks for another value; the owner decides and calls `show_settings`.
    """

    changed = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._more = Fold("More")
        self._grids: list[QGridLayout] = []
        for place in (column, self._more.column):
            holder = QWidget()
            grid = QGridLayout(holder)
            grid.setContentsMargins(0, 0, 0, 0)
            grid.setVerticalSpacing(4)
            grid.setColumnStretch(1, 1)
            place.addWidget(holder)
            self._grids.append(grid)
        column.addWidget(self._more)
        self._more.hide()
        self._rows: dict[str, _Row] = {}
        self._shape: tuple[Any, ...] = ()

    def show_settings(self, settings: Any, baseline: Any, only: tuple[str, ...] = ()) -> None:
        """Show ``settings`` (all, or the fields named in ``only``); dots mark what differs from ``baseline``."""
        specs = [spec for spec in describe(settings) if not only or spec.name in only]
        shape = (type(settings), baseline, tuple(spec.name for spec in specs))
        if shape != self._shape:
            self._build(type(settings), specs, baseline)
            self._shape = shape
        wrong = problems(settings)
        for name, row in self._rows.items():
            row.show(getattr(settings, name), wrong.get(name, ""))

    def values(self) -> Mapping[str, QWidget]:
        """The controls by field name."""
        return {name: row.control for name, row in self._rows.items()}

    def _build(self, kind: type, specs: list[Setting], baseline: Any) -> None:
        """Rows for ``specs``. Those that were there stay what they are: one of them may have the focus."""
        kept = self._rows if self._shape and self._shape[:2] == (kind, baseline) else {}
        for name, row in self._rows.items():
            if name not in kept or not any(spec == row.spec for spec in specs):
                row.drop()
        for grid in self._grids:
            while grid.count():
                grid.takeAt(0)
        self._rows = {}
        for advanced, grid in enumerate(self._grids):
            for spec in (spec for spec in specs if spec.advanced == bool(advanced)):
                row = kept[spec.name] if spec.name in kept else _Row(self, spec, getattr(baseline, spec.name))
                self._rows[spec.name] = row
                row.put(grid, 2 * len(self._rows))
        self._more.setVisible(any(spec.advanced for spec in specs))
        metrics = self.fontMetrics()
        room = metrics.horizontalAdvance(_LABEL)
        widest = max((metrics.horizontalAdvance(row.spec.label) for row in self._rows.values()), default=0)
        for grid in self._grids:  # one below the other, their controls begin at the same place
            grid.setColumnMinimumWidth(0, min(room, widest) + 1)
