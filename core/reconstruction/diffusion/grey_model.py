"""A denoiser trained on grey pictures: pictures and volumes of grey values, in the range of what it learned from."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core import devices
from core import settings as described
from core.errors import InputError, JobError
from core.generation.periods import NOWHERE, Axes, Triple, axes_name, misfit
from core.generation.progress import GenerationProgress
from core.generation.recipe import Recipe
from core.images.values import Micrograph, Volume
from core.job import Job, Progress
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.diffusion.grey import GreyRange
from core.reconstruction.diffusion.origin import generated
from core.reconstruction.diffusion.pictures import check_edge, sampling_fields
from core.reconstruction.diffusion.planes import Wanted, sampling_volume
from core.reconstruction.diffusion.preflight import BYTES_PER_VOXEL
from core.reconstruction.diffusion.settings import DiffusionSettings, sampled_as
from core.reconstruction.weights import weights_of

SMALLER = "Choose a smaller size."
NO_PHASES = "This model makes grey images: there are no phases, and no volume fractions."


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


class GreyModel:
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
        self._denoiser = denoiser.eval().requires_grad_(False)
        self._card = dict(card)
        self._settings = settings or denoiser.settings
        self._label = label

    @property
    def card(self) -> Mapping[str, Any]:
        """JSON-able description of the model."""
        return self._card

    def weights(self) -> Mapping[str, np.ndarray]:
        """The network's parameters."""
        return weights_of(self._denoiser)

    @property
    def range(self) -> GreyRange:
        """Of the grey values."""
        return GreyRange.from_json(self._card["grey"])

    @property
    def crop(self) -> int:
        """Edge of the crops that it was trained on, px."""
        return self._denoiser.settings.crop or 0

    @property
    def stride(self) -> int:
        """Sides of pictures are whole multiples of so many pixels."""
        return self._denoiser.settings.stride

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that it was trained on."""
        return tuple(str(entry["name"]) for entry in self._card["classes"])

    def of_class(self, name: str) -> GreyModel:
        """This model as one that makes what a class shows; both share their weights.

        Raises
        ------
        InputError
            Where there is no such class.
        """
        if name not in self.classes:
            raise InputError(f"This model has no class {name!r}.", f"Its classes are: {', '.join(self.classes)}.")
        return GreyModel(self._denoiser, {**self._card, "name": name}, self._settings, self.classes.index(name))

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
        denoiser = self._denoiser.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        try:
            fields = yield from sampling_fields(
                denoiser, count, edge, seed, label=self._known_label, device=device, settings=self._settings,
                within=True,
            )  # fmt: skip
        finally:
            self._denoiser.to("cpu")
        made = self._provenance({"edge": edge, "pictures": count}, seed, device)
        return tuple(
            Micrograph(self.range.grey(field[0]), self._card["pixel_size"], f"{self._name} {number}", made)
            for number, field in enumerate(fields, 1)
        )

    def volume(self, size: Triple, seed: int, *, device: str = "cpu", periodic: Axes = NOWHERE) -> Job[SampledGrey]:
        """A job that makes a grey volume of ``size`` (z, y, x) voxels, plane by plane, in memory.

        Raises
        ------
        InputError
            For a size that cannot be.
        JobError
            Where memory does not hold it.
        """
        if min(size) < 1:
            raise InputError(f"There is at least one voxel along each axis, not {size}.")
        problem = misfit(size, periodic, self.stride)
        if problem is not None:
            raise problem
        device = devices.resolve(device)
        too_large = JobError(f"A volume of {' × '.join(map(str, size))} voxels does not fit into memory.", SMALLER)
        free = devices.free_memory("cpu")
        if free is not None and BYTES_PER_VOXEL * math.prod(size) > free:
            raise too_large
        wanted = Wanted(size, seed, periodic, labels=(self._known_label,) * 3)
        try:
            field = yield from self._sampled(wanted, device)
        except (MemoryError, RuntimeError) as error:
            if not devices.is_out_of_memory(error):
                raise
            raise too_large from error
        asked: dict[str, Any] = {"size": list(size)}
        if any(periodic):
            asked["periodic"] = axes_name(periodic)
        name = f"{self._name} {'×'.join(map(str, size))} seed {seed}"
        grey = self.range.grey(field[0])
        return SampledGrey(grey, self._card["pixel_size"], name, self._provenance(asked, seed, device))

    def _sampled(self, wanted: Wanted, device: str) -> Generator[Progress, None, np.ndarray]:
        denoiser = self._denoiser.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        making = sampling_volume(denoiser, wanted, device=device, settings=self._settings)
        try:
            while True:
                try:
                    report = next(making)
                except StopIteration as end:
                    field: np.ndarray = end.value
                    return field
                yield GenerationProgress(report.done, report.of, "Generating")
        finally:
            making.close()
            self._denoiser.to("cpu")

    def recipe(
        self,
        size: Triple,
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: Axes = NOWHERE,
    ) -> Job[Recipe]:
        """Says that there are no phases: `InputError`."""
        raise InputError(NO_PHASES, "Take a model of phase images.")

    def generate(
        self,
        size: Triple,
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: Axes = NOWHERE,
    ) -> Job[Volume]:
        """Says that there are no phases: `InputError`."""
        raise InputError(NO_PHASES, "Take a model of phase images.")

    @property
    def _known_label(self) -> int:
        return self._label if len(self.classes) > 1 else -1

    @property
    def _name(self) -> str:
        return str(self._card["name"])

    def _provenance(self, asked: Mapping[str, Any], seed: int, device: str) -> Provenance:
        return generated(self._card, asked, seed, device)
