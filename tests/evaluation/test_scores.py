"""Scores: counts by hand at every level, against scikit-learn, and documents that cannot be compared."""

import random
from dataclasses import replace

import pytest
from sklearn.metrics import precision_recall_fscore_support

from biodir.document_biodir import Document, Relation
from biodir.document_pubtator_biodir import read_pubtator
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.breakdown import counts_by_type
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.scores import (
    LEVELS,
    Counts,
    document_counts,
    macro_average,
    relation_scores,
    statement_counts,
    total_counts,
    unannotated_levels,
)
from helpers.scored_documents import GOLD as DOCUMENTS
from helpers.scored_documents import PREDICTED, TOTALS, every_level, figures


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


def test_relation_said_twice_in_a_document_is_refused():
    with pytest.raises(AnnotationError) as caught:
        counts_of([GOLD], [GOLD, Relation("Bind", "b", "a", "Novel", "a")])
    assert str(caught.value) == "predictions: document 7 says Bind of b and a twice; keep one"


def test_statement_that_two_relations_share_counts_once():
    both = [GOLD, Relation("Bind", "b", "a", "No", "a")]
    assert statement_counts([GOLD], both, "relation_type") == Counts(tp=1)
    assert statement_counts([GOLD], both, "all") == Counts(tp=1, fp=1)


def test_relation_of_an_entity_with_itself_is_a_statement_as_any_other():
    itself = Relation("Bind", "a", "a", "No")
    assert set(counts_of([itself], [itself]).values()) == {RIGHT}
    assert set(counts_of([itself], [Relation("Bind", "a", "b", "No")]).values()) == {WRONG}


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


def test_no_documents_are_refused():
    with pytest.raises(AnnotationError) as caught:
        relation_scores([], [])
    assert str(caught.value) == "gold: no documents; give documents with relations to score against"


def test_documents_without_relations_score_nothing():
    assert set(relation_scores([document()], [document()]).values()) == {Counts()}


def test_documents_that_cannot_be_compared_are_refused():
    with pytest.raises(AnnotationError) as caught:
        relation_scores([document(id="1")], [document(id="2")])
    assert str(caught.value) == (
        "documents differ: 1 only in gold (1), 1 only in the predictions (2); score the same documents"
    )


def test_labels_of_the_model_may_be_other_ones_than_those_of_biored():
    gold, predicted = [document(GOLD)], [document(Relation("CID", "a", "b"))]
    assert relation_scores(gold, predicted, {"relation": ["None", "CID"]})["entity_pair"] == Counts(tp=1)
    with pytest.raises(AnnotationError, match="relation type 'CID'"):
        relation_scores(gold, predicted)


def test_counts_of_several_documents_are_those_counted_by_hand():
    assert figures(relation_scores(DOCUMENTS, PREDICTED)) == TOTALS


def test_swapping_gold_and_predictions_of_several_documents_swaps_the_two_errors():
    assert figures(relation_scores(PREDICTED, DOCUMENTS)) == {
        level: (tp, fn, fp) for level, (tp, fp, fn) in TOTALS.items()
    }


def test_order_of_documents_and_relations_changes_nothing():
    turned = [replace(each, relations=each.relations[::-1]) for each in reversed(PREDICTED)]
    assert figures(relation_scores(DOCUMENTS[::-1], turned)) == TOTALS


def test_counts_of_documents_add_up_to_the_total():
    counts = document_counts(compared_documents(DOCUMENTS, PREDICTED))
    assert [figures(each)["relation_type"] for each in counts] == [(2, 2, 2), (2, 0, 1), (0, 1, 0), (0, 0, 0)]
    assert figures(total_counts(counts)) == TOTALS


def test_total_of_no_documents_is_nought():
    assert figures(total_counts([])) == every_level((0, 0, 0))


# Against scikit-learn: what every pair of a document is labelled with on either side, "nothing" among it.

TYPES = ["Association", "Bind", "Comparison", "Conversion"]
NOTHING = "nothing"


def labelled_documents(seed):
    """Documents of both sides, and the label of each pair on both, where the predictions are right about half."""
    generator = random.Random(seed)
    sides, labels = ([], []), ([], [])
    for number in range(8):
        pairs = [(f"e{first}", f"e{second}") for first in range(5) for second in range(first)]
        gold = [generator.choice([*TYPES[:3], NOTHING]) for _ in pairs]
        answers = [kind if generator.random() < 0.5 else generator.choice([*TYPES, NOTHING]) for kind in gold]
        for side, found, values in zip(sides, labels, (gold, answers), strict=True):
            directed = [(pair, kind, generator.choice([None, *pair])) for pair, kind in zip(pairs, values, strict=True)]
            found.extend(NOTHING if kind == NOTHING else (kind, subject or "") for _, kind, subject in directed)
            relations = [Relation(kind, *pair, "No", subject) for pair, kind, subject in directed if kind != NOTHING]
            side.append(document(*relations, id=str(number)))
    return sides, labels


def scikit_learn(gold, predicted, labels, average):
    precision, recall, f1, _ = precision_recall_fscore_support(
        gold, predicted, labels=labels, average=average, zero_division=0
    )
    return pytest.approx({"precision": precision, "recall": recall, "f1": f1})


def shares(counts):
    return {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}


@pytest.mark.parametrize("seed", range(3))
def test_scores_with_type_are_the_micro_averages_of_scikit_learn(seed):
    sides, labels = labelled_documents(seed)
    gold, predicted = ([label if label == NOTHING else label[0] for label in side] for side in labels)
    assert shares(relation_scores(*sides)["relation_type"]) == scikit_learn(gold, predicted, TYPES, "micro")


@pytest.mark.parametrize("seed", range(3))
def test_scores_with_direction_are_the_micro_averages_of_scikit_learn(seed):
    sides, labels = labelled_documents(seed)
    gold, predicted = ([":".join(label) if label != NOTHING else label for label in side] for side in labels)
    statements = sorted({*gold, *predicted} - {NOTHING})
    found = relation_scores(*sides)["relation_type_direction"]
    assert shares(found) == scikit_learn(gold, predicted, statements, "micro")


@pytest.mark.parametrize("seed", range(3))
def test_means_over_types_are_the_macro_averages_of_scikit_learn(seed):
    sides, labels = labelled_documents(seed)
    gold, predicted = ([label if label == NOTHING else label[0] for label in side] for side in labels)
    by_type = counts_by_type(compared_documents(*sides))
    assert list(by_type) == TYPES, "one of them in predictions alone"
    found = macro_average([counts["relation_type"] for counts in by_type.values()])
    assert found == scikit_learn(gold, predicted, TYPES, "macro")


# Figures.


def test_mean_over_types_is_the_plain_one():
    found = macro_average([Counts(1, 1, 2), Counts(1, 0, 1), Counts(0, 1, 0), Counts(1, 0, 0), Counts(1, 1, 0)])
    assert found == pytest.approx({"precision": 3 / 5, "recall": 17 / 30, "f1": 41 / 75})


def test_mean_over_no_types_is_nought():
    assert macro_average([]) == {"precision": 0, "recall": 0, "f1": 0}


def test_precision_recall_and_f1_follow_from_the_counts():
    counts = Counts(tp=3, fp=1, fn=2)
    assert (counts.precision, counts.recall, counts.f1) == (3 / 4, 3 / 5, 6 / 9)


@pytest.mark.parametrize("counts", [Counts(), Counts(fp=2), Counts(fn=2), Counts(fp=1, fn=1)])
def test_without_a_right_statement_all_figures_are_nought(counts):
    assert (counts.precision, counts.recall, counts.f1) == (0, 0, 0)


def test_counts_as_a_report_hold_figures_and_counts():
    assert Counts(1, 1, 0).to_dict() == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "tp": 1, "fp": 1, "fn": 0}


@pytest.mark.corpus
def test_gold_relations_of_the_dev_documents_are_right_at_every_level(data_dir):
    documents = list(read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"))
    counts = relation_scores(documents, documents)
    assert figures(counts) == every_level((1162, 0, 0))
    assert {found.f1 for found in counts.values()} == {1.0}


# What gold does not annotate.


def test_levels_that_ask_for_a_part_that_is_not_annotated_are_named():
    half = document(Relation("CID", "a", "b", subject_id="a"))
    assert unannotated_levels([ComparedDocument(half, half)]) == ("relation_type_novelty", "all")
