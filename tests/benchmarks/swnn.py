"""How good and how fast SWNN is: ``python -m tests.benchmarks.swnn``.

Trains each preset on each exemplar with several seeds, generates 128³ voxels and measures them against the exemplar:
ε of S2 and L (r = 0 … 63, non-periodic), the worst single axis, the S2 map of the sections across each axis (r ≤ 24),
pieces and boundary length per area. Prints a table, marks what misses its limit with ``!``, writes everything as JSON
and, for each run, a picture with the exemplar beside sections across z, y and x.

The published network needs hours on a CPU. Its training time is extrapolated from its first iterations, and it is
trained in full only where ``--train-paper`` asks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from skimage import io

from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.provenance import Provenance, versions
from core.reconstruction.engine import Target
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import PRESETS, resolve
from core.reconstruction.swnn.training import make_noise, train
from core.statistics import compare, section_map_discrepancy, section_shapes

EXEMPLARS = {
    "scu_M3": "scu_M3.bmp",
    "scu_M2": "scu_M2.bmp",
    "mcrpy_carbonate": "mcrpy_carbonate.tif",
    "mcrpy_sandstone": "mcrpy_sandstone.tif",
}
LIMITS = {  # ε(S2), ε(L) in percent, mean over seeds
    ("scu_M3", "fast"): (2.5, 2.5),
    ("scu_M2", "fast"): (6.0, 7.0),
    ("mcrpy_carbonate", "fast"): (5.0, 6.0),
    ("mcrpy_sandstone", "fast"): (5.0, 6.0),
    ("scu_M3", "thorough"): (2.0, 1.5),
    ("scu_M2", "thorough"): (4.0, 4.0),
    ("mcrpy_carbonate", "thorough"): (4.0, 4.0),
    ("mcrpy_sandstone", "thorough"): (4.0, 4.0),
}
FRACTION_LIMIT, MAP_LIMIT, SHAPE_LIMIT, AXIS_FACTOR = 0.005, 7.0, 0.25, 1.5
EDGE = 128
PAPER_ITERATIONS = 3


@dataclass(frozen=True)
class Run:
    """One trained network and one volume, measured. Errors in percent, ratios to the exemplar, times in seconds."""

    exemplar: str
    preset: str
    seed: int
    iterations: int
    fraction_target: float
    fraction_before: float
    fraction: float
    s2: float
    lineal_path: float
    s2_axes: tuple[float, ...]
    lineal_path_axes: tuple[float, ...]
    map_axes: tuple[float, ...]
    pieces: float
    complement_pieces: float
    boundary: float
    train_seconds: float
    train_processor_seconds: float
    generate_seconds: float


def exemplar_named(name: str, folder: Path) -> PhaseImage:
    """The benchmark's exemplar: the brighter value is the phase."""
    grey = io.imread(folder / "phase_images" / EXEMPLARS[name])
    grey = grey[..., 0] if grey.ndim == 3 else grey
    labels = (grey > (int(grey.min()) + int(grey.max())) / 2).astype(np.uint8)
    return PhaseImage(labels, default_phases(2), None, name, Provenance("read", source=EXEMPLARS[name]))


def measure(name: str, preset: str, seed: int, exemplar: PhaseImage, max_seconds: float | None, out: Path) -> Run:
    """Train, generate and compare."""
    target = Target(exemplar, 1, size=(EDGE, EDGE, EDGE), seed=seed)
    began, processor = time.perf_counter(), time.process_time()
    # by iterations alone, so that a busy machine changes the times and not the quality
    settings = replace(PRESETS[preset], time_limit=None)
    model = finish(SwnnEngine().train(target, settings, max_seconds=max_seconds))
    trained, processor = time.perf_counter(), time.process_time() - processor
    volume = finish(model.generate(target.size, seed))
    inside = volume.labels == model.card["volume_phase"]
    # the second time there is no calibration in it, as for every volume after the first
    again = time.perf_counter()
    finish(model.generate(target.size, seed + 1))
    generated = time.perf_counter() - again
    found = compare(inside, target.indicator, 63)
    maps = section_map_discrepancy(inside, target.indicator, 24)
    window = min(EDGE, *exemplar.shape)
    own, theirs = section_shapes(inside, window), section_shapes(target.indicator, window)
    picture(target.indicator, inside, out / f"{name}-{preset}-{seed}.png")
    return Run(
        exemplar=name,
        preset=preset,
        seed=seed,
        iterations=model.card["training"]["iterations"],
        fraction_target=target.wanted_fraction,
        fraction_before=model.card["calibration"]["fraction_before"],
        fraction=float(inside.mean()),
        s2=100 * found.epsilon_s2,
        lineal_path=100 * found.epsilon_lineal_path,
        s2_axes=tuple(100 * value for value in found.epsilon_s2_axes),
        lineal_path_axes=tuple(100 * value for value in found.epsilon_lineal_path_axes),
        map_axes=tuple(100 * value for value in maps),
        pieces=own.pieces_per_area / theirs.pieces_per_area,
        complement_pieces=own.complement_pieces_per_area / theirs.complement_pieces_per_area,
        boundary=own.boundary_per_area / theirs.boundary_per_area,
        train_seconds=trained - began,
        train_processor_seconds=processor,
        generate_seconds=generated,
    )


def picture(exemplar: np.ndarray, volume: np.ndarray, path: Path) -> None:
    """Three rows (sections across z, y, x), the exemplar at the left of each; two screen pixels per voxel."""
    rows = []
    for axis in range(3):
        sections = [exemplar[:EDGE, :EDGE], *np.moveaxis(volume, axis, 0)[[16, 64, 112]]]
        rows.append(np.hstack([np.pad(section.astype(np.uint8) * 255, 4, constant_values=128) for section in sections]))
    Image.fromarray(np.vstack(rows).repeat(2, 0).repeat(2, 1)).save(path)


def forward_seconds(network: SwnnNetwork, edge: int = EDGE) -> float:
    """Time of one pass over a volume of ``edge``³ in tiles of 64³, evaluation mode, channels last; better of two."""
    network.eval()
    noise = make_noise(network, (64, 64, 64), 1, torch.Generator().manual_seed(0), "cpu")
    times = []
    with torch.inference_mode():
        for _ in range(3):
            began = time.perf_counter()
            network(noise, (0, 0, 0), (64, 64, 64))
            times.append(time.perf_counter() - began)
    return min(times) * (edge / 64) ** 3


def paper_iteration_seconds(exemplar: PhaseImage) -> float:
    """Median time of the published training's first iterations."""
    times, job = [], train(Target(exemplar, 1), PRESETS["paper"])
    for _ in range(PAPER_ITERATIONS):
        began = time.perf_counter()
        next(job)
        times.append(time.perf_counter() - began)
    job.close()
    return float(np.median(times))


def summary(runs: Sequence[Run]) -> tuple[str, bool]:
    """One line of the table for the runs of one exemplar and preset, and whether all limits hold."""
    first = runs[0]
    limit_s2, limit_l = LIMITS.get((first.exemplar, first.preset), (float("inf"), float("inf")))

    def mean(name: str) -> float:
        return float(np.mean([getattr(run, name) for run in runs]))

    def worst(name: str) -> float:
        return float(np.mean([getattr(run, name) for run in runs], axis=0).max())

    cells = [
        (f"{first.fraction_target:.4f}", True),
        (f"{mean('fraction_before'):.4f}", True),
        (f"{mean('fraction'):.4f}", abs(mean("fraction") - first.fraction_target) <= FRACTION_LIMIT),
        (f"{mean('s2'):.2f}", mean("s2") <= limit_s2),
        (f"{mean('lineal_path'):.2f}", mean("lineal_path") <= limit_l),
        (f"{worst('s2_axes'):.2f}", worst("s2_axes") <= AXIS_FACTOR * limit_s2),
        (f"{worst('lineal_path_axes'):.2f}", worst("lineal_path_axes") <= AXIS_FACTOR * limit_l),
        (f"{worst('map_axes'):.2f}", worst("map_axes") <= MAP_LIMIT),
        *(
            (f"{mean(name):.2f}", abs(mean(name) - 1) <= SHAPE_LIMIT)
            for name in ("pieces", "complement_pieces", "boundary")
        ),
        (f"{mean('train_seconds'):.0f}", True),
        (f"{mean('generate_seconds'):.2f}", True),
    ]
    text = "".join(f"{text + ('' if good else '!'):>9}" for text, good in cells)
    return f"{first.exemplar:16}{first.preset:9}{len(runs):>3}{text}", all(good for _, good in cells)


HEADER = f"{'exemplar':16}{'preset':9}{'n':>3}" + "".join(
    f"{name:>9}"
    for name in (
        *("φ wanted", "φ at 0", "φ", "ε S2 %", "ε L %", "S2 axis", "L axis", "map %"),
        *("pieces", "compl.", "boundary", "train s", "gener. s"),
    )
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["fast", "thorough"])
    parser.add_argument("--exemplars", nargs="+", choices=list(EXEMPLARS), default=list(EXEMPLARS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--max-seconds", type=float, default=None, help="time limit of each training (else its iterations decide)"
    )
    parser.add_argument("--train-paper", action="store_true", help="train the published network in full (hours)")
    parser.add_argument("--data", type=Path, default=os.environ.get("MICROLOOM_DATA") or root.parent / "shared/data")
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/swnn")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    presets = [preset for preset in chosen.presets if preset != "paper" or chosen.train_paper]

    runs: list[Run] = []
    lines = []
    print(HEADER, flush=True)
    for name in chosen.exemplars:
        exemplar = exemplar_named(name, chosen.data)
        for preset in presets:
            group = []
            for seed in range(chosen.seeds):
                group.append(measure(name, preset, seed, exemplar, chosen.max_seconds, chosen.out))
                runs.append(group[-1])
                line, good = summary(group)
                print(line, flush=True)
                write(chosen.out, runs, {})
            lines.append({"exemplar": name, "preset": preset, "line": line, "all_limits_met": good})

    exemplar = exemplar_named(chosen.exemplars[0], chosen.data)
    paper = PRESETS["paper"]
    published = forward_seconds(SwnnNetwork(resolve(paper, exemplar.labels == 1)))
    speeds: dict[str, Any] = {"paper": {"forward_128_seconds": published}}
    print(f"\nOne pass over {EDGE}³ in the same memory layout: paper {published:.2f} s", end="")
    for preset in presets:
        for name in chosen.exemplars:
            settings = resolve(PRESETS[preset], exemplar_named(name, chosen.data).labels == 1)
            ours = forward_seconds(SwnnNetwork(settings))
            speeds[f"{preset} {name}"] = {"forward_128_seconds": ours, "share_of_paper": ours / published}
            print(f"; {preset} for {name} {ours:.2f} s ({ours / published:.2f} of paper's)", end="")
    iteration = paper_iteration_seconds(exemplar)
    speeds["paper"] |= {"iteration_seconds": iteration, "extrapolated_train_seconds": iteration * paper.iterations}
    print(
        f"\nTraining of paper, extrapolated from its first {PAPER_ITERATIONS} iterations ({iteration:.1f} s each): "
        f"{iteration * paper.iterations / 3600:.1f} h"
    )
    write(chosen.out, runs, {"summary": lines, "speeds": speeds})


def write(out: Path, runs: Sequence[Run], more: dict[str, Any]) -> None:
    """Everything so far, as JSON."""
    machine = {"processor": platform.processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads()}
    document = {"machine": machine, "versions": dict(versions()), "runs": [vars(run) for run in runs], **more}
    (out / "swnn.json").write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
