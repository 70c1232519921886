"""The plan's form, clicked."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox
from pytestqt.qtbot import QtBot

from app.commands import Commands
from app.session import Plan, Session
from app.workspaces.reconstruct.plan_form import PlanForm
from core.images.values import PhaseImage, default_phases
from core.provenance import Provenance
from core.reconstruction.towards import Ramp, Towards


@pytest.fixture
def form(qtbot: QtBot) -> PlanForm:
    session = Session()
    made = PlanForm(session, Commands(session))
    session.changed.connect(lambda _old, new: made.show_plan(new.plan))
    qtbot.addWidget(made)
    made.show_plan(session.state.plan)
    made.show()
    return made


def click(qtbot: QtBot, box: QCheckBox) -> None:
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2))


def typed(qtbot: QtBot, spin: QAbstractSpinBox, text: str) -> None:
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, text)
    qtbot.keyClick(spin, Qt.Key.Key_Return)


def test_axes_are_made_periodic_by_clicks_and_back_by_undo(qtbot: QtBot, form: PlanForm) -> None:
    commands, session = form._commands, form._session
    click(qtbot, form.periodic[2])
    assert session.state.plan.periodic == (False, False, True)
    click(qtbot, form.periodic[0])
    assert session.state.plan.periodic == (True, False, True)
    assert [box.isChecked() for box in form.periodic] == [True, False, True]
    click(qtbot, form.periodic[2])
    assert session.state.plan.periodic == (True, False, False)
    commands.stack.undo()
    assert session.state.plan.periodic == (True, False, True)
    assert [box.isChecked() for box in form.periodic] == [True, False, True]


def test_another_seed_is_told_and_left_and_the_fraction_is_exact_until_unticked(qtbot: QtBot, form: PlanForm) -> None:
    commands, session = form._commands, form._session
    assert form.way.isHidden() and form.way_reset.isHidden()
    commands.plan("other seed", towards=Towards(7, Ramp(0, 0.0, 0.5)))
    assert form.way.isVisible() and form.way.text() == "towards seed 7\n0 to 50 % along z"
    qtbot.mouseClick(form.way_reset, Qt.MouseButton.LeftButton)
    assert session.state.plan.towards is None and form.way.isHidden()
    commands.stack.undo()
    assert session.state.plan.towards == Towards(7, Ramp(0, 0.0, 0.5))
    assert session.state.plan.exact and form.exact.isChecked()
    click(qtbot, form.exact)
    assert not session.state.plan.exact
    commands.stack.undo()
    assert form.exact.isChecked()


def test_all_phases_are_rebuilt_until_somebody_unticks_it(qtbot: QtBot, form: PlanForm) -> None:
    session = form._session
    assert form.all_phases.isHidden()
    session.phase_image = PhaseImage(np.arange(9, dtype=np.uint8).reshape(3, 3) % 3, default_phases(3), None, "p",
                                     Provenance("read"))  # fmt: skip
    form.show_plan(session.state.plan)
    assert form.all_phases.isVisible() and form.all_phases.isChecked()
    assert not form.fraction.isVisible() and form.fractions.isVisible()
    click(qtbot, form.all_phases)
    assert not session.state.plan.all_phases
    assert form.fraction.isVisible() and not form.fractions.isVisible()
    form._commands.stack.undo()
    assert session.state.plan.all_phases and form.all_phases.isChecked()


def test_a_fraction_is_typed_for_each_phase_and_the_others_share_the_rest(qtbot: QtBot, form: PlanForm) -> None:
    session = form._session
    labels = np.repeat(np.arange(4, dtype=np.uint8), (8, 4, 3, 1)).reshape(4, 4)
    session.phase_image = PhaseImage(labels, default_phases(4), None, "p", Provenance("read"))
    form.show_plan(session.state.plan)
    spins = form.fractions.spins
    assert [spin.value() for spin in spins] == [50, 25, 18.75, 6.25]
    assert not form.fractions.reset.isVisible()
    typed(qtbot, spins[0], "60")
    assert session.state.plan.volume_fractions == pytest.approx((0.6, 0.2, 0.15, 0.05))
    assert [spin.value() for spin in spins] == [60, 20, 15, 5]
    # the next one leaves the first two in their proportion
    typed(qtbot, spins[2], "32")
    assert session.state.plan.volume_fractions == pytest.approx((0.48, 0.16, 0.32, 0.04))
    qtbot.mouseClick(form.fractions.reset, Qt.MouseButton.LeftButton)
    assert session.state.plan.volume_fractions is None and [spin.value() for spin in spins] == [50, 25, 18.75, 6.25]
    form._commands.stack.undo()
    assert session.state.plan.volume_fractions == pytest.approx((0.48, 0.16, 0.32, 0.04))
    # a wish for the phase of interest alone, as a series or the slider has it
    form._commands.plan("one", volume_fractions=None, volume_fraction=0.25)
    assert spins[3].value() == 25 and spins[0].value() == pytest.approx(40)


def test_the_plan_decides_what_is_shown(form: PlanForm) -> None:
    form.show_plan(Plan(periodic=(False, True, False)))
    assert [box.isChecked() for box in form.periodic] == [False, True, False]
    assert [box.accessibleName() for box in form.periodic] == [f"Periodic along {axis}" for axis in "zyx"]


def test_patience_is_typed_and_taken_back(qtbot: QtBot, form: PlanForm) -> None:
    session = form._session
    assert form.patience.text() == "off"
    typed(qtbot, form.patience, "120")
    assert session.state.plan.patience == 120 and form.patience.text() == "120 steps"
    form._commands.stack.undo()
    assert session.state.plan.patience is None and form.patience.text() == "off"


def test_every_engine_comes_with_its_presets_and_settings(qtbot: QtBot, form: PlanForm) -> None:
    session = form._session
    assert [form.engine.itemData(row) for row in range(form.engine.count())] == ["swnn", "diffusion"]
    form.engine.setFocus()
    qtbot.keyClick(form.engine, Qt.Key.Key_Down)
    plan = session.state.plan
    assert (plan.engine, plan.preset) == ("diffusion", "small")
    assert [form.preset.itemText(row) for row in range(form.preset.count())] == ["Small", "Paper"]
    assert form.preset.currentText() == "Small"
    form._engine_setting_changed("steps", 12)
    assert session.state.plan.changed_settings == {"steps": 12}
    form.preset.setFocus()
    qtbot.keyClick(form.preset, Qt.Key.Key_Down)
    assert (session.state.plan.preset, session.state.plan.changed_settings) == ("paper", {})
    for _ in range(3):
        form._commands.stack.undo()
    assert (session.state.plan.engine, session.state.plan.preset) == ("swnn", "fast")
    assert form.preset.currentText() == "Fast"


def test_the_size_in_metres_names_a_unit_once(form: PlanForm) -> None:
    session = form._session
    labels = np.arange(64, dtype=np.uint8).reshape(8, 8) % 2
    session.phase_image = PhaseImage(labels, default_phases(2), 3e-7, "exemplar", Provenance("read"))
    form._commands.plan("size", size=(128, 128, 64))
    assert form.size_note.text() == "38.4 × 38.4 × 19.2\u00a0µm"
    form._commands.plan("size", size=(4000, 128, 64))
    assert form.size_note.text() == "1.2\u00a0mm × 38.4\u00a0µm × 19.2\u00a0µm"


def test_there_is_one_time_limit_which_names_the_presets_own(qtbot: QtBot, form: PlanForm) -> None:
    session = form._session
    assert form.limit.text() == "3 min, as preset" and "time_limit" not in form.form.values()
    typed(qtbot, form.limit, "7.5")
    assert session.state.plan.max_seconds == 450 and form.limit.text() == "7.5 min"
    form._commands.stack.undo()
    # a project, or a run that is taken over, may have changed the engine's own: then it is to be seen
    form._commands.plan("settings", changed_settings={"time_limit": 60.0})
    assert form.limit.text() == "1 min, as below" and "time_limit" in form.form.values()
    form._commands.plan("settings", changed_settings={"time_limit": None})
    assert form.limit.text() == "none"
