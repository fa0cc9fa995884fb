"""Counts of groups: by hand for each, and sums that are those of all."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.document_pubtator_biodir import read_pubtator
from biodir.evaluation.breakdown import (
    RelationGroups,
    asked_pair_types,
    candidates_only,
    counts_by_distance,
    counts_by_length,
    counts_by_pair_type,
    counts_by_type,
    length_class,
)
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.scores import document_counts, total_counts
from biodir.labels_biodir import PAIR_TYPES
from helpers.marked import marked_document
from helpers.scored_documents import GOLD, MISSED, PREDICTED, RIGHT, TOTALS, WRONG, every_level, figures

PAIRS = compared_documents(GOLD, PREDICTED)
TYPE_LEVELS = [level for level in TOTALS if level != "entity_pair"]
BREAKDOWNS = (counts_by_type, counts_by_pair_type, counts_by_distance, counts_by_length)

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


def shown(groups):
    return {name: figures(counts) for name, counts in groups.items()}


def test_counts_by_type_are_those_counted_by_hand():
    assert shown(counts_by_type(PAIRS)) == {
        name: dict(zip(TYPE_LEVELS, counts, strict=True)) for name, counts in BY_TYPE.items()
    }


@pytest.mark.parametrize(
    ("breakdown", "expected"),
    [(counts_by_pair_type, BY_PAIR_TYPE), (counts_by_distance, BY_DISTANCE), (counts_by_length, BY_LENGTH)],
)
def test_counts_of_groups_are_those_counted_by_hand(breakdown, expected):
    found = shown(breakdown(PAIRS))
    assert found == expected
    assert list(found) == list(expected), "in this order"


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_counts_of_groups_add_up_to_those_of_all(breakdown):
    totals = total_counts(document_counts(PAIRS))
    groups = breakdown(PAIRS).values()
    for level in TYPE_LEVELS if breakdown is counts_by_type else TOTALS:
        assert sum((counts[level] for counts in groups), start=type(totals[level])()) == totals[level]


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_order_of_documents_changes_no_group(breakdown):
    assert breakdown(PAIRS[::-1]) == breakdown(PAIRS)


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_swapping_gold_and_predictions_swaps_the_two_errors(breakdown):
    def swapped(groups):
        return {
            name: {level: (tp, fn, fp) for level, (tp, fp, fn) in counts.items()} for name, counts in groups.items()
        }

    assert shown(breakdown(compared_documents(PREDICTED, GOLD))) == swapped(shown(breakdown(PAIRS)))


@pytest.mark.parametrize("breakdown", BREAKDOWNS)
def test_documents_without_relations_have_no_groups(breakdown):
    empty = compared_documents(GOLD[3:], PREDICTED[3:])
    assert breakdown(empty) == {}


def test_gold_mentions_decide_the_groups_of_both_sides():
    relation = Relation("Bind", "1", "2", "No")
    gold = marked_document("<C:1 Iron> binds <G:2 it>.", relations=(relation,))
    predicted = marked_document("<D:1 Iron> binds. <D:2 It> is.", relations=(relation,))
    pairs = compared_documents([gold], [predicted])
    assert shown(counts_by_pair_type(pairs)) == {"ChemicalEntity-GeneOrGeneProduct": every_level(RIGHT)}
    assert shown(counts_by_distance(pairs)) == {"same sentence": every_level(RIGHT)}
    assert shown(counts_by_length(pairs)) == {"0-999 characters": every_level(RIGHT)}


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        (0, "0-999 characters"),
        (999, "0-999 characters"),
        (1000, "1000-1499 characters"),
        (1499, "1000-1499 characters"),
        (1500, "1500-1999 characters"),
        (1999, "1500-1999 characters"),
        (2000, "2000 characters and more"),
    ],
)
def test_class_of_length_begins_at_its_first_number(characters, expected):
    assert length_class(marked_document("x" * characters)) == expected


# Groups of one relation.

GROUPS = RelationGroups(marked_document("<G:1 It> binds <C:2 iron>. The <S:3 mice> and <C:4 zinc>, <D:4 pain>."))


@pytest.mark.parametrize(
    ("first", "second", "pair_type", "distance", "is_candidate"),
    [
        ("1", "2", "ChemicalEntity-GeneOrGeneProduct", "same sentence", True),
        ("2", "1", "ChemicalEntity-GeneOrGeneProduct", "same sentence", True),
        ("1", "1", "GeneOrGeneProduct-GeneOrGeneProduct", "same sentence", False),  # an entity with itself
        ("1", "3", "GeneOrGeneProduct-OrganismTaxon", "next sentence", False),  # types that nobody asks about
        ("1", "9", "no mention", "no mention", False),
        ("8", "9", "no mention", "no mention", False),
        ("2", "4", "ChemicalEntity-ChemicalEntity", "next sentence", True),  # of two types, the first in the alphabet
        ("3", "4", "ChemicalEntity-OrganismTaxon", "same sentence", False),
    ],
)
def test_relation_belongs_to_these_groups(first, second, pair_type, distance, is_candidate):
    relation = Relation("Bind", first, second)
    assert GROUPS.pair_type(relation) == pair_type
    assert GROUPS.distance(relation) == distance
    assert GROUPS.is_candidate(relation) is is_candidate


def test_types_that_are_asked_about_come_before_those_that_are_not():
    groups = RelationGroups(
        marked_document("<C:1 Iron>, <G:1 it> and <S:2 mice>."), [("OrganismTaxon", "GeneOrGeneProduct")]
    )
    assert groups.pair_type(Relation("Bind", "1", "2")) == "GeneOrGeneProduct-OrganismTaxon"
    assert groups.is_candidate(Relation("Bind", "1", "2"))


def test_other_names_of_entity_types_belong_to_the_same_group():
    document = marked_document("<C:1 Iron> binds <G:2 it>.")
    renamed = tuple(
        replace(mention, entity_type=name)
        for mention, name in zip(document.mentions, ("Chemical", "Gene"), strict=True)
    )
    for asked in (PAIR_TYPES, [("Gene", "Chemical")]):
        groups = RelationGroups(replace(document, mentions=renamed), asked)
        assert groups.pair_type(Relation("Bind", "1", "2")) == "ChemicalEntity-GeneOrGeneProduct"
        assert groups.is_candidate(Relation("Bind", "1", "2"))
    assert not RelationGroups(document, [("Gene", "Disease")]).is_candidate(Relation("Bind", "1", "2"))


# Candidate pairs alone.


def test_candidates_alone_leave_out_the_gold_relation_that_nobody_is_asked_about():
    counts = figures(total_counts(document_counts(candidates_only(PAIRS))))
    assert counts == {level: (tp, fp, fn - 1) for level, (tp, fp, fn) in TOTALS.items()}


def test_candidates_alone_leave_out_what_was_predicted_of_other_pairs():
    both = [replace(GOLD[0], relations=(Relation("Bind", "G1", "G1", "No"), *GOLD[0].relations))]
    pairs = candidates_only(compared_documents(both, both))
    assert [pair.predicted.relations for pair in pairs] == [GOLD[0].relations]
    assert figures(total_counts(document_counts(pairs))) == every_level((4, 0, 0))


@pytest.mark.corpus
def test_counts_by_type_add_up_to_the_gold_relations_of_the_dev_documents(data_dir):
    documents = list(read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"))
    pairs = compared_documents(documents, documents)
    for breakdown in BREAKDOWNS:
        counts = [levels["all"] for levels in breakdown(pairs).values()]
        assert [sum(each.tp for each in counts), sum(each.fp + each.fn for each in counts)] == [1162, 0]
    assert total_counts(document_counts(candidates_only(pairs)))["all"].tp == 1161, "a gene that binds itself"


def test_documents_with_other_entity_types_ask_about_all_pairs_of_these():
    people = marked_document("<C:1 Ann> knows <C:2 Bob>.")
    people = replace(people, mentions=tuple(replace(mention, entity_type="PER") for mention in people.mentions))
    assert asked_pair_types([people]) == (("PER", "PER"),)
    related = replace(people, relations=(Relation("P3373", "1", "2"),))
    assert candidates_only([ComparedDocument(related, related)])[0].gold.relations == related.relations
