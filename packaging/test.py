"""Run every test from a bare clone: ``python3 packaging/test.py``; further arguments go to pytest.

Style and types first, then the tests: those without a screen, in several processes; those that draw with OpenGL on a
virtual screen, which share it one after the other; and, where an NVIDIA driver is found, those that need one. All run
whatever the earlier ones said; the exit code is 0 only where every one passed and at least one test ran.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import environment
import system
from processes import SetupError, run_and_wait, say

NO_TESTS_COLLECTED = 5
MOST_PROCESSES = 4
"""Each holds torch and its own volumes: about a gigabyte."""


@dataclass(frozen=True)
class Outcome:
    """How one step ended: its name, exit code, wall time in seconds and counts of tests (pytest only)."""

    name: str
    code: int
    seconds: float
    counts: dict[str, int] | None = None

    @property
    def failed(self) -> bool:
        """Whether the step says that something is wrong; a selection of no tests is not."""
        return self.code not in (0, NO_TESTS_COLLECTED if self.counts is not None else 0)

    def describe(self) -> str:
        """One line for the summary."""
        if self.counts is None:
            verdict = "FAILED" if self.failed else "passed"
        elif self.code == NO_TESTS_COLLECTED:
            verdict = "no tests selected"
        else:
            verdict = ", ".join(f"{count} {what}" for what, count in self.counts.items() if count) or "nothing ran"
            verdict = f"FAILED (exit code {self.code}): {verdict}" if self.failed else verdict
        return f"  {self.name:<28} {verdict} ({self.seconds:.0f} s)"


def read_counts(report: Path) -> dict[str, int]:
    """Numbers of passed, failed, broken and skipped tests in pytest's JUnit report; empty where there is none."""
    try:
        suites = list(ElementTree.parse(str(report)).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return {}
    total, failed, errors, skipped = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("tests", "failures", "errors", "skipped")
    )
    return {"passed": total - failed - errors - skipped, "failed": failed, "errors": errors, "skipped": skipped}


def run_step(name: str, command: Sequence[str], env: Mapping[str, str], report: Path | None = None) -> Outcome:
    """Run one step in the clone, under a heading."""
    print(f"\n=== {name}", flush=True)
    started = time.monotonic()
    code = run_and_wait(command, env=env, cwd=environment.ROOT)
    return Outcome(name, code, time.monotonic() - started, None if report is None else read_counts(report))


def pytest_command(python: Path, marks: str, report: Path, extra: Sequence[str], processes: int = 1) -> list[str]:
    """Command for the tests with ``marks``, a file's all in one process; ``extra`` comes last, so that it wins."""
    shared = ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else []
    return [str(python), "-m", "pytest", "-m", marks, f"--junitxml={report}", *shared, *extra]


def threads_each(processes: int) -> dict[str, str]:
    """Variables that let ``processes`` share the cores: more threads than cores would wait for each other."""
    return {name: str(max(1, (os.cpu_count() or 1) // processes)) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def run_steps(python: Path, extra: Sequence[str]) -> list[Outcome]:
    """Run everything and return how each step ended."""
    env = dict(os.environ)
    tool = [str(python), "-m"]
    outcomes = [
        run_step("style (ruff check)", [*tool, "ruff", "check", "."], env),
        run_step("layout (ruff format)", [*tool, "ruff", "format", "--check", "."], env),
        run_step("types (mypy)", [*tool, "mypy"], env),
    ]
    with tempfile.TemporaryDirectory(prefix="microloom-test-") as folder:

        def tests(name: str, marks: str, step_env: Mapping[str, str], processes: int = 1) -> None:
            report = Path(folder) / f"{len(outcomes)}.xml"
            outcomes.append(run_step(name, pytest_command(python, marks, report, extra, processes), step_env, report))

        processes = min(MOST_PROCESSES, os.cpu_count() or 1)
        screenless = {**env, **threads_each(processes), "QT_QPA_PLATFORM": "offscreen"}
        tests("tests", "not gl and not gpu", screenless, processes)
        with contextlib.ExitStack() as stack:
            screen_env = env
            if sys.platform.startswith("linux"):
                screen_env = stack.enter_context(system.virtual_screen())
            tests("tests on a virtual screen", "gl and not gpu", screen_env)
            if environment.torch_build() == "cuda":
                tests("tests on the graphics card", "gpu", screen_env)
    return outcomes


def summarise(outcomes: Sequence[Outcome]) -> int:
    """Print how every step ended and return the exit code for all of them."""
    print("\n=== summary")
    for outcome in outcomes:
        print(outcome.describe())
    tests = [outcome for outcome in outcomes if outcome.counts is not None]
    ran = any(outcome.code != NO_TESTS_COLLECTED for outcome in tests)
    failed = [outcome.name for outcome in outcomes if outcome.failed]
    if failed:
        print("FAILED: " + ", ".join(failed))
    elif not ran:
        print("FAILED: no test was selected")
    else:
        print("Everything passed.")
    return 1 if failed or not ran else 0


def main(arguments: Sequence[str]) -> int:
    """Set up, run everything, print the summary; returns the exit code."""
    try:
        environment.require_python()
        system.require_system_libraries(screen=True)
        python = environment.set_up()
        return summarise(run_steps(python, arguments))
    except SetupError as error:
        say(f"microloom: {error}")
        return 1
    except KeyboardInterrupt:
        say("microloom: interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
