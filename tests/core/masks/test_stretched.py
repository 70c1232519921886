"""A mask made section by section is the one that is resampled as a whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import InputError
from core.job import finish
from core.masks import stretched
from core.masks.mask import Mask
from core.masks.stretched import Stretched
from core.provenance import Provenance

SIZES = [(10, 12, 16), (7, 30, 5), (1, 1, 1), (26, 31, 37)]


@pytest.mark.parametrize("have", [(1, 1, 1), (5, 4, 3), (25, 31, 37), (10, 12, 16), (1, 9, 40), (40, 1, 2)])
def test_sections_are_those_of_the_whole_to_the_bit(
    have: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretched, "_AT_ONCE", 300)
    draw = np.random.default_rng(0)
    mask = Mask(draw.random(have).astype(np.float32), None, "m", Provenance("drawn"))
    for size in SIZES:
        whole = mask.resampled(size).fraction
        mean, low, high = finish(Stretched(mask, size).measuring())
        assert mean == pytest.approx(math.fsum(whole.ravel().tolist()) / whole.size, rel=1e-14)
        assert (low, high) == (whole.min(), whole.max())
        for more in (0, 5):
            z, y, x = (side + more for side in size)
            made = Stretched(mask, size).within((z, y, x))
            wanted = np.pad(whole, [(0, more)] * 3, mode="edge")
            slabs = list(made.slabs())
            assert [slab.start for slab, _ in slabs] == [0, *(slab.stop for slab, _ in slabs[:-1])]
            assert np.array_equal(np.concatenate([part for _, part in slabs]), wanted)
            # and in any order
            for first in draw.integers(z, size=3):
                stop = int(draw.integers(first + 1, z + 1))
                assert np.array_equal(made.sections(int(first), stop), wanted[first:stop])


def test_a_size_without_voxels_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be resampled"):
        Stretched(Mask(np.zeros((1, 1, 1), np.float32), None, "m", Provenance("drawn")), (4, 0, 4))
