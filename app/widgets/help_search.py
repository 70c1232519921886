"""Where words stand in the help: letters of any case, and S2 for S₂, without a change of length."""

from __future__ import annotations

import unicodedata

Hit = tuple[int, int]
"""Place of a hit's first letter in the text, and how many letters it has."""


def folded(text: str) -> str:
    """``text`` as it is compared: small letters, plain digits for raised and lowered ones, one letter for each."""
    return "".join(map(_folded, text))


def _folded(letter: str) -> str:
    plain = unicodedata.normalize("NFKC", letter).casefold()
    if len(plain) == 1:
        return " " if plain.isspace() else plain
    return letter


def hits(text: str, query: str) -> list[Hit]:
    """Where ``query`` stands in ``text`` (`folded` already): as typed, else each of its words if none is missing."""
    wanted = " ".join(folded(query).split())
    if not wanted:
        return []
    found = _places(text, wanted)
    if found:
        return found
    words = [_places(text, word) for word in set(wanted.split(" "))]
    if not all(words):
        return []
    # one word may be part of another: of two hits that overlap the first, longer one is shown
    apart: list[Hit] = []
    for start, length in sorted((hit for places in words for hit in places), key=lambda hit: (hit[0], -hit[1])):
        if not apart or start >= sum(apart[-1]):
            apart.append((start, length))
    return apart


def _places(text: str, wanted: str) -> list[Hit]:
    found, place = [], text.find(wanted)
    while place >= 0:
        found.append((place, len(wanted)))
        place = text.find(wanted, place + len(wanted))
    return found
