"""Steps of cleaning, on arrays made by hand and against a literal reading of each definition."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import ndimage

from core.errors import InputError
from core.segmentation import morphology
from core.segmentation.morphology import at_border, changed_by, dilated, eroded, holes, necks
from core.segmentation.settings import CLEANING, CleaningStep


def drawn(*rows: str) -> np.ndarray:
    return np.array([[int(c) for c in row] for row in rows], dtype=np.uint8)


def pattern(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(17, 21)), 1.2)
    return np.digitize(field, np.quantile(field, [0.4, 0.75])).astype(np.uint8)


def literal_dilation(inside: np.ndarray, radius: float) -> np.ndarray:
    out = np.zeros_like(inside)
    for place in np.ndindex(inside.shape):
        out[place] = any(inside[other] and np.hypot(*np.subtract(place, other)) <= radius
                         for other in np.ndindex(inside.shape))  # fmt: skip
    return out


def literal_loss(labels: np.ndarray, phase: int, removed: np.ndarray) -> list[set[int]]:
    """For each removed pixel the labels of the nearest pixels of other phases."""
    others = np.argwhere(labels != phase)
    found = []
    for place in np.argwhere(removed):
        distance = ((others - place) ** 2).sum(axis=1)
        found.append({int(labels[tuple(other)]) for other in others[distance == distance.min()]})
    return found


@pytest.mark.parametrize(("seed", "radius"), [(0, 1.0), (1, 1.5), (2, 2.3), (3, 0.0)])
def test_discs_dilate_and_erode_as_defined(seed: int, radius: float) -> None:
    inside = pattern(seed) == 2
    grown = literal_dilation(inside, radius)
    assert np.array_equal(dilated(inside, radius), grown)
    assert np.array_equal(eroded(inside, radius), ~literal_dilation(~inside, radius))
    assert radius == 0 or grown.sum() > inside.sum()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["open", "close", "erode", "dilate"])
def test_gains_and_losses_of_one_phase_of_three(kind: str, seed: int) -> None:
    labels = pattern(seed)
    own, radius = labels == 1, 1.0
    grown, left = literal_dilation(own, radius), ~literal_dilation(~own, radius)
    wanted = {
        "open": literal_dilation(left, radius),
        "close": ~literal_dilation(~grown, radius),
        "erode": left,
        "dilate": grown,
    }[kind]
    after = changed_by(labels, CleaningStep(kind, 1, radius))
    assert np.array_equal(after == 1, wanted)
    assert not np.array_equal(after, labels), "the case changes nothing and tests nothing"
    untouched = ~own & ~wanted
    assert np.array_equal(after[untouched], labels[untouched])
    removed = own & ~wanted
    for label, allowed in zip(after[removed], literal_loss(labels, 1, removed), strict=True):
        assert label in allowed


def test_holes_are_filled_up_to_their_size_and_bays_are_not() -> None:
    labels = drawn(
        "1111111",
        "1011001",
        "1111001",
        "1111111",
        "0111121",
        "1111111",
    )
    all_filled = changed_by(labels, CleaningStep("fill holes", 1, 0))
    expected = np.ones_like(labels)
    expected[4, 0] = 0
    assert np.array_equal(all_filled, expected)
    small = changed_by(labels, CleaningStep("fill holes", 1, 1))
    assert small[1, 1] == 1 and small[4, 5] == 1 and (small[1:3, 4:6] == 0).all() and small[4, 0] == 0
    assert holes(labels == 1, 4).sum() == 6


def test_pieces_at_the_border_go_to_what_is_near() -> None:
    labels = drawn(
        "0001000",
        "0001000",
        "0000000",
        "0111000",
        "0000022",
        "1100022",
    )
    after = changed_by(labels, CleaningStep("remove border pieces", 1, 0))
    assert np.array_equal(after == 1, drawn("0000000", "0000000", "0000000", "0111000", "0000000", "0000000") == 1)
    assert np.array_equal(after == 2, labels == 2)
    corner = drawn("10", "01")
    assert at_border(corner == 1).sum() == 2


def two_discs(gap: int) -> np.ndarray:
    yy, xx = np.mgrid[:41, :81]
    return ((yy - 20) ** 2 + (xx - 40 + gap // 2) ** 2 <= 144) | ((yy - 20) ** 2 + (xx - 40 - gap // 2) ** 2 <= 144)


def test_touching_discs_are_cut_at_the_neck_and_nowhere_else() -> None:
    inside = two_discs(20)
    assert ndimage.label(inside)[1] == 1
    line = necks(inside, 1.0)
    pieces, count = ndimage.label(inside & ~line)
    assert count == 2
    assert np.abs(np.argwhere(line)[:, 1] - 40).max() <= 1, "the line is where the discs meet"
    sizes = np.bincount(pieces.reshape(-1))[1:]
    assert abs(int(sizes[0]) - int(sizes[1])) <= 0.05 * sizes.sum()
    after = changed_by(inside.astype(np.uint8), CleaningStep("split touching", 1, 1.0))
    assert np.array_equal(after == 1, inside & ~line)


def test_a_neck_that_is_not_deep_enough_stays_and_one_disc_is_never_cut() -> None:
    inside = two_discs(20)
    half_neck = ndimage.distance_transform_edt(inside)[20, 40]
    deep = 12 - half_neck
    assert necks(inside, deep - 1.5).any()
    assert not necks(inside, deep + 1.5).any()
    assert not necks(two_discs(0), 0.5).any()


def test_pieces_that_hold_no_particle_deep_enough_stay_as_they_are() -> None:
    inside = np.zeros((41, 120), bool)
    inside[:, :81] = two_discs(20)
    inside[18:22, 100:104] = True  # narrower than the depth
    line = necks(inside, 3.0)
    assert line.any() and not line[:, 90:].any()
    assert not necks(inside, 30.0).any(), "no particle stands out so far, and none is lost"
    inside[22:24, 104:106] = True  # hangs on by a corner
    assert not necks(inside, 0.5)[:, 90:].any()


@pytest.mark.parametrize("shape", [(120, 130), (30, 32, 34)])
def test_piece_by_piece_and_all_at_once_find_the_same_particles(shape: tuple[int, ...]) -> None:
    field = ndimage.gaussian_filter(np.random.default_rng(4).normal(size=shape), 2.5)
    inside = field > np.quantile(field, 0.7)
    distance = ndimage.distance_transform_edt(inside)
    whole, parted = morphology._cut_part(inside, distance, 0.7), necks(inside, 0.7)
    assert whole.sum() > 10
    counts = [ndimage.label(inside & ~line)[1] for line in (whole, parted)]
    assert counts[0] == counts[1] > ndimage.label(inside)[1]
    # a plateau may be cut along either of its sides
    assert (whole ^ parted).sum() <= 0.05 * whole.sum()


@pytest.mark.parametrize("kind", CLEANING)
def test_a_phase_that_is_nowhere_or_everywhere_changes_nothing(kind: str) -> None:
    for labels in (np.zeros((5, 6), np.uint8), np.ones((5, 6), np.uint8)):
        assert np.array_equal(changed_by(labels, CleaningStep(kind, 1, 1.0)), labels)


@pytest.mark.parametrize("kind", CLEANING)
def test_every_step_works_on_a_volume_too(kind: str) -> None:
    rng = np.random.default_rng(1)
    field = ndimage.gaussian_filter(rng.normal(size=(12, 13, 14)), 1.5)
    labels = (field > 0).astype(np.uint8)
    after = changed_by(labels, CleaningStep(kind, 1, 1.0))
    assert after.shape == labels.shape and after.dtype == np.uint8 and set(np.unique(after)) <= {0, 1}


def test_unknown_steps_and_sizes_are_refused() -> None:
    labels = drawn("01", "10")
    for step in (CleaningStep("shake", 1, 1.0), CleaningStep("open", 1, -1.0), CleaningStep("open", 1, float("nan"))):
        with pytest.raises(InputError):
            changed_by(labels, step)


def test_opening_removes_what_is_thinner_than_the_disc() -> None:
    labels = np.zeros((15, 15), np.uint8)
    labels[7, 2:13] = 1  # a line, one pixel wide
    labels[2:6, 2:6] = 1
    after = changed_by(labels, CleaningStep("open", 1, 1.0))
    assert not after[7].any() and after[3:5, 2:6].all()
    assert list(itertools.chain(after[2:6, 2])) == [0, 1, 1, 0], "a disc of radius 1 does not reach the corners"
