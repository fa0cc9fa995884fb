"""Corpora are counted and compared with what was published of them."""

import pytest

from biodir import Document, Relation
from biodir.cli import main
from biodir.dataset_script.check import CountError, check_counts, counts_of, found_counts
from biodir.dataset_script.sources import PublishedCount
from helpers.corpus_folder import COPPER, IRON


def split(*ids):
    """Documents with these identifiers and two relations each."""
    return [Document(id, "text", relations=(Relation("Bind", "1", "2"), Relation("Bind", "1", "3"))) for id in ids]


def test_counts_of_a_split():
    assert +counts_of([IRON, COPPER]) == {
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


def published(splits, value, count="relations", **shared):
    return PublishedCount("a", tuple(splits), count, value, **shared)


def test_counts_of_several_splits_are_added_and_shared_documents_counted_once():
    shared = published("xy", 2, "shared", shared_source="b", shared_splits=("x",))
    numbers = [published("x", 2), published("xy", 6), published("x", 4, "mentions"), shared]
    contents = {("a", "x"): split("1", "2"), ("a", "y"): split("2", "3"), ("b", "x"): split("2", "3", "4")}
    assert found_counts(contents, numbers) == dict(zip(numbers, [4, 8, 0, 2], strict=True))
    only_x = {("a", "x"): split("1")}
    assert found_counts(only_x, numbers) == {numbers[0]: 2, numbers[2]: 0}, "other splits are not there"


def test_every_difference_is_named():
    with pytest.raises(CountError, match="data: 2 of 3 counts differ from the published ones") as caught:
        check_counts({published("x", 2): 1, published("y", 2): 2, published("xy", 6, "mentions"): 5}, "data")
    assert "a x: 1 relations, 2 published; a x + y: 5 mentions, 6 published; fetch" in str(caught.value)
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
