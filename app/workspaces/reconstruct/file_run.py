"""A run whose volume goes straight onto the disk, block by block, because it is too large for memory or so wished.

What is measured, and kept with the session, is a sample of at most 128³ voxels that the same model makes; without a
mask and with no periodic axis it is the volume's own first corner, but for a threshold of its own. The model lies
beside the volume, so that a run that was cancelled or killed goes on without training again.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import JobError
from core.job import Job, Progress

if TYPE_CHECKING:
    from core.reconstruction.engine import Model, Problem, Target
    from core.reconstruction.pipeline import Reconstruction

SAMPLE = 128
"""Longest edge of the sample that is measured, voxels."""
BLOCK_CPU = 128
"""Edge of what is made at a time on a processor: seconds, so that little is lost and the picture moves."""
MODEL_SUFFIX = ".microloom-model"


@dataclass(frozen=True, eq=False)
class Stored:
    """What a run left on the disk, and the sample that was measured."""

    made: Reconstruction
    path: Path

    @property
    def model(self) -> Model:
        """What was trained."""
        return self.made.model


@dataclass(frozen=True)
class WritingSample(Progress):
    """The sample is there; now its large volume is written."""


def model_beside(path: Path) -> Path:
    """Where the model of the volume at ``path`` is kept."""
    from core.generation.block_writing import suffix_of

    return path.with_name(path.name.removesuffix(suffix_of(path)) + MODEL_SUFFIX)


def sample_target(target: Target) -> Target:
    """The target of the sample: the same but smaller, periodic only along axes that are there in full."""
    z, y, x = (min(side, SAMPLE) for side in target.size)
    size = (z, y, x)
    whole = tuple(yes and a == b for yes, a, b in zip(target.periodic, size, target.size, strict=True))
    within = tuple(anchor for anchor in target.anchors if anchor.place < size[anchor.axis])
    return replace(target, size=size, periodic=(whole[0], whole[1], whole[2]), anchors=within)


def writing(run: Any, path: Path, model: Model | None = None, *, anew: bool = False) -> Job[Stored]:
    """A job that trains (unless there is a model), measures a sample and writes the volume to ``path``.

    Parameters
    ----------
    run
        An `app.workspaces.reconstruct.run.Run`.
    model
        To be used instead of training one.
    anew
        Whether what an earlier run left of the volume is given up instead of gone on with.

    Raises
    ------
    JobError
        Where memory or disk are not enough; what is finished stays and is gone on with by the next run.
    InputError
        Where what is there was begun as another volume.
    """
    from core.devices import resolve
    from core.generation.block_writing import BLOCK, unfinished, write_by_blocks
    from core.reconstruction.model_file import load_model, save_model
    from core.reconstruction.patience import reconstruct_patiently
    from core.reconstruction.pipeline import finish_from_model, wishes
    from core.reconstruction.registry import engine

    plan, target, device = run.plan, run.target(), resolve(run.plan.device)
    sample = sample_target(target)
    begun = unfinished(path) is not None and not anew
    kept = model_beside(path)
    if begun and model is None and kept.is_file():
        model = load_model(kept)
    if model is None:
        made = yield from reconstruct_patiently(
            engine(plan.engine), sample, run.settings, patience=plan.patience, preset=plan.preset, device=device,
            max_seconds=plan.max_seconds,
        )  # fmt: skip
    else:
        made = yield from finish_from_model(model, sample, preset=plan.preset, device=device)
    yield WritingSample(0, 0, "Preparing the blocks")
    recipe = yield from made.model.recipe(
        target.size,
        target.seed,
        device=device,
        volume_fraction=None if target.mask is not None else _asked(made.model, target),
        mask=target.mask,
        periodic=target.periodic,
        **wishes(made.model, target),
    )
    # before the first block: what is half written can then be gone on with in another session
    save_model(made.model, kept, overwrite=True)
    block = BLOCK_CPU if device == "cpu" else BLOCK
    stored = yield from write_by_blocks(recipe, path, block=block, resume=begun, overwrite=True)
    return Stored(made, stored)


def _asked(model: Model, target: Target) -> float | None:
    own = model.card.get("volume_fraction")
    return None if own is not None and abs(own - target.wanted_fraction) < 1e-9 else target.wanted_fraction


def file_problems(engine: Any, target: Target, settings: Any, device: str, path: Path) -> list[Problem]:
    """What the preflight of a volume on the disk finds: all but the memory of the whole, and the room on the disk."""
    from core.reconstruction.engine import Problem
    from core.reconstruction.preflight import period_problems

    plain = replace(target, periodic=(False, False, False))
    found = list(engine.preflight(sample_target(plain), settings, device))
    if any(target.periodic):
        known = engine.preflight(plain, settings, device)
        found += [item for item in engine.preflight(target, settings, device) if item not in known]
        found += [item for item in period_problems(engine, target) if item not in found]
    if not path.parent.is_dir():
        return [*found, Problem("error", "file", f"The folder {path.parent} does not exist.", "Choose another file.")]
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        return [*found, Problem("error", "file", f"{path.parent} cannot be used: {error.strerror}.", "Choose another.")]
    # compressed labels take a tenth to a fifth
    needed = math.prod(target.size) // (4 if path.name.lower().endswith("zarr") else 1)
    if needed > free:
        found.append(
            Problem("error", "file", f"The volume takes about {needed / 2**30:.1f} GB on the disk; "
                    f"{free / 2**30:.1f} GB are free.", "Choose another disk or a smaller size.")
        )  # fmt: skip
    return found


def checked_place(path: Path) -> Path:
    """``path`` with a suffix that can be written block by block.

    Raises
    ------
    JobError
        Where it is a folder that is no volume.
    """
    from core.generation.block_writing import suffix_of
    from core.images.zarr_volume import is_zarr

    if not suffix_of(path):
        path = path.with_name(path.name + ".ome.zarr")
    if path.is_dir() and not is_zarr(path) and any(path.iterdir()):
        raise JobError(f"{path} is a folder with other things in it.", "Choose another name.")
    return path
