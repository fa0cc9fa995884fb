"""Counts of right, wrong and missed relations, at every level of the paper."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.evaluation.checks import ComparedDocument, compared_documents, unannotated_parts
from biodir.labels_biodir import LEVELS

FIGURES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives of sets of statements.

    >>> counts = Counts(tp=2, fp=1) + Counts(tp=1, fn=2)
    >>> counts.precision, counts.recall
    (0.75, 0.6)
    """

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
        """Return the figures as a metrics report holds them, in 0..1, with the counts."""
        return {**{name: getattr(self, name) for name in FIGURES}, **asdict(self)}


def is_without_gold(figures: Mapping[str, Any]) -> bool:
    """Return whether gold has nothing to find, so that the shares of a report are 0 without meaning."""
    return figures.get("tp") == figures.get("fn") == 0


# What two relations must share to count as the same, at each level. Pairs have no order; the direction is the subject,
# None where the relation has none: an undirected gold relation is right only where no subject is predicted.
LEVEL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "entity_pair": ("pair",),
    "relation_type": ("pair", "relation_type"),
    "relation_type_novelty": ("pair", "relation_type", "novelty"),
    "relation_type_direction": ("pair", "relation_type", "subject_id"),
    "all": ("pair", "relation_type", "novelty", "subject_id"),
}
STATEMENTS = {level: attrgetter(*LEVEL_FIELDS[level]) for level in LEVELS}


def relation_scores(
    gold: Iterable[Document], predicted: Iterable[Document], labels: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Counts]:
    """Return level -> counts over complete documents: a gold relation whose pair was never scored counts as missed.

    Args:
        gold, predicted: documents with the same ids, in any order.
        labels: task -> labels of the model that predicted, where they differ from those of BioRED.
    """
    return total_counts(document_counts(compared_documents(gold, predicted, labels)))


def unannotated_levels(pairs: Iterable[ComparedDocument]) -> tuple[str, ...]:
    """Return the levels that need a part that the gold documents do not annotate: nothing can be scored there."""
    lacking = unannotated_parts([relation for pair in pairs for relation in pair.gold.relations])
    fields = {"subject_id" if part == "direction" else part for part in lacking}
    return tuple(level for level in LEVELS if fields.intersection(LEVEL_FIELDS[level]))


def document_counts(pairs: Iterable[ComparedDocument]) -> list[dict[str, Counts]]:
    """Return level -> counts, for each document."""
    return [
        {level: statement_counts(pair.gold.relations, pair.predicted.relations, level) for level in LEVELS}
        for pair in pairs
    ]


def total_counts(counts: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """Return level -> the sum over documents."""
    documents = list(counts)
    return {level: sum((document[level] for document in documents), start=Counts()) for level in LEVELS}


def statement_counts(gold: Iterable[Relation], predicted: Iterable[Relation], level: str) -> Counts:
    """Return the counts of one document's relations at one level."""
    return set_counts(*({*map(STATEMENTS[level], side)} for side in (gold, predicted)))


def set_counts(gold: Set[Any], predicted: Set[Any]) -> Counts:
    """Return the counts of two sets of statements."""
    right = len(gold & predicted)
    return Counts(right, len(predicted) - right, len(gold) - right)


def macro_average(counts: Sequence[Counts]) -> dict[str, float]:
    """Return the plain means of precision, recall and F1, such as over relation types; 0 where there are none."""
    return {name: sum(getattr(each, name) for each in counts) / max(len(counts), 1) for name in FIGURES}
