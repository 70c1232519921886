"""The command line, from files to files."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from app.command_line import COMMANDS
from app.inputs import phase_image
from core.images.reading import read_labels, read_volume
from core.reconstruction.model_file import load_model
from core.reconstruction.swnn import model as room

ROOT = Path(__file__).resolve().parents[2]
TINY = [f"--set={text}" for text in ("channels=4", "coarse_channels=4", "levels=2", "scales=1", "cube=24",
                                     "windows=256", "iterations=4")]  # fmt: skip


def blobs(shape: tuple[int, int] = (64, 72)) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(shape)
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(4))  # type: ignore[assignment]
    return (noise > np.quantile(noise, 0.6)).astype(np.uint8)


@pytest.fixture
def phases(tmp_path: Path) -> Path:
    """A segmented picture as other programs write it: 0 and 255."""
    path = tmp_path / "phases.tif"
    tifffile.imwrite(path, 255 * blobs())
    return path


@pytest.fixture
def micrograph(tmp_path: Path) -> Path:
    path = tmp_path / "micrograph.tif"
    grey = 90 + 80.0 * blobs() + np.random.default_rng(1).normal(0, 8, (64, 72))
    tifffile.imwrite(path, grey.clip(0, 255).astype(np.uint8))
    return path


def test_segment_writes_labels_and_says_fractions(
    micrograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labels.tif"
    assert main(["segment", str(micrograph), "-o", str(out), "--pixel-size", "2 nm"]) == 0
    image = read_labels(out)
    assert (image.labels == blobs()).mean() > 0.999
    assert image.pixel_size == pytest.approx(2e-9)  # type: ignore[union-attr]
    said = capsys.readouterr().out
    assert f"{100 * image.fractions[1]:.2f} %" in said
    assert str(out) in said


def test_segment_options(micrograph: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.tif"
    command = ["segment", str(micrograph), "-o", str(out), "--force"]
    assert main([*command, "--thresholds", "100,140", "--denoise", "median", "--set", "median_radius=2"]) == 0
    assert len(read_labels(out).phases) == 3
    assert main([*command, "--phases", "3"]) == 0
    assert len(read_labels(out).phases) == 3
    assert main([*command, "--crop", "8:40,10:"]) == 0
    assert read_labels(out).labels.shape == (32, 62)
    assert main([*command, "--denoise", "non-local-means"]) == 0
    before = read_labels(out)
    assert main([*command, "--bin", "3", "--pixel-size", "2 nm"]) == 0
    made = read_labels(out)
    assert made.labels.shape == tuple(side // 3 for side in before.labels.shape)
    assert made.pixel_size == pytest.approx(6e-9)  # type: ignore[union-attr]
    assert main([*command, "--bin", "0"]) == 2


def test_larger_pixels_of_phases_are_what_most_show(tmp_path: Path) -> None:
    path = tmp_path / "phases.tif"
    labels = blobs()
    tifffile.imwrite(path, 255 * labels)
    options = argparse.Namespace(
        crop=(slice(0, 40), slice(4, 44)),
        pixel_size=None,
        method=None,
        thresholds=None,
        phases=None,
        denoise=None,
        bin=2,
    )
    found = phase_image(options, path).labels
    shares = labels[:40, 4:44].astype(float).reshape(20, 2, 20, 2).mean(axis=(1, 3))
    assert np.array_equal(found, shares > 0.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One tiny reconstruction with everything kept, shared by the tests that look at it."""
    folder = tmp_path_factory.mktemp("made")
    image = folder / "phases.tif"
    tifffile.imwrite(image, 255 * blobs())
    paths = {"volume": folder / "v.tif", "model": folder / "m.microloom-model", "report": folder / "report"}
    before = room.CALIBRATION_SIZE
    room.CALIBRATION_SIZE = (64, 64, 64)
    try:
        code = main(["reconstruct", str(image), "-o", str(paths["volume"]), "--size", "20,24,28", "--seed", "5",
                     "--device", "cpu", "--model-out", str(paths["model"]), "--report", str(paths["report"]),
                     "--pixel-size", "10 nm", "--quiet", *TINY])  # fmt: skip
    finally:
        room.CALIBRATION_SIZE = before
    assert code == 0
    return {"image": image, **paths}


def test_reconstruct_leaves_volume_model_and_report(made: dict[str, Any]) -> None:
    volume = read_volume(made["volume"])
    assert volume.shape == (20, 24, 28)
    assert volume.labels.dtype == np.uint8
    assert volume.voxel_size == pytest.approx((1e-8,) * 3)
    report = json.loads((made["report"] / "report.json").read_text(encoding="utf-8"))
    assert report["seed"] == 5
    assert report["engine"] == "swnn"
    assert report["preset"] == "fast"
    assert report["volume_fraction"]["achieved"] == volume.fractions[1]
    assert report["volume_fraction"]["target"] == pytest.approx(blobs().mean())
    assert report["settings"]["channels"] == 4
    assert report["seconds"]["train"] > 0
    assert (made["report"] / "report.html").stat().st_size > 10_000


def test_generate_repeats_the_volume(made: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, first = tmp_path / "again.nrrd", read_volume(made["volume"])
    assert main(["generate", str(made["model"]), "-o", str(out), "--size", "20,24,28"]) == 0
    assert np.array_equal(read_volume(out).labels, first.labels)
    assert first.fractions[1] == pytest.approx(blobs().mean(), abs=1 / first.labels.size)
    # a threshold of its own makes another size's voxels others; the calibrated one does not
    calibrated = ["generate", str(made["model"]), "--as-calibrated", "--force", "-o", str(out)]
    assert main([*calibrated, "--size", "20,24,28"]) == 0
    small = read_volume(out).labels
    assert main([*calibrated, "--size", "24"]) == 0
    assert np.array_equal(read_volume(out).labels[:20], small[:, :, :24])
    other = tmp_path / "other.tif"
    arguments = ["--size", "24", "--seed", "9", "--volume-fraction", "60%", "--quiet"]
    assert main(["generate", str(made["model"]), "-o", str(other), *arguments]) == 0
    assert read_volume(other).fractions[1] == pytest.approx(0.6, abs=0.1)
    assert "Generating" in capsys.readouterr().err


def test_a_periodic_volume_is_measured_as_one(
    made: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "periodic.tif"
    asked = ["generate", str(made["model"]), "-o", str(out), "--quiet", "--periodic", "xyz"]
    assert main([*asked, "--size", "33"]) == 2
    assert "Choose z = 32 or 34; y = 32 or 34; x = 32 or 34." in capsys.readouterr().err
    assert main([*asked, "--size", "34,32,36"]) == 0
    inside = read_volume(out).labels == 1
    assert main(["measure", str(out), "-o", str(tmp_path / "m")]) == 0
    report = json.loads((tmp_path / "m" / "report.json").read_text(encoding="utf-8"))
    assert report["periodic"] == "zyx"
    paired = [float((inside & np.roll(inside, -lag, 2)).mean()) for lag in range(16)]
    assert report["s2"]["per_axis"]["x"][:15] == pytest.approx(paired[:15])
    assert main([*asked, "--size", "32", "--periodic", "q"]) == 2
    assert "give any of the letters z, y and x" in capsys.readouterr().err


def test_measure_against_the_exemplar_finds_the_same_numbers(made: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "measured"
    assert main(["measure", str(made["volume"]), "--against", str(made["image"]), "-o", str(folder)]) == 0
    first, second = (json.loads((f / "report.json").read_text(encoding="utf-8")) for f in (made["report"], folder))
    assert second["s2"]["epsilon_percent"] == pytest.approx(first["s2"]["epsilon_percent"])
    assert second["lineal_path"] == first["lineal_path"]


def test_measure_a_picture_alone(phases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(phases), "-o", str(tmp_path / "m"), "--phase", "0"]) == 0
    report = json.loads((tmp_path / "m" / "report.json").read_text(encoding="utf-8"))
    assert report["volume_fraction"]["achieved"] == pytest.approx(1 - blobs().mean())
    assert "Matrix fills" in capsys.readouterr().out


def test_info_tells_what_is_in_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from core.projects.writing import write_project
    from tests.core.projects.projects import project

    kept = project()
    path = write_project(kept, tmp_path / "a.microloom")
    assert main(["info", str(path)]) == 0
    said = capsys.readouterr().out
    for text in ("a.microloom: project", "pïcture.tif", "shape: 40 × 50", "phase 1 Pores ∅", "result 3: result 3"):
        assert text in said
    assert f"Pores ∅ {100 / 7:.2f} %" in said
    assert main(["info", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [result["seed"] for result in facts["results"]] == [1, 2, 3]
    assert facts["results"][0]["epsilon_s2"] == kept.results[0].made.comparison.epsilon_s2
    path.write_bytes(path.read_bytes()[:-1])
    assert main(["info", str(path)]) == 2
    assert "a.microloom" in capsys.readouterr().err


def test_a_project_that_is_named_opens_in_the_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.projects.project import Project
    from core.projects.writing import write_project

    opened: list[list[Path]] = []
    monkeypatch.setattr("app.__main__._window", lambda paths, sample=False: opened.append(paths) or 0)
    path = write_project(Project(), tmp_path / "a.microloom")
    assert main([str(path)]) == 0
    assert opened == [[path]]


def test_info_tells_what_a_file_is(made: dict[str, Any], micrograph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, words in [
        (micrograph, ["micrograph", "64 × 72", "not known"]),
        (made["image"], ["phase image", "64 × 72"]),
        (made["volume"], ["volume", "20 × 24 × 28", "10 nm", "made by", "train swnn", "seed 5"]),
        (made["model"], ["model", "engine: swnn", "iterations 4"]),
    ]:
        assert main(["info", str(path)]) == 0
        said = capsys.readouterr().out
        assert all(word in said for word in words), said
    assert main(["info", str(made["volume"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shape"] == [20, 24, 28]


def test_a_micrograph_is_segmented_on_the_way(
    micrograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure", str(micrograph), "-o", str(tmp_path / "m")]) == 0
    assert "is a micrograph; segmented" in capsys.readouterr().err


def test_help_and_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in COMMANDS)
    assert main(["reconstruct", "--list-settings"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("preset fast", "preset thorough", "preset paper", "learning_rate", "Adam"))
    assert main(["segment", "--list-settings"]) == 0
    assert "min_island" in capsys.readouterr().out


def test_files_without_a_command_open_the_window(phases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Path]] = []
    monkeypatch.setattr("app.__main__._window", lambda paths: asked.append(paths) or 0)
    assert main([]) == 0
    assert main([str(phases)]) == 0
    assert asked == [[], [phases]]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments], capture_output=True, text=True, encoding="utf-8", cwd=ROOT,
        timeout=120, check=False, **options,
    )  # fmt: skip


def test_as_a_process() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("microloom ")
    done = run("segment", "absent.tif", "-o", "x.tif")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "absent.tif does not exist" in done.stderr


def test_asking_for_help_imports_neither_qt_nor_torch() -> None:
    code = (
        "import sys; from app.__main__ import main; main(['reconstruct', '--help']); "
        "sys.exit(any(name.split('.')[0] in ('torch', 'PySide6', 'vispy', 'skimage') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_keeps_the_model_as_trained_so_far(phases: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.microloom-model"
    code = "import core.reconstruction.swnn.training as t; t.SNAPSHOT_SECONDS = 0.2; t.SNAPSHOT_SHARE = 10.0; "
    code += "import app.terminal; app.terminal._LINE_SECONDS = 2.0; "
    # whoever runs the tests in the background may have had this signal ignored, and children inherit that
    code += "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from app.__main__ import main; sys.exit(main(sys.argv[1:]))"
    arguments = [a for a in TINY if "iterations" not in a] + ["--set=iterations=100000", "--set=time_limit=100000"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "reconstruct", str(phases), "-o", str(tmp_path / "v.tif"), "--model-out",
         str(model), *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    # the second plain line comes seconds after the first, with many snapshots between them, where steps are quick
    steps = (int(line.split()[1]) for line in process.stderr if line.startswith("Training "))
    next(steps)
    next(step for step in steps if step >= 4)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    said = process.stderr.read()
    assert process.wait(60) == 130
    assert time.monotonic() - began < 60
    assert "The model as trained so far is in" in said
    assert load_model(model).card["training"]["iterations"] > 1
    assert not (tmp_path / "v.tif").exists()
