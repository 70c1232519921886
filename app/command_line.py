"""The same jobs without a window: segment, reconstruct, generate, measure, compare, info and others.

Exit codes: 0; 2 for bad input or usage; 1 for a job that failed; 130 for Ctrl-C. Results go to stdout, everything else
to stderr. Heavy imports happen inside the commands.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence

from app.arguments import parser
from app.terminal import note
from core.errors import InputError, JobError, MicroloomError

COMMANDS = (
    "segment", "train-classifier", "mask", "reconstruct", "train", "generate", "measure", "compare", "synthesise",
    "models", "info",
)  # fmt: skip
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
    from app.reconstruct_command import reconstruct

    return reconstruct(options)


def _train(options: argparse.Namespace) -> int:
    from app.train_command import train

    return train(options)


def _generate(options: argparse.Namespace) -> int:
    from app.generate_command import generate

    return generate(options)


def _measure(options: argparse.Namespace) -> int:
    from app.measure_command import measure

    return measure(options)


def _synthesise(options: argparse.Namespace) -> int:
    from app.synthesise_command import synthesise

    return synthesise(options)


def _compare(options: argparse.Namespace) -> int:
    from app.compare_command import compare

    return compare(options)


def _models(options: argparse.Namespace) -> int:
    from app.models_command import models

    return models(options)


def _info(options: argparse.Namespace) -> int:
    from app.information import describe_file, lines

    facts = describe_file(options.file)
    print(json.dumps(facts, indent=1) if options.json else "\n".join(lines(facts)))
    return 0
