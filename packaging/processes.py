"""Starting other programs, and telling the user why one of them failed. Standard library only.

The syntax of the launchers is kept so old that Python 3.8 can read them far enough to be told that it is too old.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

WINDOWS = os.name == "nt"


class SetupError(Exception):
    """Set-up cannot go on; the message says why and what to do."""


def explain_failure(output: str) -> str:
    """What to tell the user about an installer that failed, from what it printed."""
    text = output.lower()
    if "no space left" in text or "disk quota" in text or "not enough space" in text:
        return "The disk is full. Free some space and start this again; set-up begins anew by itself."
    network = (
        "name resolution",
        "name or service not known",
        "dns error",
        "network is unreachable",
        "failed to establish a new connection",
        "connection refused",
        "connection broken",
        "cannot connect to proxy",
        "connection reset",
        "timed out",
        "error sending request",
        "could not connect",
        "getaddrinfo failed",
    )
    if any(sign in text for sign in network):
        return (
            "The package index cannot be reached. Check the network (behind a proxy, set HTTPS_PROXY; with your own "
            "index, PIP_INDEX_URL) and start this again."
        )
    if "certificate" in text:
        return "The package index's certificate is not trusted here. Set PIP_CERT to your organisation's certificates."
    if any(sign in text for sign in ("no matching distribution", "no solution found", "resolutionimpossible")):
        return (
            "Either the package index cannot be reached (check the network and PIP_INDEX_URL), or a pinned "
            f"package has no build for this computer and Python {sys.version_info[0]}.{sys.version_info[1]} (try "
            "another Python between 3.11 and 3.14)."
        )
    if "permission denied" in text or "read-only file system" in text:
        return "A folder cannot be written (see above). Clone Microloom to a folder of your own."
    return "The lines above say why."


def run_installer(command: Sequence[str], env: Mapping[str, str], heading: str) -> None:
    """Run one step of set-up, showing its downloads; raise `SetupError` with its last lines where it fails."""
    say(heading)
    lines: list[str] = []
    try:
        process = subprocess.Popen(
            list(command), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be started: {error}") from error
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            if line.lstrip().startswith("Downloading "):
                say("    " + line.strip())
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code != 0:
        for line in lines[-15:]:
            say("    | " + line)
        raise SetupError(f"{heading} failed. {explain_failure(chr(10).join(lines))}")


def say(text: str) -> None:
    """Tell the user; on stderr, so that a command's own output stays clean."""
    print(text, file=sys.stderr, flush=True)


def run_and_wait(command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Run a command with this terminal and return its exit code; Ctrl-C reaches it and is waited for."""
    process = subprocess.Popen(list(command), env=env, cwd=cwd)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def become(command: Sequence[str]) -> int:
    """Replace this process by a command, or, on Windows, which cannot, run it and return its exit code."""
    if WINDOWS:
        return run_and_wait(command)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], list(command))
