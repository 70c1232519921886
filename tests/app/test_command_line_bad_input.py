"""Bad input gets one clear line and the right exit code, and nothing is lost."""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from core import devices
from core.errors import JobError
from core.images.values import PhaseImage, Volume
from core.images.writing import write_volume
from core.reconstruction.model_file import save_model
from tests.app.test_command_line import TINY, blobs
from tests.core.reconstruction.models import tiny_model


def header_bomb(path: Path) -> None:
    """A PNG whose header promises 60,000 × 60,000 pixels, with a few bytes of data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))))


def good(path: Path) -> None:
    tifffile.imwrite(path, 255 * blobs())


def truncated(path: Path) -> None:
    good(path)
    path.write_bytes(path.read_bytes()[:1500])


@pytest.fixture
def phases(tmp_path: Path) -> Path:
    path = tmp_path / "phases.tif"
    good(path)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_model(tiny_model(), tmp_path / "m.microloom-model")


def refused(capsys: pytest.CaptureFixture[str], code: int, arguments: list[Any], *words: str) -> None:
    assert main([str(part) for part in arguments]) == code
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1, said
    assert said[0].startswith("microloom")
    for word in words:
        assert word in said[0]


@pytest.mark.parametrize("command", ["segment", "reconstruct", "measure", "info"])
@pytest.mark.parametrize(
    ("name", "write", "word"),
    [
        ("a.tif", None, "does not exist"),
        ("a.tif", lambda path: path.mkdir(), "folder"),
        ("a.tif", lambda path: path.write_bytes(b""), "zero bytes"),
        ("a.png", lambda path: path.write_text("not a picture", encoding="utf-8"), "are read"),
        ("a.xyz", lambda path: path.write_text("not a picture", encoding="utf-8"), "are read"),
        ("a.tif", truncated, ""),
        ("a.png", header_bomb, "Crop"),
        ("a.tif", lambda path: tifffile.imwrite(path, np.full((64, 64), 7, np.uint8)), "one grey level"),
    ],
)
def test_files_that_are_no_pictures(
    command: str, name: str, write: Any, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / name, tmp_path / ("out" if command == "measure" else "out.tif")
    if write is not None:
        write(path)
    refused(capsys, 2, [command, path, *([] if command == "info" else ["-o", out])], word, name)
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--volume-fraction", "0"], ["between 0 and 1"]),
        (["--volume-fraction", "1"], ["between 0 and 1"]),
        (["--volume-fraction", "0.99"], ["out of reach"]),
        (["--volume-fraction", "much"], ["is not a share"]),
        (["--size", "0"], ["is not a size"]),
        (["--size", "64,64"], ["is not a size"]),
        (["--size", "4"], ["too small"]),
        (["--size", "1000000"], ["GB"]),
        (["--phase", "7"], ["no phase 7", "0 (Matrix)"]),
        (["--engine", "loom"], ["no engine", "swnn"]),
        (["--preset", "slow"], ["no preset", "thorough"]),
        (["--device", "gpu"], ["--device"]),
        (["--max-seconds", "-1"], ["positive"]),
        (["--seed", "-1"], ["seed"]),
        (["--set", "channels"], ["NAME=VALUE"]),
        (["--set", "channel=4"], ["no setting channel"]),
        (["--set", "channels=many"], ["whole number"]),
        (["--set", "channels=1"], ["at least 4"]),
        (["--set", "window=15", "--crop", "0:20,0:20"], ["too small for patterns"]),
        (["--crop", "0:1"], ["is not a crop"]),
        (["--crop", "90:99,0:9"], ["no pixel"]),
        (["--pixel-size", "5"], ["no unit"]),
        (["--method", "manual"], ["--thresholds"]),
        (["--unheard-of"], ["--unheard-of"]),
    ],
)
def test_options_that_cannot_be(
    options: list[str], words: list[str], phases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "v.tif"
    refused(capsys, 2, ["reconstruct", phases, "-o", out, "--device", "cpu", *options], *words)
    assert not out.exists()


def test_cuda_asked_for_and_absent(
    phases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "has_cuda", lambda: False)
    refused(capsys, 2, ["reconstruct", phases, "-o", tmp_path / "v.tif", "--device", "cuda"], "CUDA", "--device"[2:])


def test_a_phase_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    three = tmp_path / "three.tif"
    tifffile.imwrite(three, (blobs() * 2).astype(np.uint8))  # 0 and 2: two phases
    refused(capsys, 2, ["reconstruct", three, "-o", tmp_path / "v.tif", "--phase", "2"], "no phase 2")


def test_a_volume_is_no_exemplar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, np.stack([blobs()] * 20), imagej=True)
    refused(capsys, 2, ["reconstruct", stack, "-o", tmp_path / "v.tif"], "volume")


@pytest.mark.parametrize(
    ("command", "name"),
    [("segment", "out.tif"), ("reconstruct", "out.tif"), ("generate", "out.tif"), ("measure", "report.json")],
)
def test_what_exists_is_not_replaced_unasked(
    command: str, name: str, phases: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / name
    there.write_text("precious", encoding="utf-8")
    out = tmp_path if command == "measure" else there
    source = model if command == "generate" else phases
    refused(capsys, 2, [command, source, "-o", out], "exists already", "--force")
    assert there.read_text(encoding="utf-8") == "precious"
    if command == "segment":
        assert main([command, str(source), "-o", str(out), "--force"]) == 0
        assert there.read_bytes() != b"precious"


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 2), ("", 2)])
def test_a_terminal_is_asked(
    answer: str, code: int, phases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    out = tmp_path / "out.tif"
    out.write_text("precious", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert main(["segment", str(phases), "-o", str(out)]) == code
    assert (out.read_bytes() == b"precious") == (code != 0)


def test_places_where_nothing_can_be_written(
    phases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, 1, ["segment", phases, "-o", tmp_path / "no" / "out.tif"], "does not exist")
    refused(capsys, 1, ["segment", phases, "-o", tmp_path], "is a folder")
    refused(capsys, 2, ["reconstruct", phases, "-o", tmp_path / "v.docx"], "cannot be written as", ".tif")
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    refused(capsys, 1, ["segment", phases, "-o", tmp_path / "out.tif"], "read-only")
    refused(capsys, 1, ["measure", phases, "-o", tmp_path / "m"], "read-only")


def test_a_full_disk_fails_in_words_and_leaves_nothing(
    phases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_a: Any, **_k: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", full)
    out = tmp_path / "out.tif"
    refused(capsys, 1, ["segment", phases, "-o", out], "disk is full")
    assert sorted(tmp_path.iterdir()) == [phases]


def test_a_volume_that_cannot_be_written_is_saved_elsewhere(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, elsewhere = tmp_path / "v.npy", tmp_path / "elsewhere"
    elsewhere.mkdir()

    def first_fails(volume: Volume, path: Path, **options: Any) -> Path:
        if path == out:
            raise JobError("The disk is full: v.npy was not written.", "Free some space.")
        return write_volume(volume, path, **options)

    monkeypatch.setattr("core.images.writing.write_volume", first_fails)
    monkeypatch.setattr("core.reconstruction.swnn.model.CALIBRATION_SIZE", (64, 64, 64))
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    refused(capsys, 1, ["generate", model, "-o", out, "--size", "16", "--quiet"], "disk is full", "instead")
    (saved,) = elsewhere.glob("*/v.npy")
    assert np.load(saved).shape == (16, 16, 16)


def test_running_out_of_memory_fails_in_words(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hungry(*_a: Any, **_k: Any) -> np.ndarray:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr("core.reconstruction.swnn.model.SwnnModel.field", hungry)
    refused(capsys, 1, ["generate", model, "-o", tmp_path / "v.tif", "--quiet"], "memory", "16³")


def test_training_out_of_memory_fails_in_words(
    phases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hungry(*_a: Any, **_k: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("core.reconstruction.swnn.training.SwnnNetwork", hungry)
    arguments = ["reconstruct", phases, "-o", tmp_path / "v.tif", "--size", "32", "--quiet", "--device", "cpu", *TINY]
    refused(capsys, 1, arguments, "memory")


def test_models_that_are_none(phases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, 2, ["generate", phases, "-o", tmp_path / "v.tif"], "phases.tif", "not a Microloom model")
    fake = tmp_path / "fake.microloom-model"
    fake.write_bytes(phases.read_bytes())
    refused(capsys, 2, ["info", fake], "not a Microloom model")
    refused(capsys, 2, ["generate", tmp_path / "absent", "-o", tmp_path / "v.tif"], "no file")


@pytest.mark.parametrize("arguments", [["weave"], ["segment"], ["segment", "x.tif"], ["--unheard-of"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, 2, arguments, "--help")


def test_the_unexpected_is_one_line_too(
    phases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_a: Any, **_k: Any) -> PhaseImage:
        raise ZeroDivisionError("never\nto happen")

    monkeypatch.setattr("core.segmentation.segmenting.segment", broken)
    monkeypatch.delenv("MICROLOOM_DEBUG", raising=False)
    refused(capsys, 1, ["segment", phases, "-o", tmp_path / "o.tif"], "ZeroDivisionError: never to happen")
    monkeypatch.setenv("MICROLOOM_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["segment", str(phases), "-o", str(tmp_path / "o.tif")])
