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

from core.images.values import Micrograph, PhaseImage, Volume
from core.synthesis.fibres import fibre_composite
from core.synthesis.fields import bicontinuous
from core.synthesis.grains import grain_section, polycrystal
from core.synthesis.sem import SemSettings, section_of, sem_micrograph, write_sample
from core.synthesis.spheres import sphere_packing
from core.synthesis.titanium import titanium

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
    sem
        How the picture is taken.
    grains
        ``grains(size, seed, plane)`` says which grain each pixel of the section shows, or None where there are none.
    """

    key: str
    title: str
    description: str
    phase_of_interest: int
    make: Callable[[tuple[int, int, int], int], Volume]
    seed: int
    plane: int
    sem: SemSettings
    grains: Callable[[tuple[int, int, int], int, int], np.ndarray] | None = None

    @property
    def file_name(self) -> str:
        """Name of the shipped file."""
        return f"{self.key}.tif"

    def true_volume(self, size: tuple[int, int, int] = (DEPTH, SIDE, SIDE)) -> Volume:
        """The volume that the section was cut from; another ``size`` gives another volume of the same material."""
        return self.make(size, self.seed)

    def true_section(self) -> PhaseImage:
        """What the micrograph shows, without the microscope: labels of shape (`SIDE`, `SIDE`)."""
        return section_of(self.true_volume(), self.plane)

    def micrograph(self) -> Micrograph:
        """The micrograph with its info bar, made from the true volume."""
        grains = None if self.grains is None else self.grains((DEPTH, SIDE, SIDE), self.seed, self.plane)
        return sem_micrograph(self.true_section(), self.seed + 1, self.sem, grains)


def _samples() -> Mapping[str, Sample]:
    listed = (
        Sample(
            "nanoporous_metal", "Nanoporous metal (synthetic)",
            "Bicontinuous ligaments and pores: a Gaussian random field cut at a level.",
            1, bicontinuous, 11, 20, SemSettings(electrons=300, voltage=10.0, distance=4.1, detector="InLens"),
        ),
        Sample(
            "sphere_packing", "Sphere packing (synthetic)",
            "Round particles of several sizes that do not overlap, in a matrix.",
            1, sphere_packing, 12, 30,
            SemSettings(
                dark=66, bright=145, rim=1.8, tilt=14, electrons=200, voltage=5.0, distance=6.0, detector="SE2"
            ),
        ),
        Sample(
            "two_phase_alloy", "Two-phase alloy (synthetic)",
            "Grains of two phases: a Laguerre tessellation.",
            1, polycrystal, 13, 12,
            SemSettings(
                dark=92, bright=164, grains=7, edge=6, shadow=6, tilt=3, charging=6, electrons=420,
                voltage=20.0, distance=9.8, detector="BSE",
            ),
            grain_section,
        ),
        Sample(
            "fibre_composite", "Fibre composite (synthetic)",
            "Nearly parallel fibres, 35 %, by random sequential addition, seen along them.",
            1, fibre_composite, 14, 32,
            SemSettings(
                dark=84, bright=176, edge=14, shadow=10, tilt=6, electrons=240,
                voltage=15.0, distance=8.2, detector="BSE",
            ),
        ),
        Sample(
            "bimodal_titanium", "Bimodal titanium (synthetic)",
            "Three phases: globules of alpha, and between them lamellae of alpha in beta.",
            0, titanium, 15, 20,
            SemSettings(
                dark=66, bright=206, texture=3, edge=0, shadow=0, tilt=2, blur=0.6, charging=5, electrons=700,
                voltage=20.0, distance=8.7, detector="BSE",
            ),
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
        write_sample(sample.micrograph(), folder / sample.file_name)
        print(folder / sample.file_name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
