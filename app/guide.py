"""What explains the window: its help, the command palette, and what the program is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from app.widgets.command_palette import CommandPalette

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.widgets.help_page import HelpPage


class Guide:
    """Opens them over the window; the help is one page that stays as it was left."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.help: HelpPage | None = None
        self.palette: CommandPalette | None = None

    def open_palette(self) -> CommandPalette:
        """Show the command palette."""
        palette = CommandPalette(self._window, self._window.all_actions(), search=self.search_help)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.open_over(self._window)
        self.palette = palette
        return palette

    def show_help(self) -> HelpPage:
        """Open the help page of the step on show."""
        from app.widgets.help_page import HelpPage

        if self.help is None:
            self.help = HelpPage(self._window, self._window.current.key)
        else:
            self.help.show_page(self._window.current.key)
        self.help.show()
        self.help.raise_()
        self.help.activateWindow()
        return self.help

    def search_help(self, words: str = "") -> None:
        """Open the help with the cursor in its search field, and ``words`` in it where there are any."""
        page = self.help if self.help is not None and self.help.isVisible() else self.show_help()
        page.raise_()
        page.activateWindow()
        page.begin_search(words or None)

    def show_about(self) -> None:
        """Say what the program is, and which libraries it runs on."""
        from core.provenance import versions

        lines = "<br>".join(f"{name} {version}" for name, version in versions().items())
        QMessageBox.about(
            self._window,
            "About Microloom",
            "<b>Microloom</b> weaves statistically equivalent 3-D volumes from a 2-D micrograph.<br><br>"
            f"{lines}<br><br>MIT licence. Made with Qt (LGPL).",
        )
