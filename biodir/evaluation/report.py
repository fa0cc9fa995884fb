"""Everything that is known of predictions, as data: what `biodir evaluate` prints and writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.answers import read_answers
from biodir.evaluation.breakdown import (
    GroupCounts,
    candidates_only,
    counts_by_distance,
    counts_by_length,
    counts_by_pair_type,
    counts_by_type,
    macro_scores,
)
from biodir.evaluation.calibration import (
    expected_calibration_error,
    head_outcomes,
    precision_recall_curve,
    relation_outcomes,
    reliability,
)
from biodir.evaluation.checks import ComparedDocument, compared_documents, comparison_notes, unannotated_parts
from biodir.evaluation.intervals import Resampling, bootstrap_intervals, compared_f1
from biodir.evaluation.scores import (
    LEVELS,
    Counts,
    document_counts,
    total_counts,
    unannotated_levels,
)
from biodir.formats.reading import read_documents
from biodir.inference.predict import predicted_relations


def gold_documents(path: Path) -> list[Document]:
    """The documents of a file with relations, in any format that `read_documents` knows.

    Raises:
        AnnotationError: the file holds no document, or none with a relation, or ones that nothing can be compared with.
    """
    documents = list(read_documents(path))
    if not documents:
        raise AnnotationError(f"{path}: holds no documents; give documents with relations")
    if not any(document.relations for document in documents):
        raise AnnotationError(f"{path}: {len(documents)} documents without any relation; gold documents have relations")
    _check_comparable(path, documents, documents)
    return documents


def answer_documents(path: Path, gold: Sequence[Document]) -> list[Document]:
    """The predictions that a file holds for the gold documents.

    Raises:
        AnnotationError: the two cannot be compared; with the path.
    """
    documents = read_answers(path)
    _check_comparable(path, gold, documents)
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


def evaluation_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    pair_types: Sequence[Sequence[str]] | None = None,
) -> dict[str, Any]:
    """The figures, JSON-ready, shares in 0..1.

    Each level of `LEVELS` has precision, recall, f1, tp, fp, fn over whole documents; it is None, wherever it stands,
    where the gold documents do not annotate what it asks for. ``pairs`` counts the related gold pairs.
    ``candidates_only`` leaves the relations out whose pair no model is asked about. ``macro`` holds plain means over
    relation types.
    ``by_type``, ``by_pair_type``, ``by_distance`` and ``by_length`` hold the figures with type for each group, and
    under the levels' names those of the other levels. ``intervals`` and ``calibration`` say how sure all this is.

    Args:
        gold, predicted: the same documents, in any order.
        resampling: how the intervals are drawn; None for the defaults.
        labels: task -> labels of the model that predicted, which may be other ones than those of BioRED.
        pair_types: pairs of entity types that the model is asked about; None for those of BioRED, or of the documents.

    Raises:
        AnnotationError: the two cannot be compared, see `compared_documents`.
    """
    resampling = resampling or Resampling()
    pairs = compared_documents(gold, predicted, labels)
    counts = document_counts(pairs)
    totals = total_counts(counts)
    by_type = counts_by_type(pairs)
    unknown = unannotated_levels(pairs)
    report = {
        **_figures(totals),
        "documents": len(pairs),
        "pairs": totals["entity_pair"].tp + totals["entity_pair"].fn,
        "macro": macro_scores(by_type),
        "candidates_only": _figures(total_counts(document_counts(candidates_only(pairs, pair_types)))),
        "by_type": _groups(by_type),
        "by_pair_type": _groups(counts_by_pair_type(pairs)),
        "by_distance": _groups(counts_by_distance(pairs)),
        "by_length": _groups(counts_by_length(pairs)),
        "intervals": _intervals(counts, resampling),
        "calibration": _calibration(pairs),
        "average_precision": _average_precision(pairs, by_type),
    }
    notes = [f"gold annotates no {part}: levels that ask for it are left out" for part in _lacking(pairs)]
    return {**_without_levels(report, unknown), "notes": [*notes, *comparison_notes(pairs)]}


def comparison_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    other: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Level -> F1 of the predictions minus that of the other ones, with interval and p-value, JSON-ready.

    Args:
        labels: as in `evaluation_report`, of either system.

    Raises:
        AnnotationError: one of the two cannot be compared with the gold documents.
    """
    resampling = resampling or Resampling()
    gold = list(gold)
    pairs = compared_documents(gold, predicted, labels)
    first = document_counts(pairs)
    second = document_counts(compared_documents(gold, other, labels))
    compared = {
        level: compared_f1([each[level] for each in first], [each[level] for each in second], resampling)
        for level in LEVELS
    }
    report = {**asdict(resampling), **{level: found.to_dict() for level, found in compared.items()}}
    return _without_levels(report, unannotated_levels(pairs))


def _lacking(pairs: Sequence[ComparedDocument]) -> tuple[str, ...]:
    return unannotated_parts([relation for pair in pairs for relation in pair.gold.relations])


def _without_levels(value: Any, levels: Sequence[str]) -> Any:
    """The report with None in place of the figures of these levels, at any depth."""
    if not isinstance(value, dict):
        return value
    return {key: None if key in levels else _without_levels(part, levels) for key, part in value.items()}


def _check_comparable(path: Path, gold: Sequence[Document], predicted: Sequence[Document]) -> None:
    try:
        compared_documents(gold, predicted)
    except AnnotationError as error:
        raise AnnotationError(f"{path}: {error}") from error


def _figures(counts: Mapping[str, Counts]) -> dict[str, dict[str, float]]:
    return {level: found.to_dict() for level, found in counts.items()}


def _groups(counts: GroupCounts) -> dict[str, dict[str, Any]]:
    """Group -> its figures with type, and the other levels' under their names."""
    return {
        group: {
            **levels["relation_type"].to_dict(),
            **_figures({level: found for level, found in levels.items() if level != "relation_type"}),
        }
        for group, levels in counts.items()
    }


def _intervals(counts: Sequence[Mapping[str, Counts]], resampling: Resampling) -> dict[str, Any]:
    found = {level: bootstrap_intervals([each[level] for each in counts], resampling) for level in LEVELS}
    bounds = {level: {name: list(pair) for name, pair in figures.items()} for level, figures in found.items()}
    return {**asdict(resampling), **bounds}


def _calibration(pairs: Sequence[ComparedDocument]) -> dict[str, Any]:
    """Head -> its reliability table and the expected calibration error; empty where predictions have no scores."""
    found = {}
    for head, outcomes in head_outcomes(pairs).items():
        table = reliability(outcomes)
        found[head] = {
            "predictions": len(outcomes.scores),
            "expected_calibration_error": expected_calibration_error(table),
            "bins": [asdict(each) for each in table],
        }
    return found


def _average_precision(pairs: Sequence[ComparedDocument], by_type: GroupCounts) -> dict[str, float]:
    """Relation type, or "all" -> average precision of the scored predictions; empty where there are no scores."""
    found = {}
    for name, relation_type in (("all", None), *((kind, kind) for kind in by_type)):
        outcomes, gold = relation_outcomes(pairs, relation_type)
        if len(outcomes.scores):
            found[name] = precision_recall_curve(outcomes, gold).average_precision
    return found
