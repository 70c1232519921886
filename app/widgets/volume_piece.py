"""The connected piece of a phase that was clicked at: found off the GUI thread, and made to stand out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.jobs import Latest
from app.widgets.volume_parts import Part, Triple
from app.widgets.volume_surface import Surface, phase_surface

if TYPE_CHECKING:
    from app.widgets.volume_view import VolumeView
    from core.statistics.piece import Piece, Pieces

COLOR = (1.0, 0.24, 0.42)
"""No phase has it by default."""
_OVER = 0.75  # opacity over a slice


@dataclass(frozen=True, eq=False)
class Found:
    """A piece in the part of a volume that is in memory.

    Attributes
    ----------
    part
        What of the volume was searched; the piece's voxels are this part's.
    surface
        In voxels of the piece's own box.
    """

    piece: Piece
    part: Part
    surface: Surface
    pieces: Pieces = field(repr=False)

    @property
    def voxels(self) -> int:
        """Of the full volume."""
        return self.piece.voxels * int(np.prod(self.part.step))


class VolumePiece(QObject):
    """Shows one piece of one `VolumeView`.

    Signals
    -------
    changed()
        Another piece is shown, or none; `found` says which.
    failed(error)
        It could not be found.

    Attributes
    ----------
    found
        What is shown, or None.
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(self, view: VolumeView) -> None:
        super().__init__(view)
        self._view = view
        self.found: Found | None = None
        self._drawing: Any = None
        self._finder = Latest(self)
        self._finder.answered.connect(self._answered)
        self._finder.failed.connect(self.failed)

    @property
    def busy(self) -> bool:
        """Whether a piece is being looked for."""
        return self._finder.busy

    def ask(self, voxel: Triple) -> None:
        """Look for the piece that a voxel (z, y, x) of the full volume belongs to."""
        part, periodic = self._view.whole, self._view.periodic
        place = part.place(voxel)
        known, step = self.found, 1 if self._view.scene is None else self._view.scene.surface_step(part.labels.shape)

        def work() -> Found:
            from core.statistics.piece import piece_at, pieces_of

            phase = int(part.labels[place])
            same = known is not None and known.part is part and known.piece.phase == phase
            pieces = known.pieces if same and known is not None else pieces_of(part.labels, phase, periodic)
            piece = piece_at(pieces, place)
            return Found(piece, part, phase_surface(piece.inside.astype(np.uint8), 1, step), pieces)

        self._finder.ask(work)

    def clear(self) -> None:
        """Show none, and drop what is on its way."""
        self._finder.forget()
        if self.found is not None:
            self._answered(None)

    def _answered(self, found: Found | None) -> None:
        if found is not None and found.part is not self._view.whole:
            return  # another volume is shown by now
        self.found = found
        self._view.in_3d.fade("piece", 0.2 if found is not None else 1.0)
        self.draw()
        self.changed.emit()

    def draw(self) -> None:
        """Draw anew: the slices have moved, or there is another piece."""
        view = self._view
        if view.scene is None or (self._drawing is None and self.found is None):
            return
        if self._drawing is None:
            from app.widgets.piece_drawing import PieceDrawing

            self._drawing = PieceDrawing(view.scene, (*COLOR, _OVER))
        self._drawing.show(self.found, view.cursor_at, view.scale)
