"""How a volume is sampled, on the command line: settings that concern generating alone, of an engine that has any."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.arguments import changed, positive_whole_number
from core import settings as described
from core.errors import InputError

if TYPE_CHECKING:
    from core.reconstruction.engine import Model

_NAMES = ("steps", "passes", "sampler")


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of both commands that generate."""
    group = command.add_argument_group("sampling, with the engine diffusion")
    group.add_argument(
        "--steps", type=positive_whole_number, metavar="N", help="steps from noise to the volume; more take longer"
    )
    group.add_argument(
        "--passes", type=positive_whole_number, metavar="N",
        help="how often each step is repeated, so that the three directions agree",
    )  # fmt: skip
    group.add_argument(
        "--sampler", metavar="NAME", help="how a step is made: ddim, ddpm, dpm-solver++ or sde-dpm-solver++"
    )


def of_class_asked(model: Model, name: str | None) -> Model:
    """The model for the class that is asked for; of one without classes, the model itself.

    Raises
    ------
    InputError
        Where it has other classes, none, or none is chosen.
    """
    classes = getattr(model, "classes", ())
    if name is None and len(classes) < 2:
        return model
    if name is None:
        raise InputError("This model makes volumes of several classes.", f"Choose with --class: {', '.join(classes)}.")
    if not classes:
        raise InputError("This model has no classes.", "Leave --class out.")
    found: Model = model.of_class(name)  # type: ignore[attr-defined]
    return found


def sampling_settings(options: argparse.Namespace) -> list[str]:
    """What was asked for as assignments to an engine's settings."""
    asked = ((name, getattr(options, name)) for name in _NAMES)
    return [f"{name}={value}" for name, value in asked if value is not None]


def sampled_as_asked(model: Model, options: argparse.Namespace) -> Model:
    """The model, with other settings of generating where any are asked for.

    Raises
    ------
    InputError
        Where its engine has none, or not these.
    """
    from core.reconstruction.registry import engine

    assignments = [*sampling_settings(options), *options.set]
    if not assignments:
        return model
    chosen = engine(str(model.card["engine"]))
    if not getattr(chosen, "generating", ()):
        raise InputError(
            f"A model of the engine {chosen.title} has no settings of generating.",
            f"Leave out {', '.join(text.partition('=')[0] for text in assignments)}.",
        )
    kind = type(next(iter(chosen.presets.values())))
    before = described.from_json(kind, model.card["settings"])
    after = changed(before, assignments)
    new: dict[str, Any] = {
        spec.name: getattr(after, spec.name)
        for spec in described.describe(before)
        if getattr(after, spec.name) != getattr(before, spec.name)
    }
    made: Model = model.generating_with(new) if new else model  # type: ignore[attr-defined]
    return made
