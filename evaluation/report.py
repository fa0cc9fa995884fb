"""What `biodir evaluate` does: gold documents against predictions, as data and as a table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.scores import LEVELS, Counts, relation_scores
from biodir.inference.predict import predicted_relations
from biodir.pubtator_biodir import read_pubtator

LEVEL_NAMES = {
    "entity_pair": "entity pair",
    "relation_type": "+ type",
    "relation_type_novelty": "+ type and novelty",
    "relation_type_direction": "+ type and direction",
    "all": "all",
}


def gold_documents(path: Path) -> list[Document]:
    """The documents of a PubTator file with relations.

    Raises:
        AnnotationError: the file holds no document, or none with a relation.
    """
    documents = list(read_pubtator(path))
    if not any(document.relations for document in documents):
        raise AnnotationError(f"{path}: {len(documents)} documents without any relation; gold documents have relations")
    return documents


def predicted_documents(
    extract: Callable[..., Iterator[list[dict[str, Any]]]],
    documents: Sequence[Document],
    progress: Callable[[Iterable], Iterable] = iter,
) -> list[Document]:
    """The documents with the relations that the pipeline finds in place of their own."""
    results = extract(progress(documents))
    return [
        replace(document, relations=predicted_relations(found), subject_lines=())
        for document, found in zip(documents, results, strict=True)
    ]


def evaluation_report(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, Any]:
    """Level -> figures in 0..1, with the number of documents and of gold pairs."""
    counts = relation_scores(gold, predicted)
    report: dict[str, Any] = {level: found.to_dict() for level, found in counts.items()}
    return {**report, "documents": len(gold), "pairs": counts["entity_pair"].tp + counts["entity_pair"].fn}


def report_table(report: Mapping[str, Any]) -> str:
    """The figures in per cent, for people to read."""
    lines = [f"{report['documents']} documents, {report['pairs']} related pairs", ""]
    lines.append(f"{'level':22}{'P':>7}{'R':>7}{'F1':>7}{'TP':>7}{'FP':>7}{'FN':>7}")
    for level in LEVELS:
        counts = Counts(*(report[level][name] for name in ("tp", "fp", "fn")))
        shares = "".join(f"{100 * share:7.2f}" for share in (counts.precision, counts.recall, counts.f1))
        lines.append(f"{LEVEL_NAMES[level]:22}{shares}{counts.tp:7}{counts.fp:7}{counts.fn:7}")
    return "\n".join(lines)
