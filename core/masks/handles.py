"""Points of a layer that can be dragged on a plane: where they are, and the layer after one was moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.masks.mask import AXES
from core.masks.sources import Linear, Radial, Size, Solid, Source

Place = tuple[float, float, float]
"""Shares of the volume's edges along z, y, x."""


def handles(source: Source, across: int, size: Size) -> dict[str, Place]:
    """Handles by name, as seen on a plane across the axis ``across`` of a volume of ``size`` voxels."""
    seen = [axis for axis in range(3) if axis != across]
    if isinstance(source, Linear):
        return {name: _place(source, name) for name in ("start", "end")}
    if isinstance(source, Radial):
        centre = _place(source, "centre")
        found = {"centre": centre}
        for axis in seen:
            radius = getattr(source, f"radius_{AXES[axis]}")
            if radius > 0:
                found[f"radius {AXES[axis]}"] = _moved(centre, axis, radius)
        return found
    if isinstance(source, Solid):
        centre = _place(source, "centre")
        found = {"centre": centre}
        if source.shape == "box":
            for axis in seen:
                found[f"width {AXES[axis]}"] = _moved(centre, axis, getattr(source, f"width_{AXES[axis]}") / 2)
        elif source.shape in ("sphere", "cylinder"):
            across_body = [axis for axis in seen if source.shape == "sphere" or axis != AXES.index(source.axis)]
            axis = across_body[-1]
            found["radius"] = _moved(centre, axis, source.radius * min(size) / size[axis])
        return found
    return {}


def dragged(source: Source, handle: str, place: Place, across: int, size: Size) -> Source:
    """``source`` after its ``handle`` was dragged to ``place`` on a plane across ``across``; kept in its ranges."""
    seen = [axis for axis in range(3) if axis != across]
    changes: dict[str, Any] = {}
    if handle in ("start", "end", "centre"):
        for axis in seen:
            changes[f"{handle}_{AXES[axis]}"] = _rounded(min(1.0, max(0.0, place[axis])))
        return replace(source, **changes)
    centre = _place(source, "centre")
    if handle == "radius":
        assert isinstance(source, Solid)
        away = sum(((place[axis] - centre[axis]) * size[axis]) ** 2 for axis in seen) ** 0.5
        changes["radius"] = _rounded(min(2.0, max(0.01, away / min(size))))
    else:
        kind, name = handle.split()
        away = abs(place[AXES.index(name)] - centre[AXES.index(name)])
        if kind == "radius":
            changes[f"radius_{name}"] = _rounded(min(2.0, max(0.01, away)))
        else:
            changes[f"width_{name}"] = _rounded(min(1.0, 2 * away))
    return replace(source, **changes)


def _place(source: Any, name: str) -> Place:
    return getattr(source, f"{name}_z"), getattr(source, f"{name}_y"), getattr(source, f"{name}_x")


def _moved(place: Place, axis: int, by: float) -> Place:
    z, y, x = (part + by if number == axis else part for number, part in enumerate(place))
    return z, y, x


def _rounded(share: float) -> float:
    """To a thousandth: what a form shows is then what holds."""
    return round(share, 3)
