"""Recorded files that lie beside the project and are no part of it."""

import os
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"


def attlog(name: str) -> bytes:
    """Return a recorded log file; skip the test where there is none, but never in CI."""
    file = SAMPLES / "attlog" / name
    if not file.exists() and not os.environ.get("CI"):
        pytest.skip("they read recorded files that are not here")
    return file.read_bytes()
