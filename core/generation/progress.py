"""What a generating job reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.job import Progress


@dataclass(frozen=True)
class GenerationProgress(Progress):
    """One finished part of a volume: its labels and where it belongs (z, y, x of its first voxel)."""

    block: np.ndarray | None = None
    origin: tuple[int, int, int] = (0, 0, 0)
