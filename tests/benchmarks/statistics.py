"""Time and memory of the statistics: ``python -m tests.benchmarks.statistics``.

Each measure runs in a process of its own on a thresholded Gaussian random field, so that its peak memory (of the whole
process, Python and its libraries included) is its own. Prints a table and writes it as JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from core import statistics

LIMIT_SECONDS, LIMIT_BYTES = 8.0, 2e9


def field(side: int, ndim: int) -> np.ndarray:
    """A structure to measure: φ about 0.4, correlation length about 4 px."""
    noise = np.random.default_rng(0).standard_normal((side,) * ndim, dtype=np.float32)
    smooth = ndimage.gaussian_filter(noise, 3, mode="wrap")
    return np.asarray(smooth > 0.25 * smooth.std())


def map_and_lineal_path(inside: np.ndarray) -> None:
    statistics.two_point_map(inside, 128)
    statistics.lineal_path_axes(inside, 128)


MEASURES: dict[str, tuple[int, int, Callable[[np.ndarray], Any]]] = {
    "256³: S2 map (lag 128) and L along three axes": (256, 3, map_and_lineal_path),
    "256³: S2 map, periodic (lag 127)": (256, 3, lambda inside: statistics.two_point_map(inside, 127, periodic=True)),
    "256³: S2 and L along axes (lag 128)": (256, 3, lambda inside: statistics.measure_curves(inside, 128)),
    "256³: radial S2 (lag 128)": (256, 3, lambda inside: statistics.two_point_radial(inside, 128)),
    "128³: S2 and L along axes (lag 63)": (128, 3, lambda inside: statistics.measure_curves(inside, 63)),
    "128³: section maps (lag 24)": (
        128,
        3,
        lambda inside: statistics.section_map_discrepancy(inside, inside[0], max_lag=24),
    ),
    "128³: section shapes": (128, 3, statistics.section_shapes),
    "256²: sampling band (lag 63)": (256, 2, lambda inside: statistics.sampling_band(inside, 63)),
}


def measure(name: str) -> dict[str, Any]:
    """Seconds on the clock and of processor time (all threads; what a busy machine does not inflate as much), the
    better of two, and the peak memory of this process, before and after.
    """
    side, ndim, work = MEASURES[name]
    inside = field(side, ndim)
    before = peak_bytes()
    seconds, processor = [], []
    for _ in range(2):
        start, used = time.perf_counter(), time.process_time()
        work(inside)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - used)
    return {
        "measure": name,
        "seconds": min(seconds),
        "processor_seconds": min(processor),
        "peak_bytes": peak_bytes(),
        "peak_bytes_before": before,
    }


def peak_bytes() -> int:
    """The largest resident set this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> int:
    parser = argparse.ArgumentParser(description="Time and memory of the statistics")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "statistics.json")
    out = parser.parse_args().out
    rows = []
    for name in MEASURES:
        with multiprocessing.get_context("spawn").Pool(1) as process:
            row = process.apply(measure, (name,))
        rows.append(row)
        times = f"{row['seconds']:7.2f} s {row['processor_seconds']:7.2f} s of CPU"
        print(f"{name:<48} {times} {row['peak_bytes'] / 1e6:8.0f} MB", flush=True)
    kept = rows[0]["seconds"] < LIMIT_SECONDS and rows[0]["peak_bytes"] < LIMIT_BYTES
    print(f"First row within {LIMIT_SECONDS:g} s and {LIMIT_BYTES / 1e9:g} GB: {'yes' if kept else 'NO'}")
    machine = {"processor": platform.processor() or platform.machine(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    out.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "numpy": np.__version__, "within_limits": kept, "rows": rows}
    out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
