"""Sections that a volume is to hold: where they lie, what they say of a volume, and what contradicts what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.provenance import Provenance
from core.reconstruction.anchors import Anchor, check_anchors, known_in
from core.reconstruction.engine import Target
from core.reconstruction.preflight import unused_problems
from core.reconstruction.registry import engine

VOLUME = np.random.default_rng(0).integers(2, size=(5, 6, 7)).astype(np.uint8)


def image(labels: np.ndarray, phases: int = 2, pixel: float | None = 1e-6) -> PhaseImage:
    return PhaseImage(labels.astype(np.uint8), default_phases(phases), pixel, "cut", Provenance("test"))


def cut(axis: int, place: int) -> Anchor:
    return Anchor(axis, place, image(np.take(VOLUME, place, axis)))


def test_planes_of_a_volume_say_what_the_volume_says() -> None:
    anchors = [cut(0, 3), cut(1, 0), cut(2, 6)]
    labels, given = known_in(VOLUME.shape, anchors, [anchor.part_in(VOLUME.shape) for anchor in anchors])
    expected = np.zeros(VOLUME.shape, bool)
    expected[3], expected[:, 0], expected[:, :, 6] = True, True, True
    assert np.array_equal(given, expected)
    assert np.array_equal(labels, np.where(expected, VOLUME, 0))
    check_anchors(VOLUME.shape, anchors)
    assert [anchor.name for anchor in anchors] == ["z = 3", "y = 0", "x = 6"]


def test_what_is_beyond_the_volume_is_left_out_and_what_is_missing_is_open() -> None:
    anchor = cut(0, 1)
    assert np.array_equal(anchor.part_in((3, 4, 9)), VOLUME[1, :4, :7])
    _, given = known_in((3, 4, 9), [anchor], [anchor.part_in((3, 4, 9))])
    assert given.sum() == 4 * 7 and given[1, :4, :7].all()


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="z = 5 lies outside the volume, which has 5 voxels along z"):
        check_anchors(VOLUME.shape, [replace(cut(0, 3), place=5)])
    with pytest.raises(InputError, match="outside"):
        check_anchors(VOLUME.shape, [replace(cut(2, 3), place=-1)])
    spoilt = cut(1, 2)
    labels = spoilt.image.labels.copy()
    labels[3, 4] = 1 - labels[3, 4]
    spoilt = Anchor(1, 2, image(labels))
    with pytest.raises(InputError, match="z = 3 and y = 2 cross, and say different things of 1 of 7 voxels"):
        check_anchors(VOLUME.shape, [cut(0, 3), spoilt])
    with pytest.raises(InputError, match="are one plane, and say different things of 1 of 35"):
        check_anchors(VOLUME.shape, [cut(1, 2), spoilt])


def test_what_a_target_gives_is_checked_before_the_run() -> None:
    exemplar = image(np.kron(VOLUME[0], np.ones((8, 8))))
    target = Target(exemplar, 1, size=(16, 16, 16), anchors=(Anchor(0, 3, exemplar),))
    diffusion = engine("diffusion")
    assert unused_problems(diffusion, target) == []
    (found,) = unused_problems(engine("swnn"), target)
    assert (found.field, found.severity) == ("anchors", "error") and "SWNN cannot keep given planes" in found.message
    for anchor, words in (
        (Anchor(0, 16, exemplar), "z = 16 lies outside"),
        (Anchor(2, 1, image(exemplar.labels, 3)), "The plane x = 1 has 3 phases, the exemplar 2"),
        (Anchor(2, 1, image(exemplar.labels, 2, 2e-6)), "A pixel of the plane x = 1 is 2 times as wide"),
    ):
        (found,) = unused_problems(diffusion, replace(target, anchors=(anchor,)))
        assert words in found.message and found.remedy
