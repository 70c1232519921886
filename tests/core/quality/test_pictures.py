"""Nearest pictures, similarity, grain sizes, tiles and sections: by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import InputError
from core.quality import common_side, grain_sizes, largest_difference, nearest, picture_set, similarity


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < 0.4


def test_nearest_pictures_by_hand() -> None:
    generated, training = noise(0, 70, 9, 11), noise(1, 66, 9, 11)
    generated[3] = training[65]
    generated[3, 0, 0] = not generated[3, 0, 0]
    found = nearest(generated, training)
    squares = np.array([[np.mean((a.astype(float) - b) ** 2) for b in training] for a in generated])
    assert np.array_equal(found.places, squares.argmin(axis=1))
    assert found.squares == pytest.approx(squares.min(axis=1), abs=1e-15)
    among = np.array(
        [[np.mean(a != b) if i != j else 9 for j, b in enumerate(training)] for i, a in enumerate(training)]
    )
    assert found.among == pytest.approx(among.min(axis=1), abs=1e-15)
    assert found.pair == (3, 65) and found.squares[3] == 1 / 99
    assert found.suspects == (3,)


def test_one_training_picture_says_nothing_of_copies() -> None:
    found = nearest(noise(0, 2, 8, 8), noise(1, 1, 8, 8))
    assert math.isnan(found.among[0]) and found.suspects == ()
    with pytest.raises(InputError, match="one size"):
        nearest(noise(0, 2, 8, 8), noise(1, 2, 8, 9))


def test_similarity_of_equal_and_opposite_pictures() -> None:
    picture = noise(2, 16, 16)
    same = similarity(picture, picture)
    assert same.ssim == pytest.approx(1) and same.psnr == math.inf
    half = np.zeros((16, 16))
    # constant 0 against constant 0.1: SSIM is c1 / (0.1² + c1) with c1 = 0.01², PSNR is 20 dB
    apart = similarity(half, half + 0.1)
    assert apart.ssim == pytest.approx(1e-4 / (0.01 + 1e-4)) and apart.psnr == pytest.approx(20)
    assert similarity(picture[:4, :4], picture[:4, :4]).ssim == pytest.approx(1)
    with pytest.raises(InputError, match="one size"):
        similarity(picture, picture[:8])


def test_grains_that_the_border_cuts_are_left_out_and_the_others_weighted() -> None:
    picture = np.zeros((20, 30), bool)
    picture[2:6, 3:6] = True  # 12 pixels
    picture[10:13, 20:23] = True  # 9 pixels
    picture[18:, 10:12] = True  # cut
    picture[6, 6] = True  # touches the first by a corner alone: a grain of its own
    found = grain_sizes([picture])
    areas = np.array([1, 9, 12])
    assert found.diameters == pytest.approx(2 * np.sqrt(areas / np.pi))
    weights = 1 / np.array([(20 - 2) * (30 - 2), (20 - 4) * (30 - 4), (20 - 5) * (30 - 4)])
    assert found.weights == pytest.approx(weights / weights.sum())
    assert found.mean == pytest.approx((found.diameters * weights).sum() / weights.sum())
    assert found.share_up_to([0, found.diameters[1], 100]) == pytest.approx([0, found.weights[:2].sum(), 1])
    both = grain_sizes([picture, picture])
    assert len(both.diameters) == 6 and both.mean == pytest.approx(found.mean)


def test_distributions_apart() -> None:
    def grains(*sides: int) -> np.ndarray:
        picture = np.zeros((20, 20 * len(sides)), bool)
        for place, side in enumerate(sides):
            picture[2 : 2 + side, 20 * place + 2 : 20 * place + 2 + side] = True
        return picture

    small, large = grain_sizes([grains(2, 2)]), grain_sizes([grains(5, 5)])
    assert largest_difference(small, large) == 1 and largest_difference(small, small) == 0
    mixed = grain_sizes([grains(2, 5)])
    assert largest_difference(small, mixed) == pytest.approx(mixed.weights[1])
    nothing = grain_sizes([np.ones((5, 5), bool)])
    assert math.isnan(nothing.mean) and math.isnan(nothing.deviation) and math.isnan(largest_difference(small, nothing))


def test_tiles_and_sections() -> None:
    large, volume = noise(3, 50, 36), noise(4, 24, 20, 16)
    side = common_side([large.shape, volume.shape])
    assert side == (20, 16)
    found = picture_set(["large", "volume"], [large, volume], side)
    assert found.pictures.shape[1:] == side
    # 2 × 2 tiles in the middle of what is larger
    assert found.names[:4] == (
        "large [5:25, 2:18]", "large [5:25, 18:34]", "large [25:45, 2:18]", "large [25:45, 18:34]",
    )  # fmt: skip
    assert np.array_equal(found.pictures[2], large[25:45, 2:18])
    assert len(found.names) == 4 + 3 * 8
    name = next(one for one in found.names if ", x = " in one)
    place = int(name.split(" = ")[1].split(" ")[0])
    assert np.array_equal(found.pictures[found.names.index(name)], volume[2:22, 2:18, place])
    with pytest.raises(InputError, match="smallest picture"):
        common_side([(12, 40)])
