"""Volumes of labels on the disk: what is read slice by slice is what is read as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError
from core.images.label_slices import opening_labels
from core.images.outline import Outline
from core.images.reading import read_labels
from core.images.values import Phase, Volume
from core.images.writing import write_volume
from core.images.zarr_volume import ZarrWriter
from core.job import finish
from core.provenance import Provenance
from core.segmentation.comparing import compare_segmentations, comparing_slices

SHAPE = (5, 20, 30)
PHASES = (Phase("pore", "#000000"), Phase("clay", "#112233"), Phase("quartz", "#445566"), Phase("none", "#778899"))


def labels(seed: int, top: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, top, SHAPE, np.uint8)


@pytest.mark.parametrize("kind", ["out.tif", "out.ome.zarr", "out.npy", "out.nrrd", "85.tif", "float.tif"])
def test_slices_are_those_of_the_whole(kind: str, tmp_path: Path) -> None:
    path, made = tmp_path / kind, labels(1)
    if kind == "85.tif":
        tifffile.imwrite(path, 85 * made)
    elif kind == "float.tif":
        tifffile.imwrite(path, made.astype(np.float32) / 2 - 1)
    elif kind == "out.npy":
        np.save(path, made)
    else:
        write_volume(Volume(made, PHASES, None, "v", Provenance("made")), path)
    whole = read_labels(path)
    found = finish(opening_labels(path))
    assert found.shape == SHAPE and found.phases == whole.phases
    for z in (4, 0, 2):
        plane = found.plane(z)
        assert plane.dtype == np.uint8 and np.array_equal(plane, made[z])


def test_two_are_compared_as_in_memory(tmp_path: Path) -> None:
    paths = [tmp_path / "one.tif", tmp_path / "two.ome.zarr"]
    volumes = [Volume(labels(seed, 2 + seed), PHASES[: 2 + seed], None, "v", Provenance("made")) for seed in (0, 1)]
    for path, volume in zip(paths, volumes, strict=True):
        write_volume(volume, path)
    one, two = (finish(opening_labels(path)) for path in paths)
    assert np.array_equal(finish(comparing_slices(one, two)).counts, compare_segmentations(*volumes).counts)
    short = tmp_path / "short.npy"
    np.save(short, labels(3)[1:])
    with pytest.raises(InputError, match="4 × 20 × 30: they cannot be compared"):
        finish(comparing_slices(one, finish(opening_labels(short))))


def test_what_holds_no_labels_is_refused(tmp_path: Path) -> None:
    grey, page, begun = tmp_path / "grey.tif", tmp_path / "page.tif", tmp_path / "begun.ome.zarr"
    tifffile.imwrite(grey, labels(1, 100))
    tifffile.imwrite(page, labels(1)[0])
    ZarrWriter(begun, Outline(SHAPE, PHASES, None, "v", Provenance("made")))
    for path, said in ((grey, "are not labels"), (page, "single picture"), (begun, "not finished")):
        with pytest.raises(InputError, match=said):
            finish(opening_labels(path))
