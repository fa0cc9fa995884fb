"""What several test files share."""

import os
from pathlib import Path

import pytest

from helpers.checkout import CHECKOUT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the corpora: $BIODIR_DATA, or `shared/data` beside the checkout; skips where there is none."""
    folder = Path(os.environ.get("BIODIR_DATA") or CHECKOUT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}; set BIODIR_DATA to the folder that holds them")
    return folder


@pytest.fixture(scope="session")
def cases_dir(data_dir) -> Path:
    """The folder of inputs that real users bring, beside that of the corpora; skips where there is none."""
    folder = data_dir.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases at {folder}; they are beside the corpora")
    return folder
