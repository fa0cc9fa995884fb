"""Errors: the categories of small documents by hand, mixed-up types, and the sentences that matter."""

from dataclasses import replace
from itertools import product

import pytest

from biodir.document_biodir import Entity, Relation
from biodir.evaluation.error_analysis import aligned, error_analysis
from helpers.marked import marked_document

TEXT = marked_document(
    "<C:C1 Iron> binds <G:G1 one> and <G:G2 two>. Then <C:C2 zinc> helps <S:S1 mice>. <D:D1 Pain> ends."
)


def bind(entity1="C1", entity2="G1", novelty="No", subject=None, kind="Bind") -> Relation:
    return Relation(kind, entity1, entity2, novelty, subject)


def analysed(gold, predicted, document=TEXT):
    return error_analysis([replace(document, relations=tuple(gold))], [replace(document, relations=tuple(predicted))])


def category_names(gold, predicted) -> list[str]:
    return [error.category.name for error in analysed(gold, predicted).errors]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([bind()], [], ["missed"]),
        ([], [bind()], ["spurious"]),
        ([bind()], [bind(kind="Conversion")], ["wrong_type"]),
        ([bind(subject="C1")], [bind(subject="G1")], ["wrong_direction"]),
        ([bind()], [bind(novelty="Novel")], ["wrong_novelty"]),
        # The first that applies.
        ([bind()], [bind(kind="Conversion", novelty="Novel", subject="C1")], ["wrong_type"]),
        ([bind()], [bind(novelty="Novel", subject="C1")], ["wrong_direction"]),
        # Two relations of one pair.
        ([bind(), bind(kind="Conversion")], [bind("G1", "C1")], ["missed"]),
        ([bind()], [bind(kind="Association"), bind(novelty="Novel")], ["wrong_novelty", "spurious"]),
    ],
)
def test_error_falls_into_this_category(gold, predicted, expected):
    assert category_names(gold, predicted) == expected


def test_every_difference_is_one_error_in_one_category():
    labels = product(("Association", "Bind"), ("No", "Novel", None), (None, "C1", "G1"))
    values = [bind(kind=kind, novelty=novelty, subject=subject) for kind, novelty, subject in labels]
    for gold, predicted in product(values, values):
        turned = replace(predicted, entity1_id="G1", entity2_id="C1", relation_score=0.3)
        annotated = bind("C2", "G2", subject="C2")
        analysis = analysed([gold, annotated], [turned, annotated])
        assert len(analysis.errors) == (gold != predicted)
        assert sum(analysis.category_counts().values()) == len(analysis.errors)


@pytest.mark.parametrize(
    ("gold", "copies", "left_out"),
    [(bind(novelty=None, subject="C1"), 1, "wrong_novelty"), (bind(novelty="Novel"), 20, "wrong_direction")],
)
def test_what_gold_does_not_annotate_is_no_error(gold, copies, left_out):
    def side(relation):
        return [replace(TEXT, id=str(number), relations=(relation,)) for number in range(copies)]

    analysis = error_analysis(side(gold), side(bind(novelty="Novel", subject="C1")))
    assert analysis.errors == ()
    assert left_out not in {category.name for category in analysis.category_counts()}


def test_relation_is_aligned_with_the_one_that_agrees_most():
    gold = [bind(kind="Association"), bind(subject="C1")]
    predicted = [bind(novelty="Novel", subject="C1"), bind(kind="Conversion")]
    assert aligned(gold, predicted) == [(gold[1], predicted[0]), (gold[0], predicted[1])]
    assert aligned(gold, []) == [(gold[0], None), (gold[1], None)]
    assert aligned([], predicted[:1]) == [(None, predicted[0])]


def test_entities_are_named_by_their_first_mentions():
    errors = analysed([bind("G1", "C1"), bind("gone", "C1")], []).errors
    assert (errors[0].entity1.name, errors[0].entity1.entity_type) == ("one", "GeneOrGeneProduct")
    assert errors[1].entity1 == Entity("gone", "", ())


@pytest.mark.parametrize(
    ("marked", "distance", "evidence"),
    [
        ("<C:C1 Iron> binds <G:G1 it>. It ends.", "same sentence", (0,)),
        ("<C:C1 Iron> is. Then it. <G:G1 One> is.", "further", (0, 2)),
        ("<C:C1 Iron> is. <C:C1 Iron> and <G:G1 one>. <G:G1 One> is.", "same sentence", (1,)),
        ("<C:C1 A> <G:G1 b> c. <C:C1 A> <G:G1 b> d. <C:C1 A> <G:G1 b> e.", "same sentence", (0, 1)),
        ("It. <C:C1 Iron> is. <G:G1 One> is. <C:C1 Iron> was.", "next sentence", (1, 2, 3)),
        ("It is. <C:C1 Iron> is. It ends.", "no mention", (1,)),
        ("It is. It ends.", "no mention", ()),
    ],
)
def test_evidence_is_where_the_entities_come_closest(marked, distance, evidence):
    (error,) = analysed([bind()], [], marked_document(marked)).errors
    assert (error.distance, error.evidence) == (distance, evidence)
