"""A data set on the disk: a folder of phase images, or of one folder a kind, and a table of the truth."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import InputError, JobError
from core.images.atomic import replacing_folder
from core.images.writing import write_phase_image
from core.job import Job, Progress
from core.synthesis.datasets import DatasetSettings, dataset

TABLE = "truth.csv"
COLUMNS = ("file", "kind", "number", "seed", "fraction", "length_px", "objects", "mean_diameter_px", "deviation_px")
_TRUTH = ("fraction", "length", "objects", "mean_diameter", "deviation")


def write_dataset(
    kinds: Sequence[str],
    count: int,
    seed: int,
    folder: Path,
    settings: Mapping[str, DatasetSettings] | None = None,
    *,
    suffix: str = ".tif",
    overwrite: bool = False,
) -> Job[Path]:
    """A job that makes ``count`` images of each kind and writes them, the whole folder or nothing.

    Parameters
    ----------
    settings
        By kind; by default each kind's own.
    suffix
        ".tif" (with the phases' names) or ".png".

    Yields
    ------
    Progress after each image.

    Raises
    ------
    InputError
        Where nothing is asked for, or what cannot be made.
    OutputExistsError, JobError
        Where the folder is there already, or the disk does not take it.
    """
    if not kinds or count < 1:
        raise InputError("A data set has at least one image.", "Ask for one kind and one image at least.")
    if overwrite and folder.is_dir() and any(folder.iterdir()) and not (folder / TABLE).is_file():
        raise JobError(f"{folder} is a folder with other things in it.", "Choose another name.")
    asked, total = settings or {}, count * len(kinds)
    with replacing_folder(folder, overwrite) as made:
        made.mkdir()
        with (made / TABLE).open("w", newline="", encoding="utf-8") as stream:
            table = csv.writer(stream)
            table.writerow(COLUMNS)
            for place, kind in enumerate(kinds):
                within = made / kind if len(kinds) > 1 else made
                within.mkdir(exist_ok=True)
                for item in dataset(kind, count, seed, asked.get(kind)):
                    path = within / f"{kind}_{item.number:0{len(str(count - 1))}d}{suffix}"
                    write_phase_image(item.image, path)
                    told = [_shown(item.truth[name]) for name in _TRUTH]
                    table.writerow([path.relative_to(made).as_posix(), kind, item.number, seed, *told])
                    yield Progress(place * count + item.number + 1, total, "Synthesising")
    return folder


def _shown(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"
