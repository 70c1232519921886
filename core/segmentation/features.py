"""What a pixel's surroundings look like at several scales: numbers for a trained classifier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from core.job import Job, Progress, finish
from core.segmentation.denoising import Grey

Floats = npt.NDArray[np.float32]
_AT_ONCE = 1 << 15  # pixels


def feature_names(sigmas: Sequence[float], ndim: int) -> tuple[str, ...]:
    """Names of the last axis of `features`."""
    names = ["grey"]
    for sigma in sigmas:
        own = ["gaussian", "gradient", "laplacian"]
        own += [f"{what} {rank}" for what in ("hessian", "structure") for rank in range(1, ndim + 1)]
        names += [f"{name} {sigma:g}" for name in own]
    return tuple(names)


def reach(sigmas: Sequence[float]) -> int:
    """How far from a pixel its features look, px."""
    widest = int(4 * max(sigmas) + 0.5)
    return 2 * widest + 2


def features(grey: Grey, sigmas: Sequence[float]) -> Floats:
    """Features of every pixel.

    The grey value, and for each ``sigma`` (px) of a Gaussian: the blurred picture, the length of its gradient, its
    Laplacian, the eigenvalues of its Hessian (largest first), and the eigenvalues of the structure tensor (Förstner
    and Gülch, 1987) smoothed with the same Gaussian. Derivatives are central differences; edges are mirrored. Grey
    values are taken as they are: trees do not mind units, and a classifier is for pictures of one kind.

    Parameters
    ----------
    grey
        Shape (Y, X) or (Z, Y, X).

    Returns
    -------
    Shape of ``grey`` and one axis more (see `feature_names`), float32, features of one pixel side by side.
    """
    return finish(features_steps(grey, sigmas))


def features_steps(grey: Grey, sigmas: Sequence[float], rows: slice | None = None) -> Job[Floats]:
    """`features` as a job; only of ``rows`` along the first axis (no step), for which the others are looked at."""
    values = grey.astype(np.float32)
    first, end, _ = (rows or slice(None)).indices(len(values))
    out = np.empty((end - first, *values.shape[1:], len(feature_names(sigmas, values.ndim))), np.float32)
    out[..., 0] = values[first:end]
    pairs = [(i, j) for i in range(values.ndim) for j in range(i, values.ndim)]
    steps = (len(pairs) + 1) * len(sigmas)
    place, done = 1, 0
    for sigma in sigmas:
        yield Progress(done, steps, "Looking at several scales")
        # as far as the tensor looks, and as its slopes look
        margin = int(4 * sigma + 0.5) + 2
        seen = slice(max(0, first - margin), min(len(values), end + margin))
        own = slice(first - seen.start, end - seen.start)
        smooth = _gaussian(values, sigma, seen)
        slopes = [_difference(smooth, axis) for axis in range(values.ndim)]
        hessian = {(i, j): _difference(slopes[i], j) for i, j in pairs}
        tensor: dict[tuple[int, int], Floats] = {}
        for i, j in pairs:
            done += 1
            yield Progress(done, steps, "Looking at several scales")
            tensor[i, j] = _gaussian(slopes[i] * slopes[j], sigma, own)
        done += 1
        hessian = {pair: second[own] for pair, second in hessian.items()}
        found: list[Floats] = [
            smooth[own],
            np.sqrt(sum(slope[own] * slope[own] for slope in slopes)),
            reduce(np.add, [hessian[i, i] for i in range(values.ndim)]),
            *_eigenvalues(hessian, values.ndim),
            *_eigenvalues(tensor, values.ndim),
        ]
        _put(found, out[..., place : place + len(found)])
        place += len(found)
    return out


Block = tuple[slice, ...]


def block_features(grey: Grey, block: Block, sigmas: Sequence[float]) -> Job[Floats]:
    """Features of a block, computed with all that they reach: to the bit those of the whole."""
    margin = reach(sigmas)
    low = [max(0, side.start - margin) for side in block]
    high = [min(length, side.stop + margin) for side, length in zip(block, grey.shape, strict=True)]
    own = [slice(side.start - first, side.stop - first) for side, first in zip(block, low, strict=True)]
    seen = yield from features_steps(grey[tuple(map(slice, low, high))], sigmas, own[0])
    return seen[:, *own[1:]]


def _gaussian(values: Floats, sigma: float, rows: slice) -> Floats:
    """``values`` blurred, edges mirrored: only the ``rows`` along the first axis, which is blurred first."""
    from scipy import ndimage

    # of what lies further away nothing is seen
    far = int(4 * sigma + 0.5)
    low = max(0, rows.start - far)
    seen = values[low : rows.stop + far]
    smooth: Floats = ndimage.gaussian_filter1d(seen, sigma, axis=0, mode="reflect")[rows.start - low : rows.stop - low]
    for axis in range(1, values.ndim):
        smooth = ndimage.gaussian_filter1d(smooth, sigma, axis=axis, mode="reflect")
    return smooth


def _put(found: Sequence[Floats], out: Floats) -> None:
    """Lay planes of features side by side, few rows at a time, so that each pixel's place is in the cache once."""
    rows = max(1, _AT_ONCE * len(out) // max(1, found[0].size))
    for start in range(0, len(out), rows):
        part = slice(start, start + rows)
        out[part] = np.stack([feature[part] for feature in found], axis=-1)


def _difference(values: Floats, axis: int) -> Floats:
    """Central difference along one axis, edges mirrored."""
    lines = np.moveaxis(values, axis, 0)
    out = np.empty_like(values)
    turned = np.moveaxis(out, axis, 0)
    turned[1:-1] = (lines[2:] - lines[:-2]) * np.float32(0.5)
    near = min(1, len(lines) - 1)
    turned[0] = (lines[near] - lines[0]) * np.float32(0.5)
    turned[-1] = (lines[-1] - lines[-1 - near]) * np.float32(0.5)
    return out


def _eigenvalues(m: dict[tuple[int, int], Floats], ndim: int) -> list[Floats]:
    """Eigenvalues of symmetric matrices, largest first, in closed form (Smith, Comm. ACM 4, 1961, 168)."""
    if ndim == 2:
        middle, half = (m[0, 0] + m[1, 1]) / 2, (m[0, 0] - m[1, 1]) / 2
        root = np.hypot(half, m[0, 1])
        return [(middle + root).astype(np.float32), (middle - root).astype(np.float32)]
    a, b, c = (m[i, i].astype(np.float64) for i in range(3))
    d, e, f = (m[pair].astype(np.float64) for pair in ((0, 1), (1, 2), (0, 2)))
    mean = (a + b + c) / 3
    a, b, c = a - mean, b - mean, c - mean
    size = np.sqrt((a * a + b * b + c * c + 2 * (d * d + e * e + f * f)) / 6)
    half_det = (a * (b * c - e * e) - d * (d * c - e * f) + f * (d * e - b * f)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(size > 0, half_det / size**3, 0.0)
    angle = np.arccos(np.clip(np.nan_to_num(ratio), -1, 1)) / 3
    first = mean + 2 * size * np.cos(angle)
    last = mean + 2 * size * np.cos(angle + 2 * np.pi / 3)
    return [value.astype(np.float32) for value in (first, 3 * mean - first - last, last)]
