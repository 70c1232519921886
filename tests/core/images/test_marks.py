"""Distances and angles against closed forms, along unequal edges too, and the table that is taken away."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from core.errors import InputError, OutputExistsError
from core.images.marks import Mark, angle, marks_csv, separation, value_of, words_of, write_marks

EDGES = (2e-6, 1e-6, 3e-6)
DISTANCE = Mark("distance", "Width", ((0.5, 0.5, 0.5), (0.5, 4.5, 3.5)), "a")
ANGLE = Mark("angle", "Corner, left", ((0.0, 0.0, 1.0), (0.0, 0.0, 0.0), (0.0, 3.0, 0.0)), "a")
NOTE = Mark("note", "a throat", ((1.0, 2.0, 3.0),), "a")


def test_lengths_are_those_of_the_material() -> None:
    assert separation((0, 0, 0), (0, 4, 3), None) == 5
    assert separation((0, 0, 0), (3, 0, 0), EDGES) == pytest.approx(6e-6, rel=1e-14)
    assert separation((1, 1, 1), (3, 4, 5), EDGES) == pytest.approx(math.sqrt(16 + 9 + 144) * 1e-6, rel=1e-14)
    assert separation((1, 1, 1), (1, 1, 1), EDGES) == 0


def test_angles_are_those_of_the_material() -> None:
    assert angle((0, 0, 1), (0, 0, 0), (0, 1, 0), None) == pytest.approx(90)
    assert angle((0, 0, 2), (0, 0, 0), (0, 1, 1), None) == pytest.approx(45)
    # a step of one voxel in y is a third of one in x
    assert angle((0, 0, 2), (0, 0, 0), (0, 3, 1), EDGES) == pytest.approx(45)
    assert angle((0, 0, 1), (0, 0, 0), (0, 0, -5), EDGES) == pytest.approx(180)
    assert angle((0, 1e-9, 1), (0, 0, 0), (0, 0, 1), None) == pytest.approx(math.degrees(1e-9), rel=1e-12)
    assert math.isnan(angle((1, 1, 1), (1, 1, 1), (2, 2, 2), None))


def test_words_have_units() -> None:
    assert words_of(DISTANCE, None) == "5 voxels" and words_of(DISTANCE, EDGES) == "9.85 µm"
    assert words_of(DISTANCE, (1e-9,) * 3) == "5 nm"
    far = Mark("distance", "", ((0, 0, 0), (0, 0, 123.45)), "a")
    assert words_of(far, None) == "123.5 voxels"
    assert words_of(ANGLE, EDGES) == "90.0°" and words_of(NOTE, EDGES) == "a throat"
    assert value_of(NOTE, EDGES) == (None, "") and value_of(DISTANCE, EDGES)[1] == "m"
    assert DISTANCE.middle == (0.5, 2.5, 2.0) and ANGLE.middle == (0, 0, 0)


def test_the_table_is_read_back(tmp_path: Path) -> None:
    path = write_marks((DISTANCE, ANGLE, NOTE), EDGES, tmp_path / "marks.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["Width", "Corner, left", "a throat"]
    assert float(rows[0]["value"]) == pytest.approx(math.hypot(4, 9) * 1e-6, rel=1e-5) and rows[0]["unit"] == "m"
    assert rows[0]["y2 (voxels)"] == "4.5" and rows[1]["shown"] == "90.0°"
    assert rows[2]["value"] == "" and not rows[2]["z2 (voxels)"]
    with pytest.raises(OutputExistsError):
        write_marks((), None, path)
    assert marks_csv((DISTANCE,), None, "\t").splitlines()[1].startswith("Width\tdistance\t5\tvoxels\t5 voxels\t0.5")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="No distance has 1 places"):
        Mark("distance", "", ((0, 0, 0),), "a")
    with pytest.raises(InputError, match="nowhere"):
        Mark("note", "far", ((0, 0, math.inf),), "a")
