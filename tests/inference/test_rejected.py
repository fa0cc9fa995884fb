"""What is left out is listed with file, line and reason."""

import json
from pathlib import Path

from biodir.errors_biodir import ParseError
from biodir.inference.rejected import rejections


def rejected(tmp_path, *errors):
    """The list of an output after these errors, None if there is none."""
    inputs = [Path("a.jsonl"), Path("b:2.xml"), Path("-")]
    with rejections(tmp_path, tmp_path / "out", inputs) as reject:
        for what, message in errors:
            reject(what, ParseError(message, "not JSON"))
    path = tmp_path / "out.rejected.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else None


def test_line_has_file_line_and_reason(tmp_path):
    messages = ["a.jsonl:12: not JSON", "b:2.xml: is HTML", "standard input:3, document 2: no text", "no place"]
    found = rejected(tmp_path, *[("document", message) for message in messages])
    assert [(each["file"], each["line"]) for each in found] == [
        ("a.jsonl", 12),
        ("b:2.xml", None),
        ("standard input", 3),
        (None, None),
    ]
    assert found[0] == {
        **{"what": "document", "file": "a.jsonl", "line": 12},
        **{"reason": "not JSON", "message": "a.jsonl:12: not JSON"},
    }


def test_list_of_an_earlier_run_is_removed_and_mentions_are_not_listed(tmp_path):
    assert len(rejected(tmp_path, ("file", "a.jsonl: is HTML"))) == 1
    assert rejected(tmp_path, ("mention", "a.jsonl:1: unknown type")) is None
    assert list(tmp_path.iterdir()) == [tmp_path / "rejected.jsonl"]
