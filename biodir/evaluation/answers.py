"""Predictions from files: documents with relations, or the results that `biodir predict` writes as JSON Lines."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import ParseError
from biodir.formats.reading import JSON_LINES, file_format, read_documents
from biodir.inference.predict import predicted_relations

TEXT_KEYS = ("text", "title", "abstract", "passages")


def read_answers(path: Path) -> list[Document]:
    """The documents of a file with their predicted relations; those of results have no text.

    Raises:
        BioDirError: a document or a result is not as its format has it; with file and line.
    """
    if file_format(path) == JSON_LINES and _holds_results(path):
        return [_document(result, place) for result, place in _results(path)]
    return list(read_documents(path))


def _holds_results(path: Path) -> bool:
    """Whether the first line is a result: a mapping with relations and without any text."""
    with open(path, encoding="utf-8", errors="replace") as file:
        line = next((line for line in file if line.strip()), "")
    try:
        value = json.loads(line)
    except ValueError:
        return False  # the reader of documents names the mistake
    return isinstance(value, dict) and "relations" in value and not any(key in value for key in TEXT_KEYS)


def _results(path: Path) -> Iterator[tuple[Any, str]]:
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            place = f"{path}:{number}"
            try:
                yield json.loads(line), place
            except ValueError as error:
                raise ParseError(f"{place}: not JSON ({error}); put one result on a line") from error


def _document(result: Any, place: str) -> Document:
    if not isinstance(result, Mapping) or not isinstance(result.get("id"), str):
        raise ParseError(f"{place}: not a result of `biodir predict`: it is a mapping with an id and relations")
    try:
        relations = predicted_relations(result["relations"])
    except (KeyError, TypeError) as error:
        raise ParseError(
            f"{place}: the relations are not those of `biodir predict` ({type(error).__name__}: {error}); each has "
            "subject, object, relation, directed, novelty and the scores"
        ) from error
    return Document(result["id"], "", relations=relations)
