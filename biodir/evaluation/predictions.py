"""Gold documents and predictions: read from files, or made by a pipeline."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError, located
from biodir.evaluation.checks import compared_documents
from biodir.files import open_input
from biodir.formats.reading import JSON, file_format, read_documents
from biodir.inference.predict import predicted_relations

TEXT_KEYS = {"text", "title", "abstract", "passages"}


def read_gold(path: Path, policy: ErrorPolicy = STRICT) -> list[Document]:
    """Return the documents of a file with relations, in any format that `read_documents` reads.

    Args:
        path: the file.
        policy: what becomes of documents, mentions and relations with an error.

    Raises:
        AnnotationError: the file has no document, or none with a relation, or documents that cannot be compared.
    """
    documents = list(read_documents(path, policy))
    if not documents:
        raise AnnotationError(f"{path}: holds no documents; give documents with relations")
    if not any(document.relations for document in documents):
        raise AnnotationError(f"{path}: {len(documents)} documents without any relation; gold documents have relations")
    with located(str(path)):
        compared_documents(documents, documents)
    return documents


def read_predictions(path: Path, gold: Sequence[Document], policy: ErrorPolicy = STRICT) -> list[Document]:
    """Return the predictions of a file for the gold documents, in a format of `read_documents` or of `biodir predict`.

    Documents from results of `biodir predict` have no text.

    Raises:
        AnnotationError: the two cannot be compared; with the path.
        BioDirError: a document or a result does not follow its format; with file and line.
    """
    are_results = file_format(path) == JSON and _holds_results(path)
    documents = list(_results(path) if are_results else read_documents(path, policy))
    with located(str(path)):
        compared_documents(gold, documents)
    return documents


def predicted_documents(
    extract: Callable[..., Iterator[list[dict[str, Any]]]],
    documents: Sequence[Document],
    progress: Callable[[Iterable[Document]], Iterable[Document]] = iter,
) -> list[Document]:
    """Return the documents with the relations that the pipeline finds in place of their own."""
    results = extract(progress(documents))
    return [
        replace(document, relations=predicted_relations(found), subject_lines=())
        for document, found in zip(documents, results, strict=True)
    ]


def _holds_results(path: Path) -> bool:
    """Return whether the first line is a result of `biodir predict`: it has relations and no text."""
    with open_input(path) as file:
        first_line = next((line for line in file if line.strip()), b"")
    try:
        result = json.loads(first_line)
    except ValueError:
        return False  # the reader of documents names the mistake
    return isinstance(result, dict) and "relations" in result and not result.keys() & TEXT_KEYS


def _results(path: Path) -> Iterator[Document]:
    with open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                with located(f"{path}:{number}"):
                    yield _document(line)


def _document(line: str) -> Document:
    try:
        result = json.loads(line)
    except ValueError as error:
        raise ParseError(f"not JSON ({error}); put one result on a line") from error
    if not isinstance(result, dict) or not isinstance(result.get("id"), str):
        raise ParseError("not a result of `biodir predict`: it is a mapping with an id and relations")
    try:
        return Document(result["id"], "", relations=predicted_relations(result["relations"]))
    except (KeyError, TypeError) as error:
        raise ParseError(
            f"the relations are not those of `biodir predict` ({type(error).__name__}: {error}); each has "
            "subject, object, relation, directed, novelty and the scores"
        ) from error
