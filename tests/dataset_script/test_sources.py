"""The table of sources agrees with itself and with the files at hand."""

import hashlib

import pytest

from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, PUBLISHED_COUNTS, PUBLISHED_SHARES, SOURCES

SPLITS = {source.name: [split.name for split in source.splits] for source in SOURCES}


def test_corpora_and_splits():
    assert SPLITS == {
        "biored_direction": ["train", "validation", "test", "bc8_test"],
        "bc5cdr": ["train", "validation", "test"],
    }
    assert [source.pairs_name for source in SOURCES] == ["biored_direction_pairs", "bc5cdr_pairs"]


def test_archive_is_the_last_part_of_its_address():
    for source in SOURCES:
        assert source.address.startswith("https://")
        assert source.address.endswith(f"/{source.archive}")


def test_only_files_that_were_at_hand_have_a_checksum():
    without = [split.file for source in SOURCES for split in source.splits if split.sha256 is None]
    assert without == ["bioredirect_bc8_test.pubtator", "CDR_TestSet.PubTator.txt"]
    assert [source.archive_sha256 for source in SOURCES] == [None, None]


def test_published_counts_are_of_splits_that_exist():
    for count in PUBLISHED_COUNTS:
        assert set(count.splits) <= set(SPLITS[count.source]), count
    for shared in PUBLISHED_SHARES:
        assert set(shared.splits1) <= set(SPLITS[shared.source1]), shared
        assert set(shared.splits2) <= set(SPLITS[shared.source2]), shared


def test_no_count_is_published_twice():
    keys = [(count.source, count.splits, count.count) for count in PUBLISHED_COUNTS]
    assert len(set(keys)) == len(keys)


def test_relation_types_add_up_to_all_relations():
    both = ("train", "validation")
    published = {each.count: each.value for each in PUBLISHED_COUNTS if each.splits == both}
    by_type = [value for name, value in published.items() if name.startswith("relations ")]
    assert sum(by_type) == published["relations"] == 5339
    names = {name.removeprefix("relations ") for name in published if name.startswith("relations ")}
    assert names == set(BIORED_DIRECTION.labels["relation"][1:])


def test_bc5cdr_annotates_relations_alone():
    assert BC5CDR.labels == {"relation": ("None", "CID")}


@pytest.mark.corpus
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_checksums_are_those_of_the_files_at_hand(source, data_dir):
    at_hand = {
        split.file: hashlib.sha256((data_dir / source.folder / split.file).read_bytes()).hexdigest()
        for split in source.splits
        if split.sha256 is not None
    }
    assert at_hand == {split.file: split.sha256 for split in source.splits if split.sha256 is not None}
