"""The door to all file formats: `read_documents` picks the reader of a file."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import check_errors_setting, read_pubtator
from biodir.errors_biodir import BioDirError
from biodir.formats.bioc_files import DOCUMENTS_KEYS, XML_SUFFIX, is_bioc_json, read_bioc
from biodir.formats.json_lines import read_json_lines
from biodir.formats.lenient import opened
from biodir.formats.parquet import read_parquet

PUBTATOR_SUFFIXES = (".pubtator", ".txt", ".tsv")
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")
JSON_SUFFIX = ".json"
_PARQUET_SUFFIX = ".parquet"
INPUT_HELP = (
    f"files of documents: PubTator ({', '.join(PUBTATOR_SUFFIXES)} or any other suffix), JSON Lines "
    f"({', '.join(JSON_LINES_SUFFIXES)}), BioC ({XML_SUFFIX}, {JSON_SUFFIX}) or Parquet ({_PARQUET_SUFFIX})"
)

PUBTATOR, JSON_LINES, BIOC, PARQUET = "PubTator", "JSON Lines", "BioC", "Parquet"

_TITLE_LINE = re.compile(rb"[^|\t\n]+\|t\|")
# A key of BioC in the beginning of a file that is no JSON: the reader of BioC names the mistake best.
_BIOC_KEY = re.compile(rb'"(?:passages|%s)"\s*:' % "|".join(DOCUMENTS_KEYS).encode())
_BEGINNING_BYTES = 4096


def read_documents(
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
    check: Callable[[Document], Any] | None = None,
) -> Iterator[Document]:
    """The documents of a file of any format, one held at a time where the format allows.

    Args:
        path: its suffix says the format; .json is BioC or JSON Lines, whichever its content is. Files with a suffix
            that says nothing are read as PubTator.
        errors: "raise", or "skip" to leave out documents with an error.
        on_skip: called with the error of each document that is left out.
        check: called with each document; an error that it raises counts as one of the document.

    Raises:
        SettingError: `errors` is neither of the two, or the library that reads the format is not installed.
        BioDirError: a document does not follow its format; with the file and the place in it.
    """
    check_errors_setting(errors)
    return _reader(file_format(path))(path, errors=errors, on_skip=on_skip, check=check)


def file_format(path: str | os.PathLike[str]) -> str:
    """The format of a file: PUBTATOR, JSON_LINES, BIOC or PARQUET.

    Raises:
        ParseError: the file has to be opened to tell and cannot be.
    """
    suffix = Path(path).suffix.lower()
    if suffix in JSON_LINES_SUFFIXES:
        return JSON_LINES
    if suffix == JSON_SUFFIX:
        with opened(path) as file:
            return BIOC if _holds_bioc_json(file) else JSON_LINES
    return {XML_SUFFIX: BIOC, _PARQUET_SUFFIX: PARQUET}.get(suffix, PUBTATOR)


def document_count(path: str | os.PathLike[str]) -> int | None:
    """How many documents a file seems to hold, nothing checked; None for formats that must be parsed to tell."""
    kind = file_format(path)
    if kind not in (PUBTATOR, JSON_LINES):
        return None
    with opened(path) as file:
        return sum(bool(line.strip()) if kind == JSON_LINES else bool(_TITLE_LINE.match(line)) for line in file)


def _reader(kind: str) -> Callable[..., Iterator[Document]]:
    return {PUBTATOR: read_pubtator, JSON_LINES: read_json_lines, BIOC: read_bioc, PARQUET: read_parquet}[kind]


def _holds_bioc_json(file: BinaryIO) -> bool:
    """Whether the file is BioC: its first line alone, or if that is no value, the whole of it."""
    first_line = next((line for line in file if line.strip()), b"")
    try:
        return is_bioc_json(json.loads(first_line))
    except (ValueError, RecursionError):
        content = first_line + file.read()
    try:
        return is_bioc_json(json.loads(content))
    except (ValueError, RecursionError):
        return _BIOC_KEY.search(content, 0, _BEGINNING_BYTES) is not None
