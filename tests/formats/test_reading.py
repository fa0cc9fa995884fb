"""The reader of a file by its content, whatever its suffix and its compression."""

import bz2
import gzip
import io
import json
import lzma
import os
import sys
import zipfile

import pytest
from datasets import Dataset

from biodir import (
    AnnotationError,
    ErrorPolicy,
    ParseError,
    SettingError,
    format_pubtator,
    read_pubtator,
    write_pubtator,
)
from biodir.formats.reading import JSON, PUBTATOR, document_count, file_format, read_documents
from biodir.formats.result_tables import COLUMNS
from biodir.inference.predict import count_documents
from helpers.bioc_json import annotation, passage
from helpers.marked import marked_document

ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
TWO = marked_document("<C:D1 Aspirin> cures <D:D2 pain>.", id="two")
JSON_LINE = json.dumps(ONE.to_dict())
MARKED = [
    annotation(each.text, each.text, each.start_char, type=each.entity_type, identifier=each.identifiers[0])
    for each in ONE.mentions
]
BIOC_DOCUMENT = {"id": "one", "passages": [passage(ONE.text, 0, MARKED)]}
XML_FILE = (
    "<collection><document><id>one</id><passage><offset>0</offset>"
    f"<text>{ONE.text}</text></passage></document></collection>"
)


def written(path, content):
    """The file; content that is no string is written as JSON."""
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "identifier",
    [
        "p|SUB|L|307|R;CorrespondingGene:23417;VariantGroup:0",
        "p|SUB|L|307|R;Gene:23417;Disease:C535702;VariantGroup:0",
        "tmVar:p|SUB|L|307|R;HGVS:p.L307R;RS#:121908085",
        "p|SUB|L|307|R",
    ],
)
@pytest.mark.parametrize(
    "kind", ["ProteinMutation", "Sequence_Variant", "sequence variant", "DNA-Mutation", "Genomic variant", "SNP"]
)
def test_identifier_of_a_variant_is_one_in_all_formats_and_spellings_of_its_type(identifier, kind, tmp_path):
    entity = {"start": 0, "end": 5, "type": kind, "id": identifier}
    marked = [annotation("1", "L307R", 0, type=kind, identifier=identifier)]
    contents = [
        f"8|t|L307R here.\n8|a|\n8\t0\t5\tL307R\t{kind}\t{identifier}\n",
        {"id": "8", "text": "L307R here.", "entities": [entity]},
        {"id": "8", "passages": [passage("L307R here.", 0, marked)]},
    ]
    for content in contents:
        (document,) = read_documents(written(tmp_path / "a", content))
        assert document.mentions[0].identifiers == (identifier,)


@pytest.mark.parametrize("name", ["a.pubtator", "a.PubTator", "a.txt", "a.TSV", "a.anything", "a"])
def test_pubtator_by_suffix_or_without_one(name, tmp_path):
    write_pubtator([ONE, TWO], tmp_path / name)
    assert file_format(tmp_path / name) == PUBTATOR
    assert list(read_documents(tmp_path / name)) == list(read_pubtator(tmp_path / name))
    assert [document.id for document in read_documents(tmp_path / name)] == ["one", "two"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.NDJSON", "a.json"])
def test_json_lines(name, tmp_path):
    path = written(tmp_path / name, f"\n{JSON_LINE}\n\n{json.dumps(TWO.to_dict())}\n")
    assert file_format(path) == JSON
    assert list(read_documents(path)) == [ONE, TWO]


@pytest.mark.parametrize(
    "content",
    [
        {"documents": [BIOC_DOCUMENT]},
        {"PubTator3": [BIOC_DOCUMENT]},
        [BIOC_DOCUMENT],
        BIOC_DOCUMENT,
        json.dumps({"documents": [BIOC_DOCUMENT]}, indent=1),
        "\n\n" + json.dumps(BIOC_DOCUMENT, indent=1),
    ],
)
def test_bioc_json_by_content(content, tmp_path):
    path = written(tmp_path / "a.json", content)
    assert file_format(path) == JSON
    (document,) = read_documents(path)
    assert (document.id, document.text, document.mentions) == (ONE.id, ONE.text, ONE.mentions)


def test_documents_of_biodir_with_passages_are_no_bioc(tmp_path):
    mapping = {"id": "p", "passages": [{"text": "Iron.", "type": "title"}, {"text": "More."}], "entities": []}
    path = written(tmp_path / "a.json", mapping)
    assert file_format(path) == JSON
    assert [document.text for document in read_documents(path)] == ["Iron. More."]


@pytest.mark.parametrize("name", ["a.pubtator", "a.jsonl", "a.json", "b.json", "a.xml", "a.parquet"])
def test_policy_reaches_every_reader(name, tmp_path):
    path = tmp_path / name
    if name == "a.pubtator":
        write_pubtator([ONE], path)
    elif name == "a.parquet":
        Dataset.from_list([ONE.to_dict()]).to_parquet(path)
    else:
        written(path, {"a.jsonl": JSON_LINE, "a.json": JSON_LINE, "b.json": BIOC_DOCUMENT, "a.xml": XML_FILE}[name])

    def refuse(document):
        raise AnnotationError(f"no {document.id}")

    with pytest.raises(AnnotationError, match=rf"{name}.*: no one$"):
        list(read_documents(path, policy=ErrorPolicy(prepare=refuse)))
    policy = ErrorPolicy("skip-document", prepare=refuse)
    assert list(read_documents(path, policy)) == []
    assert policy.skipped == {("document", "contradicts its text or labels"): 1}


def test_documents_are_counted_if_that_is_cheap(tmp_path):
    write_pubtator([ONE, TWO], tmp_path / "a.pubtator")
    lines = written(tmp_path / "b.jsonl", f"{JSON_LINE}\n\nnot json\n")
    bioc = written(tmp_path / "c.json", {"documents": [BIOC_DOCUMENT]})
    assert [document_count(path) for path in (tmp_path / "a.pubtator", lines, bioc)] == [2, 2, None]
    assert document_count(tmp_path / "absent.xml") is None
    assert document_count(tmp_path / "absent.parquet") is None
    assert count_documents([tmp_path / "a.pubtator", lines]) == 4
    assert count_documents([tmp_path / "a.pubtator", bioc, lines]) is None


# Contents, whatever the suffix.

PUBTATOR_TEXT = format_pubtator(ONE) + format_pubtator(TWO)
ROWS = [ONE.to_dict(), TWO.to_dict()]
COLLECTION = {"documents": [BIOC_DOCUMENT]}


@pytest.mark.parametrize(
    ("name", "content", "ids"),
    [
        ("a.biocjson", json.dumps(COLLECTION), ["one"]),
        ("a.bioc", json.dumps(COLLECTION, indent=1), ["one"]),
        ("b.bioc", XML_FILE, ["one"]),
        ("a.txt", JSON_LINE, ["one"]),
        ("b.txt", json.dumps(ROWS, indent=2), ["one", "two"]),
        ("c.txt", XML_FILE, ["one"]),
        ("a.json", PUBTATOR_TEXT, ["one", "two"]),
        ("a", "\n".join(json.dumps(row, indent=4) for row in ROWS), ["one", "two"]),
        ("b", "##HEADER\n# comment\n\n" + PUBTATOR_TEXT.replace("\n\n", "\n# comment\n\n"), ["one", "two"]),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_content_decides_packed_or_not_in_every_encoding(name, content, ids, pack, encoding, tmp_path):
    (tmp_path / name).write_bytes(pack(content.encode(encoding)))
    documents = list(read_documents(tmp_path / name))
    assert [document.id for document in documents] == ids
    assert documents[0].text == ONE.text


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
@pytest.mark.parametrize("content", [PUBTATOR_TEXT, "\n".join(map(json.dumps, ROWS)), json.dumps(ROWS, indent=1)])
def test_line_ends_of_other_systems_are_read(content, ends, tmp_path):
    (tmp_path / "a").write_bytes(content.replace("\n", ends).encode())
    found = [(document.id, len(document.mentions)) for document in read_documents(tmp_path / "a")]
    assert found == [("one", 2), ("two", 2)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(PUBTATOR_TEXT.encode())[:-9], "is damaged or cut off"),
        (lzma.compress(PUBTATOR_TEXT.encode())[:-9], "is damaged or cut off"),
        (b"\n <!DOCTYPE html><html>", "is a page of HTML"),
        (b"%PDF-1.4\n\0", "is a PDF"),
        *((mark.join(COLUMNS).encode() + b"\r\n", "is a table of relations that `biodir predict`") for mark in ",;\t"),
        (b"\x89PNG\n\0", "is binary, and no format that biodir reads"),
        (json.dumps(ROWS, indent=1).encode()[:-9], "not well-formed JSON"),
        (XML_FILE.encode()[:-9], "not well-formed XML"),
        ((PUBTATOR_TEXT.replace("\n", "\r") + PUBTATOR_TEXT).encode(), "save the file with one kind of line ends"),
    ],
)
def test_file_that_cannot_be_read_is_left_out_and_the_next_is_read(content, message, tmp_path):
    (tmp_path / "a").write_bytes(content)
    write_pubtator([TWO], tmp_path / "b")
    with pytest.raises(ParseError, match=rf"a(:1)?: .*{message}"):
        list(read_documents(tmp_path / "a"))
    policy = ErrorPolicy("skip-mention")
    paths = [tmp_path / "a", tmp_path / "b"]
    assert [document.id for document in policy.files(paths, lambda path: read_documents(path, policy))][-1] == "two"
    assert policy.skipped.total() == 1


def test_standard_input_and_pipes_are_read_once(tmp_path, monkeypatch):
    packed = gzip.compress(PUBTATOR_TEXT.encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(packed)))
    assert [document.id for document in read_documents("-")] == ["one", "two"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{")))
    with pytest.raises(ParseError, match=r"^standard input: not well-formed JSON"):
        list(read_documents("-"))
    reader, writer = os.pipe()
    os.write(writer, packed)
    os.close(writer)
    assert [document.id for document in read_documents(f"/dev/fd/{reader}")] == ["one", "two"]
    os.close(reader)


def test_empty_file_holds_no_document_and_is_named(tmp_path, caplog):
    (tmp_path / "a.json").write_text("\n")
    policy = ErrorPolicy()
    assert list(read_documents(tmp_path / "a.json", policy)) == []
    assert policy.summary() == ["files that hold no document: 1"]
    assert caplog.messages == [f"{tmp_path / 'a.json'}: files that hold no document: 1"]


def test_archive_and_missing_library_are_no_documents(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x", "1|t|Iron")
    with pytest.raises(ParseError, match=r"is an archive \(zip or tar\); unpack it"):
        list(read_documents(path))
    monkeypatch.setitem(sys.modules, "bioc.biocxml", None)
    policy = ErrorPolicy("skip-mention")
    (tmp_path / "a.xml").write_text("<collection/>")
    with pytest.raises(SettingError, match="pip install"):
        list(policy.files([tmp_path / "a.xml"], lambda each: read_documents(each, policy)))
