"""All figures of predictions, as data: what `biodir evaluate` prints and writes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from biodir.document_biodir import Document
from biodir.evaluation.breakdown import BREAKDOWNS, TYPE_LEVELS, GroupCounts, candidates_only, counts_by
from biodir.evaluation.calibration import (
    expected_calibration_error,
    head_outcomes,
    precision_recall_curves,
    reliability,
)
from biodir.evaluation.checks import ComparedDocument, compared_documents, comparison_notes, unannotated_parts
from biodir.evaluation.counting import EVERYTHING, Counting
from biodir.evaluation.intervals import Resampling, bootstrap_intervals, compared_f1
from biodir.evaluation.scores import (
    Counts,
    document_counts,
    is_without_gold,
    macro_average,
    total_counts,
    unannotated_levels,
)
from biodir.labels_biodir import LEVELS


def evaluation_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    pair_types: Sequence[Sequence[str]] | None = None,
    counting: Counting = EVERYTHING,
) -> dict[str, Any]:
    """Return the figures, JSON-ready, shares in 0..1.

    Each level of `LEVELS` has precision, recall, f1, tp, fp, fn over complete documents; it is None everywhere in the
    report where the gold documents do not annotate what it needs. ``pairs`` counts the related gold pairs, and
    ``counting`` names the relations that all figures are about.
    ``candidates_only`` leaves out the relations whose pair no model scores. ``macro`` holds plain means over
    relation types.
    ``without_gold`` names the groups of each breakdown of which gold has no relation: their shares are 0.
    ``by_type``, ``by_pair_type``, ``by_distance`` and ``by_length`` hold the figures with type for each group, and
    under the levels' names those of the other levels. ``intervals`` and ``calibration`` show how sure all this is, and
    ``average_precision`` holds that of the scores, of all relation types and of each.

    Args:
        gold, predicted: the same documents, in any order.
        resampling: how the intervals are drawn; None for the defaults.
        labels: task -> labels of the model that predicted, where they differ from those of BioRED.
        pair_types: pairs of entity types that the model scores; None for those of BioRED, or of the documents.
        counting: which relations are counted.
    """
    compared = compared_documents(gold, predicted, labels)
    pairs = counting.counted(compared)
    counts = document_counts(pairs)
    totals = total_counts(counts)
    breakdowns = {name: counts_by(name, pairs) for name in BREAKDOWNS}
    resampling = resampling or Resampling()
    intervals = {level: bootstrap_intervals([each[level] for each in counts], resampling) for level in LEVELS}
    by_type = breakdowns["by_type"]
    groups = {name: _groups(found) for name, found in breakdowns.items()}
    report = {
        **level_figures(totals),
        "documents": len(pairs),
        "pairs": totals["entity_pair"].tp + totals["entity_pair"].fn,
        "counting": counting.to_dict(compared, pairs),
        # means over the types that occur on either side
        "macro": {level: macro_average([found[level] for found in by_type.values()]) for level in TYPE_LEVELS},
        "candidates_only": level_figures(total_counts(document_counts(candidates_only(pairs, pair_types)))),
        **groups,
        "without_gold": {
            name: [group for group, figures in found.items() if is_without_gold(figures)]
            for name, found in groups.items()
        },
        "intervals": {**asdict(resampling), **intervals},
        "calibration": _calibration(pairs),
    }
    # Its names are "all" and relation types, no levels: none of it goes with a level that gold does not annotate.
    precision = {name: each.average_precision for name, each in precision_recall_curves(pairs).items()}
    notes = [*unannotated_notes(compared), *comparison_notes(compared), *counting.notes(compared, pairs)]
    return {**without_levels(report, unannotated_levels(compared)), "average_precision": precision, "notes": notes}


def comparison_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    other: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    counting: Counting = EVERYTHING,
) -> dict[str, Any]:
    """Return level -> F1 of the predictions minus that of the other ones, with interval and p-value, JSON-ready."""
    resampling = resampling or Resampling()
    gold = list(gold)
    pairs = compared_documents(gold, predicted, labels)
    systems = [document_counts(counting.counted(each)) for each in (pairs, compared_documents(gold, other, labels))]
    report: dict[str, Any] = asdict(resampling)
    for level in LEVELS:
        first, second = ([counts[level] for counts in system] for system in systems)
        report[level] = compared_f1(first, second, resampling)
    return without_levels(report, unannotated_levels(pairs))


def unannotated_notes(pairs: Iterable[ComparedDocument], what: str = "levels") -> list[str]:
    """Return which parts of relations gold does not annotate, and so what is left out: sentences for people."""
    lacking = unannotated_parts([relation for pair in pairs for relation in pair.gold.relations])
    return [f"gold annotates no {part}: {what} that need it are left out" for part in lacking]


def without_levels(value: Any, levels: Sequence[str]) -> Any:
    """Return the report with None in place of the figures of these levels, at any depth."""
    if isinstance(value, list):
        return [without_levels(part, levels) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: None if key in levels else without_levels(part, levels) for key, part in value.items()}


def level_figures(counts: Mapping[str, Counts]) -> dict[str, dict[str, float]]:
    """Return level -> its figures, JSON-ready."""
    return {level: found.to_dict() for level, found in counts.items()}


def _groups(counts: GroupCounts) -> dict[str, dict[str, Any]]:
    """Return group -> its figures with type, and the other levels' under their names."""
    found = {group: level_figures(levels) for group, levels in counts.items()}
    return {group: {**figures.pop("relation_type"), **figures} for group, figures in found.items()}


def _calibration(pairs: Sequence[ComparedDocument]) -> dict[str, Any]:
    """Return head -> its reliability table and calibration error; empty where predictions have no scores."""
    tables = {head: reliability(outcomes) for head, outcomes in head_outcomes(pairs).items()}
    return {
        head: {
            "predictions": sum(each["predictions"] for each in table),
            "expected_calibration_error": expected_calibration_error(table),
            "bins": table,
        }
        for head, table in tables.items()
    }
