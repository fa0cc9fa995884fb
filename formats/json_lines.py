"""Documents from JSON Lines, one mapping a line."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, ParseError
from biodir.pubtator_biodir import check_errors_setting

logger = logging.getLogger(__name__)


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
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                document = _document(line, number, f"{os.fspath(path)}:{number}", check)
            except BioDirError as error:
                if errors == "raise":
                    raise
                logger.warning("left out a document: %s", error)
                if on_skip is not None:
                    on_skip(error)
                continue
            yield document


def _opened(path: str | os.PathLike[str]):
    try:
        return open(path, "rb")
    except OSError as error:
        raise ParseError(f"{os.fspath(path)}: cannot be read ({error.strerror}); check the path") from error


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
    return value
