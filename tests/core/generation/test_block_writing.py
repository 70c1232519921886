"""Volumes made block by block onto the disk."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError, JobError, OutputExistsError
from core.generation.block_writing import (
    WritingProgress,
    blocks_of,
    journal_path,
    part_path,
    unfinished,
    write_by_blocks,
)
from core.generation.journal import Journal
from core.images.reading import read_volume
from core.images.zarr_volume import open_zarr
from core.job import finish
from tests.core.generation.recipes import Triple, fake_recipe, place_and_tile

ROOT = Path(__file__).resolve().parents[3]


def voxels(path: Path) -> np.ndarray:
    return read_volume(path).labels if path.suffix == ".tif" else open_zarr(path).volume().labels


@pytest.mark.parametrize("name", ["v.ome.zarr", "v.tif"])
@pytest.mark.parametrize("size", [(70, 130, 65), (1, 64, 193), (64, 64, 64)])
def test_neither_block_nor_order_changes_a_voxel(tmp_path: Path, name: str, size: Triple) -> None:
    recipe = fake_recipe(size)
    expected = finish(recipe.volume()).labels
    for number, block in enumerate([1, 64, 100, 128, 1000]):
        path = tmp_path / f"{number}{name}"
        order = np.random.default_rng(number).permutation(len(blocks_of(size, block)))
        assert finish(write_by_blocks(recipe, path, block=block, order=list(order))) == path
        assert np.array_equal(voxels(path), expected)
    assert sorted(tmp_path.iterdir()) == [tmp_path / f"{number}{name}" for number in range(5)], "nothing is left beside"


def test_all_levels_are_those_of_an_unbroken_run(tmp_path: Path) -> None:
    recipe = fake_recipe((130, 200, 70))
    one, other = (finish(write_by_blocks(recipe, tmp_path / f"{block}.ome.zarr", block=block)) for block in (64, 256))
    first, second = open_zarr(one), open_zarr(other)
    assert first.shapes == second.shapes == ((130, 200, 70), (65, 100, 35))
    for level, shape in enumerate(first.shapes):
        assert np.array_equal(first.read(level, (0, 0, 0), shape), second.read(level, (0, 0, 0), shape))


def test_what_is_there_can_be_looked_at_and_a_cancelled_run_goes_on(tmp_path: Path) -> None:
    recipe, path = fake_recipe((64, 128, 192)), tmp_path / "v.ome.zarr"
    expected = finish(recipe.volume()).labels
    job = write_by_blocks(recipe, path, block=64)
    seen = 0
    for report in job:
        assert isinstance(report, WritingProgress)
        if report.finished is not None and report.finished.sum() == 4:
            seen = 4
            break
    job.close()
    assert seen == 4 and not path.exists()
    assert unfinished(path) == 4 / 6
    half = open_zarr(part_path(path))
    assert half.complete is False
    assert np.array_equal(half.read(0, (0, 0, 0), (64, 64, 192)), expected[:, :64])
    assert not half.read(0, (0, 64, 64), (64, 64, 128)).any()
    # the rest in blocks of another size
    finish(write_by_blocks(recipe, path, block=128, resume=True))
    whole = open_zarr(path)
    assert whole.complete and unfinished(path) is None
    assert np.array_equal(whole.volume().labels, expected)
    assert whole.fractions == tuple(np.bincount(expected.reshape(-1)) / expected.size)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
@pytest.mark.parametrize("name", ["v.ome.zarr", "v.tif"])
def test_a_killed_run_ends_as_an_unbroken_one(tmp_path: Path, name: str) -> None:
    size, path = (128, 128, 130), tmp_path / name
    code = (
        "import os, sys, time\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from core.generation.block_writing import write_by_blocks\n"
        "from core.job import finish\n"
        "from tests.core.generation.recipes import fake_recipe, place_and_tile\n"
        "def slow(start, edge):\n"
        "    time.sleep(0.05)\n"
        "    print(start, flush=True)\n"
        "    return place_and_tile(start, edge)\n"
        f"recipe = replace(fake_recipe({size}), make_tile=slow)\n"
        f"finish(write_by_blocks(recipe, Path({str(path)!r}), block=64, resume=True))\n"
    )
    for tiles in (1, 4, 3):  # each run is killed while it computes or writes
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(tiles):
            assert process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert not path.exists()
    share = unfinished(path)
    assert share is not None and 0 < share < 1
    made: list[Triple] = []

    def noted(start: Triple, edge: int) -> np.ndarray:
        made.append(start)
        return place_and_tile(start, edge)

    finish(write_by_blocks(replace(fake_recipe(size), make_tile=noted), path, block=64, resume=True))
    assert len(made) == round(12 * (1 - share)), "what was finished is not made again"
    other = finish(write_by_blocks(fake_recipe(size), tmp_path / f"unbroken-{name}", block=64))
    assert np.array_equal(voxels(path), voxels(other))
    if name.endswith("zarr"):
        files = [sorted(item.relative_to(root) for item in root.rglob("*") if item.is_file()) for root in (path, other)]
        assert files[0] == files[1]
        assert all((path / item).read_bytes() == (other / item).read_bytes() for item in files[0])


SHARDS = (256, 64, 300)
"""Two shards at full resolution, one at half of it; blocks of 128 share them."""


def begun(path: Path, blocks: int) -> None:
    """A run that was interrupted after so many blocks of 128."""
    job = write_by_blocks(fake_recipe(SHARDS), path, block=128)
    done = 0
    for report in job:
        if isinstance(report, WritingProgress) and report.finished is not None:
            if done == blocks:
                break
            done += 1
    job.close()
    assert len(Journal.read(journal_path(path)).blocks) == blocks


@pytest.mark.parametrize(
    ("file", "keep"),
    [
        # blocks of 128 along x: 0 to 127 and 128 to 255 lie in the first shard, 256 to 299 in the second
        ("0/c/0/0/0", 0),
        ("0/c/0/0/0", 3000),
        ("0/c/0/0/1", 0),
        ("0/c/0/0/1", -1),
        ("0/c/0/0/1", None),
        ("1/c/0/0/0", 0),
        ("1/c/0/0/0", -70),
    ],
)
def test_damaged_blocks_are_made_again(tmp_path: Path, file: str, keep: int | None) -> None:
    path = tmp_path / "v.ome.zarr"
    begun(path, 4)  # those with z below 128, and the first above
    victim = part_path(path) / file
    if keep is None:
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:keep])
        with pytest.raises(InputError, match="--resume"):
            stored = open_zarr(part_path(path))
            stored.volume(int(file[0]))
    made: list[Triple] = []

    def noted(start: Triple, edge: int) -> np.ndarray:
        made.append(start)
        return place_and_tile(start, edge)

    said = []
    recipe = replace(fake_recipe(SHARDS), make_tile=noted)
    finish(write_by_blocks(recipe, path, block=128, resume=True), lambda report: said.append(report.what))
    assert said[:4] == ["Checking what is there"] * 4
    unbroken = finish(write_by_blocks(fake_recipe(SHARDS), tmp_path / "unbroken.ome.zarr", block=128))
    blocks = [4, 4, 2, 4, 4, 2]  # tiles of 64 in each
    lost = {"0/c/0/0/0": {0, 1, 3}, "0/c/0/0/1": {2}, "1/c/0/0/0": {0, 1, 2, 3}}[file]
    assert len(made) == sum(blocks[4:]) + sum(blocks[number] for number in lost)
    names = sorted(item.relative_to(path) for item in path.rglob("*") if item.is_file())
    assert names == sorted(item.relative_to(unbroken) for item in unbroken.rglob("*") if item.is_file())
    assert all((path / name).read_bytes() == (unbroken / name).read_bytes() for name in names)
    assert sorted(tmp_path.iterdir()) == [unbroken, path], "no journal is left"


def test_metadata_that_are_lost_begin_the_volume_anew(tmp_path: Path) -> None:
    path = tmp_path / "v.ome.zarr"
    for name in ("zarr.json", "0/zarr.json"):
        begun(path, 2)
        (part_path(path) / name).write_bytes(b"")
        finish(write_by_blocks(fake_recipe(SHARDS), path, block=128, resume=True))
        assert np.array_equal(voxels(path), finish(fake_recipe(SHARDS).volume()).labels)
        shutil.rmtree(path)


@pytest.mark.parametrize("keep", [0, 100, 1_000_000, -1])
def test_a_tiff_that_was_cut_short_is_made_whole(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "v.tif"
    begun(path, 4)
    os.truncate(part_path(path), keep if keep >= 0 else part_path(path).stat().st_size + keep)
    finish(write_by_blocks(fake_recipe(SHARDS), path, block=128, resume=True))
    assert np.array_equal(voxels(path), finish(fake_recipe(SHARDS).volume()).labels)
    assert list(tmp_path.iterdir()) == [path]


def test_a_journal_of_an_earlier_version_is_checked_by_its_counts(tmp_path: Path) -> None:
    path = tmp_path / "v.ome.zarr"
    begun(path, 4)
    note = journal_path(path)
    note.write_text(re.sub(r', "crc32": \d+', "", note.read_text()))
    assert [block.crc32 for block in Journal.read(note).blocks] == [None] * 4
    (part_path(path) / "0" / "c" / "0" / "0" / "1").unlink()
    finish(write_by_blocks(fake_recipe(SHARDS), path, block=128, resume=True))
    assert np.array_equal(voxels(path), finish(fake_recipe(SHARDS).volume()).labels)


def test_another_volume_is_not_put_onto_an_unfinished_one(tmp_path: Path) -> None:
    path = tmp_path / "v.ome.zarr"
    job = write_by_blocks(fake_recipe((64, 64, 192), seed=1), path, block=64)
    next(report for report in job if isinstance(report, WritingProgress) and np.any(report.finished))
    job.close()
    with pytest.raises(InputError, match="seed: 1, now 2"):
        finish(write_by_blocks(fake_recipe((64, 64, 192), seed=2), path, resume=True))
    with pytest.raises(OutputExistsError, match="an earlier run was not finished"):
        finish(write_by_blocks(fake_recipe((64, 64, 192), seed=1), path))
    assert unfinished(path) == 1 / 3
    recipe = fake_recipe((64, 64, 192), seed=2)
    finish(write_by_blocks(recipe, path, overwrite=True))
    assert np.array_equal(voxels(path), finish(recipe.volume()).labels)
    with pytest.raises(OutputExistsError, match="exists already"):
        finish(write_by_blocks(recipe, path))
    other = fake_recipe((64, 65, 30))
    finish(write_by_blocks(other, path, overwrite=True))
    assert voxels(path).shape == (64, 65, 30)
    assert list(tmp_path.iterdir()) == [path]


def test_smaller_tiles_begin_the_volume_anew(tmp_path: Path) -> None:
    calls = 0

    def hungry(start: Triple, edge: int) -> np.ndarray:
        nonlocal calls
        calls += 1
        if edge > 32 and calls > 2:
            raise MemoryError
        return place_and_tile(start, edge)

    path = tmp_path / "v.ome.zarr"
    recipe = replace(fake_recipe((64, 64, 200)), make_tile=hungry)
    finish(write_by_blocks(recipe, path, block=64))
    expected, edge = finish(fake_recipe((64, 64, 200)).box((0, 0, 0), (64, 64, 200), 32))
    assert edge == 32 and np.array_equal(voxels(path), expected)
    assert open_zarr(path).outline.provenance.settings["tile_edge"] == 32

    def starved(start: Triple, edge: int) -> np.ndarray:
        raise MemoryError

    with pytest.raises(JobError, match="tiles of 16³"):
        finish(write_by_blocks(replace(recipe, make_tile=starved), tmp_path / "w.tif"))


@pytest.mark.parametrize("name", ["v.ome.zarr", "v.tif"])
def test_memory_does_not_grow_with_the_size(tmp_path: Path, name: str) -> None:
    peaks = []
    finish(write_by_blocks(fake_recipe((64, 64, 64)), tmp_path / f"warm-{name}", block=64))
    for length in (128, 512):
        recipe = replace(fake_recipe((128, 128, length)), make_tile=lambda _start, edge: np.ones((edge,) * 3, np.uint8))
        tracemalloc.start()
        finish(write_by_blocks(recipe, tmp_path / f"{length}{name}", block=64))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000, "6 MB more voxels"


def test_a_large_tiff_has_pages_size_and_phases(tmp_path: Path) -> None:
    path = finish(write_by_blocks(fake_recipe((5, 70, 66)), tmp_path / "v.ome.tif"))
    volume = read_volume(path)
    assert volume.voxel_size == pytest.approx((2e-9, 3e-9, 4e-9))
    assert [phase.name for phase in volume.phases] == ["Matrix", "Phase 1", "Phase 2"]
    assert volume.provenance.inputs[0].settings["tile_edge"] == 64
    assert len(tifffile.TiffFile(path).pages) == 5


def test_a_tiff_beyond_four_gigabytes_is_a_big_one(tmp_path: Path) -> None:
    from core.images.big_tiff import TiffWriter
    from core.images.outline import Outline

    recipe = fake_recipe((9, 30_000, 20_000))
    outline = Outline(recipe.size, recipe.phases, recipe.voxel_size, "large", recipe.provenance(64))
    writer = TiffWriter(tmp_path / "v.tif", outline)  # sparse: takes no room
    corner = np.full((1, 16, 32), 2, np.uint8)
    writer.write((8, 29_952, 19_968), corner)
    with tifffile.TiffFile(tmp_path / "v.tif") as file:
        assert file.is_bigtiff and len(file.pages) == 9
        assert np.array_equal(file.pages[8].asarray()[29_952:29_968, 19_968:], corner[0])


def test_a_line_that_was_cut_short_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    journal = Journal.begin(path, (64, 64, 200), 3, {"seed": 1}, 64)
    block = np.zeros((64, 64, 64), np.uint8)
    journal.add((0, 0, 0), block)
    whole = path.read_bytes()
    journal.add((0, 0, 64), block)
    both = path.read_bytes()
    for cut in (len(whole), len(whole) + 1, len(both) - 2, len(both) - 1):
        path.write_bytes(both[:cut])
        again = Journal.read(path)
        assert again.finished.tolist() == [[[True, False, False, False]]]
        again.add((0, 0, 128), block)
        assert Journal.read(path).finished.tolist() == [[[True, False, True, False]]]
        assert Journal.read(path).counts.tolist() == [2 * 64**3, 0, 0]
    path.write_text("nonsense\n")
    with pytest.raises(InputError, match="cannot be read"):
        Journal.read(path)
    assert unfinished(tmp_path / "none.tif") is None


def test_names_and_blocks_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"v\.nrrd cannot be written block by block"):
        finish(write_by_blocks(fake_recipe(), tmp_path / "v.nrrd"))
    with pytest.raises(InputError, match="at least one voxel"):
        finish(write_by_blocks(fake_recipe(), tmp_path / "v.tif", block=0))
    with pytest.raises(JobError, match="does not exist"):
        finish(write_by_blocks(fake_recipe(), tmp_path / "none" / "v.tif"))
    assert part_path(Path("a.b.ome.zarr")) == Path("a.b.part.ome.zarr")
    assert journal_path(Path("a.TIF")) == Path("a.part.journal")
