"""One run: what it was asked for, frozen at its start, and what came out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from app.planned_fractions import chosen_fractions
from app.session import Plan, Result
from app.workspaces.reconstruct.file_run import Stored, writing
from core.images.values import PhaseImage
from core.masks.design import MaskDesign
from core.masks.mask import Mask
from core.reconstruction.anchors import Anchor


@dataclass(frozen=True, eq=False)
class Run:
    """A reconstruction as it was asked for.

    ``asked``: the form's plan, where this is one of a series. ``file``: where its volume is written block by block, or
    None: it is kept in memory. ``anew``: whether what an earlier run left there is given up. ``planes``: exemplars of
    the planes xz and yz. ``anchors``: planes that the volume is to hold exactly.
    """

    exemplar: PhaseImage
    phase: int
    plan: Plan
    band: Any
    design: MaskDesign = field(default_factory=MaskDesign)
    file: Path | None = None
    anew: bool = False
    asked: Plan | None = None
    planes: tuple[PhaseImage | None, PhaseImage | None] = (None, None)
    anchors: tuple[Anchor, ...] = ()

    @property
    def title(self) -> str:
        """What to call it on screen."""
        name = self.exemplar.phases[self.phase].name
        z, y, x = self.plan.size
        size = f"{z}³" if z == y == x else f"{z} × {y} × {x}"
        axes = "".join(axis for axis, yes in zip("zyx", self.plan.periodic, strict=True) if yes)
        repeats = f", periodic {axes}" if axes else ""
        fraction = self.plan.volume_fraction
        share = f" {100 * fraction:.4g} %" if fraction is not None and not self.design.used else ""
        chosen = chosen_fractions(self.plan, self.exemplar)
        if chosen is not None and not share:
            share = f" ({' : '.join(f'{100 * each:.4g}' for each in chosen)} %)"
        towards = self.plan.towards
        way = "" if towards is None else f" towards {towards.seed} ({towards.words})"
        return f"{self.exemplar.name}, {name}{share}, {size}{repeats}, seed {self.plan.seed}{way}"

    @cached_property
    def mask(self) -> Mask | None:
        """As fine as an engine gets it; None where the volume shall be the same everywhere."""
        if not self.design.used:
            return None
        pixel, (z, y, x) = self.exemplar.pixel_size, self.plan.size
        return self.design.mask(self.plan.size, edges=None if pixel is None else (z * pixel, y * pixel, x * pixel))

    def target(self) -> Any:
        """The engine's target."""
        from core.reconstruction.engine import Target

        plan = self.plan
        xz, yz = self.planes
        return Target(
            self.exemplar, self.phase, plan.volume_fraction, plan.size, plan.seed, self.mask, plan.periodic,
            all_phases=plan.all_phases, volume_fractions=chosen_fractions(plan, self.exemplar), exemplar_xz=xz,
            region_of=self.design.region_of if self.design.used else None, exemplar_yz=yz, anchors=self.anchors,
            towards=plan.towards, exact=plan.exact,
        )  # fmt: skip

    @property
    def wanted_fraction(self) -> float:
        """Share of the phase that the volume is to have, where no mask says it."""
        if self.plan.volume_fraction is not None:
            return self.plan.volume_fraction
        return (chosen_fractions(self.plan, self.exemplar) or self.exemplar.fractions)[self.phase]

    @property
    def settings(self) -> Any:
        """The engine's."""
        return engine_settings(self.plan)

    def job(self, checkpoints: Any = None) -> Any:
        """The generator that does it. Called in the job's thread, where importing torch holds nobody up.

        ``checkpoints``: where the training keeps its state (`core.reconstruction.checkpoints`), if the engine can.
        """
        from core.devices import resolve
        from core.reconstruction.patience import reconstruct_patiently
        from core.reconstruction.registry import engine

        if self.file is not None:
            return writing(self, self.file, anew=self.anew)
        chosen = engine(self.plan.engine)
        return reconstruct_patiently(
            chosen, self.target(), self.settings, patience=self.plan.patience, preset=self.plan.preset,
            device=resolve(self.plan.device), max_seconds=self.plan.max_seconds,
            checkpoints=checkpoints if getattr(chosen, "uses_checkpoints", False) else None,
        )  # fmt: skip

    def generate(self, model: Any) -> Any:
        """The generator that makes a volume from a model that is there: of another run, or cut short."""
        from core.devices import resolve
        from core.reconstruction.pipeline import finish_from_model

        if self.file is not None:
            return writing(self, self.file, model, anew=self.anew)
        return finish_from_model(model, self.target(), preset=self.plan.preset, device=resolve(self.plan.device))

    def result(self, made: Any) -> Result:
        """What the session keeps of a finished reconstruction."""
        stored = made.path if isinstance(made, Stored) else None
        made = made.made if isinstance(made, Stored) else made
        return Result(
            title=self.title,
            volume=made.volume,
            exemplar=self.exemplar,
            phase=self.phase,
            volume_phase=made.volume_phase,
            plan=self.plan,
            comparison=made.comparison,
            band=self.band,
            seconds=dict(made.seconds),
            fraction_before=made.fraction_before,
            fraction_after=made.fraction_after,
            model=made.model,
            report=made,
            stored=stored,
            asked=self.asked,
            design=self.design,
        )


def engine_settings(plan: Plan) -> Any:
    """The preset's settings with the user's changes."""
    from core.reconstruction.registry import engine

    presets = engine(plan.engine).presets
    base = presets.get(plan.preset) or next(iter(presets.values()))
    return replace(base, **plan.changed_settings)


def preview_phases(run: Run) -> tuple[Any, ...]:
    """Phases of a preview: all of them, or 1 where the phase of interest is."""
    from core.images.values import Phase

    exemplar, phase = run.exemplar, run.phase
    if run.plan.all_phases and len(exemplar.phases) > 2:
        return exemplar.phases
    others = [item for label, item in enumerate(exemplar.phases) if label != phase]
    rest = others[0] if len(others) == 1 else Phase("Other phases", "#8A9099")
    return rest, exemplar.phases[phase]


def preview_caption(preview: np.ndarray, progress: Any) -> str:
    """What a preview shows, in words."""
    z, y, x = preview.shape
    size = f"{z}³" if z == y == x else f"{x} × {y} × {z}"
    shows = getattr(progress, "shows", "")
    if shows:
        return f"{size} voxels, {shows}: {100 * (progress.fraction or 0):.0f} %"
    made_by = "the block just trained on" if getattr(progress, "snapshot", None) is None else "made by the model so far"
    return f"{size} voxels at step {progress.step}, {made_by}"
