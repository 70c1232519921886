"""Planes that a volume is to hold exactly, on the command line: ``--anchor z=32:PHASES.tif``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.arguments import checked
from core.errors import InputError

if TYPE_CHECKING:
    from core.images.values import PhaseImage
    from core.reconstruction.anchors import Anchor


def add_option(command: argparse.ArgumentParser) -> None:
    """The option of both commands that generate."""
    command.add_argument(
        "--anchor", type=_place, action="append", default=[], metavar="AXIS=PLACE:IMAGE",
        help="keep this picture exactly as the plane z=32 (or y=…, x=…) of the volume, and let the rest agree with it; "
        "rows and columns run along the other two axes; may be given several times (engine diffusion)",
    )  # fmt: skip


def wanted_anchors(options: argparse.Namespace) -> tuple[Anchor, ...]:
    """The planes that were asked for.

    Raises
    ------
    InputError
        Where a picture cannot be read, or is a volume.
    """
    from core.reconstruction.anchors import Anchor

    return tuple(Anchor(axis, place, _picture(options, path)) for axis, place, path in options.anchor)


def _picture(options: argparse.Namespace, path: Path) -> PhaseImage:
    from app.inputs import phase_image
    from core.images.reading import read_labels
    from core.images.values import PhaseImage

    if hasattr(options, "method"):
        # a crop is that of the exemplar alone
        return phase_image(argparse.Namespace(**{**vars(options), "crop": None}), path)
    found = read_labels(path)
    if not isinstance(found, PhaseImage):
        raise InputError(f"{path.name} is a volume.", "Give a single picture as a plane.")
    return found


@checked("a plane: give axis, place and picture as z=32:PHASES.tif")
def _place(text: str) -> tuple[int, int, Path]:
    where, _, path = text.partition(":")
    axis, _, place = where.partition("=")
    if not path or int(place) < 0:
        raise ValueError
    return ("z", "y", "x").index(axis.strip()), int(place), Path(path)
