"""Keeps the phase image and its curves true to the state, in the background.

Listens to the session, works out which stages of the segmentation a change touches (denoise, threshold, clean-up), runs
only those off the GUI thread and hands the session what came out. Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer

from app.around import Around, looks_around, preparing
from app.context import Context, Issue
from app.jobs import Latest
from app.learning import Ahead, FeaturesAhead, Learned, complete, learn, marks_of, predicted, teaches
from app.other_slices import OtherSlices
from app.session import State, differing
from core.errors import MicroloomError
from core.images.values import Micrograph, Phase, PhaseImage
from core.painting.pixels import Box
from core.segmentation.correcting import corrected
from core.segmentation.settings import TRAINED, SegmentationSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.segmentation.classifier import Classifier, Lesson
    from core.segmentation.slab import Slab

MAX_LAG = 63
SCRIBBLE = "Paint a few strokes on two phases at least; until then multi-Otsu stands in."
_CURVES_AFTER = 250  # milliseconds without a change before S2 and L are measured: they cost more than the labels


@dataclass(frozen=True, eq=False)
class _Answer:
    micrograph: Micrograph
    denoised: np.ndarray
    denoise_key: Any
    image: PhaseImage
    thresholds: tuple[float, ...]
    learned: Learned | None = None
    """What a classifier says."""
    waits: bool = False
    """Whether there is something to learn from, but no features yet."""
    slab: Slab | None = None
    """The slice with its neighbours, where these are looked at too."""


class LiveExemplar(QObject):
    """Computes `Session.phase_image`, then `Session.curves` and `Session.band`."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._session = context.session
        self._messages = context.messages
        self._labels = Latest(self)
        self._labels.answered.connect(self._segmented)
        self._labels.failed.connect(self._not_segmented)
        self._correct = Latest(self)
        self._correct.answered.connect(self._corrected)
        self._correct.failed.connect(lambda error: self._messages.failed("Correcting the phases", error))
        self._curves = Latest(self)
        self._curves.answered.connect(self._measured)
        self._curves.failed.connect(lambda error: self._messages.failed("Measuring the exemplar", error))
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_CURVES_AFTER)
        self._pause.timeout.connect(self._measure)
        self._last: _Answer | None = None
        self._others = OtherSlices()
        self._around = Around()
        self.ahead = FeaturesAhead(context, self)
        self.ahead.ready.connect(self._prepared)
        self.look_first: Callable[[], Box | None] = lambda: None
        """The part of the micrograph that is on the screen, which is labelled before the rest."""
        self.thresholds: tuple[float, ...] = ()
        self.denoised: np.ndarray | None = None
        self._session.changed.connect(self._changed)

    @property
    def busy(self) -> bool:
        """Whether labels or curves are still to come."""
        return self.segmenting or self.ahead.busy or self._curves.busy or self._pause.isActive()

    @property
    def segmenting(self) -> bool:
        """Whether the phase image is not yet that of the state."""
        waits = self._last is not None and self._last.waits and self.ahead.busy
        return self._labels.busy or self._correct.busy or waits

    @property
    def automatic(self) -> PhaseImage | None:
        """The phase image without what was painted on it, or None."""
        return None if self._last is None else self._last.image

    @property
    def classifier(self) -> Classifier | None:
        """What was learned from the scribbles, or loaded; or None."""
        return None if self._last is None or self._last.learned is None else self._last.learned.classifier

    @property
    def doubt(self) -> np.ndarray | None:
        """How unsure the classifier is, shape of the micrograph, 0 to 1; or None."""
        return None if self._last is None or self._last.learned is None else self._last.learned.doubt

    def _changed(self, old: State, new: State) -> None:
        names = differing(old, new)
        if new.opened is None:
            self._labels.forget()
            self._correct.forget()
            self._curves.forget()
            self.ahead.forget()
            self._last, self.denoised, self.thresholds = None, None, ()
            self._session.derive(phase_image=None, curves=None, band=None, intervals=(), phase_image_problem="")
            return
        if names & {"opened", "crop"}:  # what is on its way is of another picture, which may be as large
            self._labels.forget()
            self._correct.forget()
        trained = new.segmentation.threshold == TRAINED and not new.take_labels
        learns = trained and new.classifier is None and "corrections" in names
        learns = learns or looks_around(old) != looks_around(new)
        if names & {"opened", "crop", "segmentation", "take_labels"} or learns or (trained and "classifier" in names):
            self._segment(new)
        elif "corrections" in names and self._last is not None and not self._labels.busy:
            self._put_together(self._last.image)
        elif names & {"phases", "pixel_size"} and self._session.phase_image is not None:
            self._session.derive(phase_image=_dressed(self._session.phase_image, new))
        if old.plan.phase != new.plan.phase:
            self._pause.start()

    def _segment(self, state: State) -> None:
        micrograph = state.micrograph
        assert micrograph is not None
        before = self._last
        try:
            slab = self._around.slab(state)
        except MicroloomError as error:
            self._labels.forget()
            self._not_segmented(error)
            return
        painted = None
        learns = state.segmentation.threshold == TRAINED and state.classifier is None
        if learns and state.corrections is not None:
            # a copy: painting goes on meanwhile
            y0, y1, x0, x1 = state.crop or (0, None, 0, None)
            painted = state.corrections.sheet.values[y0:y1, x0:x1].copy()
        ahead, first, others = self.ahead.now, self.look_first(), self._others
        slices = others.of(state) if learns else ()
        self._labels.ask(
            lambda: _compute(
                micrograph, state, before, painted, ahead, first,
                lambda settings, key: others.lessons(slices, settings, key, None if slab is None else slab.slices),
                slab,
            )
        )  # fmt: skip

    def _segmented(self, answer: _Answer) -> None:
        self._last = answer
        self.thresholds, self.denoised = answer.thresholds, answer.denoised
        state = self._session.state
        trained = state.segmentation.threshold == TRAINED and not state.take_labels
        few = trained and answer.learned is None and not answer.waits
        self._messages.set_issues(
            "phases", [Issue("phases", "warning", "Nothing is learned yet.", SCRIBBLE)] if few else []
        )
        if trained and state.classifier is None:
            self.ahead.want(answer.denoised, answer.slab)
        else:
            self.ahead.forget()
        self._put_together(answer.image)
        if answer.waits and not self.ahead.now.worth_waiting(answer.denoised):
            self._prepared()  # they came while this was on its way
        elif answer.learned is not None and answer.learned.first is not None and not self._labels.busy:
            self._complete(answer, state.segmentation)

    def _complete(self, answer: _Answer, settings: SegmentationSettings) -> None:
        seen = self.ahead.now.of(answer.denoised)
        if seen is not None:
            self._labels.ask(lambda: _completed(answer, settings, seen))

    def _prepared(self) -> None:
        """The features are there: learn from what was painted meanwhile."""
        if self._last is not None and self._last.waits and not self._labels.busy:
            self._segment(self._session.state)

    def _put_together(self, automatic: PhaseImage) -> None:
        """The automatic labels, and over them what was painted."""
        state = self._session.state
        if state.corrections is None:
            self._correct.forget()  # an answer to what was painted before may still be on its way
            self._corrected(automatic)
            return
        # a copy: painting goes on meanwhile
        y0, y1, x0, x1 = state.crop or (0, None, 0, None)
        painted = state.corrections.sheet.values[y0:y1, x0:x1].copy()
        self._correct.ask(lambda: corrected(automatic, painted))

    def _corrected(self, image: PhaseImage) -> None:
        shape = None if self._session.state.micrograph is None else self._session.state.micrograph.shape
        if image.shape != shape:  # cropped meanwhile: the labels of the new part are on their way
            return
        dressed = _dressed(image, self._session.state)
        self._session.derive(phase_image=dressed, intervals=(), phase_image_problem="")
        self._pause.start()

    def _not_segmented(self, error: Exception) -> None:
        expected = isinstance(error, MicroloomError)
        what, remedy = (error.what, error.remedy) if isinstance(error, MicroloomError) else (repr(error), "")
        self._messages.set_issues("phases", [Issue("phases", "error", what, remedy)])
        if not expected:
            self._messages.failed("Segmenting", error)
        self._session.derive(
            phase_image=None, curves=None, band=None, intervals=(), phase_image_problem=f"{what} {remedy}".strip()
        )

    def _measure(self) -> None:
        image, phase = self._session.phase_image, self._session.phase_of_interest
        if image is None or phase is None or len(image.phases) < 2:
            return
        self._curves.ask(lambda: (image, phase, *_measure(image, phase)))

    def _measured(self, answer: tuple[PhaseImage, int, Any, Any, Any]) -> None:
        image, phase, curves, band, intervals = answer
        now = self._session.phase_image
        if now is None or now.labels is not image.labels or phase != self._session.phase_of_interest:
            return
        self._session.derive(curves=curves, band=band, intervals=intervals)


def _measure(image: PhaseImage, phase: int) -> tuple[Any, Any, Any]:
    from core.segmentation.fractions import fraction_interval
    from core.statistics.curves import measure_curves
    from core.statistics.sampling_band import sampling_band

    indicator = image.labels == phase
    lag = min(MAX_LAG, min(indicator.shape) // 2 - 1)
    intervals = tuple(fraction_interval(image.labels == label) for label in range(len(image.phases)))
    return measure_curves(indicator, lag), sampling_band(indicator, lag), intervals


def _dressed(image: PhaseImage, state: State) -> PhaseImage:
    """The image with the names, colours and pixel size in force."""
    phases: tuple[Phase, ...] = image.phases
    if state.phases is not None:
        phases = tuple(
            state.phases[label] if label < len(state.phases) else phase for label, phase in enumerate(image.phases)
        )
    micrograph = state.micrograph
    return replace(image, phases=phases, pixel_size=None if micrograph is None else micrograph.pixel_size)


def _compute(
    micrograph: Micrograph,
    state: State,
    before: _Answer | None,
    painted: np.ndarray | None,
    ahead: Ahead,
    look_first: Box | None,
    lessons: Callable[[SegmentationSettings, object], list[Lesson]],
    slab: Slab | None,
) -> _Answer:
    from core.segmentation import chosen_thresholds, prepared, segment_denoised
    from core.segmentation.settings import check

    if state.take_labels:
        taken = _taken_labels(micrograph)
        if taken is not None:
            return _Answer(micrograph, micrograph.grey, None, taken, ())
    settings = check(state.segmentation)
    key = (preparing(settings), slab is not None)
    if before is not None and before.micrograph.grey is micrograph.grey and before.denoise_key == key:
        grey = before.denoised
    else:
        # an array of its own: what is known of a picture hangs on it, and other features make it another picture
        grey = prepared(micrograph.grey, settings).view()
    if settings.threshold != TRAINED:
        image = segment_denoised(micrograph, grey, settings)
        return _Answer(micrograph, grey, key, image, chosen_thresholds(grey, settings))
    known = before.learned if before is not None and before.denoised is grey else None
    if state.classifier is not None:
        return _trained(micrograph, grey, key, settings, _by_loaded(grey, known, state.classifier, slab))
    marks, more = marks_of(painted, settings.phases), lessons(settings, (key, settings.phases))
    enough = teaches(marks, more)
    if not enough or ahead.worth_waiting(grey):
        # multi-Otsu's labels until two phases are scribbled on, and their features there
        image = segment_denoised(micrograph, grey, replace(settings, threshold="multi-otsu"))
        return _Answer(micrograph, grey, key, image, (), waits=enough, slab=slab)
    learned = learn(grey, marks, ahead.of(grey), look_first, known, more, slab)
    return replace(_trained(micrograph, grey, key, settings, learned), slab=slab)


def _trained(
    micrograph: Micrograph, grey: np.ndarray, key: Any, settings: SegmentationSettings, learned: Learned
) -> _Answer:
    from core.segmentation.segmenting import segment_trained

    image = segment_trained(micrograph, learned.labels, learned.classifier, settings)
    return _Answer(micrograph, grey, key, image, (), learned)


def _completed(part: _Answer, settings: SegmentationSettings, seen: np.ndarray) -> _Answer:
    """The labels that were out of sight."""
    assert part.learned is not None
    whole = _trained(part.micrograph, part.denoised, part.denoise_key, settings, complete(part.learned, seen))
    return replace(whole, slab=part.slab)


def _by_loaded(grey: np.ndarray, known: Learned | None, classifier: Classifier, slab: Slab | None) -> Learned:
    """Labels of a classifier from a file; predicted once, however often the cleaning changes."""
    if known is not None and known.classifier is classifier:
        return known
    return predicted(classifier, grey, slab)


def _taken_labels(micrograph: Micrograph) -> PhaseImage | None:
    from core.images.labelled import labels_from_grey, looks_segmented
    from core.images.values import default_phases
    from core.provenance import Provenance, array_hash

    guess = looks_segmented(micrograph.grey)
    if guess is None:
        return None
    labels = labels_from_grey(micrograph.grey, guess)
    made_by = Provenance(
        "take grey levels as labels",
        inputs=(micrograph.provenance,),
        input_hashes=(array_hash(micrograph.grey),),
    )
    phases = default_phases(max(2, int(labels.max()) + 1))
    return PhaseImage(labels, phases, micrograph.pixel_size, micrograph.name, made_by)
