"""Starts the window, or the command line where the arguments ask for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run Microloom; returns the exit code.

    No arguments open the window, and so do files that are named without a command; ``--sample`` opens it on a sample.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--sample"]:
        return _window([], sample=True)
    from app.command_line import COMMANDS, run

    if all(not text.startswith("-") and text not in COMMANDS and Path(text).is_file() for text in given):
        return _window([Path(text) for text in given])
    return run(given)


def _window(paths: list[Path], *, sample: bool = False) -> int:
    if sys.platform == "win32":
        # Qt's DLLs, loaded first, keep torch's from loading
        import torch  # noqa: F401
    from app.window import run

    return run(paths, sample=sample)


if __name__ == "__main__":
    sys.exit(main())
