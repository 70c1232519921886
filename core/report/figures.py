"""Figures of a report: curves as inline SVG that follows the page's colours, sections as small PNG pictures."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.images.pixel_size import format_length
from core.images.values import Phase, PhaseImage, Volume
from core.report.findings import Findings


@dataclass(frozen=True)
class Inks:
    """The colours of a figure: text and frame, what is shown, and grid lines."""

    ink: str
    accent: str
    soft: str


PAGE = Inks("#010203", "#040506", "#070809")
"""Colours that no theme uses; the page's own take their place in the SVG."""
PAPER = Inks("#1c2126", "#0F8B8D", "#c3cad1")
"""Of a figure that is printed."""
Draw = Callable[[Any, Inks], None]
"""Fills matplotlib axes with these inks; frame and grid come from `framed`."""
_AXIS_COLORS = ("#0072B2", "#D55E00", "#009E73")
_AXES = "zyx"


@dataclass(frozen=True)
class Picture:
    """A section for the page: PNG as a data address, its side in pixels, and a caption."""

    address: str
    width: int
    height: int
    caption: str


Drawing = tuple[str, Draw, str, str]
"""A figure that is not drawn yet: its title, what draws it, its name among others, and what a screen reader says."""


def curve_drawings(findings: Findings) -> list[Drawing]:
    """S2 and L, with exemplar (dashed), band, average (bold) and each axis (thin)."""
    band, curves = findings.band, findings.curves
    s2_band = None if band is None else (band.s2_low, band.s2_high)
    l_band = None if band is None else (band.lineal_path_low, band.lineal_path_high)
    reference = None if findings.comparison is None else findings.comparison.exemplar
    s2, path = (None, None) if reference is None else (reference.s2_mean, reference.lineal_path_mean)
    return [
        (
            "Two-point probability S₂(r)",
            *_curve(findings, curves.lags, _named(curves.s2), s2, s2_band, "r", "S₂(r)", "s2"),
        ),
        (
            "Lineal path L(r)",
            *_curve(findings, curves.lags, _named(curves.lineal_path), path, l_band, "r", "L(r)", "lineal-path"),
        ),
    ]


def statistics_drawings(findings: Findings) -> list[Drawing]:
    """The curves of further statistics; S2 and L are left out, they have their place already."""
    made = []
    for one in findings.statistics:
        if one.own is None or one.descriptor.name in ("s2", "lineal-path"):
            continue
        for curve in one.own.curves:
            shown, reference = dict(curve.rows), None
            if one.exemplar is not None and one.compared is not None:
                reference = one.exemplar.curves[0].main
                if one.compared is not one.own:
                    shown = {"sections": one.compared.curves[0].main, "volume": curve.main}
            band = None if one.band is None else (one.band[0], one.band[1])
            drawn = _curve(findings, curve.x, shown, reference, band, curve.x_label, curve.label, one.descriptor.name)
            made.append((one.descriptor.title, *drawn))
    return made


def curve_figures(findings: Findings) -> list[tuple[str, str]]:
    """`curve_drawings` as (title, SVG)."""
    return [(title, figure_svg(draw, name, said)) for title, draw, name, said in curve_drawings(findings)]


def statistics_figures(findings: Findings) -> list[tuple[str, str]]:
    """`statistics_drawings` as (title, SVG)."""
    return [(title, figure_svg(draw, name, said)) for title, draw, name, said in statistics_drawings(findings)]


def _named(rows: np.ndarray) -> dict[str, np.ndarray]:
    axes = {f"along {axis}": row for axis, row in zip(_AXES[-len(rows) :], rows, strict=True)}
    return {"average": rows.mean(axis=0)} | axes


def _curve(
    findings: Findings,
    x: np.ndarray,
    rows: Mapping[str, np.ndarray],
    reference: np.ndarray | None,
    band: tuple[np.ndarray, np.ndarray] | None,
    x_label: str,
    label: str,
    name: str,
) -> tuple[Draw, str, str]:
    """Curves with a reference (dashed) and its band; the first row is bold. All of a `Drawing` but its title."""

    def draw(axes: Any, inks: Inks) -> None:
        draw_band(axes, inks, x, band, findings.band.confidence if findings.band else None)
        (main, bold), *others = rows.items()
        for place, (words, row) in enumerate(others):
            color = _AXIS_COLORS[(place - len(others)) % len(_AXIS_COLORS)]
            label_of = f"along {words}" if words in _AXES else words
            axes.plot(x, row, color=color, linewidth=0.8, alpha=0.8, label=label_of)
        axes.plot(x, bold, color=inks.accent, linewidth=2.2, label=main)
        if reference is not None:
            draw_reference(axes, inks, x, reference)
        axes.set_xlabel(f"{x_label} (pixels)")
        axes.set_ylabel(label)
        axes.set_xlim(0, x[-1])
        axes.set_ylim(None if name == "autocovariance" else 0, None)
        second_axis(axes, findings.edges, float(findings.curves.lags[-1]), inks)

    return draw, name, f"{label} against the {'distance r' if x_label == 'r' else x_label}"


def draw_band(
    axes: Any, inks: Inks, x: np.ndarray, band: tuple[np.ndarray, np.ndarray] | None, confidence: float | None
) -> None:
    """Where samples of the exemplar's size lie, shaded; nothing without a band."""
    if band is not None:
        shown = "" if confidence is None else f"{100 * confidence:.0f} % of samples"
        axes.fill_between(x[: len(band[0])], *band, color=inks.accent, alpha=0.18, linewidth=0, label=shown)


def draw_reference(axes: Any, inks: Inks, x: np.ndarray, reference: np.ndarray, label: str = "exemplar") -> None:
    """The exemplar's curve, dashed."""
    n = min(len(x), len(reference))
    axes.plot(x[:n], reference[:n], color=inks.ink, linewidth=1.4, linestyle=(0, (5, 3)), label=label)


def framed(axes: Any, inks: Inks, grid: Literal["both", "x", "y"] = "both") -> None:
    """Grid, frame and legend in the colours of the figure."""
    from matplotlib import rcParams

    axes.grid(True, axis=grid, color=inks.soft, linewidth=0.6, alpha=0.5)
    axes.set_axisbelow(True)
    for part in (*axes.spines.values(), axes.xaxis.label, axes.yaxis.label, axes.title):
        part.set_color(inks.ink)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=inks.ink)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, labelcolor=inks.ink, fontsize=0.9 * rcParams["font.size"])


def figure_svg(
    draw: Draw, salt: str, title: str, size: tuple[float, float] = (5.4, 3.5), grid: Literal["both", "x", "y"] = "both"
) -> str:
    """A figure as an <svg> element in the page's colours.

    ``salt`` tells it from the others on the page; ``size`` is in inches.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    # text stays text; a salt of its own keeps the identifiers of two figures on one page apart
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.family": "sans-serif", "font.size": 10}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        axes: Any = figure.add_subplot()
        draw(axes, PAGE)
        framed(axes, PAGE, grid)
        figure.patch.set_alpha(0)
        axes.patch.set_alpha(0)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return themed(out.getvalue(), title)


def second_axis(axes: Any, edges: Sequence[float] | None, last: float, inks: Inks) -> None:
    """The lags up to ``last`` in micrometres (or what suits) on the upper edge, where the pixels are squares."""
    if not edges or len(set(edges)) > 1:
        return
    unit = format_length(edges[0] * last).split()[-1]
    metres = {"pm": 1e-12, "nm": 1e-9, "µm": 1e-6, "mm": 1e-3, "m": 1.0}[unit]
    factor = edges[0] / metres
    upper = axes.secondary_xaxis("top", functions=(lambda r: r * factor, lambda length: length / factor))
    upper.set_xlabel(f"r ({unit})")
    upper.tick_params(colors=inks.ink)
    upper.xaxis.label.set_color(inks.ink)
    upper.spines["top"].set_color(inks.ink)


def themed(svg: str, title: str) -> str:
    """The bare <svg> element, in colours that the page's style decides."""
    svg = svg[svg.index("<svg") :]
    for color, variable in ((PAGE.ink, "--ink"), (PAGE.accent, "--accent"), (PAGE.soft, "--soft")):
        svg = svg.replace(color, f"var({variable})")
    # sizes in points would keep it from shrinking on a narrow screen
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def section_pictures(findings: Findings) -> list[Picture]:
    """The exemplar, and the middle section across each axis (or the picture itself), all at one scale."""
    subject = findings.subject
    found = []
    if findings.exemplar is not None:
        labels = findings.exemplar.labels
        side = max(subject.labels.shape)
        # no more of the exemplar than the sections show, so that all are at one scale
        cut = labels[:side, :side]
        note = "" if cut.shape == labels.shape else f", {cut.shape[1]} × {cut.shape[0]} of its pixels"
        phases = _two_colors(findings)
        found.append(picture_of((cut == findings.exemplar_phase).astype(np.uint8), phases, f"Exemplar{note}"))
    if isinstance(subject, PhaseImage):
        found.append(picture_of(subject.labels, subject.phases, subject.name))
        return found
    for axis, name in enumerate(_AXES):
        middle = subject.labels.shape[axis] // 2
        section = np.take(subject.labels, middle, axis=axis)
        found.append(picture_of(section, subject.phases, f"Section across {name}, at {middle}"))
    return found


def copying_pictures(findings: Findings) -> list[Picture]:
    """The model's sample that came nearest to its training data, and what of these it is nearest to."""
    told = findings.copying
    if told is None or told.sample is None or told.nearest is None:
        return []
    phases = findings.subject.phases
    if max(int(told.sample.max()), int(told.nearest.max())) >= len(phases):
        return []
    return [
        picture_of(told.sample, phases, "Sample of the model"),
        picture_of(told.nearest, phases, "Nearest part of the training data"),
    ]


def _two_colors(findings: Findings) -> tuple[Phase, ...]:
    """Colours of the rest and of the phase, as the subject has them where it can."""
    rest = [item for label, item in enumerate(findings.subject.phases) if label != findings.phase]
    return (rest[0] if rest else Phase("Rest", "#8A9099"), findings.interest)


def picture_of(labels: np.ndarray, phases: tuple[Phase, ...], caption: str) -> Picture:
    """Labels, shape (Y, X), uint8, in the colours of their phases."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(labels))
    palette = [int(phase.color[start : start + 2], 16) for phase in phases for start in (1, 3, 5)]
    image.putpalette(palette)
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    height, width = labels.shape
    return Picture(f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}", width, height, caption)


def scale_bar(findings: Findings) -> tuple[int, str] | None:
    """Width in pixels of a round length of about a quarter of the sections, and its text; None without a pixel size."""
    if not findings.edges:
        return None
    edge = findings.edges[-1]
    wanted = findings.subject.labels.shape[-1] * edge / 4
    power = 10.0 ** np.floor(np.log10(wanted))
    length = max(step * power for step in (1, 2, 5) if step * power <= wanted * 1.0001)
    return max(1, round(length / edge)), format_length(length)


def is_volume(findings: Findings) -> bool:
    """Whether the subject has three axes."""
    return isinstance(findings.subject, Volume)
