"""Box plots over seeds, beside the exemplar's value: inline SVG that follows the page's colours."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from core.report.figures import Inks, figure_svg
from core.report.runs import Column, box_of

MOST = 24
"""More groups than this do not fit beside each other."""
_LETTERS = 34
"""Of a line beside a box plot."""


def box_figure(column: Column, members: Mapping[str, Sequence[int]]) -> str | None:
    """One quantity: a box for each group of entries, every entry a dot, the exemplar dashed with its band.

    None where no entry has it, or where there are more than `MOST` groups.
    """
    values = column.shown
    held = {name: values[list(places)] for name, places in members.items()}
    held = {name: row[np.isfinite(row)] for name, row in held.items() if np.isfinite(row).any()}
    if not held or len(held) > MOST:
        return None
    size = (max(2.4, 1.5 + 0.55 * len(held)), 3.2)
    said = f"{column.label}, over {len(held)} groups"
    return figure_svg(partial(draw_boxes, column, held), column.quantity.key, said, size, "y")


def draw_boxes(column: Column, held: Mapping[str, np.ndarray], axes: Any, inks: Inks) -> None:
    """Draw the boxes of `box_figure` into matplotlib ``axes``; ``held``: finite values of each group, as shown."""
    factor = column.scale.factor
    if math.isfinite(column.reference):
        middle, half = column.reference * factor, column.half * factor
        if math.isfinite(half):
            axes.axhspan(middle - half, middle + half, color=inks.accent, alpha=0.15, linewidth=0)
        axes.axhline(middle, color=inks.ink, linewidth=1.4, linestyle=(0, (5, 3)))
    for place, row in enumerate(held.values()):
        box = box_of(row)
        if box is None:
            continue
        if len(row) > 1:
            drawn = {
                "whislo": box.low, "q1": box.first, "med": box.median, "q3": box.third, "whishi": box.high,
                "fliers": [],
            }  # fmt: skip
            line = {"color": inks.accent, "linewidth": 1.4}
            axes.bxp(
                [drawn], positions=[place], widths=0.5, showfliers=False, boxprops=line, whiskerprops=line,
                capprops=line, medianprops={"color": inks.accent, "linewidth": 2.4}, manage_ticks=False,
            )  # fmt: skip
        # dots side by side, so that equal values are all seen
        spread = (np.arange(len(row)) - (len(row) - 1) / 2) * min(0.08, 0.4 / max(1, len(row)))
        axes.plot(place + spread, row, "o", color=inks.ink, markersize=3.2, alpha=0.75, markeredgewidth=0, zorder=5)
    names = list(held)
    axes.set_xlim(-0.6, len(names) - 0.4)
    # where there is but one group its name says nothing
    shown = [_shortened(name) for name in names] if len(names) > 1 else [""]
    turn = {"rotation": 40, "ha": "right"} if len(names) > 2 else {}
    axes.set_xticks(range(len(names)), shown, **turn)
    axes.set_ylabel("\n".join(textwrap.wrap(column.label, _LETTERS)))


def _shortened(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:10]}…{name[-11:]}"
