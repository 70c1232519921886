"""Another volume from the model at hand: another fraction of the range it serves, or on the way to another seed.

A small preview follows what is asked for.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from app.jobs import Latest
from app.session import Result
from app.widgets.panel import hint
from app.workspaces.inspect.towards_choice import TowardsChoice

PREVIEW_EDGE = 64
_STEPS = 1000


class FractionCard(QWidget):
    """Hidden unless the result's model serves a range of volume fractions, or can pass into another seed.

    Signals
    -------
    previewed(volume, fraction)
        A small volume of what is asked for, with the volume fraction that was asked for.
    wanted(result, changes)
        The whole volume is asked for: the result's plan with these fields changed.
    failed(error)
        A preview could not be made.
    """

    previewed = Signal(object, float)
    wanted = Signal(object, object)
    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._low, self._high = 0.0, 1.0
        self._ranges = False
        self.words = ""
        """What the last preview shows."""
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setAccessibleName("Volume fraction of the preview")
        self.slider.setToolTip("Any volume fraction that this model was trained for; the view shows a small volume")
        self.slider.valueChanged.connect(lambda step: self._set(self._low + step / _STEPS * (self._high - self._low)))
        self.spin = QDoubleSpinBox()
        self.spin.setSuffix(" %")
        self.spin.setDecimals(1)
        self.spin.setSingleStep(0.5)
        self.spin.setAccessibleName("Volume fraction")
        self.spin.setToolTip(self.slider.toolTip())
        self.spin.setKeyboardTracking(False)
        self.spin.valueChanged.connect(lambda percent: self._set(percent / 100))
        self.reach = hint()
        self.build = QPushButton("Build this volume")
        self.build.setToolTip("Make the whole volume, as large as the result, without training again")
        self.build.clicked.connect(self._build)
        self.towards = TowardsChoice()
        self.towards.changed.connect(self._ask)
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.spin)
        self._fractions = QWidget()
        rows = QVBoxLayout(self._fractions)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(QLabel("Volume fraction"))
        rows.addLayout(row)
        rows.addWidget(self.reach)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._fractions)
        column.addWidget(self.towards)
        column.addWidget(self.build)
        self._maker = Latest(self)
        self._maker.answered.connect(self._answered)
        self._maker.failed.connect(self.failed.emit)

    @property
    def fraction(self) -> float:
        """Where the slider stands."""
        return self.spin.value() / 100

    def show_result(self, result: Result | None) -> None:
        """Offer what the result's model serves."""
        self._maker.forget()
        served = getattr(result.model, "served", None) if result is not None else None
        self._result = result
        self._ranges = served is not None and served[0] < served[1]
        passes = result is not None and passes_into_seeds(result.model)
        self.setVisible(self._ranges or passes)
        self._fractions.setVisible(self._ranges)
        self.towards.setVisible(passes)
        if result is not None:
            self.towards.show_towards(getattr(result.plan, "towards", None) if passes else None, result.plan.seed)
        self.build.setText("Build this volume")
        if result is None or served is None or not self._ranges:
            return
        self._low, self._high = served
        with QSignalBlocker(self.spin), QSignalBlocker(self.slider):
            self.spin.setRange(100 * self._low, 100 * self._high)
            self._place(min(max(_asked(result), self._low), self._high))
        self.reach.setText(f"This model serves {100 * self._low:.1f} to {100 * self._high:.1f} %.")

    def _place(self, fraction: float) -> None:
        self.spin.setValue(100 * fraction)
        self.slider.setValue(round((fraction - self._low) / (self._high - self._low) * _STEPS))

    def _set(self, fraction: float) -> None:
        if self._result is None:
            return
        with QSignalBlocker(self.spin), QSignalBlocker(self.slider):
            self._place(fraction)
        self._ask()

    def _ask(self) -> None:
        """Make a preview of what is asked for now."""
        result = self._result
        if result is None:
            return
        fraction = self.fraction if self._ranges else getattr(result.plan, "volume_fraction", None)
        told = result.fraction_after if fraction is None else fraction
        self.build.setText(f"Build {100 * told:.1f} % as a whole volume" if self._ranges else "Build this volume")
        model: Any = result.model
        seed, towards = result.plan.seed, self.towards.towards
        parts = [f"{100 * told:.1f} %"] if self._ranges else []
        parts.append(f"seed {seed}" + ("" if towards is None else f" towards {towards.seed} ({towards.words})"))

        def work() -> Any:
            from core.job import finish

            # of a model that takes long, a small and rough preview
            quick = getattr(model, "quick", None)
            maker, most = (model, PREVIEW_EDGE) if quick is None else quick()
            edge = min(most, *result.volume.shape)
            besides = {} if towards is None else {"towards": towards}
            made = maker.generate((edge, edge, edge), seed, volume_fraction=fraction, **besides)
            return finish(made), told, ", ".join(parts)

        self._maker.ask(work)

    def _answered(self, made: Any) -> None:
        volume, fraction, self.words = made
        self.previewed.emit(volume, fraction)

    def _build(self) -> None:
        if self._result is None:
            return
        changes = {"volume_fraction": self.fraction} if self._ranges else {}
        towards = {"towards": self.towards.towards} if self.towards.isVisible() else {}
        self.wanted.emit(self._result, {**changes, **towards})


def passes_into_seeds(model: Any) -> bool:
    """Whether a model's volumes can pass into those of another seed."""
    card = getattr(model, "card", None)
    if not card or card.get("region_of") is not None:
        return False
    from core.reconstruction.registry import engine

    return bool(getattr(engine(str(card["engine"])), "uses_towards", False))


def _asked(result: Result) -> float:
    """The volume fraction that a result was asked for; what it has, where a mask or the exemplar said it."""
    asked: float | None = getattr(result.plan, "volume_fraction", None)
    masked = getattr(getattr(result.report, "target", None), "mask", None) is not None
    return result.fraction_after if asked is None or masked else asked
