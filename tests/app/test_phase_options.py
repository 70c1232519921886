"""Options for all phases at once: what they take, and what they need beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from app.__main__ import main
from app.arguments import parser


@pytest.fixture
def three(tmp_path: Path) -> Path:
    path = tmp_path / "three.tif"
    labels = np.kron(np.digitize(np.random.default_rng(0).random((12, 12)), [0.5, 0.8]), np.ones((3, 3)))
    tifffile.imwrite(path, (120 * labels).astype(np.uint8))
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.3,0.3,0.4", (0.3, 0.3, 0.4)), ("25%, 25%, 50%", (0.25, 0.25, 0.5)), ("0.333,0.333,0.333", (1 / 3,) * 3)],
)
def test_fractions_of_all_phases(text: str, expected: tuple[float, ...]) -> None:
    found = parser().parse_args(["reconstruct", "a.tif", "-o", "b.tif", "--volume-fractions", text]).volume_fractions
    assert found == pytest.approx(expected) and sum(found) == pytest.approx(1)


@pytest.mark.parametrize("text", ["0.3,0.3,0.3", "0.5,0.5", "0.5,0.6,-0.1", "a,b,c", "1,0,0"])
def test_fractions_that_make_no_whole(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["reconstruct", "a.tif", "-o", "b.tif", f"--volume-fractions={text}"])
    assert "volume-fractions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--volume-fractions", "0.3,0.3,0.4"], "--all-phases"),
        (["--volume-fractions", "0.2,0.3,0.2,0.3", "--all-phases"], "3 phases"),
        (["--region-of", "0", "--all-phases"], "--mask"),
        (["--region-of", "7", "--all-phases", "--mask", "MASK"], "no phase 7"),
    ],
)
def test_what_they_need_beside_them(
    three: Path, tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mask = tmp_path / "mask.tif"
    tifffile.imwrite(mask, np.linspace(0, 1, 8, dtype=np.float32)[:, None, None] * np.ones((8, 8, 8), np.float32))
    given = [str(mask) if word == "MASK" else word for word in options]
    assert main(["reconstruct", str(three), "-o", str(tmp_path / "v.tif"), "--size", "16", *given]) == 2
    assert said in capsys.readouterr().err
