"""What a file is: its kind, shape, pixel size, phases and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.images.pixel_size import format_length
from core.images.values import Micrograph, PhaseImage, Volume

_TOLD_APART = (
    "name", "kind", "provenance", "phases", "versions", "settings", "notes", "calibration", "results", "exemplar",
    "result", "trained_range", "grey",
)  # fmt: skip
_SHOWN_LAGS = 8
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp")


def describe_file(path: Path) -> dict[str, Any]:
    """Facts about a picture, volume, model or project, as JSON values.

    Raises
    ------
    InputError
        Where it is none of these.
    """
    from core.images.grey_volume import is_grey_store
    from core.images.labelled import looks_segmented
    from core.images.reading import checked_path, read_labels, read_micrograph
    from core.images.zarr_volume import is_zarr
    from core.projects.reading import is_project
    from core.reconstruction.model_file import SUFFIX

    if is_grey_store(path):
        return _grey_store(path)
    if is_zarr(path):
        return _store(path)
    checked_path(path)
    if is_project(path):
        return _project(path)
    if path.suffix.lower() == SUFFIX:
        return _model(path)
    found: Micrograph | PhaseImage | Volume
    try:
        found = read_labels(path)
    except InputError:
        # not labels; if it is no micrograph either, that reader's words are the ones that fit
        found = read_micrograph(path)
    else:
        if isinstance(found, PhaseImage) and path.suffix.lower() in _PICTURES:
            guess = looks_segmented(read_micrograph(path).grey)
            note = "" if guess is None or guess.clean else "edges are blurred; labels are the nearest grey levels"
            return {**_labels(found), **({"note": note} if note else {})}
    return _micrograph(found) if isinstance(found, Micrograph) else _labels(found)


def _micrograph(picture: Micrograph) -> dict[str, Any]:
    return {
        "kind": "micrograph",
        "name": picture.name,
        "shape": list(picture.shape),
        "type": str(picture.grey.dtype),
        "pixel_size_m": picture.pixel_size,
        "grey": [float(picture.grey.min()), float(picture.grey.max())],
        "notes": dict(picture.notes),
        "provenance": picture.provenance.to_json(),
    }


def _labels(found: PhaseImage | Volume) -> dict[str, Any]:
    volume = isinstance(found, Volume)
    size = found.voxel_size if isinstance(found, Volume) else found.pixel_size
    return {
        "kind": "volume" if volume else "phase image",
        "name": found.name,
        "shape": list(found.labels.shape),
        "voxel_size_m" if volume else "pixel_size_m": list(size) if isinstance(size, tuple) else size,
        "phases": [
            {"label": label, "name": phase.name, "fraction": fraction}
            for label, (phase, fraction) in enumerate(zip(found.phases, found.fractions, strict=True))
        ],
        "provenance": found.provenance.to_json(),
    }


def _store(path: Path) -> dict[str, Any]:
    """What the metadata of a volume in blocks tell; no voxel is read."""
    from core.images.zarr_volume import open_zarr

    found = open_zarr(path)
    outline = found.outline
    shares: tuple[float | None, ...] = found.fractions or (None,) * len(outline.phases)
    return {
        "kind": "volume in blocks" if found.complete is not False else "volume in blocks, not finished",
        "name": path.name,
        "shape": list(outline.shape),
        "levels": " · ".join("×".join(map(str, shape)) for shape in found.shapes),
        "voxel_size_m": None if outline.voxel_size is None else list(outline.voxel_size),
        "phases": [
            {"label": label, "name": phase.name, **({} if share is None else {"fraction": share})}
            for label, (phase, share) in enumerate(zip(outline.phases, shares, strict=True))
        ]
        if found.named
        else [],
        "provenance": outline.provenance.to_json(),
    }


def _grey_store(path: Path) -> dict[str, Any]:
    """As `_store`, of grey values."""
    from core.images.grey_volume import open_grey_volume

    found = open_grey_volume(path)
    assert found is not None
    return {
        "kind": "grey volume in blocks",
        "name": path.name,
        "shape": list(found.shape),
        "type": str(found.dtype),
        "voxel_size_m": None if found.voxel_size is None else list(found.voxel_size),
    }


def _model(path: Path) -> dict[str, Any]:
    from core.reconstruction.model_file import load_model

    return model_facts(load_model(path, grey=True).card)


def model_facts(card: Mapping[str, Any]) -> dict[str, Any]:
    """What a model's card tells, as JSON values."""
    from core.reconstruction.diffusion.copying import sentence
    from core.reconstruction.model_record import trained_range

    names = ("engine", "name", "phases", "volume_fraction", "exemplar_shape", "pixel_size", "seed", "settings",
             "calibration", "exemplar", "result", "grey", "device", "versions", "provenance")  # fmt: skip
    training = {key: value for key, value in card.get("training", {}).items() if key in ("iterations", "seconds")}
    facts: dict[str, Any] = {
        "kind": "model",
        **{name: card[name] for name in names if name in card},
        "training": training,
    }
    if "grey" not in card:
        return {**facts, "trained_range": list(trained_range(card))}
    copied = sentence(card)
    return facts if copied is None else {**facts, "copying": copied}


def _project(path: Path) -> dict[str, Any]:
    # read as a whole, so that what is said holds: every hash is checked and every model restored
    from core.projects.reading import read_project
    from core.segmentation.settings import settings_to_json

    project = read_project(path)
    picture, image = project.micrograph, project.phase_image
    facts: dict[str, Any] = {"kind": "project", "name": path.name}
    if picture is not None:
        facts |= {
            "micrograph": picture.name,
            "source": project.source,
            "shape": list(picture.shape),
            "pixel_size_m": picture.pixel_size if project.pixel_size is None else project.pixel_size,
            "crop": None if project.crop is None else list(project.crop),
        }
    if image is not None:
        facts["phases"] = _labels(image)["phases"]
    if not project.take_labels:
        facts["segmentation"] = settings_to_json(project.segmentation)
    facts["results"] = [
        {
            "title": result.title,
            "engine": result.made.engine,
            "preset": result.made.preset,
            "shape": list(result.made.volume.shape),
            "voxel_size_m": None if result.made.volume.voxel_size is None else list(result.made.volume.voxel_size),
            "seed": result.made.target.seed,
            "phase": result.made.volume.phases[result.made.volume_phase].name,
            "fraction": result.made.fraction_after,
            "epsilon_s2": result.made.comparison.epsilon_s2,
            "epsilon_lineal_path": result.made.comparison.epsilon_lineal_path,
            "provenance": result.made.volume.provenance.to_json(),
        }
        for result in project.results
    ]
    facts["versions"] = dict(project.versions)
    if picture is not None:
        facts["provenance"] = picture.provenance.to_json()
    return facts


def lines(facts: Mapping[str, Any]) -> list[str]:
    """The facts as text, one a line, the chain of provenance last."""
    shown = [f"{facts['name']}: {facts['kind']}"]
    for key, value in facts.items():
        if key in _TOLD_APART:
            continue
        if key in ("shape", "exemplar_shape"):
            shown.append(f"{key.replace('_', ' ')}: {' × '.join(map(str, value))}")
        elif key in ("pixel_size_m", "voxel_size_m", "pixel_size"):
            sizes = value if isinstance(value, list) else [value]
            known = value is not None
            what = "voxel size" if key == "voxel_size_m" else "pixel size"
            shown.append(f"{what}: {' × '.join(map(format_length, sizes)) if known else 'not known'}")
        elif isinstance(value, Mapping):
            shown.append(f"{key}: " + ", ".join(f"{name} {item}" for name, item in value.items()))
        else:
            shown.append(f"{key.replace('_', ' ')}: {value}")
    for phase in facts.get("phases", ()):
        share = f": {100 * phase['fraction']:.2f} %" if "fraction" in phase else ""
        shown.append(f"phase {phase.get('label', '')} {phase['name']}{share}".replace("  ", " "))
    shown += [f"{name}: {value}" for name, value in facts.get("notes", {}).items()]
    if facts["kind"] == "model":
        shown += record_lines(facts)
    for number, result in enumerate(facts.get("results", ()), 1):
        shown.append(
            f"result {number}: {result['title']}; {result['engine']} {result['preset']}, {result['phase']} "
            f"{100 * result['fraction']:.2f} %, ε of S2 {100 * result['epsilon_s2']:.2f} %, of L "
            f"{100 * result['epsilon_lineal_path']:.2f} %"
        )
    if "provenance" in facts:
        shown += _chain(facts["provenance"], 0)
    return shown


def record_lines(facts: Mapping[str, Any]) -> list[str]:
    """What a model was trained for and from, and what its first volume measured."""
    from core.reconstruction.model_record import read_record

    if "grey" in facts:
        told = facts["grey"]
        return [f"grey images: values {told['low']:g} to {told['high']:g} ({told['type']}), no phases"]
    low, high = facts["trained_range"]
    served = f"{100 * low:.2f} %" if low == high else f"{100 * low:.2f} % to {100 * high:.2f} %"
    shown = [f"trained for volume fractions: {served}"]
    record = read_record(facts)
    if record is None:
        return shown
    rows, columns = record.thumbnail.shape
    names = ", ".join(phase.name for phase in record.phases)
    shown.append(f"exemplar: {names}; picture of {columns} × {rows} pixels, 1 in {record.step}")
    lags = np.unique(np.linspace(0, len(record.exemplar.s2) - 1, _SHOWN_LAGS).round().astype(int))
    shown.append("r (pixels)      " + "".join(f"{lag:8d}" for lag in lags))
    for what, pair in (("exemplar", record.exemplar), ("volume", record.result)):
        if pair is None:
            continue
        for name, values in (("S2", pair.s2), ("L", pair.lineal_path)):
            cells = (f"{values[lag]:8.4f}" if lag < len(values) else " " * 8 for lag in lags)
            shown.append(f"{f'{name} of {what}':<16}" + "".join(cells).rstrip())
    if record.result is not None:
        told = record.result_facts
        z, y, x = told["size"]
        shown.append(
            f"first volume: {x} × {y} × {z} voxels, seed {told['seed']}, {100 * told['fraction']:.2f} %, "
            f"ε of S2 {100 * told['epsilon_s2']:.2f} %, of L {100 * told['epsilon_lineal_path']:.2f} %"
        )
    return shown


def _chain(step: Mapping[str, Any], depth: int) -> list[str]:
    parts = [step["made_by"]]
    if step.get("source"):
        parts.append(str(step["source"]))
    if step.get("seed") is not None:
        parts.append(f"seed {step['seed']}")
    found = [f"{'  ' * depth}{'made by' if depth == 0 else 'from'}: {', '.join(parts)}"]
    for before in step.get("inputs", ()):
        found += _chain(before, depth + 1)
    return found
