"""What was done, in the words of a paper's methods section, and the works to cite for it as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from core.images.pixel_size import format_length
from core.report.account import Account, account_of
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
_NAMED = 6
"""Values of several things that are listed one by one; of more, the range is told."""


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
    return methods_of((account_of(found),))


def methods_of(accounts: Sequence[Account]) -> Methods:
    """One methods section of several things: what they share is told once."""
    sets: dict[Any, list[Account]] = {}
    for one in accounts:
        sets.setdefault(_kind(one), []).append(one)
    paragraphs = []
    for place, alike in enumerate(sets.values()):
        paragraphs += _reconstruction(alike)
        paragraphs.append(_measuring(alike, again=place > 0))
    paragraphs += _computing(accounts)
    paragraphs += list(dict.fromkeys(map(_program, accounts)))
    keys = dict.fromkeys(key for text in paragraphs for key in re.findall(r"\[([a-z0-9]+)\]", text))
    return Methods(tuple(paragraphs), tuple(keys))


def _kind(one: Account) -> Any:
    """What those share that differ by their seed alone."""
    names = tuple(described.descriptor.name for described in one.statistics if described.own is not None)
    return one.engine, one.preset, one.shape, one.edges, one.solid, one.periodic, one.exemplar, one.phase.name, names


def _reconstruction(alike: Sequence[Account]) -> list[str]:
    """How volumes were made, where this program made them."""
    found = alike[0]
    if not found.engine or not found.solid:
        return []
    size, several = _size(found), len(alike) > 1
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
            "with a denoising diffusion model [ddpm] [lee2022] trained on crops of the micrograph and applied "
            "to the three families of planes of the volume [micro3diff]"
        )
    else:
        how = f"with the engine {found.engine}"
    what = f"{len(alike)} volumes of {size} were" if several else f"A volume of {size} was"
    text = f"{what} reconstructed{source} {how}."
    if found.preset:
        steps = [str(one.training["iterations"]) for one in alike if one.training.get("iterations")]
        took = f" and took {_all(steps)} iterations" if steps else ""
        text += f" Training used the preset “{found.preset}”{took}."
    if found.target_fraction is not None:
        wanted = _all([f"{100 * one.target_fraction:.2f}" for one in alike if one.target_fraction is not None])
        achieved = _all([f"{100 * one.fraction:.2f}" for one in alike])
        ones = "ones are" if several else "one is"
        text += f" The wanted volume fraction of {found.phase.name} was {wanted} %, the achieved {ones} {achieved} %."
    if found.periodic:
        text += f" The {'volumes repeat' if several else 'volume repeats'} along {', '.join(found.periodic)}."
    seeds = [str(one.seed) for one in alike if one.seed is not None]
    if seeds:
        text += f" The random {'seeds were' if len(seeds) > 1 else 'seed was'} {_listed(seeds)}."
    return [text]


def _measuring(alike: Sequence[Account], again: bool = False) -> str:
    """What was measured, how, and what it was compared with; ``again``: how is told already."""
    found, several = alike[0], len(alike) > 1
    thing, unit = ("volume", "voxels") if found.solid else ("picture", "pixels")
    named_so = f" ({_listed([one.name for one in alike])})" if again and len(alike) <= _NAMED else ""
    subject = f"The {thing}{named_so} has {_size(found)}"
    if several:
        subject = f"{len(alike)} {thing}s{named_so} have {_size(found)}"
    start = "" if found.engine else f"{subject}. "
    if again:
        text = f"{start}{'They were' if several else 'It was'} measured in the same way, for lags up to "
        text += f"{found.curves.lags[-1]:.0f} {unit}."
    else:
        text = f"{start}{_curves(found, unit)}"
    extra = [one.descriptor.name for one in found.statistics if one.own is not None]
    named = [f"{_STATISTICS[name][0]} [{_STATISTICS[name][1]}]" for name in extra if name in _STATISTICS]
    if named and not again:
        text += f" In addition, {_listed(named)} {'were' if len(named) > 1 else 'was'} determined."
    compared = [one.comparison for one in alike if one.comparison is not None]
    if not compared:
        return text
    s2, path = (
        _all([f"{100 * getattr(one, name):.2f}" for one in compared]) for name in ("epsilon_s2", "epsilon_lineal_path")
    )
    if again:
        return f"{text} The discrepancy ε from the exemplar is {s2} % for S2 and {path} % for L."
    text += (
        " Curves f were compared with the exemplar's by the discrepancy ε = ∫|f − f_ref| dr / ∫ f_ref dr [lee2022]: "
        f"{s2} % for S2 and {path} % for L."
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


def _curves(found: Account, unit: str) -> str:
    inside = "counting only pairs and segments that lie wholly inside (unbiased)"
    if found.periodic == "zyx":
        inside = "with pairs across the periodic faces counted"
    return (
        f"The two-point probability S2 [torquato2002] and the lineal path L [lu1992] of {found.phase.name} "
        f"were computed exactly along the axes, {inside}, for lags up to {found.curves.lags[-1]:.0f} {unit} "
        "and averaged over the axes."
    )


def _computing(accounts: Sequence[Account]) -> list[str]:
    """How properties were computed; of one thing, the values too."""
    alone = len(accounts) == 1
    told = [_heat(one, alone) for one in accounts]
    told += [_flow(one, alone) for one in accounts]
    told += [_stiffness(one, alone) for one in accounts]
    return list(dict.fromkeys(filter(None, told)))


def _heat(found: Account, alone: bool) -> str:
    heat = None if found.properties is None else found.properties.conductivity
    if heat is None:
        return ""
    names = [phase.name for phase in found.phases]
    values = _listed([f"{number(value)} W/(m·K) for {names[label]}" for label, value in sorted(heat.values.items())])
    results = _listed([f"{number(one.value)} along {AXES[one.axis]}" for one in heat.along])
    end = f"With {values} it is {results} W/(m·K)." if alone else f"The phases' values were {values}."
    return (
        "The effective conductivity was computed by finite volumes on the voxel grid with harmonic means at the "
        f"faces, {_faces(heat.ends, heat.sides, 'temperatures')}, and preconditioned conjugate gradients "
        f"[hestenes1952] to a relative residual of {heat.tolerance:.0e}. {end}"
    )


def _flow(found: Account, alone: bool) -> str:
    done = found.properties
    flow = None if done is None else done.permeability
    if done is None or flow is None or done.plan.pore_phase is None:
        return ""
    unit = "m²" if all(one.metres is not None for one in flow.along) else "voxel²"
    results = _listed(
        [f"{number(one.voxels if one.metres is None else one.metres)} {unit} along {AXES[one.axis]}"
         for one in flow.along]
    )  # fmt: skip
    return (
        f"The permeability of {found.phases[done.plan.pore_phase].name} was computed from Stokes' equations on a "
        f"staggered grid [harlow1965] with no slip at the voxels' faces, {_faces(flow.ends, flow.sides, 'pressures')}, "
        f"by preconditioned MINRES [paige1975] to a relative residual of {flow.tolerance:.0e}."
        + (f" It is {results}." if alone else "")
    )


def _stiffness(found: Account, alone: bool) -> str:
    stiff = None if found.properties is None else found.properties.elasticity
    if stiff is None:
        return ""
    names = [phase.name for phase in found.phases]
    values = _listed(
        [f"{pascals(one.young)} and {one.poisson:.3g} for {names[label]}"
         for label, one in sorted(stiff.moduli.items())]
    )  # fmt: skip
    whole = stiff.isotropic
    results = _listed([f"{pascals(value)} along {axis}" for axis, value in zip(AXES, stiff.youngs, strict=True)])
    return (
        "The effective stiffness tensor was computed on the periodic volume from six mean strains by conjugate "
        "gradients [zeman2010], preconditioned by Green's operator of a homogeneous medium in Fourier space "
        "[moulinec1998] with rotated finite differences [willot2015], to a relative residual of "
        f"{stiff.tolerance:.0e}. "
    ) + (
        f"With Young's moduli and Poisson's ratios of {values}, Young's modulus is {results}; the mean of all "
        f"directions (Hill) is {pascals(whole.young)} with a Poisson's ratio of {whole.poisson:.3f}."
        if alone
        else f"The phases' Young's moduli and Poisson's ratios were {values}."
    )


def _faces(ends: str, sides: str, held: str) -> str:
    end = f"fixed {held} at two opposite faces" if ends == "fixed" else "a mean gradient on the periodic volume"
    return f"{end} and {'impermeable' if sides == 'closed' else 'periodic'} sides"


def _program(found: Account) -> str:
    own = found.versions.get("microloom", "")
    used = _listed([f"{name} {version}" for name, version in found.versions.items() if name != "microloom"])
    return f"All was done with Microloom {own}" + (f" ({used})." if used else ".")


def _size(found: Account) -> str:
    text = " × ".join(map(str, reversed(found.shape))) + (" voxels" if found.solid else " pixels")
    if found.edges and len(set(found.edges)) == 1:
        text += f" ({format_length(found.edges[0])} each)"
    return text


def _all(values: list[str]) -> str:
    """All values where they are few, else the least and the largest; what is the same is told once."""
    different = list(dict.fromkeys(values))
    if len(different) <= _NAMED:
        return _listed(different)
    ordered = sorted(different, key=float)
    return f"{ordered[0]} to {ordered[-1]}"


def _listed(parts: list[str]) -> str:
    if not parts:
        return ""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
