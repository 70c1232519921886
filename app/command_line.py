"""The same jobs without a window: segment, reconstruct, generate, measure, info.

Exit codes: 0; 2 for bad input or usage; 1 for a job that failed; 130 for Ctrl-C. Results go to stdout, everything else
to stderr. Heavy imports happen inside the commands.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from app.arguments import changed, parser
from app.terminal import ProgressDisplay, may_report, may_write, note
from core.errors import InputError, JobError, MicroloomError
from core.job import Progress, finish

if TYPE_CHECKING:
    from core.reconstruction.engine import Model

COMMANDS = ("segment", "train-classifier", "mask", "reconstruct", "generate", "measure", "info")
BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Errors are one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        # an old console that lacks "₂" or "µ" shows a question mark instead of failing
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        if arguments and not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
            raise InputError(
                f"{arguments[0]} is neither a command nor a file.", f"Commands are: {', '.join(COMMANDS)}; see --help."
            )
        options = parser().parse_args(list(arguments))
        command: Callable[[argparse.Namespace], int] = globals()[f"_{options.command.replace('-', '_')}"]
        return command(options)
    except SystemExit as end:  # argparse: --help, --version, usage
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        note("Interrupted.")
        return INTERRUPTED
    except InputError as error:
        return _say(error, BAD_INPUT)
    except MicroloomError as error:
        return _say(error, FAILED)
    except BrokenPipeError:
        # whoever read our output has gone; keep Python from complaining when it flushes
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except MemoryError:
        return _say(JobError("The computer's memory was not enough.", "Choose a smaller size or preset."), FAILED)
    except Exception as error:
        if os.environ.get("MICROLOOM_DEBUG"):
            raise
        text = f"An unexpected error: {type(error).__name__}: {error}."
        return _say(JobError(text, "Set MICROLOOM_DEBUG=1 to see where it happened."), FAILED)


def _say(error: MicroloomError, code: int) -> int:
    note("microloom: " + " ".join(str(error).split()))
    return code


def _segment(options: argparse.Namespace) -> int:
    from app.segment_command import segment

    return segment(options)


def _train_classifier(options: argparse.Namespace) -> int:
    from app.segment_command import train_classifier

    return train_classifier(options)


def _mask(options: argparse.Namespace) -> int:
    from app.mask_command import mask

    return mask(options)


def _reconstruct(options: argparse.Namespace) -> int:
    from app.generate_command import wanted_mask, write_or_rescue
    from app.inputs import phase_image, phase_label
    from core import devices
    from core.images.writing import format_of
    from core.reconstruction.engine import Target, mask_problems, period_problems
    from core.reconstruction.model_file import save_model
    from core.reconstruction.pipeline import Reconstruction, reconstruct
    from core.reconstruction.registry import engine
    from core.report import from_reconstruction, write_report
    from core.report.verdict import verdict

    chosen = engine(options.engine)
    preset = options.preset or next(iter(chosen.presets))
    if preset not in chosen.presets:
        raise InputError(f"There is no preset {preset!r}.", f"Choose one of: {', '.join(chosen.presets)}.")
    settings = changed(chosen.presets[preset], [*_range_settings(options.fraction_range), *options.set])
    device = devices.resolve(options.device)
    format_of(options.output)
    replace = may_write(options.output, options.force)
    replace_model = options.model_out is not None and may_write(options.model_out, options.force)
    replace_report = options.report is not None and may_report(options.report, options.force)
    exemplar = phase_image(options, options.image)
    phase = phase_label(exemplar, options.phase)
    target = Target(
        exemplar, phase, options.volume_fraction, options.size, options.seed, wanted_mask(options), options.periodic
    )
    problems = [*mask_problems(chosen, target), *period_problems(chosen, target)]
    problems += chosen.preflight(target, settings, device)
    for problem in problems:
        if problem.severity == "error":
            raise InputError(problem.message, problem.remedy)
    for problem in problems:
        note(f"Note: {problem.message} {problem.remedy}".strip())

    kept: list[Model] = []

    def watch(progress: Progress) -> None:
        snapshot = getattr(progress, "snapshot", None)
        if snapshot is not None:
            kept[:] = [snapshot]
        display(progress)

    job = reconstruct(chosen, target, settings, preset=preset, device=device, max_seconds=options.max_seconds)
    try:
        with ProgressDisplay(options.quiet) as display:
            made: Reconstruction = finish(job, watch)
    except KeyboardInterrupt:
        if not kept:
            note("Interrupted before there was a usable model.")
        elif options.model_out is None:
            note("Interrupted. With --model-out the model as trained so far would have been kept.")
        else:
            save_model(kept[0], options.model_out, overwrite=replace_model)
            note(f"Interrupted. The model as trained so far is in {options.model_out}.")
        return INTERRUPTED
    # one output that cannot be written must not take the others with it
    failures: list[MicroloomError] = []
    if options.model_out is not None:
        _try(failures, lambda: save_model(made.model, options.model_out, overwrite=replace_model))
    _try(failures, lambda: write_or_rescue(made.volume, options.output, replace))
    found = from_reconstruction(made)
    if options.report is not None:
        _try(failures, lambda: write_report(found, options.report, overwrite=replace_report))
    print(verdict(found).sentence)
    if failures:
        raise failures[0]
    for path in (options.output, options.model_out, options.report):
        if path is not None:
            print(path)
    return 0


def _generate(options: argparse.Namespace) -> int:
    from app.generate_command import generate

    return generate(options)


def _measure(options: argparse.Namespace) -> int:
    from app.measure_command import measure

    return measure(options)


def _info(options: argparse.Namespace) -> int:
    from app.information import describe_file, lines

    facts = describe_file(options.file)
    print(json.dumps(facts, indent=1) if options.json else "\n".join(lines(facts)))
    return 0


def _range_settings(ends: tuple[float, float] | None) -> list[str]:
    """A range of volume fractions as assignments to an engine's settings."""
    return [] if ends is None else [f"lowest_fraction={ends[0]!r}", f"highest_fraction={ends[1]!r}"]


def _try(failures: list[MicroloomError], work: Callable[[], Any]) -> None:
    try:
        work()
    except MicroloomError as error:
        failures.append(error)
