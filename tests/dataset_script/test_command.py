"""The commands `biodir dataset export` and `biodir dataset check`: exit status, output, error messages."""

import sys
import zipfile
from dataclasses import replace

import pytest

from biodir.cli import main
from biodir.dataset_script import sources
from helpers.corpus_folder import write_data_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("BIODIR_DATA", raising=False)
    return write_data_folder(tmp_path / "data")


@pytest.fixture
def archives(tmp_path, folder, monkeypatch):
    """Archives at addresses of this machine in place of the official ones."""
    members = {
        "datasets.zip": "bioredirect/bioredirect_train.pubtator",
        "CDR_Data.zip": "bc5cdr/CDR_TrainingSet.PubTator.txt",
    }
    changed = []
    for source in sources.SOURCES:
        path = tmp_path / "web" / source.archive
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(folder / members[source.archive], f"some/{members[source.archive]}")
        changed.append(replace(source, address=path.as_uri()))
    monkeypatch.setattr(sources, "SOURCES", tuple(changed))
    return path.parent


def test_export_writes_files_and_names_them(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["dataset", "export", str(out), "--data-dir", str(folder)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{out / 'biored_direction_pairs' / 'train-00000-of-00001.parquet'}: 6 rows\n" in captured.err
    assert captured.err.endswith(f"{out / 'README.md'}: data set card\n")


def test_check_prints_the_table_and_fails(folder, capsys, monkeypatch):
    monkeypatch.setenv("BIODIR_DATA", str(folder))
    assert main(["dataset", "check"]) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].split() == ["corpus", "split", "count", "found", "published"]
    assert lines[1].split() == ["biored_direction", "train", "documents", "2", "400", "differs"]
    assert f"biodir: error: {folder}: " in captured.err
    assert "biored_direction train: 2 documents, 400 published" in captured.err


def test_missing_location_is_an_error(folder, capsys):
    assert main(["dataset", "check"]) == 1
    assert "no corpora: give --data-dir, set BIODIR_DATA, or --download" in capsys.readouterr().err


def test_corpus_that_is_not_there_is_named_and_left_out(tmp_path, capsys):
    folder = write_data_folder(tmp_path / "data", with_bc5cdr=False)
    assert main(["dataset", "export", str(tmp_path / "out"), "--data-dir", str(folder)]) == 0
    assert f"biodir: no file of bc5cdr in {folder}: left out\n" in capsys.readouterr().err
    assert not (tmp_path / "out" / "bc5cdr").exists()


@pytest.mark.parametrize("command", [["check"], ["export", "out"]])
def test_checksums_are_strict_on_demand(folder, tmp_path, capsys, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert main(["dataset", *command, "--data-dir", str(folder), "--strict"]) == 1
    assert "bioredirect_train.pubtator: sha256 is " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_download_takes_the_archives(archives, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("datasets.config.DOWNLOADED_DATASETS_PATH", tmp_path / "downloads")
    assert main(["dataset", "export", str(tmp_path / "out"), "--download"]) == 0
    files = sorted(path.parent.name for path in (tmp_path / "out").rglob("*.parquet"))
    assert files == ["bc5cdr", "bc5cdr_pairs", "biored_direction", "biored_direction_pairs"]
    assert main(["dataset", "check", "--download"]) == 1
    assert "bc5cdr train: 1 documents, 500 published" in capsys.readouterr().err


def test_library_that_is_not_installed_is_named_and_not_needed_for_the_check(folder, monkeypatch, capsys):
    for name in [name for name in sys.modules if name.split(".")[0] == "datasets"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "datasets", None)
    for name, arguments in (("biodir dataset export", ["export", "out"]), ("--download", ["check", "--download"])):
        assert main(["dataset", *arguments]) == 1
        assert f"error: {name} needs datasets; install it with: pip" in capsys.readouterr().err
    assert main(["dataset", "check", "--data-dir", str(folder)]) == 1
    assert "2 documents, 400 published" in capsys.readouterr().err
