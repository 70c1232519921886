"""What a see-through picture is, found from the same picture over black and over white."""

from __future__ import annotations

import numpy as np


def without_ground(over_black: np.ndarray, over_white: np.ndarray) -> np.ndarray:
    """Colour and opacity of a picture that was drawn once over black and once over white.

    Over a ground g, a colour c of opacity a gives a·c + (1 − a)·g. So a is 1 − (white − black), whatever was drawn over
    whatever, and c is black / a (Smith and Blinn, "Blue Screen Matting", SIGGRAPH 1996, their two-ground solution).

    Parameters
    ----------
    over_black, over_white
        Red, green, blue; shape (rows, columns, 3), uint8.

    Returns
    -------
    Red, green, blue, opacity; shape (rows, columns, 4), uint8. Where nothing is, all four are 0.
    """
    picture = np.empty((*over_black.shape[:2], 4), np.uint8)
    # a row at a time: pictures for print have tens of millions of pixels
    for row, (black, white) in enumerate(zip(over_black, over_white, strict=True)):
        opacity = 255 - (white.astype(np.int16) - black).max(axis=-1)
        opacity = np.clip(opacity, 0, 255)
        colors = np.where(opacity[:, None] > 0, black * 255.0 / np.maximum(opacity, 1)[:, None], 0)
        picture[row, :, :3] = np.minimum(np.rint(colors), 255)
        picture[row, :, 3] = opacity
    return picture
