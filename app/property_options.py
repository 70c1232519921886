"""The part of the command line that says which properties to compute, and of what."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    from core.images.values import PhaseImage, Volume
    from core.properties import Ends, Moduli, PropertyPlan, Sides

NAMES = ("conductivity", "permeability", "elasticity")

_UNITS = {"gpa": 1e9, "mpa": 1e6, "kpa": 1e3, "pa": 1.0}


def add_options(command: argparse.ArgumentParser) -> None:
    """What ``command`` takes for properties."""
    group = command.add_argument_group("properties")
    group.add_argument(
        "--properties", type=_names, default=(), metavar="A,B", help=f"also compute: {', '.join(NAMES)}, or all"
    )
    group.add_argument(
        "--conductivity", action="append", default=[], metavar="PHASE=VALUE",
        help="conductivity of a phase (label or name) in W/(m·K), once for each phase; 0 insulates",
    )  # fmt: skip
    group.add_argument(
        "--modulus", action="append", default=[], metavar="PHASE=E,NU",
        help="Young's modulus (70GPa, 900MPa, or in Pa) and Poisson's ratio of a phase, once for each; 0,0: a pore",
    )  # fmt: skip
    group.add_argument(
        "--pore-phase", default=None, metavar="P", help="phase in which a fluid flows (default: --phase)"
    )
    group.add_argument("--axis", type=_axes, default=None, metavar="z|y|x|all", help="along which axis (default: all)")
    group.add_argument(
        "--ends", choices=("fixed", "periodic"), default=None,
        help="temperatures or pressures fixed at two faces, or a structure that repeats (default: as it was made)",
    )  # fmt: skip
    group.add_argument(
        "--sides", choices=("closed", "periodic"), default=None, help="the other four faces (default: as it was made)"
    )
    group.add_argument(
        "--tolerance",
        type=_tolerance,
        default=None,
        metavar="T",
        help="residual at which to stop (default: 1e-5, of elasticity 1e-4)",
    )
    group.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: auto")


def property_plan(options: argparse.Namespace, thing: PhaseImage | Volume, phase: int) -> PropertyPlan | None:
    """What the options ask for, or None; ``phase`` is the phase of interest.

    Raises
    ------
    InputError
        Where options contradict each other or name what is not there.
    """
    from app.inputs import phase_label
    from core import devices
    from core.properties import PropertyPlan
    from core.report.findings import repeats_along

    given = options.conductivity or options.modulus or options.pore_phase or options.axis or options.tolerance
    if not options.properties:
        if given or options.ends or options.sides:
            raise InputError("No property was asked for.", f"Add --properties with {' or '.join(NAMES)}.")
        return None
    values = None
    if "conductivity" in options.properties:
        values = dict(_assignment(thing, text) for text in options.conductivity)
        _all_given(thing, values, "conductivity", "--conductivity PHASE=VALUE")
    elif options.conductivity:
        raise InputError("--conductivity is of no use here.", "Add conductivity to --properties.")
    moduli = None
    if "elasticity" in options.properties:
        moduli = dict(_moduli(thing, text) for text in options.modulus)
        _all_given(thing, moduli, "moduli", "--modulus PHASE=E,NU")
    elif options.modulus:
        raise InputError("--modulus is of no use here.", "Add elasticity to --properties.")
    pores = None
    if "permeability" in options.properties:
        pores = phase if options.pore_phase is None else phase_label(thing, options.pore_phase)
    elif options.pore_phase is not None:
        raise InputError("--pore-phase is of no use here.", "Add permeability to --properties.")
    repeats = repeats_along(thing) == "zyx"
    ends: Ends = options.ends or ("periodic" if repeats else "fixed")
    sides: Sides = options.sides or ("periodic" if repeats else "closed")
    axes = options.axis or ((0, 1, 2) if thing.labels.ndim == 3 else (1, 2))
    device = devices.resolve(options.device)
    return PropertyPlan(values, pores, axes, ends, sides, options.tolerance, device, moduli)


def _assignment(thing: PhaseImage | Volume, text: str) -> tuple[int, float]:
    from app.inputs import phase_label

    name, equals, value = text.rpartition("=")
    try:
        found = float(value)
    except ValueError:
        equals = ""
    if not equals or not name.strip():
        raise InputError(f"--conductivity {text} cannot be read.", "Write PHASE=VALUE, such as 0=1.4.")
    label = phase_label(thing, name.strip())
    if not 0 <= found < float("inf"):
        raise InputError(f"The conductivity of phase {label} cannot be {found:g}.", "Give 0 for an insulator, or more.")
    return label, found


def _all_given(thing: PhaseImage | Volume, given: Collection[int], what: str, option: str) -> None:
    """`InputError` where a phase that occurs is not among those ``given``."""
    missing = [
        f"{label} ({thing.phases[label].name})"
        for label, share in enumerate(thing.fractions)
        if share > 0 and label not in given
    ]
    if missing:
        verb = "are" if what == "moduli" else "is"
        raise InputError(f"The {what} of phase {', '.join(missing)} {verb} missing.", f"Give {option} for it.")


def _moduli(thing: PhaseImage | Volume, text: str) -> tuple[int, Moduli]:
    from app.inputs import phase_label
    from core.properties import Moduli

    name, _, values = text.rpartition("=")
    young, comma, poisson = values.partition(",")
    try:
        scale = next((factor for unit, factor in _UNITS.items() if young.strip().lower().endswith(unit)), 1.0)
        found = Moduli(scale * float(young.strip().rstrip("GMkPagmpA ")), float(poisson))
    except ValueError:
        comma = ""
    if not comma or not name.strip():
        raise InputError(f"--modulus {text} cannot be read.", "Write PHASE=E,NU, such as 0=70GPa,0.22.")
    label = phase_label(thing, name.strip())
    found.check(str(label))
    return label, found


def _names(text: str) -> tuple[str, ...]:
    if text == "all":
        return NAMES
    names = tuple(text.split(","))
    if not set(names) <= set(NAMES):
        raise argparse.ArgumentTypeError(f"{text!r} is none of: {', '.join(NAMES)}, all")
    return names


def _axes(text: str) -> tuple[int, ...] | None:
    if text == "all":
        return None
    if text not in ("z", "y", "x"):
        raise argparse.ArgumentTypeError(f"{text!r} is no axis: give z, y, x or all")
    return ("zyx".index(text),)


def _tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no tolerance: give a number between 0 and 1, such as 1e-5")
    return value
