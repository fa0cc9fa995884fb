"""How a library that is missing can be installed, with torch and without it."""

from email.message import Message
from importlib.metadata import PackageNotFoundError

import pytest

from biodir import optional
from biodir.errors_biodir import SettingError
from biodir.optional import installation, optional_library


@pytest.fixture
def without_torch(monkeypatch):
    """The distribution biodir-runtime in place of biodir."""
    found = Message()
    for extra in ("formats", "serve"):
        found["Provides-Extra"] = extra
    monkeypatch.setattr(optional, "metadata", lambda name: {"biodir-runtime": found}[name])


def missing(name):
    raise PackageNotFoundError(name)


def test_extra_of_biodir_is_named(monkeypatch):
    monkeypatch.setattr(optional, "metadata", missing)
    assert installation("serve") == "install it with: pip install 'biodir[serve]'"


def test_run_time_without_torch_is_not_told_to_install_torch(without_torch):
    with pytest.raises(SettingError, match=r"a server needs nothing_here; .*: pip install 'biodir-runtime\[serve\]'"):
        optional_library("nothing_here", "serve", "a server")
    expected = "biodir-runtime is installed here, which does without; run this where biodir[data] is"
    assert installation("data") == expected


def test_library_that_breaks_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_here.py").write_text("raise ImportError('import numpy failed')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingError, match="a graph needs broken_here, which cannot be imported: import numpy failed"):
        optional_library("broken_here", "serve", "a graph")
