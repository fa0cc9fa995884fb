"""Reliability and precision against recall: by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from biodir.document_biodir import Document, Relation
from biodir.evaluation.calibration import (
    expected_calibration_error,
    head_outcomes,
    precision_recall_curve,
    precision_recall_curves,
    reliability,
)
from biodir.evaluation.checks import ComparedDocument, compared_documents
from helpers.scored_documents import GOLD, PREDICTED

PAIRS = compared_documents(GOLD, PREDICTED)


def outcomes(*values):
    return np.array(values)


def listed(found):
    return [(score, right == 1) for score, right in found.tolist()]


# Which predictions are right in what; letters are those of `scored_documents`.


def test_relation_scores_are_right_where_the_type_is():
    right, wrong = [(0.9, True), (0.7, True), (0.8, True), (0.6, True)], [(0.55, False), (0.3, False), (0.2, False)]
    assert sorted(listed(head_outcomes(PAIRS)["relation"])) == sorted(right + wrong)  # a b f i, c e h


def test_novelty_and_direction_are_judged_only_where_the_type_is_right():
    found = head_outcomes(PAIRS)
    assert listed(found["novelty"]) == [(0.8, True), (0.6, True), (0.7, False), (0.5, False)]  # a b f i
    assert listed(found["direction"]) == [(0.5, True), (0.4, False), (0.6, True), (0.9, True)]


def test_statement_is_right_in_all_and_its_score_is_the_product():
    found = head_outcomes(PAIRS)["statement"]
    assert found[:, 0] == pytest.approx([0.36, 0.168, 0.4455, 0.075, 0.336, 0.27, 0.006])
    assert found[:, 1].tolist() == [True, *[False] * 6]


def test_heads_are_not_judged_by_what_gold_does_not_annotate():
    gold = Relation("CID", "a", "b")
    predicted = Relation("CID", "a", "b", "Novel", "a", relation_score=0.75, novelty_score=0.5, direction_score=0.5)
    pair = ComparedDocument(Document("1", "", relations=(gold,)), Document("1", "", relations=(predicted,)))
    assert {head: listed(each) for head, each in head_outcomes([pair]).items()} == {"relation": [(0.75, True)]}


# Reliability.


@pytest.mark.parametrize("tenths", range(1, 11))
def test_score_on_an_edge_lies_in_the_bin_below(tenths):
    counts = [each["predictions"] for each in reliability(outcomes((tenths / 10, True)))]
    assert counts.index(1) == tenths - 1


def test_error_is_the_one_worked_out_by_hand():
    # .9 and .8 and .7 right, .6 right and .55 wrong in one bin, .3 and .2 wrong:
    # .1 + .2 + .3 + 2 * |.575 - .5| + .3 + .2 = 1.25, over seven predictions
    table = reliability(head_outcomes(PAIRS)["relation"])
    assert [each["predictions"] for each in table] == [0, 1, 1, 0, 0, 2, 1, 1, 1, 0]
    assert expected_calibration_error(table) == pytest.approx(1.25 / 7)


# Precision against recall.


def test_curve_has_a_point_for_each_score_highest_first():
    curve = precision_recall_curve(outcomes((0.2, False), (0.9, True), (0.5, True), (0.5, False)), gold=4)
    assert curve.thresholds.tolist() == [0.9, 0.5, 0.2]
    assert curve.precision.tolist() == [1, 2 / 3, 2 / 4]
    assert curve.recall.tolist() == [1 / 4, 2 / 4, 2 / 4]
    assert curve.average_precision == pytest.approx(1 / 4 * 1 + 1 / 4 * 2 / 3)


@pytest.mark.parametrize("seed", range(4))
def test_curve_is_that_of_scikit_learn_where_all_gold_statements_were_scored(seed):
    generator = np.random.default_rng(seed)
    scores = np.round(generator.random(60), 1 + seed % 2)  # with one digit, many are equal
    right = generator.random(60) < scores
    curve = precision_recall_curve(np.stack([scores, right], axis=1), int(right.sum()))
    precision, recall, thresholds = metrics.precision_recall_curve(right, scores)
    assert curve.thresholds == pytest.approx(thresholds[::-1])
    assert curve.precision == pytest.approx(precision[-2::-1])  # scikit-learn adds a point at recall 0
    assert curve.recall == pytest.approx(recall[-2::-1])
    assert curve.average_precision == pytest.approx(metrics.average_precision_score(right, scores))


def test_pair_and_type_in_both_directions_is_one_prediction_with_the_higher_score():
    both = [Relation("regulates", *ends, "No", ends[0], score) for ends, score in (("ab", 0.8), ("ba", 0.9))]
    other = Relation("Bind", "a", "b", "No", None, 0.5)
    gold, predicted = (Document("1", "", relations=(*both, *further)) for further in ((), (other,)))
    curves = precision_recall_curves(compared_documents([gold], [predicted]))
    assert curves["regulates"].thresholds.tolist() == [0.9]
    assert (curves["regulates"].gold, curves["regulates"].recall.tolist()) == (1, [1])
    assert (curves["all"].recall.tolist(), curves["all"].average_precision) == ([1, 1], 1)
