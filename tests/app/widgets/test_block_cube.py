"""The cube that fills."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app import theme
from app.widgets.block_cube import MOST, BlockCube


@pytest.fixture
def cube(qtbot: QtBot) -> BlockCube:
    theme.apply("light")
    made = BlockCube()
    qtbot.addWidget(made)
    made.resize(400, 400)
    return made


def filled(cube: BlockCube) -> float:
    """Share of the picture in the accent's shades."""
    picture = cube.grab().toImage()
    hue = theme.accent().hue()
    colors = (picture.pixelColor(x, y) for x in range(0, 400, 4) for y in range(0, 400, 4))
    return sum(abs(color.hue() - hue) <= 3 and color.saturation() > 150 for color in colors) / 10_000


def test_it_fills_as_blocks_come(cube: BlockCube) -> None:
    blocks = np.zeros((4, 4, 4), bool)
    cube.show_blocks(blocks)
    shares = [filled(cube)]
    for layer in range(4):
        blocks[layer] = True
        cube.show_blocks(blocks.copy())
        assert cube.share == pytest.approx((layer + 1) / 4)
        shares.append(filled(cube))
    assert shares[0] == 0
    assert all(more > less for less, more in pairwise(shares))
    assert shares[-1] > 0.2


def test_many_blocks_share_a_little_cube_where_half_of_them_are_there(cube: BlockCube) -> None:
    blocks = np.zeros((40, 17, 5), bool)
    blocks[:, :, :3] = True
    cube.show_blocks(blocks, "a line below")
    assert cube.cells.shape == (14, 6, 2) and max(cube.cells.shape) <= MOST
    assert cube.cells[:, :, 0].all() and not cube.cells[:, :, 1].any()
    assert cube.share == pytest.approx(0.6)
    # the last little cube along z has one block, not three
    blocks[:39] = False
    cube.show_blocks(blocks)
    assert cube.cells[13, :, 0].all() and not cube.cells[:13].any()
    assert filled(cube) > 0
