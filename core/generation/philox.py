"""Philox4x32-10: random words from a counter and a key.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. Once for the processor, once for
tensors on any device: the same bits, the first three times faster on a processor.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

WORD = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


def philox(counter: tuple[Tensor, Tensor, Tensor, Tensor], key: tuple[int, int]) -> tuple[Tensor, ...]:
    """Four random 32-bit words for each counter.

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
        c0 = (second >> 32).bitwise_and_(WORD).bitwise_xor_(c1).bitwise_xor_(k0)
        c2 = (first >> 32).bitwise_and_(WORD).bitwise_xor_(c3).bitwise_xor_(k1)
        c1, c3 = second.bitwise_and_(WORD), first.bitwise_and_(WORD)
        k0, k1 = (k0 + _WEYL[0]) & WORD, (k1 + _WEYL[1]) & WORD
    return c0, c1, c2, c3


def philox_here(counter: tuple[np.ndarray, ...], key: tuple[int, int]) -> tuple[np.ndarray, ...]:
    """As `philox`, of arrays of uint64 (or what broadcasts to one shape of them), on the processor.

    Two words are worked on as one array, ``even`` (at first the counter's words 0 and 2) and ``odd`` (1 and 3). A round
    crosses the even ones over; instead of moving them back, the next one takes them the other way round.
    """
    shape = np.broadcast_shapes(*(part.shape for part in counter))
    even, odd, product = (np.empty((2, *shape), np.uint64) for _ in range(3))
    even[0], odd[0], even[1], odd[1] = counter
    keys, times = list(key), [np.uint64(multiplier) for multiplier in _MULTIPLIERS]
    for number in range(_ROUNDS):
        first = number % 2
        second = 1 - first
        np.multiply(even[0], times[first], out=product[0])
        np.multiply(even[1], times[second], out=product[1])
        np.right_shift(product, np.uint64(32), out=even)
        np.bitwise_xor(even, odd[::-1], out=even)
        np.bitwise_xor(even[0], np.uint64(keys[second]), out=even[0])
        np.bitwise_xor(even[1], np.uint64(keys[first]), out=even[1])
        np.bitwise_and(even, np.uint64(WORD), out=even)
        # their high words are still there, and go with the mask above, one round later
        odd, product = product, odd
        keys = [(word + step) & WORD for word, step in zip(keys, _WEYL, strict=True)]
    np.bitwise_and(odd, np.uint64(WORD), out=odd)
    return even[0], odd[0], even[1], odd[1]
