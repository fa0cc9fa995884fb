"""The categories that errors fall into: what is wrong with a pair, and what makes it hard."""

from collections.abc import Callable
from dataclasses import dataclass

from biodir.document_biodir import Relation
from biodir.evaluation.scores import LEVELS
from biodir.labels_biodir import CHEMICAL, GENE

WHAT, WHERE = "what", "where"
# Whether a model that asks about the pair types of the paper is asked about the pair, and if not, why.
CANDIDATE, NO_MENTION, OTHER_PAIR_TYPE, SAME_ENTITY = "candidate", "no_mention", "other_pair_type", "same_entity"

GENERIC_TYPE, POSITIVE, NEGATIVE = "Association", "Positive_Correlation", "Negative_Correlation"
# Of the 4,177 training relations of BioREDirect 61, 28 and 3 have these types.
RARE_TYPES = ("Bind", "Comparison", "Conversion")
# The types that the annotators of BioREDirect direct now and then: 82, 72, 4 and 18 % of the training relations.
# Cotreatment never has a direction there; Conversion and both correlations always have one.
AMBIGUOUS_TYPES = (GENERIC_TYPE, "Bind", "Comparison", "Drug_Interaction")


@dataclass(frozen=True)
class PairEntity:
    """One of the two entities of a pair; no type means that the document does not mention it."""

    identifier: str
    entity_type: str | None
    name: str


@dataclass(frozen=True)
class Statement:
    """A gold relation and the predicted relation that answers it; None where the other side has no answer."""

    gold: Relation | None
    predicted: Relation | None

    @property
    def types(self) -> frozenset[str]:
        """The relation types of both sides."""
        return frozenset(side.relation_type for side in (self.gold, self.predicted) if side is not None)

    @property
    def is_answered(self) -> bool:
        """True where both sides have a relation."""
        return self.gold is not None and self.predicted is not None

    @property
    def has_wrong_direction(self) -> bool:
        """True where both sides have a relation, with different subjects."""
        return self.is_answered and self.gold.subject_id != self.predicted.subject_id


@dataclass(frozen=True)
class PairComparison:
    """The gold and the predicted relations of one entity pair of one document, at least one of them.

    Args:
        entity1, entity2: in the order of a candidate pair; it says nothing of direction.
        statements: every relation of either side stands in one of them.
        sentence_distance: sentences between the closest mentions, 0 in the same one; None where one is not mentioned.
        evidence: the numbers of the sentences with the closest mentions, from 0.
        reach: one of CANDIDATE, NO_MENTION, OTHER_PAIR_TYPE and SAME_ENTITY.
        shares_mention: whether one mention belongs to both entities.
    """

    document_id: str
    entity1: PairEntity
    entity2: PairEntity
    statements: tuple[Statement, ...]
    sentence_distance: int | None = None
    evidence: tuple[int, ...] = ()
    reach: str = CANDIDATE
    shares_mention: bool = False

    @property
    def gold(self) -> tuple[Relation, ...]:
        """The gold relations."""
        return tuple(statement.gold for statement in self.statements if statement.gold is not None)

    @property
    def predicted(self) -> tuple[Relation, ...]:
        """The predicted relations."""
        return tuple(statement.predicted for statement in self.statements if statement.predicted is not None)

    @property
    def is_found(self) -> bool:
        """True where both sides have a relation of the pair."""
        return bool(self.gold and self.predicted)

    @property
    def is_right(self) -> bool:
        """True where both sides say the same at every level."""
        same = LEVELS["all"]
        return all(
            statement.is_answered and same(statement.gold) == same(statement.predicted) for statement in self.statements
        )

    @property
    def relation_types(self) -> frozenset[str]:
        """The relation types of both sides."""
        return frozenset().union(*(statement.types for statement in self.statements))

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The types of the two entities in alphabetical order; those of entities without a mention are left out."""
        return tuple(sorted(entity.entity_type for entity in (self.entity1, self.entity2) if entity.entity_type))

    @property
    def categories(self) -> tuple[str, ...]:
        """The names of the categories that hold, in the order of `CATEGORIES`; none where the pair is right."""
        return () if self.is_right else tuple(category.name for category in CATEGORIES if category.holds(self))


@dataclass(frozen=True)
class ErrorCategory:
    """A kind of error.

    Args:
        group: WHAT for that which is wrong, WHERE for that which makes the pair hard.
        part_of: name of the wider category that this one is a part of.
    """

    name: str
    title: str
    explanation: str
    group: str
    holds: Callable[[PairComparison], bool]
    part_of: str | None = None


def has_wrong_type(pair: PairComparison) -> bool:
    """Whether the pair is found, but not with the same relation types."""
    gold, predicted = ({relation.relation_type for relation in side} for side in (pair.gold, pair.predicted))
    return pair.is_found and gold != predicted


def has_wrong_direction(pair: PairComparison) -> bool:
    """Whether an answer to a gold relation names another subject."""
    return any(statement.has_wrong_direction for statement in pair.statements)


def has_wrong_novelty(pair: PairComparison) -> bool:
    """Whether an answer to a gold relation has another novelty."""
    return any(
        statement.is_answered and statement.gold.novelty != statement.predicted.novelty for statement in pair.statements
    )


def _with_direction(gold_directed: bool, predicted_directed: bool) -> Callable[[PairComparison], bool]:
    """A test for wrong directions where either side has a subject or none, as told."""

    def holds(pair: PairComparison) -> bool:
        return any(
            statement.has_wrong_direction
            and (statement.gold.subject_id is not None) == gold_directed
            and (statement.predicted.subject_id is not None) == predicted_directed
            for statement in pair.statements
        )

    return holds


def _with_type(*relation_types: str) -> Callable[[PairComparison], bool]:
    """A test for pairs that either side gives one of these types."""
    return lambda pair: not pair.relation_types.isdisjoint(relation_types)


def _with_direction_between(*entity_types: str) -> Callable[[PairComparison], bool]:
    """A test for wrong directions between entities of these types."""
    return lambda pair: has_wrong_direction(pair) and pair.entity_types == tuple(sorted(entity_types))


def _mixes_up(pair: PairComparison, first: str, second: str) -> bool:
    return any(statement.is_answered and statement.types == {first, second} for statement in pair.statements)


def _mixes_up_generic(pair: PairComparison) -> bool:
    return any(
        statement.is_answered and len(statement.types) == 2 and GENERIC_TYPE in statement.types
        for statement in pair.statements
    )


def _has_ambiguous_direction(pair: PairComparison) -> bool:
    return any(
        statement.has_wrong_direction and statement.gold.relation_type in AMBIGUOUS_TYPES
        for statement in pair.statements
    )


CATEGORIES: tuple[ErrorCategory, ...] = (
    ErrorCategory(
        "missed", "Missed relation", "Gold relates the pair, the prediction does not.", WHAT, lambda p: not p.predicted
    ),
    ErrorCategory(
        "spurious", "Spurious relation", "The prediction relates the pair, gold does not.", WHAT, lambda p: not p.gold
    ),
    ErrorCategory("wrong_type", "Wrong type", "The pair is found, with other relation types.", WHAT, has_wrong_type),
    ErrorCategory(
        "wrong_direction", "Wrong direction", "The pair is found, with another subject.", WHAT, has_wrong_direction
    ),
    ErrorCategory(
        "reversed_direction",
        "Reversed direction",
        "Both are directed, and subject and object change places.",
        WHAT,
        _with_direction(True, True),
        part_of="wrong_direction",
    ),
    ErrorCategory(
        "added_direction",
        "Direction added",
        "Gold names no subject, the prediction does.",
        WHAT,
        _with_direction(False, True),
        part_of="wrong_direction",
    ),
    ErrorCategory(
        "lost_direction",
        "Direction lost",
        "Gold names a subject, the prediction does not.",
        WHAT,
        _with_direction(True, False),
        part_of="wrong_direction",
    ),
    ErrorCategory(
        "wrong_novelty", "Wrong novelty", "The pair is found, with another novelty.", WHAT, has_wrong_novelty
    ),
    ErrorCategory(
        "other_count",
        "Another number of relations",
        "The pair is found, with more relations on one side than on the other.",
        WHAT,
        lambda pair: pair.is_found and not all(statement.is_answered for statement in pair.statements),
    ),
    ErrorCategory(
        "cross_sentence",
        "Across sentences",
        "No sentence mentions both entities.",
        WHERE,
        lambda pair: bool(pair.sentence_distance),
    ),
    ErrorCategory(
        "cotreatment", "Cotreatment", "Gold or prediction says Cotreatment.", WHERE, _with_type("Cotreatment")
    ),
    ErrorCategory(
        "drug_interaction",
        "Drug interaction",
        "Gold or prediction says Drug_Interaction.",
        WHERE,
        _with_type("Drug_Interaction"),
    ),
    ErrorCategory(
        "rare_type", "Rare type", f"Gold or prediction says {', '.join(RARE_TYPES)}.", WHERE, _with_type(*RARE_TYPES)
    ),
    ErrorCategory(
        "generic_type",
        "Association or more",
        "One side says Association, the other a type that says more.",
        WHERE,
        _mixes_up_generic,
    ),
    ErrorCategory(
        "opposite_sign",
        "Opposite sign",
        "Positive and negative correlation are mixed up.",
        WHERE,
        lambda pair: _mixes_up(pair, POSITIVE, NEGATIVE),
    ),
    ErrorCategory(
        "ambiguous_direction",
        "Ambiguous direction",
        f"Wrong direction of a gold type that is directed only now and then: {', '.join(AMBIGUOUS_TYPES)}.",
        WHERE,
        _has_ambiguous_direction,
    ),
    ErrorCategory(
        "gene_gene_direction",
        "Gene-gene direction",
        "Wrong direction between two genes.",
        WHERE,
        _with_direction_between(GENE, GENE),
    ),
    ErrorCategory(
        "chemical_gene_direction",
        "Chemical-gene direction",
        "Wrong direction between a chemical and a gene.",
        WHERE,
        _with_direction_between(CHEMICAL, GENE),
    ),
    ErrorCategory(
        "shared_mention",
        "Shared mention",
        "A mention belongs to both entities.",
        WHERE,
        lambda pair: pair.shares_mention,
    ),
    ErrorCategory(
        "never_candidate",
        "Never a candidate",
        "No model is asked about the pair, with the pair types of the paper.",
        WHERE,
        lambda pair: pair.reach != CANDIDATE,
    ),
    ErrorCategory(
        "no_mention",
        "Entity without a mention",
        "The document does not mention one of the entities.",
        WHERE,
        lambda pair: pair.reach == NO_MENTION,
        part_of="never_candidate",
    ),
    ErrorCategory(
        "other_pair_type",
        "Pair type not asked about",
        "The types of the two entities form no pair type of the paper.",
        WHERE,
        lambda pair: pair.reach == OTHER_PAIR_TYPE,
        part_of="never_candidate",
    ),
    ErrorCategory(
        "same_entity",
        "Entity with itself",
        "Both entities are the same one.",
        WHERE,
        lambda pair: pair.reach == SAME_ENTITY,
        part_of="never_candidate",
    ),
)
