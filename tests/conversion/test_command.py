"""The command `biodir convert`: arguments, messages, exit statuses."""

import json

import pytest

from biodir import write_pubtator
from biodir.cli import main
from biodir.document_biodir import Relation
from helpers.marked import marked_document

BIND = Relation("Bind", "D1", "D2", subject_id="D1")
ONE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>.", id="1", relations=(BIND,))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_pubtator([ONE], tmp_path / "in.pubtator")
    (tmp_path / "bad.jsonl").write_text('{"id": "2", "text": "Iron", "entities": []}\n{"id": "3"}\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_last_file_is_the_output_and_losses_are_counted_once(folder, capfd):
    assert main(["convert", "in.pubtator", "in.pubtator", "out.txt"]) == 0
    assert capfd.readouterr().err.splitlines() == [
        "biodir: documents: 2",
        "biodir: pubtator has no place for: direction of a relation: 2",
    ]
    assert (folder / "out.txt").read_text().count("1|t|") == 2


def test_standard_output_needs_a_format(folder, capfd):
    assert main(["convert", "in.pubtator", "-", "--format", "biocjson"]) == 0
    captured = capfd.readouterr()
    assert [each["id"] for each in json.loads(captured.out)["documents"]] == ["1"]
    assert main(["convert", "in.pubtator", "-"]) == 1


def test_left_out_documents_change_the_exit_status(folder, capfd):
    assert main(["convert", "bad.jsonl", "out.json"]) == 1
    assert not (folder / "out.json").exists()
    assert main(["convert", "bad.jsonl", "out.json", "--errors", "skip-document"]) == 3
    assert "biodir: documents: 1" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["in.pubtator"], 2, "in.pubtator is the output; name the files to convert before it"),
        (["in.pubtator", "in.pubtator"], 1, "in.pubtator is an input as well; write to another file"),
        (["none.txt", "out.json"], 1, "none.txt: there is no such file"),
    ],
)
def test_wrong_arguments_are_refused(folder, arguments, status, message, capfd):
    assert main(["convert", *arguments]) == status
    assert message in " ".join(capfd.readouterr().err.replace("\u2502", "").split())
