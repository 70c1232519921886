"""Crops come from the pictures, everywhere in them, turned as they may be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.reconstruction.diffusion.sections import Crops, Exemplar

DIHEDRAL = {"none": 1, "mirrored": 4, "all": 8}


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("symmetries", DIHEDRAL)
def test_crops_are_turned_as_the_material_allows(symmetries: str) -> None:
    labels = np.zeros((3, 3), dtype=np.uint8)
    labels[0, 0] = labels[0, 1] = 1  # no symmetry of its own
    crops, _ = Crops([Exemplar(labels, 0, symmetries)], 2, 3, dice()).batch(200)
    seen = {tuple((crop[0] > 0).flatten().tolist()) for crop in crops}
    plain = [labels > 0, np.flip(labels, 0) > 0, np.flip(labels, 1) > 0, np.flip(labels) > 0]
    if symmetries == "all":
        plain += [one.T for one in plain]
    allowed = {tuple(one.ravel().tolist()) for one in (plain[:1] if symmetries == "none" else plain)}
    assert seen == allowed
    assert len(seen) == DIHEDRAL[symmetries]


def test_every_place_is_seen_and_fractions_are_told() -> None:
    labels = np.arange(20).reshape(4, 5) % 3
    crops, condition = Crops([Exemplar(labels.astype(np.uint8))], 3, 2, dice()).batch(300)
    assert crops.shape == (300, 3, 2, 2)
    expected = {labels[y : y + 2, x : x + 2].tobytes() for y in range(3) for x in range(4)}
    assert {crop.argmax(0).numpy().tobytes() for crop in crops} == expected
    for crop, fraction in zip(crops, condition.fraction, strict=True):
        assert torch.allclose(fraction, (crop > 0).float().mean((1, 2)))


def test_labels_are_seen_alike_and_places_too() -> None:
    small, large = np.zeros((4, 4), dtype=np.uint8), np.ones((4, 13), dtype=np.uint8)
    _, condition = Crops([Exemplar(small, 0), Exemplar(small, 1), Exemplar(large, 1)], 2, 4, dice()).batch(3000)
    counts = condition.label.bincount()
    assert int(counts[0]) == pytest.approx(1500, abs=120)
    # of the second label, the large picture has ten places and the small one has one
    large_ones = int(((condition.label == 1) & (condition.fraction[:, 0] == 1)).sum())
    assert large_ones / int(counts[1]) == pytest.approx(10 / 11, abs=0.03)


def test_pictures_that_are_too_small_are_refused() -> None:
    with pytest.raises(InputError, match="4 × 9 px is smaller than crops of 8 px"):
        Crops([Exemplar(np.zeros((4, 9), dtype=np.uint8))], 2, 8, dice())
