"""What is said beside a preview."""

from __future__ import annotations

import numpy as np

from app.workspaces.reconstruct.run import preview_caption
from core.reconstruction.diffusion.model import EmergingProgress
from core.reconstruction.engine import TrainingProgress

CUBE = np.zeros((8, 8, 8), dtype=np.uint8)


def test_a_volume_that_emerges_is_no_block_of_the_training() -> None:
    assert preview_caption(CUBE, TrainingProgress(3, 9, "Training")) == "8³ voxels at step 3, the block just trained on"
    emerging = EmergingProgress(30, 120, "Generating", preview=CUBE)
    assert preview_caption(CUBE, emerging) == "8³ voxels, emerging from noise: 25 %"
