"""The card: what Microloom writes beside the labels (phases, sizes, provenance), and how it is read back.

A card is JSON text. Where each format keeps it: TIFF in ImageJ's or OME's description, PNG in a text chunk, NRRD in a
field, HDF5 in an attribute, VTI in a comment, NPY in ``<name>.npy.json`` beside it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from core.images.values import MAX_PHASES, Phase, PhaseImage, Volume, default_phases
from core.provenance import Provenance

Facts = dict[str, Any]
"""What a file says besides its pixels. Keys: ``notes`` (always); ``pixel_size`` (metres), ``voxel_size`` (z, y, x in
metres), ``info_bar_row``, ``colour`` (the last axis is colour), ``card``, where known."""

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


def card(value: Volume | PhaseImage) -> dict[str, Any]:
    """Phases, shape, size in metres and provenance of a labelled value, as JSON values."""
    data: dict[str, Any] = {
        "shape": list(value.shape),
        "phases": [{"name": phase.name, "color": phase.color} for phase in value.phases],
        "provenance": value.provenance.to_json(),
    }
    if isinstance(value, Volume):
        data["voxel_size_m"] = None if value.voxel_size is None else list(value.voxel_size)
    else:
        data["pixel_size_m"] = value.pixel_size
    return data


def card_text(value: Volume | PhaseImage) -> str:
    """The card as ASCII text."""
    return json.dumps(card(value))


def card_facts(text: Any) -> Facts:
    """Facts from a card's text; a card that cannot be understood says nothing."""
    facts: Facts = {"notes": {}}
    try:
        data = json.loads(text)
    except (TypeError, ValueError):
        return facts
    if not isinstance(data, Mapping):
        return facts
    facts["card"] = data
    size = data.get("voxel_size_m")
    if isinstance(size, list) and len(size) == 3 and all(map(_is_length, size)):
        facts["voxel_size"] = tuple(map(float, size))
    if _is_length(data.get("pixel_size_m")):
        facts["pixel_size"] = float(data["pixel_size_m"])
    return facts


def _is_length(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and value > 0


def stored_phases(facts: Facts) -> tuple[Phase, ...] | None:
    """Names and colours from the card, or None where it has none that can be used."""
    items = (facts.get("card") or {}).get("phases")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_PHASES:
        return None
    phases = []
    for plain, item in zip(default_phases(len(items)), items, strict=True):
        if not isinstance(item, Mapping):
            return None
        color = str(item.get("color", ""))
        phases.append(Phase(str(item.get("name", plain.name)), color if _COLOR.fullmatch(color) else plain.color))
    return tuple(phases)


def stored_provenance(facts: Facts) -> tuple[Provenance, ...]:
    """The provenance on the card, as the inputs of what is read; empty where there is none."""
    data = (facts.get("card") or {}).get("provenance")
    if not isinstance(data, Mapping):
        return ()
    try:
        return (Provenance.from_json(data),)
    except (TypeError, ValueError, KeyError, AttributeError):
        return ()


def micrometres(volume: Volume) -> tuple[float, float, float]:
    """Voxel size along (z, y, x) in micrometres; 1 where unknown."""
    if volume.voxel_size is None:
        return (1.0, 1.0, 1.0)
    z, y, x = (size * 1e6 for size in volume.voxel_size)
    return z, y, x
