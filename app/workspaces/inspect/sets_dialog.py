"""Asks which set of pictures is compared with which, and by what features."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.session import Result, State
from app.set_quality import Side, Wanted, side_of
from app.widgets.form_dialog import foot
from app.widgets.panel import hint, set_role
from app.widgets.picture_dialog import choice_of, named

RUNS, EXEMPLAR, FOLDER = "runs", "exemplar", "folder"
DESCRIPTORS, NETWORK = "descriptors", "network"
WEIGHTS = "Weights (*.pth *.pt *.safetensors);;All files (*)"
USUAL_TILE, LARGEST_TILE = 64, 4096
_WIDE = 44
"""Letters that a line for a path has room for."""


class PathLine(QWidget):
    """A line for a path, with a button that asks for it."""

    def __init__(self, name: str, tip: str, folder: str, kinds: str = "") -> None:
        super().__init__()
        self._name, self._folder, self._kinds = name, folder, kinds
        self.line = QLineEdit()
        self.line.setMinimumWidth(self.fontMetrics().averageCharWidth() * _WIDE)
        self.line.setPlaceholderText("Choose a file …" if kinds else "Choose a folder …")
        named(self.line, name, tip)
        self.button = QPushButton("Browse …")
        named(self.button, f"Browse: {name}", tip)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)

    @property
    def path(self) -> Path | None:
        """What stands in the line."""
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def _ask(self) -> None:
        start = str(self.path or self._folder)
        if self._kinds:
            chosen, _ = QFileDialog.getOpenFileName(self, self._name, start, self._kinds)
        else:
            chosen = QFileDialog.getExistingDirectory(self, self._name, start)
        if chosen:
            self.line.setText(chosen)


class SetsDialog(QDialog):
    """Accepted, `wanted` is what is to be compared."""

    def __init__(self, state: State, folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Quality of a set")
        self._state = state
        count = len(state.results)
        own = {RUNS: f"The volumes of this session ({count})"} if count else {}
        known = {EXEMPLAR: "The exemplar of the run on show"} if count else {}
        folders = {FOLDER: "Pictures or volumes in a folder"}
        self.generated = choice_of(own | folders, "Generated set", "What is judged; volumes are cut into sections")
        self.real = choice_of(known | folders, "Real set", "What it is compared with; large pictures are cut up")
        tip = "Folder of phase images or volumes: segmented ones, as step 2 and this program write them"
        self.generated_path = PathLine("Folder of the generated set", tip, folder)
        self.real_path = PathLine("Folder of the real set", tip, folder)
        self.phase = QLineEdit()
        self.phase.setPlaceholderText("the last one")
        named(self.phase, "Phase", "Name or number of the phase that is compared, in files")
        self.tile = QSpinBox()
        self.tile.setRange(15, LARGEST_TILE)
        self.tile.setSpecialValueText("as large as all allow")
        self.tile.setSuffix(" px")
        self.tile.setValue(USUAL_TILE)
        named(self.tile, "Size of the pictures", "Both sets are cut into pictures of at most this side")
        self.features = choice_of(
            {DESCRIPTORS: "Descriptors of the structure", NETWORK: "A network, from a file of weights"},
            "Features", "What Fréchet and kernel distance, precision and recall are found from",
        )  # fmt: skip
        self.weights = PathLine(
            "Weights of Inception-v3 or VGG-19",
            "A .pth or .safetensors file; nothing in it is executed",
            folder,
            WEIGHTS,
        )
        self.told = hint(
            "Known by their hash: pt_inception-2015-12-05-6726825d.pth (with it alone the distance is called FID), "
            "inception_v3_google-0cc3c7bd.pth and vgg19-dcbb9e9d.pth. Any other file counts as unknown weights."
        )
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        set_role(self.problem, "role", "warning")
        self.buttons = foot(self, "Compare …", "Choose a folder for the report and compare", "Compare nothing")
        self.form = QFormLayout()
        for title, widget in (
            ("Generated", self.generated), ("", self.generated_path), ("Real", self.real), ("", self.real_path),
            ("Phase", self.phase), ("Picture side", self.tile), ("Features", self.features), ("", self.weights),
            ("", self.told),
        ):  # fmt: skip
            self.form.addRow(title, widget)
        column = QVBoxLayout(self)
        column.addLayout(self.form)
        column.addWidget(self.problem)
        column.addStretch(1)
        column.addWidget(self.buttons)
        for box in (self.generated, self.real, self.features):
            box.currentIndexChanged.connect(lambda _: self._follow())
        for line in (self.generated_path, self.real_path, self.weights):
            line.line.textChanged.connect(lambda _: self._check())
        self._follow()

    @property
    def wanted(self) -> Wanted:
        """What is to be compared.

        Raises
        ------
        InputError
            Where a folder holds nothing.
        """
        result = self._state.result
        files = FOLDER in (self.generated.currentData(), self.real.currentData())
        typed = self.phase.text().strip() or None
        generated, real = self._generated(), self._real(result)
        inside = None if result is None else str(result.volume_phase)
        known = None if result is None else str(result.phase)
        network = self.features.currentData() == NETWORK
        return Wanted(
            generated, real,
            inside if self.generated.currentData() == RUNS else typed,
            known if self.real.currentData() == EXEMPLAR else typed if files else None,
            self.weights.path if network else None,
            tile=self.tile.value() if self.tile.value() > self.tile.minimum() else None,
        )  # fmt: skip

    def _generated(self) -> Side:
        if self.generated.currentData() == RUNS:
            return Side("the volumes of this session", tuple(one.volume for one in self._state.results))
        return side_of(self.generated_path.path or Path())

    def _real(self, result: Result | None) -> Side:
        if self.real.currentData() == EXEMPLAR and result is not None:
            return Side(result.exemplar.name, (result.exemplar,))
        return side_of(self.real_path.path or Path())

    def _follow(self) -> None:
        """Show the lines that the choices need."""
        for box, key, line in (
            (self.generated, FOLDER, self.generated_path), (self.real, FOLDER, self.real_path),
            (self.features, NETWORK, self.weights), (self.features, NETWORK, self.told),
        ):  # fmt: skip
            self.form.setRowVisible(line, box.currentData() == key)
        self.form.setRowVisible(self.phase, FOLDER in (self.generated.currentData(), self.real.currentData()))
        self._check()
        self.adjustSize()

    def _check(self) -> None:
        """Say what is missing."""
        wrong = ""
        for box, line, what in (
            (self.generated, self.generated_path, "generated"), (self.real, self.real_path, "real"),
        ):  # fmt: skip
            path = line.path
            if box.currentData() == FOLDER and not wrong:
                if path is None:
                    wrong = f"Choose the folder of the {what} set."
                elif not path.exists():
                    wrong = f"{path} does not exist."
        file = self.weights.path
        if self.features.currentData() == NETWORK and not wrong:
            wrong = "Choose the file of weights." if file is None else "" if file.is_file() else f"{file} is no file."
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not wrong)
