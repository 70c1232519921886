"""A run whose volume goes straight onto the disk, block by block, because it is too large for memory or so wished.

What is measured, and kept with the session, is a sample that the same model makes (`core.reconstruction.to_disk`). The
model stays beside the volume, so that a run that was cancelled or killed goes on without training again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import JobError
from core.job import Job, Progress

if TYPE_CHECKING:
    from core.reconstruction.engine import Model
    from core.reconstruction.pipeline import Reconstruction

BLOCK_CPU = 128
"""Edge of what is made at a time on a processor: seconds, so that little is lost and the picture moves."""


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
    from core.reconstruction.pipeline import finish_from_model
    from core.reconstruction.registry import engine
    from core.reconstruction.to_disk import model_beside, recipe_of, sample_target, sampling_beside

    plan, target, device = run.plan, run.target(), resolve(run.plan.device)
    sample = sample_target(target)
    begun = (unfinished(path) is not None or sampling_beside(path).is_dir()) and not anew
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
    # that of what is begun made its blocks: where this is another one it is refused below, and nothing is lost
    keeps = not (begun and kept.is_file())
    # before the first block, or step of a sampling: what is half done can then be gone on with in another session
    if keeps:
        save_model(made.model, kept, overwrite=True)
    recipe = yield from recipe_of(made.model, target, device, path, resume=begun, overwrite=True)
    if keeps:
        save_model(made.model, kept, overwrite=True)
    block = BLOCK_CPU if device == "cpu" else BLOCK
    stored = yield from write_by_blocks(recipe, path, block=block, resume=begun, overwrite=True)
    return Stored(made, stored)


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
