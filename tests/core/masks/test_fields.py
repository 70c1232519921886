"""Fields from a rule, against the rule written out for single elements."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import PhaseImage, Volume, default_phases
from core.masks.fields import (
    bands,
    blobs,
    constant,
    extruded,
    from_phases,
    linear_gradient,
    plane_gradient,
    radial_gradient,
)
from core.provenance import Provenance


def test_a_linear_gradient_has_the_closed_form() -> None:
    size = (4, 5, 6)
    made = linear_gradient(size, (0.1, 0.2, 0.0), (0.1, 0.8, 0.5), (0.2, 0.7))
    for z, y, x in np.ndindex(size):
        py, px = (y + 0.5) / 5, (x + 0.5) / 6
        along = ((py - 0.2) * 0.6 + px * 0.5) / (0.36 + 0.25)
        assert made.fraction[z, y, x] == pytest.approx(0.2 + 0.5 * min(max(along, 0), 1), abs=1e-6)
    assert linear_gradient((1, 1, 1000), (0, 0, 0), (0, 0, 1), (0.1, 0.3)).mean == pytest.approx(0.2, abs=1e-7)


@pytest.mark.parametrize(("easing", "middle"), [("linear", 0.25), ("smooth", 0.15625), ("slow start", 0.0625),
                                                ("slow end", 0.4375)])  # fmt: skip
def test_easing(easing: str, middle: float) -> None:
    # the centre of the first of two elements is a quarter of the way
    made = linear_gradient((1, 1, 2), (0, 0, 0), (0, 0, 1), (0, 1), easing)
    assert made.fraction[0, 0, 0] == pytest.approx(middle)


def test_a_radial_gradient_has_the_closed_form() -> None:
    size = (3, 6, 7)
    made = radial_gradient(size, (0.5, 0.4, 0.6), (math.inf, 0.3, 0.5), (0.9, 0.1))
    for z, y, x in np.ndindex(size):
        r = math.hypot(((y + 0.5) / 6 - 0.4) / 0.3, ((x + 0.5) / 7 - 0.6) / 0.5)
        assert made.fraction[z, y, x] == pytest.approx(0.9 - 0.8 * min(r, 1), abs=1e-6)


def test_layers_share_the_elements_they_meet_in() -> None:
    made = bands((1, 4, 1), 1, (3, 5), (0.0, 0.8))  # they meet at 3/8: in the middle of the second element
    assert np.allclose(made.fraction[0, :, 0], [0, 0.4, 0.8, 0.8], atol=1e-6)
    assert made.mean == pytest.approx(0.8 * 5 / 8, abs=1e-7)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_extrusion_is_the_plane_at_every_place_along_the_axis(axis: int) -> None:
    plane = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    size = [5, 6]
    size.insert(axis, 4)
    volume = extruded(plane, axis).resampled((size[0], size[1], size[2]))
    for place in range(4):
        assert np.array_equal(volume.fraction.take(place, axis), plane)


def test_a_phase_image_or_volume_as_mask() -> None:
    labels = np.random.default_rng(0).integers(0, 3, (5, 6)).astype(np.uint8)
    image = PhaseImage(labels, default_phases(3), 2e-9, "p", Provenance("test"))
    made = from_phases(image, (0.1, 0.5, 0.9), axis=1)
    assert made.shape == (5, 1, 6) and made.voxel_size == (2e-9,) * 3
    assert made.mean == pytest.approx(sum(f * v for f, v in zip(image.fractions, (0.1, 0.5, 0.9), strict=True)))
    volume = Volume(labels[None], default_phases(3), None, "v", Provenance("test"))
    assert np.array_equal(from_phases(volume, (0, 0.5, 1)).fraction, labels[None] / 2)
    with pytest.raises(InputError, match="3 phases"):
        from_phases(image, (0.1, 0.2))


def test_blobs_fill_their_range_and_have_their_length() -> None:
    made = blobs((1, 256, 256), 12.0, (0.2, 0.6), seed=4)
    field = made.fraction[0].astype(float) - made.fraction.mean()
    assert made.range[0] >= 0.2 and made.range[1] <= 0.6
    assert float((made.fraction < 0.4).mean()) == pytest.approx(0.5, abs=0.1)
    covariance = (field * np.roll(field, 12, axis=1)).mean() / (field * field).mean()
    assert covariance == pytest.approx(math.exp(-1), abs=0.12)
    assert np.array_equal(made.fraction, blobs((1, 256, 256), 12.0, (0.2, 0.6), seed=4).fraction)


@pytest.mark.parametrize("radial", [False, True])
def test_a_gradient_drawn_on_a_plane(radial: bool) -> None:
    field = plane_gradient((9, 11), (2.0, 3.0), (7.0, 6.0), (0.1, 0.6), radial=radial)
    for y, x in np.ndindex(9, 11):
        dy, dx = y + 0.5 - 2, x + 0.5 - 3
        along = math.hypot(dy, dx) / math.hypot(5, 3) if radial else (dy * 5 + dx * 3) / 34
        assert field[y, x] == pytest.approx(0.1 + 0.5 * min(max(along, 0), 1), abs=1e-6)
    with pytest.raises(InputError):
        plane_gradient((9, 11), (2, 2), (2, 2), (0, 1))


def test_bad_rules_say_what_to_do() -> None:
    for attempt in (
        lambda: linear_gradient((2, 2, 2), (0, 0, 0), (0, 0, 0), (0, 1)),
        lambda: linear_gradient((2, 2, 2), (0, 0, 0), (0, 0, 1), (0, 1), "bouncy"),
        lambda: radial_gradient((2, 2, 2), (0, 0, 0), (0, 1, 1), (0, 1)),
        lambda: bands((2, 2, 2), 0, (), ()),
        lambda: bands((2, 2, 2), 0, (1, -1), (0, 1)),
        lambda: blobs((2, 2, 2), 0, (0, 1), 0),
        lambda: constant(1.5),
    ):
        with pytest.raises(InputError) as caught:
            attempt()
        assert caught.value.remedy
