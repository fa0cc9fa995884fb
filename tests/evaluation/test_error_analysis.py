"""Errors: the categories of small documents by hand, confusions, and the sentences that matter."""

from dataclasses import replace
from itertools import product

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.error_analysis import (
    Confusion,
    PairCounts,
    Statement,
    aligned,
    error_analysis,
)
from biodir.evaluation.error_categories import CANDIDATE, CATEGORIES, NO_MENTION, OTHER_PAIR_TYPE, SAME_ENTITY, WHAT
from helpers.marked import marked_document

TEXT = marked_document(
    "<C:C1 Iron> binds <G:G1 one> and <G:G2 two>. Then <C:C2 zinc> helps <S:S1 mice>. <D:D1 Pain> ends. "
    "<G:G3;G4 Three> lives."
)


def bind(entity1="C1", entity2="G1", novelty="No", subject=None, kind="Bind") -> Relation:
    return Relation(kind, entity1, entity2, novelty, subject)


def analysed(gold, predicted, document=TEXT):
    return error_analysis([replace(document, relations=tuple(gold))], [replace(document, relations=tuple(predicted))])


def categories_of(gold, predicted) -> list[tuple[str, ...]]:
    return [error.categories for error in analysed(gold, predicted).errors]


ASSOCIATION, COTREATMENT, INTERACTION = "Association", "Cotreatment", "Drug_Interaction"
POSITIVE, NEGATIVE = "Positive_Correlation", "Negative_Correlation"


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([bind(kind=POSITIVE)], [], ["missed"]),
        ([], [bind(kind=POSITIVE)], ["spurious"]),
        ([bind(kind=POSITIVE)], [bind(kind=POSITIVE, novelty="Novel")], ["wrong_novelty"]),
        ([bind(kind=POSITIVE)], [bind(kind="Conversion")], ["wrong_type", "rare_type"]),
        ([bind(kind=POSITIVE)], [bind(kind=NEGATIVE)], ["wrong_type", "opposite_sign"]),
        ([bind(kind=ASSOCIATION)], [bind(kind=NEGATIVE)], ["wrong_type", "generic_type"]),
        (
            [bind(kind=NEGATIVE, subject="C1")],
            [bind(kind=NEGATIVE, subject="G1")],
            ["wrong_direction", "reversed_direction", "chemical_gene_direction"],
        ),
        (
            [bind(kind=ASSOCIATION)],
            [bind(kind=ASSOCIATION, subject="G1")],
            ["wrong_direction", "added_direction", "ambiguous_direction", "chemical_gene_direction"],
        ),
        (
            [bind("G1", "G2", kind=NEGATIVE, subject="G1")],
            [bind("G1", "G2", kind=NEGATIVE)],
            ["wrong_direction", "lost_direction", "gene_gene_direction"],
        ),
        (
            [bind("C1", "C2", kind=COTREATMENT)],
            [bind("C1", "C2", kind=INTERACTION, subject="C2", novelty="Novel")],
            [
                "wrong_type",
                "wrong_direction",
                "added_direction",
                "wrong_novelty",
                "cross_sentence",
                "cotreatment",
                "drug_interaction",
            ],
        ),
        ([bind()], [bind(), bind(kind=POSITIVE)], ["wrong_type", "other_count", "rare_type"]),
        ([bind("C1", "D1", kind=POSITIVE)], [], ["missed", "cross_sentence"]),
        ([], [bind("G3", "G4", kind=POSITIVE)], ["spurious", "shared_mention"]),
        ([bind("C1", "gone", kind=POSITIVE)], [], ["missed", "never_candidate", "no_mention"]),
        ([bind("C2", "S1", kind=POSITIVE)], [], ["missed", "never_candidate", "other_pair_type"]),
        ([bind("G1", "G1", kind=POSITIVE)], [], ["missed", "never_candidate", "same_entity"]),
    ],
)
def test_error_falls_into_these_categories(gold, predicted, expected):
    assert categories_of(gold, predicted) == [tuple(expected)]


def test_every_category_has_a_case_above():
    marks = test_error_falls_into_these_categories.pytestmark
    shown = {name for mark in marks for case in mark.args[1] for name in case[2]}
    assert shown == {category.name for category in CATEGORIES}


def test_parts_stand_behind_the_category_that_they_are_a_part_of():
    order = {category.name: (place, category.group) for place, category in enumerate(CATEGORIES)}
    for category in CATEGORIES:
        if category.part_of is not None:
            assert order[category.part_of] < order[category.name]
            assert order[category.part_of][1] == category.group


def test_every_error_says_what_is_wrong():
    what = {category.name for category in CATEGORIES if category.group == WHAT}
    labels = product((ASSOCIATION, POSITIVE), ("No", "Novel", None), (None, "C1", "G1"))
    values = [bind(kind=kind, novelty=novelty, subject=subject) for kind, novelty, subject in labels]
    for gold in values:
        for predicted in values:
            errors = analysed([gold], [predicted]).errors
            assert len(errors) == (gold != predicted)
            assert all(what.intersection(error.categories) for error in errors)


@pytest.mark.parametrize("predicted", [bind("C1", "G1"), bind("G1", "C1")])
def test_pair_that_agrees_in_everything_is_no_error(predicted):
    found = analysed([bind("C1", "G1")], [replace(predicted, relation_score=0.3)])
    assert (len(found.pairs), found.errors) == (1, ())
    assert found.pairs[0].is_right
    assert found.pairs[0].categories == ()


def test_one_error_holds_all_relations_of_its_pair():
    gold, predicted = [bind(), bind(kind=POSITIVE)], [bind("G1", "C1", novelty="Novel")]
    (error,) = analysed(gold, predicted).errors
    assert error.gold == (bind(), bind(kind=POSITIVE))
    assert error.predicted == (bind("G1", "C1", novelty="Novel"),)
    assert error.statements == (
        Statement(bind(), bind("G1", "C1", novelty="Novel")),
        Statement(bind(kind=POSITIVE), None),
    )


def test_relation_is_answered_by_the_one_that_agrees_most():
    gold = [bind(kind=ASSOCIATION), bind(subject="C1")]
    predicted = [bind(novelty="Novel", subject="C1"), bind(kind=POSITIVE)]
    assert aligned(gold, predicted) == (Statement(gold[1], predicted[0]), Statement(gold[0], predicted[1]))
    assert aligned(gold, []) == (Statement(gold[0], None), Statement(gold[1], None))
    assert aligned([], predicted[:1]) == (Statement(None, predicted[0]),)


def test_swapping_the_sides_swaps_missed_and_spurious():
    gold, predicted = [bind(), bind("C1", "G2")], [bind(subject="C1"), bind("C2", "G2")]
    there, back = (analysed(*sides).category_counts() for sides in ((gold, predicted), (predicted, gold)))
    assert (there["missed"], there["spurious"]) == (back["spurious"], back["missed"]) == (1, 1)
    assert (there["added_direction"], back["lost_direction"]) == (1, 1)


def test_entities_stand_in_the_order_of_a_candidate_pair():
    errors = analysed([bind("G1", "C1"), bind("G2", "G1"), bind("gone", "C1"), bind("S1", "D1")], []).errors
    assert [(error.entity1.identifier, error.entity2.identifier) for error in errors] == [
        ("C1", "G1"),
        ("G1", "G2"),
        ("C1", "gone"),
        ("D1", "S1"),
    ]
    assert errors[2].entity2.entity_type is None
    assert errors[2].entity2.name == "gone"
    assert [error.reach for error in errors] == [CANDIDATE, CANDIDATE, NO_MENTION, OTHER_PAIR_TYPE]
    assert analysed([bind("G1", "G1")], []).errors[0].reach == SAME_ENTITY


def test_other_names_of_entity_types_are_known():
    other_names = {"ChemicalEntity": "Chemical", "GeneOrGeneProduct": "Gene"}
    mentions = tuple(
        replace(mention, entity_type=other_names.get(mention.entity_type, mention.entity_type))
        for mention in TEXT.mentions
    )
    (error,) = analysed([bind("G1", "C1")], [], replace(TEXT, mentions=mentions)).errors
    assert error.entity_types == ("ChemicalEntity", "GeneOrGeneProduct")
    assert error.reach == CANDIDATE


def test_identifier_with_two_types_is_a_candidate_by_either():
    text = "Iron meets mice."
    mentions = (
        Mention(0, 4, "Iron", "CellLine", ("X",)),
        Mention(5, 10, "meets", "ChemicalEntity", ("X",)),
        Mention(11, 15, "mice", "ChemicalEntity", ("Y",)),
    )
    (error,) = analysed([bind("Y", "X")], [], Document("7", text, mentions)).errors
    assert (error.reach, error.entity_types) == (CANDIDATE, ("ChemicalEntity", "ChemicalEntity"))


@pytest.mark.parametrize(
    ("marked", "distance", "evidence"),
    [
        ("<C:C1 Iron> binds <G:G1 it>. It ends.", 0, (0,)),
        ("<C:C1 Iron> is. Then it. <G:G1 One> is.", 2, (0, 2)),
        ("<C:C1 Iron> is. <C:C1 Iron> and <G:G1 one>. <G:G1 One> is.", 0, (1,)),
        ("<C:C1 A> <G:G1 b> c. <C:C1 A> <G:G1 b> d. <C:C1 A> <G:G1 b> e.", 0, (0, 1)),
        ("It. <C:C1 Iron> is. <G:G1 One> is. <C:C1 Iron> was.", 1, (1, 2, 3)),
        ("It is. <C:C1 Iron> is. It ends.", None, (1,)),
        ("It is. It ends.", None, ()),
    ],
)
def test_evidence_is_where_the_entities_come_closest(marked, distance, evidence):
    (error,) = analysed([bind()], [], marked_document(marked)).errors
    assert (error.sentence_distance, error.evidence) == (distance, evidence)


def test_confusions_count_statements():
    gold = [bind(subject="C1"), bind("C1", "G2"), bind("C1", "D1", kind=ASSOCIATION)]
    predicted = [bind(subject="G1"), bind("C1", "G2", kind=POSITIVE), bind("C2", "G2", subject="C2")]
    found = analysed(gold, predicted)
    assert found.type_confusion() == Confusion(
        ("Association", "Bind", "Positive_Correlation", "None"),
        {("Bind", "Bind"): 1, ("Bind", "Positive_Correlation"): 1, ("Association", "None"): 1, ("None", "Bind"): 1},
    )
    assert found.direction_confusion() == Confusion(
        ("Left_to_Right", "Right_to_Left", "No_Direct", "None"),
        {
            ("Left_to_Right", "Right_to_Left"): 1,
            ("No_Direct", "No_Direct"): 1,
            ("No_Direct", "None"): 1,
            ("None", "Left_to_Right"): 1,
        },
    )
    confusion = found.type_confusion()
    assert [confusion.gold_total(label) for label in confusion.labels] == [1, 2, 0, 1]
    assert [confusion.predicted_total(label) for label in confusion.labels] == [0, 2, 1, 1]


def test_groups_count_how_their_pairs_fared():
    gold = [bind(), bind("C1", "G2"), bind("C1", "C2")]
    predicted = [bind(), bind("C1", "G2", "Novel", "C1", POSITIVE), bind("C2", "G2")]
    groups = analysed(gold, predicted).groups(lambda pair: str(pair.sentence_distance))
    assert groups == {
        "0": PairCounts(
            pairs=2, right=1, missed=0, spurious=0, found=2, wrong_type=1, wrong_direction=1, wrong_novelty=1
        ),
        "1": PairCounts(
            pairs=2, right=0, missed=1, spurious=1, found=0, wrong_type=0, wrong_direction=0, wrong_novelty=0
        ),
    }


def test_documents_are_matched_by_id_in_the_order_of_gold():
    one, two = replace(TEXT, id="1", relations=(bind(),)), replace(TEXT, id="2", relations=(bind("C1", "G2"),))
    found = error_analysis(iter([two, one]), iter([replace(one, relations=()), replace(two, relations=())]))
    assert [error.document_id for error in found.errors] == ["2", "1"]
    assert [document.id for document in found.documents] == ["2", "1"]
    assert (found.scores["entity_pair"].tp, found.scores["entity_pair"].fn) == (0, 2)


def test_documents_that_cannot_be_compared_are_refused():
    with pytest.raises(AnnotationError, match="7"):
        error_analysis([TEXT], [])
