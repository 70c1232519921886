"""Finds an instrument's info bar: the strip of text and symbols below the picture proper."""

from __future__ import annotations

import numpy as np

from core.images.values import Micrograph

_LARGEST_SHARE = 0.2


def propose_info_bar_row(micrograph: Micrograph) -> int | None:
    """First row of the info bar, or None where there is none.

    The file's own tags win. Otherwise a bar is a strip at the bottom, 2 to 20 % of the height, whose rows are mostly
    one flat colour (black or white, with text in it) that the picture above does not have.
    """
    if micrograph.info_bar_row is not None:
        return micrograph.info_bar_row
    grey = micrograph.grey.astype(np.float32)
    rows, columns = grey.shape
    if rows < 64 or columns < 64:
        return None
    low, high = np.percentile(grey, (0.5, 99.5))
    span = float(high - low)
    if span <= 0:
        return None
    tolerance = 0.03 * span
    first: int = round(rows * (1 - _LARGEST_SHARE))
    bottom = grey[first:]
    # background of a bar: the commonest value of its rows; a bar's rows share it over most of their width
    quantised = np.rint((bottom - grey.min()) / max(tolerance, 1e-12)).astype(np.int64)
    share = np.empty(len(bottom))
    value = np.empty(len(bottom))
    for index, row in enumerate(quantised):
        found, counts = np.unique(row, return_counts=True)
        best = counts.argmax()
        share[index], value[index] = counts[best] / columns, found[best]
    background = np.median(value[-max(3, rows // 64) :])
    flat = (share > 0.45) & (np.abs(value - background) <= 1)
    if flat[-max(3, rows // 64) :].mean() < 0.6:
        return None
    # walk up from the bottom while rows belong to the bar; text lines may break it for a few rows
    gap, start = 0, len(flat)
    for index in range(len(flat) - 1, -1, -1):
        if flat[index]:
            start, gap = index, 0
        else:
            gap += 1
            if gap > max(4, rows // 40):
                break
    height = len(flat) - start
    if not 0.015 * rows <= height < len(flat) - 1:
        return None
    matches = np.abs(np.rint((grey[: first + start] - grey.min()) / max(tolerance, 1e-12)) - background) <= 1
    # the picture above must not be of the same flat colour, or there is no bar, only a dark sample; and a bar begins
    # at once, where the empty corners of a round field of view grow row by row
    if matches[-max(8, height) :].mean() >= 0.35 or matches[-4:].mean() >= 0.3:
        return None
    # a frame drawn around the bar, of another colour, belongs to it: up to three rows of one value
    while start > 0 and len(flat) - start < height + 3 and share[start - 1] > 0.95:
        start -= 1
    return first + start
