"""What a model for a range of volume fractions makes of a mask with a sharp edge, and of a ramp.

    python -m tests.benchmarks.edges [--model RANGE.microloom-model]

The mask is the range's lower end in one half and its upper end in the other. Volumes of several seeds are made, long
enough that each half reaches beyond the receptive field of the edge. Told: the volume fraction of each half away from
the edge, against the mask's (limit 0.02), and the width of the transition, against the receptive field: that of the
straight ramp which leaves as much phase on the wrong side. Of the ramp: the largest departure of the profile, averaged
over a receptive field. Prints a table, writes JSON and a picture of sections through the edge and along the ramp.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from core.job import finish
from core.masks.mask import Mask
from core.provenance import Provenance, versions
from core.reconstruction.engine import Model, Target
from core.reconstruction.model_file import load_model
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.reach import receptive_field
from core.reconstruction.swnn.settings import PRESETS, resolve
from tests.benchmarks.swnn import EXEMPLARS, exemplar_named

LENGTH, EDGE, SEEDS = 512, 128, 3
LIMIT = 0.02


def main() -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model for a range; else one is trained")
    parser.add_argument("--exemplar", choices=list(EXEMPLARS), default="scu_M2")
    parser.add_argument("--range", type=float, nargs=2, default=(0.1, 0.3))
    parser.add_argument("--data", type=Path, default=os.environ.get("MICROLOOM_DATA") or root.parent / "shared/data")
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/edges")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    target = Target(exemplar_named(chosen.exemplar, chosen.data), 1, size=(EDGE,) * 3)
    if chosen.model:
        model = load_model(chosen.model)
    else:
        low, high = chosen.range
        settings = replace(PRESETS["fast"], time_limit=None, lowest_fraction=low, highest_fraction=high)
        model = finish(SwnnEngine().train(target, settings))
    low, high = model.card["settings"]["lowest_fraction"], model.card["settings"]["highest_fraction"]
    reach = receptive_field(SwnnNetwork(resolve(PRESETS["fast"], target.indicator)))

    step = np.where(np.arange(LENGTH) < LENGTH // 2, low, high)
    ramp = low + (high - low) * (np.arange(LENGTH) + 0.5) / LENGTH
    steps = [volume(model, step, seed) for seed in range(SEEDS)]
    ramps = [volume(model, ramp, seed) for seed in range(SEEDS)]
    stepped = np.mean([made.mean(axis=(1, 2)) for made in steps], axis=0)
    ramped = np.mean([made.mean(axis=(1, 2)) for made in ramps], axis=0)
    middle = LENGTH // 2
    below, above = float(stepped[: middle - reach].mean()), float(stepped[middle + reach :].mean())
    near = stepped[middle - reach : middle + reach]
    missed = (near[:reach] - below).sum() + (above - near[reach:]).sum()
    # a straight ramp of width w leaves w/8 of the step on either side
    width = float(4 * missed / (above - below))
    apart = float(np.abs(ndimage.uniform_filter1d(ramped - ramp, reach, mode="nearest")[reach:-reach]).max())
    scatter = float(np.std([made[: middle - reach].mean() for made in steps], ddof=1))
    found = {
        "exemplar": chosen.exemplar, "range": [low, high], "receptive_field": reach, "seeds": SEEDS,
        "below": below, "above": above, "scatter_of_a_seed": scatter, "transition_width": width,
        "ramp_apart": apart, "versions": dict(versions()),
    }  # fmt: skip
    print(f"receptive field {reach} voxels; {SEEDS} volumes of {LENGTH} × {EDGE} × {EDGE}")
    for what, value, wanted, limit in (
        ("φ of the lower half", below, low, LIMIT),
        ("φ of the upper half", above, high, LIMIT),
        ("ramp, largest departure", apart, 0.0, LIMIT),
        ("width of the transition", width, 0.0, float(reach)),
    ):
        print(f"{what:28}{value:9.4f}  wanted {wanted:7.4f} ± {limit:g}{'' if abs(value - wanted) <= limit else ' !'}")
    (chosen.out / "edges.json").write_text(json.dumps(found, indent=1))
    rows = [made[middle - 192 : middle + 192, :, made.shape[2] // 2].T for made in (steps[0], steps[1])]
    rows += [made[64:448, :, EDGE // 2].T for made in ramps[:1]]
    picture = np.vstack([np.pad(row.astype(np.uint8) * 255, 4, constant_values=128) for row in rows])
    Image.fromarray(picture.repeat(2, 0).repeat(2, 1)).save(chosen.out / f"{chosen.exemplar}.png")


def volume(model: Model, profile: np.ndarray, seed: int) -> np.ndarray:
    """True where the volume that follows ``profile`` along z shows the phase: shape (LENGTH, EDGE, EDGE)."""
    field = profile.astype(np.float32)[:, None, None]
    mask = Mask(field, None, "profile", Provenance("benchmark"))
    made = finish(model.generate((LENGTH, EDGE, EDGE), 10 + seed, mask=mask))
    inside: np.ndarray = made.labels == model.card["volume_phase"]
    return inside


if __name__ == "__main__":
    main()
