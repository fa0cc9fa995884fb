"""Documents on which models are scored: where they are found, what is missing, and how often they were left out."""

import zipfile

import pytest

from biodir import SettingError
from biodir.dataset_script.exclusion import (
    Exclusion,
    excluded_count,
    exclusions_in,
    exclusions_of,
    missing_splits,
    scored_splits,
)
from biodir.dataset_script.sources import SourceError
from helpers.corpus_folder import COPPER, IRON, write_data_folder, write_split


def test_scored_splits_of_a_folder_without_the_train_split(tmp_path):
    write_data_folder(tmp_path)
    write_split(tmp_path / "bioredirect" / "bioredirect_bc8_test.pubtator", IRON)
    found = scored_splits(tmp_path)
    assert exclusions_in(found) == (
        Exclusion("bioredirect_dev.pubtator", frozenset("2")),
        Exclusion("bioredirect_bc8_test.pubtator", frozenset("1")),
    )
    assert missing_splits(found) == ("bioredirect_test.pubtator",)


def test_scored_splits_of_the_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "datasets.zip", "w") as archive:
        archive.writestr("bioredirect/bioredirect_test.pubtator", "5|t|Iron\n5|a|is.\n")
    assert exclusions_in(scored_splits(tmp_path)) == (Exclusion("bioredirect_test.pubtator", frozenset("5")),)


def test_nothing_that_says_what_to_leave_out_is_an_error(tmp_path):
    write_split(tmp_path / "bioredirect_train.pubtator", IRON)
    with pytest.raises(SettingError, match=r": holds none of bioredirect_dev\.pubtator, bioredirect_test.* --data-"):
        scored_splits(tmp_path)
    with pytest.raises(SettingError, match=r"no folder with .* --data-dir or BIODIR_DATA, .* --exclude, .* --keep-"):
        scored_splits(None)
    with pytest.raises(SourceError, match="absent: there is no such folder"):
        scored_splits(tmp_path / "absent")


def test_named_files_are_counted_one_by_one(tmp_path):
    write_split(tmp_path / "a.pubtator", IRON, COPPER)
    (tmp_path / "b.jsonl").write_text('{"id": "2", "text": "a"}\n')
    first, second = exclusions_of([tmp_path / "a.pubtator", tmp_path / "b.jsonl"])
    assert (first.name, second.name) == (str(tmp_path / "a.pubtator"), str(tmp_path / "b.jsonl"))
    excluded = ["2", "1", "2"]
    assert [excluded_count(each, excluded) for each in (first, second)] == [3, 2]
