"""Documents from JSON: one mapping a line, one value in several lines, a list, or a collection such as that of BioC."""

import io
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from biodir.document_biodir import SURROGATE, Document
from biodir.document_json_biodir import document_from_json, documents_of
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError, located
from biodir.files import id_of_input, input_name, open_input, text_lines

_SPACE = re.compile(r"\s*")


def read_json(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of a JSON or JSON Lines file; with a value in each line it is read line by line.

    The id of a document without one is the name of the file and its number among the values there, that of its line in
    JSON Lines: ``a.jsonl:3``. The number alone would be that of a document in each other file, and a PMID.

    Raises:
        BioDirError: a value is no document; with the file and the line, or the number of the document.
    """
    with open_input(path) as file:
        yield from parse_json(file, input_name(path), policy)


def parse_json(
    file: io.BufferedReader,
    source: str,
    policy: ErrorPolicy = STRICT,
    convert: Callable[[Any, str, ErrorPolicy], Any] = document_from_json,
) -> Iterator[Any]:
    """Yield the documents of an open file; see `read_json`.

    Args:
        file: the open file.
        source: its name.
        policy: what becomes of a document with an error.
        convert: makes a document of a JSON value, the id that it gets without one, and the policy.
    """
    read = partial(_document, convert, policy, id_of_input(source))
    yield from policy.documents(_attempts(text_lines(file), source, read), source)


def json_values(content: str, source: str, first_line: int = 1) -> Iterator[Any]:
    """Yield the values in a text, one after another.

    Args:
        content: the text.
        source: its file, for messages.
        first_line: its number in the file.

    Raises:
        ParseError: a value is not well-formed; with its line.

    >>> list(json_values('{"id": 7}\\n[{"id": 8}]', "a.json"))
    [{'id': 7}, [{'id': 8}]]
    """
    decoder = json.JSONDecoder()
    place = 0
    while True:
        place = _SPACE.match(content, place).end()  # type: ignore[union-attr]  # it matches nothing, too
        if place == len(content):
            return
        try:
            value, place = decoder.raw_decode(content, place)
        except json.JSONDecodeError as error:
            line = first_line + error.lineno - 1
            raise ParseError(
                f"{source}: not well-formed JSON ({error.msg} at line {line}, column {error.colno})", "not well-formed"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ParseError(f"{source}: not a document ({error})", "not well-formed") from error
        yield value


def _attempts(lines: Iterator[str], source: str, read: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    numbered = ((number, line.removeprefix("\ufeff")) for number, line in enumerate(lines, start=1))
    filled = ((number, line) for number, line in numbered if line.strip())
    first = next(filled, None)
    if first is None:
        return
    second = next(filled, None)
    rows = chain([first], [second] if second else [], filled)
    if _is_value(first[1]) or (second and first[1].lstrip().startswith("{") and _is_mapping(second[1])):
        for number, line in rows:
            yield from _of_line(line, number, f"{source}:{number}", read)
        return
    content = "".join(line for _, line in rows)
    is_utf8 = SURROGATE.search(content) is None
    values = documents_of(list(json_values(content, source, first[0])), source)
    for index, value in enumerate(values, start=1):
        yield _attempt(value, index, f"{source}: document {index}", read, is_utf8)


def _of_line(line: str, number: int, place: str, read: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    try:
        value = _loads(line)
    except ParseError as error:
        yield place, partial(_raise, place, error)
        return
    documents = list(documents_of(value))
    is_utf8 = SURROGATE.search(line) is None
    for index, document in enumerate(documents):
        at = place if len(documents) == 1 else f"{place}, document {index}"
        yield _attempt(document, number if len(documents) == 1 else f"{number}.{index}", at, read, is_utf8)


def _attempt(
    value: Any, number: int | str, place: str, read: Callable[..., Any], is_utf8: bool
) -> tuple[str, Callable[[], Any]]:
    return place, partial(read, value, number, place, is_utf8)


def _document(
    convert: Callable[[Any, str, ErrorPolicy], Any],
    policy: ErrorPolicy,
    name: str,
    value: Any,
    number: int | str,
    place: str,
    is_utf8: bool,
) -> Any:
    """Return the document of a value; where its file is not all UTF-8, after a check of what it holds."""
    with located(place):
        bad = None if is_utf8 else SURROGATE.search(json.dumps(value, ensure_ascii=False))
        if bad is not None:
            raise ParseError("not UTF-8 in a string of the document; save the file as UTF-8", "not UTF-8")
        return convert(value, f"{name}:{number}", policy.at(place))


def _raise(place: str, error: ParseError) -> Document:
    raise ParseError(f"{place}: {error}", error.reason)


def _is_value(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        # A line that begins and ends as a mapping is a bad line of JSON Lines, not the start of a longer value.
        return line.lstrip().startswith("{") and line.rstrip().endswith("}")
    return True


def _is_mapping(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _loads(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ParseError(f"not JSON ({error.msg} at character {error.pos}); put one mapping on a line") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of nested lists
        raise ParseError(f"not a document ({error}); put one mapping on a line") from error
