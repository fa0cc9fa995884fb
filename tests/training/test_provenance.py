"""Where a run comes from."""

import subprocess
from pathlib import Path

import pytest

from biodir.training import provenance as module
from biodir.training.provenance import provenance


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A file that is committed."""
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("1")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "-m", "code")
    return tmp_path / "code.py"


def test_commit_of_a_checkout_says_whether_it_was_changed(checkout):
    head = subprocess.run(["git", "-C", str(checkout.parent), "rev-parse", "HEAD"], capture_output=True, text=True)
    assert module._commit(checkout) == head.stdout.strip()
    checkout.write_text("2")
    assert module._commit(checkout) == f"{head.stdout.strip()}-dirty"


def test_commit_is_unknown_without_a_checkout_or_without_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert module._commit(tmp_path / "code.py") == "unknown"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance()["commit"] == "unknown"
