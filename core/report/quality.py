"""The comparison of two sets of pictures, on paper: JSON, a table of every picture, and a page."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from core.images.atomic import replacing, write_error
from core.images.values import Phase
from core.provenance import array_hash, versions
from core.quality.comparing import Quality
from core.report.figures import Inks, Picture, figure_svg, picture_of
from core.report.page import rendered

NAMES = ("pictures.csv", "report.json", "report.html")
_PAIRS = 4


def quality_json(found: Quality, about: dict[str, Any] | None = None) -> dict[str, Any]:
    """The comparison as plain JSON values; lengths in pixels, what is not known is null."""
    near, grains, real = found.nearest, found.grains, found.real_grains
    first, second = near.pair
    plain: dict[str, Any] = {
        **(about or {}),
        "generated": {"pictures": len(found.generated.names), "labels_sha256": array_hash(found.generated.pictures)},
        "reference": {"pictures": len(found.real.names), "labels_sha256": array_hash(found.real.pictures)},
        "size": list(found.real.pictures.shape[1:]),
        "feature_space": found.space,
        "feature_weights": dict(found.weights) or None,
        "frechet_distance": found.frechet,
        **({"fid": found.frechet} if found.frechet_name == "FID" else {}),
        "kernel_distance": found.kernel,
        "precision": None if found.manifolds is None else found.manifolds.precision,
        "recall": None if found.manifolds is None else found.manifolds.recall,
        "neighbours": None if found.manifolds is None else found.manifolds.neighbours,
        "volume_fraction": {"generated": found.fraction, "reference": found.real_fraction},
        "s2": {"epsilon_percent": 100 * found.epsilon_s2, **_curve(found, "s2_mean")},
        "lineal_path": {"epsilon_percent": 100 * found.epsilon_lineal_path, **_curve(found, "lineal_path_mean")},
        "nearest": {
            "ssim_mean": found.ssim,
            "psnr_mean_db": found.psnr,
            "pixel_mse_mean": float(near.squares.mean()),
            "pixel_mse_min": float(near.squares[first]),
            "pair": {"generated": found.generated.names[first], "reference": found.real.names[second]},
            "reference_to_reference_min": float(np.nanmin(near.among)),
            "copies_suspected": [found.generated.names[place] for place in near.suspects],
        },
        "grains": {
            "mean_diameter_px": {"generated": grains.mean, "reference": real.mean},
            "standard_deviation_px": {"generated": grains.deviation, "reference": real.deviation},
            "counted": {"generated": len(grains.diameters), "reference": len(real.diameters)},
            "largest_difference": found.grain_difference,
        },
        "notes": list(found.notes),
        "versions": dict(versions()),
    }
    return _finite(plain)  # type: ignore[no-any-return]


def _curve(found: Quality, name: str) -> dict[str, Any]:
    return {
        "r": found.curves.lags.tolist(),
        "generated": getattr(found.curves, name).tolist(),
        "reference": getattr(found.real_curves, name).tolist(),
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def pictures_csv(found: Quality) -> str:
    """A line for each generated picture: its fraction, its ε, and its nearest reference."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("name", "fraction", "epsilon_s2", "epsilon_lineal_path", "nearest", "pixel_mse", "ssim", "psnr_db")
    )
    for place, name in enumerate(found.generated.names):
        alike = found.similarities[place]
        numbers = (
            float(found.generated.pictures[place].mean()), found.epsilons_s2[place], found.epsilons_lineal_path[place],
        )  # fmt: skip
        writer.writerow(
            (
                name,
                *(f"{value:.8g}" for value in numbers),
                found.real.names[found.nearest.places[place]],
                f"{found.nearest.squares[place]:.8g}",
                f"{alike.ssim:.8g}",
                "inf" if math.isinf(alike.psnr) else f"{alike.psnr:.8g}",
            )
        )
    return out.getvalue()


def quality_rows(found: Quality) -> list[tuple[str, str, str]]:
    """The table of the page: what, its value, and what it says."""
    near = found.nearest
    first, _ = near.pair
    rows = [
        (
            "Mean volume fraction",
            f"{100 * found.fraction:.2f} %",
            f"of the references {100 * found.real_fraction:.2f} %",
        ),
        ("ε of S₂", f"{100 * found.epsilon_s2:.2f} %", "area between the mean curves over the references'"),
        ("ε of L", f"{100 * found.epsilon_lineal_path:.2f} %", ""),
        (
            found.frechet_name,
            f"{found.frechet:.4g}",
            f"squared Fréchet distance in the space: {found.space}; 0 where both are alike",
        ),
        ("Kernel distance", f"{found.kernel:.4g}", "squared, unbiased, cubic kernel, in the same space"),
    ]
    if found.manifolds is not None:
        k = found.manifolds.neighbours
        rows += [
            (
                "Precision",
                f"{100 * found.manifolds.precision:.1f} %",
                f"generated pictures among the references (k = {k})",
            ),
            ("Recall", f"{100 * found.manifolds.recall:.1f} %", "references among the generated pictures"),
        ]
    rows += [
        (
            "Smallest pixel MSE to a reference",
            f"{near.squares[first]:.4g}",
            f"mean {near.squares.mean():.4g}; the references among themselves at least {np.nanmin(near.among):.4g}",
        ),
        ("SSIM with the nearest reference", f"{found.ssim:.4f}", "mean"),
        ("PSNR with the nearest reference", "unlimited" if math.isinf(found.psnr) else f"{found.psnr:.2f} dB", "mean"),
    ]
    if not math.isnan(found.grain_difference):
        grains, real = found.grains, found.real_grains
        rows += [
            (
                "Mean size of pieces",
                f"{grains.mean:.2f} px",
                f"of the references {real.mean:.2f} px; whole pieces alone",
            ),
            (
                "Largest difference of their distributions",
                f"{found.grain_difference:.3f}",
                "Kolmogorov and Smirnov, 0 to 1",
            ),
        ]
    return rows


def quality_sentence(found: Quality) -> str:
    """Whether anything looks copied, in words."""
    count = len(found.nearest.suspects)
    if not np.isfinite(found.nearest.among).any():
        return ""
    if not count:
        return "No generated picture is nearer to a reference than half of what the references are from each other."
    pictures = "One generated picture is" if count == 1 else f"{count} generated pictures are"
    return f"{pictures} nearer to a reference than half of what the references are from each other: look for copies."


def quality_html(found: Quality, title: str, against: str) -> str:
    """One page without any outside reference."""
    return rendered(
        "quality.html",
        title=title,
        against=against,
        generated=len(found.generated.names),
        real=len(found.real.names),
        side=found.real.pictures.shape[1:],
        sentence=quality_sentence(found),
        suspected=bool(found.nearest.suspects),
        rows=quality_rows(found),
        notes=found.notes,
        figures=_figures(found),
        pairs=_pairs(found),
        versions=dict(versions()),
    )


def _figures(found: Quality) -> list[tuple[str, str]]:
    lags = found.curves.lags
    made = []
    for name, title in (("s2_mean", "S₂(r)"), ("lineal_path_mean", "L(r)")):
        rows = [("generated", getattr(found.curves, name)), ("references", getattr(found.real_curves, name))]
        made.append((title, _lines(lags, rows, "r (pixels)", title, name)))
    if not math.isnan(found.grain_difference):
        reach = max(found.grains.diameters[-1], found.real_grains.diameters[-1])
        at = np.linspace(0, reach, 200)
        rows = [("generated", found.grains.share_up_to(at)), ("references", found.real_grains.share_up_to(at))]
        made.append(("Sizes of pieces", _lines(at, rows, "diameter (pixels)", "share of the pieces", "grains")))
    return made


def _lines(x: np.ndarray, rows: list[tuple[str, np.ndarray]], x_label: str, y_label: str, salt: str) -> str:
    def draw(axes: Any, inks: Inks) -> None:
        (_, own), (_, other) = rows
        axes.plot(x, own, color=inks.accent, linewidth=2.2, label="generated")
        axes.plot(x, other, color=inks.ink, linewidth=1.4, linestyle=(0, (5, 3)), label="references")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        axes.set_xlim(0, x[-1])
        axes.set_ylim(0, None)

    return figure_svg(draw, salt, f"{y_label} against {x_label}")


def _pairs(found: Quality) -> list[tuple[Picture, Picture, str]]:
    """The generated pictures that come nearest to references, beside these."""
    phases = (Phase("Rest", "#8A9099"), Phase("Phase", "#0072B2"))
    made = []
    for place in np.argsort(found.nearest.squares, kind="stable")[:_PAIRS]:
        other = int(found.nearest.places[place])
        pair = [
            picture_of(pictures.pictures[number].astype(np.uint8), phases, pictures.names[number])
            for pictures, number in ((found.generated, place), (found.real, other))
        ]
        made.append((pair[0], pair[1], f"{100 * found.nearest.squares[place]:.2f} % of the pixels differ"))
    return made


def write_quality(found: Quality, folder: Path, title: str, against: str, overwrite: bool = False) -> Path:
    """Write pictures.csv, report.json and report.html into ``folder``; errors as `core.report.write_report`."""
    from core.report.writing import check_folder

    check_folder(folder, overwrite, NAMES)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from error
    texts = (
        pictures_csv(found),
        json.dumps(quality_json(found, {"title": title, "against": against}), indent=1, allow_nan=False),
        quality_html(found, title, against),
    )
    for name, text in zip(NAMES, texts, strict=True):
        with replacing(folder / name, overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return folder
