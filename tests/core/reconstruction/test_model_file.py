"""Models on disk, friendly and hostile."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from core.errors import InputError, OutputExistsError
from core.job import finish
from core.reconstruction.model_file import CARD, WEIGHTS, load_model, save_model
from core.reconstruction.swnn import model as room
from tests.core.reconstruction.models import tiny_model


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (64, 64, 64))
    model = tiny_model()
    finish(model.generate((8, 8, 8), 0))  # sets the threshold
    return save_model(model, tmp_path / "m.microloom-model")


def test_a_model_comes_back_and_makes_the_same_voxels(path: Path) -> None:
    model = tiny_model()
    first = finish(model.generate((16, 16, 16), 5))
    again = load_model(path)
    assert np.array_equal(finish(again.generate((16, 16, 16), 5)).labels, first.labels)
    assert again.card["calibration"] == model.card["calibration"]
    assert again.card["training"] == model.card["training"]


def test_a_model_without_a_threshold_comes_back_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CALIBRATION_SIZE", (64, 64, 64))
    model = tiny_model()
    again = load_model(save_model(model, tmp_path / "m.microloom-model"))
    a, b = (finish(made.generate((8, 8, 8), 5)).labels for made in (model, again))
    assert np.array_equal(a, b)


def test_the_same_model_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    second = save_model(load_model(path), tmp_path / "again.microloom-model")
    assert second.read_bytes() == path.read_bytes()


def test_an_existing_file_is_kept(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(OutputExistsError, match="exists already"):
        save_model(tiny_model(seed=1), path)
    assert path.read_bytes() == before
    assert load_model(save_model(tiny_model(seed=1), path, overwrite=True)).card["seed"] == 1


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], None]) -> None:
    with zipfile.ZipFile(path) as archive:
        card, arrays = json.loads(archive.read(CARD)), dict(load(archive.read(WEIGHTS)))
    change(card, arrays)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CARD, json.dumps(card))
        archive.writestr(WEIGHTS, save(arrays))


def first_weight(arrays: dict[str, np.ndarray]) -> str:
    return min(name for name in arrays if name.endswith("weight"))


def poison(card: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays[first_weight(arrays)][0] = np.nan


def reshape(card: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays[first_weight(arrays)] = np.zeros((2, 2), np.float32)


def drop(card: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    del arrays[first_weight(arrays)]


def add(card: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["network.extra"] = np.zeros(3, np.float32)


def negative_variance(card: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays[next(name for name in arrays if name.endswith("running_var"))][0] = -1


def falling_quantiles(card: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    arrays["calibration.quantiles"] = arrays["calibration.quantiles"][::-1].copy()


def setting(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, np.ndarray]], None]:
    return lambda card, arrays: card["settings"].update({name: value})


def entry(name: str, value: Any) -> Callable[[dict[str, Any], dict[str, np.ndarray]], None]:
    return lambda card, arrays: card.update({name: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (poison, "not finite"),
        (reshape, "shape"),
        (drop, "not those of its settings"),
        (add, "not those of its settings"),
        (negative_variance, "negative variances"),
        (falling_quantiles, "does not rise"),
        (setting("channels", 100_000), "Channels must be at most"),
        (setting("levels", None), "not complete"),
        (setting("unheard_of", 1), "Unknown setting"),
        (entry("engine", "other"), "no engine"),
        (entry("engine", None), "no engine"),
        (entry("format", "other"), "not a Microloom model"),
        (entry("format_version", 99), "newer version"),
        (entry("volume_fraction", 1.5), "volume fraction"),
        (entry("volume_fraction", "half"), "volume_fraction"),
        (entry("volume_phase", 7), "phase of interest"),
        (entry("pixel_size", -1.0), "pixel size"),
        (entry("phases", [{"name": "<b>", "color": "red"}] * 2), "colour"),
        (entry("phases", "ab"), "phases"),
        (entry("seed", True), "seed"),
        (entry("provenance", {}), "provenance"),
        (entry("settings", []), "settings"),
        (entry("calibration", {"threshold": None}), "threshold"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    path: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], None], words: str
) -> None:
    rewritten(path, change)
    with pytest.raises(InputError, match=words):
        load_model(path)


def test_missing_and_foreign_files(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        load_model(tmp_path / "absent.microloom-model")
    for data in (b"", b"PNG", b"PK\x03\x04" + bytes(100), json.dumps({"format": "microloom-model"}).encode()):
        path.write_bytes(data)
        with pytest.raises(InputError, match="not a Microloom model"):
            load_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match="damaged"):
        load_model(path)


def test_a_flipped_bit_is_found(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        load_model(path)


def test_a_zip_bomb_is_not_inflated(path: Path) -> None:
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(CARD, "{}")
        archive.writestr(WEIGHTS, bytes(50_000_000))
    with pytest.raises(InputError, match="not a Microloom model"):
        load_model(path)


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "extra.py", CARD])
def test_members_that_do_not_belong_are_refused(path: Path, name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.MonkeyPatch.context() as quiet:
        quiet.setattr("warnings.warn", lambda *a, **k: None)  # zipfile warns of the doubled name
        archive.writestr(name, "x")
    with pytest.raises(InputError, match="not a Microloom model"):
        load_model(path)
    assert not (tmp_path.parent / "escaped").exists()


def test_nesting_without_end_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        weights = archive.read(WEIGHTS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CARD, "[" * 200_000)
        archive.writestr(WEIGHTS, weights)
    with pytest.raises(InputError, match="damaged"):
        load_model(path)


def test_weights_that_are_no_safetensors(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        card = archive.read(CARD)
    for data in (b"", b"\xff" * 64, (10**15).to_bytes(8, "little") + b"{}"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(CARD, card)
            archive.writestr(WEIGHTS, data)
        with pytest.raises(InputError, match="damaged"):
            load_model(path)
