"""What is a result of `biodir predict`, for all commands that read one."""

import json

import pytest

from biodir.document_biodir import Document
from biodir.errors_biodir import ParseError
from biodir.evaluation.predictions import read_predictions
from biodir.formats.results import is_result
from biodir.networks.inputs import statements_from_json
from biodir.showing.results import shown_from_json

NAMED = {"subject": {"id": "7"}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": "1", "relations": []}, True),
        ({"id": "1", "relations": None}, True),
        ({"id": "1", "relations": 5}, True),
        ({"id": "1", "text": "Iron", "relations": [NAMED]}, True),
        ({"id": "1", "text": "Iron", "relations": [{"relation": "Bind", "subject": "7"}]}, False),
        ({"id": "1", "text": "Iron", "relations": None}, False),
        ({"documents": [], "relations": []}, False),
        ({"PubTator3": [], "relations": []}, False),
        ({"id": "1"}, False),
        ([NAMED], False),
    ],
)
def test_result_has_relations_and_no_text_or_named_subjects(value, expected):
    assert is_result(value) is expected


def test_null_relations_are_none_for_all_commands():
    result = {"id": "7", "relations": None}
    assert statements_from_json(result).statements == ()
    assert shown_from_json(result).listing == "7\n  no relations found\n\n"
    assert shown_from_json(result).document == Document("7", "")


@pytest.mark.parametrize("given", [{"id": 7}, {"id": 7.0}, {"pmid": "7"}, {"id": None, "pmid": 7.0}, {"id": " 7 "}])
def test_id_is_a_string_or_a_whole_number_under_any_key_of_ids(given, tmp_path):
    result = {**given, "relations": []}
    (tmp_path / "out.jsonl").write_text(json.dumps(result))
    assert shown_from_json(result).document.id == "7"
    assert [each.id for each in read_predictions(tmp_path / "out.jsonl", [Document("7", "")])] == ["7"]


@pytest.mark.parametrize("read", [statements_from_json, shown_from_json])
def test_relations_that_are_no_list_are_an_error(read):
    with pytest.raises(ParseError, match="the relations are int 5, not a list"):
        read({"id": "7", "relations": 5})
