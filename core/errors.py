"""The one family of errors that a user is meant to read.

A message says what was wrong, where, and what to do; the window shows it as it is and the command line prints it in
one line.
"""

from __future__ import annotations


class MicroloomError(Exception):
    """Base of every error whose message is written for the user.

    Parameters
    ----------
    what
        What was wrong, with the offending value and where it was found.
    remedy
        What the user can do about it (an imperative sentence), or empty.
    """

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what} {remedy}".strip())


class InputError(MicroloomError):
    """The input (a file, a setting, a combination of both) cannot be used. Exit code 2 on the command line."""


class JobError(MicroloomError):
    """A job that had started could not finish (memory, disk, device). Exit code 1 on the command line."""


class OutputExistsError(InputError):
    """The file to be written is already there and overwriting was not allowed."""
