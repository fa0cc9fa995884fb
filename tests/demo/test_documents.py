"""Files that a reader opens in the demo: what is read, and the messages for what is not."""

import json

import pytest

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, BioDirError, ParseError
from biodir_demo import documents
from biodir_demo.documents import check_size, open_file

PUBTATOR = "7|t|EGFR binds.\n7|a|\n7\t0\t4\tEGFR\tGene\t1956\n\n"
MENTION = {
    "id": "1",
    "text": "EGFR",
    "infons": {"type": "Gene", "identifier": "1956"},
    "locations": [{"offset": 0, "length": 4}],
}
PASSAGE = {"offset": 0, "text": "EGFR binds.", "infons": {}, "annotations": [MENTION]}
SPAN = {"begin": 0, "end": 4, "label": "Gene", "identifier": 1956}
BIOC = {"documents": [{"id": "7", "passages": [PASSAGE]}]}


def written(folder, name: str, content: str):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((name, PUBTATOR) for name in ("a.pubtator", "A.TXT", "a.json")),
        *((name, json.dumps(BIOC, indent=1)) for name in ("a.json", "a.biocjson", "a.txt")),
        ("a.json", json.dumps([{"pmid": 7, "text": "EGFR binds.", "spans": [SPAN]}])),
    ],
)
def test_file_is_read(name, content, tmp_path):
    pytest.importorskip("bioc")
    (document,) = open_file(written(tmp_path, name, content))
    assert (document.id, document.mentions[0].identifiers) == ("7", ("1956",))


def test_no_more_documents_are_read_than_the_page_offers(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_DOCUMENTS", 3)
    content = "".join(PUBTATOR.replace("7", str(number)) for number in range(2, 7)) + "broken"
    assert [document.id for document in open_file(written(tmp_path, "a.pubtator", content))] == ["2", "3", "4"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pdf", "%PDF", r"a\.pdf: unknown suffix '\.pdf'"),
        ("a", "text", r"a: unknown suffix ''"),
        ("a.pubtator", "", r"a\.pubtator: there is no document"),
        ("a.pubtator", PUBTATOR.replace("0\t4", "0\t5"), r"^a\.pubtator:3: .*EGFR"),
        ("a.txt", "An abstract that nobody marked.", r"^a\.txt:1: "),
        ("a.json", "{", r"^a\.json"),
        ("a.xml", "<collection>", r"^a\.xml: not well-formed XML"),
    ],
)
def test_bad_file_is_refused_without_its_folder(name, content, message, tmp_path):
    with pytest.raises(BioDirError, match=message) as caught:
        open_file(written(tmp_path, name, content))
    assert str(tmp_path) not in str(caught.value)


def test_large_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_FILE_BYTES", 10)
    with pytest.raises(ParseError, match="MB are too many"):
        open_file(written(tmp_path, "a.pubtator", PUBTATOR))


def document(text: str, *ids: str) -> Document:
    entities = [
        {"start": index, "end": index + 1, "type": "Gene", "id": id_, "text": text[index]}
        for index, id_ in enumerate(ids)
    ]
    return Document.from_dict({"id": "d", "text": text, "entities": entities})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (document("abc"), "no entity is marked"),
        (document("abc", "-", "-1"), "no marked entity has an identifier"),
        (document("abc", "1", "1"), "there is one entity"),
        (document("a" * 20_001, "1", "2"), "20,001 characters"),
        (document("a" * 200, *map(str, range(1, 102))), "101 entities are marked"),
        (document("a" * 4_001, "1", "2"), "a sentence has 4,001 characters; this page reads 4,000"),
        (document("a" * 2_000, *"12" * 501), "1,002 mentions are marked; this page reads 1,000"),
    ],
)
def test_document_that_the_page_cannot_handle_is_refused(given, message):
    with pytest.raises(AnnotationError, match=message):
        check_size(given)
