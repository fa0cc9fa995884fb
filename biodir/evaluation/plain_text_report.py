"""The figures of what a system found in plain texts, as data: its mentions, and its relations end to end."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from biodir.document_biodir import Document
from biodir.evaluation.checks import compared_documents, prediction_notes, unpredicted_notes
from biodir.evaluation.end_to_end import entity_matches, matched_documents
from biodir.evaluation.intervals import Resampling, bootstrap_intervals, compared_f1
from biodir.evaluation.mentions import mention_counts, unfound_types, with_shared_types
from biodir.evaluation.report import comparison_report, level_figures, unannotated_notes, without_levels
from biodir.evaluation.scores import Counts, document_counts, macro_average, total_counts, unannotated_levels
from biodir.labels_biodir import LEVELS


def mention_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    resampling: Resampling | None = None,
    found_types: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Return the figures of the mentions, by span and type, JSON-ready.

    The keys are precision, recall, f1, tp, fp, fn and ``intervals``; ``by_type``, with the same for each entity type;
    ``macro``, the plain means over the types; and ``unfound_types``, the number of gold mentions of each type that no
    prediction can have. These count as missed; ``found_types_only`` has the figures without them.

    Args:
        gold, predicted: as for `evaluation_report`; both call a type by one name.
        resampling: how the intervals are drawn; None for the defaults.
        found_types: the types that the model finds; None for those that the predictions have.
    """
    pairs = compared_documents(gold, predicted)
    counts = mention_counts(pairs)
    resampling = resampling or Resampling()
    unfound = unfound_types(pairs, found_types)

    def totals(kinds: Iterable[str]) -> list[Counts]:
        return [sum((document[kind] for kind in kinds), start=Counts()) for document in counts]

    def figures(documents: Sequence[Counts]) -> dict[str, Any]:
        total = sum(documents, start=Counts())
        return {**total.to_dict(), "intervals": bootstrap_intervals(documents, resampling)}

    kinds = list(counts[0])
    by_type = {kind: figures(totals([kind])) for kind in kinds}
    everything = figures(totals(kinds))
    return {
        **everything,
        "intervals": {**asdict(resampling), **everything["intervals"]},
        "by_type": by_type,
        "macro": macro_average([sum(totals([kind]), start=Counts()) for kind in kinds]),
        "unfound_types": dict(unfound),
        "found_types_only": figures(totals([kind for kind in kinds if kind not in unfound])),
    }


def end_to_end_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Return the figures of relations between the predictions' own entities, JSON-ready.

    Each level of `LEVELS` has the figures of `evaluation_report`, ``intervals`` their bounds, and ``entities`` the
    numbers of `EntityMatches`.

    Args:
        gold, predicted, resampling, labels: as for `evaluation_report`, but the predictions have mentions and
            identifiers of their own.
    """
    pairs = compared_documents(gold, matched_documents(gold, predicted), labels)
    counts = document_counts(pairs)
    resampling = resampling or Resampling()
    intervals = {level: bootstrap_intervals([each[level] for each in counts], resampling) for level in LEVELS}
    report = {
        **level_figures(total_counts(counts)),
        "intervals": {**asdict(resampling), **intervals},
        "entities": asdict(entity_matches(gold, predicted)),
    }
    found: dict[str, Any] = without_levels(report, unannotated_levels(pairs))
    return found


def plain_text_report(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    found_types: Iterable[str] | None = None,
    with_relations: bool = True,
) -> dict[str, Any]:
    """Return the report on what a system found in the plain texts, JSON-ready.

    The keys are ``documents``, ``mentions`` (see `mention_report`), ``end_to_end`` (see `end_to_end_report`; None where
    gold has no relation) and ``notes``.

    Args:
        gold, predicted, resampling, labels: as for `end_to_end_report`.
        found_types: as for `mention_report`.
        with_relations: whether the system gives relations.
    """
    pairs = compared_documents(gold, predicted, labels)
    mentions = mention_report(gold, predicted, resampling, found_types)
    notes = prediction_notes(pairs)
    if unfound := mentions["unfound_types"]:
        named = ", ".join(f"{kind} {count}" for kind, count in unfound.items())
        others = 100 * mentions["found_types_only"]["f1"]
        notes.append(
            f"{sum(unfound.values())} gold mentions have types that the predictions cannot have ({named}): counted as "
            f"missed; F1 of the mentions of other types is {others:.2f}"
        )
    end_to_end = None
    if with_relations and any(pair.gold.relations for pair in pairs):
        end_to_end = end_to_end_report(gold, predicted, resampling, labels)
        notes = [*unannotated_notes(pairs), *notes, *unpredicted_notes(pairs)]
    return {"documents": len(pairs), "mentions": mentions, "end_to_end": end_to_end, "notes": notes}


def with_plain_text(report: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an `evaluation_report` with the `plain_text_report` of the same system in it.

    ``share_of_f1`` of ``end_to_end`` is level -> F1 as a share of that with gold's mentions; None where that is 0.
    """
    shares = {}
    for level in LEVELS:
        known, own = report[level], found["end_to_end"][level]
        shares[level] = own["f1"] / known["f1"] if known and known["f1"] else None
    notes = [note for note in found["notes"] if note not in report["notes"]]
    return {
        **report,
        "mentions": found["mentions"],
        "end_to_end": {**found["end_to_end"], "share_of_f1": shares},
        "notes": [*report["notes"], *notes],
    }


def plain_text_comparison(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    other: Sequence[Document],
    resampling: Resampling | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    levels: Collection[str] = LEVELS,
) -> dict[str, Any]:
    """Return what `comparison_report` does, end to end, for two systems with mentions of their own.

    ``mentions`` has the comparison of these. Those of `LEVELS` that are not among `levels` are None.
    """
    sides = [with_shared_types(gold, each) for each in (predicted, other)]
    matched, other_matched = (matched_documents(*side) for side in sides)
    report = comparison_report(gold, matched, other_matched, resampling, labels)
    first, second = (
        [sum(counts.values(), start=Counts()) for counts in mention_counts(compared_documents(*side, labels))]
        for side in sides
    )
    mentions = compared_f1(first, second, resampling or Resampling())
    return {**without_levels(report, [each for each in LEVELS if each not in levels]), "mentions": mentions}
