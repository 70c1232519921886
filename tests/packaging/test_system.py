"""System libraries: what is missing, who may install it, what to say otherwise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="about Linux only")


@pytest.fixture
def system(launchers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module on a pretended Linux where every library and file is there."""
    module = launchers.system
    monkeypatch.setattr(module.sys, "platform", "linux")
    monkeypatch.setattr(module, "loads", lambda soname: True)
    monkeypatch.setattr(module.Path, "glob", lambda self, pattern: iter([Path("found")]))
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}")
    return module


def only(*there: str) -> Callable[[str], str | None]:
    return lambda name: f"/usr/bin/{name}" if name in there else None


def test_nothing_is_missing_where_everything_loads(system: Any) -> None:
    assert system.missing_packages(screen=True) == []


def test_a_library_that_does_not_load_names_its_package(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "loads", lambda soname: soname not in ("libEGL.so.1", "libgthread-2.0.so.0"))
    assert system.missing_packages(screen=False) == ["libglib2.0-0", "libegl1"]


def test_drivers_and_fonts_are_looked_for_on_disk(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.Path, "glob", lambda self, pattern: iter([]))
    assert system.missing_packages(screen=False) == ["libgl1-mesa-dri", "fonts-dejavu-core"]


def test_a_virtual_screen_is_asked_for_only_where_it_is_needed(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.shutil, "which", only())
    assert system.missing_packages(screen=False) == []
    assert system.missing_packages(screen=True) == ["xvfb", "xauth"]


def test_the_user_gets_one_command(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "loads", lambda soname: soname != "libEGL.so.1")
    monkeypatch.setattr(system, "is_root", lambda: False)
    with pytest.raises(system.SetupError, match=r"sudo apt-get update && sudo apt-get install -y libegl1$"):
        system.require_system_libraries(screen=False)


def test_root_on_debian_gets_them_installed(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    commands: list[tuple[list[str], str]] = []

    def install(command: list[str], env: dict[str, str], heading: str) -> None:
        commands.append((list(command), env["DEBIAN_FRONTEND"]))
        installed.extend(command)

    monkeypatch.setattr(system, "loads", lambda soname: soname != "libEGL.so.1" or "libegl1" in installed)
    monkeypatch.setattr(system, "is_root", lambda: True)
    monkeypatch.setattr(system, "run_installer", install)
    system.require_system_libraries(screen=False)
    assert commands == [
        (["apt-get", "-qq", "update"], "noninteractive"),
        (["apt-get", "-qq", "install", "-y", "--no-install-recommends", "libegl1"], "noninteractive"),
    ]


def test_what_is_missing_after_installing_stops_the_start(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "loads", lambda soname: False)
    monkeypatch.setattr(system, "is_root", lambda: True)
    monkeypatch.setattr(system, "run_installer", lambda *_: None)
    with pytest.raises(system.SetupError, match="libxcb-cursor0"):
        system.require_system_libraries(screen=False)


def test_fedora_is_asked_by_library_and_by_file(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.shutil, "which", only("dnf"))
    advice = system.install_advice(["libegl1", "xvfb", "libgl1-mesa-dri"])
    assert advice == "sudo dnf install -y 'libEGL.so.1()(64bit)' /usr/bin/Xvfb mesa-dri-drivers"


def test_other_systems_get_the_names(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system.shutil, "which", only())
    assert system.install_advice(["libegl1", "xvfb"]).endswith(": libegl1 xvfb")


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_platforms_need_nothing(system: Any, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(system.sys, "platform", platform)
    monkeypatch.setattr(system, "loads", lambda soname: False)
    system.require_system_libraries(screen=True)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert system.has_display()


def test_linux_has_a_display_by_either_name(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not system.has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert system.has_display()
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setenv("DISPLAY", ":0")
    assert system.has_display()


def test_loading_tells_a_library_from_a_missing_one(launchers: SimpleNamespace) -> None:
    assert not launchers.system.loads("libno-such-library.so.1")


@ON_LINUX
@pytest.mark.gl
def test_a_virtual_screen_answers_and_ends(launchers: SimpleNamespace) -> None:
    with launchers.system.virtual_screen() as env:
        socket = Path("/tmp/.X11-unix") / f"X{env['DISPLAY'].removeprefix(':')}"
        assert socket.exists()
        assert env["QT_QPA_PLATFORM"] == "xcb"
        assert "WAYLAND_DISPLAY" not in env
    assert not socket.exists()


@ON_LINUX
def test_a_screen_that_cannot_start_says_so(launchers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        return real([sys.executable, "-c", "raise SystemExit(1)"], **options)

    monkeypatch.setattr(launchers.system.subprocess, "Popen", popen)
    with pytest.raises(launchers.system.SetupError, match="did not start"), launchers.system.virtual_screen():
        pass
