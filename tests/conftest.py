"""What several test files share."""

import os
from collections.abc import Callable, Iterator
from functools import cache
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


@pytest.fixture
def one_core() -> Iterator[None]:
    """Processes that the test starts have one core, on which background threads are behind."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot bind a process to a core")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(cores)])
    yield
    os.sched_setaffinity(0, cores)


@pytest.fixture(scope="session")
def exported(tmp_path_factory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint of a form with its ONNX graphs; each is exported once."""
    from helpers.exported import exported_checkpoint  # here, because most tests need no torch

    return cache(lambda form: exported_checkpoint(tmp_path_factory.mktemp("exported"), form))


@pytest.fixture(scope="session")
def shipped_graphs(tmp_path_factory) -> Path:
    """A folder of the graphs of the shipped checkpoint."""
    from biodir.cli import main

    folder = tmp_path_factory.mktemp("shipped") / "graphs"
    assert main(["export-onnx", str(folder), "--model", str(CHECKOUT)]) == 0
    return folder
