"""Whether scores agree with how often predictions are right: reliability of each head, precision against recall."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biodir.evaluation.checks import ComparedDocument
from biodir.evaluation.scores import STATEMENTS, unannotated_levels
from biodir.labels_biodir import TASKS

TASK_LEVELS = dict(zip(TASKS, ("relation_type", "relation_type_novelty", "relation_type_direction"), strict=True))
# The complete statement: the relation with its novelty and direction. Its score is the product of theirs.
STATEMENT = "statement"


# What was predicted, (predictions, 2): the score in 0..1, and 1 where the prediction was right.
Outcomes = NDArray[np.float64]


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall (thresholds,) of the predictions with at least each score, highest first.

    `gold` is the number of statements to find.

    >>> precision_recall_curve(np.array([(0.9, True), (0.8, False)]), gold=2).average_precision
    0.5
    """

    thresholds: NDArray[Any]
    precision: NDArray[Any]
    recall: NDArray[Any]
    gold: int

    @property
    def average_precision(self) -> float:
        """The mean of the precision over the recall that each threshold adds; recall never reached adds nothing."""
        return float(np.sum(np.diff(self.recall, prepend=0.0) * self.precision))


def head_outcomes(pairs: Sequence[ComparedDocument]) -> dict[str, Outcomes]:
    """Return task, or `STATEMENT` -> the outcomes of the predictions that have its score; tasks without are left out.

    A relation is right where its pair has that type. Novelty and direction are judged only for relations with the right
    type: elsewhere there is no truth to compare with. Levels that gold does not annotate are left out.
    """
    unknown = unannotated_levels(pairs)
    found: dict[str, list[tuple[float, bool]]] = {name: [] for name in (*TASKS, STATEMENT)}
    for pair in pairs:
        truth = {level: {*map(key, pair.gold.relations)} for level, key in STATEMENTS.items()}
        for relation in pair.predicted.relations:
            right = {level: key(relation) in truth[level] for level, key in STATEMENTS.items()}
            scores = {task: getattr(relation, f"{task}_score") for task in TASKS}
            known = {task: score for task, score in scores.items() if score is not None}
            if known and "all" not in unknown:
                found[STATEMENT].append((float(np.prod([*known.values()])), right["all"]))
            for task, score in known.items():
                if TASK_LEVELS[task] not in unknown and (task == "relation" or right["relation_type"]):
                    found[task].append((score, right[TASK_LEVELS[task]]))
    return {name: np.array(values) for name, values in found.items() if values}


def reliability(outcomes: Outcomes, bins: int = 10) -> list[dict[str, Any]]:
    """Return bins ``(low, high]`` of equal width over the scores 0..1, the first with 0, and what was right in each.

    A bin has low, high, predictions, mean_score and share_right; the last two are None where there is no prediction.
    """
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, outcomes[:, 0], side="left") - 1, 0, bins - 1)
    table = []
    for index, (low, high) in enumerate(pairwise(edges.tolist())):
        inside = outcomes[places == index]
        mean_score, share_right = inside.mean(axis=0).tolist() if len(inside) else (None, None)
        figures = {"predictions": len(inside), "mean_score": mean_score, "share_right": share_right}
        table.append({"low": low, "high": high, **figures})
    return table


def expected_calibration_error(table: Sequence[Mapping[str, Any]]) -> float:
    """Return the mean distance between score and share of right predictions, weighted by their number; 0 is perfect.

    Source: Guo et al. 2017, section 3.
    """
    filled = [each for each in table if each["predictions"]]
    distances = (each["predictions"] * abs(each["mean_score"] - each["share_right"]) for each in filled)
    return float(sum(distances)) / max(sum(each["predictions"] for each in filled), 1)


def precision_recall_curve(outcomes: Outcomes, gold: int) -> PrecisionRecallCurve:
    """Return the curve over all thresholds that change anything."""
    scores, right = outcomes[np.argsort(-outcomes[:, 0], kind="stable")].T
    last_of_score = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
    found = np.cumsum(right)[last_of_score]
    return PrecisionRecallCurve(scores[last_of_score], found / (last_of_score + 1), found / max(gold, 1), gold)


def precision_recall_curves(pairs: Iterable[ComparedDocument]) -> dict[str, PrecisionRecallCurve]:
    """Return "all" and each relation type -> the curve of the predictions that have a score, where there are any.

    Of a pair and type that is predicted in both directions, as label lists other than BioRED's may, the higher score
    counts: gold, too, has this statement once.
    """
    statement = STATEMENTS["relation_type"]
    values: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    gold: Counter[str] = Counter()
    for pair in pairs:
        truth = {*map(statement, pair.gold.relations)}
        gold.update(name for _, relation_type in truth for name in ("all", relation_type))
        scores: dict[tuple[Any, str], float] = {}
        for relation in pair.predicted.relations:
            if relation.relation_score is not None:
                found = statement(relation)
                scores[found] = max(scores.get(found, 0.0), relation.relation_score)
        for found, score in scores.items():
            for name in ("all", found[1]):
                values[name].append((score, found in truth))
    names = sorted(values, key=lambda name: (name != "all", name))
    return {name: precision_recall_curve(np.array(values[name]), gold[name]) for name in names}
