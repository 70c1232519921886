"""Files that cannot be used: each gets one clear error, and no memory is taken for what a header only claims."""

from __future__ import annotations

import errno
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import imageio.v3 as iio
import nrrd
import numpy as np
import pytest
import tifffile

from core.errors import InputError
from core.images.reading import read_labels, read_micrograph, read_volume
from core.images.values import Volume, default_phases
from core.images.writing import write_volume
from core.provenance import Provenance

GREY = np.random.default_rng(11).integers(0, 256, (64, 64), dtype=np.uint8)
READERS = [read_micrograph, read_labels, read_volume]
SIDE = 60000


def refused(read: Callable[[Path], object], path: Path) -> InputError:
    with pytest.raises(InputError) as error:
        read(path)
    assert error.value.what
    assert error.value.remedy
    return error.value


@pytest.mark.parametrize("read", READERS)
def test_missing_folder_and_empty(tmp_path: Path, read: Callable[[Path], object]) -> None:
    assert "does not exist" in refused(read, tmp_path / "none.tif").what
    assert "is a folder" in refused(read, tmp_path).what
    (tmp_path / "empty.tif").touch()
    assert "empty" in refused(read, tmp_path / "empty.tif").what


@pytest.mark.parametrize("read", READERS)
def test_a_file_that_may_not_be_read(
    tmp_path: Path, read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.tif"
    tifffile.imwrite(path, GREY)

    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)
    assert "may not be read" in refused(read, path).what


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("suffix", [".tif", ".png", ".jpg", ".bmp", ".npy", ".nrrd", ".h5", ".vti", ".docx", ""])
def test_not_an_image(tmp_path: Path, read: Callable[[Path], object], suffix: str) -> None:
    path = tmp_path / f"letter{suffix}"
    path.write_text("Dear colleague, the micrograph is attached.", encoding="utf-8")
    assert "is not an image" in refused(read, path).what


@pytest.mark.parametrize("name", ["a.tif", "z.tif", "stack.tif", "a.png", "a.jpg", "a.bmp", "a.npy"])
@pytest.mark.parametrize("share", [0.04, 0.3, 0.6, 0.97])
def test_truncated_pictures(tmp_path: Path, name: str, share: float) -> None:
    whole = tmp_path / name
    if name == "z.tif":
        tifffile.imwrite(whole, GREY, compression="zlib", rowsperstrip=8)
    elif name == "stack.tif":
        tifffile.imwrite(whole, np.stack([GREY] * 3), photometric="minisblack", rowsperstrip=8, compression="zlib")
    elif name == "a.npy":
        np.save(whole, GREY)
    else:
        iio.imwrite(whole, GREY)
    data = whole.read_bytes()
    whole.write_bytes(data[: int(share * len(data))])
    read = read_labels if name == "stack.tif" else read_micrograph
    refused(read, whole)


@pytest.mark.parametrize("suffix", [".tif", ".ome.tif", ".nrrd", ".vti", ".h5", ".npy"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_volumes(tmp_path: Path, suffix: str, share: float) -> None:
    labels = np.random.default_rng(0).integers(0, 2, (16, 40, 40), dtype=np.uint8)
    path = tmp_path / f"volume{suffix}"
    write_volume(Volume(labels, default_phases(2), (1e-9,) * 3, "volume", Provenance("test")), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    refused(read_volume, path)


def png_bomb(path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 16))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def jpeg_bomb(path: Path) -> None:
    iio.imwrite(path, GREY, extension=".jpg")
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", SIDE, SIDE)
    path.write_bytes(bytes(data))


def bmp_bomb(path: Path) -> None:
    iio.imwrite(path, GREY, extension=".bmp")
    data = bytearray(path.read_bytes())
    data[18:26] = struct.pack("<ii", SIDE, SIDE)
    path.write_bytes(bytes(data))


def tiff_bomb(path: Path) -> None:
    tifffile.imwrite(path, GREY, compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as file:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            file.pages[0].tags[name].overwrite(SIDE)


def npy_bomb(path: Path) -> None:
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (SIDE, SIDE)})
        file.write(bytes(1000))


def nrrd_bomb(path: Path) -> None:
    nrrd.write(str(path), np.zeros((4, 4, 4), np.uint8))
    path.write_bytes(path.read_bytes().replace(b"sizes: 4 4 4", b"sizes: 60000 60000 60000"))


def hdf5_bomb(path: Path) -> None:
    with h5py.File(path, "w") as file:  # nothing is written for chunks that nobody filled
        file.create_dataset("phase", (SIDE, SIDE, SIDE), np.uint8, chunks=(64, 64, 64))


def vti_bomb(path: Path) -> None:
    write_volume(Volume(np.eye(4, dtype=np.uint8)[None], default_phases(2), None, "v", Provenance("test")), path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('WholeExtent="0 4 0 4 0 1"', f'WholeExtent="0 {SIDE} 0 {SIDE} 0 {SIDE}"'), "utf-8")


PICTURE_BOMBS = {"b.png": png_bomb, "b.jpg": jpeg_bomb, "b.bmp": bmp_bomb, "b.tif": tiff_bomb, "b.npy": npy_bomb}
VOLUME_BOMBS = {"b.nrrd": nrrd_bomb, "b.h5": hdf5_bomb, "b.vti": vti_bomb}


@pytest.mark.parametrize("name", [*PICTURE_BOMBS, *VOLUME_BOMBS])
def test_header_bombs_take_no_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (PICTURE_BOMBS | VOLUME_BOMBS)[name](path)
    assert path.stat().st_size < 100_000
    for read in READERS if name in PICTURE_BOMBS else [read_labels, read_volume]:
        refused(read, path)  # the first call also loads libraries
        tracemalloc.start()
        error = refused(read, path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20e6
        if name != "b.npy":  # the array's own reader sees first that the file is too short
            assert "claims to hold" in error.what


def test_arrays_that_are_no_pictures(tmp_path: Path) -> None:
    for number, array in enumerate(
        [np.array(5), np.arange(9), np.zeros((2, 2, 2, 2)), np.array([["a", "b"]]), np.eye(4) * 1j, np.zeros((0, 4))]
    ):
        path = tmp_path / f"array{number}.npy"
        np.save(path, array)
        refused(read_micrograph, path)
        refused(read_labels, path)


def test_a_pickled_array_is_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    refused(read_micrograph, path)


def test_a_volume_file_is_no_micrograph_and_a_picture_no_volume(tmp_path: Path) -> None:
    path = tmp_path / "volume.nrrd"
    nrrd.write(str(path), np.zeros((4, 4, 4), np.uint8))
    assert "holds a volume" in refused(read_micrograph, path).what
    picture = tmp_path / "labels.tif"
    tifffile.imwrite(picture, GREY // 128)
    assert "single picture" in refused(read_volume, picture).what


def test_a_micrograph_is_not_segmented(tmp_path: Path) -> None:
    path = tmp_path / "grey.tif"
    tifffile.imwrite(path, GREY)
    assert "not segmented" in refused(read_labels, path).what


def test_a_foreign_stack_of_one_value_has_no_phases(tmp_path: Path) -> None:
    path = tmp_path / "flat.npy"
    np.save(path, np.zeros((4, 4, 4), np.uint8))
    assert "one value only" in refused(read_labels, path).what


def test_several_arrays_in_one_hdf5_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"], file["b"] = np.eye(4), np.eye(4)
    assert "several arrays (a, b)" in refused(read_labels, tmp_path / "two.h5").what
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file.create_group("empty")
    assert "holds no array" in refused(read_labels, tmp_path / "none.h5").what
