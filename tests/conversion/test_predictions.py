"""Predictions of other tools are written as documents of gold with the predicted relations."""

import json

import pytest

from biodir import read_pubtator, write_pubtator
from biodir.cli import main
from biodir.document_biodir import Relation
from helpers.marked import marked_document

GOLD = marked_document(
    "<C:D1 Iron> activates <G:1956 EGFR>.", id="7", relations=(Relation("Bind", "D1", "1956", "No"),)
)
ENDS = {"head": {"text": "Iron", "start": 0, "end": 4}, "tail": {"text": "EGFR", "start": 15, "end": 19}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pubtator([GOLD, marked_document("<C:D1 Iron>.", id="8")], tmp_path / "gold.pubtator")
    found = {"id": "7", "relations": [{**ENDS, "relation": "switches on", "score": 0.9}]}
    (tmp_path / "gliner.json").write_text(json.dumps(found))
    return tmp_path


def test_predictions_take_the_place_of_the_relations_of_gold(folder, capfd):
    command = ["convert", "gliner.json", "out.pubtator", "--dialect", "bioredirect", "--gold", "gold.pubtator"]
    assert main([*command, "--relation-map", "switches on=Positive_Correlation"]) == 0
    first, second = read_pubtator(folder / "out.pubtator")
    assert first.mentions == GOLD.mentions
    assert first.relations == (Relation("Positive_Correlation", "D1", "1956", None, "D1", 0.9),)
    assert (second.id, second.relations) == ("8", ())
    notes = capfd.readouterr().err
    assert "biodir: documents: 2\n" in notes
    assert "biodir: documents without predictions from gliner.json (8), written without relations: 1\n" in notes


def test_what_the_format_has_no_place_for_is_counted(folder, capfd):
    command = ["convert", "gliner.json", "out.pubtator", "--gold", "gold.pubtator"]
    assert main([*command, "--relation-map", "switches on=Bind"]) == 0
    assert "pubtator has no place for: direction of a relation: 1" in capfd.readouterr().err


def test_predictions_without_gold_are_refused_with_the_option(folder, capfd):
    assert main(["convert", "gliner.json", "out.pubtator"]) == 1
    assert "give the text, or to `biodir convert` the documents that" in capfd.readouterr().err


def test_document_that_the_format_cannot_hold_is_an_error_with_its_place_or_left_out(folder, capfd):
    both = [{"relation": "Bind", "entity1": "D1", "entity2": "1956", "subject": each} for each in ("D1", "1956")]
    (folder / "both.jsonl").write_text(json.dumps({"id": "7", "relations": both}) + "\n")
    command = ["convert", "both.jsonl", "out.pubtator", "--dialect", "bioredirect", "--gold", "gold.pubtator"]
    assert main(command) == 1
    assert "both.jsonl: document 7: the relations of D1 and 1956 have different subjects" in capfd.readouterr().err
    assert main([*command, "--errors", "skip-document"]) == 3
    assert [each.id for each in read_pubtator(folder / "out.pubtator")] == ["8"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["gliner.json", "--gold", "gold.pubtator"], 1, "the relation type 'switches on' is unknown"),
        (["gliner.json", "gold.pubtator", "--gold", "gold.pubtator"], 2, "is for the predictions of one file, not 2"),
        (["gold.pubtator", "--relation-map", "a=Bind"], 2, "give the documents that they are about with --gold"),
        (["gliner.json", "--gold", "absent"], 1, "absent: there is no such file"),
    ],
)
def test_wrong_arguments_are_named(arguments, status, message, folder, capfd):
    *inputs, option, value = arguments
    assert main(["convert", *inputs, "out.pubtator", option, value]) == status
    assert message in " ".join(capfd.readouterr().err.replace("│", "").split())
    assert not (folder / "out.pubtator").exists()
