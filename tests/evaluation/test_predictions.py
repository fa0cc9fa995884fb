"""Predictions from files: documents, or the results that `biodir predict` writes."""

import json

import pytest

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import ParseError
from biodir.evaluation.answers import read_answers

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


def written(tmp_path, *lines, name="answers.jsonl"):
    file = tmp_path / name
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return file


def test_results_of_predict_are_documents_with_relations(tmp_path):
    file = written(tmp_path, {"id": "1", "relations": [RESULT]}, "", {"id": "2", "relations": []})
    relation = Relation("Bind", "7", "5", "Novel", "7", relation_score=0.5, novelty_score=0.4, direction_score=0.3)
    assert read_answers(file) == [Document("1", "", relations=(relation,)), Document("2", "")]


def test_undirected_result_has_no_subject(tmp_path):
    (document,) = read_answers(written(tmp_path, {"id": "1", "relations": [{**RESULT, "directed": False}]}))
    assert document.relations[0].subject_id is None


def test_json_lines_with_texts_are_documents(tmp_path):
    relation = {"relation": "Bind", "entity1": "7", "entity2": "5"}
    (document,) = read_answers(written(tmp_path, {"id": "1", "text": "Iron", "relations": [relation]}))
    assert (document.text, document.relations) == ("Iron", (Relation("Bind", "7", "5"),))


def test_pubtator_is_read_as_documents(tmp_path):
    (document,) = read_answers(written(tmp_path, "1|t|Iron", "1|a|", "1\tBind\t7\t5", name="answers.pubtator"))
    assert document.relations == (Relation("Bind", "7", "5"),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "answers.jsonl:2: not JSON"),
        ("5", "answers.jsonl:2: not a result of `biodir predict`"),
        ({"id": 7, "relations": []}, "answers.jsonl:2: not a result of `biodir predict`"),
        ({"id": "7"}, "answers.jsonl:2: the relations are not those of `biodir predict` .KeyError: 'relations'"),
        ({"id": "7", "relations": [{"relation": "Bind"}]}, "KeyError: 'subject'"),
        ({"id": "7", "relations": 5}, "TypeError"),
    ],
)
def test_bad_line_is_named(tmp_path, line, message):
    with pytest.raises(ParseError, match=message):
        read_answers(written(tmp_path, {"id": "1", "relations": []}, line))


def test_first_line_that_is_no_json_is_named(tmp_path):
    with pytest.raises(ParseError, match=r"answers\.jsonl:1: not JSON"):
        read_answers(written(tmp_path, "{"))
