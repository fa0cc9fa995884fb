"""The load test: it passes on a server that answers rightly, and finds answers that are lost or mixed up."""

import json

import pytest

from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

load_test = script("load_test")


def test_documents_of_the_corpus_have_entities_of_their_own():
    documents = load_test.corpus()
    identifiers = [entity["id"] for document in documents for entity in document["entities"]]
    assert len(set(identifiers)) == len(identifiers) == 2 * len(documents) > 500
    for document in documents:
        for entity, name in zip(document["entities"], document["text"].split()[::2], strict=False):
            assert document["text"][entity["start"] : entity["end"]] == name


@pytest.mark.parametrize(
    ("found", "is_same"),
    [([{"score": 0.50001, "id": "a"}], True), ([{"score": 0.51, "id": "a"}], False), ([], False)],
)
def test_answers_are_compared_with_a_tolerance_for_numbers_only(found, is_same):
    assert load_test.same(found, [{"score": 0.5, "id": "a"}]) is is_same


@pytest.mark.slow
def test_load_on_a_server_gives_figures_and_no_fault(tmp_path, capsys):
    options = ["--model", str(save_checkpoint(tmp_path)), "--clients", "3", "--requests", "12"]
    assert load_test.main(options) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["requests"] == sum(figures["statuses"].values()) == 36
    assert figures["faults"] == []
    assert figures["documents"] >= 30
    assert 0 < figures["latency in ms"]["p50"] <= figures["latency in ms"]["p99"]


@pytest.mark.slow
def test_answers_of_other_requests_are_a_failure(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(load_test, "same", lambda found, expected: found == expected[::-1] and len(found) > 1)
    options = ["--model", str(save_checkpoint(tmp_path)), "--clients", "1", "--requests", "3"]
    assert load_test.main(options) == 1
    assert "the answer is another (200)" in json.loads(capsys.readouterr().out)["faults"][0]
