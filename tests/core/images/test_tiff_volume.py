"""A TIFF that was written block by block, opened without being read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.generation.block_writing import part_path, write_by_blocks
from core.images.tiff_volume import is_block_tiff, open_block_tiff
from core.images.values import Volume
from core.images.writing import write_volume
from core.job import finish
from tests.core.generation.recipes import fake_recipe

SIZE = (70, 65, 260)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Volume]:
    recipe = fake_recipe(SIZE)
    path: Path = finish(write_by_blocks(recipe, tmp_path_factory.mktemp("tiff") / "v.ome.tif"))
    volume: Volume = finish(recipe.volume())
    return path, volume


def test_every_level_is_what_was_written_thinned(made: tuple[Path, Volume]) -> None:
    path, volume = made
    stored = open_block_tiff(path)
    assert (stored.shapes, stored.steps) == (
        ((70, 65, 260), (35, 33, 130), (18, 17, 65)),
        ((1,) * 3, (2,) * 3, (4,) * 3),
    )
    assert stored.complete is True
    for level, step in enumerate((1, 2, 4)):
        found = stored.volume(level)
        assert np.array_equal(found.labels, volume.labels[::step, ::step, ::step])
        assert found.voxel_size == pytest.approx((2e-9 * step, 3e-9 * step, 4e-9 * step))
    assert [phase.name for phase in stored.outline.phases] == [phase.name for phase in volume.phases]
    assert [stored.finest_within(n) for n in (70 * 65 * 260, 70 * 65 * 260 - 1, 1)] == [0, 1, 2]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_any_box_is_that_of_the_whole_level(made: tuple[Path, Volume], level: int) -> None:
    stored = open_block_tiff(made[0])
    whole = stored.volume(level).labels
    shape = np.array(whole.shape)
    draw = np.random.default_rng(level)
    for _ in range(20):
        low = draw.integers(0, shape)
        size = draw.integers(1, shape - low + 1)
        (z, y, x), (d, h, w) = low.tolist(), size.tolist()
        assert np.array_equal(stored.read(level, (z, y, x), (d, h, w)), whole[z : z + d, y : y + h, x : x + w])


def test_one_that_is_still_being_made_says_so(tmp_path: Path) -> None:
    path = tmp_path / "v.tif"
    job = write_by_blocks(fake_recipe((64, 64, 128)), path, block=64)
    next(report for report in job if np.any(getattr(report, "finished", None)))
    assert open_block_tiff(part_path(path)).complete is False
    job.close()


def test_other_files_are_none_and_damaged_ones_are_refused(made: tuple[Path, Volume], tmp_path: Path) -> None:
    path, volume = made
    plain = write_volume(volume, tmp_path / "plain.tif")
    assert is_block_tiff(path)
    assert not any(map(is_block_tiff, (plain, tmp_path, tmp_path / "none.tif", Path("a\0b"))))
    with pytest.raises(InputError, match="block by block"):
        open_block_tiff(plain)
    data = path.read_bytes()
    copy = tmp_path / "copy.tif"
    # the mark at the end is there, what lies before it is not
    for spoilt in (data[:8] + data[-200:], data.replace(b"microloom:", b"else-----:", 1)):
        copy.write_bytes(spoilt)
        with pytest.raises(InputError, match="copy"):
            open_block_tiff(copy)
    copy.write_bytes(data)
    stored = open_block_tiff(copy)
    copy.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged"):
        stored.volume()
    copy.unlink()
    with pytest.raises(InputError, match="removed"):
        stored.read(0, (0, 0, 0), (1, 1, 1))
    high = bytearray(data)
    high[len(data) // 2] = 200
    copy.write_bytes(bytes(high))
    with pytest.raises(InputError, match="label 200"):
        open_block_tiff(copy).volume()
