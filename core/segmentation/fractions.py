"""How well one picture knows a phase fraction: a confidence interval from the two-point correlation.

The method is that of ImageRep (Dahari, Docherty, Kench and Cooper, "Prediction of microstructural representativity
from a single image", arXiv 2410.19568): the variance of a picture's phase fraction follows from the two-point
probability S2 of the same picture (integral range; Lantuéjoul, J. Microscopy 161, 1991, 387–403), no second picture
being needed. It was preferred to a block bootstrap because blocks must be many and yet larger than the features, which
few micrographs allow, and because it is not random and takes milliseconds.

With I the indicator, W the picture of |W| pixels, φ the true fraction and φ̂ = ⟨I⟩ the measured one,

    Var(φ̂) = 1/|W|² · Σ_r N(r) [S2(r) − φ²],     N(r): number of pairs of pixels r apart inside W.

φ² is unknown, and φ̂² is too large on average, by Var(φ̂) itself. Summing over |r| ≤ R, beyond which nothing is
correlated, and solving for the variance (ImageRep's equation 11 in other words):

    Var(φ̂) = K / (1 − Σ N(r)/|W|²),     K = 1/|W|² · Σ_{|r| ≤ R} N(r) [S2(r) − φ̂²].

R is where the radial mean of S2 − φ̂² first falls to zero. Where features alternate, what lies beyond is negative, so
this choice errs on the wide side. The picture then tells as much as n = φ̂(1 − φ̂) / Var(φ̂) independent pixels would,
and Wilson's score interval (J. Am. Stat. Assoc. 22, 1927, 209–212) for n, with Student's quantile for n − 1 degrees of
freedom because the variance is estimated too, never leaves [0, 1]. ImageRep's own allowance for that last uncertainty
was fitted to a library of pictures; this one needs no fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError

METHOD = "two-point correlation (ImageRep)"
UNKNOWN = "unknown: too few independent features in the picture"
_BINNED_SIDE = 512
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FractionInterval:
    """A phase fraction as measured, and where the material's own fraction lies with the given confidence.

    Attributes
    ----------
    fraction, low, high
        Between 0 and 1; low ≤ fraction ≤ high.
    method
        How the interval was found, or why it is not known (it is then 0 to 1).
    confidence
        Share of cases in which such an interval holds the true fraction, 0 to 1.
    independent
        Independent pixels that would tell as much as the picture does; 0 where unknown.
    """

    fraction: float
    low: float
    high: float
    method: str
    confidence: float
    independent: float


def fraction_interval(indicator: npt.NDArray[np.bool_], confidence: float = 0.95) -> FractionInterval:
    """Fraction of True in ``indicator`` with its confidence interval for the material it was taken from.

    The picture is taken as one window on a material that is the same everywhere (no gradient).

    Parameters
    ----------
    indicator
        Shape (Y, X), bool.
    confidence
        Between 0 and 1, both excluded.

    Raises
    ------
    InputError
        Where the array is not two-dimensional and boolean, is empty, or the confidence is out of range.
    """
    if indicator.ndim != 2 or indicator.size == 0 or indicator.dtype != np.bool_:
        raise InputError(f"A fraction is measured on a 2-D array of bool, not {indicator.dtype} {indicator.shape}.")
    if not 0 < confidence < 1:
        raise InputError(f"The confidence must lie between 0 and 1, not {confidence:g}.", "Try 0.95.")
    from scipy import special

    fraction = float(np.count_nonzero(indicator) / indicator.size)
    spread = fraction * (1 - fraction)
    variance = fraction_variance(indicator) if spread > 0 else None
    # fewer than two independent pixels leave no degree of freedom for the variance
    if variance is None or not 0 < variance < spread / 2:
        return FractionInterval(fraction, 0.0, 1.0, UNKNOWN, confidence, 0.0)
    independent = min(spread / variance, float(indicator.size))
    quantile = float(special.stdtrit(independent - 1, (1 + confidence) / 2))
    share = quantile * quantile / independent
    middle = (fraction + share / 2) / (1 + share)
    reach = np.sqrt(share * spread + share * share / 4) / (1 + share)
    low, high = max(0.0, float(middle - reach)), min(1.0, float(middle + reach))
    return FractionInterval(fraction, low, high, METHOD, confidence, independent)


def fraction_variance(indicator: npt.NDArray[np.bool_]) -> float | None:
    """Variance of the mean of ``indicator`` (shape (Y, X)) over such pictures, or None where it cannot be told.

    A large picture is first averaged over square blocks: the mean of the block means is the same mean, so the formula
    holds for them as it does for pixels, and the transform is small.
    """
    means = _block_means(indicator)
    size = means.size
    mean = float(means.mean())
    lags = (means.shape[0] // 2, means.shape[1] // 2)
    covariance, pairs = _covariance(means - mean, lags)
    distance = np.hypot(*np.ogrid[-lags[0] : lags[0] + 1, -lags[1] : lags[1] + 1])
    ring = np.rint(distance).astype(np.int64)
    inside = ring <= min(lags)
    sums = np.bincount(ring[inside], weights=(covariance * pairs)[inside])
    counts = np.bincount(ring[inside], weights=pairs[inside])
    fallen = np.flatnonzero(sums / counts <= 0)
    if fallen.size == 0 or counts[: fallen[0]].sum() >= size * size:
        return None
    end = int(fallen[0])
    return float(sums[:end].sum() / size**2 / (1 - counts[:end].sum() / size**2))


def _block_means(indicator: npt.NDArray[np.bool_]) -> Floats:
    block = max(1, -(-max(indicator.shape) // _BINNED_SIDE))
    block = min(block, min(indicator.shape))
    rows, columns = (side // block for side in indicator.shape)
    whole = indicator[: rows * block, : columns * block].reshape(rows, block, columns, block)
    return np.asarray(whole.mean(axis=(1, 3), dtype=np.float64))


def _covariance(deviation: Floats, lags: tuple[int, int]) -> tuple[Floats, Floats]:
    """Mean product of pairs each lag apart and the number of pairs, lags −n … n; shape (2 n_y + 1, 2 n_x + 1)."""
    from scipy import fft

    padded = tuple(fft.next_fast_len(side + lag, real=True) for side, lag in zip(deviation.shape, lags, strict=True))
    spectrum = fft.rfft2(deviation, s=padded)
    products = fft.irfft2(spectrum.real**2 + spectrum.imag**2, s=padded)
    places = [np.arange(-lag, lag + 1) for lag in lags]
    rows, columns = (side - np.abs(place) for side, place in zip(deviation.shape, places, strict=True))
    pairs = (rows[:, None] * columns[None, :]).astype(np.float64)
    return np.asarray(products[np.ix_(places[0], places[1])] / pairs), pairs
