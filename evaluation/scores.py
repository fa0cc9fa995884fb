"""Precision, recall and F1 of predicted relations, at every level of the paper."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from biodir.document_biodir import Document, Relation
from biodir.errors_biodir import AnnotationError


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


def _pair(relation: Relation) -> Hashable:
    return frozenset((relation.entity1_id, relation.entity2_id))


# What two statements must share to count as the same, at each level. Entities have no order; the direction is the
# subject, None where the relation has none.
LEVELS: Mapping[str, Callable[[Relation], Hashable]] = {
    "entity_pair": _pair,
    "relation_type": lambda relation: (_pair(relation), relation.relation_type),
    "relation_type_novelty": lambda relation: (_pair(relation), relation.relation_type, relation.novelty),
    "relation_type_direction": lambda relation: (_pair(relation), relation.relation_type, relation.subject_id),
    "all": lambda relation: (_pair(relation), relation.relation_type, relation.novelty, relation.subject_id),
}


def relation_scores(gold: Iterable[Document], predicted: Iterable[Document]) -> dict[str, Counts]:
    """Level -> counts over whole documents: a gold relation whose pair was never asked about counts as missed.

    Args:
        gold, predicted: documents with the same ids, in any order.

    Raises:
        AnnotationError: the two do not hold the same documents, or one holds a document twice.
    """
    gold_documents, predicted_documents = _by_id(gold, "gold"), _by_id(predicted, "predicted")
    differing = gold_documents.keys() ^ predicted_documents.keys()
    if differing:
        raise AnnotationError(
            f"{len(differing)} documents are only in one of gold and predictions "
            f"({', '.join(sorted(differing)[:5])}); score the same documents"
        )
    totals = dict.fromkeys(LEVELS, Counts())
    for document_id, document in gold_documents.items():
        for level, key in LEVELS.items():
            truth = {key(relation) for relation in document.relations}
            answer = {key(relation) for relation in predicted_documents[document_id].relations}
            totals[level] += Counts(len(truth & answer), len(answer - truth), len(truth - answer))
    return totals


def _by_id(documents: Iterable[Document], name: str) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for document in documents:
        if document.id in found:
            raise AnnotationError(f"{name}: document {document.id} stands twice")
        found[document.id] = document
    return found
