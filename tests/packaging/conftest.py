"""Loads the launchers by path: their folder is no package, and must not become one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "packaging"
NAMES = ("processes", "system", "environment", "run", "test")


def load(name: str, as_name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(as_name, FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[as_name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def launchers() -> Iterator[SimpleNamespace]:
    """Fresh copies of the launchers' modules, by name; nothing of them stays behind in the import system."""
    # "test" is also the name of a package of the standard library, so that one gets a name of its own here
    registered = {name: "launcher_test" if name == "test" else name for name in NAMES}
    before = {name: sys.modules.get(name) for name in registered.values()}
    yield SimpleNamespace(**{name: load(name, as_name) for name, as_name in registered.items()})
    for name, module in before.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module
