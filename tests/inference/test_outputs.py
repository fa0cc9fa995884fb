"""The formats of `biodir predict`: each holds what the pipeline finds, as far as it has a place for it."""

import csv
import io
import json
from typing import get_args

import pytest

from biodir import ErrorPolicy, SettingError
from biodir.cli import main
from biodir.formats.reading import read_documents
from biodir.inference.command import Format
from biodir.inference.outputs import FORMATS, SCORES, SUFFIXES, format_of, output_format
from biodir.inference.predict import REPEATED, predict_files
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

DOCUMENT = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="7")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("outputs"))


@pytest.fixture
def source(tmp_path):
    output_format("jsonl", entity_offsets="characters")
    path = tmp_path / "in.jsonl"
    path.write_text(output_format("biocjson").text_of(DOCUMENT, []), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["out.json", "out.xml", "out.parquet", "out.json.gz"])
def test_formats_of_documents_read_back_with_the_relations(name, checkpoint, source, tmp_path):
    extract = open_pipeline(checkpoint)
    report = predict_files(extract, [source], tmp_path / name)
    predict_files(extract, [source], tmp_path / "all.pubtator")
    (found,), (expected,) = (list(read_documents(tmp_path / each)) for each in (name, "all.pubtator"))
    assert report.relations == len(found.relations) == 3
    assert [(each.pair, each.relation_type, each.subject_id, each.novelty) for each in found.relations] == [
        (each.pair, each.relation_type, each.subject_id, each.novelty) for each in expected.relations
    ]


@pytest.mark.parametrize(("name", "delimiter"), [("out.csv", ","), ("out.tsv", "\t")])
def test_table_has_a_row_for_each_relation(name, delimiter, checkpoint, source, tmp_path):
    extract = open_pipeline(checkpoint)
    predict_files(extract, [source], tmp_path / name)
    with (tmp_path / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter))
    results = extract(DOCUMENT)
    assert [row["relation"] for row in rows] == [result["relation"] for result in results]
    for row, result in zip(rows, results, strict=True):
        assert (row["document"], row["subject"], row["object_id"]) == (
            "7",
            result["subject"]["text"],
            result["object"]["id"],
        )
        assert row["directed"] == str(result["directed"])
        assert [float(row[score]) for score in SCORES] == pytest.approx([result[score] for score in SCORES], abs=1e-4)
        assert row["evidence"] == " ".join(part["text"] for part in result["evidence"])


def test_table_goes_to_a_stream_and_a_format_of_files_does_not(checkpoint, source):
    extract = open_pipeline(checkpoint)
    predict_files(extract, [source], stream := io.StringIO(), "csv")
    assert len(stream.getvalue().splitlines()) == 4
    with pytest.raises(SettingError, match="format 'parquet' is written to files; name one with -o"):
        predict_files(extract, [source], stream, "parquet")


@pytest.mark.parametrize(
    ("name", "number"), [("a.pubtator", 1), ("a.json", 1), ("a.jsonl", 2), ("a.csv", 2), (None, 1)]
)
def test_relations_that_are_written_are_counted(name, number, checkpoint, tmp_path):
    two_types = marked_document("<C:3 Insulin> and the <G:3 gene> cause <D:D2 pain>.", id="7")
    source = tmp_path / "in.jsonl"
    source.write_text(output_format("biocjson").text_of(two_types, []), encoding="utf-8")
    policy, output = ErrorPolicy(), tmp_path / name if name else io.StringIO()
    named = {} if name else {"format_name": "pubtator"}
    report = predict_files(open_pipeline(checkpoint), [source], output, policy=policy, **named)
    assert (report.relations, policy.notes[REPEATED]) == (number, 2 - number)
    if name is not None and number == 1:
        assert [len(document.relations) for document in read_documents(output)] == [1]


def test_document_that_xml_cannot_hold_is_left_out(checkpoint, tmp_path, capfd):
    (tmp_path / "in.jsonl").write_text('{"id": "7", "text": "a\\u0001b", "entities": []}\n', encoding="utf-8")
    arguments = ["predict", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.xml"), "--model", str(checkpoint)]
    assert main(arguments) == 3
    assert f"left out a document: {tmp_path / 'in.jsonl'}:1: cannot be written as XML" in capfd.readouterr().err


def test_filters_are_the_same_in_all_formats(checkpoint, source, tmp_path):
    arguments = ["predict", str(source), "--model", str(checkpoint), "--pair-type", "Disease-Chemical"]
    for name in ("out.csv", "out.json", "out.pubtator"):
        assert main([*arguments, "-o", str(tmp_path / name)]) == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    assert [{row["subject_id"], row["object_id"]} for row in rows] == [{"D1", "D2"}]
    for name in ("out.json", "out.pubtator"):
        (found,) = read_documents(tmp_path / name)
        assert [relation.pair for relation in found.relations] == [{"D1", "D2"}]


def test_format_is_named_by_the_suffix(tmp_path):
    assert [format_of(tmp_path / name) for name in ("a.TSV", "a.json.gz", "a.txt")] == ["tsv", "biocjson", "pubtator"]
    assert all(format_of(tmp_path / f"x{suffix}") == name for suffix, name in SUFFIXES.items())
    with pytest.raises(SettingError, match=r"unknown suffix '\.doc'"):
        format_of(tmp_path / "a.doc")
    with pytest.raises(SettingError, match="format is 'cvs'; did you mean 'csv'"):
        output_format("cvs")


@pytest.mark.parametrize(
    ("name", "format_name"),
    [("n.cx2", None), ("n.graphml", None), ("n.html", None), ("n.jsonl", "kgx-jsonl"), ("n.csv", "neo4j")],
)
def test_network_is_that_of_the_network_command(name, format_name, checkpoint, source, tmp_path):
    chosen = ["--format", format_name] if format_name else []
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    arguments = ["predict", str(source), "--model", str(checkpoint), "-o"]
    assert main([*arguments, str(tmp_path / "one" / name), *chosen]) == 0
    assert main([*arguments, str(tmp_path / "all.jsonl"), "--return-entities"]) == 0
    assert main(["network", str(tmp_path / "all.jsonl"), "-o", str(tmp_path / "two" / name), *chosen]) == 0
    one, two = ({each.name: each.read_bytes() for each in (tmp_path / part).iterdir()} for part in ("one", "two"))
    assert one == two
    assert len(one) == (1 if format_name is None else 2)


@pytest.mark.parametrize("unit", ["bytes", "utf-16"])
def test_network_counts_characters_whatever_results_count(unit, checkpoint, tmp_path):
    document = marked_document("\U0001f9ea is old. <C:D1 Aspirin> cures <D:D2 pain>.", id="7")
    line = output_format("jsonl", entity_offsets=unit).text_of(document, [])
    (tmp_path / "in.jsonl").write_text(line, encoding="utf-8")
    policy = ErrorPolicy(offsets=unit)
    predict_files(open_pipeline(checkpoint), [tmp_path / "in.jsonl"], tmp_path / "n.jsonl", "kgx-jsonl", policy=policy)
    edge = json.loads((tmp_path / "n_edges.jsonl").read_text("utf-8"))
    assert edge["biodir_supporting_text_location"] == ["PMID:7#char=10,29"]


def test_documents_of_files_without_ids_are_their_own_and_no_pmids(checkpoint, tmp_path):
    without_id = {key: value for key, value in DOCUMENT.to_dict().items() if key != "id"}
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(json.dumps(without_id) + "\n", encoding="utf-8")
    inputs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    predict_files(open_pipeline(checkpoint), inputs, tmp_path / "n.jsonl", "kgx-jsonl")
    edge = json.loads((tmp_path / "n_edges.jsonl").read_text("utf-8").splitlines()[0])
    assert edge["biodir_other_documents"] == ["a.jsonl:1", "b.jsonl:1"]
    assert "publications" not in edge
    predict_files(open_pipeline(checkpoint), inputs, tmp_path / "out.pubtator")
    assert [each.id for each in read_documents(tmp_path / "out.pubtator")] == ["a.jsonl:1", "b.jsonl:1"]


def test_network_has_the_relation_types_of_a_vocabulary_and_is_written_to_files(checkpoint, source, tmp_path):
    extract = open_pipeline(checkpoint)
    predict_files(extract, [source], tmp_path / "n.cx2", vocabulary="pubtator3")
    aspects = {name: part for each in json.loads((tmp_path / "n.cx2").read_text()) for name, part in each.items()}
    types = {edge["v"]["relation"] for edge in aspects["edges"]}
    assert types
    assert all(each == each.lower() for each in types)
    with pytest.raises(SettingError, match="kgx-tsv has relations of its own"):
        predict_files(extract, [source], tmp_path / "n.tsv", "kgx-tsv", vocabulary="pubtator3")
    with pytest.raises(SettingError, match=r"n\.graphml\.gz: networks are not packed; leave \.gz out"):
        predict_files(extract, [source], tmp_path / "n.graphml.gz")
    with pytest.raises(SettingError, match="format 'page' is written to files; name one with -o"):
        predict_files(extract, [source], io.StringIO(), "page")


def test_command_names_every_format():
    assert set(get_args(Format)) == set(FORMATS)
