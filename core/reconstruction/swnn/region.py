"""A phase whose large shapes are given, and the fine structure of the other phases around it (SWNN, Sec. 4).

The network makes the other phases and is told at every place whether the given phase is there. It is trained with the
given phase in sight: on blocks in which the exemplar's own shapes of that phase go on along one axis, all phases
together are compared with the exemplar, in the sections across that axis. So the fine structure ends at the given
phase as it does in the exemplar. Where the given phase is out of sight, the network cannot know along which axis it
went on, and what it makes there is compared across all three.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.errors import InputError
from core.masks.mask import REGION_FROM, Mask
from core.provenance import Provenance
from core.reconstruction.swnn.labelling import labels_of
from core.reconstruction.swnn.network import SwnnNetwork, Triple
from core.reconstruction.swnn.serving import WantedFractions


def composed(field: Tensor, given: Tensor, label: int) -> Tensor:
    """All phases from those that the network makes and the one that is given.

    Parameters
    ----------
    field
        Of two others, shape (N, 1, D, H, W): −1 is the lower label, 1 the higher; of more, a channel each.
    given
        Shape (N, 1, D, H, W): 1 where the given phase is, else 0.
    label
        The given phase's.

    Returns
    -------
    Shape (N, C, D, H, W), −1 to 1, a channel for each phase in label order.
    """
    shares = (field + 1) / 2
    others = torch.cat((1 - shares, shares), dim=1) if field.shape[1] == 1 else shares
    others = others * (1 - given)
    return 2 * torch.cat((others[:, :label], given, others[:, label:]), dim=1) - 1


def given_place(mask: Mask | None, name: str) -> Mask:
    """1 where the given phase ``name`` is to be, else 0.

    Raises
    ------
    InputError
        Where no mask says it.
    """
    if mask is None:
        raise InputError(
            f"This model makes the other phases around {name}, so it must be told where that is.",
            f"Give a mask that is {REGION_FROM:g} or more there.",
        )
    field = (mask.fraction >= REGION_FROM).astype(np.float32)
    return Mask(field, mask.voxel_size, mask.name, mask.provenance)


def others_of(field: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Labels (uint8) of the other phases, counted without the given one.

    Parameters
    ----------
    field
        Of two others one number a voxel, of more a channel each, last.
    offsets
        What is added to each of their channels; two others share the one, and what counts is the second's.
    """
    if len(offsets) > 2:
        return labels_of(field, offsets)
    found: np.ndarray = (field > np.float32(-offsets[1])).astype(np.uint8)
    return found


def labelled(others: np.ndarray, given: np.ndarray, label: int) -> np.ndarray:
    """Labels (uint8) of all phases from those of the others, counted without the given one, and where that is."""
    found: np.ndarray = np.where(given, label, others + (others >= label)).astype(np.uint8)
    return found


@dataclass(frozen=True, eq=False)
class Told:
    """What blocks are made with: shapes that go on along an axis of each.

    Attributes
    ----------
    wanted
        For `SwnnNetwork.forward`: per level, −1 to 1 (the given phase is there), shape (N, 1, d, h, w).
    given
        Of the blocks themselves, shape (N, 1, D, H, W), 0 or 1.
    axes
        For each block the axis along which its shapes go on.
    """

    wanted: list[Tensor]
    given: Tensor
    axes: tuple[int, ...]


class ExemplarRegions:
    """The given phase in the exemplar, as blocks are told of it while the network is trained.

    Parameters
    ----------
    labels
        The exemplar's, shape (Y, X).
    label
        The given phase's.
    """

    def __init__(self, labels: np.ndarray, label: int) -> None:
        self._inside, self._label = labels == label, label

    def composed(self, field: Tensor, given: Tensor) -> Tensor:
        """As of this module, with the exemplar's given phase."""
        return composed(field, given, self._label)

    def draw(self, network: SwnnNetwork, size: Triple, blocks: int, draw: torch.Generator, device: str) -> Told:
        """Random places of the exemplar, and axes, for so many blocks."""
        axes = tuple(torch.randint(0, 3, (blocks,), generator=draw).tolist())
        return self.told(network, size, [(axis, self._place(network, size, axis, draw)) for axis in axes], device)

    def told(
        self, network: SwnnNetwork, size: Triple, places: Sequence[tuple[int, tuple[int, int]]], device: str
    ) -> Told:
        """For blocks whose shapes go on along an axis and begin at a row and column of the exemplar, each."""
        fields: list[list[Tensor]] = [[] for _ in network.noise_grids]
        given = []
        for axis, (row, column) in places:
            wanted, origin = self._extruded(axis, size), [row, column]
            origin.insert(axis, 0)
            z, y, x = origin
            boxes = zip(network.noise_grids, network.noise_boxes((z, y, x), size), strict=True)
            for level, (grid, box) in enumerate(boxes):
                fields[level].append(_tensor(2 * wanted.box(box.start, box.shape, grid.stride) - 1, device))
            given.append(_tensor(wanted.box((z, y, x), size, 1), device))
        return Told([torch.cat(level) for level in fields], torch.cat(given), tuple(axis for axis, _ in places))

    def _extruded(self, axis: int, size: Triple) -> WantedFractions:
        """The exemplar's shapes, the same all along ``axis``; beyond its border the outermost pixels go on."""
        field = np.expand_dims(self._inside.astype(np.float32), axis)
        mask = Mask(field, None, "exemplar", Provenance("exemplar's shapes"))
        rows, columns = self._inside.shape
        whole = [rows, columns]
        whole.insert(axis, size[axis])
        return WantedFractions(mask, (whole[0], whole[1], whole[2]))

    def _place(self, network: SwnnNetwork, size: Triple, axis: int, draw: torch.Generator) -> tuple[int, int]:
        # blocks at whole coarse cells: the noise that they need has one shape
        cell = network.noise_grids[-1].stride
        sides = [side for other, side in enumerate(size) if other != axis]
        row, column = (
            cell * int(torch.randint(0, max(0, have - side) // cell + 1, (), generator=draw))
            for have, side in zip(self._inside.shape, sides, strict=True)
        )
        return row, column


def _tensor(field: np.ndarray, device: str) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(field, np.float32)).to(device)[None, None]
