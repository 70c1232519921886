"""Surfaces: closed, facing outwards, in the right place and of the right size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from scipy import ndimage

from core.errors import InputError, OutputExistsError
from core.images import surfaces
from core.images.surfaces import surface, write_surface, writing_surface
from core.images.values import Volume, default_phases
from core.provenance import Provenance


def volume(inside: np.ndarray, size: tuple[float, float, float] | None = None) -> Volume:
    return Volume(inside.astype(np.uint8), default_phases(2), size, "v", Provenance("test"))


def mesh(made: Volume, phase: int = 1) -> trimesh.Trimesh:
    vertices, faces = surface(made, phase)
    return trimesh.Trimesh(vertices, faces, process=False)


def test_a_single_voxel_is_an_octahedron() -> None:
    inside = np.zeros((3, 5, 7), bool)
    inside[1, 2, 4] = True
    found = mesh(volume(inside, (30e-9, 20e-9, 10e-9)))
    # half a voxel from its centre along each axis; volume 4/3·a·b·c with half axes 15, 10 and 5 nm
    np.testing.assert_allclose(found.bounds, np.array([[35, 30, 15], [45, 50, 45]]) * 1e-9)
    assert len(found.faces) == 8
    assert found.volume == pytest.approx(4 / 3 * 15e-9 * 10e-9 * 5e-9)


def test_a_sphere_has_its_volume_and_place() -> None:
    z, y, x = np.indices((60, 60, 60))
    found = mesh(volume((z - 30) ** 2 + (y - 28) ** 2 + (x - 25) ** 2 < 20.5**2))
    assert found.is_watertight
    assert found.volume == pytest.approx(4 / 3 * np.pi * 20.5**3, rel=0.01)
    np.testing.assert_allclose(found.center_mass, [25, 28, 30], atol=0.02)


@pytest.mark.parametrize("phase", [0, 1])
def test_a_surface_is_closed_at_the_edges_of_the_volume(phase: int) -> None:
    made = volume(ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(24, 30, 36)), 3) > 0)
    found = mesh(made, phase)
    assert found.is_watertight
    assert found.is_winding_consistent
    assert found.volume == pytest.approx((made.labels == phase).sum(), rel=0.05)


def test_a_full_block() -> None:
    found = mesh(volume(np.ones((4, 5, 6), bool)))
    np.testing.assert_allclose(found.bounds, [[-0.5, -0.5, -0.5], [5.5, 4.5, 3.5]])
    assert found.is_watertight


@pytest.mark.parametrize(
    ("size", "scale", "unit"),
    [((1e-6,) * 3, 1.0, b"micrometres"), ((2e-9,) * 3, 2e-3, b"micrometres"), (None, 1.0, b"voxels")],
)
def test_stl_is_in_micrometres_and_says_so(
    tmp_path: Path, size: tuple[float, float, float] | None, scale: float, unit: bytes
) -> None:
    inside = np.zeros((10, 10, 10), bool)
    inside[2:8, 3:7, 4:6] = True
    path = write_surface(volume(inside, size), 1, tmp_path / "v.stl")
    data = path.read_bytes()
    assert unit in data[:80]
    assert not data.startswith(b"solid")  # how readers tell text from binary
    assert len(data) == 84 + 50 * int.from_bytes(data[80:84], "little")
    found = trimesh.load_mesh(path)
    assert found.is_watertight
    np.testing.assert_allclose(found.bounds, scale * np.array([[3.5, 2.5, 1.5], [5.5, 6.5, 7.5]]), rtol=1e-6)
    with pytest.raises(OutputExistsError):
        write_surface(volume(inside, size), 1, path)


def test_slabs_give_the_triangles_of_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = volume(np.random.default_rng(4).random((9, 8, 7)) < 0.5, (1e-6, 2e-6, 3e-6))
    monkeypatch.setattr(surfaces, "SLAB_VOXELS", 200)  # two layers of cells at a time
    path = tmp_path / "v.stl"
    steps = [report.step for report in writing_surface(made, 1, path)]
    assert steps == [0, 2, 4, 6, 8, 10]
    found = np.frombuffer(path.read_bytes()[84:], surfaces._TRIANGLE)
    vertices, faces = surface(made, 1)
    # marching cubes starts a cell's triangles where it likes, so corners are compared in their own order
    assert sorted_triangles(found["corners"]) == sorted_triangles((vertices * 1e6)[faces].astype(np.float32))


def sorted_triangles(corners: np.ndarray) -> list[list[list[float]]]:
    return sorted(sorted(triangle) for triangle in np.round(corners, 3).tolist())


def test_writing_can_be_left_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surfaces, "SLAB_VOXELS", 1)
    path = tmp_path / "v.stl"
    path.write_bytes(b"the last one")
    job = writing_surface(volume(np.ones((6, 6, 6), bool)), 1, path, overwrite=True)
    assert [next(job).step for _ in range(3)] == [0, 1, 2]
    job.close()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"the last one"


def test_what_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no voxel of phase 1"):
        surface(volume(np.zeros((4, 4, 4), bool)), 1)
    with pytest.raises(InputError, match=r"v\.obj"):
        write_surface(volume(np.ones((4, 4, 4), bool)), 1, tmp_path / "v.obj")
    assert list(tmp_path.iterdir()) == []
