"""Noise that is a function of position."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special, stats

from core.generation.noise import gaussian
from core.generation.normal import normal_from_words, normal_here
from core.generation.philox import philox, philox_here

# the generator's authors' own known answers (Random123, kat_vectors): counter, key, result
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_answers(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    a, b, c, d = (torch.tensor([word]) for word in counter)
    assert tuple(int(word) for word in philox((a, b, c, d), key)) == expected
    here = philox_here(tuple(np.array([word], np.uint64) for word in counter), key)
    assert tuple(word.item() for word in here) == expected


def test_the_processors_own_way_gives_the_same_bits() -> None:
    counter = np.random.default_rng(1).integers(0, 2**32, (4, 7, 1000), dtype=np.uint64)
    here = philox_here(tuple(counter), (5, 2**32 - 6))
    there = philox(tuple(torch.from_numpy(part.astype(np.int64)) for part in counter), (5, 2**32 - 6))  # type: ignore[arg-type]
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one, other.numpy())
    steps = np.arange(65536, dtype=np.uint64) << np.uint64(16)
    words = np.concatenate([steps, steps | np.uint64(0xFFFF), here[0][0], np.arange(65536, dtype=np.uint64)])
    np.testing.assert_array_equal(normal_here(words), normal_from_words(torch.from_numpy(words.astype(np.int64))))


def test_philox_leaves_its_counter_alone() -> None:
    counter = tuple(torch.tensor([word]) for word in KNOWN[2][0])
    philox(counter, (1, 2))  # type: ignore[arg-type]
    assert tuple(int(word) for word in counter) == KNOWN[2][0]


def test_words_become_quantiles_of_the_normal_distribution() -> None:
    rng = np.random.default_rng(0)
    ends = [0, 1, 2, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 65536, 2**32 - 2, 2**32 - 1]
    words = np.concatenate([rng.integers(0, 2**32, 20000), rng.integers(0, 2**18, 2000), ends])
    values = normal_from_words(torch.from_numpy(words)).numpy()
    chance = (words + 0.5) / 2.0**32
    exact = np.where(chance < 0.5, special.ndtri(chance), -special.ndtri(1 - chance))
    # interpolated in steps of 2⁻¹⁶ of probability: the second step, near 4.1 σ, is the coarsest
    assert np.abs(values - exact).max() < 0.02
    inner = np.abs(exact) < 3
    assert np.abs(values - exact)[inner].max() < 1e-5


def test_normal_rises_with_the_word_across_every_seam() -> None:
    seams = np.concatenate([np.arange(65536 * k - 3, 65536 * k + 3) for k in (1, 2, 100, 32768, 65534, 65535)])
    values = normal_from_words(torch.from_numpy(seams)).numpy()
    assert (np.diff(values) >= 0).all()


def test_distribution() -> None:
    values = gaussian(7, 0, 4, (-20, 11, 5), (40, 50, 60)).numpy().astype(np.float64)
    count = values.size
    assert abs(values.mean()) < 4 / np.sqrt(count)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / count)
    assert stats.kstest(values.ravel(), "norm").pvalue > 1e-3
    assert abs(stats.kurtosis(values.ravel())) < 4 * np.sqrt(24 / count)


def test_neighbours_channels_streams_and_seeds_are_independent() -> None:
    shape = (30, 40, 50)
    values = gaussian(3, 1, 5, (0, 0, 0), shape).numpy().astype(np.float64)
    limit = 4.5 / np.sqrt(np.prod(shape))
    for axis in (1, 2, 3):
        near, far = (np.take(values, range(s, values.shape[axis] - 1 + s), axis) for s in (0, 1))
        assert abs((near * far).mean()) < limit
    for channel in range(1, 5):
        assert abs((values[0] * values[channel]).mean()) < limit
    for other in (gaussian(3, 2, 1, (0, 0, 0), shape), gaussian(4, 1, 1, (0, 0, 0), shape)):
        assert abs((values[0] * other.numpy()[0]).mean()) < limit
    # the seed's upper half counts as well
    assert not np.array_equal(gaussian(3 + 2**40, 1, 1, (0, 0, 0), shape).numpy(), values[:1].astype(np.float32))


@pytest.mark.parametrize("seed", [0, -1, 2**63 + 5])
def test_any_box_is_a_crop_of_a_bigger_one_to_the_bit(seed: int) -> None:
    start, shape = (-9, -40, -3), (19, 77, 501)  # large enough to be worked on in several pieces
    big = gaussian(seed, 2, 3, start, shape)
    for origin, size in [((-9, -40, -3), (1, 1, 1)), ((-1, -2, 0), (5, 7, 33)), ((3, 5, 100), (7, 31, 398))]:
        box = tuple(slice(o - s, o - s + n) for o, s, n in zip(origin, start, size, strict=True))
        assert torch.equal(gaussian(seed, 2, 3, origin, size), big[(slice(None), *box)])


def test_channels_do_not_depend_on_how_many_are_asked_for() -> None:
    many = gaussian(1, 0, 9, (0, 0, 0), (3, 4, 5))
    assert torch.equal(gaussian(1, 0, 2, (0, 0, 0), (3, 4, 5)), many[:2])
    assert len({float(v) for v in many[:, 0, 0, 0]}) == 9


def test_field_is_frozen() -> None:
    """Models on disk rely on these values: a change here changes every volume made from a seed."""
    values = gaussian(2026, 1, 5, (-1, 2, 3), (1, 1, 2))
    assert values.flatten().tolist() == FROZEN


def test_positions_wrap_at_the_ends_of_the_counter() -> None:
    edge = gaussian(0, 0, 1, (0, 0, 2**32 - 2), (1, 1, 4))
    assert torch.equal(edge[..., 2:], gaussian(0, 0, 1, (0, 0, 0), (1, 1, 2)))


def test_unknown_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="stream"):
        gaussian(0, 65536, 1, (0, 0, 0), (1, 1, 1))


@pytest.mark.gpu
def test_gpu_gives_the_same_bits() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    here = gaussian(5, 1, 3, (-10, 0, 7), (20, 30, 40))
    assert torch.equal(gaussian(5, 1, 3, (-10, 0, 7), (20, 30, 40), "cuda").cpu(), here)


FROZEN = [
    0.44323456287384033,
    -0.8654841780662537,
    -0.6576367616653442,
    -0.3802931606769562,
    -0.8876518607139587,
    1.2284953594207764,
    1.0639750957489014,
    0.20506420731544495,
    0.17494265735149384,
    1.586694598197937,
]
