"""A trained SWNN network, ready to make volumes: noise keyed by position, fixed tiles, one threshold."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
import torch

from core import devices
from core.errors import InputError
from core.generation.noise import gaussian
from core.generation.periods import NOWHERE, Axes, Period, Triple, axes_name, in_cells, misfit, period_of
from core.generation.recipe import Recipe
from core.generation.tiles import TILE_EDGE, assemble
from core.images.values import Phase, Volume
from core.job import Job, Progress
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.swnn.network import SwnnNetwork

CALIBRATION_SIZE: Triple = (128, 128, 128)
"""The threshold is set on this part of the volume of the model's own seed, whatever size is asked for later.

So the usual volume of 128³ voxels meets the volume fraction exactly, and a voxel never depends on the size asked for;
smaller and larger ones, and those of other seeds, scatter about it as samples do.
"""
_QUANTILES = 4097
_KEPT_BYTES = 1 << 28


class SwnnModel:
    """See `core.reconstruction.engine.Model`.

    Parameters
    ----------
    network
        In evaluation mode, on the CPU.
    card
        JSON-able description with at least ``phases``, ``volume_phase``, ``pixel_size``, ``volume_fraction``, ``seed``
        and ``provenance``; see `core.reconstruction.swnn.engine`.
    quantiles
        The field's quantiles on the calibration volume at equal steps of probability, or None where the threshold is
        still to be set; `generate` then does it first.
    """

    def __init__(self, network: SwnnNetwork, card: Mapping[str, Any], quantiles: np.ndarray | None = None) -> None:
        self._network = network.eval()
        self._card = dict(card)
        self._quantiles = quantiles
        self._kept: dict[tuple[str, Triple, int], np.ndarray] = {}

    @property
    def card(self) -> Mapping[str, Any]:
        """JSON-able description of the model."""
        return self._card

    def weights(self) -> Mapping[str, np.ndarray]:
        """The network's parameters and statistics, and the calibration's quantiles where it is done."""
        arrays = {f"network.{name}": value.numpy() for name, value in self._network.state_dict().items()}
        if self._quantiles is not None:
            arrays["calibration.quantiles"] = self._quantiles
        return arrays

    def field(
        self,
        seed: int,
        origin: Triple,
        size: Triple,
        device: str = "cpu",
        period: Period = (None, None, None),
    ) -> np.ndarray:
        """The network's output in a box, shape ``size``, float32.

        Computed in one piece: to the bit, it depends on the shape and place of the box. `generate` asks for tiles.
        ``period``, in voxels, must be a whole number of the coarsest cells.
        """
        network = self._network.to(device)
        try:
            noises = [
                gaussian(seed, grid.level, grid.channels, box.start, box.shape, device, in_cells(period, grid.stride))[
                    None
                ]
                for grid, box in zip(network.noise_grids, network.noise_boxes(origin, size), strict=True)
            ]
            with torch.inference_mode():
                values: np.ndarray = network(noises, origin, size)[0, 0].cpu().numpy()
            return values
        finally:
            network.to("cpu")

    def threshold(self, volume_fraction: float | None = None) -> float:
        """The value above which a voxel is phase.

        Raises
        ------
        InputError
            Where the fraction is out of this model's reach, or the threshold was not set yet.
        """
        wanted = self._card["volume_fraction"] if volume_fraction is None else volume_fraction
        if not 0 < wanted < 1:
            raise InputError(
                f"A volume fraction lies between 0 and 1, not {wanted:g}.", "Give a share such as 0.4 for 40 %."
            )
        if self._quantiles is None:
            raise InputError("This model has no threshold yet.", "Generate a volume first.")
        if math.isclose(wanted, self._card["volume_fraction"], abs_tol=1e-12):
            return float(self._card["calibration"]["threshold"])
        steps = np.linspace(0, 1, len(self._quantiles))
        value = float(np.float32(np.interp(1 - wanted, steps, self._quantiles)))
        # where the output is saturated, many voxels share a value and no threshold parts them
        low, high = (float(np.interp(v, self._quantiles, steps)) for v in (value - 1e-6, value + 1e-6))
        if high - low > 0.01:
            raise InputError(
                f"A volume fraction of {wanted:.3f} is out of reach of this model, which was trained for "
                f"{self._card['volume_fraction']:.3f}.",
                "Train a model with the fraction that you want.",
            )
        return value

    def recipe(
        self,
        size: Triple,
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        periodic: Axes = NOWHERE,
    ) -> Job[Recipe]:
        """A job that sets the threshold where it is not set yet; see `core.reconstruction.engine.Model.recipe`."""
        device = devices.resolve(device)
        problem = misfit(size, periodic, self._network.noise_grids[-1].stride)
        if problem is not None:
            raise problem
        if self._quantiles is None:
            yield from self._calibrate(device)
        threshold = self.threshold(volume_fraction)
        inside = np.uint8(self._card["volume_phase"])
        period = period_of(size, periodic)

        def make_tile(start: Triple, edge: int) -> np.ndarray:
            above = self._tile(seed, start, edge, device, period) > np.float32(threshold)
            return np.where(above, inside, 1 - inside).astype(np.uint8)

        asked: dict[str, Any] = {
            "size": list(size),
            "volume_fraction": self._card["volume_fraction"] if volume_fraction is None else volume_fraction,
            "threshold": threshold,
        }
        if any(periodic):
            asked["periodic"] = axes_name(periodic)

        def provenance(edge: int) -> Provenance:
            return Provenance(
                "generate with swnn",
                settings={**asked, "tile_edge": edge, "engine_settings": self._card["settings"]},
                inputs=(Provenance.from_json(self._card["provenance"]),),
                seed=seed,
                device=devices.title(device),
                versions=dict(versions()),
            )

        voxel = self._card["pixel_size"]
        return Recipe(
            size=size,
            periodic=periodic,
            make_tile=make_tile,
            phases=tuple(Phase(item["name"], item["color"]) for item in self._card["phases"]),
            voxel_size=None if voxel is None else (voxel, voxel, voxel),
            name=f"{self._card['name']} {'×'.join(map(str, size))} seed {seed}",
            provenance=provenance,
            identity={
                **asked,
                "seed": seed,
                "model": self._hash(),
                "device": device,
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
        periodic: Axes = NOWHERE,
    ) -> Job[Volume]:
        """A job that makes a volume; see `core.reconstruction.engine.Model.generate`."""
        recipe = yield from self.recipe(size, seed, device=device, volume_fraction=volume_fraction, periodic=periodic)
        volume = yield from recipe.volume()
        self._kept.clear()
        return volume

    def _hash(self) -> str:
        """SHA-256 of everything in the weights."""
        digest = hashlib.sha256()
        for name, array in sorted(self.weights().items()):
            digest.update(f"{name}{array_hash(array)}".encode())
        return digest.hexdigest()

    def _tile(self, seed: int, start: Triple, edge: int, device: str, period: Period) -> np.ndarray:
        # what the calibration kept does not repeat
        key = (f"{device} {seed}", start, edge)
        if key in self._kept and not any(period):
            return self._kept[key]
        return self.field(seed, start, (edge, edge, edge), device, period)

    def _calibrate(self, device: str) -> Generator[Progress, None, None]:
        """Set the threshold that meets the wanted fraction on the calibration volume."""
        seed = int(self._card["seed"])

        def make_tile(start: Triple, edge: int) -> np.ndarray:
            field = self.field(seed, start, (edge, edge, edge), device)
            if (len(self._kept) + 1) * field.nbytes <= _KEPT_BYTES:
                self._kept[(f"{device} {seed}", start, edge)] = field
            return field

        job = assemble(make_tile, (0, 0, 0), CALIBRATION_SIZE, edge=TILE_EDGE, dtype=np.float32, what="Calibrating")
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                field, _ = end.value
                break
            # its blocks are no labels
            yield Progress(progress.step, progress.of, progress.what)
        values = np.sort(field, axis=None)
        places = np.linspace(0, len(values) - 1, _QUANTILES)
        quantiles = np.interp(places, np.arange(len(values)), values).astype(np.float32)
        # exactly so many voxels lie above the largest value that is left out
        outside = min(len(values) - 1, max(1, round((1 - self._card["volume_fraction"]) * len(values))))
        threshold = float(values[outside - 1])
        self._card = {
            **self._card,
            "calibration": {
                "size": list(CALIBRATION_SIZE),
                "seed": seed,
                "threshold": threshold,
                "fraction_before": float((values > 0).mean()),
                "fraction_after": float((values > np.float32(threshold)).mean()),
            },
        }
        self._quantiles = quantiles
