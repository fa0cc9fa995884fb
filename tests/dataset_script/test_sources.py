"""The table of sources agrees with itself and with the corpora."""

import pytest

from biodir.dataset_script.sources import CHECKSUMS, PUBLISHED_COUNTS, SOURCES
from biodir.files import file_sha256

SPLITS = {source.name: list(source.splits) for source in SOURCES}


def test_published_counts_are_of_splits_that_exist():
    for count in PUBLISHED_COUNTS:
        assert set(count.splits) <= set(SPLITS[count.source]), count
        assert set(count.shared_splits) <= set(SPLITS.get(count.shared_source, ())), count


@pytest.mark.corpus
def test_checksums_are_those_of_the_corpora(data_dir):
    paths = [data_dir / source.folder / file for source in SOURCES for file in source.splits.values()]
    assert {path.name: file_sha256(path) for path in paths if path.name in CHECKSUMS} == CHECKSUMS
