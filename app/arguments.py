"""The command line's grammar: its commands, their options, and how values are written."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from app.assignments import changed as changed
from app.assignments import settings_table
from app.series import MOST
from core import __version__
from core.errors import InputError

S = TypeVar("S")
_METHODS = ("otsu", "multi-otsu", "manual", "hysteresis", "sauvola", "adaptive-mean", "adaptive-gaussian")
_LIMIT = "end the training after this time; calibrating, generating and measuring come on top"
_DENOISE = ("none", "median", "gaussian", "non-local-means", "bilateral")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = _Parser(
        prog="microloom",
        description="Weaves measured 3-D volumes from a 2-D micrograph. Without a command the window opens.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"microloom {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    _segment(commands)
    _train_classifier(commands)
    _mask(commands)
    _reconstruct(commands)
    _train(commands)
    _generate(commands)
    _measure(commands)
    _compare(commands)
    _synthesise(commands)
    _models(commands)
    _info(commands)
    return top


def _segment(commands: Any) -> None:
    command = commands.add_parser("segment", help="make a phase image from a micrograph", allow_abbrev=False)
    command.add_argument("image", type=Path, nargs="+", help="the micrograph; several, or a folder of them")
    _output(command, "PHASES.tif", "phase image to write (.tif or .png); for several micrographs a folder")
    command.add_argument("--recipe", type=Path, metavar="RECIPE.json", help="take the steps from a recipe")
    command.add_argument("--save-recipe", type=Path, metavar="RECIPE.json", help="also write the steps as a recipe")
    command.add_argument("--classifier", type=Path, metavar="CLASSIFIER", help="a trained classifier for the threshold")
    command.add_argument(
        "--volume", action="store_true", help="IMAGE is a stack of slices: segment all of it and write a volume"
    )
    command.add_argument(
        "--compare-with", type=Path, metavar="OTHER.tif", help="print Dice, fractions and confusion with another one"
    )
    _segmentation(command)
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting of the segmentation"
    )
    command.add_argument("--list-settings", action=_ListSegmentation, help="list those settings and stop")
    _common(command)


def _train_classifier(commands: Any) -> None:
    command = commands.add_parser(
        "train-classifier", help="learn the phases of a micrograph, or volume, from scribbles", allow_abbrev=False
    )
    command.add_argument("image", type=Path, help="the micrograph, or a stack of slices where the labels are one")
    command.add_argument(
        "--labels", type=Path, required=True, metavar="SCRIBBLES.tif",
        help="picture of the same size, 8 bit: 0 unlabelled, 1 … n the phases",
    )  # fmt: skip
    _output(command, "C.microloom-classifier", "classifier to write")
    command.add_argument("--recipe", type=Path, metavar="RECIPE.json", help="flatten and denoise as this recipe first")
    command.add_argument("--sigmas", type=_numbers, metavar="A,B,…", help="scales of the features in pixels")
    command.add_argument(
        "--crop", type=_crop, default=None, metavar="[Z0:Z1,]Y0:Y1,X0:X1",
        help="part to use, of a volume with its slices; by default an instrument's info bar is cut off; “none” keeps "
        "all",
    )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="trees, depth, leaf, pixels or seed"
    )
    command.set_defaults(pixel_size=None)
    _common(command)


def _mask(commands: Any) -> None:
    from app.mask_command import add_options

    command = commands.add_parser("mask", help="make a spatial-location mask", allow_abbrev=False)
    command.add_argument("--shape", type=_size, required=True, metavar="N or Z,Y,X", help="voxels")
    _output(command, "MASK.tif", "mask to write: 32-bit .tif, or .ome.zarr")
    command.add_argument("--seed", type=seed, default=0, help="seed of --blobs (default 0)")
    add_options(command)
    _common(command)


def _reconstruct(commands: Any) -> None:
    command = commands.add_parser("reconstruct", help="train on a phase image and build a volume", allow_abbrev=False)
    command.add_argument("image", type=Path, help="a phase image, or a micrograph (which is segmented first)")
    _output(
        command,
        "VOLUME.tif",
        "volume to write (.tif .ome.tif .nrrd .vti .h5 .npy); block by block, "
        "straight onto the disk, where it ends in .ome.zarr, or is a large .tif",
    )
    command.add_argument("--engine", default="swnn", help="how to reconstruct (default: swnn)")
    command.add_argument("--preset", default=None, help="fast (default), thorough or paper")
    command.add_argument("--phase", default=None, help="phase of interest: label or name (default: the highest label)")
    command.add_argument(
        "--all-phases", action="store_true",
        help="rebuild every phase of an exemplar of three or more (default: one phase against the rest)",
    )  # fmt: skip
    for plane, rows in (("xz", "rows along z, columns along x"), ("yz", "rows along z, columns along y")):
        command.add_argument(
            f"--exemplar-{plane}", type=Path, default=None, metavar="IMAGE",
            help=f"what the plane {plane} looks like ({rows}), where IMAGE is the plane xy; one stands for both",
        )  # fmt: skip
    command.add_argument(
        "--size", type=_size, default=(128, 128, 128), metavar="N or Z,Y,X", help="voxels (default 128)"
    )
    _seeds_of(command, 0, "seed of training and generation (default 0)")
    command.add_argument(
        "--train-once", action="store_true",
        help="with --seeds: all volumes from one training (default: each seed trains anew)",
    )  # fmt: skip
    _fraction(command)
    command.add_argument(
        "--volume-fractions", type=_phase_shares, default=None, metavar="F,F,F",
        help="fraction of every phase, in label order, with --all-phases; a mask, or --volume-fraction, then moves "
        "that of the phase of interest, and the others share the rest in proportion",
    )  # fmt: skip
    command.add_argument(
        "--region-of", default=None, metavar="PHASE",
        help="with --all-phases and --mask: this phase (label or name) is exactly where the mask is 0.5 or more, "
        "and the others make the fine structure around it as in the exemplar",
    )  # fmt: skip
    _exact(command)
    command.add_argument(
        "--fraction-range", type=_range, default=None, metavar="LOW:HIGH",
        help="train one model for every volume fraction of a range (default: for the wanted one alone)",
    )  # fmt: skip
    _periodic(command)
    _device(command)
    _sampling(command)
    command.add_argument("--max-seconds", type=_positive, metavar="S", help=_LIMIT)
    command.add_argument(
        "--patience", type=positive_whole_number, metavar="STEPS",
        help="end it too when S2 and L of its previews have not come nearer to the exemplar's for so many steps",
    )  # fmt: skip
    _block(command, "; what is measured is then a sample of 128³")
    _checkpoints(command, ", and with a volume that is written block by block")
    command.add_argument("--model-out", type=Path, metavar="M.microloom-model", help="also keep the trained model")
    command.add_argument("--report", type=Path, metavar="DIR", help="also write report.json, curves.csv, report.html")
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the engine's preset"
    )
    command.add_argument("--list-settings", action=_ListEngine, help="list the engine's settings and stop")
    _segmentation(command)
    _common(command)


def _checkpoints(command: argparse.ArgumentParser, besides: str = "") -> None:
    from app.checkpoint_options import add_options

    add_options(command, besides)


def _block(command: argparse.ArgumentParser, besides: str = "") -> None:
    command.add_argument(
        "--block", type=positive_whole_number, default=None, metavar="N",
        help="voxels made at a time along each axis, in whole 64s (default 256); never changes the result" + besides,
    )  # fmt: skip


def _train(commands: Any) -> None:
    from app.sampling_options import add_options as add_sampling
    from app.train_command import add_options

    command = commands.add_parser("train", help="one diffusion model from a folder of pictures", allow_abbrev=False)
    add_options(command)
    _output(command, "M.microloom-model", "model to write")
    command.add_argument("--seed", type=seed, default=0, help="seed of the training (default 0)")
    command.add_argument("--max-seconds", type=_positive, metavar="S", help=_LIMIT)
    _checkpoints(command)
    _device(command)
    add_sampling(command)
    _common(command)


def _generate(commands: Any) -> None:
    from app.picture_command import add_options as add_pictures

    command = commands.add_parser("generate", help="build a volume from a trained model", allow_abbrev=False)
    command.add_argument(
        "model", type=Path, help="a .microloom-model file, or the name of one that ships (see: models)"
    )
    _output(command, "VOLUME.tif", "volume to write; block by block where it ends in .ome.zarr, or is a large .tif")
    command.add_argument(
        "--size", type=_size, default=(128, 128, 128), metavar="N or Z,Y,X", help="voxels (default 128)"
    )
    _seeds_of(command, None, "seed (default: the model's own)")
    _fraction(command)
    add_pictures(command)
    _exact(command)
    _periodic(command)
    _block(command)
    command.add_argument("--resume", action="store_true", help="go on where an earlier run was interrupted")
    command.add_argument("--class", dest="material_class", metavar="NAME", help="of a model trained on several classes")
    _device(command)
    _sampling(command)
    command.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting of generating"
    )
    _common(command)


def _measure(commands: Any) -> None:
    from app.measure_command import add_options

    command = commands.add_parser("measure", help="S2, L and fractions of a volume or picture", allow_abbrev=False)
    add_options(command)
    _segmentation(command)
    _common(command)


def _compare(commands: Any) -> None:
    from app.compare_command import add_options

    command = commands.add_parser("compare", help="a set of generated pictures against real ones", allow_abbrev=False)
    add_options(command)
    _segmentation(command)
    _common(command)


def _models(commands: Any) -> None:
    command = commands.add_parser("models", help="models that come with Microloom, for generate", allow_abbrev=False)
    command.add_argument("--json", action="store_true", help="as JSON")


def _info(commands: Any) -> None:
    command = commands.add_parser("info", help="what a file is, its shape, pixel size, provenance", allow_abbrev=False)
    command.add_argument("file", type=Path, help="a picture, volume or model")
    command.add_argument("--json", action="store_true", help="as JSON")


def _output(command: argparse.ArgumentParser, shown: str, text: str) -> None:
    command.add_argument("-o", "--output", type=Path, required=True, metavar=shown, help=text)


def _segmentation(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("segmentation of a micrograph")
    group.add_argument("--method", choices=_METHODS, default=None, help="default: otsu")
    group.add_argument("--phases", type=int, default=None, metavar="N", help="phases for multi-otsu, 2 to 5")
    group.add_argument(
        "--thresholds", type=_numbers, default=None, metavar="A,B,…", help="grey values for manual and hysteresis"
    )
    group.add_argument("--denoise", choices=_DENOISE, default=None, help="default: none")
    group.add_argument(
        "--crop", type=_crop, default=None, metavar="[Z0:Z1,]Y0:Y1,X0:X1",
        help="part to use, of a volume with its slices; by default an instrument's info bar is cut off; “none” keeps "
        "all",
    )  # fmt: skip
    group.add_argument(
        "--bin",
        type=int,
        default=1,
        metavar="N",
        help="make the pixels (voxels) N times as large first, where structures are many pixels long",
    )
    group.add_argument("--pixel-size", default=None, metavar="LENGTH", help="where the file does not say: 0.5 nm, 2 µm")


def _fraction(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--volume-fraction",
        type=_shares,
        default=None,
        metavar="F[,F…]",
        help="wanted share of the phase, 0.4 or 40%%; several make a volume each",
    )
    command.add_argument(
        "--mask", type=Path, default=None, metavar="MASK.tif",
        help="wanted share at each place: a picture of volume fractions, stretched over the volume (see: mask)",
    )  # fmt: skip


def _exact(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--as-calibrated", action="store_true",
        help="leave the threshold where the model's calibration put it: volumes of one seed and any size are then "
        "parts of each other (default: set anew, so that this very volume has the fraction; a mask's never are)",
    )  # fmt: skip


def _seeds_of(command: argparse.ArgumentParser, default: int | None, text: str) -> None:
    group = command.add_mutually_exclusive_group()
    group.add_argument("--seed", type=seed, default=default, help=text)
    group.add_argument(
        "--seeds", type=_seeds, default=None, metavar="S,S…", help="one volume for each of several: 0,1,2 or 0-9"
    )


def _periodic(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--periodic", type=_axes, default=(False, False, False), metavar="AXES",
        help="axes along which the volume repeats: any of z, y and x, such as zyx (default: none)",
    )  # fmt: skip


def _device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: auto")


def _synthesise(commands: Any) -> None:
    from app.synthesise_command import add_options

    command = commands.add_parser("synthesise", help="data sets made from known geometry", allow_abbrev=False)
    add_options(command)
    command.add_argument("--seed", type=seed, default=0, help="the same seed makes the same images (default 0)")
    _common(command)


def _sampling(command: argparse.ArgumentParser) -> None:
    from app.anchor_options import add_option
    from app.sampling_options import add_options
    from app.towards_options import add_options as add_towards

    add_option(command)
    add_towards(command)
    add_options(command)


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--force", action="store_true", help="replace files that exist already")
    command.add_argument("--quiet", action="store_true", help="no progress")


def checked(name: str) -> Callable[[Callable[[str], S]], Callable[[str], S]]:
    """argparse takes the words after "invalid" from a type's name, and its own errors from ArgumentTypeError."""

    def named(read: Callable[[str], S]) -> Callable[[str], S]:
        def reader(text: str) -> S:
            try:
                return read(text)
            except ValueError as error:
                raise argparse.ArgumentTypeError(f"{text!r} is not {name}") from error

        return reader

    return named


@checked("a size: give voxels as 128 or 64,128,128")
def _size(text: str) -> tuple[int, int, int]:
    sides = [int(part) for part in re.split(r"[,x×]", text)]
    if len(sides) == 1:
        sides *= 3
    z, y, x = sides
    if min(sides) < 1:
        raise ValueError
    return z, y, x


@checked("a set of axes: give any of the letters z, y and x, such as zyx")
def _axes(text: str) -> tuple[bool, bool, bool]:
    from core.generation.periods import axes_from_name

    try:
        return axes_from_name(text)
    except InputError as error:
        raise ValueError from error


@checked("a positive whole number")
def positive_whole_number(text: str) -> int:
    """1 and up."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


@checked("a share: give 0.4 or 40%")
def _share(text: str) -> float:
    value = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(
            f"{text} is out of reach: a volume fraction lies between 0 and 1, both excluded"
        )
    return value


@checked("a fraction for each phase: give shares of sum 1 such as 0.3,0.3,0.4 or 30%,30%,40%")
def _phase_shares(text: str) -> tuple[float, ...]:
    found = [_share(part.strip()) for part in text.split(",")]
    if len(found) < 3 or abs(sum(found) - 1) > 0.002:
        raise ValueError
    return tuple(share / sum(found) for share in found)


def _shares(text: str) -> tuple[float, ...]:
    return tuple(dict.fromkeys(_share(part.strip()) for part in text.split(",")))


@checked("a row of seeds: give whole numbers as 0,1,2 or 0-9")
def _seeds(text: str) -> tuple[int, ...]:
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start = int(first)
        end = int(last) if dash else start
        if not start <= end < 2**63 or len(found) + end - start >= MOST:
            raise ValueError
        found += range(start, end + 1)
    return tuple(dict.fromkeys(found))


@checked("a range of shares: give 0.1:0.3 or 10%:30%")
def _range(text: str) -> tuple[float, float]:
    low, high = (float(part[:-1]) / 100 if part.endswith("%") else float(part) for part in text.split(":"))
    if not 0 < low < high < 1:
        raise ValueError
    return low, high


@checked("a positive number")
def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


@checked("a seed: give a whole number from 0 to 2⁶³ − 1")
def seed(text: str) -> int:
    """What any --seed takes."""
    value = int(text)
    if not 0 <= value < 2**63:
        raise ValueError
    return value


@checked("a row of numbers such as 80,160")
def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


@checked("a crop: give rows and columns as 0:680,0:1024, of a volume slices too as 10:90,0:680,0:1024, or none")
def _crop(text: str) -> tuple[slice, ...] | str:
    if text == "none":
        return text
    sides = tuple(
        slice(*(int(end) if end else None for end in part.split(":", 1))) if ":" in part else _no_slice()
        for part in text.split(",")
    )
    return sides if len(sides) in (2, 3) else (_no_slice(),)


def _no_slice() -> NoReturn:
    raise ValueError


class _ListEngine(argparse.Action):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(nargs=0, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: Any) -> None:
        from core.reconstruction.registry import engine

        for name, settings in engine(namespace.engine).presets.items():
            print(f"preset {name}:\n{settings_table(settings)}\n")
        parser.exit()


class _ListSegmentation(argparse.Action):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(nargs=0, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: Any) -> None:
        from core.segmentation.settings import SegmentationSettings

        print(settings_table(SegmentationSettings()))
        parser.exit()
