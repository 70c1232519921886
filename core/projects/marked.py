"""Marks of volumes as JSON values, and back, every value checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from core.errors import InputError
from core.images.marks import Kind, Mark
from core.projects.document import get, maybe, wrong

MOST = 10_000
"""More marks than anybody sets."""


def marks_to_json(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """Every field of every mark."""
    return [
        {"kind": mark.kind, "name": mark.name, "points": [list(point) for point in mark.points], "of": mark.of}
        for mark in marks
    ]


def marks_from_json(data: Any) -> tuple[Mark, ...]:
    """The inverse of `marks_to_json`, from the entry ``marks``; none in a project from before there were any."""
    items = maybe(data, "marks", list) or []
    if len(items) > MOST:
        raise wrong(f"it has {len(items)} marks")
    return tuple(map(_mark, items))


def _mark(item: Any) -> Mark:
    kind = get(item, "kind", str)
    if kind not in get_args(Kind):
        raise wrong(f"it has a mark of the kind {kind!r}"[:200])
    points = get(item, "points", list)
    if not all(isinstance(point, list) and len(point) == 3 for point in points):
        raise wrong("a mark has no place")
    places = [{"zyx"[axis]: at for axis, at in enumerate(point)} for point in points]
    try:
        return Mark(
            kind,  # type: ignore[arg-type]
            get(item, "name", str),
            tuple((get(at, "z", float), get(at, "y", float), get(at, "x", float)) for at in places),
            get(item, "of", str),
        )
    except InputError as error:
        raise wrong(error.what) from error
