"""One gesture is one command; a state is put back as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.commands import Commands
from app.session import Session, State, differing
from core.painting.brush import Brush
from core.painting.patch import Patch
from core.painting.rules import AUTOMATIC, Ground
from core.painting.sheet import Painted, Sheet
from core.painting.stroke import Stroke


def test_a_gesture_is_undone_and_redone_to_the_same_value() -> None:
    session = Session()
    commands = Commands(session)
    before = session.state.plan
    commands.plan("seed", seed=7)
    after = session.state.plan
    assert after == replace(before, seed=7)
    commands.stack.undo()
    assert session.state.plan is before
    commands.stack.redo()
    assert session.state.plan is after
    assert commands.stack.undoText() == "seed"


def test_a_dragged_control_melts_into_one_step_and_the_next_drag_is_another() -> None:
    session = Session()
    commands = Commands(session)
    for seed in (1, 2, 3):
        commands.plan("seed", merge="seed", seed=seed)
    assert commands.stack.count() == 1
    commands.end_gesture()
    for seed in (4, 5):
        commands.plan("seed", merge="seed", seed=seed)
    assert commands.stack.count() == 2
    commands.stack.undo()
    assert session.state.plan.seed == 3
    commands.stack.undo()
    assert session.state.plan.seed == 0


def test_different_controls_do_not_melt() -> None:
    session = Session()
    commands = Commands(session)
    commands.plan("seed", merge="seed", seed=1)
    commands.plan("size", merge="size", size=(64, 64, 64))
    assert commands.stack.count() == 2


def test_the_same_value_again_is_no_gesture() -> None:
    session = Session()
    commands = Commands(session)
    commands.plan("seed", seed=0)
    assert commands.stack.count() == 0


def test_opening_something_else_empties_the_stack_and_keeps_no_way_back() -> None:
    session = Session()
    commands = Commands(session)
    commands.plan("seed", seed=1)
    fresh = State()
    commands.start_anew(fresh)
    assert session.state is fresh
    assert not commands.stack.canUndo()


def test_watchers_hear_old_and_new_and_what_differs() -> None:
    session = Session()
    heard = []
    session.changed.connect(lambda old, new: heard.append(differing(old, new)))
    session.replace(crop=(0, 5, 0, 5))
    session.restore(session.state)
    assert heard == [frozenset({"crop"})]


def stroke(sheet: Sheet, y: float, value: int) -> Patch:
    """A stroke across a copy of the sheet."""
    done = Stroke(Ground(sheet.values.copy()), value)
    done.draw_to((y, 5), Brush(9))
    done.draw_to((y, 90), Brush(9))
    patch = done.commit()
    assert patch is not None
    return patch


def painted_session() -> tuple[Session, Commands, Sheet]:
    session = Session()
    sheet = Sheet(np.full((100, 100), AUTOMATIC, np.uint8))
    session.replace(corrections=Painted(sheet))
    return session, Commands(session), sheet


def test_strokes_and_settings_are_undone_on_one_stack_in_their_order() -> None:
    session, commands, sheet = painted_session()
    states, values = [session.state], [sheet.values.copy()]
    for place in range(6):
        if place % 3 == 2:
            commands.plan("seed", seed=place)
        else:
            assert session.state.corrections is not None
            following = session.state.corrections.next()
            commands.paint("brush stroke", sheet, stroke(sheet, 10 * place, place % 3), corrections=following)
        states.append(session.state)
        values.append(sheet.values.copy())
    for state, value in zip(reversed(states[:-1]), reversed(values[:-1]), strict=True):
        commands.stack.undo()
        assert differing(state, session.state) == frozenset()
        assert np.array_equal(sheet.values, value)
    for state, value in zip(states[1:], values[1:], strict=True):
        commands.stack.redo()
        assert differing(state, session.state) == frozenset()
        assert np.array_equal(sheet.values, value)


def test_the_stack_is_bounded_by_bytes_and_forgets_the_oldest() -> None:
    session, commands, sheet = painted_session()
    commands.max_bytes = 20_000
    values = [sheet.values.copy()]
    for place in range(100):
        assert session.state.corrections is not None
        following = session.state.corrections.next()
        commands.paint(f"stroke {place}", sheet, stroke(sheet, place % 90, place % 3), corrections=following)
        values.append(sheet.values.copy())
        assert commands.nbytes <= 20_000
    kept = commands.stack.count()
    assert 3 < kept < 100
    assert commands.stack.undoText() == "stroke 99"
    for value in list(reversed(values))[1 : kept + 1]:
        commands.stack.undo()
        assert np.array_equal(sheet.values, value)
    assert not commands.stack.canUndo()
    for value in values[-kept:]:
        commands.stack.redo()
        assert np.array_equal(sheet.values, value)


def test_an_act_outside_the_state_is_undone_too() -> None:
    _, commands, _ = painted_session()
    seen: list[str] = []
    commands.act("selection", lambda: seen.append("done"), lambda: seen.append("undone"))
    commands.stack.undo()
    commands.stack.redo()
    assert seen == ["done", "undone", "done"]
