"""A volume view on screen, showing the surface of phase 1, as the tests of what it does begin."""

from __future__ import annotations

import numpy as np
from PySide6.QtTest import QTest

from app.widgets.volume_view import VolumeView
from core.images.values import Phase

PHASES = (Phase("Matrix", "#8A9099"), Phase("Metal", "#E69F00"))
CUBES = (1e-9, 1e-9, 1e-9)


def block() -> np.ndarray:
    """A cube of 12³ voxels of metal in the middle of 24³."""
    labels = np.zeros((24, 24, 24), np.uint8)
    labels[6:18, 6:18, 6:18] = 1
    return labels


def view_of(
    labels: np.ndarray,
    size: tuple[int, int],
    voxel_size: tuple[float, float, float] = CUBES,
    phases: tuple[Phase, ...] = PHASES,
) -> VolumeView:
    """Shown, ``size`` pixels wide and high; whoever asks takes it down again."""
    made = VolumeView()
    made.resize(*size)
    made.show()
    assert QTest.qWaitForWindowExposed(made)
    made.set_volume(labels, phases, voxel_size)
    made.set_phase(1)
    return made
