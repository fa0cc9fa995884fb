"""What is known of the direction of relations: how it is annotated, how often it is right, what abstaining costs.

The report is JSON-ready data.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from biodir.document_biodir import Document
from biodir.evaluation.breakdown import NO_MENTION
from biodir.evaluation.calibration import expected_calibration_error, reliability
from biodir.evaluation.checks import unannotated_parts
from biodir.evaluation.direction_cases import DirectionCase, direction_cases, document_cases
from biodir.evaluation.direction_cues import SURE_Z, pattern_cues, word_cues
from biodir.evaluation.direction_rules import DirectionRule, best_order, rules_of
from biodir.evaluation.error_analysis import ErrorAnalysis, RelationComparison

THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
# Of each side, the words with the surest effect.
WORDS = 12
Judged = tuple[RelationComparison, DirectionCase | None]


def direction_report(analysis: ErrorAnalysis, training: Iterable[Document] = ()) -> dict[str, Any]:
    """Return the figures of the directions of a comparison; empty where gold does not annotate them.

    Args:
        analysis: of gold and predictions.
        training: documents with the relations that the model learned from. Rules and words are found on these; without
            them, or without a direction among them, the report has neither.

    Returns:
        `annotated` and `training`: rows by pair type and relation type, see `annotation_rows`. `right_type`: the
        directions of predictions with the right pair and type, in all and by both groups, see `accuracy_figures`.
        `calibration`: of their scores. `thresholds`: see `threshold_rows`. With training documents also `rules`,
        `order`, `words` and `patterns`; the last two are of the training documents.
    """
    if "direction" in unannotated_parts([each for document in analysis.documents for each in document.relations]):
        return {}
    cases = {
        (document.id, relation): case
        for document in analysis.documents
        for relation, case in document_cases(document).items()
    }
    judged: list[Judged] = [
        (each, cases.get((each.document_id, each.gold)))
        for each in analysis.comparisons
        if each.gold is not None and _has_right_type(each)
    ]
    learned = direction_cases(training)
    has_directions = any(case.is_directed for case in learned)
    rules = rules_of(learned) if has_directions else {}
    report = {
        "annotated": annotation_rows(cases.values()),
        "training": annotation_rows(learned),
        "right_type": _accuracy(judged, rules),
        "calibration": _calibration([comparison for comparison, _ in judged]),
        "thresholds": threshold_rows(analysis),
    }
    if has_directions:
        report |= {"rules": _rule_figures([*cases.values()], rules), "order": list(best_order(learned))}
        report |= _cues(learned)
    return report


def annotation_rows(cases: Iterable[DirectionCase]) -> list[dict[str, Any]]:
    """Return a row for each pair type and relation type: relations, directed ones, and how often each type acts."""
    groups: dict[tuple[str, str], list[DirectionCase]] = {}
    for case in cases:
        groups.setdefault((case.pair_type, case.relation_type), []).append(case)
    rows = []
    for (pair_type, relation_type), found in sorted(groups.items()):
        subjects = Counter(
            (case.first if case.is_subject_first else case.second).entity_type
            for case in found
            if case.is_directed and not case.is_of_one_type
        )
        directed = sum(case.is_directed for case in found)
        names = {"pair_type": pair_type, "relation_type": relation_type}
        rows.append({**names, "relations": len(found), "directed": directed, "subjects": dict(subjects.most_common())})
    return rows


def accuracy_figures(judged: Sequence[Judged], rules: Mapping[str, DirectionRule]) -> dict[str, Any]:
    """Return the figures of predictions with the right pair and type.

    `relations` is their number, `right` how many have the direction of gold; the others are `reversed`,
    `directed_in_gold` (predicted as undirected) or `undirected_in_gold`. `rules` has how many of those with a case each
    rule gets right.
    """
    sides = [(each.gold, each.predicted) for each, _ in judged]
    pairs = [(gold.subject_id, found.subject_id) for gold, found in sides if gold is not None and found is not None]
    right = sum(gold == found for gold, found in pairs)
    missed = sum(gold is not None and found is None for gold, found in pairs)
    invented = sum(gold is None and found is not None for gold, found in pairs)
    known = [case for _, case in judged if case is not None]
    return {
        **{"relations": len(pairs), "right": right, "reversed": len(pairs) - right - missed - invented},
        **{"directed_in_gold": missed, "undirected_in_gold": invented},
        "rules": {name: sum(rule(case) == case.subject for case in known) for name, rule in rules.items()},
    }


def threshold_rows(analysis: ErrorAnalysis) -> list[dict[str, Any]]:
    """Return a row for each least score of a direction, below which a relation is undirected.

    `directed` predictions with the right pair and type keep their direction, of which `right` are those of gold.
    `accuracy` is their quotient, `recall` the share of gold's directed relations of these predictions; each is None of
    nothing. `f1` is that of the level with type and direction over all relations.
    """
    found = [each for each in analysis.comparisons if _has_right_type(each)]
    if not found or any(each.predicted is not None and _is_unscored(each.predicted) for each in found):
        return []
    gold = sum(each.gold is not None for each in analysis.comparisons)
    predicted = sum(each.predicted is not None for each in analysis.comparisons)
    rows = []
    for threshold in THRESHOLDS:
        subjects = [(each.gold.subject_id, _subject(each, threshold)) for each in found if each.gold is not None]
        directed = sum(subject is not None for _, subject in subjects)
        right = sum(subject is not None and subject == truth for truth, subject in subjects)
        in_gold = sum(truth is not None for truth, _ in subjects)
        agreeing = sum(subject == truth for truth, subject in subjects)
        shares = {"accuracy": right / directed if directed else None, "recall": right / in_gold if in_gold else None}
        f1 = 2 * agreeing / max(gold + predicted, 1)
        rows.append({"threshold": threshold, "directed": directed, "right": right, **shares, "f1": f1})
    return rows


def _has_right_type(comparison: RelationComparison) -> bool:
    gold, predicted = comparison.gold, comparison.predicted
    return gold is not None and predicted is not None and gold.relation_type == predicted.relation_type


def _is_unscored(relation: Any) -> bool:
    return relation.subject_id is not None and relation.direction_score is None


def _subject(comparison: RelationComparison, threshold: float) -> str | None:
    found = comparison.predicted
    if found is None or found.subject_id is None or (found.direction_score or 0.0) < threshold:
        return None
    return found.subject_id


def _accuracy(judged: Sequence[Judged], rules: Mapping[str, DirectionRule]) -> dict[str, Any]:
    groups: dict[str, dict[str, list[Judged]]] = {"by_pair_type": {}, "by_relation_type": {}}
    for comparison, case in judged:
        names = (case.pair_type if case else _without_case(comparison), comparison.types[0])
        for group, name in zip(groups, names, strict=True):
            groups[group].setdefault(name, []).append((comparison, case))
    found = {
        group: {name: accuracy_figures(some, rules) for name, some in sorted(parts.items())}
        for group, parts in groups.items()
    }
    return {"all": accuracy_figures(judged, rules), **found}


def _without_case(comparison: RelationComparison) -> str:
    is_mentioned = comparison.entity1.mentions and comparison.entity2.mentions
    return "an entity with itself" if is_mentioned else NO_MENTION


def _calibration(comparisons: Iterable[RelationComparison]) -> dict[str, Any]:
    """Return number, mean score, share of right directions, calibration error and bins of the scored predictions."""
    outcomes = [
        (each.predicted.direction_score, each.predicted.subject_id == each.gold.subject_id)
        for each in comparisons
        if each.gold is not None and each.predicted is not None and each.predicted.direction_score is not None
    ]
    if not outcomes:
        return {}
    values = np.array(outcomes, dtype=np.float64)
    bins = reliability(values)
    mean_score, share_right = values.mean(axis=0).tolist()
    figures = {"predictions": len(outcomes), "mean_score": mean_score, "share_right": share_right}
    return {**figures, "expected_calibration_error": expected_calibration_error(bins), "bins": bins}


def _rule_figures(cases: Sequence[DirectionCase], rules: Mapping[str, DirectionRule]) -> dict[str, Any]:
    """Return name of the rule -> how many gold relations it gets right: of all, of the directed, of these by type."""
    directed = [case for case in cases if case.is_directed]
    groups: dict[str, list[DirectionCase]] = {"all": list(cases), "directed": directed}
    for case in directed:
        groups.setdefault(case.pair_type, []).append(case)
    found = {}
    for name, rule in rules.items():
        found[name] = {
            group: {"relations": len(some), "right": sum(rule(case) == case.subject for case in some)}
            for group, some in groups.items()
        }
    return found


def _cues(cases: Sequence[DirectionCase]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {"words": {}, "patterns": {}}
    for name, is_of_one_type in (("one type", True), ("two types", False)):
        some = [case for case in cases if case.is_of_one_type == is_of_one_type]
        cues = [cue for cue in word_cues(some) if abs(cue.z) >= SURE_Z]
        sides = ([cue for cue in cues if cue.z > 0][:WORDS], [cue for cue in cues if cue.z < 0][:WORDS])
        found["words"][name] = [asdict(cue) for side in sides for cue in side]
        found["patterns"][name] = [asdict(cue) for cue in pattern_cues(some)]
    return found
