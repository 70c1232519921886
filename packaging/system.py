"""What Qt and OpenGL need from a Linux system, and a virtual screen in place of a real one. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from processes import WINDOWS, SetupError, run_installer, say

LIBRARIES: dict[str, tuple[str, ...]] = {
    "libglib2.0-0": ("libglib-2.0.so.0", "libgthread-2.0.so.0"),
    "libgl1": ("libGL.so.1",),
    "libegl1": ("libEGL.so.1",),
    "libdbus-1-3": ("libdbus-1.so.3",),
    "libfontconfig1": ("libfontconfig.so.1",),
    "libxkbcommon0": ("libxkbcommon.so.0",),
    "libxkbcommon-x11-0": ("libxkbcommon-x11.so.0",),
    "libxcb-cursor0": ("libxcb-cursor.so.0",),
    "libxcb-icccm4": ("libxcb-icccm.so.4",),
    "libxcb-keysyms1": ("libxcb-keysyms.so.1",),
    "libxcb-image0": ("libxcb-image.so.0",),
    "libxcb-render-util0": ("libxcb-render-util.so.0",),
    "libxcb-randr0": ("libxcb-randr.so.0",),
    "libxcb-shape0": ("libxcb-shape.so.0",),
    "libxcb-xkb1": ("libxcb-xkb.so.1",),
    "libx11-xcb1": ("libX11-xcb.so.1",),
    "libgssapi-krb5-2": ("libgssapi_krb5.so.2",),
}
"""Debian package -> the libraries that Qt and OpenGL load from it."""


def loads(soname: str) -> bool:
    """Whether the system's loader finds a library."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def missing_packages(screen: bool) -> list[str]:
    """Debian names of the system packages that are not there; with ``screen``, those of a virtual screen too."""
    missing = [package for package, sonames in LIBRARIES.items() if not all(map(loads, sonames))]
    if not any(found for place in ("/usr/lib", "/usr/lib64") for found in Path(place).glob("**/dri/*_dri.so")):
        missing.append("libgl1-mesa-dri")
    if not any(Path("/usr/share/fonts").glob("**/*.[to]tf")):
        missing.append("fonts-dejavu-core")
    if screen:
        missing += [package for package, program in (("xvfb", "Xvfb"), ("xauth", "xauth")) if not shutil.which(program)]
    return missing


def is_root() -> bool:
    """Whether this process may install system packages."""
    return not WINDOWS and os.geteuid() == 0


def can_install_debian_packages() -> bool:
    """Whether this is Debian or a descendant, and the user is root."""
    return is_root() and shutil.which("apt-get") is not None


def install_debian_packages(packages: Sequence[str]) -> None:
    """Install system packages with apt-get, asking nothing."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run_installer(["apt-get", "-qq", "update"], env, "  the list of system packages")
    command = ["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages]
    run_installer(command, env, "  system packages: " + " ".join(packages))


def install_advice(packages: Sequence[str]) -> str:
    """The one command that installs what is missing on this computer."""
    if shutil.which("apt-get"):
        return "sudo apt-get update && sudo apt-get install -y " + " ".join(packages)
    programs = {"xvfb": "/usr/bin/Xvfb", "xauth": "/usr/bin/xauth"}
    other = {"libgl1-mesa-dri": "mesa-dri-drivers", "fonts-dejavu-core": "dejavu-sans-fonts"}
    if shutil.which("dnf"):  # it installs by the name of a library or of a file
        names: list[str] = []
        for package in packages:
            if package in LIBRARIES:
                names += [f"'{soname}()(64bit)'" for soname in LIBRARIES[package]]
            else:
                names.append(programs.get(package) or other[package])
        return "sudo dnf install -y " + " ".join(names)
    return "install what your system calls these Debian packages: " + " ".join(packages)


def require_system_libraries(screen: bool) -> None:
    """Make sure that Qt and OpenGL can load; install what is missing where that is possible, else say how."""
    if not sys.platform.startswith("linux"):
        return
    missing = missing_packages(screen)
    if missing and can_install_debian_packages():
        say("Microloom needs some system libraries")
        install_debian_packages(missing)
        missing = missing_packages(screen)
    if missing:
        raise SetupError(f"System libraries are missing. Run this, then start again:\n  {install_advice(missing)}")


def has_display() -> bool:
    """Whether a window can be shown."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def virtual_screen(size: str = "1600x1000x24") -> Iterator[dict[str, str]]:
    """Start Xvfb on a display number that it chooses itself, and give the environment that shows windows on it."""
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
    try:
        server = subprocess.Popen(
            command, pass_fds=(write_end,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        os.close(read_end)
        raise SetupError(f"The virtual screen cannot be started: {error}") from error
    finally:
        os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        if not number:
            raise SetupError("The virtual screen did not start. Try by hand: Xvfb :99")
        env = dict(os.environ, DISPLAY=f":{number}", QT_QPA_PLATFORM="xcb", LIBGL_ALWAYS_SOFTWARE="1")
        env.pop("WAYLAND_DISPLAY", None)
        yield env
    finally:
        server.terminate()
        server.wait()
