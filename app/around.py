"""What lies around the slice on show, for a classifier that looks in three directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.session import Box, State
from core.images.grey_volume import GreyVolume
from core.segmentation.settings import TRAINED, SegmentationSettings

if TYPE_CHECKING:
    from core.segmentation.slab import PreparedSlices, Slab

_PREPARING_FIELDS = (
    "flatten", "flatten_width", "flatten_radius", "denoise", "median_radius", "gaussian_sigma", "nlm_strength",
    "nlm_distance", "bilateral_sigma", "bilateral_contrast",
)  # fmt: skip


def preparing(settings: SegmentationSettings) -> tuple[Any, ...]:
    """What of ``settings`` the prepared picture depends on."""
    return tuple(getattr(settings, name) for name in _PREPARING_FIELDS)


def looks_around(state: State) -> bool:
    """Whether the phases of the slice on show are found with features in three directions."""
    if state.stack is None or state.take_labels or state.segmentation.threshold != TRAINED:
        return False
    return state.stack.in_3d if state.classifier is None else state.classifier.ndim == 3


class Around:
    """Keeps prepared slices of the volume that is open until another is, or they are prepared another way."""

    def __init__(self) -> None:
        self._of: tuple[GreyVolume, Box | None, tuple[Any, ...]] | None = None
        self._slices: PreparedSlices | None = None

    def slab(self, state: State) -> Slab | None:
        """The slice on show with its neighbours, which are not read yet; None where one looks at the slice alone.

        Raises
        ------
        InputError
            Where the volume is not there any more.
        """
        from core.segmentation.slab import PreparedSlices, Slab

        stack = state.stack
        if stack is None or not looks_around(state):
            self._of, self._slices = None, None
            return None
        volume, key = stack.found, preparing(state.segmentation)
        same = self._of is not None and self._of[0] is volume and self._of[1:] == (state.crop, key)
        if not same or self._slices is None:
            y0, y1, x0, x1 = state.crop or (0, None, 0, None)
            part = volume if state.crop is None else volume.cropped(slice(y0, y1), slice(x0, x1))
            self._of, self._slices = (volume, state.crop, key), PreparedSlices(part, state.segmentation)
        return Slab(self._slices, stack.place)
