"""Files of a cache."""

from pathlib import Path

import pytest

from biodir.errors_biodir import SettingError
from biodir.web.stored import default_folder, made_folder, read_stored, write_stored


def test_default_folder_follows_the_variable_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "biodir"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "biodir"
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_folder() == tmp_path / "Library" / "Caches" / "biodir"


def test_user_without_a_home_folder_needs_none_where_the_folder_is_named(monkeypatch, tmp_path):
    def home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", home)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "biodir"
    monkeypatch.delenv("XDG_CACHE_HOME")
    with pytest.raises(SettingError, match="the user has no home folder for the cache; set HOME, or name a folder"):
        default_folder()


def test_what_is_written_is_read_and_what_is_damaged_counts_as_absent(tmp_path):
    path = tmp_path / "a" / "b.json.gz"
    assert read_stored(path) is None
    write_stored(path, {"text": "\u03b1 \ud800"})
    assert read_stored(path) == {"text": "\u03b1 \ud800"}
    path.write_bytes(path.read_bytes()[:-9])
    assert read_stored(path) is None
    assert [each.name for each in path.parent.iterdir()] == ["b.json.gz"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    assert made_folder(tmp_path / "new" / "deep").is_dir()
    with pytest.raises(SettingError, match=r"file.*cannot be made .*; name another folder as cache"):
        made_folder(tmp_path / "file" / "deep")
