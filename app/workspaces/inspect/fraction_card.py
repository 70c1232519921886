"""Another volume fraction from the model at hand: a slider over the range it serves, with a preview that follows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from app.jobs import Latest
from app.session import Result
from app.widgets.panel import hint

PREVIEW_EDGE = 64
_STEPS = 1000


class FractionCard(QWidget):
    """Hidden unless the result's model serves a range of volume fractions.

    Signals
    -------
    previewed(volume, fraction)
        A small volume of the model at the slider's fraction.
    wanted(result, fraction)
        The whole volume is asked for.
    failed(error)
        A preview could not be made.
    """

    previewed = Signal(object, float)
    wanted = Signal(object, float)
    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._result: Result | None = None
        self._low, self._high = 0.0, 1.0
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
        self.build.setToolTip("Make the whole volume with this fraction, without training again")
        self.build.clicked.connect(self._build)
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self.spin)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel("Volume fraction"))
        column.addLayout(row)
        column.addWidget(self.reach)
        column.addWidget(self.build)
        self._maker = Latest(self)
        self._maker.answered.connect(lambda made: self.previewed.emit(*made))
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
        self.setVisible(served is not None and served[0] < served[1])
        if result is None or served is None or served[0] >= served[1]:
            return
        self._low, self._high = served
        with QSignalBlocker(self.spin), QSignalBlocker(self.slider):
            self.build.setText("Build this volume")
            self.spin.setRange(100 * self._low, 100 * self._high)
            self._place(min(max(_asked(result), self._low), self._high))
        self.reach.setText(f"This model serves {100 * self._low:.1f} to {100 * self._high:.1f} %.")

    def _place(self, fraction: float) -> None:
        self.spin.setValue(100 * fraction)
        self.slider.setValue(round((fraction - self._low) / (self._high - self._low) * _STEPS))

    def _set(self, fraction: float) -> None:
        result = self._result
        if result is None:
            return
        with QSignalBlocker(self.spin), QSignalBlocker(self.slider):
            self._place(fraction)
        self.build.setText(f"Build {100 * self.fraction:.1f} % as a whole volume")
        model: Any = result.model
        seed = result.plan.seed

        def work() -> Any:
            from core.job import finish

            # of a model that takes long, a small and rough preview
            quick = getattr(model, "quick", None)
            maker, most = (model, PREVIEW_EDGE) if quick is None else quick()
            edge = min(most, *result.volume.shape)
            return finish(maker.generate((edge, edge, edge), seed, volume_fraction=fraction)), fraction

        self._maker.ask(work)

    def _build(self) -> None:
        if self._result is not None:
            self.wanted.emit(self._result, self.fraction)


def _asked(result: Result) -> float:
    """The volume fraction that a result was asked for; what it has, where a mask or the exemplar said it."""
    asked: float | None = getattr(result.plan, "volume_fraction", None)
    masked = getattr(getattr(result.report, "target", None), "mask", None) is not None
    return result.fraction_after if asked is None or masked else asked
