"""How good and how fast the diffusion engine is: ``python -m tests.benchmarks.diffusion``.

Trains the preset ``small`` on a crop of an exemplar (or takes a model that is there), makes volumes in several ways of
sampling and measures each against the crop (``--volumes``: the mean of the curves of several, for one alone scatters):
ε of S2 and L (Eq. 23 of Lee and Yun; r up to half of the shorter side), for each axis too, and how far the axes lie
apart: the largest difference between two axes' curves, as a share of the area under their mean; how much more of the
phase lies near the faces than in all of the volume (1: no more). With ``--beside`` SWNN's preset ``fast`` learns from
the same crop, by its iterations, and is measured alike. With ``--true`` parts of a true volume, as large, are measured
too, and as many of them together as there are volumes: how far the axes of the material itself lie apart. Prints a
table, writes it as JSON and, for each way, a picture with the exemplar beside sections across z, y and x.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from skimage import io

from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.provenance import Provenance, versions
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.diffusion.settings import PRESETS, SAMPLING
from core.reconstruction.engine import Model, Target
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.settings import PRESETS as SWNN_PRESETS
from core.statistics import Curves, compare, compare_curves, discrepancy, section_shapes

PRESET: Mapping[str, Any] = {name: getattr(PRESETS["small"], name) for name in SAMPLING}
IN_TURN: Mapping[str, Any] = {**PRESET, "planes": "in turn", "sampler": "ddim", "crowding": 1.0}
WAYS: Mapping[str, Mapping[str, Any]] = {
    "as preset": PRESET,
    "in turn": {**IN_TURN, "passes": 3},
    "10 steps": {**PRESET, "steps": 10},
    "100 steps": {**PRESET, "steps": 100},
    "1 pass": {**IN_TURN, "passes": 1, "steps": 90},
    "10 passes": {**IN_TURN, "passes": 10, "steps": 9},
    "DDIM": {**PRESET, "sampler": "ddim"},
    "even DDIM": {**PRESET, "sampler": "ddim", "crowding": 1.0},
    "DPM-Solver++": {**PRESET, "sampler": "dpm-solver++"},
}
"""Ways of sampling, whatever a model's card says."""


def crop_of(path: Path, edge: int) -> PhaseImage:
    """The upper left corner of a two-phase picture: the brighter value is the phase."""
    grey = io.imread(path)
    grey = grey[..., 0] if grey.ndim == 3 else grey
    labels = (grey > (int(grey.min()) + int(grey.max())) / 2).astype(np.uint8)[:edge, :edge]
    return PhaseImage(labels, default_phases(2), None, path.stem, Provenance("read", source=path.name))


def measure(model: Model, exemplar: PhaseImage, size: int, seeds: Sequence[int], path: Path) -> dict[str, Any]:
    """Make a volume of each seed and compare the mean of their curves with the exemplar's; errors in per cent."""
    began, processor = time.perf_counter(), time.process_time()
    volumes = [finish(model.generate((size, size, size), seed)) for seed in seeds]
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    insides = [volume.labels == model.card["volume_phase"] for volume in volumes]
    reference = exemplar.labels == 1
    single = [compare(inside, reference) for inside in insides]
    found = compare_curves(mean_curves([one.volume for one in single]), single[0].exemplar)
    window = min(size, *exemplar.shape)
    own, theirs = [section_shapes(inside, window) for inside in insides], section_shapes(reference, window)
    picture(reference, insides[0], path)
    fraction = float(np.mean(insides))
    return {
        "size": size,
        "volumes": len(insides),
        "fraction": fraction,
        "fraction_before": model.card["calibration"]["fraction_before"],
        "exemplar_fraction": found.exemplar_fraction,
        "epsilon_s2": 100 * found.epsilon_s2,
        "epsilon_l": 100 * found.epsilon_l,
        "epsilon_s2_axes": [100 * value for value in found.epsilon_s2_axes],
        "epsilon_l_axes": [100 * value for value in found.epsilon_l_axes],
        "apart_s2": apart(found.volume.s2),
        "apart_l": apart(found.volume.lineal_path),
        "single": [
            {
                "epsilon_s2": 100 * one.epsilon_s2,
                "epsilon_l": 100 * one.epsilon_l,
                "apart_s2": apart(one.volume.s2),
                "apart_l": apart(one.volume.lineal_path),
            }
            for one in single
        ],
        "pieces": float(np.mean([one.pieces_per_area for one in own])) / theirs.pieces_per_area,
        "boundary": float(np.mean([one.boundary_per_area for one in own])) / theirs.boundary_per_area,
        "faces": float(np.mean([near_faces(inside) for inside in insides])) / fraction,
        "seconds": seconds,
        "processor_seconds": processor,
    }


def mean_curves(several: Sequence[Curves]) -> Curves:
    """The mean of curves at the same lags, axis by axis."""
    s2, lineal_path = (np.mean([getattr(one, name) for one in several], axis=0) for name in ("s2", "lineal_path"))
    return Curves(several[0].lags, s2, lineal_path)


def true_parts(path: Path, size: int, exemplar: PhaseImage, several: int) -> list[dict[str, float]]:
    """Eight parts of a true volume whose phase is its darkest value, as far from one another as can be.

    Beside what each is alone, how far the axes of the mean of ``several`` lie apart, it and those after it.
    """
    rock = io.imread(path)
    rock = rock == rock.min()
    found: list[dict[str, float]] = []
    parts = []
    for place in product((0, 1), repeat=3):
        low = [corner * (side - size) for corner, side in zip(place, rock.shape, strict=True)]
        part = rock[tuple(slice(first, first + size) for first in low)]
        curves = compare(part, exemplar.labels == 1)
        parts.append(curves.volume)
        found.append({
            "fraction": float(part.mean()), "epsilon_s2": 100 * curves.epsilon_s2, "epsilon_l": 100 * curves.epsilon_l,
            "apart_s2": apart(curves.volume.s2), "apart_l": apart(curves.volume.lineal_path),
        })  # fmt: skip
    for first, row in enumerate(found):
        mean = mean_curves([parts[(first + number) % len(parts)] for number in range(several)])
        row |= {f"apart_s2_of_{several}": apart(mean.s2), f"apart_l_of_{several}": apart(mean.lineal_path)}
    return found


def near_faces(inside: np.ndarray, layer: int = 4) -> float:
    """Share of the phase in the outermost layers of a volume."""
    outer = np.ones(inside.shape, bool)
    outer[(slice(layer, -layer),) * 3] = False
    return float(inside[outer].mean())


def apart(curves: np.ndarray) -> float:
    """Largest difference between two axes' curves, per cent of the area under the mean of both."""
    return max(100 * discrepancy(one, (one + other) / 2) * 2 for one, other in combinations(curves, 2))


def picture(exemplar: np.ndarray, volume: np.ndarray, path: Path) -> None:
    """Three rows (sections across z, y, x), the exemplar at the left of each; three screen pixels a voxel."""
    edge, rows = len(volume), []
    for axis in range(3):
        places = [edge // 8, edge // 2, edge - edge // 8]
        sections = [exemplar[:edge, :edge], *np.moveaxis(volume, axis, 0)[places]]
        rows.append(np.hstack([np.pad(section.astype(np.uint8) * 255, 3, constant_values=128) for section in sections]))
    Image.fromarray(np.vstack(rows).repeat(3, 0).repeat(3, 1)).save(path)


HEADER = f"{'way':12}" + "".join(
    f"{name:>9}" for name in ("φ at 0", "φ", "ε S2 %", "ε L %", "S2 axis", "L axis", "S2 apart", "L apart", "pieces",
                              "boundary", "faces", "cpu s")
)  # fmt: skip


def line(way: str, run: Mapping[str, Any]) -> str:
    """One line of the table."""
    numbers = [run["fraction_before"], run["fraction"], run["epsilon_s2"], run["epsilon_l"],
               max(run["epsilon_s2_axes"]), max(run["epsilon_l_axes"]), run["apart_s2"], run["apart_l"], run["pieces"],
               run["boundary"], run["faces"], run["processor_seconds"]]  # fmt: skip
    return f"{way:12}" + "".join(f"{number:9.3f}" for number in numbers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("MICROLOOM_DATA") or root.parent / "shared/data")
    parser.add_argument("--exemplar", type=Path, default=data / "phase_images/mcrpy_carbonate.tif")
    parser.add_argument("--crop", type=int, default=128, help="edge of the part of it that is learned from")
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--max-seconds", type=float, default=None, help="time limit of the training")
    parser.add_argument("--model", type=Path, default=None, help="take this model, or keep the trained one here")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--beside", action="store_true", help="measure SWNN beside it")
    parser.add_argument("--true", type=Path, default=None, help="a volume of the material; its phase is the darkest")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--volumes", type=int, default=1, help="of each way, whose curves are averaged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/diffusion")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)

    exemplar = crop_of(chosen.exemplar, chosen.crop)
    target = Target(exemplar, 1, size=(chosen.size,) * 3, seed=chosen.seed)
    if chosen.model is not None and chosen.model.is_file():
        model = load_model(chosen.model)
    else:
        # by iterations alone, so that a busy machine changes the times and not the quality
        settings = replace(PRESETS["small"], iterations=chosen.iterations, time_limit=None)
        model = finish(DiffusionEngine().train(target, settings, max_seconds=chosen.max_seconds))
        if chosen.model is not None:
            save_model(model, chosen.model)
    if not isinstance(model, DiffusionModel):
        raise SystemExit(f"{chosen.model} is no model of this engine")
    training = model.card["training"]
    print(f"{exemplar.name}, {training['iterations']} iterations in {training['seconds']:.0f} s\n{HEADER}", flush=True)
    ways: dict[str, Model] = {way: model.generating_with(WAYS[way]) for way in chosen.ways}
    if chosen.beside:
        settings_beside = replace(SWNN_PRESETS["fast"], time_limit=None)
        ways["SWNN"] = finish(SwnnEngine().train(target, settings_beside))
    runs: dict[str, Any] = {}
    seeds = range(chosen.seed, chosen.seed + chosen.volumes)
    known = [] if chosen.true is None else true_parts(chosen.true, chosen.size, exemplar, chosen.volumes)
    for name in known[0] if known else ():
        values = [part[name] for part in known]
        print(f"true parts, {name}: {min(values):.3f} to {max(values):.3f}, mean {np.mean(values):.3f}", flush=True)
    for way, maker in ways.items():
        path = chosen.out / f"{exemplar.name}-{way.replace(' ', '-')}.png"
        runs[way] = measure(maker, exemplar, chosen.size, seeds, path)
        print(line(way, runs[way]), flush=True)
        machine = {"processor": platform.processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads()}
        trained = {name: training[name] for name in ("iterations", "seconds")} | {"loss": training["losses"][-1]}
        document = {"machine": machine, "versions": dict(versions()), "training": trained, "runs": runs}
        document |= {"true": known} if known else {}
        (chosen.out / f"{exemplar.name}.json").write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
