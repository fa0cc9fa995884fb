"""The threshold of each relation type, and the biases of novelty and direction, that serve documents best.

They are found on a development set and stored in the configuration of the model. What is reported must come from
other documents: `calibrated_on` of the configuration tells which ones were used.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import compared_documents, unannotated_parts
from biodir.evaluation.model_scores import ProcessedDocuments, decoded_documents, document_decisions
from biodir.evaluation.scores import Counts, document_counts, total_counts
from biodir.pipeline_decoding_biodir import DecodingRule, PairDecision, direction_label, relations_of_pairs

THRESHOLDS = tuple(step / 50 for step in range(1, 50))
BIASES = tuple(step / 8 for step in range(-40, 41))
# A type with fewer gold relations keeps the threshold that all types share: its own would fit chance.
MIN_RELATIONS = 10
MAX_ROUNDS = 5


@dataclass(frozen=True)
class FoundRule:
    """A decoding rule with the thresholds and biases that were found, and the counts of all levels with it."""

    rule: DecodingRule
    counts: dict[str, Counts]


def neutral_rule(rule: DecodingRule) -> DecodingRule:
    """The rule without what an earlier search had found."""
    return replace(rule, none_bias=0.0, relation_thresholds={}, label_biases={})


def found_rule(data: ProcessedDocuments, logits: Sequence[dict], rule: DecodingRule) -> FoundRule:
    """The rule with the highest F1 with type, then the highest shares of right novelty and direction.

    Raises:
        AnnotationError: the documents have no relations, or no candidate pairs.
    """
    if not logits or not any(document.relations for document in data.documents):
        raise AnnotationError("no thresholds can be found: the documents have no relations, or no candidate pairs")
    neutral = neutral_rule(rule)
    table = _ScoreTable.of(data, logits, neutral)
    found = replace(neutral, relation_thresholds=table.best_thresholds())
    biases = {}
    for task in ("novelty", "direction"):
        if neutral.labels.get(task):
            biases |= _best_bias(data, logits, found, task)
    found = replace(found, label_biases=biases)
    return FoundRule(found, _counts(data, logits, found))


def cross_fitted_counts(
    data: ProcessedDocuments, logits: Sequence[dict], rule: DecodingRule, folds: int = 5
) -> dict[str, Counts]:
    """Level -> counts where the rule of each document was found on the other folds: what other documents may expect.

    Raises:
        AnnotationError: the documents are too few to find a rule on some and count on others.
    """
    totals: dict[str, Counts] | None = None
    starts = np.cumsum([0, *(sum(len(found.pairs) for found in features) for features in data.features)])
    for fold in range(folds):
        held_out = [index for index in range(len(data.documents)) if index % folds == fold]
        rest = [index for index in range(len(data.documents)) if index % folds != fold]
        if not held_out or not rest:
            continue
        part, part_logits = _part(data, logits, rest, starts)
        if not part_logits or not any(document.relations for document in part.documents):
            raise AnnotationError(
                f"{len(data.documents)} documents cannot be split: without those of fold {fold + 1} there are no "
                "relations, or no candidate pairs; give more documents with relations"
            )
        rule_of_rest = found_rule(part, part_logits, rule).rule
        counts = _counts(*_part(data, logits, held_out, starts), rule_of_rest)
        totals = counts if totals is None else {level: total + counts[level] for level, total in totals.items()}
    if totals is None:
        raise AnnotationError(f"{len(data.documents)} documents cannot be split; give at least two")
    return totals


def fingerprints(documents: Iterable[Document]) -> list[str]:
    """A short name for each document, by its id, in alphabetical order."""
    return sorted(hashlib.sha256(document.id.encode()).hexdigest()[:8] for document in documents)


def calibrated_documents(documents: Iterable[Document], calibrated_on: Iterable[str] | None) -> int:
    """How many of the documents are among those on which a model's thresholds or biases were found."""
    return len(set(fingerprints(documents)) & set(calibrated_on or ()))


@dataclass(frozen=True)
class _ScoreTable:
    """The relation scores of all pairs (pairs, relation_types), which types are right, and how many gold there are."""

    types: tuple[str, ...]
    scores: np.ndarray
    right: np.ndarray
    gold: int

    @classmethod
    def of(cls, data: ProcessedDocuments, logits: Sequence[dict], rule: DecodingRule) -> "_ScoreTable":
        types = tuple(rule.labels["relation"][1:])
        scores, right = [], []
        for document, decisions in zip(data.documents, document_decisions(data, logits, rule), strict=True):
            relations = relations_of_pairs(document)
            for decision in decisions:
                scores.append(decision.scores["relation"][1:])
                held = {relation.relation_type for relation in _gold_of(decision, relations)}
                right.append([kind in held for kind in types])
        gold = sum(len(document.relations) for document in data.documents)
        return cls(types, np.array(scores), np.array(right), gold)

    def best_thresholds(self) -> dict[str, float]:
        """Type -> threshold, by turns for each type until none gains; from the best threshold for all types."""
        shared = max(THRESHOLDS, key=lambda value: self._f1(np.full(len(self.types), value)))
        thresholds = np.full(len(self.types), shared)
        for _ in range(MAX_ROUNDS):
            before = thresholds.copy()
            for index in np.flatnonzero(self.right.sum(axis=0) >= MIN_RELATIONS):
                thresholds = self._with_best(thresholds, index)
            if np.array_equal(before, thresholds):
                break
        return dict(zip(self.types, (float(value) for value in thresholds), strict=True))

    def _with_best(self, thresholds: np.ndarray, index: int) -> np.ndarray:
        best, best_f1 = thresholds, self._f1(thresholds)
        for value in THRESHOLDS:
            tried = thresholds.copy()
            tried[index] = value
            f1 = self._f1(tried)
            if f1 > best_f1:
                best, best_f1 = tried, f1
        return best

    def _f1(self, thresholds: np.ndarray) -> float:
        margins = self.scores - thresholds  # (pairs, relation_types)
        chosen = margins.argmax(axis=1)  # (pairs,)
        rows = np.arange(len(chosen))
        related = margins[rows, chosen] > 0
        right = int(self.right[rows, chosen][related].sum())
        return 2 * right / (int(related.sum()) + self.gold)


def _best_bias(data: ProcessedDocuments, logits: Sequence[dict], rule: DecodingRule, task: str) -> dict[str, float]:
    """The bias of the task's last label that makes most relations with the right type right in this, too.

    Of biases that serve alike the smallest is taken. Pairs whose type is wrong have no truth to be measured by.
    """
    label = rule.labels[task][-1]
    if task in unannotated_parts([relation for document in data.documents for relation in document.relations]):
        return {}
    relevant = [
        (values, relation, decision)
        for values, (decision, relation) in zip(logits, _gold_by_pair(data, logits, rule), strict=True)
        if relation is not None and decision.relation_type == relation.relation_type
    ]

    def right(bias: float) -> int:
        return sum(
            _label_of(values[task], rule.labels[task], bias) == _gold_label(task, relation, decision)
            for values, relation, decision in relevant
        )

    return {label: max(BIASES, key=lambda bias: (right(bias), -abs(bias)))}


def _gold_by_pair(
    data: ProcessedDocuments, logits: Sequence[dict], rule: DecodingRule
) -> list[tuple[PairDecision, Relation | None]]:
    """Each pair's decision with the gold relation of the decided type, None where there is none."""
    found = []
    for document, decisions in zip(data.documents, document_decisions(data, logits, rule), strict=True):
        relations = relations_of_pairs(document)
        for decision in decisions:
            gold = [each for each in _gold_of(decision, relations) if each.relation_type == decision.relation_type]
            found.append((decision, gold[0] if gold else None))
    return found


def _gold_of(decision: PairDecision, relations: dict[frozenset[str], list[Relation]]) -> list[Relation]:
    return relations.get(decision.pair.identifiers, [])


def _label_of(logits: Sequence[float], labels: Sequence[str], bias: float) -> str:
    """The highest label behind the first, where the last has this bias."""
    biased = [*logits[1:-1], logits[-1] + bias]
    return labels[1 + max(range(len(biased)), key=biased.__getitem__)]


def _gold_label(task: str, relation: Relation, decision: PairDecision) -> str | None:
    return relation.novelty if task == "novelty" else direction_label(decision.pair, relation)


def _counts(data: ProcessedDocuments, logits: Sequence[dict], rule: DecodingRule) -> dict[str, Counts]:
    predicted = decoded_documents(data, logits, rule)
    return total_counts(document_counts(compared_documents(data.documents, predicted, rule.labels)))


def _part(data: ProcessedDocuments, logits: Sequence[dict], chosen: Sequence[int], starts: np.ndarray):
    """The chosen documents with the logits of their pairs."""
    documents = tuple(data.documents[index] for index in chosen)
    features = tuple(data.features[index] for index in chosen)
    part = [values for index in chosen for values in logits[starts[index] : starts[index + 1]]]
    return ProcessedDocuments(documents, features), part
