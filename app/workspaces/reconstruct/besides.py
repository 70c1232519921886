"""What the Reconstruct menu offers besides a run: ready models, between seeds, data sets, classes, grey images."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from app.context import Context
from app.workspaces.reconstruct.between_seeds import BetweenSeeds
from app.workspaces.reconstruct.class_training import ClassTraining
from app.workspaces.reconstruct.data_sets import DataSets
from app.workspaces.reconstruct.grey_pictures import GreyPictures
from app.workspaces.reconstruct.ready_models import ReadyModels


class Besides(QObject):
    """All of these gestures.

    Signals
    -------
    written(path)
        A volume was written there.
    """

    written = Signal(object)

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.ready = ReadyModels(context, parent)
        self.between = BetweenSeeds(context, parent)
        self.data_sets = DataSets(context, parent)
        self.classes = ClassTraining(context, parent)
        self.grey = GreyPictures(context, parent)
        self.ready.written.connect(self.written)
        self.between.written.connect(self.written)

    @property
    def actions(self) -> list[QAction]:
        """As the menu lists them."""
        gestures = (self.ready, self.between, self.data_sets, self.classes, self.grey)
        return [gesture.action for gesture in gestures]
