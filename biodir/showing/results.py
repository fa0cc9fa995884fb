"""What `biodir view` reads: documents of all formats, and the JSON Lines that `biodir predict` writes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from biodir.document_biodir import Document
from biodir.document_json_biodir import document_from_json
from biodir.document_shapes_biodir import TEXT_KEYS
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError
from biodir.formats.results import id_of_result, is_result, read_with_results, relations_of_result
from biodir.inference.listing import relation_listing


@dataclass(frozen=True)
class Shown:
    """A document, or of a result without text its relations as a listing.

    >>> Shown(Document("7", "Iron.")).listing is None
    True
    """

    document: Document
    listing: str | None = None


def read_shown(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Shown]:
    """Yield the documents of a file in a format of `read_documents`, or the results of `biodir predict`.

    Raises:
        BioDirError: as `read_documents`, or a result is not as `biodir predict` writes it; with file and place.
    """
    yield from read_with_results(path, policy, Shown, shown_from_json)


def shown_from_json(value: Any, default_id: str = "document", policy: ErrorPolicy = STRICT) -> Shown:
    """Return what a JSON value shows: a document, or a result of `biodir predict`.

    >>> shown_from_json({"id": "7", "relations": []}).listing
    '7\\n  no relations found\\n\\n'
    """
    if not is_result(value) or value.keys() & {*TEXT_KEYS}:
        return Shown(document_from_json(value, default_id, policy))
    results = relations_of_result(value)
    document = Document(id_of_result(value) or default_id, "")
    try:
        return Shown(document, relation_listing(document, results))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ParseError(
            f"document {document.id}: the relations are not those of `biodir predict` ({type(error).__name__}: {error})"
        ) from error
