"""What a report tells of one measured volume, its curves among it, as JSON values and back.

The curves of true volumes are drawn again from here when their files are gone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.projects.document import (
    band_from_json,
    band_to_json,
    comparison_from_json,
    comparison_to_json,
    curves_from_json,
    curves_to_json,
    get,
    length,
    maybe,
    phases_from_json,
    phases_to_json,
    plain,
    whole_numbers,
    wrong,
)
from core.projects.measured import properties_from_json, properties_to_json, statistics_from_json, statistics_to_json

if TYPE_CHECKING:
    from core.report.account import Account, Source

MOST_BYTES = 24 << 20
"""Of the accounts of all true volumes of a project as text: its document has to stay small enough to be opened."""
_COMPARED = "compared"
_AS_THEY_ARE = (
    "name",
    "solid",
    "fraction",
    "target_fraction",
    "periodic",
    "seed",
    "engine",
    "preset",
    "device",
    "sha256",
)
_MAPPINGS = ("settings", "seconds", "training", "versions")


def account_to_json(account: Account) -> dict[str, Any]:
    """Every field; curves that are those of the comparison are written once."""
    compared, source = account.comparison, account.exemplar
    shared = compared is not None and compared.volume is account.curves
    return {
        **{key: plain(getattr(account, key)) for key in (*_AS_THEY_ARE, *_MAPPINGS)},
        "shape": list(account.shape),
        "phases": phases_to_json(account.phases),
        "phase": phases_to_json((account.phase,)),
        "edges_m": None if account.edges is None else list(account.edges),
        "curves": _COMPARED if shared else curves_to_json(account.curves),
        "exemplar": None
        if source is None
        else {
            "name": source.name, "shape": list(source.shape), "pixel_size_m": source.pixel_size,
            "sha256": source.sha256,
        },
        "comparison": None if compared is None else comparison_to_json(compared),
        "band": band_to_json(account.band),
        "statistics": statistics_to_json(account.statistics),
        "properties": properties_to_json(account.properties),
    }  # fmt: skip


def account_from_json(data: Any) -> Account | None:
    """The inverse of `account_to_json`. None where there is none, or one that cannot be: its line is kept."""
    if not isinstance(data, dict):
        return None
    try:
        return _account(data)
    except (InputError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def size_of(told: Mapping[str, Any] | None) -> int:
    """How long an account is as text in a project's document, in bytes."""
    return 0 if told is None else len(json.dumps(told, indent=1, allow_nan=False))


def _account(data: Any) -> Account:
    from core.report.account import Account

    compared = None if maybe(data, "comparison", dict) is None else comparison_from_json(data["comparison"])
    if data.get("curves") == _COMPARED:
        if compared is None:
            raise wrong("its curves are those of no comparison")
        curves = compared.volume
    else:
        curves = curves_from_json(get(data, "curves", dict))
    count = len(get(data, "shape", list))
    if count not in (2, 3):
        raise wrong(f"a measured thing has {count} axes")
    (phase,) = phases_from_json(data, "phase")
    return Account(
        name=get(data, "name", str),
        shape=whole_numbers(data, "shape", count, least=1),
        phases=phases_from_json(data),
        solid=get(data, "solid", bool),
        phase=phase,
        fraction=get(data, "fraction", float),
        edges=_edges(data, count),
        curves=curves,
        exemplar=_source(maybe(data, "exemplar", dict)),
        comparison=compared,
        band=band_from_json(data, "band"),
        target_fraction=maybe(data, "target_fraction", float),
        periodic=get(data, "periodic", str),
        statistics=statistics_from_json(get(data, "statistics", list)),
        properties=properties_from_json(maybe(data, "properties", dict)),
        seed=maybe(data, "seed", int),
        engine=maybe(data, "engine", str),
        preset=maybe(data, "preset", str),
        device=maybe(data, "device", str),
        settings=get(data, "settings", dict),
        seconds={key: math.nan if value is None else value for key, value in get(data, "seconds", dict).items()},
        training=get(data, "training", dict),
        versions={key: str(value) for key, value in get(data, "versions", dict).items()},
        sha256=get(data, "sha256", str),
    )


def _edges(data: Any, count: int) -> tuple[float, ...] | None:
    values = maybe(data, "edges_m", list)
    if values is None:
        return None
    known = tuple(length({"edge": value}, "edge") for value in values)
    found = tuple(edge for edge in known if edge is not None)
    if len(found) != count:
        raise wrong("a voxel has not an edge along each axis")
    return found


def _source(data: Any) -> Source | None:
    from core.report.account import Source

    if data is None:
        return None
    rows, columns = whole_numbers(data, "shape", 2, least=1)
    return Source(get(data, "name", str), (rows, columns), length(data, "pixel_size_m"), get(data, "sha256", str))
