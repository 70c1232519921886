"""What one movement of the brush costs, and what a stroke keeps for undo. Prints a table; nothing is asserted.

python -m tests.benchmarks.painting [--side 4096]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from app.widgets.sketching import LARGE
from core.painting.brush import Brush
from core.painting.rules import AUTOMATIC, EditingRules, Ground
from core.painting.sketch import Sketch
from core.painting.stroke import Stroke


def stroke_times(
    ground: Ground, brush: Brush, rules: EditingRules, value: float, *, sketched: bool = False
) -> tuple[list[float], Stroke]:
    """Milliseconds of the processor for each of 300 movements, some 13 pixels each, along a wave across the picture.

    Sketched, as the window does with large soft brushes: a movement draws the sketch, then some pixels are painted.
    """
    side = ground.shape[0]
    began = time.process_time()
    stroke = Stroke(ground, value, rules, later=sketched)
    sketch = Sketch(stroke, (0, side, 0, side)) if sketched else None
    times, last = [], None
    for step in range(300):
        at = side * (0.05 + 0.9 * step / 300)
        point = (side / 2 + side / 4 * np.sin(step / 20), at)
        stroke.draw_to(point, brush)
        if sketch is not None:
            sketch.move(last or point, point, brush)
        last = point
        times.append(1000 * (time.process_time() - began))
        stroke.work(1 << 15)
        began = time.process_time()
    return times, stroke


def main() -> None:
    """Print one line a case."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--side", type=int, default=4096)
    side = options.parse_args().side
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, (side, side), np.uint8)
    print(f"{side} × {side}, 300 movements; milliseconds of the processor")
    print(f"{'':38}{'first':>8}{'median':>8}{'p95':>8}{'commit':>8}{'undo':>8}{'kept kB':>9}")
    rules = {"": EditingRules(), ", rules": EditingRules(inside=1, grey_range=(0, 2), locked=frozenset({2}))}
    for diameter in (10, 50, 200, 1000, 2000):
        for rule, chosen in rules.items():
            ground = Ground(np.full((side, side), AUTOMATIC, np.uint8), labels, labels)
            report(f"labels, {diameter} px{rule}", *stroke_times(ground, Brush(diameter), chosen, 1), ground)
    for diameter in (50, 200, 500, 1000, 2000, 4000):
        ground = Ground(np.zeros((side, side), np.float32))
        made = stroke_times(ground, Brush(diameter, 0.5), rules[""], 0.4, sketched=diameter >= LARGE)
        report(f"field, {diameter} px, soft", *made, ground)


def report(name: str, times: list[float], stroke: Stroke, ground: Ground) -> None:
    """One line."""
    began = time.process_time()
    patch = stroke.commit()
    committed = time.process_time()
    assert patch is not None
    patch.apply(ground.values)
    undone = time.process_time()
    print(
        f"{name:38}{times[0]:8.2f}{np.median(times[1:]):8.2f}{np.percentile(times[1:], 95):8.2f}"
        f"{1000 * (committed - began):8.1f}{1000 * (undone - committed):8.1f}{patch.nbytes / 1000:9.1f}"
    )


if __name__ == "__main__":
    main()
