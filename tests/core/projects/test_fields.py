"""Temperatures and velocities in a project: the same to the bit, up to a size, checked when they come back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.job import finish
from core.projects.fields import bytes_of, fields_to_json, with_fields, within
from core.projects.reading import read_project
from core.projects.writing import write_project
from core.properties import Properties, PropertyPlan, properties
from tests.core.projects.projects import exemplar, project, saved_result


@pytest.fixture(scope="module")
def computed() -> Properties:
    labels = saved_result(exemplar()).made.volume.labels
    return finish(properties(labels, None, PropertyPlan({0: 1.0, 1: 2.0}, 1, (0, 2), tolerance=0.1)))


def same(one: Properties | None, other: Properties) -> bool:
    assert one is not None and one.conductivity is not None and one.permeability is not None
    assert other.conductivity is not None and other.permeability is not None
    warm = zip(one.conductivity.along, other.conductivity.along, strict=True)
    moving = zip(one.permeability.along, other.permeability.along, strict=True)
    return all(np.array_equal(a.field, b.field) for a, b in warm) and all(
        np.array_equal(a.at_faces, b.at_faces) for a, b in moving
    )


def test_they_come_back_to_the_bit(computed: Properties, tmp_path: Path) -> None:
    image = exemplar()
    saved = replace(saved_result(image), properties=computed)
    bare = replace(saved_result(image, 1), properties=computed.without_fields())
    path = write_project(project(results=(saved, bare)), tmp_path / "p.microloom")
    back = read_project(path).results
    assert same(back[0].properties, computed) and bytes_of(back[0].properties) == bytes_of(computed) > 0
    assert same(back[1].properties, computed.without_fields())


def test_the_newest_are_kept_up_to_a_size(computed: Properties) -> None:
    size = bytes_of(computed)
    z, y, x = saved_result(exemplar()).made.volume.shape
    assert size == 2 * 4 * z * y * x + 2 * 3 * 4 * (z + 1) * (y + 1) * (x + 1)
    kept = within([computed, None, computed, computed], 2 * size)
    assert [bytes_of(one) for one in kept] == [0, 0, size, size] and kept[1] is None and kept[3] is computed
    assert [bytes_of(one) for one in within([computed, computed], size - 1)] == [0, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told, _: told["temperature"].pop(), "2 axes"),
        (lambda told, _: told["velocity"].__setitem__(0, ["only one"]), "three components"),
        (lambda told, held: held.__setitem__(told["temperature"][0], np.zeros((2, 2, 2), np.float32)), "belong"),
        (lambda told, held: held.__setitem__(told["velocity"][1][2], held[told["velocity"][1][2]] * 1.0e0j), "belong"),
        (lambda told, held: held[told["temperature"][1]].__setitem__((0, 0, 0), np.nan), "no number"),
    ],
)
def test_what_cannot_be_is_refused(computed: Properties, change: Any, said: str) -> None:
    held: dict[str, np.ndarray] = {}

    def keep(field: np.ndarray) -> str:
        held[str(len(held))] = field.copy()
        return str(len(held) - 1)

    told = fields_to_json(computed, keep)
    shape = computed.conductivity.along[0].field.shape  # type: ignore[union-attr]
    bare = computed.without_fields()
    assert same(with_fields(bare, {"fields": told}, shape, held.__getitem__), computed)
    assert with_fields(bare, {}, shape, held.__getitem__) is bare  # a project from before fields were kept
    change(told, held)
    with pytest.raises(InputError, match=said):
        with_fields(bare, {"fields": told}, shape, held.__getitem__)
