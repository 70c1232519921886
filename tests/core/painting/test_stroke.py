"""Strokes against every pixel written out; rules hold for every tool; what a stroke keeps undoes it to the bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.painting import brush as room
from core.painting import patch as patches_room
from core.painting import stroke as strokes
from core.painting.brush import Brush
from core.painting.pages import untouched
from core.painting.patch import Patch
from core.painting.pixels import Listed, Pixels
from core.painting.rules import AUTOMATIC, EditingRules, Ground, over
from core.painting.selecting import wand
from core.painting.shapes import ellipse, polygon, rectangle
from core.painting.stroke import Stroke
from core.painting.trail import Trail
from tests.core.painting.test_shapes import distance

SHAPE = (40, 44)


def ground_of_labels(seed: int = 0) -> Ground:
    generator = np.random.default_rng(seed)
    return Ground(
        np.full(SHAPE, AUTOMATIC, np.uint8),
        generator.integers(0, 3, SHAPE).astype(np.uint8),
        generator.integers(0, 256, SHAPE).astype(np.uint8),
    )


def field(seed: int = 0) -> Ground:
    generator = np.random.default_rng(seed)
    return Ground(generator.random(SHAPE).astype(np.float32), generator.integers(0, 3, SHAPE).astype(np.uint8))


def distances(path: list[tuple[float, float]]) -> np.ndarray:
    """From every pixel's centre to a path."""
    lines = list(itertools.pairwise(path)) or [(path[0], path[0])]
    return np.array(
        [[min(distance(r + 0.5, c + 0.5, a, b) for a, b in lines) for c in range(SHAPE[1])] for r in range(SHAPE[0])]
    )


PATH = [(10.3, 8.2), (12.1, 9.9), (30.7, 12.4), (28.2, 37.7), (28.2, 37.7), (-4.0, 60.1)]


@pytest.mark.parametrize(("diameter", "hardness"), [(5.3, 1.0), (13.7, 1.0), (13.7, 0.4), (200.0, 0.9)])
def test_a_stroke_on_labels(diameter: float, hardness: float) -> None:
    ground = ground_of_labels()
    stroke = Stroke(ground, 2)
    for point in PATH:
        stroke.draw_to(point, Brush(diameter, hardness))
    near = distances(PATH) <= diameter / 2 * (1 + hardness) / 2
    assert np.array_equal(ground.values, np.where(near, 2, AUTOMATIC))
    assert np.array_equal(over(ground.labels, ground.values), np.where(near, 2, ground.labels))  # type: ignore[arg-type]


@pytest.mark.parametrize(("diameter", "hardness"), [(9.1, 1.0), (17.3, 0.5), (17.3, 0.0), (150.0, 0.2)])
def test_a_soft_stroke_mixes_by_its_strength_and_never_twice(diameter: float, hardness: float) -> None:
    ground = field()
    before = ground.values.copy()
    stroke = Stroke(ground, 0.25)
    for point in [*PATH, *reversed(PATH)]:
        stroke.draw_to(point, Brush(diameter, hardness))
    strength = Brush(diameter, hardness).strength(distances(PATH))
    assert np.allclose(ground.values, before + (0.25 - before) * strength, atol=1e-6)
    assert (ground.values[strength == 1] == np.float32(0.25)).all()
    assert np.array_equal(ground.values[strength == 0], before[strength == 0])


@pytest.mark.parametrize("rule", [None, "all"])
def test_a_soft_stroke_of_many_bands_and_sizes(rule: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_BAND", 50)
    ground = field()
    ground.grey = np.random.default_rng(3).integers(0, 256, SHAPE).astype(np.uint8)
    before = ground.values.copy()
    stroke = Stroke(ground, 0.75, RULES[rule] if rule else None)
    generator = np.random.default_rng(4)
    path = [(float(y), float(x)) for y, x in generator.uniform(-6, 48, (14, 2))]
    path = [*path, (path[-1][0], path[-1][1] + 9.0), (path[-1][0] + 7.0, path[-1][1] + 9.0)]  # along the axes too
    brushes = [Brush(diameter, 0.5) for diameter in (9.0, 9.0, 21.0, 21.0, 21.0, 5.0, 5.0, 33.0)]
    strength = np.zeros(SHAPE, np.float32)
    for place, point in enumerate(path):
        brush = brushes[min(place, len(brushes) - 1)]
        box = stroke.draw_to(point, brush)
        fresh = brush.strength(distances(path[max(0, place - 1) : place + 1]))
        changed = np.argwhere(fresh > strength + 1e-6)
        if len(changed):
            assert box is not None
            assert (changed >= (box[0], box[2])).all() and (changed < (box[1], box[3])).all()
        strength = np.maximum(strength, fresh)
    free = np.ones(SHAPE, bool) if rule is None else allowed(RULES[rule], ground.labels, ground.grey)  # type: ignore[arg-type]
    assert np.allclose(ground.values, np.where(free, before + (0.75 - before) * strength, before), atol=1e-6)
    assert (ground.values[free & (strength == 1)] == np.float32(0.75)).all()
    untouched = ~free | (strength == 0)
    assert np.array_equal(ground.values[untouched], before[untouched]) and untouched.any()
    patch = stroke.commit()
    assert patch is not None
    patch.apply(ground.values)
    assert np.array_equal(ground.values, before)


LONG = [*PATH, (20.0, 20.0), (20.0, 34.0), (20.0, 20.0), (3.0, 20.0), (3.5, 20.5), (-9.0, 2.0)]  # turns back, too


@pytest.mark.parametrize("rule", [None, "all"])
@pytest.mark.parametrize("slices", [0, 1, 37])
def test_what_is_painted_later_does_not_depend_on_when(slices: int, rule: str | None) -> None:
    brushes = [*[Brush(15.0, 0.3)] * 8, Brush(9.0, 0.6), Brush(9.0, 0.6), Brush(9.0, 1.0), *[Brush(70.0, 0.1)] * 9]
    grounds = [field(), field(), field()]
    grey = np.random.default_rng(3).integers(0, 256, SHAPE).astype(np.uint8)
    before, patches = grounds[0].values.copy(), []
    for number, ground in enumerate(grounds):
        ground.grey = grey
        stroke = Stroke(ground, 0.75, RULES[rule] if rule else None, later=number > 0)
        for point, brush in zip(LONG, brushes, strict=False):
            box = stroke.draw_to(point, brush)
            assert number == 0 or brush.hardness == 1 or box is None
            if number == 1:
                stroke.work(1 << 20)
            elif number == 2 and slices:
                stroke.work(slices)
        patches.append(stroke.commit())
        assert not stroke.waiting
    plain, at_once, late = (ground.values for ground in grounds)
    assert np.array_equal(late, at_once), "to the bit"
    assert np.allclose(late, plain, atol=1e-6) and not np.array_equal(late, before)
    for ground, patch in zip(grounds, patches, strict=True):
        assert patch is not None
        patch.apply(ground.values)
        assert np.array_equal(ground.values, before)


@pytest.mark.parametrize("rule", [None, "all"])
@pytest.mark.parametrize("kind", ["labels", "hard field", "soft field"])
@pytest.mark.parametrize("slices", [0, 1, 60])
def test_in_parts_the_same_is_painted_to_the_bit(
    slices: int, kind: str, rule: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("_PART", 40), ("_HIGH", 7), ("_CHUNK", 150), ("_BESIDES", 3)):
        monkeypatch.setattr(strokes, name, size)
    monkeypatch.setattr(room, "_BAND", 50)
    hardness = 0.3 if kind == "soft field" else 1.0
    brushes = [*[Brush(33.0, hardness)] * 8, *[Brush(9.0, hardness)] * 3, *[Brush(70.0, hardness)] * 3]
    grounds = [ground_of_labels() if kind == "labels" else field() for _ in range(2)]
    grey = np.random.default_rng(3).integers(0, 256, SHAPE).astype(np.uint8)
    before, patches = grounds[0].values.copy(), []
    for ground, in_parts in zip(grounds, (False, True), strict=True):
        ground.grey = grey
        stroke = Stroke(ground, 1, RULES[rule] if rule else None, in_parts=in_parts)
        for point, brush in zip(LONG, brushes, strict=False):
            painted = stroke.draw_to(point, brush)
            assert not in_parts or painted is None
            seen = ground.values.copy()
            for box in stroke.working(slices):
                y0, y1, x0, x1 = box
                seen[y0:y1, x0:x1] = ground.values[y0:y1, x0:x1]
            assert np.array_equal(seen, ground.values), "nothing changes outside of what is said"
        assert stroke.waiting == in_parts
        patches.append(stroke.commit())
        assert not stroke.waiting
    plain, parted = (ground.values for ground in grounds)
    assert np.array_equal(plain, parted) and not np.array_equal(plain, before)
    for ground, patch in zip(grounds, patches, strict=True):
        assert patch is not None
        patch.apply(ground.values)
        assert np.array_equal(ground.values, before)


def test_a_stroke_in_parts_is_given_up_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strokes, "_PART", 40)
    monkeypatch.setattr(strokes, "_CHUNK", 60)
    ground = ground_of_labels()
    before = ground.values.copy()
    stroke = Stroke(ground, 1, in_parts=True)
    stroke.draw_to((20.0, 20.0), Brush(30.0))
    stroke.work(1)
    painted = np.argwhere(ground.values == 1)
    assert stroke.waiting and 0 < len(painted) < 300 and np.abs(painted[:, 0] - 20).max() <= 3, "the middle first"
    stroke.abort()
    assert not stroke.waiting and np.array_equal(ground.values, before)


def test_memory_that_is_asked_for_untouched_is_nought_and_can_be_written() -> None:
    for shape, kind in (((3, 4), np.float32), ((2100, 2048), bool), ((1100, 1000), np.float32)):
        made = untouched(shape, kind)
        assert made.shape == shape and made.dtype == kind and not made.any()
        made[2, 3] = 1
        assert made.sum() == 1 and made.flags.c_contiguous


def test_what_is_painted_later_is_given_up_with_the_gesture() -> None:
    ground = field()
    before = ground.values.copy()
    stroke = Stroke(ground, 0.9, later=True)
    for point in PATH:
        stroke.draw_to(point, Brush(15.0, 0.5))
        stroke.work(20)
    assert stroke.waiting and not np.array_equal(ground.values, before)
    stroke.abort()
    assert not stroke.waiting and np.array_equal(ground.values, before)


def test_a_long_way_is_worked_on_once_not_at_each_movement() -> None:
    ground = Ground(np.zeros((300, 300), np.float32))
    trail, brush, pixels = Trail(), Brush(200.0, 0.5), 0
    pieces = trail.to((150.0, 20.0), (150.0, 20.0), brush, known=False)
    for x in range(24, 284, 4):
        pieces += trail.to((150.0, x - 4.0), (150.0, float(x)), brush, known=True)
    for piece in [*pieces, *trail.finish()]:
        for part in piece.parts(ground.shape):
            box = part.box if isinstance(part, Listed) else part
            pixels += len(part.places) if isinstance(part, Listed) else (box[1] - box[0]) * (box[3] - box[2])
    assert pixels < 2 * ground.values.size


def test_a_brush_that_stands_still_changes_nothing_more() -> None:
    ground = field()
    stroke = Stroke(ground, 0.2)
    assert stroke.draw_to((20.0, 20.0), Brush(15.0, 0.3)) is not None
    assert stroke.draw_to((20.0, 20.0), Brush(15.0, 0.3)) is None
    assert stroke.draw_to((20.0, 20.0), Brush(16.0, 0.3)) is not None


def test_a_brush_that_changes_its_size_leaves_no_gap() -> None:
    ground = ground_of_labels()
    stroke = Stroke(ground, 1)
    sizes = [6.2, 14.4, 3.3, 3.3, 9.9, 5.5]
    wanted = np.zeros(SHAPE, dtype=bool)
    for place, (point, size) in enumerate(zip(PATH, sizes, strict=True)):
        stroke.draw_to(point, Brush(size))
        wanted |= distances(PATH[max(0, place - 1) : place + 1]) <= size / 2
    assert np.array_equal(ground.values == 1, wanted)


def test_the_thinnest_brush_paints_the_pixel_under_it_and_an_unbroken_line() -> None:
    ground = ground_of_labels()
    stroke = Stroke(ground, 1)
    stroke.draw_to((5.99, 7.01), Brush(1))
    assert np.argwhere(ground.values == 1).tolist() == [[5, 7]]
    stroke.draw_to((33.2, 19.8), Brush(1))
    painted = ground.values == 1
    assert painted[33, 19]
    assert (painted[5:34].sum(axis=1) >= 1).all()


def tools(shape: tuple[int, int]) -> dict[str, Callable[[Stroke], object]]:
    """Every way to paint, over much of the picture."""

    def fill(pixels: Pixels | None) -> Callable[[Stroke], object]:
        assert pixels is not None
        return lambda stroke: stroke.paint(pixels)

    def brushed(stroke: Stroke) -> None:
        for point in PATH:
            stroke.draw_to(point, Brush(19.0, 0.7))

    flat = np.zeros(shape, np.uint8)
    return {
        "brush": brushed,
        "rectangle": fill(rectangle((3, 4), (37, 40), shape)),
        "ellipse": fill(ellipse((3, 4), (37, 40), shape)),
        "polygon": fill(polygon([(1, 1), (39, 8), (20, 43)], shape)),
        "wand": fill(wand(flat, (3, 3), 0)),
    }


RULES = {
    "inside a phase": EditingRules(inside=1),
    "selection": EditingRules(selection=np.random.default_rng(9).random(SHAPE) < 0.5),
    "grey range": EditingRules(grey_range=(50, 180)),
    "locked": EditingRules(locked=frozenset({0, 2})),
    "all": EditingRules(1, np.random.default_rng(9).random(SHAPE) < 0.5, (20, 220), frozenset({2})),
}


def allowed(rules: EditingRules, labels: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """The rules, pixel by pixel."""
    found = np.ones(SHAPE, dtype=bool)
    for place in np.ndindex(SHAPE):
        label, value = labels[place], grey[place]
        found[place] = (
            (rules.inside is None or label == rules.inside)
            and (rules.selection is None or rules.selection[place])
            and (rules.grey_range is None or rules.grey_range[0] <= value <= rules.grey_range[1])
            and label not in rules.locked
        )
    return found


@pytest.mark.parametrize("tool", list(tools(SHAPE)))
@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_holds_for_every_tool(tool: str, rule: str) -> None:
    free, ruled = ground_of_labels(), ground_of_labels()
    for ground in (free, ruled):  # some corrections are there already: the rules look at what is seen
        ground.values[5:15, 5:30] = 1
    seen = over(ruled.labels, ruled.values)  # type: ignore[arg-type]
    before = ruled.values.copy()
    tools(SHAPE)[tool](Stroke(free, 0))
    tools(SHAPE)[tool](Stroke(ruled, 0, RULES[rule]))
    assert ruled.grey is not None
    wanted = np.where(allowed(RULES[rule], seen, ruled.grey), free.values, before)
    assert np.array_equal(ruled.values, wanted)
    assert (wanted != before).any() and (wanted != free.values).any()


def test_abort_puts_everything_back() -> None:
    for ground in (ground_of_labels(), field()):
        before = ground.values.copy()
        stroke = Stroke(ground, 1)
        for point in PATH:
            stroke.draw_to(point, Brush(15.0, 0.5))
        assert not np.array_equal(ground.values, before)
        stroke.abort()
        assert np.array_equal(ground.values, before)
        assert Stroke(ground, 1).commit() is None


def test_a_long_stroke_on_a_large_picture_takes_less_than_two_megabytes() -> None:
    ground = Ground(
        np.full((4096, 4096), AUTOMATIC, np.uint8), np.random.default_rng(0).integers(0, 3, (4096, 4096), np.uint8)
    )
    stroke = Stroke(ground, 1)
    places = np.cumsum(np.random.default_rng(1).normal(0, 60, (300, 2)), axis=0) + 2048
    for y, x in places:
        stroke.draw_to((y, x), Brush(80))
    before = np.full_like(ground.values, AUTOMATIC)
    painted = ground.values.copy()
    patch = stroke.commit()
    assert patch is not None and patch.nbytes < 2_000_000
    assert (painted == 1).sum() > 500_000
    patch.apply(ground.values)
    assert np.array_equal(ground.values, before)


def test_a_patch_moved_to_a_larger_picture() -> None:
    ground = ground_of_labels()
    stroke = Stroke(ground, 1)
    stroke.draw_to((9.0, 9.0), Brush(6))
    patch = stroke.commit()
    assert patch is not None
    larger = np.full((100, 100), AUTOMATIC, np.uint8)
    patch.moved(30, 40).apply(larger)
    assert np.array_equal(larger[30 : 30 + SHAPE[0], 40 : 40 + SHAPE[1]], ground.values)
    assert (larger != AUTOMATIC).sum() == (ground.values != AUTOMATIC).sum()


places = st.tuples(st.floats(-10, 50, width=32), st.floats(-10, 50, width=32))
gestures = st.fixed_dictionaries(
    {
        "tool": st.sampled_from(["brush", "rectangle", "ellipse", "polygon", "wand", "aborted"]),
        "points": st.lists(places, min_size=3, max_size=5),
        "value": st.sampled_from([0, 1, 2, AUTOMATIC]),
        "diameter": st.floats(1, 60, width=32),
        "hardness": st.floats(0, 1, width=32),
        "rule": st.sampled_from([None, *RULES]),
    }
)


def gesture(ground: Ground, what: dict) -> Patch | None:
    """Do one; what it leaves behind undoes it."""
    value = what["value"] if ground.of_labels else what["value"] / 255
    stroke = Stroke(ground, value, RULES.get(what["rule"]))
    points = what["points"]
    shapes: dict[str, Callable[[], Pixels | None]] = {
        "rectangle": lambda: rectangle(points[0], points[1], SHAPE),
        "ellipse": lambda: ellipse(points[0], points[1], SHAPE),
        "polygon": lambda: polygon(points, SHAPE),
        "wand": lambda: wand(ground.values, (int(points[0][0]), int(points[0][1])), 0.1),
    }
    if what["tool"] in shapes:
        pixels = shapes[what["tool"]]()
        if pixels is not None:
            stroke.paint(pixels)
    else:
        for point in points:
            stroke.draw_to(point, Brush(what["diameter"], what["hardness"]))
    if what["tool"] == "aborted":
        stroke.abort()
        return None
    return stroke.commit()


@settings(max_examples=120, deadline=None)
@given(st.lists(gestures, max_size=12), st.booleans())
def test_undo_all_and_redo_all_give_every_state_to_the_bit(all_gestures: list[dict], labels: bool) -> None:
    ground = ground_of_labels() if labels else field()
    states, patches = [ground.values.tobytes()], []
    for what in all_gestures:
        patch = gesture(ground, what)
        if patch is None:
            assert ground.values.tobytes() == states[-1], "nothing to undo, so nothing was changed"
        else:
            patches.append(patch)
            states.append(ground.values.tobytes())
    for patch, state in zip(reversed(patches), reversed(states[:-1]), strict=True):
        patch.apply(ground.values)
        assert ground.values.tobytes() == state
    for patch, state in zip(patches, states[1:], strict=True):
        patch.apply(ground.values)
        assert ground.values.tobytes() == state


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("share", [0.02, 0.7, 1.0])
def test_a_patch_turns_either_state_into_the_other_in_bands(
    dtype: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patches_room, "_BAND", 100)
    generator = np.random.default_rng(3)
    old, new = (generator.integers(0, 255, (40, 37)).astype(dtype) / (1 if dtype == "uint8" else 7) for _ in range(2))
    old, new = old.astype(dtype), new.astype(dtype)
    touched = np.zeros(old.shape, bool)
    touched[3:30, 5:37] = generator.random((27, 32)) < share
    touched[3, 5] = touched[29, 36] = True
    new[3, 5], new[29, 36] = old[3, 5] + 1, old[29, 36] + 1
    new[10, 10] = old[10, 10]  # painted with what was there
    kept = np.where(touched, old, 0).astype(dtype)
    made = patches_room.patch_of(touched, kept, new, (100, 140, 7, 44))
    assert made is not None and made.box == (103, 130, 12, 44)
    assert (made.bits is None) == (share > 0.25 and dtype == "float32")
    differ = (touched & (old != new))[3:30, 5:37]
    assert np.array_equal(made.pixels, differ)
    page = np.zeros((150, 60), dtype)
    state = np.where(touched, new, old).astype(dtype)
    page[100:140, 7:44] = state
    made.apply(page)
    before = np.where(touched, old, state)
    assert np.array_equal(page[100:140, 7:44], before)
    made.apply(page)
    assert np.array_equal(page[100:140, 7:44], state)
    assert patches_room.patch_of(touched, new, new, (0, 40, 0, 37)) is None
