"""NRRD, VTI and HDF5: how a volume is laid out in each, written and read back to the bit.

All three keep the labels, the voxel size and the card (`core.images.description`) with phases and provenance. Readers
take a function that refuses a size before memory is taken: ``check(shape, itemsize)``.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.description import Facts, card_facts, card_text, micrometres
from core.images.pixel_size import unit_metres
from core.images.values import Volume

SizeCheck = Callable[[tuple[int, ...], int], None]


def write_nrrd(volume: Volume, path: Path) -> None:
    """NRRD, gzip, spacing in micrometres (fastest axis x first, as the format has it)."""
    import nrrd

    header: dict[str, Any] = {
        "encoding": "gzip",
        "space dimension": 3,
        "space directions": np.diag(micrometres(volume)[::-1]),
        "kinds": ["domain"] * 3,
        "microloom": card_text(volume),
    }
    if volume.voxel_size is not None:
        header["space units"] = ["um"] * 3
    nrrd.write(str(path), volume.labels, header, index_order="C", compression_level=4)


def read_nrrd(path: Path, check: SizeCheck) -> tuple[np.ndarray, Facts]:
    """Labels and facts of an NRRD file."""
    import nrrd

    header = nrrd.read_header(str(path))
    check(tuple(int(side) for side in header["sizes"]), 8)
    array, header = nrrd.read(str(path), index_order="C")
    facts = card_facts(header.get("microloom"))
    if "voxel_size" not in facts and "space units" in header and "space directions" in header:
        directions = np.asarray(header["space directions"], float)
        units = [unit_metres(str(unit)) for unit in header["space units"]]
        if directions.shape == (3, 3) and all(units):
            spacing = [
                float(np.linalg.norm(row)) * float(unit or 0) for row, unit in zip(directions, units, strict=True)
            ]
            if min(spacing) > 0:
                facts["voxel_size"] = tuple(spacing[::-1])
    return array, facts


def write_vti(volume: Volume, path: Path) -> None:
    """VTK image data (XML, zlib, base64), labels as cell data, spacing in micrometres."""
    z, y, x = volume.shape
    sz, sy, sx = micrometres(volume)
    raw = volume.labels.tobytes()
    block = 1 << 22
    parts = [zlib.compress(raw[start : start + block], 6) for start in range(0, len(raw), block)]
    head = np.array([len(parts), block, len(raw) % block, *map(len, parts)], dtype="<u8").tobytes()
    text = base64.b64encode(head).decode() + base64.b64encode(b"".join(parts)).decode()
    note = card_text(volume).replace("--", "-\\u002d")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(
            '<?xml version="1.0"?>\n'
            '<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64" '
            'compressor="vtkZLibDataCompressor">\n'
            f"<!--microloom:{note}-->\n"
            f'<ImageData WholeExtent="0 {x} 0 {y} 0 {z}" Origin="0 0 0" Spacing="{sx:.17g} {sy:.17g} {sz:.17g}">\n'
            f'<Piece Extent="0 {x} 0 {y} 0 {z}">\n<CellData Scalars="phase">\n'
            f'<DataArray type="UInt8" Name="phase" format="binary">\n{text}\n</DataArray>\n'
            "</CellData>\n</Piece>\n</ImageData>\n</VTKFile>\n"
        )


def write_hdf5(volume: Volume, path: Path) -> None:
    """HDF5: dataset "phase" (z, y, x), gzip, with attributes voxel_size_m and microloom."""
    import h5py

    # built in memory (it is compressed) and written in one go: the HDF5 library brings the whole process down when a
    # disk turns out to be full while it closes a file
    with h5py.File(path.name, "w", driver="core", backing_store=False) as file:
        data = file.create_dataset("phase", data=volume.labels, compression="gzip", compression_opts=4)
        data.attrs["axes"] = "zyx"
        if volume.voxel_size is not None:
            data.attrs["voxel_size_m"] = volume.voxel_size
            # what ImageJ's HDF5 readers and ilastik look for
            data.attrs["element_size_um"] = micrometres(volume)
        data.attrs["microloom"] = card_text(volume)
        file.flush()
        whole = file.id.get_file_image()
    path.write_bytes(whole)


def read_hdf5(path: Path, check: SizeCheck) -> tuple[np.ndarray, Facts]:
    """Labels and facts of an HDF5 file: its dataset "phase", or its only one."""
    import h5py

    with h5py.File(path, "r") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        if not names:
            raise InputError(f"{path.name} holds no array.", "Export it again.")
        if "phase" not in names and len(names) > 1:
            raise InputError(f"{path.name} holds several arrays ({', '.join(names[:5])}).", "Export the one to open.")
        data = file["phase" if "phase" in names else names[0]]
        check(data.shape, data.dtype.itemsize)
        facts = card_facts(data.attrs.get("microloom"))
        size = data.attrs.get("element_size_um")
        if "voxel_size" not in facts and size is not None and len(size) == 3 and min(size) > 0:
            facts["voxel_size"] = tuple(float(part) * 1e-6 for part in size)
        return data[()], facts


WRITERS: Mapping[str, Callable[[Volume, Path], None]] = {
    ".nrrd": write_nrrd,
    ".vti": write_vti,
    ".h5": write_hdf5,
    ".hdf5": write_hdf5,
}
