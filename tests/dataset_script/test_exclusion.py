"""Documents on which models are scored: found by split or by file."""

import pytest

from biodir import SettingError
from biodir.dataset_script.exclusion import excluded_by_files, excluded_by_scored_splits
from biodir.dataset_script.sources import SourceError
from helpers.corpus_folder import COPPER, IRON, write_data_folder, write_split


def test_scored_splits_of_a_folder_without_the_train_split(tmp_path, caplog):
    write_data_folder(tmp_path)
    write_split(tmp_path / "bioredirect" / "bioredirect_bc8_test.pubtator", IRON)
    assert excluded_by_scored_splits(tmp_path) == {
        "bioredirect_dev.pubtator": frozenset("2"),
        "bioredirect_bc8_test.pubtator": frozenset("1"),
    }
    assert caplog.messages == [f"{tmp_path}: lacks bioredirect_test.pubtator, whose documents are not excluded"]


def test_location_without_scored_splits_is_an_error(tmp_path):
    write_split(tmp_path / "bioredirect_train.pubtator", IRON)
    with pytest.raises(SettingError, match=r": holds none of bioredirect_dev\.pubtator, bioredirect_test.* --data-"):
        excluded_by_scored_splits(tmp_path)
    with pytest.raises(SettingError, match=r"no folder with .* --data-dir or BIODIR_DATA, .* --exclude, .* --keep-"):
        excluded_by_scored_splits(None)
    with pytest.raises(SourceError, match="absent: there is no such folder"):
        excluded_by_scored_splits(tmp_path / "absent")


def test_named_files_have_their_ids(tmp_path):
    first, second = tmp_path / "a.pubtator", tmp_path / "b.jsonl"
    write_split(first, IRON, COPPER)
    second.write_text('{"id": "2", "text": "a"}\n')
    assert excluded_by_files([first, second]) == {str(first): frozenset("12"), str(second): frozenset("2")}
    second.write_text("")
    with pytest.raises(SettingError, match=r"b\.jsonl: holds no documents to exclude"):
        excluded_by_files([first, second])
