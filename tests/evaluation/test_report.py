"""The report of an evaluation: every figure by hand, JSON-ready, and files that cannot be evaluated."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import comparison_report, evaluation_report
from helpers.marked import marked_document
from helpers.scored_documents import GOLD, PREDICTED, TOTALS, without_scores

FEW = Resampling(resamples=20)
NOTHING = tuple(replace(document, relations=()) for document in GOLD)


@pytest.fixture(scope="module")
def report():
    return evaluation_report(GOLD, PREDICTED, FEW)


def counts(figures):
    return figures["tp"], figures["fp"], figures["fn"]


def test_figures_are_those_worked_out_by_hand(report):
    assert {level: counts(report[level]) for level in TOTALS} == TOTALS
    # Association 1/2 and 1/3, Bind 1 and 1/2, Cotreatment 0, Negative_Correlation 1, Positive_Correlation 1/2 and 1
    assert report["macro"]["relation_type"] == pytest.approx({"precision": 3 / 5, "recall": 17 / 30, "f1": 41 / 75})
    assert counts(report["candidates_only"]["relation_type"]) == (4, 3, 2)
    precision = {"Association": 1 / 3, "Bind": 1 / 2, "Negative_Correlation": 1, "Positive_Correlation": 1}
    assert report["average_precision"] == pytest.approx({"all": 4 / 7, "Cotreatment": 0, **precision})


@pytest.mark.parametrize("predicted", [PREDICTED, without_scores(PREDICTED), NOTHING, GOLD])
def test_report_is_json_with_finite_values(predicted):
    found = evaluation_report(GOLD, predicted, FEW)
    found["comparison"] = comparison_report(GOLD, predicted, PREDICTED, FEW)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


# Comparison of two systems.


def test_comparison_holds_the_difference_of_f1_at_each_level():
    found = comparison_report(GOLD, PREDICTED, GOLD, FEW)
    assert {level: found[level]["difference"] for level in TOTALS} == pytest.approx(
        {"entity_pair": -4 / 14, "relation_type": -6 / 14, "relation_type_novelty": -10 / 14,
         "relation_type_direction": -8 / 14, "all": -12 / 14}
    )  # fmt: skip
    assert (found["resamples"], found["seed"], found["confidence"]) == (20, 1, 0.95)


def test_levels_that_gold_does_not_annotate_are_none_everywhere():
    gold, predicted = (
        replace(marked_document("<C:C1 Iron> hurts <D:D1 it>.", id="1"), relations=(relation,))
        for relation in (Relation("CID", "C1", "D1"), Relation("CID", "C1", "D1", "Novel", "C1", 0.9))
    )
    report = evaluation_report([gold], [predicted], FEW, {"relation": ["None", "CID"]})
    lost = ("relation_type_novelty", "relation_type_direction", "all")
    assert report["relation_type"]["f1"] == report["by_type"]["CID"]["f1"] == 1
    for part in (report, report["macro"], report["candidates_only"], report["intervals"], report["by_type"]["CID"]):
        assert [part[level] for level in lost] == [None] * 3
    assert report["average_precision"] == {"all": 1, "CID": 1}  # of all types, which is no level
    assert report["notes"] == [
        "gold annotates no novelty: levels that need it are left out",
        "gold annotates no direction: levels that need it are left out",
    ]
    compared = comparison_report([gold], [predicted], [predicted], FEW)
    assert compared["all"] is None
    assert compared["relation_type"]["difference"] == 0
