"""Reads a project. A file that cannot be used is refused with what is wrong and what to do."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.images.values import Micrograph, PhaseImage, Volume
from core.masks.design import MaskDesign
from core.masks.document import design_from_json, mask_from_json
from core.projects.archive import CLASSIFIER_SUFFIX, DOCUMENT, MODEL_SUFFIX, Archive
from core.projects.document import (
    PLANE_KEYS,
    band_from_json,
    comparison_from_json,
    exact_from_json,
    get,
    length,
    maybe,
    path_from_json,
    periodic_from_json,
    phases_from_json,
    plan_from_json,
    provenance_from_json,
    region_from_json,
    series_from_json,
    shares_from_json,
    towards_from_json,
    whole_numbers,
    wrong,
)
from core.projects.fields import with_fields
from core.projects.marked import marks_from_json
from core.projects.measured import properties_from_json, statistics_from_json
from core.projects.plan import Plan
from core.projects.project import SUFFIX, Box, Project, SavedResult
from core.projects.sliced import stack_from_json
from core.projects.true_volume import true_volumes_from_json
from core.projects.viewed import cuts_from_json, key_views_from_json
from core.segmentation.comparing import Kept
from core.segmentation.settings import settings_from_json
from core.segmentation.stack import Stack
from core.settings import validate

if TYPE_CHECKING:
    from core.reconstruction.anchors import Anchor
    from core.reconstruction.engine import Model
    from core.segmentation.classifier import Classifier


def is_project(path: Path) -> bool:
    """Whether ``path`` should be read as a project: by its suffix, or because it is a zip with a project's document."""
    if path.suffix.lower() == SUFFIX:
        return True
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as archive:
            return DOCUMENT in archive.namelist()
    except (OSError, ValueError, RuntimeError, zipfile.BadZipFile):
        return False


def read_document(path: Path) -> dict[str, Any]:
    """The JSON document of a project, for telling what is in it; errors as for `read_project`."""
    with Archive(path) as archive:
        return archive.document


def read_project(path: Path) -> Project:
    """The project in ``path``, equal to the bit to the one that was written.

    Raises
    ------
    InputError
        Where the file is missing, no project, damaged, from a newer version, or says what cannot be.
    """
    try:
        with Archive(path) as archive:
            return _Reader(archive).project()
    except InputError as error:
        if path.name in error.what or str(path) in error.what:
            raise
        raise InputError(f"{path.name}: {error.what}", error.remedy or "Open another file.") from error
    except MemoryError as error:
        raise InputError(f"{path.name} does not fit into the memory.", "Close other programs.") from error


class _Reader:
    """Reads each member once; parts that shared an array share it again."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: dict[str, Any] = {}

    def project(self) -> Project:
        data = self._archive.document
        picture = maybe(data, "micrograph", dict)
        micrograph = None if picture is None else self._micrograph(picture)
        image = maybe(data, "phase_image", dict)
        results = tuple(self._result(item) for item in get(data, "results", list))
        shown = get(data, "shown", int)
        if results and not -len(results) <= shown < len(results):
            raise wrong(f"it shows the result {shown} of {len(results)}")
        kept, compared = self._versions(data, micrograph)
        return Project(
            micrograph=micrograph,
            source="" if picture is None else get(picture, "source", str),
            crop=None if data.get("crop") is None else _crop(data, micrograph),
            pixel_size=length(data, "pixel_size_m"),
            segmentation=settings_from_json(get(data, "segmentation", dict)),
            take_labels=get(data, "take_labels", bool),
            phases=None if data.get("phases") is None else phases_from_json(data),
            corrections=self._corrections(data.get("corrections"), micrograph),
            stack=self._stack(maybe(data, "stack", dict), micrograph),
            classifier=self._classifier(data.get("classifier")),
            mask=self._mask(maybe(data, "mask", dict)),
            phase_image=None if image is None else self._phase_image(image),
            kept=kept,
            compared=compared,
            plan=_checked(plan_from_json(get(data, "plan", dict))),
            planes=self._planes(data),
            anchors=self._anchors(data),
            series=series_from_json(maybe(data, "series", dict)),
            output=path_from_json(data, "output"),
            results=results,
            shown=shown,
            marks=marks_from_json(data),
            true_volumes=true_volumes_from_json(data),
            cuts=cuts_from_json(data),
            key_views=key_views_from_json(data),
            belongs_to=get(data, "belongs_to", str),
            versions={key: str(value) for key, value in get(data, "versions", dict).items()},
        )

    def _once(self, name: Any, kind: str, read: Callable[[Any], Any]) -> Any:
        if not isinstance(name, str) or not name.startswith(f"{kind}-"):
            raise wrong(f"its {kind} is in the member {name!r}")
        if name not in self._known:
            self._known[name] = read(name)
        return self._known[name]

    def _array(self, data: Any, kind: str) -> np.ndarray:
        def read(name: str) -> np.ndarray:
            array = self._archive.array(name)
            array.flags.writeable = False  # so that the values share it
            return array

        array: np.ndarray = self._once(get(data, "member", str), kind, read)
        return array

    def _micrograph(self, data: Any) -> Micrograph:
        notes = get(data, "notes", dict)
        grey = self._array(data, "micrograph")
        row = maybe(data, "info_bar_row", int)
        if grey.dtype == np.float32 and not np.isfinite(grey).all():
            raise wrong("its micrograph has values that are not finite")
        if row is not None and not 0 <= row < len(grey):
            raise wrong(f"its info bar begins at row {row}")
        return Micrograph(
            grey=grey,
            pixel_size=length(data, "pixel_size_m"),
            name=get(data, "name", str),
            provenance=provenance_from_json(data),
            notes={key: str(value) for key, value in notes.items()},
            info_bar_row=row,
        )

    def _phase_image(self, data: Any) -> PhaseImage:
        return PhaseImage(
            self._array(data, "labels"),
            phases_from_json(data),
            length(data, "pixel_size_m"),
            get(data, "name", str),
            provenance_from_json(data),
        )

    def _versions(self, data: Any, micrograph: Micrograph | None) -> tuple[tuple[Kept, ...], Kept | None]:
        """Kept segmentations, and which of them is compared with."""
        chosen = maybe(data, "compared", dict)
        one = None if chosen is None else self._kept(chosen, micrograph)
        entries = maybe(data, "kept", list)
        if entries is None:  # a project from before there were several
            return (() if one is None else (one,)), one
        kept = tuple(self._kept(entry, micrograph) for entry in entries)
        for number, entry in enumerate(entries):
            if one is not None and entry == chosen:
                return kept, kept[number]
        return kept, one

    def _kept(self, data: Any, micrograph: Micrograph | None) -> Kept:
        image = self._phase_image(get(data, "image", dict))
        crop = None if data.get("crop") is None else _crop(data, micrograph)
        shape = None if micrograph is None else micrograph.shape
        if crop is not None:
            shape = crop[1] - crop[0], crop[3] - crop[2]
        if image.shape != shape:
            raise wrong("the segmentation that it compares with does not fit its micrograph")
        time, place = maybe(data, "time", str) or "", maybe(data, "slice", int)
        return Kept(image, get(data, "name", str), crop, time, place)

    def _planes(self, data: Any) -> tuple[PhaseImage | None, PhaseImage | None]:
        """The exemplars of the planes xz and yz; none in a project from before there were any."""
        entries = (maybe(data, key, dict) for key in PLANE_KEYS)
        xz, yz = (None if entry is None else self._phase_image(entry) for entry in entries)
        return xz, yz

    def _anchors(self, data: Any) -> tuple[Anchor, ...]:
        """Sections that are kept exactly; none in a project from before there were any."""
        from core.reconstruction.anchors import Anchor

        found = []
        for entry in maybe(data, "anchors", list) or []:
            axis, place = get(entry, "axis", int), get(entry, "place", int)
            if axis not in (0, 1, 2) or place < 0:
                raise wrong("a given plane has no place")
            found.append(Anchor(axis, place, self._phase_image(get(entry, "image", dict))))
        return tuple(found)

    def _corrections(self, member: Any, micrograph: Micrograph | None) -> np.ndarray | None:
        if member is None:  # also a project from before there were any
            return None
        array = self._array({"member": member}, "labels")
        if micrograph is None or array.shape != micrograph.shape or array.dtype != np.uint8:
            raise wrong("its corrections do not fit its micrograph")
        return array

    def _stack(self, data: Any, micrograph: Micrograph | None) -> Stack[np.ndarray] | None:
        """Which slice it is, where it is one; also None in a project from before there were any."""
        if data is None:
            return None
        shape = None if micrograph is None else micrograph.shape
        return stack_from_json(data, shape, lambda member: self._array({"member": member}, "labels"))

    def _classifier(self, member: Any) -> Classifier | None:
        if member is None:  # also a project from before there were any
            return None
        from core.segmentation.classifier_file import classifier_from_bytes

        found: Classifier = self._once(
            member, "classifier", lambda name: classifier_from_bytes(self._archive.data(name, CLASSIFIER_SUFFIX))
        )
        if found.ndim != 2:
            raise wrong("its classifier is for volumes")
        return found

    def _mask(self, data: Any) -> MaskDesign:
        if data is None or "layers" not in data:  # also a project from before there were any
            return MaskDesign()
        return design_from_json(data, self._field, provenance_from_json)

    def _field(self, member: str) -> np.ndarray:
        return self._array({"member": member}, "mask")

    def _volume(self, data: Any) -> Volume:
        return Volume(
            self._array(data, "volume"),
            phases_from_json(data),
            _voxel_size(data),
            get(data, "name", str),
            provenance_from_json(data),
        )

    def _model(self, name: Any) -> Model:
        def read(member: str) -> Model:
            from core.reconstruction.model_file import load_model

            data = self._archive.data(member, MODEL_SUFFIX)
            with tempfile.TemporaryDirectory(prefix="microloom-") as folder:
                path = Path(folder) / member
                path.write_bytes(data)
                return load_model(path)

        model: Model = self._once(name, "model", read)
        return model

    def _result(self, data: Any) -> SavedResult:
        from core.reconstruction.engine import Target
        from core.reconstruction.pipeline import Reconstruction

        aim = get(data, "target", dict)
        exemplar = self._phase_image(get(aim, "exemplar", dict))
        phase, label = get(aim, "phase", int), get(data, "volume_phase", int)
        volume = self._volume(get(data, "volume", dict))
        if not (0 <= phase < len(exemplar.phases) and 0 <= label < len(volume.phases)):
            raise wrong("a result is of a phase that is not there")
        z, y, x = whole_numbers(aim, "size", 3, least=1)
        field = maybe(aim, "mask", dict)
        target = Target(
            exemplar,
            phase,
            maybe(aim, "volume_fraction", float),
            (z, y, x),
            get(aim, "seed", int),
            mask=None if field is None else mask_from_json(field, self._field, provenance_from_json),
            periodic=periodic_from_json(aim),
            all_phases=maybe(aim, "all_phases", bool) or False,
            volume_fractions=shares_from_json(aim),
            region_of=region_from_json(aim, exemplar),
            exact=exact_from_json(aim),
            towards=towards_from_json(aim, lambda weight: mask_from_json(weight, self._field, provenance_from_json)),
            anchors=self._anchors(aim),
            **dict(zip(PLANE_KEYS, self._planes(aim), strict=True)),
        )
        own_band = band_from_json(data, "sampling_band")
        if own_band is None:
            raise wrong("a result has no band")
        seconds = get(data, "seconds", dict)
        before, after = (maybe(data, key, float) for key in ("fraction_before", "fraction_after"))
        made = Reconstruction(
            model=self._model(data.get("model")),
            volume=volume,
            target=target,
            volume_phase=label,
            comparison=comparison_from_json(get(data, "comparison", dict)),
            band=own_band,
            engine=get(data, "engine", str),
            preset=get(data, "preset", str),
            device=get(data, "device", str),
            settings=get(data, "settings", dict),
            seconds={key: _number(maybe(seconds, key, float)) for key in seconds},
            fraction_before=_number(before),
            fraction_after=_number(after),
        )
        plan = plan_from_json(get(data, "plan", dict))
        stored = maybe(data, "stored", str) or ""  # also a project from before volumes were written by the window
        # nothing in a project from before they were kept
        statistics = statistics_from_json(maybe(data, "statistics", list))
        told = maybe(data, "properties", dict)
        properties = properties_from_json(told)
        if properties is not None:
            properties = with_fields(properties, told, made.volume.shape, self._archive.array)
        title, band = get(data, "title", str), band_from_json(data, "band")
        # neither in a project from before they were kept
        asked, design = maybe(data, "asked", dict), maybe(data, "design", dict)
        return SavedResult(
            title, plan, band, made, stored, statistics, properties,
            None if asked is None else plan_from_json(asked), None if design is None else self._mask(design),
        )  # fmt: skip


def _voxel_size(data: Any) -> tuple[float, float, float] | None:
    sizes = maybe(data, "voxel_size_m", list)
    if sizes is not None and len(sizes) != 3:
        raise wrong(f"its voxel size is {sizes!r}"[:200])
    z, y, x = (length({"voxel_size_m": size}, "voxel_size_m") for size in sizes or (None, None, None))
    return None if z is None or y is None or x is None else (z, y, x)


def _number(value: float | None) -> float:
    """What is not known is null in JSON and NaN here."""
    return float("nan") if value is None else value


def _checked(plan: Plan) -> Plan:
    """The session's plan, whose engine and settings must be there to go on working with it."""
    from core.reconstruction.registry import engine

    presets = engine(plan.engine).presets
    if plan.preset not in presets:
        raise wrong(f"the engine {plan.engine} has no preset {plan.preset!r}")
    try:
        validate(replace(presets[plan.preset], **plan.changed_settings))
    except TypeError as error:
        raise wrong(f"the engine {plan.engine} lacks a setting of its plan") from error
    return plan


def _crop(data: Any, micrograph: Micrograph | None) -> Box:
    y0, y1, x0, x1 = whole_numbers(data, "crop", 4)
    if micrograph is None or not (y0 < y1 <= micrograph.shape[0] and x0 < x1 <= micrograph.shape[1]):
        raise wrong(f"its crop is {y0}:{y1}, {x0}:{x1}")
    return y0, y1, x0, x1
