"""Gold documents and predictions from files, and predictions of a pipeline."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import ParseError
from biodir.evaluation.predictions import predicted_documents, read_predictions

RESULT = {
    "subject": {"id": "7", "type": "ChemicalEntity", "text": "iron"},
    "object": {"id": "5", "type": "GeneOrGeneProduct", "text": "it"},
    "relation": "Bind",
    "directed": True,
    "novelty": "Novel",
    "score": 0.06,
    "relation_score": 0.5,
    "novelty_score": 0.4,
    "direction_score": 0.3,
    "evidence": [],
}


GOLD = [Document("1", ""), Document("2", "")]


def read(file, gold=GOLD[:1]):
    return read_predictions(file, gold)


def written(tmp_path, *lines, name="predictions.jsonl"):
    file = tmp_path / name
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return file


def test_results_of_predict_are_documents_with_relations(tmp_path):
    undirected = {**RESULT, "directed": False}
    file = written(tmp_path, {"id": "1", "relations": [RESULT]}, "", {"id": "2", "relations": [undirected]})
    relation = Relation("Bind", "7", "5", "Novel", "7", relation_score=0.5, novelty_score=0.4, direction_score=0.3)
    relations = relation, replace(relation, subject_id=None)
    assert read(file, GOLD) == [
        Document(name, "", relations=(each,)) for name, each in zip("12", relations, strict=True)
    ]


def test_json_lines_with_texts_are_documents(tmp_path):
    relation = {"relation": "Bind", "entity1": "7", "entity2": "5"}
    (document,) = read(written(tmp_path, {"id": "1", "text": "Iron", "relations": [relation]}))
    assert (document.text, document.relations) == ("Iron", (Relation("Bind", "7", "5"),))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "predictions.jsonl:2: not JSON"),
        ("5", "predictions.jsonl:2: not a result of `biodir predict`"),
        ({"id": 7, "relations": []}, "predictions.jsonl:2: not a result of `biodir predict`"),
        ({"id": "7"}, "predictions.jsonl:2: the relations are not those of `biodir predict` .KeyError: 'relations'"),
        ({"id": "7", "relations": [{"relation": "Bind"}]}, "KeyError: 'subject'"),
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(ParseError, match=message):
        read(written(tmp_path, {"id": "1", "relations": []}, line))


def test_predictions_of_a_pipeline_replace_the_gold_relations():
    document = Document("1", "", relations=(Relation("Bind", "7", "5"),), subject_lines=(("7", "5"),))
    (found,) = predicted_documents(lambda documents: ([RESULT] for _ in documents), [document])
    assert found.relations == (Relation("Bind", "7", "5", "Novel", "7", 0.5, 0.4, 0.3),)
    assert found.subject_lines == ()
