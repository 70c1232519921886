"""A training that was interrupted goes on, and ends with the weights of one that was not, to the bit."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.provenance import Provenance
from core.reconstruction.checkpoints import Checkpoints, read_checkpoint
from core.reconstruction.engine import Target
from core.reconstruction.swnn import aims, training
from core.reconstruction.swnn.network import SwnnNetwork
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings
from core.reconstruction.swnn.training import TrainedSwnn, train

ROOT = Path(__file__).resolve().parents[4]
TINY = replace(
    PRESETS["fast"], levels=2, channels=4, coarse_channels=4, fine_convolutions=1, coarse_convolutions=1, window=3,
    scales=2, cube=16, iterations=14, windows=64, batch=1, overview=0, frozen=0.5, time_limit=None,
)  # fmt: skip
SLABS = replace(
    PRESETS["paper"], levels=2, channels=4, fine_convolutions=1, coarse_convolutions=1, window=3, scales=1, cube=16,
    iterations=5, directions=16, windows=64, time_limit=None,
)  # fmt: skip


def exemplar(phases: int = 2, seed: int = 0) -> PhaseImage:
    fine = np.random.default_rng(seed).integers(0, phases, (16, 16)).repeat(5, 0).repeat(5, 1)
    return PhaseImage(fine.astype(np.uint8), default_phases(phases), 1e-8, "exemplar", Provenance("read"))


CASES: dict[str, tuple[SwnnSettings, Target]] = {
    "plain": (TINY, Target(exemplar(), 1, seed=3)),
    "overview": (replace(TINY, overview=1, levels=3, overview_edge=16, iterations=8), Target(exemplar(), 1, seed=3)),
    "range": (
        replace(TINY, lowest_fraction=0.35, highest_fraction=0.6, iterations=8, batch=2),
        Target(exemplar(), 1, seed=3),
    ),
    "three phases": (replace(TINY, iterations=8), Target(exemplar(3), 1, seed=3, all_phases=True)),
    "planes": (replace(TINY, iterations=8), Target(exemplar(), 1, seed=3, exemplar_xz=exemplar(2, 1))),
    "paper": (SLABS, Target(exemplar(), 1, seed=3)),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    # few statistics, no previews, no calibration, and aims that move at once
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)
    monkeypatch.setattr(training, "finished", as_it_is)
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", 1e9)
    monkeypatch.setattr(training, "PREVIEW_SECONDS", 1e9)
    monkeypatch.setattr(aims, "SETTLING", 2)


def as_it_is(
    network: SwnnNetwork, _target: Target, losses: list[float], seconds: float, **_blocks: int
) -> Generator[tuple[int, int], None, tuple[TrainedSwnn, None]]:
    """In place of `training.finished`: the network, without its threshold."""
    yield 1, 1
    made = copy.deepcopy(network)
    return TrainedSwnn(made, network.settings, len(losses), seconds, tuple(losses)), None


def same(one: TrainedSwnn, other: TrainedSwnn) -> bool:
    """Whether two trainings ended alike, to the bit."""
    mine, its = one.network.state_dict(), other.network.state_dict()
    assert mine.keys() == its.keys()
    return one.losses == other.losses and all(torch.equal(mine[name], its[name]) for name in mine)


@cache
def unbroken(case: str) -> TrainedSwnn:
    """A training of `CASES` from its beginning to its end."""
    settings, target = CASES[case]
    return finish(train(target, settings))


def interrupted(target: Target, settings: SwnnSettings, wanted: Checkpoints, steps: int) -> None:
    """A training that is left after so many steps, all of which were kept."""
    job = train(target, settings, checkpoints=wanted)
    for report in job:
        if report.step >= steps:
            break
    job.close()
    head, arrays = read_checkpoint(wanted.path)
    assert len(arrays["losses"]) == steps
    assert head["facts"]["seconds"] > 0


@pytest.mark.parametrize("case", CASES)
def test_weights_are_those_of_an_unbroken_run(case: str, tmp_path: Path) -> None:
    settings, target = CASES[case]
    whole = unbroken(case)
    if case == "plain":
        assert not same(whole, finish(train(replace(target, seed=4), settings))), "the comparison can fail"
    half = round(settings.iterations * (1 - settings.frozen))
    kept = Checkpoints(tmp_path / "kept", every=0)
    going_on = replace(kept, resume=True)
    # once before batch normalisation is frozen, and once after; the second run goes on from the first
    interrupted(target, settings, kept, half - 1)
    if settings.frozen:
        interrupted(target, settings, going_on, half + 2)
        assert read_checkpoint(kept.path)[0]["facts"]["frozen"] is True
    result = finish(train(target, settings, checkpoints=going_on))
    assert same(result, whole)
    assert result.iterations == settings.iterations
    # what is finished is not trained again
    reports = list(train(target, settings, checkpoints=going_on))
    assert {report.what for report in reports} == {"Finishing the training"}


def test_keeping_changes_nothing_and_pools_are_drawn_again(tmp_path: Path) -> None:
    settings, target = CASES["plain"]
    kept = Checkpoints(tmp_path, every=0)
    assert same(finish(train(target, settings, checkpoints=kept)), unbroken("plain"))
    facts = read_checkpoint(kept.path)[0]["facts"]
    # 14 steps of 3 axes fill a pool of 32
    assert sorted(len(counts) for counts in facts["pools"].values()) == [32, 32]
    assert kept.path.stat().st_size < 2_000_000
    assert [path.name for path in tmp_path.iterdir()] == ["training.safetensors"]
    kept.remove()
    assert not tmp_path.exists()
    kept.remove()  # nothing is there: nothing happens


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_run_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from core.reconstruction.checkpoints import Checkpoints\n"
        "from core.reconstruction.swnn import aims, training\n"
        "from tests.core.reconstruction.swnn.test_checkpointing import CASES\n"
        "training.STATISTICS_BLOCKS, training.SNAPSHOT_SECONDS, training.PREVIEW_SECONDS = 1, 1e9, 1e9\n"
        "aims.SETTLING = 2\n"
        "settings, target = CASES['plain']\n"
        "for report in training.train(target, settings, checkpoints=Checkpoints(Path(sys.argv[1]), 0, True)):\n"
        "    print(report.step, flush=True)\n"
    )
    settings, target = CASES["plain"]
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    # what goes on was interrupted before
    interrupted(target, settings, Checkpoints(tmp_path, every=0), 2)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    while int(process.stdout.readline()) < 5:
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(read_checkpoint(tmp_path / "training.safetensors")[1]["losses"]) >= 5
    result = finish(train(target, settings, checkpoints=Checkpoints(tmp_path, resume=True)))
    assert same(result, unbroken("plain"))


def test_time_that_was_used_counts(tmp_path: Path) -> None:
    settings, target = CASES["plain"]
    kept = Checkpoints(tmp_path, every=0, resume=True)
    interrupted(target, settings, kept, 3)
    head, arrays = read_checkpoint(kept.path)
    rewritten(kept.path, head | {"facts": head["facts"] | {"seconds": 1e6}}, arrays)
    assert finish(train(target, settings, max_seconds=60, checkpoints=kept)).iterations == 3


def rewritten(path: Path, head: Any, arrays: dict[str, np.ndarray]) -> None:
    save_file(arrays, path, metadata={"microloom": json.dumps(head)})


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoints:
    made = Checkpoints(tmp_path, every=0, resume=True)
    interrupted(CASES["plain"][1], CASES["plain"][0], made, 2)
    return made


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": 4}, "seed"),
        ({"volume_fraction": 0.4}, "volume fraction"),
        ({"exemplar": exemplar(seed=9)}, "exemplar"),
    ],
)
def test_another_training_does_not_go_on_from_it(kept: Checkpoints, change: dict[str, Any], told: str) -> None:
    settings, target = CASES["plain"]
    before = kept.path.read_bytes()
    with pytest.raises(InputError, match=f"is another one .*{told}"):
        next(train(replace(target, **change), settings, checkpoints=kept))
    with pytest.raises(InputError, match=r"is another one .*settings"):
        next(train(target, replace(settings, learning_rate=1e-3), checkpoints=kept))
    assert kept.path.read_bytes() == before


def test_what_is_damaged_or_hostile_is_refused(kept: Checkpoints) -> None:
    settings, target = CASES["plain"]
    whole = kept.path.read_bytes()
    head, arrays = read_checkpoint(kept.path)

    def refused(match: str) -> None:
        with pytest.raises(InputError, match=match) as caught:
            next(train(target, settings, checkpoints=kept))
        assert "anew" in caught.value.remedy

    for data in (b"", whole[:5], whole[:1000], whole[:-9], b"\xff" * 100, b"PK" + whole):
        kept.path.write_bytes(data)
        refused("no training that was kept, or it is damaged")
    weights = dict(load_file_of(whole, kept.path))
    for bad_head in ({**head, "format": "x"}, {**head, "identity": 3}, {**head, "version": "1"}, [], 3):
        rewritten(kept.path, bad_head, weights)
        refused("damaged")
    rewritten(kept.path, {**head, "version": 99}, weights)
    with pytest.raises(InputError, match="newer version"):
        next(train(target, settings, checkpoints=kept))
    one = next(name for name in sorted(arrays) if name.endswith("weight") and len(arrays[name]) > 1)
    for bad in (
        {name: array for name, array in arrays.items() if name != one},
        {**arrays, one: arrays[one][:1]},
        {name: array for name, array in arrays.items() if name != "losses"},
        {**arrays, "generator": arrays["generator"][:10]},
    ):
        rewritten(kept.path, head, bad)
        refused("does not fit")
    for facts in ({}, {**head["facts"], "aim_steps": {"9-9-9-9": 1}}, {**head["facts"], "pools": 3}):
        rewritten(kept.path, {**head, "facts": facts}, arrays)
        refused("does not fit")
    kept.path.write_bytes(whole)
    assert finish(train(target, settings, checkpoints=kept)).iterations == settings.iterations


def load_file_of(data: bytes, path: Path) -> dict[str, np.ndarray]:
    path.write_bytes(data)
    return load_file(path)
