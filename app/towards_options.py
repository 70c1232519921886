"""Volumes between two seeds, on the command line: ``--towards 7 --weight 0.5``, or ``--weight z:0:1``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.arguments import checked, seed
from core.errors import InputError

if TYPE_CHECKING:
    from core.reconstruction.towards import Towards

HALF = 0.5


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of both commands that generate."""
    command.add_argument(
        "--towards", type=seed, default=None, metavar="SEED",
        help="pass into the volume of another seed, as far as --weight says",
    )  # fmt: skip
    command.add_argument(
        "--weight", type=_weight, default=None, metavar="W, z:0:1 or FIELD.tif",
        help="with --towards: 0 is the volume of the own seed, 1 that of the other (default 0.5); "
        "along an axis as z:0:1, or from place to place as a mask says",
    )  # fmt: skip


def wanted_towards(options: argparse.Namespace) -> Towards | None:
    """What was asked for, or None.

    Raises
    ------
    InputError
        Where a weight is given alone, lies outside 0 to 1, or its file cannot be read.
    """
    from core.masks.files import read_mask
    from core.reconstruction.towards import Ramp, Towards

    if options.towards is None:
        if options.weight is not None:
            raise InputError("A weight was given, but not towards what.", "Add --towards with another seed.")
        return None
    weight = HALF if options.weight is None else options.weight
    if isinstance(weight, Path):
        return Towards(options.towards, read_mask(weight))
    return Towards(options.towards, Ramp(*weight) if isinstance(weight, tuple) else weight)


@checked("a weight: give a number as 0.5, an axis with its ends as z:0:1, or the file of a field")
def _weight(text: str) -> float | tuple[int, float, float] | Path:
    if text[1:2] == ":" and text[0] in "zyx":
        first, last = (float(part) for part in text[2:].split(":"))
        return "zyx".index(text[0]), first, last
    return Path(text) if text.lower().endswith((".tif", ".tiff", ".zarr")) else float(text)
