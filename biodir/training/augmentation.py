"""Copies of documents with rare relation types, in which other entities of the same types have the rare relation.

The paper leaves open how to find more of types such as Cotreatment, with 41 relations in train and dev. Here the
entities of a rare relation are replaced by entities of other documents, so that the words around them are learned, not
the names.
"""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from biodir.document_biodir import Document, Entity, Mention, Passage, Relation

Pairs = frozenset[frozenset[str]]


@dataclass(frozen=True)
class AugmentedDocument:
    """A document with other entities, and the pairs of identifiers in it that are not learned from.

    Args:
        excluded_pairs: pairs without another entity, which the original document teaches already, and those that are
            not learned from there either, under their new identifiers.

    >>> AugmentedDocument(Document("1+1", "Iron helps."), frozenset()).document.id
    '1+1'
    """

    document: Document
    excluded_pairs: Pairs


def rare_types(documents: Sequence[Document], below: int) -> set[str]:
    """Return the relation types that fewer than `below` relations of the documents have."""
    counts = Counter(relation.relation_type for document in documents for relation in document.relations)
    return {name for name, count in counts.items() if count < below}


def augmented_documents(
    documents: Sequence[Document],
    copies: int,
    rare: Collection[str],
    seed: int,
    excluded: Mapping[str, Collection[frozenset[str]]] | None = None,
) -> list[AugmentedDocument]:
    """Return so many copies of a document for each relation of a rare type, with its entities replaced where possible.

    An entity can be replaced where all its mentions have one identifier and overlap no other mention and no border of a
    passage. Its new name and identifier are those of an entity of the same type from another document.

    Args:
        rare: relation types.
        excluded: document id -> pairs of identifiers in the documents that are not learned from.
    """
    draw = random.Random(seed)
    names = _names_by_type(documents)
    found = []
    for document in documents:
        chosen = [relation for relation in document.relations if relation.relation_type in rare for _ in range(copies)]
        for number, relation in enumerate(chosen, start=1):
            new_of = _other_entities(document, relation, names, draw)
            if new_of:
                left_out = (excluded or {}).get(document.id, ())
                found.append(_with_other_entities(document, f"{document.id}+{number}", new_of, left_out))
    return found


@dataclass(frozen=True)
class _Named:
    """An entity's identifier and the text of its first mention that names nothing else."""

    identifier: str
    name: str


def _names_by_type(documents: Sequence[Document]) -> dict[str, list[_Named]]:
    """Return entity type -> all entities with a name of their own, each once, in the order of the documents."""
    names: dict[str, dict[str, _Named]] = {}
    for document in documents:
        for mention in sorted(document.mentions, key=lambda mention: mention.start_char):
            if len(mention.identifiers) == 1:
                (identifier,) = mention.identifiers
                names.setdefault(mention.entity_type, {}).setdefault(identifier, _Named(identifier, mention.text))
    return {kind: list(found.values()) for kind, found in names.items()}


def _other_entities(
    document: Document, relation: Relation, names: Mapping[str, Sequence[_Named]], draw: random.Random
) -> dict[str, _Named]:
    """Return identifier -> the entity in its place, for those of the relation that can be replaced."""
    taken = {identifier for mention in document.mentions for identifier in mention.identifiers}
    taken.update(name for each in document.relations for name in (each.entity1_id, each.entity2_id))
    new_of = {}
    for entity in document.entities():
        if entity.identifier not in (relation.entity1_id, relation.entity2_id):
            continue
        others = [found for found in names.get(entity.entity_type, ()) if found.identifier not in taken]
        if others and _can_be_replaced(document, entity):
            new_of[entity.identifier] = draw.choice(others)
            taken.add(new_of[entity.identifier].identifier)
    return new_of


def _with_other_entities(
    document: Document, new_id: str, new_of: Mapping[str, _Named], excluded: Collection[frozenset[str]]
) -> AugmentedDocument:
    changed = replace(document, id=new_id)
    for old, new in new_of.items():
        changed = with_renamed_entity(changed, old, new.identifier, new.name)
    kept = {identifier for mention in document.mentions for identifier in mention.identifiers} - set(new_of)
    unchanged = {frozenset((first, second)) for first in kept for second in kept}
    new_ids = {old: new.identifier for old, new in new_of.items()}
    still_excluded = {frozenset(new_ids.get(name, name) for name in pair) for pair in excluded}
    return AugmentedDocument(changed, frozenset(unchanged | still_excluded))


def _can_be_replaced(document: Document, entity: Entity) -> bool:
    """Return whether each mention names only this entity, overlaps no other mention and lies in one passage."""
    own = [mention for mention in document.mentions if entity.identifier in mention.identifiers]
    if any(len(mention.identifiers) > 1 or mention.entity_type != entity.entity_type for mention in own):
        return False
    borders = [border for part in document.passages for border in (part.start_char, part.end_char)]
    if any(mention.start_char < border < mention.end_char for mention in own for border in borders):
        return False
    others = [mention for mention in document.mentions if entity.identifier not in mention.identifiers]
    return not any(_overlap(first, second) for first in own for second in [*others, *own] if first is not second)


def _overlap(first: Mention, second: Mention) -> bool:
    return first.start_char < second.end_char and second.start_char < first.end_char


def with_renamed_entity(document: Document, old: str, new: str, name: str) -> Document:
    """Return the document in which an entity has another identifier, and each of its mentions this name.

    Args:
        old: identifier of an entity whose mentions overlap no other mention nor border of a passage, and have no other
            identifier.
        new: its new identifier.
        name: the text in place of each of its mentions.
    """
    spans = sorted(
        (mention.start_char, mention.end_char) for mention in document.mentions if old in mention.identifiers
    )

    def moved(place: int) -> int:
        return place + sum(len(name) - (end - start) for start, end in spans if end <= place)

    text = document.text
    for start, end in reversed(spans):
        text = text[:start] + name + text[end:]
    mentions = tuple(
        Mention(moved(mention.start_char), moved(mention.start_char) + len(name), name, mention.entity_type, (new,))
        if old in mention.identifiers
        else replace(mention, start_char=moved(mention.start_char), end_char=moved(mention.end_char))
        for mention in document.mentions
    )
    passages = tuple(Passage(moved(part.start_char), moved(part.end_char), part.kind) for part in document.passages)
    relations = tuple(_renamed(relation, old, new) for relation in document.relations)
    return Document(document.id, text, mentions, relations, passages)


def _renamed(relation: Relation, old: str, new: str) -> Relation:
    new_of = {old: new}
    return replace(
        relation,
        entity1_id=new_of.get(relation.entity1_id, relation.entity1_id),
        entity2_id=new_of.get(relation.entity2_id, relation.entity2_id),
        subject_id=new if relation.subject_id == old else relation.subject_id,
    )
