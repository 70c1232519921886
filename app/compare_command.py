"""The command compare: a set of generated pictures or volumes against a set of real ones."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.arguments import checked
from app.terminal import ProgressDisplay, may_report, note, note_problem
from core.errors import JobError, MicroloomError
from core.job import finish


def add_options(command: argparse.ArgumentParser) -> None:
    """What ``command`` takes besides the segmentation of micrographs."""
    command.add_argument(
        "generated", type=Path, metavar="GENERATED", help="a folder of generated pictures or volumes, or one of them"
    )
    command.add_argument(
        "--against", type=Path, required=True, metavar="REFERENCE",
        help="a folder of real ones, or one; larger ones are cut into tiles, volumes into sections",
    )  # fmt: skip
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the report")
    command.add_argument("--phase", default=None, help="phase of interest: label or name (default: the highest label)")
    command.add_argument(
        "--against-phase", default=None, help="that phase in the references (default: of the same name or label)"
    )
    command.add_argument(
        "--weights", type=Path, default=None, metavar="FILE",
        help="compare features of a network instead of descriptors: weights of Inception-v3 (FID's own, or "
        "torchvision's) or of VGG-19, as .pth or .safetensors",
    )  # fmt: skip
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="for --weights (default: auto)"
    )  # fmt: skip
    command.add_argument(
        "--tile", type=tile_side, default=None, metavar="PX",
        help="largest side of the pictures that are compared (default: as large as all allow)",
    )  # fmt: skip


@checked("a side of at least 16 pixels")
def tile_side(text: str) -> int:
    """The side of a tile, px."""
    side = int(text)
    if side < 16:
        raise ValueError
    return side


def compare(options: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from app.inputs import subject
    from app.set_quality import Wanted, comparing, side_of
    from core.report.quality import NAMES, quality_rows, quality_sentence, write_quality

    replace = may_report(options.output, options.force, NAMES)
    failed: list[str] = []

    def unreadable(name: str, error: MicroloomError) -> None:
        failed.append(name)
        note_problem(name, str(error))

    wanted = Wanted(
        side_of(options.generated), side_of(options.against), options.phase, options.against_phase, options.weights,
        options.device, options.tile,
    )  # fmt: skip
    with ProgressDisplay(options.quiet) as display:
        found = finish(comparing(wanted, lambda path: subject(options, path), unreadable), display)
    write_quality(found, options.output, options.generated.name, options.against.name, overwrite=replace)
    for label, value, _meaning in quality_rows(found):
        print(f"{label}: {value}")
    for said in (quality_sentence(found), *found.notes):
        if said:
            note(said)
    print(options.output)
    if failed:
        files = "One file" if len(failed) == 1 else f"{len(failed)} files"
        raise JobError(f"{files} could not be read.", "The lines above say why.")
    return 0
