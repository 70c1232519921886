"""Programs that the launchers start: their failures in words, their exit codes."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest


@pytest.mark.parametrize(
    ("output", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("error: error sending request for url: dns error", "cannot be reached"),
        ("Read timed out.", "cannot be reached"),
        ("invalid peer certificate: UnknownIssuer", "PIP_CERT"),
        ("ERROR: No matching distribution found for torch==2.13.0", "try another Python"),
        ("error: Permission denied (os error 13)", "folder of your own"),
        ("Segmentation fault", "lines above"),
    ],
)
def test_an_installers_failure_is_explained(launchers: SimpleNamespace, output: str, advice: str) -> None:
    assert advice in launchers.processes.explain_failure(output)


def test_a_failing_step_shows_its_last_lines(launchers: SimpleNamespace, capfd: pytest.CaptureFixture[str]) -> None:
    program = "print('first'); [print('line', i) for i in range(20)]; print('No space left on device'); exit(3)"
    with pytest.raises(launchers.processes.SetupError, match=r"step failed\. The disk is full"):
        launchers.processes.run_installer([sys.executable, "-c", program], dict(os.environ), "step")
    told = capfd.readouterr().err
    assert "line 19" in told
    assert "first" not in told


def test_a_program_that_is_not_there_is_a_set_up_error(launchers: SimpleNamespace) -> None:
    with pytest.raises(launchers.processes.SetupError, match="cannot be started"):
        launchers.processes.run_installer(["/no/such/program"], dict(os.environ), "step")


def test_the_exit_code_comes_through(launchers: SimpleNamespace) -> None:
    assert launchers.processes.run_and_wait([sys.executable, "-c", "raise SystemExit(7)"]) == 7
