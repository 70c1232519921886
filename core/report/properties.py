"""The computed properties of a report: as JSON, as rows of a table, and as sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.images.values import Phase

if TYPE_CHECKING:
    from core.properties import ConductionAlong, Conductivity, Elasticity, FlowAlong, Permeability, Properties

AXES = "zyx"
HEAT_UNIT = "W/(m·K)"


def properties_json(found: Properties | None, phases: Sequence[Phase]) -> dict[str, Any] | None:
    """As plain JSON values; None where nothing was asked for, and a property is missing where it was not."""
    if found is None:
        return None
    plain: dict[str, Any] = {}
    if found.conductivity is not None:
        plain["conductivity"] = _conductivity(found.conductivity, phases)
    if found.permeability is not None:
        assert found.plan.pore_phase is not None
        plain["permeability"] = _permeability(found.permeability, phases[found.plan.pore_phase])
    if found.elasticity is not None:
        plain["elasticity"] = _elasticity(found.elasticity, phases)
    return plain


def property_rows(found: Properties | None) -> list[tuple[str, str, str, str]]:
    """Rows of the table: property, value with its unit, the same in another measure, residual."""
    rows = []
    heat, flow = (None, None) if found is None else (found.conductivity, found.permeability)
    for along in () if heat is None else heat.along:
        tortuosity = heat.tortuosity(along) if heat is not None else None
        more = "" if tortuosity is None else f"tortuosity {tortuosity:.3f}"
        value = f"{number(along.value)} {HEAT_UNIT}"
        rows.append((f"Conductivity along {AXES[along.axis]}", value, more, f"{along.relative_residual:.0e}"))
    for stream in () if flow is None else flow.along:
        value, more = permeability_text(stream)
        rows.append((f"Permeability along {AXES[stream.axis]}", value, more, f"{stream.relative_residual:.0e}"))
    stiff = None if found is None else found.elasticity
    if stiff is not None:
        left = f"{stiff.relative_residual:.0e}"
        for axis, young in zip(AXES, stiff.youngs, strict=True):
            rows.append((f"Young's modulus along {axis}", pascals(young), "", left))
        whole = stiff.isotropic
        more = f"Poisson's ratio {whole.poisson:.3f}" if whole.young else ""
        rows.append(("Young's modulus, mean of all directions", pascals(whole.young), more, left))
        rows.append(("Bulk and shear modulus", f"{pascals(whole.bulk)}, {pascals(whole.shear)}", "Hill's mean", left))
    return rows


def pascals(value: float) -> str:
    """A modulus in GPa or MPa."""
    return f"{number(value / 1e9)} GPa" if value >= 1e8 or value == 0 else f"{number(value / 1e6)} MPa"


def permeability_text(along: FlowAlong) -> tuple[str, str]:
    """Permeability in m², and in darcy; in voxels where their size is not known."""
    if along.metres is None or along.darcy is None:
        return f"{number(along.voxels)} voxel²", ""
    return f"{number(along.metres)} m²", f"{number(along.darcy)} darcy"


def property_sentences(found: Properties | None) -> list[str]:
    """What must be known about the values: what does not percolate, what was not finished."""
    if found is None:
        return []
    sentences = [along.sentence for along in found.conductivity.along] if found.conductivity is not None else []
    sentences += [along.sentence for along in found.permeability.along] if found.permeability is not None else []
    if found.elasticity is not None:
        sentences += [load.sentence for load in found.elasticity.loads]
        torn = [axis for axis, value in zip(AXES, found.elasticity.youngs, strict=True) if value == 0]
        if torn:
            sentences.append(f"Along {', '.join(torn)} nothing stiff holds the volume together.")
    return [sentence for sentence in sentences if sentence]


def number(value: float) -> str:
    """Four figures; powers of ten as people write them."""
    text = f"{value:.4g}"
    mantissa, e, power = text.partition("e")
    if not e:
        return text
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} · 10{raised}"


def _conductivity(found: Conductivity, phases: Sequence[Phase]) -> dict[str, Any]:
    return {
        "unit": HEAT_UNIT,
        "phases": {phases[label].name: value for label, value in sorted(found.values.items())},
        "per_axis": _each(found.along, "value"),
        "tensor": None if found.tensor is None else found.tensor.tolist(),
        "uncertainty": _each(found.along, "uncertainty"),
        "tortuosity": {AXES[along.axis]: found.tortuosity(along) for along in found.along},
        **_ending(found),
    }


def _permeability(found: Permeability, pores: Phase) -> dict[str, Any]:
    return {
        "pore_phase": pores.name,
        "m2": None if found.along[0].metres is None else _each(found.along, "metres"),
        "darcy": None if found.along[0].metres is None else _each(found.along, "darcy"),
        "voxel2": _each(found.along, "voxels"),
        "porosity": found.porosity,
        "connected_porosity": _each(found.along, "connected"),
        **_ending(found),
    }


def _elasticity(found: Elasticity, phases: Sequence[Phase]) -> dict[str, Any]:
    from core.properties.elasticity import COMPONENTS

    whole, anisotropy = found.isotropic, found.anisotropy
    return {
        "unit": "Pa",
        "phases": {
            phases[label].name: {"youngs_modulus": one.young, "poissons_ratio": one.poisson}
            for label, one in sorted(found.moduli.items())
        },
        "components": list(COMPONENTS),
        "stiffness": found.stiffness.tolist(),
        "youngs_modulus": dict(zip(AXES, found.youngs, strict=True)),
        "isotropic_mean": {
            "youngs_modulus": whole.young,
            "poissons_ratio": whole.poisson,
            "bulk_modulus": whole.bulk,
            "shear_modulus": whole.shear,
        },
        "universal_anisotropy": anisotropy if math.isfinite(anisotropy) else None,
        "asymmetry": found.asymmetry,
        "faces": "periodic",
        "tolerance": found.tolerance,
        "relative_residual": found.relative_residual,
        "iterations": {COMPONENTS[load.component]: load.iterations for load in found.loads},
        "seconds": found.seconds,
        "notes": [load.sentence for load in found.loads if load.sentence],
    }


def _ending(found: Conductivity | Permeability) -> dict[str, Any]:
    return {
        "ends": found.ends,
        "sides": found.sides,
        "tolerance": found.tolerance,
        "relative_residual": found.relative_residual,
        "iterations": _each(found.along, "iterations"),
        "seconds": found.seconds,
        "notes": [along.sentence for along in found.along if along.sentence],
    }


def _each(found: Sequence[ConductionAlong] | Sequence[FlowAlong], name: str) -> dict[str, Any]:
    return {AXES[along.axis]: getattr(along, name) for along in found}
