"""The trained classifier: against scikit-learn's own prediction, on known pictures, and from bad files."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.job import finish
from core.segmentation import classifier as room
from core.segmentation.classifier import Classifier, Lesson, TrainingSettings, lesson, train
from core.segmentation.classifier_file import (
    classifier_bytes,
    classifier_from_bytes,
    load_classifier,
    save_classifier,
)
from core.segmentation.features import features

FEW = TrainingSettings(trees=7, depth=8, leaf=1)
SIGMAS = (1.0, 2.0)


def textures(shape: tuple[int, ...] = (64, 72)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture whose phases have the same mean grey and differ by texture; truth; scribbles on a few lines."""
    rng = np.random.default_rng(5)
    field = ndimage.gaussian_filter(rng.normal(size=shape), 6)
    truth = (field > np.median(field)).astype(np.uint8)
    grey = np.where(truth == 1, rng.normal(128, 30, shape), rng.normal(128, 4, shape))
    scribbles = np.zeros(shape, np.uint8)
    scribbles[::16] = truth[::16] + 1
    return np.clip(grey, 0, 255).astype(np.uint8), truth, scribbles


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray, np.ndarray, Classifier]:
    grey, truth, scribbles = textures()
    return grey, truth, scribbles, train(grey, scribbles, FEW, SIGMAS)


def test_textures_of_the_same_grey_are_told_apart(made: tuple[Any, ...]) -> None:
    grey, truth, scribbles, classifier = made
    labels, doubt = classifier.predict(grey)
    assert (labels == truth)[scribbles == 0].mean() > 0.93
    assert labels.dtype == np.uint8 and doubt.dtype == np.float32
    assert doubt.min() >= 0 and doubt.max() <= 1
    wrong = labels != truth
    assert doubt[wrong].mean() > 2 * doubt[~wrong].mean(), "it doubts where it errs"


@pytest.mark.parametrize("phases", [2, 4])
def test_the_arrays_predict_what_scikit_learn_predicts(phases: int, monkeypatch: pytest.MonkeyPatch) -> None:
    grey, _, _ = textures()
    rng = np.random.default_rng(phases)
    scribbles = np.where(rng.random(grey.shape) < 0.1, rng.integers(1, phases + 1, grey.shape), 0).astype(np.uint8)
    kept: list[Any] = []
    grown = room._grown
    monkeypatch.setattr(room, "_grown", lambda *given: kept.append(grown(*given)) or kept[0])
    classifier = train(grey, scribbles, FEW, SIGMAS)
    rows = features(grey, SIGMAS).reshape(grey.size, -1)
    # exactly at thresholds too, and between float32 neighbours
    rows[: len(classifier.threshold), :] = classifier.threshold[: len(rows), None]
    assert classifier.forest is kept[0]
    alone = replace(classifier, forest=None)
    assert np.abs(alone.of_features(rows) - kept[0].predict_proba(rows)).max() <= 1e-12
    assert np.abs(classifier.of_features(rows) - alone.of_features(rows)).max() <= 1e-12
    assert len(classifier.roots) == 7 and classifier.phases == phases


def test_a_phase_that_nobody_marked_has_no_share() -> None:
    grey, _, scribbles = textures()
    scribbles[scribbles == 2] = 3
    classifier = train(grey, scribbles, FEW, SIGMAS)
    assert classifier.phases == 3
    assert not classifier.of_features(features(grey, SIGMAS).reshape(grey.size, -1))[:, 1].any()
    assert set(np.unique(classifier.predict(grey)[0])) == {0, 2}


def test_bands_change_no_bit(made: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    grey, _, _, classifier = made
    labels, doubt = classifier.predict(grey)
    monkeypatch.setattr(room, "_BLOCK", 7 * grey.shape[1])
    monkeypatch.setattr(room, "_CHUNK", 100)
    again, doubt_again = replace(classifier, forest=None).predict(grey)
    assert np.array_equal(again, labels) and np.array_equal(doubt_again, doubt)


def test_threads_change_no_bit(made: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    grey, _, scribbles, classifier = made
    labels, doubt = classifier.predict(grey)
    monkeypatch.setattr(room, "_CHUNK", 500)
    for workers in (1, 3):
        monkeypatch.setattr(room, "_workers", lambda workers=workers: workers)
        again = train(grey, scribbles, FEW, SIGMAS)
        assert classifier_bytes(again) == classifier_bytes(classifier)
        for found in (again, replace(again, forest=None)):
            assert np.array_equal(found.predict(grey)[0], labels) and np.array_equal(found.predict(grey)[1], doubt)


def test_blocks_of_a_volume_change_no_bit_and_cover_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    grey, _, scribbles = textures((20, 26, 24))
    scribbles[3:] = 0  # blocks without any are passed over
    whole = train(grey, scribbles, FEW, (1.0,))
    labels, doubt = whole.predict(grey)
    monkeypatch.setattr(room, "_BLOCK", 1000)
    blocks = list(room._blocks(grey.shape))
    covered = np.zeros(grey.shape, int)
    for block in blocks:
        covered[block] += 1
    assert (covered == 1).all() and len(blocks) > 8 and max(covered[block].size for block in blocks) <= 1000
    again = train(grey, scribbles, FEW, (1.0,))
    assert classifier_bytes(again) == classifier_bytes(whole)
    said: list[int] = []
    assert np.array_equal(finish(again.labelling(grey), lambda progress: said.append(progress.step)), labels)
    assert np.array_equal(again.predict(grey)[1], doubt)
    assert set(said) == set(range(len(blocks))) and said == sorted(said)


def test_the_same_seed_grows_the_same_forest_and_kept_features_the_same(made: tuple[Any, ...]) -> None:
    grey, _, scribbles, classifier = made
    again = train(grey, scribbles, FEW, SIGMAS, features(grey, SIGMAS))
    assert classifier_bytes(again) == classifier_bytes(classifier)
    assert classifier_bytes(train(grey, scribbles, replace(FEW, seed=1), SIGMAS)) != classifier_bytes(classifier)
    few = train(grey, scribbles, replace(FEW, pixels=50), SIGMAS)
    assert few.pixels == 50 and classifier.pixels == int((scribbles > 0).sum())


def test_volumes_are_told_apart_too() -> None:
    grey, truth, scribbles = textures((24, 24, 26))
    scribbles[1::2] = 0
    classifier = train(grey, scribbles, FEW, (1.0, 2.0))
    assert (classifier.predict(grey)[0] == truth).mean() > 0.9
    with pytest.raises(InputError, match="trained for volumes"):
        classifier.predict(grey[0])


@pytest.mark.parametrize("scribbles", [
    np.zeros((64, 72), np.uint8), np.ones((64, 72), np.uint8), np.ones((9, 9), np.uint8),
    np.arange(64 * 72).reshape(64, 72).astype(np.uint8), np.ones((64, 72), np.int32),
])  # fmt: skip
def test_scribbles_that_teach_nothing_are_refused(scribbles: np.ndarray) -> None:
    with pytest.raises(InputError):
        train(textures()[0], scribbles, FEW, SIGMAS)


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_brings_back_the_same_classifier(made: tuple[Any, ...], tmp_path: Path) -> None:
    grey, _, _, classifier = made
    path = save_classifier(classifier, tmp_path / "c.microloom-classifier")
    again = load_classifier(path)
    assert classifier_bytes(again) == path.read_bytes()
    for one, other in zip(again.predict(grey), classifier.predict(grey), strict=True):
        assert np.array_equal(one, other)
    script = (
        "import sys, pathlib; from core.segmentation.classifier_file import load_classifier; "
        f"load_classifier(pathlib.Path({str(path)!r})); print('sklearn' in sys.modules, 'pickle' in sys.argv)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.split()[0] == "False", "a file needs no scikit-learn"


def test_truncated_and_foreign_files_are_refused(made: tuple[Any, ...], tmp_path: Path) -> None:
    data = classifier_bytes(made[3])
    path = tmp_path / "c.microloom-classifier"
    for length in (1, 7, 8, 60, 300, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"c\.microloom"):
            load_classifier(path)
    for foreign in (b"PK\x03\x04" + bytes(100), b"\x80\x04cos\nsystem\n.", b"\xff" * 200, json.dumps({}).encode()):
        path.write_bytes(foreign)
        with pytest.raises(InputError):
            load_classifier(path)


def cards() -> list[dict[str, Any]]:
    return [
        {"format": "other"}, {"format_version": 2}, {"format_version": "1"}, {"ndim": 4}, {"ndim": True},
        {"sigmas": []}, {"sigmas": [float("nan")]}, {"sigmas": [1e9]}, {"sigmas": [1.0] * 13}, {"sigmas": "12"},
        {"pixels": "many"},
    ]  # fmt: skip


@pytest.mark.parametrize("change", cards())
def test_cards_that_cannot_be_are_refused(change: dict[str, Any], made: tuple[Any, ...]) -> None:
    from safetensors.numpy import load, save

    data = classifier_bytes(made[3])
    length = int.from_bytes(data[:8], "little")
    card = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["card"])
    with pytest.raises(InputError):
        classifier_from_bytes(save(load(data), {"card": json.dumps(card | change)}))
    assert classifier_from_bytes(save(load(data), {"card": json.dumps(card)})).pixels == made[3].pixels


def hostile() -> list[tuple[str, Any]]:
    def at_root(array: np.ndarray, value: float) -> np.ndarray:
        out = array.copy()
        out[0] = value
        return out

    return [
        ("left", lambda c: at_root(c.left, -1)), ("left", lambda c: at_root(c.left, 1 << 30)),
        ("right", lambda c: at_root(c.right, 0)), ("roots", lambda c: at_root(c.roots, -5)),
        ("roots", lambda c: at_root(c.roots, len(c.left))), ("roots", lambda c: c.roots[:0]),
        ("feature", lambda c: at_root(c.feature, 99)), ("feature", lambda c: at_root(c.feature, -1)),
        ("threshold", lambda c: at_root(c.threshold, np.nan)), ("value", lambda c: at_root(c.value, 3)),
        ("value", lambda c: at_root(c.value, np.nan)), ("value", lambda c: c.value[:, :1]),
        ("value", lambda c: c.value.astype(np.float32)), ("left", lambda c: c.left[:-1]),
        ("left", lambda c: c.left.astype(np.int64)),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "change"), hostile())
def test_trees_that_lead_astray_are_refused(name: str, change: Any, made: tuple[Any, ...]) -> None:
    classifier = made[3]
    bad = replace(classifier, **{name: change(classifier)})
    with pytest.raises(InputError, match="trees"):
        classifier_from_bytes(classifier_bytes(bad))


def test_a_tree_without_end_is_refused() -> None:
    nodes = 2001
    own = np.arange(nodes, dtype=np.int32)
    left, right = own.copy(), own.copy()
    left[:-2:2], right[:-2:2] = own[1:-1:2], own[2::2]
    shares = np.full((nodes, 2), 0.5)
    chain = Classifier(2, (1.0,), np.zeros(1, np.int32), np.zeros(nodes, np.int32), np.zeros(nodes, np.float32), left,
                       right, shares)  # fmt: skip
    with pytest.raises(InputError, match="lead nowhere"):
        classifier_from_bytes(classifier_bytes(chain))


def test_what_another_picture_teaches_is_learned_as_if_it_were_here() -> None:
    generator = np.random.default_rng(5)
    one, other = (generator.integers(0, 255, (30, 40), np.uint8) for _ in range(2))
    marks = np.zeros(one.shape, np.uint8)
    marks[3:8, 5:30], marks[12:20, 5:30] = 1, 3
    nothing, settings = np.zeros_like(marks), TrainingSettings(trees=2)
    taught = lesson(one, marks, settings, (1.0,))
    assert np.array_equal(taught.rows, features(one, (1.0,))[marks > 0]) and set(taught.labels) == {0, 2}
    here, there = train(one, marks, settings, (1.0,)), train(other, nothing, settings, (1.0,), more=[taught])
    assert np.array_equal(here.predict(one)[0], there.predict(one)[0]) and here.pixels == there.pixels
    few = TrainingSettings(trees=2, pixels=20)
    assert train(one, marks, few, (1.0,), more=[taught]).pixels == 20
    with pytest.raises(InputError, match="Fewer than two"):
        train(other, np.minimum(marks, 1), settings, (1.0,))
    half = Lesson(taught.rows[:3], taught.labels[:3])
    with pytest.raises(InputError, match="Fewer than two"):
        train(other, nothing, settings, (1.0,), more=[half])
