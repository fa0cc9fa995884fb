"""Documents from JSON Lines, one mapping a line."""

import json
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError, located
from biodir.files import open_input
from biodir.formats.bioc_files import is_bioc_json


def read_json_lines(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of a UTF-8 file in which every line is a mapping as `Document.from_dict` takes it.

    The id of a document without one is the number of its line.

    Raises:
        BioDirError: a line is not such a mapping; with file and line.
    """
    source = os.fspath(path)
    with open_input(path) as file:
        attempts = (
            (f"{source}:{number}", partial(_document, line, number, f"{source}:{number}"))
            for number, line in enumerate(file, start=1)
            if line.strip()
        )
        yield from policy.documents(attempts, source)


def _document(line: bytes, number: int, place: str) -> Document:
    with located(place):
        return Document.from_dict(_mapping(line), default_id=str(number))


def _mapping(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        raise ParseError(f"not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise ParseError(f"not JSON ({error.msg} at character {error.pos}); put one mapping on a line") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of nested lists
        raise ParseError(f"not a document ({error}); put one mapping on a line") from error
    if not isinstance(value, dict):
        raise ParseError(f"{repr(value)[:40]} is not a mapping; put one mapping on a line")
    if is_bioc_json(value):
        raise ParseError(
            "is BioC, which would be read without its annotations here; save BioC as a .json file of its own"
        )
    return value
