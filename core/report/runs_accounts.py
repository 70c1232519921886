"""What a comparison tells besides its numbers: every run's curves over the exemplar's, and what made each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.images.values import PHASE_COLORS
from core.report.account import Account
from core.report.figures import Drawing, Inks, draw_band, draw_reference, second_axis
from core.report.methods import Methods, methods_of
from core.report.runs import Entry
from core.report.tables import facts_of

COLORS = PHASE_COLORS[1:]
MOST_NAMED = 10
"""More names than this leave no room for the curves."""
LEGEND = (
    "Each line is the mean over the axes of one volume or picture, a colour for each group; dashed: the exemplar; "
    "shaded: where samples of its size lie."
)
_DASHES = ("-", ":", "-.")
Row = tuple[str, str]


@dataclass(frozen=True)
class Record:
    """What made one entry, as far as it is not the same for all: rows of name and value."""

    name: str
    rows: tuple[Row, ...]


def accounts(entries: Sequence[Entry]) -> list[tuple[Entry, Account]]:
    """The entries of which more than numbers is known."""
    return [(entry, entry.account) for entry in entries if entry.account is not None]


def methods_of_runs(entries: Sequence[Entry]) -> Methods | None:
    """One methods section of all entries, or None where nothing is known but numbers."""
    known = [replace(account, name=entry.name) for entry, account in accounts(entries)]
    return methods_of(known) if known else None


def records(entries: Sequence[Entry]) -> tuple[tuple[Row, ...], tuple[Record, ...]]:
    """What is the same for all entries (two or more), and of each what is its own."""
    told = [(entry.name, _rows(account)) for entry, account in accounts(entries)]
    if not told:
        return (), ()
    shared = [row for row in told[0][1] if len(told) > 1 and all(row in rows for _, rows in told)]
    return tuple(shared), tuple(Record(name, tuple(row for row in rows if row not in shared)) for name, rows in told)


def _rows(account: Account) -> list[Row]:
    rows = facts_of(account)
    rows += [("Labels, SHA-256", account.sha256)] if account.sha256 else []
    if account.exemplar is not None and account.exemplar.sha256:
        rows.append(("Exemplar's labels, SHA-256", account.exemplar.sha256))
    rows += [(f"Setting {name}", str(value)) for name, value in account.settings.items()]
    return rows + [(f"Version of {name}", version) for name, version in account.versions.items()]


def runs_drawings(entries: Sequence[Entry]) -> list[Drawing]:
    """S2 and L of all entries over each exemplar's with its band: a group a colour, or each its own in one group."""
    sets: dict[Any, list[tuple[Entry, Account]]] = {}
    for entry, account in accounts(entries):
        sets.setdefault(account.exemplar, []).append((entry, account))
    made: list[Drawing] = []
    for place, (exemplar, members) in enumerate(sets.items()):
        of = f", exemplar {exemplar.name}" if len(sets) > 1 and exemplar is not None else ""
        for name, title, label in (
            ("s2", "Two-point probability S₂(r)", "S₂(r)"), ("lineal_path", "Lineal path L(r)", "L(r)"),
        ):  # fmt: skip
            draw = partial(_draw, members, name, label)
            made.append((f"{title}{of}", draw, f"{name}-{place}", f"{label} of {len(members)} volumes or pictures"))
    return made


def _draw(members: Sequence[tuple[Entry, Account]], name: str, label: str, axes: Any, inks: Inks) -> None:
    first = members[0][1]
    if first.band is not None:
        band = getattr(first.band, f"{name}_low"), getattr(first.band, f"{name}_high")
        draw_band(axes, inks, first.curves.lags, band, first.band.confidence)
    groups = list(dict.fromkeys(entry.group for entry, _ in members))
    named: set[str] = set()
    many = len(groups) if len(groups) > 1 else len(members)
    for place, (entry, account) in enumerate(members):
        which = groups.index(entry.group) if len(groups) > 1 else place
        words = (entry.group or entry.name) if len(groups) > 1 else entry.name
        shown = "" if words in named or many > MOST_NAMED else words
        named.add(words)
        axes.plot(
            account.curves.lags, getattr(account.curves, f"{name}_mean"), color=COLORS[which % len(COLORS)],
            linestyle=_DASHES[which // len(COLORS) % len(_DASHES)], linewidth=1.3, alpha=0.9, label=shown or None,
        )  # fmt: skip
    if first.comparison is not None:
        draw_reference(axes, inks, first.curves.lags, getattr(first.comparison.exemplar, f"{name}_mean"))
    last = max(float(account.curves.lags[-1]) for _, account in members)
    axes.set_xlabel("r (pixels)")
    axes.set_ylabel(label)
    axes.set_xlim(0, last)
    axes.set_ylim(0, None)
    edges = {account.edges for _, account in members}
    second_axis(axes, edges.pop() if len(edges) == 1 else None, last, inks)
