"""Models that volumes are made with as they are: those that come with the program, and any other file.

They lie in ``resources/models``; `tests.benchmarks.models` made them, and their cards say of what and how well.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.reconstruction.model_file import SUFFIX, read_model_file
from core.reconstruction.model_record import picture_from, read_record


@dataclass(frozen=True, eq=False)
class ShippedModel:
    """A model that comes with the program, not loaded yet.

    Attributes
    ----------
    name
        What it is called on the command line: the file's name without its suffix.
    path, card
        Where it lies, and what it tells.
    """

    name: str
    path: Path
    card: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """What it makes volumes of; none where it was trained on one material."""
        return tuple(str(entry["name"]) for entry in self.card.get("classes", ()))

    def facts(self, name: str) -> Mapping[str, Any]:
        """What was measured of a class: ε of S2 and L in per cent, "frechet", "precision", "recall" and more."""
        found: Mapping[str, Any] = self.card.get("judged", {}).get(name, {})
        return found

    def example(self, name: str) -> np.ndarray | None:
        """A picture that the model made of a class, or else one that it learned from, labels of shape (Y, X).

        None where its card holds none. Without a ``name``, of the one material.
        """
        if not name:
            record = read_record(self.card)
            return None if record is None else record.thumbnail
        learned = next((entry.get("picture") for entry in self.card.get("classes", ()) if entry["name"] == name), None)
        entry = self.card.get("examples", {}).get(name, learned)
        try:
            return None if entry is None else picture_from(entry, len(self.card["phases"]))[0]
        except (KeyError, TypeError, ValueError, zlib.error):  # of a file from elsewhere: the model is as good without
            return None

    def colors(self, name: str) -> list[str]:
        """Of the phases in the picture."""
        if not name:
            record = read_record(self.card)
            return [] if record is None else [phase.color for phase in record.phases]
        (entry,) = (one for one in self.card["classes"] if one["name"] == name)
        return [str(phase["color"]) for phase in entry["phases"]]

    def told(self, name: str) -> tuple[float, float, float]:
        """Volume fraction of the images of a class: mean, lowest and highest.

        Without a ``name``, what the one material had, and what can be asked for.
        """
        if not name:
            own, settings = float(self.card["volume_fraction"]), self.card.get("settings", {})
            ends = self.card.get("served") or (settings.get("lowest_fraction"), settings.get("highest_fraction"))
            low, high = (own if end is None else float(end) for end in ends)
            return own, low, high
        (entry,) = (entry for entry in self.card["classes"] if entry["name"] == name)
        low, high = entry["served"]
        return float(entry["fractions"][int(self.card["volume_phase"])]), float(low), float(high)


def folder() -> Path:
    """Where the models lie."""
    return Path(str(resources.files("resources").joinpath("models")))


def shipped_models(place: Path | None = None) -> tuple[ShippedModel, ...]:
    """All models that come with the program, by name."""
    paths = sorted((place or folder()).glob(f"*{SUFFIX}"))
    return tuple(ShippedModel(path.name.removesuffix(SUFFIX), path, read_model_file(path)[0]) for path in paths)


def model_path(asked: Path) -> Path:
    """The file that is meant: a path, or the name of a model that comes with the program.

    Raises
    ------
    InputError
        Where it is neither.
    """
    if asked.is_file() or asked.suffix or len(asked.parts) != 1:
        return asked
    known = {path.name.removesuffix(SUFFIX): path for path in folder().glob(f"*{SUFFIX}")}
    if asked.name in known:
        return known[asked.name]
    raise InputError(
        f"{asked} is neither a file nor a model that comes with Microloom.",
        f"Those are: {', '.join(sorted(known)) or 'none'}.",
    )
