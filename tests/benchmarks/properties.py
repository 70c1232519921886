"""Time and accuracy of conductivity and permeability: ``python -m tests.benchmarks.properties``.

Sandstone (berea_400.tif) is read from the folder of real data (MICROLOOM_DATA, else beside the checkout) and left out
where it is not there. Each measure runs in a process of its own. Prints a table and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import ndimage

from core.job import finish
from core.properties import absolute_permeability, effective_conductivity

SOLID, AIR = 1.4, 0.026
DATA = Path(os.environ.get("MICROLOOM_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


def field(side: int) -> np.ndarray:
    """Two phases, half each, correlation length about 4 voxels."""
    noise = np.random.default_rng(0).standard_normal((side,) * 3, dtype=np.float32)
    return np.asarray(ndimage.gaussian_filter(noise, 3, mode="wrap") > 0).astype(np.uint8)


def berea(side: int) -> np.ndarray:
    """Pores of the first corner of the sandstone."""
    import tifffile

    volume = tifffile.imread(DATA / "volumes" / "berea_400.tif")
    return np.ascontiguousarray(volume[:side, :side, :side] == 0)


def conduction(side: int, low: float, device: str) -> dict[str, Any]:
    """One axis; off by how much from an iteration carried on to 1e-10 (up to 128³)."""
    labels, values = field(side), {0: SOLID, 1: low}

    def run(tolerance: float) -> Any:
        return finish(effective_conductivity(labels, values, axes=(0,), tolerance=tolerance, device=device)).along[0]

    began, used = time.perf_counter(), time.process_time()
    found = run(1e-5)
    row = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - used}
    row |= {"iterations": found.iterations, "value": found.value, "uncertainty": found.uncertainty / found.value}
    if side <= 128:
        row["off"] = abs(found.value / run(1e-10).value - 1)
    return row


def spheres(edge: int, solid: float, drag: float, device: str) -> dict[str, Any]:
    """A simple cubic lattice: k over the exact one, by Zick and Homsy's drag."""
    radius = (3 * solid / (4 * math.pi)) ** (1 / 3) * edge
    square = (np.arange(edge) - (edge - 1) / 2) ** 2
    pores = square[:, None, None] + square[:, None] + square >= radius**2
    row = flow(pores, device, ends="periodic", sides="periodic")
    return row | {"k_over_exact": row["value"] * 6 * math.pi * radius * drag / edge**3}


def flow(pores: np.ndarray, device: str, **options: Any) -> dict[str, Any]:
    """One axis."""
    began, used = time.perf_counter(), time.process_time()
    found = finish(absolute_permeability(pores, axes=(0,), device=device, **options)).along[0]
    return {
        "seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - used,
        "iterations": found.iterations, "value": found.voxels, "said": found.sentence,
    }  # fmt: skip


def sandstone(side: int, device: str) -> dict[str, Any]:
    """Pressure fixed at both faces; off by how much from an iteration carried on to 1e-8."""
    pores = berea(side)
    row = flow(pores, device)
    exact = finish(absolute_permeability(pores, axes=(0,), device=device, tolerance=1e-8)).along[0].voxels
    return row | {"off": abs(row["value"] / exact - 1)}


MEASURES: dict[str, Callable[[str], dict[str, Any]]] = {
    "conduction 128³, 1.4 and 0.026": lambda device: conduction(128, AIR, device),
    "conduction 128³, 1.4 and 0": lambda device: conduction(128, 0.0, device),
    "conduction 256³, 1.4 and 0.026": lambda device: conduction(256, AIR, device),
    "flow, spheres 0.064, n = 32": lambda device: spheres(32, 0.064, 2.810, device),
    "flow, spheres 0.216, n = 16": lambda device: spheres(16, 0.216, 7.442, device),
    "flow, spheres 0.216, n = 32": lambda device: spheres(32, 0.216, 7.442, device),
    "flow, spheres 0.216, n = 64": lambda device: spheres(64, 0.216, 7.442, device),
    "flow, spheres 0.45, n = 32": lambda device: spheres(32, 0.45, 28.1, device),
    "flow, sandstone 100³": lambda device: sandstone(100, device),
}


def measure(name: str, device: str) -> dict[str, Any]:
    """A row of the table, with the peak memory of the process."""
    row = MEASURES[name](device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if platform.system() == "Darwin" else 1024)
    return {"name": name} | row | {"peak_bytes": peak, "threads": torch.get_num_threads()}


def main() -> None:
    """Print the table and write it."""
    options = argparse.ArgumentParser(description="Time and accuracy of the properties")
    options.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "properties.json")
    options.add_argument("--device", default="cpu")
    options.add_argument("--only", default="", help="measures whose name contains this")
    given = options.parse_args()
    rows = []
    for name in MEASURES:
        if given.only not in name or ("sandstone" in name and not (DATA / "volumes" / "berea_400.tif").is_file()):
            continue
        with multiprocessing.get_context("spawn").Pool(1) as process:
            row = process.apply(measure, (name, given.device))
        rows.append(row)
        numbers = ", ".join(f"{key} {row[key]:.3g}" for key in ("value", "k_over_exact", "off") if key in row)
        print(f"{name:<34}{row['seconds']:7.1f} s {row['iterations']:6} iterations  {numbers}", flush=True)
    machine = {"processor": platform.processor() or platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps({"machine": machine, "device": given.device, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
