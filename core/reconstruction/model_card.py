"""A model's card: what its training wrote into it, and the checks of one that came from a file.

Files come from anywhere, so everything in a card is checked before it is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from core import devices
from core import settings as described
from core.errors import InputError
from core.images.values import MAX_PHASES
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.engine import Target

T = TypeVar("T")

_LOSSES_KEPT = 500
_REMEDY = "Train the model again, or take another file."


class Trained(Protocol):
    """What every training tells of itself."""

    @property
    def iterations(self) -> int:
        """Steps done."""
        ...

    @property
    def seconds(self) -> float:
        """Wall time taken."""
        ...

    @property
    def losses(self) -> Sequence[float]:
        """The loss at each step."""
        ...


def card_of(
    engine: str, target: Target, asked: Any, used: Any, trained: Trained, device: str, **others: Any
) -> dict[str, Any]:
    """The card of a model just trained.

    Parameters
    ----------
    engine
        Its key.
    asked, used
        Settings as they were given, and with everything chosen that they left open.
    device
        As resolved.
    others
        Entries of the engine's own.
    """
    exemplar, chosen = target.exemplar, described.to_json(used)
    phases, label = target.volume_phases
    provenance = Provenance(
        f"train {engine}",
        settings={"phase": target.phase, "volume_fraction": target.wanted_fraction, **chosen},
        inputs=tuple(image.provenance for image in target.distinct_exemplars),
        input_hashes=tuple(array_hash(image.labels) for image in target.distinct_exemplars),
        seed=target.seed,
        device=devices.title(device),
    )
    return {
        "engine": engine,
        "name": exemplar.name,
        "settings": chosen,
        "asked_settings": described.to_json(asked),
        "phases": [{"name": phase.name, "color": phase.color} for phase in phases],
        "volume_phase": label,
        "exemplar_phase": target.phase,
        "exemplar_fraction": target.own_fraction,
        "exemplar_fractions": list(target.own_fractions),
        "exemplar_shape": list(exemplar.shape),
        "pixel_size": exemplar.pixel_size,
        "volume_fraction": float(target.wanted_fraction),
        "seed": target.seed,
        "training": training_entry(trained),
        "device": devices.title(device),
        "versions": dict(versions()),
        "provenance": provenance.to_json(),
        **others,
    }


def training_entry(trained: Trained) -> dict[str, Any]:
    """What a card tells of the training: iterations, seconds, and some of the losses."""
    step = max(1, len(trained.losses) // _LOSSES_KEPT)
    return {
        "iterations": trained.iterations,
        "seconds": trained.seconds,
        "losses": [float(loss) for loss in trained.losses[::step]],
        "losses_every": step,
    }


def check_card(card: Mapping[str, Any]) -> None:
    """Check what every engine's card holds.

    Raises
    ------
    InputError
        With the first thing that cannot be.
    """
    check_origin(card)
    check_share(card, "volume_fraction")
    phases = entry(card, "phases", list)
    if not 2 <= len(phases) <= MAX_PHASES:
        raise wrong(f"it has {len(phases)} phases, not two to {MAX_PHASES}")
    if entry(card, "volume_phase", int) not in range(len(phases)):
        raise wrong("its phase of interest is none of its phases")
    if len(phases) > 2:
        check_shares(entry(card, "exemplar_fractions", list), len(phases))
    for phase in phases:
        if not isinstance(phase, dict):
            raise wrong("its phases are not named")
        entry(phase, "name", str)
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", entry(phase, "color", str)):
            raise wrong("a phase's colour is not #RRGGBB")


def check_origin(card: Mapping[str, Any]) -> None:
    """Check what every card tells besides phases: name, seed, pixel size and provenance; `InputError` as above."""
    entry(card, "name", str)
    entry(card, "seed", int)
    size = card.get("pixel_size")
    if size is not None and not (isinstance(size, float) and math.isfinite(size) and size > 0):
        raise wrong("its pixel size is not a positive length")
    try:
        Provenance.from_json(entry(card, "provenance", dict))
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise wrong("its provenance cannot be read") from error


def check_shares(shares: Any, phases: int) -> None:
    """Check that these are volume fractions of so many phases; `InputError` where they are not."""
    good = isinstance(shares, list) and all(type(share) in (int, float) and 0 < share < 1 for share in shares)
    if not good or len(shares) != phases or abs(sum(shares) - 1) > 1e-6:
        raise wrong("the fractions of its phases do not make sense")


def check_share(card: Mapping[str, Any], key: str) -> None:
    """Check that an entry is a volume fraction; `InputError` where it is none."""
    fraction = entry(card, key, float)
    if not 0 < fraction < 1:
        raise wrong(f"its volume fraction is {fraction:g}")


def entry(card: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """The value of a key, of the type asked for; `InputError` where it is another. Whole numbers serve as floats."""
    value = card.get(key)
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise wrong(f"its card has no usable entry {key!r}")
    return value


def wrong(what: str) -> InputError:
    """The error for a file that says what cannot be."""
    return InputError(f"This model file cannot be used: {what}.", _REMEDY)
