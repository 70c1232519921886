"""Quality against the number of sampling steps: ``python -m tests.benchmarks.steps`` (Lee and Yun, Fig. 8).

The model that ships makes pictures of 64² of a few of its kinds with each sampler at each number of steps; none has to
agree with other planes, so that nothing but the sampler is judged. Each picture is told the fraction of a crop that
the training never saw, and all of them are compared with many such crops: ε of S2 and L in per cent, the Fréchet
distance in the space of the program's own descriptors, precision and recall. What as many other unseen crops come to
against the same ones ("unseen images") is the best that so few pictures can. Prints a table, writes JSON and a figure.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from core.job import finish
from core.provenance import versions
from core.quality import PictureSet, comparing_sets
from core.reconstruction.diffusion.model import DiffusionModel
from core.reconstruction.model_file import load_model
from core.reconstruction.shipped import model_path
from tests.benchmarks.models import unseen_crops

STEPS = (10, 20, 30, 50, 150, 300)
"""Those of Fig. 8, and as many as the presets take."""
SAMPLERS: Mapping[str, Mapping[str, Any]] = {
    "DDPM": {"sampler": "ddpm"},
    "DDIM, η = 0": {"sampler": "ddim", "eta": 0.0},
    "DDIM, η = 1": {"sampler": "ddim", "eta": 1.0},
    "DPM-Solver++": {"sampler": "dpm-solver++"},
    "DPM, crowded": {"sampler": "dpm-solver++", "crowding": 2.0},
    "SDE-DPM": {"sampler": "sde-dpm-solver++"},
    "SDE-DPM, crowded": {"sampler": "sde-dpm-solver++", "crowding": 2.0},
}
"""Ways of stepping: settings of the model. Times are evenly spread but where they are crowded in the noise."""
PANELS: Mapping[str, str] = {
    "epsilon_s2": "ε of S₂ (%)",
    "epsilon_l": "ε of L (%)",
    "frechet": "Fréchet distance (descriptors)",
    "precision": "precision",
    "recall": "recall",
    "seconds_a_picture": "processor s a picture",
}
OTHERS = 7
"""Added to the seed of the unseen images that stand for perfect pictures."""
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8A9099")
Facts = dict[str, Any]


def compared(made: np.ndarray, real: np.ndarray) -> Facts:
    """Pictures (n, Y, X) against others (m, Y, X), bool."""
    sets = [PictureSet(tuple(map(str, range(len(one)))), one) for one in (made, real)]
    found = finish(comparing_sets(*sets))
    manifolds = found.manifolds
    return {
        "space": found.space,
        "epsilon_s2": 100 * found.epsilon_s2,
        "epsilon_l": 100 * found.epsilon_lineal_path,
        "frechet": found.frechet,
        "precision": None if manifolds is None else manifolds.precision,
        "recall": None if manifolds is None else manifolds.recall,
        "fraction": found.fraction,
        "real_fraction": found.real_fraction,
    }


def sampled(model: DiffusionModel, changes: Mapping[str, Any], shares: np.ndarray, edge: int, seed: int) -> np.ndarray:
    """A picture for each share of the phase, shape (n, edge, edge), bool."""
    made = finish(
        model.generating_with({"crowding": 1.0, **changes}).pictures(len(shares), edge, seed, fractions=shares)
    )
    found: np.ndarray = made == 1
    return found


def line(kind: str, sampler: str, steps: int | None, row: Mapping[str, Any]) -> str:
    """One line of the table."""
    numbers = [row.get(name) for name in PANELS]
    words = "".join("         –" if number is None else f"{number:10.3f}" for number in numbers)
    return f"{kind:12}{sampler:18}{steps or '–':>6}{words}"


def picture(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A row of panels a kind, one curve a sampler, and dashed what unseen images come to."""
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    figure = Figure(figsize=(15, 0.8 + 2.4 * len(kinds)), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(kinds), len(PANELS), squeeze=False, sharex=True)
    for line_of, kind in zip(grid, kinds, strict=True):
        for axes, (name, words) in zip(line_of, PANELS.items(), strict=True):
            own = [row for row in rows if row["kind"] == kind and row.get(name) is not None]
            for colour, sampler in zip(COLOURS, SAMPLERS, strict=True):
                points = sorted((row["steps"], row[name]) for row in own if row["sampler"] == sampler)
                if points:
                    axes.plot(*zip(*points, strict=True), "o-", color=colour, label=sampler, markersize=4)
            for row in own:
                if row["steps"] is None:
                    axes.axhline(row[name], color="black", linestyle="--", linewidth=1, label="unseen images")
            axes.set_xscale("log")
            axes.set_xticks(STEPS, [str(number) for number in STEPS])
            axes.minorticks_off()
            axes.set_ylim(bottom=0)
            axes.set_title(f"{kind}: {words}", fontsize=8.5)
    for axes in grid[-1]:
        axes.set_xlabel("sampling steps", fontsize=9)
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=8, frameon=False)
    figure.savefig(path, dpi=100)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("synthetic"), help="a file, or one that ships")
    parser.add_argument("--kinds", nargs="+", default=["carbonate", "copolymer"])
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--samplers", nargs="+", choices=list(SAMPLERS), default=list(SAMPLERS))
    parser.add_argument("--pictures", type=int, default=24, help="of each kind, sampler and number of steps")
    parser.add_argument("--references", type=int, default=240, help="unseen images they are compared with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    model = load_model(model_path(chosen.model))
    if not isinstance(model, DiffusionModel):
        raise SystemExit(f"{chosen.model} is no model of this engine")
    edge, rows = model.crop, []
    machine = {"processor": platform.processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads()}
    document: Facts = {
        "machine": machine, "versions": dict(versions()), "model": str(chosen.model), "edge": edge, "rows": rows,
        "pictures": chosen.pictures, "references": chosen.references, "seed": chosen.seed,
    }  # fmt: skip

    def note(kind: str, sampler: str, steps: int | None, row: Facts) -> None:
        rows.append({"kind": kind, "sampler": sampler, "steps": steps, **row})
        print(line(kind, sampler, steps, row), flush=True)
        (chosen.out / "steps.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    heads = ("ε S2 %", "ε L %", "Fréchet", "precision", "recall", "s/picture")
    print(f"{'kind':12}{'sampler':18}{'steps':>6}" + "".join(f"{name:>10}" for name in heads))
    for kind in chosen.kinds:
        real = unseen_crops(kind, chosen.references, edge, chosen.seed)
        # images come by their fraction: some of each
        some = np.linspace(0, len(real) - 1, chosen.pictures).round().astype(int)
        shares = real[some].mean(axis=(1, 2))
        note(
            kind, "unseen images", None, compared(unseen_crops(kind, chosen.pictures, edge, chosen.seed + OTHERS), real)
        )
        for steps in chosen.steps:
            for sampler in chosen.samplers:
                began = time.process_time()
                changes = {**SAMPLERS[sampler], "steps": steps}
                made = sampled(model.of_class(kind), changes, shares, edge, chosen.seed)
                seconds = (time.process_time() - began) / len(made)
                note(kind, sampler, steps, {**compared(made, real), "seconds_a_picture": seconds})
        picture(rows, chosen.out / "steps.png")
    print(chosen.out / "steps.json")


if __name__ == "__main__":
    main()
