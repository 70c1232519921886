"""Surfaces of phases as triangles, and STL files of them, written slab by slab."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.errors import InputError
from core.images.atomic import replacing
from core.images.values import Volume
from core.job import Job, Progress, finish

SLAB_VOXELS = 1 << 18
"""About so many voxels are worked on between two reports; a tenth of a second."""

_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
"""One triangle of a binary STL file, 50 bytes."""


def surface(volume: Volume, phase: int) -> tuple[np.ndarray, np.ndarray]:
    """The closed surface of a phase by marching cubes (Lewiner et al. 2003, as in scikit-image).

    Returns
    -------
    vertices
        Shape (n, 3), order x, y, z, in metres (in voxels where the size is unknown), the volume's first voxel centred
        at the origin.
    faces
        Shape (m, 3), vertex indices, normals outwards.

    Raises
    ------
    InputError
        Where the phase does not occur.
    """
    from skimage.measure import marching_cubes

    inside = _inside(volume, phase)
    # a layer of "outside" all around closes the surface at the volume's faces
    padded = np.pad(inside, 1).astype(np.float32)
    spacing = volume.voxel_size or (1.0, 1.0, 1.0)
    vertices, faces, _, _ = marching_cubes(padded, 0.5, gradient_direction="ascent")
    vertices = (vertices - 1.0) * np.asarray(spacing)
    # the order x, y, z mirrors the axes, so the faces turn with it to keep their normals outwards
    return np.ascontiguousarray(vertices[:, ::-1]), np.ascontiguousarray(faces[:, ::-1])


def write_surface(volume: Volume, phase: int, path: Path, *, overwrite: bool = False) -> Path:
    """Run `writing_surface` to its end."""
    return finish(writing_surface(volume, phase, path, overwrite=overwrite))


def writing_surface(volume: Volume, phase: int, path: Path, *, overwrite: bool = False) -> Job[Path]:
    """A job that writes the surface of ``phase`` as binary STL.

    Lengths are in micrometres (in voxels where the size is unknown); STL itself has no unit, so the 80 bytes of its
    header say which one was used. The triangles are those of `surface`: the volume is marched through in slabs that
    share a layer of voxels, and whatever a slab finds is written at once.

    Raises
    ------
    OutputExistsError, JobError
        As `replacing`.
    InputError
        Where the phase does not occur, or the name does not end with .stl.
    """
    from skimage.measure import marching_cubes

    path = Path(path)
    if path.suffix.lower() != ".stl":
        raise InputError(f"A surface cannot be written as {path.name}.", "End the name with .stl.")
    inside = np.pad(_inside(volume, phase), 1)
    spacing = np.ones(3) if volume.voxel_size is None else np.asarray(volume.voxel_size) * 1e6
    unit = "voxels" if volume.voxel_size is None else "micrometres"
    cells = len(inside) - 1
    thick = max(1, SLAB_VOXELS // (inside.shape[1] * inside.shape[2]))
    count = 0
    with replacing(path, overwrite) as temporary, temporary.open("wb") as file:
        file.write(f"Microloom surface of phase {phase}, lengths in {unit}".encode("ascii").ljust(80))
        file.write(bytes(4))
        for start in range(0, cells, thick):
            yield Progress(start, cells, "Writing the surface")
            slab = inside[start : start + thick + 1]
            if slab.all() or not slab.any():
                continue
            # the level lies between inside and outside, so no triangle lies in the layer that two slabs share
            vertices, faces, _, _ = marching_cubes(slab.astype(np.float32), 0.5, gradient_direction="ascent")
            vertices = (vertices + np.array([start - 1.0, -1.0, -1.0])) * spacing
            triangles = np.zeros(len(faces), _TRIANGLE)
            # the order x, y, z mirrors the axes, so the faces turn with it to keep their normals outwards
            corners = vertices[:, ::-1][faces[:, ::-1]]
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            lengths = np.linalg.norm(normals, axis=1, keepdims=True)
            triangles["normal"] = normals / np.where(lengths > 0, lengths, 1)
            triangles["corners"] = corners
            file.write(triangles.tobytes())
            count += len(triangles)
        file.seek(80)
        file.write(count.to_bytes(4, "little"))
    yield Progress(cells, cells, "Writing the surface")
    return path


def _inside(volume: Volume, phase: int) -> np.ndarray:
    inside: np.ndarray = volume.labels == phase
    if not inside.any():
        raise InputError(f"The volume has no voxel of phase {phase}.", "Choose a phase that is there.")
    return inside
