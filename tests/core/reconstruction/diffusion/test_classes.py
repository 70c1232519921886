"""One model for several classes: what it is trained on, what it makes of each, and what its file may say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.images.writing import write_phase_image
from core.job import finish
from core.reconstruction.diffusion import training as room
from core.reconstruction.diffusion.classes import read_classes, training
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.model import DiffusionModel
from core.synthesis.datasets import KINDS, dataset
from tests.core.reconstruction.diffusion.tiny import TINY

SMALL = {key: replace(KINDS[key].settings, size=24, length=8.0) for key in ("fibres", "ceramic", "copolymer")}
CLASSES = {key: tuple(item.image for item in dataset(key, 3, 0, settings)) for key, settings in SMALL.items()}


@pytest.fixture(scope="module")
def model() -> DiffusionModel:
    made = finish(training(CLASSES, TINY, seed=2))
    assert isinstance(made, DiffusionModel)
    return made


def test_each_class_has_its_fraction_phases_and_label(model: DiffusionModel) -> None:
    assert model.classes == tuple(CLASSES)
    volumes = {}
    for number, (name, images) in enumerate(CLASSES.items()):
        one = model.of_class(name)
        share = float(np.mean([image.labels.mean() for image in images]))
        assert one.card["volume_fraction"] == pytest.approx(share)
        assert one.card["planes"] == [number] * 3
        made = finish(one.generate((16, 16, 16), 1))
        assert made.fractions[1] == pytest.approx(share, abs=1 / 16**3)
        assert [phase.name for phase in made.phases] == list(KINDS[name].phases)
        assert made.name.startswith(name)
        volumes[name] = made.labels
    assert not np.array_equal(volumes["fibres"], volumes["ceramic"])
    with pytest.raises(InputError, match="no class 'steel'"):
        model.of_class("steel")


def test_what_the_training_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def watched(exemplars: Any, phases: int, settings: Any, **named: Any) -> Any:
        seen.append((exemplars, phases, named["planes"]))
        return plain(exemplars, phases, settings, **named)

    plain = room.train
    monkeypatch.setattr(room, "train", watched)
    finish(training(CLASSES, replace(TINY, iterations=1)))
    exemplars, phases, planes = seen.pop()
    assert [item.label for item in exemplars] == [0] * 3 + [1] * 3 + [2] * 3
    assert (phases, planes) == (2, (0, 0, 0))
    assert np.array_equal(exemplars[4].labels, CLASSES["ceramic"][1].labels)
    only = finish(training({"fibres": CLASSES["fibres"]}, replace(TINY, iterations=1)))
    assert seen.pop()[2] == (-1, -1, -1)
    assert only.card["planes"] == [-1] * 3


def test_it_comes_back_from_its_file(model: DiffusionModel) -> None:
    one = model.of_class("ceramic")
    again = DiffusionEngine().restore(one.card, one.weights())
    assert again.classes == model.classes
    found, expected = (finish(each.generate((16, 16, 16), 4)).labels for each in (again, one))
    assert np.array_equal(found, expected)
    assert np.array_equal(finish(again.of_class("fibres").generate((16, 16, 16), 4)).labels,
                          finish(model.of_class("fibres").generate((16, 16, 16), 4)).labels)  # fmt: skip
    first = dict(one.card["classes"][0])
    for changed in ({"fractions": [0.5]}, {"fractions": [0.5, 2.0]}, {"served": 3}, {"phases": [1]}, {"name": 5}):
        spoilt = [{**first, **changed}, *one.card["classes"][1:]]
        with pytest.raises(InputError):
            DiffusionEngine().restore({**one.card, "classes": spoilt}, one.weights())
    for planes in ([3, 0, 0], [5, 5, 5]):
        with pytest.raises(InputError, match="planes"):
            DiffusionEngine().restore({**one.card, "planes": planes}, one.weights())


def test_a_file_of_one_class_does_not_go_on_with_another(model: DiffusionModel) -> None:
    # asked for the same in all else
    one, other = (
        finish(model.of_class(name).recipe((16, 16, 16), 4, volume_fraction=0.4)).identity
        for name in ("ceramic", "fibres")
    )
    assert one["class"] != other["class"]


def test_folders_are_classes(tmp_path: Path) -> None:
    for name, images in CLASSES.items():
        (tmp_path / name).mkdir()
        for number, image in enumerate(images):
            write_phase_image(image, tmp_path / name / f"{number}.tif")
    (tmp_path / "truth.csv").write_text("a table")
    found = read_classes(tmp_path)
    assert list(found) == sorted(CLASSES)
    assert all(np.array_equal(found[name][2].labels, images[2].labels) for name, images in CLASSES.items())
    assert list(read_classes(tmp_path / "fibres")) == ["fibres"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no phase image"):
        read_classes(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        read_classes(tmp_path / "nowhere")


def flat(labels: np.ndarray) -> PhaseImage:
    return replace(CLASSES["fibres"][0], labels=labels.astype(np.uint8))


def test_images_that_do_not_go_together_are_refused() -> None:
    labels = np.arange(576).reshape(24, 24).astype(np.uint8) % 3
    three = PhaseImage(labels, default_phases(3), None, "three", CLASSES["fibres"][0].provenance)
    for classes, words in (
        ({}, "0 classes"),
        ({"a": CLASSES["fibres"], "b": [three]}, "2 or 3 phases"),
        ({"a": [flat(np.ones((24, 24)))]}, "never occurs in the class a"),
        ({"a": [flat(np.eye(8))]}, "smaller than crops"),
    ):
        with pytest.raises(InputError, match=words):
            finish(training(classes, TINY))
