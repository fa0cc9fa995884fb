"""Files of documents in, files of relations out: what `biodir predict` does."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import STRICT, ErrorPolicy, SettingError
from biodir.files import check_paths
from biodir.formats.pubtator_names import Vocabulary, results_with_vocabulary
from biodir.formats.pubtator_writer import BIOREDIRECT, beyond_pubtator, check_dialect, format_pubtator
from biodir.formats.reading import JSON_LINES_SUFFIXES, JSON_SUFFIX, PUBTATOR_SUFFIXES, document_count, read_documents
from biodir.inference.listing import relation_listing
from biodir.pipeline_decoding_biodir import first_of_pairs
from biodir.pipeline_entities_biodir import keep_identifiers
from biodir.pipeline_results_biodir import ResultWriter

if TYPE_CHECKING:
    from biodir.pipeline_biodir import BioDirPipeline

# Digits of the scores that are written to PubTator files.
SCORE_DIGITS = 4
# Parameters of the pipeline that concern how entities are found.
FINDING = ("ner", "link", "type_map")
# The note on what strict PubTator has no place for.
LEFT_TO_BIOREDIRECT = (
    "relations written without direction, novelty and scores, which --dialect bioredirect and JSON Lines keep"
)


@dataclass(frozen=True)
class Report:
    """The documents and relations that a run wrote; the policy of the run counts what it left out.

    With a `model` and its `tokenizer`:

    >>> from io import StringIO
    >>> from biodir.pipeline_biodir import BioDirPipeline
    >>> predict_files(BioDirPipeline(model=model, tokenizer=tokenizer), inputs=[], output=StringIO())
    Report(documents=0, relations=0)
    """

    documents: int
    relations: int


def predict_files(
    extract: "BioDirPipeline",
    inputs: Sequence[Path],
    output: Path | TextIO,
    output_format: str | None = None,
    dialect: str = BIOREDIRECT,
    policy: ErrorPolicy = STRICT,
    progress: Callable[[Iterable[Document]], Iterable[Document]] = iter,
    one_per_line: bool = False,
    return_entities: bool = False,
    vocabulary: Vocabulary | None = None,
    **parameters: Any,
) -> Report:
    """Write the relations of all documents in input order, each document as soon as its relations are predicted.

    Documents without marks get the entities that the pipeline finds; PubTator output has their mentions.

    Args:
        extract: the pipeline of a checkpoint.
        inputs: files that `read_documents` reads.
        output: a file, or an open text stream.
        output_format: "pubtator", "jsonl" or "listing"; by default that of the suffix, for a stream the listing.
        dialect: that of PubTator output, see `format_pubtator`; relations of which it drops a part are counted in the
            notes of the policy.
        policy: what becomes of files, documents and mentions with an error; a document that the model or the output
            format cannot take has one, too.
        progress: wraps the iterable of documents, such as a progress bar.
        one_per_line: whether each line of plain text is a document.
        return_entities: whether a line of JSON Lines also has ``text`` and ``entities``, whose offsets count what
            those of the policy do, and a listing the entities of every document; else of those that it found.
        vocabulary: "pubtator3" for the names that PubTator 3 gives relation types, see `pubtator3_relation`; by default
            those of the model.
        parameters: those of a call of the pipeline.

    Raises:
        BioDirError: a bad document (the relations of those before it are written), or settings that do not fit.
    """
    check_dialect(dialect)
    written_format = output_format or format_of(output)
    write = _writer(written_format, dialect, policy.offsets if return_entities else None)
    if isinstance(output, Path):
        check_paths(inputs, [output])

    def prepare(document: Document) -> Document:
        document = extract.check_document(document, parameters.get("type_map"), policy)
        write(document, [])  # what cannot be written is found before the model runs, where file and line are known
        return document

    reading = replace(policy, prepare=prepare, finds_entities=extract.finds_entities)
    documents = policy.files(inputs, lambda path: read_documents(path, reading, one_per_line))
    finding = {name: value for name, value in parameters.items() if name in FINDING}
    others = {name: value for name, value in parameters.items() if name not in FINDING} | {"link": keep_identifiers}
    completed = extract.with_entities(progress(documents), **finding)
    documents_written = relations_written = 0
    opened: Any = output.open("w", encoding="utf-8", newline="\n") if isinstance(output, Path) else nullcontext(output)
    with opened as file:
        for document, relations in _with_relations(extract, completed, {**others, "offsets": policy.offsets}):
            file.write(write(document, results_with_vocabulary(relations, vocabulary)))
            file.flush()
            documents_written += 1
            relations_written += len(relations)
            if written_format == "pubtator" and dialect != BIOREDIRECT:
                policy.note(LEFT_TO_BIOREDIRECT, sum(map(beyond_pubtator, predicted_relations(relations))))
    return Report(documents_written, relations_written)


def format_of(output: Path | TextIO) -> str:
    """Return the format of an output file by its suffix; that of a stream is the listing.

    Raises:
        SettingError: the suffix is unknown.
    """
    if not isinstance(output, Path):
        return "listing"
    formats = dict.fromkeys(PUBTATOR_SUFFIXES, "pubtator") | dict.fromkeys((*JSON_LINES_SUFFIXES, JSON_SUFFIX), "jsonl")
    if output.suffix.lower() not in formats:
        known = ", ".join(formats)
        raise SettingError(f"{output}: unknown suffix {output.suffix!r}; use one of {known}, or name a format")
    return formats[output.suffix.lower()]


def count_documents(paths: Sequence[Path], may_be_text: bool = False, one_per_line: bool = False) -> int | None:
    """Return how many documents the files seem to hold, for a progress bar; None if that takes long to find out."""
    counts = [document_count(path, may_be_text, one_per_line) for path in paths]
    return None if None in counts else sum(count or 0 for count in counts)


def _with_relations(
    extract: "BioDirPipeline", documents: Iterable[Document], parameters: Mapping[str, Any]
) -> Iterator[tuple[Document, list[dict[str, Any]]]]:
    """Yield each document with its relations; only documents that the pipeline has read ahead are in memory."""
    read_ahead: deque[Document] = deque()

    def remembered() -> Iterator[Document]:
        for document in documents:
            read_ahead.append(document)
            yield document

    for relations in extract(remembered(), **parameters):
        yield read_ahead.popleft(), relations


def _writer(
    output_format: str, dialect: str, entity_offsets: str | None
) -> Callable[[Document, Sequence[Mapping[str, Any]]], str]:
    """Return the function that writes a document; with its entities where it is known what their offsets count."""
    if output_format == "pubtator":
        return partial(_pubtator_block, dialect=dialect)
    if entity_offsets is None:
        return WRITERS[output_format]
    if output_format == "jsonl":
        return partial(_json_line, entity_offsets=entity_offsets)
    return partial(relation_listing, with_entities=True)


def _json_line(document: Document, relations: Sequence[Mapping[str, Any]], entity_offsets: str | None = None) -> str:
    line: dict[str, Any] = {"id": document.id}
    if entity_offsets is not None:
        line["text"] = document.text
        if not document.is_plain:
            line["entities"] = ResultWriter(document, entity_offsets).entities()
    return json.dumps({**line, "relations": list(relations)}, ensure_ascii=False) + "\n"


def predicted_relations(results: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
    """Return the pipeline's results as the relations of a document."""
    return first_of_pairs(map(_relation, results))


def _pubtator_block(document: Document, relations: Sequence[Mapping[str, Any]], dialect: str = BIOREDIRECT) -> str:
    return format_pubtator(replace(document, relations=predicted_relations(relations), subject_lines=()), dialect)


def _relation(result: Mapping[str, Any]) -> Relation:
    subject, object_ = result["subject"]["id"], result["object"]["id"]
    scores = {name: result[name] for name in ("relation_score", "novelty_score", "direction_score")}
    return Relation(
        relation_type=result["relation"],
        entity1_id=subject,
        entity2_id=object_,
        novelty=result["novelty"],
        subject_id=subject if result["directed"] else None,
        **{name: None if score is None else round(score, SCORE_DIGITS) for name, score in scores.items()},
    )


WRITERS: Mapping[str, Callable[[Document, Sequence[Mapping[str, Any]]], str]] = {
    "pubtator": _pubtator_block,
    "jsonl": _json_line,
    "listing": relation_listing,
}
