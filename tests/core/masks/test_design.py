"""From layers to the mask that an engine gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.masks.design import FINEST, OPERATIONS, Layer, MaskDesign, fitted
from core.masks.document import design_from_json, design_to_json
from core.masks.fields import blobs
from core.masks.mask import Mask
from core.masks.sources import (
    RULES,
    Bands,
    Blobs,
    Imported,
    Linear,
    PaintedPlanes,
    Plane,
    Radial,
    Solid,
    Stack,
    Uniform,
)
from core.painting.sheet import Painted, Sheet
from core.provenance import Provenance

SIZE = (12, 20, 16)


def plane(seed: int, shape: tuple[int, int] = (20, 16)) -> Painted:
    return Painted(Sheet(np.random.default_rng(seed).random(shape).astype(np.float32)))


def made(*layers: Layer, size: tuple[int, int, int] = SIZE) -> np.ndarray:
    """The whole field, whatever axes it is constant along."""
    mask = MaskDesign(True, layers).mask(size)
    assert mask is not None
    return np.broadcast_to(mask.fraction, size)


def imported(seed: int = 0, size: tuple[int, int, int] = SIZE) -> Imported:
    field = np.random.default_rng(seed).random(size).astype(np.float32)
    return Imported(Mask(field, None, "field", Provenance("test")))


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("opacity", [1.0, 0.3, 0.0])
def test_layers_meet_by_their_operation_and_mix_by_their_opacity(operation: str, opacity: float) -> None:
    low, high = imported(0), imported(1)
    below, field = (source.mask.fraction.astype(float) for source in (low, high))
    met = {
        "replace": field, "add": np.minimum(below + field, 1), "multiply": below * field,
        "min": np.minimum(below, field), "max": np.maximum(below, field),
    }[operation]  # fmt: skip
    if operation == "add":  # clipped once, after mixing
        met = below + field
    found = made(Layer("a", low), Layer("b", high, operation, opacity))
    assert np.allclose(found, np.clip((1 - opacity) * below + opacity * met, 0, 1), atol=1e-7)


def test_a_layer_that_is_off_does_not_count_and_the_order_does() -> None:
    one, other = Layer("a", Uniform(0.2)), Layer("b", Uniform(0.7))
    assert made(one, other).flat[0] == np.float32(0.7)
    assert made(other, one).flat[0] == np.float32(0.2)
    assert made(one, replace(other, shown=False)).flat[0] == np.float32(0.2)
    assert MaskDesign(True, (replace(one, shown=False),)).mask(SIZE) is None
    assert MaskDesign().mask(SIZE) is None and MaskDesign().is_empty


def test_inverting_levels_and_smoothing() -> None:
    source = imported(3)
    field = source.mask.fraction.astype(float)
    assert np.allclose(made(Layer("a", source, inverted=True)), 1 - field, atol=1e-7)
    levelled = made(Layer("a", source, levels=(0.2, 0.4)))
    assert levelled.min() == pytest.approx(0.2) and levelled.max() == pytest.approx(0.4)
    smooth = made(Layer("a", source, smoothing=0.1))
    assert smooth.mean() == pytest.approx(field.mean(), abs=1e-6)
    assert smooth.std() < field.std() / 2


def test_a_linear_gradient_is_exact_and_constant_along_the_other_axes() -> None:
    mask = MaskDesign(True, (Layer("a", Linear(first=0.1, last=0.3)),)).mask(SIZE)
    assert mask is not None and mask.shape == (12, 1, 1), "no memory for what does not vary"
    assert np.allclose(mask.fraction[:, 0, 0], 0.1 + 0.2 * (np.arange(12) + 0.5) / 12, atol=1e-7)


def test_a_radial_gradient_with_one_radius_of_zero_is_a_cylinder() -> None:
    found = made(Layer("a", Radial(first=0.5, last=0.1, easing="linear", radius_z=0.0, radius_y=0.5, radius_x=0.5)))
    y, x = (np.arange(20) + 0.5) / 20 - 0.5, (np.arange(16) + 0.5) / 16 - 0.5
    away = np.minimum(np.hypot(y[:, None] / 0.5, x[None, :] / 0.5), 1)
    assert np.allclose(found, 0.5 - 0.4 * away[None], atol=1e-6)


def test_bands_and_stacks_have_their_shares_to_the_last_digit() -> None:
    bands = made(Layer("a", Bands("y", 3, 0.2, 0.5, 0.25)))
    assert bands.mean(dtype=float) == pytest.approx(0.25 * 0.2 + 0.75 * 0.5, abs=1e-7)
    stack = made(Layer("a", Stack("x", "1: 0.1, 2: 0.4,1:0.2")))
    assert np.allclose(stack[0, 0], [0.1] * 4 + [0.4] * 8 + [0.2] * 4)
    for bad in ("", "1", "1: 2", "0: 0.1", "one: 0.1", "inf: 0.1", "1: nan"):
        with pytest.raises(InputError):
            made(Layer("a", Stack("x", bad)))


@pytest.mark.parametrize("shape", ["sphere", "cylinder", "box", "half-space"])
def test_a_solid_covers_its_body_and_leaves_what_lies_around(shape: str) -> None:
    source = Solid(shape, 0.9, axis="y", radius=0.4, width_z=0.5, width_y=0.5, width_x=0.25)
    found = made(Layer("a", Uniform(0.2)), Layer("b", source))
    z, y, x = np.meshgrid(*(np.arange(side) + 0.5 - side / 2 for side in SIZE), indexing="ij")
    radius = 0.4 * min(SIZE)
    inside = {
        "sphere": z**2 + y**2 + x**2 <= radius**2,
        "cylinder": z**2 + x**2 <= radius**2,
        "box": (abs(z) <= 3) & (abs(y) <= 5) & (abs(x) <= 2),
        "half-space": y <= 0,
    }[shape]
    assert np.array_equal(found, np.where(inside, np.float32(0.9), np.float32(0.2)))


def test_a_soft_edge_falls_from_the_inside_to_the_outside() -> None:
    found = made(Layer("b", Solid("half-space", 1.0, axis="z", softness=0.5)))[:, 0, 0]
    assert np.allclose(found, np.clip(0.5 - ((np.arange(12) + 0.5) / 12 - 0.5) / 0.5, 0, 1), atol=1e-7)


def test_blobs_are_the_same_at_any_resolution() -> None:
    fine, coarse = (made(Layer("a", Blobs(length=0.3)), size=size) for size in ((64, 64, 64), (16, 16, 16)))
    assert np.array_equal(fine, blobs((64,) * 3, 0.3 * 64, (0.1, 0.5), 0).fraction)
    means = fine.reshape(16, 4, 16, 4, 16, 4).mean(axis=(1, 3, 5))
    assert np.abs(means - coarse).max() < 0.01
    flat = made(Layer("a", Blobs(length=0.3)), size=(32, 64, 64))
    assert np.array_equal(flat, fine[:32]), "a thinner volume is cut from the same blobs"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_painted_plane_is_extruded_and_key_planes_are_interpolated(axis: int) -> None:
    rows, columns = (side for place, side in enumerate(SIZE) if place != axis)
    first, last = plane(0, (rows, columns)), plane(1, (rows, columns))
    one = made(Layer("a", PaintedPlanes(axis, (Plane(0.3, first),))))
    assert np.array_equal(one, np.broadcast_to(np.expand_dims(first.sheet.values, axis), SIZE))
    both = made(Layer("a", PaintedPlanes(axis, (Plane(0.25, first), Plane(0.75, last)))))
    at = np.clip(((np.arange(SIZE[axis]) + 0.5) / SIZE[axis] - 0.25) / 0.5, 0, 1)
    for number, share in enumerate(at):
        wanted = first.sheet.values * (1 - share) + last.sheet.values * share
        assert np.allclose(np.take(both, number, axis), wanted, atol=1e-6)


def test_a_large_volume_gets_a_field_of_bounded_size_with_its_proportions() -> None:
    assert fitted((1024, 512, 1024), FINEST) == (192, 96, 192)
    assert fitted((3, 2000, 2000), 100) == (1, 100, 100)
    assert fitted(SIZE, FINEST) == SIZE
    mask = MaskDesign(True, (Layer("a", Blobs()),)).mask((400, 200, 400), 40, (4e-6, 2e-6, 4e-6))
    assert mask is not None and mask.shape == (40, 20, 40)
    assert mask.voxel_size == pytest.approx((1e-7,) * 3)


def test_what_cannot_be_is_refused() -> None:
    for bad in (
        Layer("a", Uniform(), "divide"), Layer("a", Uniform(), opacity=1.5), Layer("a", Uniform(), smoothing=0.6),
        Layer("a", Uniform(), levels=(0.0, 2.0)),
    ):  # fmt: skip
        with pytest.raises(InputError):
            made(bad)


def test_a_snapshot_is_not_painted_on() -> None:
    painted = plane(0)
    design = MaskDesign(True, (Layer("a", PaintedPlanes(0, (Plane(0.5, painted),))),))
    kept = design.snapshot().mask(SIZE)
    painted.sheet.values[:] = 0
    assert kept is not None and kept.mean > 0.4
    again = design.mask(SIZE)
    assert again is not None and again.mean == 0


layers = st.builds(
    Layer,
    st.text(min_size=1, max_size=9),
    st.one_of(
        st.sampled_from([rule() for rule in RULES]),
        st.just(imported(5, (3, 4, 5))),
        st.just(PaintedPlanes(1, (Plane(0.0, plane(1)), Plane(1.0, plane(2))), 0.25)),
    ),
    st.sampled_from(OPERATIONS), st.floats(0, 1), st.booleans(), st.booleans(), st.floats(0, 0.5),
    st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.lists(layers, max_size=4))
def test_a_design_goes_to_json_and_back_with_the_same_mask(used: bool, stack: list[Layer]) -> None:
    import json

    kept: dict[str, np.ndarray] = {}

    def keep(array: np.ndarray) -> str:
        kept[str(len(kept))] = array.copy()
        return str(len(kept) - 1)

    design = MaskDesign(used, tuple(stack))
    text = json.dumps(design_to_json(design, keep))
    back = design_from_json(json.loads(text), kept.__getitem__, lambda entry: Provenance.from_json(entry["provenance"]))
    assert back.used == used
    assert [replace(a, source=Uniform()) for a in back.layers] == [replace(a, source=Uniform()) for a in design.layers]
    one, other = design.mask((6, 5, 4)), back.mask((6, 5, 4))
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert np.array_equal(one.fraction, other.fraction)


def test_damaged_json_is_refused() -> None:
    good = design_to_json(MaskDesign(True, (Layer("a", Uniform()),)), lambda array: "")
    for change in (
        {"layers": [{}]}, {"layers": 3}, {"layers": [{**good["layers"][0], "operation": "divide"}]},
        {"layers": [{**good["layers"][0], "source": {"kind": "magic", "settings": {}}}]},
        {"layers": [{**good["layers"][0], "source": {"kind": "uniform", "settings": {"fraction": 3}}}]},
        {"layers": [{**good["layers"][0], "levels": [1]}]},
        {"layers": [{**good["layers"][0], "source": {"kind": "painted", "axis": 0, "ground": 0, "planes": []}}]},
    ):  # fmt: skip
        with pytest.raises(InputError):
            design_from_json({**good, **change}, {}.__getitem__, lambda entry: Provenance("none"))
