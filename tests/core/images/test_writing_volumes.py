"""What is written comes back to the bit, other programs can read it, and a failure leaves the old file."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import nrrd
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.errors import InputError, JobError, OutputExistsError
from core.images.reading import read_labels, read_volume
from core.images.values import Phase, PhaseImage, Volume
from core.images.writing import VOLUME_FORMATS, format_of, write_phase_image, write_volume
from core.provenance import Provenance

SUFFIXES = [*VOLUME_FORMATS, ".tiff", ".ome.tiff", ".hdf5"]
PHASES = (Phase("Pore ⟨µ⟩", "#112233"), Phase('Ni "γ′" -- <x>', "#E69F00"), Phase("never seen", "#009E73"))
MADE = Provenance(
    "reconstruct with swnn",
    settings={"iterations": 700, "target": [0.25, None, "--é-->"]},
    inputs=(Provenance("read", source="gold.tif", input_hashes=("ab12",)),),
    seed=42,
    device="cpu",
)


NANO = (17e-9, 2e-9, 1 / 3e8)


def volume(shape: tuple[int, int, int] = (6, 9, 11), size: tuple[float, float, float] | None = NANO) -> Volume:
    labels = np.random.default_rng(0).integers(0, 2, shape, dtype=np.uint8)
    return Volume(labels, PHASES, size, "volume", MADE)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("size", [NANO, None])
@pytest.mark.parametrize("shape", [(6, 9, 11), (1, 9, 11), (5, 1, 7), (4, 6, 3), (7, 5, 4), (1, 1, 1)])
def test_a_volume_comes_back_to_the_bit(
    tmp_path: Path, suffix: str, size: tuple[float, float, float] | None, shape: tuple[int, int, int]
) -> None:
    made = volume(shape, size)
    path = tmp_path / f"my.volume{suffix}"
    assert write_volume(made, path) == path
    found = read_volume(path)
    assert found.labels.dtype == np.uint8
    np.testing.assert_array_equal(found.labels, made.labels)
    assert found.voxel_size == made.voxel_size
    assert found.phases == PHASES
    assert found.provenance.made_by == "read"
    assert found.provenance.inputs == (Provenance.from_json(json.loads(json.dumps(MADE.to_json()))),)
    extra = {f"{path.name}.json"} if suffix == ".npy" else set()
    assert {item.name for item in tmp_path.iterdir()} == {path.name} | extra


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("size", [1 / 3e8, None])
def test_a_phase_image_comes_back_to_the_bit(tmp_path: Path, suffix: str, size: float | None) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (20, 3), dtype=np.uint8)
    path = tmp_path / f"phases{suffix}"
    write_phase_image(PhaseImage(labels, PHASES, size, "phases", MADE), path)
    found = read_labels(path)
    assert isinstance(found, PhaseImage)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.pixel_size == size
    assert found.phases == PHASES
    assert found.provenance.inputs[0].seed == 42


def test_imagej_reads_the_voxel_size(tmp_path: Path) -> None:
    made = volume(size=(30e-9, 20e-9, 10e-9))
    with tifffile.TiffFile(write_volume(made, tmp_path / "v.tif")) as file:
        assert file.is_imagej
        assert file.series[0].axes == "ZYX"
        np.testing.assert_array_equal(file.asarray(), made.labels)
        words = file.imagej_metadata
        assert words["unit"] == "micron"
        assert words["spacing"] == pytest.approx(0.03)
        assert words["images"] == 6
        x, y = (file.pages[0].tags[name].value for name in ("XResolution", "YResolution"))
        assert x[1] / x[0] == pytest.approx(0.01)
        assert y[1] / y[0] == pytest.approx(0.02)


def test_ome_says_the_physical_size(tmp_path: Path) -> None:
    made = volume(size=(30e-9, 20e-9, 10e-9))
    with tifffile.TiffFile(write_volume(made, tmp_path / "v.ome.tif")) as file:
        assert file.is_ome
        assert file.series[0].axes == "ZYX"
        np.testing.assert_array_equal(file.asarray(), made.labels)
        words = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
    sizes = [words[f"PhysicalSize{axis}"] for axis in "ZYX"]
    assert sizes == pytest.approx([0.03, 0.02, 0.01])
    assert {words[f"PhysicalSize{axis}Unit"] for axis in "ZYX"} == {"µm"}


def test_an_unknown_size_is_not_made_up(tmp_path: Path) -> None:
    made = volume(size=None)
    with tifffile.TiffFile(write_volume(made, tmp_path / "v.tif")) as file:
        assert "unit" not in (file.imagej_metadata or {})
    with tifffile.TiffFile(write_volume(made, tmp_path / "v.ome.tif")) as file:
        assert "PhysicalSize" not in file.ome_metadata
    assert "space units" not in nrrd.read_header(str(write_volume(made, tmp_path / "v.nrrd")))


def test_nrrd_has_spacing_in_micrometres_along_x_y_z(tmp_path: Path) -> None:
    made = volume(size=(30e-9, 20e-9, 10e-9))
    array, header = nrrd.read(str(write_volume(made, tmp_path / "v.nrrd")), index_order="F")
    np.testing.assert_array_equal(array, made.labels.transpose())
    np.testing.assert_allclose(header["space directions"], np.diag([0.01, 0.02, 0.03]))
    assert header["space units"] == ["um"] * 3


def test_a_foreign_nrrd_says_its_spacing(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (4, 5, 6), dtype=np.uint8)
    header = {"space dimension": 3, "space directions": np.diag([1.0, 2.0, 3.0]), "space units": ["mm"] * 3}
    nrrd.write(str(tmp_path / "v.nrrd"), labels, header, index_order="C")
    found = read_volume(tmp_path / "v.nrrd")
    np.testing.assert_array_equal(found.labels, labels)
    assert found.voxel_size == pytest.approx((3e-3, 2e-3, 1e-3))


def test_hdf5_has_plain_attributes(tmp_path: Path) -> None:
    made = volume(size=(30e-9, 20e-9, 10e-9))
    with h5py.File(write_volume(made, tmp_path / "v.h5")) as file:
        np.testing.assert_array_equal(file["phase"][()], made.labels)
        assert tuple(file["phase"].attrs["voxel_size_m"]) == made.voxel_size
        np.testing.assert_allclose(file["phase"].attrs["element_size_um"], [0.03, 0.02, 0.01])


def test_a_foreign_hdf5_array_is_found(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 3, (4, 5, 6), dtype=np.int64)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_dataset("deep/inside", data=labels)
    np.testing.assert_array_equal(read_volume(tmp_path / "v.h5").labels, labels)


def test_vti_is_xml_with_spacing_and_spans_blocks(tmp_path: Path) -> None:
    from xml.etree import ElementTree

    labels = np.repeat(np.random.default_rng(0).integers(0, 2, (170, 1, 180), dtype=np.uint8), 170, 1)  # > 4 MiB
    path = write_volume(Volume(labels, PHASES, (30e-9, 20e-9, 10e-9), "v", MADE), tmp_path / "v.vti")
    image = ElementTree.parse(path).getroot().find("ImageData")
    assert image is not None
    assert image.get("WholeExtent") == "0 180 0 170 0 170"
    assert [float(part) for part in image.get("Spacing", "").split()] == pytest.approx([0.01, 0.02, 0.03])
    np.testing.assert_array_equal(read_volume(path).labels, labels)


def test_npy_is_the_bare_array_and_its_card_stands_beside_it(tmp_path: Path) -> None:
    made = volume()
    unrelated = tmp_path / "v.json"
    unrelated.write_text("mine", encoding="utf-8")
    path = write_volume(made, tmp_path / "v.npy")
    np.testing.assert_array_equal(np.load(path), made.labels)
    assert json.loads((tmp_path / "v.npy.json").read_text(encoding="utf-8"))["phases"][0]["name"] == PHASES[0].name
    assert unrelated.read_text(encoding="utf-8") == "mine"
    # a card that belongs to another array is not believed
    np.save(path, np.eye(4, dtype=np.uint8))
    assert read_labels(path).phases[0].name == "Matrix"
    (tmp_path / "v.npy.json").write_text("{", encoding="utf-8")
    np.testing.assert_array_equal(read_labels(path).labels, np.eye(4))


@pytest.mark.parametrize(
    "card",
    [
        "[]",
        '{"phases": 5}',
        '{"phases": [], "shape": [4, 4]}',
        '{"phases": [3, 4], "shape": [4, 4]}',
        '{"phases": [{"name": 5}, {}], "shape": [4, 4], "pixel_size_m": -1, "provenance": {"inputs": 7}}',
        '{"phases": [{"name": "a", "color": "red"}, {}], "shape": [4, 4], "pixel_size_m": 1e999}',
        '{"phases": [{}, {}], "shape": [1e9, 4, "x"]}',
    ],
)
def test_a_card_of_nonsense_does_no_harm(tmp_path: Path, card: str) -> None:
    np.save(tmp_path / "v.npy", np.eye(4, dtype=np.uint8))
    (tmp_path / "v.npy.json").write_text(card, encoding="utf-8")
    found = read_labels(tmp_path / "v.npy")
    np.testing.assert_array_equal(found.labels, np.eye(4))
    assert all(phase.color.startswith("#") for phase in found.phases)
    assert not isinstance(found, PhaseImage) or found.pixel_size is None


def test_the_format_may_be_said(tmp_path: Path) -> None:
    made = volume()
    path = write_volume(made, tmp_path / "v.dat", format=".nrrd")
    assert path.read_bytes().startswith(b"NRRD")
    np.testing.assert_array_equal(read_volume(path).labels, made.labels)


def test_an_unknown_suffix_is_refused_with_those_known(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        write_volume(volume(), tmp_path / "v.docx")
    assert ".nrrd" in refused.value.remedy
    with pytest.raises(InputError):
        write_phase_image(PhaseImage(np.eye(4, dtype=np.uint8), PHASES, None, "p", MADE), tmp_path / "v.jpg")
    assert format_of(Path("A.OME.TIFF")) == ".ome.tif"
    assert list(tmp_path.iterdir()) == []


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that takes ``size`` bytes of a file and then no more: a real failure in the midst of writing."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("room", [4096, 20000])
def test_a_disk_full_midway_leaves_the_old_file(tmp_path: Path, suffix: str, room: int) -> None:
    path = tmp_path / f"v{suffix}"
    write_volume(volume(), path)
    before = {item: item.read_bytes() for item in tmp_path.rglob("*") if item.is_file()}
    with pytest.raises(JobError) as failed, files_no_larger_than(room):
        write_volume(volume((60, 70, 80)), path, overwrite=True)
    assert "disk is full" in failed.value.what
    assert failed.value.remedy
    assert {item: item.read_bytes() for item in tmp_path.rglob("*") if item.is_file()} == before
    np.testing.assert_array_equal(read_volume(path).labels, volume().labels)


@pytest.mark.parametrize("suffix", [".tif", ".nrrd"])
def test_an_error_of_the_library_leaves_the_old_file(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"v{suffix}"
    write_volume(volume(), path)
    before = path.read_bytes()

    def half(target: object, *_: object, **__: object) -> None:
        Path(str(target)).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", half)
    monkeypatch.setattr(nrrd, "write", half)
    with pytest.raises(JobError, match="disk is full"):
        write_volume(volume(), path, overwrite=True)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", VOLUME_FORMATS)
def test_an_existing_file_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(OutputExistsError):
        write_volume(volume(), path)
    assert path.read_bytes() == b"old"
    write_volume(volume(), path, overwrite=True)
    assert read_volume(path).shape == (6, 9, 11)


def test_png_labels_are_the_plain_values(tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 3, (20, 30), dtype=np.uint8)
    path = write_phase_image(PhaseImage(labels, PHASES, 1e-9, "p", MADE), tmp_path / "p.png")
    np.testing.assert_array_equal(np.asarray(Image.open(path)), labels)
