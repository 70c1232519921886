"""The last good file survives: write beside the target, then replace it."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from core.errors import JobError, OutputExistsError


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
    if path.is_dir():
        raise JobError(f"{path} is a folder, not a file.", "Choose a file name.")
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} exists already.", "Choose another name, or allow it to be replaced (--force).")
    if not path.parent.is_dir():
        raise JobError(f"The folder {path.parent} does not exist.", "Make it, or choose another.")
    suffix = "".join(path.suffixes[-2:]) if path.name.lower().endswith((".ome.tif", ".ome.tiff")) else path.suffix
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes a private file; give it the permissions that any new file would have
        mask = os.umask(0)
        os.umask(mask)
        with contextlib.suppress(OSError):
            temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_error(path: Path, error: OSError) -> JobError:
    """Why ``path`` could not be written, in words that say what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JobError(f"The disk is full: {path} was not written.", "Free some space or choose another disk.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return JobError(f"{path.parent} may not be written to.", "Choose another folder.")
    return JobError(f"{path} could not be written: {error.strerror or error}.", "Choose another place.")
