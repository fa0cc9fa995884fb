"""Counts of right, wrong and missed relations, at every level of the paper."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from biodir.document_biodir import Document, Relation
from biodir.evaluation.checks import ComparedDocument, compared_documents, unannotated_parts


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives of sets of statements."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the predictions that are right; 0 where nothing was predicted."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold statements that were found; 0 where there are none."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else 0.0

    def to_dict(self) -> dict[str, float]:
        """The figures as a metrics report holds them, in 0..1."""
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
        }


# What two statements must share to count as the same, at each level. Entities have no order; the direction is the
# subject, None where the relation has none: an undirected gold relation is right only where no subject is named.
LEVELS: Mapping[str, Callable[[Relation], Hashable]] = {
    "entity_pair": lambda relation: relation.pair,
    "relation_type": lambda relation: (relation.pair, relation.relation_type),
    "relation_type_novelty": lambda relation: (relation.pair, relation.relation_type, relation.novelty),
    "relation_type_direction": lambda relation: (relation.pair, relation.relation_type, relation.subject_id),
    "all": lambda relation: (relation.pair, relation.relation_type, relation.novelty, relation.subject_id),
}


# The parts of a relation that a level asks for beside the type.
NEEDED_PARTS = {"relation_type_novelty": ("novelty",), "relation_type_direction": ("direction",)}
NEEDED_PARTS["all"] = ("novelty", "direction")


def relation_scores(
    gold: Iterable[Document], predicted: Iterable[Document], labels: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Counts]:
    """Level -> counts over whole documents: a gold relation whose pair was never asked about counts as missed.

    Args:
        gold, predicted: documents with the same ids, in any order.
        labels: task -> labels of the model that predicted, which may be other ones than those of BioRED.

    Raises:
        AnnotationError: the two cannot be compared, see `compared_documents`.
    """
    return total_counts(document_counts(compared_documents(gold, predicted, labels)))


def unannotated_levels(pairs: Iterable[ComparedDocument]) -> tuple[str, ...]:
    """The levels that ask for a part that the gold documents do not annotate: there is no truth to score against."""
    lacking = unannotated_parts([relation for pair in pairs for relation in pair.gold.relations])
    return tuple(level for level, parts in NEEDED_PARTS.items() if not set(parts).isdisjoint(lacking))


def document_counts(pairs: Iterable[ComparedDocument]) -> list[dict[str, Counts]]:
    """Level -> counts, for each document."""
    return [
        {level: statement_counts(pair.gold.relations, pair.predicted.relations, level) for level in LEVELS}
        for pair in pairs
    ]


def total_counts(counts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Level -> the sum over documents."""
    totals = dict.fromkeys(LEVELS, Counts())
    for document in counts:
        totals = {level: total + document[level] for level, total in totals.items()}
    return totals


def statement_counts(gold: Iterable[Relation], predicted: Iterable[Relation], level: str) -> Counts:
    """The counts of one document's relations at one level."""
    truth = {LEVELS[level](relation) for relation in gold}
    answer = {LEVELS[level](relation) for relation in predicted}
    return Counts(len(truth & answer), len(answer - truth), len(truth - answer))


def macro_average(counts: Sequence[Counts]) -> dict[str, float]:
    """The plain means of precision, recall and F1, such as over relation types; 0 where there are none."""
    if not counts:
        return {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    return {name: sum(getattr(each, name) for each in counts) / len(counts) for name in ("precision", "recall", "f1")}
