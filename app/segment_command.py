"""`microloom segment`: one micrograph, several, or a folder of them."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.inputs import micrograph, segmentation_settings
from app.terminal import ProgressDisplay, may_write, note
from core.errors import InputError, JobError
from core.job import finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.images.values import Micrograph, PhaseImage

    Work = Callable[[Micrograph], PhaseImage]


def segment(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from core.segmentation.recipe import write_recipe
    from core.segmentation.segmenting import segment as segmented

    settings = segmentation_settings(options, options.set)
    replace_recipe = options.save_recipe is not None and may_write(options.save_recipe, options.force)

    def work(picture: Micrograph) -> PhaseImage:
        return segmented(picture, settings)

    sources = _pictures(options.image)
    if sources is None:
        _one(options, work)
    else:
        _many(options, sources, work)
    if options.save_recipe is not None:
        print(write_recipe(settings, options.save_recipe, overwrite=replace_recipe))
    return 0


def _pictures(given: list[Path]) -> list[Path] | None:
    """The pictures of a batch, or None where one file is asked for."""
    from core.segmentation.batch import pictures_in

    if len(given) == 1 and not given[0].is_dir():
        return None
    return [picture for path in given for picture in (pictures_in(path) if path.is_dir() else (path,))]


def _one(options: argparse.Namespace, work: Work) -> None:
    from core.images.writing import write_phase_image

    replace = may_write(options.output, options.force)
    image = work(micrograph(options, options.image[0]))
    write_phase_image(image, options.output, overwrite=replace)
    used = image.provenance.settings.get("thresholds_used", ())
    if used:
        print(f"thresholds: {', '.join(f'{value:g}' for value in used)}")
    for label, (phase, fraction) in enumerate(zip(image.phases, image.fractions, strict=True)):
        print(f"{label} {phase.name}: {100 * fraction:.2f} %")
    print(options.output)


def _many(options: argparse.Namespace, sources: list[Path], work: Work) -> None:
    from core.segmentation.batch import segmenting

    folder: Path = options.output
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Several micrographs are written to a folder.")
    with ProgressDisplay(options.quiet) as display:
        job = segmenting(sources, folder, partial(micrograph, options), work, overwrite=options.force)
        done = finish(job, display)
    for item in done:
        if item.written is None:
            note(f"{item.source.name}: {item.problem}")
        else:
            shares = ", ".join(f"{label} {100 * share:.2f} %" for label, share in enumerate(item.fractions))
            print(f"{item.written}: {shares}")
    failed = sum(item.written is None for item in done)
    if failed:
        raise JobError(f"{failed} of {len(done)} micrographs could not be segmented.", "The lines above say why.")
