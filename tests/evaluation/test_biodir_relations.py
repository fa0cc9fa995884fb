"""The metric of the library `evaluate`: found by its folder, with the figures of the plain function."""

import evaluate
import pytest
from conftest import CHECKOUT

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.report import evaluation_report

BIND = {"relation": "Bind", "entity1": "5", "entity2": "7", "novelty": "Novel", "subject": "5"}
REFERENCES = [
    {"id": "1", "relations": [BIND, {**BIND, "entity2": "8", "relation": "Comparison", "subject": None}]},
    {"id": "2", "relations": [{**BIND, "novelty": None}]},
]
PREDICTIONS = [
    {"id": "2", "relations": [{**BIND, "novelty": None, "subject": "7"}]},
    {"id": "1", "relations": [BIND, {**BIND, "entity2": "9"}]},
]


@pytest.fixture(scope="module")
def metric(tmp_path_factory):
    return evaluate.load(
        str(CHECKOUT / "biodir" / "evaluation" / "biodir_relations"), cache_dir=str(tmp_path_factory.mktemp("metric"))
    )


def test_figures_are_those_of_the_plain_function(metric):
    gold, predicted = ([Document.from_dict({**row, "text": ""}) for row in rows] for rows in (REFERENCES, PREDICTIONS))
    report = evaluation_report(gold, predicted)
    found = metric.compute(predictions=PREDICTIONS, references=REFERENCES, resamples=1000, seed=1)
    for level in ("entity_pair", "relation_type", "relation_type_novelty", "relation_type_direction", "all"):
        assert found[level] == report[level]
        assert found["intervals"][level] == report["intervals"][level]
    assert found["macro"] == report["macro"]


def test_what_a_document_holds_beside_its_relations_is_left_out(metric):
    rows = [{**row, "text": "Iron", "entities": []} for row in REFERENCES]
    assert metric.compute(predictions=rows, references=rows)["all"]["f1"] == 1


@pytest.mark.parametrize(("row", "lacks"), [({"id": "1"}, "no relations"), ({}, "no id and no relations")])
def test_document_without_its_parts_is_refused(metric, row, lacks):
    with pytest.raises(AnnotationError, match=rf"references\[0\]: has {lacks}; a document has id and relations"):
        metric.compute(predictions=PREDICTIONS, references=[row])


def test_gold_without_relations_is_refused_and_empty_predictions_are_noted(metric):
    empty = [{**row, "relations": []} for row in REFERENCES]
    with pytest.raises(AnnotationError, match="references: 2 documents without any relation"):
        metric.compute(predictions=PREDICTIONS, references=empty)
    found = metric.compute(predictions=empty, references=REFERENCES)
    assert "the predictions hold no relation at all" in found["notes"][0]
