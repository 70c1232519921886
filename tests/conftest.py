"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real micrographs and volumes, from MICROLOOM_DATA or beside the checkout."""
    folder = Path(os.environ.get("MICROLOOM_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "MANIFEST.md").is_file():
        pytest.skip(f"the folder of real data is not there ({folder}); set MICROLOOM_DATA to it")
    return folder
