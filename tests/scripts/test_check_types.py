"""scripts/check_types.py: which files mypy is shown, and where it says that their errors are."""

import os

import pytest

from helpers.checkout import CHECKOUT
from helpers.script_module import script


@pytest.fixture(scope="module")
def check_types():
    return script("check_types")


def test_links_are_laid_out_as_an_installation(check_types, tmp_path):
    places = check_types.link_files(tmp_path)
    flat = {path.name for path in CHECKOUT.glob("*_biodir.py")}
    assert set(places) == {"handler.py", "biodir/__init__.py", *(f"biodir/{name}" for name in flat)}
    assert all(os.path.samefile(tmp_path / link, CHECKOUT / file) for link, file in places.items())


def test_errors_are_placed_in_the_checkout(check_types, tmp_path):
    places = check_types.link_files(tmp_path)
    output = (
        "biodir/document_biodir.py:7: error: biodir/x.py:1: is no place  [misc]\n"
        "biodir/__init__.py:2: note: a hint\nhandler.py:3: error: wrong  [misc]\nFound 2 errors in 2 files\n"
    )
    assert check_types.with_places(output, places) == output.replace("biodir/document", "document")
