"""One recipe over many pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError, JobError, MicroloomError
from core.images.values import Micrograph, PhaseImage
from core.images.writing import write_phase_image
from core.job import Job, Progress

PICTURES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".npy")
_ENDING = ".phases.tif"


@dataclass(frozen=True)
class Segmented:
    """One picture of a batch.

    Attributes
    ----------
    source, written
        The picture, and its phase image; None where it could not be segmented.
    fractions
        Share of each phase, in label order.
    problem
        Why there is no phase image; empty where there is one.
    """

    source: Path
    written: Path | None = None
    fractions: tuple[float, ...] = ()
    problem: str = ""


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """The pictures of ``folder`` by name, those that a batch wrote left out.

    Raises
    ------
    InputError
        Where it is no folder, cannot be read, or holds none.
    """
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be read: {error.strerror or error}.", "Choose another."
        ) from error
    pictures = tuple(path for path in found if not path.name.endswith(_ENDING))
    if not pictures:
        raise InputError(f"The folder {folder} holds no picture.", f"Pictures end with {', '.join(PICTURES)}.")
    return pictures


def place_of(source: Path, folder: Path) -> Path:
    """Where the phase image of ``source`` goes: its whole name stays, so that a.png and a.tif do not meet."""
    return folder / f"{source.name}{_ENDING}"


def segmenting(
    sources: Sequence[Path],
    folder: Path,
    read: Callable[[Path], Micrograph],
    work: Callable[[Micrograph], PhaseImage],
    *,
    overwrite: bool = False,
) -> Job[tuple[Segmented, ...]]:
    """A job that reads, segments and writes each picture; one that fails is told of and stops no other.

    Cancelled, it leaves what was written; no file is ever half there.

    Raises
    ------
    InputError
        Where two pictures have the same name.
    JobError
        Where ``folder`` cannot be made.
    """
    names = [source.name for source in sources]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"Two of the pictures are called {twice[0]}.", "Segment them into two folders.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"The folder {folder} cannot be made: {error.strerror or error}.", "Choose another.") from error
    done: list[Segmented] = []
    for number, source in enumerate(sources):
        yield Progress(number, len(sources), "Segmenting")
        place = place_of(source, folder)
        try:
            image = work(read(source))
            write_phase_image(image, place, overwrite=overwrite)
            done.append(Segmented(source, place, image.fractions))
        except MicroloomError as error:
            done.append(Segmented(source, problem=str(error)))
    yield Progress(len(sources), len(sources), "Segmenting")
    return tuple(done)
