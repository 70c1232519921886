"""Every kind of picture that is read, and what becomes of its values."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.errors import InputError
from core.images.reading import read_micrograph
from core.provenance import array_hash

RNG = np.random.default_rng(7)
GREY8 = RNG.integers(0, 256, (40, 56), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (40, 56), dtype=np.uint16)


def tiff(folder: Path, array: np.ndarray, **options: object) -> Path:
    path = folder / "picture.tif"
    tifffile.imwrite(path, array, **options)
    return path


@pytest.mark.parametrize("suffix", [".tif", ".png", ".bmp"])
def test_eight_bits_come_back_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    iio.imwrite(path, GREY8)
    found = read_micrograph(path)
    assert found.grey.dtype == np.uint8
    np.testing.assert_array_equal(found.grey, GREY8)
    assert found.name == path.name
    assert found.pixel_size is None
    assert found.info_bar_row is None
    assert found.provenance.made_by == "read"
    assert found.provenance.source == path.name
    assert found.provenance.input_hashes == (array_hash(GREY8),)


@pytest.mark.parametrize("suffix", [".tif", ".png", ".npy"])
def test_sixteen_bits_come_back_as_they_are(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    if suffix == ".npy":
        np.save(path, GREY16)
    else:
        iio.imwrite(path, GREY16)
    found = read_micrograph(path)
    assert found.grey.dtype == np.uint16
    np.testing.assert_array_equal(found.grey, GREY16)


def test_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    smooth = np.add.outer(np.arange(40), 2 * np.arange(56)).astype(np.uint8)
    iio.imwrite(path, smooth, quality=95)
    found = read_micrograph(path)
    assert found.grey.dtype == np.uint8
    assert np.abs(found.grey.astype(int) - smooth).max() <= 8


def test_the_contents_count_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    iio.imwrite(path, GREY8, extension=".png")
    np.testing.assert_array_equal(read_micrograph(path).grey, GREY8)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_compressions_and_byte_orders(tmp_path: Path, compression: str | None, byteorder: str) -> None:
    path = tiff(tmp_path, GREY16, compression=compression, byteorder=byteorder)
    found = read_micrograph(path)
    assert found.grey.dtype.isnative
    np.testing.assert_array_equal(found.grey, GREY16)


@pytest.mark.parametrize(
    ("values", "stored", "kept", "note"),
    [
        ([0, 60000], np.uint32, np.uint16, "nothing lost"),
        ([5, 200], np.int32, np.uint16, "nothing lost"),
        ([0, 100], np.int8, np.uint8, "nothing lost"),
        ([-5, 7], np.int16, np.float32, "nothing lost"),
        ([0, 1 << 24], np.uint32, np.float32, "nothing lost"),
        ([0, (1 << 24) + 1], np.uint32, np.float32, "rounded"),
        ([0.25, 0.5], np.float64, np.float32, "nothing lost"),
        ([0.1, 0.2], np.float64, np.float32, "rounded"),
        ([0.5, 2.0], np.float16, np.float32, "nothing lost"),
    ],
)
def test_other_types_are_converted_and_it_is_said(
    tmp_path: Path, values: list[float], stored: type, kept: type, note: str
) -> None:
    array = np.resize(np.array(values, dtype=stored), (6, 9))
    found = read_micrograph(tiff(tmp_path, array))
    assert found.grey.dtype == kept
    assert note in found.notes["Type"]
    if note == "nothing lost":
        np.testing.assert_array_equal(found.grey.astype(np.float64), array.astype(np.float64))


def test_float32_keeps_every_bit_and_has_no_note(tmp_path: Path) -> None:
    array = RNG.normal(0, 1e-3, (20, 30)).astype(np.float32)
    found = read_micrograph(tiff(tmp_path, array))
    assert found.grey.tobytes() == array.tobytes()
    assert "Type" not in found.notes


def test_bilevel_pictures_become_black_and_white(tmp_path: Path) -> None:
    bits = GREY8 > 100
    found = read_micrograph(tiff(tmp_path, bits))
    np.testing.assert_array_equal(found.grey, bits * np.uint8(255))
    # another program's bilevel picture whose zero is white is turned
    found = read_micrograph(tiff(tmp_path, bits, photometric="miniswhite", software="scanner"))
    np.testing.assert_array_equal(found.grey, ~bits * np.uint8(255))
    Image.fromarray(bits).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(read_micrograph(tmp_path / "bits.png").grey, bits * np.uint8(255))


def test_zero_as_white_is_turned(tmp_path: Path) -> None:
    found = read_micrograph(tiff(tmp_path, GREY16, photometric="miniswhite"))
    np.testing.assert_array_equal(found.grey, 65535 - GREY16)
    assert "turned" in found.notes["Values"]


def test_missing_numbers_become_the_darkest_value(tmp_path: Path) -> None:
    array = RNG.random((12, 12)).astype(np.float32) + 1
    array[2, 3], array[4, 5] = np.nan, np.inf
    found = read_micrograph(tiff(tmp_path, array))
    assert found.grey[2, 3] == found.grey[4, 5] == array[np.isfinite(array)].min()
    assert found.notes["Missing"].startswith("2 pixels")
    assert found.grey[0, 0] == array[0, 0]


def test_nothing_but_missing_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finite number"):
        read_micrograph(tiff(tmp_path, np.full((8, 8), np.nan, np.float32)))


def test_numbers_beyond_32_bits_do_not_become_infinite(tmp_path: Path) -> None:
    array = np.resize(np.array([1.0, 2.0, 1e300]), (6, 9))
    assert np.isfinite(read_micrograph(tiff(tmp_path, array)).grey).all()


@pytest.mark.parametrize("value", [0, 77, 255])
def test_one_grey_level_only_is_refused(tmp_path: Path, value: int) -> None:
    with pytest.raises(InputError, match=f"one grey level only \\({value}\\)") as refused:
        read_micrograph(tiff(tmp_path, np.full((30, 30), value, np.uint8)))
    assert refused.value.remedy


def test_colour_becomes_grey_by_luma(tmp_path: Path) -> None:
    colours = np.zeros((4, 5, 3), np.uint8)
    colours[0], colours[1], colours[2], colours[3] = (255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30)
    path = tmp_path / "picture.png"
    iio.imwrite(path, colours)
    found = read_micrograph(path)
    # 0.299·255 = 76.2, 0.587·255 = 149.7, 0.114·255 = 29.1, 2.99 + 11.74 + 3.42 = 18.15
    assert found.grey[:, 0].tolist() == [76, 150, 29, 18]
    assert found.notes["Colour"] == "made grey from RGB"


def test_equal_channels_lose_nothing(tmp_path: Path) -> None:
    found = read_micrograph(tiff(tmp_path, np.repeat(GREY16[..., None], 3, -1), photometric="rgb"))
    np.testing.assert_array_equal(found.grey, GREY16)
    assert "equal channels" in found.notes["Colour"]


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_both_layouts_of_colour_tiff(tmp_path: Path, planar: str) -> None:
    colours = RNG.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    stored = colours if planar == "contig" else np.moveaxis(colours, -1, 0)
    found = read_micrograph(tiff(tmp_path, stored, photometric="rgb", planarconfig=planar))
    np.testing.assert_array_equal(found.grey, np.rint(colours @ np.array([0.299, 0.587, 0.114])).astype(np.uint8))


def test_an_alpha_channel_is_left_out(tmp_path: Path) -> None:
    alpha = RNG.integers(0, 256, GREY8.shape, dtype=np.uint8)
    iio.imwrite(tmp_path / "rgba.png", np.dstack([GREY8, GREY8, GREY8, alpha]))
    np.testing.assert_array_equal(read_micrograph(tmp_path / "rgba.png").grey, GREY8)
    Image.fromarray(np.dstack([GREY8, alpha]), "LA").save(tmp_path / "la.png")
    np.testing.assert_array_equal(read_micrograph(tmp_path / "la.png").grey, GREY8)
    path = tiff(tmp_path, np.dstack([GREY8, alpha]), photometric="minisblack", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(read_micrograph(path).grey, GREY8)


def test_sixteen_bit_colour_png_keeps_its_depth(tmp_path: Path) -> None:
    import imagecodecs

    path = tmp_path / "deep.png"
    path.write_bytes(imagecodecs.png_encode(np.repeat(GREY16[..., None], 3, -1)))
    found = read_micrograph(path)
    assert found.grey.dtype == np.uint16
    np.testing.assert_array_equal(found.grey, GREY16)


def test_palettes_are_looked_up(tmp_path: Path) -> None:
    indices = RNG.integers(0, 3, (20, 30), dtype=np.uint8)
    shades = np.array([200, 10, 90], np.uint8)
    picture = Image.fromarray(indices, "P")
    picture.putpalette([int(shade) for shade in shades for _ in range(3)])
    picture.save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_micrograph(tmp_path / "palette.png").grey, shades[indices])
    colormap = np.zeros((3, 256), np.uint16)
    colormap[:, :3] = shades.astype(np.uint16) * 257
    path = tiff(tmp_path, indices, photometric="palette", colormap=colormap)
    np.testing.assert_array_equal(read_micrograph(path).grey, shades[indices])


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"ome": True}, {"compression": "zlib"}])
def test_of_several_pages_the_first_is_taken_and_it_is_said(tmp_path: Path, options: dict[str, object]) -> None:
    stack = RNG.integers(0, 256, (5, 20, 30), dtype=np.uint8)
    found = read_micrograph(tiff(tmp_path, stack, photometric="minisblack", **options))
    np.testing.assert_array_equal(found.grey, stack[0])
    assert found.notes["Pages"] == "the first of 5"


def test_of_an_array_stack_the_first_is_taken(tmp_path: Path) -> None:
    stack = RNG.integers(0, 256, (5, 20, 30), dtype=np.uint8)
    np.save(tmp_path / "stack.npy", stack)
    found = read_micrograph(tmp_path / "stack.npy")
    np.testing.assert_array_equal(found.grey, stack[0])
    assert found.notes["Pages"] == "the first of 5"


def test_a_single_page_has_no_note(tmp_path: Path) -> None:
    assert dict(read_micrograph(tiff(tmp_path, GREY8)).notes) == {}


def test_what_was_read_cannot_be_written_through(tmp_path: Path) -> None:
    found = read_micrograph(tiff(tmp_path, GREY8))
    with pytest.raises(ValueError, match="read-only"):
        found.grey[0, 0] = 1
