"""Copies of the training data: found wherever they were cut and however they were turned, and told in plain words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.job import finish
from core.reconstruction.diffusion import copying
from core.reconstruction.diffusion.copying import comparing, copying_told, nearest_crop, sentence
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.diffusion.phases import GREY
from core.reconstruction.diffusion.sections import Exemplar
from core.reconstruction.model_record import picture_entry
from tests.core.reconstruction.diffusion.tiny import TINY, exemplar, target, tiny_denoiser

PICTURE = exemplar(3, 1).labels


@pytest.mark.parametrize("phases", [2, 3])
@pytest.mark.parametrize("most", [4000, 50])
def test_the_nearest_crop_is_the_one_of_brute_force(phases: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_MOST", most)
    data = np.minimum(PICTURE, phases - 1)
    # a copy cut between the places looked at first, with three pixels changed
    sample = data[11:27, 21:37].copy()
    sample[0, :3] = (sample[0, :3] + 1) % phases
    share, picture, crop = nearest_crop(
        [Exemplar(np.zeros((20, 20), np.uint8)), Exemplar(data)], sample[None], 16, phases
    )
    every = [(data[y : y + 16, x : x + 16] != sample).mean() for y in range(25) for x in range(33)]
    assert share == pytest.approx(min(every)) == pytest.approx(3 / 256)
    assert np.array_equal(picture, sample) and (crop != sample).mean() == pytest.approx(share)


def test_copies_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    image = exemplar()
    made: list[np.ndarray] = []

    def copies(_denoiser: Any, count: int, edge: int, *_args: Any, **_named: Any) -> Any:
        # turned, as training shows it
        made[:] = [image.labels[2 : 2 + edge, 9 : 9 + edge].T[::-1]] * count
        yield
        return np.stack(made)

    def inverted(*args: Any, **named: Any) -> Any:
        return 1 - (yield from copies(*args, **named))

    known = [Exemplar(image.labels, 0, "all")]
    room = "core.reconstruction.diffusion.pictures.sampling_pictures"
    monkeypatch.setattr(room, copies)
    card = finish(comparing(tiny_denoiser(), known, 2, 0))
    assert (card["least_pixel_mse"], card["copies"], card["samples"]) == (0.0, 8, 8)
    assert "8 samples are copies" in str(sentence({"copying": card}))
    monkeypatch.setattr(room, inverted)
    card = finish(comparing(tiny_denoiser(), known, 2, 0))
    ways = copying._turned(1 - made[0], "all")
    assert len({way.tobytes() for way in ways}) == 8
    every = [(image.labels[y : y + 16, x : x + 16] != way).mean() for way in ways for y in range(25) for x in range(33)]
    assert card["copies"] == 0 and card["least_pixel_mse"] == pytest.approx(min(every))
    tiles = [image.labels[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16, 32)]
    pairs = [float((one != other).mean()) for n, one in enumerate(tiles) for other in tiles[:n]]
    assert card["among"] == pytest.approx(min(pairs))


def test_grey_copies_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.random.default_rng(0).uniform(-1, 1, (40, 48)).astype(np.float32)
    known, made = [Exemplar(data, 0, "all")], data[2:18, 9:25].T[::-1]

    def fields(more: float) -> Any:
        def sampling(_denoiser: Any, count: int, *_args: Any, within: bool, **_named: Any) -> Any:
            assert within
            yield
            # what lies beyond the range is cut off
            return np.stack([made * np.float32(1 + more)] * count)[:, None]

        return sampling

    room = "core.reconstruction.diffusion.pictures.sampling_fields"
    monkeypatch.setattr(room, fields(0.0))
    card = finish(comparing(tiny_denoiser(), known, GREY, 0))
    assert card["least_pixel_mse"] == pytest.approx(0, abs=1e-12) and card["copies"] == card["samples"] == 8
    monkeypatch.setattr(room, fields(-2.0))
    card = finish(comparing(tiny_denoiser(), known, GREY, 0))
    ways = copying._turned(-made, "all")
    every = [
        ((data[y : y + 16, x : x + 16] - way) ** 2).mean() / 4 for way in ways for y in range(25) for x in range(33)
    ]
    assert card["copies"] == 0 and card["least_pixel_mse"] == pytest.approx(min(every), rel=1e-5)
    tiles = [data[y : y + 16, x : x + 16] for y in (0, 16) for x in (0, 16, 32)]
    pairs = [float(((one - other) ** 2).mean()) / 4 for n, one in enumerate(tiles) for other in tiles[:n]]
    assert card["among"] == pytest.approx(min(pairs), rel=1e-5)
    # in words a root, as contrast is told; the pair in 256 greys
    told = copying_told({"grey": {}, "copying": card})
    assert told is not None and told.sample is not None and told.nearest is not None
    share = f"by {100 * min(every) ** 0.5:.1f} % of the range of grey values"
    assert share in told.sentence and told.sentence.endswith("no copy.")
    assert any(np.array_equal(told.sample, copying._drawn(way)) for way in ways)
    assert (np.abs(told.sample.astype(float) - told.nearest) ** 2).mean() / 255**2 == pytest.approx(
        min(every), rel=0.02
    )


def test_samples_of_the_network_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "copying" not in finish(DiffusionEngine().train(target(), TINY)).card, "three steps learn nothing by heart"
    monkeypatch.setattr(copying, "LEAST_ITERATIONS", 3)
    model = finish(DiffusionEngine().train(target(), TINY))
    told = model.card["copying"]
    assert 0 < told["least_pixel_mse"] < 1 and told["samples"] == 8
    assert [picture["shape"] for picture in told["pair"]] == [[16, 16]] * 2
    assert DiffusionEngine().restore(model.card, model.weights()).card["copying"] == told


def test_the_sentence() -> None:
    told = {"least_pixel_mse": 0.183, "among": 0.22, "copies": 0}
    assert str(sentence({"copying": told})).endswith("18.3 % of its pixels, crops of the data from each other in at "
                                                     "least 22.0 %: no copy.")  # fmt: skip
    assert "1 sample is a copy" in str(sentence({"copying": {**told, "copies": 1}}))
    assert "too few to say" in str(sentence({"copying": {**told, "among": None}}))
    for wrong in (
        {},
        {"copying": 3},
        {"copying": {**told, "least_pixel_mse": 7.0}},
        {"copying": {**told, "copies": "x"}},
    ):
        assert sentence(wrong) is None


def test_the_pair_of_a_card_is_in_the_labels_of_its_volumes() -> None:
    sample, nearest = np.eye(6, dtype=np.uint8), np.zeros((6, 6), np.uint8)
    told = {
        "least_pixel_mse": 1 / 6,
        "among": 0.4,
        "copies": 0,
        "pair": [picture_entry(sample), picture_entry(nearest)],
    }
    found = copying_told({"copying": told, "phases": [{}, {}], "volume_phase": 1})
    assert found is not None and found.sentence.endswith("no copy.")
    assert found.sample is not None and found.nearest is not None
    assert np.array_equal(found.sample, sample) and np.array_equal(found.nearest, nearest)
    # where label 0 of the volume is the phase of interest, which the network knows as 1
    turned = copying_told({"copying": told, "phases": [{}, {}], "volume_phase": 0})
    assert turned is not None and turned.nearest is not None and turned.nearest.all()
    # words without pictures, and nothing at all
    for spoilt in ([], [{"shape": [6, 6], "step": 1, "labels": "?"}] * 2):
        bare = copying_told({"copying": {**told, "pair": spoilt}, "phases": [{}, {}]})
        assert bare is not None and bare.sample is None and bare.sentence == found.sentence
    assert copying_told({}) is None
