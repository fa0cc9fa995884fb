"""Documents of a file in any format: `read_documents` chooses the reader by suffix and content."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import read_pubtator
from biodir.errors_biodir import STRICT, ErrorPolicy
from biodir.files import open_input
from biodir.formats.bioc_files import DOCUMENTS_KEYS, XML_SUFFIX, is_bioc_json, read_bioc
from biodir.formats.json_lines import read_json_lines
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
READERS: Mapping[str, Callable[..., Iterator[Document]]] = {
    PUBTATOR: read_pubtator,
    JSON_LINES: read_json_lines,
    BIOC: read_bioc,
    PARQUET: read_parquet,
}

_TITLE_LINE = re.compile(rb"[^|\t\n]+\|t\|")
# A key of BioC at the start of a file that is no JSON: the reader of BioC gives the best message.
_BIOC_KEY = re.compile(rb'"(?:passages|%s)"\s*:' % "|".join(DOCUMENTS_KEYS).encode())
_START_BYTES = 4096


def read_documents(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Return an iterator over the documents of a file, which holds one at a time if the format allows it.

    Args:
        path: its suffix decides the format; .json is BioC or JSON Lines, by its content. Files with an unknown suffix
            are read as PubTator.
        policy: whether a document with an error is raised or skipped.

    Raises:
        SettingError: the library that reads the format is not installed.
        BioDirError: a document does not follow its format; with the file and the place in it.
    """
    return READERS[file_format(path)](path, policy)


def file_format(path: str | os.PathLike[str]) -> str:
    """Return the format of a file: PUBTATOR, JSON_LINES, BIOC or PARQUET.

    Raises:
        ParseError: a .json file cannot be opened.
    """
    suffix = Path(path).suffix.lower()
    if suffix in JSON_LINES_SUFFIXES:
        return JSON_LINES
    if suffix == JSON_SUFFIX:
        with open_input(path) as file:
            return BIOC if _holds_bioc_json(file) else JSON_LINES
    return {XML_SUFFIX: BIOC, _PARQUET_SUFFIX: PARQUET}.get(suffix, PUBTATOR)


def document_count(path: str | os.PathLike[str]) -> int | None:
    """Return how many documents a file seems to hold, unchecked; None for formats that must be parsed for it."""
    kind = file_format(path)
    if kind not in (PUBTATOR, JSON_LINES):
        return None
    with open_input(path) as file:
        return sum(bool(line.strip()) if kind == JSON_LINES else bool(_TITLE_LINE.match(line)) for line in file)


def _holds_bioc_json(file: BinaryIO) -> bool:
    """Return whether the file is BioC: its first line, or if that is no value, all of it."""
    first_line = next((line for line in file if line.strip()), b"")
    try:
        return is_bioc_json(json.loads(first_line))
    except (ValueError, RecursionError):
        content = first_line + file.read()
    try:
        return is_bioc_json(json.loads(content))
    except (ValueError, RecursionError):
        return _BIOC_KEY.search(content, 0, _START_BYTES) is not None
