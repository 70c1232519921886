"""What is told of one measured thing besides its pictures: light enough to be kept for hundreds of volumes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from core.images.values import Phase, Volume
from core.provenance import array_hash
from core.report.findings import Findings
from core.statistics.comparison import Comparison
from core.statistics.curves import Curves
from core.statistics.describing import Described
from core.statistics.sampling_band import SamplingBand

if TYPE_CHECKING:
    from core.properties import Properties

AXES = "zyx"


@dataclass(frozen=True)
class Source:
    """The exemplar: its name, rows and columns, metres per pixel or None, and the hash of its labels."""

    name: str
    shape: tuple[int, int]
    pixel_size: float | None
    sha256: str


@dataclass(frozen=True, eq=False)
class Account:
    """See `core.report.findings.Findings`, whose attributes these are where nothing else is said.

    Attributes
    ----------
    name, shape, phases, solid
        Of what was measured; ``solid``: whether it has three axes.
    phase
        The phase of interest: its name and colour.
    fraction
        Its share.
    exemplar
        What it was compared with, or None.
    properties
        Without their fields.
    training
        What the model's card tells of it, without the losses.
    sha256
        Hash of the labels, empty where it was not asked for.
    """

    name: str
    shape: tuple[int, ...]
    phases: tuple[Phase, ...]
    solid: bool
    phase: Phase
    fraction: float
    edges: tuple[float, ...] | None
    curves: Curves
    exemplar: Source | None
    comparison: Comparison | None
    band: SamplingBand | None
    target_fraction: float | None
    periodic: str
    statistics: tuple[Described, ...]
    properties: Properties | None
    seed: int | None
    engine: str | None
    preset: str | None
    device: str | None
    settings: Mapping[str, Any]
    seconds: Mapping[str, float]
    training: Mapping[str, Any]
    versions: Mapping[str, str]
    sha256: str = ""


def account_of(found: Findings, hashed: bool = False) -> Account:
    """The account of what was found; ``hashed``: with the hashes of the labels, which takes time for large volumes."""
    subject, exemplar, done = found.subject, found.exemplar, found.properties
    source = None
    if exemplar is not None:
        sha256 = array_hash(exemplar.labels) if hashed else ""
        source = Source(exemplar.name, exemplar.shape, exemplar.pixel_size, sha256)
    return Account(
        subject.name, tuple(int(side) for side in subject.labels.shape), subject.phases, isinstance(subject, Volume),
        found.interest, found.achieved_fraction, found.edges, found.curves, source, found.comparison, found.band,
        found.target_fraction, found.periodic, found.statistics, None if done is None else done.without_fields(),
        found.seed, found.engine, found.preset, found.device, dict(found.settings), dict(found.seconds),
        {key: value for key, value in found.training.items() if key != "losses"}, dict(found.versions),
        array_hash(subject.labels) if hashed else "",
    )  # fmt: skip


class Curved(Protocol):
    """What has S2 and L, and perhaps an exemplar's."""

    @property
    def curves(self) -> Curves: ...  # noqa: D102

    @property
    def comparison(self) -> Comparison | None: ...  # noqa: D102

    @property
    def band(self) -> SamplingBand | None: ...  # noqa: D102


def curves_json(found: Curved) -> dict[str, dict[str, Any]]:
    """S2 and L as plain values: lags in pixels, each axis, mean, exemplar, band, and the discrepancies in per cent."""
    told = {}
    for name in ("s2", "lineal_path"):
        rows, compared, band = getattr(found.curves, name), found.comparison, found.band
        axes = AXES[-len(rows) :]
        told[name] = {
            "r": _list(found.curves.lags),
            "exemplar": None if compared is None else _list(getattr(compared.exemplar, f"{name}_mean")),
            "per_axis": {axis: _list(row) for axis, row in zip(axes, rows, strict=True)},
            "mean": _list(getattr(found.curves, f"{name}_mean")),
            "epsilon_percent": None if compared is None else 100 * getattr(compared, f"epsilon_{name}"),
            "epsilon_percent_per_axis": None
            if compared is None
            else dict(zip(axes, (100 * e for e in getattr(compared, f"epsilon_{name}_axes")), strict=True)),
            "band": None if band is None else {end: _list(getattr(band, f"{name}_{end}")) for end in ("low", "high")},
        }
    return told


def account_json(found: Account) -> dict[str, Any]:
    """What made it, its hashes and its curves, as plain values."""
    told: dict[str, Any] = plain(
        {
            "engine": found.engine, "preset": found.preset, "device": found.device, "settings": found.settings,
            "seconds": found.seconds, "training": found.training, "versions": found.versions,
            "labels_sha256": found.sha256 or None,
            "exemplar_sha256": None if found.exemplar is None else found.exemplar.sha256 or None,
            **curves_json(found),
        }
    )  # fmt: skip
    return told


def _list(values: np.ndarray) -> list[float]:
    return [float(value) for value in values]


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: what is not finite becomes null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
