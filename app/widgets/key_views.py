"""Views that a camera flies through: where it stands at each, and anywhere on the smooth way between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.images.views import Cut
from core.images.views import KeyView as KeyView

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView

_ANGLES = 720
"""Of azimuth that are tried first where the level view nearest to a rotation is looked for."""


def view_of_now(view: VolumeView) -> KeyView:
    """How a volume is looked at now."""
    camera, sides = view.scene.view.camera, _sides(view)
    x, y, z = (float(at) for at in np.array(camera.center) / sides)
    width = float(camera.scale_factor / np.linalg.norm(sides))
    return KeyView(float(camera.azimuth), float(camera.elevation), (x, y, z), width, view.oblique.cuts)


def look(view: VolumeView, key: KeyView) -> None:
    """Look at a volume so."""
    camera, sides = view.scene.view.camera, _sides(view)
    camera.azimuth, camera.elevation = key.azimuth, key.elevation
    camera.center = tuple(float(at) for at in np.array(key.center) * sides)
    camera.scale_factor = key.width * float(np.linalg.norm(sides))
    view.oblique.set_all(key.cuts, view.oblique.place)
    view.scene.turned()


def _sides(view: VolumeView) -> np.ndarray:
    sides: np.ndarray = (np.array(view.shape) * np.array(view.scale))[::-1]
    return sides


class Way:
    """The way through ``keys``, two or more, as long between any two of them.

    The camera's rotation follows cubics of rotations (de Casteljau's construction from spherical interpolations;
    between two keys alone the shortest turn at an even speed), without ever tilting the horizon. What it turns about
    and the logarithm of what it sees follow monotone cubics. Nothing overshoots; the same view twice is a rest. Cuts
    move with it where the next view has as many, else they change at that view.
    """

    def __init__(self, keys: Sequence[KeyView]) -> None:
        from scipy.interpolate import PchipInterpolator
        from scipy.spatial.transform import Rotation

        self._keys = tuple(keys)
        self._turns = [Rotation.from_matrix(frame(key.azimuth, key.elevation)) for key in keys]
        steps = [(one.inv() * other).as_rotvec() for one, other in itertools.pairwise(self._turns)]
        inner = [_between(one, other) for one, other in itertools.pairwise(steps)]
        self._speeds = [Rotation.from_rotvec(speed / 3) for speed in (steps[0], *inner, steps[-1])]
        times = np.arange(len(keys), dtype=float)
        self._place = PchipInterpolator(times, [(*key.center, np.log(key.width)) for key in keys])

    def at(self, share: float) -> KeyView:
        """The view after a ``share`` of the way, 0 to 1."""
        time = min(max(share, 0.0), 1.0) * (len(self._keys) - 1)
        before = min(int(time), len(self._keys) - 2)
        if time == round(time):  # at a key it is exactly that
            return self._keys[round(time)]
        azimuth, elevation = level(self._turned(before, time - before))
        x, y, z, width = (float(value) for value in self._place(time))
        between = replace(self._keys[before], azimuth=azimuth, elevation=elevation, center=(x, y, z))
        cuts = moved(self._keys[before].cuts, self._keys[before + 1].cuts, time - before)
        return replace(between, width=float(np.exp(width)), cuts=cuts)

    def _turned(self, before: int, share: float) -> np.ndarray:
        one, other = self._turns[before], self._turns[before + 1]
        points = [one, one * self._speeds[before], other * self._speeds[before + 1].inv(), other]
        while len(points) > 1:
            points = [_part_way(a, b, share) for a, b in itertools.pairwise(points)]
        found: np.ndarray = points[0].as_matrix()
        return found


def _part_way(one: Any, other: Any, share: float) -> Any:
    """A ``share`` of the shortest turn from one rotation to another."""
    from scipy.spatial.transform import Rotation

    return one * Rotation.from_rotvec(share * (one.inv() * other).as_rotvec())


def _between(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The speed at a view: the mean of the turns before and after, and none where either rests."""
    mean = (before + after) / 2
    size = float(np.linalg.norm(mean))
    least = float(min(np.linalg.norm(before), np.linalg.norm(after)))
    found: np.ndarray = mean * min(1.0, 3 * least / size) if size > 0 else mean
    return found


def frame(azimuth: float, elevation: float) -> np.ndarray:
    """What is to the right of, above and behind a camera, as columns, shape (3, 3)."""
    a, e = np.radians(azimuth), np.radians(elevation)
    right = np.array([np.cos(a), np.sin(a), 0.0])
    ahead = np.array([-np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e)])
    found: np.ndarray = np.stack([right, np.cross(right, ahead), -ahead], axis=1)
    return found


def level(rotation: np.ndarray) -> tuple[float, float]:
    """Azimuth and elevation (degrees) of the camera with a level horizon that is nearest to ``rotation``.

    Where the camera looks straight down, its direction alone would not tell the azimuth.
    """
    (right, up, behind), low, high = rotation.T, -np.pi, np.pi
    azimuth = 0.0
    for _ in range(4):
        angles = np.linspace(low, high, _ANGLES)
        north = np.stack([-np.sin(angles), np.cos(angles)])
        rising, flat = up[:2] @ north + behind[2], up[2] - behind[:2] @ north
        likeness = right[0] * np.cos(angles) + right[1] * np.sin(angles) + np.hypot(rising, flat)
        best = int(likeness.argmax())
        azimuth, step = float(angles[best]), (high - low) / (_ANGLES - 1)
        low, high = azimuth - step, azimuth + step
    north = np.array([-np.sin(azimuth), np.cos(azimuth)])
    elevation = np.arctan2(up[:2] @ north + behind[2], up[2] - behind[:2] @ north)
    return float(np.degrees(azimuth)), float(np.clip(np.degrees(elevation), -90, 90))


def moved(cuts: tuple[Cut, ...], towards: tuple[Cut, ...], share: float) -> tuple[Cut, ...]:
    """Cuts on the way from ``cuts`` to ``towards``; where those are more or fewer, they wait until they are reached."""
    if len(cuts) != len(towards):
        return cuts
    from scipy.spatial.transform import Rotation

    found = []
    for one, other in zip(cuts, towards, strict=True):
        if one == other:
            found.append(one)
            continue
        begin, end = (Rotation.from_matrix(frame(cut.azimuth, cut.elevation)) for cut in (one, other))
        azimuth, elevation = level(_part_way(begin, end, share).as_matrix())
        found.append(Cut(azimuth % 360, elevation, (1 - share) * one.depth + share * other.depth))
    return tuple(found)
