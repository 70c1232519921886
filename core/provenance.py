"""What made a value: inputs, settings, seed, versions and device, in plain JSON-able form."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import metadata
from types import MappingProxyType
from typing import Any

import numpy as np

from core import __version__

_PACKAGES = ("numpy", "scipy", "scikit-image", "torch", "tifffile")


@cache
def versions() -> Mapping[str, str]:
    """Versions of Microloom, Python and the packages that decide the numbers."""
    found = {"microloom": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # a numeric room on a machine without this package
            continue
    return MappingProxyType(found)


def array_hash(array: np.ndarray) -> str:
    """SHA-256 of an array's dtype, shape and values (hex). Equal arrays have equal hashes, whatever their layout."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Provenance:
    """One link of the chain that leads from a file to a result.

    Attributes
    ----------
    made_by
        The step, in words: "read", "crop", "segment", "reconstruct with swnn", …
    source
        Path or name of the file for a value that was read, else empty.
    settings
        The step's settings as plain JSON values.
    inputs
        Provenance of what went in, oldest first.
    input_hashes
        `array_hash` of each input array, or of the file's bytes for a value that was read.
    seed
        Random seed, or None where nothing was random.
    device
        "cpu" or the GPU's name, or empty where it does not matter.
    versions
        Versions of the packages that made it.
    """

    made_by: str
    source: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Provenance, ...] = ()
    input_hashes: tuple[str, ...] = ()
    seed: int | None = None
    device: str = ""
    versions: Mapping[str, str] = field(default_factory=lambda: dict(versions()))

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary of JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Provenance:
        """The inverse of `to_json`; unknown keys are ignored so that newer files still open."""
        known = {key: data[key] for key in cls.__dataclass_fields__ if key in data}
        known["inputs"] = tuple(cls.from_json(item) for item in data.get("inputs", ()))
        known["input_hashes"] = tuple(data.get("input_hashes", ()))
        return cls(**known)
