"""What sections across different axes say of the same line must be one thing, or training cannot come to an end.

A line along z lies in the planes xz and yz. Two exemplars of these planes, being samples, say a little different things
about it; and one exemplar that stands for all planes says along its rows what it says otherwise along its columns.
Aims that move until they are met (`aims`) would then move for ever. So whatever is said of one line is averaged first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

Part = TypeVar("Part")

LINES = ((1, 2), (0, 2), (0, 1))
"""For sections across z, y and x: the axes along their first and their second direction."""


def shared_lines(across: Sequence[Part], lines: Callable[[Part], Tensor]) -> dict[int, Tensor]:
    """The lines of each part, those that stand for one and the same replaced by their mean.

    Parameters
    ----------
    across
        What stands for the sections across z, y and x; one part may stand for several.
    lines
        Of a part: shape (2, k, n), k curves for either direction. Where n differs, the mean is over what all have.

    Returns
    -------
    By the identity of the part.
    """
    parts = {id(part): part for part in across}
    found = {key: lines(part).clone() for key, part in parts.items()}
    # axes that share a direction of some part are one group: what is said of one is said of all
    group = [0, 1, 2]
    said = [(id(part), way, axis) for part, axes in zip(across, LINES, strict=True) for way, axis in enumerate(axes)]
    for key, way, axis in said:
        for other_key, other_way, other in said:
            if (key, way) == (other_key, other_way) and group[axis] != group[other]:
                old, new = group[other], group[axis]
                group = [new if one == old else one for one in group]
    for number in set(group):
        members = sorted({(key, way) for key, way, axis in said if group[axis] == number})
        count = min(found[key].shape[-1] for key, _ in members)
        mean = torch.stack([found[key][way, :, :count] for key, way in members]).mean(dim=0)
        for key, way in members:
            found[key][way, :, :count] = mean
    return found
