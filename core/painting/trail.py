"""Where a soft brush was: pieces that cover it all and hardly overlap, so that a long way costs no more than its area.

What a moved brush does to a pixel is decided by the nearest point of its way. Beside a straight line that is a point of
the line; around a corner it is the corner, for the pixels that lie ahead of the line before it and behind the one after
it. What lies ahead of the last place belongs to whatever comes next, and is painted when that is known: a brush of
thousands of pixels has millions ahead of it, and would paint them anew at each movement.
"""

from __future__ import annotations

import math

from core.painting.brush import Brush, Piece
from core.painting.shapes import Point


class Trail:
    """Cuts the way of a soft brush into pieces, as it is drawn."""

    def __init__(self) -> None:
        self._head: Piece | None = None

    @property
    def head(self) -> Piece | None:
        """What lies ahead of the last place and belongs to no piece yet; None before the first and after the last."""
        return self._head

    def to(self, start: Point, end: Point, brush: Brush, *, known: bool) -> list[Piece]:
        """The pieces that are known once the brush is moved in a straight line.

        Parameters
        ----------
        known
            Whether the same brush stood at ``start`` before. If not, it is set down there.
        """
        if known and start == end:
            return []
        if start == end:
            found = self.finish()
            self._head = Piece(end, end, brush)
            return found
        ahead, behind = way(start, end), way(end, start)
        if known and self._head is not None:
            head = self._head
            found = [
                Piece(start, start, brush, cuts=(*head.cuts, (start, behind))),
                Piece(start, end, brush, cuts=((start, ahead), (end, behind))),
            ]
        else:
            found = [*self.finish(), Piece(start, end, brush, cuts=((end, behind),))]
        self._head = Piece(end, end, brush, cuts=((end, ahead),))
        return found

    def finish(self) -> list[Piece]:
        """The rest, where the way ends."""
        head, self._head = self._head, None
        return [] if head is None else [head]


def way(start: Point, end: Point) -> Point:
    """The unit vector from ``start`` to ``end``; nothing is ahead of it where they are the same."""
    length = math.dist(start, end)
    return ((end[0] - start[0]) / length, (end[1] - start[1]) / length) if length > 0 else (0.0, 0.0)
