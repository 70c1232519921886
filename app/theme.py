"""Qt Fusion in the system's light or dark scheme, one teal accent, greys otherwise."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

ACCENT_LIGHT = "#0F8B8D"
ACCENT_DARK = "#2EC4B6"

_ROLES_LIGHT = {
    QPalette.ColorRole.Window: "#F3F4F5",
    QPalette.ColorRole.Base: "#FFFFFF",
    QPalette.ColorRole.AlternateBase: "#F0F2F3",
    QPalette.ColorRole.Button: "#ECEEF0",
    QPalette.ColorRole.Mid: "#C3C8CC",
    QPalette.ColorRole.Midlight: "#DFE3E6",
    QPalette.ColorRole.Text: "#1B1F23",
    QPalette.ColorRole.WindowText: "#1B1F23",
    QPalette.ColorRole.ButtonText: "#1B1F23",
    QPalette.ColorRole.PlaceholderText: "#626B73",
    QPalette.ColorRole.ToolTipBase: "#FFFFFF",
    QPalette.ColorRole.ToolTipText: "#1B1F23",
}
_ROLES_DARK = {
    QPalette.ColorRole.Window: "#1E2124",
    QPalette.ColorRole.Base: "#2A2F33",
    QPalette.ColorRole.AlternateBase: "#31373C",
    QPalette.ColorRole.Button: "#33393E",
    QPalette.ColorRole.Mid: "#4A5056",
    QPalette.ColorRole.Midlight: "#363B40",
    QPalette.ColorRole.Text: "#E8EAEC",
    QPalette.ColorRole.WindowText: "#E8EAEC",
    QPalette.ColorRole.ButtonText: "#E8EAEC",
    QPalette.ColorRole.PlaceholderText: "#9AA2AA",
    QPalette.ColorRole.ToolTipBase: "#2B2F33",
    QPalette.ColorRole.ToolTipText: "#E8EAEC",
}


def is_dark() -> bool:
    """Whether the window is drawn light on dark."""
    return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def accent() -> QColor:
    """The accent colour of the scheme in force."""
    return QColor(ACCENT_DARK if is_dark() else ACCENT_LIGHT)


def disabled() -> QColor:
    """The colour of what cannot be used now."""
    return QGuiApplication.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)


def apply(scheme: str) -> None:
    """Use ``scheme`` ("system", "light" or "dark") from now on, in the running application."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(scheme, Qt.ColorScheme.Unknown)
    if not app.property("fusion"):
        # once a process: replacing the style while a style sheet is in force leaves Qt with a style that is gone
        app.setStyle("Fusion")
        app.setProperty("fusion", True)
    hints = app.styleHints()
    if wanted == Qt.ColorScheme.Unknown:
        hints.unsetColorScheme()
    else:
        hints.setColorScheme(wanted)
    effective = hints.colorScheme() if wanted == Qt.ColorScheme.Unknown else wanted
    dark = effective == Qt.ColorScheme.Dark
    sheet = _sheet(dark)
    # Qt walks every widget of the program for these, whether or not anything is new
    if app.styleSheet() != sheet:
        app.setPalette(_palette(dark))
        app.setStyleSheet(sheet)


def _palette(dark: bool) -> QPalette:
    palette = QPalette()
    for role, color in (_ROLES_DARK if dark else _ROLES_LIGHT).items():
        palette.setColor(role, QColor(color))
    accent_color = QColor(ACCENT_DARK if dark else ACCENT_LIGHT)
    for role in (QPalette.ColorRole.Highlight, QPalette.ColorRole.Accent, QPalette.ColorRole.Link):
        palette.setColor(role, accent_color)
    palette.setColor(QPalette.ColorRole.HighlightedText, QColor("#0B1213" if dark else "#FFFFFF"))
    grey = QColor("#7C848B" if dark else "#7B838A")
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, grey)
    return palette


def _sheet(dark: bool) -> str:
    strong = ACCENT_DARK if dark else ACCENT_LIGHT
    on_strong = "#0B1213" if dark else "#FFFFFF"
    hover = "#4AD2C5" if dark else "#0C7577"
    line = "#363B40" if dark else "#D5DADD"
    card = "#262A2E" if dark else "#FFFFFF"
    soft = "#9AA2AA" if dark else "#59626A"
    # Fusion draws an empty box with an edge darker than the window: on a dark one nobody sees it
    empty = "QCheckBox::indicator:unchecked"
    box = (
        f"{empty} {{ border: 1px solid #7C848B; border-radius: 2px; background: palette(base); }}"
        f" {empty}:disabled {{ border-color: #4A5056; }}"
        if dark
        else ""
    )
    return f"""
        QToolTip {{ padding: 4px; border: 1px solid {line}; }}
        QPushButton:checked {{ background-color: {strong}; color: {on_strong}; }}
        QPushButton[primary="true"] {{
            background: {strong}; color: {on_strong}; border: 2px solid {strong}; border-radius: 5px;
            padding: 7px 14px; font-weight: 600; }}
        QPushButton[primary="true"]:hover {{ background: {hover}; border-color: {hover}; }}
        QPushButton[primary="true"]:focus {{ border-color: palette(text); }}
        QPushButton[primary="true"][blocked="true"] {{
            background: transparent; color: palette(text); border: 2px solid {line}; }}
        QLabel[role="section"] {{ color: {soft}; font-weight: 700; letter-spacing: 1px; }}
        QLabel[role="hint"] {{ color: {soft}; }}
        QLabel[role="title"] {{ font-weight: 600; font-size: 14pt; }}
        QFrame[role="card"] {{ background: {card}; border: 1px solid {line}; border-radius: 6px; }}
        QFrame[role="card"] QLabel {{ background: transparent; border: none; }}
        QFrame[role="card"][hot="true"] {{ border: 1px solid {strong}; }}
        QFrame[role="strip"] {{ border-top: 1px solid {line}; }}
        QFrame[role="rail"] {{ border-right: 1px solid {line}; }}
        QToolButton[role="step"] {{ border: none; border-left: 3px solid transparent; padding: 8px 2px; }}
        QToolButton[role="step"]:hover {{ background: {line}; }}
        QToolButton[role="step"]:checked {{ border-left: 3px solid {strong}; background: {card}; font-weight: 600; }}
        QToolButton[role="step"]:focus {{ outline: none; background: {line}; }}
        QToolButton[role="tool"] {{ border: 1px solid {line}; border-radius: 4px; padding: 3px 8px; }}
        QToolButton[role="tool"]:hover {{ background: {line}; }}
        QToolButton[role="tool"]:focus {{ border-color: palette(text); }}
        QToolButton[role="tool"]:checked {{ background: {strong}; color: {on_strong}; border-color: {strong}; }}
        QLabel[role="error"] {{ color: {"#FF8A80" if dark else "#B3261E"}; }}
        QLabel[role="warning"] {{ color: {"#FFC24B" if dark else "#8A5A00"}; }}
        QLabel[role="good"] {{ color: {"#7BDDA0" if dark else "#12703B"}; }}
        {box}
        QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
        QMainWindow::separator {{ width: 5px; height: 5px; background: transparent; }}
        QMainWindow::separator:hover {{ background: {strong}; }}
    """
