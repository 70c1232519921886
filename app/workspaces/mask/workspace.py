"""Step 3: where in the volume the fraction differs. No mask, the same everywhere, is the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLabel, QMenu, QPushButton, QStackedWidget

from app.context import Context, Issue
from app.jobs import Latest
from app.session import State, differing
from app.widgets.field_view import FieldView
from app.widgets.panel import Fold, card, hint
from app.widgets.settings_form import SettingsForm
from app.workspaces.mask import making
from app.workspaces.mask.layer_gestures import LayerGestures
from app.workspaces.mask.layer_list import LayerForm, LayerList
from app.workspaces.mask.meaning import MaskMeaning
from app.workspaces.mask.painting import PlanePainting
from app.workspaces.mask.plane import PlanePane
from app.workspaces.mask.plane_and_field import PlaneAndField
from app.workspaces.mask.regions_card import RegionsCard
from app.workspaces.mask.start_page import StartPage
from app.workspaces.workspace import Workspace
from core.errors import InputError, MicroloomError
from core.masks.design import Layer, MaskDesign
from core.masks.files import write_mask
from core.masks.handles import handles
from core.masks.regions import seen_range
from core.masks.sources import Imported, PaintedPlanes, Solid, Source

_OF_SHAPE = {
    "sphere": ("radius",), "cylinder": ("axis", "radius"), "box": ("width_z", "width_y", "width_x"),
    "half-space": ("axis",),
}  # fmt: skip
SAVE_FILTER = "TIFF (*.tif);;OME-Zarr folder (*.ome.zarr)"


def fields_shown(source: Source) -> tuple[str, ...]:
    """The settings that matter: of a box no radius."""
    if isinstance(source, Solid):
        centre = ("centre_z", "centre_y", "centre_x")
        return ("shape", "fraction", *_OF_SHAPE[source.shape], "softness", *centre)
    return ()


class MaskWorkspace(Workspace):
    """Layers on the left, the plane in the middle, the mask in 3-D beside it."""

    key = "mask"
    title = "Mask"
    icon_name = "mask"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.picture: making.Picture | None = None
        self._seen: tuple[Any, int, tuple[float, float]] | None = None
        self._latest = Latest(self)
        self._latest.answered.connect(self._made)
        self._latest.failed.connect(self._not_made)
        self.painting = PlanePainting(context)
        self.plane = PlanePane(self.painting.options)
        self.painting.serve(self.plane)
        self.plane.plane_changed.connect(self._show_plane)
        self.painting.changed.connect(self._show_plane)
        self.gestures = LayerGestures(context, self.plane, lambda: self.reach, self.panel)
        self.gestures.chosen.connect(self._chosen)
        self.gestures.dropped.connect(self._show_handles)
        self.plane.handle_dragged.connect(self.gestures.drag)
        self.field: FieldView | None = None
        self._build_actions()
        self._build_panel()
        self.pages = QStackedWidget()
        self.canvas = self.pages
        page = StartPage(self.menu)
        self.skip, self.begin = page.skip, page.begin
        self.skip.clicked.connect(lambda: self.wants_step.emit("reconstruct"))
        self.pages.addWidget(page)
        self.split = PlaneAndField()
        self.split.addWidget(self.plane)
        self.pages.addWidget(self.split)
        self.session.changed.connect(self._changed)
        self.session.derived.connect(self._derived)
        self._show_state()

    # --- building ------------------------------------------------------------------------------------------------

    def _build_actions(self) -> None:
        self.menu = QMenu("Add a layer")
        self.adders: dict[str, QAction] = {}
        for name in (*making.makers(making.Fractions()), "Painted plane", "Phase image", "Volume", "File …"):
            if name in ("Painted plane", "Phase image"):
                self.menu.addSeparator()
            action = QAction(f"Mask: add {name.lower()}", self)
            action.setIconText(name)
            action.triggered.connect(lambda _checked=False, name=name: self.add(name))
            entry = self.menu.addAction(name)
            entry.triggered.connect(action.trigger)
            self.adders[name] = action
        self._keys = []
        for text, key, by in (("Slice up", "PgUp", 1), ("Slice down", "PgDown", -1)):
            action = QAction(f"Mask: {text.lower()}", self)
            action.setShortcut(QKeySequence(key))
            action.triggered.connect(lambda _checked=False, by=by: self.plane.step(by))
            self._keys.append(action)
        self.save_action = QAction("Save the mask …", self)
        self.save_action.triggered.connect(lambda: self.save())

    def actions(self) -> list[QAction]:
        """New layers, tools, slices, saving."""
        return [*self.adders.values(), *self.plane.row.actions_of(), *self._keys, self.save_action]

    def _build_panel(self) -> None:
        self.source = QLabel()
        self.source.setWordWrap(True)
        self.panel.inputs.add(card(self.source))
        self.used = QCheckBox("Use a mask")
        self.used.setToolTip("Off: the volume is the same everywhere. The layers are kept")
        self.used.toggled.connect(self.gestures.use)
        self.panel.settings.add(self.used)
        self.meaning = MaskMeaning()
        self.meaning.chosen.connect(self.gestures.mean)
        self.panel.settings.add(self.meaning)
        self.layers = LayerList(self.menu)
        self.layers.chosen.connect(self.gestures.choose)
        self.layers.toggled.connect(self.gestures.switch)
        self.layers.moved.connect(self.gestures.move)
        self.layers.removed.connect(self.gestures.remove)
        self.layers.copied.connect(self.gestures.copy)
        self.panel.settings.add(self.layers)
        self.form = SettingsForm()
        self.form.changed.connect(self.gestures.set)
        self.problem = hint()
        self.problem.setProperty("role", "error")
        self.panel.settings.add(self.form)
        self.panel.settings.add(self.problem)
        self.panel.settings.add(self.painting.panel)
        self.layer_form = LayerForm()
        self.layer_form.changed.connect(self.gestures.set_layer)
        self.layer_fold = Fold("How the layer is put in", opened=True)
        self.layer_fold.column.addWidget(self.layer_form)
        self.panel.settings.add(self.layer_fold)
        self.regions = RegionsCard(self.context)
        self.regions.judged.connect(self.set_status)
        self.save_button = QPushButton("Save the mask …")
        self.save_button.setToolTip("Write the mask with its voxel size, as 32-bit TIFF or as OME-Zarr")
        self.save_button.clicked.connect(lambda: self.save())
        self.panel.output.add(self.regions)
        self.panel.output.add(self.save_button)
        self.panel.primary.clicked.connect(lambda: self.wants_step.emit("reconstruct"))

    def entered(self) -> None:
        """The 3-D view is made when it is first looked at."""
        if self.field is None:
            self.field = FieldView()
            self.split.addWidget(self.field)
            self.split.share_out()
            self._show_field()

    # --- gestures ------------------------------------------------------------------------------------------------

    @property
    def design(self) -> MaskDesign:
        """As it is now."""
        return self.session.state.mask

    @property
    def layer(self) -> Layer | None:
        """The one that is worked on."""
        return self.gestures.layer

    def add(self, name: str, path: Path | None = None) -> None:
        """Put a new layer on top; a painted one is painted on at once."""
        if self.gestures.add(name, path) and name == "Painted plane":
            self.painting.options.set(tool="brush")

    def _chosen(self) -> None:
        self._show_layer()
        self._show_plane()

    def save(self, path: Path | None = None) -> None:
        """Write the mask, as fine as an engine gets it."""
        asked = True
        if path is None:
            chosen, kind = QFileDialog.getSaveFileName(self.panel, "Save the mask", "mask.tif", SAVE_FILTER)
            if not chosen:
                return
            path = Path(chosen)
            if "zarr" in kind and path.suffix.lower() in ("", ".tif"):  # the kind was chosen, the proposed name left
                path, asked = path.with_suffix(".ome.zarr"), False  # about replacing the other name
        try:
            mask = self.mask()
            if mask is None:
                raise InputError("There is no mask to save.", "Add a layer first.")
            write_mask(mask, path, overwrite=asked)
            self.context.messages.say(f"Saved {path.name}.", "good")
        except MicroloomError as error:
            self.context.messages.failed("Saving the mask", error)

    def mask(self) -> Any:
        """The mask as an engine gets it, whether it is used or not."""
        state = self.session.state
        pixel = None if state.micrograph is None else state.micrograph.pixel_size
        z, y, x = state.plan.size
        edges = None if pixel is None else (z * pixel, y * pixel, x * pixel)
        return self.design.snapshot().mask(state.plan.size, edges=edges)

    # --- following the session -----------------------------------------------------------------------------------

    def _changed(self, old: State, new: State) -> None:
        names = differing(old, new)
        if "mask" in names or "plan" in names or names & {"opened", "crop", "pixel_size"}:
            self._show_state()
        if names & {"results", "shown"}:
            self.regions.measure()

    def _derived(self, names: frozenset[str]) -> None:
        if "phase_image" in names:
            self._show_state()

    @property
    def reach(self) -> tuple[float, float] | None:
        """Fractions that the exemplar shows (`seen_range`); counted when somebody looks, not at every threshold."""
        image, phase = self.session.phase_image, self.session.phase_of_interest
        if image is None or phase is None or self.design.region_of is not None:
            return None
        if self._seen is None or self._seen[0] is not image.labels or self._seen[1] != phase:
            self._seen = image.labels, phase, seen_range(image.labels == phase)
        return self._seen[2]

    def _show_state(self) -> None:
        state, design = self.session.state, self.design
        self.gestures.keep_in_range()
        pixel = None if state.micrograph is None else state.micrograph.pixel_size
        self.plane.set_size(state.plan.size, pixel)
        z, y, x = state.plan.size
        image, phase = self.session.phase_image, self.session.phase_of_interest
        text = f"Volume of {z} × {y} × {x} voxels (z, y, x; step 4)"
        if image is not None and phase is not None:
            text += f"\n{image.phases[phase].name}: {100 * image.fractions[phase]:.1f} % in the micrograph"
        self.source.setText(text)
        self.used.blockSignals(True)
        self.used.setChecked(design.used)
        self.used.setEnabled(bool(design.layers))
        self.used.blockSignals(False)
        self.meaning.show_meaning(() if image is None else image.phases, phase, design.region_of)
        self.pages.setCurrentIndex(1 if design.layers else 0)
        self.layers.show_design(design, self.gestures.place)
        self._show_layer()
        if self.painting.values is not None:  # what is painted on is there at once, whatever the whole mask takes
            self._show_plane()
        frozen, size = design.snapshot(), state.plan.size
        if design.is_empty:
            self._latest.forget()
            self._made(making.Picture(design, None, ()))
        else:
            self._latest.ask(lambda: making.picture(design, frozen, size))
        on = design.used and not design.is_empty
        self.panel.set_primary("Next: Reconstruct" if on else "Skip to Reconstruct", tip="Go to step 4 (Ctrl+4)")

    def _show_layer(self) -> None:
        layer = self.layer
        rules = layer is not None and not isinstance(layer.source, (Imported, PaintedPlanes))
        self.form.setVisible(rules)
        self.layer_fold.setVisible(layer is not None)
        self.painting.show_layer(self.gestures.place)
        if layer is None:
            return
        if rules:
            self.form.show_settings(layer.source, type(layer.source)(), fields_shown(layer.source))  # type: ignore[call-arg]
        self.layer_form.show_layer(layer)

    def _made(self, picture: making.Picture) -> None:
        self.picture = picture
        self.problem.hide()
        self._show_plane()
        self._show_field()
        mask = picture.mask
        self.save_button.setVisible(mask is not None)
        reach = None if mask is None else self.reach
        self.plane.bar.show_reach(reach, None if mask is None else mask.range)
        self.regions.show_picture(picture, reach)

    def _not_made(self, error: Exception) -> None:
        what = str(error) if isinstance(error, MicroloomError) else repr(error)
        self.problem.setText(what)
        self.problem.show()
        self.context.messages.set_issues("mask", [Issue("mask", "error", what)])
        self.set_status("issue", what)

    @property
    def busy(self) -> bool:
        """Whether the picture is not yet that of the state."""
        return self._latest.busy or self.regions.busy

    def _show_plane(self) -> None:
        if self.painting.values is not None:
            self.plane.show_handles({})
            self.plane.show_values(self.painting.values, self.reach)
            self.plane.caption.setText(self.painting.caption)
            return
        mask = None if self.picture is None else self.picture.mask
        if mask is None:
            self.plane.show_handles({})
            self.plane.show_values(None, None)
            self.plane.caption.setText("No layer is switched on.")
            return
        import numpy as np

        from core.masks.design import fitted

        size = fitted(self.session.state.plan.size, making.PREVIEW)
        axis, share = self.plane.axis, self.plane.share
        count = mask.fraction.shape[axis]
        values = np.take(mask.fraction, min(count - 1, int(share * count)), axis)
        shape = tuple(side for place, side in enumerate(size) if place != axis)
        self.plane.show_values(np.broadcast_to(values, shape), self.reach)
        self.plane.caption.setText("The whole mask: all layers that are on." + self.painting.advice)
        self._show_handles()
        if self.field is not None:
            self.field.show_plane(axis, share)

    def _show_handles(self) -> None:
        layer = self.layer
        there = layer is not None and layer.shown and self.painting.values is None
        size = self.session.state.plan.size
        self.plane.show_handles(handles(layer.source, self.plane.axis, size) if there and layer is not None else {})

    def _show_field(self) -> None:
        mask = None if self.picture is None else self.picture.mask
        if self.field is not None and mask is not None:
            self.field.show_field(mask.fraction, self.session.state.plan.size)
            self.field.show_plane(self.plane.axis, self.plane.share)

    def fit(self) -> None:
        """Show the whole plane."""
        self.plane.canvas.fit()

    def theme_changed(self) -> None:
        """Ink and surround."""
        self.plane.theme_changed()
