"""A believable scanning electron micrograph of a section.

In the order in which a microscope makes it: phase contrast, grain contrast and unevenness; edges (more secondary
electrons leave near an edge, fewer from a pore beside it, and the side that faces the detector is brighter: Reimer,
Scanning Electron Microscopy, 1998, ch. 4 and 6); the beam's width; slow charging and unsteady scan lines; shot noise;
and the info bar.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from core.images.atomic import replacing
from core.images.pixel_size import format_length
from core.images.values import Micrograph, PhaseImage, Volume
from core.provenance import Provenance, array_hash
from core.settings import setting, to_json, validate

BAR_SHARE = 0.07
"""Height of the info bar over that of the picture."""
POLAROID = 0.127
"""Width, in metres, of the print to which a microscope's magnification belongs."""


@dataclass(frozen=True)
class SemSettings:
    """How the picture is taken. Grey levels run from 0 to 255."""

    dark: float = setting(58.0, "Dark phase", "Mean grey level of phase 0.", minimum=0.0, maximum=255.0)
    bright: float = setting(142.0, "Bright phase", "Mean grey level of the last phase.", minimum=0.0, maximum=255.0)
    texture: float = setting(4.0, "Texture", "Fine unevenness of each phase.", minimum=0.0, maximum=64.0)
    grains: float = setting(0.0, "Grain contrast", "Deviation from grain to grain.", minimum=0.0, maximum=64.0)
    edge: float = setting(50.0, "Edge", "Extra brightness at the rim of a brighter phase.", minimum=0.0, maximum=128.0)
    rim: float = setting(2.2, "Rim", "Depth to which a rim is bright.", unit="px", minimum=0.1, maximum=20.0)
    shadow: float = setting(32.0, "Shadow", "Darkness of phase 0 beside others.", minimum=0.0, maximum=128.0)
    tilt: float = setting(16.0, "Detector side", "Brightness of edges that face it.", minimum=0.0, maximum=128.0)
    blur: float = setting(0.8, "Blur", "Standard deviation of the beam.", unit="px", minimum=0.0, maximum=10.0)
    charging: float = setting(9.0, "Charging", "Slow change of brightness over the picture.", minimum=0.0, maximum=64.0)
    lines: float = setting(0.8, "Scan lines", "Deviation from line to line.", minimum=0.0, maximum=32.0)
    electrons: float = setting(
        220.0, "Electrons", "Electrons per pixel at full brightness; fewer, more shot noise.", minimum=4.0
    )
    amplifier: float = setting(1.0, "Amplifier", "Noise of the amplifier, grey levels.", minimum=0.0, maximum=64.0)
    voltage: float = setting(10.0, "High voltage", "Written into the bar.", unit="kV", minimum=0.1, maximum=1000.0)
    distance: float = setting(5.1, "Working distance", "Written into the bar.", unit="mm", minimum=0.1, maximum=1000.0)
    detector: str = setting("SE2", "Detector", "Written into the bar.", choices=("SE2", "InLens", "BSE"))


def section_of(volume: Volume, plane: int) -> PhaseImage:
    """The section of ``volume`` across z at ``plane``, without noise."""
    return PhaseImage(
        labels=volume.labels[plane],
        phases=volume.phases,
        pixel_size=None if volume.voxel_size is None else volume.voxel_size[-1],
        name=f"{volume.name}, z = {plane}",
        provenance=Provenance("section", settings={"axis": "z", "plane": plane}, inputs=(volume.provenance,)),
    )


def sem_picture(
    section: np.ndarray, phases: int, seed: int, settings: SemSettings | None = None, grains: np.ndarray | None = None
) -> np.ndarray:
    """Grey levels of a section, without an info bar.

    Parameters
    ----------
    section
        Labels, shape (Y, X).
    phases
        Number of phases; their grey levels lie evenly between ``dark`` and ``bright``.
    seed
        Seed of everything random.
    grains
        Which grain each pixel shows, shape (Y, X), whole numbers from 0; for contrast between grains of one phase.

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
    grey: np.ndarray = levels[section] + chosen.texture * _smooth_noise(section.shape, generator)
    if grains is not None:
        grey += chosen.grains * generator.standard_normal(int(grains.max()) + 1)[grains]
    grey += _edges(section, chosen)
    grey = ndimage.gaussian_filter(grey, chosen.blur)
    rows, columns = section.shape
    slow = ndimage.zoom(generator.standard_normal((4, 4)), (rows / 4, columns / 4), order=3)[:rows, :columns]
    grey += chosen.charging * slow / max(1e-9, np.abs(slow).max())
    grey += 0.5 * chosen.charging * np.linspace(-1, 1, rows)[:, None]
    grey += chosen.lines * generator.standard_normal((rows, 1))
    counts = generator.poisson(np.clip(grey, 0, 255) / 255 * chosen.electrons)
    # the amplifier's noise, without which whole electrons would leave a comb in the histogram
    analogue = counts / chosen.electrons * 255 + chosen.amplifier * generator.standard_normal(counts.shape)
    picture: np.ndarray = np.clip(np.rint(analogue), 0, 255).astype(np.uint8)
    return picture


def _smooth_noise(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    noise = ndimage.gaussian_filter(generator.standard_normal(shape), 2.0, mode="wrap")
    return np.asarray(noise / max(1e-12, float(noise.std())))


def _edges(section: np.ndarray, chosen: SemSettings) -> np.ndarray:
    """Brightness that edges add: bright rims that fade inwards, shadow in phase 0, the side towards the detector."""
    raised = section > 0
    if raised.all() or not raised.any():
        return np.zeros(section.shape)
    within = ndimage.distance_transform_edt(raised) - 0.5
    beside = ndimage.distance_transform_edt(~raised) - 0.5
    added = np.where(raised, chosen.edge * np.exp(-within / chosen.rim), 0.0)
    added -= np.where(raised, 0.0, chosen.shadow * np.exp(-beside / (2 * chosen.rim)))
    height = ndimage.gaussian_filter(raised.astype(np.float64), 1.0)
    down, right = np.gradient(height)
    # the detector stands at the upper right; 2.5 makes a straight edge that faces it worth about ``tilt``
    facing = (down - right) / np.sqrt(2)
    return np.asarray(added + 2.5 * chosen.tilt * facing * raised)


def sem_micrograph(
    section: PhaseImage, seed: int, settings: SemSettings | None = None, grains: np.ndarray | None = None
) -> Micrograph:
    """The section as a microscope would show it; where its pixel size is known, with an info bar below.

    Parameters
    ----------
    section
        What is cut, shape (Y, X).
    seed, grains
        As in `sem_picture`.

    Returns
    -------
    Micrograph
        uint8, shape (Y + bar, X); ``info_bar_row`` is Y where there is a bar.

    Raises
    ------
    InputError
        For settings out of range.
    """
    chosen = validate(settings or SemSettings())
    grey = sem_picture(section.labels, len(section.phases), seed, chosen, grains)
    size = section.pixel_size
    return Micrograph(
        grey=grey if size is None else with_info_bar(grey, size, chosen),
        pixel_size=size,
        name=section.name,
        provenance=Provenance(
            "synthetic micrograph",
            settings=to_json(chosen),
            inputs=(section.provenance,),
            input_hashes=(array_hash(section.labels),),
            seed=seed,
        ),
        info_bar_row=None if size is None else section.shape[0],
    )


def with_info_bar(grey: np.ndarray, pixel_size: float, settings: SemSettings) -> np.ndarray:
    """The picture (Y, X) uint8 with a black bar below it: what the microscope says of itself, and a scale bar."""
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = grey.shape
    height = max(24, round(BAR_SHARE * rows))
    bar = Image.new("L", (columns, height), 0)
    draw = ImageDraw.Draw(bar)

    def lettering(points: int) -> ImageFont.FreeTypeFont:
        # the plain layout engine is in every build of Pillow; the other would set the letters a little differently
        return ImageFont.truetype(_font(), points, layout_engine=ImageFont.Layout.BASIC)

    length = _round_length(0.2 * columns * pixel_size)
    pixels = round(length / pixel_size)
    right = columns - 11
    words = _bar_words(columns * pixel_size, settings)
    points = round(height * 0.36)
    while points > 6 and draw.textlength(words, font=lettering(points)) > right - pixels - 32:
        points -= 1
    draw.text((10, height // 2), words, fill=235, font=lettering(points), anchor="lm")
    middle = right - pixels // 2
    draw.text((middle, round(0.36 * height)), format_length(length), fill=235, font=lettering(points), anchor="mm")
    # both ends belong to the rectangle, so that the bar is exactly ``pixels`` long
    top, thick = round(0.7 * height), max(2, height // 12)
    draw.rectangle((right - pixels + 1, top, right, top + thick - 1), fill=235)
    return np.vstack([grey, np.asarray(bar, dtype=np.uint8)])


def _bar_words(width: float, settings: SemSettings) -> str:
    magnification = float(f"{POLAROID / width:.3g}")
    thousands = magnification >= 1000
    shown = f"{magnification / 1000:g} k×" if thousands else f"{magnification:g} ×"
    return (
        f"Microloom · HV {settings.voltage:.1f} kV · mag {shown} · WD {settings.distance:.1f} mm · {settings.detector}"
    )


def write_sample(micrograph: Micrograph, path: Path) -> None:
    """Write a micrograph as a compressed ImageJ TIFF with its pixel size in the tags, in place of what was there.

    Raises
    ------
    JobError
        Where it cannot be written.
    """
    import tifffile

    assert micrograph.pixel_size is not None
    per_micron = 1e-6 / micrograph.pixel_size
    with replacing(path, overwrite=True) as temporary:
        tifffile.imwrite(
            temporary,
            micrograph.grey,
            imagej=True,
            compression="zlib",
            metadata={"axes": "YX", "unit": "micron"},
            resolution=(per_micron, per_micron),
        )


def _round_length(longest: float) -> float:
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1, 2, 5) if step * power <= longest))


def _font() -> str:
    import matplotlib

    # the same letters on every machine: matplotlib ships this font
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
