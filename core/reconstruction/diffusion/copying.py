"""Whether a trained denoiser hands its training data out again: a few pictures of it against crops of the data.

The minimum pixel MSE (Eq. 24 of Lee and Yun), between labels the share of pixels that differ; between grey pictures a
share of the squared range of the data, as if they went from 0 to 1. As training turns and mirrors crops, so are the
pictures before they are compared. How near crops of the data that do not overlap come to each other says what is near
(`core.quality.copying`).
"""

from __future__ import annotations

import binascii
import math
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.quality.copying import differing, nearest_steps, squares_apart
from core.reconstruction.diffusion.phases import GREY, GREY_LEVELS
from core.reconstruction.diffusion.settings import FEW_STEPS
from core.reconstruction.model_record import THUMBNAIL_EDGE, picture_entry, picture_from

if TYPE_CHECKING:
    from core.reconstruction.diffusion.denoiser import Denoiser
    from core.reconstruction.diffusion.sections import Exemplar
    from core.reconstruction.diffusion.training import DiffusionProgress, TrainedDiffusion

SAMPLES, STEPS = 8, 20
LEAST_ITERATIONS = 100
"""A shorter training has learned nothing by heart, and is not looked at."""
_MOST, _NEARER, _REACH, _TILES = 4000, 8, 8, 300
"""So many crops are looked at first, evenly spread; then all no further than so many pixels from so many of them; and
so many tiles of the data are compared with each other."""

Place = tuple[int, int, int]
"""Which exemplar, and the first row and column of a crop."""


def checked(
    job: Generator[DiffusionProgress, None, TrainedDiffusion],
    exemplars: Sequence[Exemplar],
    phases: int,
    seed: int,
    device: str,
) -> Generator[DiffusionProgress, None, TrainedDiffusion]:
    """``job``, and what it trained with `TrainedDiffusion.copying` filled in."""
    from core.reconstruction.diffusion.training import DiffusionProgress

    trained = yield from job
    if trained.iterations < LEAST_ITERATIONS:
        return trained
    looking = comparing(trained.denoiser, exemplars, phases, seed, device)
    while True:
        try:
            next(looking)
        except StopIteration as end:
            return replace(trained, copying=end.value)
        yield DiffusionProgress(trained.iterations, trained.iterations, "Looking for copies")


def comparing(
    denoiser: Denoiser, exemplars: Sequence[Exemplar], phases: int, seed: int, device: str = "cpu"
) -> Generator[None, None, dict[str, Any]]:
    """Make `SAMPLES` pictures, spread over the labels, and compare them; yields on the way.

    Returns
    -------
    For a card, as JSON values: "samples", "steps", "least_pixel_mse" of the nearest pair and that "pair" (pictures),
    "among" (the least between tiles of the data; None where there is only one) and "copies", how many samples come
    nearer than half of that.
    """
    from core.reconstruction.diffusion.pictures import sampling_fields, sampling_pictures

    edge = denoiser.settings.crop or 0
    steps = min(STEPS, denoiser.settings.times)
    settings = replace(denoiser.settings, steps=steps, guidance=0.0, **FEW_STEPS)
    labels = sorted({item.label for item in exemplars})[:SAMPLES]
    told: list[tuple[float, np.ndarray, np.ndarray]] = []
    among: list[float] = []
    copies = 0
    for number, label in enumerate(labels):
        count = len(range(number, SAMPLES, len(labels)))
        condition = label if len(labels) > 1 else -1
        denoiser.to(device)
        try:
            asked: dict[str, Any] = {"label": condition, "device": device, "settings": settings}
            making = (
                sampling_fields(denoiser, count, edge, seed + number, within=True, **asked)
                if phases == GREY
                else sampling_pictures(denoiser, count, edge, seed + number, **asked)
            )
            made: np.ndarray = yield from _quietly(making)
            if phases == GREY:
                made = np.clip(made[:, 0], -1, 1)
        finally:
            denoiser.to("cpu")
        group = [item for item in exemplars if item.label == label]
        symmetries = group[0].symmetries
        turned = np.concatenate([_turned(picture, symmetries) for picture in made])
        tiles = _crops(group, list(_places(group, edge, edge))[:_TILES], edge)
        if phases == GREY:
            yield
            least = _least_among(tiles)
        else:
            apart = yield from nearest_steps(_split(turned, phases), _split(tiles, phases))
            least = float(np.nanmin(apart.among)) * phases / 2 if len(tiles) > 1 else math.nan
        found = []
        for pictures in np.split(turned, count):
            found.append(nearest_crop(group, pictures, edge, phases))
            yield
        among += [] if math.isnan(least) else [least]
        copies += sum(one[0] < least / 2 for one in found)
        told += found
    nearest = min(told, key=lambda one: one[0])
    return {
        "samples": len(told),
        "steps": settings.steps,
        "least_pixel_mse": nearest[0],
        "pair": [picture_entry(_drawn(picture) if phases == GREY else picture) for picture in nearest[1:]],
        "among": min(among) if among else None,
        "copies": copies,
    }


def nearest_crop(
    group: Sequence[Exemplar], pictures: np.ndarray, edge: int, phases: int
) -> tuple[float, np.ndarray, np.ndarray]:
    """The crop that any of ``pictures`` (one picture, turned) is nearest to: share that differs, picture and crop.

    Crops are first looked at some pixels from each other, then all around the nearest.
    """
    stride = 1
    while len(places := list(_places(group, edge, stride))) > _MOST:
        stride *= 2
    sides = pictures if phases == GREY else _split(pictures, phases)
    sides = sides.reshape(len(pictures), -1)

    def apart() -> np.ndarray:
        if phases == GREY:
            # −1 to 1 is twice as far as 0 to 1
            return squares_apart(sides, _crops(group, places, edge).reshape(len(places), -1)) / 4
        crops = _split(_crops(group, places, edge), phases).reshape(len(places), -1)
        return differing(sides, crops) * phases / 2

    found = apart()
    if stride > 1:
        first = [places[where] for where in np.argsort(found.min(axis=0), kind="stable")[:_NEARER]]
        places = [near for place in first for near in _around(group, place, edge, min(stride, _REACH))]
        found = apart()
    which, where = np.unravel_index(int(found.argmin()), found.shape)
    share, place = float(found[which, where]), places[int(where)]
    return share, pictures[int(which)], _crops(group, [place], edge)[0]


def sentence(card: Mapping[str, Any]) -> str | None:
    """What a card tells of copying, in one sentence; None where it tells nothing that can be."""
    told = card.get("copying")
    if not isinstance(told, Mapping):
        return None
    least, among, copies = (told.get(name) for name in ("least_pixel_mse", "among", "copies"))
    if type(least) is not float or not 0 <= least <= 1 or type(copies) is not int or copies < 0:
        return None
    grey = "grey" in card
    # of grey pictures a root: it can be compared with contrast
    shares = [math.sqrt(value) if grey else value for value in (least, among if type(among) is float else 0.0)]
    how, of = ("by", " of the range of grey values (root mean square)") if grey else ("in", " of its pixels")
    said = f"The sample nearest to the training data differs from it {how} {100 * shares[0]:.1f} %{of}"
    if type(among) is not float or not 0 <= among <= 1:
        return f"{said}; the data are too few to say whether that is a copy."
    if copies:
        many = "1 sample is a copy" if copies == 1 else f"{copies} samples are copies"
        return f"{said}, crops of the data from each other {how} {100 * shares[1]:.1f} %: {many}, more data are needed."
    return f"{said}, crops of the data from each other {how} at least {100 * shares[1]:.1f} %: no copy."


@dataclass(frozen=True, eq=False)
class Copying:
    """What a card tells of copying, for a reader.

    Attributes
    ----------
    sentence
        As of `sentence`.
    sample, nearest
        The sample that came nearest to the data, and what of these it is nearest to: labels as of the model's volumes,
        shape (Y, X), uint8, or 256 greys; None where the card holds no pictures that can be.
    """

    sentence: str
    sample: np.ndarray | None = None
    nearest: np.ndarray | None = None


def copying_told(card: Mapping[str, Any]) -> Copying | None:
    """What a card tells of copying; None where it tells nothing that can be."""
    said = sentence(card)
    if said is None:
        return None
    try:
        phases = GREY_LEVELS if "grey" in card else len(card["phases"])
        sample, nearest = (picture_from(one, phases)[0] for one in card["copying"]["pair"])
    except (KeyError, TypeError, ValueError, zlib.error, binascii.Error):  # of a file from elsewhere: words are enough
        return Copying(said)
    if "grey" not in card and phases == 2 and card.get("volume_phase", 1) == 0:
        # the network knows the phase of interest as 1
        sample, nearest = np.uint8(1) - sample, np.uint8(1) - nearest
    return Copying(said, sample, nearest)


def _places(group: Sequence[Exemplar], edge: int, stride: int) -> Iterator[Place]:
    for number, item in enumerate(group):
        rows, columns = (range(0, side - edge + 1, stride) for side in item.labels.shape)
        yield from ((number, y, x) for y in rows for x in columns)


def _around(group: Sequence[Exemplar], place: Place, edge: int, reach: int) -> Iterator[Place]:
    number, y, x = place
    height, width = group[number].labels.shape
    for row in range(max(0, y - reach), min(height - edge, y + reach) + 1):
        for column in range(max(0, x - reach), min(width - edge, x + reach) + 1):
            yield number, row, column


def _crops(group: Sequence[Exemplar], places: Sequence[Place], edge: int) -> np.ndarray:
    return np.stack([group[number].labels[y : y + edge, x : x + edge] for number, y, x in places])


def _split(labels: np.ndarray, phases: int) -> np.ndarray:
    """Each phase beside the other, (n, Y, phases · X) bool: two pixels there differ for each that differs in labels."""
    return np.concatenate([labels == label for label in range(phases)], axis=2)


def _least_among(tiles: np.ndarray) -> float:
    """The least mean squared difference between two grey tiles, as `nearest_crop` counts it; NaN where there is one."""
    if len(tiles) < 2:
        return math.nan
    flat = tiles.reshape(len(tiles), -1)
    found = squares_apart(flat, flat)
    np.fill_diagonal(found, np.inf)
    return float(found.min()) / 4


def _drawn(picture: np.ndarray) -> np.ndarray:
    """A grey picture of −1 to 1 in 256 greys, no larger than a card keeps it."""
    by = -(-max(picture.shape) // THUMBNAIL_EDGE)
    return np.asarray(np.rint(127.5 * (picture[::by, ::by] + 1)), np.uint8)


def _turned(picture: np.ndarray, symmetries: str) -> np.ndarray:
    """A picture in all the ways that training shows it, the first as it is."""
    ways = [picture]
    if symmetries != "none":
        ways = [picture, picture[::-1], picture[:, ::-1], picture[::-1, ::-1]]
    if symmetries == "all":
        ways += [way.T for way in ways]
    return np.stack(ways)


def _quietly(job: Generator[Any, None, np.ndarray]) -> Generator[None, None, np.ndarray]:
    while True:
        try:
            next(job)
        except StopIteration as end:
            made: np.ndarray = end.value
            return made
        yield
