"""A segmentation as a list of steps: what is shown, kept in a file, and run again on another picture.

The list always runs as it stands: the background is flattened, noise is removed, a threshold makes labels, steps of
cleaning follow in any number and order, small pieces go last. It says the same as `SegmentationSettings`, without the
fields that do nothing: a recipe made from settings makes the same labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.images.atomic import replacing
from core.images.loading import checked_path
from core.segmentation.settings import (
    CLEANING,
    TRAINED,
    CleaningStep,
    SegmentationSettings,
    settings_from_json,
)
from core.settings import Setting, describe

FORMAT = "microloom-recipe"
VERSION = 1
_MAX_BYTES = 1 << 20

_BLUR = {"gaussian": ("flatten_width",), "rolling ball": ("flatten_radius",)}
_DENOISE = {
    "median": ("median_radius",),
    "gaussian": ("gaussian_sigma",),
    "non-local means": ("nlm_strength", "nlm_distance"),
    "bilateral": ("bilateral_sigma", "bilateral_contrast"),
}
_THRESHOLD = {
    "multi-otsu": ("phases",),
    TRAINED: ("phases",),
    "manual": ("manual_thresholds",),
    "hysteresis": ("manual_thresholds",),
    "sauvola": ("local_radius", "local_offset", "sauvola_k"),
    "adaptive mean": ("local_radius", "local_offset"),
    "adaptive gaussian": ("local_radius", "local_offset"),
}
_STAGES = ("flatten", "denoise", "threshold", "cleaning", "small pieces")


@dataclass(frozen=True)
class Step:
    """One step: its name ("flatten", "denoise", "threshold", a kind of cleaning, "small pieces") and its settings."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """In words, such as "threshold: sauvola, surroundings 25 px"."""
        told = [_told(name, value) for name, value in self.values.items()]
        return f"{self.name}: {', '.join(told)}" if told else self.name


def fields_of(settings: SegmentationSettings) -> tuple[str, ...]:
    """The fields that matter with these settings: a median's radius only where there is a median."""
    flatten = settings.flatten.partition(",")[0]
    threshold = tuple(name for name in _THRESHOLD.get(settings.threshold, ()) if name != "manual_thresholds")
    return (
        "flatten", *_BLUR.get(flatten, ()), "denoise", *_DENOISE.get(settings.denoise, ()), "threshold", *threshold,
        "min_island", "min_hole",
    )  # fmt: skip


def steps_of(settings: SegmentationSettings) -> tuple[Step, ...]:
    """``settings`` as the list of what is done."""
    steps = []
    for stage, of_method in (("flatten", _BLUR), ("denoise", _DENOISE), ("threshold", _THRESHOLD)):
        method = getattr(settings, stage)
        if method == "none":
            continue
        values: dict[str, Any] = {"method": method}
        for name in of_method.get(method.partition(",")[0] if stage == "flatten" else method, ()):
            value = getattr(settings, name)
            if name != "manual_thresholds" or value:
                values[name] = list(value) if isinstance(value, tuple) else value
        steps.append(Step(stage, values))
    steps += [Step(step.kind, {"phase": step.phase, "size": step.size}) for step in settings.cleaning]
    if max(settings.min_island, settings.min_hole) > 1:
        steps.append(Step("small pieces", {"min_island": settings.min_island, "min_hole": settings.min_hole}))
    return tuple(steps)


def settings_of(steps: Sequence[Step]) -> SegmentationSettings:
    """The inverse of `steps_of`.

    Raises
    ------
    InputError
        For a step that is not known, twice there, or out of its place, and for a value that it cannot have.
    """
    data: dict[str, Any] = {}
    cleaning: list[dict[str, Any]] = []
    last = ""
    for number, step in enumerate(steps, 1):
        stage = "cleaning" if step.name in CLEANING else step.name
        if stage not in _STAGES:
            known = ", ".join((*_STAGES[:3], *CLEANING, _STAGES[4]))
            raise InputError(f"Step {number} is called {step.name!r}, which is not known.", f"Known are: {known}.")
        place = _STAGES.index(stage)
        if last and (place < _STAGES.index(last) or (stage == last != "cleaning")):
            raise InputError(
                f"Step {number} ({step.name}) cannot come after {last}.", f"The order is: {', '.join(_STAGES)}."
            )
        last = stage
        values = dict(step.values)
        if stage == "cleaning":
            cleaning.append({"kind": step.name, **values})
            continue
        if stage != "small pieces":
            if "method" not in values:
                raise InputError(f"Step {number} ({step.name}) does not name its method.")
            values[stage] = values.pop("method")
        allowed = _allowed(stage)
        unknown = sorted(set(values) - allowed)
        if unknown:
            raise InputError(f"Step {number} ({step.name}) has no setting {', '.join(unknown)}.")
        data |= values
    if "threshold" not in data:
        raise InputError("The recipe has no threshold, so it makes no phases.", "Add a step called threshold.")
    return settings_from_json({**data, "cleaning": cleaning})


def _allowed(stage: str) -> set[str]:
    tables: dict[str, Mapping[str, tuple[str, ...]]] = {"flatten": _BLUR, "denoise": _DENOISE, "threshold": _THRESHOLD}
    if stage == "small pieces":
        return {"min_island", "min_hole"}
    return {stage, *(name for names in tables[stage].values() for name in names)}


def recipe_to_json(settings: SegmentationSettings) -> dict[str, Any]:
    """The recipe as a document."""
    steps = [{"step": step.name, **step.values} for step in steps_of(settings)]
    return {"format": FORMAT, "format_version": VERSION, "steps": steps}


def recipe_from_json(data: Any) -> SegmentationSettings:
    """The inverse of `recipe_to_json`.

    Raises
    ------
    InputError
        Where ``data`` is no recipe, of a newer version, or says what cannot be.
    """
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise InputError("This is no recipe of a segmentation.", "Choose a file written by --save-recipe.")
    if data.get("format_version") != VERSION:
        raise InputError(
            f"The recipe has the format version {data.get('format_version')!r}; this program knows {VERSION}.",
            "Update Microloom.",
        )
    steps = data.get("steps")
    if not isinstance(steps, list) or not all(isinstance(s, Mapping) and isinstance(s.get("step"), str) for s in steps):
        raise InputError("The recipe has no list of steps, each with its name.")
    return settings_of([Step(s["step"], {key: value for key, value in s.items() if key != "step"}) for s in steps])


def read_recipe(path: Path) -> SegmentationSettings:
    """The recipe in the JSON file ``path``; `InputError` where it cannot be used."""
    found = checked_path(path)
    if found.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path.name} is too long for a recipe.", "Choose a file written by --save-recipe.")
    try:
        data = json.loads(found.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is no JSON file that can be read.", "Check the file.") from error
    try:
        return recipe_from_json(data)
    except InputError as error:
        raise InputError(f"{path.name}: {error.what}", error.remedy) from error


def write_recipe(settings: SegmentationSettings, path: Path, *, overwrite: bool = False) -> Path:
    """Write the recipe to ``path``; what was there stays until the new file is whole."""
    with replacing(path, overwrite) as temporary:
        temporary.write_text(json.dumps(recipe_to_json(settings), indent=1) + "\n", encoding="utf-8")
    return path


_SPECS: dict[str, Setting] = {spec.name: spec for cls in (SegmentationSettings, CleaningStep) for spec in describe(cls)}


def _told(name: str, value: Any) -> str:
    if name == "method":
        return str(value)
    if name == "phase":
        return f"phase {value + 1}"
    if name == "manual_thresholds":
        return "at " + ", ".join(f"{level:g}" for level in value)
    spec = _SPECS[name]
    unit = f" {spec.unit}" if spec.unit else " px" if name == "size" else ""
    return f"{spec.label.lower()} {value:g}{unit}"
