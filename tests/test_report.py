import pytest

from biodir.errors_biodir import AnnotationError
from biodir.evaluation.report import evaluation_report, gold_documents, predicted_documents, report_table
from biodir.pubtator_biodir import parse_document

GOLD = """1|t|Aspirin stops pain.
1|a|
1\t0\t7\tAspirin\tChemicalEntity\tC1
1\t14\t18\tpain\tDiseaseOrPhenotypicFeature\tD1
1\tNegative_Correlation\tC1\tD1\tNovel
1\tC1\tD1\tSubject:C1
"""


def predicted(line: str):
    return parse_document(GOLD.replace("1\tNegative_Correlation\tC1\tD1\tNovel", line))


def test_report_tells_the_levels_apart():
    report = evaluation_report([parse_document(GOLD)], [predicted("1\tNegative_Correlation\tC1\tD1\tNo")])
    assert report["relation_type_direction"] == {"precision": 1, "recall": 1, "f1": 1, "tp": 1, "fp": 0, "fn": 0}
    assert report["relation_type_novelty"] == {"precision": 0, "recall": 0, "f1": 0, "tp": 0, "fp": 1, "fn": 1}
    assert (report["documents"], report["pairs"]) == (1, 1)


def test_table_shows_per_cent_of_each_level():
    report = evaluation_report([parse_document(GOLD)], [predicted("1\tNegative_Correlation\tC1\tD1\tNo")])
    lines = report_table(report).splitlines()
    assert lines[0] == "1 documents, 1 related pairs"
    assert lines[4] == "+ type                 100.00 100.00 100.00      1      0      0"
    assert lines[5] == "+ type and novelty       0.00   0.00   0.00      0      1      1"


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
    (document,) = predicted_documents(lambda documents: ([result] for _ in documents), [parse_document(GOLD)])
    assert [(relation.relation_type, relation.subject_id) for relation in document.relations] == [("Association", "D1")]


def test_gold_file_without_relations_is_refused(tmp_path):
    file = tmp_path / "gold.pubtator"
    file.write_text("1|t|Aspirin\n1|a|\n")
    with pytest.raises(AnnotationError, match="1 documents without any relation"):
        gold_documents(file)
