"""The container of a project: a zip of a JSON document, pictures and volumes as TIFF, and models.

A file may come from anywhere. Names, sizes and hashes are checked before a byte is inflated, nothing is ever unpacked
under a name that the file chose, and nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from core.errors import InputError
from core.images.loading import MAX_VOXELS, checked_path

DOCUMENT = "project.json"
FORMAT = "microloom-project"
VERSION = 1
MODEL_SUFFIX = ".microloom-model"
CLASSIFIER_SUFFIX = ".microloom-classifier"

_NAME = re.compile(
    r"project\.json|(micrograph|labels|volume|mask|field)-[0-9]{1,4}\.tif|model-[0-9]{1,4}\.microloom-model"
    r"|classifier-[0-9]{1,4}\.microloom-classifier"
)
MAX_DOCUMENT_BYTES = 256 << 20
MAX_BYTES = 4 * MAX_VOXELS
"""Of all members as they are in memory. What is beyond either is not opened, and so not written."""
_MAX_INFLATION = 1100  # no deflated byte gives more than 1032
_TIFF_OVERHEAD = 1 << 16
_TIFF_OVERHEAD_PAGE = 512
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError,
    IndexError, TypeError, AttributeError, OverflowError,
)  # fmt: skip


def array_bytes(array: np.ndarray) -> bytes:
    """A picture or volume as an uncompressed TIFF."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, photometric="minisblack", software=False, datetime=False)
    return stream.getvalue()


def array_from_bytes(data: bytes, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """The inverse of `array_bytes`; ValueError where the TIFF is not of that shape and type, or is compressed."""
    with tifffile.TiffFile(io.BytesIO(data)) as tif:
        series = tif.series[0]
        if series.dtype != np.dtype(dtype) or math.prod(series.shape) != math.prod(shape):
            raise ValueError(f"{series.dtype} {series.shape}")
        if any(page is None or page.keyframe.compression != 1 for page in series.pages):
            raise ValueError("compressed")
        return np.ascontiguousarray(series.asarray()).reshape(shape)


class Archive:
    """A project file that is open for reading, its table of contents and its document checked.

    Attributes
    ----------
    document
        The JSON document.

    Raises
    ------
    InputError
        Where the file is missing, no project, damaged, from a newer version, or says what cannot be.
    """

    def __init__(self, path: Path) -> None:
        self._path = checked_path(path)
        self._zip: zipfile.ZipFile | None = None
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self._path)
            self._infos = self._checked_members(self._zip.infolist())
            text = self._zip.read(DOCUMENT)
            document = json.loads(text, parse_constant=_refuse)
        except (*_BROKEN, RecursionError) as error:
            raise self.damaged() from error
        except OSError as error:
            raise InputError(f"{self._path} cannot be read: {error.strerror or error}.", "Check the file.") from error
        self.document: dict[str, Any] = self._checked_document(document)
        self._members: Mapping[str, Any] = self._checked_list(self.document.get("members"))

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._zip is not None:
            self._zip.close()

    def damaged(self, what: str = "it is damaged") -> InputError:
        """The error that says so."""
        return InputError(
            f"{self._path.name} cannot be opened as a project: {what}.", "Take a copy of it, or open another file."
        )

    def array(self, name: Any) -> np.ndarray:
        """The picture or volume in the member ``name``, equal to the bit to what was written."""
        data = self.data(name, ".tif")
        entry = self._members[name]
        try:
            return array_from_bytes(data, tuple(entry["shape"]), entry["dtype"])
        except (*_BROKEN, tifffile.TiffFileError) as error:
            raise self.damaged(f"its member {name} is no picture of the size that it says") from error

    def data(self, name: Any, suffix: str) -> bytes:
        """The bytes of the member ``name``, checked against its hash."""
        if not isinstance(name, str) or name not in self._members or not name.endswith(suffix):
            raise self.damaged(f"it has no member {name!r}")
        assert self._zip is not None
        try:
            data = self._zip.read(self._infos[name])
        except _BROKEN as error:
            raise self.damaged(f"its member {name} is damaged") from error
        except OSError as error:
            raise InputError(f"{self._path} cannot be read: {error.strerror or error}.", "Check the file.") from error
        if hashlib.sha256(data).hexdigest() != self._members[name].get("sha256"):
            raise self.damaged(f"its member {name} is not the one that was saved (its hash differs)")
        return data

    def _checked_members(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        found: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for info in infos:
            # orig_filename is what the file says, before zipfile mends it
            if _NAME.fullmatch(info.orig_filename) is None:
                raise self.damaged(f"no project has a member {info.orig_filename!r}")
            if info.filename in found:
                raise self.damaged(f"its member {info.filename} is there twice")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self.damaged(f"its member {info.filename} is encrypted or packed in an unknown way")
            total += info.file_size
            if info.file_size > _MAX_INFLATION * info.compress_size + 64 or total > MAX_BYTES:
                raise self.damaged(f"its member {info.filename} claims {info.file_size:,} bytes, more than it can hold")
            found[info.filename] = info
        if DOCUMENT not in found:
            raise InputError(f"{self._path.name} is a zip file, but not a project.", "Choose a .microloom file.")
        if found[DOCUMENT].file_size > MAX_DOCUMENT_BYTES:
            raise self.damaged("its document is too long")
        return found

    def _checked_document(self, document: Any) -> dict[str, Any]:
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise InputError(f"{self._path.name} is a zip file, but not a project.", "Choose a .microloom file.")
        version = document.get("format_version")
        if type(version) is not int or version < 1:
            raise self.damaged("it does not say which version of the format it has")
        if version > VERSION:
            raise InputError(
                f"{self._path.name} was written by a newer version of Microloom (project format {version}).",
                "Update Microloom.",
            )
        return document

    def _checked_list(self, members: Any) -> Mapping[str, Any]:
        if not isinstance(members, dict) or not all(isinstance(entry, dict) for entry in members.values()):
            raise self.damaged("it has no list of its members")
        there = set(self._infos) - {DOCUMENT}
        if missing := sorted(set(members) - there):
            raise self.damaged(f"its member {missing[0]} is missing")
        if extra := sorted(there - set(members)):
            raise self.damaged(f"its document does not know the member {extra[0]}")
        for name, entry in members.items():
            size = self._infos[name].file_size
            if entry.get("bytes") != size:
                raise self.damaged(f"its member {name} has {size:,} bytes, not {entry.get('bytes')}")
            if name.endswith(".tif") and not _fits(entry, size):
                raise self.damaged(f"its member {name} has not the size of its picture")
        return members


def _fits(entry: Mapping[str, Any], size: int) -> bool:
    """Whether so many bytes can be the TIFF of the array that ``entry`` tells of."""
    shape, dtype = entry.get("shape"), entry.get("dtype")
    if dtype not in ("uint8", "uint16", "float32") or not isinstance(shape, list) or len(shape) not in (2, 3):
        return False
    if not all(type(side) is int and side > 0 for side in shape) or math.prod(shape) > MAX_VOXELS:
        return False
    held = math.prod(shape) * np.dtype(dtype).itemsize
    return bool(held <= size <= held + _TIFF_OVERHEAD + _TIFF_OVERHEAD_PAGE * shape[0])


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
