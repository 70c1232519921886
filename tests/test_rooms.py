"""The house plan, enforced: who may import whom, what a room may need, how long a file may be."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core"

FLOORS = [
    {"errors", "job", "settings", "provenance", "devices"},
    {"images", "painting"},
    {"segmentation", "masks", "statistics", "generation", "synthesis"},
    {"quality", "properties"},
    {"reconstruction"},
    {"report"},
    {"projects"},
]
"""Rooms of `core`, ground floor first. A room imports itself and rooms of lower floors; on the ground floor, which is
single files that everything stands on, each other."""

WINDOW = {"app", "PySide6", "PySide2", "PyQt5", "PyQt6", "shiboken6", "qtpy", "superqt", "vispy", "pyqtgraph"}
"""What `core` never imports: the window and everything it is made of."""

NUMERIC_ROOMS = ("core.statistics", "core.reconstruction", "core.generation", "core.properties", "core.quality")
NUMERIC_PACKAGES = ("torch", "numpy", "scipy", "tifffile", "scikit-image", "safetensors")

LONGEST_FILE = 500


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports anywhere, with its line; ``from core import x`` counts as core.x."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])
            base = base if node.level else node.module or ""
            if base == "core":
                for alias in node.names:
                    yield f"core.{alias.name}", node.lineno
            else:
                yield base, node.lineno


def rooms_here() -> set[str]:
    files = {path.stem for path in CORE.glob("*.py")} - {"__init__", "__main__"}
    return files | {path.name for path in CORE.iterdir() if (path / "__init__.py").is_file()}


def test_every_room_of_core_has_its_floor() -> None:
    listed = set().union(*FLOORS)
    assert rooms_here() <= listed, "a new room needs a floor: put it into FLOORS and into the house plan"


@pytest.mark.parametrize("path", python_files("core"), ids=module_name)
def test_imports_run_one_way(path: Path) -> None:
    parts = module_name(path).split(".")
    rooms = rooms_here()
    wrong = []
    for name, line in imported_modules(path):
        if name.split(".")[0] in WINDOW:
            wrong.append(f"{path.name}:{line} imports {name}, which belongs to the window")
        if len(parts) < 2 or not name.startswith("core."):
            continue
        room, other = parts[1], name.split(".")[1]
        if other not in rooms or other == room:  # a name of core/__init__.py, or at home
            continue
        below = floor_of(other) < floor_of(room)
        if not below and not floor_of(other) == floor_of(room) == 0:
            wrong.append(f"{path.name}:{line} imports core.{other}, which is not below core.{room}")
    assert not wrong


def run_with_blocked(blocked: set[str], modules: list[str]) -> str:
    """Import ``modules`` in a fresh interpreter in which importing any of ``blocked`` fails; returns what failed."""
    program = f"""
import importlib, sys, traceback
blocked = {blocked!r}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ImportError("a room of core reached for " + name)
sys.meta_path.insert(0, Blocker())
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except Exception:
        print(name, traceback.format_exc())
reached = sorted(blocked & {{name.split(".")[0] for name in sys.modules}})
if reached:
    print("loaded all the same:", reached)
print("done", len({modules!r}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    return f"{done.stdout}{done.stderr if done.returncode else ''}".strip()


def test_core_imports_nothing_of_the_window() -> None:
    modules = [module_name(path) for path in python_files("core")]
    assert run_with_blocked(WINDOW, modules) == f"done {len(modules)}"


def packages_needed_by(names: tuple[str, ...]) -> set[str]:
    """Distributions that an installation of ``names`` brings along, themselves included."""
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(need.name))
    return found


def test_numeric_rooms_need_numeric_packages_only() -> None:
    allowed = packages_needed_by(NUMERIC_PACKAGES)
    blocked = {
        name
        for name, distributions in importlib.metadata.packages_distributions().items()
        if name.isidentifier()
        and name not in sys.stdlib_module_names
        and name != "core"
        and not any(canonicalize_name(distribution) in allowed for distribution in distributions)
    } - {"sitecustomize"}
    blocked = {name for name in blocked if not name.startswith("__editable__")}
    assert {"PySide6", "h5py", "matplotlib", "sklearn"} <= blocked  # the test bites
    modules = [name for path in python_files("core") if (name := module_name(path)).startswith(tuple(NUMERIC_ROOMS))]
    assert run_with_blocked(blocked, modules) == f"done {len(modules)}"


def test_no_room_is_named_after_nothing() -> None:
    nothing = re.compile(r"_*(utils?|helpers?|common|misc)_*")
    files = python_files("app", "core", "packaging", "tests")
    named = {path for path in files if any(map(nothing.fullmatch, path.relative_to(ROOT).with_suffix("").parts))}
    assert not named


@pytest.mark.parametrize("path", python_files("app", "core"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{lines} lines: look for the second idea in it"
