"""The last good file survives: write beside the target, then replace it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import JobError, OutputExistsError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}  # Windows has no quota error
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def replacing(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """A temporary path in the folder of ``path``, with its suffix; it takes the place of ``path`` if all goes well.

    On any error the temporary file is removed and ``path`` is as it was.

    Raises
    ------
    OutputExistsError
        Where ``path`` is there and ``overwrite`` is False.
    JobError
        Where the folder is missing or read-only, or the disk is full.
    """
    path = Path(path)
    suffix = "".join(path.suffixes[-2:]) if path.name.lower().endswith((".ome.tif", ".ome.tiff")) else path.suffix
    try:
        if path.is_dir():
            raise JobError(f"{path} is a folder, not a file.", "Choose a file name.")
        if path.exists() and not overwrite:
            raise OutputExistsError(
                f"{path} exists already.", "Choose another name, or allow it to be replaced (--force)."
            )
        if not path.parent.is_dir():
            raise JobError(f"The folder {path.parent} does not exist.", "Make it, or choose another.")
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        # a disk may turn out to be full only when its buffers are written
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        # mkstemp makes a private file; give it the permissions that any new file would have
        mask = os.umask(0)
        os.umask(mask)
        with contextlib.suppress(OSError):
            temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """As `replacing`, for a folder: the temporary one is not there yet."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} exists already.", "Choose another name, or allow it to be replaced (--force).")
    if not path.parent.is_dir():
        raise JobError(f"The folder {path.parent} does not exist.", "Make it, or choose another.")
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}-", dir=path.parent))
        yield temporary / path.name
        put_in_place(temporary / path.name, path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def put_in_place(made: Path, path: Path) -> None:
    """Let a finished file or folder take the place of whatever is at ``path``."""
    old = path.with_name(f".{path.name}.old")
    remove(old)
    there = path.exists()
    if there:
        path.rename(old)
    try:
        made.rename(path)
    except OSError:
        if there:
            old.rename(path)
        raise
    with contextlib.suppress(OSError):
        remove(old)


def remove(path: Path) -> None:
    """Remove a file or folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_error(path: Path, error: OSError) -> JobError:
    """Why ``path`` could not be written, in words that say what to do."""
    # numpy says how much of an array it could write, but not why it was not more
    if error.errno in _FULL or (error.errno is None and re.search(r"requested and \d+ written", str(error))):
        return JobError(f"The disk is full: {path} was not written.", "Free some space or choose another disk.")
    if error.errno in _FORBIDDEN:
        return JobError(f"{path.parent} may not be written to.", "Choose another folder.")
    return JobError(f"{path} could not be written: {error.strerror or error}.", "Choose another place.")
