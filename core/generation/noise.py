"""Gaussian noise that is a function of position: any box of it can be made alone, and boxes made apart agree.

Each cell's numbers come from the counter-based generator of `core.generation.philox`. Its counter holds the cell's
position and the stream, its key the seed; nothing is remembered between calls. Bits become Gaussian in a way that is
exactly defined (`core.generation.normal`): CPU and GPU give the same values to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from core.generation.normal import normal_from_words, normal_here
from core.generation.periods import Period, Triple
from core.generation.philox import WORD, philox, philox_here

_CPU_CELLS = 1 << 15  # cells worked on at once: the buffers stay in the processor's cache
_GPU_CELLS = 1 << 22
MAX_STREAMS = 1 << 16
"""Streams, and groups of four channels, are numbered below this."""


def gaussian(
    seed: int,
    stream: int,
    channels: int,
    origin: Triple,
    shape: Triple,
    device: str | torch.device = "cpu",
    period: Period = (None, None, None),
) -> Tensor:
    """Independent standard normal numbers in the box ``origin … origin + shape``.

    Parameters
    ----------
    seed
        Any whole number; seeds that differ by a multiple of 2⁶⁴ are the same.
    stream
        Number of the noise field, 0 to 65,535 (a network uses one a level). Streams are independent.
    channels
        Numbers per cell.
    origin
        Position (z, y, x) of the first cell: any whole numbers, negative ones too. The field repeats after 2³² cells.
    shape
        Cells along z, y and x.
    period
        After how many cells along z, y and x the field repeats; None: after 2³². The first period, from cell 0 on, is
        the field without one.

    Returns
    -------
    Tensor
        Shape (channels, d, h, w), float32 on ``device``. Equal positions have equal values to the bit, whatever box
        was asked for and on whatever device.
    """
    if not 0 <= stream < MAX_STREAMS:
        raise ValueError(f"stream {stream} is not in 0 … {MAX_STREAMS - 1}")
    place = torch.device(device)
    out = torch.empty((channels, *shape), dtype=torch.float32, device=place)
    if out.numel() == 0:
        return out
    key = (seed & WORD, (seed >> 32) & WORD)
    if place.type == "cpu":
        _fill_here(out.numpy(), key, stream, origin, period)
        return out
    z, y, x = (_wrapped(*axis, place) for axis in zip(origin, shape, period, strict=True))
    for group in range(math.ceil(channels / 4)):
        last = torch.tensor(stream << 16 | group, device=place)
        for box in _boxes(shape, _GPU_CELLS):
            words = philox((x, y[box[1], None], z[box[0], None, None], last), key)
            for channel, word in zip(range(4 * group, min(channels, 4 * group + 4)), words, strict=False):
                out[(channel, *box)] = normal_from_words(word)
    return out


def _fill_here(out: np.ndarray, key: tuple[int, int], stream: int, origin: Triple, period: Period) -> None:
    shape: Triple = out.shape[1:]  # type: ignore[assignment]
    here = torch.device("cpu")
    z, y, x = (_wrapped(*axis, here).numpy() for axis in zip(origin, shape, period, strict=True))
    for group in range(math.ceil(len(out) / 4)):
        last = np.array(stream << 16 | group)
        for box in _boxes(shape, _CPU_CELLS):
            words = philox_here((x, y[box[1], None], z[box[0], None, None], last), key)
            for channel, word in zip(range(4 * group, min(len(out), 4 * group + 4)), words, strict=False):
                out[(channel, *box)] = normal_here(word)


def _boxes(shape: Triple, cells: int) -> Iterator[tuple[slice, slice]]:
    """Parts of a box of about ``cells`` cells, whole rows along x: slices along z and y."""
    rows = max(1, cells // shape[2])
    slabs = max(1, rows // shape[1])
    for z in range(0, shape[0], slabs):
        for y in range(0, shape[1], rows):
            yield slice(z, z + slabs), slice(y, y + rows)


def _wrapped(start: int, count: int, period: int | None, device: torch.device) -> Tensor:
    if period is not None:
        return (torch.arange(count, device=device) + start % period).remainder_(period)
    # Python's & takes any whole number to 32 bits; the addition may run past them once
    return (torch.arange(count, device=device) + (start & WORD)).bitwise_and_(WORD)
