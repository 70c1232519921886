"""Data sets made by the program: a kind, its settings and a seed; every image with its truth; saved as a folder."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QListView,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QSpinBox,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.context import Context
from app.jobs import JobRunner
from app.widgets.form_dialog import Button, FormDialog, foot
from app.widgets.label_picture import label_icon
from app.widgets.panel import hint
from app.widgets.picture_dialog import named
from app.widgets.settings_form import SettingsForm
from core.job import Job, Progress
from core.synthesis.datasets import KINDS, DatasetImage, DatasetSettings, dataset

JOB = "data set"
TOGETHER_SECONDS = 0.2
"""Images are handed to the window in lots of about so long."""
MOST = 100_000
_PICTURE = 72
_LARGEST_SEED = 2**31 - 1
COLUMNS: Mapping[str, tuple[str, str]] = {
    "fraction": ("Fraction", "Share of the second phase among its pixels"),
    "objects": ("Objects", "Grains, fibres or spheres; none where it is made of a field"),
    "mean_diameter": ("Mean diameter (px)", "Of the objects"),
    "deviation": ("Deviation (px)", "Standard deviation of their diameters"),
}


@dataclass(frozen=True)
class Lot(Progress):
    """Images that are there now; as `block`, so that no report of them is left out."""

    block: tuple[DatasetImage, ...] = ()


def making(kind: str, count: int, seed: int, settings: DatasetSettings) -> Job[None]:
    """A job that makes the images of a set, in lots."""
    lot: list[DatasetImage] = []
    last = time.monotonic()
    for item in dataset(kind, count, seed, settings):
        lot.append(item)
        if time.monotonic() - last >= TOGETHER_SECONDS or item.number + 1 == count:
            yield Lot(item.number + 1, count, "Making images", tuple(lot))
            lot, last = [], time.monotonic()


class DataSets(QObject):
    """The gesture: browse, and save as a folder.

    Signals
    -------
    written(folder)
        A data set lies there.
    """

    written = Signal(object)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._window = context, parent
        self.dialog: DataSetDialog | None = None
        self.action = QAction("&Data sets …", self)
        self.action.setToolTip("Images made from known geometry, with the truth about each: to look at, train on, test")
        self.action.triggered.connect(self.browse)
        context.jobs.returned.connect(self._returned)
        context.jobs.failed.connect(self._failed)
        context.jobs.cancelled.connect(self._cancelled)

    def browse(self) -> None:
        """Show the browser."""
        if self.dialog is None:
            self.dialog = DataSetDialog(self._window)
            self.dialog.accepted.connect(self._save)
            self._context.jobs.finishing.connect(self.dialog.leave)
        self.dialog.begin()
        self.dialog.open()

    def _save(self) -> None:
        from core.synthesis.dataset_writing import write_dataset

        dialog, jobs = self.dialog, self._context.jobs
        if dialog is None or dialog.path is None:
            return
        if jobs.busy:
            self._context.messages.say(f"{jobs.title} is running. Wait for it or cancel it first.", "warning")
            return
        path, kinds, count, seed = dialog.path, dialog.kinds, dialog.count.value(), dialog.seed.value()
        settings = dialog.all_settings
        suffix = dialog.format.currentData()
        jobs.start(
            f"Data set {path.name}",
            lambda: write_dataset(kinds, count, seed, path, settings, suffix=suffix, overwrite=True),
            kind=JOB,
        )

    def _returned(self, result: Any) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.say(f"The data set is written: {result}.", "good")
            self.written.emit(result)

    def _failed(self, error: Exception) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.failed("Writing the data set", error)

    def _cancelled(self) -> None:
        if self._context.jobs.kind == JOB:
            self._context.messages.say("Cancelled: no data set was written.")


class DataSetDialog(FormDialog):
    """Accepted, `path`, `kinds` and the numbers are what is to be written."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Data sets")
        self.resize(1000, 660)
        self.path: Path | None = None
        self.folder = Path.home()
        self.runner = JobRunner(self)
        self._changed: dict[str, DatasetSettings] = {}
        self._images: list[DatasetImage] = []
        self._asked = 0
        self._problem = ""
        self._watching = False
        self._build()

    def _build(self) -> None:
        self.kind = QComboBox()
        for kind in KINDS.values():
            self.kind.addItem(kind.title, kind.key)
        named(self.kind, "Kind", "What the images show, and how it is made")
        self.about = hint()
        self.form = SettingsForm()
        self.count = QSpinBox()
        self.count.setRange(1, MOST)
        self.count.setValue(1000)
        self.count.setKeyboardTracking(False)
        named(self.count, "Images", "How many the set has")
        self.seed = QSpinBox()
        self.seed.setRange(0, _LARGEST_SEED)
        self.seed.setKeyboardTracking(False)
        named(self.seed, "Seed", "The same seed gives the same images; each follows from it and its own number")
        self.all_kinds = QCheckBox("Save every kind, a folder each")
        self.all_kinds.setToolTip("All kinds, each in a folder of its name: classes that one model can be trained on")
        self.format = QComboBox()
        for suffix, words in ((".tif", "TIFF, with the phases' names"), (".png", "PNG")):
            self.format.addItem(words, suffix)
        named(self.format, "Format", "Of the images that are saved")
        numbers = QFormLayout()
        numbers.addRow("Kind", self.kind)
        numbers.addRow("Images", self.count)
        numbers.addRow("Seed", self.seed)
        side = QWidget()
        left = QVBoxLayout(side)
        left.setContentsMargins(0, 0, 0, 0)
        left.addLayout(numbers)
        left.addWidget(self.about)
        left.addWidget(self.form)
        left.addStretch(1)
        left.addWidget(self.all_kinds)
        left.addWidget(self.format)
        side.setMaximumWidth(280)
        self.grid = QListWidget()
        named(self.grid, "Images of the set", "Click one to find it in the table")
        self.grid.setViewMode(QListView.ViewMode.IconMode)
        self.grid.setResizeMode(QListView.ResizeMode.Adjust)
        self.grid.setMovement(QListView.Movement.Static)
        self.grid.setUniformItemSizes(True)
        self.grid.setIconSize(QSize(_PICTURE, _PICTURE))
        self.grid.setSpacing(4)
        self.table = QTableWidget(0, len(COLUMNS))
        named(self.table, "The truth about each image", "What it was made from; the fraction is that of its pixels")
        for place, (title, tip) in enumerate(COLUMNS.values()):
            head = QTableWidgetItem(title)
            head.setToolTip(tip)
            self.table.setHorizontalHeaderItem(place, head)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.grid)
        split.addWidget(self.table)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        row = QHBoxLayout()
        row.addWidget(side)
        row.addWidget(split, 1)
        self.told = hint()
        self.buttons = foot(
            self, "Save as a folder …", "Images and truth.csv; made anew while you go on, just as they are here",
            "Save nothing", leaves=Button.Close, choose=self._choose,
        )  # fmt: skip
        self.save = self.buttons.button(Button.Save)
        column = QVBoxLayout(self)
        column.addLayout(row, 1)
        column.addWidget(self.told)
        column.addWidget(self.buttons)
        self.kind.currentIndexChanged.connect(lambda _index: self.begin())
        self.form.changed.connect(self._set)
        for spin in (self.count, self.seed):
            spin.valueChanged.connect(lambda _value: self.begin())
        self.grid.currentRowChanged.connect(self._row_chosen)
        self.table.currentCellChanged.connect(lambda line, *_rest: self.grid.setCurrentRow(line))
        self.runner.progressed.connect(self._heard)
        self.runner.failed.connect(self._failed)
        self.runner.idle.connect(self._next)
        self.finished.connect(lambda _code: self.leave())

    # --- what is asked for ---------------------------------------------------------------------------------------

    @property
    def chosen(self) -> str:
        """The kind on show."""
        return str(self.kind.currentData())

    @property
    def kinds(self) -> list[str]:
        """Those to be saved."""
        return list(KINDS) if self.all_kinds.isChecked() else [self.chosen]

    @property
    def all_settings(self) -> dict[str, DatasetSettings]:
        """By kind; all images of a set are equally large."""
        size = self._settings(self.chosen).size
        return {key: replace(self._settings(key), size=size) for key in KINDS}

    def _settings(self, key: str) -> DatasetSettings:
        return self._changed.get(key, KINDS[key].settings)

    def _set(self, name: str, value: Any) -> None:
        self._changed[self.chosen] = replace(self._settings(self.chosen), **{name: value})
        self.begin()

    # --- making --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Make the images that are asked for now, in place of those that are there."""
        self._watching = True
        self._asked += 1
        self._images, self._problem = [], ""
        self.grid.clear()
        self.table.setRowCount(0)
        kind = KINDS[self.chosen]
        self.about.setText(kind.description)
        self.form.show_settings(self._settings(self.chosen), kind.settings)
        self._tell()
        if self.runner.busy:
            self.runner.cancel()  # what is asked for begins when it is idle
        else:
            self._next()

    def _next(self) -> None:
        if not self._watching or self._problem or self._images or self.runner.busy:
            return
        key, count, seed = self.chosen, self.count.value(), self.seed.value()
        settings, self._making = self._settings(key), self._asked
        self.runner.start(f"{count} images", lambda: making(key, count, seed, settings), kind="browse")

    _making = 0

    def _heard(self, progress: Any) -> None:
        if self._making != self._asked or not isinstance(progress, Lot):
            return
        ratio = self.devicePixelRatioF()
        self.table.setRowCount(len(self._images) + len(progress.block))
        for item in progress.block:
            line = item.number
            self._images.append(item)
            icon = label_icon(item.image.labels, [phase.color for phase in item.image.phases], _PICTURE, ratio)
            self.grid.addItem(QListWidgetItem(icon, str(line)))
            self.table.setVerticalHeaderItem(line, QTableWidgetItem(str(line)))
            for column, name in enumerate(COLUMNS):
                cell = QTableWidgetItem(shown(name, item.truth[name]))
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(line, column, cell)
        self._tell()

    def _failed(self, error: Exception) -> None:
        self._problem = str(error)
        self._tell()

    def leave(self) -> None:
        """Nobody looks any more."""
        self._watching = False
        self.runner.finish()

    # --- showing -------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        count, there = self.count.value(), len(self._images)
        words = self._problem or f"{there} of {count} images."
        if there > 1 and not self._problem:
            fractions = np.array([item.truth["fraction"] for item in self._images])
            diameters = np.array([item.truth["mean_diameter"] for item in self._images])
            words += (
                f" Fraction of {KINDS[self.chosen].phases[1].lower()} {fractions.mean():.3f} ± {fractions.std():.3f}"
            )
            words += "" if np.isnan(diameters).all() else f", mean diameter {np.nanmean(diameters):.2f} px"
            words += "."
        self.told.setText(words)
        self.save.setEnabled(not self._problem)

    def _row_chosen(self, line: int) -> None:
        if line >= 0 and self.table.currentRow() != line:
            self.table.selectRow(line)

    def _choose(self) -> None:
        kind = "kinds" if self.all_kinds.isChecked() else self.chosen
        proposed = self.folder / f"{kind}-{self.count.value()}-seed{self.seed.value()}"
        name, _filter = QFileDialog.getSaveFileName(self, "Save the data set as a folder", str(proposed))
        if not name:
            return
        self.path = Path(name)
        if self.path.exists():
            text = f"{self.path.name} exists already. Replace it when the new data set is finished?"
            if QMessageBox.question(self, "Save the data set", text) != QMessageBox.StandardButton.Yes:
                return
        self.folder = self.path.parent
        self.accept()


def shown(name: str, value: float) -> str:
    """A number of the truth, or a dash where there is none."""
    if math.isnan(value) or (name == "objects" and not value):
        return "–"
    return f"{value:.4f}" if name == "fraction" else f"{value:.0f}" if name == "objects" else f"{value:.2f}"
