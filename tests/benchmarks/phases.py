"""SWNN with three phases and more, and with an exemplar for each plane: ``python -m tests.benchmarks.phases``.

- all phases: of each phase the fraction, ε of S2 and L (axis-averaged, and the worst axis) against the exemplar;
- planes: three sections of a volume of aligned ellipsoids, one of each plane; S2 and L of the reconstruction along each
  axis against those of the whole volume, beside what a reconstruction from the plane xy alone gives.

With ``--bin N`` pixels are made N times as large first, as where structures are long in pixels. 128³ voxels, preset
``fast`` by iterations. Prints a table, writes JSON and, for each run, a picture with the exemplars
at the left of sections across z, y and x.
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
from PIL import Image
from skimage import io

from core.images.binning import binned_phases
from core.images.values import PhaseImage, Volume, default_phases
from core.job import finish
from core.provenance import Provenance, versions
from core.reconstruction.engine import Target
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.settings import PRESETS
from core.statistics import compare, discrepancy, measure_curves

EDGE, LAG = 128, 63
CROPS = {
    "sofc_anode": ("phase_images/sofc_anode_2286x1326.png", np.s_[:640, :640]),
    "superalloy": ("phase_images/superalloy_imagerep_518.tiff", np.s_[:, :]),
    "sandstone": ("phase_images/sandstone_ct_versa0050_labels4.tif", np.s_[232:792, 218:778]),
}
PLANES = "volumes/aniso_ellipsoids_200.tif"


def phase_image(labels: np.ndarray, name: str) -> PhaseImage:
    """Labels from 0 in the order of the grey levels."""
    levels, found = np.unique(labels, return_inverse=True)
    return PhaseImage(
        found.reshape(labels.shape).astype(np.uint8), default_phases(len(levels)), None, name, Provenance("read")
    )


def made(target: Target, iterations: int) -> tuple[Volume, float]:
    """A volume for the target, and the processor's seconds of its training."""
    began = time.process_time()
    settings = replace(PRESETS["fast"], time_limit=None, iterations=iterations)
    model = finish(SwnnEngine().train(target, settings))
    seconds = time.process_time() - began
    return finish(model.generate((EDGE,) * 3, target.seed)), seconds


def all_phases(name: str, data: Path, iterations: int, times: int, out: Path) -> dict[str, Any]:
    """One row a phase; of pixels ``times`` as large."""
    file, crop = CROPS[name]
    exemplar = binned_phases(phase_image(io.imread(data / file)[crop], name), times)
    name = titled(name, times)
    volume, seconds = made(Target(exemplar, 1, size=(EDGE,) * 3, all_phases=True), iterations)
    rows = []
    for label, (wanted, got) in enumerate(zip(exemplar.fractions, volume.fractions, strict=True)):
        found = compare(volume.labels == label, exemplar.labels == label, LAG)
        row = {
            "phase": label,
            "fraction_wanted": wanted,
            "fraction": got,
            "s2": 100 * found.epsilon_s2,
            "lineal_path": 100 * found.epsilon_lineal_path,
            "s2_worst_axis": 100 * max(found.epsilon_s2_axes),
            "lineal_path_worst_axis": 100 * max(found.epsilon_lineal_path_axes),
        }
        rows.append(row)
        print(f"{name:18}{label:>6}{wanted:>10.4f}{got:>10.4f}" + "".join(f"{row[k]:>9.2f}" for k in list(row)[3:]))
    picture([exemplar.labels] * 3, volume.labels, out / f"{name}.png")
    return {"name": name, "processor_seconds": seconds, "phases": rows}


def titled(name: str, times: int) -> str:
    """What results with pixels ``times`` as large are called."""
    return name if times == 1 else f"{name}-bin-{times}"


def planes(data: Path, iterations: int, out: Path) -> list[dict[str, Any]]:
    """Against the true volume, axis by axis."""
    truth = io.imread(data / PLANES)
    middle = truth.shape[0] // 2
    xy, xz, yz = truth[middle], truth[:, middle], truth[:, :, middle]
    phase = int(truth.mean() < 0.5)
    curves = measure_curves(truth == phase, LAG)
    rows = []
    for name, more in (
        ("xy alone", {}),
        ("xy, xz", {"exemplar_xz": phase_image(xz, "xz")}),
        ("xy, xz, yz", {"exemplar_xz": phase_image(xz, "xz"), "exemplar_yz": phase_image(yz, "yz")}),
    ):
        target = Target(phase_image(xy, "xy"), phase, size=(EDGE,) * 3, **more)  # type: ignore[arg-type]
        volume, seconds = made(target, iterations)
        own = measure_curves(volume.labels == phase, LAG)
        s2 = [100 * discrepancy(a, b) for a, b in zip(own.s2, curves.s2, strict=True)]
        path = [100 * discrepancy(a, b) for a, b in zip(own.lineal_path, curves.lineal_path, strict=True)]
        rows.append({"planes": name, "s2": s2, "lineal_path": path, "processor_seconds": seconds,
                     "fraction": volume.fractions[phase], "fraction_true": float((truth == phase).mean())})  # fmt: skip
        shown = "".join(f"{value:>9.2f}" for value in (*s2, *path))
        print(f"{name:14}{'':6}{rows[-1]['fraction_true']:>10.4f}{rows[-1]['fraction']:>10.4f}{shown}", flush=True)
        picture([xy, xz, yz], volume.labels, out / f"planes-{name.replace(', ', '-').replace(' ', '-')}.png")
    return rows


def picture(exemplars: list[np.ndarray], labels: np.ndarray, path: Path) -> None:
    """Rows of sections across z, y and x, the exemplar of each at its left; two screen pixels a voxel."""
    greys = np.linspace(0, 255, max(int(labels.max()), int(exemplars[0].max())) + 1).astype(np.uint8)
    rows = []
    for axis in range(3):
        _, own = np.unique(exemplars[axis], return_inverse=True)
        sections = [own.reshape(exemplars[axis].shape)[:EDGE, :EDGE], *np.moveaxis(labels, axis, 0)[[16, 64, 112]]]
        rows.append(np.hstack([np.pad(greys[section], 4, constant_values=128) for section in sections]))
    Image.fromarray(np.vstack(rows).repeat(2, 0).repeat(2, 1)).save(path)


def main() -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*CROPS, "planes"], default=[*CROPS, "planes"])
    parser.add_argument("--iterations", type=int, default=PRESETS["fast"].iterations)
    parser.add_argument("--bin", type=int, default=1, help="make pixels so many times as large (not for planes)")
    parser.add_argument("--data", type=Path, default=os.environ.get("MICROLOOM_DATA") or root.parent / "shared/data")
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/phases")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    file = chosen.out / "phases.json"
    document: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    facts = {"iterations": chosen.iterations, "threads": torch.get_num_threads(), "versions": dict(versions())}
    print(f"{'':18}{'phase':>6}{'wanted':>10}{'φ':>10}{'ε S2':>9}{'ε L':>9}{'S2 axis':>9}{'L axis':>9}")
    for name in chosen.only:
        if name == "planes":
            print(
                f"{'planes':20}{'true φ':>10}{'φ':>10}"
                + "".join(f"{x:>9}" for x in ("S2 z", "y", "x", "L z", "y", "x"))
            )
            found: Any = planes(chosen.data, chosen.iterations, chosen.out)
        else:
            found = all_phases(name, chosen.data, chosen.iterations, chosen.bin, chosen.out)
            name = titled(name, chosen.bin)
        document[name] = {"found": found, **facts}
        file.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
