"""The metric of the library `evaluate`: found by its folder, with the figures of the plain function."""

import evaluate
import pytest
from conftest import CHECKOUT
from datasets import Dataset

from biodir.dataset_script.features import document_features
from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.evaluation.report import evaluation_report
from biodir.labels_biodir import NOVELTY_LABELS, RELATION_LABELS
from helpers.marked import marked_document

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


# Rows of a data set.


def numbered(rows, relation=RELATION_LABELS, novelty=NOVELTY_LABELS):
    """The rows with numbers in place of labels."""
    labels = {"relation": relation, "novelty": novelty}

    def number(key, value):
        return labels[key].index(value) if key in labels and value else value

    return [
        {**row, "relations": [{key: number(key, each[key]) for key in each} for each in row["relations"]]}
        for row in rows
    ]


def test_labels_as_numbers_are_those_of_the_export(metric):
    found = metric.compute(predictions=numbered(PREDICTIONS), references=numbered(REFERENCES))
    assert found == metric.compute(predictions=PREDICTIONS, references=REFERENCES)
    wrong = [{**REFERENCES[0], "relations": [{**BIND, "relation": 9}]}]
    with pytest.raises(AnnotationError, match=r"^predictions\[0\]: label 9 is none of the 9 from 0: None, Association"):
        metric.compute(predictions=wrong, references=wrong)


@pytest.mark.parametrize("form", [None, "numpy"])
def test_exported_rows_are_taken_as_they_are(metric, form):
    documents = [marked_document("<C:5 Iron> binds <G:7 it>.", id=row["id"]).to_dict() for row in REFERENCES]
    rows = [{**each, **row, "passages": []} for each, row in zip(documents, REFERENCES, strict=True)]
    for row in rows:
        row["entities"] = [{**entity, "id": [entity["id"]]} for entity in row["entities"]]
    labels = {"relation": RELATION_LABELS[::-1], "novelty": NOVELTY_LABELS}
    data = Dataset.from_list(rows, features=document_features(labels)).with_format(form)
    assert int(data[0]["relations"][0]["relation"]) == RELATION_LABELS[::-1].index("Bind")
    found = metric.compute(predictions=PREDICTIONS, references=data)
    assert found == metric.compute(predictions=PREDICTIONS, references=REFERENCES)
    in_list = metric.compute(predictions=PREDICTIONS, references=list(data), labels=labels)
    assert in_list == found


def test_documents_that_are_added_score_as_those_of_one_call(metric):
    ordered, other = PREDICTIONS[::-1], RELATION_LABELS[::-1]
    expected = metric.compute(predictions=ordered, references=REFERENCES)
    for prediction, reference in zip(ordered, REFERENCES, strict=True):
        metric.add(prediction=prediction, reference=reference)
    assert metric.compute() == expected
    metric.add_batch(predictions=ordered[:1], references=REFERENCES[:1])
    given = {side: numbered(rows[1:], other) for side, rows in (("predictions", ordered), ("references", REFERENCES))}
    metric.add_batch(**given, labels={"relation": other})
    with pytest.raises(AnnotationError, match=r"^labels: give them to add or add_batch, together with the rows"):
        metric.compute(labels={"relation": other})
    assert metric.compute() == expected
    with pytest.raises(AnnotationError, match=r"^references: None; give a list of documents"):
        metric.add_batch(predictions=ordered)
    with pytest.raises(AnnotationError, match=r"references\[0\]: has no id and no relations"):
        metric.add(prediction=ordered[0])


def test_document_whose_relations_are_none_has_no_relations(metric):
    predicted = [PREDICTIONS[0], {"id": "1", "relations": None}]
    found = metric.compute(predictions=predicted, references=REFERENCES)
    assert (found["entity_pair"]["tp"], found["entity_pair"]["fn"]) == (1, 2)
    shorter = metric.compute(predictions=predicted[:1], references=REFERENCES)
    assert shorter["all"] == found["all"]
    assert shorter["notes"][0].startswith("the predictions lack 1 of 2 documents (1)")
    with pytest.raises(AnnotationError, match=r"documents differ: 1 only in the predictions \(1\)"):
        metric.compute(predictions=PREDICTIONS, references=REFERENCES[1:])


@pytest.mark.parametrize("rows", [list, Dataset.from_list])
def test_of_a_relation_given_twice_the_higher_score_counts(metric, rows):
    twice = [{**BIND, "novelty": "No", "relation_score": 0.2}, {**BIND, "relation_score": 0.9}]
    gold = [{"id": "1", "relations": [BIND]}]
    found = metric.compute(predictions=rows([{"id": "1", "relations": twice}]), references=gold)
    assert found["relation_type_novelty"]["f1"] == 1
    assert "the other one has a higher score" in found["notes"][0]


@pytest.mark.parametrize("relations", ["Bind", 5, {"a": 1}, [1], ["Bind"]])
def test_relations_that_are_no_mappings_are_refused(metric, relations):
    with pytest.raises(AnnotationError, match=r"^predictions\[0\]: the relations are .*; give a list of mappings"):
        metric.compute(predictions=[{"id": "1", "relations": relations}], references=REFERENCES)


def test_note_on_other_entities_is_left_to_predictions_without_a_right_pair(metric):
    found = metric.compute(predictions=PREDICTIONS, references=REFERENCES)
    assert not any("does not mention" in note for note in found["notes"])
    other = [{"id": "1", "relations": [{**BIND, "entity2": "MESH:7"}]}]
    notes = " ".join(metric.compute(predictions=other, references=REFERENCES)["notes"])
    assert "1 predicted relation with entities that the gold document does not mention (1: MESH:7)" in notes


def test_missing_side_and_negative_resamples_are_refused(metric):
    with pytest.raises(AnnotationError, match=r"^predictions and references: None; give lists of documents, or add"):
        metric.compute()
    with pytest.raises(AnnotationError, match=r"^references: None; give a list of documents"):
        metric.compute(predictions=PREDICTIONS, references=None)
    with pytest.raises(SettingError, match=r"^resamples is -1"):
        metric.compute(predictions=PREDICTIONS, references=REFERENCES, resamples=-1)


@pytest.mark.parametrize(("row", "lacks"), [({"id": "1"}, "no relations"), ({}, "no id and no relations")])
def test_document_without_its_parts_is_refused(metric, row, lacks):
    with pytest.raises(AnnotationError, match=rf"references\[0\]: has {lacks}; a document has id and relations"):
        metric.compute(predictions=PREDICTIONS, references=[row])


@pytest.mark.parametrize("rows", [list, Dataset.from_list])
def test_gold_without_relations_is_refused_and_empty_predictions_are_noted(metric, rows):
    empty = rows([{**row, "relations": []} for row in REFERENCES])
    with pytest.raises(AnnotationError, match="references: 2 documents without any relation"):
        metric.compute(predictions=PREDICTIONS, references=empty)
    found = metric.compute(predictions=empty, references=REFERENCES)
    assert "the predictions hold no relation at all" in found["notes"][0]
