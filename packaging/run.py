"""Start Microloom from a bare clone: ``python3 packaging/run.py``.

Without arguments it opens the window on the sample project; where there is no display, it runs the whole program on a
virtual screen instead and leaves what it made in ``demo-output/``. With arguments it runs the command line. The first
start sets everything up in ``.venv``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import environment
import system
from processes import SetupError, become, run_and_wait, say

DEMONSTRATION_FOLDER = "demo-output"


def program(python: Path, arguments: Sequence[str]) -> list[str]:
    """Command that starts Microloom; ``-P`` keeps folders of the place where the user stands out of the imports."""
    return [str(python), "-P", "-m", "app", *(arguments or ["--sample"])]


def demonstrate(python: Path) -> int:
    """Run the whole program on a virtual screen and say where its results are."""
    output = Path.cwd() / DEMONSTRATION_FOLDER
    say(f"There is no display here: the whole program runs on a virtual screen and fills {output}")
    command = [str(python), "-P", "-m", "app.demonstration", "--output", str(output)]
    with system.virtual_screen() as env:
        code = run_and_wait(command, env=env)
    if code == 0:
        say(f"Screenshots, volume, curves and report are in {output}")
    else:
        say(f"The demonstration failed (exit code {code}); what it made until then is in {output}")
    return code


def main(arguments: Sequence[str]) -> int:
    """Set up, then start what was asked for; returns the exit code."""
    try:
        environment.require_python()
        if not arguments:
            system.require_system_libraries(screen=not system.has_display())
        python = environment.set_up()
        if not arguments and not system.has_display():
            return demonstrate(python)
        return become(program(python, arguments))
    except SetupError as error:
        say(f"microloom: {error}")
        return 1
    except KeyboardInterrupt:
        say("microloom: interrupted; the next start takes up from here")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
