"""What was done, in the words of a paper's methods section, and the works to cite for it as BibTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

from core.images.pixel_size import format_length
from core.images.values import Volume
from core.report.findings import Findings
from core.report.properties import AXES, number, pascals

_STATISTICS = {
    "cross-s2": ("two-point cross-probabilities of all pairs of phases", "niezgoda2008"),
    "autocovariance": ("the normalised autocovariance", "debye1957"),
    "correlation-length": ("correlation lengths (where the normalised autocovariance falls to 1/e)", "debye1957"),
    "chord-length": ("chord-length distributions, corrected for chords that the border cuts", "torquato1993"),
    "cluster": ("the two-point cluster function", "torquato1988"),
    "local-thickness": ("local thickness", "hildebrand1997"),
    "specific-surface": ("the specific surface, from the slope of S2 at the origin", "berryman1987"),
    "connectivity": ("connected components (face neighbours) and their percolation", "hoshen1976"),
    "euler": ("the density of the Euler number", "ohser2000"),
    "anisotropy": ("the ellipsoid of correlation lengths", "torquato2002"),
    "mean-intercept": ("the ellipsoid of mean intercept lengths", "harrigan1984"),
}
"""What each statistic is called, and the work to cite for it."""


@dataclass(frozen=True)
class Methods:
    """A methods section.

    Attributes
    ----------
    paragraphs
        Plain text; a work is cited as [key].
    keys
        The works that are cited, in order of their first mention.
    """

    paragraphs: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs, an empty line between each two."""
        return "\n\n".join(self.paragraphs) + "\n"

    @property
    def bibtex(self) -> str:
        """The entries of the works that are cited."""
        entries = references()
        return "\n\n".join(entries[key] for key in self.keys) + "\n"


def references() -> dict[str, str]:
    """All works that this program cites: BibTeX entries by key."""
    text = files("resources").joinpath("report", "references.bib").read_text(encoding="utf-8")
    entries = (part.strip() for part in re.split(r"\n(?=@)", text))
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in entries if entry}


def methods(found: Findings) -> Methods:
    """The methods section of what was found."""
    paragraphs = [*_reconstruction(found), _measuring(found), *_computing(found), _program(found)]
    keys = dict.fromkeys(key for text in paragraphs for key in re.findall(r"\[([a-z0-9]+)\]", text))
    return Methods(tuple(paragraphs), tuple(keys))


def _reconstruction(found: Findings) -> list[str]:
    """How the volume was made, where this program made it."""
    if not found.engine or not isinstance(found.subject, Volume):
        return []
    size = _size(found)
    source = ""
    if found.exemplar is not None:
        rows, columns = found.exemplar.shape
        pixel = found.exemplar.pixel_size
        of = f", {format_length(pixel)} per pixel" if pixel else ""
        source = f" from a two-dimensional segmented micrograph ({columns} × {rows} pixels{of})"
    if found.engine == "swnn":
        how = (
            "with SWNN [swnn], a convolutional network that turns Gaussian noise into a volume whose local patterns, "
            "seen in sections along all three axes, have the distribution of those of the micrograph in the "
            "sliced-Wasserstein metric"
        )
    elif found.engine == "diffusion":
        how = (
            "with a denoising diffusion model [ddpm] [lee2022] trained on crops of the micrograph and applied in turns "
            "to the three families of planes of the volume [micro3diff]"
        )
    else:
        how = f"with the engine {found.engine}"
    text = f"A volume of {size} was reconstructed{source} {how}."
    if found.preset:
        steps = found.training.get("iterations")
        text += f" Training used the preset “{found.preset}”" + (f" and took {steps} iterations." if steps else ".")
    if found.target_fraction is not None:
        text += (
            f" The wanted volume fraction of {found.interest.name} was {100 * found.target_fraction:.2f} %, the "
            f"achieved one is {100 * found.achieved_fraction:.2f} %."
        )
    if found.periodic:
        text += f" The volume repeats along {', '.join(found.periodic)}."
    if found.seed is not None:
        text += f" The random seed was {found.seed}."
    return [text]


def _measuring(found: Findings) -> str:
    """What was measured, how, and what it was compared with."""
    thing = "volume" if isinstance(found.subject, Volume) else "picture"
    start = "" if found.engine else f"The {thing} has {_size(found)}. "
    unit = "voxels" if thing == "volume" else "pixels"
    inside = "counting only pairs and segments that lie wholly inside (unbiased)"
    if found.periodic == "zyx":
        inside = "with pairs across the periodic faces counted"
    text = (
        f"{start}The two-point probability S2 [torquato2002] and the lineal path L [lu1992] of {found.interest.name} "
        f"were computed exactly along the axes, {inside}, for lags up to {found.curves.lags[-1]:.0f} {unit}"
    )
    text += " and averaged over the axes."
    extra = [one.descriptor.name for one in found.statistics if one.own is not None]
    named = [f"{_STATISTICS[name][0]} [{_STATISTICS[name][1]}]" for name in extra if name in _STATISTICS]
    if named:
        text += f" In addition, {_listed(named)} {'were' if len(named) > 1 else 'was'} determined."
    if found.comparison is None:
        return text
    text += (
        " Curves f were compared with the exemplar's by the discrepancy ε = ∫|f − f_ref| dr / ∫ f_ref dr [lee2022]: "
        f"{100 * found.comparison.epsilon_s2:.2f} % for S2 and {100 * found.comparison.epsilon_lineal_path:.2f} % "
        "for L."
    )
    if found.band is not None:
        text += (
            f" The {100 * found.band.confidence:.0f} % bands of the exemplar's curves say how far samples of its size "
            "scatter; they were estimated from the exemplar alone, from the covariance of each pixel's contribution "
            "with a flat-top window [politis1995], as those of a proportion [clopper1934]."
        )
    if any(one.exemplar is not None for one in found.statistics):
        text += (
            " The scatter of the further statistics was estimated by subsampling [politis1994]. Statistics that differ "
            "between sections and space were compared through sections of the volume."
        )
    return text


def _computing(found: Findings) -> list[str]:
    """How properties were computed."""
    done = found.properties
    if done is None:
        return []
    told = []
    names = [phase.name for phase in found.subject.phases]
    heat, flow = done.conductivity, done.permeability
    if heat is not None:
        values = _listed(
            [f"{number(value)} W/(m·K) for {names[label]}" for label, value in sorted(heat.values.items())]
        )
        results = _listed([f"{number(one.value)} along {AXES[one.axis]}" for one in heat.along])
        told.append(
            "The effective conductivity was computed by finite volumes on the voxel grid with harmonic means at the "
            f"faces, {_faces(heat.ends, heat.sides, 'temperatures')}, and preconditioned conjugate gradients "
            f"[hestenes1952] to a relative residual of {heat.tolerance:.0e}. With {values} it is {results} W/(m·K)."
        )
    if flow is not None and done.plan.pore_phase is not None:
        in_metres = all(one.metres is not None for one in flow.along)
        unit = "m²" if in_metres else "voxel²"
        results = _listed(
            [f"{number(one.voxels if one.metres is None else one.metres)} {unit} along {AXES[one.axis]}"
             for one in flow.along]
        )  # fmt: skip
        told.append(
            f"The permeability of {names[done.plan.pore_phase]} was computed from Stokes' equations on a staggered "
            f"grid [harlow1965] with no slip at the voxels' faces, {_faces(flow.ends, flow.sides, 'pressures')}, by "
            f"preconditioned MINRES [paige1975] to a relative residual of {flow.tolerance:.0e}. It is {results}."
        )
    stiff = done.elasticity
    if stiff is not None:
        values = _listed(
            [f"{pascals(one.young)} and {one.poisson:.3g} for {names[label]}"
             for label, one in sorted(stiff.moduli.items())]
        )  # fmt: skip
        whole = stiff.isotropic
        results = _listed([f"{pascals(value)} along {axis}" for axis, value in zip(AXES, stiff.youngs, strict=True)])
        told.append(
            "The effective stiffness tensor was computed on the periodic volume from six mean strains by conjugate "
            "gradients [zeman2010], preconditioned by Green's operator of a homogeneous medium in Fourier space "
            "[moulinec1998] with rotated finite differences [willot2015], to a relative residual of "
            f"{stiff.tolerance:.0e}. With Young's moduli and Poisson's ratios of {values}, Young's modulus is "
            f"{results}; the mean of all directions (Hill) is {pascals(whole.young)} with a Poisson's ratio of "
            f"{whole.poisson:.3f}."
        )
    return told


def _faces(ends: str, sides: str, held: str) -> str:
    end = f"fixed {held} at two opposite faces" if ends == "fixed" else "a mean gradient on the periodic volume"
    return f"{end} and {'impermeable' if sides == 'closed' else 'periodic'} sides"


def _program(found: Findings) -> str:
    own = found.versions.get("microloom", "")
    used = _listed([f"{name} {version}" for name, version in found.versions.items() if name != "microloom"])
    return f"All was done with Microloom {own}" + (f" ({used})." if used else ".")


def _size(found: Findings) -> str:
    shape = reversed(found.subject.labels.shape)
    text = " × ".join(map(str, shape)) + (" voxels" if isinstance(found.subject, Volume) else " pixels")
    if found.edges and len(set(found.edges)) == 1:
        text += f" ({format_length(found.edges[0])} each)"
    return text


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
