"""What the two commands start, and how they end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PYTHON = Path("venv-python")


@pytest.fixture
def run(launchers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Any:
    """run.py with set-up done, a display, and starting of programs kept in `started`."""
    module = launchers.run
    module.started = []
    module.screens = []
    module.checked = []

    @contextlib.contextmanager
    def screen() -> Iterator[dict[str, str]]:
        module.screens.append("open")
        yield {"DISPLAY": ":7"}
        module.screens.append("closed")

    monkeypatch.setattr(module.environment, "set_up", lambda: PYTHON)
    monkeypatch.setattr(module.system, "require_system_libraries", lambda screen: module.checked.append(screen))
    monkeypatch.setattr(module.system, "has_display", lambda: True)
    monkeypatch.setattr(module.system, "virtual_screen", screen)
    monkeypatch.setattr(module, "become", lambda command: module.started.append(command) or 0)
    return module


def test_no_arguments_open_the_window_on_the_sample(run: Any) -> None:
    assert run.main([]) == 0
    assert run.started == [["venv-python", "-P", "-m", "app", "--sample"]]
    assert run.checked == [False]
    assert run.screens == []


def test_arguments_run_the_command_line_and_need_no_display(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.system, "has_display", lambda: False)
    assert run.main(["info", "a file.tif"]) == 0
    assert run.started == [["venv-python", "-P", "-m", "app", "info", "a file.tif"]]
    assert run.checked == []
    assert run.screens == []


@pytest.mark.parametrize("code", [0, 1])
def test_without_a_display_the_whole_program_runs_on_a_virtual_one(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    waited: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(run.system, "has_display", lambda: False)
    monkeypatch.setattr(run, "run_and_wait", lambda command, env: waited.append((command, env)) or code)
    monkeypatch.chdir(tmp_path)
    assert run.main([]) == code
    output = str(tmp_path / "demo-output")
    assert waited == [
        (["venv-python", "-P", "-m", "app.demonstration", "--output", output], {"DISPLAY": ":7"}),
    ]
    assert run.checked == [True]
    assert run.screens == ["open", "closed"]
    assert output in capsys.readouterr().err


def test_a_failed_set_up_is_one_message(
    run: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise run.SetupError("The disk is full.")

    monkeypatch.setattr(run.environment, "set_up", fail)
    assert run.main([]) == 1
    assert capsys.readouterr().err == "microloom: The disk is full.\n"
    assert run.started == []


def test_ctrl_c_during_set_up(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run.environment, "set_up", interrupt)
    assert run.main([]) == 130


class Steps:
    """Stands in for running steps: `codes` by a word of the command, and the numbers that pytest reports."""

    def __init__(self, test: Any, codes: dict[str, int], report: str) -> None:
        self.test = test
        self.codes = codes
        self.report = report
        self.commands: list[list[str]] = []
        self.environments: list[dict[str, str]] = []

    def __call__(self, command: list[str], env: dict[str, str], cwd: Path) -> int:
        self.commands.append(list(command))
        self.environments.append(dict(env))
        for word in command:
            if word.startswith("--junitxml="):
                Path(word.removeprefix("--junitxml=")).write_text(self.report)
        return next((code for word, code in self.codes.items() if word in command), 0)


REPORT = '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'


@pytest.fixture
def tester(launchers: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = launchers.test

    @contextlib.contextmanager
    def screen() -> Iterator[dict[str, str]]:
        yield {"DISPLAY": ":7"}

    monkeypatch.setattr(module.system, "require_system_libraries", lambda screen: None)
    monkeypatch.setattr(module.system, "virtual_screen", screen)
    monkeypatch.setattr(module.environment, "set_up", lambda: PYTHON)
    monkeypatch.setattr(module.environment, "torch_build", lambda: "cpu")
    monkeypatch.setattr(module.sys, "platform", "linux")
    return module


def go(module: Any, monkeypatch: pytest.MonkeyPatch, codes: dict[str, int], *arguments: str) -> tuple[int, Steps]:
    steps = Steps(module, codes, REPORT)
    monkeypatch.setattr(module, "run_and_wait", steps)
    return module.main(list(arguments)), steps


def test_every_step_runs_and_extra_arguments_go_to_pytest(tester: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code, steps = go(tester, monkeypatch, {}, "-x", "tests/core")
    assert code == 0
    assert [command[2] for command in steps.commands] == ["ruff", "ruff", "mypy", "pytest", "pytest"]
    plain, drawn = steps.commands[3:]
    assert plain[3:5] == ["-m", "not gl and not gpu"]
    assert drawn[3:5] == ["-m", "gl and not gpu"]
    assert plain[-2:] == drawn[-2:] == ["-x", "tests/core"]
    assert steps.environments[3]["QT_QPA_PLATFORM"] == "offscreen"
    assert steps.environments[4] == {"DISPLAY": ":7"}


def test_a_graphics_card_adds_a_step(tester: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester.environment, "torch_build", lambda: "cuda")
    _, steps = go(tester, monkeypatch, {})
    assert steps.commands[-1][3:5] == ["-m", "gpu"]


@pytest.mark.parametrize("word", ["check", "--check", "mypy", "not gl and not gpu", "gl and not gpu"])
def test_any_failed_step_fails_all_but_stops_none(
    tester: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    code, steps = go(tester, monkeypatch, {word: 1})
    assert code == 1
    assert len(steps.commands) == 5
    told = capsys.readouterr().out
    assert "FAILED: " in told.splitlines()[-1]
    assert "Everything passed" not in told


def test_a_selection_without_tests_in_one_step_is_no_failure(
    tester: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = go(tester, monkeypatch, {"gl and not gpu": 5})
    assert code == 0
    assert "no tests selected" in capsys.readouterr().out


def test_no_tests_at_all_is_a_failure(
    tester: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = go(tester, monkeypatch, {"pytest": 5})
    assert code == 1
    assert capsys.readouterr().out.splitlines()[-1] == "FAILED: no test was selected"


def test_the_summary_counts_what_pytest_counted(
    tester: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    go(tester, monkeypatch, {"not gl and not gpu": 1})
    assert "FAILED (exit code 1): 3 passed, 1 failed, 2 errors, 3 skipped" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "<testsuites>", None])
def test_a_missing_or_broken_report_has_no_counts(tester: Any, tmp_path: Path, text: str | None) -> None:
    report = tmp_path / "report.xml"
    if text is not None:
        report.write_text(text)
    assert tester.read_counts(report) == {}
