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
from collections.abc import Sequence

import torch
from torch import Tensor

from core.properties.ends import End, Faces


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
        vectors, values = [], []
        for axis, edge in enumerate(spacing):
            found, squares = modes(shape[axis], faces.of(axis))
            vectors.append(found.to(device, torch.float32))
            values.append(squares / edge**2)
        self._vectors = vectors
        total = values[0][:, None, None] + values[1][:, None] + values[2]
        # the mean of a volume that nothing holds is nobody's business: it is left as it was, 0
        largest = float(total.max())
        nothing = total <= 1e-12 * max(largest, 1e-300)
        self._inverse = torch.where(nothing, 0.0, 1 / torch.where(nothing, 1.0, total)).to(device, torch.float32)

    def __call__(self, rhs: Tensor) -> Tensor:
        """The solution for ``rhs``, both of the volume's shape and in double precision."""
        spectrum = self._transform(rhs.to(torch.float32), back=False)
        return self._transform(spectrum.mul_(self._inverse), back=True).to(torch.float64)

    def _transform(self, values: Tensor, back: bool) -> Tensor:
        along_z, along_y, along_x = (vectors.T if not back else vectors for vectors in self._vectors)
        depth = values.shape[0]
        values = torch.matmul(values, along_x.T)
        values = torch.matmul(along_y, values)
        return torch.matmul(along_z, values.reshape(depth, -1)).reshape(values.shape)
