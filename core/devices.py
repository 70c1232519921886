"""Which device to compute on, how much memory is free, how many threads to use. Imports torch only when asked."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError

NAMES = ("auto", "cpu", "cuda")
"""What `resolve` understands."""


@dataclass(frozen=True)
class Device:
    """A device that this computer has: its name for torch ("cpu", "cuda") and its name for people."""

    key: str
    title: str


def has_cuda() -> bool:
    """Whether torch sees an NVIDIA GPU."""
    import torch

    return bool(torch.cuda.is_available())


def available() -> tuple[Device, ...]:
    """The devices of this computer, the one that "auto" means first."""
    processor = Device("cpu", f"{processor_name()} ({threads()} threads)")
    return (Device("cuda", title("cuda")), processor) if has_cuda() else (processor,)


def resolve(name: str) -> str:
    """The device for torch: "cpu" or "cuda".

    Raises
    ------
    InputError
        Where the name is unknown, or CUDA is asked for and absent.
    """
    if name not in NAMES:
        raise InputError(f"There is no device {name!r}.", f"Choose one of {', '.join(NAMES)}.")
    if name == "cpu":
        return "cpu"
    if has_cuda():
        return "cuda"
    if name == "cuda":
        raise InputError(
            "CUDA was asked for, but no CUDA device is available to torch.",
            "Choose the device auto or cpu, or install the NVIDIA driver and torch's CUDA build.",
        )
    return "cpu"


def title(device: str) -> str:
    """Name for people: the GPU's, or the processor's."""
    if device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name())
    return processor_name()


@functools.cache
def processor_name() -> str:
    """The processor's name, or its architecture where the system does not say."""
    try:
        if sys.platform == "linux":
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        elif sys.platform == "darwin":
            return _sysctl("machdep.cpu.brand_string") or platform.machine()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"


def threads() -> int:
    """Processor threads that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_memory(device: str = "cpu") -> int | None:
    """Bytes that can still be taken on the device, or None where the system does not say."""
    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info()
        return int(free)
    try:
        if sys.platform == "linux":
            return _free_linux()
        if sys.platform == "win32":
            return _free_windows()
        if sys.platform == "darwin":
            return _free_macos()
    except (OSError, ValueError):
        pass
    return None


def _free_linux() -> int | None:
    found = []
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            found.append(1024 * int(line.split()[1]))
    # a container's limit is often far below the machine's memory
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            used = int((group / "memory.current").read_text(encoding="ascii"))
            statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            # files kept in memory count as used, but are given up when needed
            found.append(int(limit) - used + int(statistics.get("inactive_file", 0)))
    except OSError:
        pass
    return max(0, min(found)) if found else None


class _MemoryStatus(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_ulong),
        ("load", ctypes.c_ulong),
        ("total", ctypes.c_ulonglong),
        ("available", ctypes.c_ulonglong),
        ("total_page_file", ctypes.c_ulonglong),
        ("available_page_file", ctypes.c_ulonglong),
        ("total_virtual", ctypes.c_ulonglong),
        ("available_virtual", ctypes.c_ulonglong),
        ("available_extended_virtual", ctypes.c_ulonglong),
    )


def _free_windows() -> int | None:
    status = _MemoryStatus()
    status.length = ctypes.sizeof(status)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  # only there on Windows
    return int(status.available) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _free_macos() -> int | None:
    pages = _sysctl("vm.page_free_count"), _sysctl("vm.page_purgeable_count"), _sysctl("hw.pagesize")
    free, purgeable, size = (int(text) for text in pages)
    total = int(_sysctl("hw.memsize"))
    # macOS keeps few pages free on purpose and gives up cached ones when asked: a quarter of the memory is a fair guess
    return max((free + purgeable) * size, total // 4)


def _sysctl(name: str) -> str:
    answer = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, timeout=5, check=False)
    return answer.stdout.strip()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory was not enough, on the host or on a GPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch has no class of its own for the host's memory
    words = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(error, RuntimeError) and any(text in str(error) for text in words)
