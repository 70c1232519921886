"""The command reconstruct: train on a phase image and build a volume, or one for each seed and volume fraction."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.anchor_options import wanted_anchors
from app.arguments import changed
from app.checkpoint_options import check as check_checkpoints
from app.checkpoint_options import say_going_on, say_resumable, wanted_checkpoints
from app.onto_disk import INTERRUPTED, by_blocks, write_blocks
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
    from core.reconstruction.to_disk import KeptModel


@dataclass(frozen=True)
class _Output:
    """A file or folder to write, and whether it may be replaced."""

    path: Path
    replace: bool


@dataclass(frozen=True, eq=False)
class _Wanted:
    """One volume of the series and where it goes.

    ``kept``: where it goes onto the disk block by block, the model of its training meanwhile; else None. ``there``: an
    interrupted series has finished it.
    """

    member: Member
    name: str
    target: Target
    volume: _Output
    model: _Output | None
    report: _Output | None
    checkpoints: Checkpoints | None
    kept: KeptModel | None = None
    there: bool = False

    @property
    def measured(self) -> Target:
        """What is made in memory and measured: all of it, or of what goes onto the disk a sample."""
        from core.reconstruction.to_disk import sample_target

        return self.target if self.kept is None else sample_target(self.target)


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
    wanted = _series(options, settings, by_blocks(options, asked=options.block is not None))
    _check(chosen, [item for item in wanted if not item.there], settings, device)
    failures: list[MicroloomError] = []
    models: dict[int, Model] = {}
    done: set[int] = set()

    def make(item: _Wanted, model: Model | None) -> Reconstruction:
        return _make(chosen, item, settings, preset, device, options, model)

    for place, item in enumerate(wanted):
        leader = place if item.member.leader is None else item.member.leader
        if item.name:
            note(f"{place + 1} of {len(wanted)}: {item.name}" + (": it is there already." if item.there else ""))
        if item.there:
            done.add(place)
            continue
        try:
            model = models.get(leader) or _kept(item, options)
            if model is None and wanted[leader].there:
                # what it left was taken away since
                model = make(wanted[leader], None).model
            made = make(item, model)
            models[leader] = made.model
            if item.kept is None:
                _write(item, made)
            else:
                # one that trained itself because its leader failed has none that serves the others
                serves = leader == place or model is not None
                if serves and (model is None or not item.kept.path.exists()):
                    item.kept.keep(made.model)
                _write_to_disk(item, made, device, options)
            done.add(place)
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
    for place, item in enumerate(wanted):
        if item.kept is not None and item.member.leader is None and {place, *_followers(wanted, place)} <= done:
            item.kept.remove()
    return exit_code(failures)


def _followers(wanted: list[_Wanted], leader: int) -> list[int]:
    return [place for place, item in enumerate(wanted) if item.member.leader == leader]


def _kept(item: _Wanted, options: argparse.Namespace) -> Model | None:
    """The model that an interrupted run left beside its unfinished volume, where one is to go on with it."""
    model = item.kept.load() if item.kept is not None and options.resume else None
    if model is not None and item.kept is not None:
        note(f"Going on with the model kept in {item.kept.path}.")
    return model


def exit_code(failures: list[MicroloomError]) -> int:
    """Of a series of which some runs failed: that of the first failure."""
    if not failures:
        return 0
    return 2 if isinstance(failures[0], InputError) else 1


def range_settings(ends: tuple[float, float] | None) -> list[str]:
    """A range of volume fractions as assignments to an engine's settings."""
    return [] if ends is None else [f"lowest_fraction={ends[0]!r}", f"highest_fraction={ends[1]!r}"]


def _series(options: argparse.Namespace, settings: Any, blocks: bool) -> list[_Wanted]:
    """What is to be made; every file is asked for before the work begins."""
    from app.generate_command import wanted_mask
    from app.inputs import phase_image, phase_label
    from core.reconstruction.engine import Target
    from core.reconstruction.to_disk import KeptModel, asked_of_training

    if not blocks:
        check_checkpoints(options)
    seeds = (options.seed,) if options.seeds is None else options.seeds
    fractions = (None,) if options.volume_fraction is None else options.volume_fraction
    series = members(seeds, fractions, served=served_range(settings), train_once=options.train_once)
    places = [_place(options, member, series, blocks) for member in series]
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
    found = []
    for number, (member, target, place) in enumerate(zip(series, targets, places, strict=True)):
        kept = None
        if blocks:
            leader = number if member.leader is None else member.leader
            asked = asked_of_training(options.engine, targets[leader], settings)
            kept = KeptModel(named(options.output, series[leader], series), asked)
        found.append(_Wanted(member, label(member, series), target, **place, kept=kept))
    return found


def _place(options: argparse.Namespace, member: Member, series: Sequence[Member], blocks: bool) -> dict[str, Any]:
    """Where a volume goes and what is written besides, as fields of `_Wanted`; each is asked for."""
    from core.generation.block_writing import part_path, refuse_begun
    from core.reconstruction.to_disk import model_beside

    volume = named(options.output, member, series)
    if blocks and options.resume and len(series) > 1 and volume.exists():
        output = _Output(volume, False)
        return {"volume": output, "model": None, "report": None, "checkpoints": None, "there": True}
    if blocks and not (options.resume or options.force):
        refuse_begun(volume)
    training = [one for one in series if one.leader is None]
    trains = member.leader is None
    first = member if member.leader is None else series[member.leader]
    model = named(options.model_out, member, training) if options.model_out is not None and trains else None
    report = None if options.report is None else named(options.report, member, series)
    checkpoints = None
    if options.checkpoint is not None and trains:
        checkpoints = wanted_checkpoints(named(options.checkpoint, member, training), options)
    # what an interrupted run has left of these, the one that goes on with it replaces
    begun = blocks and model_beside(part_path(named(options.output, first, series))).exists()
    begun = begun or (checkpoints is not None and checkpoints.path.exists())
    again = options.force or (options.resume and begun)
    return {
        "volume": _Output(volume, may_write(volume, options.force)),
        "model": None if model is None else _Output(model, may_write(model, again)),
        "report": None if report is None else _Output(report, may_report(report, again)),
        "checkpoints": checkpoints,
    }


def _plane(options: argparse.Namespace, path: Path | None) -> PhaseImage | None:
    """The exemplar of another plane; a crop is that of the plane xy alone."""
    from app.inputs import phase_image

    return None if path is None else phase_image(argparse.Namespace(**{**vars(options), "crop": None}), path)


def _check(chosen: Engine, wanted: list[_Wanted], settings: Any, device: str) -> None:
    """Say what the preflight finds; nothing is begun where any of the runs cannot be done."""
    from core.reconstruction.preflight import unused_problems
    from core.reconstruction.to_disk import disk_problems

    said: set[str] = set()
    for item in wanted:
        problems = unused_problems(chosen, item.target)
        if item.kept is None:
            problems += chosen.preflight(item.target, settings, device)
        else:
            problems += disk_problems(chosen, item.target, settings, device, item.volume.path)
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
            chosen, item.measured, settings, patience=options.patience, preset=preset, device=device,
            max_seconds=options.max_seconds, checkpoints=item.checkpoints,
        )  # fmt: skip
    else:
        job = finish_from_model(model, item.measured, preset=preset, device=device)
    try:
        with ProgressDisplay(options.quiet) as display:
            return finish(job, watch)
    except MemoryError as error:
        raise JobError("The computer's memory was not enough.", "Choose a smaller size or preset.") from error
    except KeyboardInterrupt:
        if model is not None:
            note("Interrupted." + (" The same command with --resume goes on." if item.kept is not None else ""))
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

    volume = item.volume
    failures: list[MicroloomError] = []
    _write_besides(item, made, failures)
    _try(failures, lambda: write_or_rescue(made.volume, volume.path, volume.replace))
    if failures:
        raise failures[0]
    for output in (volume, item.model, item.report):
        if output is not None:
            print(output.path)


def _write_to_disk(item: _Wanted, made: Reconstruction, device: str, options: argparse.Namespace) -> None:
    """Write what was asked for besides, and then the volume, block by block; say what was measured on what."""
    from core.reconstruction.to_disk import recipe_of

    failures: list[MicroloomError] = []
    whole, sample = (_by(size) for size in (item.target.size, made.volume.shape))
    of_what = ""
    if sample != whole:
        note(
            f"What is measured (the verdict{'' if item.report is None else ' and the report'}) is a sample of {sample} "
            f"voxels that the same model makes with the same seed, not the volume of {whole}."
        )
        of_what = f"Sample of {sample} voxels: "
        named_so = replace(made.volume, name=f"{made.volume.name}, sample of {sample} for a volume of {whole}")
        made = replace(made, volume=named_so)
    _write_besides(item, made, failures, of_what)
    try:
        with ProgressDisplay(options.quiet) as display:
            keep = {"resume": options.resume, "overwrite": options.force}
            recipe = finish(recipe_of(made.model, item.target, device, item.volume.path, **keep), display)
    except KeyboardInterrupt:
        note("Interrupted. The same command with --resume goes on, without training again.")
        raise _Interrupted from None
    code = write_blocks(options, recipe, item.volume.path, item.volume.replace, ProgressDisplay(options.quiet))
    if code:
        raise _Interrupted
    if failures:
        raise failures[0]
    for output in (item.model, item.report):
        if output is not None:
            print(output.path)


def _by(size: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in size)


def _write_besides(item: _Wanted, made: Reconstruction, failures: list[MicroloomError], of_what: str = "") -> None:
    """Write model and report, and say the verdict; one that cannot be written must not take the others with it."""
    from core.reconstruction.diffusion.copying import sentence
    from core.reconstruction.model_file import save_model
    from core.report import from_reconstruction, write_report
    from core.report.verdict import verdict

    model, report = item.model, item.report
    if model is not None:
        _try(failures, lambda: save_model(made.model, model.path, overwrite=model.replace))
    found = from_reconstruction(made)
    if report is not None:
        _try(failures, lambda: write_report(found, report.path, overwrite=report.replace))
    print(of_what + verdict(found).sentence)
    copied = sentence(made.model.card)
    if copied is not None:
        print(of_what + copied)


def _try(failures: list[MicroloomError], work: Callable[[], Any]) -> None:
    try:
        work()
    except MicroloomError as error:
        failures.append(error)
