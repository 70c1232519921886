"""Projects made in a moment: real micrograph, phases, curves and band, a tiny model with random weights."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from core.images.marks import Mark
from core.images.true_volume import TrueVolume
from core.images.values import Micrograph, Phase, PhaseImage, Volume
from core.images.views import Cut, KeyView
from core.masks.design import Layer, MaskDesign
from core.masks.fields import constant
from core.masks.sources import Imported, Linear, PaintedPlanes, Plane
from core.painting.sheet import Painted, Sheet
from core.projects.plan import Plan, Series
from core.projects.project import Project, SavedResult
from core.provenance import Provenance
from core.reconstruction.anchors import Anchor
from core.reconstruction.engine import Target
from core.reconstruction.pipeline import Reconstruction
from core.reconstruction.towards import Ramp, Towards
from core.report.account import Account, Source
from core.report.quantities import Quantity
from core.report.runs import Entry
from core.segmentation.classifier import Classifier, TrainingSettings, train
from core.segmentation.classifier_file import classifier_bytes, classifier_from_bytes
from core.segmentation.comparing import Kept
from core.segmentation.settings import SegmentationSettings
from core.segmentation.stack import Stack
from core.statistics import compare, sampling_band
from tests.core.reconstruction.models import tiny_model

PHASES = (Phase("Mätrix", "#8A9099"), Phase("Pores ∅", "#E69F00"))


def plane(position: float, seed: int) -> Plane:
    values = np.random.default_rng(seed).random((20, 30)).astype(np.float32)
    return Plane(position, Painted(Sheet(values)))


def exemplar(seed: int = 0) -> PhaseImage:
    labels = (np.random.default_rng(seed).random((24, 30)) < 0.4).astype(np.uint8)
    return PhaseImage(labels, PHASES, 0.1 + 0.2, "exemplar", Provenance("segment", settings={"threshold": 0.1}))


def saved_result(image: PhaseImage, seed: int = 0, model: Any = None) -> SavedResult:
    labels = (np.random.default_rng(seed + 100).random((12, 13, 14)) < 0.4).astype(np.uint8)
    volume = Volume(
        labels, PHASES, (1e-9, 1 / 3 * 1e-9, 2e-9), "volume", Provenance("generate", seed=seed, device="a device")
    )
    made = Reconstruction(
        model=tiny_model() if model is None else model,
        volume=volume,
        target=Target(
            image,
            1,
            0.1 + 0.2,
            (12, 13, 14),
            seed,
            constant(0.3, (1, 2, 3)),
            all_phases=seed == 2,
            region_of=1 if seed == 2 else None,
            volume_fractions=(1 / 3, 1 / 6, 0.5) if seed == 2 else None,
            exemplar_yz=exemplar(7) if seed == 3 else None,
            anchors=(Anchor(1, 5, exemplar(8)), Anchor(2, 0, image)) if seed == 3 else (),
            towards={1: None, 2: Towards(9, 1 / 3), 3: Towards(8, constant(0.3, (1, 2, 3)))}.get(seed),
            exact=seed != 2,
        ),
        volume_phase=1,
        comparison=compare(labels == 1, image.labels == 1),
        band=sampling_band(image.labels == 1, 5),
        engine="swnn",
        preset="fast",
        device="a device",
        settings={"levels": 2},
        seconds={"train": 1 / 3, "generate": float("nan"), "measure": 0.0},
        fraction_before=float("nan"),
        fraction_after=1 / 7,
    )
    plan = Plan(seed=seed, volume_fraction=0.1 + 0.2, size=(12, 13, 14), changed_settings={"levels": 2})
    stored = "/somewhere/vølume.ome.zarr" if seed == 2 else ""
    asked = Plan(seed=1, towards=Towards(7, 1 / 3)) if seed == 2 else None
    layers = (Layer("Grund", Linear(0.1, 1 / 3)), Layer("Painted", PaintedPlanes(1, (plane(0.25, 5),), 0.2), "max"))
    design = {1: MaskDesign(), 2: MaskDesign(True, layers, 1)}.get(seed)
    return SavedResult(
        f"result {seed}", plan, sampling_band(image.labels == 1, 9), made, stored, asked=asked, design=design
    )


def classifier(ndim: int = 2) -> Classifier:
    """As it comes from a file."""
    generator = np.random.default_rng(3)
    grey = generator.integers(0, 256, (12,) * ndim).astype(np.uint8)
    marks = generator.integers(0, 3, grey.shape).astype(np.uint8)
    made = train(grey, marks, TrainingSettings(trees=2), (1.0,))
    return classifier_from_bytes(classifier_bytes(made))


def slice_painted(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(np.array([0, 1, 255], np.uint8), (40, 50))


def line() -> Entry:
    numbers = (
        Quantity("fraction", "Fraction", 1 / 3, share=True),
        Quantity("size", "Size", math.inf, "", -2, False, 0.1 + 0.2, math.nan, False),
    )
    told = account()
    return Entry("röck.tif, from 1, 3, 0", "rock", numbers, (12, 13, 14), 1 / 3 * 1e-9, None, "Said.", account=told)


def account() -> Account:
    image = exemplar()
    labels = np.random.default_rng(77).random((12, 13, 14)) < 0.4
    compared = compare(labels, image.labels == 1)
    return Account(
        name="röck.tif", shape=(12, 13, 14), phases=PHASES, solid=True, phase=PHASES[1], fraction=1 / 3,
        edges=(1e-9, 1 / 3 * 1e-9, 2e-9), curves=compared.volume,
        exemplar=Source("exemplar", image.labels.shape, 0.1 + 0.2, "a hash"), comparison=compared,
        band=sampling_band(image.labels == 1, 5), target_fraction=None, periodic="", statistics=(), properties=None,
        seed=None, engine=None, preset=None, device=None, settings={}, seconds={"measure": 1 / 3, "read": math.nan},
        training={}, versions={"microloom": "0"}, sha256="another hash",
    )  # fmt: skip


def project(**changes: Any) -> Project:
    grey = np.random.default_rng(1).integers(0, 2**16, (40, 50)).astype(np.uint16)
    picture = Micrograph(
        grey,
        1e-9 / 3,
        "pïcture.tif",
        Provenance("read", source="pïcture.tif"),
        {"Voltage": "5 kV", "Detector": "SE"},
        37,
    )
    image = exemplar()
    first = saved_result(image, 1)
    fields: dict[str, Any] = {
        "micrograph": picture,
        "source": "/somewhere/pïcture.tif",
        "crop": (1, 25, 2, 32),
        "pixel_size": 0.1 + 0.2,
        "segmentation": SegmentationSettings(denoise="median", threshold="manual", manual_thresholds=(1 / 3,)),
        "take_labels": False,
        "phases": PHASES,
        "corrections": slice_painted(4),
        "stack": Stack(9, 3, (0.1, 201.0), (1 / 3, 180.0), None, {2: slice_painted(5), 8: slice_painted(6)}, True),
        "classifier": classifier(),
        "mask": MaskDesign(
            True,
            (
                Layer("Grund", Linear(0.1, 1 / 3), smoothing=1 / 30),
                Layer("Painted", PaintedPlanes(1, (plane(0.25, 5), plane(0.75, 6)), 0.2), "max", 1 / 3),
                Layer("File", Imported(constant(0.25, (2, 3, 4))), "multiply", shown=False, levels=(0.1, 0.9)),
            ),
            1,
        ),
        "phase_image": image,
        "kept": (
            Kept(exemplar(9), "first", (1, 25, 2, 32)),
            Kept(exemplar(8), "version 3 (ötsu)", (1, 25, 2, 32), "2026-01-02T03:04:05+00:00", 3),
        ),
        "compared": Kept(exemplar(8), "version 3 (ötsu)", (1, 25, 2, 32), "2026-01-02T03:04:05+00:00", 3),
        "plan": Plan(
            phase=1,
            max_seconds=1 / 3,
            patience=77,
            volume_fractions=(0.7, 0.1, 0.2),
            device="cpu",
            all_phases=False,
            changed_settings={"iterations": 77},
            towards=Towards(2**40, Ramp(1, 0.1 + 0.2, 1.0)),
            exact=False,
        ),
        "planes": (exemplar(8), None),
        "anchors": (Anchor(0, 3, exemplar(10)),),
        "series": Series(3, (0.1 + 0.2, 1 / 3), True),
        "output": "/somewhere/völume.tif",
        "results": (first, saved_result(image, 2, first.made.model), saved_result(exemplar(9), 3)),
        "shown": 1,
        "marks": (
            Mark("distance", "Wïdth", ((0.1 + 0.2, 1.5, 2.0), (3.0, 1 / 3, 0.5)), "a hash"),
            Mark("angle", "", ((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0)), "another"),
            Mark("note", "a throat", ((1.5, 2.5, 3.5),), "a hash"),
        ),
        "true_volumes": (
            TrueVolume(Path("/somewhere/röck.tif"), "rock", 1, ((0, 12), (3, 16), (1, 15)), known=line()),
            TrueVolume(Path("/somewhere/other.ome.zarr"), "rock", 0),
        ),
        "cuts": (Cut(0.1 + 0.2, -1 / 3, 1 / 7), Cut(359.5, 90.0, 0.0)),
        "key_views": (
            KeyView(-180.0, 1 / 3),
            KeyView(0.1 + 0.2, -90.0, (0.1, 1 / 3, -2.5), 1 / 7, (Cut(10.0, 20.0, 1.0),)),
        ),
    }
    return Project(**(fields | changes))
