"""What a denoiser says of a noisy picture: the clean picture in it, or, which is the same, the noise."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

KINDS = ("velocity", "noise")


@dataclass(frozen=True, eq=False)
class Prediction:
    """A denoiser's answer about x_t, shapes as of x_t.

    Attributes
    ----------
    clean
        x_0, the expected clean picture.
    noise
        ε with x_t = √ᾱ x_0 + √(1 − ᾱ) ε.
    share
        v of the learned variance, exp(v·log β + (1 − v)·log β̃) (Nichol and Dhariwal, Eq. 15), 0 to 1; None where it is
        not learned.
    """

    clean: Tensor
    noise: Tensor
    share: Tensor | None = None


def target_of(kind: str, clean: Tensor, noise: Tensor, signal: Tensor, spread: Tensor) -> Tensor:
    """What the network shall answer.

    ``noise`` is ε itself (Eq. 11). ``velocity`` is √ᾱ ε − √(1 − ᾱ) x_0 (Salimans and Ho, 2022, App. D): its size is the
    same at all times, so that an error means as much where there is hardly any noise as where there is hardly any
    picture. ε alone says nothing of the picture at the noisy end, which few steps of sampling cannot do without.
    """
    return noise if kind == "noise" else signal * noise - spread * clean


def prediction_of(
    kind: str, answer: Tensor, x: Tensor, signal: Tensor | float, spread: Tensor | float, share: Tensor | None = None
) -> Prediction:
    """Picture and noise from the network's answer; ``signal`` and ``spread`` are √ᾱ and √(1 − ᾱ)."""
    if kind == "noise":
        return Prediction((x - spread * answer) / signal, answer, share)
    return Prediction(signal * x - spread * answer, spread * x + signal * answer, share)


def with_clean(prediction: Prediction, clean: Tensor, x: Tensor, signal: float, spread: float) -> Prediction:
    """The same about another clean picture: the noise follows, so that both still make up ``x``."""
    return Prediction(clean, (x - signal * clean) / spread, prediction.share)
