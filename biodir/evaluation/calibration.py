"""Whether scores mean what they say: reliability of each head, and precision against recall."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from biodir.evaluation.checks import ComparedDocument
from biodir.evaluation.scores import LEVELS, unannotated_levels

BINS = 10
HEAD_LEVELS = {
    "relation": "relation_type",
    "novelty": "relation_type_novelty",
    "direction": "relation_type_direction",
}
# What a score can be right or wrong about -> the field of a predicted relation that holds it. The statement is the
# relation with its novelty and direction; its score is the product of theirs.
HEADS = {"relation": "relation_score", "novelty": "novelty_score", "direction": "direction_score", "statement": None}


@dataclass(frozen=True)
class Outcomes:
    """Scores (0..1) of what was predicted, and whether each was right; both (predictions,)."""

    scores: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class ReliabilityBin:
    """The predictions with a score in ``(low, high]``, the first bin with 0 as well; no means where there are none."""

    low: float
    high: float
    predictions: int
    mean_score: float | None
    share_right: float | None


@dataclass(frozen=True)
class PrecisionRecallCurve:
    """Precision and recall (thresholds,) of the predictions with at least each score, highest first."""

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray

    @property
    def average_precision(self) -> float:
        """The mean of the precision over the recall that each threshold adds; recall never reached adds nothing."""
        return float(np.sum(np.diff(self.recall, prepend=0.0) * self.precision))


def head_outcomes(pairs: Sequence[ComparedDocument]) -> dict[str, Outcomes]:
    """Head -> the outcomes of the predictions that have its score; heads without any are left out.

    A relation is right where its pair has that type. Novelty and direction are asked of the relations with the right
    type alone: elsewhere there is no truth to compare with. Levels that gold does not annotate are not asked about.
    """
    unknown = unannotated_levels(pairs)
    found: dict[str, list[tuple[float, bool]]] = {head: [] for head in HEADS}
    for pair in pairs:
        truth = {level: {key(relation) for relation in pair.gold.relations} for level, key in LEVELS.items()}
        for relation in pair.predicted.relations:
            right = {level: key(relation) in truth[level] for level, key in LEVELS.items()}
            parts = [getattr(relation, field) for field in HEADS.values() if field is not None]
            known = [part for part in parts if part is not None]
            if known and "all" not in unknown:
                found["statement"].append((float(np.prod(known)), right["all"]))
            for (head, level), score in zip(HEAD_LEVELS.items(), parts, strict=True):
                if score is not None and level not in unknown and (head == "relation" or right["relation_type"]):
                    found[head].append((score, right[level]))
    return {head: _outcomes(values) for head, values in found.items() if values}


def reliability(outcomes: Outcomes, bins: int = BINS) -> list[ReliabilityBin]:
    """Bins of equal width over the scores 0..1, with what was right in each."""
    edges = np.linspace(0, 1, bins + 1)
    places = np.clip(np.searchsorted(edges, outcomes.scores, side="left") - 1, 0, bins - 1)
    table = []
    for index in range(bins):
        inside = places == index
        count = int(inside.sum())
        mean = float(outcomes.scores[inside].mean()) if count else None
        share = float(outcomes.right[inside].mean()) if count else None
        table.append(ReliabilityBin(float(edges[index]), float(edges[index + 1]), count, mean, share))
    return table


def expected_calibration_error(table: Sequence[ReliabilityBin]) -> float:
    """The mean distance between score and share of right predictions, weighted by their number; 0 is perfect.

    Source: Guo et al. 2017, section 3.
    """
    total = sum(each.predictions for each in table)
    distances = (each.predictions * abs(each.mean_score - each.share_right) for each in table if each.predictions)
    return sum(distances) / total if total else 0.0


def precision_recall_curve(outcomes: Outcomes, gold: int) -> PrecisionRecallCurve:
    """The curve over all thresholds that change anything.

    Args:
        gold: the number of gold statements, found or not; recall is the share of these.
    """
    order = np.argsort(-outcomes.scores, kind="stable")
    scores, right = outcomes.scores[order], np.cumsum(outcomes.right[order])
    last_of_score = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1) if len(scores) else np.array([], int)
    found = right[last_of_score]
    return PrecisionRecallCurve(scores[last_of_score], found / (last_of_score + 1), found / max(gold, 1))


def relation_outcomes(pairs: Iterable[ComparedDocument], relation_type: str | None = None) -> tuple[Outcomes, int]:
    """The relation head's outcomes of one type, or of all, and how many gold relations there are of it."""
    values, gold = [], 0
    key = LEVELS["relation_type"]
    for pair in pairs:
        truth = {key(each) for each in pair.gold.relations if relation_type in (None, each.relation_type)}
        gold += len(truth)
        for relation in pair.predicted.relations:
            if relation.relation_score is not None and relation_type in (None, relation.relation_type):
                values.append((relation.relation_score, key(relation) in truth))
    return _outcomes(values), gold


def _outcomes(values: Sequence[tuple[float, bool]]) -> Outcomes:
    scores, right = zip(*values, strict=True) if values else ((), ())
    return Outcomes(np.array(scores, dtype=float), np.array(right, dtype=bool))
