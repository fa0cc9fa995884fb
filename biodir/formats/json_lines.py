"""Documents from JSON Lines, one mapping a line."""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO

from biodir.document_biodir import Document
from biodir.document_pubtator_biodir import check_errors_setting
from biodir.errors_biodir import BioDirError, ParseError
from biodir.formats.bioc_files import is_bioc_json
from biodir.formats.lenient import kept, opened


def read_json_lines(
    path: str | os.PathLike[str],
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
    check: Callable[[Document], Any] | None = None,
) -> Iterator[Document]:
    """The documents of a UTF-8 file in which every line is a mapping as `Document.from_dict` takes it.

    The id of a document without one is the number of its line.

    Args:
        errors: "raise", or "skip" to leave out lines with an error.
        on_skip: called with the error of each line that is left out.
        check: called with each document; an error that it raises counts as one of the line.

    Raises:
        BioDirError: with file and line.
    """
    check_errors_setting(errors)
    with opened(path) as file:
        yield from kept(_attempts(file, os.fspath(path), check), path, errors, on_skip)


def _attempts(file: BinaryIO, path: str, check: Callable[[Document], Any] | None) -> Iterator[Callable[[], Document]]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield partial(_document, line, number, f"{path}:{number}", check)


def _document(line: bytes, number: int, place: str, check: Callable[[Document], Any] | None) -> Document:
    mapping = _mapping(line, place)
    try:
        document = Document.from_dict(mapping, default_id=str(number))
        if check is not None:
            check(document)
    except BioDirError as error:
        raise type(error)(f"{place}: {error}") from error
    return document


def _mapping(line: bytes, place: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        raise ParseError(f"{place}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ParseError(
            f"{place}: not JSON ({error.msg} at character {error.pos}); put one mapping on a line"
        ) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of nested lists
        raise ParseError(f"{place}: not a document ({error}); put one mapping on a line") from error
    if not isinstance(value, dict):
        raise ParseError(f"{place}: {repr(value)[:40]} is not a mapping; put one mapping on a line")
    if is_bioc_json(value):
        raise ParseError(
            f"{place}: is BioC, which would be read without its annotations here; save BioC as a .json file of its own"
        )
    return value
