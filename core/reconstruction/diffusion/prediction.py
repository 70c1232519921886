"""What a denoiser says of a noisy picture: the clean picture in it, or, which is the same, the noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

KINDS = ("odds", "velocity", "noise")


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
    open
        Variance of x_0 given x_t at each place: 1 − x_0² of values that are −1 or 1. None where nothing is
        said of it.
    odds
        Log-odds of the phases by a place's surroundings alone, without its own evidence; None where the network
        answers something else.
    """

    clean: Tensor
    noise: Tensor
    share: Tensor | None = None
    open: Tensor | None = None
    odds: Tensor | None = None


def target_of(kind: str, clean: Tensor, noise: Tensor, signal: Tensor, spread: Tensor) -> Tensor:
    """What the network shall answer.

    ``noise`` is ε itself (Eq. 11). ``velocity`` is √ᾱ ε − √(1 − ᾱ) x_0 (Salimans and Ho, 2022, App. D): its size is the
    same at all times, so that an error means as much where there is hardly any noise as where there is hardly any
    picture. ε alone says nothing of the picture at the noisy end, which few steps of sampling cannot do without.
    """
    return noise if kind == "noise" else signal * noise - spread * clean


def evidence(x: Tensor, signal: Tensor | float, spread: Tensor | float) -> Tensor:
    """Log-odds of +1 against −1 that a noisy value x = √ᾱ x_0 + √(1 − ᾱ) ε gives of its own x_0: 2 √ᾱ x / (1 − ᾱ)."""
    return 2 * signal / spread**2 * x


def phase_odds(answer: Tensor, x: Tensor, signal: Tensor | float, spread: Tensor | float) -> Tensor:
    """Log-odds of the phases at each place, (N, C, …), by Bayes' rule: what the surroundings say and the own evidence.

    Of one channel these are the odds of +1 against −1; of more, those of each phase up to what all have in common.
    """
    return answer + evidence(x, signal, spread)


def expected(odds: Tensor) -> Tensor:
    """The picture that log-odds of the phases (N, C, …) make likely, from −1 to 1."""
    return torch.tanh(odds / 2) if odds.shape[1] == 1 else 2 * odds.softmax(dim=1) - 1


def surprise(odds: Tensor, clean: Tensor) -> Tensor:
    """Mean cross-entropy of each picture in nats a pixel: (N, C, …) → (N,).

    Least where the odds are those of the posterior, from which the expected picture follows: what denoising needs.
    """
    if odds.shape[1] == 1:
        return functional.softplus(-odds * clean).flatten(1).mean(1)
    return functional.cross_entropy(odds, clean.argmax(dim=1), reduction="none").flatten(1).mean(1)


def prediction_of(
    kind: str, answer: Tensor, x: Tensor, signal: Tensor | float, spread: Tensor | float, share: Tensor | None = None
) -> Prediction:
    """Picture and noise from the network's answer; ``signal`` and ``spread`` are √ᾱ and √(1 − ᾱ)."""
    if kind == "odds":
        clean = expected(phase_odds(answer, x, signal, spread))
        return Prediction(clean, (x - signal * clean) / spread, share, 1 - clean.square(), answer)
    if kind == "noise":
        return Prediction((x - spread * answer) / signal, answer, share)
    return Prediction(signal * x - spread * answer, spread * x + signal * answer, share)


def with_clean(prediction: Prediction, clean: Tensor, x: Tensor, signal: float, spread: float) -> Prediction:
    """The same about another clean picture: the noise follows, so that both still make up ``x``."""
    still_open = None if prediction.open is None else 1 - clean.square()
    return Prediction(clean, (x - signal * clean) / spread, prediction.share, still_open)
