"""Grey micrographs instead of phases: a model learns their values, and makes pictures and volumes of such values.

Nothing is segmented. The range of all values of the data becomes −1 to 1, in one channel, and what is made is put back
into that range, with as many bits as the data have. There are no phases, so there is no volume fraction to ask for.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import devices
from core import settings as described
from core.errors import InputError
from core.images.info_bar import propose_info_bar_row
from core.images.reading import read_micrograph
from core.images.values import Micrograph
from core.job import Job
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.diffusion.classes import (
    MAX_LOOKED_AT,
    check_number,
    pictures_by_class,
    resolved_by_shapes,
    symmetries_of,
)
from core.reconstruction.diffusion.copying import checked
from core.reconstruction.diffusion.phases import GREY
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.engine import Model
from core.reconstruction.model_card import training_entry, wrong
from core.reconstruction.training_job import as_contract
from core.statistics.grey_agreement import GreyRecord, levels_of

if TYPE_CHECKING:
    from core.reconstruction.diffusion.grey_model import GreyModel
    from core.reconstruction.diffusion.training import TrainedDiffusion

KINDS = ("uint8", "uint16", "float32")
"""Types of grey values, the one that holds the others last."""

TURNS = 3
"""Passes a step, at least, where planes that were to be looked at together have their turns: one an axis."""
MOST_MEASURED = 64
"""Histogram and autocovariance of a class are those of so many of its pictures at most, evenly chosen."""

GreyClasses = Mapping[str, Sequence[Micrograph]]
"""Grey pictures by class."""


@dataclass(frozen=True)
class GreyRange:
    """Which grey values −1 and 1 stand for.

    Attributes
    ----------
    low, high
        The darkest and the brightest value of the data.
    kind
        Their type: "uint8", "uint16" or "float32".
    """

    low: float
    high: float
    kind: str

    @classmethod
    def of(cls, pictures: Sequence[Micrograph]) -> GreyRange:
        """That of some pictures.

        Raises
        ------
        InputError
            Where all of them show one value.
        """
        low = min(float(picture.grey.min()) for picture in pictures)
        high = max(float(picture.grey.max()) for picture in pictures)
        if low == high:
            raise InputError(f"The pictures show one grey value only ({low:g}).", "Choose others.")
        return cls(low, high, max((str(picture.grey.dtype) for picture in pictures), key=KINDS.index))

    @classmethod
    def from_json(cls, told: Any) -> GreyRange:
        """From a card; `InputError` where it says what cannot be."""
        entries = told if isinstance(told, dict) else {}
        low, high, kind = entries.get("low"), entries.get("high"), entries.get("type")
        if not (isinstance(low, int | float) and isinstance(high, int | float) and kind in KINDS):
            raise wrong("its range of grey values does not make sense")
        span = cls(float(low), float(high), kind)
        if not (math.isfinite(span.low) and math.isfinite(span.high) and span.low < span.high):
            raise wrong("its range of grey values does not make sense")
        return span

    def to_json(self) -> dict[str, Any]:
        """For a card."""
        return {"low": self.low, "high": self.high, "type": self.kind}

    def learned(self, grey: np.ndarray) -> np.ndarray:
        """Grey values as −1 to 1, float32."""
        share = (grey.astype(np.float64) - self.low) / (self.high - self.low)
        return np.asarray(2 * share - 1, np.float32)

    def grey(self, learned: np.ndarray) -> np.ndarray:
        """Values of −1 to 1, cut off there, as grey values of the data's type."""
        share = (np.clip(learned, -1, 1).astype(np.float64) + 1) / 2
        values = self.low + share * (self.high - self.low)
        return np.asarray(values if self.kind == "float32" else np.rint(values), self.kind)

    def seen(self, grey: np.ndarray) -> np.ndarray:
        """Grey values as 256 greys for a screen, uint8: black is the darkest of the data, white the brightest."""
        return seen(self.learned(grey))

    @property
    def levels(self) -> np.ndarray:
        """Grey values that histograms count."""
        return levels_of(self.low, self.high, self.kind != "float32")

    @property
    def words(self) -> str:
        """For a reader."""
        bits = {"uint8": "8 bits", "uint16": "16 bits", "float32": "32 bits, floating"}[self.kind]
        return f"{self.low:g} to {self.high:g}, {bits}"


def seen(learned: np.ndarray) -> np.ndarray:
    """Values of −1 to 1 as 256 greys for a screen, uint8."""
    return np.asarray(np.rint(127.5 * (np.clip(learned, -1, 1) + 1)), np.uint8)


def read_grey_classes(folder: Path) -> dict[str, tuple[Micrograph, ...]]:
    """The grey pictures in a folder, by class as `core.reconstruction.diffusion.classes.read_classes` has it.

    What lies under an instrument's info bar is cut off.

    Raises
    ------
    InputError
        Where there are none, or one cannot be read.
    """
    return {
        name: tuple(_without_bar(read_micrograph(path)) for path in paths)
        for name, paths in pictures_by_class(folder, "picture").items()
    }


def _without_bar(picture: Micrograph) -> Micrograph:
    row = propose_info_bar_row(picture)
    return picture if row is None else picture.cropped(slice(0, row), slice(None))


def check_grey(classes: GreyClasses) -> GreyRange:
    """The range of all pictures.

    Raises
    ------
    InputError
        Where there are too many classes, or nothing but one value.
    """
    check_number(len(classes))
    return GreyRange.of([picture for group in classes.values() for picture in group])


def grey_settings(settings: DiffusionSettings) -> DiffusionSettings:
    """The settings without what asks for phases: odds of phases become the velocity, and no fraction is told.

    Without odds three planes have nothing to add up, and their mean is rough: they have their turns, as published.
    """
    if settings.prediction == "odds":
        settings = replace(settings, prediction="velocity")
        if settings.planes == "together":
            turns = max(settings.passes, TURNS)
            settings = replace(settings, planes="in turn", passes=turns, sampler="ddim", crowding=1.0)
    return replace(settings, told=False, guidance=0.0)


def resolved(classes: GreyClasses, settings: DiffusionSettings) -> DiffusionSettings:
    """The settings with everything chosen that they leave open; errors as of `resolve`."""
    shapes = {name: [picture.shape for picture in group] for name, group in classes.items()}
    return resolved_by_shapes(shapes, grey_settings(settings))


def training(
    classes: GreyClasses,
    settings: DiffusionSettings,
    *,
    seed: int = 0,
    device: str = "cpu",
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
) -> Job[Model]:
    """A job that trains one model on all grey pictures; progress and snapshots as of an engine's training.

    Previews are volumes of grey values (float32, −1 to 1). The result is a
    `core.reconstruction.diffusion.grey_model.GreyModel`.

    Raises
    ------
    InputError
        Where pictures show nothing, or are smaller than the crops.
    """
    from core.reconstruction.diffusion import training as room
    from core.reconstruction.diffusion.sections import Exemplar

    device, span = devices.resolve(device), check_grey(classes)
    chosen = resolved(classes, settings)
    turned = {name: symmetries_of(settings, bright_of(group)) for name, group in classes.items()}
    exemplars = [
        Exemplar(span.learned(picture.grey), number, turned[name])
        for number, (name, group) in enumerate(classes.items())
        for picture in group
    ]
    job = room.train(
        exemplars,
        GREY,
        chosen,
        seed=seed,
        planes=(0, 0, 0) if len(classes) > 1 else (-1, -1, -1),
        device=device,
        max_seconds=max_seconds,
        checkpoints=checkpoints,
    )
    job = checked(job, exemplars, GREY, seed, device)
    remedy = "Choose smaller crops, fewer channels or the preset small."
    return (yield from as_contract(job, lambda made: _model(classes, span, settings, made, seed, device), remedy))


def bright_of(group: Sequence[Micrograph]) -> list[np.ndarray]:
    """Where pictures are brighter than their median: how long structures are, and which way stretched, shows there."""
    return [picture.grey > np.median(picture.grey) for picture in group[:MAX_LOOKED_AT]]


def _model(
    classes: GreyClasses,
    span: GreyRange,
    settings: DiffusionSettings,
    trained: TrainedDiffusion,
    seed: int,
    device: str,
) -> GreyModel:
    from core.reconstruction.diffusion.grey_model import GreyModel

    told = [
        {"name": name, "images": len(group), "hash": _hash(group), **_record(group, span)}
        for name, group in classes.items()
    ]
    chosen = described.to_json(trained.denoiser.settings)
    provenance = Provenance(
        "train diffusion on grey images",
        settings={"classes": {name: len(group) for name, group in classes.items()}, **chosen},
        input_hashes=tuple(str(entry["hash"]) for entry in told),
        seed=seed,
        device=devices.title(device),
    )
    name, group = next(iter(classes.items()))
    card = {
        "engine": "diffusion",
        "name": name,
        "grey": span.to_json(),
        "classes": told,
        "settings": chosen,
        "asked_settings": described.to_json(settings),
        "pixel_size": group[0].pixel_size,
        "seed": seed,
        "training": training_entry(trained),
        "device": devices.title(device),
        "versions": dict(versions()),
        "provenance": provenance.to_json(),
        **trained.found,
    }
    return GreyModel(trained.denoiser, card)


def _record(group: Sequence[Micrograph], span: GreyRange) -> dict[str, Any]:
    """What volumes of a class are set beside; nothing where pictures are too small to tell it."""
    chosen = group[:: -(-len(group) // MOST_MEASURED)]
    record = GreyRecord.of([picture.grey for picture in chosen], span.levels)
    return {} if record is None else {"statistics": record.to_json()}


def _hash(group: Sequence[Micrograph]) -> str:
    """SHA-256 of all values of a class, in their order (hex)."""
    digest = hashlib.sha256()
    for picture in group:
        digest.update(array_hash(picture.grey).encode())
    return digest.hexdigest()
