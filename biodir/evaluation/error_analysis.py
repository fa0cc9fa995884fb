"""Gold and predicted relations side by side, pair by pair: the errors, their categories, the mixed-up types."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from biodir.document_biodir import Document, Entity, Relation
from biodir.evaluation.breakdown import RelationGroups, scored_pair_types
from biodir.evaluation.checks import ComparedDocument, compared_documents, unannotated_parts
from biodir.evaluation.scores import STATEMENTS
from biodir.labels_biodir import LEVELS, UNRELATED

# Of the places where the entities of a pair come closest, the sentences of this many are evidence.
MAX_EVIDENCE_PLACES = 2


@dataclass(frozen=True)
class ErrorCategory:
    """A kind of error. An error has one category: the first that applies.

    `name` is its name in the address of the error page; people read the other two.

    >>> [category.name for category in CATEGORIES]
    ['missed', 'spurious', 'wrong_type', 'wrong_direction', 'wrong_novelty']
    """

    name: str
    title: str
    explanation: str


MISSED = ErrorCategory("missed", "Missed relation", "gold relates the pair, the predictions do not")
SPURIOUS = ErrorCategory("spurious", "Spurious relation", "the predictions relate the pair, gold does not")
WRONG_TYPE = ErrorCategory("wrong_type", "Wrong type", "the pair is found with another relation type")
WRONG_DIRECTION = ErrorCategory("wrong_direction", "Wrong direction", "the type is right, the subject is not")
WRONG_NOVELTY = ErrorCategory("wrong_novelty", "Wrong novelty", "type and direction are right, the novelty is not")
CATEGORIES = (MISSED, SPURIOUS, WRONG_TYPE, WRONG_DIRECTION, WRONG_NOVELTY)
_CATEGORY_OF = {"direction": WRONG_DIRECTION, "novelty": WRONG_NOVELTY}


@dataclass(frozen=True)
class RelationComparison:
    """A gold relation and the predicted relation that corresponds to it; None on the side that has none.

    Args:
        entity1, entity2: in the order of the pair's first relation, one of gold where there is any. An entity has all
            mentions of its identifier, and no type where the document does not mention it.
        distance: one of `breakdown.DISTANCES`, or `breakdown.NO_MENTION`.
        evidence: the numbers of the sentences where the two entities come closest, from 0.
        is_candidate: whether a model scores the pair at all.
        unannotated: what the gold documents do not annotate, see `unannotated_parts`; it is no error.

    >>> gold = Document("1", "Iron", relations=(Relation("Bind", "7", "5", "Novel", "7"),))
    >>> [comparison] = error_analysis([gold], [Document("1", "Iron")]).comparisons
    >>> comparison.category.title, comparison.types
    ('Missed relation', ('Bind', 'None'))
    """

    document_id: str
    entity1: Entity
    entity2: Entity
    gold: Relation | None
    predicted: Relation | None
    distance: str
    evidence: tuple[int, ...]
    is_candidate: bool
    unannotated: tuple[str, ...] = ()

    @property
    def category(self) -> ErrorCategory | None:
        """The category of the error; None where both sides agree."""
        gold, predicted = self.gold, self.predicted
        if predicted is None:
            return MISSED
        if gold is None:
            return SPURIOUS
        if gold.relation_type != predicted.relation_type:
            return WRONG_TYPE
        if gold.subject_id != predicted.subject_id and "direction" not in self.unannotated:
            return WRONG_DIRECTION
        return WRONG_NOVELTY if gold.novelty != predicted.novelty and "novelty" not in self.unannotated else None

    @property
    def score(self) -> float | None:
        """The score of the predicted relation type, where there is one."""
        return self.predicted.relation_score if self.predicted is not None else None

    @property
    def types(self) -> tuple[str, str]:
        """The relation type of gold and of the prediction, `UNRELATED` on a side without a relation."""
        gold, predicted = (UNRELATED if side is None else side.relation_type for side in (self.gold, self.predicted))
        return gold, predicted


@dataclass(frozen=True)
class ErrorAnalysis:
    """What predictions get wrong, and where.

    Args:
        documents: the gold documents.
        comparisons: every relation of either side is in one of them; in the order of the documents.
        unannotated: what the documents do not annotate, see `unannotated_parts`.

    >>> gold = Document("1", "Iron", relations=(Relation("Bind", "7", "5", "Novel", "7"),))
    >>> predicted = Document("1", "Iron", relations=(Relation("Bind", "5", "7", "Novel", "5"),))
    >>> [error.category.title for error in error_analysis([gold], [predicted]).errors]
    ['Wrong direction']
    """

    documents: tuple[Document, ...]
    comparisons: tuple[RelationComparison, ...]
    unannotated: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[RelationComparison, ...]:
        """The comparisons whose sides differ."""
        return tuple(comparison for comparison in self.comparisons if comparison.category is not None)

    def category_counts(self) -> dict[ErrorCategory, int]:
        """Return category -> number of errors, in the order of `CATEGORIES`; without those of unannotated parts."""
        counts = Counter(comparison.category for comparison in self.comparisons)
        left_out = {_CATEGORY_OF[part] for part in self.unannotated}
        return {category: counts[category] for category in CATEGORIES if category not in left_out}

    def type_counts(self) -> Counter[tuple[str, str]]:
        """Return (gold type, predicted type) -> number of comparisons."""
        return Counter(comparison.types for comparison in self.comparisons)


def error_analysis(gold: Iterable[Document], predicted: Iterable[Document]) -> ErrorAnalysis:
    """Return the comparison of documents with the same ids; texts and mentions are those of the gold documents."""
    pairs = compared_documents(gold, predicted)
    pair_types = scored_pair_types(pair.gold for pair in pairs)
    lacking = unannotated_parts([relation for pair in pairs for relation in pair.gold.relations])
    comparisons = (comparison for pair in pairs for comparison in _comparisons(pair, pair_types, lacking))
    return ErrorAnalysis(tuple(pair.gold for pair in pairs), tuple(comparisons), lacking)


def aligned(gold: Iterable[Relation], predicted: Iterable[Relation]) -> list[tuple[Relation | None, Relation | None]]:
    """Return each gold relation of a pair with the predicted one that agrees most; None on a side without one."""
    open_gold, open_predicted = list(gold), list(predicted)
    found: list[tuple[Relation | None, Relation | None]] = []
    for level in reversed(LEVELS):
        statement = STATEMENTS[level]
        for relation in tuple(open_gold):
            match = next((other for other in open_predicted if statement(other) == statement(relation)), None)
            if match is not None:
                found.append((relation, match))
                open_gold.remove(relation)
                open_predicted.remove(match)
    return [*found, *((relation, None) for relation in open_gold), *((None, relation) for relation in open_predicted)]


def _comparisons(
    pair: ComparedDocument, pair_types: Sequence[Sequence[str]], unannotated: tuple[str, ...]
) -> Iterator[RelationComparison]:
    """Yield the pairs that gold relates first, then those that only the predictions relate."""
    groups = RelationGroups(pair.gold, pair_types)
    for relations in pair.relations_by(attrgetter("pair")).values():
        relation = (relations[0] + relations[1])[0]
        for gold, predicted in aligned(*relations):
            yield RelationComparison(
                document_id=pair.gold.id,
                entity1=groups.entity(relation.entity1_id),
                entity2=groups.entity(relation.entity2_id),
                gold=gold,
                predicted=predicted,
                distance=groups.distance(relation),
                evidence=_evidence(groups, relation),
                is_candidate=groups.is_candidate(relation),
                unannotated=unannotated,
            )


def _evidence(groups: RelationGroups, relation: Relation) -> tuple[int, ...]:
    """Return the sentences where the two come closest; where one is not mentioned, the first sentences of the other."""
    mentions = (groups.entity(name).mentions for name in (relation.entity1_id, relation.entity2_id))
    first, second = ({*map(groups.sentences.sentence_of, found)} for found in mentions)
    places = sorted({(min(one, other), max(one, other)) for one in first or second for other in second or first})
    closest = min((end - start for start, end in places), default=0)
    kept = [place for place in places if place[1] - place[0] == closest][:MAX_EVIDENCE_PLACES]
    return tuple(sorted({number for place in kept for number in place}))
