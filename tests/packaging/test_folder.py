"""What must hold for the folder of launchers and for the list of pinned packages."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "packaging"
SCRIPTS = sorted(FOLDER.glob("*.py"))


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> dict[str, Requirement]:
    lines = (FOLDER / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def pinned_version(requirement: Requirement) -> Version:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)


def test_the_folder_is_no_package() -> None:
    assert not (FOLDER / "__init__.py").exists()


def test_the_packaging_library_imports_from_the_repository_root() -> None:
    # with -c and -m, Python looks in the current folder first, which here holds a folder of the library's name
    program = "import packaging.version as v; print(v.__file__)"
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert not Path(output).is_relative_to(FOLDER)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_an_old_python_can_read_the_scripts_and_is_then_told(script: Path) -> None:
    ast.parse(script.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_scripts_need_the_standard_library_only(script: Path) -> None:
    own = {path.stem for path in SCRIPTS}
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in own | sys.stdlib_module_names, f"{script.name} imports {name}"


def test_pins_name_no_place_and_no_graphics_card() -> None:
    text = (FOLDER / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|^-|\s@\s|^\s*/", text, re.MULTILINE)
    assert not [name for name in pins() if name.startswith(("nvidia-", "cuda-")) or name == "triton"]


def test_everything_the_project_asks_for_is_pinned_to_a_version_it_allows() -> None:
    pinned = pins()
    for text in (*project()["dependencies"], *project()["optional-dependencies"]["test"]):
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned_version(pinned[canonicalize_name(wanted.name)])), text


def test_the_pins_close_over_what_the_pinned_packages_need() -> None:
    # installing them needs no resolver then, and what was tested is what is installed
    pinned = pins()
    for name in pinned:
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # not for this system
        for text in needs:
            need = Requirement(text)
            if need.marker is not None and not need.marker.evaluate({"extra": ""}):
                continue
            key = canonicalize_name(need.name)
            if name == "torch" and (key.startswith(("nvidia-", "cuda-")) or key == "triton"):
                continue
            assert key in pinned, f"{name} needs {need.name}"
            assert need.specifier.contains(pinned_version(pinned[key])), f"{name} needs {text}"


def allowed_pyside() -> SpecifierSet:
    (specifier,) = (
        Requirement(text).specifier for text in project()["dependencies"] if text.lower().startswith("pyside6")
    )
    return specifier


def test_the_installed_pyside_is_allowed() -> None:
    assert allowed_pyside().contains(importlib.metadata.version("PySide6-Essentials"))


@pytest.mark.parametrize("version", ["6.11.0", "6.11.1", "6.12.0", "6.12.1", "6.7.3"])
def test_pyside_versions_known_to_be_broken_or_too_old_are_refused(version: str) -> None:
    assert not allowed_pyside().contains(version)


def test_ci_runs_the_readmes_own_test_command() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("#!") and "bash" in lines[0]
    assert any("python3 packaging/test.py" in line for line in lines[1:] if not line.startswith("#"))
