"""A denoiser trained on grey pictures: pictures and volumes of grey values, in the range of what it learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from core import devices
from core import settings as described
from core.errors import InputError
from core.generation.periods import NOWHERE, Axes, Triple, axes_name
from core.generation.progress import GenerationProgress
from core.generation.recipe import Recipe
from core.images.values import Micrograph, Volume
from core.job import Job, Progress, reported
from core.provenance import Provenance
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.diffusion.grey import GreyRange
from core.reconstruction.diffusion.kept_sampling import KeptSampling
from core.reconstruction.diffusion.pictures import check_edge, sampling_fields
from core.reconstruction.diffusion.planes import Emerging, Wanted
from core.reconstruction.diffusion.sampled_model import SampledModel, beyond_memory, cut_out, too_large
from core.reconstruction.diffusion.settings import DiffusionSettings, sampled_as
from core.reconstruction.diffusion.shelf import Shelf
from core.statistics.grey_agreement import GreyAgreement, GreyRecord, agreement_steps

_ODD = 0.002
"""Share of pixels that may be darker than black, and brighter than white."""
NO_PHASES = "This model makes grey images: there are no phases, and no volume fractions."


@dataclass(frozen=True)
class EmergingGrey(GenerationProgress):
    """A step of sampling done: the whole volume as it is expected now, in grey values of the data's type.

    ``preview`` has shape (z, y, x), and is None in between; of a large volume it is every so many voxels.
    """

    preview: np.ndarray | None = None
    shows: str = "emerging from noise"


@dataclass(frozen=True, eq=False)
class SampledGrey:
    """A grey volume that was made.

    Attributes
    ----------
    grey
        Shape (Z, Y, X); uint8, uint16 or float32.
    voxel_size
        Edge of a voxel in metres, or None.
    name, provenance
        As of the other values.
    """

    grey: np.ndarray
    voxel_size: float | None
    name: str
    provenance: Provenance


class GreyModel(SampledModel):
    """What a training on grey pictures returns.

    It is a `core.reconstruction.engine.Model` that is saved, told of and given other settings of sampling as any other;
    asked for a volume of phases it says that it has none. `pictures` and `volume` make what it does.

    Parameters
    ----------
    denoiser
        In evaluation mode, on the CPU.
    card
        JSON-able description with at least ``grey``, ``name``, ``classes``, ``pixel_size``, ``seed``, ``settings`` and
        ``provenance``; see `core.reconstruction.diffusion.grey`.
    settings
        How it samples; by default as the denoiser's settings say.
    label
        The class whose pictures are made.
    """

    def __init__(
        self, denoiser: Denoiser, card: Mapping[str, Any], settings: DiffusionSettings | None = None, label: int = 0
    ) -> None:
        super().__init__(denoiser, card, settings)
        self._label = label

    @property
    def range(self) -> GreyRange:
        """Of the grey values."""
        return GreyRange.from_json(self._card["grey"])

    @property
    def record(self) -> GreyRecord | None:
        """Of the pictures of its class; None where an earlier version trained it."""
        told = self._card["classes"]
        return GreyRecord.from_json(told[self._label].get("statistics"), self.range.levels) if told else None

    @property
    def black_and_white(self) -> tuple[float, float]:
        """Grey values to show as black and white: all but a few odd pixels of the data lie between them."""
        record = self.record
        return (self.range.low, self.range.high) if record is None else record.shown(_ODD)

    def agreement(self, planes: Iterable[np.ndarray], size: Triple) -> Job[GreyAgreement | None]:
        """A job that compares a grey volume of ``size``, of which ``planes`` are all slices across z, with the data.

        None where the model does not know what to compare it with.
        """
        record = self.record
        if record is None:
            return None
        told = Progress(0, 0, "Comparing with the data")
        return (yield from reported(agreement_steps(planes, size, record), told))

    def of_class(self, name: str) -> GreyModel:
        """This model as one that makes what a class shows; both share their weights.

        Raises
        ------
        InputError
            Where there is no such class.
        """
        number = self._number_of(name)
        return GreyModel(self._denoiser, {**self._card, "name": name}, self._settings, number)

    def generating_with(self, changes: Mapping[str, Any]) -> GreyModel:
        """This model with other settings of its sampling; both share their weights.

        Raises
        ------
        InputError
            For settings of the training or of phases, or values that cannot be.
        """
        if changes.get("guidance"):
            raise InputError(f"{NO_PHASES} So there is nothing to be guided towards.", "Leave the guidance out.")
        settings = sampled_as(self._settings, changes)
        card = {**self._card, "settings": described.to_json(settings)}
        return GreyModel(self._denoiser, card, settings, self._label)

    def pictures(self, count: int, edge: int, seed: int, *, device: str = "cpu") -> Job[tuple[Micrograph, ...]]:
        """A job that makes so many grey pictures of ``edge`` rows and columns, a whole multiple of `stride`.

        Raises
        ------
        InputError
            For another edge.
        """
        check_edge(count, edge, self.stride)
        device = devices.resolve(device)
        with self._lent(device) as denoiser:
            fields = yield from sampling_fields(
                denoiser, count, edge, seed, label=self._known_label, device=device, settings=self._settings,
                within=True,
            )  # fmt: skip
        made = self._provenance({"edge": edge, "pictures": count}, seed, device)
        return tuple(
            Micrograph(self.range.grey(field[0]), self._card["pixel_size"], f"{self._card['name']} {number}", made)
            for number, field in enumerate(fields, 1)
        )

    def volume(self, size: Triple, seed: int, *, device: str = "cpu", periodic: Axes = NOWHERE) -> Job[SampledGrey]:
        """A job that makes a grey volume of ``size`` (z, y, x) voxels, plane by plane, in memory.

        Yields `EmergingGrey`. One that memory does not hold is made by `grey_recipe`.

        Raises
        ------
        InputError
            For a size that cannot be.
        JobError
            Where memory does not hold it.
        """
        device = devices.resolve(device)
        if beyond_memory(size):
            raise too_large(size)
        field, made = yield from self._made(Shelf(device), size, seed, device, periodic)
        return SampledGrey(self.range.grey(field), self._card["pixel_size"], self._name(size, seed), made)

    def grey_recipe(
        self,
        size: Triple,
        seed: int,
        *,
        device: str = "cpu",
        periodic: Axes = NOWHERE,
        kept: KeptSampling | None = None,
    ) -> Job[Recipe]:
        """A job that makes a grey volume, whose recipe only hands out its parts; one that memory does not hold lies on
        the disk.

        See `core.reconstruction.diffusion.model.DiffusionModel.recipe`, whose arguments and errors these are. The
        voxels are those of `volume`.
        """
        device = devices.resolve(device)
        begun = kept is not None and kept.begun
        shelf = Shelf(device, on_disk=begun or beyond_memory(size), kept=kept)
        field, made = yield from self._made(shelf, size, seed, device, periodic)
        span, edge = self.range, self._card["pixel_size"]

        def make_tile(start: Triple, edge: int, _needed: Shelf = shelf) -> np.ndarray:
            # files of the shelf go when the recipe does
            return span.grey(cut_out(field, start, edge))

        return Recipe(
            size=size,
            periodic=periodic,
            make_tile=make_tile,
            phases=(),
            voxel_size=None if edge is None else (edge,) * 3,
            name=self._name(size, seed),
            provenance=lambda _edge: made,
            identity={**self._identity_of_file(made, seed, device), "class": self._known_label, "grey": span.to_json()},
            written=(lambda: None) if kept is None else kept.remove,
            dtype=span.kind,
        )

    def _made(
        self, shelf: Shelf, size: Triple, seed: int, device: str, periodic: Axes
    ) -> Job[tuple[np.ndarray, Provenance]]:
        """A job that makes the field of a volume, −1 to 1, which lies where ``shelf`` says."""
        self._check_size(size, periodic)
        wanted = Wanted(size, seed, periodic, labels=(self._known_label,) * 3)
        if shelf.keeps:
            shelf.begin(self._identity(wanted, device))
        told = partial(self._told, "Generating on the disk" if shelf.on_disk else "Generating")
        field = yield from self._sampling(wanted, device, told, shelf)
        asked: dict[str, Any] = {"size": list(size)}
        if any(periodic):
            asked["periodic"] = axes_name(periodic)
        return field[0], self._provenance(asked, seed, device)

    def recipe(self, *_asked: Any, **_more: Any) -> Job[Recipe]:
        """Says that there are no phases: `InputError`."""
        raise InputError(NO_PHASES, "Take a model of phase images.")

    def generate(self, *_asked: Any, **_more: Any) -> Job[Volume]:
        """As `recipe`."""
        raise InputError(NO_PHASES, "Take a model of phase images.")

    def _told(self, what: str, report: Emerging) -> Progress:
        known = report.expected
        grey = None if known is None else self.range.grey(known[0])
        return EmergingGrey(report.done, report.of, what, preview=grey)

    @property
    def _known_label(self) -> int:
        return self._label if len(self.classes) > 1 else -1
