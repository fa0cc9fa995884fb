"""Folders that are written completely or not at all."""

import re
from pathlib import Path

import pytest

from biodir.publishing.assembly import MARKER, assemble, content_files
from biodir.publishing.errors import PublishError


@pytest.fixture
def source(tmp_path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.txt").write_text("a")
    return tmp_path / "source"


def files(source: Path) -> dict[str, Path | str]:
    return {"a.txt": source / "a.txt", "deep/er/b.txt": source / "a.txt", "README.md": "changed"}


def names(folder: Path) -> dict[str, str]:
    return {name: path.read_text() for name, path in content_files(folder)}


EXPECTED = {"README.md": "changed", "a.txt": "a", "deep/er/b.txt": "a"}


def test_empty_folder_is_filled_and_own_folder_is_replaced(source, tmp_path):
    (tmp_path / "out").mkdir()
    assemble({"old.txt": source / "a.txt"}, tmp_path / "out")
    folder = assemble(files(source), tmp_path / "out")
    assert names(folder) == EXPECTED
    assert (folder / MARKER).is_file(), "which is no content"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


@pytest.mark.parametrize("name", ["notes.txt", ".git/config", "deep/er/c.txt"])
def test_file_that_was_added_to_an_own_folder_is_kept(source, tmp_path, name):
    folder = assemble(files(source), tmp_path / "out")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("mine")
    with pytest.raises(PublishError, match=f"out: holds files .*, such as {re.escape(name)}; move them"):
        assemble(files(source), tmp_path / "out")
    assert names(folder) == {**EXPECTED, name: "mine"}


def test_links_are_neither_replaced_nor_followed(source, tmp_path):
    folder = assemble(files(source), tmp_path / "out")
    (folder / "link").symlink_to(source)
    with pytest.raises(PublishError, match="such as link; move them away"):
        assemble(files(source), tmp_path / "out")
    with pytest.raises(PublishError, match="is not a folder"):
        assemble(files(source), folder / "link")


def test_interrupt_while_folders_change_places_loses_none(source, tmp_path, monkeypatch):
    assemble({"old.txt": source / "a.txt"}, tmp_path / "out")
    real = Path.rename

    def interrupted(path: Path, place: Path) -> Path:
        if path.name == "made":
            raise KeyboardInterrupt
        return real(path, place)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        assemble(files(source), tmp_path / "out")
    assert names(tmp_path / "out") == {"old.txt": "a"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_missing_file_changes_nothing(source, tmp_path):
    assemble({"old.txt": source / "a.txt"}, tmp_path / "out")
    with pytest.raises(PublishError, match=r"gone\.txt: there is no such file, and the repository needs b\.txt"):
        assemble(files(source) | {"b.txt": source / "gone.txt"}, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]
    assert names(tmp_path / "out") == {"old.txt": "a"}


def test_check_that_fails_changes_nothing(source, tmp_path):
    seen = []

    def check(folder: Path) -> None:
        seen.append(names(folder))
        raise PublishError("no")

    with pytest.raises(PublishError, match=r"^no$"):
        assemble(files(source), tmp_path / "out", check)
    assert seen == [EXPECTED]
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
