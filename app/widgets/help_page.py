"""The in-app help: one page a step, shipped with the program, read offline."""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QListWidget, QSplitter, QTextBrowser, QVBoxLayout, QWidget

PAGES = {
    "start": "A first volume",
    "micrograph": "1 Micrograph",
    "phases": "2 Phases",
    "mask": "3 Mask",
    "reconstruct": "4 Reconstruct",
    "inspect": "5 Inspect",
    "projects": "Projects",
    "command-line": "Command line",
    "keys": "Keys",
}


def page_text(key: str) -> str:
    """The page ``key`` in Markdown."""
    return resources.files("resources").joinpath("help", f"{key}.md").read_text(encoding="utf-8")


class HelpPage(QDialog):
    """A list of pages on the left, the page on the right."""

    def __init__(self, parent: QWidget, key: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("Microloom help")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(820, 600)
        self.pages = QListWidget()
        self.pages.addItems(list(PAGES.values()))
        self.pages.setAccessibleName("Help pages")
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        splitter = QSplitter()
        splitter.addWidget(self.pages)
        splitter.addWidget(self.text)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([180, 640])
        column = QVBoxLayout(self)
        column.addWidget(splitter)
        self.pages.currentRowChanged.connect(lambda row: self.text.setMarkdown(page_text(list(PAGES)[row])))
        self.pages.setCurrentRow(list(PAGES).index(key) if key in PAGES else 0)
