"""Several systems on the same documents: the figures of each, and paired tests of every two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.evaluation.breakdown import BREAKDOWNS, TYPE_LEVELS, counts_by, ordered_groups
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.counting import EVERYTHING, Counting
from biodir.evaluation.intervals import Resampling, bootstrap_intervals, compared_f1, corrected_p_values
from biodir.evaluation.report import evaluation_report, without_levels
from biodir.evaluation.scores import Counts, document_counts, unannotated_levels
from biodir.labels_biodir import LEVELS

# Level -> counts of each document.
LevelCounts = dict[str, list[Counts]]


def systems_report(
    gold: Sequence[Document],
    systems: Mapping[str, Sequence[Document]],
    resampling: Resampling | None = None,
    counting: Counting = EVERYTHING,
) -> dict[str, Any]:
    """Return the figures of several systems, JSON-ready, shares in 0..1.

    ``systems`` holds the `evaluation_report` of each. ``comparisons`` has an entry for every two systems, ``first`` and
    ``second``, with the difference in F1 at each level, its interval, its p-value, and ``p_corrected``, by Holm's
    correction for all comparisons at this level. ``by_type``, ``by_pair_type``, ``by_distance`` and ``by_length`` hold,
    for each group, the ``intervals`` of each system and such ``comparisons``, corrected for all groups with gold.

    Args:
        gold: the documents.
        systems: name -> predictions of the same documents; at least two.
        resampling: how documents are drawn; None for the defaults.
        counting: which relations are counted.

    Raises:
        SettingError: there are fewer than two systems.
        AnnotationError: the documents of a system cannot be compared with gold.

    >>> report = systems_report([document], {"a": [document], "b": [document]}, Resampling(10))
    >>> [each["entity_pair"]["difference"] for each in report["comparisons"]]
    [0.0]
    """
    if len(systems) < 2:
        raise SettingError(f"{len(systems)} system; give the predictions of at least two to compare")
    resampling = resampling or Resampling()
    reports = {
        name: evaluation_report(gold, predicted, resampling, counting=counting) for name, predicted in systems.items()
    }
    compared = {name: compared_documents(gold, predicted) for name, predicted in systems.items()}
    counted = {name: counting.counted(pairs) for name, pairs in compared.items()}
    first = next(iter(reports.values()))
    lacking = unannotated_levels(next(iter(compared.values())))
    left_out = first["counting"]["not_counted"]
    predicted_left_out = {name: each["counting"]["not_counted"]["predicted"] for name, each in reports.items()}
    report = {
        "documents": first["documents"],
        "pairs": first["pairs"],
        "counting": {**first["counting"], "not_counted": {"gold": left_out["gold"], "predicted": predicted_left_out}},
        **asdict(resampling),
        "comparisons": _comparisons({name: _level_counts(pairs) for name, pairs in counted.items()}, resampling),
        **{name: _group_comparisons(name, counted, resampling) for name in BREAKDOWNS},
    }
    _add_corrected(report)
    notes = [f"{name}: {note}" for name, each in reports.items() for note in each["notes"]]
    return {**without_levels(report, lacking), "systems": reports, "notes": notes}


def system_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file of predictions: that of the file, or the path where two files have one name.

    >>> system_names([Path("runs/a.pubtator"), Path("b.json")])
    ['a.pubtator', 'b.json']
    """
    names = [path.name for path in paths]
    if len(set(names)) == len(names):
        return names
    full = [str(path) for path in paths]
    if len(set(full)) < len(full):
        twice = next(name for name in full if full.count(name) > 1)
        raise SettingError(f"{twice}: given twice; name each system's predictions once")
    return full


def _level_counts(pairs: Sequence[ComparedDocument]) -> LevelCounts:
    counts = document_counts(pairs)
    return {level: [each[level] for each in counts] for level in LEVELS}


def _comparisons(counts: Mapping[str, LevelCounts], resampling: Resampling) -> list[dict[str, Any]]:
    """Return an entry for every two systems, without corrected p-values."""
    return [
        {
            "first": first,
            "second": second,
            **{level: compared_f1(counts[first][level], counts[second][level], resampling) for level in counts[first]},
        }
        for first, second in combinations(counts, 2)
    ]


def _group_comparisons(
    breakdown: str, pairs_of: Mapping[str, Sequence[ComparedDocument]], resampling: Resampling
) -> dict[str, dict[str, Any]]:
    """Return group -> the intervals of each system, and the comparison of every two systems."""
    levels = TYPE_LEVELS if breakdown == "by_type" else LEVELS
    documents = {name: [counts_by(breakdown, [pair]) for pair in pairs] for name, pairs in pairs_of.items()}
    groups = ordered_groups(group for of_system in documents.values() for each in of_system for group in each)
    found = {}
    for group in groups:
        counts = {
            name: {level: [each.get(group, {}).get(level, Counts()) for each in of_documents] for level in levels}
            for name, of_documents in documents.items()
        }
        intervals = {
            name: {level: bootstrap_intervals(of_level, resampling) for level, of_level in of_system.items()}
            for name, of_system in counts.items()
        }
        found[group] = {"intervals": intervals, "comparisons": _comparisons(counts, resampling)}
    return found


def _add_corrected(report: dict[str, Any]) -> None:
    """Add the corrected p-values to the comparisons of a report: over all groups of a breakdown together.

    A group without gold relations decides nothing: F1 is 0 there for all systems. So it does not count as a test.
    """
    families: list[list[dict[str, Any]]] = [report["comparisons"]]
    families += [[each for part in report[name].values() for each in part["comparisons"]] for name in BREAKDOWNS]
    for family in families:
        for level in LEVELS:
            tests = [each[level] for each in family if level in each]
            counted = [test for test in tests if test["gold"]]
            corrected = corrected_p_values([test["p_value"] for test in counted])
            for test in tests:
                test["p_corrected"] = test["p_value"]
            for test, p_value in zip(counted, corrected, strict=True):
                test["p_corrected"] = p_value
