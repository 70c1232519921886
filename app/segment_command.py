"""`microloom segment` (one micrograph, several, a folder, a volume) and `microloom train-classifier`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.arguments import changed
from app.inputs import micrograph, segmentation_settings, volume_part
from app.terminal import ProgressDisplay, may_write, note
from core.errors import InputError, JobError
from core.job import finish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.images.grey_volume import GreyVolume
    from core.images.values import Micrograph, Phase, PhaseImage, Volume
    from core.segmentation.classifier import Classifier
    from core.segmentation.comparing import SegmentationComparison
    from core.segmentation.settings import SegmentationSettings

    Work = Callable[[Micrograph], PhaseImage]


def segment(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from core.segmentation.recipe import write_recipe
    from core.segmentation.segmenting import segment as segmented

    settings, classifier = _recipe(options)
    replace_recipe = options.save_recipe is not None and may_write(options.save_recipe, options.force)

    def work(picture: Micrograph) -> PhaseImage:
        return segmented(picture, settings, (), classifier)

    sources = None if options.volume else _pictures(options.image)
    if options.compare_with is not None and sources is not None:
        raise InputError("--compare-with compares one segmentation with another.", "Give one IMAGE.")
    if options.volume:
        _volume(options, settings, classifier)
    elif sources is None:
        _one(options, work)
    else:
        _many(options, sources, work)
    if options.save_recipe is not None:
        print(write_recipe(settings, options.save_recipe, overwrite=replace_recipe))
    return 0


def _recipe(options: argparse.Namespace) -> tuple[SegmentationSettings, Classifier | None]:
    """Settings and, where it is needed, the classifier."""
    from core.segmentation.classifier_file import load_classifier
    from core.segmentation.volumes import with_classifier

    settings = segmentation_settings(options, options.set)
    if options.classifier is None:
        return settings, None
    if options.method is not None or options.thresholds is not None:
        raise InputError("A classifier needs no threshold.", "Leave out --method and --thresholds.")
    classifier = load_classifier(options.classifier)
    return with_classifier(settings, classifier), classifier


def _volume(options: argparse.Namespace, settings: SegmentationSettings, classifier: Classifier | None) -> None:
    from core.images.grey_volume import held
    from core.images.label_slices import opening_labels
    from core.images.writing import format_of, write_volume
    from core.segmentation.comparing import check_sizes, comparing_slices
    from core.segmentation.volumes import read_grey_volume, segmenting_slices, segmenting_volume, stays_on_disk

    if len(options.image) != 1:
        raise InputError("--volume segments one volume at a time.", "Give one IMAGE.")
    path: Path = options.image[0]
    format_of(options.output)
    overwrite = may_write(options.output, options.force)
    stored = stays_on_disk(path)
    if stored is not None:
        stored = _part(options, stored)
        if options.compare_with is not None and options.compare_with.resolve() == options.output.resolve():
            raise InputError(f"{options.output.name} would be compared with itself.", "Write to another file.")
        with ProgressDisplay(options.quiet) as display:
            other_slices = (
                None if options.compare_with is None else finish(opening_labels(options.compare_with), display)
            )
            if other_slices is not None:  # before hours of work
                check_sizes(stored.shape, other_slices.shape, path.name, other_slices.path.name)
            slices = segmenting_slices(stored, options.output, settings, classifier, overwrite=overwrite)
            place, written = finish(slices, display)
            lines = ""
            if other_slices is not None:
                found = finish(comparing_slices(finish(opening_labels(place)), other_slices), display)
                lines = _said(options, found, written.phases)
        _say_shares(written.phases, written.fractions)
        print(f"{lines}{options.output}")
        return
    other = _other(options)
    grey, size = read_grey_volume(path)
    part = _part(options, held(path, grey, size))
    if part.taken:
        grey = part.whole()
    with ProgressDisplay(options.quiet) as display:
        job = segmenting_volume(
            grey, settings, classifier, name=path.name, voxel_size=part.voxel_size, taken=part.taken
        )
        made = finish(job, display)
    compared = _compared(options, made, other)
    write_volume(made, options.output, overwrite=overwrite)
    _say_shares(made.phases, made.fractions)
    print(f"{compared}{options.output}")


def _part(options: argparse.Namespace, volume: GreyVolume) -> GreyVolume:
    """What is used of a grey volume, with its voxel size and with larger voxels, as the options say."""
    from core.images.binning import binned_volume
    from core.images.pixel_size import parse_length

    if options.pixel_size is not None:
        volume = replace(volume, voxel_size=(parse_length(options.pixel_size),) * 3)
    if isinstance(options.crop, tuple):
        z, y, x = volume_part(options.crop)
        volume = volume.cropped(y, x, z)
    return binned_volume(volume, options.bin)


def _say_shares(phases: Sequence[Phase], fractions: Sequence[float]) -> None:
    for label, (phase, fraction) in enumerate(zip(phases, fractions, strict=True)):
        print(f"{label} {phase.name}: {100 * fraction:.2f} %")


def _other(options: argparse.Namespace) -> PhaseImage | Volume | None:
    """What the segmentation is to be compared with."""
    from core.images.reading import read_labels

    return None if options.compare_with is None else read_labels(options.compare_with)


def _compared(options: argparse.Namespace, made: PhaseImage | Volume, other: PhaseImage | Volume | None) -> str:
    """The comparison in lines, or nothing where none was asked for.

    Raises
    ------
    InputError
        Where the two are of different sizes. Of a segmentation of the whole picture the part that was used is taken.
    """
    from core.segmentation.comparing import compare_segmentations

    if other is None:
        return ""
    labels = other.labels
    if labels.ndim == 2 and labels.shape != made.labels.shape:
        if isinstance(options.crop, tuple):
            labels = labels[options.crop]
        elif options.crop is None and labels.shape[1:] == made.labels.shape[1:]:
            labels = labels[: len(made.labels)]  # the info bar that was cut off
    elif labels.ndim == 3 and labels.shape != made.labels.shape:
        labels = labels[volume_part(options.crop)]
    if labels is not other.labels and labels.size:
        other = replace(other, labels=labels)
    return _said(options, compare_segmentations(made, other), made.phases)


def _said(options: argparse.Namespace, compared: SegmentationComparison, phases: Sequence[Phase]) -> str:
    from core.segmentation.comparing import table

    return f"compared with {options.compare_with.name}: {table(compared, tuple(phase.name for phase in phases))}\n"


def train_classifier(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    import numpy as np

    from core.images.loading import checked_path, load_stack
    from core.segmentation.classifier import TrainingSettings, train
    from core.segmentation.classifier_file import SUFFIX, save_classifier
    from core.segmentation.recipe import read_recipe
    from core.segmentation.segmenting import prepared
    from core.segmentation.settings import SegmentationSettings
    from core.segmentation.volumes import read_grey_volume

    if options.output.suffix != SUFFIX:
        raise InputError(f"{options.output.name} does not end in {SUFFIX}.", "So that it is found again, let it.")
    overwrite = may_write(options.output, options.force)
    settings = SegmentationSettings() if options.recipe is None else read_recipe(options.recipe)
    marks = np.ascontiguousarray(load_stack(checked_path(options.labels))[0].squeeze())
    if marks.ndim == 3:
        part = volume_part(options.crop)
        marks = marks[part]
        grey = np.stack([prepared(plane, settings) for plane in read_grey_volume(options.image)[0][part]])
    else:
        picture = micrograph(options, options.image)
        if isinstance(options.crop, tuple):
            marks = marks[options.crop]
        elif marks.shape[1:] == picture.shape[1:] and marks.shape[0] > picture.shape[0]:
            marks = marks[: picture.shape[0]]  # the info bar that was cut off
        grey = prepared(picture.grey, settings)
    made = train(grey, np.ascontiguousarray(marks), changed(TrainingSettings(), options.set), options.sigmas or ())
    labels, doubt = made.predict(grey)
    save_classifier(made, options.output, overwrite=overwrite)
    print(f"trained on {made.pixels} labelled pixels ({100 * made.pixels / grey.size:.2f} %)")
    for label in range(made.phases):
        print(f"{label}: {100 * (labels == label).mean():.2f} %")
    print(f"uncertain (lead below one half): {100 * (doubt > 0.5).mean():.2f} %")
    print(options.output)
    return 0


def _pictures(given: list[Path]) -> list[Path] | None:
    """The pictures of a batch, or None where one file is asked for."""
    from core.segmentation.batch import pictures_in

    if len(given) == 1 and not given[0].is_dir():
        return None
    return [picture for path in given for picture in (pictures_in(path) if path.is_dir() else (path,))]


def _one(options: argparse.Namespace, work: Work) -> None:
    from core.images.writing import write_phase_image

    overwrite = may_write(options.output, options.force)
    other = _other(options)
    image = work(micrograph(options, options.image[0]))
    compared = _compared(options, image, other)
    write_phase_image(image, options.output, overwrite=overwrite)
    used = image.provenance.settings.get("thresholds_used", ())
    if used:
        print(f"thresholds: {', '.join(f'{value:g}' for value in used)}")
    _say_shares(image.phases, image.fractions)
    print(f"{compared}{options.output}")


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
