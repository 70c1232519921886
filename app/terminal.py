"""How the command line talks: progress bar or plain lines, questions, one-line errors."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import JobError, OutputExistsError
from core.job import Progress

_LINE_SECONDS = 5.0


def note(text: str) -> None:
    """Tell the user something on stderr, where it does not mix with results."""
    print(text, file=sys.stderr, flush=True)


def note_problem(name: str, problem: str) -> None:
    """Tell what is wrong with one file of many; its name is said once."""
    note(problem if problem.startswith(name) else f"{name}: {problem}")


class ProgressDisplay:
    """Shows a job's progress on stderr: a bar on a terminal, otherwise a plain line every few seconds.

    Use as a context manager and call it with each `Progress`.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._what = ""
        self._last = 0.0
        self._ending = ""

    def __enter__(self) -> ProgressDisplay:
        if sys.stderr.isatty() and not self._quiet:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description:<12}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[said]}"),
                console=Console(stderr=True),
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        """Show ``progress``."""
        if self._quiet:
            return
        loss = getattr(progress, "loss", float("nan"))
        said = f"loss {loss:.4f}" if loss == loss else ""
        if self._bar is not None:
            total = progress.of or None
            if progress.what != self._what:
                self._task = self._bar.add_task(progress.what, total=total, said=said)
                self._what = progress.what
            if said or progress.what != "Training":
                self._bar.update(self._task, completed=progress.step, total=total, said=said)
            return
        now = time.monotonic()
        finished = progress.of > 0 and progress.step >= progress.of
        if progress.what == self._what and now - self._last < _LINE_SECONDS and not finished:
            return
        line = f"{progress.what} {progress.step} of {progress.of}" if progress.of else progress.what
        line += f", {said}" if said else ""
        if line != self._ending:
            note(line)
        self._what, self._last, self._ending = progress.what, now, line


def may_write(path: Path, force: bool) -> bool:
    """Whether ``path`` may be replaced: asks on a terminal. Called before the work begins.

    Raises
    ------
    OutputExistsError
        Where the file is there, ``force`` is not set, and the user says no or cannot be asked.
    JobError
        Where its folder is missing or read-only.
    """
    import os

    folder = path.parent
    if path.is_dir() and not (path / "zarr.json").is_file():
        raise JobError(f"{path} is a folder, not a file.", "Give a file name.")
    if not folder.is_dir():
        raise JobError(f"The folder {folder} does not exist.", "Make it, or choose another.")
    if not os.access(folder, os.W_OK):
        raise JobError(f"The folder {folder} is read-only.", "Choose another.")
    if not path.exists() or force:
        return force
    ask_to_replace(path)
    return True


def may_report(folder: Path, force: bool, names: tuple[str, ...] | None = None) -> bool:
    """Whether a report in ``folder`` may be replaced; as `may_write`, but the folder need not be there yet.

    ``names`` are the files to be written, by default those of a report.
    """
    import os

    from core.report.writing import NAMES, check_folder

    try:
        check_folder(folder, force, names or NAMES)
    except OutputExistsError:
        ask_to_replace(folder)
        return True
    place = folder
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        raise JobError(f"The folder {place} is read-only.", "Choose another.")
    return force


def ask_to_replace(path: Path) -> None:
    """Ask whether ``path`` may be replaced; `OutputExistsError` where not, or where nobody can be asked."""
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        print(f"{path} exists already. Replace it? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise OutputExistsError(f"{path} exists already.", "Choose another name, or replace it with --force.")
