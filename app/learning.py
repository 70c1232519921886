"""What strokes teach: features of the picture in the background, a forest, labels (first those that are seen)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.context import Context
from app.jobs import JobRunner
from core.job import Job, Progress
from core.painting.pixels import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.segmentation.classifier import Classifier, Lesson
    from core.segmentation.slab import Slab

MOST_FEATURES = 1 << 22
"""Pixels of a picture whose features are kept between two strokes (some 500 MB)."""
_PATCH = 1 << 18  # pixels below which a part of the picture is not labelled before the rest


@dataclass(frozen=True, eq=False)
class Ahead:
    """Features as far as they are at hand.

    Attributes
    ----------
    grey
        The picture, shape (Y, X), or None.
    seen
        Its features (as `core.segmentation.features.features`), or None where they are not there.
    failed
        Whether they will not be there.
    """

    grey: np.ndarray | None = None
    seen: np.ndarray | None = None
    failed: bool = False

    def of(self, grey: np.ndarray) -> np.ndarray | None:
        """Features of ``grey``, or None."""
        return self.seen if self.grey is grey else None

    def worth_waiting(self, grey: np.ndarray) -> bool:
        """Whether features of ``grey`` are not there but can be."""
        return grey.size <= MOST_FEATURES and self.of(grey) is None and not (self.grey is grey and self.failed)


class FeaturesAhead(QObject):
    """Computes the features of one picture while nothing is painted yet, and keeps them.

    Signals
    -------
    ready()
        They are there now, or could not be computed (`now`).
    progressed()
        `share` is another one.
    """

    ready = Signal()
    progressed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages = context.messages
        self._grey: np.ndarray | None = None
        self._slab: Slab | None = None
        self._asked: np.ndarray | None = None
        self._seen: np.ndarray | None = None
        self._failed = False
        self.share: float | None = None
        """How much is done, 0 to 1; None while nothing is under way."""
        self._runner = JobRunner()
        self._runner.progressed.connect(self._heard)
        self._runner.returned.connect(self._returned)
        self._runner.failed.connect(self._not_made)
        self._runner.idle.connect(self._idle)
        context.jobs.finishing.connect(lambda: self._runner.finish())

    @property
    def busy(self) -> bool:
        """Whether features are being computed."""
        return self._runner.busy

    @property
    def now(self) -> Ahead:
        """What is at hand."""
        return Ahead(self._grey, self._seen, self._failed)

    def want(self, grey: np.ndarray, slab: Slab | None = None) -> None:
        """Compute the features of ``grey`` (Y, X) unless they are there, under way, or too many to keep.

        With a ``slab``, whose slice ``grey`` is, they are those in three directions.
        """
        if self._grey is grey or grey.size > MOST_FEATURES:
            return
        self.forget()
        self._grey, self._slab = grey, slab
        if not self._runner.busy:
            self._start()

    def forget(self) -> None:
        """Give up what is under way and the memory of what is there."""
        self._grey, self._asked, self._seen, self.share, self._failed = None, None, None, None, False
        self._slab = None
        self._runner.cancel()

    def _start(self) -> None:
        grey, slab = self._grey, self._slab
        self._asked = grey
        assert grey is not None
        self.share = 0.0
        self._runner.start("Preparing the classifier", lambda: _prepared(grey, slab), kind="features")

    def _heard(self, progress: Progress) -> None:
        if self._asked is not None:
            self.share = progress.fraction
            self.progressed.emit()

    def _returned(self, seen: Any) -> None:
        if self._asked is not None:
            self._seen, self.share = seen, None
            self.ready.emit()

    def _not_made(self, error: Exception) -> None:
        if self._asked is not None:
            self._failed, self.share = True, None
            self._messages.failed("Preparing the classifier", error)
            self.ready.emit()

    def _idle(self) -> None:
        """Another picture was asked for while the features of the last one were given up."""
        if self._grey is not None and self._asked is None:
            self._start()


def _prepared(grey: np.ndarray, slab: Slab | None) -> Job[np.ndarray]:
    """All that the first stroke would wait for: features, and the library that grows the forest."""
    from core.segmentation.classifier import SIGMAS_2D, SIGMAS_3D
    from core.segmentation.features import features_steps

    seen = yield from (features_steps(grey, SIGMAS_2D) if slab is None else slab.features(SIGMAS_3D))
    import sklearn.ensemble  # noqa: F401

    return seen


@dataclass(frozen=True, eq=False)
class Learned:
    """What a classifier says of a picture.

    Attributes
    ----------
    labels, doubt
        As `core.segmentation.classifier.Classifier.predict` gives them.
    first
        The part that they are true for, where the rest is still that of the classifier before; None: all of it.
    """

    classifier: Classifier
    labels: np.ndarray
    doubt: np.ndarray
    first: Box | None = None


def marks_of(painted: np.ndarray | None, phases: int) -> np.ndarray | None:
    """Scribbles (0 none, 1 … n the phases) from corrections; None where there are none."""
    if painted is None:
        return None
    marks = np.where(painted < phases, painted + np.uint8(1), np.uint8(0))
    return marks if marks.any() else None


def teaches(marks: np.ndarray | None, more: Sequence[Lesson] = ()) -> bool:
    """Whether scribbles, and those on other slices, are of two phases at least."""
    named = [one.labels for one in more]
    if marks is not None:
        named.append((np.flatnonzero(np.bincount(marks.reshape(-1), minlength=2)[1:])).astype(np.uint8))
    return bool(named) and len(np.unique(np.concatenate(named))) > 1


def learn(
    grey: np.ndarray, marks: np.ndarray | None, seen: np.ndarray | None, look_first: Box | None,
    before: Learned | None, more: Sequence[Lesson] = (), slab: Slab | None = None,
) -> Learned:  # fmt: skip
    """Train a forest and find the labels; where much of a picture is out of sight, what is seen only (`Learned.first`).

    Parameters
    ----------
    seen
        Features of ``grey`` where they are at hand; else they are computed band by band.
    look_first
        The part that is on the screen.
    before
        What was known until now: stands for the rest until `complete` finds it.
    more
        What was painted on other slices of a volume.
    slab
        The slice with its neighbours, where the classifier is to look in three directions.
    """
    from core.segmentation.classifier import SIGMAS_2D, SIGMAS_3D, train

    own = np.zeros(grey.shape, np.uint8) if marks is None else marks
    if slab is None:
        classifier = train(grey, own, sigmas=SIGMAS_2D, seen=seen, more=more)
    elif seen is None:
        taught = [slab.lesson(own, SIGMAS_3D), *more]
        classifier = train(grey[None], np.zeros((1, *grey.shape), np.uint8), sigmas=SIGMAS_3D, more=taught)
    else:
        classifier = train(grey[None], own[None], sigmas=SIGMAS_3D, seen=seen[None], more=more)
    if seen is None:
        return predicted(classifier, grey, slab)
    if look_first is not None and before is not None and before.labels.shape == grey.shape:
        y0, y1, x0, x1 = look_first
        shown = max(0, y1 - y0) * max(0, x1 - x0)
        if grey.size > _PATCH and 0 < shown < grey.size // 2:
            part = Learned(classifier, before.labels.copy(), before.doubt.copy(), look_first)
            _fill(part, seen, look_first)
            return part
    return Learned(classifier, *classifier.of_picture(seen))


def predicted(classifier: Classifier, grey: np.ndarray, slab: Slab | None) -> Learned:
    """What ``classifier`` says of a picture, or of the slice of ``slab``."""
    return Learned(classifier, *(classifier.predict(grey) if slab is None else slab.predict(classifier)))


def complete(part: Learned, seen: np.ndarray) -> Learned:
    """The labels of the whole picture, where `learn` found those of a part."""
    assert part.first is not None
    y0, y1, x0, x1 = part.first
    rows, columns = part.labels.shape
    whole = replace(part, labels=part.labels.copy(), doubt=part.doubt.copy(), first=None)
    for box in ((0, y0, 0, columns), (y1, rows, 0, columns), (y0, y1, 0, x0), (y0, y1, x1, columns)):
        if box[1] > box[0] and box[3] > box[2]:
            _fill(whole, seen, box)
    return whole


def _fill(found: Learned, seen: np.ndarray, box: Box) -> None:
    y0, y1, x0, x1 = box
    inside = slice(y0, y1), slice(x0, x1)
    found.labels[inside], found.doubt[inside] = found.classifier.of_picture(seen[inside])
