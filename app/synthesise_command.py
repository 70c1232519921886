"""The command synthesise: data sets of phase images made from known geometry, with a table of the truth."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.arguments import changed, positive_whole_number
from app.terminal import ProgressDisplay
from core.job import finish

_NAMES = ("size", "fraction", "length", "spread")


def add_options(command: argparse.ArgumentParser) -> None:
    """The command's own options; those common to all are added by the caller."""
    command.add_argument("kind", nargs="*", help="what to make; several make a folder each; “all” makes every kind")
    command.add_argument("--list", action="store_true", help="list the kinds with their settings and stop")
    command.add_argument(
        "--count", type=positive_whole_number, default=1000, metavar="N", help="images of each kind (default 1000)"
    )
    command.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="folder to write: images and truth.csv")
    command.add_argument("--size", type=positive_whole_number, metavar="N", help="rows and columns (default 64)")
    command.add_argument("--fraction", type=float, metavar="F", help="share of the second phase (default: the kind's)")
    command.add_argument("--length", type=float, metavar="PX", help="mean diameter, or distance of domains, pixels")
    command.add_argument("--spread", type=float, metavar="S", help="deviation of the sizes over their mean")
    command.add_argument("--format", choices=("tif", "png"), default="tif", help="of the images (default: tif)")


def synthesise(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from core.errors import InputError
    from core.synthesis.dataset_writing import TABLE, write_dataset
    from core.synthesis.datasets import KINDS

    if options.list:
        for kind in KINDS.values():
            own = ", ".join(f"{name} {getattr(kind.settings, name):g}" for name in _NAMES)
            print(f"{kind.key}: {kind.description} Default: {own}.")
        return 0
    kinds = list(KINDS) if options.kind == ["all"] else list(dict.fromkeys(options.kind))
    for key in kinds:
        if key not in KINDS:
            raise InputError(f"There is no kind {key!r}.", f"Choose of: {', '.join(KINDS)}; or all.")
    if not kinds or options.output is None:
        raise InputError("A kind and a folder are needed.", "Write: microloom synthesise fibres -o FOLDER; see --list.")
    asked = [f"{name}={getattr(options, name)}" for name in _NAMES if getattr(options, name) is not None]
    settings = {key: changed(KINDS[key].settings, asked) for key in kinds}
    job = write_dataset(
        kinds, options.count, options.seed, options.output, settings, suffix=f".{options.format}",
        overwrite=options.force,
    )  # fmt: skip
    with ProgressDisplay(options.quiet) as display:
        folder = finish(job, display)
    print(folder / TABLE)
    return 0
