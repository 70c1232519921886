"""Real micrographs, phase images and volumes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile

from core.errors import InputError
from core.images.info_bar import propose_info_bar_row
from core.images.labelled import looks_segmented
from core.images.reading import read_labels, read_micrograph, read_volume
from core.images.values import PhaseImage

pytestmark = pytest.mark.data

MICROGRAPHS = {
    # name: shape, dtype, pixel size in metres, first row of the info bar
    "superalloy_nasa_spot2.tif": ((512, 512), "uint8", None, None),
    "superalloy_samba_super1_16bit.tif": ((512, 512), "uint16", None, None),
    "noisy_dispersed_phase_samba2.tif": ((750, 750), "uint8", None, None),
    "nanoporous_gold_zeiss.tif": ((768, 1024), "uint8", 0.543e-9, 691),
    "fei_in718_bse.tif": ((1024, 1536), "uint8", 1.00911e-6, None),
    "ni_on_ysz_sem.tif": ((896, 1024), "uint8", None, None),
    "sandstone_ct_versa0050.tif": ((1024, 996), "uint8", 2.2314e-6, None),
    "glass_melt_scipy.jpg": ((943, 1024), "uint8", None, 884),
    "polymer_fibres_float32.tif": ((600, 600), "float32", None, None),
    "superalloy_rafted_10H.jpg": ((768, 1024), "uint8", None, None),
    "cfrp_section_dream3d.jpg": ((450, 600), "uint8", None, None),
}


@pytest.mark.parametrize("name", MICROGRAPHS)
def test_micrographs(data_folder: Path, name: str) -> None:
    shape, dtype, size, bar = MICROGRAPHS[name]
    found = read_micrograph(data_folder / "micrographs" / name)
    assert found.shape == shape
    assert found.grey.dtype == dtype
    assert found.pixel_size == (None if size is None else pytest.approx(size, rel=1e-4))
    assert propose_info_bar_row(found) == bar
    assert looks_segmented(found.grey) is None


def test_every_micrograph_of_the_folder_is_in_the_table(data_folder: Path) -> None:
    assert {path.name for path in (data_folder / "micrographs").iterdir()} == set(MICROGRAPHS)


def test_the_gold_micrograph_below_the_crop_is_all_bar(data_folder: Path) -> None:
    found = read_micrograph(data_folder / "micrographs" / "nanoporous_gold_zeiss.tif")
    row = propose_info_bar_row(found)
    assert row is not None
    # the last row of the picture is texture; the next is the bar's frame, of one value
    assert len(np.unique(found.grey[row - 1])) > 30
    assert np.bincount(found.grey[row]).max() > 0.98 * found.shape[1]
    assert found.notes["Instrument"] == "Zeiss SEM"


def test_crops_without_a_bar_have_none(data_folder: Path) -> None:
    files = sorted((data_folder / "classes" / "am_alloy_etched").glob("*.png"))
    assert files
    assert [path.name for path in files if propose_info_bar_row(read_micrograph(path)) is not None] == []


def listed(data_folder: Path, folder: str) -> dict[str, dict[int, float]]:
    """Name → fraction of each stored value, from the folder's own list."""
    found = {}
    for line in (data_folder / "MANIFEST.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith(f"{folder}/"):
            pairs = re.findall(r"(\d+):(0\.\d+)", cells[6])
            found[cells[0].partition("/")[2]] = {int(value): float(share) for value, share in pairs}
    return found


def test_phase_images_have_the_fractions_of_the_list(data_folder: Path) -> None:
    expected = listed(data_folder, "phase_images")
    assert len(expected) >= 14
    for name, fractions in expected.items():
        found = read_labels(data_folder / "phase_images" / name)
        assert isinstance(found, PhaseImage), name
        assert list(found.fractions) == pytest.approx([fractions[key] for key in sorted(fractions)], abs=6e-4), name
        grey = read_micrograph(data_folder / "phase_images" / name).grey
        assert looks_segmented(grey) is not None, name


@pytest.mark.slow
def test_volumes_have_the_fractions_of_the_list(data_folder: Path) -> None:
    for name, fractions in listed(data_folder, "volumes").items():
        path = data_folder / "volumes" / name
        if fractions:
            found = read_volume(path)
            assert found.fractions == pytest.approx([fractions[key] for key in sorted(fractions)], abs=6e-4), name
            assert found.shape == tifffile.TiffFile(path).series[0].shape
        else:  # a grey volume
            with pytest.raises(InputError, match="not segmented"):
                read_volume(path)
