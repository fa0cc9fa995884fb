"""Documents from Parquet, one row a document, as `biodir dataset export` writes them."""

import io
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from biodir.document_biodir import Document
from biodir.document_shapes_biodir import ENTITY_KEYS
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError, located
from biodir.files import id_of_input, input_name, open_input
from biodir.formats.rows import document_from_row
from biodir.optional import optional_library

NEEDED_COLUMNS = ("id", "text", "entities")
# Rows in memory at a time.
BATCH_ROWS = 64


def read_parquet(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of a file whose columns are the keys that `Document.from_dict` takes.

    Class labels, which the library `datasets` stores as numbers with their names in the schema, become names. A row
    without an id is named by the file and its number there.

    Raises:
        ParseError: the file cannot be opened, is not Parquet, or lacks a column.
        BioDirError: a row is no document; with file and row, counted from 1.
    """
    with open_input(path) as file:
        yield from parse_parquet(file, input_name(path), policy)


def parse_parquet(file: io.BufferedReader, source: str, policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of an open file; see `read_parquet`."""
    name = id_of_input(source)
    attempts = (
        (place, partial(_document, row, features, f"{name}:{number}", place, policy))
        for number, (row, features) in enumerate(_rows(file, source, policy.finds_entities), start=1)
        for place in (f"{source}: row {number}",)
    )
    yield from policy.documents(attempts, source)


def _rows(stream: io.BufferedReader, place: str, may_be_plain: bool) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield every row with the features of the file."""
    names = ("pyarrow", "datasets", "pyarrow.parquet")
    pyarrow, datasets, parquet = (optional_library(name, "data", f"{place}: reading Parquet") for name in names)
    try:
        file = parquet.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read()))
        features = datasets.Features.from_arrow_schema(file.schema_arrow)
        _check_columns(file.schema_arrow.names, place, may_be_plain)
        for batch in file.iter_batches(BATCH_ROWS):
            for row in batch.to_pylist():
                yield row, features
    except (OSError, pyarrow.ArrowException) as error:
        raise ParseError(f"{place}: not a Parquet file that can be read ({error}); export it again") from error


def _check_columns(names: list[str], place: str, may_be_plain: bool) -> None:
    missing = [name for name in NEEDED_COLUMNS if name not in names and not (may_be_plain and name == "entities")]
    if "passages" in names or ("text" in names and set(ENTITY_KEYS) & set(names)):
        return  # the shape of another tool, such as bigbio's
    if missing and {"document_id", "entity1_id", "entity2_id"} <= set(names):
        raise ParseError(
            f"{place}: holds candidate pairs, not documents; name a file of the configuration without '_pairs'"
        )
    if missing:
        raise ParseError(
            f"{place}: has no column {', '.join(map(repr, missing))} among {', '.join(names)}; a document needs "
            f"{', '.join(NEEDED_COLUMNS)}"
        )


def _document(row: dict[str, Any], features: Any, default_id: str, place: str, policy: ErrorPolicy) -> Document:
    with located(place):
        return document_from_row(row, features, default_id, policy.at(place))
