"""Set-up: when it is needed, what it runs, what it says when it cannot go on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


class Clone:
    """A pretended clone with a pretended environment that a finished set-up left."""

    def __init__(self, launchers: SimpleNamespace, root: Path) -> None:
        self.environment = launchers.environment
        self.root = root
        self.venv = root / ".venv"
        self.constraints = root / "constraints.txt"
        (root / "pyproject.toml").write_text("[project]\n")
        self.constraints.write_text("# pins\ntorch==2.13.0\ncolorama==0.4.6 ; sys_platform == 'win32'\n")
        python = self.environment.venv_python(self.venv)
        python.parent.mkdir(parents=True)
        python.touch()
        (self.venv / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
        self.stamp()

    def stamp(self, **changes: str) -> None:
        wanted = self.environment.wanted("cpu", self.venv, self.root, self.constraints)
        self.environment.stamp_path(self.venv).write_text(json.dumps({**wanted, **changes}))

    def ready(self, build: str = "cpu") -> bool:
        return bool(self.environment.ready(build, self.venv, self.root, self.constraints))

    def reason(self, build: str = "cpu") -> str | None:
        answer = self.environment.must_start_over(build, self.venv, self.root)
        assert answer is None or isinstance(answer, str)
        return answer


@pytest.fixture
def clone(launchers: SimpleNamespace, tmp_path: Path) -> Clone:
    return Clone(launchers, tmp_path)


def test_a_finished_set_up_is_not_done_again(clone: Clone) -> None:
    assert clone.ready()
    assert clone.reason() is None


def test_changed_pins_are_installed_in_place(clone: Clone) -> None:
    clone.constraints.write_text("torch==2.14.0\n")
    assert not clone.ready()
    assert clone.reason() is None


def test_a_changed_project_is_installed_in_place(clone: Clone) -> None:
    (clone.root / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert not clone.ready()
    assert clone.reason() is None


def test_another_build_of_torch_starts_over(clone: Clone) -> None:
    assert not clone.ready("cuda")
    assert clone.reason("cuda") == "torch is to be the cuda build now"


def test_an_interrupted_set_up_starts_over(clone: Clone) -> None:
    clone.environment.unfinished_path(clone.venv).touch()
    assert not clone.ready()
    assert clone.reason() == "the last set-up was interrupted"


def test_a_moved_clone_starts_over(clone: Clone) -> None:
    clone.stamp(root="/somewhere/else")
    assert not clone.ready()
    assert clone.reason() == "the clone has moved"


def test_an_environment_whose_python_is_gone_starts_over(clone: Clone) -> None:
    clone.environment.venv_python(clone.venv).unlink()
    assert not clone.ready()
    assert clone.reason() == "its Python is gone"


def test_an_environment_of_an_old_python_starts_over(clone: Clone) -> None:
    (clone.venv / "pyvenv.cfg").write_text("version_info = 3.10.13\n")  # as uv writes it
    assert not clone.ready()
    assert clone.reason() == "its Python 3.10.13 is too old"


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_broken_stamp_means_set_up(clone: Clone, text: str) -> None:
    clone.environment.stamp_path(clone.venv).write_text(text)
    assert not clone.ready()


def test_nothing_there_is_nothing_to_remove(launchers: SimpleNamespace, tmp_path: Path) -> None:
    assert launchers.environment.must_start_over("cpu", tmp_path / ".venv", tmp_path) is None


class Installer:
    """Stands in for starting programs: keeps the commands, makes what the command that makes environments would."""

    def __init__(self, clone: Clone, failing: str | None = None) -> None:
        self.clone = clone
        self.failing = failing
        self.commands: list[list[str]] = []
        self.environments: list[dict[str, str]] = []

    def __call__(self, command: list[str], env: dict[str, str], heading: str) -> None:
        self.commands.append(list(command))
        self.environments.append(dict(env))
        if "venv" in command:
            python = self.clone.environment.venv_python(self.clone.venv)
            python.parent.mkdir(parents=True)
            python.touch()
            (self.clone.venv / "pyvenv.cfg").write_text("version = 3.12.1\n")
            pip = self.clone.venv / "lib/python3.12/site-packages/pip/__init__.py"
            pip.parent.mkdir(parents=True)
            pip.touch()
        if self.failing is not None and self.failing in command:
            raise self.clone.environment.SetupError("the network is away")


@pytest.fixture
def fresh(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone without an environment, which the module takes for its own."""
    shutil.rmtree(clone.venv)
    environment = clone.environment
    for function in ("venv_python", "venv_version", "stamp_path", "unfinished_path", "read_stamp"):
        real = getattr(environment, function)
        monkeypatch.setattr(environment, function, lambda venv=clone.venv, *rest, real=real: real(venv, *rest))
    for function in ("wanted", "ready"):
        real = getattr(environment, function)
        monkeypatch.setattr(
            environment, function, lambda build, *_, real=real: real(build, clone.venv, clone.root, clone.constraints)
        )
    start_over = environment.must_start_over
    monkeypatch.setattr(environment, "must_start_over", lambda build: start_over(build, clone.venv, clone.root))
    monkeypatch.setattr(environment, "VENV", clone.venv)
    monkeypatch.setattr(environment, "ROOT", clone.root)
    monkeypatch.setattr(environment, "CONSTRAINTS", clone.constraints)
    monkeypatch.setattr(environment, "pinned", lambda name: f"{name}==2.13.0")
    monkeypatch.setattr(environment, "check_disk", lambda build: None)
    monkeypatch.setenv("MICROLOOM_INSTALLER", "pip")
    return clone


def test_set_up_installs_torch_then_the_pins_then_the_project(fresh: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    installer = Installer(fresh)
    monkeypatch.setattr(fresh.environment, "run_installer", installer)
    fresh.environment.install_everything("cpu")
    assert installer.commands[0][1:3] == ["-m", "venv"]
    pip = [str(fresh.environment.venv_python(fresh.venv)), "-m", "pip", "install"]
    assert [command[:4] for command in installer.commands[1:]] == [pip] * 3
    assert [command[4:] for command in installer.commands[1:]] == [
        ["torch==2.13.0", "-c", str(fresh.constraints)],
        ["--no-deps", "-r", str(fresh.constraints)],
        ["--no-deps", "--no-build-isolation", "--editable", str(fresh.root)],
    ]
    assert fresh.ready()


@pytest.mark.parametrize("step", ["venv", "-c", "-r", "--editable"])
def test_a_failed_set_up_starts_over_the_next_time(fresh: Clone, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    monkeypatch.setattr(fresh.environment, "run_installer", Installer(fresh, failing=step))
    with pytest.raises(fresh.environment.SetupError, match="network"):
        fresh.environment.install_everything("cpu")
    assert not fresh.ready()
    left_over = fresh.venv / "half-installed"
    left_over.touch()

    monkeypatch.setattr(fresh.environment, "run_installer", Installer(fresh))
    fresh.environment.install_everything("cpu")
    assert fresh.ready()
    assert not left_over.exists()


def test_an_installed_set_up_calls_no_installer(fresh: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROLOOM_TORCH", "cpu")
    monkeypatch.setattr(fresh.environment, "run_installer", Installer(fresh))
    fresh.environment.install_everything("cpu")
    untouched = Installer(fresh)
    monkeypatch.setattr(fresh.environment, "run_installer", untouched)
    assert fresh.environment.set_up() == fresh.environment.venv_python(fresh.venv)
    assert untouched.commands == []


def test_uv_is_called_on_the_environments_python(launchers: SimpleNamespace) -> None:
    command = launchers.environment.install_command("/usr/bin/uv", Path("venv-python"), ["torch==2.13.0"])
    assert command == ["/usr/bin/uv", "pip", "install", "--python", "venv-python", "torch==2.13.0"]
    compiled = launchers.environment.install_command("/usr/bin/uv", Path("venv-python"), ["x"], compiled=True)
    assert compiled == ["/usr/bin/uv", "pip", "install", "--compile-bytecode", "--python", "venv-python", "x"]


def test_uv_hears_of_pips_places(launchers: SimpleNamespace) -> None:
    env = launchers.environment.installer_environment(
        {"PIP_FIND_LINKS": "/a /b", "PIP_INDEX_URL": "file:///index", "PIP_CERT": "/cert.pem", "PATH": "/bin"}
    )
    assert env["UV_FIND_LINKS"] == "/a,/b"
    assert env["UV_DEFAULT_INDEX"] == "file:///index"
    assert env["SSL_CERT_FILE"] == "/cert.pem"
    assert env["PIP_FIND_LINKS"] == "/a /b"


def test_empty_places_are_not_handed_on(launchers: SimpleNamespace) -> None:
    env = launchers.environment.installer_environment({"PIP_FIND_LINKS": "", "UV_FIND_LINKS": ""})
    assert "UV_FIND_LINKS" not in env
    assert "UV_FIND_LINKS" not in launchers.environment.installer_environment({})


def test_uvs_own_places_are_kept(launchers: SimpleNamespace) -> None:
    env = launchers.environment.installer_environment({"PIP_FIND_LINKS": "/a", "UV_FIND_LINKS": "/mine"})
    assert env["UV_FIND_LINKS"] == "/mine"


def test_only_the_cuda_build_does_without_the_folder_of_wheels(launchers: SimpleNamespace) -> None:
    env = {"PIP_FIND_LINKS": "/a", "UV_FIND_LINKS": "/a", "PATH": "/bin"}
    assert launchers.environment.torch_environment(env, "cpu") == env
    assert launchers.environment.torch_environment(env, "cuda") == {"PATH": "/bin"}


def test_the_build_of_torch_follows_the_driver(launchers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = launchers.environment
    monkeypatch.delenv("MICROLOOM_TORCH", raising=False)
    for found, build in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(environment, "nvidia_driver_found", lambda found=found: found)
        assert environment.torch_build() == build
    monkeypatch.setenv("MICROLOOM_TORCH", "cuda")
    assert environment.torch_build() == "cuda"
    monkeypatch.setenv("MICROLOOM_TORCH", "tpu")
    with pytest.raises(environment.SetupError, match="cpu or cuda"):
        environment.torch_build()


def test_a_driver_is_found_by_its_library_or_by_its_program(
    launchers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = launchers.environment
    monkeypatch.setattr(environment.sys, "platform", "linux")

    def absent(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(environment.ctypes, "CDLL", lambda name: object())
    assert environment.nvidia_driver_found()
    monkeypatch.setattr(environment.ctypes, "CDLL", absent)
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    assert not environment.nvidia_driver_found()
    monkeypatch.setattr(environment.shutil, "which", lambda name: f"/usr/bin/{name}")
    for code in (0, 9):
        monkeypatch.setattr(
            environment.subprocess, "run", lambda *a, code=code, **k: subprocess.CompletedProcess(a, code)
        )
        assert environment.nvidia_driver_found() == (code == 0)


def test_pins_are_read_with_and_without_a_condition(clone: Clone) -> None:
    assert clone.environment.pinned("torch", clone.constraints) == "torch==2.13.0"
    assert clone.environment.pinned("colorama", clone.constraints) == "colorama==0.4.6"
    with pytest.raises(clone.environment.SetupError, match="does not pin numpy"):
        clone.environment.pinned("numpy", clone.constraints)


def test_an_old_python_is_told_which_one_is_needed(launchers: SimpleNamespace) -> None:
    launchers.environment.require_python((3, 11, 0))
    with pytest.raises(launchers.environment.SetupError, match=r"needs Python 3\.11 or newer; this is Python 3\.8"):
        launchers.environment.require_python((3, 8, 18))


def test_a_full_disk_is_noticed_before_anything_is_written(launchers: SimpleNamespace) -> None:
    environment = launchers.environment
    environment.check_disk("cpu", free=environment.DISK_NEEDED["cpu"])
    with pytest.raises(environment.SetupError, match=r"needs 4 GiB of disk and 1\.0 GiB are free"):
        environment.check_disk("cpu", free=environment.GIB)


def test_a_python_without_venv_is_told_what_to_install(fresh: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = fresh.environment
    monkeypatch.setitem(sys.modules, "ensurepip", None)  # importing it raises ImportError
    monkeypatch.setattr(environment, "can_install_debian_packages", lambda: False)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with pytest.raises(environment.SetupError, match=f"sudo apt-get install -y {version}"):
        environment.make_venv(None, {})

    installed: list[Any] = []
    monkeypatch.setattr(environment, "can_install_debian_packages", lambda: True)
    monkeypatch.setattr(environment, "install_debian_packages", installed.append)
    monkeypatch.setattr(environment, "run_installer", Installer(fresh))
    environment.make_venv(None, {})
    assert installed == [[version]]


def test_paths_on_windows(launchers: SimpleNamespace) -> None:
    venv = Path("clone/.venv")
    assert launchers.environment.venv_python(venv, windows=True) == venv / "Scripts" / "python.exe"
    assert launchers.environment.venv_python(venv, windows=False) == venv / "bin" / "python"


def test_the_lock_lets_the_next_one_in_afterwards(launchers: SimpleNamespace, tmp_path: Path) -> None:
    for _ in range(2):
        with launchers.environment.only_one_at_a_time(tmp_path / "lock"):
            assert (tmp_path / "lock").exists()
