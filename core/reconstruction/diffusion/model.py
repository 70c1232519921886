"""A trained denoiser, ready to make volumes from sections."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core import devices
from core.errors import InputError, JobError
from core.generation.periods import NOWHERE, Axes, Triple, axes_name, misfit
from core.generation.progress import GenerationProgress
from core.generation.recipe import Recipe
from core.images.values import Phase, Volume
from core.job import Job, Progress
from core.masks.mask import Mask
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.diffusion.phases import channel_fractions, labels_with, plain_labels, rescaled
from core.reconstruction.diffusion.planes import Wanted, sampling_volume

OWN = 0.002
"""A fraction no further than this from the exemplar's is the exemplar's: the network is then told nothing."""


@dataclass(frozen=True)
class EmergingProgress(GenerationProgress):
    """A step of sampling done: the whole volume as it is expected now, also as `TrainingProgress.preview`."""

    preview: np.ndarray | None = None
    shows: str = "emerging from noise"


class DiffusionModel:
    """See `core.reconstruction.engine.Model`.

    Parameters
    ----------
    denoiser
        In evaluation mode, on the CPU.
    card
        JSON-able description with at least ``phases``, ``volume_phase``, ``pixel_size``, ``volume_fraction``,
        ``exemplar_fraction``, ``seed`` and ``provenance``; see `core.reconstruction.diffusion.engine`.
    """

    def __init__(self, denoiser: Denoiser, card: Mapping[str, Any]) -> None:
        self._denoiser = denoiser.eval().requires_grad_(False)
        self._card = dict(card)

    @property
    def card(self) -> Mapping[str, Any]:
        """JSON-able description of the model."""
        return self._card

    def weights(self) -> Mapping[str, np.ndarray]:
        """The network's parameters."""
        return {f"network.{name}": value.numpy() for name, value in self._denoiser.state_dict().items()}

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
        """A job that makes the whole volume; the recipe only hands out its parts.

        Sections reach across the whole volume, so that no part of it can be made without the rest.
        """
        made = yield from self.generate(
            size, seed, device=device, volume_fraction=volume_fraction, mask=mask, periodic=periodic
        )

        def make_tile(start: Triple, edge: int) -> np.ndarray:
            tile = np.zeros((edge, edge, edge), dtype=np.uint8)
            low = [max(0, -first) for first in start]
            part = made.labels[tuple(slice(max(0, first), max(0, first + edge)) for first in start)]
            tile[tuple(slice(first, first + side) for first, side in zip(low, part.shape, strict=True))] = part
            return tile

        return Recipe(
            size=size,
            periodic=periodic,
            make_tile=make_tile,
            phases=made.phases,
            voxel_size=made.voxel_size,
            name=made.name,
            provenance=lambda edge: made.provenance,
            identity={
                **made.provenance.settings,
                "seed": seed,
                "model": self._hash(),
                "device": devices.resolve(device),
                "torch": str(torch.__version__),
            },
        )

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
        """A job that makes a volume in one piece; see `core.reconstruction.engine.Model.generate`.

        The same model, seed, size and device type give the same voxels; another size gives another volume.
        """
        device = devices.resolve(device)
        fraction = float(self._card["volume_fraction"]) if volume_fraction is None else volume_fraction
        self._check(size, fraction, mask, periodic)
        shares = self._shares(fraction)
        fractions = channel_fractions(shares)
        own = math.isclose(fraction, float(self._card["exemplar_fraction"]), abs_tol=OWN)
        told = fractions if self._denoiser.settings.told and not own else None
        wanted = Wanted(size, seed, periodic, fractions, told, self._planes)
        field = yield from self._sampled(wanted, device)
        inside = int(self._card["volume_phase"])
        before = float((self._as_labels(plain_labels(field)) == inside).mean())
        labels = self._as_labels(labels_with(field, shares))
        if volume_fraction is None:
            calibration = {"fraction_before": before, "fraction_after": float((labels == inside).mean())}
            self._card["calibration"] = {**calibration, "size": list(size), "seed": seed}
        asked: dict[str, Any] = {"size": list(size), "volume_fraction": fraction, "fraction_before": before}
        if any(periodic):
            asked["periodic"] = axes_name(periodic)
        provenance = Provenance(
            "generate with diffusion",
            settings={**asked, "engine_settings": self._card["settings"]},
            inputs=(Provenance.from_json(self._card["provenance"]),),
            seed=seed,
            device=devices.title(device),
            versions=dict(versions()),
        )
        voxel = self._card["pixel_size"]
        return Volume(
            labels,
            tuple(Phase(item["name"], item["color"]) for item in self._card["phases"]),
            None if voxel is None else (voxel, voxel, voxel),
            f"{self._card['name']} {'×'.join(map(str, size))} seed {seed}",
            provenance,
        )

    def _check(self, size: Triple, fraction: float, mask: Mask | None, periodic: Axes) -> None:
        if not 0 < fraction < 1:
            raise InputError(
                f"A volume fraction lies between 0 and 1, not {fraction:g}.", "Give a share such as 0.4 for 40 %."
            )
        if min(size) < 1:
            raise InputError(f"A volume has at least one voxel along each axis, not {size}.")
        if mask is not None:
            raise InputError("A diffusion model cannot follow a mask.", "Take a model of the engine SWNN.")
        problem = misfit(size, periodic, self._denoiser.settings.stride)
        if problem is not None:
            raise problem

    def _sampled(self, wanted: Wanted, device: str) -> Generator[Progress, None, np.ndarray]:
        """The field of a volume, as channels."""
        denoiser = self._denoiser.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        making = sampling_volume(denoiser, wanted, device=device)
        try:
            while True:
                try:
                    report = next(making)
                except StopIteration as end:
                    field: np.ndarray = end.value
                    return field
                if report.labels is None:
                    yield GenerationProgress(report.done, report.of, "Generating")
                else:
                    block = self._as_labels(report.labels)
                    yield EmergingProgress(report.done, report.of, "Generating", block, preview=report.labels)
        except (MemoryError, RuntimeError) as error:
            if not devices.is_out_of_memory(error):
                raise
            shown = " × ".join(map(str, wanted.size))
            raise JobError(f"A volume of {shown} voxels does not fit into memory.", "Choose a smaller size.") from error
        finally:
            making.close()
            self._denoiser.to("cpu")

    @property
    def _several(self) -> bool:
        return len(self._card["phases"]) > 2

    @property
    def _planes(self) -> Triple:
        z, y, x = (int(label) for label in self._card["planes"])
        return z, y, x

    def _shares(self, fraction: float) -> tuple[float, ...]:
        """Of the phases that the denoiser knows: the rest and the phase of interest, or all in label order."""
        if not self._several:
            return 1 - fraction, fraction
        return rescaled(self._card["exemplar_fractions"], int(self._card["volume_phase"]), fraction)

    def _as_labels(self, known: np.ndarray) -> np.ndarray:
        """Labels of the volume from those that the denoiser knows: of two, 1 is the phase of interest."""
        return known if self._several or self._card["volume_phase"] == 1 else np.uint8(1) - known

    def _hash(self) -> str:
        """SHA-256 of everything in the weights."""
        digest = hashlib.sha256()
        for name, array in sorted(self.weights().items()):
            digest.update(f"{name}{array_hash(array)}".encode())
        return digest.hexdigest()
