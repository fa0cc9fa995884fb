"""Copies of documents with rare relation types, in which other entities of the same types have the rare relation.

The paper leaves open how to find more of types such as Cotreatment, with 41 relations in train and dev. Here the
entities of a rare relation are replaced by entities of other documents, so that the words around them are learned, not
the names.
"""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from biodir.document_biodir import Document, Entity, Mention, Relation


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
) -> Iterator[tuple[Document, frozenset[frozenset[str]]]]:
    """Yield so many copies of a document for each relation of a rare type, with its entities replaced where possible.

    An entity can be replaced where all its mentions have one identifier and overlap no other mention and no border of a
    passage. Its new name and identifier are those of an entity of the same type from another document.

    Beside each copy are the pairs of identifiers in it that are not learned from: pairs without another entity, which
    the original document teaches already, and those that are not learned from there either, under new identifiers.

    Args:
        rare: relation types.
        excluded: document id -> pairs of identifiers in the documents that are not learned from.
    """
    draw = random.Random(seed)
    names = _names_by_type(documents)
    for document in documents:
        chosen = [relation for relation in document.relations if relation.relation_type in rare for _ in range(copies)]
        for number, relation in enumerate(chosen, start=1):
            new_of = _other_entities(document, relation, names, draw)
            if new_of:
                new_ids = {old: new.identifiers[0] for old, new in new_of.items()}
                kept = _identifiers(document) - set(new_of)
                unchanged = {frozenset((first, second)) for first in kept for second in kept}
                left_out = (excluded or {}).get(document.id, ())
                still_left_out = {frozenset(new_ids.get(name, name) for name in pair) for pair in left_out}
                copy = replace(with_other_entities(document, new_of), id=f"{document.id}+{number}")
                yield copy, frozenset(unchanged | still_left_out)


def _identifiers(document: Document) -> set[str]:
    return {identifier for mention in document.mentions for identifier in mention.identifiers}


def _names_by_type(documents: Sequence[Document]) -> dict[str, list[Mention]]:
    """Return entity type -> the first mention of each entity that names nothing else, in the order of the documents."""
    names: dict[str, dict[str, Mention]] = {}
    for document in documents:
        for mention in sorted(document.mentions, key=lambda mention: mention.start_char):
            if len(mention.identifiers) == 1:
                names.setdefault(mention.entity_type, {}).setdefault(mention.identifiers[0], mention)
    return {kind: list(found.values()) for kind, found in names.items()}


def _other_entities(
    document: Document, relation: Relation, names: Mapping[str, Sequence[Mention]], draw: random.Random
) -> dict[str, Mention]:
    """Return identifier -> a mention of the entity in its place, for those of the relation that can be replaced."""
    taken = _identifiers(document).union(*(each.pair for each in document.relations))
    new_of = {}
    for entity in document.entities():
        if entity.identifier not in relation.pair:
            continue
        others = [found for found in names.get(entity.entity_type, ()) if found.identifiers[0] not in taken]
        if others and _can_be_replaced(document, entity):
            new_of[entity.identifier] = draw.choice(others)
            taken.update(new_of[entity.identifier].identifiers)
    return new_of


def _can_be_replaced(document: Document, entity: Entity) -> bool:
    """Return whether each mention names only this entity, overlaps no other mention and lies in one passage."""
    own = [mention for mention in document.mentions if entity.identifier in mention.identifiers]
    if any(len(mention.identifiers) > 1 or mention.entity_type != entity.entity_type for mention in own):
        return False
    borders = [border for part in document.passages for border in (part.start_char, part.end_char)]
    if any(mention.start_char < border < mention.end_char for mention in own for border in borders):
        return False
    return not any(
        one.start_char < other.end_char and other.start_char < one.end_char
        for one in own
        for other in document.mentions
        if one is not other
    )


def with_other_entities(document: Document, new_of: Mapping[str, Mention]) -> Document:
    """Return the document in which entities have the identifier and, at each mention, the text of another mention.

    Args:
        new_of: identifier -> mention of the new entity, for entities that can be replaced.
    """
    news = [next((new_of[name] for name in each.identifiers if name in new_of), None) for each in document.mentions]
    mentions = list(zip(document.mentions, news, strict=True))
    spans = sorted((each.start_char, each.end_char, new.text) for each, new in mentions if new)
    text = document.text
    for start, end, name in reversed(spans):
        text = text[:start] + name + text[end:]

    def moved(place: int) -> int:
        return place + sum(len(name) - (end - start) for start, end, name in spans if end <= place)

    def new_id(identifier: str) -> str:
        return new_of[identifier].identifiers[0] if identifier in new_of else identifier

    found = []
    for mention, new in mentions:
        start, end = moved(mention.start_char), moved(mention.end_char)
        named = mention if new is None else replace(mention, text=new.text, identifiers=new.identifiers)
        found.append(replace(named, start_char=start, end_char=end))
    passages = tuple(
        replace(part, start_char=moved(part.start_char), end_char=moved(part.end_char)) for part in document.passages
    )
    relations = tuple(
        replace(
            relation,
            entity1_id=new_id(relation.entity1_id),
            entity2_id=new_id(relation.entity2_id),
            subject_id=relation.subject_id and new_id(relation.subject_id),
        )
        for relation in document.relations
    )
    return Document(document.id, text, tuple(found), relations, passages)
