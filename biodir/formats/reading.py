"""Documents of a file in any format: `read_documents` chooses the reader by the content of the file."""

import io
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from biodir.document_biodir import Document
from biodir.document_inputs_biodir import begins_as_html, begins_as_medline, begins_as_xml
from biodir.document_pubtator_biodir import looks_like_pubtator, parse_pubtator
from biodir.errors_biodir import STRICT, BioDirError, ErrorPolicy, ParseError
from biodir.files import PACKED_SUFFIXES, START_BYTES, input_name, open_input, text_lines
from biodir.formats.bioc_xml import parse_bioc_xml
from biodir.formats.brat import BRAT_SUFFIX, read_brat
from biodir.formats.json_files import parse_json
from biodir.formats.parquet import parse_parquet
from biodir.formats.plain_text import parse_text
from biodir.formats.result_tables import begins_as_result_table

# Parts of a kind that are left out are named up to this number, then only counted.
NAMED_PARTS = 20
PUBTATOR_SUFFIXES = (".pubtator", ".txt", ".tsv")
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")
JSON_SUFFIX = ".json"
XML_SUFFIX = ".xml"
INPUT_HELP = (
    "files of documents, recognised by their content: PubTator, JSON and JSON Lines, BioC XML and JSON, Parquet, or "
    "brat (.ann beside .txt); or plain text, a document a file; also packed as .gz, .xz, .bz2 or .zst; - is standard "
    "input"
)

PUBTATOR, JSON, BIOC_XML, PARQUET, BRAT = "PubTator", "JSON", "BioC XML", "Parquet", "brat"
TEXT = "plain text"
# Files with these suffixes are never plain text.
FORMAT_SUFFIXES = (
    *(".pubtator", ".tsv", ".csv", BRAT_SUFFIX, XML_SUFFIX, ".bioc", JSON_SUFFIX, ".biocjson", ".parquet"),
    *JSON_LINES_SUFFIXES,
)
# What begins as JSON: "[Article in French]" and "{Delta}9-THC" begin a text.
_JSON_START = re.compile(r"\{\s*(?:[\"}]|$)|\[\s*(?:[\[{\"\]]|$)")
# A line of a mention of PubTator: id, start, end, text, type. A table in a text has such lines by chance, but not with
# a text as long as its span.
_MENTION_LINE = re.compile(r"^\S+\t(\d+)\t(\d+)\t([^\t\n]+)\t\S", re.MULTILINE)
_BRAT_LINE = re.compile(r"^(?:T\d+\t\S+ \d+ \d|R\d+\t\S+ \S+:T\d)", re.MULTILINE)


def read_documents(
    path: str | os.PathLike[str], policy: ErrorPolicy = STRICT, one_per_line: bool = False
) -> Iterator[Document]:
    """Yield the documents of a file; one at a time is in memory if the format allows it.

    Args:
        path: a file, a pipe, or ``-`` for standard input; its content decides the format.
        policy: what becomes of a document, mention or relation with an error, and whether a file may be plain text.
        one_per_line: whether each line of plain text is a document.

    Raises:
        SettingError: the library that reads the format is not installed.
        BioDirError: the file is of no known format, or a document does not follow it; with file and place.
    """
    source = input_name(path)
    if Path(path).suffix.lower() == BRAT_SUFFIX:
        yield from read_brat(path, policy)
        return
    with open_input(path) as file:
        if content_format(file, source, policy.finds_entities) == TEXT:
            beside = Path(path).with_suffix(BRAT_SUFFIX)
            policy.note(
                "texts that have annotations of brat beside them; name the .ann to read these", beside.is_file()
            )
            yield from parse_text(file, path, source, policy, one_per_line)
            return
        if one_per_line:
            kind = content_format(file, source, policy.finds_entities)
            raise ParseError(f"{source}: is {kind}, not plain text; leave out --one-per-line", "not plain text")
        yield from parse_documents(file, source, policy)


def parse_documents(file: io.BufferedReader, source: str, policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of an open file; see `read_documents`."""
    kind = content_format(file, source)
    if kind == BRAT:
        raise ParseError(f"{source}: holds annotations of brat; name the file .ann, with its text in .txt beside it")
    yield from _parser(kind)(file, source, policy)


def first_parts(report: Callable[[str], object], always: Collection[str] = ()) -> Callable[[str, BioDirError], None]:
    """Return an `on_skip` of a policy that reports the first parts of each kind that are left out.

    Args:
        report: gets a line for each of the first NAMED_PARTS.
        always: kinds of which all are reported, such as "file".
    """
    counts: Counter[str] = Counter()

    def on_skip(what: str, error: BioDirError) -> None:
        counts[what] += 1
        if what in always or counts[what] <= NAMED_PARTS:
            report(f"left out a {what}: {error}")

    return on_skip


def file_format(path: str | os.PathLike[str]) -> str:
    """Return the format of a file: PUBTATOR, JSON, BIOC_XML, PARQUET or BRAT.

    Raises:
        ParseError: the file cannot be opened, or is of no known format.
    """
    with open_input(path) as file:
        return content_format(file, input_name(path))


def content_format(file: io.BufferedReader, source: str, may_be_text: bool = False) -> str:
    """Return the format of an open file by its start, which stays unread.

    Args:
        file: the open file.
        source: its name.
        may_be_text: whether what has no other format is plain text, if the suffix names no format; else it is PubTator.

    Raises:
        ParseError: it is of no known format; with what it seems to be.
    """
    start = file.peek(START_BYTES)[:START_BYTES]
    if start.startswith(b"PAR1"):
        return PARQUET
    if start.startswith(b"%PDF-"):
        raise ParseError(f"{source}: is a PDF; extract its text and name the file with that", "PDF")
    if start.startswith(b"PK\x03\x04") or start[257:262] == b"ustar":
        raise ParseError(f"{source}: is an archive (zip or tar); unpack it and name the files in it", "archive")
    encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = start.decode(encoding, errors="replace")
    shown = text.lstrip()
    may_be_text = may_be_text and not _without_packing(source).endswith(FORMAT_SUFFIXES)
    if shown.startswith(("{", "[")) and not (may_be_text and not _JSON_START.match(shown)):
        return JSON
    if begins_as_html(text):
        raise ParseError(f"{source}: is a page of HTML, not a file of documents; was an error page saved?", "HTML")
    if shown.startswith("<") and not (may_be_text and not begins_as_xml(text)):
        return BIOC_XML
    if begins_as_result_table(text):
        raise ParseError(
            f"{source}: is a table of relations that `biodir predict` wrote, and is not read; let it write .jsonl with "
            "--return-entities, or PubTator with --dialect bioredirect",
            "table of relations",
        )
    if begins_as_medline(text):
        raise ParseError(
            f"{source}: has the MEDLINE format of PubMed, which is not read; get its articles with `biodir fetch` and "
            "their PMIDs",
            "MEDLINE",
        )
    if not looks_like_pubtator(text.replace("\r", "\n")) and _BRAT_LINE.search(text):
        return BRAT
    if "\x00" in text and not looks_like_pubtator(text):
        raise ParseError(f"{source}: is binary, and no format that biodir reads; {INPUT_HELP}", "unknown format")
    if may_be_text and not looks_like_pubtator(text) and not _has_mention_line(text):
        return TEXT
    return PUBTATOR


def _has_mention_line(text: str) -> bool:
    return any(int(end) - int(start) == len(mention) for start, end, mention in _MENTION_LINE.findall(text))


def _without_packing(name: str) -> str:
    """Return the name in lower case, without the suffix of a compressed file."""
    name = name.lower()
    return next((name.removesuffix(suffix) for suffix in PACKED_SUFFIXES if name.endswith(suffix)), name)


def document_count(path: str | os.PathLike[str], may_be_text: bool = False, one_per_line: bool = False) -> int | None:
    """Return how many documents a file seems to hold, unchecked; None where it must be parsed for it, or is a pipe."""
    if not Path(path).is_file() or Path(path).suffix.lower() == BRAT_SUFFIX:
        return None
    with open_input(path) as file:
        kind = content_format(file, input_name(path), may_be_text)
        if kind == TEXT:
            return sum(bool(line.strip()) for line in text_lines(file)) if one_per_line else 1
        if kind == PUBTATOR:
            return sum("|t|" in line or "|title|" in line for line in text_lines(file))
        if kind == JSON and Path(path).suffix.lower() in JSON_LINES_SUFFIXES:
            return sum(bool(line.strip()) for line in text_lines(file))
    return None


def _parser(kind: str) -> Callable[[io.BufferedReader, str, ErrorPolicy], Iterator[Document]]:
    parsers = {JSON: parse_json, BIOC_XML: parse_bioc_xml, PARQUET: parse_parquet, PUBTATOR: _parse_pubtator}
    return parsers[kind]


def _parse_pubtator(file: io.BufferedReader, source: str, policy: ErrorPolicy) -> Iterator[Document]:
    return parse_pubtator(text_lines(file), source, policy)
