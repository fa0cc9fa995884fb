"""The table of sources agrees with itself and with the corpora."""

import pytest

from biodir.dataset_script.sources import BIORED_DIRECTION, CHECKSUMS, PUBLISHED_COUNTS, SOURCES
from biodir.files import file_sha256

SPLITS = {source.name: list(source.splits) for source in SOURCES}


def test_published_counts_are_of_splits_that_exist():
    for count in PUBLISHED_COUNTS:
        assert set(count.splits) <= set(SPLITS[count.source]), count
        assert set(count.shared_splits) <= set(SPLITS.get(count.shared_source, ())), count


def test_relation_types_add_up_to_all_relations():
    both = ("train", "validation")
    published = {each.count: each.value for each in PUBLISHED_COUNTS if each.splits == both}
    by_type = [value for name, value in published.items() if name.startswith("relations ")]
    assert sum(by_type) == published["relations"] == 5339
    names = {name.removeprefix("relations ") for name in published if name.startswith("relations ")}
    assert names == set(BIORED_DIRECTION.labels["relation"][1:])


@pytest.mark.corpus
def test_checksums_are_those_of_the_corpora(data_dir):
    paths = [data_dir / source.folder / file for source in SOURCES for file in source.splits.values()]
    assert {path.name: file_sha256(path) for path in paths if path.name in CHECKSUMS} == CHECKSUMS
