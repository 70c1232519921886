"""The sketch of a stroke is what the stroke leaves, on every n-th pixel."""

from __future__ import annotations

import numpy as np
import pytest

from core.painting.brush import Brush
from core.painting.rules import EditingRules, Ground
from core.painting.sketch import Sketch
from core.painting.stroke import Stroke

SHAPE = (90, 110)
WAY = [(10.0, 10.0), (40.0, 22.0), (70.0, 20.0), (60.0, 90.0), (60.0, 60.0), (95.0, 140.0)]


@pytest.mark.parametrize("rule", [None, EditingRules(inside=1, grey_range=(40, 220))])
@pytest.mark.parametrize("box", [(0, 90, 0, 110), (17, 60, 30, 101)])
def test_the_sketch_shows_what_the_stroke_leaves(rule: EditingRules | None, box: tuple[int, int, int, int]) -> None:
    generator = np.random.default_rng(0)
    ground = Ground(
        generator.random(SHAPE).astype(np.float32), generator.integers(0, 3, SHAPE, np.uint8),
        generator.integers(0, 256, SHAPE, np.uint8),
    )  # fmt: skip
    stroke = Stroke(ground, 0.3, rule, later=True)
    sketch, last = Sketch(stroke, box, samples=500), None
    assert sketch.step > 1
    for number, point in enumerate(WAY):
        brush = Brush(35.0, 1.0) if number == 4 else Brush(35.0, 0.4)
        stroke.draw_to(point, brush)
        sketch.move(last or point, point, brush)
        last = point
        if number == 2:
            begun = Sketch(stroke, box, samples=500)  # as after the view was moved: what was drawn is on it
            assert np.allclose(begun.values, sketch.values, atol=1e-4)
    stroke.commit()
    y0, y1, x0, x1 = box
    left = ground.values[y0 : y1 : sketch.step, x0 : x1 : sketch.step]
    assert sketch.values.shape == left.shape
    assert np.allclose(sketch.values, left, atol=1e-4)


def test_small_parts_are_sketched_pixel_by_pixel_and_other_parts_not_at_all() -> None:
    ground = Ground(np.zeros(SHAPE, np.float32))
    stroke = Stroke(ground, 1.0, later=True)
    sketch = Sketch(stroke, (50, 90, 50, 110))
    assert sketch.step == 1
    sketch.move((10.0, 10.0), (12.0, 10.0), Brush(20.0, 0.0))
    assert not sketch.values.any()
