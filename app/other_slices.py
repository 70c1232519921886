"""What was painted on the slices of a volume that are not on show teaches the classifier too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.learning import marks_of
from app.session import State
from core.images.grey_volume import GreyVolume
from core.painting.pixels import Box
from core.painting.sheet import Painted
from core.segmentation.settings import SegmentationSettings

if TYPE_CHECKING:
    from core.segmentation.classifier import Lesson
    from core.segmentation.slab import PreparedSlices


@dataclass(frozen=True, eq=False)
class PaintedSlice:
    """A slice to learn from; ``values`` are None where what it teaches is known."""

    place: int
    painted: Painted
    crop: Box | None
    values: np.ndarray | None


@dataclass(frozen=True, eq=False)
class _Known:
    painted: Painted
    crop: Box | None
    key: object
    lesson: Lesson


class OtherSlices:
    """Keeps what each painted slice taught, until it is painted on again or the picture is prepared another way."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._volume: GreyVolume | None = None

    def of(self, state: State) -> tuple[PaintedSlice, ...]:
        """The painted slices that are not on show, as they are now; asked in the GUI thread."""
        stack = state.stack
        if stack is None or stack.volume is not self._volume:
            self._known.clear()
            self._volume = None if stack is None else stack.volume
        if stack is None or stack.volume is None:
            return ()
        y0, y1, x0, x1 = state.crop or (0, None, 0, None)
        found = []
        for place, painted in sorted(stack.painted.items()):
            known = self._known.get(place)
            same = known is not None and known.painted is painted and known.crop == state.crop
            # a copy: painting may go on there before this is looked at
            values = None if same else painted.sheet.values[y0:y1, x0:x1].copy()
            found.append(PaintedSlice(place, painted, state.crop, values))
        return tuple(found)

    def lessons(
        self, slices: tuple[PaintedSlice, ...], settings: SegmentationSettings, key: object,
        around: PreparedSlices | None = None,
    ) -> list[Lesson]:  # fmt: skip
        """What they teach where slices are prepared with ``settings``, of which ``key`` tells; asked in the background.

        With ``around``, to a classifier that looks in three directions.

        Raises
        ------
        InputError
            Where a slice cannot be read.
        """
        from core.segmentation import prepared
        from core.segmentation.classifier import SIGMAS_2D, SIGMAS_3D, lesson
        from core.segmentation.slab import Slab

        key = (key, around is not None)
        found, volume = [], self._volume
        for one in slices:
            known = self._known.get(one.place)
            fits = known is not None and known.painted is one.painted and known.crop == one.crop and known.key == key
            if not fits and volume is not None:
                y0, y1, x0, x1 = one.crop or (0, None, 0, None)
                values = one.painted.sheet.values[y0:y1, x0:x1].copy() if one.values is None else one.values
                marks = marks_of(values, settings.phases)
                if marks is None:
                    continue
                if around is not None:
                    taught = Slab(around, one.place).lesson(marks, SIGMAS_3D)
                else:
                    grey = prepared(np.ascontiguousarray(volume.plane(one.place)[y0:y1, x0:x1]), settings)
                    taught = lesson(grey, marks, sigmas=SIGMAS_2D)
                known = _Known(one.painted, one.crop, key, taught)
                self._known[one.place] = known
            if known is not None:
                found.append(known.lesson)
        return found
