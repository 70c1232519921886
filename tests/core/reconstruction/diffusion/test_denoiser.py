"""The U-Net: shapes, what it is told, and that sections can repeat."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from core.reconstruction.diffusion.denoiser import Attention, Condition, PlaneConv, count, parameters_of, waves
from core.reconstruction.diffusion.settings import PRESETS
from tests.core.reconstruction.diffusion.tiny import TINY, tiny_denoiser

TIMES = torch.tensor([1, 40])


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("weight", [0.0, 0.001])
def test_answers_have_the_shape_of_what_is_asked(channels: int, weight: float) -> None:
    denoiser = tiny_denoiser(channels=channels, bound_weight=weight)
    answer, share = denoiser(noise(2, channels, 12, 20), TIMES, Condition.nothing(2, channels))
    assert answer.shape == (2, channels, 12, 20)
    if weight:
        assert share is not None
        assert share.shape == answer.shape
        assert 0 <= share.min() < share.max() <= 1
    else:
        assert share is None


def test_sections_do_not_see_one_another() -> None:
    denoiser, x = tiny_denoiser(), noise(2, 1, 8, 8)
    both, _ = denoiser(x, TIMES, Condition.nothing(2, 1))
    alone, _ = denoiser(x[1:], TIMES[1:], Condition.nothing(1, 1))
    assert torch.allclose(both[1:], alone, atol=1e-5)


def test_time_fraction_and_label_are_heard() -> None:
    denoiser, x = tiny_denoiser(labels=2), noise(1, 1, 8, 8)

    def answer(time: int, fraction: float, label: int) -> torch.Tensor:
        condition = Condition(torch.tensor([[fraction]]), torch.tensor([label]))
        return denoiser(x, torch.tensor([time]), condition)[0]

    nan = float("nan")
    seen = [answer(1, nan, -1), answer(30, nan, -1), answer(1, 0.5, -1), answer(1, 0.2, -1), answer(1, nan, 0),
            answer(1, nan, 1)]  # fmt: skip
    for number, one in enumerate(seen):
        assert one.isfinite().all()
        assert not any(torch.allclose(one, other, atol=1e-6) for other in seen[number + 1 :])


def test_sections_repeat_where_they_are_to() -> None:
    denoiser, x = tiny_denoiser(), noise(1, 1, 16, 12)
    condition, time = Condition.nothing(1, 1), TIMES[:1]
    plain, _ = denoiser(x, time, condition)
    rows, _ = denoiser(x, time, condition, (True, False))
    moved, _ = denoiser(x.roll(6, 2), time, condition, (True, False))
    assert torch.allclose(moved, rows.roll(6, 2), atol=1e-4)
    across, _ = denoiser(x.roll(4, 3), time, condition, (True, False))
    assert not torch.allclose(across, rows.roll(4, 3), atol=1e-3)
    assert not torch.allclose(rows, plain, atol=1e-3)
    # nothing is kept: another thread may ask of the same denoiser meanwhile
    assert torch.equal(denoiser(x, time, condition)[0], plain)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_that_repeats_is_one_of_copies(stride: int) -> None:
    layer, x = PlaneConv(2, 3, stride), noise(1, 2, 6, 8)
    copies = functional.conv2d(x.repeat(1, 1, 3, 3), layer.weight, layer.bias, stride, 1)
    height, width = 6 // stride, 8 // stride
    assert torch.allclose(layer(x, (True, True)), copies[:, :, height : 2 * height, width : 2 * width], atol=1e-5)


def test_attention_at_the_size_of_the_crops_is_the_usual_one() -> None:
    layer, x = Attention(8, 16), noise(2, 8, 4, 4)
    torch.nn.init.normal_(layer.answer.weight)
    query, key, value = layer.asked(layer.before(x)).reshape(2, 3, 8, 16).unbind(1)
    weights = torch.softmax(query.mT @ key / math.sqrt(8), dim=2)
    expected = x + layer.answer((weights @ value.mT).mT.reshape(2, 8, 4, 4))
    assert torch.allclose(layer(x), expected, atol=1e-5)


def test_guidance_goes_beyond_the_condition() -> None:
    denoiser, x = tiny_denoiser(prediction="noise"), noise(1, 1, 8, 8)
    told = Condition(torch.tensor([[0.3]]), torch.tensor([-1]))
    plain = denoiser.predict(x, 20, told).noise
    untold = denoiser.predict(x, 20, Condition.nothing(1, 1)).noise
    assert torch.allclose(denoiser.predict(x, 20, told, 2.0).noise, 3 * plain - 2 * untold, atol=1e-5)


def test_waves_are_cosines_and_sines() -> None:
    found = waves(torch.tensor([0, 7]), 8)
    assert torch.allclose(found[0], torch.tensor([1.0] * 4 + [0.0] * 4))
    assert float(found[1, 0]) == pytest.approx(math.cos(7))
    assert float(found[1, 5]) == pytest.approx(math.sin(7 * 10_000**-0.25), rel=1e-5)


def test_weights_are_counted_without_being_made() -> None:
    assert parameters_of(TINY) == count(tiny_denoiser().parameters())
    assert 1_000_000 < parameters_of(PRESETS["small"]) < 2_000_000


def test_patches_keep_places_and_periods() -> None:
    denoiser, x = tiny_denoiser(patch=2, attention=0), noise(1, 1, 16, 24)
    assert denoiser.settings.stride == 4
    condition, time = Condition.nothing(1, 1), TIMES[:1]
    plain, _ = denoiser(x, time, condition, (True, True))
    assert plain.shape == x.shape
    moved, _ = denoiser(x.roll((4, 8), (2, 3)), time, condition, (True, True))
    assert torch.allclose(moved, plain.roll((4, 8), (2, 3)), atol=1e-4)
