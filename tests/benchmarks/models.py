"""Trains the model that ships, and says how good it is: ``python -m tests.benchmarks.models``.

One diffusion model learns the six kinds of `core.synthesis.datasets`, told the kind and the volume fraction. What it
makes is then compared with images that it has never seen, and all of it written into the model's card: data, seed,
training time, distances and ε. Anyone can run it again; with the same number of iterations and one thread it gives the
same weights, while a time limit ends it where the machine has got to.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.values import PhaseImage
from core.job import finish
from core.quality import PictureSet, comparing_sets, nearest
from core.reconstruction.diffusion.classes import training
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.diffusion.settings import PRESETS, SAMPLING
from core.reconstruction.model_file import SUFFIX, load_model, save_model
from core.reconstruction.model_record import picture_entry
from core.synthesis.datasets import KINDS, dataset

ROOT = Path(__file__).resolve().parents[2]
EDGE = 96
"""Of the images, px: larger than the crops, whose fractions differ the more."""
SHIPPED = ("polycrystal", "fibres", "spheres", "carbonate", "ceramic", "copolymer")
"""What the model that comes with the program is trained on; other kinds can be asked for."""
FRACTIONS = (0.6, 0.75, 0.9, 1.05, 1.2)
"""Of each kind's own volume fraction: what the images have, so that the model learns to follow it."""
Facts = dict[str, Any]
UNSEEN = 1_000_003
"""Added to the seed of images that are kept for the comparison."""


def images_of(kind: str, count: int, seed: int, edge: int = EDGE) -> list[PhaseImage]:
    """``count`` images of a kind, as many of each of `FRACTIONS`."""
    own, made = KINDS[kind].settings, []
    for number, share in enumerate(FRACTIONS):
        settings = replace(own, size=edge, fraction=share * own.fraction)
        several = (count + len(FRACTIONS) - 1 - number) // len(FRACTIONS)
        made += [item.image for item in dataset(kind, several, seed + number, settings)]
    return made


def unseen_crops(kind: str, count: int, edge: int, seed: int) -> np.ndarray:
    """Crops of images of a kind that no training saw, one of each, shape (count, edge, edge), bool."""
    dice = np.random.default_rng(seed)
    unseen = images_of(kind, count, seed + UNSEEN)
    found: np.ndarray = (
        np.stack([_crop(image.labels, edge, *dice.integers(EDGE - edge + 1, size=2)) for image in unseen]) == 1
    )
    return found


def judged(
    model: DiffusionModel, kind: str, learned: Sequence[PhaseImage], count: int, seed: int
) -> tuple[Facts, Facts]:
    """Pictures of a kind against as many crops of images that the training never saw; ε in per cent.

    Each picture is told the fraction of one of the crops. How near it comes to a copy is found among the crops of what
    was learned, every eighth pixel. Beside the facts, one of the pictures as a card keeps it.
    """
    edge = model.crop
    real = unseen_crops(kind, count, edge, seed)
    shares = real.mean(axis=(1, 2))
    began = time.process_time()
    made = finish(model.of_class(kind).pictures(count, edge, seed, fractions=shares)) == 1
    seconds = time.process_time() - began
    names = tuple(map(str, range(count)))
    found = finish(comparing_sets(PictureSet(names, made), PictureSet(names, real)))
    places = range(0, EDGE - edge + 1, 8)
    known = np.stack([_crop(image.labels, edge, y, x) for image in learned for y in places for x in places]) == 1
    manifolds = found.manifolds
    facts = {
        "pictures": count,
        "sampled": {name: model.card["settings"][name] for name in SAMPLING},
        "edge": edge,
        "space": found.space,
        "frechet": found.frechet,
        "precision": None if manifolds is None else manifolds.precision,
        "recall": None if manifolds is None else manifolds.recall,
        "epsilon_s2": 100 * found.epsilon_s2,
        "epsilon_l": 100 * found.epsilon_lineal_path,
        "fraction": found.fraction,
        "real_fraction": found.real_fraction,
        "fraction_missed": float(np.abs(made.mean(axis=(1, 2)) - shares).mean()),
        "least_pixel_mse": float(nearest(made, known).squares.min()),
        "processor_seconds": seconds,
    }
    return facts, picture_entry(made[0].astype(np.uint8))


def _crop(labels: np.ndarray, edge: int, y: int, x: int) -> np.ndarray:
    return labels[y : y + edge, x : x + edge]


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="synthetic", help="of the file in resources/models")
    parser.add_argument("--folder", type=Path, default=ROOT / "resources/models")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(SHIPPED))
    parser.add_argument("--images", type=int, default=80, help="of each kind")
    parser.add_argument("--iterations", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=None, help="time limit of the training")
    parser.add_argument("--channels", type=int, default=None)
    parser.add_argument("--judged", type=int, default=150, help="pictures of each kind that are compared")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--judge-only", action="store_true", help="the model that is there, without training")
    chosen = parser.parse_args(arguments)
    path = chosen.folder / f"{chosen.name}{SUFFIX}"
    chosen.folder.mkdir(parents=True, exist_ok=True)

    print(f"Making {chosen.images} images of each kind", flush=True)
    classes = {kind: images_of(kind, chosen.images, chosen.seed) for kind in chosen.kinds}
    settings = replace(PRESETS["small"], iterations=chosen.iterations, time_limit=None)
    if chosen.channels is not None:
        settings = replace(settings, channels=chosen.channels)
    told = 0.0

    def watch(report: Any) -> None:
        nonlocal told
        if report.snapshot is not None and time.monotonic() - told > 60:
            told = time.monotonic()
            print(f"iteration {report.step} of about {report.of}, loss {report.loss:.4f}", flush=True)
            save_model(report.snapshot, path, overwrite=True)

    limit = None if chosen.minutes is None else 60 * chosen.minutes
    if not chosen.judge_only:
        trained = finish(training(classes, settings, seed=chosen.seed, max_seconds=limit), watch)
        save_model(trained, path, overwrite=True)
    # what is measured is the file as it ships
    model = load_model(path)
    if not isinstance(model, DiffusionModel):
        raise InputError(f"{path} is no model of diffusion.")
    made_of = {"images": chosen.images, "edge": EDGE, "fractions": list(FRACTIONS), "seed": chosen.seed}
    results, examples = {}, {}
    for kind in chosen.kinds:
        results[kind], examples[kind] = judged(model, kind, classes[kind], chosen.judged, chosen.seed)
        print(kind, {name: round(value, 3) if isinstance(value, float) else value
                     for name, value in results[kind].items() if name != "space"}, flush=True)  # fmt: skip
        model.note({"made_of": made_of, "judged": results, "examples": examples})
        save_model(model, path, overwrite=True)
    print(path)


if __name__ == "__main__":
    main()
