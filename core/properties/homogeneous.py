"""The homogeneous problem, solved at once by transforms along the three axes: the preconditioner of conduction.

Where the conductivity is the same everywhere, −div grad is a sum of three one-dimensional difference matrices, whose
eigenvectors are cosines (closed ends, DCT-II), sines (fixed ends, DST-II) or both (periodic ends). With the
conductivity between k_min and k_max the preconditioned operator has eigenvalues between k_min and k_max, whatever the
number of voxels, so the iterations needed do not grow with the volume.

The transforms are dense products with matrices of n × n, in single precision: up to some hundred voxels a side that is
as fast as a fast Fourier transform, for prime lengths too, and the same few lines run on a GPU.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from core.job import finish
from core.properties.ends import End, Faces
from core.properties.krylov import Steps

PRODUCTS = 1 << 31
"""Multiplications between two yields on the processor: less than a second, also of a busy one."""
YIELD_VALUES = 1 << 22
"""Values that are made between two yields."""


def modes(length: int, end: End) -> tuple[Tensor, Tensor]:
    """Eigenvectors (columns, orthonormal) and eigenvalues of the second difference on ``length`` voxels.

    At fixed ends the value is held half a voxel beyond the last centre. Both in double precision.
    """
    place = torch.arange(length, dtype=torch.float64)[:, None] + 0.5
    number = torch.arange(length, dtype=torch.float64)
    if end == "periodic":
        turns = torch.div(number + 1, 2, rounding_mode="floor")  # 0, 1, 1, 2, 2, …
        angle = 2 * math.pi / length * turns
        vectors = torch.where(number.long() % 2 == 1, torch.sin(place * angle), torch.cos(place * angle))
    else:
        angle = math.pi / length * (number + (end == "fixed"))
        vectors = torch.sin(place * angle) if end == "fixed" else torch.cos(place * angle)
    return vectors / torch.linalg.vector_norm(vectors, dim=0), 2 - 2 * torch.cos(angle)


class HomogeneousSolution:
    """Solves −div grad T = b on a grid with ends as given, for a conductivity of 1.

    Parameters
    ----------
    shape
        Voxels along z, y and x.
    faces, spacing
        As for `core.properties.conduction.Conduction`.
    """

    def __init__(self, shape: tuple[int, ...], faces: Faces, spacing: Sequence[float], device: torch.device) -> None:
        finish(self._build(shape, faces, spacing, device))

    @classmethod
    def building(
        cls, shape: tuple[int, ...], faces: Faces, spacing: Sequence[float], device: torch.device
    ) -> Generator[None, None, HomogeneousSolution]:
        """Make one in steps, so that it can be left."""
        made = cls.__new__(cls)
        yield from made._build(shape, faces, spacing, device)
        return made

    def _build(
        self, shape: tuple[int, ...], faces: Faces, spacing: Sequence[float], device: torch.device
    ) -> Generator[None, None, None]:
        vectors, values = [], []
        for axis, edge in enumerate(spacing):
            found, squares = modes(shape[axis], faces.of(axis))
            vectors.append(found.to(device, torch.float32))
            values.append(squares / edge**2)
        self._vectors = vectors
        # the mean of a volume that nothing holds is nobody's business: it is left as it was, 0
        largest = sum(float(one.max()) for one in values)
        plane = values[1][:, None] + values[2]
        self._inverse = torch.empty(tuple(shape), dtype=torch.float32, device=device)
        planes = max(1, YIELD_VALUES // plane.numel())
        for start in range(0, shape[0], planes):
            total = values[0][start : start + planes, None, None] + plane
            nothing = total <= 1e-12 * max(largest, 1e-300)
            self._inverse[start : start + planes] = torch.where(nothing, 0.0, 1 / torch.where(nothing, 1.0, total))
            yield

    def __call__(self, rhs: Tensor) -> Steps:
        """The solution for ``rhs``, both of the volume's shape and in double precision; in steps."""
        spectrum = yield from self._transform(rhs.to(torch.float32), back=False)
        yield
        found = yield from self._transform(spectrum.mul_(self._inverse), back=True)
        return found.to(torch.float64)

    def _transform(self, values: Tensor, back: bool) -> Steps:
        """In place, block by block, where the volume is so large that a product takes long."""
        along_z, along_y, along_x = (vectors.T if not back else vectors for vectors in self._vectors)
        depth = values.shape[0]
        across = values.numel() // depth
        # a voxel takes 2 n products along an axis of n
        planes = max(1, int(PRODUCTS / (2 * max(values.shape) * across)))
        if values.device.type != "cpu" or planes >= depth:
            values = torch.matmul(values, along_x.T)
            values = torch.matmul(along_y, values)
            return torch.matmul(along_z, values.reshape(depth, -1)).reshape(values.shape)
        for start in range(0, depth, planes):
            block = values[start : start + planes]
            block.copy_(torch.matmul(along_y, torch.matmul(block, along_x.T)))
            yield
        flat = values.reshape(depth, -1)
        columns = max(1, int(PRODUCTS / (2 * depth * depth)))
        for start in range(0, across, columns):
            part = flat[:, start : start + columns]
            part.copy_(torch.matmul(along_z, part))
            yield
        return values
