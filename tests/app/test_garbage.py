"""Rings of references are deleted in the GUI thread, by the collector that stands in for Python's own."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.garbage import GarbageCollector


class Ring(QObject):
    """Refers to itself, as panels do by the functions connected to their signals."""

    deleted_in: list[threading.Thread]

    def __init__(self, deleted_in: list[threading.Thread]) -> None:
        super().__init__()
        self.me = self
        weakref.finalize(self, lambda: deleted_in.append(threading.current_thread()))


def in_another_thread() -> list[list[int]]:
    """Allocate what makes Python collect: more objects than its threshold for the oldest generation."""
    kept: list[list[int]] = []
    low, middle, high = gc.get_threshold()
    worker = threading.Thread(target=lambda: kept.extend([] for _ in range((low + 1) * (middle + 1) * (high + 1))))
    worker.start()
    worker.join()
    return kept


@pytest.fixture
def collector(qapp: object) -> Iterator[GarbageCollector]:
    parent = QObject()
    made = GarbageCollector(parent)
    yield made
    made.stop()


def test_what_a_worker_allocates_deletes_nothing_of_the_window(collector: GarbageCollector, qtbot: QtBot) -> None:
    deleted_in: list[threading.Thread] = []
    Ring(deleted_in)
    kept = in_another_thread()
    assert kept and deleted_in == []
    qtbot.waitUntil(lambda: bool(deleted_in), timeout=60_000)
    assert deleted_in == [threading.main_thread()]


def test_python_itself_would_have_deleted_it_there() -> None:
    deleted_in: list[threading.Thread] = []
    gc.collect()
    ring = {"deleted_in": deleted_in}
    ring["me"] = ring  # type: ignore[assignment]

    class Held:
        pass

    held = Held()
    weakref.finalize(held, lambda: deleted_in.append(threading.current_thread()))
    ring["held"] = held  # type: ignore[assignment]
    del ring, held
    in_another_thread()
    assert len(deleted_in) == 1 and deleted_in[0] is not threading.main_thread()


def test_stopping_leaves_it_to_python_again(qapp: object) -> None:
    parent = QObject()
    collector = GarbageCollector(parent)
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()
