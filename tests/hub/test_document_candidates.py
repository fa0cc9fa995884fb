"""Candidate pairs: which two entities form one, and which of them is the source."""

import pytest

from biodir.document_biodir import Document, Mention
from biodir.document_candidates_biodir import candidate_pairs
from biodir.formats.pubtator_reader import read_pubtator
from biodir.labels_biodir import PAIR_TYPES
from helpers.marked import TYPES, marked_document


def pairs_in(document, pair_types=PAIR_TYPES):
    return list(candidate_pairs(document.entities(), pair_types))


def pairs_of(marked, pair_types=PAIR_TYPES):
    """The identifiers of source and target of each pair."""
    pairs = pairs_in(marked_document(marked), pair_types)
    return [(pair.entity1.identifier, pair.entity2.identifier) for pair in pairs]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("<C:1 a> <G:2 b>", [("1", "2")]),
        ("<G:2 b> <C:1 a>", [("1", "2")]),
        ("<G:2 a> <G:1 b>", [("2", "1")]),
        ("<G:2 a> <G:1 b> <G:2 a>", [("2", "1")]),
        ("<G:3 c> <C:1 a> <G:2 b>", [("1", "3"), ("3", "2"), ("1", "2")]),
        ("<G:2;1 both>", [("2", "1")]),
        ("<C:1 a> <G:2 b> <C:1 a> <G:2 b>", [("1", "2")]),
        ("<C:1 a> <G:- b>", []),
        ("<C:1 a> <G:1 b>", []),
        ("<C:1 a>", []),
        ("<S:1 mice> <G:2 b> <D:3 c> <D:4 d>", [("3", "2"), ("4", "2")]),
    ],
    ids=[
        *("source is first in the alphabet", "whatever the text", "or mentioned first", "at its first mention"),
        *("in the order of the text", "shared mention", "many mentions", "unlinked", "one identifier, two types"),
        *("one entity", "types without pair type"),
    ],
)
def test_pairs_have_source_and_target(marked, expected):
    assert pairs_of(marked) == expected


@pytest.mark.parametrize(("marked", "row"), [("<C:1 a> <C:2 b>", 0), ("<D:1 a> <G:2 b>", 4), ("<V:1 a> <V:2 b>", 7)])
def test_pair_type_id_is_the_row_of_the_pair_type(marked, row):
    assert [pair.pair_type_id for pair in pairs_in(marked_document(marked))] == [row]


def test_pairs_come_one_at_a_time():
    mentions = tuple(Mention(i, i + 1, "x", TYPES["G"], (str(i),)) for i in range(3000))
    pairs = candidate_pairs(Document("7", "x" * 3000, mentions).entities(), PAIR_TYPES)
    assert next(pairs).entity2.identifier == "1"


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("split", "pairs", "largest"), [("train", 21765, 855), ("dev", 6334, 462), ("test", 7053, 560)]
)
def test_corpus_has_this_many_pairs(data_dir, split, pairs, largest):
    documents = read_pubtator(data_dir / "bioredirect" / f"bioredirect_{split}.pubtator")
    counts = [len(pairs_in(document)) for document in documents]
    assert (sum(counts), max(counts)) == (pairs, largest)
