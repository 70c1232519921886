"""How well a classifier trained on few scribbles finds the phases that an expert drew, and how fast it answers.

python -m tests.benchmarks.segmentation [--seeds 3] [--share 0.01]     (real micrographs: MICROLOOM_DATA)

Scribbles are simulated: straight strokes 2 px wide and at most 30 px long, in a random direction from a random pixel of
a phase, cut off where the phase ends; the phases take turns until the share of labelled pixels is reached. Dice is
counted over the pixels that nobody labelled. "main two" is the mean of the two largest phases.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from core.images.reading import read_labels, read_micrograph
from core.segmentation.classifier import SIGMAS_2D, train
from core.segmentation.cleaning import clean
from core.segmentation.denoising import denoise
from core.segmentation.features import features
from core.segmentation.flattening import flatten
from core.segmentation.morphology import changed_by
from core.segmentation.segmenting import chosen_thresholds, thresholded
from core.segmentation.settings import (
    CLEANING,
    DENOISE_METHODS,
    FLATTEN_METHODS,
    THRESHOLD_METHODS,
    TRAINED,
    CleaningStep,
    SegmentationSettings,
)

PAIRS = {
    "superalloy_nasa_spot2": ("superalloy_nasa_spot2.tif", "superalloy_nasa_spot2_mask.tif", None),
    "sandstone_ct_versa0050": (
        "sandstone_ct_versa0050.tif", "sandstone_ct_versa0050_labels4.tif", (slice(232, 792), slice(218, 778)),
    ),
    "superalloy_rafted_10H": ("superalloy_rafted_10H.jpg", "superalloy_rafted_10H_GT.png", None),
}  # fmt: skip
_LENGTH = 30


def strokes(truth: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Simulated scribbles on ``truth`` (labels): uint8, 0 unlabelled, label + 1 where scribbled."""
    rng = np.random.default_rng(seed)
    out = np.zeros(truth.shape, np.uint8)
    places = [np.argwhere(truth == label) for label in range(int(truth.max()) + 1)]
    limit = int(share * truth.size)
    turn, given = 0, 0
    while True:
        label = turn % len(places)
        turn += 1
        start, angle = places[label][rng.integers(len(places[label]))], rng.uniform(0, 2 * np.pi)
        direction = np.array([np.sin(angle), np.cos(angle)])
        mine = set()
        for step in np.arange(0, _LENGTH, 0.5):
            y, x = np.rint(start + step * direction).astype(int)
            if not (0 <= y < truth.shape[0] and 0 <= x < truth.shape[1]) or truth[y, x] != label:
                break
            for b, a in ((y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)):
                inside = b < truth.shape[0] and a < truth.shape[1]
                if inside and truth[b, a] == label and not out[b, a]:
                    mine.add((b, a))
        if given + len(mine) > limit:
            return out
        for place in mine:
            out[place] = label + 1
        given += len(mine)


def dice(found: np.ndarray, truth: np.ndarray, label: int) -> float:
    """2 |A ∩ B| / (|A| + |B|) of one phase."""
    one, other = found == label, truth == label
    return float(2 * (one & other).sum() / max(1, one.sum() + other.sum()))


def accuracy(folder: Path, name: str, share: float, seed: int) -> dict[str, Any]:
    """Dice of each phase of one picture."""
    picture, mask, crop = PAIRS[name]
    grey = read_micrograph(folder / "micrographs" / picture).grey
    truth = read_labels(folder / "phase_images" / mask).labels
    if crop is not None:
        grey, truth = np.ascontiguousarray(grey[crop]), truth[crop]
    scribbles = strokes(truth, share, seed)
    labels, doubt = train(grey, scribbles).predict(grey)
    free = scribbles == 0
    each = [dice(labels[free], truth[free], label) for label in range(int(truth.max()) + 1)]
    main = np.argsort(np.bincount(truth.reshape(-1)))[-2:]
    right = (labels == truth)[free]
    return {
        "picture": name, "seed": seed, "labelled": float((~free).mean()), "dice": each,
        "main_two": float(np.mean([each[label] for label in main])),
        "doubt_where_wrong": float(doubt[free][~right].mean()), "doubt_where_right": float(doubt[free][right].mean()),
    }  # fmt: skip


def speed(folder: Path, side: int, seed: int) -> dict[str, float]:
    """Seconds, by the clock and of the processor, of the parts of a live update at ``side`` × ``side``."""
    picture, mask, _ = PAIRS["superalloy_rafted_10H"]
    grey = read_micrograph(folder / "micrographs" / picture).grey
    truth = read_labels(folder / "phase_images" / mask).labels
    pads = [(0, max(0, side - length)) for length in grey.shape]
    grey, truth = (np.pad(array, pads, mode="reflect")[:side, :side] for array in (grey, truth))
    scribbles = strokes(truth, 0.01, seed)
    parts: dict[str, float] = {"side": side}

    def timed(name: str, work: Any) -> Any:
        clock, processor = time.perf_counter(), time.process_time()
        made = work()
        parts[name], parts[f"{name}_cpu"] = time.perf_counter() - clock, time.process_time() - processor
        return made

    seen = timed("features", lambda: features(grey, SIGMAS_2D))
    train(grey, scribbles, seen=seen)  # scikit-learn is imported once
    classifier = timed("train", lambda: train(grey, scribbles, seen=seen))
    timed("predict", lambda: classifier.of_picture(seen))
    parts["update"] = parts["train"] + parts["predict"]
    parts["update_cpu"] = parts["train_cpu"] + parts["predict_cpu"]
    return parts


def previews(side: int) -> dict[str, float]:
    """Seconds (the quickest of three) from a changed setting to the phase image, stage by stage, side × side pixels.

    The window keeps what an earlier stage made: a threshold that moves costs the threshold and the cleaning alone.
    """
    random = np.random.default_rng(0)
    field = ndimage.gaussian_filter(random.standard_normal((side, side)), 5, mode="wrap")
    grey = np.clip(110 + 60 * np.tanh(2 * field / field.std()) + random.normal(0, 12, (side, side)), 0, 255)
    grey = grey.astype(np.uint8)
    found: dict[str, float] = {}

    def quickest(name: str, work: Any) -> None:
        times = []
        for _ in range(3):
            began = time.perf_counter()
            work()
            times.append(time.perf_counter() - began)
        found[name] = min(times)

    for method in FLATTEN_METHODS[1:]:
        quickest(f"flatten: {method}", lambda method=method: flatten(grey, SegmentationSettings(flatten=method)))
    for method in DENOISE_METHODS[1:]:
        quickest(f"denoise: {method}", lambda method=method: denoise(grey, SegmentationSettings(denoise=method)))
    for method in THRESHOLD_METHODS:
        if method != TRAINED:
            levels = (110.0,) if method == "manual" else ()
            settings = SegmentationSettings(threshold=method, phases=3, manual_thresholds=levels)
            quickest(
                f"threshold: {method}",
                lambda settings=settings: thresholded(grey, settings, chosen_thresholds(grey, settings)),
            )
    labels = (grey > 110).astype(np.uint8)
    for kind in CLEANING:
        quickest(f"clean: {kind}", lambda kind=kind: changed_by(labels, CleaningStep(kind, 1, 2.0)))
    quickest("clean: small islands and holes", lambda: clean(labels, 20, 20))
    return found


def main() -> None:
    """Print the tables and write the numbers beside the other results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--share", type=float, default=0.01)
    options.add_argument("--side", type=int, default=1024)
    options.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "segmentation.json")
    given = options.parse_args()
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("MICROLOOM_DATA") or default)
    rows = [accuracy(folder, name, given.share, seed) for name in PAIRS for seed in range(given.seeds)]
    print(f"{'picture':26}{'seed':>5}{'labelled':>10}{'main two':>10}  Dice of each phase")
    for row in rows:
        each = " ".join(f"{value:.3f}" for value in row["dice"])
        print(f"{row['picture']:26}{row['seed']:5}{100 * row['labelled']:9.2f}%{row['main_two']:10.3f}  {each}")
    times = speed(folder, given.side, 0)
    for name in ("features", "train", "predict", "update"):
        print(f"{name:10}{times[name]:7.2f} s by the clock, {times[f'{name}_cpu']:6.2f} s of one processor")
    shown = previews(given.side)
    for name, seconds in shown.items():
        print(f"{name:32}{1000 * seconds:8.0f} ms")
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps({"accuracy": rows, "speed": times, "previews": shown}, indent=1) + "\n")


if __name__ == "__main__":
    main()
