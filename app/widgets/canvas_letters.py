"""Letters of a vispy canvas: each is drawn once, before it is needed, and shared by all texts of the canvas.

vispy gives every text a font of its own, and a font draws its letters in Python when they are first shown, some 15 ms
each: the six axes and three captions of a volume would hold up the window for seconds at their first picture.
"""

from __future__ import annotations

import string
from typing import Any

from vispy.visuals.text.text import FontManager

FACE = "OpenSans"
"""vispy's own: it comes with it."""
USUAL = string.digits + ".-() µ·:," + string.ascii_letters + "ÅÉÑŐ"
"""What axes and captions are made of, and the capitals by which vispy measures the height of a line."""


class CanvasLetters:
    """The font of one canvas.

    Attributes
    ----------
    manager
        What ``scene.Text`` takes as ``font_manager``.
    """

    def __init__(self) -> None:
        self.manager = FontManager()
        self._to_draw = list(dict.fromkeys(USUAL))

    def use_in(self, axis: Any) -> None:
        """Let the numbers and the label of an ``AxisVisual`` be written with these letters."""
        for text in (axis._text, axis._axis_label_vis):  # it has no other way to be told
            text._font_manager = self.manager
            text._update_font()

    def draw_next(self) -> bool:
        """Draw one of the usual letters that is not drawn yet; whether there are more."""
        if self._to_draw:
            # a look-up draws it; its picture waits for the canvas to have a context
            self.manager.get_font(FACE)[self._to_draw.pop(0)]
        return bool(self._to_draw)
