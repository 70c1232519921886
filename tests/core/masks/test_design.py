"""From what was painted to the mask that an engine gets."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.masks.design import MaskDesign, fractions_by_level
from core.masks.fields import constant
from core.painting.sheet import Painted, Sheet


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_painted_plane_is_extruded(axis: int) -> None:
    plane = np.random.default_rng(0).random((6, 8)).astype(np.float32)
    made = MaskDesign(painted=Painted(Sheet(plane)), axis=axis).mask((1.0, 1.0, 1.0))
    assert made is not None
    assert np.array_equal(np.squeeze(made.fraction, axis), plane)
    shape = [6, 8]
    shape.insert(axis, 1)
    assert made.voxel_size == pytest.approx([1 / side for side in shape])


def test_an_imported_field_goes_first_and_smoothing_keeps_the_mean() -> None:
    plane = np.zeros((20, 20), np.float32)
    plane[:10] = 0.8
    painted = Painted(Sheet(plane))
    made = MaskDesign(painted=painted, smoothing=0.1).mask()
    assert made is not None and made.mean == pytest.approx(0.4, abs=1e-6)
    assert 0.3 < made.fraction[0, 10, 0] < 0.4
    other = constant(0.3)
    assert MaskDesign(painted=painted, imported=other).mask() is other
    assert MaskDesign().mask() is None and MaskDesign().is_empty


def test_what_cannot_be_is_refused() -> None:
    for bad in (MaskDesign(axis=3), MaskDesign(smoothing=0.6), MaskDesign(smoothing=-0.1)):
        with pytest.raises(InputError):
            bad.mask()


def test_levels_add_up_to_the_volume() -> None:
    field = np.zeros((4, 5), np.float32)
    field[1:] = 0.5
    rows = fractions_by_level(MaskDesign(painted=Painted(Sheet(field))).mask())  # type: ignore[arg-type]
    assert rows == [(0.0, 0.0, 0.25), (0.5, 0.5, 0.75)]
    many = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    rows = fractions_by_level(MaskDesign(painted=Painted(Sheet(many))).mask(), 4)  # type: ignore[arg-type]
    assert len(rows) == 4 and sum(share for *_, share in rows) == pytest.approx(1)
