"""Every engine that Microloom has, by name. The only place that knows them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.errors import InputError
from core.reconstruction.diffusion.engine import DiffusionEngine
from core.reconstruction.engine import Engine
from core.reconstruction.swnn.engine import SwnnEngine

ENGINES: Mapping[str, Engine] = MappingProxyType({made.key: made for made in (SwnnEngine(), DiffusionEngine())})
"""Engine by key; the first is the default."""


def engine(key: str) -> Engine:
    """The engine named ``key``; `InputError` where there is none."""
    if key not in ENGINES:
        raise InputError(f"There is no engine {key!r}.", f"Choose one of: {', '.join(ENGINES)}.")
    return ENGINES[key]
