"""A trained SWNN network, ready to make volumes: noise keyed by position, fixed tiles, one threshold."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from typing import Any

import numpy as np
import torch

from core import devices
from core.errors import InputError
from core.generation.at_once import fitting
from core.generation.periods import NOWHERE, Axes, Period, Triple, axes_name, misfit, period_of
from core.generation.recipe import Recipe
from core.generation.tiles import TILE_EDGE, assemble
from core.images.values import Phase, Volume
from core.job import Job, Progress
from core.masks.mask import REGION_FROM, Mask
from core.provenance import Provenance, array_hash, versions
from core.reconstruction.shares import shared
from core.reconstruction.swnn.calibration import (
    around_calibrated,
    one_calibrated,
    range_calibrated,
    several_calibrated,
    threshold_in,
)
from core.reconstruction.swnn.exactness import KeptFields, exact_offsets, exact_threshold
from core.reconstruction.swnn.folding import folded
from core.reconstruction.swnn.labelling import labels_of
from core.reconstruction.swnn.likeness import shapes_like
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.noises import Way, noises_around
from core.reconstruction.swnn.region import given_place, labelled, others_of
from core.reconstruction.swnn.serving import (
    BEYOND,
    ServedOffsets,
    Thresholds,
    WantedFractions,
    checked_range,
    told_for,
)
from core.reconstruction.swnn.settings import Fraction, place_of
from core.reconstruction.towards import Towards
from core.reconstruction.weights import weights_hash, weights_of

CALIBRATION_SIZE: Triple = (128, 128, 128)
"""The threshold is set on this part of the volume of the model's own seed, whatever size is asked for later.

So the usual volume of 128³ voxels meets the volume fraction exactly, and a voxel never depends on the size asked for;
smaller and larger ones, and those of other seeds, scatter about it as samples do.
"""
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
        still to be set; `generate` then does it first. A model for a range of volume fractions has none: its thresholds
        are in the card.
    """

    can_be_exact = True
    """Whether `generate` and `recipe` take ``exact``."""

    def __init__(self, network: SwnnNetwork, card: Mapping[str, Any], quantiles: np.ndarray | None = None) -> None:
        self._network = network.eval()
        self._card = dict(card)
        self._quantiles = quantiles
        self._last_folded: tuple[float | None, SwnnNetwork] | None = None
        self._kept: dict[tuple[str, Triple, int], np.ndarray] = {}

    @property
    def card(self) -> Mapping[str, Any]:
        """JSON-able description of the model."""
        return self._card

    def note(self, entries: Mapping[str, Any]) -> None:
        """Add to the card what was found out about the model since."""
        self._card = {**self._card, **entries}

    def weights(self) -> Mapping[str, np.ndarray]:
        """The network's parameters and statistics, and the calibration's quantiles where it is done."""
        arrays = weights_of(self._network)
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
        wanted: WantedFractions | None = None,
        way: Way | None = None,
    ) -> np.ndarray:
        """The network's output in a box, shape ``size``, float32; of more than two phases with a channel each, last.

        Computed in one piece: to the bit, it depends on the shape and place of the box. `generate` asks for tiles.
        ``period``, in voxels, must be a whole number of the coarsest cells. ``wanted`` is what a model for a range of
        volume fractions is told, by default the fraction it was trained for first. On a ``way``, the noise is that
        between two seeds.
        """
        told = self._told(wanted, origin, size, device)
        network = (self._folded(wanted) if told is None else self._network).to(device)
        try:
            noises = noises_around(self._network, seed, origin, size, device, period, way)
            with torch.inference_mode():
                values: np.ndarray = network(noises, origin, size, told)[0].movedim(0, -1).cpu().numpy()
            return values if values.shape[-1] > 1 else values[..., 0]
        finally:
            network.to("cpu")

    @property
    def _several(self) -> bool:
        return len(self._card["phases"]) > 2

    def _told(
        self, wanted: WantedFractions | None, origin: Triple, size: Triple, device: str
    ) -> list[torch.Tensor] | None:
        """What the network is told where that differs from place to place, else None."""
        region = self._card.get("region_of") is not None
        if wanted is None or not (region or (self._network.settings.conditional and wanted.uniform is None)):
            return None
        boxes = zip(self._network.noise_grids, self._network.noise_boxes(origin, size), strict=True)
        fields = (wanted.box(box.start, box.shape, grid.stride) for grid, box in boxes)
        places = (2 * field - 1 if region else self._place(field) for field in fields)
        return [torch.from_numpy(place).to(device)[None, None] for place in places]

    def _place(self, fraction: Fraction) -> Fraction:
        """What the network is told where ``fraction`` is wanted: its place in the range, as the calibration found."""
        return place_of(self._network.settings, told_for(self._card.get("calibration", {}), fraction))

    def _folded(self, wanted: WantedFractions | None) -> SwnnNetwork:
        """The network for one fraction, without normalisations; the last one is kept."""
        place = None
        if self._network.settings.conditional:
            fraction = None if wanted is None else wanted.uniform
            place = self._place(self._card["volume_fraction"] if fraction is None else fraction)
        last = self._last_folded  # taken once: several threads ask
        if last is None or last[0] != place:
            self._last_folded = last = place, folded(self._network, place)
        return last[1]

    @property
    def served(self) -> tuple[float, float]:
        """Lowest and highest volume fraction that can be asked for; of a model for one fraction, that one."""
        settings = self._network.settings
        if settings.lowest_fraction is None or settings.highest_fraction is None:
            return self._card["volume_fraction"], self._card["volume_fraction"]
        return settings.lowest_fraction, settings.highest_fraction

    @property
    def _calibrated(self) -> bool:
        return self._quantiles is not None or bool(
            {"served", "offsets", "served_offsets", "around"} & set(self._card.get("calibration", {}))
        )

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
        if not self._calibrated:
            raise InputError("This model has no threshold yet.", "Generate a volume first.")
        if self._several:
            raise InputError("A model of several phases has no single threshold.", "Ask for its labels.")
        if self._quantiles is None:
            checked_range(*self.served, (wanted, wanted))
            return float(Thresholds.from_json(self._card["calibration"]["served"]).at(np.array(wanted)))
        if math.isclose(wanted, self._card["volume_fraction"], abs_tol=1e-12):
            return float(self._card["calibration"]["threshold"])
        return threshold_in(self._quantiles, wanted, self._card["volume_fraction"])

    def recipe(
        self,
        size: Triple,
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: Axes = NOWHERE,
        towards: Towards | None = None,
        exact: bool = False,
    ) -> Job[Recipe]:
        """A job that sets the threshold where it is not set yet; see `core.reconstruction.engine.Model.recipe`.

        ``towards`` and ``exact`` are as of `core.reconstruction.engine.Target`; with a mask, ``exact`` changes nothing.
        A model for one volume fraction with one level of noise, as published, follows a mask as published: it moves the
        mean of the noise.
        """
        device = devices.resolve(device)
        problem = misfit(size, periodic, self._network.noise_grids[-1].stride)
        if problem is not None:
            raise problem
        if self._card.get("region_of") is not None:
            return (yield from self._around(mask, size, seed, device, periodic, towards))
        conditional = self._network.settings.conditional
        mean = None if conditional else mask
        if mean is not None and (self._several or len(self._network.noise_grids) > 1):
            raise InputError(
                "This model was trained for one volume fraction, so it cannot follow a mask.",
                "Train one for a range of volume fractions (settings: lowest and highest fraction).",
            )
        if mask is not None and mean is None:
            checked_range(*self.served, mask.range)
        fraction = self._card["volume_fraction"] if volume_fraction is None else volume_fraction
        if self._several and conditional and mask is None:
            checked_range(*self.served, (fraction, fraction))
        if self._several and not conditional and abs(fraction - self._card["volume_fraction"]) > BEYOND:
            raise InputError(
                "This model makes all phases with the fractions it was trained for: none of them can be chosen.",
                "Train one for a range of volume fractions (settings: lowest and highest fraction).",
            )
        if not self._calibrated:
            yield from self._calibrate(device)
        period = period_of(size, periodic)
        wanted = WantedFractions(fraction if mask is None else mask, size, period) if conditional else None
        way = Way.over(towards, size, period, mean)
        fields = KeptFields(
            lambda start, edge: self._tile(seed, start, edge, device, period, wanted, way), fitting(device)
        )
        level = self._level(np.array(fraction)) if mask is None or mean is not None else None
        if exact and level is not None and mean is None:
            level = yield from self._exact_level(fields, size, period, fraction, level)

        def make_tile(start: Triple, edge: int) -> np.ndarray:
            here = level
            if here is None:
                here = self._level(wanted.box(start, (edge, edge, edge), 1) if wanted else np.array(fraction))
            return self._labels(fields.take(start, edge), here)

        asked: dict[str, Any] = {}
        if mask is not None:
            asked["mask"] = {"name": mask.name, "range": list(mask.range), "hash": array_hash(mask.fraction)}
        if mean is not None:
            asked["mask"]["says"] = "mean of the noise"
        if level is not None:
            said = {"offsets": level.tolist()} if self._several else {"threshold": float(level)}
            asked |= {"volume_fraction": fraction, **said, **({"exact": True} if exact and mean is None else {})}
        return self._recipe(size, seed, device, periodic, make_tile, asked, towards)

    def _level(self, fractions: np.ndarray) -> np.ndarray:
        """The threshold, or of several phases the offsets, where the fractions are these."""
        if self._several:
            return self._offsets(fractions)
        if not fractions.ndim:
            return np.array(self.threshold(float(fractions)), dtype=np.float32)
        return Thresholds.from_json(self._card["calibration"]["served"]).at(fractions)

    def _exact_level(
        self, fields: KeptFields, size: Triple, period: Period, fraction: float, level: np.ndarray
    ) -> Generator[Progress, None, np.ndarray]:
        """As `_level`, with which the volume that is asked for has the fraction; ``level`` is the calibrated one."""

        def labels(field: np.ndarray) -> np.ndarray:
            return self._labels(field, level)

        if self._several:
            return (yield from exact_offsets(fields, size, period, self._shares(fraction), labels))
        found = yield from exact_threshold(fields, size, period, fraction, labels)
        return np.array(found, dtype=np.float32)

    def _labels(self, field: np.ndarray, level: np.ndarray) -> np.ndarray:
        if self._several:
            return labels_of(field, level)
        inside = np.uint8(self._card["volume_phase"])
        return np.where(field > level, inside, 1 - inside).astype(np.uint8)

    def _shares(self, fraction: float) -> tuple[float, ...]:
        """Of all phases, where the phase of interest has ``fraction``."""
        base = self._card.get("volume_fractions", self._card["exemplar_fractions"])
        return shared(base, self._card["volume_phase"], fraction)

    def _around(
        self, mask: Mask | None, size: Triple, seed: int, device: str, periodic: Axes, towards: Towards | None
    ) -> Job[Recipe]:
        """A job for the recipe of the other phases around the one whose region ``mask`` is."""
        label = int(self._card["region_of"])
        name = self._card["phases"][label]["name"]
        place, period = given_place(mask, name), period_of(size, periodic)
        wanted, way = WantedFractions(place, size, period), Way.over(towards, size, period)
        # a model from before this was calibrated has no curve
        if "region_curve" in self._card and not self._calibrated:
            yield from self._calibrate(device)
        offsets = np.zeros(len(self._card["phases"]) - 1, dtype=np.float32)
        if self._calibrated:
            offsets = np.array(self._card["calibration"]["around"], dtype=np.float32)

        def make_tile(start: Triple, edge: int) -> np.ndarray:
            others = others_of(self.field(seed, start, (edge, edge, edge), device, period, wanted, way), offsets)
            return labelled(others, wanted.box(start, (edge, edge, edge), 1) >= REGION_FROM, label)

        region = {"name": place.name, "of": name, "hash": array_hash(place.fraction)}
        asked = {"region": region, "offsets": offsets.tolist()}
        return self._recipe(size, seed, device, periodic, make_tile, asked, towards)

    def _recipe(
        self,
        size: Triple,
        seed: int,
        device: str,
        periodic: Axes,
        make_tile: Callable[[Triple, int], np.ndarray],
        asked: dict[str, Any],
        towards: Towards | None,
    ) -> Recipe:
        asked = {"size": list(size), **asked, **({} if towards is None else {"towards": towards.entry()})}
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
            name=f"{self._card['name']} {'×'.join(map(str, size))} seed {seed}"
            + ("" if towards is None else f" towards {towards.seed}"),
            provenance=provenance,
            identity={
                **asked,
                "seed": seed,
                "model": weights_hash(self.weights()),
                "device": device,
                "torch": str(torch.__version__),
            },
            at_once=fitting(device),
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
        towards: Towards | None = None,
        exact: bool = False,
    ) -> Job[Volume]:
        """A job that makes a volume; see `core.reconstruction.engine.Model.generate`."""
        recipe = yield from self.recipe(
            size, seed, device=device, volume_fraction=volume_fraction, mask=mask, periodic=periodic, towards=towards,
            exact=exact,
        )  # fmt: skip
        volume = yield from recipe.volume()
        self._kept.clear()
        return volume

    def _tile(
        self,
        seed: int,
        start: Triple,
        edge: int,
        device: str,
        period: Period,
        wanted: WantedFractions | None,
        way: Way | None,
    ) -> np.ndarray:
        # what the calibration kept does not repeat
        key = (f"{device} {seed}", start, edge)
        if wanted is None and way is None and key in self._kept and not any(period):
            return self._kept[key]
        return self.field(seed, start, (edge, edge, edge), device, period, wanted, way)

    def _offsets(self, fractions: np.ndarray) -> np.ndarray:
        """Of several phases: what is added to their channels where the phase of interest is to have ``fractions``."""
        calibration = self._card["calibration"]
        if "served_offsets" in calibration:
            return ServedOffsets.from_json(calibration["served_offsets"], len(self._card["phases"])).at(fractions)
        return np.array(calibration["offsets"], dtype=np.float32)

    def _calibrate(self, device: str) -> Generator[Progress, None, None]:
        """Set the threshold, or those of a range, that meet the wanted fractions on the calibration volume."""
        own, seed = float(self._card["volume_fraction"]), int(self._card["seed"])
        calibration: dict[str, Any] = {"size": list(CALIBRATION_SIZE), "seed": seed}
        served = self.served if self._network.settings.conditional else None

        def field_of(*asked: Any) -> Generator[Progress, None, np.ndarray]:
            return self._calibration_field(device, seed, *asked)

        label = self._card.get("region_of")
        if label is not None:
            shapes = shapes_like(self._card["region_curve"], CALIBRATION_SIZE, seed)
            calibration |= yield from around_calibrated(field_of, shapes, self._card["exemplar_fractions"], label)
        elif self._several:
            base = self._card.get("volume_fractions", self._card["exemplar_fractions"])
            calibration |= yield from several_calibrated(field_of, base, self._card["volume_phase"], own, served)
        elif served is not None:
            calibration |= yield from range_calibrated(field_of, own, served)
        else:
            found, self._quantiles = yield from one_calibrated(field_of, own)
            calibration |= found
        self._card = {**self._card, "calibration": calibration}

    def _calibration_field(
        self, device: str, seed: int, fraction: float | Mask | None, number: int, of: int
    ) -> Generator[Progress, None, np.ndarray]:
        """The field of the calibration volume; ``number`` of how many, for the progress."""
        wanted = None if fraction is None else WantedFractions(fraction, CALIBRATION_SIZE)

        def make_tile(start: Triple, edge: int) -> np.ndarray:
            field = self.field(seed, start, (edge, edge, edge), device, wanted=wanted)
            if wanted is None and (len(self._kept) + 1) * field.nbytes <= _KEPT_BYTES:
                self._kept[(f"{device} {seed}", start, edge)] = field
            return field

        made = len(self._card["phases"]) - (self._card.get("region_of") is not None)
        channels = made if made > 2 else None
        job = assemble(
            make_tile, (0, 0, 0), CALIBRATION_SIZE, edge=TILE_EDGE, dtype=np.float32, what="Calibrating",
            channels=channels, at_once=fitting(device),
        )  # fmt: skip
        while True:
            try:
                progress = next(job)
            except StopIteration as end:
                field: np.ndarray = end.value[0]
                return field
            # its blocks are no labels
            yield Progress(progress.step + number * progress.of, progress.of * of, progress.what)
