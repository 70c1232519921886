"""Shows another slice of the grey volume that is open: read off the GUI thread, put into the session as a gesture."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.context import Context
from app.jobs import Latest
from app.session import State
from app.widgets.slice_bar import SliceBar
from core.errors import InputError
from core.images.grey_volume import GreyVolume, Size
from core.images.values import Micrograph


def same_volume(old: State, new: State) -> bool:
    """Whether both show a slice of the same volume."""
    return old.stack is not None and new.stack is not None and old.stack.volume is new.stack.volume


def show_slice(bar: SliceBar, state: State) -> None:
    """Which slice is on show, on a workspace's bar."""
    stack = state.stack
    if stack is None:
        bar.show_slice(None, 0)
        return
    size = None if stack.volume is None else voxel_size(stack.volume, state.pixel_size)
    bar.show_slice(stack.place, stack.count, None if size is None else size[0], found=stack.volume is not None)


def voxel_size(volume: GreyVolume, given: float | None) -> Size:
    """Metres along z, y, x; where the user gave the size of a pixel, slices are as far apart in pixels as before."""
    known = volume.voxel_size
    if known is None:
        edge = given or volume.pixel_size
        return None if edge is None else (edge, edge, edge)
    return known if given is None else (known[0] * given / known[2], known[1] * given / known[2], given)


class Slices(QObject):
    """Reads the slices that are asked for; of many that are asked for quickly, the last."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._session = context, context.session
        self._reader = Latest(self)
        self._reader.answered.connect(self._take)
        self._reader.failed.connect(lambda error: context.messages.failed("Reading a slice", error))

    @property
    def busy(self) -> bool:
        """Whether a slice is being read."""
        return self._reader.busy

    def show(self, place: int) -> None:
        """Show the slice ``place``, from 0; one beyond the volume's ends shows the last there is."""
        stack = self._session.state.stack
        if stack is None:
            return
        place = min(max(place, 0), stack.count - 1)
        if place == stack.place:
            self._reader.forget()  # back before the other one came
            return
        try:
            volume = stack.found
        except InputError as error:
            self._context.messages.failed("Reading a slice", error)
            return
        self._reader.ask(lambda: (volume, place, volume.picture(place)))

    def _take(self, answer: tuple[object, int, Micrograph]) -> None:
        volume, place, picture = answer
        state = self._session.state
        stack = state.stack
        if stack is None or stack.volume is not volume or place == stack.place:
            return  # another file was opened meanwhile
        there, painted = stack.at(place, state.corrections)
        self._context.commands.do(
            "another slice", merge="slice", held=picture.grey.nbytes, opened=picture, stack=there, corrections=painted
        )
