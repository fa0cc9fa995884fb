"""Scores: counts by hand at every level, and documents that cannot be compared."""

import pytest

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.scores import LEVELS, Counts, relation_scores


def document(*relations, id="7"):
    return Document(id, "", relations=relations)


def counts_of(gold, predicted):
    """Level -> (tp, fp, fn) for one document."""
    found = relation_scores([document(*gold)], [document(*predicted)])
    return {level: (counts.tp, counts.fp, counts.fn) for level, counts in found.items()}


GOLD = Relation("Bind", "a", "b", "Novel", "a")
RIGHT, WRONG = (1, 0, 0), (0, 1, 1)


def test_levels_stand_in_this_order():
    assert list(LEVELS) == [
        "entity_pair",
        "relation_type",
        "relation_type_novelty",
        "relation_type_direction",
        "all",
    ]


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (Relation("Bind", "a", "b", "Novel", "a"), [RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]),
        (Relation("Bind", "b", "a", "Novel", "a"), [RIGHT, RIGHT, RIGHT, RIGHT, RIGHT]),
        (Relation("Bind", "a", "b", "No", "a"), [RIGHT, RIGHT, WRONG, RIGHT, WRONG]),
        (Relation("Bind", "a", "b", "Novel", "b"), [RIGHT, RIGHT, RIGHT, WRONG, WRONG]),
        (Relation("Bind", "a", "b", "Novel", None), [RIGHT, RIGHT, RIGHT, WRONG, WRONG]),
        (Relation("Conversion", "a", "b", "Novel", "a"), [RIGHT, WRONG, WRONG, WRONG, WRONG]),
        (Relation("Bind", "a", "c", "Novel", "a"), [WRONG, WRONG, WRONG, WRONG, WRONG]),
    ],
)
def test_statement_counts_where_it_agrees_in_all_that_the_level_asks(predicted, expected):
    assert list(counts_of([GOLD], [predicted]).values()) == expected


def test_undirected_relation_is_right_where_the_gold_one_has_no_direction():
    gold, predicted = Relation("Bind", "a", "b", "No"), Relation("Bind", "b", "a", "No")
    assert set(counts_of([gold], [predicted]).values()) == {RIGHT}


def test_direction_of_an_undirected_gold_relation_is_wrong():
    gold, predicted = Relation("Bind", "a", "b", "No"), Relation("Bind", "a", "b", "No", "a")
    assert counts_of([gold], [predicted])["relation_type_direction"] == WRONG


def test_counts_of_several_relations_are_those_counted_by_hand():
    gold = [GOLD, Relation("Bind", "a", "c", "No", "c"), Relation("Association", "b", "c", "No")]
    predicted = [
        Relation("Bind", "b", "a", "Novel", "b"),  # the wrong direction
        Relation("Bind", "a", "c", "Novel", "c"),  # the wrong novelty
        Relation("Comparison", "c", "b", "No"),  # the wrong type
        Relation("Bind", "a", "d", "No"),  # no such pair
    ]
    assert counts_of(gold, predicted) == {
        "entity_pair": (3, 1, 0),
        "relation_type": (2, 2, 1),
        "relation_type_novelty": (1, 3, 2),
        "relation_type_direction": (1, 3, 2),
        "all": (0, 4, 3),
    }


def test_gold_relation_that_nobody_was_asked_about_is_missed():
    assert set(counts_of([Relation("Bind", "no mention", "b", "No")], []).values()) == {(0, 0, 1)}


def test_scores_of_a_prediction_do_not_matter():
    predicted = Relation("Bind", "a", "b", "Novel", "a", relation_score=0.1, novelty_score=0.2, direction_score=0.3)
    assert counts_of([GOLD], [predicted])["all"] == RIGHT


def test_relation_said_twice_counts_once():
    assert counts_of([GOLD], [GOLD, Relation("Bind", "b", "a", "Novel", "a")])["all"] == RIGHT


def test_pair_with_two_types_counts_once_as_a_pair():
    both = [GOLD, Relation("Conversion", "a", "b", "Novel", "a")]
    found = counts_of(both, both)
    assert (found["entity_pair"], found["relation_type"]) == ((1, 0, 0), (2, 0, 0))


def test_counts_add_up_over_documents_in_any_order():
    gold = [document(GOLD, id="1"), document(GOLD, id="2"), document(id="3")]
    predicted = [document(GOLD, id="3"), document(id="2"), document(GOLD, id="1")]
    assert relation_scores(gold, predicted)["all"] == Counts(tp=1, fp=1, fn=1)


def test_relation_of_another_document_is_wrong():
    found = relation_scores([document(GOLD, id="1"), document(id="2")], [document(id="1"), document(GOLD, id="2")])
    assert found["entity_pair"] == Counts(tp=0, fp=1, fn=1)


def test_swapping_gold_and_predictions_swaps_the_two_errors():
    gold, predicted = [document(GOLD)], [document(Relation("Bind", "a", "b", "No"), Relation("Bind", "a", "c", "No"))]
    there, back = relation_scores(gold, predicted), relation_scores(predicted, gold)
    assert [(c.tp, c.fp, c.fn) for c in there.values()] == [(c.tp, c.fn, c.fp) for c in back.values()]


def test_no_documents_score_nothing():
    assert set(relation_scores([], []).values()) == {Counts()}


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (["1", "2"], ["1"], "1 documents are only in one of gold and predictions (2); score the same documents"),
        (
            ["1"],
            ["3", "1", "2"],
            "2 documents are only in one of gold and predictions (2, 3); score the same documents",
        ),
        (["1", "1"], ["1"], "gold: document 1 stands twice"),
        (["1"], ["1", "1"], "predicted: document 1 stands twice"),
    ],
)
def test_documents_that_cannot_be_compared_are_refused(gold, predicted, message):
    with pytest.raises(AnnotationError) as caught:
        relation_scores([document(id=i) for i in gold], [document(id=i) for i in predicted])
    assert str(caught.value) == message


def test_precision_recall_and_f1_follow_from_the_counts():
    counts = Counts(tp=3, fp=1, fn=2)
    assert (counts.precision, counts.recall, counts.f1) == (3 / 4, 3 / 5, 6 / 9)


@pytest.mark.parametrize("counts", [Counts(), Counts(fp=2), Counts(fn=2), Counts(fp=1, fn=1)])
def test_without_a_right_statement_all_figures_are_nought(counts):
    assert (counts.precision, counts.recall, counts.f1) == (0, 0, 0)


def test_counts_as_a_report_hold_figures_and_counts():
    assert Counts(1, 1, 0).to_dict() == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "tp": 1, "fp": 1, "fn": 0}
