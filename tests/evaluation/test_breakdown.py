"""Counts of groups: by hand for each, and sums that are those of all."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.breakdown import BREAKDOWNS, RelationGroups, candidates_only, counts_by, scored_pair_types
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.scores import Counts, document_counts, total_counts
from helpers.marked import marked_document
from helpers.scored_documents import GOLD, MISSED, PREDICTED, RIGHT, TOTALS, WRONG, every_level, figures

PAIRS = compared_documents(GOLD, PREDICTED)
TYPE_LEVELS = [level for level in TOTALS if level != "entity_pair"]

BY_TYPE = {  # with type, with novelty, with direction, with both
    "Association": ((1, 1, 2), (0, 2, 3), (1, 1, 2), (0, 2, 3)),  # gold c d f, predicted e f
    "Bind": ((1, 0, 1), (1, 0, 1), (0, 1, 2), (0, 1, 2)),  # gold b g, predicted b
    "Cotreatment": (WRONG,) * 4,  # predicted h
    "Negative_Correlation": (RIGHT,) * 4,  # gold a, predicted a
    "Positive_Correlation": ((1, 1, 0), (0, 2, 1), (1, 1, 0), (0, 2, 1)),  # gold i, predicted c i
}
BY_PAIR_TYPE = {
    "ChemicalEntity-ChemicalEntity": every_level(WRONG),  # h
    "ChemicalEntity-DiseaseOrPhenotypicFeature": every_level((2, 0, 0), (2, 0, 0), (1, 1, 1), (2, 0, 0), (1, 1, 1)),
    "ChemicalEntity-GeneOrGeneProduct": every_level((2, 0, 0), (1, 1, 1), (0, 2, 2), (1, 1, 1), (0, 2, 2)),  # c i
    "ChemicalEntity-SequenceVariant": every_level(MISSED),  # d
    "DiseaseOrPhenotypicFeature-GeneOrGeneProduct": every_level(WRONG),  # e
    "GeneOrGeneProduct-GeneOrGeneProduct": every_level(RIGHT, RIGHT, RIGHT, (0, 1, 1), (0, 1, 1)),  # b
    "no mention": every_level(MISSED),  # g
}
BY_DISTANCE = {
    "same sentence": every_level((3, 1, 0), (3, 1, 0), (2, 2, 1), (2, 2, 1), (1, 3, 2)),  # gold a b f, predicted h too
    "next sentence": every_level((2, 1, 0), (1, 2, 1), (0, 3, 2), (1, 2, 1), (0, 3, 2)),  # gold c i, predicted e too
    "further": every_level(MISSED),  # d
    "no mention": every_level(MISSED),  # g
}
BY_LENGTH = {
    "0-999 characters": every_level((3, 2, 1), (2, 3, 2), (2, 3, 2), (1, 4, 3), (1, 4, 3)),  # documents 1 3
    "1000-1499 characters": every_level((2, 0, 1), (2, 0, 1), (0, 2, 3), (2, 0, 1), (0, 2, 3)),  # document 2
}


EXPECTED = {
    "by_type": {name: dict(zip(TYPE_LEVELS, counts, strict=True)) for name, counts in BY_TYPE.items()},
    "by_pair_type": BY_PAIR_TYPE,
    "by_distance": BY_DISTANCE,
    "by_length": BY_LENGTH,
}
every_breakdown = pytest.mark.parametrize("name", BREAKDOWNS)


def counted(name, gold, predicted):
    pairs = compared_documents(gold, predicted)
    return {group: figures(counts) for group, counts in counts_by(name, pairs).items()}


@every_breakdown
def test_counts_of_groups_are_those_counted_by_hand(name):
    found = counted(name, GOLD, PREDICTED)
    assert found == EXPECTED[name]
    assert list(found) == list(EXPECTED[name]), "in this order"
    assert counted(name, GOLD[::-1], PREDICTED) == found, "in any order of documents"
    assert counted(name, GOLD[3:], PREDICTED[3:]) == {}, "no relation, no group"


@every_breakdown
def test_counts_of_groups_add_up_to_those_of_all(name):
    totals = total_counts(document_counts(PAIRS))
    groups = counts_by(name, PAIRS).values()
    for level in TYPE_LEVELS if name == "by_type" else TOTALS:
        assert sum((counts[level] for counts in groups), start=Counts()) == totals[level]


@every_breakdown
def test_swapping_gold_and_predictions_swaps_the_two_errors(name):
    there, back = counted(name, GOLD, PREDICTED), counted(name, PREDICTED, GOLD)
    assert back == {
        group: {level: (tp, fn, fp) for level, (tp, fp, fn) in counts.items()} for group, counts in there.items()
    }


def test_gold_mentions_decide_the_groups_of_both_sides():
    relation = Relation("Bind", "1", "2", "No")
    gold = marked_document("<C:1 Iron> binds <G:2 it>.", relations=(relation,))
    predicted = marked_document("<D:1 Iron> binds. <D:2 It> is.", relations=(relation,))
    groups = {
        "by_pair_type": "ChemicalEntity-GeneOrGeneProduct",
        "by_distance": "same sentence",
        "by_length": "0-999 characters",
    }
    for name, group in groups.items():
        assert counted(name, [gold], [predicted]) == {group: every_level(RIGHT)}


# Groups of one relation.

GROUPS = RelationGroups(marked_document("<G:1 It> binds <C:2 iron>. The <S:3 mice> and <C:4 zinc>, <D:4 pain>."))


@pytest.mark.parametrize(
    ("first", "second", "pair_type", "distance", "is_candidate"),
    [
        ("1", "2", "ChemicalEntity-GeneOrGeneProduct", "same sentence", True),
        ("2", "1", "ChemicalEntity-GeneOrGeneProduct", "same sentence", True),
        ("1", "1", "GeneOrGeneProduct-GeneOrGeneProduct", "same sentence", False),  # an entity with itself
        ("1", "3", "GeneOrGeneProduct-OrganismTaxon", "next sentence", False),  # types that no model scores
        ("1", "9", "no mention", "no mention", False),
        ("2", "4", "ChemicalEntity-ChemicalEntity", "next sentence", True),  # of two types, the first in the alphabet
        ("3", "4", "ChemicalEntity-OrganismTaxon", "same sentence", False),
    ],
)
def test_relation_belongs_to_these_groups(first, second, pair_type, distance, is_candidate):
    relation = Relation("Bind", first, second)
    assert GROUPS.pair_type(relation) == pair_type
    assert GROUPS.distance(relation) == distance
    assert GROUPS.is_candidate(relation) is is_candidate


# Candidate pairs only.


def test_documents_with_other_entity_types_have_all_pairs_of_these_scored():
    people = marked_document("<C:1 Ann> knows <C:2 Bob>.", relations=(Relation("P3373", "1", "2"),))
    people = replace(people, mentions=tuple(replace(mention, entity_type="PER") for mention in people.mentions))
    assert scored_pair_types([people]) == (("PER", "PER"),)
    pairs = compared_documents([people], [people])
    assert candidates_only(pairs) == pairs
