"""What one does to the layers of a mask: each gesture one command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.context import Context
from app.widgets.choice_words import gesture_words
from app.workspaces.mask import making
from app.workspaces.mask.plane import PlanePane
from core.errors import InputError, MicroloomError
from core.masks.design import Layer, MaskDesign
from core.masks.files import read_mask
from core.masks.handles import dragged
from core.masks.sources import Imported, Source

FILTER = (
    "Pictures, stacks and masks (*.tif *.tiff *.png *.npy *.nrrd *.h5 *.vti zarr.json);;"
    "Masks as OME-Zarr: the zarr.json in the folder (zarr.json);;All files (*)"
)


class LayerGestures(QObject):
    """Knows which layer is worked on, and changes the session's design.

    Signals
    -------
    chosen()
        Another layer is worked on.
    dropped()
        A handle was let go.
    """

    chosen = Signal()
    dropped = Signal()

    def __init__(
        self, context: Context, plane: PlanePane, reach: Callable[[], tuple[float, float] | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session, self._commands, self._messages = context.session, context.commands, context.messages
        self._plane, self._reach, self._parent = plane, reach, parent
        self.place = -1
        """Of the layer that is worked on; -1: there is none."""

    @property
    def design(self) -> MaskDesign:
        """As it is now."""
        return self._session.state.mask

    @property
    def layer(self) -> Layer | None:
        """The one that is worked on."""
        return self.design.layers[self.place] if 0 <= self.place < len(self.design.layers) else None

    def keep_in_range(self) -> None:
        """The design has other layers now: work on one of them."""
        self.place = min(max(self.place, 0), len(self.design.layers) - 1)

    @property
    def fractions(self) -> making.Fractions:
        """What new layers begin with."""
        image, phase = self._session.phase_image, self._session.phase_of_interest
        if image is None or phase is None:
            return making.Fractions()
        return making.Fractions.of(image.fractions[phase], self._reach())

    def use(self, on: bool) -> None:
        """Use the mask, or no mask; its layers are kept."""
        self._do("use a mask" if on else "use no mask", used=on)

    def mean(self, region_of: int | None) -> None:
        """Let the mask say where a phase is, or (None) fractions."""
        self._do("what the mask says", region_of=region_of)

    def add(self, name: str, path: Path | None = None) -> bool:
        """Put a new layer on top: "Linear gradient", "Painted plane", "File …" and so on; whether there is one now."""
        fractions, size = self.fractions, self._session.state.plan.size
        made: Source | None = None
        title = name
        try:
            if name == "Painted plane":
                title = "Painted"
                made = making.painted_source(size, self._plane.axis, self._plane.share, fractions.middle)
            elif name in ("Phase image", "Volume"):
                made = self._from_phases(name, fractions)
            elif name == "File …":
                if path is None:
                    chosen, _ = QFileDialog.getOpenFileName(self._parent, "Take a mask from a file", "", FILTER)
                    path = Path(chosen) if chosen else None
                if path is not None:
                    title = path.parent.name if path.name == "zarr.json" else path.name
                    made = Imported(read_mask(path, low=fractions.low, high=fractions.high, axis=self._plane.axis))
            else:
                made = making.makers(fractions)[name]()
        except MicroloomError as error:
            self._messages.failed(f"Adding {name.lower().rstrip(' …')}", error)
            return False
        if made is None:
            return False
        design = making.with_layer(self.design, made, title, fractions)
        self.place = len(design.layers) - 1
        self._commands.do(f"add {title.lower()}", mask=design)
        return True

    def _from_phases(self, name: str, fractions: making.Fractions) -> Source:
        image, phase, result = self._session.phase_image, self._session.phase_of_interest, self._session.state.result
        if name == "Phase image" and image is not None and phase is not None:
            return making.of_phases(image, phase, fractions, self._plane.axis)
        if name == "Volume" and result is not None:
            return making.of_phases(result.volume, result.volume_phase, fractions, self._plane.axis)
        raise InputError(f"There is no {name.lower()} yet.", "Finish step 2 for one, or step 4 for the other.")

    def choose(self, place: int) -> None:
        """Work on the layer at ``place``."""
        self.place = place
        self.chosen.emit()

    def switch(self, place: int, on: bool) -> None:
        """Put a layer in or leave it out."""
        self._layer(place, "layer on" if on else "layer off", shown=on)

    def move(self, place: int, up: bool) -> None:
        """Exchange a layer with the one above or below it."""
        layers, to = list(self.design.layers), place + (1 if up else -1)
        if 0 <= to < len(layers):
            layers[place], layers[to] = layers[to], layers[place]
            self.place = to
            self._do("move the layer", layers=tuple(layers))

    def remove(self, place: int) -> None:
        """Take a layer away."""
        layers = self.design.layers
        self.place = max(0, place - 1)
        self._do(f"remove {layers[place].name}", layers=layers[:place] + layers[place + 1 :])

    def copy(self, place: int) -> None:
        """Put a copy above a layer."""
        layers = self.design.layers
        layer = layers[place]
        again = replace(layer, name=f"{layer.name} copy", source=making.copied(layer.source))
        self.place = place + 1
        self._do("copy the layer", layers=(*layers[: place + 1], again, *layers[place + 1 :]))

    def set(self, name: str, value: Any) -> None:
        """Change a setting of what makes the layer."""
        layer = self.layer
        if layer is not None and value is not None:
            source = replace(layer.source, **{name: value})
            self._layer(self.place, gesture_words(source, name), merge=f"mask {self.place} {name}", source=source)

    def set_layer(self, name: str, value: Any, finished: bool) -> None:
        """Change how the layer is put in."""
        self._layer(self.place, f"{name} of the layer", merge=f"mask layer {self.place} {name}", **{name: value})
        if finished and name == "opacity":
            self._commands.end_gesture()

    def drag(self, name: str, place: tuple[float, float, float], finished: bool) -> None:
        """Move the handle ``name`` of the layer to ``place`` (shares of the edges along z, y, x)."""
        layer = self.layer
        if layer is not None:
            source = dragged(layer.source, name, place, self._plane.axis, self._session.state.plan.size)
            self._layer(self.place, f"drag the {name}", merge=f"mask handle {self.place} {name}", source=source)
            if finished:
                self._commands.end_gesture()
                self.dropped.emit()

    def _do(self, name: str, **changes: Any) -> None:
        self._commands.do(name, mask=replace(self.design, **changes))

    def _layer(self, place: int, name: str, *, merge: str = "", **changes: Any) -> None:
        if 0 <= place < len(self.design.layers):
            self._commands.do(name, merge=merge, mask=self.design.changed(place, **changes))
