"""Files of documents in, files of relations out: what `biodir predict` does."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from biodir.document_biodir import Document, Relation
from biodir.document_pubtator_biodir import format_pubtator
from biodir.errors_biodir import BioDirError, SettingError
from biodir.formats.reading import (
    JSON_LINES_SUFFIXES,
    JSON_SUFFIX,
    PUBTATOR_SUFFIXES,
    document_count,
    read_documents,
)
from biodir.inference.listing import relation_listing
from biodir.pipeline_decoding_biodir import first_of_pairs

# Suffixes of files of relations.
JSON_SUFFIXES = (*JSON_LINES_SUFFIXES, JSON_SUFFIX)
# Digits of the scores that are written to PubTator files.
SCORE_DIGITS = 4


@dataclass
class Report:
    """What a run did; `skipped` holds the message of each document that was left out."""

    documents: int = 0
    relations: int = 0
    skipped: list[str] = field(default_factory=list)


def predict_files(
    extract: Callable[..., Iterator[list[dict[str, Any]]]],
    inputs: Sequence[Path],
    output: Path | TextIO,
    output_format: str | None = None,
    errors: str = "raise",
    on_skip: Callable[[BioDirError], None] | None = None,
    progress: Callable[[Iterable], Iterable] = iter,
    **parameters: Any,
) -> Report:
    """Writes the relations of all documents, in input order, each as soon as it is known.

    Args:
        extract: a `BioDirPipeline`.
        inputs: files that `read_documents` reads.
        output: a file, or an open text stream.
        output_format: "pubtator", "jsonl" or "listing"; by default that of the suffix, for a stream the listing.
        errors: "raise", or "skip" to leave out bad documents.
        on_skip: called with the error of each document that is left out.
        progress: wraps the iterable of documents, such as a progress bar.
        parameters: of a call of the pipeline.

    Raises:
        BioDirError: a bad document (the relations of those before it are written), or settings that do not fit.
    """
    write = WRITERS[output_format or format_of(output)]
    if isinstance(output, Path) and output.resolve() in [path.resolve() for path in inputs]:
        raise SettingError(f"{output} is an input as well; write to another file")
    report = Report()

    def skip(error: BioDirError) -> None:
        report.skipped.append(str(error))
        if on_skip is not None:
            on_skip(error)

    def check(document: Document) -> None:
        extract.check_document(document, type_map=parameters.get("type_map"))
        write(document, [])  # what cannot be written is found before the model runs, where file and line are known

    documents = _documents(inputs, errors, skip, check)
    with _opened(output) as file:
        for document, relations in _answered(extract, progress(documents), parameters):
            file.write(write(document, relations))
            file.flush()
            report.documents += 1
            report.relations += len(relations)
    return report


def format_of(output: Path | TextIO) -> str:
    """The format that a file's suffix asks for.

    Raises:
        SettingError: the suffix is unknown.
    """
    if not isinstance(output, Path):
        return "listing"
    if output.suffix.lower() in JSON_SUFFIXES:
        return "jsonl"
    if output.suffix.lower() in PUBTATOR_SUFFIXES:
        return "pubtator"
    known = ", ".join((*PUBTATOR_SUFFIXES, *JSON_SUFFIXES))
    raise SettingError(f"{output}: unknown suffix {output.suffix!r}; use one of {known}, or name a format")


def count_documents(paths: Sequence[Path]) -> int | None:
    """How many documents the files seem to hold, for a progress bar; None where that cannot be told fast."""
    counts = [document_count(path) for path in paths]
    return None if None in counts else sum(counts)


def _opened(output: Path | TextIO) -> Any:
    if not isinstance(output, Path):
        return nullcontext(output)
    try:
        return open(output, "w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingError(f"{output}: cannot be written ({error.strerror}); name another file") from error


def _documents(
    paths: Sequence[Path],
    errors: str,
    on_skip: Callable[[BioDirError], None],
    check: Callable[[Document], None],
) -> Iterator[Document]:
    for path in paths:
        yield from read_documents(path, errors=errors, on_skip=on_skip, check=check)


def _answered(
    extract: Callable[..., Iterator[list[dict[str, Any]]]], documents: Iterable[Document], parameters: Mapping[str, Any]
) -> Iterator[tuple[Document, list[dict[str, Any]]]]:
    """Each document with its relations; only the documents that the pipeline has read ahead are held."""
    read_ahead: deque[Document] = deque()

    def remembered() -> Iterator[Document]:
        for document in documents:
            read_ahead.append(document)
            yield document

    for relations in extract(remembered(), **parameters):
        yield read_ahead.popleft(), relations


def _json_line(document: Document, relations: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"id": document.id, "relations": list(relations)}, ensure_ascii=False) + "\n"


def predicted_relations(results: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
    """The pipeline's results as data of a document."""
    return first_of_pairs(map(_relation, results))


def _pubtator_block(document: Document, relations: Sequence[Mapping[str, Any]]) -> str:
    return format_pubtator(replace(document, relations=predicted_relations(relations), subject_lines=()))


def _relation(result: Mapping[str, Any]) -> Relation:
    def rounded(name: str) -> float | None:
        return None if result[name] is None else round(result[name], SCORE_DIGITS)

    return Relation(
        relation_type=result["relation"],
        entity1_id=result["subject"]["id"],
        entity2_id=result["object"]["id"],
        novelty=result["novelty"],
        subject_id=result["subject"]["id"] if result["directed"] else None,
        relation_score=rounded("relation_score"),
        novelty_score=rounded("novelty_score"),
        direction_score=rounded("direction_score"),
    )


WRITERS: Mapping[str, Callable[[Document, Sequence[Mapping[str, Any]]], str]] = {
    "pubtator": _pubtator_block,
    "jsonl": _json_line,
    "listing": relation_listing,
}
