"""The environment that the launchers share: `.venv` in the clone, with pinned packages. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from processes import WINDOWS, SetupError, run_installer, say
from system import can_install_debian_packages, install_debian_packages

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
CONSTRAINTS = Path(__file__).resolve().parent / "constraints.txt"

OLDEST_PYTHON = (3, 11)
UV_VERSION = "0.13.8"
GIB = 1024**3
DISK_NEEDED = {"cpu": 4 * GIB, "cuda": 12 * GIB}
"""Free space that set-up asks for: the installed packages, and the same again in the installer's cache."""


# --- Python ---------------------------------------------------------------------------------------------------------


def require_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> None:
    """Raise `SetupError` where Python is older than 3.11."""
    if version[:2] < OLDEST_PYTHON:
        raise SetupError(
            "Microloom needs Python {}.{} or newer; this is Python {}.{} ({}). Install a newer one and start this "
            "script with it, for example: python3.12 packaging/run.py".format(
                *OLDEST_PYTHON, *version[:2], sys.executable
            )
        )


def venv_python(venv: Path = VENV, windows: bool = WINDOWS) -> Path:
    """Path of the environment's own Python."""
    return venv / ("Scripts/python.exe" if windows else "bin/python")


def venv_version(venv: Path = VENV) -> str | None:
    """Version of Python that the environment was made with, or None where there is no (whole) environment."""
    try:
        text = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^version(?:_info)?\s*=\s*(\S+)", text, re.MULTILINE)
    return found.group(1) if found else None


# --- CPU or CUDA ----------------------------------------------------------------------------------------------------


def nvidia_driver_found() -> bool:
    """Whether an NVIDIA driver answers: its library loads, or nvidia-smi runs."""
    if sys.platform == "darwin":
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if WINDOWS else "libcuda.so.1")
        return True
    except OSError:
        pass
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return False
    try:
        return subprocess.run([smi, "-L"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def torch_build() -> str:
    """Which build of torch to install, "cpu" or "cuda"; MICROLOOM_TORCH overrides what was found."""
    asked = os.environ.get("MICROLOOM_TORCH", "").strip().lower()
    if asked in DISK_NEEDED:
        return asked
    if asked:
        raise SetupError(f"MICROLOOM_TORCH is {asked!r}. Set it to cpu or cuda, or leave it out.")
    return "cuda" if nvidia_driver_found() else "cpu"


def pinned(name: str, constraints: Path = CONSTRAINTS) -> str:
    """The requirement ``name==version`` as the constraints file pins it."""
    for line in constraints.read_text(encoding="utf-8").splitlines():
        requirement = line.split(";")[0].strip()
        if requirement.lower().startswith(name.lower() + "=="):
            return requirement
    raise SetupError(f"{constraints.name} does not pin {name}. Restore it: git checkout {constraints.name}")


# --- What was installed ---------------------------------------------------------------------------------------------


def stamp_path(venv: Path = VENV) -> Path:
    """File that says what a finished set-up installed."""
    return venv / "microloom-setup.json"


def unfinished_path(venv: Path = VENV) -> Path:
    """File that lies in the environment while set-up is at work, and is left behind when it is killed."""
    return venv / "microloom-setup-unfinished"


def wanted(build: str, venv: Path = VENV, root: Path = ROOT, constraints: Path = CONSTRAINTS) -> dict[str, str]:
    """What a finished set-up of this clone looks like; equal to the stamp when there is nothing to do.

    The clone's own path is part of it because the project is installed by reference to it: a moved clone is set up
    again.
    """
    digest = hashlib.sha256()
    for path in (root / "pyproject.toml", constraints):
        digest.update(path.read_bytes())
        digest.update(b"\0")
    return {"packages": digest.hexdigest(), "torch": build, "root": str(root), "python": venv_version(venv) or ""}


def read_stamp(venv: Path = VENV) -> dict[str, str]:
    """The stamp of the last finished set-up; empty where there is none or it cannot be read."""
    try:
        stamp = json.loads(stamp_path(venv).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def ready(build: str, venv: Path = VENV, root: Path = ROOT, constraints: Path = CONSTRAINTS) -> bool:
    """Whether the environment is whole and holds what this clone pins."""
    return (
        venv_python(venv).exists()
        and not unfinished_path(venv).exists()
        and read_stamp(venv) == wanted(build, venv, root, constraints)
    )


def must_start_over(build: str, venv: Path = VENV, root: Path = ROOT) -> str | None:
    """Why an environment that is there cannot be brought up to date in place, or None where it can.

    Packages are written file by file, so an environment whose set-up was killed may hold half a package that looks
    installed; a torch of the other build satisfies the same pin and would stay; a moved one holds wrong paths.
    """
    if not venv.exists():
        return None
    if unfinished_path(venv).exists():
        return "the last set-up was interrupted"
    version = venv_version(venv)
    if version is None or not venv_python(venv).exists():
        return "its Python is gone"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PYTHON:
        return f"its Python {version} is too old"
    stamp = read_stamp(venv)
    if stamp and stamp.get("torch") != build:
        return f"torch is to be the {build} build now"
    if stamp and stamp.get("root") != str(root):
        return "the clone has moved"
    return None


# --- Installing -----------------------------------------------------------------------------------------------------


def installer_environment(base: Mapping[str, str]) -> dict[str, str]:
    """``base`` with pip's own variables handed on to uv, which does not read them.

    Empty ones are left out, because uv takes an empty value for a place that does not exist, and the ones that uv has
    already are kept.
    """
    env = dict(base)
    links = base.get("PIP_FIND_LINKS", "").split()
    if links and not env.get("UV_FIND_LINKS"):
        env["UV_FIND_LINKS"] = ",".join(links)
    if not env.get("UV_FIND_LINKS"):
        env.pop("UV_FIND_LINKS", None)
    if base.get("PIP_INDEX_URL") and not env.get("UV_DEFAULT_INDEX"):
        env["UV_DEFAULT_INDEX"] = base["PIP_INDEX_URL"]
    if base.get("PIP_CERT") and not env.get("SSL_CERT_FILE"):
        env["SSL_CERT_FILE"] = base["PIP_CERT"]
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env.pop("VIRTUAL_ENV", None)
    env.pop("PYTHONPATH", None)
    return env


def torch_environment(env: Mapping[str, str], build: str) -> Mapping[str, str]:
    """``env`` for the step that installs torch.

    A folder of wheels beside the index often holds a CPU build, whose local version (``+cpu``) would win over the
    index's CUDA build, so the CUDA step does without such folders.
    """
    if build != "cuda":
        return env
    return {name: value for name, value in env.items() if name not in ("PIP_FIND_LINKS", "UV_FIND_LINKS")}


def install_command(uv: str | None, python: Path, arguments: Sequence[str], *, compiled: bool = False) -> list[str]:
    """Command that installs ``arguments`` into the environment of ``python``, by uv where there is one, else by pip.

    ``compiled``: everything that is installed is compiled at once, as pip does anyway. Otherwise the first start does
    it, and every start where Python may not write beside its libraries.
    """
    if uv is not None:
        options = ["--compile-bytecode"] if compiled else []
        return [uv, "pip", "install", *options, "--python", str(python), *arguments]
    return [str(python), "-m", "pip", "install", *arguments]


@contextlib.contextmanager
def only_one_at_a_time(path: Path = ROOT / ".venv.lock") -> Iterator[None]:
    """Hold a lock that the system drops by itself when the process ends, however it ends."""
    try:
        handle = path.open("a+")
    except OSError as error:
        raise SetupError(
            f"{path.parent} cannot be written ({error.strerror}). Clone to a folder of your own."
        ) from error
    with handle:
        if WINDOWS:
            import msvcrt

            while True:  # msvcrt gives up after ten tries of a second each
                with contextlib.suppress(OSError):
                    handle.seek(0)
                    msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
                    break
        else:
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                say("Another set-up is at work in this clone; waiting for it …")
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_venv(uv: str | None, env: Mapping[str, str]) -> None:
    """Make an empty `.venv` with the Python that runs this."""
    # from inside another environment, take the Python behind it: that environment may go away
    python = getattr(sys, "_base_executable", None) or sys.executable
    if uv is not None:
        run_installer(
            [uv, "venv", "--quiet", "--allow-existing", "--python", python, str(VENV)], env, "  an empty environment"
        )
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not can_install_debian_packages():
            raise SetupError(
                f"This Python comes without the module that makes environments. Run: sudo apt-get install -y {package}"
            ) from None
        install_debian_packages([package])
    run_installer([python, "-m", "venv", str(VENV)], env, "  an empty environment")


def get_uv(env: Mapping[str, str]) -> str | None:
    """Path of uv: on PATH, or installed into the environment; None where it cannot be had or is not wanted."""
    if os.environ.get("MICROLOOM_INSTALLER", "").lower() == "pip":
        return None
    found = shutil.which("uv")
    if found is not None:
        return found
    own = venv_python().with_name("uv.exe" if WINDOWS else "uv")
    if own.exists():
        return str(own)
    if not venv_python().exists():
        return None
    with contextlib.suppress(SetupError):
        run_installer(
            [str(venv_python()), "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}"], env, "  a fast installer"
        )
    return str(own) if own.exists() else None


def require_pip(env: Mapping[str, str]) -> None:
    """Put pip into an environment that was made without it (as uv makes them), unless uv is there to do the work."""
    uv_wanted = os.environ.get("MICROLOOM_INSTALLER", "").lower() != "pip"
    if uv_wanted and shutil.which("uv") is not None:
        return
    if not any(found for lib in ("lib", "Lib") for found in (VENV / lib).glob("**/site-packages/pip/__init__.py")):
        run_installer([str(venv_python()), "-m", "ensurepip", "--upgrade"], env, "  pip")


def check_disk(build: str, free: int | None = None) -> None:
    """Raise `SetupError` where the disk has no room for the packages."""
    if free is None:
        free = shutil.disk_usage(ROOT).free
    if free < DISK_NEEDED[build]:
        raise SetupError(
            f"Set-up needs {DISK_NEEDED[build] / GIB:.0f} GiB of disk and {free / GIB:.1f} GiB are free at {ROOT}. "
            "Free some space and start this again."
        )


def set_up() -> Path:
    """Bring `.venv` to what this clone pins, and return its Python; at once where nothing is to be done."""
    build = torch_build()
    if ready(build):
        return venv_python()
    with only_one_at_a_time():
        if not ready(build):
            install_everything(build)
    return venv_python()


def install_everything(build: str) -> None:
    """Make or renew `.venv`: torch first, then what is pinned, then the project by reference to this clone."""
    started = time.monotonic()
    say(f"Setting up Microloom in {VENV} (once; torch for {build.upper()})")
    env = installer_environment(dict(os.environ))
    reason = must_start_over(build)
    if reason is not None:
        say(f"  starting over: {reason}")
        shutil.rmtree(VENV)
    if not VENV.exists():
        check_disk(build)
        VENV.mkdir()
        unfinished_path().touch()  # first of all, so that whatever is killed from here on is seen
        make_venv(get_uv(env), env)
    unfinished_path().touch()
    require_pip(env)
    uv = get_uv(env)
    python = venv_python()
    run_installer(
        install_command(uv, python, [pinned("torch"), "-c", str(CONSTRAINTS)]), torch_environment(env, build), "  torch"
    )
    # the file names everything that is needed, so nothing is left to resolve
    run_installer(
        install_command(uv, python, ["--no-deps", "-r", str(CONSTRAINTS)], compiled=True), env, "  the other packages"
    )
    run_installer(
        install_command(uv, python, ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]), env, "  Microloom"
    )
    stamp_path().write_text(json.dumps(wanted(build), indent=1) + "\n", encoding="utf-8")
    unfinished_path().unlink()
    say(f"Set-up took {time.monotonic() - started:.0f} s.")
