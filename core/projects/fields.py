"""Temperatures and velocities in a project: each as a member, up to a size that a project is still handy at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.projects.document import get, maybe, wrong

if TYPE_CHECKING:
    from core.properties import Properties

MOST_BYTES = 256 << 20
"""Of all fields of a project; temperature and flow along three axes take 96 MB at 128³ voxels."""


def bytes_of(found: Properties | None) -> int:
    """How much memory the fields of some properties take."""
    if found is None:
        return 0
    heat, flow = found.conductivity, found.permeability
    return sum(one.field.nbytes for one in (() if heat is None else heat.along)) + sum(
        one.at_faces.nbytes for one in (() if flow is None else flow.along)
    )


def within(found: Sequence[Properties | None], most: int = MOST_BYTES) -> tuple[Properties | None, ...]:
    """The same properties, with fields as long as all together take at most ``most`` bytes, the last ones first."""
    kept: list[Properties | None] = []
    left = most
    for one in reversed(found):
        size = bytes_of(one)
        kept.append(one if one is None or size <= left else one.without_fields())
        left -= size if size <= left else 0
    return tuple(reversed(kept))


def fields_to_json(found: Properties, keep: Callable[[np.ndarray], str]) -> dict[str, list[Any]]:
    """Names of the members that ``keep`` made of the fields, for each axis that was driven; None without a field."""
    heat, flow = found.conductivity, found.permeability
    return {
        "temperature": [
            keep(one.field) if one.field.size else None for one in (() if heat is None else heat.along)
        ],
        "velocity": [
            [keep(part) for part in one.at_faces] if one.at_faces.size else None
            for one in (() if flow is None else flow.along)
        ],
    }  # fmt: skip


def with_fields(found: Properties, data: Any, shape: tuple[int, ...], read: Callable[[Any], np.ndarray]) -> Properties:
    """The properties with what `fields_to_json` kept; a project from before fields were kept has none.

    Parameters
    ----------
    shape
        Of the volume.
    read
        The array in a member.

    Raises
    ------
    InputError
        Where a field has another shape, or holds what is no number.
    """
    fields = maybe(data, "fields", dict)
    heat, flow = found.conductivity, found.permeability
    if fields is None:
        return found
    if heat is not None:
        names = _as_many(fields, "temperature", len(heat.along))
        along = zip(heat.along, names, strict=True)
        warm = tuple(
            one if name is None else replace(one, field=_checked(read(name), shape)) for one, name in along
        )  # fmt: skip
        heat = replace(heat, along=warm)
    if flow is not None:
        faces = tuple(side + 1 for side in shape)
        moving = []
        for stream, parts in zip(flow.along, _as_many(fields, "velocity", len(flow.along)), strict=True):
            if parts is None:
                moving.append(stream)
                continue
            if not isinstance(parts, list) or len(parts) != 3:
                raise wrong("a velocity has not three components")
            moving.append(replace(stream, at_faces=np.stack([_checked(read(part), faces) for part in parts])))
        flow = replace(flow, along=tuple(moving))
    return replace(found, conductivity=heat, permeability=flow)


def _as_many(data: Any, key: str, count: int) -> list[Any]:
    names = get(data, key, list)
    if len(names) != count:
        raise wrong(f"its entry {key!r} has {len(names)} fields for {count} axes")
    return names


def _checked(field: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if field.shape != shape or field.dtype != np.float32:
        raise wrong(f"a field of shape {field.shape} does not belong to its volume")
    if not np.isfinite(field).all():
        raise wrong("a field holds what is no number")
    return field
