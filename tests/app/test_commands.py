"""One gesture is one command; a state is put back as it was."""

from __future__ import annotations

from dataclasses import replace

from app.commands import Commands
from app.session import Session, State, differing


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
