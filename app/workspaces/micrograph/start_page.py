"""What an empty program shows: samples to click, a place to drop a file, the recent files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import icons
from app.widgets.flow import Flow
from app.widgets.panel import hint, section_label, set_role

_THUMB = 132


class SampleCard(QFrame):
    """A sample as a picture with its name; click, Enter or Space opens it."""

    chosen = Signal(Path)

    def __init__(self, path: Path, title: str, sentence: str) -> None:
        super().__init__()
        self._path = path
        self.setProperty("role", "card")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Open the sample {title}")
        self.setToolTip(sentence)
        picture = QLabel()
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        pixmap = _thumbnail(path)
        if pixmap is not None:
            picture.setPixmap(pixmap)
        picture.setFixedSize(QSize(_THUMB, _THUMB))
        name = QLabel(title)
        name.setWordWrap(True)
        name.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.addWidget(picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(name, 1)
        self.setFixedWidth(_THUMB + 24)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click opens the sample."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self._path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space do what a click does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._path)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        """The card under the cursor has the accent's edge."""
        set_role(self, "hot", True)

    def leaveEvent(self, event: object) -> None:
        """And loses it again."""
        set_role(self, "hot", False)


def _thumbnail(path: Path) -> QPixmap | None:
    import tifffile

    try:
        grey = tifffile.imread(path)
    except (OSError, ValueError):
        return None
    side = min(grey.shape[:2], default=0)
    if side == 0 or grey.ndim != 2:
        return None
    part = grey[: side * 3 // 4, : side * 3 // 4].copy()
    image = QImage(part.data, part.shape[1], part.shape[0], part.shape[1], QImage.Format.Format_Grayscale8)
    return QPixmap.fromImage(image).scaled(
        _THUMB, _THUMB, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


class StartPage(QScrollArea):
    """Says what to do next, with the buttons to do it.

    Signals
    -------
    file_wanted()
        "Open a micrograph" was pressed.
    path_chosen(path)
        A sample or a recent file was clicked.
    """

    file_wanted = Signal()
    path_chosen = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self._recent = QVBoxLayout()
        title = QLabel("From one micrograph to measured 3-D volumes")
        title.setProperty("role", "title")
        title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title.setWordWrap(True)
        below = hint(
            "Drop a micrograph, a grey volume or a project anywhere in this window, or open one. "
            "TIFF, PNG, JPEG, BMP and NPY are read; of volumes also NRRD, HDF5, VTI and Zarr."
        )
        below.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.open_button = QPushButton(icons.icon("open"), "Open a micrograph …")
        self.open_button.setProperty("primary", True)
        self.open_button.setToolTip("Open a micrograph from a file (Ctrl+O)")
        self.open_button.clicked.connect(self.file_wanted)
        samples = QLabel("Or try a sample")
        samples.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.cards: dict[str, SampleCard] = {}
        row = Flow(12, Qt.AlignmentFlag.AlignHCenter)
        for key, card in _sample_cards().items():
            card.chosen.connect(self.path_chosen)
            self.cards[key] = card
            row.addWidget(card)
        page = QWidget()
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it follows the control that has the focus
        column = QVBoxLayout(page)
        column.setSpacing(12)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(below)
        column.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(16)
        column.addWidget(samples)
        column.addLayout(row)
        column.addSpacing(16)
        column.addLayout(self._recent)
        column.addStretch(3)
        self.theme_changed()

    def show_recent(self, paths: list[Path]) -> None:
        """List up to five recent files as links."""
        while self._recent.count():
            item = self._recent.takeAt(0)
            widget = item.widget() if item else None
            if widget is not None:
                widget.deleteLater()
        if not paths:
            return
        head = section_label("Recent")
        head.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._recent.addWidget(head)
        for path in paths[:5]:
            button = QPushButton(path.name)
            button.setFlat(True)
            button.setToolTip(str(path))
            button.clicked.connect(lambda _checked=False, chosen=path: self.path_chosen.emit(chosen))
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)

    def theme_changed(self) -> None:
        """Draw the button's icon in its own text colour."""
        from PySide6.QtGui import QColor

        from app import theme

        self.open_button.setIcon(icons.icon("open", QColor("#0B1213" if theme.is_dark() else "#FFFFFF")))


def _sample_cards() -> dict[str, SampleCard]:
    from core.synthesis.samples import SAMPLES, sample_path

    return {key: SampleCard(sample_path(key), sample.title, sample.description) for key, sample in SAMPLES.items()}
