"""What one movement of the brush costs, and what a stroke keeps for undo. Prints a table; nothing is asserted.

Milliseconds of the processor, as the window paints: a movement's own pixels up to a bound, with the labels or levels
that are seen of them (what Qt draws is not among it), the rest between two movements. "first" is the press of the
button, "between" the longest part between two movements. A stroke that is held ("commit") ends off the GUI thread.

python -m tests.benchmarks.painting [--side 4096] [--output FILE.json]
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from app.widgets.sketching import LARGE, at_a_time
from core.painting.brush import Brush
from core.painting.pixels import Box
from core.painting.rules import AUTOMATIC, EditingRules, Ground, over
from core.painting.sketch import Sketch
from core.painting.stroke import Stroke

RULES = EditingRules(inside=1, grey_range=(0, 2), locked=frozenset({2}))


@dataclass(frozen=True)
class Costs:
    """Of one stroke, in milliseconds of the processor; `kept` in kilobytes."""

    first: float
    median: float
    p95: float
    longest: float
    between: float
    commit: float
    undo: float
    kept: float


def shower(ground: Ground) -> Callable[[Box], None]:
    """Puts what changed into the array that the screen is drawn from, as the workspaces do."""
    shown = np.full(ground.shape, 0, np.uint8)
    shown[...] = 1

    def show(box: Box) -> None:
        inside = slice(box[0], box[1]), slice(box[2], box[3])
        if ground.labels is not None:
            shown[inside] = over(ground.labels[inside], ground.values[inside], 3)
        else:
            shown[inside] = np.rint(255 * ground.values[inside])

    return show


def measured(ground: Ground, brush: Brush, rules: EditingRules, value: float) -> Costs:
    """A stroke of 300 movements, up to 53 pixels each, along a wave across the picture."""
    side = ground.shape[0]
    sketched = not ground.of_labels and brush.hardness < 1 and brush.diameter >= LARGE
    show, pixels = shower(ground), at_a_time(brush, ground)
    times, between, last = [], [], None
    began = time.process_time()
    stroke = Stroke(ground, value, rules, later=sketched, in_parts=True)
    sketch = Sketch(stroke, (0, side, 0, side)) if sketched else None
    for step in range(300):
        at = side * (0.05 + 0.9 * step / 300)
        point = (side / 2 + side / 4 * np.sin(step / 20), at)
        stroke.draw_to(point, brush)
        if sketch is not None:
            sketch.move(last or point, point, brush)
            last = point
        else:
            for box in stroke.working(pixels):
                show(box)
        times.append(1000 * (time.process_time() - began))
        # as many as are worked off until the mouse tells of itself again, 8 ms later
        for _ in range(3):
            began = time.process_time()
            for box in stroke.working(pixels):
                show(box)
            between.append(1000 * (time.process_time() - began))
        began = time.process_time()
    began = time.process_time()
    patch = stroke.commit()
    committed = time.process_time()
    assert patch is not None
    patch.apply(ground.values)
    undone = time.process_time()
    found = (
        times[0], float(np.median(times[1:])), float(np.percentile(times[1:], 95)), max(times[1:]), max(between),
        1000 * (committed - began), 1000 * (undone - committed), patch.nbytes / 1000,
    )  # fmt: skip
    return Costs(*(round(number, 2) for number in found))


def main() -> None:
    """Print one line a case."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--side", type=int, default=4096)
    options.add_argument("--output", type=Path)
    chosen = options.parse_args()
    side = chosen.side
    labels = np.random.default_rng(0).integers(0, 3, (side, side), np.uint8)
    print(f"{side} × {side}, 300 movements; milliseconds of the processor")
    print(f"{'':28}" + "".join(f"{name:>9}" for name in Costs.__dataclass_fields__))
    found: dict[str, dict[str, float]] = {}

    def report(name: str, costs: Costs) -> None:
        found[name] = asdict(costs)
        print(f"{name:28}" + "".join(f"{number:9.2f}" for number in found[name].values()), flush=True)

    for diameter in (10, 50, 200, 1000, 2000, 4000):
        for rule, rules in (("", EditingRules()), (", rules", RULES)):
            ground = Ground(np.full((side, side), AUTOMATIC, np.uint8), labels, labels)
            report(f"labels, {diameter} px{rule}", measured(ground, Brush(diameter), rules, 1))
    for hardness, word in ((0.5, "soft"), (1.0, "hard")):
        for diameter in (50, 200, 399, 500, 1000, 2000, 4000):
            # written, as a plane is that was copied from the mask
            ground = Ground(np.full((side, side), 0.25, np.float32))
            report(f"field, {diameter} px, {word}", measured(ground, Brush(diameter, hardness), EditingRules(), 0.4))
    if chosen.output is not None:
        machine = {"machine": platform.platform(), "side": side, "unit": "ms of the processor; kept in kB"}
        chosen.output.parent.mkdir(parents=True, exist_ok=True)
        chosen.output.write_text(json.dumps({**machine, "strokes": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
