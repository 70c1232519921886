"""How fast SWNN is against the published network run as it was published: ``python -m tests.benchmarks.speed``.

All times are taken in one run with the same number of threads, so that their ratios hold on any machine. The published
network (SWNN, Sec. 2.3.2) is written out here in plain torch, in the layout that torch has by itself: eight 3³
convolutions of 24 channels, batch normalisation, LeakyReLU. It is run as the paper runs it: Gaussian noise for the
whole volume made on the host, cut into blocks of 144³ voxels that overlap by 16, from each of which 128³ voxels come
(Sec. 2.4 and 3.4). Its training is Alg. 1: three sections a step, all their windows and as many of the exemplar's
projected on 512 random directions and sorted, Adam.

- Generating: seconds for each voxel of 128³ and 512³, ours in full through the file on the disk, the published one from
  some of its equal blocks.
- Memory: the peak of a process that does nothing else.
- Training (``--train``): ours with the preset's own time limit until it ends, with the limits of
  `tests.benchmarks.swnn` checked; the published recipe's 2000 steps from its first ones.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.generation.block_writing import write_by_blocks
from core.job import finish
from core.provenance import versions
from core.reconstruction.engine import Target
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.settings import PRESETS
from tests.benchmarks.swnn import EXEMPLARS, HEADER, exemplar_named, measure, summary

BLOCK, OVERLAP, CHANNELS, DEPTH, NOISE = 128, 16, 24, 8, 3
WINDOW, DIRECTIONS, STEPS, SECTION = 7, 512, 2000, 128
LIMITS = {"generating": 1 / 8, "memory": 1 / 4, "training": 1 / 60}


def published_network() -> nn.Sequential:
    """The network of Sec. 2.3.2, untrained: its speed does not depend on its weights."""
    layers: list[nn.Module] = []
    for step in range(DEPTH):
        layers += [nn.Conv3d(CHANNELS if step else NOISE, CHANNELS, 3), nn.BatchNorm3d(CHANNELS), nn.LeakyReLU(0.01)]
    return nn.Sequential(*layers, nn.Conv3d(CHANNELS, 1, 1))


@torch.no_grad()
def published_volume(edge: int, blocks: int | None = None) -> tuple[float, int]:
    """Seconds of the published loop for ``edge``³ voxels, and how many blocks were really made.

    With ``blocks``, only so many are made, and their time is taken for all; the noise is always made as a whole.
    """
    network = published_network().eval()
    along = range(0, edge, BLOCK)
    corners = [(z, y, x) for z in along for y in along for x in along]
    began = time.perf_counter()
    noise = torch.randn(1, NOISE, *(edge + OVERLAP,) * 3)
    made_noise = time.perf_counter() - began
    volume = np.zeros((edge,) * 3, np.uint8)
    began = time.perf_counter()
    chosen = corners[: blocks or len(corners)]
    for z, y, x in chosen:
        reach = BLOCK + OVERLAP
        field = network(noise[:, :, z : z + reach, y : y + reach, x : x + reach])[0, 0]
        volume[z : z + BLOCK, y : y + BLOCK, x : x + BLOCK] = (field > 0).numpy()
    return made_noise + (time.perf_counter() - began) * len(corners) / len(chosen), len(chosen)


def published_step_seconds(exemplar: np.ndarray, steps: int = 3) -> float:
    """Median time of the published training's first steps after one to warm up."""
    network = published_network().train()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    wanted = _windows(torch.from_numpy(exemplar.astype(np.float32)) * 2 - 1)
    times = []
    for _ in range(steps + 1):
        began = time.perf_counter()
        optimiser.zero_grad()
        losses = []
        for axis in range(3):
            shape = [SECTION + 2 * DEPTH] * 3
            shape[axis] = 1 + 2 * DEPTH
            section = network(torch.randn(1, NOISE, *shape))[0, 0].squeeze(axis)
            directions = nn.functional.normalize(torch.randn(WINDOW**2, DIRECTIONS), dim=0)
            found = (_windows(section) @ directions).sort(dim=0).values
            aimed = (wanted[torch.randint(len(wanted), (len(found),))] @ directions).sort(dim=0).values
            losses.append((found - aimed).abs().mean())
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:]))


def _windows(section: Tensor) -> Tensor:
    """Every window of a section, shape (n, 49)."""
    return section.unfold(0, WINDOW, 1).unfold(1, WINDOW, 1).reshape(-1, WINDOW**2)


def our_model(name: str, preset: str, data: Path, path: Path) -> None:
    """A model after two steps of training: it makes volumes as fast as after all of them."""
    settings = replace(PRESETS[preset], iterations=2, time_limit=None)
    model = finish(SwnnEngine().train(Target(exemplar_named(name, data), 1, size=(BLOCK,) * 3), settings))
    # calibrated, as every model is once the first volume is made
    finish(model.recipe((BLOCK,) * 3, 1))
    save_model(model, path)


def our_volume(path: Path, edge: int) -> float:
    """Seconds of generating ``edge``³ voxels into a Zarr, from when all libraries are loaded."""
    importlib.import_module("core.images.zarr_volume")
    importlib.import_module("zarr")
    recipe = finish(load_model(path).recipe((edge,) * 3, 1))
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        finish(write_by_blocks(recipe, Path(folder) / "volume.zarr"))
        return time.perf_counter() - began


def peak_bytes() -> int:
    """The largest resident memory of this process so far."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    # getrusage would begin with what the parent had
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024


def apart(job: str, *arguments: str) -> dict[str, float]:
    """A part of this benchmark in a process of its own, with its peak of memory in bytes."""
    command = [sys.executable, "-m", "tests.benchmarks.speed", "--only", job, *arguments]
    # plain torch does not ask for large pages, as this program does: they make either a third faster
    plain = {"THP_MEM_ALLOC_ENABLE": "0"} if job == "published" else {}
    run = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | plain)
    told = run.stdout.splitlines()[-1]
    found: dict[str, float] = json.loads(told)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exemplars", nargs="+", choices=list(EXEMPLARS), default=["scu_M2", "scu_M3"])
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["fast", "light"])
    parser.add_argument("--edges", nargs="+", type=int, default=[128, 512])
    parser.add_argument("--train", action="store_true", help="train `fast` within its time limit and check its limits")
    parser.add_argument("--data", type=Path, default=os.environ.get("MICROLOOM_DATA") or root.parent / "shared/data")
    parser.add_argument("--out", type=Path, default=root / "tests/benchmarks/results/speed.json")
    parser.add_argument("--only", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.only:
        who, edge = chosen.only[0], int(chosen.only[1])
        seconds = published_volume(edge, 2)[0] if who == "published" else our_volume(Path(who), edge)
        print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes()}))
        return

    rows: list[dict[str, Any]] = []

    def tell(what: str, ours: float, published: float, limit: str, unit: str) -> None:
        share = ours / published
        met = share <= LIMITS[limit]
        rows.append({"what": what, "ours": ours, "published": published, "share": share, "limit": LIMITS[limit],
                     "unit": unit, "met": met})  # fmt: skip
        print(f"{what:40}{ours:12.4g}{published:12.4g}{unit:>14}{share:9.4f}{'' if met else '!':2}", flush=True)
        machine = {"processor": platform.processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads()}
        document = {"machine": machine, "versions": dict(versions()), "rows": rows}
        chosen.out.write_text(json.dumps(document, indent=1))

    print(f"{'':40}{'ours':>12}{'published':>12}{'':14}{'share':>9}   (limits: {LIMITS})")
    for edge in chosen.edges:
        published = apart("published", str(edge))
        for preset, name in product(chosen.presets, chosen.exemplars):
            with tempfile.TemporaryDirectory() as folder:
                our_model(name, preset, chosen.data, model := Path(folder) / "made.microloom-model")
                ours = apart(str(model), str(edge))
            what, voxels = f"{edge}³, {preset}, {name}", edge**3 / 1e6
            each = [found["seconds"] / voxels for found in (ours, published)]
            tell(f"generating {what}", *each, "generating", "µs/voxel")
            memory = [found["peak_bytes"] / 2**20 for found in (ours, published)]
            tell(f"memory at {what}", *memory, "memory", "MiB")
    if not chosen.train:
        return
    for name in chosen.exemplars:
        exemplar = exemplar_named(name, chosen.data)
        step = published_step_seconds(exemplar.labels == 1)
        with tempfile.TemporaryDirectory() as folder:
            run = measure(name, "fast", 0, exemplar, PRESETS["fast"].time_limit, Path(folder))
        tell(f"training, {name}", run.train_seconds, step * STEPS, "training", "s")
        print(f"{HEADER}\n{summary([run])[0]}   ({run.iterations} steps; published: {step:.2f} s a step)", flush=True)


if __name__ == "__main__":
    main()
