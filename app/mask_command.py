"""`microloom mask`: a spatial-location mask from rules or from a picture, without a window."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.terminal import may_write
from core.errors import InputError

if TYPE_CHECKING:
    from core.masks.design import Layer

EXAMPLES = """each layer lies over those before it; places are shares of the edges, 0 to 1:
  --uniform 0.3                     the same everywhere
  --gradient z:0.1:0.3              linear along an axis, from its start to its end; with :smooth, eased
  --radial 0.5:0.1                  from the centre outwards to the faces
  --band z:3:0.1:0.4                bands across an axis: pairs, first and second fraction
  --stack "z:1*0.1,2*0.4"           layers across an axis: thickness * fraction
  --sphere 0.6:0.3                  fraction : radius, a share of the shortest edge; in the middle
  --blobs 0.15:0.1:0.5              correlation length, a share of the longest edge : lowest : highest
  --from IMAGE                      a picture, stack or mask; 8-bit 0..255 becomes --range LOW:HIGH (0:1)
for example: microloom mask --shape 64,128,128 --uniform 0.2 --sphere 0.6:0.3 -o MASK.tif"""


class _Layer(argparse.Action):
    """Keeps the layers in the order in which they are given."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:  # fmt: skip
        namespace.layers = [*(namespace.layers or []), (str(option_string).lstrip("-"), str(values))]


def add_options(command: argparse.ArgumentParser) -> None:
    """The command's own options; size, output and those common to all are added by the caller."""
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.epilog = EXAMPLES
    for name, shown, words in (
        ("uniform", "F", "the same everywhere"),
        ("gradient", "AXIS:F:F[:EASING]", "linear gradient"),
        ("radial", "F:F[:EASING]", "gradient from the centre outwards"),
        ("band", "AXIS:PAIRS:F:F", "bands"),
        ("stack", "AXIS:T*F,T*F,…", "layers of any thickness"),
        ("sphere", "F:RADIUS", "a sphere in the middle"),
        ("blobs", "LENGTH:F:F", "a smooth random field (see --seed)"),
        ("from", "IMAGE", "a picture, stack or mask"),
    ):
        command.add_argument(f"--{name}", action=_Layer, dest="layers", metavar=shown, help=words)
    command.add_argument("--operation", default="replace", metavar="HOW",
                         help="how layers meet: replace (default), add, multiply, min, max")  # fmt: skip
    command.add_argument("--range", default="0:1", metavar="LOW:HIGH", help="what 0 and full scale of --from become")
    command.add_argument("--invert", action="store_true", help="one minus the mask, at the end")
    command.add_argument("--smooth", default="0", metavar="SHARE", help="blur of each layer, as a share of the edges")
    command.add_argument("--voxel-size", metavar="LENGTH", help="for example 10nm; written into the file")


def mask(options: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    from dataclasses import replace

    from core.images.pixel_size import parse_length
    from core.masks.design import OPERATIONS, MaskDesign
    from core.masks.files import check_name, write_mask
    from core.masks.regions import regions

    overwrite = may_write(options.output, options.force)
    if not options.layers:
        raise InputError("A mask needs a layer.", "Give --gradient z:0.1:0.3, for example; see microloom mask --help.")
    if options.operation not in OPERATIONS:
        raise InputError(f"There is no operation {options.operation!r}.", f"Choose one of: {', '.join(OPERATIONS)}.")
    check_name(options.output)
    (smoothing,) = _numbers("smooth", options.smooth, 1)
    layers = [_layer(name, text, options) for name, text in options.layers]
    layers = [replace(layer, smoothing=smoothing, operation=options.operation if place else "replace")
              for place, layer in enumerate(layers)]  # fmt: skip
    edges = None
    if options.voxel_size is not None:
        voxel = parse_length(options.voxel_size)
        z, y, x = (side * voxel for side in options.shape)
        edges = (z, y, x)
    made = MaskDesign(True, tuple(layers)).mask(options.shape, max(options.shape), edges)
    assert made is not None  # every layer is on
    if options.invert:
        made = made.inverted()
    whole = made.resampled(options.shape)
    write_mask(whole, options.output, overwrite=overwrite)
    print(f"mean target fraction: {whole.mean:.4f}")
    for region in regions(whole):
        print(f"{region.low:.3f} to {region.high:.3f}: {100 * region.share:.1f} % of the volume")
    print(options.output)
    return 0


def _layer(name: str, text: str, options: argparse.Namespace) -> Layer:
    from core.masks import sources
    from core.masks.design import Layer
    from core.masks.files import read_mask
    from core.settings import validate

    made: Any
    parts = text.split(":")
    if name == "from":
        low, high = _numbers("range", options.range, 2)
        made = sources.Imported(read_mask(Path(text), low=low, high=high))
    elif name == "uniform":
        made = sources.Uniform(*_numbers(name, text, 1))
    elif name == "gradient":
        axis, easing = _axis(name, parts), "linear"
        if len(parts) == 4:
            easing = parts.pop()
        first, last = _numbers(name, ":".join(parts[1:]), 2)
        places = {f"start_{axis}": 0.0, f"end_{axis}": 1.0}
        level = {f"{end}_{other}": 0.5 for other in "zyx" if other != axis for end in ("start", "end")}
        made = sources.Linear(first, last, easing, **(level | places))
    elif name == "radial":
        easing = parts.pop() if len(parts) == 3 else "linear"
        first, last = _numbers(name, ":".join(parts), 2)
        made = sources.Radial(first, last, easing)
    elif name == "band":
        axis = _axis(name, parts)
        pairs, first, last = _numbers(name, ":".join(parts[1:]), 3)
        if pairs != int(pairs):
            raise InputError(f"--band {text}: {pairs:g} pairs cannot be.", "Give a whole number of pairs.")
        made = sources.Bands(axis, int(pairs), first, last)
    elif name == "stack":
        axis = _axis(name, parts)
        made = sources.Stack(axis, ", ".join(part.replace("*", ": ") for part in parts[1].split(",")))
    elif name == "sphere":
        fraction, radius = _numbers(name, text, 2)
        made = sources.Solid("sphere", fraction, radius=radius)
    else:
        length, first, last = _numbers(name, text, 3)
        made = sources.Blobs(first, last, length, options.seed)
    if name != "from":
        try:
            validate(made)
        except InputError as error:
            raise InputError(f"--{name} {text}: {error.what}", error.remedy) from error
    return Layer(name, made)


def _axis(name: str, parts: list[str]) -> str:
    if len(parts) < 2 or parts[0] not in ("z", "y", "x"):
        raise InputError(f"--{name} {':'.join(parts)} names no axis.", f"Begin with z, y or x: --{name} z:…")
    return parts[0]


def _numbers(name: str, text: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(":"))
    except ValueError:
        found = ()
    if len(found) != count or not all(abs(value) < float("inf") for value in found):
        many = "a number" if count == 1 else f"{count} numbers with colons between"
        raise InputError(f"--{name} needs {many}, not {text!r}.", "See microloom mask --help.")
    return found
