"""Fine structure around a phase that is given, in an alloy of three: ``python -m tests.benchmarks.composition``.

The exemplar is a section of synthetic bimodal titanium; the mask holds the globules of another volume of it, whose own
lamellae and rims are the truth that the reconstruction is set beside. Told are, of the exemplar, of that true volume
and of the reconstruction (with its calibration and without):

- the share of beta in all that is not globule;
- of pairs (lines) in the rest, how far S2 (L) of beta and of secondary alpha are from the exemplar's, ε in %;
- the share of beta at 1, 2, 3 … pixels from the nearest globule, in sections across z, y and x.

The true volume says how far two samples of one material are apart. Prints a table, writes JSON and a picture: exemplar
and sections across z, y and x of the reconstruction, below them those of the true volume.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from core.images.values import PhaseImage
from core.job import finish
from core.masks.mask import Mask
from core.provenance import Provenance, versions
from core.reconstruction.engine import Model, Target
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.settings import PRESETS
from core.statistics import discrepancy, lineal_path_axes, two_point_axes
from core.synthesis.sem import section_of
from core.synthesis.titanium import BETA, PRIMARY, SECONDARY, titanium

SIDE, EDGE, LAG, FAR = 256, 96, 20, 8
"""Of the exemplar, of the volume; largest lag of the curves, and distance to which the edge is followed."""


def exemplar() -> PhaseImage:
    """What is learned from: shape (`SIDE`, `SIDE`)."""
    return section_of(titanium((64, SIDE, SIDE), 1), 20)


def sections(labels: np.ndarray) -> list[np.ndarray]:
    """All sections of a volume, or the picture itself."""
    return [labels] if labels.ndim == 2 else [part for axis in range(3) for part in np.moveaxis(labels, axis, 0)]


def edge_profile(labels: np.ndarray) -> list[float]:
    """Share of beta in the pixels whose nearest globule is 1 to 2 px away, 2 to 3 px, … `FAR` to `FAR` + 1."""
    beta, every = np.zeros(FAR + 2), np.zeros(FAR + 2)
    for section in sections(labels):
        if not (section == PRIMARY).any():
            continue
        away = np.minimum(ndimage.distance_transform_edt(section != PRIMARY).astype(int), FAR + 1)
        every += np.bincount(away.reshape(-1), minlength=FAR + 2)
        beta += np.bincount(away[section == BETA], minlength=FAR + 2)
    return [float(share) for share in beta[1:-1] / every[1:-1]]


def curves_in_rest(labels: np.ndarray, phase: int) -> tuple[np.ndarray, np.ndarray]:
    """Of ``phase``: S2 of pairs in the rest, and L of lines that begin in it; a mean over the axes."""
    rest, inside = labels != PRIMARY, labels == phase
    both = two_point_axes(inside, LAG).mean(axis=0) / two_point_axes(rest, LAG).mean(axis=0)
    return both, lineal_path_axes(inside, LAG).mean(axis=0) / float(rest.mean())


def measured(name: str, labels: np.ndarray, reference: np.ndarray) -> dict[str, Any]:
    """One row of the table."""
    row: dict[str, Any] = {
        "name": name,
        "fractions": [float(share) for share in np.bincount(labels.reshape(-1), minlength=3) / labels.size],
        "beta_in_rest": float((labels == BETA).sum() / (labels != PRIMARY).sum()),
        "edge_profile": edge_profile(labels),
    }
    for phase, word in ((BETA, "beta"), (SECONDARY, "secondary")):
        for key, own, aim in zip(
            ("s2", "l"), curves_in_rest(labels, phase), curves_in_rest(reference, phase), strict=True
        ):
            row[f"epsilon_{key}_{word}_percent"] = 100 * discrepancy(own, aim)
    numbers = "".join(
        f"{row[f'epsilon_{key}_{word}_percent']:8.1f}" for word in ("beta", "secondary") for key in ("s2", "l")
    )
    shares = " ".join(f"{share:.2f}" for share in row["edge_profile"])
    print(f"{name:26}{row['beta_in_rest']:9.3f}{numbers}   {shares}", flush=True)
    return row


def without_calibration(model: Model) -> Model:
    """The same model, its network's own middle between the other phases."""
    card = {**model.card, "calibration": {"around": [0.0, 0.0]}}
    return SwnnEngine().restore(card, model.weights())


def picture(learned: np.ndarray, volumes: list[np.ndarray], path: Path) -> None:
    """Rows of volumes: the exemplar's corner, and a section across each axis; three screen pixels a voxel."""
    greys, rows = np.array([0, 128, 255], dtype=np.uint8), []
    for number, volume in enumerate(volumes):
        edge, middle = volume.shape[0], volume.shape[0] // 2
        corner = learned[number * edge : (number + 1) * edge, :edge]
        parts = [corner, *(np.take(volume, middle, axis=axis) for axis in range(3))]
        rows.append(np.hstack([np.pad(greys[part], 4, constant_values=64) for part in parts]))
    Image.fromarray(np.vstack(rows).repeat(3, 0).repeat(3, 1)).save(path)


def main() -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=PRESETS["fast"].iterations)
    parser.add_argument("--cube", type=int, help="edge of the training blocks, by default the preset's")
    parser.add_argument("--edge", type=int, default=EDGE, help="edge of the volume")
    parser.add_argument("--model", type=Path, help="measure this one; where there is no such file, train and write it")
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/composition")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    learned, truth = exemplar(), titanium((chosen.edge,) * 3, 2)
    globules = Mask((truth.labels == PRIMARY).astype(np.float32), None, "globules", Provenance("globules"))
    target = Target(learned, BETA, size=truth.shape, all_phases=True, mask=globules, region_of=PRIMARY)
    began = time.process_time()
    if chosen.model is not None and chosen.model.exists():
        model = load_model(chosen.model)
    else:
        settings = replace(PRESETS["fast"], iterations=chosen.iterations, time_limit=None, cube=chosen.cube)
        model = finish(SwnnEngine().train(target, settings))
        print(f"{chosen.iterations} iterations, {time.process_time() - began:.0f} s of the processor")
        if chosen.model is not None:
            save_model(model, chosen.model)
    print(f"{'':26}{'beta in':>9}{'beta':>16}{'secondary':>16}")
    print(f"{'':26}{'the rest':>9}{'ε S2':>8}{'ε L':>8}{'ε S2':>8}{'ε L':>8}   beta at 1, 2, 3 … px from a globule")
    rows = [measured("exemplar", learned.labels, learned.labels), measured("true volume", truth.labels, learned.labels)]
    volumes = []
    for name, which in (("reconstruction", model), ("  without calibration", without_calibration(model))):
        volumes.append(finish(which.generate(truth.shape, 1, mask=globules)).labels)
        assert np.array_equal(volumes[-1] == PRIMARY, truth.labels == PRIMARY)
        rows.append(measured(name, volumes[-1], learned.labels))
    training = {key: model.card["training"][key] for key in ("iterations", "seconds")}
    document = {
        "rows": rows, "training": training, "calibration": model.card["calibration"],
        "settings": model.card["asked_settings"], "edge": chosen.edge, "threads": torch.get_num_threads(),
        "versions": dict(versions()),
    }  # fmt: skip
    (chosen.out / "composition.json").write_text(json.dumps(document, indent=1) + "\n")
    picture(learned.labels, [volumes[0], truth.labels], chosen.out / "composition.png")


if __name__ == "__main__":
    main()
