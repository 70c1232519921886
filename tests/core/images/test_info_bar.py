"""The info bar is found where there is one, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.images.info_bar import propose_info_bar_row
from core.images.values import Micrograph
from core.provenance import Provenance


def texture(rows: int = 480, columns: int = 640, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(rows, columns)), 6)
    noisy = np.where(field > 0, 170, 70) + rng.normal(0, 12, field.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def micrograph(grey: np.ndarray, row: int | None = None) -> Micrograph:
    return Micrograph(grey, None, "sample", Provenance("test"), info_bar_row=row)


def bar(height: int, columns: int, background: int, ink: int, seed: int = 1) -> np.ndarray:
    """A strip with something like two lines of text and a scale bar."""
    rng = np.random.default_rng(seed)
    strip = np.full((height, columns), background, np.uint8)
    for line in (0.15, 0.6):
        top = int(line * height)
        text = rng.random((max(3, height // 4), int(0.5 * columns))) < 0.35
        strip[top : top + text.shape[0], 20 : 20 + text.shape[1]][text] = ink
    strip[height // 2 : height // 2 + 3, -160:-20] = ink
    return strip


@pytest.mark.parametrize("height", [20, 36, 64, 90])
@pytest.mark.parametrize(("background", "ink"), [(0, 255), (255, 0), (20, 235)])
def test_a_bar_is_found_to_the_row(height: int, background: int, ink: int) -> None:
    picture = texture()
    whole = np.vstack([picture, bar(height, picture.shape[1], background, ink)])
    assert propose_info_bar_row(micrograph(whole)) == len(picture)


def test_a_frame_around_the_bar_belongs_to_it() -> None:
    picture = texture()
    framed = np.pad(bar(60, picture.shape[1] - 4, 255, 0), 2, constant_values=0)
    assert propose_info_bar_row(micrograph(np.vstack([picture, framed]))) == len(picture)


@pytest.mark.parametrize("seed", range(6))
def test_a_picture_without_a_bar_has_none(seed: int) -> None:
    assert propose_info_bar_row(micrograph(texture(seed=seed))) is None


def test_a_dark_sample_edge_is_no_bar() -> None:
    picture = texture()
    y, x = np.indices(picture.shape)
    round_view = np.hypot(y - 240, x - 320) < 235
    assert propose_info_bar_row(micrograph(np.where(round_view, picture, 0).astype(np.uint8))) is None


def test_a_picture_mostly_of_the_bars_colour_has_none() -> None:
    sparse = np.where(texture() > 200, 255, 0).astype(np.uint8)
    assert propose_info_bar_row(micrograph(sparse)) is None


def test_sixteen_bits_and_floats() -> None:
    picture = texture()
    whole = np.vstack([picture, bar(50, picture.shape[1], 0, 255)])
    assert propose_info_bar_row(micrograph(whole.astype(np.uint16) * 257)) == len(picture)
    assert propose_info_bar_row(micrograph((whole / 255).astype(np.float32) - 0.5)) == len(picture)


def test_the_files_own_tags_win() -> None:
    assert propose_info_bar_row(micrograph(texture(), row=444)) == 444


def test_small_pictures_have_none() -> None:
    assert propose_info_bar_row(micrograph(texture(40, 40))) is None
