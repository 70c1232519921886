"""Distances, angles and notes that a user pins to a volume.

Places are voxels of the full volume as real numbers: voxel i spans i to i + 1, so that its middle is i + 0.5. Lengths
and angles are those of the material: each axis counts with its own voxel edge; where that is not known, voxels are
cubes.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import InputError
from core.images.atomic import replacing
from core.images.pixel_size import format_length

Kind = Literal["distance", "angle", "note"]
Point = tuple[float, float, float]
"""z, y, x in voxels."""
VoxelSize = tuple[float, float, float] | None

POINTS: dict[str, int] = {"distance": 2, "angle": 3, "note": 1}
"""How many places each kind has; an angle's second is its corner."""


@dataclass(frozen=True)
class Mark:
    """One distance, angle or note.

    Attributes
    ----------
    kind
        What it is.
    name
        As the user calls it; of a note, what it says.
    points
        Its places, as many as `POINTS` says.
    of
        Which volume it belongs to, `core.provenance.array_hash` of its labels, or where it lies on the disk.

    Raises
    ------
    InputError
        Where the places are too few, too many, or nowhere.
    """

    kind: Kind
    name: str
    points: tuple[Point, ...]
    of: str

    def __post_init__(self) -> None:
        if self.kind not in POINTS or len(self.points) != POINTS[self.kind]:
            raise InputError(f"No {self.kind} has {len(self.points)} places.")
        if not all(len(point) == 3 and all(math.isfinite(at) for at in point) for point in self.points):
            raise InputError(f"The {self.kind} “{self.name}” lies nowhere.")

    @property
    def middle(self) -> Point:
        """Where to look at it: half way of a distance, the corner of an angle."""
        if self.kind == "angle":
            return self.points[1]
        z, y, x = (sum(at) / len(self.points) for at in zip(*self.points, strict=True))
        return z, y, x


def separation(one: Point, other: Point, voxel_size: VoxelSize) -> float:
    """The distance of two places in metres; in voxels where the voxel size is not known."""
    edges = voxel_size or (1.0, 1.0, 1.0)
    return math.hypot(*((a - b) * edge for a, b, edge in zip(one, other, edges, strict=True)))


def angle(one: Point, corner: Point, other: Point, voxel_size: VoxelSize) -> float:
    """The angle at ``corner`` in degrees, 0 to 180; NaN where one of its arms has no length."""
    edges = voxel_size or (1.0, 1.0, 1.0)
    a, b = (
        [(to - at) * edge for to, at, edge in zip(end, corner, edges, strict=True)] for end in (one, other)
    )  # fmt: skip
    if not (math.hypot(*a) > 0 and math.hypot(*b) > 0):
        return math.nan
    across = math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    # unlike the cosine alone, this is as exact for small angles as for large ones
    return math.degrees(math.atan2(across, sum(p * q for p, q in zip(a, b, strict=True))))


def value_of(mark: Mark, voxel_size: VoxelSize) -> tuple[float | None, str]:
    """What a mark says and its unit: metres or voxels, degrees; None and "" of a note."""
    if mark.kind == "distance":
        one, other = mark.points
        return separation(one, other, voxel_size), "m" if voxel_size else "voxels"
    if mark.kind == "angle":
        one, corner, other = mark.points
        return angle(one, corner, other, voxel_size), "degrees"
    return None, ""


def words_of(mark: Mark, voxel_size: VoxelSize) -> str:
    """What a mark says, as it is written beside it: "12.3 µm", "8.06 voxels", "57.3°", or the note itself."""
    value, unit = value_of(mark, voxel_size)
    if value is None:
        return mark.name
    if unit == "m":
        return format_length(value)
    return f"{value:.3g} voxels" if unit == "voxels" and value < 100 else f"{value:.1f}{_SIGNS[unit]}"


_SIGNS = {"voxels": " voxels", "degrees": "°"}
_COLUMNS = ("name", "kind", "value", "unit", "shown", *(f"{axis}{n} (voxels)" for n in (1, 2, 3) for axis in "zyx"))


def marks_csv(marks: Sequence[Mark], voxel_size: VoxelSize, separator: str = ",") -> str:
    """A table with a line for each mark: name, kind, value, unit, the value as it is shown, and its places."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=separator, lineterminator="\n")
    table.writerow(_COLUMNS)
    for mark in marks:
        value, unit = value_of(mark, voxel_size)
        places = [f"{at:.6g}" for point in mark.points for at in point]
        shown = "" if value is None else words_of(mark, voxel_size)
        table.writerow([mark.name, mark.kind, "" if value is None else f"{value:.6g}", unit, shown, *places])
    return text.getvalue()


def write_marks(marks: Sequence[Mark], voxel_size: VoxelSize, path: Path, *, overwrite: bool = False) -> Path:
    """Write the table of `marks_csv`.

    Raises
    ------
    OutputExistsError
        Where the file is there and ``overwrite`` is not set.
    JobError
        Where the disk does not take it.
    """
    with replacing(path, overwrite) as temporary:
        temporary.write_text(marks_csv(marks, voxel_size), encoding="utf-8")
    return path
