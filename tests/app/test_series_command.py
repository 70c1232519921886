"""Several seeds and volume fractions on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core.errors import JobError
from core.images.reading import read_volume
from core.images.zarr_volume import open_zarr
from core.reconstruction import patience, pipeline
from core.reconstruction.model_file import load_model
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn import training
from core.reconstruction.swnn.engine import SwnnEngine

TINY = [
    "--set=iterations=12", "--set=levels=2", "--set=overview=0", "--set=channels=6", "--set=coarse_channels=6",
    "--set=fine_convolutions=1", "--set=coarse_convolutions=1", "--set=window=3", "--set=scales=1", "--set=cube=12",
    "--set=windows=128", "--set=bent_bases=0", "--set=time_limit=none", "--quiet", "--size=24",
]  # fmt: skip
Train = Callable[..., Any]


@pytest.fixture
def exemplar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
    monkeypatch.setattr(training, "STATISTICS_BLOCKS", 1)
    path = tmp_path / "phases.tif"
    blocks = np.kron(np.random.default_rng(0).random((16, 16)) < 0.4, np.ones((3, 3)))
    tifffile.imwrite(path, (255 * blocks).astype(np.uint8))
    return path


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the trainings that were begun."""
    seen: list[int] = []
    train = SwnnEngine.train

    def watched(self: Any, target: Any, *args: Any, **options: Any) -> Any:
        seen.append(target.seed)
        return train(self, target, *args, **options)

    monkeypatch.setattr(SwnnEngine, "train", watched)
    return seen


def test_fractions_of_a_range_share_one_training(
    exemplar: Path, tmp_path: Path, trained: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    out, model = tmp_path / "v.tif", tmp_path / "m.microloom-model"
    command = ["reconstruct", str(exemplar), "-o", str(out), "--model-out", str(model), *TINY]
    command += ["--report", str(tmp_path / "r"), "--fraction-range=0.25:0.5", "--volume-fraction=0.3,40%"]
    assert main(command) == 0
    assert trained == [0]
    assert load_model(model).card["volume_fraction"] == pytest.approx(0.3)
    for share in (0.3, 0.4):
        report = json.loads((tmp_path / f"r_f{share}" / "report.json").read_text(encoding="utf-8"))
        assert report["volume_fraction"]["target"] == pytest.approx(share)
        volume = read_volume(tmp_path / f"v_f{share}.tif")
        assert report["volume_fraction"]["achieved"] == pytest.approx(volume.fractions[1])
    said = capsys.readouterr()
    assert "2 of 2: volume fraction 0.4" in said.err
    assert str(tmp_path / "v_f0.4.tif") in said.out
    # files are there: refused before anything is trained
    assert main(command) == 2
    assert trained == [0]


def test_seeds_are_separate_runs_or_realisations_of_one_training(
    exemplar: Path, tmp_path: Path, trained: list[int]
) -> None:
    alone, out, once = tmp_path / "alone.tif", tmp_path / "v.tif", tmp_path / "once.tif"
    assert main(["reconstruct", str(exemplar), "-o", str(alone), "--seed=2", *TINY]) == 0
    assert main(["reconstruct", str(exemplar), "-o", str(out), "--seeds=1,2", *TINY]) == 0
    assert trained == [2, 1, 2]
    first, second = (read_volume(tmp_path / f"v_seed{seed}.tif").labels for seed in (1, 2))
    assert np.array_equal(second, read_volume(alone).labels), "as in a run of its own"
    trained.clear()
    assert main(["reconstruct", str(exemplar), "-o", str(once), "--seeds=1-3", "--train-once", *TINY]) == 0
    assert trained == [1]
    made = [read_volume(tmp_path / f"once_seed{seed}.tif").labels for seed in (1, 2, 3)]
    assert np.array_equal(made[0], first)
    assert not np.array_equal(made[1], made[2])


def test_one_that_fails_does_not_stop_the_rest(
    exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reconstruct: Train = pipeline.reconstruct

    def failing(engine: Any, target: Any, *args: Any, **options: Any) -> Any:
        if target.seed == 1:
            raise JobError("The moon is full.", "Wait.")
        return reconstruct(engine, target, *args, **options)

    monkeypatch.setattr(patience, "reconstruct", failing)
    assert main(["reconstruct", str(exemplar), "-o", str(tmp_path / "v.tif"), "--seeds=0,1,2", *TINY]) == 1
    assert [(tmp_path / f"v_seed{seed}.tif").exists() for seed in (0, 1, 2)] == [True, False, True]
    assert "microloom: seed 1: The moon is full. Wait." in capsys.readouterr().err
    assert main(["reconstruct", str(exemplar), "-o", str(tmp_path / "w.tif"), "--seed=1", *TINY]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--seeds=0,x"], "--seeds"),
        (["--seeds=4-2"], "--seeds"),
        (["--seeds=0,1", "--seed=1"], "not allowed with"),
        (["--volume-fraction=0.3,1.2"], "volume fraction lies between 0 and 1"),
        (["--volume-fraction=0.3,0.999", "--set=window=7"], "0.999"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_trained(
    exemplar: Path,
    tmp_path: Path,
    trained: list[int],
    options: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["reconstruct", str(exemplar), "-o", str(tmp_path / "v.tif"), *TINY, *options]) == 2
    assert said in capsys.readouterr().err
    assert trained == [] and list(tmp_path.glob("v*")) == []


def test_generate_makes_every_seed_and_fraction_and_goes_on(
    exemplar: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "m.microloom-model", tmp_path / "g.ome.zarr"
    command = ["reconstruct", str(exemplar), "-o", str(tmp_path / "v.tif"), "--model-out", str(model), *TINY]
    assert main([*command, "--fraction-range=0.25:0.5"]) == 0
    asked = ["generate", str(model), "-o", str(out), "--size=32", "--quiet", "--volume-fraction=0.3,0.45"]
    assert main([*asked, "--seeds=5,6"]) == 0
    names = [f"g_f{share}_seed{seed}.ome.zarr" for share in (0.3, 0.45) for seed in (5, 6)]
    assert sorted(path.name for path in tmp_path.glob("g_*")) == sorted(names)
    volume = open_zarr(tmp_path / "g_f0.45_seed6.ome.zarr").volume()
    assert volume.fractions[1] == pytest.approx(0.45, abs=0.05)
    assert main(["generate", str(model), "-o", str(tmp_path / "one.tif"), "--size=32", "--quiet", "--seed=6",
                 "--volume-fraction=0.45"]) == 0  # fmt: skip
    assert np.array_equal(read_volume(tmp_path / "one.tif").labels, volume.labels)
    # one fraction is out of range: it is told, the others are made; with --resume, what is there stays
    capsys.readouterr()
    assert main([*asked[:-1], "--volume-fraction=0.3,0.9", "--resume"]) == 2
    assert "volume fraction 0.9: This model serves" in capsys.readouterr().err
    assert (tmp_path / "g_f0.3.ome.zarr").exists()
    assert main([*asked[:-1], "--volume-fraction=0.3,0.35", "--resume"]) == 0
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "g_f0.35.ome.zarr").exists()


def test_patience_ends_a_training_early(
    exemplar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # a model and curves at every step, none of which is ever nearer
    monkeypatch.setattr(training, "SNAPSHOT_SECONDS", 0.0)
    monkeypatch.setattr(training, "SNAPSHOT_SHARE", 1e9)
    monkeypatch.setattr(pipeline, "CURVES_SECONDS", 0.0)
    monkeypatch.setattr(patience.Patience, "distance", lambda _self, _curves: 1.0)
    model = tmp_path / "m.microloom-model"
    command = ["reconstruct", str(exemplar), "-o", str(tmp_path / "v.tif"), "--model-out", str(model), *TINY]
    assert main([*command, "--set=iterations=5000", "--set=time_limit=none", "--patience=3"]) == 0
    assert load_model(model).card["training"]["iterations"] < 1000
    assert main([*command, "--force", "--patience=0"]) == 2
    assert "'0' is not a positive whole number" in capsys.readouterr().err
