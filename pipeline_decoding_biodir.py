"""Decoding: logits of a pair to its labels. Only here does a direction become subject and object, and back for gold."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from .document_biodir import Document, Entity, Relation
from .document_candidates_biodir import CandidatePair
from .errors_biodir import AnnotationError
from .labels_biodir import ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, UNDIRECTED, UNRELATED

# The target of a task that the corpus of a pair does not annotate; it adds no loss.
UNANNOTATED = -1.0


@dataclass(frozen=True)
class DecodingRule:
    """How logits become labels; the fields are those of the configuration with the same names.

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> rule = DecodingRule.from_config(BioDirConfig(novelty_labels=[], direction_labels=[]))
    >>> logits = {"relation": [0.0, 3.0, 1.0, *[-5.0] * 6]}  # of None, Association, Bind and the other types
    >>> decode_pair(None, logits, rule).relation_type  # any other type wins over Association
    'Bind'
    """

    labels: Mapping[str, Sequence[str]]
    generic_relation: str | None
    relation_threshold: float
    none_bias: float
    relation_thresholds: Mapping[str, float] = field(default_factory=dict)
    label_biases: Mapping[str, float] = field(default_factory=dict)
    relation_loss: str = "binary"
    score_scaling: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def main_task(self) -> str:
        """The task whose head decides which pairs are related: the first that has labels."""
        return next(task for task, labels in self.labels.items() if labels)

    @classmethod
    def from_config(cls, config: Any) -> "DecodingRule":
        """Return the rule of a `BioDirConfig`, from whichever copy of its class."""
        return cls(**{field.name: getattr(config, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True)  # a full text has many
class PairDecision:
    """The labels of one pair, with their scores in 0..1.

    Args:
        pair: the candidate pair.
        relation_type: the relation label.
        novelty, direction: None where the model has no such task.
        scores: task -> the score of every label, in order; empty where only related pairs are kept.
        relation_score, novelty_score, direction_score: of the labels above; None where the model has no such task. All
            scores are scaled, see `BioDirConfig.score_scaling`.
        is_related: whether the model relates the pair.

    >>> from biodir import Mention
    >>> iron = Entity("D007501", "ChemicalEntity", (Mention(0, 4, "Iron", "ChemicalEntity"),))
    >>> egfr = Entity("1956", "GeneOrGeneProduct", (Mention(11, 15, "EGFR", "GeneOrGeneProduct"),))
    >>> scores = {"relation_score": 0.9, "novelty_score": 0.5, "direction_score": 0.8, "scores": {}}
    >>> labels = {"relation_type": "Bind", "novelty": "Novel", "direction": "Right_to_Left", "is_related": True}
    >>> decision = PairDecision(CandidatePair(iron, egfr, pair_type_id=2), **labels, **scores)
    >>> decision.subject.name, decision.object.name, round(decision.score, 2)
    ('EGFR', 'Iron', 0.36)
    """

    pair: CandidatePair
    relation_type: str
    novelty: str | None
    direction: str | None
    scores: Mapping[str, Sequence[float]]
    relation_score: float | None
    novelty_score: float | None
    direction_score: float | None
    is_related: bool

    @property
    def score(self) -> float:
        """The score of the relation: the product of the scores of its parts."""
        parts = self.relation_score, self.novelty_score, self.direction_score
        return math.prod(part for part in parts if part is not None)

    @property
    def subject(self) -> Entity:
        """The acting entity; of an undirected relation the first of the pair."""
        return subject_and_object(self.pair, self.direction)[0]

    @property
    def object(self) -> Entity:
        """The other entity of the pair."""
        return subject_and_object(self.pair, self.direction)[1]

    @property
    def directed(self) -> bool:
        """True where the direction names a subject."""
        return self.direction in (ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT)

    def abstaining(self, min_direction_score: float) -> "PairDecision":
        """Return the decision without its subject, and without the score of its direction, where that is lower."""
        if not self.directed or self.direction_score is None or self.direction_score >= min_direction_score:
            return self
        return replace(self, direction=UNDIRECTED, direction_score=None)

    def to_relation(self) -> Relation:
        """Return the decision as a relation of a document."""
        subject, other = self.subject.identifier, self.object.identifier
        scores = self.relation_score, self.novelty_score, self.direction_score
        return Relation(self.relation_type, subject, other, self.novelty, subject if self.directed else None, *scores)


def decode_pair(pair: CandidatePair, logits: Mapping[str, Sequence[float]], rule: DecodingRule) -> PairDecision:
    """Return the labels of one pair, see `decode_pairs`.

    Args:
        logits: task -> the model's logits of this pair, one for each label.
    """
    [(_, decision)] = decode_pairs([pair], {task: np.array([values]) for task, values in logits.items()}, rule)
    return decision


def decode_pairs(
    pairs: Sequence[CandidatePair], logits: Mapping[str, np.ndarray], rule: DecodingRule, related_only: bool = False
) -> Iterator[tuple[int, PairDecision]]:
    """Yield the number of each pair and its labels. Paper, section 2.

    Any relation type but the generic one whose score is above the threshold wins, the highest first; else the highest
    of all relation labels. Novelty and direction take their highest label but the first, which is that of
    unrelated pairs. Differs from paper: with `relation_thresholds` every relation type has a threshold of its own.

    Scores are scaled when the labels are chosen, and so without an effect on these.

    A model without a relation head calls a pair related where the highest label of its first task is not the first,
    and gives it the generic type.

    Args:
        pairs: the candidate pairs.
        logits: task -> the model's logits, (pairs, labels).
        rule: how they become labels.
        related_only: only related pairs, without the scores of all labels, which are most of the memory.
    """
    scores = {task: _scores(task, values, rule) for task, values in logits.items()}
    chosen = {task: _best_after_first(found) for task, found in scores.items()}  # task -> (pairs,) places of labels
    if "relation" in scores:
        chosen["relation"] = _relation_places(scores["relation"], rule)
        is_related = chosen["relation"] > 0  # (pairs,)
    else:
        assert rule.generic_relation is not None, "the configuration names one where it has no relation labels"
        is_related = scores[rule.main_task].max(axis=1) > scores[rule.main_task][:, 0]
    wanted = np.flatnonzero(is_related) if related_only else np.arange(len(pairs))
    found = {task: (chosen[task][wanted], _stated(task, scores[task][wanted], rule)) for task in scores}
    best = {task: np.take_along_axis(table, places[:, None], 1)[:, 0] for task, (places, table) in found.items()}
    for row, number in enumerate(wanted.tolist()):
        labels = {task: rule.labels[task][places[row]] for task, (places, _) in found.items()}
        of_best = {task: float(values[row]) for task, values in best.items()}
        if "relation" not in labels:
            labels["relation"] = str(rule.generic_relation) if is_related[number] else UNRELATED
        yield (
            number,
            PairDecision(
                pair=pairs[number],
                relation_type=labels["relation"],
                novelty=labels.get("novelty"),
                direction=labels.get("direction"),
                scores={} if related_only else {task: table[row].tolist() for task, (_, table) in found.items()},
                relation_score=of_best.get("relation"),
                novelty_score=of_best.get("novelty"),
                direction_score=of_best.get("direction"),
                is_related=bool(is_related[number]),
            ),
        )


def scaled_scores(scores: np.ndarray, slope: float, offset: float) -> np.ndarray:
    """Return ``sigmoid(slope * logit(score) + offset)`` of scores in 0..1, in any shape. Platt 1999.

    >>> scaled_scores(np.array([0.2, 0.5, 0.8]), slope=0.5, offset=0.0).round(3).tolist()
    [0.333, 0.5, 0.667]
    """
    return _sigmoid(slope * score_logits(scores) + offset)


def score_logits(scores: np.ndarray) -> np.ndarray:
    """Return the logits of scores in 0..1, in any shape; they are finite, also of 0 and 1."""
    limits = np.finfo(np.float64)
    inside = np.clip(scores, limits.tiny, 1 - limits.epsneg)
    found: np.ndarray = np.log(inside) - np.log1p(-inside)
    return found


def relations_of_pairs(document: Document) -> dict[frozenset[str], list[Relation]]:
    """Return the document's relations by the unordered identifiers of their entities."""
    found: dict[frozenset[str], list[Relation]] = {}
    for relation in document.relations:
        found.setdefault(relation.pair, []).append(relation)
    return found


def pair_targets(
    pair: CandidatePair,
    relations: Sequence[Relation],
    labels: Mapping[str, Sequence[str]],
    unannotated: Collection[str] = (),
) -> dict[str, list[float]]:
    """Return task -> 1.0 at each label that holds for the pair, else 0.0: the inverse of decoding, for gold relations.

    Args:
        relations: the gold relations of this pair; empty where it is unrelated.
        labels: task -> its labels; tasks without labels are left out.
        unannotated: tasks that the corpus does not annotate; their targets are `UNANNOTATED`.

    Raises:
        AnnotationError: a relation has a label that the model does not know, or lacks the novelty that it needs.
    """
    wanted = {task: values for task, values in labels.items() if values}
    held: dict[str, set[str | None]] = {
        task: {values[0]} if not relations else set() for task, values in wanted.items() if task not in unannotated
    }
    for relation in relations:
        found = {"relation": relation.relation_type, "novelty": relation.novelty}
        found["direction"] = direction_label(pair, relation)
        for task in held:
            if found[task] not in labels[task]:
                raise AnnotationError(
                    f"relation {relation.entity1_id} - {relation.entity2_id}: {task} {found[task]!r} is none of "
                    f"{', '.join(labels[task])}; map it, or train with other labels"
                )
            held[task].add(found[task])
    return {
        task: [float(label in held[task]) for label in values] if task in held else [UNANNOTATED] * len(values)
        for task, values in wanted.items()
    }


def subject_and_object(pair: CandidatePair, direction: str | None) -> tuple[Entity, Entity]:
    """Return the acting entity of a pair and the other one; without a subject, the first and the second."""
    return (pair.entity2, pair.entity1) if direction == ENTITY2_IS_SUBJECT else (pair.entity1, pair.entity2)


def direction_label(pair: CandidatePair, relation: Relation) -> str:
    """Return the direction label of a relation between the two entities of a pair."""
    if relation.subject_id is None:
        return UNDIRECTED
    return ENTITY1_IS_SUBJECT if relation.subject_id == pair.entity1.identifier else ENTITY2_IS_SUBJECT


def _scores(task: str, logits: np.ndarray, rule: DecodingRule) -> np.ndarray:
    """Return (pairs, labels) in 0..1; those of relation labels that were trained to exclude each other add up to 1."""
    biased = np.asarray(logits) + _biases(task, rule)
    if task != "relation" or rule.relation_loss != "softmax":
        return _sigmoid(biased)
    shares: np.ndarray = np.exp(biased - biased.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _stated(task: str, scores: np.ndarray, rule: DecodingRule) -> np.ndarray:
    """Return (pairs, labels): the scores that are stated; that of the first label, of unrelated pairs, stays."""
    if task not in rule.score_scaling:
        return scores
    return np.hstack([scores[:, :1], scaled_scores(scores[:, 1:], *rule.score_scaling[task])])


def _biases(task: str, rule: DecodingRule) -> np.ndarray:
    """Return (labels,): what is added to the logits of a task."""
    biases = [0.0 if task == "relation" else rule.label_biases.get(label, 0.0) for label in rule.labels[task]]
    if task == rule.main_task:
        biases[0] += rule.none_bias
    return np.array(biases)


def _relation_places(scores: np.ndarray, rule: DecodingRule) -> np.ndarray:
    """Return (pairs,): the place of the relation label of each pair, from (pairs, labels)."""
    labels = rule.labels["relation"]
    if rule.relation_thresholds:
        margins = scores[:, 1:] - [rule.relation_thresholds[label] for label in labels[1:]]
        return np.where((margins > 0).any(axis=1), 1 + margins.argmax(axis=1), 0)
    may_win = np.array([place > 0 and label != rule.generic_relation for place, label in enumerate(labels)])
    is_clear = may_win & (scores > rule.relation_threshold)  # (pairs, labels)
    best = np.where(is_clear, scores, -np.inf).argmax(axis=1)
    return np.where(is_clear.any(axis=1), best, scores.argmax(axis=1))


def _best_after_first(scores: np.ndarray) -> np.ndarray:
    """Return (pairs,): the place of the highest label but the first, from (pairs, labels)."""
    places: np.ndarray = 1 + scores[:, 1:].argmax(axis=1)
    return places


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    found: np.ndarray = 1 / (1 + np.exp(np.minimum(-logits, 700.0)))  # the exponential of more is no float
    return found
