"""The plain tables of a report: numbers beside the target, discrepancies along each axis, facts."""

from __future__ import annotations

from core.images.pixel_size import format_length
from core.report.account import Account, account_of
from core.report.findings import Findings
from core.report.properties import AXES


def numbers(found: Findings) -> list[tuple[str, str, str]]:
    """Rows of the main table: what, exemplar or target, found."""
    rows = []
    target = "" if found.target_fraction is None else f"{100 * found.target_fraction:.2f} %"
    rows.append((f"Fraction of {found.interest.name}", target, f"{100 * found.achieved_fraction:.2f} %"))
    if found.fraction_before is not None:
        rows.append(("… before the threshold was set", "", f"{100 * found.fraction_before:.2f} %"))
    if found.correlation is not None:
        rows.append(("Correlation length", "", _length(found.correlation, found)))
    if found.shapes is not None:
        for label, name, unit in (
            ("Pieces of the phase per 10⁴ px² of section", "pieces_per_area", ""),
            ("Pieces of the rest per 10⁴ px² of section", "complement_pieces_per_area", ""),
            ("Boundary length per area", "boundary_per_area", " px⁻¹"),
        ):
            own = "" if found.exemplar_shapes is None else f"{getattr(found.exemplar_shapes, name):.3g}{unit}"
            rows.append((label, own, f"{getattr(found.shapes, name):.3g}{unit}"))
    return rows


def per_axis(found: Findings) -> list[tuple[str, str, str]]:
    """Rows of the table of discrepancies: axis, ε of S2, ε of L; empty without an exemplar."""
    compared = found.comparison
    if compared is None:
        return []
    rows = [("average", compared.epsilon_s2, compared.epsilon_lineal_path)]
    axes = AXES[-len(compared.epsilon_s2_axes) :]
    rows += list(zip(axes, compared.epsilon_s2_axes, compared.epsilon_lineal_path_axes, strict=True))
    return [(axis, f"{100 * s2:.2f} %", f"{100 * path:.2f} %") for axis, s2, path in rows]


def facts(found: Findings) -> list[tuple[str, str]]:
    """Rows of the table of facts: size, voxel size, engine, seed, times."""
    return facts_of(account_of(found))


def facts_of(found: Account) -> list[tuple[str, str]]:
    """As `facts`."""
    sides = " × ".join(map(str, found.shape))
    kind = "voxels (z × y × x)" if found.solid else "pixels (y × x)"
    known = [("Size", f"{sides} {kind}")]
    if found.edges:
        known.append(("Voxel size", " × ".join(dict.fromkeys(format_length(edge) for edge in found.edges))))
    else:
        known.append(("Voxel size", "not known"))
    if found.exemplar is not None:
        rows, columns = found.exemplar.shape
        known.append(("Exemplar", f"{found.exemplar.name}, {columns} × {rows} pixels"))
    if found.engine:
        known.append(("Engine", found.engine + (f", preset {found.preset}" if found.preset else "")))
    if found.training.get("iterations"):
        known.append(("Training", f"{found.training['iterations']} iterations"))
    if found.periodic:
        counted = "; pairs across the faces are counted" if found.periodic == "zyx" else ""
        known.append(("Repeats along", ", ".join(found.periodic) + counted))
    if found.seed is not None:
        known.append(("Seed", str(found.seed)))
    known += [(f"Time, {step}", f"{seconds:.1f} s") for step, seconds in found.seconds.items() if seconds == seconds]
    if found.device:
        known.append(("Device", found.device))
    return known


def _length(pixels: float, found: Findings) -> str:
    edges = found.edges
    physical = f" ({format_length(pixels * edges[-1])})" if edges and len(set(edges)) == 1 else ""
    return f"{pixels:.1f} px{physical}"
