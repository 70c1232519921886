"""What a model's card tells of its exemplar: made, read back, and refused where it cannot be."""

from __future__ import annotations

import base64
import copy
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import Phase, PhaseImage
from core.job import finish
from core.provenance import Provenance, array_hash
from core.reconstruction.model_file import load_model, save_model
from core.reconstruction.model_record import (
    THUMBNAIL_EDGE,
    exemplar_entry,
    read_record,
    result_entry,
    thumbnail,
    trained_range,
)
from core.statistics.comparison import compare
from core.statistics.two_point import two_point_axes
from tests.core.reconstruction.models import tiny_model

PHASES = (Phase("Matrix", "#8A9099"), Phase("Mätal", "#E69F00"), Phase("Pores", "#0072B2"))


def image(shape: tuple[int, int] = (150, 300)) -> PhaseImage:
    labels = np.random.default_rng(0).integers(0, 3, (shape[0] // 10, shape[1] // 10)).repeat(10, 0).repeat(10, 1)
    return PhaseImage(labels.astype(np.uint8), PHASES, 1e-8, "exemplar", Provenance("read"))


def entries() -> dict[str, Any]:
    exemplar = image()
    volume = np.random.default_rng(1).random((20, 20, 20)) < 0.3
    comparison = compare(volume, exemplar.labels == 1)
    made = {
        "exemplar": finish(exemplar_entry(exemplar, 1)),
        "result": result_entry(comparison, (20, 20, 20), 7),
    }
    back: dict[str, Any] = json.loads(json.dumps(made))
    return back


def test_a_record_comes_back() -> None:
    card, exemplar = entries(), image()
    record = read_record(card)
    assert record is not None
    assert card["exemplar"]["hash"] == array_hash(exemplar.labels)
    assert record.phases == PHASES
    assert record.step == 3 and record.thumbnail.shape == (50, 100)
    known = two_point_axes(exemplar.labels == 1, len(record.exemplar.s2) - 1).mean(axis=0)
    assert np.abs(record.exemplar.s2 - known).max() < 1e-6
    assert record.exemplar.lineal_path[0] == record.exemplar.s2[0] == round(exemplar.fractions[1], 6)
    assert record.result is not None and len(record.result.s2) <= 20
    assert record.result_facts["size"] == [20, 20, 20] and record.result_facts["seed"] == 7
    assert read_record({}) is None, "models of earlier versions tell nothing"
    assert len(json.dumps(card)) < 20_000


@pytest.mark.parametrize("shape", [(5, 7), (128, 128), (129, 40), (500, 333)])
def test_a_pixel_of_the_picture_has_the_commonest_label(shape: tuple[int, int]) -> None:
    labels = np.random.default_rng(sum(shape)).integers(0, 4, shape).astype(np.uint8)
    small, step = thumbnail(labels)
    assert max(small.shape) <= THUMBNAIL_EDGE and step == -(-max(shape) // THUMBNAIL_EDGE)
    padded = np.pad(labels, [(0, -side % step) for side in shape], mode="edge")
    for y, x in np.ndindex(small.shape):
        counts = np.bincount(padded[y * step : (y + 1) * step, x * step : (x + 1) * step].reshape(-1), minlength=4)
        assert counts[small[y, x]] == counts.max()


def test_the_trained_range_is_that_of_the_settings() -> None:
    assert trained_range(tiny_model().card) == (0.4, 0.4)
    card = {"volume_fraction": 0.2, "settings": {"lowest_fraction": 0.1, "highest_fraction": 0.3}}
    assert trained_range(card) == (0.1, 0.3)


def test_it_goes_through_a_model_file(tmp_path: Path) -> None:
    model = tiny_model(**entries())
    again = load_model(save_model(model, tmp_path / "m.microloom-model"))
    record = read_record(again.card)
    assert record is not None and record.result is not None
    assert again.card["exemplar"] == model.card["exemplar"]


def bomb(told: dict[str, Any]) -> None:
    told["exemplar"]["thumbnail"]["labels"] = base64.b64encode(zlib.compress(bytes(100_000_000))).decode()


def set_at(*keys: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(told: Any) -> None:
        for key in keys[:-1]:
            told = told[key]
        told[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        bomb,
        set_at("exemplar", value=3),
        set_at("exemplar", value={}),
        set_at("exemplar", "phases", value=[]),
        set_at("exemplar", "phases", value=[{"name": "a", "color": "#8A9099"}]),
        set_at("exemplar", "phases", 0, "color", value="red; background: url(x)"),
        set_at("exemplar", "phases", 0, "color", value="#GGGGGG"),
        set_at("exemplar", "thumbnail", "shape", value=[1 << 20, 1 << 20]),
        set_at("exemplar", "thumbnail", "shape", value=[50, 99]),
        set_at("exemplar", "thumbnail", "shape", value=[float("nan"), 3]),
        set_at("exemplar", "thumbnail", "step", value=0),
        set_at("exemplar", "thumbnail", "labels", value="*not base64*"),
        set_at("exemplar", "thumbnail", "labels", value=base64.b64encode(b"not zlib").decode()),
        set_at("exemplar", "curves", "s2", value=[]),
        set_at("exemplar", "curves", "s2", value=[0.1] * 5000),
        set_at("exemplar", "curves", "s2", 3, value=float("nan")),
        set_at("exemplar", "curves", "lineal_path", 3, value=7.0),
        set_at("exemplar", "curves", "s2", 3, value="x"),
        set_at("result", value=[]),
        set_at("result", "size", value=[1, 2]),
        set_at("result", "fraction", value=float("inf")),
    ],
)
def test_what_cannot_be_is_refused(change: Callable[[dict[str, Any]], None], tmp_path: Path) -> None:
    card = copy.deepcopy(entries())
    change(card)
    with pytest.raises(InputError, match="tells of its exemplar cannot be"):
        read_record(card)
    path = save_model(tiny_model(**card), tmp_path / "m.microloom-model")
    with pytest.raises(InputError, match=r"^m\.microloom-model: What it tells"):
        load_model(path)
