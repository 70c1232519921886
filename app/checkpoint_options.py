"""Where a training on the command line is kept, and whether it goes on: options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.terminal import note
from core.errors import InputError, OutputExistsError

if TYPE_CHECKING:
    from core.reconstruction.checkpoints import Checkpoints


def add_options(command: argparse.ArgumentParser, besides: str = "") -> None:
    """--checkpoint and --resume; ``besides`` says what else is resumed."""
    command.add_argument(
        "--checkpoint", type=Path, metavar="DIR",
        help="keep the training there every half minute, so that it can go on after a kill (--resume)",
    )  # fmt: skip
    command.add_argument(
        "--resume",
        action="store_true",
        help=f"go on with the training kept in DIR{besides}; the result is that of an unbroken one",
    )


def check(options: argparse.Namespace) -> None:
    """Refuse to resume where nobody says from where."""
    if options.resume and options.checkpoint is None:
        raise InputError(
            "--resume needs to know where the training was kept.", "Give the folder with --checkpoint DIR."
        )


def wanted_checkpoints(folder: Path, options: argparse.Namespace) -> Checkpoints:
    """Where a training is kept; what an earlier one left is taken up, replaced by --force, or refused."""
    from core.reconstruction.checkpoints import Checkpoints

    wanted = Checkpoints(folder, resume=options.resume)
    if wanted.path.exists() and not (options.resume or options.force):
        raise OutputExistsError(
            f"A training that was interrupted is kept in {folder}.",
            "Go on with it (--resume), or begin again (--force).",
        )
    return wanted


def say_going_on(kept: Checkpoints | None) -> None:
    """Say that a training goes on, where it does."""
    if kept is not None and kept.resume and kept.path.exists():
        note(f"Going on with the training kept in {kept.folder}.")


def say_resumable(kept: Checkpoints | None) -> None:
    """Say, of a training that was interrupted, how it goes on."""
    if kept is not None and kept.path.exists():
        note(f"The same command with --resume goes on with the training kept in {kept.folder}.")
