"""Corpora are counted and compared with what was published of them."""

import pytest

from biodir.cli import main
from biodir.dataset_script.check import CountError, SplitContent, check_counts, counts_of, found_counts
from biodir.dataset_script.sources import PublishedCount
from helpers.corpus_folder import COPPER, IRON


def content(*ids, **counts):
    """A split with these document identifiers and counts."""
    return SplitContent({name.replace("_", " "): value for name, value in counts.items()}, frozenset(ids))


# Counting.


def test_counts_of_a_split():
    counted = counts_of([IRON, COPPER])
    assert counted.document_ids == {"1", "2"}
    assert {name: value for name, value in counted.counts.items() if value} == {
        "documents": 2,
        "mentions": 8,
        "mentions ChemicalEntity": 2,
        "mentions GeneOrGeneProduct": 2,
        "mentions DiseaseOrPhenotypicFeature": 2,
        "mentions OrganismTaxon": 1,
        "mentions SequenceVariant": 1,
        "unlinked mentions": 1,
        "relations": 3,
        "relations Positive_Correlation": 1,
        "relations Association": 1,
        "relations Bind": 1,
        "undirected relations": 1,
        "subject lines": 2,
    }


# Comparing.


def published(splits, value, count="mentions", **shared):
    return PublishedCount("a", tuple(splits), count, value, **shared)


SHARED = published("xy", 2, "shared", shared_source="b", shared_splits=("x",))


def test_counts_of_several_splits_are_added():
    contents = {("a", "x"): content(mentions=2), ("a", "y"): content(mentions=3)}
    numbers = [published("x", 2), published("xy", 6), published("x", 4, "relations")]
    assert found_counts(contents, numbers) == dict(zip(numbers, [2, 5, 0], strict=True))


def test_splits_that_are_not_there_are_not_compared():
    numbers = [published("xy", 1), published("y", 1), SHARED]
    assert found_counts({("a", "x"): content("1", mentions=1)}, numbers) == {}


def test_documents_in_two_corpora_are_counted_once():
    contents = {("a", "x"): content("1", "2"), ("a", "y"): content("2", "3"), ("b", "x"): content("2", "3", "4")}
    assert found_counts(contents, [SHARED]) == {SHARED: 2}


def test_every_difference_is_named():
    with pytest.raises(CountError, match="data: 2 of 3 counts differ from the published ones") as caught:
        check_counts({published("x", 2): 1, published("y", 2): 2, published("xy", 6, "relations"): 5}, "data")
    assert "a x: 1 mentions, 2 published; a x + y: 5 relations, 6 published; fetch" in str(caught.value)
    check_counts({published("y", 2): 2}, "data")


# The real corpora.


@pytest.mark.corpus
def test_corpora_hold_what_was_published(data_dir, capsys):
    assert main(["dataset", "check", "--data-dir", str(data_dir)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 37
    figures = {tuple(line.split()[-2:]) for line in lines if "relations" in line and "train + validation" in line}
    assert {("5339", "5339"), ("2751", "2751"), ("541", "541")} <= figures
    assert not any("differs" in line for line in lines)
