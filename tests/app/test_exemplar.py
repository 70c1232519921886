"""The phase image follows what is open."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app import exemplar
from app.context import Context
from app.exemplar import LiveExemplar
from app.session import State
from core.images.values import Micrograph
from core.provenance import Provenance


def micrograph(name: str, seed: int) -> Micrograph:
    grey = np.random.default_rng(seed).integers(0, 256, (40, 50)).astype(np.uint8)
    return Micrograph(grey, None, name, Provenance("read"))


def test_labels_of_the_picture_before_never_lie_on_the_next(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context()
    live, begun, goes_on = LiveExemplar(context), threading.Event(), threading.Event()
    compute = exemplar._compute

    def slow(picture: Micrograph, *asked: Any) -> Any:
        if picture.name == "first":
            begun.set()
            assert goes_on.wait(20)
        return compute(picture, *asked)

    monkeypatch.setattr(exemplar, "_compute", slow)
    images: list[str] = []
    context.session.derived.connect(
        lambda names: (
            images.append(context.session.phase_image.name)
            if "phase_image" in names and context.session.phase_image is not None
            else None
        )
    )
    context.session.restore(State(opened=micrograph("first", 1)))
    assert begun.wait(20)
    # as large as the first
    context.session.restore(State(opened=micrograph("second", 2)))
    goes_on.set()
    qtbot.waitUntil(lambda: "second" in images and not live.busy, timeout=60_000)
    assert set(images) == {"second"}
