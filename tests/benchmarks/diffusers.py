"""How fast sampling is beside Hugging Face diffusers: ``python -m tests.benchmarks.diffusers -o FOLDER``.

Both sample with DDIM, with a U-Net of the same widths, blocks, attention and resolutions, in the same process with the
same number of threads, by turns, so that their ratios hold on a machine that does other things besides. diffusers
is no part of this project: ``pip install diffusers`` somewhere and put that on PYTHONPATH.

- Pictures: 64², as many at once as either likes best. What one picture takes in one step is measured; 1000 pictures
  at the preset's steps follow from it.
- A volume of 64³: at each step the sections across one axis. diffusers makes no volumes; its network and its scheduler
  are put into the same loop.

Their U-Net has one block more at each resolution on the way up. So it is compared twice: with the same widths, where it
has more weights, and narrower, with as many weights as ours at most.

A network of ``small`` looks at squares of 2 × 2 pixels; its counterpart is handed them in the same way, as channels.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from core.job import finish
from core.provenance import versions
from core.reconstruction.diffusion.denoiser import Denoiser, count
from core.reconstruction.diffusion.pictures import sampling_pictures
from core.reconstruction.diffusion.planes import Wanted, sampling_volume
from core.reconstruction.diffusion.settings import PRESETS, DiffusionSettings

EDGE, PICTURES = 64, 1000
WIDER = 4
"""Their channels are normalised in groups of so many."""
AT_ONCE = (4, 16)
"""Batches that diffusers is tried with; the faster one counts."""
CASES: Mapping[str, DiffusionSettings] = {
    "small": replace(PRESETS["small"], crop=EDGE, told=False),
    "small, every pixel": replace(PRESETS["small"], crop=EDGE, told=False, patch=1),
    "paper": replace(PRESETS["paper"], crop=EDGE),
}


class Theirs:
    """diffusers' U-Net and scheduler, as large as a denoiser of ours."""

    def __init__(self, settings: DiffusionSettings, steps: int, channels: int) -> None:
        widths = replace(settings, channels=channels).widths
        library = importlib.import_module("diffusers")
        downs = [("Attn" if level and level == settings.attention else "") for level in range(settings.levels)]
        self._patch, self._steps = settings.patch, steps
        inside = settings.patch**2
        self.network = library.UNet2DModel(
            sample_size=EDGE // settings.patch,
            in_channels=inside,
            out_channels=inside * (2 if settings.bound_weight else 1),
            block_out_channels=widths,
            layers_per_block=settings.blocks,
            down_block_types=tuple(f"{kind}DownBlock2D" for kind in downs),
            up_block_types=tuple(f"{kind}UpBlock2D" for kind in reversed(downs)),
            norm_num_groups=channels // WIDER,
            attention_head_dim=max(widths),
            resnet_time_scale_shift="scale_shift",
            add_attention=False,
        ).eval()
        self.scheduler = library.DDIMScheduler(num_train_timesteps=settings.times)
        self.scheduler.set_timesteps(steps)

    def _step(self, x: Tensor, time: Tensor, at_once: int) -> Tensor:
        found = [self._answer(x[first : first + at_once], time) for first in range(0, len(x), at_once)]
        made: Tensor = self.scheduler.step(torch.cat(found), time, x, eta=0.0).prev_sample
        return made

    def _answer(self, x: Tensor, time: Tensor) -> Tensor:
        answer = self.network(functional.pixel_unshuffle(x, self._patch), time).sample
        shown: Tensor = functional.pixel_shuffle(answer[:, : self._patch**2], self._patch)
        return shown

    @torch.no_grad()
    def pictures(self, number: int, at_once: int) -> None:
        """So many pictures."""
        x = torch.randn(number, 1, EDGE, EDGE)
        for time_ in self.scheduler.timesteps:
            x = self._step(x, time_, at_once)

    @torch.no_grad()
    def volume(self, at_once: int) -> None:
        """A volume: the sections of one axis after another."""
        x = torch.randn(1, EDGE, EDGE, EDGE)
        for turn, time_ in enumerate(self.scheduler.timesteps):
            sections = x.movedim(turn % 3 + 1, 0).contiguous()
            x = self._step(sections, time_, at_once).movedim(0, turn % 3 + 1)


def as_large(settings: DiffusionSettings, steps: int, weights: int) -> Theirs:
    """The widest of theirs that has no more than so many weights."""
    for channels in range(settings.channels, 0, -WIDER):
        found = Theirs(settings, steps, channels)
        if count(found.network.parameters()) <= weights:
            return found
    raise ValueError("no network is as small")


def taken(work: Callable[[], object]) -> float:
    """Seconds of the processor that ``work`` takes, of all threads together."""
    began = time.process_time()
    work()
    return time.process_time() - began


def compare(settings: DiffusionSettings, steps: int, rounds: int, number: int) -> dict[str, Any]:
    """Median seconds of both, by turns."""
    settings = replace(settings, steps=steps, passes=1, sampler="ddim", eta=0.0, planes="in turn")
    denoiser = Denoiser(settings).eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    networks = {
        "same widths": Theirs(settings, steps, settings.channels),
        "as many weights": as_large(settings, steps, count(denoiser.parameters())),
    }
    volume = Wanted((EDGE, EDGE, EDGE), 0)
    # the last of our steps looks across all three axes
    passes = steps + 2
    works: dict[str, tuple[float, Callable[[], object]]] = {
        "ours: pictures": (number * steps, lambda: finish(sampling_pictures(denoiser, number, EDGE, 0))),
        "ours: volume": (passes, lambda: finish(sampling_volume(denoiser, volume))),  # type: ignore[arg-type]
    }
    for name, theirs in networks.items():
        for at_once in AT_ONCE:
            works[f"{name}, {at_once} at once: pictures"] = number * steps, partial(theirs.pictures, number, at_once)
            works[f"{name}, {at_once} at once: volume"] = steps, partial(theirs.volume, at_once)
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, (parts, work) in works.items():
            times[name].append(taken(work) / parts)
    seconds = {name: statistics.median(each[1:]) for name, each in times.items()}  # the first is to warm up
    weights = {name: count(theirs.network.parameters()) for name, theirs in networks.items()}
    told: dict[str, Any] = {"weights": {"ours": count(denoiser.parameters()), **weights}, "seconds a step": seconds}
    for what in ("pictures", "volume"):
        best = {name: min(seconds[f"{name}, {at_once} at once: {what}"] for at_once in AT_ONCE) for name in networks}
        ours = seconds[f"ours: {what}"]
        told[f"{what}, steps a second"] = {"ours": 1 / ours} | {name: 1 / each for name, each in best.items()}
        told[f"{what}, theirs over ours"] = {name: each / ours for name, each in best.items()}
    return told


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for diffusers.json")
    parser.add_argument("--case", action="append", choices=list(CASES), help="default: all but paper")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=16)
    options = parser.parse_args()
    library = importlib.import_module("diffusers")
    about = {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "versions": {**versions(), "diffusers": library.__version__},
        "measured": f"processor time, medians of {options.rounds} rounds of {options.steps} steps, by turns",
    }
    options.output.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for name in options.case or [name for name in CASES if name != "paper"]:
        found[name] = told = compare(CASES[name], options.steps, options.rounds, options.pictures)
        steps = CASES[name].steps
        each = told["seconds a step"]["ours: pictures"]
        told[f"{PICTURES} pictures in {steps} steps, minutes"] = each * PICTURES * steps / 60
        print(name, json.dumps(told, indent=1), flush=True)
        path = options.output / "diffusers.json"
        path.write_text(json.dumps({"about": about, "cases": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
