"""VTK image data (VTI) as Microloom, ParaView, VTK and PyVista write it: text, inline or appended, compressed or not.

The format: VTK's *XML File Formats*, image data in one piece; arrays of one component, on cells or points.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from core.errors import InputError
from core.images.description import Facts, card_facts

SizeCheck = Callable[[tuple[int, ...], int], None]
_TYPES = {
    "Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
    "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}  # fmt: skip
_ZLIB = "vtkZLibDataCompressor"
_ELSE = "Convert it to TIFF or NRRD, or write it with ZLib compression or none."


def read_vti(path: Path, check: SizeCheck) -> tuple[np.ndarray, Facts]:
    """Values, shape (Z, Y, X), and facts of a VTI file; of several arrays the one that the file names as its scalars.

    Spacing counts as micrometres where the card of Microloom says so; a file from elsewhere does not say its unit.

    Raises
    ------
    InputError
        Where it is of several pieces, holds vectors, or is compressed otherwise than by ZLib.
    """
    whole = path.read_bytes()
    head, mark, tail = whole.partition(b"<AppendedData")
    # what is appended raw is no XML
    root = ElementTree.fromstring(head + b"</VTKFile>" if mark else head)
    image, pieces = root.find("ImageData"), root.findall("ImageData/Piece")
    if image is None or len(pieces) != 1:
        raise InputError(f"{path.name} holds no image data in one piece.", "Save it as one VTI file.")
    if root.get("compressor", _ZLIB) != _ZLIB:
        raise InputError(f"{path.name} is compressed by {root.get('compressor')}.", _ELSE)
    ends = [int(part) for part in (image.get("WholeExtent") or "").split()]
    x, y, z = (end - start for start, end in zip(ends[::2], ends[1::2], strict=True))
    data, points = _array_of(pieces[0])
    if data is None or data.get("type") not in _TYPES or int(data.get("NumberOfComponents") or 1) != 1:
        raise InputError(f"{path.name} holds no array of single numbers.", "Save one scalar array in it.")
    shape = (z + 1, y + 1, x + 1) if points else (z, y, x)
    order = ">" if root.get("byte_order") == "BigEndian" else "<"
    kind = np.dtype(order + _TYPES[str(data.get("type"))])
    check(shape, kind.itemsize)
    count = shape[0] * shape[1] * shape[2]
    if data.get("format") == "ascii":
        values = np.array((data.text or "").split(), kind.newbyteorder("="))
    else:
        word = np.dtype(order + ("u8" if root.get("header_type") == "UInt64" else "u4"))
        packed = root.get("compressor") is not None
        if data.get("format") == "appended":
            attributes, _, appended = tail.partition(b">")
            appended = appended.partition(b"_")[2][int(data.get("offset") or 0) :]
            raw = _unpacked(appended, word, packed, b"base64" not in attributes, count * kind.itemsize)
        else:
            raw = _unpacked((data.text or "").strip().encode(), word, packed, False, count * kind.itemsize)
        values = np.frombuffer(raw, kind)
    if values.size != count:
        raise InputError(f"{path.name} is truncated.", "Export it again.")
    facts = card_facts(head.decode("utf-8", "replace").partition("<!--microloom:")[2].partition("-->")[0])
    return values.reshape(shape).astype(kind.newbyteorder("=")), facts


def _array_of(piece: ElementTree.Element) -> tuple[ElementTree.Element | None, bool]:
    """The array that is meant, and whether it lies on points."""
    for place in ("CellData", "PointData"):
        holder = piece.find(place)
        arrays = [] if holder is None else holder.findall("DataArray")
        if holder is not None and arrays:
            named = [array for array in arrays if array.get("Name") == holder.get("Scalars")]
            return (named or arrays)[0], place == "PointData"
    return None, False


def _unpacked(body: bytes, word: np.dtype, packed: bool, raw: bool, most: int) -> bytes:
    """The bytes of an array: a header of words, then blocks, or as many bytes as the header says.

    Never more than ``most``: what a damaged or hostile file unpacks to stays within what its size said.
    """

    def taken(start: int, count: int) -> bytes:
        if raw:
            return body[start : start + count]
        text = body[4 * (start // 3) : 4 * -(-(start + count) // 3)]
        return base64.b64decode(text)[start % 3 :][:count]

    def characters(count: int) -> int:
        """Where what follows a part of so many bytes begins, of which each is coded by itself."""
        return count if raw else 4 * -(-count // 3)

    first = np.frombuffer(taken(0, word.itemsize), word)
    if not first.size:
        return b""
    if not packed:
        return taken(word.itemsize, min(int(first[0]), most))
    blocks = int(first[0])
    length = word.itemsize * (3 + blocks)
    if not 0 <= blocks <= len(body):
        return b""
    header = np.frombuffer(taken(0, length), word)
    if header.size != 3 + blocks:
        return b""
    body = body[characters(length) :]
    block, sizes = int(header[1]), header[3:].tolist()
    parts, place, left = [], 0, most
    for size in sizes:
        part = zlib.decompressobj().decompress(taken(place, int(size)), max(1, min(block, left)))
        parts.append(part)
        place, left = place + int(size), left - len(part)
    return b"".join(parts)
