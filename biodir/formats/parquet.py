"""Documents from Parquet, one row a document, as `biodir dataset export` writes them."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import check_errors_setting
from biodir.errors_biodir import BioDirError, ParseError, SettingError
from biodir.formats.lenient import kept, opened
from biodir.formats.rows import document_from_row

NEEDED_COLUMNS = ("id", "text", "entities")
# Rows that are held at a time.
BATCH_ROWS = 64


def read_parquet(
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
    check: Callable[[Document], Any] | None = None,
) -> Iterator[Document]:
    """The documents of a file whose columns are the keys that `Document.from_dict` takes.

    Class labels, which the library `datasets` stores as numbers with their names in the schema, become names.

    Args:
        errors: "raise", or "skip" to leave out rows with an error.
        on_skip: called with the error of each row that is left out.
        check: called with each document; an error that it raises counts as one of the row.

    Raises:
        ParseError: the file cannot be opened, is not Parquet, or lacks a column.
        BioDirError: with file and row, which count from 1.
    """
    check_errors_setting(errors)
    place = os.fspath(path)
    attempts = (
        partial(_document, row, features, number, f"{place}: row {number}", check)
        for number, (row, features) in enumerate(_rows(place), start=1)
    )
    yield from kept(attempts, path, errors, on_skip)


def _rows(place: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Every row with the features of the file."""
    try:
        import pyarrow
        from datasets import Features
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise SettingError(f"{place}: reading Parquet needs {error.name}; pip install 'biodir[data]'") from error
    with opened(place) as stream:
        try:
            file = ParquetFile(stream)
            features = Features.from_arrow_schema(file.schema_arrow)
            _check_columns(file.schema_arrow.names, place)
            for batch in file.iter_batches(BATCH_ROWS):
                for row in batch.to_pylist():
                    yield row, features
        except (OSError, pyarrow.ArrowException) as error:
            raise ParseError(f"{place}: not a Parquet file that can be read ({error}); export it anew") from error


def _check_columns(names: list[str], place: str) -> None:
    missing = [name for name in NEEDED_COLUMNS if name not in names]
    if missing and {"document_id", "entity1_id", "entity2_id"} <= set(names):
        raise ParseError(
            f"{place}: holds candidate pairs, not documents; name a file of the configuration without '_pairs'"
        )
    if missing:
        raise ParseError(
            f"{place}: has no column {', '.join(map(repr, missing))} among {', '.join(names)}; a document needs "
            f"{', '.join(NEEDED_COLUMNS)}"
        )


def _document(
    row: dict[str, Any], features: Any, number: int, place: str, check: Callable[[Document], Any] | None
) -> Document:
    try:
        document = document_from_row(row, features, default_id=str(number))
        if check is not None:
            check(document)
    except BioDirError as error:
        raise type(error)(f"{place}: {error}") from error
    return document
