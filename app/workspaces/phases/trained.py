"""The trained classifier: what it learned, where it is unsure, and its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QCheckBox, QFileDialog, QPushButton, QVBoxLayout, QWidget

from app.around import looks_around
from app.context import Context
from app.exemplar import SCRIBBLE, LiveExemplar
from app.session import State, differing
from app.widgets.image_canvas import ImageCanvas
from app.widgets.index_layer import IndexLayer
from app.widgets.panel import hint
from core.errors import InputError, MicroloomError
from core.segmentation.settings import TRAINED


def _kind() -> str:
    from core.segmentation.classifier_file import SUFFIX

    return f"Microloom classifier (*{SUFFIX});;All files (*)"


class Trained(QObject):
    """Shows what the classifier knows; saves it, loads another, goes back to learning from strokes."""

    def __init__(self, context: Context, exemplar: LiveExemplar, canvas: ImageCanvas, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._exemplar, self._widget = context, exemplar, parent
        self._session, self._messages = context.session, context.messages
        self.unsure = IndexLayer()
        self.unsure.setZValue(6)
        self.unsure.set_colors([(255, 40, 200, round(0.8 * share)) for share in range(256)])
        self.unsure.hide()
        canvas.view.addItem(self.unsure)
        self.unsure_action = self._action(
            "Show where the classifier is unsure",
            "Pink where the trained classifier is unsure: paint there next (U)",
            self.show,
        )
        self.unsure_action.setCheckable(True)
        self.unsure_action.setShortcut(QKeySequence("U"))
        self.save_action = self._action(
            "Save the classifier …", "Keep what was learned from the scribbles as a file", self._ask_save
        )
        self.load_action = self._action(
            "Load a classifier …", "Find the phases with what was learned from another micrograph", self._ask_load
        )
        self.forget_action = self._action(
            "Learn from strokes instead", "Put the loaded classifier away (can be undone)", self.forget
        )
        self.in_3d = QCheckBox("3-D features")
        self.in_3d.setToolTip(
            "Look at the slices around too: strokes teach a classifier that sees all three directions, and the whole "
            "volume is segmented with it. Slower for each new slice, often better on noisy volumes."
        )
        self.in_3d.clicked.connect(self._look_around)
        self.note = hint()
        self.load_button, self.forget_button = (
            self._button(action) for action in (self.load_action, self.forget_action)
        )
        self.box = QWidget()
        column = QVBoxLayout(self.box)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.in_3d, self.note, self.load_button, self.forget_button):
            column.addWidget(widget)
        self._session.changed.connect(self._changed)
        exemplar.ahead.progressed.connect(self._say)
        exemplar.ahead.ready.connect(self._say)
        self.show()

    def actions(self) -> list[QAction]:
        """Unsure places, save, load, forget."""
        return [self.unsure_action, self.save_action, self.load_action, self.forget_action]

    def _action(self, text: str, tip: str, done: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        action.setToolTip(tip)
        action.triggered.connect(lambda: done())
        return action

    @staticmethod
    def _button(action: QAction) -> QPushButton:
        button = QPushButton(action.text())
        button.setToolTip(action.toolTip())
        button.clicked.connect(action.trigger)
        return button

    def _changed(self, old: State, new: State) -> None:
        if differing(old, new) & {"segmentation", "take_labels", "classifier", "opened", "stack"}:
            self.show()

    def _look_around(self, on: bool) -> None:
        stack = self._session.state.stack
        if stack is not None:
            self._context.commands.do("3-D features", stack=replace(stack, in_3d=on))

    # --- files ---------------------------------------------------------------------------------------------------

    def _ask_save(self) -> None:
        from core.segmentation.classifier_file import SUFFIX

        if self._exemplar.classifier is None:
            self._messages.say(f"Nothing is learned yet. {SCRIBBLE}", "warning")
            return
        name, _ = QFileDialog.getSaveFileName(self._widget, "Save the classifier", f"phases{SUFFIX}", _kind())
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Write the classifier to ``path``; the dialog asked about replacing."""
        from core.segmentation.classifier_file import save_classifier

        classifier = self._exemplar.classifier
        if classifier is None:
            return
        try:
            save_classifier(classifier, path, overwrite=True)
            self._messages.say(f"Saved {path.name}.", "good")
        except MicroloomError as error:
            self._messages.failed("Saving the classifier", error)

    def _ask_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._widget, "Load a classifier", "", _kind())
        if name:
            self.load(Path(name))

    def load(self, path: Path) -> None:
        """Find the phases with the classifier in ``path``; one gesture."""
        from core.segmentation.classifier_file import load_classifier
        from core.segmentation.volumes import with_classifier

        state = self._session.state
        try:
            if state.opened is None:
                raise InputError("There is no micrograph yet.", "Open one in step 1.")
            classifier = load_classifier(path)
            if classifier.ndim != 2 and state.stack is None:
                raise InputError(
                    f"{path.name} was trained for volumes, not for single pictures.",
                    "Open a stack of slices in step 1, then load it.",
                )
        except MicroloomError as error:
            self._messages.failed("Loading the classifier", error)
            return
        settings = with_classifier(state.segmentation, classifier)
        self._context.commands.do(f"load {path.name}", classifier=classifier, segmentation=settings, take_labels=False)
        self._messages.say(f"Loaded {path.name}: {classifier.phases} phases.", "good")

    def forget(self) -> None:
        """Learn from strokes again."""
        self._context.commands.do("learn from strokes", classifier=None)

    # --- showing -------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """What it knows, and where it is unsure, as of now."""
        state, image, doubt = self._session.state, self._session.phase_image, self._exemplar.doubt
        fits = doubt is not None and image is not None and doubt.shape == image.shape
        shown = self.unsure_action.isChecked() and fits
        self.unsure.set_indices((255 * doubt).astype(np.uint8) if shown and doubt is not None else None)
        self.unsure.setVisible(shown)
        self.box.setVisible(state.segmentation.threshold == TRAINED and not state.take_labels)
        self.in_3d.setVisible(state.stack is not None and state.classifier is None)
        self.in_3d.setChecked(state.stack is not None and state.stack.in_3d)
        self.forget_button.setVisible(state.classifier is not None)
        self.forget_action.setEnabled(state.classifier is not None)
        self.load_button.setText("Load another classifier …" if state.classifier is not None else "Load a classifier …")
        self._say()

    def _say(self) -> None:
        state, known, doubt = self._session.state, self._exemplar.classifier, self._exemplar.doubt
        preparing = self._exemplar.ahead.share
        if state.classifier is not None and known is not state.classifier:
            self.note.setText("Segmenting …")
            return
        if known is None or doubt is None:
            what = "slices around" if looks_around(state) else "picture at several scales"
            done = "" if preparing is None else f" Looking at the {what}: {100 * preparing:.0f} % …"
            self.note.setText(f"Nothing is learned yet. {SCRIBBLE}{done}")
            return
        share = f"unsure about {100 * (doubt > 0.5).mean():.1f} % of the picture"
        if state.classifier is None:
            self.note.setText(f"Learned from {known.pixels} painted pixels; {share}. U shows where: paint there next.")
        else:
            self.note.setText(
                f"From a file: {known.phases} phases, learned from {known.pixels} painted pixels; {share}. U shows "
                "where. What you paint lies over it and teaches nothing."
            )
