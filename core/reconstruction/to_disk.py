"""Reconstructions whose volume goes straight onto the disk, block by block, because memory would not hold it.

What is measured is a sample of at most 128³ voxels that the same model makes; without a mask and with no periodic axis
it is the volume's own first corner, but for a threshold of its own. The trained model is kept beside the volume while
that is written, so that a run that was cancelled or killed goes on without training again.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.generation.block_writing import part_path, suffix_of
from core.generation.recipe import Recipe
from core.job import Job
from core.provenance import array_hash
from core.reconstruction.engine import Engine, Model, Problem, Target
from core.reconstruction.model_file import SUFFIX, read_model_file, write_model_file
from core.reconstruction.pipeline import wishes
from core.reconstruction.preflight import period_problems
from core.reconstruction.registry import engine
from core.settings import to_json

SAMPLE = 128
"""Longest edge of the sample that is measured, voxels."""
ASKED = "asked_of_training"
"""Key of a kept model's card: what was asked of its training."""


def model_beside(path: Path) -> Path:
    """Where the model of the volume at ``path`` is kept; of an unfinished one, give `part_path`."""
    return path.with_name(path.name.removesuffix(suffix_of(path)) + SUFFIX)


def sample_target(target: Target) -> Target:
    """The target of the sample: the same but smaller, periodic only along axes that are there in full."""
    z, y, x = (min(side, SAMPLE) for side in target.size)
    size = (z, y, x)
    whole = tuple(yes and a == b for yes, a, b in zip(target.periodic, size, target.size, strict=True))
    within = tuple(anchor for anchor in target.anchors if anchor.place < size[anchor.axis])
    return replace(target, size=size, periodic=(whole[0], whole[1], whole[2]), anchors=within)


def sampling_beside(path: Path) -> Path:
    """The folder in which the volume at ``path`` is sampled, where a model samples it on the disk."""
    part = part_path(path)
    return part.with_name(part.name.removesuffix(suffix_of(part)) + ".sampling")


def sampled_share(path: Path) -> float | None:
    """How much of the volume at ``path`` an earlier run has sampled, 0 to 1; None where none has."""
    from core.reconstruction.diffusion.kept_sampling import KeptSampling

    return KeptSampling(sampling_beside(path)).share


def keeping(model: Model, path: Path | None, *, resume: bool, overwrite: bool = False) -> dict[str, Any]:
    """What a recipe of the model is asked besides, so that its sampling on the disk goes on after a kill.

    Nothing for a model that samples nothing on the disk, or where no ``path`` of the volume is known.
    """
    if path is None or not getattr(model, "keeps_sampling", False):
        return {}
    from core.reconstruction.diffusion.kept_sampling import KeptSampling

    return {"kept": KeptSampling(sampling_beside(path), resume, overwrite)}


def recipe_of(
    model: Model,
    target: Target,
    device: str,
    path: Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Job[Recipe]:
    """A job that says how the model makes the target's volume: the one that `finish_from_model` would make in memory.

    ``path``: where it is going to be written, beside which a sampling on the disk lies; it goes on with ``resume``, and
    is given up with ``overwrite``.

    Raises
    ------
    InputError
        For what the model cannot make.
    """
    besides = keeping(model, path, resume=resume, overwrite=overwrite)
    return model.recipe(target.size, target.seed, device=device, **wishes(model, target), **besides)


def disk_problems(chosen: Engine, target: Target, settings: Any, device: str, path: Path) -> list[Problem]:
    """What the preflight of a volume on the disk finds: all but the memory of the whole, and the room on the disk."""
    plain = replace(target, periodic=(False, False, False))
    found = list(chosen.preflight(sample_target(plain), settings, device))
    if any(target.periodic):
        known = chosen.preflight(plain, settings, device)
        found += [item for item in chosen.preflight(target, settings, device) if item not in known]
        found += [item for item in period_problems(chosen, target) if item not in found]
    if not path.parent.is_dir():
        return [*found, Problem("error", "file", f"The folder {path.parent} does not exist.", "Choose another file.")]
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        return [*found, Problem("error", "file", f"{path.parent} cannot be used: {error.strerror}.", "Choose another.")]
    # compressed labels take a tenth to a fifth
    needed = math.prod(target.size) // (4 if path.name.lower().endswith("zarr") else 1)
    # what an engine keeps there until the volume is written
    beside = int(getattr(chosen, "bytes_beside", lambda _target: 0)(target))
    needed += beside
    if needed > free:
        sampled = ", most of it while it is sampled" if beside else ""
        found.append(
            Problem("error", "file", f"The volume takes about {needed / 2**30:.1f} GB on the disk{sampled}; "
                    f"{free / 2**30:.1f} GB are free.", "Choose another disk or a smaller size.")
        )  # fmt: skip
    return found


def asked_of_training(name: str, target: Target, settings: Any) -> dict[str, Any]:
    """All that was asked of a training and of what its model is to make, but for size and place, as JSON values."""
    wanted = {
        "engine": name,
        "exemplar": [array_hash(image.labels) for image in target.exemplars],
        "phase": target.phase,
        "all phases": target.all_phases,
        "volume fraction": target.wanted_fraction,
        "volume fractions": None if target.volume_fractions is None else list(target.volume_fractions),
        "region of": target.region_of,
        "mask": None if target.mask is None else array_hash(target.mask.fraction),
        "seed": target.seed,
        **{key.replace("_", " "): value for key, value in to_json(settings).items()},
    }
    found: dict[str, Any] = json.loads(json.dumps(wanted))
    return found


class KeptModel:
    """The model of an unfinished volume, in a file beside it.

    Parameters
    ----------
    path
        Of the volume, once it is finished.
    asked
        As of `asked_of_training`: a model of another training does not serve.
    """

    def __init__(self, path: Path, asked: Mapping[str, Any]) -> None:
        self.path = model_beside(part_path(path))
        self._asked = dict(asked)

    def keep(self, model: Model) -> None:
        """Write it; `core.errors.JobError` where the disk does not take it."""
        write_model_file({**model.card, ASKED: self._asked}, model.weights(), self.path, overwrite=True)

    def load(self) -> Model | None:
        """The model, or None where none is kept.

        Raises
        ------
        InputError
            Where it is of another training, or damaged.
        """
        if not self.path.is_file():
            return None
        card, weights = read_model_file(self.path)
        begun = card.pop(ASKED, None)
        begun = begun if isinstance(begun, dict) else {}
        differing = sorted(key for key in {*begun, *self._asked} if begun.get(key) != self._asked.get(key))
        if differing:
            raise InputError(
                f"{self.path.name} is the model of another training (it differs in: {', '.join(differing)}).",
                "Ask for the same as then, or begin again (--force).",
            )
        return engine(str(card.get("engine"))).restore(card, weights)

    def remove(self) -> None:
        """Take the file away."""
        self.path.unlink(missing_ok=True)
