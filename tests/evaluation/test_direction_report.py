"""Figures of directions, as counted by hand."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.evaluation.direction_report import THRESHOLDS, direction_report
from biodir.evaluation.direction_tables import direction_tables
from biodir.evaluation.error_analysis import error_analysis
from helpers.marked import marked_document

TEXT = "<C:C1 Iron> hits <G:G1 EGFR>, <G:G2 her2>, <G:G3 cox2>, <D:D1 pain> and <D:D2 fever>."


def documents(*relations, copies=1):
    return [marked_document(TEXT, id=str(number), relations=relations) for number in range(copies)]


GOLD = documents(
    Relation("Bind", "C1", "G1", "No", "C1"),
    Relation("Bind", "C1", "G2", "No", "C1"),
    Relation("Association", "C1", "D1", "No", "C1"),
    Relation("Association", "G1", "G2", "No", None),
    Relation("Association", "G1", "G3", "No", None),
    Relation("Association", "C1", "G3", "No", "G3"),
)
PREDICTED = documents(
    Relation("Bind", "C1", "G1", "No", "C1", 0.9, 0.9, 0.95),  # right
    Relation("Bind", "C1", "G2", "No", "G2", 0.9, 0.9, 0.55),  # reversed
    Relation("Association", "C1", "D1", "No", None, 0.9, 0.9, 0.5),  # missed
    Relation("Association", "G1", "G2", "No", "G1", 0.9, 0.9, 0.65),  # invented
    Relation("Association", "G1", "G3", "No", None, 0.9, 0.9, 0.9),  # right
    Relation("Bind", "C1", "G3", "No", "C1", 0.9, 0.9, 0.9),  # of another type
    Relation("Bind", "C1", "D2", "No", "C1", 0.9, 0.9, 0.9),  # spurious
)
TRAINING = documents(
    Relation("Bind", "C1", "G1", "No", "G1"), Relation("Association", "C1", "D1", "No", None), copies=6
)
REPORT = direction_report(error_analysis(GOLD, PREDICTED), TRAINING)


def test_directions_are_judged_where_pair_and_type_are_right():
    expected = {"relations": 5, "right": 2, "reversed": 1, "directed_in_gold": 1, "undirected_in_gold": 1}
    rules = {"first in the text": 3, "order of types": 1, "order of types, words": 1, "most frequent of the group": 2}
    assert REPORT["right_type"]["all"] == {**expected, "rules": rules}
    by_type = REPORT["right_type"]["by_relation_type"]
    assert {name: (found["relations"], found["right"]) for name, found in by_type.items()} == {
        "Association": (3, 1),
        "Bind": (2, 1),
    }
    genes = REPORT["right_type"]["by_pair_type"]["GeneOrGeneProduct-GeneOrGeneProduct"]
    assert (genes["relations"], genes["right"], genes["undirected_in_gold"]) == (2, 1, 1)


def test_unsure_directions_count_as_undirected():
    rows = {row["threshold"]: row for row in REPORT["thresholds"]}
    assert tuple(rows) == THRESHOLDS
    # 6 gold and 7 predicted relations; two of the five have the direction of gold.
    assert rows[0.0] == {"threshold": 0.0, "directed": 3, "right": 1, "accuracy": 1 / 3, "recall": 1 / 3, "f1": 4 / 13}
    # The invented direction is left open, which is right.
    assert rows[0.7] == {"threshold": 0.7, "directed": 1, "right": 1, "accuracy": 1.0, "recall": 1 / 3, "f1": 6 / 13}
    assert rows[0.99] == {"threshold": 0.99, "directed": 0, "right": 0, "accuracy": None, "recall": 0.0, "f1": 4 / 13}


def test_rows_of_annotation_have_the_type_that_acts():
    names = {"pair_type": "ChemicalEntity-GeneOrGeneProduct", "relation_type": "Bind"}
    assert {**names, "relations": 2, "directed": 2, "subjects": {"ChemicalEntity": 2}} in REPORT["annotated"]
    assert {**names, "relations": 6, "directed": 6, "subjects": {"GeneOrGeneProduct": 6}} in REPORT["training"]


def test_scores_are_compared_with_what_is_right():
    found = REPORT["calibration"]
    assert (found["predictions"], found["share_right"]) == (5, 0.4)
    assert found["mean_score"] == pytest.approx((0.95 + 0.55 + 0.5 + 0.65 + 0.9) / 5)


def test_rules_are_counted_over_gold_without_a_model():
    found = REPORT["rules"]["first in the text"]
    assert found["all"] == {"relations": 6, "right": 3}
    assert found["directed"] == {"relations": 4, "right": 3}


def test_tables_show_the_figures():
    lines = direction_tables(REPORT).splitlines()
    totals = [line.split() for line in lines if line.startswith("all  ")]
    assert totals == [
        ["all", "5", "40.0", "1", "1", "1"],
        ["all", "5", "60.0", "20.0", "20.0", "40.0"],
        ["all", "6", "50.0", "33.3", "33.3", "33.3"],
    ]
    assert "0.7                              1         1      100.00       33.33       46.15" in lines
    assert lines[0].split()[-3:] == ["directed", "%", "subject"]
    assert any(line.startswith("chemical-gene") and line.endswith("gene 100 %") for line in lines)
    without = direction_tables(direction_report(error_analysis(GOLD, PREDICTED)))
    assert without.startswith("directions in gold")
    assert "order of types" not in without


def test_tables_fit_lines_of_a_hundred_characters():
    kinds = ("CellLine", "ChemicalEntity", "AVeryLongNameOfAnEntityTypeThatIsNotOneOfBioRED")
    marks = [Mention(2 * place, 2 * place + 1, "a", kind, (str(place),)) for place, kind in enumerate(kinds)]
    relations = tuple(
        Relation("A_Very_Long_Name_Of_A_Relation_Type", *ids, "No", ids[side])
        for side in (0, 1)
        for ids in (("0", "1"), ("0", "2"), ("1", "2"))
    )
    wide = [Document(str(n), "a a a", tuple(marks), relations[n % 2 * 3 :][:3]) for n in range(6)]
    for gold, predicted in ((GOLD, PREDICTED), (wide, wide)):
        tables = direction_tables(direction_report(error_analysis(gold, predicted), [*TRAINING, *gold]))
        assert max(map(len, tables.splitlines())) <= 100


def test_recall_of_no_directed_relation_is_a_dash():
    gold = documents(Relation("Association", "G1", "G2", "No", None), Relation("Bind", "C1", "G1", "No", "C1"))
    predicted = documents(Relation("Association", "G1", "G2", "No", "G1", 0.9, 0.9, 0.4))
    report = direction_report(error_analysis(gold, predicted))
    assert {row["recall"] for row in report["thresholds"]} == {None}
    row = next(line.split() for line in direction_tables(report).splitlines() if line.startswith("0.5 "))
    assert row == ["0.5", "0", "0", "-", "-", "66.67"]


def test_predictions_without_scores_have_no_thresholds():
    bare = [
        replace(each, relations=tuple(replace(one, direction_score=None) for one in each.relations))
        for each in PREDICTED
    ]
    report = direction_report(error_analysis(GOLD, bare))
    assert (report["thresholds"], report["calibration"]) == ([], {})
    assert report["right_type"]["all"]["right"] == 2
    assert "--min-direction-score" not in direction_tables(report)


def test_relations_without_a_case_are_named_by_what_they_lack():
    odd = documents(
        Relation("Bind", "C1", "G1", "No", "C1"), Relation("Bind", "G1", "G1"), Relation("Bind", "G1", "X9")
    )
    groups = direction_report(error_analysis(odd, odd))["right_type"]["by_pair_type"]
    assert {name: found["relations"] for name, found in groups.items()} == {
        **{"ChemicalEntity-GeneOrGeneProduct": 1, "an entity with itself": 1, "no mention": 1}
    }


def test_training_without_directions_has_no_rules_and_of_one_type_no_order():
    analysis = error_analysis(GOLD, PREDICTED)
    report = direction_report(analysis, documents(Relation("Association", "G1", "G2", "No", None), copies=6))
    assert not report.keys() & {"rules", "order", "words", "patterns"}
    assert report["right_type"]["all"]["rules"] == {}
    report = direction_report(analysis, documents(Relation("Bind", "G1", "G2", "No", "G1"), copies=6))
    assert report["order"] == []
    assert "order of types found on the training documents: none" in direction_tables(report)


def test_gold_without_directions_has_no_report():
    gold = documents(Relation("Bind", "C1", "G1"))
    assert direction_report(error_analysis(gold, gold), TRAINING) == {}
    assert direction_tables({}) == ""
