"""VTI files as other programs write them, put together by the words of the format."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.images.vti_reading import read_vti
from core.segmentation.stack import open_stack
from core.segmentation.volumes import read_grey_volume

SHAPE = (3, 4, 5)


def document(
    values: np.ndarray, form: str, packed: bool, place: str, words: str = "UInt32", order: str = "<", coded: str = "raw"
) -> bytes:
    word = np.dtype(order + ("u8" if words == "UInt64" else "u4"))
    raw = values.astype(values.dtype.newbyteorder(order)).tobytes()
    if packed:
        parts = [zlib.compress(raw[start : start + 64]) for start in range(0, len(raw), 64)]
        header = np.array([len(parts), 64, len(raw) % 64, *map(len, parts)], word).tobytes()
        bodies = [header, b"".join(parts)]
    else:
        bodies = [np.array([len(raw)], word).tobytes() + raw]
    if form == "ascii":
        bodies = [" ".join(map(str, values.reshape(-1).tolist())).encode()]
    elif form == "binary" or coded == "base64":
        bodies = [base64.b64encode(body) for body in bodies]
    body = b"".join(bodies)
    z, y, x = (side - (place == "PointData") for side in values.shape)
    name = {"u1": "UInt8", "u2": "UInt16", "f4": "Float32"}[values.dtype.str[1:]]
    inline, appended = (b"", body) if form == "appended" else (body, b"")
    tail = f'<AppendedData encoding="{coded}">_'.encode() + b"xxx" + appended + b"</AppendedData>" if appended else b""
    place_of = ' offset="3"' if appended else ""
    return (
        f'<?xml version="1.0"?><VTKFile type="ImageData" version="0.1" '
        f'byte_order="{"LittleEndian" if order == "<" else "BigEndian"}" header_type="{words}"'
        f'{" compressor=" + chr(34) + "vtkZLibDataCompressor" + chr(34) if packed else ""}>'
        f'<ImageData WholeExtent="0 {x} 0 {y} 0 {z}" Origin="0 0 0" Spacing="1 1 1"><Piece Extent="0 {x} 0 {y} 0 {z}">'
        f'<{place} Scalars="grey"><DataArray type="{name}" Name="other" format="ascii">0</DataArray>'
        f'<DataArray type="{name}" Name="grey" format="{form}"{place_of}>'
    ).encode() + inline + f"</DataArray></{place}></Piece></ImageData>".encode() + tail + b"</VTKFile>"  # fmt: skip


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    ("form", "packed", "place", "words", "order", "coded"),
    [
        ("ascii", False, "PointData", "UInt32", "<", "raw"),
        ("binary", False, "CellData", "UInt64", "<", "raw"),
        ("binary", True, "PointData", "UInt32", ">", "raw"),
        ("appended", False, "PointData", "UInt32", "<", "raw"),
        ("appended", True, "CellData", "UInt64", "<", "raw"),
        ("appended", True, "PointData", "UInt32", ">", "base64"),
        ("appended", False, "CellData", "UInt32", "<", "base64"),
    ],
)
def test_grey_values_of_every_way_to_write_them(
    form: str, packed: bool, place: str, words: str, order: str, coded: str, dtype: str, tmp_path: Path
) -> None:
    values = np.random.default_rng(2).integers(0, 250, SHAPE).astype(dtype)
    path = tmp_path / "grey.vti"
    path.write_bytes(document(values, form, packed, place, words, order, coded))
    asked: list[tuple[tuple[int, ...], int]] = []
    found, _ = read_vti(path, lambda shape, size: asked.append((shape, size)))
    assert found.dtype == values.dtype and found.dtype.isnative and np.array_equal(found, values)
    assert asked == [(SHAPE, values.itemsize)], "the size is asked for before memory is taken"
    grey, size = read_grey_volume(path)
    assert np.array_equal(grey, values) and size is None


def test_grey_volumes_in_nrrd_and_hdf5_are_opened_slice_by_slice(tmp_path: Path) -> None:
    import h5py
    import nrrd

    values = np.random.default_rng(2).integers(0, 60000, SHAPE).astype(np.uint16)
    nrrd.write(str(tmp_path / "grey.nrrd"), values, index_order="C")
    with h5py.File(tmp_path / "grey.h5", "w") as file:
        file["grey"] = values
    for name in ("grey.nrrd", "grey.h5"):
        opened = open_stack(tmp_path / name)
        assert opened is not None
        stack, picture = opened
        assert (stack.count, stack.place) == (3, 1) and np.array_equal(picture.grey, values[1])


@pytest.mark.parametrize("packed", [False, True])
def test_what_was_cut_short_is_refused(packed: bool, tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(0, 250, SHAPE).astype(np.uint16)
    whole, path = document(values, "appended", packed, "CellData"), tmp_path / "grey.vti"
    path.write_bytes(whole[: len(whole) - 60])
    with pytest.raises(InputError, match=r"truncated|damaged"):
        read_grey_volume(path)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    values, path = np.ones(SHAPE, np.uint8), tmp_path / "grey.vti"
    whole = document(values, "binary", True, "CellData")
    path.write_bytes(whole.replace(b"vtkZLibDataCompressor", b"vtkLZ4DataCompressor"))
    with pytest.raises(InputError, match="vtkLZ4DataCompressor"):
        read_vti(path, lambda shape, size: None)
    path.write_bytes(whole.replace(b"</Piece>", b"</Piece><Piece/>"))
    with pytest.raises(InputError, match="one piece"):
        read_vti(path, lambda shape, size: None)
    path.write_bytes(whole.replace(b"<DataArray", b'<DataArray NumberOfComponents="3"'))
    with pytest.raises(InputError, match="single numbers"):
        read_vti(path, lambda shape, size: None)
