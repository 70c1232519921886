"""The parts of a project as JSON values, and back, every value checked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from core.errors import InputError
from core.images.values import MAX_PHASES, Phase, PhaseImage
from core.masks.mask import AXES, Mask
from core.projects.plan import MOST_RUNS, Plan, Series
from core.provenance import Provenance
from core.reconstruction.towards import Ramp, Towards
from core.statistics.comparison import Comparison
from core.statistics.curves import Curves
from core.statistics.sampling_band import SamplingBand

T = TypeVar("T")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
PLANE_KEYS = ("exemplar_xz", "exemplar_yz")
"""Where the exemplars of the planes xz and yz stand."""
_BAND = ("s2_low", "s2_high", "lineal_path_low", "lineal_path_high")


def plain(value: Any) -> Any:
    """``value`` as JSON can hold it: tuples become lists, numpy's numbers Python's, what is not finite None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def get(data: Any, key: str, kind: type[T]) -> T:
    """The entry ``key`` of a mapping, of the type ``kind``; a whole number is a fine float.

    Raises
    ------
    InputError
        Where it is missing or of another type.
    """
    value = data.get(key) if isinstance(data, Mapping) else None
    if kind is float and type(value) is int and abs(value) < 1 << 1000:
        value = float(value)
    # a number such as 1e999 is good JSON and infinite
    infinite = isinstance(value, float) and not math.isfinite(value)
    if infinite or not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise wrong(f"its entry {key!r} is {value!r}"[:200])
    return value


def maybe(data: Any, key: str, kind: type[T]) -> T | None:
    """As `get`; None where the entry is null or missing."""
    return None if isinstance(data, Mapping) and data.get(key) is None else get(data, key, kind)


def wrong(what: str) -> InputError:
    """A document that says what cannot be."""
    return InputError(f"This project cannot be used: {what}.", "Take a copy of it, or open another file.")


def length(data: Any, key: str) -> float | None:
    """A positive length in metres, or None."""
    value = maybe(data, key, float)
    if value is not None and not value > 0:
        raise wrong(f"its entry {key!r} is {value!r}, not a length")
    return value


def whole_numbers(data: Any, key: str, count: int, least: int = 0) -> tuple[int, ...]:
    """So many whole numbers, none below ``least``."""
    values = get(data, key, list)
    if len(values) != count or not all(type(value) is int and value >= least for value in values):
        raise wrong(f"its entry {key!r} is {values!r}"[:200])
    return tuple(values)


def phases_to_json(phases: tuple[Phase, ...]) -> list[dict[str, str]]:
    """Names and colours."""
    return [{"name": phase.name, "color": phase.color} for phase in phases]


def phases_from_json(data: Any, key: str = "phases") -> tuple[Phase, ...]:
    """The inverse of `phases_to_json`, from the entry ``key``."""
    items = get(data, key, list)
    if not 1 <= len(items) <= MAX_PHASES:
        raise wrong(f"it names {len(items)} phases")
    found = tuple(Phase(get(item, "name", str), get(item, "color", str)) for item in items)
    if not all(_COLOR.fullmatch(phase.color) for phase in found):
        raise wrong("a phase's colour is not #RRGGBB")
    return found


def provenance_from_json(data: Any) -> Provenance:
    """The provenance in the entry ``provenance``."""
    try:
        return Provenance.from_json(get(data, "provenance", dict))
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
        raise wrong("its provenance cannot be read") from error


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """Every field of the plan."""
    found: dict[str, Any] = plain({**vars(plan), "towards": towards_to_json(plan.towards)})
    return found


def plan_from_json(data: Any) -> Plan:
    """The inverse of `plan_to_json`. Whether the engine is there and takes the settings is not looked at."""
    z, y, x = whole_numbers(data, "size", 3, least=1)
    phase = maybe(data, "phase", int)
    if phase is not None and not 0 <= phase < MAX_PHASES:
        raise wrong(f"its phase of interest is {phase}")
    changed = get(data, "changed_settings", dict)
    if not all(value is None or isinstance(value, (bool, int, float, str)) for value in changed.values()):
        raise wrong("its settings are not plain values")
    patience = maybe(data, "patience", int)
    if patience is not None and patience < 1:
        raise wrong(f"its patience is {patience}")
    return Plan(
        engine=get(data, "engine", str),
        preset=get(data, "preset", str),
        phase=phase,
        volume_fraction=maybe(data, "volume_fraction", float),
        size=(z, y, x),
        seed=get(data, "seed", int),
        device=get(data, "device", str),
        max_seconds=maybe(data, "max_seconds", float),
        patience=patience,
        periodic=periodic_from_json(data),
        all_phases=maybe(data, "all_phases", bool) or False,  # a project from before there were any has one
        volume_fractions=shares_from_json(data),
        changed_settings=changed,
        towards=towards_from_json(data),
        exact=exact_from_json(data),
    )


def exact_from_json(data: Any) -> bool:
    """The entry ``exact``. False in a project from before there was one: its volumes have the model's threshold."""
    return maybe(data, "exact", bool) or False


def towards_to_json(towards: Towards | None, field: Callable[[Mask], Any] | None = None) -> dict[str, Any] | None:
    """As it is kept; ``field`` puts a weight that varies freely into the archive."""
    if towards is None:
        return None
    weight: Any = towards.weight
    if isinstance(weight, Mask):
        weight = None if field is None else {"field": field(weight)}
    elif isinstance(weight, Ramp):
        weight = {"axis": AXES[weight.axis], "first": weight.first, "last": weight.last}
    found: dict[str, Any] = plain({"seed": towards.seed, "weight": weight})
    return found


def towards_from_json(data: Any, field: Callable[[Any], Mask] | None = None) -> Towards | None:
    """The entry ``towards``, the inverse of `towards_to_json`. None in a project from before there were any.

    Raises
    ------
    InputError
        Where it makes no sense.
    """
    entry = maybe(data, "towards", dict)
    if entry is None:
        return None
    seed, weight = get(entry, "seed", int), entry.get("weight")
    try:
        if not isinstance(weight, dict):
            return Towards(seed, get(entry, "weight", float))
        if "field" in weight and field is not None:
            return Towards(seed, field(get(weight, "field", dict)))
        axis = get(weight, "axis", str)
        return Towards(seed, Ramp(AXES.index(axis), get(weight, "first", float), get(weight, "last", float)))
    except (InputError, ValueError) as error:
        raise wrong("the weights between two seeds make no sense") from error


def series_to_json(series: Series) -> dict[str, Any]:
    """Every field of the series."""
    found: dict[str, Any] = plain(vars(series))
    return found


def series_from_json(data: Any) -> Series:
    """The inverse of `series_to_json`; one run in a project from before series were kept."""
    if data is None:
        return Series()
    seeds, fractions = get(data, "seeds", int), tuple(_floats(data, "fractions", 1).tolist())
    if not 1 <= seeds <= MOST_RUNS or len(fractions) > MOST_RUNS or not all(0 < share < 1 for share in fractions):
        raise wrong("its series of runs cannot be")
    return Series(seeds, fractions, get(data, "train_once", bool))


def shares_from_json(data: Any) -> tuple[float, ...] | None:
    """The entry ``volume_fractions``: one a phase. None in a project from before they could be chosen."""
    if maybe(data, "volume_fractions", list) is None:
        return None
    shares = tuple(_floats(data, "volume_fractions", 1).tolist())
    if not 2 <= len(shares) <= MAX_PHASES or not all(0 < share < 1 for share in shares) or abs(sum(shares) - 1) > 1e-6:
        raise wrong(f"its volume fractions are {shares}")
    return shares


def region_from_json(data: Any, exemplar: PhaseImage) -> int | None:
    """The entry ``region_of``: a label of the exemplar. None in a project from before there were any."""
    label = maybe(data, "region_of", int)
    if label is not None and not 0 <= label < len(exemplar.phases):
        raise wrong(f"a mask is the region of the phase {label}")
    return label


def path_from_json(data: Any, key: str) -> str:
    """A path as text; empty where there is none."""
    text = maybe(data, key, str) or ""
    if "\0" in text:
        raise wrong(f"its entry {key!r} is no path")
    return text


def periodic_from_json(data: Any) -> tuple[bool, bool, bool]:
    """The entry ``periodic``: three truth values. All false in a project from before volumes could repeat."""
    values = maybe(data, "periodic", list)
    if values is None:
        return (False, False, False)
    if len(values) != 3 or not all(type(value) is bool for value in values):
        raise wrong(f"its entry 'periodic' is {values!r}"[:200])
    z, y, x = values
    return z, y, x


def curves_to_json(curves: Curves) -> dict[str, Any]:
    """Lags in pixels, S2 and L along each axis. Python writes a float so that it is read back to the bit."""
    return {"lags": curves.lags.tolist(), "s2": curves.s2.tolist(), "lineal_path": curves.lineal_path.tolist()}


def curves_from_json(data: Any) -> Curves:
    """The inverse of `curves_to_json`."""
    lags, s2, lineal_path = (_floats(data, key, ndim) for key, ndim in (("lags", 1), ("s2", 2), ("lineal_path", 2)))
    if s2.shape != lineal_path.shape or s2.shape[1:] != lags.shape or len(lags) < 2 or s2.shape[0] not in (2, 3):
        raise wrong("its curves do not fit each other")
    return Curves(lags, s2, lineal_path)


def band_to_json(band: SamplingBand | None) -> dict[str, Any] | None:
    """Both edges of both curves."""
    if band is None:
        return None
    return {**{name: getattr(band, name).tolist() for name in _BAND}, "confidence": band.confidence,
            "block": band.block}  # fmt: skip


def band_from_json(data: Any, key: str) -> SamplingBand | None:
    """The inverse of `band_to_json`, from the entry ``key``."""
    held = maybe(data, key, dict)
    if held is None:
        return None
    a, b, c, d = (_floats(held, name, 1) for name in _BAND)
    if not a.shape == b.shape == c.shape == d.shape:
        raise wrong("its band's edges do not fit each other")
    return SamplingBand(a, b, c, d, confidence=get(held, "confidence", float), block=get(held, "block", int))


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Both structures' curves and what parts them."""
    return {
        "volume": curves_to_json(comparison.volume),
        "exemplar": curves_to_json(comparison.exemplar),
        **{name: plain(value) for name, value in vars(comparison).items() if name not in ("volume", "exemplar")},
    }


def comparison_from_json(data: Any) -> Comparison:
    """The inverse of `comparison_to_json`."""
    volume, exemplar = (curves_from_json(get(data, key, dict)) for key in ("volume", "exemplar"))
    if volume.lags.shape != exemplar.lags.shape:
        raise wrong("its curves do not fit each other")
    axes = {key: tuple(_floats(data, key, 1).tolist()) for key in ("epsilon_s2_axes", "epsilon_lineal_path_axes")}
    if any(len(values) != len(volume.s2) for values in axes.values()):
        raise wrong("its discrepancies are not those of its curves")
    return Comparison(
        volume=volume,
        exemplar=exemplar,
        volume_fraction=get(data, "volume_fraction", float),
        exemplar_fraction=get(data, "exemplar_fraction", float),
        epsilon_s2=get(data, "epsilon_s2", float),
        epsilon_lineal_path=get(data, "epsilon_lineal_path", float),
        **axes,
    )


def _floats(data: Any, key: str, ndim: int) -> np.ndarray:
    values = get(data, key, list)
    rows = values if ndim == 2 else [values]
    if not all(isinstance(row, list) and all(type(item) in (int, float) for item in row) for row in rows):
        raise wrong(f"its entry {key!r} is not a row of numbers")
    if len({len(row) for row in rows}) > 1:
        raise wrong(f"its entry {key!r} has rows of different lengths")
    array = np.array(values, dtype=np.float64)
    if array.ndim != ndim or not np.isfinite(array).all():
        raise wrong(f"its entry {key!r} is not a row of numbers")
    return array
