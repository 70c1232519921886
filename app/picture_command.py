"""Pictures in place of a volume, and all that a model of grey images makes: parts of the command generate."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.arguments import positive_whole_number
from app.onto_disk import INTERRUPTED, by_blocks, write_blocks
from app.terminal import ProgressDisplay, ask_to_replace, may_write, note
from core.errors import InputError, JobError
from core.job import finish

if TYPE_CHECKING:
    import numpy as np

    from core.reconstruction.engine import Model

_OF_PHASES = {
    "volume_fraction": "--volume-fraction", "mask": "--mask", "anchor": "--anchor", "towards": "--towards",
    "block": "--block", "resume": "--resume",
}  # fmt: skip


_ALONE = ("volume_fraction", "mask", "anchor", "towards")
"""Options that only volumes of phases know."""


def add_options(command: argparse.ArgumentParser) -> None:
    """The option of generate that asks for pictures."""
    command.add_argument(
        "--pictures", type=positive_whole_number, metavar="N",
        help="N pictures of --size rows and columns, 0001.tif and so on in the folder -o, in place of a volume "
        "(models of the engine diffusion)",
    )  # fmt: skip
    command.add_argument(
        "--report", type=Path, metavar="REPORT.json",
        help="of a grey volume: also write how well it agrees with what its model learned from",
    )  # fmt: skip


def check_report(options: argparse.Namespace) -> None:
    """Refuse a report of what is no grey volume: `InputError`."""
    if options.report is not None:
        raise InputError("--report tells of grey volumes.", "Leave it out; microloom measure reports on phases.")


def check_options(options: argparse.Namespace, reason: str, names: Sequence[str] = tuple(_OF_PHASES)) -> None:
    """Refuse the options ``names`` that were given: `InputError` with the ``reason``."""
    given = [_OF_PHASES[name] for name in names if getattr(options, name) not in (None, False, [])]
    if given:
        raise InputError(reason, f"Leave {' and '.join(given)} out.")


def generate_grey(options: argparse.Namespace, model: Any) -> int:
    """Grey pictures or grey volumes, as the options ask of a model of them; returns the exit code."""
    from core.generation.block_writing import suffix_of
    from core.images.grey_writing import write_grey_volume
    from core.reconstruction.diffusion.grey_model import NO_PHASES
    from core.reconstruction.diffusion.sampled_model import beyond_memory

    check_options(options, NO_PHASES, _ALONE)
    if options.pictures is not None:
        return generate_pictures(options, model)
    path = options.output
    if not suffix_of(path):
        raise InputError(f"A grey volume cannot be written as {path.name}.", "End the name with .tif or .ome.zarr.")
    if options.seeds is not None:
        raise InputError("Grey volumes are made one at a time.", "Give one --seed.")
    blocks = by_blocks(options, asked=options.block is not None or options.resume or beyond_memory(options.size))
    replace = may_write(path, options.force)
    if options.report is not None:
        may_write(options.report, options.force)
    asked = {"device": _device(options), "periodic": options.periodic}
    note(f"Grey values {model.range.words}.")
    if blocks:
        return _onto_disk(options, model, asked, replace)
    with ProgressDisplay(options.quiet) as display:
        made = finish(model.volume(options.size, _seed(options, model), **asked), display)
    print(write_grey_volume(made.grey, path, made.voxel_size, made.provenance, overwrite=replace))
    _say_agreement(options, model, made.grey)
    return 0


def _onto_disk(options: argparse.Namespace, model: Any, asked: dict[str, Any], replace: bool) -> int:
    """A grey volume that is written block by block, and sampled on the disk where memory does not hold it."""
    from core.images.grey_volume import open_grey_volume
    from core.reconstruction.to_disk import keeping

    kept = keeping(model, options.output, resume=options.resume, overwrite=options.force)
    display = ProgressDisplay(options.quiet)
    try:
        with display:
            recipe = finish(model.grey_recipe(options.size, _seed(options, model), **asked, **kept), display)
    except KeyboardInterrupt:
        note("Interrupted. The same command with --resume goes on.")
        return INTERRUPTED
    code = write_blocks(options, recipe, options.output, replace, ProgressDisplay(options.quiet))
    found = None if code else open_grey_volume(options.output)
    if found is not None:
        _say_agreement(options, model, map(found.plane, range(options.size[0])))
    return code


def _say_agreement(options: argparse.Namespace, model: Any, planes: Iterable[np.ndarray]) -> None:
    """Say how well a grey volume agrees with what its model learned from, and write the report that was asked for."""
    from core.images.atomic import replacing

    with ProgressDisplay(options.quiet) as display:
        agreement = finish(model.agreement(planes, options.size), display)
    if agreement is None:
        note("The model does not tell what its data were like, so nothing is compared: train it again.")
    else:
        print("\n".join(agreement.lines))
    if options.report is not None:
        told = {
            "volume": options.output.name, "size": list(options.size), "seed": _seed(options, model),
            "model": model.card["name"], "grey": model.range.to_json(),
            "agreement": None if agreement is None else agreement.to_json(),
        }  # fmt: skip
        with replacing(options.report, overwrite=True) as temporary:
            temporary.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        print(options.report)


def generate_pictures(options: argparse.Namespace, model: Model) -> int:
    """Pictures of phases or grey ones, each in a file of its own; returns the exit code."""
    from core.images.grey_writing import write_micrograph
    from core.images.values import PhaseImage
    from core.images.writing import write_phase_image

    make: Callable[..., Any] | None = getattr(model, "pictures", None)
    if make is None:
        raise InputError("This model makes volumes alone.", "Take a model of the engine diffusion.")
    check_report(options)
    check_options(options, "Pictures are no sections of one volume.", ("mask", "anchor", "towards", "block", "resume"))
    if options.seeds is not None or any(options.periodic):
        raise InputError("Pictures are made from one seed, and do not repeat.", "Leave --seeds and --periodic out.")
    _depth, rows, columns = options.size
    if rows != columns:
        raise InputError(f"Pictures are square, not {rows} × {columns}.", "Give --size one number, such as 64.")
    fractions = options.volume_fraction or (None,)
    if len(fractions) > 1:
        raise InputError("Pictures have one volume fraction.", "Give --volume-fraction one.")
    paths = _places(options.output, options.pictures, options.force)
    seed, device = _seed(options, model), _device(options)
    with ProgressDisplay(options.quiet) as display:
        made = finish(_made(model, options.pictures, rows, seed, fractions[0], device), display)
    for picture, path in zip(made, paths, strict=True):
        if isinstance(picture, PhaseImage):
            write_phase_image(picture, path, overwrite=True)
        else:
            write_micrograph(picture, path, overwrite=True)
    print(options.output)
    return 0


def _made(model: Any, count: int, edge: int, seed: int, fraction: float | None, device: str) -> Any:
    """The job that makes the pictures."""
    if "grey" in model.card:
        return model.pictures(count, edge, seed, device=device)
    return model.phase_images(count, edge, seed, volume_fraction=fraction, device=device)


def _seed(options: argparse.Namespace, model: Model) -> int:
    return int(model.card["seed"]) if options.seed is None else int(options.seed)


def _device(options: argparse.Namespace) -> str:
    from core import devices

    return devices.resolve(options.device)


def _places(folder: Path, count: int, force: bool) -> list[Path]:
    """Where the pictures go; the folder is made, and what is in it stays, but for files of the same names."""
    from core.images.grey_writing import numbered

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Give a folder for the pictures.")
    paths = numbered(folder, count)
    there = [path for path in paths if path.exists()]
    if there and not force:
        ask_to_replace(there[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(f"The folder {folder} cannot be made: {error.strerror}.", "Choose another.") from error
    return paths
