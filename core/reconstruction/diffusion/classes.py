"""One model for several classes of material: trained on phase images of each, told which class a crop is of.

So is a volume later: with the class as its condition, the denoiser makes sections of that material (Düreth et al.).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import devices
from core.errors import InputError
from core.images.reading import read_labels
from core.images.values import PhaseImage
from core.job import Job
from core.provenance import Provenance, array_hash
from core.reconstruction.checkpoints import Checkpoints
from core.reconstruction.diffusion.copying import checked
from core.reconstruction.diffusion.phases import channel_fractions
from core.reconstruction.diffusion.settings import PATCH, WHOLE, DiffusionSettings, resolve, stretched
from core.reconstruction.engine import Model, Target
from core.reconstruction.model_card import card_of, check_card, wrong
from core.reconstruction.model_record import picture_entry
from core.reconstruction.training_job import as_contract

if TYPE_CHECKING:
    from core.reconstruction.diffusion.model import DiffusionModel
    from core.reconstruction.diffusion.training import TrainedDiffusion

SUFFIXES = (".tif", ".tiff", ".png", ".bmp", ".npy")
MOST_CLASSES = 100
FEW_CROPS, PATIENCE = 64, 20
"""A class with less room than for so many crops, side by side, is learned by heart in the end: some images are then
held out, and training ends after so many looks without improvement."""
MAX_LOOKED_AT = 8
"""Images of a class that decide whether crops may be turned."""

Classes = Mapping[str, Sequence[PhaseImage]]
"""Phase images by class."""
Shapes = Mapping[str, Sequence[tuple[int, int]]]
"""Rows and columns of the pictures of each class."""


def read_classes(folder: Path) -> dict[str, tuple[PhaseImage, ...]]:
    """The phase images in a folder: each folder in it is a class, or, where there is none, all of it is one.

    Raises
    ------
    InputError
        Where there are none, or one cannot be read.
    """
    found: dict[str, tuple[PhaseImage, ...]] = {}
    for name, paths in pictures_by_class(folder, "phase image").items():
        images = [read_labels(path) for path in paths]
        kept = tuple(image for image in images if isinstance(image, PhaseImage))
        if len(kept) < len(images):
            place = paths[0].parent
            raise InputError(f"{place} holds a volume.", "Give phase images: pictures with rows and columns.")
        found[name] = kept
    return found


def pictures_by_class(folder: Path, what: str) -> dict[str, list[Path]]:
    """The pictures in a folder: each folder in it is a class, or, where there is none, all of it is one.

    Raises
    ------
    InputError
        Where there are none; ``what`` is then missing.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Check the path.")
    within = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {}
    for place in within or [folder]:
        found[place.name] = [path for path in sorted(place.iterdir()) if path.suffix.lower() in SUFFIXES]
        if not found[place.name]:
            raise InputError(f"{place} holds no {what}.", f"Pictures end in {', '.join(SUFFIXES)}.")
    return found


def check_number(classes: int) -> None:
    """Check how many classes there are; `InputError` where they cannot be told apart."""
    if not 1 <= classes <= MOST_CLASSES:
        raise InputError(f"There are {classes} classes; 1 to {MOST_CLASSES} can be told apart.")


def check_classes(classes: Classes) -> int:
    """How many phases all images have.

    Raises
    ------
    InputError
        Where they differ, or a phase never occurs in a class.
    """
    check_number(len(classes))
    counts = sorted({len(image.phases) for images in classes.values() for image in images})
    if len(counts) != 1 or counts[0] < 2:
        raise InputError(
            f"The images have {' or '.join(map(str, counts))} phases.", "Segment all of them into the same phases."
        )
    for name, images in classes.items():
        shares = _fractions(images)
        if min(shares) == 0:
            raise InputError(f"A phase never occurs in the class {name}.", "Add images that show it.")
    return counts[0]


def training(
    classes: Classes,
    settings: DiffusionSettings,
    *,
    seed: int = 0,
    device: str = "cpu",
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
) -> Job[Model]:
    """A job that trains one model on all classes; progress and snapshots as of an engine's training.

    Of two phases the second is the phase of interest; of more, the volumes hold all.

    Raises
    ------
    InputError
        Where images do not go together, or are smaller than the crops.
    """
    from core.reconstruction.diffusion import training as room
    from core.reconstruction.diffusion.sections import Exemplar

    device, phases = devices.resolve(device), check_classes(classes)
    some = {name: [indicator_of(image) for image in group[:MAX_LOOKED_AT]] for name, group in classes.items()}
    symmetries = {name: symmetries_of(settings, indicators) for name, indicators in some.items()}
    chosen = resolved(classes, settings)
    exemplars = [
        Exemplar(image.labels, number, symmetries[name])
        for number, (name, group) in enumerate(classes.items())
        for image in group
    ]
    job = room.train(
        exemplars,
        phases,
        chosen,
        seed=seed,
        fractions=channel_fractions(_fractions(next(iter(classes.values())))),
        planes=(0, 0, 0) if len(classes) > 1 else (-1, -1, -1),
        device=device,
        max_seconds=max_seconds,
        checkpoints=checkpoints,
    )
    job = checked(job, exemplars, phases, seed, device)
    remedy = "Choose smaller crops, fewer channels or the preset small."
    return (yield from as_contract(job, lambda made: _model(classes, settings, made, seed, device), remedy))


def resolved(classes: Classes, settings: DiffusionSettings) -> DiffusionSettings:
    """The settings with everything chosen that they leave open; errors as of `resolve`."""
    return resolved_by_shapes(_shapes(classes), settings)


def resolved_by_shapes(shapes: Shapes, settings: DiffusionSettings) -> DiffusionSettings:
    """As `resolved`, from rows and columns of each picture of each class."""
    smallest = min((shape for group in shapes.values() for shape in group), key=min)
    # the size decides on the crops; how fine a class is and which way its crops are turned is its own affair
    chosen = resolve(replace(settings, symmetries="none", patch=settings.patch or PATCH), checkered(smallest))
    if settings.held_out_looks is not None:
        return chosen
    return replace(chosen, held_out_looks=_patience(shapes, chosen.crop or 1))


def patience_for(classes: Classes, crop: int) -> int:
    """Looks to wait where the settings leave it open: `PATIENCE` where data are few and pictures can be held out."""
    return _patience(_shapes(classes), crop)


def _patience(shapes: Shapes, crop: int) -> int:
    room = all(len(group) >= WHOLE for group in shapes.values())
    few = any(sum(map(math.prod, group)) < FEW_CROPS * crop**2 for group in shapes.values())
    return PATIENCE if room and few else 0


def _shapes(classes: Classes) -> Shapes:
    return {name: [image.shape for image in group] for name, group in classes.items()}


def symmetries_of(settings: DiffusionSettings, indicators: Sequence[np.ndarray]) -> str:
    """How crops of a class are turned, from some of its pictures."""
    if settings.symmetries != "auto":
        return settings.symmetries
    usable = [one for one in indicators if one.any() and not one.all()]
    # a small image alone is often longer one way than the other by chance
    return "mirrored" if usable and sum(map(stretched, usable)) > len(usable) / 2 else "all"


def indicator_of(image: PhaseImage) -> np.ndarray:
    """Where an image shows its phase of interest: the last."""
    inside: np.ndarray = image.labels == len(image.phases) - 1
    return inside


def checkered(shape: tuple[int, ...]) -> np.ndarray:
    """An indicator of the shape: what a single image shows does not matter among many."""
    board: np.ndarray = np.indices(shape).sum(axis=0) % 2 == 0
    return board


def _fractions(images: Sequence[PhaseImage]) -> tuple[float, ...]:
    """Share of each phase in all images together."""
    counts = np.sum([np.bincount(image.labels.ravel(), minlength=len(image.phases)) for image in images], axis=0)
    return tuple(float(share) for share in counts / counts.sum())


def _model(
    classes: Classes, settings: DiffusionSettings, trained: TrainedDiffusion, seed: int, device: str
) -> DiffusionModel:
    from core.reconstruction.diffusion.model import DiffusionModel

    first = next(iter(classes.values()))[0]
    label = len(first.phases) - 1
    target = Target(first, label, seed=seed, all_phases=True)
    told: list[dict[str, Any]] = [
        {
            "name": name,
            "images": len(images),
            "phases": [{"name": phase.name, "color": phase.color} for phase in images[0].phases],
            "fractions": list(_fractions(images)),
            "served": _ends([image.fractions[label] for image in images]),
            "hash": _hash(images),
            "picture": picture_entry(images[0].labels),
        }
        for name, images in classes.items()
    ]
    chosen = trained.denoiser.settings
    card = card_of(
        "diffusion", target, settings, chosen, trained, device, classes=told, planes=[-1, -1, -1], **trained.found
    )
    provenance = Provenance(
        "train diffusion on classes",
        settings={"classes": {name: len(images) for name, images in classes.items()}, **card["settings"]},
        input_hashes=tuple(entry["hash"] for entry in told),
        seed=seed,
        device=devices.title(device),
    )
    return DiffusionModel(trained.denoiser, of_class({**card, "provenance": provenance.to_json()}, 0))


def of_class(card: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The card of a model with classes, as one that makes volumes of class ``number``."""
    told = card["classes"][number]
    share = told["fractions"][int(card["volume_phase"])]
    own = {"volume_fraction": share, "exemplar_fraction": share, "exemplar_fractions": list(told["fractions"]),
           "phases": list(told["phases"])}  # fmt: skip
    plane = number if len(card["classes"]) > 1 else -1
    kept = {key: entry for key, entry in card.items() if key not in ("result", "calibration")}
    return {**kept, **own, "name": told["name"], "planes": [plane] * 3, "served": list(told["served"])}


def _ends(values: Sequence[float]) -> list[float]:
    return [float(min(values)), float(max(values))]


def check_entries(card: Mapping[str, Any]) -> int:
    """How many classes a card of a model file tells of; 0 where it has none.

    Raises
    ------
    InputError
        Where what it says of them cannot be.
    """
    entries = card.get("classes")
    if entries is None:
        return 0
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_CLASSES:
        raise wrong("its classes do not make sense")
    for number, one in enumerate(entries):
        if not isinstance(one, dict) or not all(key in one for key in ("name", "phases", "fractions", "served")):
            raise wrong("its classes do not make sense")
        if not isinstance(one["fractions"], list) or len(one["fractions"]) != len(card["phases"]):
            raise wrong("its classes do not make sense")
        if any(type(share) is not float or not 0 < share < 1 for share in one["fractions"]):
            raise wrong("its classes do not make sense")
        check_served(one["served"])
        if not isinstance(one["phases"], list):
            raise wrong("its classes do not make sense")
        check_card(of_class(card, number))
    return len(entries)


def check_served(served: Any) -> None:
    """Check a range of volume fractions; `InputError` where it is none."""
    numbers = isinstance(served, list) and len(served) == 2 and all(type(end) in (int, float) for end in served)
    if not (numbers and 0 <= served[0] <= served[1] <= 1):
        raise wrong("the range of its volume fractions does not make sense")


def _hash(images: Sequence[PhaseImage]) -> str:
    """SHA-256 of all labels of a class, in their order (hex)."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(array_hash(image.labels).encode())
    return digest.hexdigest()
