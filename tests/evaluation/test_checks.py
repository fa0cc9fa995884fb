"""Documents that can be compared, those that cannot, and what is noted about them."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import ComparedDocument, compared_documents, comparison_notes, unannotated_parts
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
        ("12", "23", "documents differ: 1 only in gold (1), 1 only in the predictions (3); score the same documents"),
        ("123456", "", "documents differ: 6 only in gold (1, 2, 3, 4, 5, ...); score the same documents"),
        ("1", "11", "predictions: document 1 occurs twice; keep one"),
    ],
)
def test_different_documents_are_refused(gold, predicted, message):
    assert message_of(documents(*gold), documents(*predicted)) == message


@pytest.mark.parametrize(
    ("again", "problem"),
    [
        (Relation("Bind", "b", "a", "Novel", "a", relation_score=0.5), "twice"),
        (Relation("Bind", "b", "a", "No", "a"), "in contradictory ways (novelty Novel or No)"),
        (Relation("Bind", "b", "a", "Novel", "b"), "in contradictory ways (subject_id a or b)"),
        (Relation("Bind", "a", "b"), "in contradictory ways (novelty Novel or None and subject_id a or None)"),
    ],
)
def test_relation_that_is_said_again_is_refused_on_either_side(again, problem):
    ending = f"document 1 has Bind between {again.entity1_id} and {again.entity2_id} {problem}; keep one"
    assert message_of([document(BIND, again)], [document()]) == f"gold: {ending}"
    assert message_of([document()], [document(BIND, again)]) == f"predictions: {ending}"


@pytest.mark.parametrize("side", ["gold", "predictions"])
def test_label_of_unrelated_pairs_is_no_relation_type(side):
    unrelated, empty = document(Relation("None", "a", "b")), document()
    gold, predicted = (unrelated, empty) if side == "gold" else (empty, unrelated)
    message = f"{side}: document 1 has the relation type 'None' between a and b; known are Association, Bind, "
    assert message_of([gold], [predicted]).startswith(message)


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
        "2 predicted relations name entities that the gold document does not mention (1: x and y, 1: z); are these the "
        "same annotations?"
    ]


def test_relation_of_another_label_list_may_hold_in_both_directions():
    sisters = [Relation("P3373", "a", "b", subject_id="a"), Relation("P3373", "a", "b", subject_id="b")]
    both = Document("1", "", relations=tuple(sisters))
    assert len(compared_documents([both], [both])) == 1
    with pytest.raises(AnnotationError, match="has P3373 between a and b twice"):
        compared_documents([replace(both, relations=(sisters[0], sisters[0]))], [both])


def test_note_says_that_predictions_lack_what_gold_has():
    gold, predicted = (Relation("Bind", "a", "b", *parts) for parts in (("No", "a"), ()))
    notes = comparison_notes([ComparedDocument(document(gold), document(predicted))])
    assert notes[-2:] == [
        "no predicted relation has a novelty: scores that need it do not describe the predictions",
        "no predicted relation has a direction: scores that need it do not describe the predictions",
    ]


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
