"""Gaussian noise that is a function of position: any box of it can be made alone, and boxes made apart agree.

Each cell's numbers come from the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
numbers: as easy as 1, 2, 3", SC11). Its counter holds the cell's position and the stream, its key the seed; nothing is
remembered between calls.

Bits become Gaussian by the inverse of the normal distribution, read from tables with only a multiplication and an
addition after them, both exactly defined. Neither a sine nor a logarithm is left whose last digit would depend on the
processor, on how many numbers are computed at once, or on the device: CPU and GPU give the same values to the bit.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from scipy import special
from torch import Tensor

from core.generation.periods import Period, Triple

_WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_CPU_CELLS = 1 << 15  # cells worked on at once: the six buffers stay in the processor's cache
_GPU_CELLS = 1 << 22
MAX_STREAMS = 1 << 16
"""Streams, and groups of four channels, are numbered below this."""


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Philox4x32-10: four random 32-bit words for each counter.

    Parameters
    ----------
    counter
        Four int64 tensors of one shape (or shapes that broadcast) with values 0 to 2³² − 1.
    key
        Two 32-bit words.

    Returns
    -------
    Four int64 tensors with values 0 to 2³² − 1. torch has no arithmetic on unsigned 32-bit words, and the products
    need 64 bits; their signed overflow leaves the bits as they should be.
    """
    shape = np.broadcast_shapes(*(tuple(part.shape) for part in counter))
    c0, c1, c2, c3 = (part.expand(shape).clone() for part in counter)
    k0, k1 = key
    for _ in range(_ROUNDS):
        first = c0.mul_(_MULTIPLIERS[0])
        second = c2.mul_(_MULTIPLIERS[1])
        # high words: the shift copies the sign, the mask removes the copies
        c0 = (second >> 32).bitwise_and_(_WORD).bitwise_xor_(c1).bitwise_xor_(k0)
        c2 = (first >> 32).bitwise_and_(_WORD).bitwise_xor_(c3).bitwise_xor_(k1)
        c1, c3 = second.bitwise_and_(_WORD), first.bitwise_and_(_WORD)
        k0, k1 = (k0 + _WEYL[0]) & _WORD, (k1 + _WEYL[1]) & _WORD
    return c0, c1, c2, c3


@functools.cache
def _tables(device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Start and slope of the inverse normal in 65,536 equal steps of probability, and its lower tail in finer ones.

    The first and the last step reach to infinity; the fine table resolves them down to a chance of 2⁻³³ (6.3 σ).
    """
    edges = special.ndtri(np.arange(1, 65536) / 65536)
    start = np.zeros(65536)
    slope = np.zeros(65536)
    start[1:65535] = edges[:-1]
    slope[1:65535] = np.diff(edges) / 65536
    tail = special.ndtri((np.arange(65536) + 0.5) / 2.0**32)
    single = (torch.from_numpy(table.astype(np.float32)).to(device) for table in (start, slope, tail))
    first, second, third = single
    return first, second, third


def normal_from_words(words: Tensor) -> Tensor:
    """Standard normal numbers (float32) from random words (int64, 0 to 2³² − 1), one each, rising with the word."""
    start, slope, tail = _tables(str(words.device))
    shape = words.shape
    words = words.reshape(-1)
    step = words >> 16
    rest = words.bitwise_and(0xFFFF)
    # four times faster on a CPU than slope[step]
    values = torch.index_select(slope, 0, step).mul_(rest.to(torch.float32).add_(0.5))
    values.add_(torch.index_select(start, 0, step))
    outer = (step == 0).logical_or_(step == 0xFFFF)
    if words.device.type == "cpu":
        # one number in 32,768; on a GPU, counting them would make the host wait
        place = outer.nonzero().reshape(-1)
        rest = rest[place]
        values[place] = torch.where(step[place] == 0, tail[rest], -tail[0xFFFF - rest])
    else:
        values = torch.where(outer, torch.where(step == 0, tail[rest], -tail[0xFFFF - rest]), values)
    return values.reshape(shape)


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
    key = (seed & _WORD, (seed >> 32) & _WORD)
    z, y, x = (_wrapped(*axis, place) for axis in zip(origin, shape, period, strict=True))
    cells = _CPU_CELLS if place.type == "cpu" else _GPU_CELLS
    rows = max(1, cells // shape[2])
    slabs = max(1, rows // shape[1])
    for group in range(math.ceil(channels / 4)):
        last = torch.tensor(stream << 16 | group, device=place)
        for z0 in range(0, shape[0], slabs):
            for y0 in range(0, shape[1], rows):
                box = (slice(z0, z0 + slabs), slice(y0, y0 + rows))
                words = philox((x, y[box[1], None], z[box[0], None, None], last), key)
                for channel, word in zip(range(4 * group, min(channels, 4 * group + 4)), words, strict=False):
                    out[(channel, *box)] = normal_from_words(word)
    return out


def _wrapped(start: int, count: int, period: int | None, device: torch.device) -> Tensor:
    if period is not None:
        return (torch.arange(count, device=device) + start % period).remainder_(period)
    # Python's & takes any whole number to 32 bits; the addition may run past them once
    return (torch.arange(count, device=device) + (start & _WORD)).bitwise_and_(_WORD)
