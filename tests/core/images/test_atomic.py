"""The last good file survives whatever goes wrong."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path

import pytest

from core.errors import InputError, JobError, OutputExistsError
from core.images.atomic import replacing, replacing_folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_appears_whole_and_alone(tmp_path: Path) -> None:
    target = tmp_path / "volume.tif"
    with replacing(target) as temporary:
        temporary.write_bytes(b"new")
        assert not target.exists()
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".tif"
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["volume.tif"]


def test_the_double_suffix_of_ome_is_kept(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.b.ome.tif") as temporary:
        assert temporary.name.endswith(".ome.tif")


def test_an_existing_file_is_refused_and_kept(tmp_path: Path) -> None:
    target = tmp_path / "volume.tif"
    target.write_bytes(b"old")
    with pytest.raises(OutputExistsError, match="exists already") as refused, replacing(target):
        pytest.fail("the body must not run")
    assert isinstance(refused.value, InputError)
    assert refused.value.remedy
    assert target.read_bytes() == b"old"


def test_an_existing_file_is_replaced_when_allowed(tmp_path: Path) -> None:
    target = tmp_path / "volume.tif"
    target.write_bytes(b"old")
    with replacing(target, overwrite=True) as temporary:
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["volume.tif"]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.EIO, "could not be written"),
    ],
)
def test_an_error_midway_leaves_the_old_file(tmp_path: Path, number: int, says: str) -> None:
    target = tmp_path / "volume.tif"
    target.write_bytes(b"old")
    with pytest.raises(JobError, match=says) as failed, replacing(target, overwrite=True) as temporary:
        temporary.write_bytes(b"half")
        raise OSError(number, os.strerror(number))
    assert failed.value.remedy
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["volume.tif"]


def test_a_cancelled_writer_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "volume.tif"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(target, overwrite=True) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["volume.tif"]


def test_a_disk_found_full_at_the_last_moment_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "volume.tif"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JobError, match="disk is full"), replacing(target, overwrite=True) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["volume.tif"]


def test_a_read_only_folder_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # permissions do not bind the superuser, so the refusal itself is played here
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(JobError, match="may not be written to"), replacing(tmp_path / "volume.tif"):
        pytest.fail("the body must not run")
    assert names(tmp_path) == []


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", int)() == 0, reason="permissions do not bind this user"
)
def test_a_truly_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JobError, match="may not be written to"), replacing(tmp_path / "volume.tif"):
            pytest.fail("the body must not run")
    finally:
        tmp_path.chmod(0o700)


def test_a_missing_folder_and_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="does not exist"), replacing(tmp_path / "nowhere" / "volume.tif"):
        pytest.fail("the body must not run")
    with pytest.raises(JobError, match="is a folder"), replacing(tmp_path, overwrite=True):
        pytest.fail("the body must not run")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    with replacing(tmp_path / "volume.tif") as temporary:
        temporary.write_bytes(b"new")
    assert (tmp_path / "volume.tif").stat().st_mode == plain.stat().st_mode


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "v.ome.zarr"
    target.mkdir()
    (target / "zarr.json").write_text("old", encoding="utf-8")
    with pytest.raises(JobError, match="could not be written"), replacing_folder(target, overwrite=True):
        pass  # the writer made nothing
    assert (target / "zarr.json").read_text(encoding="utf-8") == "old" and names(tmp_path) == ["v.ome.zarr"]
