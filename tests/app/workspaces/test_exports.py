"""What is to be taken away is written, however much piles up."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QObject, QSettings
from pytestqt.qtbot import QtBot

from app.context import Context
from app.preferences import Preferences
from app.workspaces.inspect.exporting import Wish
from app.workspaces.inspect.exports import Exports
from core.errors import JobError


def test_wishes_that_come_while_one_is_written_are_all_written(qtbot: QtBot, tmp_path: Path, qapp: QObject) -> None:
    context = Context()
    said: list[str] = []
    context.messages.notice.connect(lambda text, severity: said.append(text) if severity == "error" else None)
    preferences = Preferences(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    exports = Exports(context, preferences, qapp)
    goes_on, order, told = threading.Event(), [], []
    exports.written.connect(lambda wish: told.append(wish.what))

    def slow() -> None:
        assert goes_on.wait(20)
        order.append("volume")

    def full() -> None:
        raise JobError("The disk is full.")

    exports.write(Wish("volume", tmp_path, slow))
    exports.write(Wish("report", tmp_path, lambda: order.append("report")))
    exports.write(Wish("picture", tmp_path, full))
    exports.write(Wish("table", tmp_path, lambda: order.append("table")))
    goes_on.set()
    qtbot.waitUntil(lambda: len(told) == 3, timeout=20_000)
    assert order == told == ["volume", "report", "table"] and said == ["Exporting: The disk is full."]
