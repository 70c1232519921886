"""Writes a project: one file, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import JobError
from core.images.atomic import replacing
from core.images.values import PhaseImage, Volume
from core.job import Job, Progress, finish
from core.masks.document import design_to_json, mask_to_json
from core.projects import archive as container
from core.projects.archive import CLASSIFIER_SUFFIX, DOCUMENT, FORMAT, MODEL_SUFFIX, VERSION, array_bytes
from core.projects.document import (
    PLANE_KEYS,
    band_to_json,
    comparison_to_json,
    phases_to_json,
    plain,
    plan_to_json,
    series_to_json,
    towards_to_json,
)
from core.projects.fields import bytes_of, fields_to_json
from core.projects.marked import marks_to_json
from core.projects.measured import properties_to_json, statistics_to_json
from core.projects.project import Project, SavedResult
from core.projects.sliced import stack_to_json
from core.projects.true_volume import true_volumes_to_json
from core.projects.viewed import cuts_to_json, key_views_to_json
from core.provenance import array_hash
from core.segmentation.comparing import Kept
from core.segmentation.settings import settings_to_json

if TYPE_CHECKING:
    from core.properties import Properties
    from core.reconstruction.anchors import Anchor
    from core.reconstruction.engine import Model
    from core.segmentation.classifier import Classifier

_DEFLATE_LEVEL = 1  # labels shrink to a few per cent at any level, and a save should take no time


def write_project(project: Project, path: Path, *, overwrite: bool = False) -> Path:
    """Write ``project`` to ``path``; what was there stays until the new file is whole.

    Raises
    ------
    OutputExistsError
        Where the file is there and ``overwrite`` is not set.
    JobError
        Where the disk does not take it, or where it is larger than a project that can be opened again.
    """
    return finish(saving(project, path, overwrite=overwrite))


def saving(project: Project, path: Path, *, overwrite: bool = False) -> Job[Path]:
    """A job that does what `write_project` does; cancelled, it leaves what was there."""
    steps = 3 + 2 * len(project.results)
    with (
        replacing(path, overwrite) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=_DEFLATE_LEVEL) as archive,
    ):
        members = _Members(archive)
        yield Progress(0, steps, "Saving")
        document: dict[str, Any] = {
            "format": FORMAT,
            "format_version": VERSION,
            "versions": plain(project.versions),
            "belongs_to": project.belongs_to,
            "micrograph": _micrograph(project, members),
        }
        yield Progress(1, steps, "Saving")
        document |= {
            "crop": plain(project.crop),
            "pixel_size_m": project.pixel_size,
            "segmentation": plain(settings_to_json(project.segmentation)),
            "take_labels": project.take_labels,
            "phases": None if project.phases is None else phases_to_json(project.phases),
            "corrections": None if project.corrections is None else members.array("labels", project.corrections),
            "stack": None
            if project.stack is None
            else stack_to_json(project.stack, lambda array: members.array("labels", array)),
            "classifier": None if project.classifier is None else members.classifier(project.classifier),
            "mask": plain(design_to_json(project.mask, lambda array: members.array("mask", array))),
            "phase_image": None if project.phase_image is None else _labels(project.phase_image, members),
            "kept": [_kept(kept, members) for kept in project.kept],
            "compared": None if project.compared is None else _kept(project.compared, members),
            "plan": plan_to_json(project.plan),
            "series": series_to_json(project.series),
            "output": project.output,
            **_planes(project.planes, members),
            "anchors": _anchors(project.anchors, members),
            "marks": marks_to_json(project.marks),
            "true_volumes": true_volumes_to_json(project.true_volumes),
            "cuts": cuts_to_json(project.cuts),
            "key_views": key_views_to_json(project.key_views),
        }
        results: list[dict[str, Any]] = []
        for number, result in enumerate(project.results):
            yield Progress(2 + 2 * number, steps, "Saving")
            volume = _labels(result.made.volume, members)
            yield Progress(3 + 2 * number, steps, "Saving")
            results.append(_result(result, volume, members))
        document |= {"results": results, "shown": project.shown, "members": members.listed}
        text = json.dumps(document, indent=1, allow_nan=False).encode()
        if len(text) > container.MAX_DOCUMENT_BYTES:
            text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode()
        if len(text) > container.MAX_DOCUMENT_BYTES:
            raise _too_large("More was measured than a project can hold", len(text), container.MAX_DOCUMENT_BYTES)
        members.count_bytes(len(text))
        # a fixed date, so that the same project gives the same bytes
        archive.writestr(zipfile.ZipInfo(DOCUMENT), text, zipfile.ZIP_DEFLATED, _DEFLATE_LEVEL)
        yield Progress(steps, steps, "Saving")
    return path


class _Members:
    """Arrays and models as members of the zip, each once, however many parts of the project share it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names: dict[Any, str] = {}
        self._bytes = 0
        self.listed: dict[str, dict[str, Any]] = {}

    def array(self, kind: str, array: np.ndarray) -> str:
        key = (kind, array_hash(array))
        if key not in self._names:
            facts = {"shape": list(array.shape), "dtype": str(array.dtype)}
            self._add(key, f"{kind}-{self._count(kind)}.tif", array_bytes(array), facts)
        return self._names[key]

    def model(self, model: Model) -> str:
        from core.reconstruction.model_file import save_model

        key = ("model", id(model))
        if key not in self._names:
            with tempfile.TemporaryDirectory(prefix="microloom-") as folder:
                data = save_model(model, Path(folder) / f"model{MODEL_SUFFIX}").read_bytes()
            self._add(key, f"model-{self._count('model')}{MODEL_SUFFIX}", data, {})
        return self._names[key]

    def classifier(self, classifier: Classifier) -> str:
        from core.segmentation.classifier_file import classifier_bytes

        key = ("classifier", id(classifier))
        if key not in self._names:
            name = f"classifier-{self._count('classifier')}{CLASSIFIER_SUFFIX}"
            self._add(key, name, classifier_bytes(classifier), {})
        return self._names[key]

    def _count(self, kind: str) -> int:
        return 1 + len([key for key in self._names if key[0] == kind])

    def count_bytes(self, count: int) -> None:
        """Count what is about to be written; `JobError` where nobody could open it again."""
        self._bytes += count
        if self._bytes > container.MAX_BYTES:
            raise _too_large("The volumes are larger than a project can hold", self._bytes, container.MAX_BYTES)

    def _add(self, key: Any, name: str, data: bytes, facts: Mapping[str, Any]) -> None:
        self.count_bytes(len(data))
        self._archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, _DEFLATE_LEVEL)
        self._names[key] = name
        self.listed[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(), **facts}


def _too_large(what: str, count: int, most: int) -> JobError:
    size = f"{count / 2**20:,.0f} MB instead of at most {most / 2**20:,.0f} MB"
    return JobError(f"{what}: {size}.", "Export volumes that you want to keep, and remove some runs.")


def _micrograph(project: Project, members: _Members) -> dict[str, Any] | None:
    picture = project.micrograph
    if picture is None:
        return None
    return {
        "member": members.array("micrograph", picture.grey),
        "name": picture.name,
        "pixel_size_m": picture.pixel_size,
        "notes": plain(picture.notes),
        "info_bar_row": picture.info_bar_row,
        "source": project.source,
        "provenance": plain(picture.provenance.to_json()),
    }


def _labels(value: PhaseImage | Volume, members: _Members) -> dict[str, Any]:
    volume = isinstance(value, Volume)
    return {
        "member": members.array("volume" if volume else "labels", value.labels),
        "name": value.name,
        "phases": phases_to_json(value.phases),
        **(
            {"voxel_size_m": plain(value.voxel_size)}
            if isinstance(value, Volume)
            else {"pixel_size_m": value.pixel_size}
        ),
        "provenance": plain(value.provenance.to_json()),
    }


def _kept(kept: Kept, members: _Members) -> dict[str, Any]:
    image = _labels(kept.image, members)
    return {"image": image, "name": kept.name, "crop": plain(kept.crop), "time": kept.time, "slice": kept.place}


def _planes(planes: tuple[PhaseImage | None, PhaseImage | None], members: _Members) -> dict[str, Any]:
    """The exemplars of the planes xz and yz, where there are any."""
    named = zip(PLANE_KEYS, planes, strict=True)
    return {key: None if image is None else _labels(image, members) for key, image in named}


def _anchors(anchors: Sequence[Anchor], members: _Members) -> list[dict[str, Any]]:
    """Sections that are kept exactly, each with its place."""
    return [{"axis": anchor.axis, "place": anchor.place, "image": _labels(anchor.image, members)} for anchor in anchors]


def _properties(found: Properties | None, members: _Members) -> dict[str, Any] | None:
    """With the names of their fields, where there are any."""
    told = properties_to_json(found)
    if found is None or told is None or not bytes_of(found):
        return told
    return {**told, "fields": fields_to_json(found, lambda field: members.array("field", field))}


def _result(result: SavedResult, volume: dict[str, Any], members: _Members) -> dict[str, Any]:
    made = result.made
    target = made.target
    return {
        "title": result.title,
        "stored": result.stored,
        "statistics": statistics_to_json(result.statistics),
        "properties": _properties(result.properties, members),
        "plan": plan_to_json(result.plan),
        "asked": None if result.asked is None else plan_to_json(result.asked),
        "design": None
        if result.design is None
        else plain(design_to_json(result.design, lambda array: members.array("mask", array))),
        "band": band_to_json(result.band),
        "volume": volume,
        "model": members.model(made.model),
        "target": {
            "exemplar": _labels(target.exemplar, members),
            **_planes((target.exemplar_xz, target.exemplar_yz), members),
            "anchors": _anchors(target.anchors, members),
            "all_phases": target.all_phases,
            "phase": target.phase,
            "volume_fraction": target.volume_fraction,
            "volume_fractions": None if target.volume_fractions is None else list(target.volume_fractions),
            "region_of": target.region_of,
            "exact": target.exact,
            "towards": towards_to_json(
                target.towards, lambda weight: plain(mask_to_json(weight, lambda array: members.array("mask", array)))
            ),
            "size": list(target.size),
            "seed": target.seed,
            "periodic": list(target.periodic),
            "mask": None
            if target.mask is None
            else plain(mask_to_json(target.mask, lambda array: members.array("mask", array))),
        },
        "volume_phase": made.volume_phase,
        "comparison": comparison_to_json(made.comparison),
        "sampling_band": band_to_json(made.band),
        "engine": made.engine,
        "preset": made.preset,
        "device": made.device,
        "settings": plain(made.settings),
        "seconds": plain(made.seconds),
        "fraction_before": plain(made.fraction_before),
        "fraction_after": plain(made.fraction_after),
    }
