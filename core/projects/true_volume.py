"""True volumes as JSON values, and back, every value checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.images.true_volume import TrueVolume
from core.images.values import MAX_PHASES
from core.projects.accounts import MOST_BYTES, account_from_json, account_to_json, size_of
from core.projects.document import get, maybe, path_from_json, whole_numbers, wrong
from core.projects.measured import entry_from_json, entry_to_json

MOST = 1000
"""More true volumes than anybody compares with."""


def true_volumes_to_json(volumes: Sequence[TrueVolume]) -> list[dict[str, Any]]:
    """Every field of every one; curves as long as all together take at most `MOST_BYTES`, the first ones first."""
    told, left = [], MOST_BYTES
    for one in volumes:
        account = None if one.known is None or one.known.account is None else account_to_json(one.known.account)
        size = size_of(account)
        told.append(
            {
                "path": str(one.path),
                "group": one.group,
                "phase": one.phase,
                "part": None if one.part is None else [edge for ends in one.part for edge in ends],
                "known": None if one.known is None else entry_to_json(one.known),
                "account": account if size <= left else None,
            }
        )
        left -= size if size <= left else 0
    return told


def true_volumes_from_json(data: Any) -> tuple[TrueVolume, ...]:
    """The inverse of `true_volumes_to_json`, from the entry ``true_volumes``; none in a project from before."""
    items = maybe(data, "true_volumes", list) or []
    if len(items) > MOST:
        raise wrong(f"it has {len(items)} true volumes")
    return tuple(map(_one, items))


def _one(item: Any) -> TrueVolume:
    phase, part, path = get(item, "phase", int), None, path_from_json(item, "path")
    if not 0 <= phase < MAX_PHASES or not path:
        raise wrong("a true volume has no phase or no file")
    if maybe(item, "part", list) is not None:
        z0, z1, y0, y1, x0, x1 = whole_numbers(item, "part", 6)
        if not (z0 < z1 and y0 < y1 and x0 < x1):
            raise wrong("a part of a true volume is empty")
        part = ((z0, z1), (y0, y1), (x0, x1))
    told = maybe(item, "known", dict)
    # without curves in a project from before they were kept
    known = None if told is None else replace(entry_from_json(told), account=account_from_json(item.get("account")))
    return TrueVolume(Path(path), get(item, "group", str), phase, part, known)
