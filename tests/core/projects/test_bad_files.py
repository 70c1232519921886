"""What a file can get wrong: each is refused with what is wrong, and in the file's own words where it helps."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.projects import archive
from core.projects.archive import array_bytes
from core.projects.reading import read_document, read_project
from core.projects.writing import write_project
from core.segmentation.classifier_file import classifier_bytes
from tests.core.projects.projects import classifier, project

Edit = Callable[[dict[str, Any], dict[str, bytes]], None]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(project(), tmp_path_factory.mktemp("good") / "good.microloom")


def rewritten(good: Path, path: Path, edit: Edit, kind: int = zipfile.ZIP_DEFLATED) -> Path:
    """``good`` with its document and members changed by ``edit``; hashes and sizes are left as ``edit`` leaves them."""
    with zipfile.ZipFile(good) as source:
        members = {name: source.read(name) for name in source.namelist()}
    document = json.loads(members.pop("project.json"))
    edit(document, members)
    with zipfile.ZipFile(path, "w", kind) as target:
        for name, data in members.items():
            target.writestr(name, data)
        if document:
            target.writestr("project.json", json.dumps(document))
    return path


def put(document: dict[str, Any], members: dict[str, bytes], name: str, data: bytes, **facts: Any) -> None:
    """A member with the hash and size that belong to it: what a forger would write."""
    members[name] = data
    document["members"].setdefault(name, {}).update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), **facts)


def replace_entry(*keys: Any, value: Any) -> Edit:
    def edit(document: dict[str, Any], _members: dict[str, bytes]) -> None:
        place: Any = document
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return edit


def tampered(_document: dict[str, Any], members: dict[str, bytes]) -> None:
    data = bytearray(members["volume-1.tif"])
    data[-1] ^= 1
    members["volume-1.tif"] = bytes(data)


def other_shape(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "volume-1.tif", array_bytes(np.zeros((12, 13, 15), np.uint8)))


def other_type(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "volume-1.tif", array_bytes(np.zeros((12, 13, 7), np.uint16)))


def no_tiff(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "volume-1.tif", bytes(12 * 13 * 14 + 500))


def no_model(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "model-1.microloom-model", b"no model")


def no_classifier(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "classifier-1.microloom-classifier", b"no classifier")


def classifier_of_volumes(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "classifier-1.microloom-classifier", classifier_bytes(classifier(3)))


def packed_tiff(document: dict[str, Any], members: dict[str, bytes]) -> None:
    import io

    import tifffile

    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (12, 13, 14)).astype(np.uint8)
    tifffile.imwrite(stream, noise, photometric="minisblack", compression="zlib")
    put(document, members, "volume-1.tif", stream.getvalue())


def high_label(document: dict[str, Any], members: dict[str, bytes]) -> None:
    put(document, members, "volume-1.tif", array_bytes(np.full((12, 13, 14), 9, np.uint8)))


def missing(_document: dict[str, Any], members: dict[str, bytes]) -> None:
    del members["model-1.microloom-model"]


def unlisted(_document: dict[str, Any], members: dict[str, bytes]) -> None:
    members["labels-9.tif"] = b"x"


def empty(document: dict[str, Any], _members: dict[str, bytes]) -> None:
    document.clear()


def named(name: str) -> Edit:
    def edit(document: dict[str, Any], members: dict[str, bytes]) -> None:
        put(document, members, name, b"x", shape=[1, 1], dtype="uint8")

    return edit


CASES: dict[str, tuple[Edit, str]] = {
    "newer": (replace_entry("format_version", value=2), "newer version of Microloom (project format 2)"),
    "no version": (replace_entry("format_version", value="1"), "which version"),
    "another format": (replace_entry("format", value="a game"), "not a project"),
    "no document": (empty, "not a project"),
    "a changed member": (tampered, "its hash differs"),
    "a missing member": (missing, "model-1.microloom-model is missing"),
    "an unlisted member": (unlisted, "does not know the member labels-9.tif"),
    "another shape": (other_shape, "volume-1.tif"),
    "another type": (other_type, "volume-1.tif"),
    "no TIFF": (no_tiff, "volume-1.tif is no picture"),
    "a packed TIFF": (packed_tiff, "volume-1.tif"),
    "no model": (no_model, "not a Microloom model"),
    "no classifier": (no_classifier, "no classifier, or it is damaged"),
    "a classifier for volumes": (classifier_of_volumes, "its classifier is for volumes"),
    "another member for the classifier": (replace_entry("classifier", value="labels-1.tif"), "its classifier is in"),
    "a comparison with another part": (replace_entry("compared", "crop", value=[1, 25, 2, 31]), "does not fit its"),
    "a comparison with all of it": (replace_entry("compared", "crop", value=None), "does not fit its micrograph"),
    "a comparison beyond the micrograph": (replace_entry("compared", "crop", value=[30, 54, 2, 32]), "its crop is 30"),
    "a label without a phase": (high_label, "Label 9"),
    "a path upwards": (named("../evil.tif"), "no project has a member '../evil.tif'"),
    "an absolute path": (named("/etc/evil.tif"), "no project has a member '/etc/evil.tif'"),
    "a folder": (named("a/volume-9.tif"), "no project has a member 'a/volume-9.tif'"),
    "a backslash": (named("..\\volume-9.tif"), "no project has a member"),
    "a drive": (named("C:volume-9.tif"), "no project has a member"),
    "a script": (named("run.py"), "no project has a member 'run.py'"),
    "no list of members": (replace_entry("members", value=[]), "no list of its members"),
    "another size": (replace_entry("members", "volume-1.tif", "bytes", value=5), "not 5"),
    "a huge shape": (replace_entry("members", "volume-1.tif", "shape", value=[9999, 9999, 9999]), "size of its pic"),
    "a negative shape": (replace_entry("members", "volume-1.tif", "shape", value=[-1, -1, 2184]), "size of its pic"),
    "a strange type": (replace_entry("members", "volume-1.tif", "dtype", value="object"), "size of its pic"),
    "another's member": (replace_entry("results", 0, "volume", "member", value="labels-1.tif"), "labels-1.tif"),
    "a member that is a list": (replace_entry("results", 0, "model", value=["model-1"]), "model"),
    "a length too long for a number": (replace_entry("pixel_size_m", value=10**400), "pixel_size_m"),
    "a crop outside": (replace_entry("crop", value=[0, 999, 0, 5]), "its crop"),
    "a crop of words": (replace_entry("crop", value=["a", 1, 2, 3]), "crop"),
    "a pixel of no size": (replace_entry("pixel_size_m", value=0), "pixel_size_m"),
    "a pixel size of words": (replace_entry("micrograph", "pixel_size_m", value="small"), "pixel_size_m"),
    "an unknown setting": (replace_entry("segmentation", "magic", value=1), "magic"),
    "a setting out of range": (replace_entry("segmentation", "median_radius", value=99), "Median radius"),
    "an unknown engine": (replace_entry("plan", "engine", value="magic"), "no engine 'magic'"),
    "an unknown preset": (replace_entry("plan", "preset", value="magic"), "no preset 'magic'"),
    "an unknown engine setting": (replace_entry("plan", "changed_settings", value={"magic": 1}), "lacks a setting"),
    "a bad engine setting": (replace_entry("plan", "changed_settings", value={"iterations": -1}), "at least"),
    "settings that are objects": (replace_entry("plan", "changed_settings", value={"a": {}}), "not plain values"),
    "no voxels": (replace_entry("plan", "size", value=[0, 1, 1]), "size"),
    "a colour of words": (replace_entry("phases", 0, "color", value="red"), "colour"),
    "a result that is not there": (replace_entry("shown", value=3), "shows the result 3 of 3"),
    "a phase that is not there": (replace_entry("results", 0, "target", "phase", value=2), "phase that is not there"),
    "curves of different lengths": (replace_entry("results", 0, "comparison", "volume", "lags", value=[0, 1]), "fit"),
    "ragged curves": (replace_entry("results", 0, "comparison", "volume", "s2", value=[[1], [1, 2]]), "lengths"),
    "curves of words": (replace_entry("results", 0, "comparison", "volume", "s2", value=[["a"]]), "row of numbers"),
    "no band": (replace_entry("results", 0, "sampling_band", value=None), "no band"),
    "provenance of another kind": (replace_entry("micrograph", "provenance", value={"inputs": 3}), "provenance"),
    "an info bar outside": (replace_entry("micrograph", "info_bar_row", value=4000), "info bar"),
    "a patience of nothing": (replace_entry("plan", "patience", value=0), "patience is 0"),
    "runs without end": (replace_entry("series", "seeds", value=10**9), "series of runs"),
    "no run at all": (replace_entry("series", "seeds", value=0), "series of runs"),
    "a share beyond all": (replace_entry("series", "fractions", value=[0.1, 1.5]), "series of runs"),
    "a file with a NUL": (replace_entry("output", value="a\0b"), "is no path"),
    "fractions beyond all": (replace_entry("plan", "volume_fractions", value=[0.5, 0.6]), "volume fractions are"),
    "a region of no phase": (replace_entry("results", 1, "target", "region_of", value=7), "region of the phase 7"),
    "a mask of no phase": (replace_entry("mask", "region_of", value=-1), "region of the phase -1"),
    "a mark of another kind": (replace_entry("marks", 0, "kind", value="area"), "a mark of the kind 'area'"),
    "a mark with a place too few": (replace_entry("marks", 1, "points", value=[[0, 0, 0]]), "No angle has 1 places"),
    "a mark in the plane": (replace_entry("marks", 2, "points", value=[[0, 0]]), "a mark has no place"),
    "a mark at no number": (replace_entry("marks", 2, "points", 0, 1, value="middle"), "its entry 'y' is 'middle'"),
    "results of another kind": (replace_entry("results", value={}), "results"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_is_refused(good: Path, tmp_path: Path, case: str) -> None:
    edit, words = CASES[case]
    path = rewritten(good, tmp_path / "bad.microloom", edit)
    with pytest.raises(InputError) as caught:
        read_project(path)
    assert words in caught.value.what and "bad.microloom" in caught.value.what
    assert caught.value.remedy
    assert sorted(tmp_path.iterdir()) == [path], "nothing is unpacked"


def test_the_unchanged_copy_is_read(good: Path, tmp_path: Path) -> None:
    for kind in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        path = rewritten(good, tmp_path / f"{kind}.microloom", lambda _document, _members: None, kind)
        assert len(read_project(path).results) == 3


def test_other_packings_are_refused(good: Path, tmp_path: Path) -> None:
    path = rewritten(good, tmp_path / "bad.microloom", lambda _document, _members: None, zipfile.ZIP_LZMA)
    with pytest.raises(InputError, match="packed in an unknown way"):
        read_project(path)


def test_any_truncation_is_refused(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    path = tmp_path / "cut.microloom"
    for length in [0, 1, 3, 4, 30, *range(100, len(data), len(data) // 30), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"cut\.microloom"):
            read_project(path)


def test_any_flipped_byte_is_refused_or_changes_nothing(good: Path, tmp_path: Path) -> None:
    data = good.read_bytes()
    path = tmp_path / "flipped.microloom"
    before = read_document(good)
    generator = np.random.default_rng(0)
    refused = 0
    for place in generator.integers(0, len(data), 60):
        broken = bytearray(data)
        broken[place] ^= 0x10
        path.write_bytes(broken)
        try:
            read_project(path)
        except InputError:
            refused += 1
        else:
            assert read_document(path) == before
    assert refused > 50


@pytest.mark.parametrize("text", [b"this is no project", b"PK\x03\x04 nearly", b"\x00" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "bad.microloom"
    path.write_bytes(text)
    with pytest.raises(InputError, match="cannot be opened as a project"):
        read_project(path)


@pytest.mark.parametrize("name", ["none.microloom", "folder.microloom"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.microloom").mkdir()
    with pytest.raises(InputError, match=name):
        read_project(tmp_path / name)


@pytest.mark.parametrize(
    "text", [b"", b"[1]", b"{", b'{"a": NaN}', b"[" * 100_000, b"\xff", b'{"a": 1' + b"0" * 9999 + b"}"]
)
def test_a_document_that_is_none_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "bad.microloom"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("project.json", text)
    with pytest.raises(InputError, match=r"bad\.microloom"):
        read_project(path)


def test_a_bomb_is_refused_before_it_is_inflated(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bomb(document: dict[str, Any], members: dict[str, bytes]) -> None:
        members["volume-1.tif"] = bytes(1 << 22)
        document["members"]["volume-1.tif"] |= {"bytes": 1 << 22, "shape": [1, 2048, 2048]}

    path = rewritten(good, tmp_path / "bomb.microloom", bomb)
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 21)
    with pytest.raises(InputError, match="more than it can hold"):
        read_document(path)
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 30)
    # a table of contents that claims far more than deflate can make of the bytes that are there
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as source:
        name = b"labels-1.tif"
        packed = source.getinfo(name.decode()).compress_size
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    struct.pack_into("<I", data, entry + 24, packed * 2000)
    path.write_bytes(data)
    with pytest.raises(InputError, match="more than it can hold"):
        read_document(path)


def test_a_member_that_inflates_to_more_than_it_says_is_cut_off(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.microloom"
    data = bytearray(good.read_bytes())
    name = b"volume-1.tif"
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(name))
    (size,) = struct.unpack_from("<I", data, entry + 24)
    struct.pack_into("<I", data, entry + 24, size - 100)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"volume-1\.tif"):
        read_project(path)


def test_a_name_that_comes_twice_is_refused(good: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.microloom"
    path.write_bytes(good.read_bytes())
    with zipfile.ZipFile(path, "a") as target, pytest.warns(UserWarning, match="Duplicate"):
        target.writestr("volume-1.tif", b"another")
    with pytest.raises(InputError, match=r"volume-1\.tif"):
        read_project(path)


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("stack", "slice"), 9, "slice 9 of 9"),
        (("stack", "contrast"), [1.0], "1 values"),
        (("stack", "painted"), {"9": "labels-0.tif"}, "slice '9' of 9"),
        (("stack", "painted"), {"2": "micrograph-0.tif"}, "in the member"),
        (("kept", 0, "slice"), "x", "slice"),
    ],
)
def test_slices_that_cannot_be(good: Path, tmp_path: Path, keys: tuple[Any, ...], value: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_project(rewritten(good, tmp_path / "bad.microloom", replace_entry(*keys, value=value)))
