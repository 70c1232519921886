"""One SWNN model for a range of volume fractions: what each fraction comes out as, and how far its curves are.

    python -m tests.benchmarks.fractions

For each exemplar one model is trained for the part of 0.10 to 0.30 that its windows reach. The reference at a fraction
are patches of the exemplar with that mean, picked as the published control picks windows; S2 and L are compared up to
half their edge. "told" is the volume fraction of the network alone, at its own middle; "φ" after its threshold, on a
volume of another seed than the calibration's. With ``--alone``, a model is trained for each of these fractions alone as
well, by the published control, and measured in the same way. Prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.job import finish
from core.provenance import versions
from core.reconstruction.engine import Model, Target
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.objective import patches_with
from core.reconstruction.swnn.preflight import reachable_fractions
from core.reconstruction.swnn.serving import Thresholds
from core.reconstruction.swnn.settings import PRESETS, largest_window, resolve
from core.statistics.curves import mean_curves, measure_curves
from tests.benchmarks.swnn import EXEMPLARS, exemplar_named

WANTED = (0.10, 0.15, 0.20, 0.25, 0.30)
EDGE = 128


def main() -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exemplars", nargs="+", choices=list(EXEMPLARS), default=list(EXEMPLARS))
    parser.add_argument("--iterations", type=int, default=PRESETS["fast"].iterations)
    parser.add_argument("--alone", type=float, nargs="*", default=[], metavar="FRACTION")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="save the models here")
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="measure models that were kept here instead")
    parser.add_argument("--data", type=Path, default=os.environ.get("MICROLOOM_DATA") or root.parent / "shared/data")
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/fractions.json")
    chosen = parser.parse_args()
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    print(f"{'exemplar':16}{'range':>12}{'wanted':>8}{'told':>8}{'φ':>8}{'ε S2 %':>8}{'ε L %':>8}{'train s':>9}")
    rows = []
    for name in chosen.exemplars:
        exemplar = exemplar_named(name, chosen.data)
        target = Target(exemplar, 1, size=(EDGE,) * 3)
        plain = resolve(PRESETS["fast"], target.indicator)
        least, most = reachable_fractions(target.indicator, plain)
        low, high = max(WANTED[0], round(least + 0.005, 2)), min(WANTED[-1], round(most - 0.005, 2))
        settings = replace(PRESETS["fast"], iterations=chosen.iterations, time_limit=None)
        reached = [wanted for wanted in WANTED if low <= wanted <= high]
        for wanted in sorted(set(WANTED) - set(reached)):
            print(f"{name:16}{f'{low}:{high}':>12}{wanted:8.2f}  out of reach ({least:.3f} to {most:.3f})")
        own = min(max(float(target.indicator.mean()), low), high)
        served = replace(settings, lowest_fraction=low, highest_fraction=high)
        jobs = [(replace(target, volume_fraction=own), served, reached)]
        jobs += [(replace(target, volume_fraction=f), settings, [f]) for f in chosen.alone if low <= f <= high]
        for aimed, told, fractions in jobs:
            began = time.perf_counter()
            kept = f"{name}-{'range' if told.conditional else f'{fractions[0]:.2f}'}.microloom-model"
            model = load_model(chosen.models / kept) if chosen.models else finish(SwnnEngine().train(aimed, told))
            seconds = 0.0 if chosen.models else time.perf_counter() - began
            if chosen.keep:
                save_model(model, chosen.keep / kept, overwrite=True)
            for wanted in fractions:
                row = measured(model, wanted, target.indicator, (plain.cube or 1, largest_window(plain)))
                row |= {"exemplar": name, "low": low, "high": high, "alone": not told.conditional}
                row |= {"train_seconds": seconds}
                rows.append(row)
                print(
                    f"{name:16}{f'{low}:{high}' if told.conditional else 'alone':>12}{wanted:8.2f}{row['told']:8.3f}"
                    f"{row['fraction']:8.3f}{row['epsilon_s2_percent']:8.2f}{row['epsilon_lineal_path_percent']:8.2f}"
                    f"{seconds:9.0f}",
                    flush=True,
                )
                document = {"versions": dict(versions()), "threads": torch.get_num_threads(), "rows": rows}
                chosen.out.write_text(json.dumps(document, indent=1))


def measured(model: Model, wanted: float, exemplar: np.ndarray, edges: tuple[int, int]) -> dict[str, Any]:
    """What comes out where ``wanted`` is asked for; ``edges``: largest and smallest of the patches compared with."""
    inside = finish(model.generate((EDGE,) * 3, 1, volume_fraction=wanted)).labels == model.card["volume_phase"]
    calibration = model.card["calibration"]
    if "served" in calibration:
        nodes = Thresholds.from_json(calibration["served"])
        told = float(np.interp(wanted, nodes.fractions, nodes.before))
    else:
        told = float(calibration["fraction_before"])
    s2, lineal = discrepancies(inside, exemplar, wanted, *edges)
    return {
        "wanted": wanted, "told": told, "fraction": float(inside.mean()), "epsilon_s2_percent": 100 * s2,
        "epsilon_lineal_path_percent": 100 * lineal,
    }  # fmt: skip


def discrepancies(
    inside: np.ndarray, exemplar: np.ndarray, fraction: float, edge: int, least: int
) -> tuple[float, float]:
    """ε of S2 and L of a volume against patches of the exemplar with the wanted mean."""
    patches = patches_with(exemplar, fraction, edge, least, torch.Generator().manual_seed(0))
    lag = patches.shape[1] // 2
    reference = mean_curves([measure_curves(patch, lag) for patch in patches])
    measured = measure_curves(inside, lag)
    errors = []
    pairs = ((measured.s2_mean, reference.s2_mean), (measured.lineal_path_mean, reference.lineal_path_mean))
    for mean, wanted in pairs:
        errors.append(float(np.abs(mean - wanted).sum() / wanted.sum()))
    return errors[0], errors[1]


if __name__ == "__main__":
    main()
