"""Streamlines: the ways that a fluid, or heat, takes through a volume.

A line is followed from voxel to voxel by Pollock's method (D. W. Pollock, *Ground Water* 26, 743, 1988; in pores as in
P. Pereira Nunes, B. Bijeljic and M. J. Blunt, *Transport in Porous Media* 109, 317, 2015). Inside a voxel each
component of the velocity goes linearly along its own axis from one face's value to the other's, which is what the
solvers' fields are: what flows in flows out, in every voxel. The way through a voxel is then known in closed form. So a
line needs no step size, never enters a wall (nothing flows through its faces), and comes back to where it began where
the flow does.

Lines begin on the face where the flow enters, each standing for the same share of it. The mean of their lengths over
the distance of the two faces is therefore the flow's own tortuosity, ⟨|u|⟩ / ⟨u along the axis⟩ (A. Duda, Z. Koza and
M. Matyka, *Physical Review E* 84, 036319, 2011), where no part of the flow goes round in circles.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from core.errors import InputError
from core.job import Progress
from core.properties.conduction import Conduction
from core.properties.conductivity import ConductionAlong
from core.properties.ends import Ends, Faces, Sides, checked_spacing
from core.properties.percolation import percolating
from core.properties.permeability import FlowAlong

Floats = npt.NDArray[np.float64]

COUNT = 300
"""Lines, where nobody says how many."""
_PARTS = 3
"""Straight pieces that a line is drawn of, and its length is added up from, in each voxel."""
_LIMIT = 12
"""A line passes so many voxels for each along the volume's three sides together at most."""
_REPORT = 16
_SPREAD = (0.7548776662466927, 0.5698402909980532)
"""Multiples of these fill a square evenly (M. Roberts' R₂ sequence): where in a voxel's face a line begins."""


@dataclass(frozen=True, eq=False)
class Streamlines:
    """Lines through one field.

    Attributes
    ----------
    axis
        The driven axis, 0 to 2 (z, y, x).
    points
        All lines behind each other, shape (m, 3), float32: z, y, x in voxels; voxel i spans i to i + 1.
    speed
        Magnitude of the velocity or flux at each point, in the field's unit.
    joined
        Of each point whether the line goes on from it to the next one, bool.
    first
        Where each line begins in ``points``, shape (n,).
    through
        Which lines come to the far face, shape (n,).
    lengths
        Of each line, in the unit of ``distance``.
    distance
        Between the two faces.
    """

    axis: int
    points: npt.NDArray[np.float32]
    speed: npt.NDArray[np.float32]
    joined: npt.NDArray[np.bool_]
    first: npt.NDArray[np.int64]
    through: npt.NDArray[np.bool_]
    lengths: Floats
    distance: float

    @property
    def tortuosity(self) -> float | None:
        """Mean length of the lines that come through, over the distance of the faces; None where none does."""
        return float(self.lengths[self.through].mean()) / self.distance if self.through.any() else None


def flow_lines(
    found: FlowAlong, ends: Ends, sides: Sides, voxel_size: Sequence[float] | None, count: int = COUNT
) -> Generator[Progress, None, Streamlines]:
    """A job that follows the flow of `core.properties.permeability`, computed with ``ends`` and ``sides``.

    Raises
    ------
    InputError
        Where its field was let go of, or nothing flows.
    """
    return streamlines(found.at_faces, Faces(found.axis, ends, sides), voxel_size or (1.0, 1.0, 1.0), count=count)


def flux_lines(
    labels: npt.NDArray[np.uint8],
    values: Mapping[int, float],
    found: ConductionAlong,
    ends: Ends,
    sides: Sides,
    voxel_size: Sequence[float] | None,
    count: int = COUNT,
) -> Generator[Progress, None, Streamlines]:
    """A job that follows the flux of `core.properties.conductivity`; arguments are those it was computed with.

    Raises
    ------
    InputError
        Where its field was let go of, or nothing conducts.
    """
    if not found.field.size:
        raise InputError("The temperatures of this volume were let go of.", "Compute the conductivity again.")
    yield Progress(0, 0, "Flux")
    faces, edges = Faces(found.axis, ends, sides), checked_spacing(voxel_size or (1.0, 1.0, 1.0))
    table = np.zeros(max(values) + 1)
    for label, value in values.items():
        table[label] = value
    conductivity = table[labels]
    conductivity = np.where(percolating(conductivity > 0, faces), conductivity, 0.0)
    yield Progress(0, 0, "Flux")
    problem = Conduction(torch.from_numpy(conductivity), faces, edges)
    flux = problem.flux_at_faces(torch.from_numpy(found.field).to(torch.float64))
    return (yield from streamlines(flux.numpy(), faces, edges, count=count))


def streamlines(
    at_faces: npt.NDArray[np.floating],
    faces: Faces,
    spacing: Sequence[float],
    *,
    count: int = COUNT,
    seeds: Floats | None = None,
) -> Generator[Progress, None, Streamlines]:
    """A job that follows lines through a field.

    Parameters
    ----------
    at_faces
        Velocity or flux through the voxels' faces, shape (3, Z + 1, Y + 1, X + 1): component a at place i along its own
        axis is that of the face before voxel i; what lies beyond the volume across is not looked at.
    faces
        The driven axis, and what holds at the faces. A line ends at the two faces across that axis; through periodic
        sides it goes on at the other side.
    spacing
        Edges of a voxel along z, y and x; the lengths' unit is that of their geometric mean.
    count
        Lines, where there are no ``seeds``.
    seeds
        Where lines begin instead of at the first face, shape (n, 3): z, y, x in voxels.

    Raises
    ------
    InputError
        Where there is no field, or nothing enters at the first face.
    """
    if at_faces.ndim != 4 or at_faces.size == 0:
        raise InputError("The velocities of this volume were let go of.", "Compute the permeability again.")
    edges = np.array(checked_spacing(spacing))
    shape = np.array(at_faces.shape[1:]) - 1
    start = _seeds(at_faces, faces.axis, count) if seeds is None else np.asarray(seeds, float)
    cell = np.clip(np.floor(start).astype(int), 0, shape - 1)
    within = start - cell
    lines = np.arange(len(start))
    through = np.zeros(len(start), bool)
    lengths = np.zeros(len(start))
    low, high = _velocities(at_faces, cell, edges)
    kept_lines, kept_points = [lines], [start]
    kept_speed = [np.linalg.norm((low + (high - low) * within) * edges, axis=1)]
    kept_joined = [np.ones(len(start), bool)]
    most = _LIMIT * int(shape.sum())
    for step in range(most):
        if step % _REPORT == 0:
            yield Progress(step, most, "Streamlines")
        low, high = _velocities(at_faces, cell, edges)
        time, way = _leaving(low, high, within)
        goes = np.isfinite(time)  # else the flow ends here: in a source, or where nothing moves
        if not goes.all():
            lines, cell, within = lines[goes], cell[goes], within[goes]
            low, high, time, way = low[goes], high[goes], time[goes], way[goes]
        if not len(lines):
            break
        before = within
        for part in range(1, _PARTS + 1):
            place = _moved(low, high, within, time * part / _PARTS)
            if part == _PARTS:
                place[np.arange(len(lines)), np.abs(way) - 1] = way > 0
            lengths[lines] += np.linalg.norm((place - before) * edges, axis=1)
            kept_lines.append(lines)
            kept_points.append(cell + place)
            kept_speed.append(np.linalg.norm((low + (high - low) * place) * edges, axis=1))
            kept_joined.append(np.ones(len(lines), bool))
            before = place
        axis, ahead = np.abs(way) - 1, np.sign(way)
        rows = np.arange(len(lines))
        cell, within = cell.copy(), before
        cell[rows, axis] += ahead
        within[rows, axis] = ahead < 0
        beyond = (cell[rows, axis] < 0) | (cell[rows, axis] >= shape[axis])
        through[lines[beyond & (axis == faces.axis) & (ahead > 0)]] = True
        over = beyond & np.array([faces.of(int(one)) != "periodic" or one == faces.axis for one in axis])
        round_ = beyond & ~over
        if round_.any():
            cell[rows[round_], axis[round_]] %= shape[axis[round_]]
            kept_joined[-1][round_] = False  # drawn across the volume, the line would be wrong
            kept_lines.append(lines[round_])
            kept_points.append((cell + within)[round_])
            kept_speed.append(kept_speed[-1][round_])
            kept_joined.append(np.ones(int(round_.sum()), bool))
        lines, cell, within = lines[~over], cell[~over], within[~over]
    return _collected(
        faces.axis, kept_lines, kept_points, kept_speed, kept_joined, through, lengths,
        float(shape[faces.axis] * edges[faces.axis]),
    )  # fmt: skip


def _seeds(at_faces: npt.NDArray[np.floating], axis: int, count: int) -> Floats:
    """Places on the first face, each with the same share of what enters there."""
    others = [other for other in range(3) if other != axis]
    sides = [at_faces.shape[1 + other] - 1 for other in others]
    entering = np.take(at_faces[axis], 0, axis)[: sides[0], : sides[1]].astype(float).clip(min=0)
    total = np.cumsum(entering.reshape(-1))
    if not total[-1] > 0:
        raise InputError("Nothing flows through this volume.", "Choose an axis along which it does.")
    shares = (np.arange(count) + 0.5) / count * total[-1]
    chosen = np.searchsorted(total, shares, side="right").clip(max=total.size - 1)
    places = np.zeros((count, 3))
    numbers = np.arange(1, count + 1)
    for other, number, spread in zip(others, np.unravel_index(chosen, entering.shape), _SPREAD, strict=True):
        places[:, other] = number + np.modf(numbers * spread)[0]
    return places


def _velocities(
    at_faces: npt.NDArray[np.floating], cell: npt.NDArray[np.int64], edges: Floats
) -> tuple[Floats, Floats]:
    """Through the faces before and after each voxel, along z, y and x, in voxels per time."""
    low, high = np.empty(cell.shape), np.empty(cell.shape)
    z, y, x = cell.T
    for axis, (dz, dy, dx) in enumerate(((1, 0, 0), (0, 1, 0), (0, 0, 1))):
        low[:, axis] = at_faces[axis, z, y, x]
        high[:, axis] = at_faces[axis, z + dz, y + dy, x + dx]
    return low / edges, high / edges


def _leaving(low: Floats, high: Floats, within: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """When each line leaves its voxel (infinite: never), and where: ±1, ±2, ±3 for the faces across z, y, x."""
    speed = low + (high - low) * within
    ahead = speed > 0
    end = np.where(ahead, high, low)
    far = np.where(ahead, 1 - within, -within)
    with np.errstate(divide="ignore", invalid="ignore"):
        # v goes linearly along its axis, so that the time is a logarithm; where v hardly changes, a quotient
        rise = (high - low) * far / speed
        time = far / speed * np.where(np.abs(rise) < 1e-8, 1 - rise / 2, np.log1p(rise) / rise)
    time[~((speed != 0) & (end * speed > 0))] = np.inf
    time = np.where(np.isnan(time), np.inf, np.maximum(time, 0))
    axis = time.argmin(axis=1)
    rows = np.arange(len(time))
    return time[rows, axis], (axis + 1) * np.where(ahead[rows, axis], 1, -1)


def _moved(low: Floats, high: Floats, within: Floats, time: Floats) -> Floats:
    """Where in its voxel each line is after a time."""
    rise = high - low
    growth = rise * time[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = np.where(np.abs(growth) < 1e-8, 1 + growth / 2, np.expm1(growth) / growth)
    moved: Floats = np.clip(within + (low + rise * within) * time[:, None] * stretch, 0, 1)
    return moved


def _collected(
    axis: int,
    lines: list[npt.NDArray[np.int64]],
    points: list[Floats],
    speed: list[Floats],
    joined: list[npt.NDArray[np.bool_]],
    through: npt.NDArray[np.bool_],
    lengths: Floats,
    distance: float,
) -> Streamlines:
    """Put each line's points behind each other."""
    of = np.concatenate(lines)
    order = np.argsort(of, kind="stable")
    of = of[order]
    goes_on = np.concatenate(joined)[order]
    goes_on[:-1] &= of[:-1] == of[1:]
    goes_on[-1] = False
    return Streamlines(
        axis,
        np.concatenate(points)[order].astype(np.float32),
        np.concatenate(speed)[order].astype(np.float32),
        goes_on,
        np.searchsorted(of, np.arange(len(through))),
        through,
        lengths,
        distance,
    )
