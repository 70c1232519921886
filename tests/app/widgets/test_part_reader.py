"""Reading off the GUI thread: the last question is answered, earlier ones are not."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from app.widgets.part_reader import PartReader
from app.widgets.volume_parts import Clip, Part
from core.errors import InputError
from tests.app.widgets.levels import ArrayLevels


def ones(at: int) -> Clip:
    return ((at, at + 1), (0, 8), (0, 8))


def test_late_answers_are_dropped(qtbot: QtBot) -> None:
    levels = ArrayLevels(np.arange(512, dtype=np.uint16).reshape(8, 8, 8).astype(np.uint8), 2)
    reader = PartReader()
    heard: list[tuple[int, int, Part]] = []
    reader.arrived.connect(lambda view, level, part: heard.append((view, level, part)))
    levels.gate.clear()
    reader.ask(0, levels, 0, ones(1))
    qtbot.waitUntil(lambda: len(levels.reads) == 1, timeout=20_000)
    reader.ask(0, levels, 0, ones(2))  # another question about the same view
    reader.ask(0, levels, 0, ones(3))
    reader.ask(0, levels, 0, ones(3))  # the same again: it is on its way
    reader.ask(1, levels, 1, ones(4))  # another view
    reader.ask(2, levels, 1, ones(5))
    reader.forget(2)
    levels.gate.set()
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=20_000)
    qtbot.wait(100)
    assert sorted((view, level, part.origin[0]) for view, level, part in heard) == [(0, 0, 3), (1, 1, 4)]
    (fine,) = [part for view, _, part in heard if view == 0]
    assert np.array_equal(fine.labels, levels.arrays[0][3:4])
    # once answered, the same question is a new one
    reader.ask(0, levels, 0, ones(3))
    qtbot.waitUntil(lambda: len(heard) == 3, timeout=20_000)


def test_an_error_is_told_to_whoever_asked_last(qtbot: QtBot) -> None:
    class Damaged(ArrayLevels):
        def read(self, level: int, origin: tuple[int, int, int], size: tuple[int, int, int]) -> np.ndarray:
            raise InputError("It is damaged.", "Copy it again.")

    reader = PartReader()
    with qtbot.waitSignal(reader.failed, timeout=20_000) as caught:
        reader.ask(0, Damaged(np.zeros((8, 8, 8), np.uint8), 1), 0, ones(0))
    assert isinstance(caught.args[0], InputError)
