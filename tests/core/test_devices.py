"""Devices, memory, threads."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from core import devices
from core.errors import InputError


def test_cpu_and_auto_always_resolve() -> None:
    assert devices.resolve("cpu") == "cpu"
    assert devices.resolve("auto") == devices.available()[0].key
    assert devices.available()[-1].key == "cpu"


def test_cuda_asked_for_and_absent_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "has_cuda", lambda: False)
    with pytest.raises(InputError, match="CUDA was asked for") as error:
        devices.resolve("cuda")
    assert "cpu" in error.value.remedy
    assert devices.resolve("auto") == "cpu"


def test_cuda_is_taken_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "has_cuda", lambda: True)
    assert devices.resolve("auto") == devices.resolve("cuda") == "cuda"
    assert devices.resolve("cpu") == "cpu"


def test_unknown_device_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="auto, cpu, cuda"):
        devices.resolve("tpu")


@pytest.mark.skipif(sys.platform != "linux", reason="compares with Linux's own account of memory")
def test_free_memory_is_below_the_machines() -> None:
    free = devices.free_memory()
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert free is not None
    assert 0 < free <= total


def test_threads_and_name() -> None:
    assert 1 <= devices.threads() <= (os.cpu_count() or 1)
    assert devices.title("cpu") == devices.processor_name() != ""


def test_out_of_memory_is_recognised() -> None:
    assert devices.is_out_of_memory(MemoryError())
    assert devices.is_out_of_memory(RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"))
    assert not devices.is_out_of_memory(RuntimeError("shape mismatch"))
    assert not devices.is_out_of_memory(ValueError("out of memory"))


def test_importing_devices_does_not_import_torch() -> None:
    code = "import sys, core.devices, core.generation.tiles; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
