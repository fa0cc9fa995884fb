"""The threshold of each relation type, and the biases of novelty and direction, that serve documents best.

They are found on a development set and stored in the configuration of the model. Reported scores must come from other
documents: `calibrated_on` of the configuration lists those that were used.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError, located, plural
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
FOLDS = 5


@dataclass(frozen=True)
class Fold:
    """Some of the documents, with the rule that was found on all others.

    Args:
        logits: of their pairs.

    >>> Fold(ProcessedDocuments((), ()), [], DecodingRule({"relation": ["None", "Bind"]}, "Bind", 0.5, 0.0)).logits
    []
    """

    data: ProcessedDocuments
    logits: Sequence[Logits]
    rule: DecodingRule


def neutral_rule(rule: DecodingRule) -> DecodingRule:
    """Return the rule without what an earlier search found."""
    return replace(rule, none_bias=0.0, relation_thresholds={}, label_biases={}, score_scaling={})


def kept_rule(stored: DecodingRule, found: DecodingRule) -> DecodingRule:
    """Return the rule with no biases and scaling but those that are stored for tasks where none were found."""
    unfound = [
        label
        for task in ("novelty", "direction")
        if not found.label_biases.keys() & {*stored.labels.get(task, ())}
        for label in stored.labels.get(task, ())
    ]
    biases = {label: bias for label, bias in stored.label_biases.items() if label in unfound}
    scaling = {task: both for task, both in stored.score_scaling.items() if task not in found.score_scaling}
    return replace(stored, label_biases=biases, score_scaling=scaling)


def with_kept(found: DecodingRule, kept: DecodingRule) -> DecodingRule:
    """Return the rule that was found, with biases and scaling of `kept_rule` where it has none."""
    biases = {**kept.label_biases, **found.label_biases}
    return replace(found, label_biases=biases, score_scaling={**kept.score_scaling, **found.score_scaling})


def found_rule(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> DecodingRule:
    """Return the rule with the highest F1 with type, then the highest shares of right novelty and direction.

    Raises:
        AnnotationError: the documents have no relations, or no candidate pairs.
    """
    if not logits or not any(document.relations for document in data.documents):
        raise AnnotationError("no thresholds can be found: the documents have no relations, or no candidate pairs")
    neutral = neutral_rule(rule)
    found = replace(neutral, relation_thresholds=_best_thresholds(data, logits, neutral))
    novelty, direction = (_best_bias(data, logits, found, task) for task in ("novelty", "direction"))
    return replace(found, label_biases=novelty | direction)


def rule_counts(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> dict[str, Counts]:
    """Return level -> counts of the relations that the rule decodes."""
    return relation_scores(data.documents, decoded_documents(data, logits, rule), rule.labels)


def cross_fitted(
    data: ProcessedDocuments,
    logits: Sequence[Logits],
    rule: DecodingRule,
    find: Callable[[ProcessedDocuments, Sequence[Logits], DecodingRule], DecodingRule] = found_rule,
    folds: int = FOLDS,
) -> list[Fold]:
    """Return all documents in folds, each with the rule that was found on the other folds: an estimate for new ones.

    Args:
        find: returns the rule for documents.

    Raises:
        AnnotationError: the documents are too few to find a rule on some and count on others.
    """
    check_number(data.documents)
    remaining = iter(logits)
    rows = [
        (document, features, [*islice(remaining, sum(len(each.pairs) for each in features))])
        for document, features in zip(data.documents, data.features, strict=True)
    ]
    found = []
    for fold in range(min(folds, len(rows))):
        others = _joined([row for index, row in enumerate(rows) if index % folds != fold])
        with located(f"{len(rows)} documents cannot be split, without those of fold {fold + 1}"):
            found.append(Fold(*_joined(rows[fold::folds]), find(*others, rule)))
    return found


def check_number(documents: Sequence[Document]) -> None:
    """Check that some documents can be left out for others; else AnnotationError."""
    if len(documents) < 2:
        raise AnnotationError(f"{plural(len(documents), 'document')} cannot be split; give at least two")


def cross_fitted_counts(folds: Iterable[Fold]) -> dict[str, Counts]:
    """Return level -> counts of the documents of all folds, each decoded by its own rule."""
    return total_counts(rule_counts(fold.data, fold.logits, fold.rule) for fold in folds)


def _joined(rows: Sequence[tuple[Any, ...]]) -> tuple[ProcessedDocuments, list[Logits]]:
    """Return the documents with the logits of all their pairs; a row is a document, its features and their logits."""
    documents, features, logits = zip(*rows, strict=True)
    return ProcessedDocuments(documents, features), [*chain.from_iterable(logits)]


def fingerprints(documents: Iterable[Document]) -> list[str]:
    """Return a short name for each document, by its id, in alphabetical order."""
    return sorted(hashlib.sha256(document.id.encode()).hexdigest()[:8] for document in documents)


def calibrated_documents(documents: Iterable[Document], calibrated_on: Iterable[str] | None) -> int:
    """Return how many of the documents are among those on which a model's thresholds, biases or scaling were found."""
    return len(set(fingerprints(documents)) & set(calibrated_on or ()))


def _best_thresholds(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> dict[str, float]:
    """Return type -> threshold: the best for all types, then the best for each in turn until none gains."""
    types = rule.labels["relation"][1:]
    pairs = _gold_of_pairs(data, logits, rule)
    scores = np.array([decision.scores["relation"][1:] for decision, _ in pairs])  # (pairs, relation_types)
    held = [{relation.relation_type for relation in relations} for _, relations in pairs]
    right = np.array([[kind in of_pair for kind in types] for of_pair in held])  # (pairs, relation_types)
    gold = sum(len(document.relations) for document in data.documents)
    rows = np.arange(len(pairs))

    def f1(thresholds: NDArray[Any]) -> float:
        margins = scores - thresholds  # (pairs, relation_types)
        chosen = margins.argmax(axis=1)  # (pairs,)
        related = margins[rows, chosen] > 0
        return 2 * int(right[rows, chosen][related].sum()) / (int(related.sum()) + gold)

    shared = max(THRESHOLDS, key=lambda value: f1(np.full(len(types), value)))
    thresholds = np.full(len(types), shared)
    for _ in range(MAX_ROUNDS):
        before = thresholds
        for index in np.flatnonzero(right.sum(axis=0) >= MIN_RELATIONS):
            tried = np.tile(thresholds, (len(THRESHOLDS) + 1, 1))  # the first stays as it is
            tried[1:, index] = THRESHOLDS
            thresholds = max(tried, key=f1)  # of equals the first
        if np.array_equal(before, thresholds):
            break
    return dict(zip(types, thresholds.tolist(), strict=True))


def _best_bias(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule, task: str) -> dict[str, float]:
    """Return the bias of the task's last label with which most relations with the right type are right in this, too.

    Of biases that serve equally well the smallest is taken. Pairs whose type is wrong have no truth to compare with;
    without others, or where the documents do not annotate the task, no bias is found.
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

    if not known:
        return {}

    def right(bias: float) -> int:
        best = (1 + int(np.argmax([*values[:-1], values[-1] + bias])) for values, _ in known)
        return sum(labels[index] == label for index, (_, label) in zip(best, known, strict=True))

    return {labels[-1]: max(BIASES, key=lambda bias: (right(bias), -abs(bias)))}


def _gold_of_pairs(
    data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule
) -> list[tuple[PairDecision, list[Relation]]]:
    """Return each pair's decision with the gold relations of the pair."""
    decisions = document_decisions(data, logits, rule)
    relations = map(relations_of_pairs, data.documents)
    return [
        (decision, of_document.get(decision.pair.identifiers, []))
        for of_document, found in zip(relations, decisions, strict=True)
        for decision in found
    ]
