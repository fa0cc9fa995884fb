"""Plain text files: a document a file or a line, with the offsets of the file."""

import gzip
import io
import re

import pytest

from biodir import ErrorPolicy, ParseError
from biodir.formats.reading import FORMAT_SUFFIXES, document_count, read_documents

TITLE, ABSTRACT = "EGFR in \u03b1-cells", "Gefitinib blocks EGFR."
CONTENT = f"{TITLE}\n\n{ABSTRACT}\n"


def read(path, one_per_line=False, **policy):
    policy = ErrorPolicy(finds_entities=True, **policy)
    return list(read_documents(path, policy, one_per_line)), policy


@pytest.mark.parametrize("name", ["notes.txt", "notes.TXT", "notes", "notes.md", "notes.txt.gz"])
def test_text_file_is_a_document_named_after_it(name, tmp_path):
    content = CONTENT.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    ((document,), _) = read(tmp_path / name)
    assert (document.id, document.text, document.is_plain) == ("notes", CONTENT.rstrip(), True)
    assert document_count(tmp_path / name, may_be_text=True) == 1


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbf" + CONTENT.encode(), CONTENT.rstrip()),
        (CONTENT.encode("utf-16"), CONTENT.rstrip()),
        (CONTENT.replace("\n", "\r\n").encode(), CONTENT.replace("\n", "\r\n").rstrip()),
        (CONTENT.replace("\n", "\r").encode(), CONTENT.replace("\n", "\r").rstrip()),
        (b"  EGFR \n", "  EGFR"),
        (b"[Article in French.] EGFR", "[Article in French.] EGFR"),
        (b"[3H]thymidine", "[3H]thymidine"),
        (b"<5 % of {patients}", "<5 % of {patients}"),
        (b"<i>BRCA1</i> mutations", "<i>BRCA1</i> mutations"),
        (b"<sup>18</sup>F-FDG", "<sup>18</sup>F-FDG"),
        (b"{Delta}9-THC", "{Delta}9-THC"),
        (b"A table:\nsmith et al\t12\t34\tsee table", "A table:\nsmith et al\t12\t34\tsee table"),
        (b"Rows:\n7\t12\t34\tsee table\tand text", "Rows:\n7\t12\t34\tsee table\tand text"),
        (b"Images:\nT1\tweighted or T2", "Images:\nT1\tweighted or T2"),
    ],
)
def test_text_is_kept_as_it_is_in_the_file(content, text, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    ((document,), _) = read(tmp_path / "a.txt")
    assert document.text == text


def test_each_line_is_a_document_that_is_named_by_its_place(tmp_path, monkeypatch):
    content = "\ufeffEGFR binds.\r\n\r\n  Iron.  \r\nlast".encode()
    (tmp_path / "a.txt").write_bytes(content)
    documents, _ = read(tmp_path / "a.txt", one_per_line=True)
    expected = [("a.txt:1", "EGFR binds."), ("a.txt:3", "  Iron."), ("a.txt:4", "last")]
    assert [(document.id, document.text) for document in documents] == expected
    assert document_count(tmp_path / "a.txt", may_be_text=True, one_per_line=True) == 3
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert [document.id for document in read("-", one_per_line=True)[0]] == ["stdin:1", "stdin:3", "stdin:4"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"EGFR")))
    assert [document.id for document in read("-")[0]] == ["stdin"]


def test_only_the_line_that_is_not_utf8_is_bad(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"EGFR\ncaf\xe9\nIron\n")
    with pytest.raises(ParseError, match=r"a\.txt:2: not UTF-8 at character 3; save the file as UTF-8"):
        read(tmp_path / "a.txt")
    documents, policy = read(tmp_path / "a.txt", one_per_line=True, errors="skip-document")
    assert [document.text for document in documents] == ["EGFR", "Iron"]
    assert policy.skipped == {("document", "not UTF-8"): 1}


@pytest.mark.parametrize("content", [b"", b" \n\r\n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("one_per_line", [False, True])
def test_empty_text_holds_no_document(content, one_per_line, tmp_path):
    (tmp_path / "a.txt").write_bytes(content)
    documents, policy = read(tmp_path / "a.txt", one_per_line)
    assert (documents, policy.summary()) == ([], ["files that hold no document: 1"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pubtator", b"EGFR binds.", "is neither 'PMID"),
        ("a.csv", b"id,text\n1,EGFR binds.", "is neither 'PMID"),
        ("a.txt", b"1\t0\t4\tEGFR\tGene\t1956", "1"),
        ("a.txt", b'[{"text": ', "not well-formed JSON"),
        ("a.txt", b'{"text": ', "not well-formed JSON"),
        ("a.txt", b"<!DOCTYPE html><p>EGFR", "is a page of HTML"),
        ("a.txt", b"<!-- saved --><html><p>EGFR", "is a page of HTML"),
        ("a.txt", b"<collection>", "XML"),
        ("a.txt", b"<?xml version='1.0'?><article>", "outermost element is <article>"),
        ("a.txt", b"T1\tGene 0 4\tEGFR\n", "holds annotations of brat"),
        ("a.txt", b"R1\tBind Arg1:T1 Arg2:T2\n", "holds annotations of brat"),
        ("a.txt", b"%PDF-1.7\n%", "is a PDF; extract its text"),
        (
            "a.txt",
            b"\r\nPMID- 7001\r\nOWN - NLM\r\nTI  - Iron.\r\n",
            "MEDLINE format of PubMed, which is not read; get",
        ),
        ("a.txt", b"EG\x00FR", "is binary"),
    ],
)
def test_what_is_broken_or_of_another_format_is_no_plain_text(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParseError, match=message):
        read(tmp_path / name)


def test_lines_of_another_format_are_no_texts(tmp_path):
    (tmp_path / "a.txt").write_text("1|t|EGFR\n1|a|binds.\n")
    with pytest.raises(ParseError, match=r"a\.txt: is PubTator, not plain text; leave out --one-per-line"):
        read(tmp_path / "a.txt", one_per_line=True)


def test_text_is_plain_only_where_its_entities_will_be_found(tmp_path):
    (tmp_path / "a.txt").write_text(CONTENT)
    with pytest.raises(ParseError, match="is neither 'PMID"):
        list(read_documents(tmp_path / "a.txt"))
    (tmp_path / "a.jsonl").write_text('{"text": "Iron", "year": 2024}\n')
    assert read(tmp_path / "a.jsonl")[0][0].is_plain


def test_annotations_of_brat_beside_a_text_are_noted(tmp_path):
    (tmp_path / "a.txt").write_text(CONTENT)
    (tmp_path / "a.ann").write_text("T1\tGene 0 4\tEGFR\n")
    _, policy = read(tmp_path / "a.txt")
    assert policy.summary() == ["texts that have annotations of brat beside them; name the .ann to read these: 1"]


@pytest.mark.parametrize("suffix", [*FORMAT_SUFFIXES, ".txt", ".ann.gz", ".JSONL.zst"])
def test_text_that_is_only_the_name_of_a_file_is_an_error(suffix, tmp_path):
    (tmp_path / "list.txt").write_text(f"\nfolder/notes{suffix}\nEGFR in notes{suffix}\n")
    with pytest.raises(ParseError, match=rf"list\.txt:2: 'folder/notes{re.escape(suffix)}' is the name of a file"):
        read(tmp_path / "list.txt", one_per_line=True)
    ((document,), _) = read(tmp_path / "list.txt")
    assert document.text.endswith(suffix)
