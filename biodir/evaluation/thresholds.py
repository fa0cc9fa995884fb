"""The threshold of each relation type, and the biases of novelty and direction, that serve documents best.

They are found on a development set and stored in the configuration of the model. Reported scores must come from other
documents: `calibrated_on` of the configuration lists those that were used.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import unannotated_parts
from biodir.evaluation.model_scores import ProcessedDocuments, decoded_documents, document_decisions
from biodir.evaluation.scores import Counts, relation_scores, total_counts
from biodir.pipeline_decoding_biodir import DecodingRule, PairDecision, direction_label, relations_of_pairs
from biodir.pipeline_engine_biodir import Logits

THRESHOLDS = tuple(step / 50 for step in range(1, 50))
BIASES = tuple(step / 8 for step in range(-40, 41))
# A type with fewer gold relations keeps the threshold that all types share: its own would fit chance.
MIN_RELATIONS = 10
MAX_ROUNDS = 5


def neutral_rule(rule: DecodingRule) -> DecodingRule:
    """Return the rule without what an earlier search found."""
    return replace(rule, none_bias=0.0, relation_thresholds={}, label_biases={})


def found_rule(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> DecodingRule:
    """Return the rule with the highest F1 with type, then the highest shares of right novelty and direction.

    Raises:
        AnnotationError: the documents have no relations, or no candidate pairs.
    """
    if not logits or not any(document.relations for document in data.documents):
        raise AnnotationError("no thresholds can be found: the documents have no relations, or no candidate pairs")
    neutral = neutral_rule(rule)
    table = _ScoreTable.of(data, logits, neutral)
    found = replace(neutral, relation_thresholds=table.best_thresholds())
    novelty, direction = (_best_bias(data, logits, found, task) for task in ("novelty", "direction"))
    return replace(found, label_biases=novelty | direction)


def rule_counts(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> dict[str, Counts]:
    """Return level -> counts of the relations that the rule decodes."""
    return relation_scores(data.documents, decoded_documents(data, logits, rule), rule.labels)


def cross_fitted_counts(
    data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule, folds: int = 5
) -> dict[str, Counts]:
    """Return level -> counts where the rule for each document was found on the other folds: an estimate for new ones.

    Raises:
        AnnotationError: the documents are too few to find a rule on some and count on others.
    """
    counts = []
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
        rule_of_rest = found_rule(part, part_logits, rule)
        counts.append(rule_counts(*_part(data, logits, held_out, starts), rule_of_rest))
    if not counts:
        raise AnnotationError(f"{len(data.documents)} documents cannot be split; give at least two")
    return total_counts(counts)


def fingerprints(documents: Iterable[Document]) -> list[str]:
    """Return a short name for each document, by its id, in alphabetical order."""
    return sorted(hashlib.sha256(document.id.encode()).hexdigest()[:8] for document in documents)


def calibrated_documents(documents: Iterable[Document], calibrated_on: Iterable[str] | None) -> int:
    """Return how many of the documents are among those on which a model's thresholds or biases were found."""
    return len(set(fingerprints(documents)) & set(calibrated_on or ()))


@dataclass(frozen=True)
class _ScoreTable:
    """Relation scores of all pairs, whether each type is right, both (pairs, relation_types); number of gold ones."""

    types: tuple[str, ...]
    scores: NDArray[Any]
    right: NDArray[Any]
    gold: int

    @classmethod
    def of(cls, data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> "_ScoreTable":
        types = tuple(rule.labels["relation"][1:])
        scores, right = [], []
        for decision, relations in _gold_of_pairs(data, logits, rule):
            scores.append(decision.scores["relation"][1:])
            held = {relation.relation_type for relation in relations}
            right.append([kind in held for kind in types])
        gold = sum(len(document.relations) for document in data.documents)
        return cls(types, np.array(scores), np.array(right), gold)

    def best_thresholds(self) -> dict[str, float]:
        """Return type -> threshold: the best for all types, then the best for each in turn until none gains."""
        shared = max(THRESHOLDS, key=lambda value: self._f1(np.full(len(self.types), value)))
        thresholds = np.full(len(self.types), shared)
        for _ in range(MAX_ROUNDS):
            before = thresholds
            for index in np.flatnonzero(self.right.sum(axis=0) >= MIN_RELATIONS):
                tried = np.tile(thresholds, (len(THRESHOLDS) + 1, 1))  # the first stays as it is
                tried[1:, index] = THRESHOLDS
                thresholds = max(tried, key=self._f1)  # of equals the first
            if np.array_equal(before, thresholds):
                break
        return dict(zip(self.types, thresholds.tolist(), strict=True))

    def _f1(self, thresholds: NDArray[Any]) -> float:
        margins = self.scores - thresholds  # (pairs, relation_types)
        chosen = margins.argmax(axis=1)  # (pairs,)
        rows = np.arange(len(chosen))
        related = margins[rows, chosen] > 0
        right = int(self.right[rows, chosen][related].sum())
        return 2 * right / (int(related.sum()) + self.gold)


def _best_bias(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule, task: str) -> dict[str, float]:
    """Return the bias of the task's last label with which most relations with the right type are right in this, too.

    Of biases that serve equally well the smallest is taken. Pairs whose type is wrong have no truth to compare with.
    """
    labels = rule.labels.get(task, ())
    all_relations = [relation for document in data.documents for relation in document.relations]
    if not labels or task in unannotated_parts(all_relations):
        return {}
    known: list[tuple[Sequence[float], str | None]] = []  # logits of the labels after the first, right label
    for values, (decision, relations) in zip(logits, _gold_of_pairs(data, logits, rule), strict=True):
        for relation in [each for each in relations if each.relation_type == decision.relation_type][:1]:
            label = relation.novelty if task == "novelty" else direction_label(decision.pair, relation)
            known.append((values[task][1:], label))

    def right(bias: float) -> int:
        best = (1 + int(np.argmax([*values[:-1], values[-1] + bias])) for values, _ in known)
        return sum(labels[index] == label for index, (_, label) in zip(best, known, strict=True))

    return {labels[-1]: max(BIASES, key=lambda bias: (right(bias), -abs(bias)))}


def _gold_of_pairs(
    data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule
) -> list[tuple[PairDecision, list[Relation]]]:
    """Return each pair's decision with the gold relations of the pair."""
    found = []
    for document, decisions in zip(data.documents, document_decisions(data, logits, rule), strict=True):
        relations = relations_of_pairs(document)
        for decision in decisions:
            pair = frozenset((decision.pair.entity1.identifier, decision.pair.entity2.identifier))
            found.append((decision, relations.get(pair, [])))
    return found


def _part(
    data: ProcessedDocuments, logits: Sequence[Logits], chosen: Sequence[int], starts: NDArray[Any]
) -> tuple[ProcessedDocuments, list[Logits]]:
    """Return the chosen documents with the logits of their pairs."""
    documents = tuple(data.documents[index] for index in chosen)
    features = tuple(data.features[index] for index in chosen)
    part = [values for index in chosen for values in logits[starts[index] : starts[index + 1]]]
    return ProcessedDocuments(documents, features), part
