"""Benchmarks on data beside the checkout; without that data they are skipped."""

from pathlib import Path

import pytest
from places import SHARED

DATA = SHARED / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    return DATA
