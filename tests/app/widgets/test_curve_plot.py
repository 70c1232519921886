from functools import partial
from pathlib import Path

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.widgets.curve_plot import CurvePlot, PlotCurves
from core.errors import JobError


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    widget = CurvePlot()
    qtbot.addWidget(widget)
    lags = np.arange(4.0)
    widget.set_exemplar(PlotCurves(lags, np.array([[0.4, 0.3, 0.2, 0.1]] * 2), np.array([[0.4, 0.2, 0.1, 0.0]] * 2)))
    widget.set_result(PlotCurves(lags[:3], np.array([[0.5, 0.3, 0.1]] * 3), np.array([[0.5, 0.2, 0.1]] * 3)))
    widget.set_pixel_size(2e-8)
    return widget


def test_values_at_a_lag(plot: CurvePlot) -> None:
    values = plot.values_at(2)
    assert values["r_um"] == pytest.approx(0.04)
    assert values["S2_exemplar"] == pytest.approx(0.2)
    assert values["L_result_x"] == pytest.approx(0.1)
    assert "S2_result" not in plot.values_at(3)
    assert plot.values_at(4) == {}


def test_read_out_names_the_distance_in_both_units(plot: CurvePlot) -> None:
    plot._read(1)
    assert "20 nm (1 voxel)" in plot.readout.text()
    assert "S2 exemplar 0.3000" in plot.readout.text()


def test_longer_curves_have_a_longer_unit(plot: CurvePlot) -> None:
    bottom = plot.plots[1].getAxis("bottom")
    assert (bottom.labelText, bottom.scale) == ("Distance r (nm)", pytest.approx(20))
    lags = np.arange(101.0)
    plot.set_exemplar(PlotCurves(lags, np.full((2, 101), 0.2), np.full((2, 101), 0.1)))
    assert (bottom.labelText, bottom.scale) == ("Distance r (µm)", pytest.approx(0.02))
    plot.set_exemplar(None)
    assert (bottom.labelText, bottom.scale) == ("Distance r (nm)", pytest.approx(20))


def test_copy_and_save(plot: CurvePlot, tmp_path: Path) -> None:
    plot.copy_data()
    assert QGuiApplication.clipboard().text().split("\n")[0].split("\t")[:2] == ["r_voxels", "r_um"]
    for kind, start in (("csv", b"r_voxels,r_um"), ("svg", b"<?xml"), ("png", b"\x89PNG")):
        path = tmp_path / f"curves.{kind}"
        plot.save(path)
        assert path.read_bytes().startswith(start)
    with pytest.raises(JobError):
        plot.save(tmp_path / "nowhere" / "curves.csv")


def test_voxels_only_where_the_pixel_size_is_unknown(plot: CurvePlot) -> None:
    assert plot.plots[0].getAxis("top").isVisible()
    plot.set_pixel_size(None)
    assert not plot.plots[0].getAxis("top").isVisible(), "voxels below say it all"
    assert "r_um" not in plot.table()[0]
    assert "voxels" in plot.plots[1].getAxis("bottom").labelText


def test_log_axis_survives_a_zero(plot: CurvePlot) -> None:
    plot.log_box.setChecked(True)
    assert plot.plots[1].ctrl.logYCheck.isChecked()


def reads(axis: pg.AxisItem, title: str) -> bool:
    return bool(axis.labelText == title)


def test_a_low_plot_has_a_short_title(plot: CurvePlot, qtbot: QtBot) -> None:
    axis = plot.plots[0].getAxis("left")
    for height, title in ((900, "Two-point probability S₂"), (260, "S₂"), (900, "Two-point probability S₂")):
        plot.resize(320, height)
        plot.show()
        qtbot.waitUntil(partial(reads, axis, title))


def test_a_low_plot_has_its_title_in_the_middle_and_no_key_over_the_numbers(plot: CurvePlot, qtbot: QtBot) -> None:
    axis = plot.plots[0].getAxis("left")
    for height, title, key in ((900, "Two-point probability S₂", True), (260, "S₂", False)):
        plot.resize(320, height)
        plot.show()
        qtbot.waitUntil(partial(reads, axis, title))
        qtbot.waitUntil(lambda key=key: plot._legend.isVisible() == key)  # type: ignore[misc]
        middle = axis.label.mapRectToParent(axis.label.boundingRect()).center().y()
        assert abs(middle - axis.size().height() / 2) < 3


def test_the_loss_of_one_step_is_no_curve(plot: CurvePlot) -> None:
    plot.set_loss([(1, 0.5), (1, 0.4)])
    assert not plot.plots[2].isVisible()
    plot.set_loss([(1, 0.5), (2, 0.4)])
    assert plot.plots[2].isVisible()
