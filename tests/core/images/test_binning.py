"""Larger pixels against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.images.binning import binned, binned_labels, binned_phases
from core.images.values import Micrograph, PhaseImage, default_phases
from core.provenance import Provenance


def picture(grey: np.ndarray, **more: object) -> Micrograph:
    return Micrograph(grey, 2e-9, "grain.tif", Provenance("test"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_pixel_is_the_mean_of_its_square(kind: type) -> None:
    grey = (np.random.default_rng(0).random((11, 17)) * 200).astype(kind)
    made = binned(picture(grey), 3)
    assert made.shape == (3, 5) and made.grey.dtype == kind
    assert made.pixel_size == pytest.approx(6e-9)
    for row in range(3):
        for column in range(5):
            mean = grey[3 * row : 3 * row + 3, 3 * column : 3 * column + 3].astype(float).mean()
            wanted = mean if kind is np.float32 else np.floor(mean + 0.5)
            assert made.grey[row, column] == pytest.approx(wanted, rel=1e-6)
    assert made.provenance.settings == {"times": 3}


def test_an_info_bar_keeps_its_place_and_once_is_nothing() -> None:
    whole = picture(np.zeros((20, 20), np.uint8), info_bar_row=15)
    assert binned(whole, 4).info_bar_row == 3
    assert binned(whole, 1) is whole
    assert binned(picture(np.zeros((20, 20), np.uint8)), 4).info_bar_row is None


def test_labels_are_what_most_pixels_show() -> None:
    labels = np.array([[0, 0, 1, 2], [0, 2, 2, 1], [2, 2, 0, 1], [1, 1, 1, 1]], np.uint8)
    # 0 three times; 1 and 2 twice: the lower; 1 and 2 twice: the lower; 1 three times
    assert binned_labels(labels, 2).tolist() == [[0, 1], [1, 1]]
    image = PhaseImage(labels, default_phases(3), None, "x", Provenance("test"))
    made = binned_phases(image, 2)
    assert made.labels.tolist() == [[0, 1], [1, 1]] and made.phases == image.phases and made.pixel_size is None


def test_too_large_squares_are_refused() -> None:
    with pytest.raises(InputError, match="no square of 8"):
        binned(picture(np.zeros((7, 20), np.uint8)), 8)
    with pytest.raises(InputError, match="1 to 64"):
        binned(picture(np.zeros((200, 200), np.uint8)), 65)
    with pytest.raises(InputError, match="1 to 64"):
        binned_labels(np.zeros((20, 20), np.uint8), 0)
