"""Another segmentation of the same picture beside this one: Dice, fractions, and where the two differ."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QKeySequence, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.context import Context
from app.jobs import Latest
from app.session import State, differing
from app.widgets.image_canvas import ImageCanvas
from app.widgets.index_layer import IndexLayer
from app.widgets.panel import Fold, hint
from app.workspaces.phases.kept_versions import KeptVersions
from core.errors import InputError, MicroloomError
from core.images.values import PhaseImage
from core.job import finish
from core.provenance import Provenance
from core.segmentation.comparing import (
    ONLY_FIRST,
    ONLY_SECOND,
    OTHERWISE,
    Kept,
    SegmentationComparison,
    compare_segmentations,
    disagreement,
)

_FILTER = "Phase images (*.tif *.tiff *.png *.npy);;All files (*)"
COLORS = {ONLY_FIRST: (255, 110, 0), ONLY_SECOND: (0, 210, 255), OTHERWISE: (255, 240, 60)}
"""Red, green, blue of what `disagreement` marks: told apart by colour-blind eyes, none of them a phase's default."""
_VERSION = re.compile(r"version (\d{1,6}) \(")
_CHOOSE = "Choose one of the list to compare this segmentation with it, or keep this one too."
_NOTHING = "Keep this version, change something, and see what differs; or open another segmentation of this picture."


@dataclass(frozen=True, eq=False)
class _Answer:
    image: PhaseImage
    other: PhaseImage
    reference: Kept
    phase: int
    found: SegmentationComparison
    where: np.ndarray


def _compared(image: PhaseImage, reference: Kept, crop: tuple[int, int, int, int] | None, phase: int) -> _Answer:
    other = reference.cut_to(crop)
    where = disagreement(image.labels, other.labels, phase)
    return _Answer(image, other, reference, phase, compare_segmentations(image, other), where)


class Comparing(QObject):
    """Keeps the comparison true to the segmentation on show."""

    def __init__(self, context: Context, canvas: ImageCanvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._canvas, self._widget = context, canvas, parent
        self._session, self._messages = context.session, context.messages
        self._shown: _Answer | None = None
        self._latest = Latest(self)
        self._latest.answered.connect(self._answered)
        self._latest.failed.connect(lambda error: self._messages.failed("Comparing", error))
        self._reading = Latest(self)
        self._reading.answered.connect(self._read_slice)
        self._reading.failed.connect(lambda error: self._messages.failed("Comparing", error))
        self.layer = IndexLayer()
        self.layer.setZValue(7)
        self.layer.set_colors([(0, 0, 0, 0), *((*COLORS[code], 235) for code in (ONLY_FIRST, ONLY_SECOND, OTHERWISE))])
        self.layer.hide()
        canvas.view.addItem(self.layer)
        self._build_actions()
        self._build()
        self._session.changed.connect(self._changed)
        self._session.derived.connect(self._derived)
        self._show()

    def _build_actions(self) -> None:
        self.keep_action = QAction("Keep this segmentation for comparison", self)
        self.keep_action.setToolTip("Later changes are then compared with the phases as they are now")
        self.keep_action.triggered.connect(lambda: self.keep())
        self.file_action = QAction("Compare with a phase image …", self)
        self.file_action.setToolTip("Open another segmentation of this picture and see what differs")
        self.file_action.triggered.connect(lambda: self._ask())
        self.stop_action = QAction("Stop comparing", self)
        self.stop_action.setToolTip("Look at this segmentation alone; what was kept stays in the list")
        self.stop_action.triggered.connect(lambda: self._choose(None))
        self.remove_action = QAction("Remove the kept segmentation", self)
        self.remove_action.setToolTip("Take the one that is compared with off the list (can be undone)")
        self.remove_action.triggered.connect(lambda: self._remove(self.reference))
        self.differences_action = QAction("Show the differences", self)
        self.differences_action.setCheckable(True)
        self.differences_action.setChecked(True)
        self.differences_action.setShortcut(QKeySequence("D"))
        self.differences_action.setToolTip("Mark the pixels in which the two segmentations differ (D)")
        self.differences_action.toggled.connect(lambda _on: self._show_layer())

    def _build(self) -> None:
        self.fold = Fold("Compare")
        self.note = hint()
        self.versions = KeptVersions()
        self.versions.chosen.connect(lambda number: self._choose(self._session.state.kept[number]))
        self.versions.renamed.connect(self._rename)
        self.versions.unwanted.connect(lambda number: self._remove(self._session.state.kept[number]))
        self.table = _Table()
        self.differences = QCheckBox("Show the differences")
        self.differences.setChecked(True)
        self.differences.setToolTip(self.differences_action.toolTip())
        self.differences.toggled.connect(self.differences_action.setChecked)
        self.differences_action.toggled.connect(self.differences.setChecked)
        self._legend = {code: _LegendLine(color) for code, color in COLORS.items()}
        self.buttons: dict[str, QPushButton] = {}
        for key, text, action in (
            ("keep", "Keep this one for comparison", self.keep_action),
            ("file", "Compare with a file …", self.file_action),
            ("stop", "Stop comparing", self.stop_action),
            ("remove", "Remove from the list", self.remove_action),
        ):
            button = QPushButton(text)
            button.setToolTip(action.toolTip())
            button.clicked.connect(action.trigger)
            self.buttons[key] = button
        self._of_answer: list[QWidget] = [self.table, self.differences]
        for widget in (self.versions, self.note, self.table, self.differences, *self._legend.values()):
            self.fold.column.addWidget(widget)
        for button in self.buttons.values():
            self.fold.column.addWidget(button)

    def actions(self) -> list[QAction]:
        """Keep, open, mark, stop, remove."""
        return [self.keep_action, self.file_action, self.differences_action, self.stop_action, self.remove_action]

    @property
    def busy(self) -> bool:
        """Whether the comparison on show is not yet that of the segmentation on show."""
        return self._latest.busy or self._reading.busy

    @property
    def reference(self) -> Kept | None:
        """What the segmentation on show is compared with."""
        return self._session.state.compared

    # --- gestures ------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Compare with the phases as they are now from here on."""
        image, state = self._session.phase_image, self._session.state
        if image is None:
            self._messages.say("There are no phases to keep yet.", "warning")
            return
        method = "labels of the picture" if state.take_labels else state.segmentation.threshold
        number = 1 + max((int(found[1]) for kept in state.kept if (found := _VERSION.match(kept.name))), default=0)
        self._add("keep for comparison", Kept(image, f"version {number} ({method})", state.crop, place=state.place))

    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._widget, "Compare with a phase image", "", _FILTER)
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Compare with the phase image in ``path``: of the whole micrograph, or of the part that is used.

        Of a volume, where slices of one are looked at, the slice on show is taken, once it is read.
        """
        path = path.parent if path.name == "zarr.json" else path  # a folder's face in the dialog
        place = self._session.state.place
        if place is None:
            self._compare_with(path, None)
        else:
            self._reading.ask(lambda: (path, place, _slice_of(path, place)))

    def _compare_with(self, path: Path, known: PhaseImage | None) -> None:
        """``known`` is what was read of ``path``, if anything was."""
        from core.images.reading import read_labels

        state = self._session.state
        try:
            if state.opened is None or state.micrograph is None:
                raise InputError("There is no micrograph yet.", "Open one in step 1.")
            image = known or read_labels(path)
            if not isinstance(image, PhaseImage):
                raise InputError(f"{path.name} is a volume.", "Choose a single picture.")
            whole, part = state.opened.shape, state.micrograph.shape
            if image.shape not in (whole, part):
                sizes = f"{whole[1]} × {whole[0]}" + (
                    f" (the part in use {part[1]} × {part[0]})" if part != whole else ""
                )
                raise InputError(
                    f"{path.name} has {image.shape[1]} × {image.shape[0]} pixels, the micrograph {sizes}.",
                    "Choose a segmentation of this micrograph.",
                )
        except MicroloomError as error:
            self._messages.failed("Comparing", error)
            return
        crop = None if image.shape == whole else state.crop
        self._add(f"compare with {path.name}", Kept(image, path.name, crop, place=state.place))

    def _read_slice(self, answer: tuple[Path, int, PhaseImage]) -> None:
        path, place, image = answer
        if self._session.state.place == place:
            self._compare_with(path, image)

    def _add(self, name: str, kept: Kept) -> None:
        kept = replace(kept, time=datetime.now().astimezone().isoformat(timespec="seconds"))
        versions = (*self._session.state.kept, kept)
        self._context.commands.do(name, held=kept.image.labels.nbytes, kept=versions, compared=kept)

    def _choose(self, kept: Kept | None) -> None:
        if kept is not self.reference:
            self._context.commands.do("stop comparing" if kept is None else f"compare with {kept.name}", compared=kept)

    def _remove(self, kept: Kept | None) -> None:
        if kept is None:
            return
        left = tuple(version for version in self._session.state.kept if version is not kept)
        compared = None if kept is self.reference else self.reference
        self._context.commands.do(f"remove {kept.name}", held=kept.image.labels.nbytes, kept=left, compared=compared)

    def _rename(self, number: int, name: str) -> None:
        versions = self._session.state.kept
        old = versions[number]
        if not name or name == old.name:
            self.versions.topLevelItem(number).setText(0, old.name)  # type: ignore[union-attr]
            return
        new = replace(old, name=name)
        compared = new if old is self.reference else self.reference
        kept = (*versions[:number], new, *versions[number + 1 :])
        self._context.commands.do(f"rename {old.name}", kept=kept, compared=compared)

    # --- following the session -----------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        names = differing(old, new)
        if "compared" in names and new.compared is not None:
            self.fold.set_open(True)
        if names & {"kept", "compared"}:
            self._show_list()
        if names & {"opened", "crop", "compared"} or old.plan.phase != new.plan.phase:
            self._ask_anew()

    def _derived(self, names: frozenset[str]) -> None:
        if "phase_image" in names:
            self._ask_anew()

    def _ask_anew(self) -> None:
        image, phase, reference = self._session.phase_image, self._session.phase_of_interest, self.reference
        state = self._session.state
        crop, micrograph = state.crop, state.micrograph
        fits = image is not None and micrograph is not None and image.shape == micrograph.shape
        if image is None or phase is None or reference is None or not fits or not reference.reaches(crop, state.place):
            self._latest.forget()
            self._shown = None
            self._show()
            return
        one, kept, label = image, reference, phase
        self._latest.ask(lambda: _compared(one, kept, crop, label))

    def _answered(self, answer: _Answer) -> None:
        image = self._session.phase_image
        if image is None or answer.image.labels is not image.labels or answer.reference is not self.reference:
            return
        self._shown = answer
        self._show()

    # --- showing -------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        answer, reference = self._shown, self.reference
        for widget in self._of_answer:
            widget.setVisible(answer is not None)
        kept = self._session.state.kept
        self._show_list()
        self.differences_action.setEnabled(answer is not None)
        self._show_layer()
        if reference is None:
            self.note.setText(_CHOOSE if kept else _NOTHING)
        elif answer is None and reference.reaches(self._session.state.crop, self._session.state.place):
            self.note.setText(f"Comparing with {reference.name} …")
        elif answer is None:
            what = "another part of the micrograph" if reference.place == self._session.state.place else "another slice"
            self.note.setText(f"{reference.name} shows {what}: there is nothing to compare.")
        else:
            share = 100 * answer.found.agreement
            self.note.setText(f"Compared with {reference.name}: {share:.2f} % of the pixels agree.")
            self.table.show_comparison(answer.found, answer.image)
            name = answer.image.phases[answer.phase].name
            words = {
                ONLY_FIRST: f"only this one has {name}",
                ONLY_SECOND: f"only the other has {name}",
                OTHERWISE: "they differ in other phases",
            }
            for code, line in self._legend.items():
                line.label.setText(words[code])

    def _show_list(self) -> None:
        kept = self._session.state.kept
        self.versions.setVisible(bool(kept))
        self.versions.show_versions(kept, self.reference)
        for key, action in (("stop", self.stop_action), ("remove", self.remove_action)):
            self.buttons[key].setVisible(self.reference is not None)
            action.setEnabled(self.reference is not None)

    def _show_layer(self) -> None:
        answer = self._shown
        shown = answer is not None and self.differences_action.isChecked()
        self.layer.set_indices(answer.where if answer is not None and shown else None)
        self.layer.setVisible(shown)
        self._canvas.more_to_read = self._read if shown else None
        many = answer is not None and len(answer.found.counts) > 2
        for code, line in self._legend.items():
            line.setVisible(shown and (many or code != OTHERWISE))

    def _read(self, row: int, column: int) -> str:
        answer, micrograph = self._shown, self._session.state.micrograph
        if answer is None or micrograph is None or answer.other.shape != micrograph.shape:
            return ""
        label = int(answer.other.labels[row, column])
        return f"grey {micrograph.grey[row, column]:g}   the other: {_name(answer.image, label)}   this:"


def _slice_of(path: Path, place: int) -> PhaseImage:
    """One slice of a volume of labels; of a single picture all."""
    from core.images.grey_volume import open_grey_volume
    from core.images.label_slices import opening_labels
    from core.images.reading import read_labels

    if not path.is_dir() and open_grey_volume(path) is None and isinstance(image := read_labels(path), PhaseImage):
        return image
    found = finish(opening_labels(path))
    if place >= found.shape[0]:
        raise InputError(f"{path.name} has {found.shape[0]} slices: slice {place + 1} is not among them.")
    name = f"{path.name}, slice {place + 1}"
    return PhaseImage(found.plane(place), found.phases, None, name, Provenance("read", source=path.name))


def _name(image: PhaseImage, label: int) -> str:
    """Of the phase that this one calls ``label``."""
    return image.phases[label].name if label < len(image.phases) else f"Phase {label}"


class _LegendLine(QFrame):
    """A colour and what it means."""

    def __init__(self, color: tuple[int, int, int]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        swatch = QLabel()
        picture = QPixmap(12, 12)
        picture.fill(QColor(*color))
        swatch.setPixmap(picture)
        self.label = hint()
        row.addWidget(swatch)
        row.addWidget(self.label, 1)


class _Table(QTableWidget):
    """One row a phase: its fraction in both, and Dice's coefficient."""

    _HEADERS = (
        ("Phase", ""),
        ("This", "Area fraction in this segmentation"),
        ("Other", "Area fraction in the other one"),
        ("Dice", "2 × pixels that have the phase in both / (pixels here + pixels there): 1 where both agree"),
    )

    def __init__(self) -> None:
        super().__init__(0, len(self._HEADERS))
        self.setAccessibleName("Comparison of the two segmentations")
        self.setHorizontalHeaderLabels([title for title, _ in self._HEADERS])
        for column, (title, tip) in enumerate(self._HEADERS):
            item = self.horizontalHeaderItem(column)
            assert item is not None
            item.setToolTip(tip or title)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_comparison(self, found: SegmentationComparison, image: PhaseImage) -> None:
        """Fill the rows; ``image`` is this segmentation."""
        first, second = found.fractions
        self.setRowCount(len(found.counts))
        for label, (dice, here, there) in enumerate(zip(found.dice, first, second, strict=True)):
            name = QTableWidgetItem(_name(image, label))
            if label < len(image.phases):
                swatch = QPixmap(12, 12)
                swatch.fill(QColor(image.phases[label].color))
                name.setIcon(QIcon(swatch))
            row = found.counts[label]
            parts = [
                f"{100 * count / row.sum():.2f} % {_name(image, other)}" for other, count in enumerate(row) if count
            ]
            tip = f"What is {name.text()} here is in the other one: {', '.join(parts) or 'nothing'}"
            cells = (name, *(QTableWidgetItem(text) for text in (
                f"{100 * here:.2f} %", f"{100 * there:.2f} %", "–" if dice is None else f"{dice:.4f}"
            )))  # fmt: skip
            for column, cell in enumerate(cells):
                cell.setToolTip(tip)
                if column:
                    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(label, column, cell)
        self.resizeRowsToContents()
        height = self.horizontalHeader().sizeHint().height() + 4
        self.setFixedHeight(height + sum(self.rowHeight(line) for line in range(self.rowCount())))
