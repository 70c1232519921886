"""A believable scanning electron micrograph of a section: contrast, edges, blur, charging, shot noise, info bar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from core.images.pixel_size import format_length
from core.settings import setting, validate

BAR_SHARE = 0.07


@dataclass(frozen=True)
class SemSettings:
    """How the picture is taken."""

    dark: float = setting(70.0, "Dark phase", "Mean grey level of phase 0.", minimum=0.0, maximum=255.0)
    bright: float = setting(165.0, "Bright phase", "Mean grey level of the last phase.", minimum=0.0, maximum=255.0)
    blur: float = setting(0.8, "Blur", "Standard deviation of the beam.", unit="px", minimum=0.0, maximum=10.0)
    edge: float = setting(18.0, "Edge", "Extra brightness where phases meet.", minimum=0.0, maximum=128.0)
    charging: float = setting(9.0, "Charging", "Slow change of brightness over the picture.", minimum=0.0, maximum=64.0)
    texture: float = setting(4.0, "Texture", "Fine unevenness of each phase.", minimum=0.0, maximum=64.0)
    electrons: float = setting(
        260.0, "Electrons", "Electrons per pixel at full brightness; fewer, more shot noise.", minimum=4.0
    )


def sem_picture(section: np.ndarray, phases: int, seed: int, settings: SemSettings | None = None) -> np.ndarray:
    """Grey levels of a section.

    Parameters
    ----------
    section
        Labels, shape (Y, X).
    phases
        Number of phases; their grey levels lie evenly between ``dark`` and ``bright``.

    Returns
    -------
    ndarray
        Shape (Y, X), uint8.

    Raises
    ------
    InputError
        For settings out of range.
    """
    chosen = validate(settings or SemSettings())
    generator = np.random.default_rng(seed)
    levels = np.linspace(chosen.dark, chosen.bright, max(2, phases))
    grey = levels[section].astype(np.float64)
    texture = ndimage.gaussian_filter(generator.standard_normal(section.shape), 2.0)
    grey += chosen.texture * texture / texture.std()
    contour = ndimage.gaussian_gradient_magnitude(section.astype(np.float64), 1.0)
    # the rim of the bright phase emits more, as at every edge of a polished or broken surface
    grey += chosen.edge * np.clip(contour * 4, 0, 1) * (section > 0)
    grey = ndimage.gaussian_filter(grey, chosen.blur)
    rows, columns = section.shape
    slow = ndimage.zoom(generator.standard_normal((4, 4)), (rows / 4, columns / 4), order=3)[:rows, :columns]
    grey += chosen.charging * slow / max(1e-9, np.abs(slow).max())
    grey += 0.5 * chosen.charging * np.linspace(-1, 1, rows)[:, None]
    counts = generator.poisson(np.clip(grey, 0, 255) / 255 * chosen.electrons)
    return np.clip(np.rint(counts / chosen.electrons * 255), 0, 255).astype(np.uint8)


def with_info_bar(grey: np.ndarray, pixel_size: float, words: str) -> np.ndarray:
    """The picture (Y, X) uint8 with a black bar below it that carries ``words`` and a scale bar of a round length."""
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = grey.shape
    height = max(24, round(BAR_SHARE * rows))
    bar = Image.new("L", (columns, height), 0)
    draw = ImageDraw.Draw(bar)
    font = ImageFont.truetype(_font(), max(9, round(height * 0.36)))
    length = _round_length(0.22 * columns * pixel_size)
    pixels = round(length / pixel_size)
    middle = height // 2
    draw.text((10, middle), words, fill=235, font=font, anchor="lm")
    right = columns - 12
    draw.rectangle((right - pixels, middle + height // 6, right, middle + height // 6 + max(2, height // 12)), fill=235)
    draw.text((right - pixels / 2, middle - height // 6), format_length(length), fill=235, font=font, anchor="mm")
    return np.vstack([grey, np.asarray(bar, dtype=np.uint8)])


def write_sample(grey: np.ndarray, pixel_size: float, path: Path) -> None:
    """Write a picture as an ImageJ TIFF with its pixel size in the tags."""
    import tifffile

    per_micron = 1e-6 / pixel_size
    tifffile.imwrite(
        path, grey, imagej=True, metadata={"axes": "YX", "unit": "micron"}, resolution=(per_micron, per_micron)
    )


def _round_length(longest: float) -> float:
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest))


def _font() -> str:
    import matplotlib

    # the same letters on every machine: matplotlib ships this font
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
