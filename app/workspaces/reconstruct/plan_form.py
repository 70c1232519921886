"""The settings of step 4: engine, phase, fraction, size, seed, device; the engine's own settings under "More"."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QWidget,
)

from app.commands import Commands
from app.planned_fractions import planned_fractions
from app.session import Plan, Session
from app.widgets.choice_words import gesture_words, words_of
from app.widgets.panel import Fold, hint
from app.widgets.settings_form import SettingsForm
from app.workspaces.reconstruct.phase_fractions import PhaseFractions
from app.workspaces.reconstruct.run import engine_settings
from core.devices import Device
from core.images.pixel_size import format_sides
from core.settings import describe

_LIMIT = "time_limit"
_SIDES = (32, 64, 96, 128, 192, 256)


class PlanForm(QWidget):
    """Shows the plan and changes it through undoable commands."""

    def __init__(self, session: Session, commands: Commands) -> None:
        super().__init__()
        self._session, self._commands = session, commands
        self._devices: tuple[Device, ...] = ()  # known once torch is there
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self.engine = self._combo(grid, "Engine", "How the volume is reconstructed", "engine")
        self.preset = self._combo(grid, "Preset", "Speed against quality; what differs stands under More", "preset")
        self.phase = self._combo(grid, "Phase", "The phase to rebuild; all others are its complement", "phase")
        self.all_phases = QCheckBox("Rebuild all phases")
        self.all_phases.setToolTip("Every phase of the exemplar is in the volume; off: this phase against the rest")
        self.all_phases.clicked.connect(lambda on: self._commands.plan("all phases", all_phases=on))
        grid.addWidget(self.all_phases, grid.rowCount(), 1, 1, 2)
        self.fraction = QDoubleSpinBox()
        self.fraction.setDecimals(2)
        self.fraction.setRange(0.0, 100.0)
        self.fraction.setSingleStep(0.5)
        self.fraction.setSuffix(" %")
        self.fraction.setKeyboardTracking(False)
        self.fraction.valueChanged.connect(self._fraction_changed)
        self.fraction_reset = QToolButton()
        self.fraction_reset.setText("●")
        self.fraction_reset.setAutoRaise(True)
        self.fraction_reset.setToolTip("Changed; click for the exemplar's own fraction")
        self.fraction_reset.setAccessibleName("Reset the volume fraction to the exemplar's")
        self.fraction_reset.clicked.connect(lambda: self._commands.plan("volume fraction", volume_fraction=None))
        _keep_room(self.fraction_reset)
        self._one_fraction = self._add(
            grid, "Volume fraction", "Wanted share of the phase; by default the exemplar's", self.fraction,
            self.fraction_reset,
        )  # fmt: skip
        self.fractions = PhaseFractions()
        self.fractions.edited.connect(
            lambda shares: self._commands.plan(
                "volume fractions", merge="fractions" if shares else "", volume_fractions=shares, volume_fraction=None
            )
        )
        self._all_fractions = QLabel("Volume fractions")
        grid.addWidget(self._all_fractions, grid.rowCount(), 0, 1, 3)
        grid.addWidget(self.fractions, grid.rowCount(), 0, 1, 3)
        self.sides = [self._spin(8, 4096, f"Voxels along {axis}") for axis in "zyx"]
        for side in self.sides:
            side.valueChanged.connect(self._size_changed)
        self.cube = QComboBox()
        for edge in _SIDES:
            self.cube.addItem(f"{edge}³", edge)
        self.cube.addItem("Other", None)
        self.cube.activated.connect(self._cube_chosen)
        self._add(grid, "Size", "Voxels along each axis", self.cube)
        self.other_size = QWidget()
        row = QHBoxLayout(self.other_size)
        row.setContentsMargins(0, 0, 0, 0)
        for name, side in zip("zyx", self.sides, strict=True):
            row.addWidget(QLabel(name))
            # three with buttons are wider than the panel of a small window
            side.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            row.addWidget(side, 1)
        grid.addWidget(self.other_size, grid.rowCount(), 0, 1, 3)
        self.size_note = hint()
        grid.addWidget(self.size_note, grid.rowCount(), 1, 1, 2)
        axes = QWidget()
        line = QHBoxLayout(axes)
        line.setContentsMargins(0, 0, 0, 0)
        self.periodic = [self._axis(line, name) for name in "zyx"]
        line.addStretch(1)
        self._add(grid, "Periodic", "Axes along which the volume repeats: its far face continues on its near face",
                  axes)  # fmt: skip
        self.seed = self._spin(0, 2**31 - 1, "Seed")
        self.seed.valueChanged.connect(lambda value: self._commands.plan("seed", merge="seed", seed=value))
        self._add(grid, "Seed", "The same seed gives the same volume", self.seed)
        self.way = QLabel()
        self.way_reset = QToolButton()
        self.way_reset.setText("●")
        self.way_reset.setAutoRaise(True)
        self.way_reset.setToolTip("Passes into another seed, as was chosen in step 5; click for this seed alone")
        self.way_reset.setAccessibleName("Stay with this seed alone")
        self.way_reset.clicked.connect(lambda: self._commands.plan("other seed", towards=None))
        line_of_way = grid.rowCount()
        grid.addWidget(self.way, line_of_way, 1)
        grid.addWidget(self.way_reset, line_of_way, 2)
        self.exact = QCheckBox("Exact fraction")
        self.exact.setToolTip(
            "The threshold is set on the volume that is made, so that it has the volume fraction to the voxel.\n"
            "Off: as on the model's own sample; volumes of one seed and any size are then parts of each other"
        )
        self.exact.clicked.connect(lambda on: self._commands.plan("exact fraction", exact=on))
        grid.addWidget(self.exact, grid.rowCount(), 1, 1, 2)
        self.device = self._combo(grid, "Device", "Where it is computed", "device")
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0, 24 * 60)
        self.limit.setDecimals(1)
        self.limit.setSuffix(" min")
        self.limit.setKeyboardTracking(False)
        self.limit.valueChanged.connect(
            lambda value: self._commands.plan("time limit", merge="limit", max_seconds=value * 60 if value else None)
        )
        self._add(grid, "Time limit", "Training ends here, with what it has reached, if its steps are not done yet.\n"
                  "It counts training alone: calibrating, generating and measuring come after it, as the estimate says",
                  self.limit)  # fmt: skip
        self.patience = self._spin(0, 100_000, "Patience")
        self.patience.setSuffix(" steps")
        self.patience.setSpecialValueText("off")
        self.patience.setSingleStep(50)
        self.patience.valueChanged.connect(
            lambda value: self._commands.plan("patience", merge="patience", patience=value or None)
        )
        self.patience.setToolTip("")  # the row's
        self._add(grid, "Patience", "Training ends early once the curves of its previews have not come nearer to the "
                  "exemplar's for so many steps", self.patience)  # fmt: skip
        self.more = Fold("More")
        self.form = SettingsForm()
        self.form.changed.connect(self._engine_setting_changed)
        self.more.column.addWidget(self.form)
        grid.addWidget(self.more, grid.rowCount(), 0, 1, 3)
        # rows that only some plans have; what the plan is shows once the engines are there
        for part in (self.all_phases, self._all_fractions, self.fractions, self.other_size, self.size_note, self.way,
                     self.way_reset):  # fmt: skip
            part.hide()

    # --- building ------------------------------------------------------------------------------------------------

    def _add(self, grid: QGridLayout, text: str, tip: str, *widgets: QWidget) -> QLabel:
        line = grid.rowCount()
        label = QLabel(text)
        label.setToolTip(tip)
        label.setBuddy(widgets[0])
        grid.addWidget(label, line, 0)
        for column, widget in enumerate(widgets, 1):
            if not widget.toolTip():
                widget.setToolTip(tip)
            if not widget.accessibleName():
                widget.setAccessibleName(text)
            grid.addWidget(widget, line, column)
        return label

    def _combo(self, grid: QGridLayout, text: str, tip: str, name: str) -> QComboBox:
        combo = QComboBox()
        combo.setMinimumContentsLength(8)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.activated.connect(lambda index: self._chosen(name, combo.itemData(index)))
        self._add(grid, text, tip, combo)
        return combo

    def _spin(self, low: int, high: int, name: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(low, high)
        spin.setKeyboardTracking(False)
        spin.setAccessibleName(name)
        spin.setToolTip(name)
        return spin

    def _axis(self, line: QHBoxLayout, name: str) -> QCheckBox:
        box = QCheckBox(name)
        box.setAccessibleName(f"Periodic along {name}")
        box.setToolTip(f"The volume repeats along {name}")
        box.clicked.connect(self._periodic_changed)
        line.addWidget(box)
        return box

    # --- gestures ------------------------------------------------------------------------------------------------

    def _chosen(self, name: str, value: Any) -> None:
        if name == "engine":
            from core.reconstruction.registry import engine

            # each engine has presets of its own
            self._commands.plan(name, engine=value, preset=next(iter(engine(value).presets)), changed_settings={})
        elif name == "preset":
            self._commands.plan(name, preset=value, changed_settings={})
        else:
            extra: dict[str, Any] = {"volume_fraction": None} if name == "phase" else {}
            self._commands.plan(name, **{name: value}, **extra)

    def _fraction_changed(self, percent: float) -> None:
        self._commands.plan("volume fraction", merge="fraction", volume_fraction=percent / 100)

    def _cube_chosen(self, index: int) -> None:
        side = self.cube.itemData(index)
        self.other_size.setVisible(side is None)
        if side is not None:
            self._commands.plan("size", size=(side, side, side))

    def _size_changed(self) -> None:
        z, y, x = (side.value() for side in self.sides)
        self._commands.plan("size", merge="size", size=(z, y, x))

    def _periodic_changed(self) -> None:
        z, y, x = (box.isChecked() for box in self.periodic)
        self._commands.plan("periodic axes", periodic=(z, y, x))

    def _engine_setting_changed(self, name: str, value: Any) -> None:
        from core.reconstruction.registry import engine

        plan = self._session.state.plan
        base = engine(plan.engine).presets[plan.preset]
        changed = {key: item for key, item in plan.changed_settings.items() if key != name}
        if getattr(base, name) != value:
            changed[name] = value
        self._commands.plan(gesture_words(base, name), merge=f"engine {name}", changed_settings=changed)

    # --- showing -------------------------------------------------------------------------------------------------

    def _show_fractions(self, plan: Plan, several: bool) -> None:
        """The one number, or, where all phases are rebuilt, one for each."""
        image, phase = self._session.phase_image, self._session.phase_of_interest
        _keep_room(self.fraction_reset, not several)
        self._one_fraction.setVisible(not several)
        self.fraction.setVisible(not several)
        self._all_fractions.setVisible(several)
        self.fractions.setVisible(several)
        own = 0.0 if image is None or phase is None else image.fractions[phase]
        _set(self.fraction, 100 * (own if plan.volume_fraction is None else plan.volume_fraction))
        self.fraction_reset.setVisible(not several and plan.volume_fraction is not None)
        if several and image is not None and phase is not None:
            shares = planned_fractions(plan, image, phase)
            changed = plan.volume_fraction is not None or plan.volume_fractions is not None
            self.fractions.show_fractions(image.phases, shares, changed)

    def show_devices(self, devices: tuple[Device, ...]) -> None:
        """Offer what torch found to compute on."""
        self._devices = devices
        self.show_plan(self._session.state.plan)

    def show_plan(self, plan: Plan) -> None:
        """Make the controls say what the plan says; the engines must have been imported by then."""
        from core.reconstruction.registry import ENGINES, engine

        image = self._session.phase_image
        _fill(self.engine, [(item.title, key) for key, item in ENGINES.items()], plan.engine)
        chosen = engine(plan.engine)
        _fill(self.preset, [(words_of(key), key) for key in chosen.presets], plan.preset)
        devices = [(words_of("auto"), "auto"), *((device.title, device.key) for device in self._devices)]
        if plan.device not in [key for _title, key in devices]:
            devices.append((plan.device, plan.device))
        _fill(self.device, devices, plan.device)
        phase = self._session.phase_of_interest
        _fill(self.phase, [] if image is None else [(p.name, n) for n, p in enumerate(image.phases)], phase)
        several = image is not None and len(image.phases) > 2
        self.all_phases.setVisible(several)
        with QSignalBlocker(self.all_phases):
            self.all_phases.setChecked(plan.all_phases)
        self._show_fractions(plan, several and plan.all_phases)
        for side, value in zip(self.sides, plan.size, strict=True):
            _set(side, value)
        cube = plan.size[0] if len(set(plan.size)) == 1 and plan.size[0] in _SIDES else None
        if not (self.other_size.isVisible() and self.cube.currentData() is None and cube is not None):
            with QSignalBlocker(self.cube):
                self.cube.setCurrentIndex(self.cube.findData(cube))
            self.other_size.setVisible(cube is None)
        size = None if image is None else image.pixel_size
        self.size_note.setVisible(size is not None)
        if size is not None:
            self.size_note.setText(format_sides([side * size for side in plan.size]))
        for box, yes in zip(self.periodic, plan.periodic, strict=True):
            with QSignalBlocker(box):
                box.setChecked(yes)
        _set(self.seed, plan.seed)
        for widget in (self.way, self.way_reset):
            widget.setVisible(plan.towards is not None)
        if plan.towards is not None:
            self.way.setText(f"towards seed {plan.towards.seed}\n{plan.towards.words}")
        with QSignalBlocker(self.exact):
            self.exact.setChecked(plan.exact)
        settings = engine_settings(plan)
        limit = getattr(settings, _LIMIT, None)
        whose = "below" if _LIMIT in plan.changed_settings else "preset"
        self.limit.setSpecialValueText("none" if limit is None else f"{limit / 60:g} min, as {whose}")
        _set(self.limit, (plan.max_seconds or 0) / 60)
        _set(self.patience, plan.patience or 0)
        # the engine's own limit is the one above, but for plans that change it, too
        shown = (item.name for item in describe(settings) if item.name not in {_LIMIT} - set(plan.changed_settings))
        self.form.show_settings(settings, chosen.presets[plan.preset], tuple(shown))


def _keep_room(widget: QWidget, kept: bool = True) -> None:
    policy = widget.sizePolicy()
    policy.setRetainSizeWhenHidden(kept)
    widget.setSizePolicy(policy)


def _set(spin: Any, value: Any) -> None:
    if spin.hasFocus() and spin.value() == value:
        return
    with QSignalBlocker(spin):
        spin.setValue(value)


def _fill(combo: QComboBox, items: list[tuple[str, Any]], current: Any) -> None:
    with QSignalBlocker(combo):
        now = [(combo.itemText(i), combo.itemData(i)) for i in range(combo.count())]
        if now != items:
            combo.clear()
            for text, data in items:
                combo.addItem(text, data)
        combo.setCurrentIndex(combo.findData(current))
