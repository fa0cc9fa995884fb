"""Documents from JSON Lines; a bad line is named, and spoils no other."""

import json

import pytest

from biodir import AnnotationError, ErrorPolicy, ParseError
from biodir.formats.json_files import read_json
from helpers.marked import marked_document

ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
LINE = json.dumps(ONE.to_dict()).encode()
BAD_LINE = b'{"id": "bad", "text": "ab", "entities": [{"start": 0, "end": 5, "type": "Gene"}]}'


def read(path, content, policy=None):
    path.write_bytes(content)
    return list(read_json(path, policy or ErrorPolicy()))


def test_lines_hold_a_document_each_and_a_missing_id_is_the_number_of_the_line(tmp_path):
    documents = read(tmp_path / "in.jsonl", LINE + b'\n\n{"text": "a"}\n  \n')
    assert documents[0] == ONE
    assert [document.id for document in documents] == ["one", "3"]


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        (b"{", ParseError, r"not JSON \(.* at character \d\)"),
        (b"[1]", ParseError, r"\[1\] is not a mapping"),
        (b'{"text": "\xff"}', ParseError, r"not UTF-8 at byte 10"),
        (b"[" * 100_000, ParseError, r"not a document \(maximum recursion"),
        (b'{"documents": []}', ParseError, r"is BioC, .* save BioC as a \.json file"),
        (BAD_LINE, AnnotationError, r"document bad, entities\[0\]: ends at 5"),
    ],
    ids=["cut off", "list", "encoding", "nesting", "bioc", "document"],
)
def test_bad_line_is_named_or_skipped(line, kind, message, tmp_path):
    content = b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n'
    with pytest.raises(kind, match=rf"in\.jsonl:2: {message}"):
        read(tmp_path / "in.jsonl", content)
    policy = ErrorPolicy("skip-document")
    assert [document.text for document in read(tmp_path / "in.jsonl", content, policy)] == ["a", "b"]
    assert [type(error) for error in policy.skipped] == [kind]
