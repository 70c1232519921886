"""The samples that the program ships: sections of known volumes, as a microscope would show them.

    python -m core.synthesis.samples FOLDER

makes the files again, to the pixel.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import numpy as np

from core.images.values import Volume
from core.synthesis.fields import bicontinuous
from core.synthesis.grains import polycrystal
from core.synthesis.sem import SemSettings, sem_picture, with_info_bar, write_sample
from core.synthesis.spheres import fibre_composite, sphere_packing

SIDE = 512
"""Rows and columns of a sample without its info bar, and the sides of its true volume across the section."""
DEPTH = 64
"""Slices of the true volume that a sample's section is cut from."""


@dataclass(frozen=True)
class Sample:
    """A shipped micrograph and where it came from.

    Attributes
    ----------
    key, title, description
        Name in code, on screen, and one sentence about it.
    phase_of_interest
        Label of the phase that one would rebuild.
    make
        ``make(size, seed)`` gives a volume of this material.
    seed
        Seed of the shipped sample.
    plane
        The section's place along z in the true volume of (`DEPTH`, `SIDE`, `SIDE`).
    sem, words
        How the picture is taken, and what its info bar says.
    """

    key: str
    title: str
    description: str
    phase_of_interest: int
    make: Callable[[tuple[int, int, int], int], Volume]
    seed: int
    plane: int
    sem: SemSettings
    words: str

    @property
    def file_name(self) -> str:
        """Name of the shipped file."""
        return f"{self.key}.tif"

    def true_volume(self, size: tuple[int, int, int] = (DEPTH, SIDE, SIDE)) -> Volume:
        """The volume that the section was cut from; another ``size`` gives another volume of the same material."""
        return self.make(size, self.seed)

    def picture(self) -> tuple[np.ndarray, float]:
        """The micrograph with its info bar, uint8, and its pixel size in metres."""
        volume = self.true_volume()
        assert volume.voxel_size is not None
        grey = sem_picture(volume.labels[self.plane], len(volume.phases), self.seed + 1, self.sem)
        return with_info_bar(grey, volume.voxel_size[0], self.words), volume.voxel_size[0]


def _samples() -> Mapping[str, Sample]:
    listed = (
        Sample(
            "nanoporous_metal", "Nanoporous metal (synthetic)",
            "Bicontinuous ligaments and pores: a Gaussian random field cut at a level.",
            1, bicontinuous, 11, 20, SemSettings(), "MICROLOOM  HV 10 kV  mag 180 kx  WD 4.1 mm  SE2",
        ),
        Sample(
            "sphere_packing", "Sphere packing (synthetic)",
            "Round particles of several sizes that do not overlap, in a matrix.",
            1, sphere_packing, 12, 30, SemSettings(dark=60, bright=150, edge=26, electrons=180),
            "MICROLOOM  HV 5 kV  mag 2.4 kx  WD 6.0 mm  BSE",
        ),
        Sample(
            "two_phase_alloy", "Two-phase alloy (synthetic)",
            "Grains of two phases: a Laguerre tessellation.",
            1, polycrystal, 13, 12, SemSettings(dark=96, bright=158, edge=8, charging=7, electrons=420),
            "MICROLOOM  HV 20 kV  mag 400 x  WD 9.8 mm  BSE",
        ),
        Sample(
            "fibre_composite", "Fibre composite (synthetic)",
            "Parallel fibres, 35 %, by random sequential addition, seen along their axis.",
            1, fibre_composite, 14, 0, SemSettings(dark=84, bright=176, edge=10, electrons=240),
            "MICROLOOM  HV 15 kV  mag 800 x  WD 8.2 mm  BSE",
        ),
    )  # fmt: skip
    return MappingProxyType({sample.key: sample for sample in listed})


SAMPLES: Mapping[str, Sample] = _samples()


def sample_path(key: str) -> Path:
    """The shipped file of the sample ``key``."""
    return Path(str(resources.files("resources").joinpath("samples", SAMPLES[key].file_name)))


def main(arguments: list[str] | None = None) -> int:
    """Make the shipped files again."""
    parser = argparse.ArgumentParser(prog="core.synthesis.samples", description="Make the shipped samples again.")
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES.values():
        grey, pixel_size = sample.picture()
        write_sample(grey, pixel_size, folder / sample.file_name)
        print(folder / sample.file_name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
