"""Candidate pairs: the entity pairs of a document that a model scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from .document_biodir import Entity
from .labels_biodir import type_pair


@dataclass(frozen=True, slots=True)
class CandidatePair:
    """Two entities of a document that may be related.

    The source tags mark `entity1`, the target tags `entity2`; `pair_type_id` is the row of the pair type in the
    configuration. The order is that of types and text and has nothing to do with direction.

    >>> from biodir import Mention
    >>> iron = Entity("D007501", "ChemicalEntity", (Mention(12, 16, "iron", "ChemicalEntity"),))
    >>> egfr = Entity("1956", "GeneOrGeneProduct", (Mention(0, 4, "EGFR", "GeneOrGeneProduct"),))
    >>> [pair] = candidate_pairs([egfr, iron], [("GeneOrGeneProduct", "ChemicalEntity")])
    >>> pair.entity1.name, pair.entity2.name
    ('iron', 'EGFR')
    """

    entity1: Entity
    entity2: Entity
    pair_type_id: int

    @property
    def identifiers(self) -> frozenset[str]:
        """The identifiers of the two entities, comparable to `Relation.pair`."""
        return frozenset((self.entity1.identifier, self.entity2.identifier))


def candidate_pairs(entities: Sequence[Entity], pair_types: Sequence[Sequence[str]]) -> Iterator[CandidatePair]:
    """Yield every pair of different entities whose types form a pair type, in the order of the text.

    Paper, section 2: the source is the entity whose type comes first in the alphabet; of two entities of one type, the
    one that is mentioned first.

    Args:
        entities: in the order of their first mention, as `Document.entities` returns them.
        pair_types: unordered pairs of entity types.
    """
    pair_type_ids: dict[tuple[str, str], int] = {}  # in both orders
    for index, pair_type in enumerate(pair_types):
        key = type_pair(pair_type)
        pair_type_ids[key] = pair_type_ids[key[::-1]] = index
    for first, second in combinations(entities, 2):
        if first.identifier == second.identifier:
            continue  # one concept annotated with two types is not related to itself
        key = first.entity_type, second.entity_type
        if key in pair_type_ids:
            ordered = (second, first) if key[0] > key[1] else (first, second)
            yield CandidatePair(*ordered, pair_type_ids[key])
