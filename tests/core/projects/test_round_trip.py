"""What is written comes back equal to the bit."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from core.errors import JobError, OutputExistsError
from core.images.values import Micrograph, PhaseImage, Volume, default_phases
from core.painting.sheet import Sheet
from core.projects import archive
from core.projects.plan import Plan
from core.projects.project import Project
from core.projects.reading import is_project, read_document, read_project
from core.projects.writing import saving, write_project
from core.provenance import Provenance, array_hash
from core.reconstruction.swnn.model import SwnnModel
from core.segmentation.settings import SegmentationSettings
from tests.core.projects.projects import project, saved_result


def assert_same(a: Any, b: Any, where: str = "project") -> None:
    """Equal to the bit, through dataclasses, mappings, sequences and arrays; NaN equals NaN."""
    if a is b:
        return
    if isinstance(a, SwnnModel):
        card = json.loads(json.dumps(dict(a.card)))  # JSON has no tuples
        assert_same(card, {k: v for k, v in b.card.items() if k not in ("format", "format_version")}, f"{where}.card")
        assert_same(a.weights(), b.weights(), f"{where}.weights")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), where
    elif isinstance(a, Sheet):
        assert_same(a.values, b.values, f"{where}.values")
    elif dataclasses.is_dataclass(a):
        assert type(a) is type(b), where
        for item in dataclasses.fields(a):
            assert_same(getattr(a, item.name), getattr(b, item.name), f"{where}.{item.name}")
    elif isinstance(a, Mapping):
        assert set(a) == set(b), where
        for key in a:
            assert_same(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, (tuple, list)):
        assert type(a) is type(b) and len(a) == len(b), where
        for number, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{where}[{number}]")
    else:
        assert type(a) is type(b) and (a == b or (a != a and b != b)), f"{where}: {a!r} {b!r}"


def test_a_whole_project_comes_back_to_the_bit(tmp_path: Path) -> None:
    before = project()
    path = write_project(before, tmp_path / "päth.microloom")
    after = read_project(path)
    assert_same(before, after)
    image = after.phase_image
    assert image is not None
    assert after.results[0].made.target.exemplar.labels is image.labels, "what was shared is shared again"
    assert after.results[0].made.model is after.results[1].made.model
    assert not image.labels.flags.writeable


def test_an_empty_project_comes_back(tmp_path: Path) -> None:
    assert_same(Project(), read_project(write_project(Project(), tmp_path / "empty.microloom")))


def test_the_restored_model_makes_the_same_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.job import finish
    from core.reconstruction.swnn import model as made_of

    monkeypatch.setattr(made_of, "CALIBRATION_SIZE", (32, 32, 32))
    before = project(results=(saved_result(project().phase_image),), shown=-1)  # type: ignore[arg-type]
    after = read_project(write_project(before, tmp_path / "a.microloom"))
    volumes = [finish(item.results[0].made.model.generate((20, 9, 17), 5)) for item in (before, after)]
    assert array_hash(volumes[0].labels) == array_hash(volumes[1].labels)


LABELS = some.integers(0, 4)


@settings(max_examples=40, deadline=None)
@given(
    grey=some.sampled_from([np.uint8, np.uint16, np.float32]).flatmap(
        lambda kind: arrays.arrays(
            kind,
            arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
            elements=some.floats(width=32, allow_nan=False, allow_infinity=False) if kind is np.float32 else None,
        )
    ),
    labels=arrays.arrays(
        np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=some.integers(0, 4)
    ),
    size=some.none() | some.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False),
    thresholds=some.lists(some.floats(allow_nan=False, allow_infinity=False), max_size=4).map(tuple),
    name=some.text(some.characters(codec="utf-8"), max_size=20),
    seed=some.integers(-(2**70), 2**70),
    changed=some.dictionaries(some.sampled_from(["iterations"]), some.integers(10, 500)),
)
def test_any_project_comes_back(
    grey: np.ndarray, labels: np.ndarray, size: float | None, thresholds: tuple[float, ...], name: str, seed: int,
    changed: dict[str, int],
) -> None:  # fmt: skip
    made_by = Provenance(name, settings={"of": [name, size]}, seed=seed)
    before = Project(
        micrograph=Micrograph(grey, size, name, made_by, {name: name}),
        source=name,
        pixel_size=size,
        segmentation=SegmentationSettings(manual_thresholds=thresholds),
        phases=default_phases(5),
        phase_image=PhaseImage(labels, default_phases(5), size, name, made_by),
        plan=Plan(seed=seed, changed_settings=changed),
    )
    with tempfile.TemporaryDirectory() as folder:
        assert_same(before, read_project(write_project(before, Path(folder) / "a.microloom")))


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 4, 3), (2, 7, 4), (3, 1, 9), (1, 6, 5), (4, 4, 4)])
def test_volumes_of_any_shape_come_back(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    first = saved_result(project().phase_image)  # type: ignore[arg-type]
    labels = np.random.default_rng(0).integers(0, 2, shape).astype(np.uint8)
    volume = Volume(labels, first.made.volume.phases, None, "volume", Provenance("made"))
    made = dataclasses.replace(first.made, volume=volume)
    before = project(results=(dataclasses.replace(first, made=made),), shown=-1)
    assert_same(before, read_project(write_project(before, tmp_path / "a.microloom")))


def test_the_same_project_gives_the_same_bytes_and_members_that_others_can_read(tmp_path: Path) -> None:
    kept = project()
    one, other = (write_project(kept, tmp_path / name) for name in ("a.microloom", "b.microloom"))
    assert one.read_bytes() == other.read_bytes()
    document = read_document(one)
    assert document["format_version"] == 1
    with zipfile.ZipFile(one) as archive:
        assert json.loads(archive.read("project.json")) == document
        names = sorted(archive.namelist())
        volume = archive.open(document["results"][2]["volume"]["member"])
        assert np.array_equal(tifffile.imread(volume), kept.results[2].made.volume.labels)
    assert names == [
        "classifier-1.microloom-classifier", "labels-1.tif", "labels-2.tif", "labels-3.tif",
        "labels-4.tif", "labels-5.tif", "labels-6.tif", "labels-7.tif", "labels-8.tif",
        "mask-1.tif", "mask-2.tif", "mask-3.tif", "mask-4.tif",
        "micrograph-1.tif", "model-1.microloom-model", "model-2.microloom-model",
        "project.json", "volume-1.tif", "volume-2.tif", "volume-3.tif",
    ]  # fmt: skip


def test_a_project_is_told_from_other_files(tmp_path: Path) -> None:
    path = write_project(Project(), tmp_path / "a.microloom")
    renamed = tmp_path / "a.zip"
    renamed.write_bytes(path.read_bytes())
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "a")
    picture = tmp_path / "a.tif"
    tifffile.imwrite(picture, np.zeros((4, 4), np.uint8))
    assert [is_project(item) for item in (path, renamed, other, picture, tmp_path / "none")] == [True, True] + 3 * [
        False
    ]


def test_what_is_there_is_replaced_only_when_asked_and_survives_a_cancelled_save(tmp_path: Path) -> None:
    path = write_project(project(), tmp_path / "a.microloom")
    before = path.read_bytes()
    with pytest.raises(OutputExistsError):
        write_project(Project(), path)
    job = saving(project(shown=0), path, overwrite=True)
    for progress in job:
        if progress.step == progress.of - 2:
            break
    job.close()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"
    write_project(Project(), path, overwrite=True)
    assert read_project(path).micrograph is None


def test_nothing_is_written_that_could_not_be_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_project(project(), tmp_path / "a.microloom")
    was = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        document, everything = file.getinfo("project.json").file_size, sum(one.file_size for one in file.infolist())
    # without its indents it is still short enough
    monkeypatch.setattr(archive, "MAX_DOCUMENT_BYTES", document - 1)
    assert_same(project(), read_project(write_project(project(), tmp_path / "b.microloom")))
    monkeypatch.setattr(archive, "MAX_DOCUMENT_BYTES", document // 3)
    with pytest.raises(JobError, match="More was measured"):
        write_project(project(), path, overwrite=True)
    monkeypatch.undo()
    monkeypatch.setattr(archive, "MAX_BYTES", everything)
    read_project(write_project(project(), tmp_path / "b.microloom", overwrite=True))
    monkeypatch.setattr(archive, "MAX_BYTES", everything - 1)
    with pytest.raises(JobError, match=r"larger than a project can hold.*remove some runs"):
        write_project(project(), path, overwrite=True)
    assert path.read_bytes() == was and sorted(one.name for one in tmp_path.iterdir()) == ["a.microloom", "b.microloom"]
