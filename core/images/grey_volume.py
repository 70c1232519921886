"""Grey volumes that stay on the disk: opened by their header, read slice by slice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import devices
from core.errors import InputError
from core.images.grey import to_supported
from core.images.instrument import tiff_facts
from core.images.labelled import looks_segmented
from core.images.loading import MAX_VOXELS, checked_path, kind_of
from core.images.values import Micrograph
from core.images.zarr_metadata import voxel_size
from core.provenance import Provenance, array_hash

Triple = tuple[int, int, int]
Size = tuple[float, float, float] | None

_AGAIN = "Open it in the program that made it and export it again."
_HELD = 1 << 28
"""Bytes of slices that are kept of a store in chunks, whose neighbours are wanted next."""
_NEEDED = 4
"""Times its own bytes that a volume takes while it is segmented in memory."""
_LOOKED_AT = 5
"""Slices that a volume's contrast is taken from."""
_SQUARE = 1e-3
"""Relative difference up to which the two sides of a pixel are the same."""


@dataclass(frozen=True, eq=False)
class GreyVolume:
    """A grey volume, not read yet.

    Attributes
    ----------
    path
        File or folder.
    shape
        Slices, rows, columns.
    dtype
        As stored: 8 or 16 bits unsigned, or 32 bits floating.
    voxel_size
        Metres along z, y, x, or None.
    pixel_size
        Metres in the plane of a slice, where nothing is said of z; or None.
    notes
        Facts from the file worth showing.
    taken
        What was done to what the file holds, in order, for the provenance.
    """

    path: Path
    shape: Triple
    dtype: np.dtype
    voxel_size: Size
    _read: Callable[[int], np.ndarray]
    pixel_size: float | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    taken: tuple[Mapping[str, Any], ...] = ()

    def plane(self, z: int) -> np.ndarray:
        """Slice ``z``: shape (Y, X); uint8, uint16 or float32.

        Raises
        ------
        InputError
            Where it cannot be read, or holds what is no finite number.
        """
        try:
            plane = np.asarray(self._read(z))
        except Exception as error:  # what a dozen codecs raise on damaged data has no common base
            raise InputError(f"Slice {z} of {self.path.name} cannot be read ({error}).", _AGAIN) from error
        if plane.shape != self.shape[1:]:
            raise InputError(f"Slice {z} of {self.path.name} has the shape {plane.shape}.", _AGAIN)
        grey = np.ascontiguousarray(to_supported(plane, {}, self.path.name))
        if plane.dtype.kind == "f" and not np.isfinite(plane).all():
            raise InputError(
                f"Slice {z} of {self.path.name} holds values that are no finite numbers.",
                "Replace them before it is segmented from the disk.",
            )
        return grey

    def picture(self, z: int) -> Micrograph:
        """Slice ``z`` as a micrograph; its pixel size is that of the plane, where its sides are equal.

        Raises
        ------
        InputError
            As `plane`.
        """
        grey = self.plane(z)
        size = self.pixel_size
        if self.voxel_size is not None:
            y, x = self.voxel_size[1:]
            size = x if math.isclose(y, x, rel_tol=_SQUARE) else None
        told = {"slice": z, **({"taken": list(self.taken)} if self.taken else {})}
        made = Provenance("read", source=self.path.name, settings=told, input_hashes=(array_hash(grey),))
        return Micrograph(grey, size, f"{self.path.name}, slice {z + 1}", made, self.notes)

    def cropped(self, rows: slice, columns: slice, slices: slice = slice(None)) -> GreyVolume:
        """The same part of every slice, and of the slices those that are named.

        Raises
        ------
        InputError
            Where there is nothing in it.
        """
        places, *sides = (
            range(*part.indices(side)) for part, side in zip((slices, rows, columns), self.shape, strict=True)
        )
        height, width = (len(side) for side in sides)
        if min(len(places), height, width) < 1:
            raise InputError(f"Nothing of {self.path.name} lies in the part.", "Choose another part.")
        whole = self.shape[1:]

        def read(z: int) -> np.ndarray:
            plane = np.asarray(self._read(places[z]))
            if plane.shape != whole:
                raise ValueError(f"it has the shape {plane.shape}")
            return plane[rows, columns]

        told = {"cropped": [[side.start, side.stop] for side in (places, *sides)]}
        taken = (*self.taken, told)
        return replace(self, shape=(len(places), height, width), _read=read, taken=taken)

    def whole(self) -> np.ndarray:
        """All of it in memory, shape (Z, Y, X).

        Raises
        ------
        InputError
            As `plane`.
        """
        return np.stack([self.plane(z) for z in range(self.shape[0])])

    def grey_range(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Darkest and brightest value, and their 0.2 and 99.8 percentiles, of a few slices from end to end.

        Raises
        ------
        InputError
            As `plane`.
        """
        places = sorted({round(share) for share in np.linspace(0, self.shape[0] - 1, _LOOKED_AT)})
        step = max(1, math.isqrt(self.shape[1] * self.shape[2] // 250_000))
        low, high, thinned = math.inf, -math.inf, []
        for place in places:
            plane = self.plane(place)
            low, high = min(low, float(plane.min())), max(high, float(plane.max()))
            thinned.append(plane[::step, ::step].reshape(-1))
        dark, bright = np.percentile(np.concatenate(thinned), (0.2, 99.8))
        return (low, high), (float(dark), float(bright))

    @property
    def beyond_memory(self) -> bool:
        """Whether it is too large to be segmented in memory."""
        voxels = math.prod(self.shape)
        free = devices.free_memory()
        return voxels > MAX_VOXELS or (free is not None and _NEEDED * voxels * self.dtype.itemsize > free)


def is_zarr_store(path: Path) -> bool:
    """Whether ``path`` is a folder with a Zarr array or group, of format 2 or 3."""
    return path.is_dir() and any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def is_grey_store(path: Path) -> bool:
    """Whether a Zarr folder holds grey values rather than labels.

    What Microloom wrote says which. Else values of 16 or 32 bits are grey, and those of 8 bits where the middle slice
    has more levels than labels have.
    """
    if not is_zarr_store(path):
        return False
    try:
        import zarr

        told = dict(zarr.open(path, mode="r").attrs).get("microloom")
        if told is not None:
            return isinstance(told, Mapping) and "grey" in told
        volume = _zarr(path)
        if volume.dtype != np.uint8:
            return True
        plane = volume.plane(volume.shape[0] // 2)
        return bool(plane.min() < plane.max()) and looks_segmented(plane) is None
    except Exception:  # whoever opens it then says what is wrong
        return False


def open_grey_volume(path: Path) -> GreyVolume | None:
    """Open a grey volume in a TIFF or NPY file or a Zarr folder, of which only the header is read.

    Returns
    -------
    GreyVolume
        None where the file is of a kind, or holds values, that can only be read as a whole (`load_stack`).

    Raises
    ------
    InputError
        Where there is nothing that can be read, or a Zarr folder holds no grey volume.
    """
    path = Path(path)
    if is_zarr_store(path):
        return _zarr(path)
    path = checked_path(path)
    openers = {"tiff": _tiff, "npy": _npy}
    kind = kind_of(path)
    try:
        return openers[kind](path) if kind in openers else None
    except InputError:
        raise
    except Exception as error:  # as `core.images.loading` has it
        raise InputError(f"{path.name} could not be read: it is damaged or truncated ({error}).", _AGAIN) from error


def held(path: Path, grey: np.ndarray, size: Size) -> GreyVolume:
    """A grey volume that is in memory, shape (Z, Y, X), as one that is read slice by slice."""
    z, y, x = grey.shape
    return GreyVolume(path, (z, y, x), grey.dtype, size, lambda place: np.asarray(grey[place]))


def _supported(dtype: Any) -> bool:
    return dtype is not None and np.dtype(dtype).kind + str(np.dtype(dtype).itemsize) in ("u1", "u2", "f4")


def _volume_shape(shape: tuple[int, ...]) -> Triple | None:
    """Of a shape with axes of length one; None where it has not three others."""
    long = [int(side) for side in shape if side != 1]
    return (long[0], long[1], long[2]) if len(long) == 3 else None


def _tiff(path: Path) -> GreyVolume | None:
    import tifffile

    with tifffile.TiffFile(path) as file:
        series, page = file.series[0], file.pages[0]
        shape, facts = _volume_shape(series.shape), tiff_facts(file)
        plain = page.photometric == tifffile.PHOTOMETRIC.MINISBLACK and "S" not in series.axes
        if shape is None or not plain or not _supported(series.dtype):
            return None
        kind = np.dtype(file.byteorder + np.dtype(series.dtype).str[1:])
        start = None if series.dataoffset is None else int(series.dataoffset)
        pages = len(series.pages)
        plainly = len(file.pages) == pages
        if start is not None and start + math.prod(shape) * kind.itemsize > path.stat().st_size:
            raise InputError(f"{path.name} is truncated: slices are missing at its end.", _AGAIN)
    if start is None and pages != shape[0]:
        return None
    length = shape[1] * shape[2]

    def contiguous(z: int) -> np.ndarray:
        # not through mapped memory: a file that is cut short meanwhile would end the process
        with path.open("rb") as plain_file:
            plain_file.seek((start or 0) + z * length * kind.itemsize)
            return np.frombuffer(plain_file.read(length * kind.itemsize), kind).reshape(shape[1:])

    def paged(z: int) -> np.ndarray:
        with tifffile.TiffFile(path) as again:
            # a series is found by looking at every page
            found = again.pages[z] if plainly else again.series[0].pages[z]
            if found is None:
                raise ValueError("it is missing")
            return found.asarray().squeeze()  # type: ignore[no-any-return]

    reader = contiguous if start is not None else paged
    return GreyVolume(path, shape, kind, facts.get("voxel_size"), reader, facts.get("pixel_size"), facts["notes"])


def _npy(path: Path) -> GreyVolume | None:
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    shape = _volume_shape(mapped.shape)
    if shape is None or not _supported(mapped.dtype) or not mapped.flags.c_contiguous or mapped.shape[-1] in (3, 4):
        return None
    cube = mapped.reshape(shape)
    return GreyVolume(path, shape, mapped.dtype, None, lambda z: np.array(cube[z]))


def _zarr(path: Path) -> GreyVolume:
    import zarr

    try:
        store = zarr.open(path, mode="r")
        size: Size = None
        if not hasattr(store, "shape"):
            attributes: Mapping[str, Any] = dict(store.attrs)
            multiscale = attributes.get("ome", attributes)["multiscales"][0]
            array = store[str(multiscale["datasets"][0]["path"])]
            if len(array.shape) == 3:
                size = voxel_size(multiscale)
        else:
            array = store
        shape = _volume_shape(array.shape)
    except Exception as error:  # what zarr raises on damaged metadata has no common base
        raise InputError(f"{path.name} is no Zarr volume that can be read ({error}).", _AGAIN) from error
    if shape is None or not _supported(array.dtype):
        raise InputError(
            f"{path.name} holds {array.dtype} of shape {array.shape}: it is no grey volume.",
            "Choose one of 8, 16 or 32 bits with three axes.",
        )
    kind, depth = np.dtype(array.dtype), _chunk_depth(array)
    step = max(1, min(depth, _HELD // (shape[1] * shape[2] * kind.itemsize)))
    kept: dict[int, np.ndarray] = {}

    def read(z: int) -> np.ndarray:
        first = z // step * step
        block = kept.get(first)  # a job may read beside the window
        if block is None:
            count = min(step, shape[0] - first)
            block = np.asarray(array[_leading(array.shape, first, count)]).reshape(count, *shape[1:])
            kept.clear()
            kept[first] = block
        plane: np.ndarray = block[z - first]
        return plane

    return GreyVolume(path, shape, kind, size, read)


def _chunk_depth(array: Any) -> int:
    """Slices that a chunk holds, along the first axis that is longer than one."""
    return next(int(chunk) for chunk, side in zip(array.chunks, array.shape, strict=True) if side != 1)


def _leading(shape: tuple[int, ...], first: int, count: int) -> tuple[slice, ...]:
    """From ``first`` on ``count`` slices along the first axis that is longer than one, and all of the others."""
    axis = next(place for place, side in enumerate(shape) if side != 1)
    return tuple(slice(first, first + count) if place == axis else slice(None) for place in range(len(shape)))
