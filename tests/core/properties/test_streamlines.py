"""Lines against closed forms: straight ones, circles, a channel's, and the tortuosity that the field itself has."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import InputError
from core.job import finish
from core.properties import absolute_permeability, effective_conductivity, flow_lines, flux_lines
from core.properties.ends import Faces
from core.properties.streamlines import Streamlines, streamlines


def uniform(shape: tuple[int, int, int], velocity: tuple[float, float, float]) -> np.ndarray:
    field = np.zeros((3, *(side + 1 for side in shape)))
    for axis, component in enumerate(velocity):
        field[axis] = component
    return field


def each(found: Streamlines) -> list[np.ndarray]:
    ends = [*found.first[1:], len(found.points)]
    return [found.points[a:b] for a, b in zip(found.first, ends, strict=True)]


def test_a_uniform_field_gives_straight_lines() -> None:
    found = finish(streamlines(uniform((6, 5, 8), (0, 0, 2.0)), Faces(2), (1, 1, 1), count=40))
    assert found.through.all() and found.tortuosity == pytest.approx(1, abs=1e-12) and found.distance == 8
    assert np.allclose(found.speed, 2)
    for line in each(found):
        assert line[0, 2] == 0 and line[-1, 2] == 8 and np.ptp(line[:, :2], axis=0).max() == 0
    # as many begin in each voxel's face as its share of the flow asks for
    counts = np.bincount([int(line[0, 0]) for line in each(found)], minlength=6)
    assert counts.min() >= 6 and counts.max() <= 7


def test_an_oblique_field_gives_straight_lines_along_unequal_edges() -> None:
    edges = (2.0, 1.0, 1.0)
    start = np.array([[0.25, 0.5, 0.0]])
    found = finish(streamlines(uniform((9, 9, 6), (1.0, 1.0, 2.0)), Faces(2), edges, seeds=start))
    # per voxel in x, half an edge in y, and a quarter of a voxel in z
    assert found.points[-1] == pytest.approx([1.75, 3.5, 6.0], abs=1e-6)
    path = found.points - found.points[0]
    assert np.abs(path - path[:, 2:] * np.array([0.25, 0.5, 1.0])).max() < 1e-6
    assert found.lengths[0] / found.distance == pytest.approx(np.sqrt(1 + 0.25 + 0.25))


def test_a_rotation_closes_its_circles() -> None:
    side = 16
    field = np.zeros((3, 2, side + 1, side + 1))
    middles = np.arange(side + 1) + 0.5 - side / 2
    field[1] = middles[None, None, :]  # along y, by x
    field[2] = -middles[None, :, None]  # along x, by y
    starts = np.array([[0.5, side / 2, side / 2 + radius] for radius in (2.0, 4.25, 6.7)])
    found = finish(streamlines(field, Faces(0), (1, 1, 1), seeds=starts))
    assert not found.through.any()
    for line, radius in zip(each(found), (2.0, 4.25, 6.7), strict=True):
        out = line[:, 1:] - side / 2
        assert np.abs(np.linalg.norm(out, axis=1) - radius).max() < 0.6, "as round as voxels are"
        turns = np.unwrap(np.arctan2(out[:, 0], out[:, 1]))
        assert turns[-1] > 4 * np.pi, "round and round"
        # after each turn it is back to the bit that float32 keeps
        for turn in (1, 2):
            behind = int(np.argmax(turns > 2 * np.pi * turn - 1e-4))
            assert np.abs(line[behind] - line[0]).max() < 2e-4


def test_in_a_channel_lines_stay_in_their_plane_and_do_not_touch_the_walls() -> None:
    pores = np.zeros((7, 4, 10), bool)
    pores[1:6] = True
    flow = finish(absolute_permeability(pores, axes=(2,), tolerance=1e-10))
    found = finish(flow_lines(flow.along[0], "fixed", "closed", (1e-6,) * 3, 60))
    assert found.through.all() and found.tortuosity == pytest.approx(1, abs=1e-6)
    for line in each(found):
        assert line[:, 0].min() > 1 and line[:, 0].max() < 6 and np.ptp(line[:, 0]) < 1e-4
    # the flow is a parabola: more lines in the middle, where it is faster
    counts = np.bincount([int(line[0, 0]) for line in each(found)], minlength=7)
    profile = flow.along[0].at_faces[2, :7, 0, 5]
    assert np.abs(counts - 60 * profile / profile.sum()).max() <= 1


@pytest.fixture(scope="module")
def grains() -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(np.random.default_rng(3).standard_normal((18, 18, 18)), 1.5, mode="wrap")
    pores: np.ndarray = smooth > -0.4 * smooth.std()
    return pores


@pytest.mark.parametrize(("ends", "sides"), [("fixed", "closed"), ("periodic", "periodic")])
def test_lines_keep_to_the_pores_and_tell_the_flows_tortuosity(grains: np.ndarray, ends: str, sides: str) -> None:
    flow = finish(absolute_permeability(grains, axes=(0,), ends=ends, sides=sides, tolerance=1e-8)).along[0]  # type: ignore[arg-type]
    found = finish(flow_lines(flow, ends, sides, None, 600))  # type: ignore[arg-type]
    middles = (found.points[:-1] + found.points[1:])[found.joined[:-1]] / 2
    inside = np.clip(np.floor(middles).astype(int), 0, 17)
    assert grains[tuple(inside.T)].mean() > 0.999, "a piece along a wall may round to its other side"
    steps = np.abs(np.diff(found.points, axis=0))[found.joined[:-1]]
    assert steps.max() <= 1 + 1e-5, "no piece is longer than a voxel, and none goes across the volume"
    if ends == "fixed":
        assert found.through.mean() > 0.99
        # the mean speed over the mean velocity, each voxel's field taken at 4³ places
        places = (np.arange(4) + 0.5) / 4
        low = [flow.at_faces[axis, :18, :18, :18] for axis in range(3)]
        high = [np.roll(flow.at_faces[axis], -1, axis)[:18, :18, :18] for axis in range(3)]
        speed = 0.0
        for z in places:
            for y in places:
                for x in places:
                    parts = [a + (b - a) * at for a, b, at in zip(low, high, (z, y, x), strict=True)]
                    speed += float(np.sqrt(sum(part**2 for part in parts)).mean()) / 64
        assert found.tortuosity == pytest.approx(speed / flow.voxels, rel=0.01)
    else:
        assert (~found.joined).sum() > len(found.first), "some go through a side and on at the other one"


def test_flux_of_heat_goes_straight_through_layers_and_around_an_insulator() -> None:
    labels = np.zeros((8, 6, 6), np.uint8)
    labels[3:5] = 1
    heat = finish(effective_conductivity(labels, {0: 1.0, 1: 0.01}, axes=(0,), tolerance=1e-10))
    lines = finish(flux_lines(labels, {0: 1.0, 1: 0.01}, heat.along[0], "fixed", "closed", None, 30))
    assert lines.through.all() and lines.tortuosity == pytest.approx(1, abs=1e-4)
    assert np.allclose(lines.speed, heat.along[0].value / 8, rtol=1e-3)
    labels[:] = 0
    labels[3:5, 1:5, 1:5] = 1
    around = finish(effective_conductivity(labels, {0: 1.0, 1: 0.0}, axes=(0,), tolerance=1e-8))
    lines = finish(flux_lines(labels, {0: 1.0, 1: 0.0}, around.along[0], "fixed", "closed", None, 200))
    assert lines.through.mean() > 0.98 and lines.tortuosity is not None and lines.tortuosity > 1.02
    middles = (lines.points[:-1] + lines.points[1:])[lines.joined[:-1]] / 2
    inside = (middles > [3.001, 1.001, 1.001]) & (middles < [4.999, 4.999, 4.999])
    assert not inside.all(axis=1).any()


def test_what_cannot_be_followed_is_said() -> None:
    with pytest.raises(InputError, match="Nothing flows"):
        finish(streamlines(uniform((3, 3, 3), (0, 0, 1.0)), Faces(0), (1, 1, 1)))
    with pytest.raises(InputError, match="let go of"):
        finish(streamlines(np.zeros((3, 0, 0, 0)), Faces(0), (1, 1, 1)))
