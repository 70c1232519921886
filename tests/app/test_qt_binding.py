"""The binding itself: versions that damage the interpreter must not come in unnoticed."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication


def test_calls_that_return_nothing_keep_the_references_of_none(qapp: QApplication) -> None:
    # PySide6 6.12.0 on Python 3.11 loses one reference per such call, and the interpreter ends when none is left
    qapp.processEvents()
    before = sys.getrefcount(None)
    for _ in range(1000):
        qapp.processEvents()
    assert abs(sys.getrefcount(None) - before) < 100
