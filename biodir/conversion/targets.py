"""The formats of documents that biodir writes."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from biodir.document_bioc_biodir import to_document
from biodir.document_biodir import Document
from biodir.document_inputs_biodir import check_encodable
from biodir.document_json_biodir import document_from_json
from biodir.document_parts_biodir import PART_SCORES
from biodir.document_pubtator_biodir import parse_document
from biodir.errors_biodir import AnnotationError, SettingError, suggestion
from biodir.files import PACKED_OUTPUT_SUFFIX, open_output, open_text_output
from biodir.formats.bioc_writer import COLLECTION, bioc_document, bioc_object, bioc_xml_writer
from biodir.formats.pubtator_writer import DIALECTS, format_pubtator
from biodir.optional import optional_library

# Rows of a Parquet file that are written together.
_BATCH_ROWS = 256
# Without `subject_lines`, which only keep the order of lines in a PubTator file.
_COLUMNS = ("id", "text", "pmcid", "passages", "sentences", "entities", "relations")


@dataclass(frozen=True)
class Target:
    """A format of documents.

    Args:
        name: for messages and `--format`.
        suffixes: of output files in this format, in lower case, before ``.gz``.
        write: writes documents, which `read_back` has checked, to a path and returns their number.
        reread: what a reader gets of a document that is written so.
        library: what `optional_library` is asked for, before a document is read; None if nothing is needed.

    >>> target_of(Path("out.jsonl.gz")).name
    'jsonl'
    """

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Iterable[Document], Path], int]
    reread: Callable[[Document], Document]
    library: tuple[str, str, str] | None = None

    def read_back(self, document: Document) -> Document:
        """Return what a reader gets of a document that is written so.

        Raises:
            AnnotationError: the format cannot hold the document.
        """
        check_encodable(document)
        return self.reread(document)


def target_of(output: Path, name: str | None = None, dialect: str | None = None) -> Target:
    """Return the format with a name, or else the one of the suffix of an output.

    Args:
        output: the file that will be written; ``-`` is standard output.
        name: of the format.
        dialect: that of PubTator; by default "pubtator".

    Raises:
        SettingError: there is none, it has no dialects, or the library that writes it is missing.
    """
    targets = {each.name: each for each in (_pubtator(dialect or DIALECTS[0]), *_OTHERS)}
    if name is None:
        suffix = Path(output.name.lower().removesuffix(PACKED_OUTPUT_SUFFIX)).suffix
        by_suffix = {suffix: each.name for each in targets.values() for suffix in each.suffixes}
        if suffix not in by_suffix:
            raise SettingError(
                f"{output}: unknown suffix {suffix!r}; use one of {', '.join(by_suffix)}, or name a format"
            )
        name = by_suffix[suffix]
    elif name not in targets:
        raise SettingError(f"format is {name!r}; {suggestion(name, list(targets))}")
    if dialect and name != "pubtator":
        raise SettingError(f"--dialect {dialect}: the output is {name}; only PubTator output has dialects")
    found = targets[name]
    if found.library:
        optional_library(*found.library)
    return found


# Formats in which each document is a text.


@dataclass(frozen=True)
class _Texts:
    """A file with a text for each document, and what comes before, between and after them."""

    text_of: Callable[[Document], str]
    start: str = ""
    between: str = ""
    end: str = ""

    def write(self, documents: Iterable[Document], output: Path) -> int:
        count = 0
        with open_text_output(output) as file:
            file.write(self.start)
            for document in documents:
                file.write((self.between if count else "") + self.text_of(document))
                count += 1
            file.write(self.end)
        return count


def _pubtator(dialect: str) -> Target:
    text_of = partial(format_pubtator, dialect=dialect)

    def reread(document: Document) -> Document:
        return parse_document(text_of(document))

    return Target("pubtator", (".pubtator", ".txt", ".tsv"), _Texts(text_of).write, reread)


def _json_line(document: Document) -> str:
    return json.dumps(document.to_dict()) + "\n"


def _from_line(document: Document) -> Document:
    return Document.from_dict(json.loads(_json_line(document)))


def _bioc_text(document: Document) -> str:
    return json.dumps(bioc_document(document))


def _from_bioc_json(document: Document) -> Document:
    return document_from_json(json.loads(_bioc_text(document)))


# BioC XML.


def _write_bioc_xml(documents: Iterable[Document], output: Path) -> int:
    count = 0
    with open_output(output) as file, bioc_xml_writer(file) as writer:
        for count, document in enumerate(documents, start=1):  # noqa: B007
            writer.write_document(bioc_object(document))
    return count


def _from_bioc_xml(document: Document) -> Document:
    biocxml = optional_library("bioc.biocxml", "formats", "writing BioC XML")
    file = io.BytesIO()
    try:
        with bioc_xml_writer(file) as writer:
            writer.write_document(bioc_object(document))
    except ValueError as error:  # lxml: control characters
        raise AnnotationError(f"cannot be written as XML ({error})", "not for XML") from error
    (written,) = biocxml.loads(file.getvalue().decode("utf-8").partition("?>")[2]).documents
    return to_document(written, f"document {document.id}")


# Parquet.


def _write_parquet(documents: Iterable[Document], output: Path) -> int:
    count = 0
    with open_output(output) as file, _parquet_writer(file) as write:
        rows = map(_row, documents)
        while batch := list(islice(rows, _BATCH_ROWS)):
            write(batch)
            count += len(batch)
    return count


@contextmanager
def _parquet_writer(file: Any) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    arrow = optional_library("pyarrow", "data", "writing Parquet")
    parquet = optional_library("pyarrow.parquet", "data", "writing Parquet")
    text, number, score = arrow.string(), arrow.int64(), arrow.float64()

    def rows(**columns: Any) -> Any:
        return arrow.list_(arrow.struct(list(columns.items())))

    names = ("relation", "entity1", "entity2", "novelty", "subject")
    types = (
        *(text, text, text),
        rows(start=number, end=number, type=text, section=text),
        arrow.list_(arrow.list_(number)),
        rows(start=number, end=number, type=text, id=arrow.list_(text), text=text),
        rows(**dict.fromkeys(names, text), **dict.fromkeys(PART_SCORES, score)),
    )
    schema = arrow.schema(list(zip(_COLUMNS, types, strict=True)))
    with parquet.ParquetWriter(file, schema) as writer:
        yield lambda found: writer.write_table(arrow.Table.from_pylist(found, schema))


def _row(document: Document) -> dict[str, Any]:
    return {key: value for key, value in document.to_dict().items() if key in _COLUMNS}


def _from_row(document: Document) -> Document:
    return Document.from_dict(_row(document))


# A line never holds one complete value, else a reader may take the file for JSON Lines.
_COLLECTION_START = json.dumps(COLLECTION).removesuffix("}") + ', "documents":\n['
_OTHERS = (
    Target("jsonl", (".jsonl", ".ndjson"), _Texts(_json_line).write, _from_line),
    Target(
        "biocjson",
        (".json", ".biocjson"),
        _Texts(_bioc_text, _COLLECTION_START, ",\n", "\n]}\n").write,
        _from_bioc_json,
    ),
    Target(
        "biocxml", (".xml", ".bioc"), _write_bioc_xml, _from_bioc_xml, library=("bioc", "formats", "writing BioC XML")
    ),
    Target("parquet", (".parquet",), _write_parquet, _from_row, library=("pyarrow", "data", "writing Parquet")),
)
