"""The report of an evaluation: every figure by hand, JSON-ready, and files that cannot be evaluated."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.document_pubtator_biodir import parse_document, read_pubtator
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.report import (
    answer_documents,
    comparison_report,
    evaluation_report,
    gold_documents,
    predicted_documents,
)
from biodir.formats.pubtator import write_pubtator
from helpers.marked import marked_document
from helpers.scored_documents import GOLD, PREDICTED, TOTALS, without_scores

FEW = Resampling(resamples=20)
ONE = """1|t|Aspirin stops pain.
1|a|
1\t0\t7\tAspirin\tChemicalEntity\tC1
1\t14\t18\tpain\tDiseaseOrPhenotypicFeature\tD1
1\tNegative_Correlation\tC1\tD1\tNovel
1\tC1\tD1\tSubject:C1
"""
NO_ANSWERS = tuple(replace(document, relations=()) for document in GOLD)


@pytest.fixture(scope="module")
def report():
    return evaluation_report(GOLD, PREDICTED, FEW)


def counts(figures):
    return figures["tp"], figures["fp"], figures["fn"]


def test_report_has_these_parts(report):
    assert list(report) == [
        *TOTALS,
        "documents",
        "pairs",
        "macro",
        "candidates_only",
        "by_type",
        "by_pair_type",
        "by_distance",
        "by_length",
        "intervals",
        "calibration",
        "average_precision",
        "notes",
    ]


def test_levels_hold_their_counts_and_shares(report):
    assert {level: counts(report[level]) for level in TOTALS} == TOTALS
    assert report["entity_pair"] == {"precision": 5 / 7, "recall": 5 / 7, "f1": 10 / 14, "tp": 5, "fp": 2, "fn": 2}
    assert (report["documents"], report["pairs"]) == (4, 7)


def test_means_over_types_are_those_worked_out_by_hand(report):
    # Association 1/2 and 1/3, Bind 1 and 1/2, Cotreatment 0, Negative_Correlation 1, Positive_Correlation 1/2 and 1
    assert report["macro"]["relation_type"] == pytest.approx({"precision": 3 / 5, "recall": 17 / 30, "f1": 41 / 75})
    assert list(report["macro"]) == [level for level in TOTALS if level != "entity_pair"]


def test_candidates_alone_lack_the_relation_of_an_entity_without_a_mention(report):
    assert counts(report["candidates_only"]["relation_type"]) == (4, 3, 2)


def test_group_holds_the_figures_with_type_and_the_other_levels_under_their_names(report):
    group = report["by_distance"]["same sentence"]
    assert counts(group) == (3, 1, 0)
    assert counts(group["entity_pair"]) == (3, 1, 0)
    assert counts(group["relation_type_direction"]) == (2, 2, 1)
    assert "relation_type" not in group
    assert "entity_pair" not in report["by_type"]["Bind"]


@pytest.mark.parametrize("key", ["by_type", "by_pair_type", "by_distance", "by_length"])
def test_groups_add_up_to_the_figures_with_type(key, report):
    assert tuple(map(sum, zip(*map(counts, report[key].values()), strict=True))) == TOTALS["relation_type"]


def test_intervals_contain_the_figures_and_say_how_they_were_drawn(report):
    intervals = report["intervals"]
    assert {name: intervals[name] for name in ("resamples", "seed", "confidence")} == {
        "resamples": 20,
        "seed": 1,
        "confidence": 0.95,
    }
    for level in TOTALS:
        for figure, (low, high) in intervals[level].items():
            assert low <= report[level][figure] <= high


def test_interval_of_one_document_is_a_point():
    found = evaluation_report(GOLD[:1], PREDICTED[:1], FEW)
    assert found["intervals"]["relation_type"] == {"precision": [0.5] * 2, "recall": [0.5] * 2, "f1": [0.5] * 2}


def test_calibration_of_each_head_is_the_one_worked_out_by_hand(report):
    relation = report["calibration"]["relation"]
    assert (relation["predictions"], relation["expected_calibration_error"]) == (7, pytest.approx(1.25 / 7))
    assert relation["bins"][5] == pytest.approx(
        {"low": 0.5, "high": 0.6, "predictions": 2, "mean_score": 0.575, "share_right": 0.5}
    )
    assert {head: found["predictions"] for head, found in report["calibration"].items()} == {
        "relation": 7,
        "novelty": 4,
        "direction": 4,
        "statement": 7,
    }


def test_average_precision_of_all_and_of_each_type_is_the_one_worked_out_by_hand(report):
    assert report["average_precision"] == pytest.approx(
        {
            "all": 4 / 7,
            "Association": 1 / 3,  # one of three, found first
            "Bind": 1 / 2,
            "Cotreatment": 0,
            "Negative_Correlation": 1,
            "Positive_Correlation": 1,  # the right one has the higher score
        }
    )


def test_predictions_without_scores_have_no_calibration():
    found = evaluation_report(GOLD, without_scores(PREDICTED), FEW)
    assert (found["calibration"], found["average_precision"]) == ({}, {})
    assert {level: counts(found[level]) for level in TOTALS} == TOTALS


@pytest.mark.parametrize("predicted", [PREDICTED, NO_ANSWERS, GOLD], ids=["some", "none", "all"])
def test_report_is_json_with_finite_values(predicted):
    found = evaluation_report(GOLD, predicted, FEW)
    found["comparison"] = comparison_report(GOLD, predicted, PREDICTED, FEW)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_order_of_documents_changes_nothing_but_the_draws(report):
    turned = evaluation_report(GOLD[::-1], PREDICTED, FEW)
    assert {key: value for key, value in turned.items() if key not in ("intervals", "calibration")} == {
        key: value for key, value in report.items() if key not in ("intervals", "calibration")
    }


def test_swapping_gold_and_predictions_swaps_precision_and_recall(report):
    swapped = evaluation_report(PREDICTED, GOLD, FEW)
    for there, back in (
        (report, swapped),
        (report["candidates_only"], swapped["candidates_only"]),
        (report["macro"], swapped["macro"]),
    ):
        assert (there["all"]["precision"], there["all"]["f1"]) == (back["all"]["recall"], back["all"]["f1"])


def test_no_relations_are_noted_and_score_nothing():
    found = evaluation_report(GOLD, NO_ANSWERS, FEW)
    assert counts(found["relation_type"]) == (0, 0, 7)
    assert found["notes"] == [
        "the predictions hold no relation at all: every recall is 0 because nothing was predicted"
    ]


def test_documents_without_relations_on_either_side_have_a_report():
    found = evaluation_report(GOLD[3:], PREDICTED[3:], FEW)
    assert (found["pairs"], found["by_type"], found["macro"]["all"]["f1"]) == (0, {}, 0)
    assert found["intervals"]["all"]["f1"] == [0, 0]


def test_labels_of_the_model_may_be_other_ones_than_those_of_biored():
    predicted = [replace(GOLD[0], relations=(Relation("CID", "C1", "D1"),))]
    labels = {"relation": ["None", "CID"]}
    assert counts(evaluation_report(GOLD[:1], predicted, FEW, labels)["by_type"]["CID"]) == (0, 1, 0)
    assert comparison_report(GOLD[:1], predicted, predicted, FEW, labels)["all"]["p_value"] == 1
    with pytest.raises(AnnotationError, match="relation type 'CID'"):
        evaluation_report(GOLD[:1], predicted, FEW)


# Comparison of two systems.


def test_comparison_holds_the_difference_of_f1_at_each_level():
    found = comparison_report(GOLD, PREDICTED, GOLD, FEW)
    assert {level: found[level]["difference"] for level in TOTALS} == pytest.approx(
        {"entity_pair": -4 / 14, "relation_type": -6 / 14, "relation_type_novelty": -10 / 14,
         "relation_type_direction": -8 / 14, "all": -12 / 14}
    )  # fmt: skip
    assert (found["resamples"], found["seed"], found["confidence"]) == (20, 1, 0.95)


def test_comparison_with_itself_finds_nothing():
    found = comparison_report(GOLD, PREDICTED, PREDICTED[::-1], FEW)
    assert all(found[level] == {"difference": 0, "interval": [0, 0], "p_value": 1} for level in TOTALS)


def test_comparison_the_other_way_round_turns_the_signs():
    there, back = (
        comparison_report(GOLD, PREDICTED, NO_ANSWERS, FEW),
        comparison_report(GOLD, NO_ANSWERS, PREDICTED, FEW),
    )
    for level in TOTALS:
        assert there[level]["difference"] == -back[level]["difference"] > 0
        assert there[level]["interval"] == pytest.approx([-bound for bound in back[level]["interval"][::-1]])
        assert there[level]["p_value"] == back[level]["p_value"]


def test_comparison_takes_documents_from_a_generator():
    assert comparison_report(iter(GOLD), iter(PREDICTED), iter(PREDICTED), FEW)["all"]["p_value"] == 1


# Documents from files and from the pipeline.


def test_predictions_take_the_place_of_gold_relations():
    result = {
        "subject": {"id": "D1"},
        "object": {"id": "C1"},
        "relation": "Association",
        "directed": True,
        "novelty": "No",
        "relation_score": 0.5,
        "novelty_score": 0.5,
        "direction_score": 0.5,
    }
    (document,) = predicted_documents(lambda documents: ([result] for _ in documents), [parse_document(ONE)])
    assert document.relations == (Relation("Association", "D1", "C1", "No", "D1", 0.5, 0.5, 0.5),)
    assert document.subject_lines == ()


def test_gold_documents_and_answers_come_back_from_files(tmp_path):
    write_pubtator(GOLD, tmp_path / "gold.pubtator")
    write_pubtator(PREDICTED, tmp_path / "answers.pubtator")
    gold = gold_documents(tmp_path / "gold.pubtator")
    answers = answer_documents(tmp_path / "answers.pubtator", gold)
    assert [document.relations for document in answers] == [document.relations for document in PREDICTED]
    assert counts(evaluation_report(gold, answers, FEW)["all"]) == TOTALS["all"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no documents; give documents with relations"),
        ("1|t|Aspirin\n1|a|\n", "1 documents without any relation; gold documents have relations"),
    ],
)
def test_gold_file_without_relations_is_refused(content, message, tmp_path):
    file = tmp_path / "gold.pubtator"
    file.write_text(content)
    with pytest.raises(AnnotationError) as caught:
        gold_documents(file)
    assert str(caught.value) == f"{file}: {message}"


def test_gold_file_that_says_a_relation_twice_is_refused(tmp_path):
    file = tmp_path / "gold.pubtator"
    file.write_text(ONE + "1\tNegative_Correlation\tD1\tC1\tNo\n")
    with pytest.raises(AnnotationError) as caught:
        gold_documents(file)
    assert str(caught.value) == (
        f"{file}: gold: document 1 says Negative_Correlation of D1 and C1 in contradictory ways (novelty Novel or No); "
        "keep one"
    )


def test_answers_to_other_documents_are_refused_with_their_file(tmp_path):
    file = tmp_path / "answers.pubtator"
    file.write_text("")
    with pytest.raises(AnnotationError) as caught:
        answer_documents(file, [parse_document(ONE)])
    assert str(caught.value) == f"{file}: documents differ: 1 only in gold (1); score the same documents"


def test_answers_with_an_unknown_relation_type_are_refused_with_their_file(tmp_path):
    file = tmp_path / "answers.pubtator"
    file.write_text(ONE.replace("Negative_Correlation", "NEGATIVE"))
    with pytest.raises(AnnotationError) as caught:
        answer_documents(file, [parse_document(ONE)])
    assert str(caught.value).startswith(
        f"{file}: predictions: document 1 has the relation type 'NEGATIVE' between C1 and D1; known are Association, "
    )


def test_answers_with_other_entity_types_are_scored_by_their_identifiers():
    answer = parse_document(ONE.replace("DiseaseOrPhenotypicFeature", "OrganismTaxon"))
    found = evaluation_report([parse_document(ONE)], [answer], FEW)
    assert counts(found["by_pair_type"]["ChemicalEntity-DiseaseOrPhenotypicFeature"]) == (1, 0, 0)


def test_note_names_predicted_entities_without_a_gold_mention():
    answer = replace(marked_document("<C:C1 Iron>", id="1"), relations=(Relation("Bind", "C1", "X", "No"),))
    assert evaluation_report([parse_document(ONE)], [answer], FEW)["notes"] == [
        "1 predicted relations name entities that the gold document does not mention (1: X); are these the same "
        "annotations?"
    ]


@pytest.mark.corpus
def test_gold_relations_of_the_dev_documents_as_predictions_are_right_in_all(data_dir):
    documents = list(read_pubtator(data_dir / "bioredirect" / "bioredirect_dev.pubtator"))
    found = evaluation_report(documents, documents, FEW)
    assert {found[level]["f1"] for level in TOTALS} | {found["candidates_only"][level]["f1"] for level in TOTALS} == {1}
    assert {found["macro"][level]["f1"] for level in found["macro"]} == {1}
    assert all(found["intervals"][level]["f1"] == [1, 1] for level in TOTALS)
    assert sum(figures["tp"] for figures in found["by_type"].values()) == 1162
    assert found["candidates_only"]["all"]["tp"] == 1161
    assert found["notes"] == []


def test_levels_that_gold_does_not_annotate_are_none_everywhere():
    gold, answer = (
        replace(marked_document("<C:C1 Iron> hurts <D:D1 it>.", id="1"), relations=(relation,))
        for relation in (Relation("CID", "C1", "D1"), Relation("CID", "C1", "D1", "Novel", "C1"))
    )
    report = evaluation_report([gold], [answer], FEW, {"relation": ["None", "CID"]})
    lost = ("relation_type_novelty", "relation_type_direction", "all")
    assert report["relation_type"]["f1"] == report["by_type"]["CID"]["f1"] == 1
    for part in (report, report["macro"], report["candidates_only"], report["intervals"], report["by_type"]["CID"]):
        assert [part[level] for level in lost] == [None] * 3
    assert report["notes"] == [
        "gold annotates no novelty: levels that ask for it are left out",
        "gold annotates no direction: levels that ask for it are left out",
    ]
    compared = comparison_report([gold], [answer], [answer], FEW)
    assert compared["all"] is None
    assert compared["relation_type"]["difference"] == 0
