"""A trained denoiser, ready to make volumes from sections."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
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
from core.images.values import Phase, PhaseImage, Volume
from core.job import Job, Progress, reported
from core.masks.mask import Mask
from core.masks.stretched import Stretched
from core.provenance import Provenance, array_hash
from core.reconstruction.anchors import Anchor, check_anchors, known_in
from core.reconstruction.diffusion.classes import of_class
from core.reconstruction.diffusion.counting import labelling_by_counting
from core.reconstruction.diffusion.kept_sampling import KeptSampling
from core.reconstruction.diffusion.levels import Varying, labelling_by_level
from core.reconstruction.diffusion.phases import as_channels, channel_fractions, labelling_by_sorting, plain_labels
from core.reconstruction.diffusion.pictures import check_edge, sampling_pictures
from core.reconstruction.diffusion.planes import Emerging, Wanted
from core.reconstruction.diffusion.sampled_model import SampledModel, beyond_memory, cut_out
from core.reconstruction.diffusion.settings import sampled_as
from core.reconstruction.diffusion.shelf import Shelf
from core.reconstruction.diffusion.surroundings import setting_apart
from core.reconstruction.shares import shared
from core.reconstruction.towards import Towards

QUICK_STEPS, QUICK_EDGE = 10, 32
"""Steps and edge (voxels) of rough volumes."""
LEAST = 0.005
"""No phase is offered with a smaller share."""
OWN = 0.002
"""A fraction no further than this from the exemplar's is the exemplar's: the network is then told nothing."""

_PREPARING = GenerationProgress(0, 0, "Reading the mask")
_LABELLING = GenerationProgress(0, 0, "Meeting the fractions")


@dataclass(frozen=True)
class EmergingProgress(GenerationProgress):
    """A step of sampling done: the whole volume as it is expected now, also as `TrainingProgress.preview`."""

    preview: np.ndarray | None = None
    shows: str = "emerging from noise"


def fraction_error(fraction: float) -> InputError:
    """The error for a volume fraction that cannot be."""
    return InputError(
        f"A volume fraction lies between 0 and 1, not {fraction:g}.", "Give a share such as 0.4 for 40 %."
    )


class DiffusionModel(SampledModel):
    """See `core.reconstruction.engine.Model`.

    Parameters
    ----------
    denoiser
        In evaluation mode, on the CPU.
    card
        JSON-able description with at least ``phases``, ``volume_phase``, ``pixel_size``, ``volume_fraction``,
        ``exemplar_fraction``, ``seed`` and ``provenance``; see `core.reconstruction.diffusion.engine`.
    settings
        How it samples; by default as the denoiser's settings say.
    """

    def note(self, entries: Mapping[str, Any]) -> None:
        """Add to the card what was found out about the model since."""
        self._card = {**self._card, **entries}

    def generating_with(self, changes: Mapping[str, Any]) -> DiffusionModel:
        """This model with other settings of its sampling; both share their weights.

        Raises
        ------
        InputError
            For settings of the training, or values that cannot be.
        """
        settings = sampled_as(self._settings, changes)
        # what was measured of a volume was measured of one made in another way
        card = {key: entry for key, entry in self._card.items() if key not in ("result", "calibration")}
        return DiffusionModel(self._denoiser, {**card, "settings": described.to_json(settings)}, settings)

    @property
    def served(self) -> tuple[float, float]:
        """Lowest and highest volume fraction that crops of the training had; where it was told none, the wanted one."""
        own = float(self._card["volume_fraction"])
        low, high = (float(end) for end in self._card.get("served", (own, own)))
        # crops of one phase alone say nothing of a volume of one phase alone
        return (max(low, LEAST), min(high, 1 - LEAST)) if self._settings.told else (own, own)

    def of_class(self, name: str) -> DiffusionModel:
        """This model as one that makes volumes of a class; both share their weights.

        Raises
        ------
        InputError
            Where there is no such class.
        """
        return DiffusionModel(self._denoiser, of_class(self._card, self._number_of(name)), self._settings)

    def quick(self) -> tuple[DiffusionModel, int]:
        """A model that makes rough volumes fast, and the edge of one that takes a few seconds on a processor."""
        # all planes at every step would take nearly three times as long
        rough = {"steps": min(QUICK_STEPS, self._settings.times), "passes": 1, "planes": "in turn"}
        return self.generating_with(rough), QUICK_EDGE

    def recipe(
        self,
        size: Triple,
        seed: int,
        *,
        device: str = "cpu",
        volume_fraction: float | None = None,
        mask: Mask | None = None,
        periodic: Axes = NOWHERE,
        anchors: Sequence[Anchor] = (),
        towards: Towards | None = None,
        kept: KeptSampling | None = None,
    ) -> Job[Recipe]:
        """A job that makes the whole volume; the recipe only hands out its parts.

        Sections reach across the whole volume, so that no part of it can be made without the rest. One that memory does
        not hold is sampled on the disk (`core.reconstruction.diffusion.shelf`), with the same voxels: where ``kept``
        says, so that a later run goes on with it, until the volume is written.

        Raises
        ------
        JobError
            Where neither memory nor disk hold it.
        """
        device = devices.resolve(device)
        begun = kept is not None and kept.begun
        shelf = Shelf(device, on_disk=begun or beyond_memory(size), kept=kept)
        labels, provenance = yield from self._labelled(
            shelf, size, seed, device, volume_fraction, mask, periodic, anchors, towards
        )

        def provenance_of(_edge: int, _needed: Shelf = shelf) -> Provenance:
            # files of the shelf go when the recipe does
            return provenance

        return Recipe(
            size=size,
            periodic=periodic,
            make_tile=partial(cut_out, labels),
            phases=self._phases,
            voxel_size=self._voxel_size,
            name=self._name(size, seed),
            provenance=provenance_of,
            identity=self._identity_of_file(provenance, seed, device) | self._which(),
            written=(lambda: None) if kept is None else kept.remove,
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
        anchors: Sequence[Anchor] = (),
        towards: Towards | None = None,
    ) -> Job[Volume]:
        """A job that makes a volume in one piece; see `core.reconstruction.engine.Model.generate`.

        The same model, seed, size and device type give the same voxels; another size gives another volume. Sections
        given as ``anchors`` are in it exactly, and what is sampled around them agrees with them: at every step they
        stand in the volume with as much noise as it has then (Lugmayr et al., RePaint, CVPR 2022). With ``towards`` the
        volume lies between those of two seeds: it passes steadily from the one to the other with the weight.
        """
        device = devices.resolve(device)
        labels, provenance = yield from self._labelled(
            Shelf(device), size, seed, device, volume_fraction, mask, periodic, anchors, towards
        )
        return Volume(labels, self._phases, self._voxel_size, self._name(size, seed), provenance)

    def _labelled(
        self,
        shelf: Shelf,
        size: Triple,
        seed: int,
        device: str,
        volume_fraction: float | None,
        mask: Mask | None,
        periodic: Axes,
        anchors: Sequence[Anchor],
        towards: Towards | None,
    ) -> Job[tuple[np.ndarray, Provenance]]:
        """A job that makes the labels of a volume, which lie where ``shelf`` says."""
        fraction = float(self._card["volume_fraction"]) if volume_fraction is None else volume_fraction
        here, varies = None if mask is None else Stretched(mask, size), False
        if here is not None:
            fraction, low, high = yield from reported(here.measuring(), _PREPARING)
            # the same everywhere is one fraction
            varies = low < high
        self._check(size, fraction, periodic)
        check_anchors(size, anchors)
        sections = [self._known(anchor, size) for anchor in anchors]
        phases = len(self._card["phases"])
        pictures = {
            (anchor.axis, anchor.place): as_channels(section, phases)
            for anchor, section in zip(anchors, sections, strict=True)
        }
        shares = self._shares(fraction)
        fractions = channel_fractions(shares)
        exemplar = float(self._card["exemplar_fraction"])
        usual = self._card["exemplar_fractions"] if self._several else (1 - exemplar, exemplar)
        own = all(math.isclose(one, other, abs_tol=OWN) for one, other in zip(shares, usual, strict=True))
        told = fractions if self._denoiser.settings.told and (varies or not own) else None
        ends = [channel_fractions(self._shares(share)) for share in (0.0, 1.0)]
        varying = Varying(here, *ends) if here is not None and varies else None
        wanted = Wanted(size, seed, periodic, fractions, told, self._planes, pictures, varying, towards)
        if shelf.keeps:
            followed = None if mask is None else array_hash(mask.fraction)
            shelf.begin({**self._identity(wanted, device), "mask": followed})
        field = yield from self._sampled(wanted, device, shelf)
        inside = int(self._card["volume_phase"])
        # one after the other: the comparison of the whole would be as large as the field
        found = (self._as_labels(plain_labels(part)) for part in field.swapaxes(0, 1))
        counts = yield from reported(_counts_of(inside, found), _LABELLING)
        before = float(np.mean(np.array(counts) / (size[1] * size[2])))
        known = known_in(size, anchors, sections, shelf.array if shelf.on_disk else np.zeros)
        yield from reported(setting_apart(field), _LABELLING)
        labels = shelf.array(size, np.uint8)
        # two phases are counted as fast as they are sorted
        label = labelling_by_counting if shelf.on_disk or len(field) == 1 else labelling_by_sorting
        if varying is None:
            steps = label(field, shares, labels, *known)
        else:
            given = known if anchors else None
            steps = labelling_by_level(field, varying.field, self._shares, given, labels, label, shelf)
        yield from reported(steps, _LABELLING)
        if not self._several and self._card["volume_phase"] != 1:
            for section in labels:
                np.subtract(np.uint8(1), section, out=section)
                yield _LABELLING
        if volume_fraction is None and mask is None and towards is None:
            after = sum((yield from reported(_counts_of(inside, labels), _LABELLING))) / labels.size
            calibration = {"fraction_before": before, "fraction_after": after}
            self._card["calibration"] = {**calibration, "size": list(size), "seed": seed}
        asked: dict[str, Any] = {"size": list(size), "volume_fraction": fraction, "fraction_before": before}
        if any(periodic):
            asked["periodic"] = axes_name(periodic)
        if mask is not None:
            asked["mask"] = {"name": mask.name, "range": list(mask.range), "hash": array_hash(mask.fraction)}
        if anchors:
            asked["anchors"] = [anchor.entry() for anchor in anchors]
        if towards is not None:
            asked["towards"] = towards.entry()
        return labels, self._provenance(asked, seed, device)

    @property
    def _phases(self) -> tuple[Phase, ...]:
        return tuple(Phase(item["name"], item["color"]) for item in self._card["phases"])

    @property
    def _voxel_size(self) -> tuple[float, float, float] | None:
        voxel = self._card["pixel_size"]
        return None if voxel is None else (voxel, voxel, voxel)

    def pictures(
        self, count: int, edge: int, seed: int, *, fractions: np.ndarray | None = None, device: str = "cpu"
    ) -> Job[np.ndarray]:
        """A job that makes pictures, which no planes have to agree on: what the network alone has learned.

        Parameters
        ----------
        edge
            Rows and columns, a whole multiple of the settings' ``stride``.
        fractions
            Of the phase of interest in each picture, shape (count,), which the network is told; None for nothing.

        Returns
        -------
        Labels, shape (count, edge, edge), uint8.
        """
        check_edge(count, edge, self.stride)
        told = None
        if fractions is not None:
            told = np.array([channel_fractions(self._shares(float(share))) for share in fractions], dtype=np.float32)
        device = devices.resolve(device)
        with self._lent(device) as denoiser:
            known = yield from sampling_pictures(
                denoiser, count, edge, seed, label=self._planes[0], fractions=told, device=device,
                settings=self._settings,
            )  # fmt: skip
        return self._as_labels(known)

    def phase_images(
        self, count: int, edge: int, seed: int, *, volume_fraction: float | None = None, device: str = "cpu"
    ) -> Job[tuple[PhaseImage, ...]]:
        """A job that makes pictures as phase images; arguments as of `pictures`, one fraction for all of them.

        Raises
        ------
        InputError
            Where the model is not told of fractions, or for a size or fraction that cannot be.
        """
        fraction = float(self._card["volume_fraction"]) if volume_fraction is None else volume_fraction
        if not 0 < fraction < 1:
            raise fraction_error(fraction)
        if volume_fraction is not None and not self._denoiser.settings.told:
            raise InputError("This model's network is told no volume fraction.", "Leave it out.")
        told = None if volume_fraction is None else np.full(count, fraction, np.float32)
        labels = yield from self.pictures(count, edge, seed, fractions=told, device=device)
        asked: dict[str, Any] = {"edge": edge, "pictures": count, "volume_fraction": volume_fraction}
        made = self._provenance(asked, seed, devices.resolve(device))
        return tuple(
            PhaseImage(one, self._phases, self._card["pixel_size"], f"{self._card['name']} {number}", made)
            for number, one in enumerate(labels, 1)
        )

    def _check(self, size: Triple, fraction: float, periodic: Axes) -> None:
        if not 0 < fraction < 1:
            raise fraction_error(fraction)
        self._check_size(size, periodic)

    def _sampled(self, wanted: Wanted, device: str, shelf: Shelf) -> Generator[Progress, None, np.ndarray]:
        """The field of a volume, as channels."""
        what = "Generating on the disk" if shelf.on_disk else "Generating"

        def told(report: Emerging) -> Progress:
            known = report.labels
            if known is None:
                return GenerationProgress(report.done, report.of, what)
            return EmergingProgress(report.done, report.of, what, self._as_labels(known), preview=known)

        return self._sampling(wanted, device, told, shelf)

    @property
    def _several(self) -> bool:
        return len(self._card["phases"]) > 2

    def _which(self) -> dict[str, Any]:
        """The class, where there are several: another one's volume never goes on in the same file."""
        return {"class": list(self._planes)} if self.classes else {}

    @property
    def _planes(self) -> Triple:
        z, y, x = (int(label) for label in self._card["planes"])
        return z, y, x

    def _shares(self, fraction: float) -> tuple[float, ...]:
        """Of the phases that the denoiser knows: the rest and the phase of interest, or all in label order."""
        if not self._several:
            return 1 - fraction, fraction
        base = self._card.get("volume_fractions", self._card["exemplar_fractions"])
        return shared(base, int(self._card["volume_phase"]), fraction)

    def _known(self, anchor: Anchor, size: Triple) -> np.ndarray:
        """What an anchor says, in labels as the denoiser knows them."""
        labels, count = anchor.part_in(size), len(anchor.image.phases)
        exemplars = len(self._card.get("exemplar_fractions", (0, 0)))
        if self._several and count == exemplars:
            return labels
        if not self._several and count == exemplars:
            inside = labels == self._card.get("exemplar_phase", self._card["volume_phase"])
        elif not self._several and count == 2:
            # a section of a volume of one phase against the rest
            inside = labels == self._card["volume_phase"]
        else:
            raise InputError(
                f"The plane {anchor.name} has {count} phases, the model's exemplar {exemplars}.",
                "Segment it into the same phases, in the same order.",
            )
        found: np.ndarray = inside.astype(np.uint8)
        return found

    def _as_labels(self, known: np.ndarray) -> np.ndarray:
        """Labels of the volume from those that the denoiser knows: of two, 1 is the phase of interest."""
        return known if self._several or self._card["volume_phase"] == 1 else np.uint8(1) - known


def _counts_of(label: int, sections: Iterable[np.ndarray]) -> Generator[None, None, list[int]]:
    """How often a label occurs in each section; yields after each."""
    counts = []
    for section in sections:
        counts.append(int(np.count_nonzero(section == label)))
        yield
    return counts
