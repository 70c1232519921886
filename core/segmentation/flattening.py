"""Slow changes of brightness taken out of a grey picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.segmentation.denoising import Grey, as_type_of
from core.segmentation.settings import SegmentationSettings

Floats = npt.NDArray[np.float32]
_LINES = 64
"""Rows or columns that the ball is rolled under at once."""
_LOOK = 4
"""Steps after which it is asked whether further ones can change anything."""


def flatten(grey: Grey, settings: SegmentationSettings) -> Grey:
    """``grey`` less its background, plus the background's mean, so that grey values stay where they were.

    Parameters
    ----------
    grey
        Shape (Y, X); uint8, uint16 or float32. Shape and type stay; integers are rounded and clipped.
    """
    values = grey.astype(np.float32)
    match settings.flatten:
        case "gaussian":
            from scipy import ndimage

            ground = ndimage.gaussian_filter(values, settings.flatten_width, mode="reflect")
        case "rolling ball":
            ground = rolled(values, settings.flatten_radius)
        case "rolling ball, bright ground":
            ground = -rolled(-values, settings.flatten_radius)
        case _:
            return grey
    return as_type_of(grey, values - ground + np.float32(ground.mean(dtype=np.float64)))


def rolled(values: Floats, radius: int) -> Floats:
    """The upper reach of a body rolled under ``values``: their grey opening by a paraboloid.

    Sternberg's rolling ball (Computer 16, 1983, 22–34) with a paraboloid for the ball, as ImageJ's "sliding
    paraboloid". A ball mixes pixels with grey values, whose unit is arbitrary; this body falls by the picture's whole
    grey range at ``radius``, so that it is the same for a picture in other grey units. It is the sum of a parabola
    along each axis, so that rows and columns are worked on one after the other, and beyond ``radius`` it can touch
    nothing, so that the sum over the window is exact. Outside the picture there is nothing to touch.

    Parameters
    ----------
    values
        Shape (Y, X), float32.
    radius
        px, at least 1.

    Returns
    -------
    Shape (Y, X), nowhere above ``values``.
    """
    span = float(values.max()) - float(values.min())
    fall = [np.float32(span * (step / radius) ** 2) for step in range(radius + 1)]
    out = values
    for axis in (0, 1):
        out = _lowest(out, fall, axis)
    # rounding must not lift the touching body above the picture
    out = -out
    for axis in (0, 1):
        out = _lowest(out, fall, axis)
    return np.minimum(-out, values)


def _lowest(values: Floats, fall: list[np.float32], axis: int) -> Floats:
    """Least of ``values`` plus the parabola about each place, along one axis.

    Some lines at a time, which stay in the processor's cache; and no further than the parabola can still be below what
    was found in them.
    """
    lines = np.moveaxis(values, axis, 0)
    found = np.empty(lines.shape, np.float32)
    for first in range(0, lines.shape[1], _LINES):
        part = np.ascontiguousarray(lines[:, first : first + _LINES])
        out, raised, low = part.copy(), np.empty_like(part), part.min()
        for step, height in enumerate(fall[: len(part)]):
            if step % _LOOK == 1 and low + height >= out.max():
                break
            if step:
                np.add(part, height, out=raised)
                np.minimum(out[step:], raised[:-step], out=out[step:])
                np.minimum(out[:-step], raised[step:], out=out[:-step])
        found[:, first : first + _LINES] = out
    return np.ascontiguousarray(np.moveaxis(found, 0, axis))
