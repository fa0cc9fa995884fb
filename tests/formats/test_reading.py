"""The reader of a file by its content, whatever its suffix and its compression."""

import json

import pytest
from datasets import Dataset

from biodir import AnnotationError, ErrorPolicy, read_pubtator, write_pubtator
from biodir.formats.reading import JSON, PUBTATOR, document_count, file_format, read_documents
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
