"""Starts the window."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app import icons, theme
from app.garbage import GarbageCollector
from app.preferences import Preferences


def application() -> QApplication:
    """The running QApplication, made where there is none."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
        GarbageCollector(app)
    app.setApplicationName("Microloom")
    app.setApplicationDisplayName("Microloom")
    app.setOrganizationName("Microloom")
    app.setWindowIcon(icons.app_icon())
    return app


def run(paths: list[Path], *, sample: bool = False) -> int:
    """Open the window and stay until it is closed; returns the exit code.

    Parameters
    ----------
    paths
        The first of them is opened.
    sample
        Whether to open the first sample where no path is given.
    """
    app = application()
    preferences = Preferences()
    theme.apply(preferences.scheme)
    from app.main_window import MainWindow

    window = MainWindow(preferences)
    window.show()
    # torch takes seconds to import: the window stands first, then a thread of its own warms it up
    QTimer.singleShot(200, window.reconstruct.warm_up)
    if sample and not paths:
        from core.synthesis.samples import SAMPLES, sample_path

        paths = [sample_path(next(iter(SAMPLES)))]
    if paths:
        QTimer.singleShot(0, lambda: window.opener.open(paths[0]))
    return app.exec()
