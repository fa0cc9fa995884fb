"""The command `biodir dataset import`: what it writes and prints, and its errors."""

import json
import re
from pathlib import Path

import pytest

from biodir import read_pubtator
from biodir.cli import main
from biodir.dataset_script.corpora import CORPORA
from biodir.dataset_script.import_command import CORPUS_NAMES
from biodir.formats.reading import read_documents
from helpers.bioc_json import annotation, passage, read_one, relation, write_json

BC5CDR = """{id}|t|Iron harms.
{id}|a|Pain.
{id}\t0\t4\tIron\tChemical\tD1
{id}\t12\t16\tPain\tDisease\tD2
{id}\tCID\tD1\tD2

"""


def run(*arguments) -> int:
    """The exit status of the command with these arguments."""
    return main(["dataset", "import", *map(str, arguments)])


@pytest.fixture
def failure(capsys):
    """Run the command with these arguments; return the line that it ends with."""

    def run_and_fail(*arguments) -> str:
        assert run(*arguments) == 1
        return capsys.readouterr().err.removeprefix("biodir: error: ")

    return run_and_fail


@pytest.fixture(autouse=True)
def _no_data_folder(monkeypatch):
    monkeypatch.delenv("BIODIR_DATA", raising=False)


@pytest.fixture
def source(tmp_path) -> Path:
    """Three documents of BC5CDR."""
    path = tmp_path / "in.txt"
    path.write_text("".join(BC5CDR.format(id=id) for id in ("1", "2", "3")))
    return path


@pytest.fixture
def docred(tmp_path) -> Path:
    """A document of Re-DocRED in which a pair has relations in both directions."""
    vertices = [[{"name": name, "type": "LOC", "sent_id": 0, "pos": [at, at + 1]}] for at, name in enumerate("AB")]
    labels = [{"r": "P17", "h": 0, "t": 1}, {"r": "P150", "h": 1, "t": 0}]
    path = tmp_path / "in.json"
    path.write_text(json.dumps([{"title": "T", "sents": [["A", "B"]], "vertexSet": vertices, "labels": labels}]))
    return path


def test_pubtator_is_written_without_the_excluded(source, tmp_path, capsys):
    (tmp_path / "test.pubtator").write_text(BC5CDR.format(id="2") + BC5CDR.format(id="9"))
    (tmp_path / "dev.jsonl").write_text('{"id": "3", "text": "a"}\n')
    output = tmp_path / "out.pubtator"
    excluded = (tmp_path / "test.pubtator", tmp_path / "dev.jsonl")
    assert run("bc5cdr", source, source, "-o", output, "--exclude", *excluded) == 0
    (document,) = read_pubtator(output)
    assert document.id == "1"
    assert [mention.entity_type for mention in document.mentions] == ["ChemicalEntity", "DiseaseOrPhenotypicFeature"]
    assert (document.relations[0].relation_type, document.relations[0].subject_id) == ("Positive_Correlation", "D1")
    shown = capsys.readouterr()
    assert shown.err == ""
    header, note, _, *lines = shown.out.splitlines()
    assert header.startswith("BC5CDR  licence: public domain")
    assert (note, CORPUS_NAMES) == (CORPORA["bc5cdr"].note, tuple(CORPORA))
    counts = [int(line.split()[-1]) for line in lines[:12]]
    assert counts == [6, 0, 4, 2, 2, 1, 1, 1, 0, 0, 1, 0], "in the order of the table"
    assert lines[13:] == [
        "entity type  becomes                     count",
        "Chemical     ChemicalEntity                  1",
        "Disease      DiseaseOrPhenotypicFeature      1",
        "",
        "relation type  becomes               count",
        "CID            Positive_Correlation      1",
        "",
        "excluded: 2 3 2 3",
        "",
        "repeated: 1",
    ]


def test_scored_splits_of_biored_are_left_out_by_default(source, tmp_path, capsys, caplog, monkeypatch):
    folder = tmp_path / "data" / "bioredirect"
    folder.mkdir(parents=True)
    for split, document_id in (("train", "1"), ("dev", "2"), ("test", "3")):
        (folder / f"bioredirect_{split}.pubtator").write_text(BC5CDR.format(id=document_id))
    output = tmp_path / "out.pubtator"
    assert run("bc5cdr", source, "-o", output, "--data-dir", folder.parent) == 0
    shown = capsys.readouterr()
    assert [document.id for document in read_pubtator(output)] == ["1"]
    assert [line.split() for line in shown.out.splitlines()[5:8]] == [
        ["excluded", "2"],
        ["bioredirect_dev.pubtator", "1"],
        ["bioredirect_test.pubtator", "1"],
    ]
    assert caplog.messages == [
        f"{folder.parent}: lacks bioredirect_bc8_test.pubtator, whose documents are not excluded"
    ]
    monkeypatch.setenv("BIODIR_DATA", str(folder.parent))
    run("bc5cdr", source, "-o", output)
    assert capsys.readouterr() == shown
    run("bc5cdr", source, "-o", output, "--exclude", folder / "bioredirect_train.pubtator")
    assert [document.id for document in read_pubtator(output)] == ["2", "3"]
    run("bc5cdr", source, "-o", output, "--keep-overlaps")
    assert [document.id for document in read_pubtator(output)] == ["1", "2", "3"]


def test_json_lines_hold_what_pubtator_cannot(docred, tmp_path, failure):
    assert run("redocred", docred, "-o", tmp_path / "out.jsonl") == 0
    (document,) = read_documents(tmp_path / "out.jsonl")
    assert [(each.relation_type, each.subject_id) for each in document.relations] == [("P17", "E0"), ("P150", "E1")]
    line = failure("redocred", docred, "-o", tmp_path / "out.tsv")
    assert re.search(r"out\.tsv: document T: .* different subjects.*; or write \.jsonl", line)
    docred.write_text(docred.read_text().replace('["A", "B"]', '["A", "\\udc00"]'))
    line = failure("redocred", docred, "-o", tmp_path / "other.jsonl")
    assert "other.jsonl: a text holds '\\udc00', which UTF-8 cannot write" in line
    assert {path.name for path in tmp_path.iterdir()} == {"in.json", "out.jsonl"}, "nothing half-written stays"


def test_bad_documents_stop_or_are_named_and_counted(source, tmp_path, failure, capsys):
    source.write_text(BC5CDR.format(id="1") + BC5CDR.format(id="2").replace("Pain\tD", "Ache\tD"))
    assert "in.txt:10: says 'Ache'" in failure("bc5cdr", source, "-o", tmp_path / "out.jsonl", "--keep-overlaps")
    assert not (tmp_path / "out.jsonl").exists(), "an import that fails writes nothing"
    assert run("bc5cdr", source, "-o", tmp_path / "out.jsonl", "--keep-overlaps", "--errors", "skip-document") == 3
    shown = capsys.readouterr()
    assert "  could not be read                1\n" in shown.out
    assert f"{source}:10: says 'Ache'" in shown.err
    assert [document.id for document in read_documents(tmp_path / "out.jsonl")] == ["1"]


def test_relation_of_three_entities_is_counted(tmp_path, failure, capsys):
    names = (("Iron", 0, "Chemical", "D1"), ("pain", 5, "Disease", "D2"), ("fever", 10, "Disease", "D3"))
    marks = [annotation(text, text, start, type=kind, identifier=name) for text, start, kind, name in names]
    three = relation(nodes=[("Iron", ""), ("pain", ""), ("fever", "")], type="CID")
    source = write_json(tmp_path / "in.json", passage("Iron pain fever", 0, marks), relations=[three])
    options = ("bc5cdr", source, "-o", tmp_path / "out.jsonl", "--keep-overlaps")
    assert "relation R0: has 3 nodes, and a relation joins two entities; read it with" in failure(*options)
    assert run(*options, "--split-relations") == 0
    assert "biodir: relations of three and more entities, read as one of each pair: 1\n" in capsys.readouterr().err
    found = read_one(tmp_path / "out.jsonl").relations
    assert [(each.entity1_id, each.entity2_id) for each in found] == [("D1", "D2"), ("D1", "D3"), ("D2", "D3")]
    assert run(*options, "--errors", "skip-mention") == 0
    assert "biodir: left out: 1 relation (relation of three and more entities)\n" in capsys.readouterr().err
    assert read_one(tmp_path / "out.jsonl").relations == ()
    two = relation(nodes=[("Iron", ""), ("pain", "")], type="CID")
    pair = write_json(tmp_path / "pair.json", passage("Iron pain fever", 0, marks), relations=[two])
    scores = ("evaluate", str(source), str(pair), "--json", str(tmp_path / "scores.json"), "--resamples", "2")
    assert main([*scores, "--split-relations"]) == 0
    assert "read as one of each pair: 1\n" in capsys.readouterr().err
    assert json.loads((tmp_path / "scores.json").read_text())["entity_pair"]["recall"] == pytest.approx(1 / 3)


NO_SPLIT = "bioredirect_test.pubtator, bioredirect_bc8_test.pubtator, whose documents an import leaves out"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("in.txt -o out.csv", "out.csv: unknown suffix '.csv'; use one of .pubtator, "),
        ("in.txt -o in.txt", "in.txt is an input as well; write to another file"),
        ("absent.txt -o out.jsonl", "absent.txt: there is no such file"),
        ("in.txt -o out.jsonl --exclude absent.txt", "absent.txt: there is no such file"),
        ("in.txt -o absent/out.jsonl --keep-overlaps", "out.jsonl: cannot be written (absent is no folder)"),
        ("in.txt -o out.jsonl", NO_SPLIT),
        ("in.txt -o out.jsonl --data-dir .", NO_SPLIT),
        ("in.txt -o out.jsonl --exclude empty.txt", "holds no documents to exclude"),
        ("empty.txt -o out.jsonl --keep-overlaps", "no documents of bc5cdr"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(arguments, message, source, tmp_path, failure, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bioredirect_train.pubtator").write_text(BC5CDR.format(id="1"))
    (tmp_path / "empty.txt").write_text("")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert message in failure("bc5cdr", *arguments.split())
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.corpus
def test_bc5cdr_without_the_scored_splits_of_biored(data_dir, tmp_path, capsys):
    files = [data_dir / "bc5cdr" / f"CDR_{part}Set.PubTator.txt" for part in ("Training", "Development")]
    scored = [data_dir / "bioredirect" / f"bioredirect_{split}.pubtator" for split in ("dev", "test")]
    assert run("bc5cdr", *files, "-o", tmp_path / "out.pubtator", "--data-dir", data_dir) == 0
    counts = [line.split() for line in capsys.readouterr().out.splitlines()[5:8]]
    assert counts == [["excluded", "37"], ["bioredirect_dev.pubtator", "16"], ["bioredirect_test.pubtator", "21"]]
    ids = {document.id for document in read_pubtator(tmp_path / "out.pubtator")}
    assert len(ids) == 963
    assert not ids & {document.id for path in scored for document in read_pubtator(path)}
