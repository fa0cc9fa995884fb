"""The command `biodir dataset import`: what it writes and prints, and its errors."""

import argparse
import json
from pathlib import Path

import pytest

from biodir import AnnotationError, SettingError, read_pubtator
from biodir.dataset_script.import_command import add_import_command
from biodir.formats.reading import read_documents

BC5CDR = """{id}|t|Iron harms.
{id}|a|Pain.
{id}\t0\t4\tIron\tChemical\tD1
{id}\t12\t16\tPain\tDisease\tD2
{id}\tCID\tD1\tD2

"""


def run(*arguments) -> int:
    """The exit status of the command with these arguments."""
    parser = argparse.ArgumentParser(prog="biodir dataset")
    add_import_command(parser.add_subparsers(required=True))
    options = parser.parse_args(["import", *map(str, arguments)])
    return options.run(options)


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
    assert shown.out.splitlines() == [
        "BC5CDR  licence: public domain (United States Government work)  https://doi.org/10.1093/database/baw068",
        "Induced diseases alone are annotated: a chemical that treats a disease stands there as unrelated. Shares "
        "documents with BioRED, also with its test split: exclude them. No novelty.",
        "",
        "documents read                     6",
        "  could not be read                0",
        "  excluded                         4",
        "  repeated                         1",
        "documents                          1",
        "relations in them                  1",
        "  dropped                          0",
        "  merged into another of the pair  0",
        "relations                          1",
        "  pairs with opposite types        0",
        "",
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


def test_json_lines_hold_what_pubtator_cannot(docred, tmp_path):
    assert run("redocred", docred, "-o", tmp_path / "out.jsonl") == 0
    (document,) = read_documents(tmp_path / "out.jsonl")
    assert [(each.relation_type, each.subject_id) for each in document.relations] == [("P17", "E0"), ("P150", "E1")]
    with pytest.raises(AnnotationError, match=r"out\.tsv: document T: .* different subjects.*; or write \.jsonl"):
        run("redocred", docred, "-o", tmp_path / "out.tsv")


def test_text_that_utf8_cannot_write_is_named(docred, tmp_path):
    docred.write_text(docred.read_text().replace('["A", "B"]', '["A", "\\udc00"]'))
    with pytest.raises(AnnotationError, match=r"out\.jsonl: a text holds '\\udc00', which UTF-8 cannot write"):
        run("redocred", docred, "-o", tmp_path / "out.jsonl")


def test_bad_documents_stop_or_are_named_and_counted(source, tmp_path, capsys):
    source.write_text(BC5CDR.format(id="1") + BC5CDR.format(id="2").replace("Pain\tD", "Ache\tD"))
    with pytest.raises(AnnotationError, match=r"in\.txt:10: says 'Ache'"):
        run("bc5cdr", source, "-o", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists(), "an import that fails writes nothing"
    assert run("bc5cdr", source, "-o", tmp_path / "out.jsonl", "--errors", "skip") == 0
    shown = capsys.readouterr()
    assert "  could not be read                1\n" in shown.out
    assert shown.err.startswith(f"biodir: left out: {source}:10: says 'Ache'")
    assert [document.id for document in read_documents(tmp_path / "out.jsonl")] == ["1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none", "IN", "-o", "out.jsonl"], "no corpus is called 'none'; known are bc5cdr, "),
        (["bc5cdr", "IN", "-o", "out.csv"], r"out\.csv: unknown suffix '\.csv'; use one of \.pubtator, .*\.jsonl"),
        (["bc5cdr", "IN", "-o", "IN"], r"in\.txt is an input as well; write to another file"),
        (["bc5cdr", "absent.txt", "-o", "out.jsonl"], r"absent\.txt: there is no such file"),
        (["bc5cdr", "IN", "-o", "out.jsonl", "--exclude", "absent.txt"], r"absent\.txt: there is no such file"),
        (["bc5cdr", "IN", "-o", "absent/out.jsonl"], r"absent/out\.jsonl: cannot be written \(No such file"),
        (["bc5cdr", "IN", "-o", "absent/out.txt"], r"absent/out\.txt: cannot be written \(No such file"),
    ],
)
def test_settings_that_cannot_be(arguments, message, source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = source.read_bytes()
    with pytest.raises(SettingError, match=message):
        run(*(source if argument == "IN" else argument for argument in arguments))
    assert source.read_bytes() == content


def test_dropped_and_opposite_relations_are_shown(tmp_path, capsys):
    pytest.importorskip("bioc")
    relations = "".join(
        f'<relation><infon key="type">{kind}</infon><node refid="{head}" role="head"/>'
        f'<node refid="{tail}" role="tail"/></relation>'
        for kind, head, tail in (("INHIBITOR", "1", "2"), ("ACTIVATOR", "1", "2"), ("AGONIST", "1", "3"))
    )
    annotations = "".join(
        f'<annotation id="{id}"><infon key="type">{kind}</infon><location offset="{start}" length="{len(text)}"/>'
        f"<text>{text}</text></annotation>"
        for id, kind, start, text in (
            ("1", "CHEMICAL", 0, "iron"),
            ("2", "GENE", 5, "gene"),
            ("3", "CHEMICAL", 10, "Iron"),
        )
    )
    path = tmp_path / "in.xml"
    path.write_text(
        "<collection><document><id>1</id><passage><offset>0</offset><text>iron gene Iron</text>"
        f"{annotations}{relations}</passage></document></collection>"
    )
    assert run("drugprot", path, "-o", tmp_path / "out.pubtator") == 0
    shown = capsys.readouterr().out.splitlines()
    assert "relations in them                  3" in shown
    assert "relations                          1" in shown
    start = shown.index("dropped relation type  because                        count")
    assert shown[start + 1] == "AGONIST                both arguments are one entity      1"
    assert shown[-1] == f"{path}: document 1: text:iron - text:gene: Negative_Correlation, Positive_Correlation"


@pytest.mark.corpus
def test_bc5cdr_without_the_test_split_of_biored(data_dir, tmp_path, capsys):
    files = [data_dir / "bc5cdr" / f"CDR_{part}Set.PubTator.txt" for part in ("Training", "Development")]
    exclude = data_dir / "bioredirect" / "bioredirect_test.pubtator"
    assert run("bc5cdr", *files, "-o", tmp_path / "out.pubtator", "--exclude", exclude) == 0
    assert "  excluded                           21\n" in capsys.readouterr().out
    ids = [document.id for document in read_pubtator(tmp_path / "out.pubtator")]
    assert len(ids) == 979
    assert not set(ids) & {document.id for document in read_pubtator(exclude)}
