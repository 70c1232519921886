"""A whole window for each test, with preferences of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app import theme
from app.main_window import MainWindow
from app.preferences import Preferences


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    theme.apply("light")
    made = MainWindow(Preferences(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)))
    made.resize(1440, 900)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.context.jobs.finish(20_000)
    made.hide()
    qtbot.waitUntil(lambda: not made.exemplar.busy and not made.opener.busy, timeout=60_000)
    made.close()
    made.deleteLater()
