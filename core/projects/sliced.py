"""Which slice of a grey volume is on show, and what was painted on the others, as JSON values and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from core.projects.document import get, maybe, wrong
from core.segmentation.stack import Stack


def stack_to_json(stack: Stack[np.ndarray], keep: Callable[[np.ndarray], str]) -> dict[str, Any]:
    """``stack`` without its volume, which stays where it lies; ``keep`` stores an array and names its member."""
    return {
        "count": stack.count,
        "slice": stack.place,
        "ends": list(stack.ends),
        "contrast": list(stack.contrast),
        "painted": {str(place): keep(painted) for place, painted in sorted(stack.painted.items())},
        "in_3d": stack.in_3d,
        "taken": [dict(step) for step in stack.taken],
    }


def stack_from_json(data: Any, shape: tuple[int, int] | None, fetch: Callable[[Any], np.ndarray]) -> Stack[np.ndarray]:
    """The inverse of `stack_to_json`; the volume is not looked for.

    Raises
    ------
    InputError
        For what cannot be: a slice that is not there, or one painted that has not the ``shape`` of the micrograph.
    """
    count, place = get(data, "count", int), get(data, "slice", int)
    if not 0 <= place < count:
        raise wrong(f"it shows slice {place} of {count}")
    painted: dict[int, np.ndarray] = {}
    for key, member in (maybe(data, "painted", dict) or {}).items():
        number = int(key) if key.isascii() and key.isdigit() and len(key) < 10 else count
        if number >= count:
            raise wrong(f"it has painted on the slice {key!r} of {count}"[:200])
        painted[number] = fetch(member)
        if painted[number].shape != shape or painted[number].dtype != np.uint8:
            raise wrong(f"what was painted on slice {number} does not fit its micrograph")
    in_3d = maybe(data, "in_3d", bool) or False
    taken = tuple(maybe(data, "taken", list) or ())
    if not all(isinstance(step, dict) for step in taken):
        raise wrong("it does not say what of its volume is used")
    return Stack(count, place, _pair(data, "ends"), _pair(data, "contrast"), None, painted, in_3d, taken)


def _pair(data: Mapping[str, Any], key: str) -> tuple[float, float]:
    found = get(data, key, list)
    if len(found) != 2:
        raise wrong(f"its entry {key!r} has {len(found)} values")
    low, high = (get({"value": value}, "value", float) for value in found)
    return low, high
