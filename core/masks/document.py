"""A mask's design as JSON, its painted planes and imported fields as arrays kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.values import MAX_PHASES
from core.masks.design import Layer, MaskDesign
from core.masks.mask import Mask
from core.masks.sources import RULES, Imported, PaintedPlanes, Plane, Source
from core.painting.sheet import Painted, Sheet
from core.provenance import Provenance
from core.settings import from_json, to_json

_RULES = {rule.__name__.lower(): rule for rule in RULES}
Keep = Callable[[np.ndarray], str]
"""Takes an array and says by which name it can be had again."""


def mask_to_json(mask: Mask, keep: Keep) -> dict[str, Any]:
    """What `mask_from_json` makes the same mask of."""
    size = None if mask.voxel_size is None else list(mask.voxel_size)
    return {
        "member": keep(mask.fraction), "name": mask.name, "voxel_size_m": size,
        "provenance": mask.provenance.to_json(),
    }  # fmt: skip


def mask_from_json(
    item: Mapping[str, Any], array: Callable[[str], np.ndarray], provenance: Callable[[Any], Provenance]
) -> Mask:
    """The mask that ``item`` says; `InputError` for what cannot be."""
    try:
        size = item["voxel_size_m"]
        if size is not None:
            z, y, x = (float(edge) for edge in size)
            size = (z, y, x)
        return Mask(array(item["member"]), size, str(item["name"]), provenance(item))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError("A mask in it is not whole.", "Save it again with the program that made it.") from error


def design_to_json(design: MaskDesign, keep: Keep) -> dict[str, Any]:
    """What `design_from_json` makes the same design of; arrays go through ``keep``."""
    return {
        "used": design.used,
        "region_of": design.region_of,
        "layers": [
            {
                "name": layer.name, "operation": layer.operation, "opacity": layer.opacity, "shown": layer.shown,
                "inverted": layer.inverted, "smoothing": layer.smoothing,
                "levels": None if layer.levels is None else list(layer.levels),
                "source": _source_to_json(layer.source, keep),
            }
            for layer in design.layers
        ],
    }  # fmt: skip


def _source_to_json(source: Source, keep: Keep) -> dict[str, Any]:
    if isinstance(source, PaintedPlanes):
        planes = [{"position": plane.position, "member": keep(plane.painted.sheet.values)} for plane in source.planes]
        return {"kind": "painted", "axis": source.axis, "ground": source.ground, "planes": planes}
    if isinstance(source, Imported):
        return {"kind": "imported", **mask_to_json(source.mask, keep)}
    return {"kind": type(source).__name__.lower(), "settings": to_json(source)}


def design_from_json(data: Mapping[str, Any], array: Callable[[str], np.ndarray],
                     provenance: Callable[[Any], Provenance]) -> MaskDesign:  # fmt: skip
    """The design that ``data`` says; ``array`` finds what was kept, ``provenance`` reads the one in an entry.

    Raises
    ------
    InputError
        For what is not whole, or cannot be.
    """
    try:
        layers = tuple(_layer(item, array, provenance) for item in data.get("layers", ()))
        for layer in layers:
            layer.check()
        region_of = data.get("region_of")  # missing in a project from before there were any
        if region_of is not None and not (type(region_of) is int and 0 <= region_of < MAX_PHASES):
            raise InputError(f"Its mask is the region of the phase {region_of!r}.")
        return MaskDesign(data["used"] is True, layers, region_of)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError("Its mask is not whole.", "Save it again with the program that made it.") from error


def _layer(
    item: Mapping[str, Any], array: Callable[[str], np.ndarray], provenance: Callable[[Any], Provenance]
) -> Layer:
    levels = item["levels"]
    if levels is not None:
        low, high = (float(level) for level in levels)
        levels = (low, high)
    return Layer(
        str(item["name"])[:200], _source(item["source"], array, provenance), item["operation"], float(item["opacity"]),
        item["shown"] is True, item["inverted"] is True, float(item["smoothing"]), levels,
    )  # fmt: skip


def _source(
    item: Mapping[str, Any], array: Callable[[str], np.ndarray], provenance: Callable[[Any], Provenance]
) -> Source:
    kind = item["kind"]
    if kind == "imported":
        return Imported(mask_from_json(item, array, provenance))
    if kind != "painted":
        return from_json(_RULES[kind], item["settings"])
    planes = []
    for plane in item["planes"]:
        values = array(plane["member"])
        if values.ndim != 2 or values.dtype != np.float32 or not (values.min() >= 0 and values.max() <= 1):
            raise InputError("A painted plane of its mask is no picture of volume fractions.")
        planes.append(Plane(float(plane["position"]), Painted(Sheet(values))))
    positions = [plane.position for plane in planes]
    if not planes or item["axis"] not in (0, 1, 2) or positions != sorted(positions):
        raise InputError("The painted planes of its mask are in no order.")
    ground = float(item["ground"])
    if not 0 <= ground <= 1 or not all(0 <= position <= 1 for position in positions):
        raise InputError("The painted planes of its mask lie outside of the volume.")
    return PaintedPlanes(int(item["axis"]), tuple(planes), ground)
