"""Planes that cut the volume open and the views of a movie are part of the session: undone, and kept in the project."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.context import Context
from app.session import State
from app.widgets.volume_controls import VolumeControls
from app.widgets.volume_view import VolumeView


class KeptLooks(QObject):
    """Turns gestures on the controls of the view into commands, and shows what the session holds.

    Cuts hold for every volume that the view shows: another one, of another shape too, is cut alike.
    """

    def __init__(self, context: Context, view: VolumeView, controls: VolumeControls) -> None:
        super().__init__(view)
        self._context, self._view, self._controls = context, view, controls
        self._filming = False
        controls.cut.edited.connect(self._cut)
        controls.cut.settled.connect(context.commands.end_gesture)
        controls.key_views.edited.connect(self._listed)
        controls.key_views.looked.connect(lambda: self._cut("look as a view", ""))
        context.session.changed.connect(self._changed)
        view.changed.connect(self._show_cuts)

    def set_filming(self, on: bool) -> None:
        """While a movie is made, its frames cut the volume; afterwards it is cut as the session says."""
        self._filming = on
        self._show_cuts()

    def _cut(self, name: str, merge: str) -> None:
        self._context.commands.do(name, merge=merge, cuts=self._view.oblique.cuts)

    def _listed(self, name: str) -> None:
        self._context.commands.do(name, key_views=self._view.key_views)

    def _changed(self, old: State, new: State) -> None:
        if old.cuts != new.cuts:
            self._show_cuts()
        if new.key_views != self._view.key_views:
            self._view.key_views = new.key_views
            self._controls.key_views.refresh()

    def _show_cuts(self) -> None:
        cuts, oblique = self._context.session.state.cuts, self._view.oblique
        if cuts != oblique.cuts and not self._filming:
            oblique.set_all(cuts, oblique.place)
