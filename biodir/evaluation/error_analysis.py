"""Every entity pair that gold or predictions relate, compared: the errors, their categories, the confusions."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from biodir.document_biodir import Document, Entity, Mention, Relation
from biodir.document_candidates_biodir import CandidatePair, candidate_pairs
from biodir.document_sentences_biodir import SentenceIndex
from biodir.evaluation.breakdown import asked_pair_types
from biodir.evaluation.checks import ComparedDocument, compared_documents
from biodir.evaluation.error_categories import (
    CANDIDATE,
    NO_MENTION,
    OTHER_PAIR_TYPE,
    SAME_ENTITY,
    PairComparison,
    PairEntity,
    Statement,
    has_wrong_direction,
    has_wrong_novelty,
    has_wrong_type,
)
from biodir.evaluation.scores import LEVELS, Counts, document_counts, total_counts
from biodir.labels_biodir import ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, RELATION_LABELS, TYPE_MAP, UNDIRECTED
from biodir.pipeline_decoding_biodir import relations_of_pairs

# What a side of a statement counts as where it has no relation.
NO_RELATION = RELATION_LABELS[0]
DIRECTIONS = (ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, UNDIRECTED)
# Of the places where the entities of a pair come closest, the sentences of this many are evidence.
MAX_EVIDENCE_PLACES = 2


@dataclass(frozen=True)
class Confusion:
    """How often a predicted label answers a gold label.

    Args:
        labels: the labels of both sides; the last, NO_RELATION, stands for a side without a relation.
        counts: (gold label, predicted label) -> number of statements; pairs that neither side relates are not counted.
    """

    labels: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]

    def gold_total(self, label: str) -> int:
        """The statements with this gold label."""
        return sum(self.counts.get((label, predicted), 0) for predicted in self.labels)

    def predicted_total(self, label: str) -> int:
        """The statements with this predicted label."""
        return sum(self.counts.get((gold, label), 0) for gold in self.labels)


@dataclass(frozen=True)
class PairCounts:
    """How the pairs of a group fared. A pair that is found can be wrong in several ways.

    Args:
        pairs: those that gold or predictions relate, of which `right` agree in everything.
        found: those that both relate.
    """

    pairs: int
    right: int
    missed: int
    spurious: int
    found: int
    wrong_type: int
    wrong_direction: int
    wrong_novelty: int


@dataclass(frozen=True)
class ErrorAnalysis:
    """What predictions get wrong, and where.

    Args:
        documents: the gold documents, with their own names of entity types.
        pairs: every entity pair that gold or predictions relate, in the order of the documents.
        scores: level -> counts, as `relation_scores` gives them.
    """

    documents: tuple[Document, ...]
    pairs: tuple[PairComparison, ...]
    scores: Mapping[str, Counts]

    @property
    def errors(self) -> tuple[PairComparison, ...]:
        """The pairs that are wrong at some level."""
        return tuple(pair for pair in self.pairs if not pair.is_right)

    def category_counts(self) -> Counter[str]:
        """Name of a category -> errors in it; an error can fall into several."""
        return Counter(name for pair in self.errors for name in pair.categories)

    def type_confusion(self) -> Confusion:
        """Gold against predicted relation types."""
        return self._confusion(RELATION_LABELS[1:], lambda pair, relation: relation.relation_type)

    def direction_confusion(self) -> Confusion:
        """Gold against predicted directions; left is `entity1` of a pair, right is `entity2`."""
        return self._confusion(DIRECTIONS, direction_of)

    def groups(self, key: Callable[[PairComparison], str]) -> dict[str, PairCounts]:
        """Key of a group -> how its pairs fared, in the order of the keys."""
        members: dict[str, list[PairComparison]] = {}
        for pair in self.pairs:
            members.setdefault(key(pair), []).append(pair)
        return {name: _pair_counts(members[name]) for name in sorted(members)}

    def _confusion(self, known: Sequence[str], label: Callable[[PairComparison, Relation | None], str]) -> Confusion:
        counts = Counter(
            tuple(
                NO_RELATION if relation is None else label(pair, relation)
                for relation in (statement.gold, statement.predicted)
            )
            for pair in self.pairs
            for statement in pair.statements
        )
        seen = {side for labels in counts for side in labels}
        others = sorted(seen - {*known, NO_RELATION})
        return Confusion((*(name for name in known if name in seen), *others, NO_RELATION), dict(counts))


def direction_of(pair: PairComparison, relation: Relation) -> str:
    """The direction of a pair's relation as a model's label, one of DIRECTIONS."""
    if relation.subject_id is None:
        return UNDIRECTED
    return ENTITY1_IS_SUBJECT if relation.subject_id == pair.entity1.identifier else ENTITY2_IS_SUBJECT


def error_analysis(
    gold: Iterable[Document], predicted: Iterable[Document], labels: Mapping[str, Sequence[str]] | None = None
) -> ErrorAnalysis:
    """The comparison of gold and predicted relations, pair by pair.

    Texts and mentions are those of the gold documents.

    Args:
        gold, predicted: documents with the same ids, in any order.
        labels: task -> labels of the model that predicted, where they are others than BioRED's.

    Raises:
        AnnotationError: the two cannot be compared, see `compared_documents`.
    """
    compared = compared_documents(gold, predicted, labels)
    pair_types = asked_pair_types(documents.gold for documents in compared)
    pairs = (pair for documents in compared for pair in _compared_pairs(documents, pair_types))
    scores = total_counts(document_counts(compared))
    return ErrorAnalysis(tuple(documents.gold for documents in compared), tuple(pairs), scores)


class _PairReader:
    """Says of two entities of a document what they are and how close they stand."""

    def __init__(self, document: Document, pair_types: Sequence[Sequence[str]]) -> None:
        mentions = tuple(
            replace(mention, entity_type=TYPE_MAP.get(mention.entity_type, mention.entity_type))
            for mention in document.mentions
        )
        self._document_id = document.id
        self._sentences = SentenceIndex(document)
        entities = replace(document, mentions=mentions).entities()
        self._entities: dict[str, list[Entity]] = {}
        for entity in entities:
            self._entities.setdefault(entity.identifier, []).append(entity)
        self._candidates: dict[frozenset[str], CandidatePair] = {}
        for pair in candidate_pairs(entities, pair_types):
            self._candidates.setdefault(pair.identifiers, pair)

    def comparison(self, identifiers: frozenset[str], statements: tuple[Statement, ...]) -> PairComparison:
        """The comparison of the pair with these identifiers; one identifier means an entity with itself."""
        entity1, entity2 = self._entities_of_pair(identifiers)
        mentions1, mentions2 = (self._mentions(entity.identifier) for entity in (entity1, entity2))
        distance = self._sentences.distance(mentions1, mentions2) if mentions1 and mentions2 else None
        return PairComparison(
            document_id=self._document_id,
            entity1=entity1,
            entity2=entity2,
            statements=statements,
            sentence_distance=distance,
            evidence=self._evidence(mentions1, mentions2),
            reach=self._reach(identifiers),
            shares_mention=len(identifiers) == 2 and not set(mentions1).isdisjoint(mentions2),
        )

    def _entities_of_pair(self, identifiers: frozenset[str]) -> tuple[PairEntity, PairEntity]:
        """The two in the order of their candidate pair; else by type, then by place in the text."""
        candidate = self._candidates.get(identifiers)
        if candidate is not None:
            return _pair_entity(candidate.entity1), _pair_entity(candidate.entity2)
        order = {identifier: place for place, identifier in enumerate(self._entities)}
        found = [self._first_entity(identifier) for identifier in sorted(identifiers)]
        found.sort(key=lambda entity: (entity.entity_type or "~", order.get(entity.identifier, len(order))))
        return found[0], found[-1]

    def _first_entity(self, identifier: str) -> PairEntity:
        known = self._entities.get(identifier)
        return _pair_entity(known[0]) if known else PairEntity(identifier, None, identifier)

    def _mentions(self, identifier: str) -> tuple[Mention, ...]:
        return tuple(mention for entity in self._entities.get(identifier, ()) for mention in entity.mentions)

    def _reach(self, identifiers: frozenset[str]) -> str:
        if identifiers in self._candidates:
            return CANDIDATE
        if not identifiers <= self._entities.keys():
            return NO_MENTION
        return OTHER_PAIR_TYPE if len(identifiers) == 2 else SAME_ENTITY

    def _evidence(self, mentions1: Iterable[Mention], mentions2: Iterable[Mention]) -> tuple[int, ...]:
        """The sentences where the two come closest; where one is not mentioned, the first sentences of the other."""
        first, second = ({self._sentences.sentence_of(mention) for mention in side} for side in (mentions1, mentions2))
        places = sorted({tuple(sorted((one, other))) for one in first or second for other in second or first})
        closest = min((end - start for start, end in places), default=0)
        kept = [place for place in places if place[1] - place[0] == closest][:MAX_EVIDENCE_PLACES]
        return tuple(sorted({number for place in kept for number in place}))


def _pair_entity(entity: Entity) -> PairEntity:
    return PairEntity(entity.identifier, entity.entity_type, entity.name)


def _compared_pairs(documents: ComparedDocument, pair_types: Sequence[Sequence[str]]) -> Iterator[PairComparison]:
    """The pairs that either side relates: those of gold first, each in the order of its document."""
    reader = _PairReader(documents.gold, pair_types)
    gold_relations, predicted_relations = (relations_of_pairs(side) for side in (documents.gold, documents.predicted))
    for identifiers in dict.fromkeys([*gold_relations, *predicted_relations]):
        statements = aligned(gold_relations.get(identifiers, ()), predicted_relations.get(identifiers, ()))
        yield reader.comparison(identifiers, statements)


def aligned(gold: Iterable[Relation], predicted: Iterable[Relation]) -> tuple[Statement, ...]:
    """Each gold relation of a pair with the predicted one that agrees most; what is left over stands alone."""
    open_gold, open_predicted = list(gold), list(predicted)
    statements = []
    for level in reversed(LEVELS.values()):
        for relation in tuple(open_gold):
            answer = next((other for other in open_predicted if level(other) == level(relation)), None)
            if answer is not None:
                statements.append(Statement(relation, answer))
                open_gold.remove(relation)
                open_predicted.remove(answer)
    statements += [Statement(relation, None) for relation in open_gold]
    return (*statements, *(Statement(None, relation) for relation in open_predicted))


def _pair_counts(pairs: Sequence[PairComparison]) -> PairCounts:
    return PairCounts(
        pairs=len(pairs),
        right=sum(pair.is_right for pair in pairs),
        missed=sum(not pair.predicted for pair in pairs),
        spurious=sum(not pair.gold for pair in pairs),
        found=sum(pair.is_found for pair in pairs),
        wrong_type=sum(has_wrong_type(pair) for pair in pairs),
        wrong_direction=sum(has_wrong_direction(pair) for pair in pairs),
        wrong_novelty=sum(has_wrong_novelty(pair) for pair in pairs),
    )
