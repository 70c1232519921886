"""What was painted lies over the automatic labels."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.painting.rules import AUTOMATIC
from core.provenance import Provenance
from core.segmentation.correcting import corrected, corrected_share


def image(labels: list[list[int]], phases: int = 2) -> PhaseImage:
    return PhaseImage(np.array(labels, np.uint8), default_phases(phases), 1e-9, "p", Provenance("segment"))


def test_corrections_hold_over_any_labels_and_say_how_many() -> None:
    painted = np.array([[AUTOMATIC, 1], [0, AUTOMATIC]], np.uint8)
    made = corrected(image([[0, 0], [1, 1]]), painted)
    assert made.labels.tolist() == [[0, 1], [0, 1]]
    assert made.provenance.settings["pixels"] == 2 and made.provenance.inputs[0].made_by == "segment"
    assert corrected(image([[1, 0], [1, 0]]), painted).labels.tolist() == [[1, 1], [0, 0]]
    assert corrected_share(painted) == 0.5


def test_what_changes_nothing_is_the_image_itself() -> None:
    given = image([[0, 1], [0, 1]])
    assert corrected(given, np.full((2, 2), AUTOMATIC, np.uint8)) is given
    assert corrected(given, given.labels) is given


def test_a_phase_that_is_gone_rests_until_it_is_back() -> None:
    painted = np.array([[2, 2]], np.uint8)
    assert corrected(image([[0, 1]]), painted).labels.tolist() == [[0, 1]]
    assert corrected(image([[0, 1]], 3), painted).labels.tolist() == [[2, 2]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError):
        corrected(image([[0, 1]]), np.zeros((2, 2), np.uint8))
