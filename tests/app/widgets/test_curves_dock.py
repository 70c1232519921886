"""The table of fractions beside the curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.context import Context
from app.session import Plan, Result
from app.widgets.curves_dock import EMPTY_NOTE, CurvesDock
from core.images.values import Micrograph, PhaseImage, Volume, default_phases
from core.provenance import Provenance
from core.reconstruction.engine import TrainingProgress
from core.statistics import compare

MADE = Provenance("read")


def labels(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.arange(3, dtype=np.uint8), shape, p=(0.5, 0.3, 0.2))


def rows(dock: CurvesDock) -> list[list[str]]:
    table = dock.fractions
    return [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount())]


@pytest.fixture
def context() -> Context:
    made = Context()
    made.session.phase_image = PhaseImage(labels((40, 40), 0), default_phases(3), None, "exemplar", MADE)
    return made


def result_of(context: Context, volume: Volume, label: int) -> Result:
    image = context.session.phase_image
    assert image is not None
    return Result(
        title="made", volume=volume, exemplar=image, phase=2, volume_phase=label, plan=Plan(),
        comparison=compare(volume.labels == label, image.labels == 2), band=None, seconds={}, fraction_before=0.1,
        fraction_after=volume.fractions[label], model=None,
    )  # fmt: skip


def test_all_phases_have_a_target_and_what_was_achieved(qtbot: QtBot, context: Context) -> None:
    dock = CurvesDock(context)
    qtbot.addWidget(dock)
    volume = Volume(labels((12, 12, 12), 1), default_phases(3), None, "volume", MADE)
    context.session.replace(results=(result_of(context, volume, 2),))
    image = context.session.phase_image
    assert image is not None
    assert rows(dock) == [
        [phase.name, f"{100 * own:.2f} %", f"{100 * own:.2f} %", f"{100 * got:.2f} %"]
        for phase, own, got in zip(image.phases, image.fractions, volume.fractions, strict=True)
    ]
    assert dock.note.text().startswith(f"Curves of {image.phases[2].name}. Solid: the volume.")


def test_of_one_phase_against_the_rest_only_its_row_is_filled(qtbot: QtBot, context: Context) -> None:
    dock = CurvesDock(context)
    qtbot.addWidget(dock)
    inside = (labels((12, 12, 12), 1) == 2).astype(np.uint8)
    volume = Volume(inside, default_phases(2), None, "volume", MADE)
    session = context.session
    session.replace(plan=replace(session.state.plan, all_phases=False, volume_fraction=0.25))
    session.replace(results=(result_of(context, volume, 1),))
    found = rows(dock)
    assert [row[2:] for row in found] == [["", ""], ["", ""], ["25.00 %", f"{100 * volume.fractions[1]:.2f} %"]]


def test_the_loss_of_the_part_held_out_is_a_second_curve(qtbot: QtBot, context: Context) -> None:
    dock = CurvesDock(context)
    qtbot.addWidget(dock)
    for step in range(1, 8):
        dock._progressed(
            TrainingProgress(step, 9, "Training", 1 / step, held_out=2.0 / step if step % 3 == 0 else np.nan)
        )
    plot = dock.plot
    assert plot._loss_line.getData()[0].tolist() == [1, 2, 3, 4, 5, 6]
    assert [axis.tolist() for axis in plot._held_out_line.getData()] == [[3, 6], [2 / 3, 2 / 6]]
    assert plot._loss_legend.isVisible()
    plot.set_loss([(1, 0.5), (2, 0.4)])
    assert not plot._loss_legend.isVisible() and plot._held_out_line.getData()[0] is None


def test_the_curves_of_another_picture_are_not_shown(qtbot: QtBot, context: Context) -> None:
    dock = CurvesDock(context)
    qtbot.addWidget(dock)
    session = context.session
    inside = labels((40, 40), 0) == 2
    session.derive(curves=compare(inside, inside).exemplar)
    assert "S2_exemplar" in dock.plot.table()[0]
    grey = np.arange(1600, dtype=np.uint8).reshape(40, 40)
    session.replace(opened=Micrograph(grey, None, "another", MADE))
    assert "S2_exemplar" not in dock.plot.table()[0]
    assert dock.note.text() == EMPTY_NOTE


def test_the_curves_of_a_project_say_which_line_is_the_volume(qtbot: QtBot, context: Context) -> None:
    dock = CurvesDock(context)
    qtbot.addWidget(dock)
    volume = Volume(labels((12, 12, 12), 1), default_phases(3), None, "volume", MADE)
    result = result_of(context, volume, 2)
    context.session.replace(results=(result,))
    context.session.derive(curves=result.comparison.exemplar)  # they come after the volume that lay in the file
    assert "Solid: the volume. Dashed: the exemplar" in dock.note.text()
