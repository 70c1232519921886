"""What every test may ask for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real micrographs and volumes, from MICROLOOM_DATA or beside the checkout."""
    folder = Path(os.environ.get("MICROLOOM_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "MANIFEST.md").is_file():
        pytest.skip(f"the folder of real data is not there ({folder}); set MICROLOOM_DATA to it")
    return folder


@pytest.fixture(autouse=True)
def widgets_are_deleted_between_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """As in the window, where `app.garbage` sees to it: never in the middle of another widget's painting.

    Left to themselves, closed windows pile up: no event loop runs that would delete them, and each change of the style
    walks through them all.
    """
    if "qapp" not in request.fixturenames:
        yield
        return
    from PySide6.QtCore import QCoreApplication, QEvent

    gc.disable()
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.enable()
