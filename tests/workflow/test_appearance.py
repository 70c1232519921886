"""Light and dark. Early among the tests of the window: Qt walks the widgets of all windows that were ever opened."""

from __future__ import annotations

from app.main_window import MainWindow


def test_light_and_dark_are_applied_and_remembered(window: MainWindow) -> None:
    from app import theme

    window.set_scheme("dark")
    assert theme.is_dark() and window.preferences.scheme == "dark"
    window.set_scheme("light")
    assert not theme.is_dark()
