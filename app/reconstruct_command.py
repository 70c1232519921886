"""The command reconstruct: train on a phase image and build a volume, or one for each seed and volume fraction."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.anchor_options import wanted_anchors
from app.arguments import changed
from app.checkpoint_options import check as check_checkpoints
from app.checkpoint_options import say_going_on, say_resumable, wanted_checkpoints
from app.sampling_options import sampling_settings
from app.series import Member, label, members, named, served_range
from app.terminal import ProgressDisplay, may_report, may_write, note
from app.towards_options import wanted_towards
from core.errors import InputError, JobError, MicroloomError
from core.job import Progress, finish

if TYPE_CHECKING:
    from core.images.values import PhaseImage
    from core.reconstruction.checkpoints import Checkpoints
    from core.reconstruction.engine import Engine, Model, Target
    from core.reconstruction.pipeline import Reconstruction

INTERRUPTED = 130


@dataclass(frozen=True)
class _Output:
    """A file or folder to write, and whether it may be replaced."""

    path: Path
    replace: bool


@dataclass(frozen=True, eq=False)
class _Wanted:
    """One volume of the series and where it goes."""

    member: Member
    name: str
    target: Target
    volume: _Output
    model: _Output | None
    report: _Output | None
    checkpoints: Checkpoints | None


class _Interrupted(Exception):
    """Ctrl-C while a volume was made; what was kept is told already."""


def reconstruct(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from core import devices
    from core.images.writing import format_of
    from core.reconstruction.registry import engine

    chosen = engine(options.engine)
    preset = options.preset or next(iter(chosen.presets))
    if preset not in chosen.presets:
        raise InputError(f"There is no preset {preset!r}.", f"Choose one of: {', '.join(chosen.presets)}.")
    asked = [*range_settings(options.fraction_range), *sampling_settings(options), *options.set]
    settings = changed(chosen.presets[preset], asked)
    device = devices.resolve(options.device)
    format_of(options.output)
    wanted = _series(options, settings)
    _check(chosen, wanted, settings, device)
    failures: list[MicroloomError] = []
    models: dict[int, Model] = {}
    for place, item in enumerate(wanted):
        leader = place if item.member.leader is None else item.member.leader
        if item.name:
            note(f"{place + 1} of {len(wanted)}: {item.name}")
        try:
            made = _make(chosen, item, settings, preset, device, options, models.get(leader))
            models[leader] = made.model
            _write(item, made)
            if item.checkpoints is not None:
                item.checkpoints.remove()
        except _Interrupted:
            if item.name:
                note(f"{place - len(failures)} of {len(wanted)} volumes are finished.")
            return INTERRUPTED
        except MicroloomError as error:
            # one run that fails must not take the others with it
            if not item.name:
                raise
            note(f"microloom: {item.name}: " + " ".join(str(error).split()))
            failures.append(error)
    return exit_code(failures)


def exit_code(failures: list[MicroloomError]) -> int:
    """Of a series of which some runs failed: that of the first failure."""
    if not failures:
        return 0
    return 2 if isinstance(failures[0], InputError) else 1


def range_settings(ends: tuple[float, float] | None) -> list[str]:
    """A range of volume fractions as assignments to an engine's settings."""
    return [] if ends is None else [f"lowest_fraction={ends[0]!r}", f"highest_fraction={ends[1]!r}"]


def _series(options: argparse.Namespace, settings: Any) -> list[_Wanted]:
    """What is to be made; every file is asked for before the work begins."""
    from app.generate_command import wanted_mask
    from app.inputs import phase_image, phase_label
    from core.reconstruction.engine import Target

    check_checkpoints(options)
    seeds = (options.seed,) if options.seeds is None else options.seeds
    fractions = (None,) if options.volume_fraction is None else options.volume_fraction
    series = members(seeds, fractions, served=served_range(settings), train_once=options.train_once)
    training = [member for member in series if member.leader is None]
    places = []
    for member in series:
        volume = named(options.output, member, series)
        model = options.model_out if member.leader is None else None
        model = None if model is None else named(model, member, training)
        report = None if options.report is None else named(options.report, member, series)
        kept = None if options.checkpoint is None or member.leader is not None else options.checkpoint
        places.append(
            (
                _Output(volume, may_write(volume, options.force)),
                None if model is None else _Output(model, may_write(model, options.force)),
                None if report is None else _Output(report, may_report(report, options.force)),
                None if kept is None else wanted_checkpoints(named(kept, member, training), options),
            )
        )
    exemplar = phase_image(options, options.image)
    phase = phase_label(exemplar, options.phase)
    mask = wanted_mask(options)
    planes = {f"exemplar_{plane}": _plane(options, getattr(options, f"exemplar_{plane}")) for plane in ("xz", "yz")}
    anchors, towards = wanted_anchors(options), wanted_towards(options)
    if options.volume_fractions is not None and not options.all_phases:
        raise InputError("Fractions of all phases were given.", "Rebuild all of them: add --all-phases.")
    if options.region_of is not None and (options.mask is None or not options.all_phases):
        raise InputError("A region of a phase was asked for.", "Add --all-phases, and --mask to say where it is.")
    region_of = None if options.region_of is None else phase_label(exemplar, options.region_of)
    targets = [
        Target(
            exemplar, phase, member.fraction, options.size, member.seed, mask, options.periodic,
            all_phases=options.all_phases, anchors=anchors, volume_fractions=options.volume_fractions,
            region_of=region_of, towards=towards, exact=not options.as_calibrated, **planes,
        )
        for member in series
    ]  # fmt: skip
    return [
        _Wanted(member, label(member, series), target, *place)
        for member, target, place in zip(series, targets, places, strict=True)
    ]


def _plane(options: argparse.Namespace, path: Path | None) -> PhaseImage | None:
    """The exemplar of another plane; a crop is that of the plane xy alone."""
    from app.inputs import phase_image

    return None if path is None else phase_image(argparse.Namespace(**{**vars(options), "crop": None}), path)


def _check(chosen: Engine, wanted: list[_Wanted], settings: Any, device: str) -> None:
    """Say what the preflight finds; nothing is begun where any of the runs cannot be done."""
    from core.reconstruction.preflight import unused_problems

    said: set[str] = set()
    for item in wanted:
        problems = unused_problems(chosen, item.target)
        problems += chosen.preflight(item.target, settings, device)
        for problem in problems:
            if problem.severity == "error":
                raise InputError(problem.message, problem.remedy)
        for problem in problems:
            text = f"Note: {problem.message} {problem.remedy}".strip()
            if text not in said:
                said.add(text)
                note(text)


def _make(
    chosen: Engine,
    item: _Wanted,
    settings: Any,
    preset: str,
    device: str,
    options: argparse.Namespace,
    model: Model | None,
) -> Reconstruction:
    """Train, or use the model of another run of the series, and build and measure the volume."""
    from core.reconstruction.model_file import save_model
    from core.reconstruction.patience import reconstruct_patiently
    from core.reconstruction.pipeline import finish_from_model

    kept: list[Model] = []

    def watch(progress: Progress) -> None:
        snapshot = getattr(progress, "snapshot", None)
        if snapshot is not None:
            kept[:] = [snapshot]
        display(progress)

    if model is None:
        say_going_on(item.checkpoints)
        job = reconstruct_patiently(
            chosen, item.target, settings, patience=options.patience, preset=preset, device=device,
            max_seconds=options.max_seconds, checkpoints=item.checkpoints,
        )  # fmt: skip
    else:
        job = finish_from_model(model, item.target, preset=preset, device=device)
    try:
        with ProgressDisplay(options.quiet) as display:
            return finish(job, watch)
    except MemoryError as error:
        raise JobError("The computer's memory was not enough.", "Choose a smaller size or preset.") from error
    except KeyboardInterrupt:
        if model is not None:
            note("Interrupted.")
        elif not kept:
            note("Interrupted before there was a usable model.")
        elif item.model is None:
            note("Interrupted. With --model-out the model as trained so far would have been kept.")
        else:
            save_model(kept[0], item.model.path, overwrite=item.model.replace)
            note(f"Interrupted. The model as trained so far is in {item.model.path}.")
        say_resumable(item.checkpoints)
        raise _Interrupted from None


def _write(item: _Wanted, made: Reconstruction) -> None:
    """Write everything that was asked for, as far as it goes, and say the verdict."""
    from app.generate_command import write_or_rescue
    from core.reconstruction.model_file import save_model
    from core.report import from_reconstruction, write_report
    from core.report.verdict import verdict

    failures: list[MicroloomError] = []
    volume, model, report = item.volume, item.model, item.report
    # one output that cannot be written must not take the others with it
    if model is not None:
        _try(failures, lambda: save_model(made.model, model.path, overwrite=model.replace))
    _try(failures, lambda: write_or_rescue(made.volume, volume.path, volume.replace))
    found = from_reconstruction(made)
    if report is not None:
        _try(failures, lambda: write_report(found, report.path, overwrite=report.replace))
    print(verdict(found).sentence)
    if failures:
        raise failures[0]
    for output in (volume, model, report):
        if output is not None:
            print(output.path)


def _try(failures: list[MicroloomError], work: Callable[[], Any]) -> None:
    try:
        work()
    except MicroloomError as error:
        failures.append(error)
