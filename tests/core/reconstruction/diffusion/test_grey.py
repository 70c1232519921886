"""Grey pictures instead of phases: their range, a training on them, and what its model makes and refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from core.images.grey_volume import open_grey_volume
from core.images.grey_writing import write_grey_volume, write_micrograph
from core.images.reading import read_micrograph
from core.images.values import Micrograph
from core.job import Progress, finish
from core.provenance import Provenance
from core.reconstruction.diffusion import copying
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.grey import GreyRange, grey_settings, read_grey_classes, training
from core.reconstruction.diffusion.grey_model import EmergingGrey, GreyModel
from core.reconstruction.diffusion.settings import PRESETS
from core.reconstruction.engine import TrainingProgress
from core.reconstruction.model_file import load_model, save_model
from tests.core.reconstruction.diffusion.tiny import TINY, tiny_denoiser


def micrograph(seed: int = 0, low: int = 40, high: int = 200, kind: str = "uint8") -> Micrograph:
    """Random blocks of 4 px, 24 × 32 px, from ``low`` to ``high``."""
    values = np.linspace(low, high, 48)
    grey = np.kron(np.random.default_rng(seed).permutation(values).reshape(6, 8), np.ones((4, 4)))
    grey = grey if kind == "float32" else np.rint(grey)
    return Micrograph(grey.astype(kind), 2e-6, f"blocks {seed}", Provenance("read"))


@pytest.fixture(scope="module")
def trained() -> tuple[GreyModel, list[TrainingProgress]]:
    """Of two classes, of which the second is brighter."""
    reports: list[TrainingProgress] = []
    classes = {"dark": [micrograph(0), micrograph(1)], "bright": [micrograph(2, 100, 250)]}
    model = finish(training(classes, TINY, seed=5), reports.append)
    assert isinstance(model, GreyModel)
    return model, reports


@pytest.mark.parametrize(("kind", "low", "high"), [("uint8", 3, 200), ("uint16", 0, 65535)])
def test_every_value_of_the_range_comes_back(kind: str, low: int, high: int) -> None:
    span = GreyRange(low, high, kind)
    values = np.arange(low, high + 1).astype(kind)
    learned = span.learned(values)
    assert learned.dtype == np.float32
    assert learned[0] == -1 and learned[-1] == 1 and (np.diff(learned) > 0).all()
    assert np.array_equal(span.grey(learned), values) and span.grey(learned).dtype == values.dtype
    # what a sampler makes beyond the range is cut off there
    assert span.grey(np.float32([-1.5, 1.5])).tolist() == [low, high]


def test_the_range_is_that_of_all_data_and_its_type_the_widest() -> None:
    both = [micrograph(0, 40, 200), micrograph(1, 10, 900, "uint16")]
    assert GreyRange.of(both) == GreyRange(10, 900, "uint16")
    assert GreyRange.from_json(GreyRange.of(both).to_json()) == GreyRange.of(both)
    with pytest.raises(InputError, match="one grey value only"):
        GreyRange.of([micrograph(0, 7, 7)])
    for told in ({}, None, {"low": 2, "high": 1, "type": "uint8"}, {"low": 0, "high": float("inf"), "type": "uint8"}):
        with pytest.raises(InputError, match="range of grey values"):
            GreyRange.from_json(told)


def test_pictures_and_volumes_lie_in_the_range_of_the_data(trained: tuple[GreyModel, list[TrainingProgress]]) -> None:
    # weights that do something: the training was too short
    known = GreyModel(tiny_denoiser(2, told=False), trained[0].card)
    model = known.of_class("bright")
    made = finish(model.pictures(2, 16, 7))
    assert [picture.shape for picture in made] == [(16, 16)] * 2
    assert made[0].grey.dtype == np.uint8 and made[0].pixel_size == 2e-6
    assert min(picture.grey.min() for picture in made) >= 40 and max(picture.grey.max() for picture in made) <= 250
    again = finish(model.pictures(3, 16, 7))
    assert np.array_equal(again[1].grey, made[1].grey) and not np.array_equal(again[0].grey, again[1].grey)
    other = finish(known.of_class("dark").pictures(1, 16, 7))
    assert not np.array_equal(other[0].grey, made[0].grey)  # the class is a condition
    reports: list[Progress] = []
    volume = finish(model.volume((6, 9, 10), 7), reports.append)
    # it is seen emerging after each step, in grey values of the data, and ends as what is made
    seen = [one.preview for one in reports if isinstance(one, EmergingGrey) and one.preview is not None]
    assert len(seen) == TINY.steps and all(one.shape == (6, 9, 10) and one.dtype == np.uint8 for one in seen)
    assert not np.array_equal(seen[0], seen[1]) and min(one.min() for one in seen) >= 40
    assert np.array_equal(seen[-1], volume.grey)
    assert volume.grey.shape == (6, 9, 10) and volume.grey.dtype == np.uint8 and volume.voxel_size == 2e-6
    assert np.array_equal(volume.grey, finish(model.volume((6, 9, 10), 7)).grey)
    with pytest.raises(InputError, match="Choose 14 or 16 px"):
        finish(model.pictures(1, 15, 0))


def test_a_model_file_keeps_it_and_other_places_refuse_it(
    trained: tuple[GreyModel, list[TrainingProgress]], tmp_path: Path
) -> None:
    model, _ = trained
    assert model.card["grey"] == {"low": 40.0, "high": 250.0, "type": "uint8"}
    # what volumes of each class are set beside
    dark, bright = model.of_class("dark").record, model.of_class("bright").record
    assert dark is not None and bright is not None and len(dark.levels) == 211
    assert dark.counts.sum() == 2 * 24 * 32 and bright.counts[:60].sum() == 0 and len(bright.covariance) == 12
    assert model.of_class("bright").black_and_white == (100, 250)
    volume = np.stack([micrograph(0).grey] * 4)
    apart = [finish(model.of_class(name).agreement(volume, volume.shape)) for name in ("dark", "bright")]
    assert apart[0] is not None and apart[1] is not None and apart[0].distance < 5 < 40 < apart[1].distance
    earlier = GreyModel(tiny_denoiser(2, told=False), {**model.card, "classes": [{"name": "dark"}, {"name": "bright"}]})
    assert earlier.record is None and finish(earlier.agreement(volume, volume.shape)) is None
    assert earlier.black_and_white == (40, 250)
    path = save_model(model, tmp_path / "grey.microloom-model")
    with pytest.raises(InputError, match="grey images"):
        load_model(path)
    again = load_model(path, grey=True)
    assert isinstance(again, GreyModel) and again.classes == ("dark", "bright")
    assert np.array_equal(finish(again.pictures(1, 16, 0))[0].grey, finish(model.pictures(1, 16, 0))[0].grey)
    with pytest.raises(InputError, match="no phases"):
        again.generate((16, 16, 16), 0)
    with pytest.raises(InputError, match="guided towards"):
        again.generating_with({"guidance": 1.0})
    told = {"grey": {"low": 1, "high": 0, "type": "uint8"}, "classes": [], "settings": {**model.card["settings"]}}
    told["settings"]["told"] = True
    for key, spoilt in told.items():
        with pytest.raises(InputError, match="cannot be used"):
            DiffusionEngine().restore({**model.card, key: spoilt}, model.weights())


def test_its_samples_are_compared_with_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "LEAST_ITERATIONS", 3)
    model = finish(training({"one": [micrograph()]}, TINY))
    told = model.card["copying"]
    assert told["samples"] == 8 and 0 < told["least_pixel_mse"] < 1
    assert "of the range of grey values" in str(copying.sentence(model.card))


def test_previews_are_grey_and_the_settings_ask_for_no_phases(
    trained: tuple[GreyModel, list[TrainingProgress]],
) -> None:
    settings = trained[0].card["settings"]
    assert settings["prediction"] == "velocity" and settings["told"] is False
    assert trained[0].card["asked_settings"]["told"] is True
    assert grey_settings(TINY).guidance == 0
    assert all(np.isfinite(report.loss) for report in trained[1])


def test_planes_of_grey_values_have_their_turns() -> None:
    # planes add up their odds, which grey values have not: every axis has its turn at each step instead
    for given, passes in ((PRESETS["small"], 3), (replace(PRESETS["small"], passes=4), 4)):
        found = grey_settings(given)
        assert (found.prediction, found.planes, found.passes) == ("velocity", "in turn", passes)
    asked = replace(PRESETS["small"], prediction="noise")
    assert (grey_settings(asked).planes, grey_settings(asked).passes) == ("together", 1), "as the user says"


def test_the_learned_variance_is_trained_on_as_many_levels_as_grey_values_have() -> None:
    learned = replace(TINY, bound_weight=0.001, iterations=1)
    model = finish(training({"one": [micrograph()]}, learned))
    assert isinstance(model, GreyModel) and np.isfinite(model.card["training"]["losses"]).all()


def test_files_keep_values_and_pixel_size(tmp_path: Path) -> None:
    for kind, suffix in (
        ("uint8", ".tif"),
        ("uint16", ".tif"),
        ("float32", ".tif"),
        ("uint8", ".png"),
        ("uint16", ".png"),
    ):
        picture = micrograph(3, 5, 240, kind)
        read = read_micrograph(write_micrograph(picture, tmp_path / f"{kind}{suffix}"))
        assert np.array_equal(read.grey, picture.grey) and read.grey.dtype == picture.grey.dtype
        assert suffix == ".png" or read.pixel_size == pytest.approx(2e-6)
    stack = np.random.default_rng(0).integers(0, 65535, (3, 4, 5)).astype(np.uint16)
    found = open_grey_volume(write_grey_volume(stack, tmp_path / "stack.tif", 3e-6, Provenance("made")))
    assert found is not None and found.shape == (3, 4, 5)
    assert np.array_equal(found.plane(1), stack[1]) and found.voxel_size == pytest.approx((3e-6,) * 3)
    with pytest.raises(InputError, match="whole numbers"):
        write_micrograph(micrograph(kind="float32"), tmp_path / "f.png")


def test_a_folder_of_grey_pictures(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_micrograph(micrograph(0), tmp_path / "a" / "1.tif")
    write_micrograph(micrograph(1), tmp_path / "a" / "2.png")
    found = read_grey_classes(tmp_path)
    assert list(found) == ["a"] and np.array_equal(found["a"][0].grey, micrograph(0).grey)
    with pytest.raises(InputError, match="holds no picture"):
        (tmp_path / "b").mkdir()
        read_grey_classes(tmp_path)
