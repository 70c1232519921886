"""Two segmentations against each other: counted by hand, and pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import PhaseImage, Volume, default_phases
from core.provenance import Provenance
from core.segmentation import comparing
from core.segmentation.comparing import compare_segmentations, disagreement, table


def image(labels: list[list[int]] | np.ndarray, count: int) -> PhaseImage:
    return PhaseImage(np.array(labels, np.uint8), default_phases(count), None, "picture", Provenance("test"))


ONE = image([[0, 0, 1, 1], [0, 2, 2, 1]], 4)
OTHER = image([[0, 1, 1, 1], [2, 2, 2, 0]], 3)


def test_counts_dice_and_fractions_by_hand() -> None:
    found = compare_segmentations(ONE, OTHER)
    assert found.counts.tolist() == [[1, 1, 1, 0], [1, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0]]
    assert found.agreement == 5 / 8
    # phase 0: 1 shared of 3 and 2; phase 1: 2 of 3 and 3; phase 2: 2 of 2 and 3; nobody has phase 3
    assert found.dice == (2 / 5, 4 / 6, 4 / 5, None)
    assert found.fractions == ((3 / 8, 3 / 8, 2 / 8, 0.0), (2 / 8, 3 / 8, 3 / 8, 0.0))


def test_the_other_way_round_is_the_transpose_and_with_itself_all_agree() -> None:
    turned = compare_segmentations(OTHER, ONE)
    assert np.array_equal(turned.counts, compare_segmentations(ONE, OTHER).counts.T)
    assert turned.dice == compare_segmentations(ONE, OTHER).dice
    same = compare_segmentations(ONE, ONE)
    assert same.agreement == 1.0 and same.dice == (1.0, 1.0, 1.0, None)


def test_where_they_differ_seen_from_a_phase() -> None:
    assert disagreement(ONE.labels, OTHER.labels, 1).tolist() == [[0, 2, 0, 0], [3, 0, 0, 1]]
    assert disagreement(ONE.labels, OTHER.labels, 2).tolist() == [[0, 3, 0, 0], [2, 0, 0, 3]]
    assert not disagreement(ONE.labels, ONE.labels, 0).any()


@pytest.mark.parametrize("block", [1, 7, 1 << 22])
def test_volumes_and_sixteen_phases_counted_one_by_one(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(comparing, "_BLOCK", block)
    generator = np.random.default_rng(1)
    first, second = generator.integers(0, 16, (2, 4, 5, 6)).astype(np.uint8)
    volumes = [Volume(labels, default_phases(16), None, "v", Provenance("test")) for labels in (first, second)]
    found = compare_segmentations(volumes[0], volumes[1])
    wanted = np.zeros((16, 16), int)
    for i, j in zip(first.reshape(-1), second.reshape(-1), strict=True):
        wanted[i, j] += 1
    assert np.array_equal(found.counts, wanted)
    differing = sum(int((disagreement(first, second, phase) == comparing.ONLY_FIRST).sum()) for phase in range(16))
    assert differing == wanted.sum() - np.trace(wanted), "each pixel that differs has its own label in the first"


def test_other_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="2 × 4 pixels, picture 1 × 4"):
        compare_segmentations(ONE, image([[0, 1, 1, 0]], 2))
    with pytest.raises(InputError, match="cannot be compared"):
        disagreement(ONE.labels, OTHER.labels[:1], 0)


def test_the_table_has_names_numbers_and_all_counts() -> None:
    lines = table(compare_segmentations(ONE, OTHER), ("Pores", "Metal")).splitlines()
    assert lines[0] == "62.50 % of the pixels agree"
    assert lines[2].split() == ["0", "Pores", "37.50", "%", "25.00", "%", "0.4000"]
    assert lines[5].split() == ["3", "Phase", "3", "0.00", "%", "0.00", "%", "–"]
    assert lines[8].split() == ["0", "Pores", "1", "1", "1", "0"]
    assert len(lines) == 12 and len({len(line) for line in lines[7:]}) == 1
