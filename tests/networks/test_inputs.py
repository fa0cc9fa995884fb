"""Inputs of networks: documents, and what `biodir predict` writes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from biodir import ErrorPolicy, write_pubtator
from biodir.document_biodir import Passage, Relation
from biodir.errors_biodir import AnnotationError, BioDirError, ParseError
from biodir.networks.inputs import OTHER_OFFSETS, UNRELATED_PAIRS, read_statements, statements_from_json
from biodir.networks.merging import merge
from helpers.marked import marked_document

DOCUMENT = marked_document(
    "<C:D007501 Iron> raises <G:1956 EGFR>. Old <C:D007501 iron> is. The <C:D007501 iron> is old.",
    id="7",
    passages=(Passage(0, 17, "title"), Passage(18, 47, "abstract")),
    relations=(Relation("Bind", "D007501", "1956", "Novel", "1956", 0.8, 0.9, 0.5),),
)
RESULT = {
    "subject": {"id": "1956", "type": "GeneOrGeneProduct", "text": "EGFR"},
    "object": {"id": "D007501", "type": "ChemicalEntity", "text": "Iron"},
    "relation": "Bind",
    "directed": True,
    "novelty": "Novel",
    "score": 0.36,
    "relation_score": 0.8,
    "novelty_score": 0.9,
    "direction_score": 0.5,
    "evidence": [{"start": 0, "end": 17, "text": "Iron raises EGFR."}],
    "cross_window": False,
}


def result_at(start: int, end: int, text: str) -> dict:
    """Return the result with evidence at another place."""
    return {**RESULT, "evidence": [{"start": start, "end": end, "text": text}]}


def write_lines(path: Path, *values: object) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def test_pubtator_of_bioredirect_and_results_with_entities_make_the_same_network(tmp_path):
    write_pubtator([DOCUMENT], tmp_path / "a.pubtator")
    given = DOCUMENT.to_dict()
    relation = {**RESULT, "evidence": [{**RESULT["evidence"][0], "section": "TITLE"}]}
    results = write_lines(tmp_path / "a.jsonl", {**given, "relations": [relation]})
    documents = write_lines(tmp_path / "b.jsonl", given)
    networks = [merge(read_statements(path)) for path in (tmp_path / "a.pubtator", results, documents)]
    assert networks[0] == networks[1] == networks[2]
    (edge,) = networks[0].edges
    assert (edge.score_max, edge.evidence[0].text, edge.object.synonyms) == (0.4, "Iron raises EGFR.", ("Iron",))


def test_results_without_text_have_the_names_of_first_mentions(tmp_path):
    results = write_lines(tmp_path / "a.jsonl", {"id": "7", "relations": [RESULT]}, {"id": "8", "relations": []})
    network = merge(read_statements(results))
    (edge,) = network.edges
    assert (edge.object.name, edge.object.synonyms, edge.score_max, edge.novel) == ("Iron", (), 0.4, 1)
    assert network.documents == 2


@pytest.mark.parametrize("text", ["[%s]", "\n%s\n\n"])
def test_results_may_be_a_list_or_have_blank_lines(text, tmp_path):
    (tmp_path / "a.json").write_text(text % json.dumps({"id": "7", "relations": [RESULT]}), encoding="utf-8")
    assert len(merge(read_statements(tmp_path / "a.json")).edges) == 1


def test_whole_number_in_a_result_is_an_identifier():
    ends = {"subject": {**RESULT["subject"], "id": 1956}, "object": {**RESULT["object"], "id": "text:iron "}}
    (statement,) = statements_from_json({"id": "7", "relations": [{**RESULT, **ends}]}).statements
    assert (statement.subject[0], statement.object[0]) == ("NCBIGene:1956", "text:iron")


def test_score_of_a_result_without_parts_is_its_score():
    result = {key: value for key, value in RESULT.items() if key not in ("relation_score", "direction_score")}
    assert statements_from_json({"id": "7", "relations": [result]}).statements[0].score == 0.36


def test_results_with_names_of_pubtator3_are_those_of_biored():
    found = statements_from_json({"id": "7", "relations": [{**RESULT, "relation": "interact"}]})
    assert found.statements[0].relation == "Bind"


@pytest.mark.parametrize(("offsets", "start"), [("characters", 30), ("utf-16", 30), ("bytes", 32)])
def test_evidence_of_a_result_counts_characters_of_its_text(offsets, start):
    text = "\N{GREEK SMALL LETTER ALPHA}-KG and \N{GREEK SMALL LETTER BETA}-catenin were used. Iron binds EGFR."
    result = {"id": "7", "text": text, "entities": [], "relations": [result_at(start, start + 16, text[30:])]}
    (statement,) = statements_from_json(result, policy=ErrorPolicy(offsets=offsets)).statements
    assert [(each.start, each.end) for each in statement.evidence] == [(30, 46)]
    inside = {**result, "relations": [result_at(1, start + 16, text)]}
    with pytest.raises(AnnotationError, match=r"document 7: evidence at \[1, \d+\) is inside a character"):
        statements_from_json(inside, policy=ErrorPolicy(offsets="bytes"))


def test_offsets_of_evidence_without_text_are_noted():
    policy = ErrorPolicy(offsets="bytes")
    (statement,) = statements_from_json({"id": "7", "relations": [RESULT]}, policy=policy).statements
    assert statement.evidence[0].end == 17
    assert f"{OTHER_OFFSETS.format('bytes')}: 1" in policy.summary()


def test_result_that_is_none_is_an_error_with_its_line(tmp_path):
    broken = {**RESULT, "object": {"id": "D1"}}
    path = write_lines(tmp_path / "a.jsonl", {"id": "7", "relations": [RESULT]}, {"id": "8", "relations": [broken]})
    found = read_statements(path)
    assert next(found).id == "7"
    with pytest.raises(ParseError, match=r"a\.jsonl:2: document 8: the relations are not those of `biodir predict`"):
        next(found)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("directed", "false", "document 7: 'directed' is 'false', neither true nor false"),
        ("novelty", ["Novel"], r"document 7: 'novelty' is list \['Novel'\], not a string"),
        ("relation", 7, "document 7: 'relation' is 7, not a string"),
        ("object", {**RESULT["object"], "id": "-"}, "document 7: an id of a relation Bind is '-', which means none"),
        ("evidence", [{"start": 0, "end": 4, "text": None}], "document 7: the relations are not those of `biodir pred"),
        ("evidence", [{"start": "0", "end": 4, "text": "Iron"}], "document 7: the relations are not those of `biodir"),
        ("evidence", [{"start": 0, "end": 99, "text": "Iron"}], r"document 7: evidence at \[0, 99\) is inside a chara"),
        (
            "evidence",
            [{"start": -4, "end": 4, "text": "Iron"}],
            r"document 7: evidence at \[-4, 4\) is inside a charac",
        ),
    ],
)
def test_relation_of_a_result_is_checked_as_that_of_a_document_is(key, value, message, tmp_path):
    relations = [{**RESULT, key: value}, {**RESULT, "relation": "Association"}]
    path = write_lines(tmp_path / "a.jsonl", {**DOCUMENT.to_dict(), "relations": relations})
    with pytest.raises(BioDirError, match=rf"a\.jsonl:1: {message}"):
        list(read_statements(path))
    policy = ErrorPolicy("skip-mention")
    (found,) = read_statements(path, policy)
    assert [each.relation for each in found.statements] == ["Association"]
    assert policy.skipped_number("relation") == 1


def test_pairs_that_a_result_calls_unrelated_are_left_out_and_noted():
    policy, unrelated = ErrorPolicy(), {**RESULT, "relation": "None", "novelty": None}
    found = statements_from_json({"id": "7", "relations": [unrelated, RESULT]}, policy=policy)
    assert [each.relation for each in found.statements] == ["Bind"]
    assert f"{UNRELATED_PAIRS}: 1" in policy.summary()


@pytest.mark.parametrize(
    ("key", "score"),
    [("score", "0.9"), ("relation_score", 7), ("direction_score", -1), ("novelty_score", float("nan"))],
)
def test_score_of_a_result_that_is_none_is_an_error_with_its_line(key, score, tmp_path):
    path = write_lines(tmp_path / "a.jsonl", {"id": "7", "relations": [{**RESULT, key: score}]})
    with pytest.raises(
        AnnotationError, match=rf"a\.jsonl:1: document 7: {key} of a relation Bind is .*; scores lie in"
    ):
        list(read_statements(path))


def test_relation_without_mention_is_an_error_of_its_document(tmp_path):
    lost = {**DOCUMENT.to_dict(), "relations": [{"relation": "Bind", "entity1": "1956", "entity2": "5"}]}
    path = write_lines(tmp_path / "a.jsonl", lost, DOCUMENT.to_dict())
    with pytest.raises(AnnotationError, match=r"a\.jsonl:1: document 7: '5' of a relation Bind has no mention"):
        list(read_statements(path))
    policy = ErrorPolicy("skip-document")
    assert len(list(read_statements(path, policy))) == 1
    assert policy.summary() == ["left out: 1 document (relation of a mention that is not there)"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.pubtator"])
def test_only_the_relation_without_mention_is_left_out_with_skip_mention(name, tmp_path):
    document = replace(DOCUMENT, relations=(Relation("Bind", "1956", "5"), *DOCUMENT.relations))
    write_lines(tmp_path / "a.jsonl", document.to_dict())
    write_pubtator([document], tmp_path / "a.pubtator")
    policy = ErrorPolicy("skip-mention")
    (found,) = read_statements(tmp_path / name, policy)
    assert len(found.statements) == 1
    assert policy.summary() == ["left out: 1 relation (relation of a mention that is not there)"]


def test_documents_without_ids_of_files_of_one_name_are_several(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_lines(tmp_path / folder / "a.jsonl", {"relations": [RESULT]})
    found = [each.id for folder in ("one", "two") for each in read_statements(tmp_path / folder / "a.jsonl")]
    assert found == [f"{tmp_path}/one/a.jsonl:1", f"{tmp_path}/two/a.jsonl:1"]
