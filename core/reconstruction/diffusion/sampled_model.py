"""What every trained denoiser has and does, whether it makes phases or grey values."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from core import devices
from core import settings as described
from core.errors import InputError, JobError
from core.generation.periods import Axes, Triple, axes_name, misfit
from core.job import Progress
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.diffusion.denoiser import Denoiser
from core.reconstruction.diffusion.planes import Emerging, Wanted, sampling_volume
from core.reconstruction.diffusion.preflight import BYTES_PER_VOXEL
from core.reconstruction.diffusion.settings import DiffusionSettings
from core.reconstruction.diffusion.shelf import Shelf
from core.reconstruction.weights import weights_hash, weights_of

SMALLER = "Choose a smaller size."


def beyond_memory(size: Triple) -> bool:
    """Whether a volume does not fit into memory while it is sampled."""
    free = devices.free_memory("cpu")
    return free is not None and BYTES_PER_VOXEL * math.prod(size) > free


def too_large(size: Triple, more: str = "") -> JobError:
    """The error for such a volume; ``more`` says what of it is too much."""
    return JobError(f"A volume of {' × '.join(map(str, size))} voxels{more} does not fit into memory.", SMALLER)


def cut_out(volume: np.ndarray, start: Triple, edge: int) -> np.ndarray:
    """The tile of ``edge`` voxels that begins at ``start``, of a volume (Z, Y, X); 0 beyond its faces."""
    tile: np.ndarray = np.zeros((edge, edge, edge), dtype=volume.dtype)
    low = [max(0, -first) for first in start]
    part = volume[tuple(slice(max(0, first), max(0, first + edge)) for first in start)]
    tile[tuple(slice(first, first + side) for first, side in zip(low, part.shape, strict=True))] = part
    return tile


class SampledModel:
    """Base of such models.

    Parameters
    ----------
    denoiser
        In evaluation mode, on the CPU.
    card
        JSON-able description with at least ``name``, ``settings`` and ``provenance``.
    settings
        How it samples; by default as the denoiser's settings say.
    """

    keeps_sampling = True

    def __init__(self, denoiser: Denoiser, card: Mapping[str, Any], settings: DiffusionSettings | None = None) -> None:
        self._denoiser = denoiser.eval().requires_grad_(False)
        self._card = dict(card)
        self._settings = settings or denoiser.settings

    @property
    def card(self) -> Mapping[str, Any]:
        """JSON-able description of the model."""
        return self._card

    def weights(self) -> Mapping[str, np.ndarray]:
        """The network's parameters."""
        return weights_of(self._denoiser)

    @property
    def crop(self) -> int:
        """Edge of the crops that it was trained on, px."""
        return self._denoiser.settings.crop or 0

    @property
    def stride(self) -> int:
        """Sides of pictures and of periodic axes are whole multiples of so many pixels."""
        return self._denoiser.settings.stride

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that it was trained on; none where there was one material."""
        return tuple(str(entry["name"]) for entry in self._card.get("classes", ()))

    def _number_of(self, name: str) -> int:
        """Of a class; `InputError` where there is none of this name."""
        if name not in self.classes:
            known = ", ".join(self.classes) or "none"
            raise InputError(f"This model has no class {name!r}.", f"Its classes are: {known}.")
        return self.classes.index(name)

    def _check_size(self, size: Triple, periodic: Axes) -> None:
        if min(size) < 1:
            raise InputError(f"A volume has at least one voxel along each axis, not {size}.")
        problem = misfit(size, periodic, self.stride)
        if problem is not None:
            raise problem

    @contextlib.contextmanager
    def _lent(self, device: str) -> Iterator[Denoiser]:
        """The denoiser, on ``device`` for as long."""
        try:
            yield self._denoiser.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        finally:
            self._denoiser.to("cpu")

    def _sampling(
        self, wanted: Wanted, device: str, told: Callable[[Emerging], Progress], shelf: Shelf | None = None
    ) -> Generator[Progress, None, np.ndarray]:
        """The field of a volume, as channels; ``told`` makes progress of each report."""
        with self._lent(device) as denoiser:
            making = sampling_volume(denoiser, wanted, device=device, settings=self._settings, shelf=shelf)
            try:
                while True:
                    try:
                        report = next(making)
                    except StopIteration as end:
                        field: np.ndarray = end.value
                        return field
                    yield told(report)
            except (MemoryError, RuntimeError) as error:
                if not devices.is_out_of_memory(error):
                    raise
                raise too_large(wanted.size) from error
            finally:
                making.close()

    def _identity(self, wanted: Wanted, device: str) -> dict[str, Any]:
        """All that decides what is sampled, as JSON values."""
        towards = wanted.towards
        return {
            "size": list(wanted.size), "seed": wanted.seed, "periodic": axes_name(wanted.periodic),
            "volume fraction": wanted.fractions and list(wanted.fractions), "told": wanted.told and list(wanted.told),
            "class": list(wanted.labels), "settings": described.to_json(self._settings),
            "anchors": [[*place, array_hash(picture)] for place, picture in sorted(wanted.anchors.items())],
            "towards": None if towards is None else towards.entry(),
            "model": weights_hash(self.weights()), "device": device, "torch": str(torch.__version__),
        }  # fmt: skip

    def _identity_of_file(self, provenance: Provenance, seed: int, device: str) -> dict[str, Any]:
        """As `core.generation.recipe.Recipe.identity`."""
        return {
            **provenance.settings,
            "seed": seed,
            "model": weights_hash(self.weights()),
            "device": device,
            "torch": str(torch.__version__),
        }

    def _name(self, size: Triple, seed: int) -> str:
        return f"{self._card['name']} {'×'.join(map(str, size))} seed {seed}"

    def _provenance(self, asked: Mapping[str, Any], seed: int, device: str) -> Provenance:
        """Of what was made; ``asked``: what of it, as JSON values."""
        return Provenance(
            "generate with diffusion",
            settings={**asked, "engine_settings": self._card["settings"]},
            inputs=(Provenance.from_json(self._card["provenance"]),),
            seed=seed,
            device=devices.title(device),
            versions=dict(versions()),
        )
