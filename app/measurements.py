"""What was measured and computed of volumes: kept as long as a volume lives, whoever asked for it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

if TYPE_CHECKING:
    from core.images.true_volume import TrueVolume
    from core.properties import Properties
    from core.report.runs import Entry
    from core.statistics.describing import Described

WITH_FIELDS = 4
"""Temperatures and velocities of so many volumes are kept; they are as large as the volumes themselves."""


class Measurements:
    """A book of findings by volume. A volume is known by its array of labels, which no step ever changes.

    Signals
    -------
    changed(labels)
        There is something new about a volume; None: about a true one on the disk.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        self._statistics: dict[int, tuple[Described, ...]] = {}
        self._properties: dict[int, Properties] = {}
        self._alive: dict[int, weakref.ref[np.ndarray]] = {}
        self._recent: list[int] = []
        self._true: dict[TrueVolume, Entry] = {}

    def true_volume(self, one: TrueVolume) -> Entry | None:
        """What was measured of a true volume, in this session or before, or None."""
        found: Entry | None = self._true.get(one, one.known)
        return found

    def keep_true_volumes(self, found: Sequence[tuple[TrueVolume, Entry]]) -> None:
        """Take over what was measured of true volumes; what is known stays where a file could not be read again."""
        for one, entry in found:
            known = self.true_volume(one)
            if known is None or known.problem or not entry.problem:
                self._true[one] = entry
        if found:
            self.changed.emit(None)

    def statistics(self, labels: np.ndarray) -> tuple[Described, ...]:
        """All statistics of a volume, in the order of the table of descriptors."""
        return self._statistics.get(id(labels), ())

    def properties(self, labels: np.ndarray) -> Properties | None:
        """The properties of a volume, or None."""
        return self._properties.get(id(labels))

    def keep_statistics(self, labels: np.ndarray, found: tuple[Described, ...]) -> None:
        """Add statistics of a volume; one that was known is replaced."""
        from core.statistics.descriptors import DESCRIPTORS

        key = self._know(labels)
        known = {one.descriptor.name: one for one in (*self._statistics.get(key, ()), *found)}
        self._statistics[key] = tuple(known[one.name] for one in DESCRIPTORS if one.name in known)
        self.changed.emit(labels)

    def keep_properties(self, labels: np.ndarray, found: Properties) -> None:
        """Add properties of a volume; what was known and is not among them stays."""
        key = self._know(labels)
        before = self._properties.get(key)
        self._properties[key] = found if before is None else found.beside(before)
        self._recent = [*(other for other in self._recent if other != key), key]
        for old in self._recent[:-WITH_FIELDS]:
            self._properties[old] = self._properties[old].without_fields()
        self._recent = self._recent[-WITH_FIELDS:]
        self.changed.emit(labels)

    def _know(self, labels: np.ndarray) -> int:
        key = id(labels)
        if key not in self._alive:
            self._alive[key] = weakref.ref(labels, self._forget(key))
        return key

    def _forget(self, key: int) -> Callable[[Any], None]:
        def gone(_reference: Any) -> None:
            for held in (self._statistics, self._properties, self._alive):
                held.pop(key, None)
            self._recent = [other for other in self._recent if other != key]

        return gone
