"""Counts by relation type, pair type, sentence distance and document length."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, pairwise, product

from biodir.document_biodir import Document, Entity, Mention, Relation
from biodir.document_sentences_biodir import SentenceIndex
from biodir.evaluation.checks import ComparedDocument
from biodir.evaluation.scores import Counts, statement_counts
from biodir.labels_biodir import ENTITY_TYPES, LEVELS, PAIR_TYPES, known_type

NO_MENTION = "no mention"  # the group of relations with an entity that the document does not mention
DISTANCES = ("same sentence", "next sentence", "further")
# Characters at which the classes of document length begin; abstracts of PubMed have 1,500 to 2,000.
LENGTH_STEPS = (0, 1000, 1500, 2000)
LENGTHS = (
    *(f"{start}-{end - 1} characters" for start, end in pairwise(LENGTH_STEPS)),
    f"{LENGTH_STEPS[-1]} characters and more",
)
TYPE_LEVELS = LEVELS[1:]  # the pair itself has no type

GroupCounts = dict[str, dict[str, Counts]]


def scored_pair_types(documents: Iterable[Document]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of entity types that models score: BioRED's, or all that occur where the types are others."""
    kinds = {_known_type(mention) for document in documents for mention in document.mentions}
    if kinds <= set(ENTITY_TYPES):
        return PAIR_TYPES
    return tuple(combinations_with_replacement(sorted(kinds), 2))


class RelationGroups:
    """The groups that the relations of a document belong to, by its mentions.

    `pair_types` are unordered pairs of entity types that a model scores, by any of the known names.

    >>> mentions = Mention(0, 4, "Iron", "Chemical", ("7",)), Mention(11, 13, "it", "Gene", ("5",))
    >>> groups = RelationGroups(Document("1", "Iron binds it", mentions))
    >>> groups.pair_type(Relation("Bind", "5", "7")), groups.distance(Relation("Bind", "5", "7"))
    ('ChemicalEntity-GeneOrGeneProduct', 'same sentence')
    """

    def __init__(self, document: Document, pair_types: Iterable[Sequence[str]] = PAIR_TYPES) -> None:
        self._pair_types = {tuple(sorted(known_type(kind) or kind for kind in pair_type)) for pair_type in pair_types}
        self.sentences = SentenceIndex(document)
        self._mentions: dict[str, list[Mention]] = defaultdict(list)
        for entity in document.entities():
            self._mentions[entity.identifier] += entity.mentions

    def entity(self, identifier: str) -> Entity:
        """Return an entity with all its mentions, of whichever types; without a mention it has no type."""
        mentions = tuple(self._mentions.get(identifier, ()))
        return Entity(identifier, mentions[0].entity_type if mentions else "", mentions)

    def pair_type(self, relation: Relation) -> str:
        """Return the two entity types in alphabetic order, such as ``"ChemicalEntity-GeneOrGeneProduct"``."""
        types = self._type_pairs(relation)
        return "-".join(types[0]) if types else NO_MENTION

    def distance(self, relation: Relation) -> str:
        """Return one of `DISTANCES`: how many sentences lie between the closest mentions of the two entities."""
        mentions1, mentions2 = (self.entity(name).mentions for name in (relation.entity1_id, relation.entity2_id))
        if not (mentions1 and mentions2):
            return NO_MENTION
        return DISTANCES[min(self.sentences.distance(mentions1, mentions2), len(DISTANCES) - 1)]

    def is_candidate(self, relation: Relation) -> bool:
        """Return whether a model that scores all candidate pairs scores the pair of this relation."""
        return len(relation.pair) == 2 and not self._pair_types.isdisjoint(self._type_pairs(relation))

    def _type_pairs(self, relation: Relation) -> list[tuple[str, ...]]:
        """Return the pairs of types of the two entities, those that models score first."""
        first, second = (
            {_known_type(mention) for mention in self.entity(name).mentions}
            for name in (relation.entity1_id, relation.entity2_id)
        )
        found = {tuple(sorted(types)) for types in product(first, second)}
        return sorted(found, key=lambda types: (types not in self._pair_types, types))


Group = Callable[[Relation], str]
# What groups the relations of a document.
BREAKDOWNS: Mapping[str, Callable[[Document], Group]] = {
    "by_type": lambda document: lambda relation: relation.relation_type,
    "by_pair_type": lambda document: RelationGroups(document).pair_type,
    "by_distance": lambda document: RelationGroups(document).distance,
    "by_length": lambda document: lambda relation: LENGTHS[bisect(LENGTH_STEPS, len(document.text)) - 1],
}


def counts_by(breakdown: str, pairs: Iterable[ComparedDocument]) -> GroupCounts:
    """Return group -> level -> counts; the gold document's annotations decide the groups of both sides.

    A wrong type is a false positive of the predicted type and a false negative of the gold one. The breakdown is one of
    `BREAKDOWNS`; that by type leaves out the level that needs no type.
    """
    found: GroupCounts = {}
    levels = TYPE_LEVELS if breakdown == "by_type" else LEVELS
    for pair in pairs:
        group = BREAKDOWNS[breakdown](pair.gold)
        for name, (gold, predicted) in pair.relations_by(group).items():
            totals = found.setdefault(name, dict.fromkeys(levels, Counts()))
            for level in totals:
                totals[level] += statement_counts(gold, predicted, level)
    return {name: found[name] for name in ordered_groups(found)}


def ordered_groups(names: Iterable[str]) -> list[str]:
    """Return each group once: names in alphabetic order; distances, lengths and relations without mention last.

    >>> ordered_groups(["further", "same sentence", "further"])
    ['same sentence', 'further']
    """
    order = (*DISTANCES, NO_MENTION, *LENGTHS)
    return sorted({*names}, key=lambda name: (order.index(name) if name in order else -1, name))


def candidates_only(
    pairs: Sequence[ComparedDocument], pair_types: Iterable[Sequence[str]] | None = None
) -> list[ComparedDocument]:
    """Return the documents without the relations of pairs that no model scores, or not one with these pair types."""
    pair_types = pair_types or scored_pair_types(pair.gold for pair in pairs)
    kept = []
    for pair in pairs:
        groups = RelationGroups(pair.gold, pair_types)
        gold, predicted = (
            replace(document, relations=tuple(filter(groups.is_candidate, document.relations)))
            for document in (pair.gold, pair.predicted)
        )
        kept.append(replace(pair, gold=gold, predicted=predicted))
    return kept


def _known_type(mention: Mention) -> str:
    return known_type(mention.entity_type) or mention.entity_type
