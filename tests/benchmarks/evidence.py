"""Is a volume made from one section of a rock like the rock? ``python -m tests.benchmarks.evidence``.

SWNN learns from one section of 200 × 200 pixels of Berea sandstone and makes volumes from five seeds. They and five
parts of the sandstone itself are measured in the same way: volume fraction of the pores, ε of S2, L and the two-point
cluster function against the mean of the true parts (a true part against the mean of the others), share of the pores
connected from face to face, effective conductivity (grains 1.4, pores 0.026 W/(m·K)) and permeability along z. Prints a
table, writes it as JSON and a picture with sections of both.

Sandstone (berea_400.tif) is read from the folder of real data (MICROLOOM_DATA, else beside the checkout).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from core.images.values import Phase, PhaseImage
from core.job import finish
from core.properties import absolute_permeability, effective_conductivity
from core.provenance import Provenance, versions
from core.reconstruction.engine import Target
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.settings import PRESETS
from core.statistics import discrepancy, measure_curves
from core.statistics.cluster import cluster_axes
from core.statistics.components import connectivity

DATA = Path(os.environ.get("MICROLOOM_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")
SECTION = 200
LAG = 50
VALUES = {0: 0.026, 1: 1.4}
"""Conductivity of pores and grains, W/(m·K)."""
CURVES = {"s2": "ε S2 (%)", "lineal_path": "ε L (%)", "cluster": "ε cluster (%)"}
NUMBERS = {
    "fraction": "pores (%)", "connected": "connected (%)", "conductivity": "conduction (W/(m·K))",
    "permeability": "permeability (px²)",
}  # fmt: skip


def true_parts(rock: np.ndarray, edge: int) -> list[np.ndarray]:
    """Four corners that share no face, and the middle."""
    far = rock.shape[0] - edge
    origins = [o for o in product((0, far), repeat=3) if sum(map(bool, o)) % 2 == 0] + [(far // 2,) * 3]
    return [rock[z : z + edge, y : y + edge, x : x + edge] for z, y, x in origins]


def measured(labels: np.ndarray, flow_edge: int) -> dict[str, Any]:
    """Curves and numbers of one volume; pores are label 0."""
    pores = labels == 0
    curves = measure_curves(pores, LAG)
    corner = np.ascontiguousarray(pores[:flow_edge, :flow_edge, :flow_edge])
    flow = finish(absolute_permeability(corner, axes=(0,))).along[0]
    heat = finish(effective_conductivity(labels, VALUES, axes=(0,))).along[0]
    return {
        "s2": curves.s2_mean, "lineal_path": curves.lineal_path_mean, "cluster": cluster_axes(pores, LAG).mean(axis=0),
        "fraction": 100 * float(pores.mean()), "connected": 100 * float(np.mean(connectivity(pores).connected)),
        "conductivity": heat.value, "permeability": flow.voxels,
    }  # fmt: skip


def with_epsilons(found: Sequence[dict[str, Any]], true: Sequence[dict[str, Any]]) -> list[dict[str, float]]:
    """Each volume's numbers, and its curves' ε against the mean of the true parts other than itself."""
    rows = []
    for one in found:
        others = [part for part in true if part is not one]
        row = {name: float(one[name]) for name in NUMBERS}
        for name in CURVES:
            row[name] = 100 * discrepancy(one[name], np.mean([part[name] for part in others], axis=0))
        rows.append(row)
    return rows


def picture(true: np.ndarray, made: np.ndarray, path: Path) -> None:
    """Sections across z, y and x: the rock above, the reconstruction below, three pixels of grey between them."""
    rows = []
    for labels in (true, made):
        middle = labels.shape[0] // 2
        sections = [labels[middle], labels[:, middle], labels[:, :, middle]]
        rows.append(np.hstack([np.pad(255 * (s != 0).astype(np.uint8), 3, constant_values=128) for s in sections]))
    Image.fromarray(np.vstack(rows)).save(path)


def main() -> None:
    """Train, make, measure; print the table and write it."""
    options = argparse.ArgumentParser(description="One section of sandstone against the sandstone")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "evidence")
    options.add_argument("--preset", choices=sorted(PRESETS), default="fast")
    options.add_argument("--iterations", type=int, help="as many, without a time limit (else as the preset says)")
    options.add_argument("--edge", type=int, default=128)
    options.add_argument("--flow-edge", type=int, default=100, help="permeability is found in a corner so large")
    options.add_argument("--seeds", type=int, default=5)
    given = options.parse_args()
    import tifffile

    file = DATA / "volumes" / "berea_400.tif"
    if not file.is_file():
        raise SystemExit(f"The sandstone is not there ({file}); set MICROLOOM_DATA to the folder of real data.")
    rock = tifffile.imread(file)
    given.out.mkdir(parents=True, exist_ok=True)
    section = np.ascontiguousarray(rock[rock.shape[0] // 2, :SECTION, :SECTION])
    phases = (Phase("Pores", "#0072B2"), Phase("Grains", "#8A9099"))
    exemplar = PhaseImage(section, phases, None, "berea", Provenance("read", source=file.name))
    settings = PRESETS[given.preset]
    if given.iterations is not None:
        settings = replace(settings, iterations=given.iterations, time_limit=None)
    began = time.perf_counter()
    model = finish(SwnnEngine().train(Target(exemplar, 0, size=(given.edge,) * 3, seed=0), settings))
    trained = time.perf_counter() - began
    print(f"trained in {trained:.0f} s on {torch.get_num_threads()} threads", flush=True)
    made = [finish(model.generate((given.edge,) * 3, seed)).labels for seed in range(given.seeds)]
    parts = true_parts(rock, given.edge)
    picture(parts[0], made[0], given.out / "berea.png")
    true, own = ([measured(labels, given.flow_edge) for labels in volumes] for volumes in (parts, made))
    groups = {"rock": with_epsilons(true, true), "reconstruction": with_epsilons(own, true)}
    print(f"{'':<24}{'rock':>22}{'reconstruction':>22}")
    for name, title in (CURVES | NUMBERS).items():
        values = [np.array([row[name] for row in rows]) for rows in groups.values()]
        print(f"{title:<24}" + "".join(f"{v.mean():>14.4g} ± {v.std(ddof=1):<5.2g}" for v in values))
    machine = {"processor": platform.processor() or platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    document = {
        "machine": machine, "preset": given.preset, "iterations": given.iterations, "edge": given.edge,
        "flow_edge": given.flow_edge, "train_seconds": trained, "versions": dict(versions()), "rows": groups,
    }  # fmt: skip
    (given.out / "berea.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
