"""One model for a range of volume fractions, and for fractions that vary in space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.images.values import PhaseImage, default_phases
from core.job import finish
from core.masks.mask import Mask
from core.provenance import Provenance
from core.reconstruction.engine import Target
from core.reconstruction.pipeline import reconstruct
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.model import SwnnModel
from core.reconstruction.swnn.network import Modulation, SwnnNetwork
from core.reconstruction.swnn.objective import choose, objectives_of, patches_with
from core.reconstruction.swnn.patterns import MOST_WINDOWS, ExemplarPatterns
from core.reconstruction.swnn.serving import Thresholds, WantedFractions, nodes, threshold_of
from core.reconstruction.swnn.settings import PRESETS, SwnnSettings, for_mask, place_of, resolve
from core.reconstruction.swnn.training import make_noise

TINY = replace(
    PRESETS["fast"],
    iterations=80,
    time_limit=None,
    levels=2,
    overview=0,
    channels=6,
    coarse_channels=6,
    fine_convolutions=1,
    coarse_convolutions=1,
    window=3,
    scales=1,
    cube=12,
    batch=2,
    windows=256,
    bent_bases=0,
    lowest_fraction=0.2,
    highest_fraction=0.6,
)


def target() -> Target:
    rng = np.random.default_rng(0)
    labels = np.kron(rng.random((16, 16)) < 0.4, np.ones((3, 3))).astype(np.uint8)
    exemplar = PhaseImage(labels, default_phases(2), 1e-6, "blocks", Provenance("read"))
    return Target(exemplar, 1, None, (24, 24, 24), 0)


def field_of(values: np.ndarray) -> Mask:
    return Mask(values.astype(np.float32), None, "field", Provenance("test"))


def test_modulation_is_a_polynomial_of_the_place() -> None:
    layer = Modulation(2)
    features = torch.randn(3, 2, 2, 3, 4)
    place = torch.tensor([-1.0, 0.0, 0.5]).reshape(3, 1, 1, 1, 1)
    assert torch.equal(layer(features, place), features)  # at first
    torch.nn.init.normal_(layer.scale)
    torch.nn.init.normal_(layer.shift)
    for block, t in enumerate((-1.0, 0.0, 0.5)):
        powers = torch.tensor([1.0, t, t * t])
        scale, shift = (powers @ layer.scale).reshape(2, 1, 1, 1), (powers @ layer.shift).reshape(2, 1, 1, 1)
        assert torch.allclose(layer(features, place)[block], features[block] * scale + shift, atol=1e-6)


def test_a_field_that_is_the_same_everywhere_is_that_number() -> None:
    settings = resolve(TINY, target().indicator)
    torch.manual_seed(0)
    network = SwnnNetwork(settings).eval()
    for module in network.modules():
        if isinstance(module, Modulation):
            torch.nn.init.normal_(module.scale)
            torch.nn.init.normal_(module.shift)
    size = (9, 10, 11)
    noise = make_noise(network, size, 1, torch.Generator().manual_seed(0), "cpu")
    one = [torch.full((1, 1, 1, 1, 1), 0.3)] * 2
    everywhere = [torch.full((1, 1, *box.shape), 0.3) for box in network.noise_boxes((0, 0, 0), size)]
    with torch.no_grad():
        assert torch.allclose(network(noise, (0, 0, 0), size, one), network(noise, (0, 0, 0), size, everywhere))
        with pytest.raises(ValueError, match="range"):
            network(noise, (0, 0, 0), size)


def test_every_block_of_a_step_has_a_fraction_of_its_own_part_of_the_range() -> None:
    draw = torch.Generator().manual_seed(0)
    served = objectives_of(target(), resolve(TINY, target().indicator), draw, "cpu")
    places = [each.place for each in served]
    own = float(target().indicator.mean())
    assert places[0] == -1
    assert places[-1] == 1
    assert any(place == pytest.approx(place_of(TINY, own)) for place in places)
    for _ in range(20):
        low, high = choose(served, 2, draw)
        assert low.place <= places[4]
        assert high.place >= places[4]


def test_patches_have_the_wanted_mean_and_are_the_exemplars_own() -> None:
    indicator = target().indicator
    draw = torch.Generator().manual_seed(0)
    patches = patches_with(indicator, 0.3, 12, 3, draw)
    assert float(patches.mean()) == pytest.approx(0.3, abs=0.01)
    every = np.lib.stride_tricks.sliding_window_view(indicator, patches.shape[1:]).reshape(-1, *patches.shape[1:])
    assert all((every == patch).all(axis=(1, 2)).any() for patch in patches[:20])
    # so far from the mean only small ones are
    assert patches_with(indicator, 0.9, 12, 3, draw).shape[1:] < (12, 12)
    with pytest.raises(InputError, match="out of reach"):
        patches_with(indicator, 0.9, 24, 24, draw)


def test_fractions_that_only_a_few_windows_reach_are_reached() -> None:
    # 300² pixels are half phase everywhere but in one corner of 8²: a sample of the windows would miss it
    indicator = np.random.default_rng(0).random((300, 300)) < 0.5
    indicator[:8, :8] = False
    lowest = 1 / 64
    for seed in range(3):
        draw = torch.Generator().manual_seed(seed)
        patches = patches_with(indicator, lowest, 32, 8, draw)
        assert patches.shape[1:] == (8, 8)
        assert float(patches.mean()) <= lowest
        patterns = ExemplarPatterns(indicator, 8, (1,), fraction=lowest, generator=draw).patterns[1]
        assert float(patterns.mean()) == -1
        assert len(patterns) <= MOST_WINDOWS


def test_a_range_has_two_ends_in_order() -> None:
    for ends in ({"highest_fraction": None}, {"lowest_fraction": 0.6}, {"lowest_fraction": 0.7}):
        with pytest.raises(InputError, match="range of volume fractions"):
            resolve(replace(TINY, **ends), target().indicator)


def test_one_model_makes_every_fraction(trained: SwnnModel) -> None:
    found = []
    for fraction in (0.2, 0.3, 0.4, 0.5, 0.6):
        volume = finish(trained.generate((48, 48, 48), 0, volume_fraction=fraction))
        found.append(float((volume.labels == 1).mean()))
    # on the calibration volume exact at its nodes, and interpolated between them
    assert found == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6], abs=0.01)
    served = trained.card["calibration"]["served"]
    before = [entry["before"] for entry in served]
    # the network itself follows what it is told; the thresholds only correct it
    assert before[-1] - before[0] > 0.2
    assert (np.diff(before) > 0).all()


def test_what_is_out_of_the_range_is_refused(trained: SwnnModel) -> None:
    for fraction in (0.15, 0.65):
        with pytest.raises(InputError, match=r"0\.200 to 0\.600"):
            finish(trained.generate((8, 8, 8), 0, volume_fraction=fraction))
    with pytest.raises(InputError, match=r"0\.100 to 0\.500"):
        finish(trained.generate((8, 8, 8), 0, mask=field_of(np.linspace(0.1, 0.5, 8)[:, None, None])))


def test_a_uniform_mask_is_that_fraction(trained: SwnnModel) -> None:
    plain = finish(trained.generate((20, 20, 20), 3, volume_fraction=0.35))
    masked = finish(trained.generate((20, 20, 20), 3, mask=field_of(np.full((1, 1, 1), 0.35))))
    # the mask is in single precision
    assert (plain.labels != masked.labels).mean() < 1e-3


def test_the_fraction_follows_the_mask(trained: SwnnModel) -> None:
    steps = np.where(np.arange(96) < 48, 0.25, 0.55)
    volume = finish(trained.generate((96, 48, 48), 1, mask=field_of(steps[:, None, None])))
    low, high = (float((half == 1).mean()) for half in (volume.labels[:40], volume.labels[56:]))
    assert low == pytest.approx(0.25, abs=0.03)
    assert high == pytest.approx(0.55, abs=0.03)
    assert volume.provenance.settings["mask"]["range"] == [0.25, pytest.approx(0.55)]


def test_a_voxel_does_not_depend_on_the_box_asked_for(trained: SwnnModel) -> None:
    mask = field_of(np.linspace(0.2, 0.6, 5)[None, :, None])
    recipe = finish(trained.recipe((80, 70, 66), 2, mask=mask))
    whole, _ = finish(recipe.box((0, 0, 0), (80, 70, 66)))
    part, _ = finish(recipe.box((50, 13, 21), (20, 57, 45)))
    assert np.array_equal(part, whole[50:70, 13:70, 21:66])


def test_a_periodic_volume_repeats_with_its_mask(trained: SwnnModel) -> None:
    mask = field_of(np.array([0.2, 0.6, 0.4])[:, None, None])
    recipe = finish(trained.recipe((24, 24, 24), 2, mask=mask, periodic=(True, False, False)))
    one, _ = finish(recipe.box((0, 0, 0), (24, 24, 24)))
    next_to_it, _ = finish(recipe.box((24, 0, 0), (24, 24, 24)))
    assert np.array_equal(one, next_to_it)


def test_a_model_for_one_fraction_refuses_a_mask() -> None:
    single = replace(TINY, iterations=1, lowest_fraction=None, highest_fraction=None)
    model = finish(SwnnEngine().train(target(), single))
    with pytest.raises(InputError, match="one volume fraction"):
        finish(model.generate((8, 8, 8), 0, mask=field_of(np.full((1, 1, 1), 0.4))))


def test_the_range_is_kept_in_a_file(trained: SwnnModel) -> None:
    again = SwnnEngine().restore(trained.card, trained.weights())
    assert again.served == (0.2, 0.6)
    assert again.threshold(0.33) == trained.threshold(0.33)
    for spoilt in ([], [{"fraction": 1}], [{"fraction": 0.5, "threshold": 0, "before": 0}] * 2, "no"):
        calibration = {**trained.card["calibration"], "served": spoilt}
        with pytest.raises(InputError, match="thresholds of its range"):
            SwnnEngine().restore({**trained.card, "calibration": calibration}, trained.weights())


def test_fractions_of_a_mask_at_coarse_cells() -> None:
    values = np.arange(8, dtype=np.float32)[:, None, None] / 10
    wanted = WantedFractions(field_of(values), (8, 4, 4))
    assert np.allclose(wanted.box((0, 0, 0), (8, 1, 1), 1)[:, 0, 0], values[:, 0, 0])
    # the middle of a cell of two voxels lies between two elements; beyond the faces the outermost goes on
    assert np.allclose(wanted.box((-1, 0, 0), (6, 1, 1), 2)[:, 0, 0], [0, 0.05, 0.25, 0.45, 0.65, 0.7])
    wrapped = WantedFractions(field_of(values), (8, 4, 4), (8, None, None))
    assert np.allclose(wrapped.box((-2, 0, 0), (2, 2, 1), 1)[:, 0, 0], [0.6, 0.7])
    assert WantedFractions(0.4, (8, 8, 8)).uniform == 0.4
    assert wanted.uniform is None


def test_thresholds_by_counting() -> None:
    field = np.random.default_rng(0).permutation(1000).reshape(10, 10, 10).astype(np.float32)
    threshold, before = threshold_of(field, 0.25)
    assert (field > threshold).mean() == 0.25
    assert before == 0.999
    assert nodes(0.1, 0.7, 0.33)[2] == 0.33
    between = Thresholds((0.1, 0.3), (1.0, 0.0), (0.0, 0.0)).at(np.array([[0.1, 0.2, 0.3]]))
    assert between.dtype == np.float32
    assert np.allclose(between, [[1, 0.5, 0]])


def test_a_mask_sets_the_range_that_is_trained() -> None:
    single = replace(TINY, lowest_fraction=None, highest_fraction=None)
    assert for_mask(single, None) is single
    assert for_mask(TINY, field_of(np.full((1, 1, 1), 0.3))) is TINY
    made = for_mask(single, field_of(np.array([0.25, 0.5])[:, None, None]))
    assert (made.lowest_fraction, made.highest_fraction) == (0.25, 0.5)
    # a mask that is the same everywhere has room to either side, within what a fraction can be
    made = for_mask(single, field_of(np.full((1, 1, 1), 0.01)))
    assert made.lowest_fraction == 0.005
    assert made.highest_fraction == pytest.approx(0.03)


def test_the_whole_way_with_a_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
    single = replace(TINY, lowest_fraction=None, highest_fraction=None)
    mask = field_of(np.where(np.arange(2) < 1, 0.25, 0.5)[:, None, None])
    wanted = replace(target(), mask=mask, size=(64, 32, 32))
    assert wanted.wanted_fraction == pytest.approx(0.375)
    assert not [found for found in SwnnEngine().preflight(wanted, single, "cpu") if found.severity == "error"]
    made = finish(reconstruct(SwnnEngine(), wanted, single))
    assert made.model.card["settings"]["lowest_fraction"] == pytest.approx(0.25)
    inside = made.volume.labels == made.volume_phase
    assert float(inside[40:].mean()) - float(inside[:24].mean()) == pytest.approx(0.25, abs=0.06)


def test_a_range_out_of_reach_is_found_before_training() -> None:
    wide = replace(TINY, window=15, highest_fraction=0.99)
    (found,) = [item for item in SwnnEngine().preflight(target(), wide, "cpu") if item.severity == "error"]
    assert found.field == "volume_fraction"
    assert "out of reach" in found.message
    outside = replace(target(), mask=field_of(np.array([0.1, 0.3])[:, None, None]))
    (found,) = [item for item in SwnnEngine().preflight(outside, TINY, "cpu") if item.severity == "error"]
    assert (found.field, "0.200 to 0.600" in found.message) == ("mask", True)


def test_settings_without_a_range_have_one_place() -> None:
    assert place_of(SwnnSettings(), 0.3) == 0
    assert place_of(TINY, 0.2) == -1
    assert place_of(TINY, 0.6) == pytest.approx(1)
