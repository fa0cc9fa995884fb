"""Documents that can be compared, those that cannot, and what is noted about them."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import ComparedDocument, compared_documents, comparison_notes, unannotated_parts
from biodir.evaluation.scores import document_counts, total_counts
from helpers.marked import marked_document

BIND = Relation("Bind", "a", "b", "Novel", "a")


def document(*relations, id="1"):
    return Document(id, "", relations=relations)


def documents(*ids):
    return [document(id=id) for id in ids]


def message_of(gold, predicted, labels=None):
    with pytest.raises(AnnotationError) as caught:
        compared_documents(gold, predicted, labels)
    return str(caught.value)


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ("", "", "gold: no documents; give documents with relations to score against"),
        (
            "12",
            "2345678",
            "documents differ: 6 only in the predictions (3, 4, 5, 6, 7, ...); leave these out, of files "
            "with --errors skip-document",
        ),
        ("1", "11", "predictions: document 1 occurs twice; keep one"),
    ],
)
def test_different_documents_are_refused(gold, predicted, message):
    assert message_of(documents(*gold), documents(*predicted)) == message


def test_documents_that_the_predictions_lack_count_as_documents_without_relations():
    gold, predicted = [document(BIND, id=name) for name in "1234567"], [document(BIND, id="3")]
    pairs = compared_documents(gold, predicted)
    assert [len(pair.predicted.relations) for pair in pairs] == [0, 0, 1, 0, 0, 0, 0]
    counts = total_counts(document_counts(pairs))["all"]
    assert (counts.tp, counts.fp, counts.fn) == (1, 0, 6)
    assert comparison_notes(pairs)[0] == (
        "the predictions lack 6 of 7 documents (1, 2, 4, 5, 6, ...): counted as documents without relations"
    )
    assert comparison_notes(compared_documents(gold[2:3], predicted)) == []


# A relation that is given again.

CONTRADICTIONS = [
    (Relation("Bind", "b", "a", "No", "a"), "novelty Novel or No"),
    (Relation("Bind", "b", "a", "Novel", "b"), "subject_id a or b"),
    (Relation("Bind", "a", "b"), "novelty Novel or None and subject_id a or None"),
]


@pytest.mark.parametrize(("again", "values"), CONTRADICTIONS)
def test_gold_relations_that_contradict_each_other_are_refused(again, values):
    names = f"{again.entity1_id} and {again.entity2_id}"
    assert message_of([document(BIND, again)], [document()]) == (
        f"gold: document 1 has Bind between {names} in contradictory ways ({values}); keep one"
    )


@pytest.mark.parametrize("again", [each for each, _ in CONTRADICTIONS])
def test_of_predictions_that_contradict_each_other_the_first_or_the_highest_score_counts(again):
    (first,) = compared_documents([document(BIND)], [document(BIND, again)])
    assert first.predicted.relations == (BIND,)
    low, high = replace(BIND, relation_score=0.4), replace(again, relation_score=0.9)
    (scored,) = compared_documents([document(BIND)], [document(low, high)])
    assert scored.predicted.relations == (high,)
    assert comparison_notes([scored])[0] == (
        "1 predicted relation against another one of the same pair and type in novelty or direction (1: Bind of a and "
        "b): left out, as the other one has a higher score or comes before"
    )


def test_relation_in_both_orders_of_its_pair_counts_once():
    reversed_bind = replace(BIND, entity1_id="b", entity2_id="a")
    (found,) = compared_documents([document(BIND, reversed_bind)], [document(BIND, reversed_bind, BIND)])
    assert (found.gold.relations, found.predicted.relations) == ((BIND,), (BIND,))
    (note,) = comparison_notes([found])
    assert note.startswith("2 predicted relations given again, in either order of the pair (1: Bind of b and a, 1:")


def test_two_types_of_a_pair_count_each_and_are_noted():
    both = document(BIND, Relation("Association", "b", "a", "Novel", "a"))
    (pair,) = compared_documents([document(BIND)], [both])
    assert len(pair.predicted.relations) == 2
    (note,) = comparison_notes([pair])
    assert note.startswith("1 pair with several predicted relation types, where no gold pair has (1: Bind and Assoc")
    (note,) = comparison_notes(compared_documents([both], [document(BIND)]))
    assert note.startswith("1 gold pair with several relation types (1: Bind and Association of a and b)")


@pytest.mark.parametrize("side", ["gold", "predictions"])
def test_label_of_unrelated_pairs_is_no_relation_type(side):
    unrelated, empty = document(Relation("None", "a", "b")), document()
    gold, predicted = (unrelated, empty) if side == "gold" else (empty, unrelated)
    message = f"{side}: document 1 has the relation type 'None' between a and b; known are Association, Bind, "
    assert message_of([gold], [predicted]).startswith(message)


def test_label_in_another_case_gets_a_suggestion():
    predicted = [document(Relation("positive_correlation", "a", "b"))]
    assert message_of([document(BIND)], predicted).endswith("between a and b; did you mean 'Positive_Correlation'?")


def test_types_that_differ_in_case_are_noted():
    (note,) = notes([document(replace(BIND, relation_type="bind"))], [document(BIND)])[:1]
    assert note == "bind and Bind are counted as different relation types; give them one name"


def test_labels_of_the_model_are_known_where_no_gold_document_has_them():
    predicted = [document(Relation("CID", "a", "b", "Known"))]
    labels = {"relation": ["None", "CID"], "novelty": ["None", "Known"], "direction": []}
    assert len(compared_documents([document(BIND)], predicted, labels)) == 1
    assert "relation type 'CID'" in message_of([document(BIND)], predicted)
    assert "novelty 'Known'" in message_of([document(BIND)], predicted, {"relation": ["None", "CID"]})


def notes(gold, predicted):
    return comparison_notes(compared_documents(gold, predicted))


def test_predicted_entities_that_the_gold_document_does_not_mention_are_noted():
    gold = marked_document("<C:a Iron> is.", id="1", relations=(BIND,))  # b is only in a relation
    predicted = document(BIND, Relation("Bind", "y", "x", "No"), Relation("Bind", "a", "z", "No"))
    assert notes([gold], [predicted]) == [
        "2 predicted relations with entities that the gold document does not mention (1: x and y, 1: z); are these the "
        "same annotations?"
    ]


def test_relation_of_another_label_list_may_hold_in_both_directions():
    sisters = [Relation("P3373", "a", "b", subject_id="a"), Relation("P3373", "a", "b", subject_id="b")]
    both = Document("1", "", relations=tuple(sisters))
    assert len(compared_documents([both], [both])) == 1
    (pair,) = compared_documents([replace(both, relations=(sisters[0], sisters[0]))], [both])
    assert (len(pair.gold.relations), len(pair.predicted.relations)) == (1, 2)


def test_note_says_that_predictions_lack_what_gold_has():
    gold, predicted = (Relation("Bind", "a", "b", *parts) for parts in (("No", "a"), ()))
    notes = comparison_notes([ComparedDocument(document(gold), document(predicted))])
    assert notes[-2:] == [
        "no predicted relation has a novelty: scores that need it do not describe the predictions",
        "no predicted relation has a direction: scores that need it do not describe the predictions",
    ]


def test_gold_novelties_that_are_missing_or_odd_are_noted_with_their_numbers():
    gold = document(*(Relation("Bind", "a", str(place), name) for place, name in enumerate(("No", "NO", "NO", None))))
    assert comparison_notes([ComparedDocument(gold, gold)]) == [
        "1 of 4 gold relations have no novelty: a predicted one counts as wrong there",
        "novelties of gold beside No and Novel are counted as labels of their own: NO (2); are they misspelt?",
    ]
    other = document(Relation("Bind", "a", "b", "Known", "a"))
    assert comparison_notes([ComparedDocument(other, other)]) == [], "a corpus with labels of its own"


# What gold does not annotate.


@pytest.mark.parametrize(
    ("relations", "parts"),
    [
        ([], ()),
        ([Relation("CID", "a", "b")], ("novelty", "direction")),
        ([Relation("CID", "a", "b", subject_id="a")], ("novelty",)),
        ([Relation("Bind", "a", "b", "No")] * 19, ()),
        ([Relation("Bind", "a", "b", "No")] * 20, ("direction",)),
        ([Relation("Bind", "a", "b", "No")] * 20 + [BIND], ()),
    ],
)
def test_part_that_no_gold_relation_has_is_not_annotated(relations, parts):
    assert unannotated_parts(relations) == parts
