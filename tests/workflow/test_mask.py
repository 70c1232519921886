"""The Mask step as a person uses it: layers from the menu, handles, painting on key planes, undo; offscreen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event, Timer
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.session import Result
from app.widgets import sketching
from app.workspaces.reconstruct.run import Run
from core.images.values import PhaseImage, Volume, default_phases
from core.masks.design import Layer, MaskDesign
from core.masks.fields import bands
from core.masks.files import read_mask, write_mask
from core.masks.sources import Imported, Linear, PaintedPlanes, Solid, Uniform
from core.painting.brush import Brush
from core.painting.rules import Ground
from core.painting.shapes import Point, rectangle
from core.painting.stroke import Stroke
from core.provenance import Provenance

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Person:
    """Works on the Mask step; the volume to be made is 24 × 32 × 40."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot, self.step = window, qtbot, window.mask_step
        window.commands.plan("size", size=(24, 32, 40))
        window.commands.stack.clear()
        window.show_step("mask")
        qtbot.wait(20)

    @property
    def design(self) -> MaskDesign:
        return self.window.session.state.mask

    def settle(self) -> None:
        step = self.step
        self.qtbot.waitUntil(
            lambda: not step.busy and step.picture is not None and step.picture.design is self.design, timeout=30_000
        )

    def add(self, name: str) -> None:
        """Choose a layer from the menu."""
        entry = next(action for action in self.step.menu.actions() if action.text() == name)
        entry.trigger()
        self.settle()
        self.qtbot.wait(30)
        self.step.fit()

    def pixel(self, y: float, x: float) -> QPoint:
        canvas = self.step.plane.canvas
        return canvas.mapFromScene(canvas.view.mapViewToScene(QPointF(x, y)))

    def drag(self, *path: Point) -> list[Point]:
        viewport = self.step.plane.canvas.viewport()
        QTest.mousePress(viewport, LEFT, NONE, self.pixel(*path[0]))
        for place in path[1:]:
            QTest.mouseMove(viewport, self.pixel(*place), 2)
        QTest.mouseRelease(viewport, LEFT, NONE, self.pixel(*path[-1]))
        self.settle()
        return [self.step.plane.canvas.place_of(QPointF(self.pixel(*place))) for place in path]

    def field(self) -> np.ndarray:
        mask = self.design.mask((24, 32, 40))
        assert mask is not None
        return np.broadcast_to(mask.fraction, (24, 32, 40))


@pytest.fixture
def person(window: MainWindow, qtbot: QtBot) -> Person:
    return Person(window, qtbot)


def test_no_mask_is_the_default_and_one_click_skips(person: Person) -> None:
    assert person.design == MaskDesign()
    assert "same everywhere" in person.step.status.sentence
    assert person.step.pages.currentIndex() == 0
    person.qtbot.mouseClick(person.step.skip, LEFT)
    assert person.window.current is person.window.reconstruct
    person.window.show_step("mask")
    assert person.step.panel.primary.text() == "Skip to Reconstruct"
    person.qtbot.mouseClick(person.step.panel.primary, LEFT)
    assert person.window.current is person.window.reconstruct


@pytest.mark.parametrize(
    "name", ["Uniform", "Linear gradient", "Radial gradient", "Bands", "Layered stack", "Sphere", "Cylinder", "Box",
             "Half-space", "Blobs", "Painted plane"],
)  # fmt: skip
def test_every_layer_of_the_menu_is_shown_used_and_undone(person: Person, name: str) -> None:
    person.add(name)
    assert person.design.used and person.step.used.isChecked()
    assert person.step.pages.currentIndex() == 1
    values = person.step.plane.canvas.overlay.indices
    assert values is not None
    assert values.shape == (32, 40)
    shown = person.field()[12]
    assert np.abs(values / 255 - shown).max() <= 0.5 / 255 + 1e-6
    assert person.step.regions.table.rowCount() >= 1
    assert person.window.commands.stack.count() == 1
    person.window.undo_action.trigger()
    assert person.design == MaskDesign()
    assert person.step.pages.currentIndex() == 0


def test_layers_are_switched_off_moved_copied_and_removed_by_clicks(person: Person) -> None:
    person.add("Uniform")
    person.add("Linear gradient")
    layers = person.step.layers
    names = lambda: [layer.name for layer in person.design.layers]  # noqa: E731
    assert names() == ["Uniform", "Linear gradient"]
    assert layers.list.item(0).text() == "Linear gradient", "topmost first"
    person.qtbot.mouseClick(layers.buttons["down"], LEFT)
    assert names() == ["Linear gradient", "Uniform"]
    person.qtbot.mouseClick(layers.buttons["copy"], LEFT)
    assert names()[-2:] == ["Linear gradient copy", "Uniform"]
    person.qtbot.mouseClick(layers.buttons["remove"], LEFT)
    assert names() == ["Linear gradient", "Uniform"]
    layers.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert not person.design.layers[1].shown
    person.settle()
    assert np.allclose(person.field()[0], person.field()[0, 0, 0])
    while person.window.commands.stack.canUndo():
        person.window.undo_action.trigger()
    assert person.design == MaskDesign()


def test_what_a_layer_is_set_to_changes_the_mask(person: Person) -> None:
    person.add("Uniform")
    person.add("Linear gradient")
    form = person.step.layer_form
    form.operation.setCurrentIndex(1)
    assert person.design.layers[1].operation == "add"
    form.inverted.setChecked(True)
    form.levelled.setChecked(True)
    form.high.setValue(0.2)
    layer = person.design.layers[1]
    assert layer.inverted and layer.levels == (0.0, 0.2)
    spin = person.step.form.values()["first"]
    spin.setFocus()
    spin.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(spin, "0.25")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    source = person.design.layers[1].source
    assert isinstance(source, Linear) and source.first == 0.25
    person.settle()
    person.window.undo_action.trigger()
    source = person.design.layers[1].source
    assert isinstance(source, Linear) and source.first != 0.25


def test_a_gradients_end_is_dragged_with_the_mouse_as_one_gesture(person: Person) -> None:
    person.add("Linear gradient")
    plane = person.step.plane
    plane.axis_box.setCurrentIndex(2)  # across x: z goes down, y to the right
    person.settle()
    person.step.fit()
    person.qtbot.wait(30)
    before = person.design
    y, x = plane.handle_position("end")
    assert (y, x) == pytest.approx((24, 16))
    person.drag((y, x), (20.0, 18.0), (14.0, 22.0), (12.0, 24.0))
    source = person.design.layers[0].source
    assert isinstance(source, Linear)
    assert (source.end_z, source.end_y) == pytest.approx((12 / 24, 24 / 32), abs=0.05)
    assert source.end_x == 0.5, "not across the plane"
    person.window.undo_action.trigger()
    assert person.design == before


def test_painting_a_plane_is_a_stroke_that_is_undone(person: Person) -> None:
    person.add("Painted plane")
    options = person.step.painting.options
    before = person.field().copy()
    assert options.options.tool == "brush"
    person.qtbot.mouseClick(person.step.plane.row.buttons["rectangle"], LEFT)
    options.set(value=0.75)
    places = person.drag((5.0, 5.0), (20.0, 30.0))
    chosen = rectangle(places[0], places[1], (32, 40))
    assert chosen is not None
    wanted = before[0].copy()
    chosen.put(wanted, 0.75, chosen.cover)
    assert np.array_equal(person.field(), np.broadcast_to(wanted, (24, 32, 40))), "the same all along z"
    shown = person.step.plane.canvas.overlay.indices
    assert shown is not None and shown[10, 10] == round(255 * 0.75)
    assert person.window.commands.stack.undoText() == "rectangle"
    person.window.undo_action.trigger()
    assert np.array_equal(person.field(), before)
    shown = person.step.plane.canvas.overlay.indices
    assert shown is not None and shown[10, 10] == np.rint(255 * before[0, 10, 10])
    person.window.redo_action.trigger()
    assert np.array_equal(person.field()[3], wanted)


def test_a_large_soft_brush_is_sketched_while_it_moves_and_painted_exactly(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketching, "LARGE", 10.0)
    person.add("Painted plane")
    pane, options = person.step.plane, person.step.painting.options
    before = person.field()[0].copy()
    options.set(value=0.75, size=14.0, hardness=0.3)
    viewport, path = pane.canvas.viewport(), [(5.0, 5.0), (20.0, 12.0), (16.0, 30.0)]
    stroke = Stroke(Ground(before.copy()), 0.75, later=True)
    QTest.mousePress(viewport, LEFT, NONE, person.pixel(*path[0]))
    for place in path[1:]:
        QTest.mouseMove(viewport, person.pixel(*place), 2)
        person.qtbot.wait(5)
    for place in path:
        stroke.draw_to(pane.canvas.place_of(QPointF(person.pixel(*place))), Brush(14.0, 0.3))
    seen, drawn = pane._sketch.indices, pane._sketch
    assert seen is not None and drawn.scale() >= 1
    y, x = int((16 - drawn.pos().y()) / drawn.scale()), int((30 - drawn.pos().x()) / drawn.scale())
    assert seen[y, x] == round(255 * 0.75), "the head of the brush is seen at once"
    pane.canvas.view.scaleBy((0.9, 0.9))  # what was drawn stays where one looks closer
    assert pane._sketch.indices is not None and (pane._sketch.indices == round(255 * 0.75)).any()
    pane.canvas.view.scaleBy((1 / 0.9, 1 / 0.9))
    QTest.mouseRelease(viewport, LEFT, NONE, person.pixel(*path[-1]))
    assert pane._sketch.indices is not None, "the sketch stays until the stroke is ended"
    person.qtbot.waitUntil(lambda: not pane.painter.busy)
    person.settle()
    assert pane._sketch.indices is None
    stroke.commit()
    assert np.array_equal(person.field()[0], stroke.ground.values), "to the bit"
    assert np.array_equal(pane.canvas.overlay.indices, np.rint(255 * stroke.ground.values))
    person.window.undo_action.trigger()
    assert np.array_equal(person.field()[0], before)


def test_what_comes_after_a_large_stroke_waits_for_its_end(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketching, "LARGE", 10.0)
    person.add("Painted plane")
    pane, stack, before = person.step.plane, person.window.commands.stack, person.field()[0].copy()
    person.step.painting.options.set(value=0.75, size=14.0, hardness=0.3)
    go, commit = Event(), Stroke.commit

    def slow(stroke: Stroke) -> object:
        assert go.wait(20)
        return commit(stroke)

    def stroke(row: float) -> None:
        go.clear()
        QTest.mousePress(pane.canvas.viewport(), LEFT, NONE, person.pixel(row, 9.0))
        QTest.mouseRelease(pane.canvas.viewport(), LEFT, NONE, person.pixel(row, 9.0))

    monkeypatch.setattr(Stroke, "commit", slow)
    first = stack.count()
    stroke(9.0)
    assert pane.painter.busy and stack.count() == first, "it is ended elsewhere"
    Timer(0.1, go.set).start()
    QTest.keyClick(person.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (stack.count(), stack.index()) == (first + 1, first), "undo takes it back, and nothing older"
    assert not pane.painter.busy and np.array_equal(person.field()[0], before)
    person.window.redo_action.trigger()
    one = person.field()[0].copy()
    assert not np.array_equal(one, before)
    # a command from elsewhere comes after it, and so does the next stroke
    stroke(20.0)
    Timer(0.1, go.set).start()
    person.window.commands.do("pixel size", pixel_size=1e-6)
    assert [stack.text(first + place) for place in range(2)] == ["brush stroke", "brush stroke"]
    assert stack.undoText() == "pixel size" and not pane.painter.busy
    stroke(20.0)
    Timer(0.1, go.set).start()
    QTest.mousePress(pane.canvas.viewport(), LEFT, NONE, person.pixel(4.0, 4.0))
    assert stack.count() == first + 4 and person.step.plane.painter.busy, "the one before is ended, this one begun"
    QTest.mouseRelease(pane.canvas.viewport(), LEFT, NONE, person.pixel(4.0, 4.0))
    person.qtbot.waitUntil(lambda: not pane.painter.busy)
    assert stack.count() == first + 5
    for _ in range(5):
        person.window.undo_action.trigger()
    assert np.array_equal(person.field()[0], before) and person.window.session.state.pixel_size is None


def test_a_large_brush_is_given_up_with_escape(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketching, "LARGE", 10.0)
    person.add("Painted plane")
    pane = person.step.plane
    shown = pane.canvas.overlay.indices.copy()
    person.step.painting.options.set(value=0.75, size=14.0, hardness=0.3)
    viewport = pane.canvas.viewport()
    QTest.mousePress(viewport, LEFT, NONE, person.pixel(9.0, 9.0))
    QTest.mouseMove(viewport, person.pixel(20.0, 20.0), 2)
    person.qtbot.wait(20)
    assert not np.array_equal(pane.canvas.overlay.indices, shown)
    QTest.keyClick(viewport, Qt.Key.Key_Escape)
    assert pane._sketch.indices is None and np.array_equal(pane.canvas.overlay.indices, shown)
    QTest.mouseRelease(viewport, LEFT, NONE, person.pixel(20.0, 20.0))
    assert person.window.commands.stack.undoText() != "brush stroke"


def test_between_key_planes_the_mask_is_interpolated(person: Person) -> None:
    person.add("Painted plane")
    plane, painting = person.step.plane, person.step.painting
    plane.slider.setValue(0)
    person.qtbot.mouseClick(painting.add_plane, LEFT)
    source = person.design.layers[0].source
    assert isinstance(source, PaintedPlanes) and len(source.planes) == 2
    assert painting.planes.count() == 2
    person.qtbot.mouseClick(plane.row.buttons["fill"], LEFT)
    painting.options.set(value=0.9)
    person.drag((16.0, 20.0))
    field = person.field()[:, 16, 20]
    assert field[0] == np.float32(0.9), "the first plane, which was on show"
    assert (np.diff(field[:12]) < 0).all() and field[-1] == np.float32(person.step.gestures.fractions.middle)
    person.qtbot.mouseClick(painting.remove_plane, LEFT)
    source = person.design.layers[0].source
    assert isinstance(source, PaintedPlanes) and len(source.planes) == 1
    for _ in range(3):
        person.window.undo_action.trigger()
    source = person.design.layers[0].source
    assert isinstance(source, PaintedPlanes) and len(source.planes) == 1
    assert np.unique(person.field()).size == 1


def test_a_first_solid_lies_in_a_uniform_ground_and_handles_follow_undo(person: Person) -> None:
    person.add("Box")
    assert [type(layer.source) for layer in person.design.layers] == [Uniform, Solid]
    before = person.step.plane.handle_position("centre")
    person.drag(before, (before[0] + 4, before[1] + 5))
    assert person.step.plane.handle_position("centre") != pytest.approx(before, abs=1)
    person.window.undo_action.trigger()
    person.settle()
    assert person.step.plane.handle_position("centre") == pytest.approx(before)


def test_a_mask_is_saved_and_taken_from_its_file_again(person: Person, tmp_path: Path) -> None:
    person.add("Bands")
    path = tmp_path / "mask.tif"
    person.step.save(path)
    assert np.array_equal(read_mask(path).fraction, person.design.mask((24, 32, 40)).fraction)  # type: ignore[union-attr]
    person.step.add("File …", path)
    source = person.design.layers[1].source
    assert isinstance(source, Imported) and person.design.layers[1].name == "mask.tif"
    count = person.window.commands.stack.count()
    person.step.add("File …", tmp_path / "nothing.tif")
    person.step.add("Volume")
    assert person.window.commands.stack.count() == count, "what is not there adds no layer"


def test_a_mask_is_saved_as_a_zarr_folder_and_taken_from_it_again(
    person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.add("Bands")
    # the kind is chosen, the proposed name left as it was
    asked = (str(tmp_path / "mask.tif"), "OME-Zarr folder (*.ome.zarr)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: asked)
    person.qtbot.mouseClick(person.step.save_button, LEFT)
    path = tmp_path / "mask.ome.zarr"
    saved = read_mask(path)
    assert np.array_equal(saved.fraction, person.design.mask((24, 32, 40)).fraction)  # type: ignore[union-attr]
    wanted = person.step.mask()
    assert saved.voxel_size == wanted.voxel_size and [item.name for item in tmp_path.glob("mask*")] == [path.name]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path / "zarr.json"), ""))
    person.step.adders["File …"].trigger()
    source = person.design.layers[1].source
    assert isinstance(source, Imported) and np.array_equal(source.mask.fraction, saved.fraction)
    assert person.design.layers[1].name == "mask.ome.zarr"
    before = (path / "zarr.json").read_text()
    person.qtbot.mouseClick(person.step.save_button, LEFT)
    assert "exists already" in person.window.strip.text.toolTip() and (path / "zarr.json").read_text() == before
    (path / "0" / "zarr.json").unlink()
    person.step.adders["File …"].trigger()
    assert len(person.design.layers) == 2 and "damaged" in person.window.strip.text.toolTip()


def test_a_list_that_cannot_be_read_is_told_and_keeps_the_picture(person: Person) -> None:
    person.add("Layered stack")
    line = person.step.form.values()["layers"]
    line.setFocus()
    line.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(line, "1: 0.1, two: 3")
    QTest.keyClick(line, Qt.Key.Key_Return)
    person.qtbot.waitUntil(lambda: person.step.problem.isVisible(), timeout=30_000)
    assert "two: 3" in person.step.problem.text()
    assert person.step.status.mark == "issue"
    person.window.undo_action.trigger()
    person.settle()
    assert not person.step.problem.isVisible() and person.step.status.mark == "ready"


def test_what_the_exemplar_shows_nowhere_is_named(person: Person) -> None:
    _, columns = np.mgrid[:40, :80]
    labels = np.where(columns < 40, columns % 10 < 2, columns % 10 < 4).astype(np.uint8)
    image = PhaseImage(labels, default_phases(2), None, "exemplar", Provenance("test"))

    def warnings() -> list[str]:
        person.window.session.derive(phase_image=image)
        person.settle()
        assert person.step.reach == (0.2, 0.4)
        found = [issue for issue in person.window.context.messages.issues if issue.step == "mask"]
        assert all(issue.severity == "warning" for issue in found)
        return [issue.message for issue in found]

    layer = Layer("a", Imported(bands((24, 1, 1), 0, [1, 3], [0.1, 0.3])))
    person.window.commands.do("mask", mask=MaskDesign(True, (layer,)))
    assert [message[:20] for message in warnings()] == ["25 % of the volume a"]
    person.step.plane.slider.setValue(0)
    assert "(beyond what the exemplar shows)" in person.step.plane._read(0, 0)
    person.window.commands.do("off", mask=replace(person.design, used=False))
    assert warnings() == []
    person.window.commands.do("inside", mask=MaskDesign(True, (Layer("a", Uniform(0.3)),)))
    assert warnings() == []


def test_after_a_reconstruction_the_table_says_what_was_achieved(person: Person) -> None:
    mask = bands((16, 1, 1), 0, [1, 1], [0.2, 0.6])
    share = np.where(np.arange(16) < 8, 0.2, 0.3)[:, None, None]
    labels = (np.random.default_rng(0).random((16, 16, 16)) < share).astype(np.uint8)
    volume = Volume(labels, default_phases(2), None, "volume", Provenance("test"))
    report = SimpleNamespace(target=SimpleNamespace(mask=mask))
    nothing: dict[str, object] = {"exemplar": None, "comparison": None, "band": None, "model": None}
    result = Result("r", volume, phase=1, volume_phase=1, plan=person.window.session.state.plan, seconds={},
                    fraction_before=0.0, fraction_after=0.0, report=report, **nothing)  # type: ignore[arg-type]  # fmt: skip
    person.window.session.state = replace(person.window.session.state, results=(result,))
    person.step.regions.measure()
    person.qtbot.waitUntil(lambda: person.step.regions.table.rowCount() == 2, timeout=30_000)
    texts = [[person.step.regions.table.item(row, column).text() for column in range(4)] for row in (0, 1)]  # type: ignore[union-attr]
    assert [row[0] for row in texts] == ["0.20", "0.60"]
    assert texts[0][2].startswith(f"{labels[:8].mean():.3f} ±") and texts[0][3] == "✓ met"
    assert texts[1][3] == "✗ missed"
    person.window.session.state = replace(person.window.session.state, results=())


def test_the_reconstruction_is_asked_for_the_mask_only_where_it_is_used(person: Person, tmp_path: Path) -> None:
    field = bands((24, 1, 1), 0, [3, 7], [0.1, 0.3])
    write_mask(field, tmp_path / "m.tif")
    person.step.add("File …", tmp_path / "m.tif")
    design = person.design
    plan = person.window.session.state.plan
    image = PhaseImage(np.zeros((2, 2), np.uint8), default_phases(2), 1e-9, "e", Provenance("test"))
    mask = Run(image, 1, plan, None, design).target().mask
    assert mask is not None and mask.mean == pytest.approx(field.mean, abs=1e-6)
    assert mask.voxel_size is not None and mask.voxel_size[0] * mask.shape[0] == pytest.approx(24e-9)
    assert Run(image, 1, plan, None, replace(design, used=False)).target().mask is None
