"""What strokes teach: features ahead of the first stroke, and labels of what is on the screen before the rest."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app import learning
from app.context import Context
from app.learning import FeaturesAhead, Learned, complete, learn, marks_of, teaches
from core.painting.rules import AUTOMATIC
from core.segmentation.classifier import SIGMAS_2D, Lesson, train
from core.segmentation.features import features


@pytest.fixture(scope="module")
def grey() -> np.ndarray:
    rng = np.random.default_rng(2)
    return (rng.normal(100, 10, (60, 70)) + 60 * (np.indices((60, 70)).sum(axis=0) // 15 % 2)).astype(np.uint8)


@pytest.fixture(scope="module")
def marks(grey: np.ndarray) -> np.ndarray:
    found = np.zeros(grey.shape, np.uint8)
    found[::12] = 1 + (grey[::12] > 130)
    return found


def test_corrections_are_marks_where_they_teach_two_phases() -> None:
    painted = np.full((3, 4), AUTOMATIC, np.uint8)
    assert marks_of(None, 2) is None and marks_of(painted, 2) is None
    painted[0, 0], painted[1, 1] = 0, 2
    alone = marks_of(painted, 2)
    assert not teaches(alone) and not teaches(None), "a phase that is not there any more teaches nothing"
    other = Lesson(np.zeros((1, 3), np.float32), np.array([1], np.uint8))
    assert teaches(alone, [other]) and not teaches(None, [other]), "but another slice may have two with this one"
    found = marks_of(painted, 3)
    assert found is not None and found.dtype == np.uint8 and teaches(found)
    assert found.tolist() == [[1, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 0]]


def test_what_is_seen_is_labelled_first_and_the_rest_is_the_same_in_the_end(
    grey: np.ndarray, marks: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_PATCH", 100)
    seen = features(grey, SIGMAS_2D)
    classifier = train(grey, marks, sigmas=SIGMAS_2D, seen=seen)
    labels, doubt = classifier.predict(grey)
    before = Learned(classifier, np.full(grey.shape, 7, np.uint8), np.full(grey.shape, 7, np.float32))
    part = learn(grey, marks, seen, (10, 30, 20, 50), before)
    assert part.first == (10, 30, 20, 50)
    wanted = np.full(grey.shape, 7, np.uint8)
    wanted[10:30, 20:50] = labels[10:30, 20:50]
    assert np.array_equal(part.labels, wanted) and (before.labels == 7).all()
    whole = complete(part, seen)
    assert whole.first is None
    assert np.array_equal(whole.labels, labels) and np.array_equal(whole.doubt, doubt)
    assert np.array_equal(part.labels, wanted), "what is on the screen meanwhile stays as it is"
    # nothing is gained where most of the picture is seen, or nothing is known of the rest
    for box, known in (((0, 60, 0, 70), before), (None, before), ((10, 30, 20, 50), None)):
        at_once = learn(grey, marks, seen, box, known)
        assert at_once.first is None and np.array_equal(at_once.labels, labels)
    without = learn(grey, marks, None, (10, 30, 20, 50), before)
    assert np.array_equal(without.labels, labels) and np.array_equal(without.doubt, doubt)


def test_features_are_there_before_they_are_asked_for(qtbot: QtBot, grey: np.ndarray) -> None:
    context = Context()
    ahead = FeaturesAhead(context)
    shares: list[float | None] = []
    ahead.progressed.connect(lambda: shares.append(ahead.share))
    assert ahead.now.worth_waiting(grey) and ahead.now.of(grey) is None
    with qtbot.waitSignal(ahead.ready, timeout=30_000):
        ahead.want(grey)
    assert ahead.share is None and shares and all(share is not None and 0 <= share <= 1 for share in shares)
    seen = ahead.now.of(grey)
    assert seen is not None and np.array_equal(seen, features(grey, SIGMAS_2D)) and not ahead.now.worth_waiting(grey)
    # the same picture again costs nothing; an equal one is another
    ahead.want(grey)
    assert ahead.now.of(grey) is seen and ahead.now.of(grey.copy()) is None
    qtbot.waitUntil(lambda: not ahead.busy)


def test_another_picture_takes_the_place_of_one_under_way(qtbot: QtBot, grey: np.ndarray) -> None:
    ahead = FeaturesAhead(Context())
    first, second = np.tile(grey, (4, 4)), grey[:20].copy()
    ahead.want(first)
    ahead.want(second)
    qtbot.waitUntil(lambda: ahead.now.of(second) is not None, timeout=30_000)
    assert ahead.now.of(first) is None
    # given up and wanted again at once
    ahead.want(first)
    ahead.forget()
    ahead.want(first)
    qtbot.waitUntil(lambda: ahead.now.of(first) is not None, timeout=30_000)
    ahead.forget()
    assert ahead.now.of(first) is None
    qtbot.waitUntil(lambda: not ahead.busy)


def test_what_cannot_be_prepared_is_told_and_not_waited_for(
    qtbot: QtBot, grey: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = Context()
    ahead = FeaturesAhead(context)
    said: list[str] = []
    context.messages.notice.connect(lambda text, _severity: said.append(text))

    def broken(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("core.segmentation.features.features_steps", broken)
    with qtbot.waitSignal(ahead.ready, timeout=30_000):
        ahead.want(grey)
    assert ahead.now.of(grey) is None and not ahead.now.worth_waiting(grey)
    assert any("memory" in text for text in said)
    # too large to keep: never begun
    monkeypatch.setattr(learning, "MOST_FEATURES", 100)
    other = grey.copy()
    ahead.want(other)
    assert not ahead.busy and not ahead.now.worth_waiting(other)
