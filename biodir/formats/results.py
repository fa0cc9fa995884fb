"""Files of documents, or of the results that `biodir predict` writes as JSON Lines."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

from biodir.document_biodir import Document
from biodir.document_parts_biodir import whole_number
from biodir.document_shapes_biodir import TEXT_KEYS, given_id
from biodir.errors_biodir import ErrorPolicy, ParseError
from biodir.files import input_name, open_input
from biodir.formats.brat import BRAT_SUFFIX
from biodir.formats.json_files import parse_json
from biodir.formats.reading import JSON, content_format, parse_documents, read_documents

_Value = TypeVar("_Value")


def read_with_results(
    path: str | os.PathLike[str],
    policy: ErrorPolicy,
    of_document: Callable[[Document], _Value],
    of_json: Callable[[Any, str, ErrorPolicy], _Value],
    reading: ErrorPolicy | None = None,
) -> Iterator[_Value]:
    """Yield what each document or result of a file becomes; one at a time is in memory if the format allows it.

    Args:
        path: a file in a format of `read_documents`, or of results of `biodir predict`.
        policy: what becomes of a document, mention or relation with an error.
        of_document: what a document becomes; gets what `reading` has prepared.
        of_json: what a JSON value becomes, with the id of one that has none.
        reading: the policy of documents that are not JSON; by default the other one.

    Raises:
        BioDirError: as `read_documents`, and what `of_json` raises; with file and place.
    """
    source = input_name(path)
    if Path(path).suffix.lower() == BRAT_SUFFIX:
        yield from map(of_document, read_documents(path, reading or policy))
        return
    with open_input(path) as file:
        if content_format(file, source) == JSON:
            yield from parse_json(file, source, policy, of_json)
        else:
            yield from map(of_document, parse_documents(file, source, reading or policy))


def is_result(value: Any) -> bool:
    """Return whether a JSON value is a result of `biodir predict`: relations without text, or with named subjects.

    >>> is_result({"id": "7", "relations": None}), is_result({"id": "7", "text": "Iron", "relations": []})
    (True, False)
    """
    if not isinstance(value, Mapping) or "relations" not in value:
        return False
    relations = value["relations"]
    has_subjects = isinstance(relations, list) and any(
        isinstance(each, Mapping) and isinstance(each.get("subject"), Mapping) for each in relations
    )
    return has_subjects or not value.keys() & {*TEXT_KEYS, "PubTator3", "documents"}


def id_of_result(value: Any) -> str | None:
    """Return the id of a result, under any key of ids of documents; None if it is no string and no whole number.

    >>> id_of_result({"pmid": 7.0, "relations": []})
    '7'
    """
    name = whole_number(given_id(value)) if isinstance(value, Mapping) else None
    return str(name).strip() or None if isinstance(name, (str, int)) and not isinstance(name, bool) else None


def relations_of_result(value: Mapping[str, Any]) -> list[Any]:
    """Return the relations of a result; null means that there are none.

    Raises:
        ParseError: they are no list, or the result has none.
    """
    relations = value.get("relations", {})
    if not isinstance(relations, (list, NoneType)):
        shown = "missing" if "relations" not in value else f"{type(relations).__name__} {repr(relations)[:40]}"
        raise ParseError(f"the relations are {shown}, not a list; a result of `biodir predict` has a list")
    return relations or []
