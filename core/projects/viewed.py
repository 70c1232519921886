"""Planes that cut a volume open, and the views of a movie, as JSON values and back.

They are only looked through: what makes no sense in a file is left out, and never keeps the project from opening.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from core.errors import InputError
from core.images.views import MOST_CUTS, Cut, KeyView
from core.projects.document import get, wrong

MOST_VIEWS = 1000
"""More views than any movie flies through."""
_FULL_TURN = 360.0
"""A camera counts its azimuth back by whole turns, one by one: an enormous one would never end."""
_FARTHEST, _NEAREST, _WIDEST = 1e3, 1e-6, 1e6
"""Of what a camera turns about, in the volume's sides; how much it sees at least and at most, in its diagonals."""

T = TypeVar("T")


def cuts_to_json(cuts: Sequence[Cut]) -> list[dict[str, float]]:
    """Every field of every plane."""
    return [dict(vars(cut)) for cut in cuts]


def cuts_from_json(data: Any) -> tuple[Cut, ...]:
    """The inverse of `cuts_to_json`, from the entry ``cuts``; none in a project from before they were kept."""
    return _those_that_can_be(data, "cuts", _cut, MOST_CUTS)


def key_views_to_json(views: Sequence[KeyView]) -> list[dict[str, Any]]:
    """Every field of every view."""
    return [{**vars(view), "center": list(view.center), "cuts": cuts_to_json(view.cuts)} for view in views]


def key_views_from_json(data: Any) -> tuple[KeyView, ...]:
    """The inverse of `key_views_to_json`, from the entry ``key_views``; none in a project from before."""
    return _those_that_can_be(data, "key_views", _view, MOST_VIEWS)


def _those_that_can_be(data: Any, key: str, read: Callable[[Any], T], most: int) -> tuple[T, ...]:
    items = data.get(key) if isinstance(data, dict) else None
    found: list[T] = []
    for item in items if isinstance(items, list) else ():
        try:
            found.append(read(item))
        except InputError:
            continue
    return tuple(found[:most])


def _cut(item: Any) -> Cut:
    return Cut(*_direction(item), _between(item, "depth", 0, 1))


def _view(item: Any) -> KeyView:
    middle = get(item, "center", list)
    if len(middle) != 3:
        raise wrong("a view has no middle")
    at = dict(zip("xyz", middle, strict=True))
    x, y, z = (_between(at, axis, -_FARTHEST, _FARTHEST) for axis in "xyz")
    return KeyView(*_direction(item), (x, y, z), _between(item, "width", _NEAREST, _WIDEST), cuts_from_json(item))


def _direction(item: Any) -> tuple[float, float]:
    return _between(item, "azimuth", -_FULL_TURN, _FULL_TURN), _between(item, "elevation", -90, 90)


def _between(item: Any, key: str, low: float, high: float) -> float:
    value = get(item, key, float)
    if not low <= value <= high:
        raise wrong(f"its entry {key!r} is {value!r}")
    return value
