"""Questions: keys, schemas, and answers as the inverse of reading them."""

import json

import jsonschema
import pytest

from biodir.document_candidates_biodir import candidate_pairs
from biodir.labels_biodir import PAIR_TYPES
from biodir.llm.answers import checked
from biodir.llm.questions import Question, Statement, questions_of
from helpers.marked import marked_document

TEXT = (
    "<S:9606 Patients> with <G:1956 EGFR> took <C:D1 iron> against <D:D2 pain>; <G:1956 ErbB1> fell. <C:D1 Fe> binds."
)


def question(unit: str = "document", reasons: bool = False) -> Question:
    document = marked_document(TEXT)
    pairs = list(candidate_pairs(document.entities(), PAIR_TYPES))
    return questions_of(document, pairs, unit, reasons)[0]


def test_keys_are_those_of_entities_that_may_be_related_in_the_order_of_the_text():
    assert {key: entity.name for key, entity in question().entities.items()} == {
        "E1": "EGFR",
        "E2": "iron",
        "E3": "pain",
    }


def test_a_document_has_one_question_or_one_for_each_pair_or_none():
    document = marked_document(TEXT)
    pairs = list(candidate_pairs(document.entities(), PAIR_TYPES))
    by_pair = questions_of(document, pairs, "pair", reasons=False)
    assert [[entity.name for entity in each.entities.values()] for each in by_pair] == [
        ["EGFR", "iron"],
        ["EGFR", "pain"],
        ["iron", "pain"],
    ]
    assert questions_of(document, [], "document", reasons=False) == []
    assert questions_of(document, [], "pair", reasons=False) == []


@pytest.mark.parametrize("unit", ["document", "pair"])
@pytest.mark.parametrize("direction", ["Left_to_Right", "Right_to_Left", "No_Direct"])
@pytest.mark.parametrize("reasons", [False, True])
def test_answer_follows_the_schema_and_is_read_as_the_statements_it_was_made_of(unit, direction, reasons):
    asked = question(unit, reasons)
    statements = [Statement(asked.pairs[0], "Bind", "No", direction)]
    answer = asked.answer(statements)
    found = checked(json.dumps(answer), asked)
    assert (list(found.statements), found.is_right, found.has_other_text) == (statements, True, False)
    jsonschema.validate({**answer, **({"reasoning": "."} if reasons else {})}, asked.schema())
    assert checked(json.dumps(asked.answer([])), asked).statements == ()


def test_schema_is_strict_as_servers_want_it():
    schema = question(reasons=True).schema()
    assert list(schema["properties"]) == ["reasoning", "relations"], "reasons come before what they are for"
    item = schema["properties"]["relations"]["items"]
    for each in (schema, item):
        assert each["additionalProperties"] is False
        assert each["required"] == [*each["properties"]]
    assert item["properties"]["subject"] == {"type": "string", "enum": ["E1", "E2", "E3"]}
    assert len(item["properties"]["relation"]["enum"]) == 8
    of_pair = question("pair").schema()["properties"]
    assert of_pair["relation"]["enum"][0] == "None"
    assert of_pair["subject"]["enum"] == ["E1", "E2", None]
