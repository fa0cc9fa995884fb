"""Counts by relation type, pair type, sentence distance and document length."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise

from biodir.document_biodir import Document, Entity, Mention, Relation
from biodir.document_sentences_biodir import SentenceIndex
from biodir.evaluation.checks import ComparedDocument
from biodir.evaluation.scores import LEVELS, Counts, macro_average, statement_counts
from biodir.labels_biodir import ENTITY_TYPES, PAIR_TYPES, TYPE_MAP

NO_MENTION = "no mention"  # the group of relations with an entity that the document does not mention
DISTANCES = ("same sentence", "next sentence", "further")
# Characters at which the classes of document length begin; abstracts of PubMed have 1,500 to 2,000.
LENGTH_STEPS = (0, 1000, 1500, 2000)

TYPE_LEVELS = tuple(level for level in LEVELS if level != "entity_pair")  # the pair alone has no type

Group = Callable[[Relation], str]
GroupCounts = dict[str, dict[str, Counts]]


def asked_pair_types(documents: Iterable[Document]) -> tuple[tuple[str, str], ...]:
    """The pairs of entity types that models are asked about: BioRED's, or all that occur where types are others."""
    kinds = {_known_type(mention) for document in documents for mention in document.mentions}
    if kinds <= set(ENTITY_TYPES):
        return PAIR_TYPES
    return tuple(combinations_with_replacement(sorted(kinds), 2))


class RelationGroups:
    """Which groups the relations of a document belong to, by its mentions.

    Args:
        pair_types: unordered pairs of entity types that a model is asked about, by any of the known names.
    """

    def __init__(self, document: Document, pair_types: Iterable[Sequence[str]] = PAIR_TYPES) -> None:
        self._pair_types = {tuple(sorted(TYPE_MAP.get(kind, kind) for kind in pair_type)) for pair_type in pair_types}
        self._sentences = SentenceIndex(document)
        self._entities: dict[str, list[Entity]] = defaultdict(list)
        for entity in document.entities():
            self._entities[entity.identifier].append(entity)

    def pair_type(self, relation: Relation) -> str:
        """The two entity types in alphabetic order, such as ``"ChemicalEntity-GeneOrGeneProduct"``."""
        types = self._type_pairs(relation)
        return "-".join(types[0]) if types else NO_MENTION

    def distance(self, relation: Relation) -> str:
        """One of `DISTANCES`: how many sentences lie between the closest mentions of the two entities."""
        mentions = [
            [mention for entity in self._entities.get(name, ()) for mention in entity.mentions]
            for name in (relation.entity1_id, relation.entity2_id)
        ]
        if not all(mentions):
            return NO_MENTION
        return DISTANCES[min(self._sentences.distance(*mentions), len(DISTANCES) - 1)]

    def is_candidate(self, relation: Relation) -> bool:
        """Whether a model that is asked about all candidate pairs is asked about this one."""
        if relation.entity1_id == relation.entity2_id:
            return False
        return any(types in self._pair_types for types in self._type_pairs(relation))

    def _type_pairs(self, relation: Relation) -> list[tuple[str, str]]:
        """The pairs of types of the two entities, those that are asked about first."""
        first, second = (self._entities.get(name, ()) for name in (relation.entity1_id, relation.entity2_id))
        found = {tuple(sorted((_known_type(one), _known_type(two)))) for one in first for two in second}
        return sorted(found, key=lambda types: (types not in self._pair_types, types))


def counts_by_type(pairs: Sequence[ComparedDocument]) -> GroupCounts:
    """Relation type -> level -> counts, at the levels that ask for the type.

    A wrong type is a false positive of the predicted type and a false negative of the gold one.
    """
    return _grouped(pairs, lambda _: lambda relation: relation.relation_type, TYPE_LEVELS)


def macro_scores(by_type: GroupCounts) -> dict[str, dict[str, float]]:
    """Level -> means over the types that occur on either side, of what `counts_by_type` gives."""
    return {level: macro_average([found[level] for found in by_type.values()]) for level in TYPE_LEVELS}


def counts_by_pair_type(pairs: Sequence[ComparedDocument]) -> GroupCounts:
    """Pair of entity types -> level -> counts."""
    return _grouped(pairs, lambda document: RelationGroups(document).pair_type)


def counts_by_distance(pairs: Sequence[ComparedDocument]) -> GroupCounts:
    """Distance in sentences -> level -> counts, the nearest first."""
    found = _grouped(pairs, lambda document: RelationGroups(document).distance)
    return {name: found[name] for name in (*DISTANCES, NO_MENTION) if name in found}


def counts_by_length(pairs: Sequence[ComparedDocument]) -> GroupCounts:
    """Class of document length -> level -> counts, the shortest first."""
    found = _grouped(pairs, lambda document: lambda _: length_class(document))
    return {name: found[name] for name in _length_names() if name in found}


def candidates_only(
    pairs: Sequence[ComparedDocument], pair_types: Iterable[Sequence[str]] | None = None
) -> list[ComparedDocument]:
    """The documents without the relations whose pair is no candidate, on both sides.

    Args:
        pair_types: those of the model; None for `asked_pair_types`.
    """
    pair_types = pair_types or asked_pair_types(pair.gold for pair in pairs)
    kept = []
    for pair in pairs:
        groups = RelationGroups(pair.gold, pair_types)
        sides = (
            replace(document, relations=tuple(filter(groups.is_candidate, document.relations)))
            for document in (pair.gold, pair.predicted)
        )
        kept.append(ComparedDocument(*sides))
    return kept


def length_class(document: Document) -> str:
    """The class of a document's length, such as ``"1000-1499 characters"``."""
    return _length_names()[sum(len(document.text) >= step for step in LENGTH_STEPS[1:])]


def _length_names() -> list[str]:
    inner = [f"{start}-{end - 1} characters" for start, end in pairwise(LENGTH_STEPS)]
    return [*inner, f"{LENGTH_STEPS[-1]} characters and more"]


def _grouped(
    pairs: Iterable[ComparedDocument], group_of: Callable[[Document], Group], levels: Iterable[str] = tuple(LEVELS)
) -> GroupCounts:
    """Group -> level -> counts; the gold document's annotations decide the groups of both sides."""
    found: GroupCounts = {}
    for pair in pairs:
        group = group_of(pair.gold)
        sides: dict[str, tuple[list, list]] = defaultdict(lambda: ([], []))
        for side, document in enumerate((pair.gold, pair.predicted)):
            for relation in document.relations:
                sides[group(relation)][side].append(relation)
        for name, (gold, predicted) in sides.items():
            totals = found.setdefault(name, dict.fromkeys(levels, Counts()))
            for level in totals:
                totals[level] += statement_counts(gold, predicted, level)
    return dict(sorted(found.items()))


def _known_type(typed: Entity | Mention) -> str:
    return TYPE_MAP.get(typed.entity_type, typed.entity_type)
