"""Documents from JSON: of one value a line, one value in several lines, lists and collections."""

import json
import os
import time
from pathlib import Path
from threading import Thread

import pytest

from biodir import AnnotationError, ErrorPolicy, Mention, ParseError, Passage, Relation
from biodir.formats.json_files import read_json
from biodir.formats.reading import read_documents
from helpers.bioc_json import annotation, passage, read_one, write_json
from helpers.marked import marked_document

ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
LINE = json.dumps(ONE.to_dict()).encode()
BAD_LINE = b'{"id": "bad", "text": "ab", "entities": [{"start": 0, "end": 5, "type": "Gene"}]}'


def read(path, content, policy=None):
    path.write_bytes(content)
    return list(read_json(path, policy or ErrorPolicy()))


def test_lines_hold_a_document_each_and_a_missing_id_is_the_place_of_the_line(tmp_path):
    documents = read(tmp_path / "in.jsonl", LINE + b'\n\n{"text": "a"}\n  \n')
    assert documents[0] == ONE
    assert [document.id for document in documents] == ["one", "in.jsonl:3"]


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        (b"{", ParseError, r"not JSON \(.* at character \d\)"),
        (b"[1]", ParseError, "1 is no mapping; known shapes are "),
        (b'{"text": "\xff"}', ParseError, r"not UTF-8 in a string of the document"),
        (b"[" * 100_000, ParseError, r"not a document \(maximum recursion"),
        (BAD_LINE, AnnotationError, r"document bad, entities\[0\]: ends at 5"),
    ],
    ids=["cut off", "list", "encoding", "nesting", "document"],
)
def test_bad_line_is_named_or_skipped(line, kind, message, tmp_path):
    content = b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n'
    with pytest.raises(kind, match=rf"in\.jsonl:2: {message}"):
        read(tmp_path / "in.jsonl", content)
    policy = ErrorPolicy("skip-document")
    assert [document.text for document in read(tmp_path / "in.jsonl", content, policy)] == ["a", "b"]
    assert policy.skipped_number("document") == 1


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("in.jsonl", '{"text": "Iron", "entities": [1]}', "in.jsonl:1"),
        ("in.json", '[\n{"text": "Iron", "entities": [1]}]', "in.json: document 1"),
    ],
)
def test_place_of_a_document_without_id_is_named_once(name, content, place, tmp_path):
    with pytest.raises(AnnotationError) as error:
        read(tmp_path / name, content.encode())
    assert str(error.value).startswith(f"{tmp_path / place}, entities[0]: an entity mention")
    left_out = []
    read(tmp_path / name, content.encode(), ErrorPolicy("skip-mention", on_skip=lambda _, each: left_out.append(each)))
    assert list(map(str, left_out)) == [str(error.value)]


ROW = {"text": "Iron", "entities": [{"start": 0, "end": 4, "type": "Chemical", "id": "D1"}]}


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        (json.dumps(ROW, indent=1), ["in.json:1"]),
        (json.dumps([ROW, ROW]), ["in.json:1.0", "in.json:1.1"]),
        (json.dumps([ROW, {**ROW, "id": 7}], indent=1), ["in.json:1", "7"]),
        (json.dumps(ROW, indent=1) + "\n\n" + json.dumps(ROW, indent=1), ["in.json:1", "in.json:2"]),
        (json.dumps({"documents": [ROW, ROW]}, indent=1), ["in.json:1", "in.json:2"]),
        ("[]", []),
        ("", []),
    ],
)
def test_values_may_be_lists_and_may_have_several_lines(content, ids, tmp_path):
    documents = read(tmp_path / "in.json", content.encode())
    assert [document.id for document in documents] == ids
    assert all(document.mentions == (Mention(0, 4, "Iron", "Chemical", ("D1",)),) for document in documents)


@pytest.mark.parametrize("content", ['{"documents": [', '{"id": "1",\n "passages" : [', '[{"text": "a"},\n {"text"]'])
def test_value_that_is_cut_off_is_one_error(content, tmp_path):
    for errors in ("raise", "skip-mention"):
        with pytest.raises(ParseError, match=r"in\.json: not well-formed JSON \(.* at line \d, column \d+\)"):
            read(tmp_path / "in.json", content.encode(), ErrorPolicy(errors))


# BioC JSON.


@pytest.fixture
def source(tmp_path) -> Path:
    return tmp_path / "in.json"


def test_json_without_keys_that_bioc_requires(source):
    write_json(source, passage("Aspirin.", 0, [annotation(identifier="D1")]), passage("It cures.", 9))
    document = read_one(source)
    assert document.text == "Aspirin. It cures."
    assert document.mentions == (Mention(0, 7, "Aspirin", "Chemical", ("D1",)),)
    assert document.passages == (Passage(0, 8, ""), Passage(9, 18, ""))


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [("", "", 1), ('{"PubTator3": [', "]}", 1), ("[", "]", 1), ('[{"documents": [', "]}]", 1), ("[D, ", "]", 2)],
)
def test_ways_to_wrap_documents(before, after, count, source):
    document = json.dumps({"id": 7, "passages": [passage("Aspirin.")]})
    source.write_text(before.replace("D, ", document + ", ") + document + after)
    assert [(document.id, document.text) for document in read_documents(source)] == [("7", "Aspirin.")] * count


def test_article_of_pubtator(source):
    article = {
        "pmid": 7,
        "title": "Aspirin.",
        "abstract": "It cures pain.",
        "annotations": [
            {"start": "0", "end": 7.0, "name": "Aspirin", "type": "Chemical", "mesh": "MESH:D1"},
            {"start": 18, "end": 22, "name": "pain", "type": "Disease", "mesh": "-"},
        ],
        "relations": [{"relation_type": "Association", "mesh1": "MESH:D1", "mesh2": "9"}],
    }
    source.write_text(json.dumps(article))
    document = read_one(source)
    assert document.text == "Aspirin. It cures pain."
    assert [mention.identifiers for mention in document.mentions] == [("MESH:D1",), ()]
    assert document.relations == (Relation("Association", "MESH:D1", "9"),)
    del article["annotations"][0]["mesh"]
    source.write_text(json.dumps(article))
    with pytest.raises(ParseError, match=r"in\.json:1: article 7: KeyError 'mesh'"):
        list(read_documents(source))


def test_bad_documents_are_skipped_and_reported(source):
    good = {"id": "7", "passages": [passage("Aspirin.")]}
    bad = {"id": "8", "passages": [passage("Aspirin.", 0, [annotation(id="T1", text="aspirin")])]}
    nameless, shapeless = {"passages": []}, {"id": "9", "passages": [{"text": "no offset"}]}
    source.write_text(json.dumps([good, bad, nameless, shapeless, good | {"id": "10"}]))
    errors: list[Exception] = []
    policy = ErrorPolicy("skip-document", on_skip=lambda what, error: errors.append(error))
    assert [document.id for document in read_documents(source, policy)] == ["7", "in.json:1.2", "9", "10"]
    (error,) = errors
    assert str(error).removeprefix(str(source)) == (
        ":1, document 1: document 8, annotation T1: says 'aspirin' but the text at [0, 7) is 'Aspirin'; "
        "the two differ in upper and lower case; write the mention as the text does"
    )


def test_line_that_is_cut_off_costs_one_document_wherever_it_is(tmp_path):
    path = tmp_path / "in.jsonl"
    for cut in range(3):
        lines = [json.dumps({"id": str(number), "text": "a"}) for number in range(3)]
        lines[cut] = lines[cut][:-6]
        path.write_text("\n".join(lines))
        policy = ErrorPolicy("skip-document")
        assert len(list(read_documents(path, policy))) == 2
        assert policy.skipped_number("document") == 1


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="pipes have no path here")
def test_pipe_that_gives_few_bytes_at_a_time_is_read(tmp_path):
    reader, writer = os.pipe()

    def feed():
        for part in (b"\n", b'{"text"', b': "a"}\r', b'\n{"text": "b"}\r\n'):
            os.write(writer, part)
            time.sleep(0.05)
        os.close(writer)

    Thread(target=feed).start()
    assert [document.text for document in read_documents(f"/dev/fd/{reader}")] == ["a", "b"]
