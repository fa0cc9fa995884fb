"""Documents of rare relation types, told again of other entities of the same types.

The paper leaves open how to find more of types such as Cotreatment, with 41 relations in train and dev. Here the
entities of a rare relation give place to entities of other documents, so that the words around them are learned, not
the names.
"""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from biodir.document_biodir import Document, Entity, Mention, Passage, Relation


@dataclass(frozen=True)
class AugmentedDocument:
    """A document with other entities, and the pairs of identifiers in it that have no other entity.

    Args:
        unchanged: pairs that the original document teaches already.
    """

    document: Document
    unchanged: frozenset[frozenset[str]]


def rare_types(documents: Sequence[Document], below: int) -> set[str]:
    """The relation types that fewer than `below` relations of the documents have."""
    counts = Counter(relation.relation_type for document in documents for relation in document.relations)
    return {name for name, count in counts.items() if count < below}


def augmented_documents(documents: Sequence[Document], copies: int, below: int, seed: int) -> list[AugmentedDocument]:
    """For each relation of a rare type so many copies of its document, with both entities replaced where possible.

    An entity can be replaced where all its mentions have one identifier and touch no other mention. Its new name and
    identifier are those of an entity of the same type from another document.

    Args:
        below: relation types with fewer relations in the documents are rare.
    """
    draw = random.Random(seed)
    rare = rare_types(documents, below)
    names = _names_by_type(documents)
    found = []
    for document in documents:
        told = [relation for relation in document.relations if relation.relation_type in rare for _ in range(copies)]
        for number, relation in enumerate(told, start=1):
            changed = _with_other_entities(document, relation, names, draw)
            if changed is not None:
                found.append(replace(changed, document=replace(changed.document, id=f"{document.id}+{number}")))
    return found


def _names_by_type(documents: Sequence[Document]) -> dict[str, list[tuple[str, str]]]:
    """Entity type -> (identifier, name) of all entities, each once, in the order of the documents."""
    names: dict[str, dict[str, str]] = {}
    for document in documents:
        for entity in document.entities():
            names.setdefault(entity.entity_type, {}).setdefault(entity.identifier, entity.name)
    return {kind: list(found.items()) for kind, found in names.items()}


def _with_other_entities(
    document: Document, relation: Relation, names: dict[str, list[tuple[str, str]]], draw: random.Random
) -> AugmentedDocument | None:
    """The document with other entities in the relation; None where neither can be replaced."""
    taken = {identifier for mention in document.mentions for identifier in mention.identifiers}
    wanted = (relation.entity1_id, relation.entity2_id)
    changed = document
    replaced = set()
    for entity in document.entities():
        others = [found for found in names[entity.entity_type] if found[0] not in taken]
        if entity.identifier in wanted and others and _can_be_replaced(document, entity):
            identifier, name = draw.choice(others)
            changed = with_renamed_entity(changed, entity.identifier, identifier, name)
            taken.add(identifier)
            replaced.add(identifier)
    if not replaced:
        return None
    identifiers = {identifier for mention in changed.mentions for identifier in mention.identifiers} - replaced
    unchanged = frozenset(frozenset((first, second)) for first in identifiers for second in identifiers)
    return AugmentedDocument(changed, unchanged)


def _can_be_replaced(document: Document, entity: Entity) -> bool:
    """True where each mention names this entity alone and overlaps no other mention."""
    own = [mention for mention in document.mentions if entity.identifier in mention.identifiers]
    if any(len(mention.identifiers) > 1 or mention.entity_type != entity.entity_type for mention in own):
        return False
    others = [mention for mention in document.mentions if entity.identifier not in mention.identifiers]
    return not any(_overlap(first, second) for first in own for second in [*others, *own] if first is not second)


def _overlap(first: Mention, second: Mention) -> bool:
    return first.start_char < second.end_char and second.start_char < first.end_char


def with_renamed_entity(document: Document, old: str, new: str, name: str) -> Document:
    """The document in which an entity has another identifier, and each of its mentions this name.

    Args:
        old: identifier of an entity whose mentions overlap no other mention and have no other identifier.
        new: its new identifier.
        name: the text in place of each of its mentions.
    """
    places = [(mention.start_char, mention.end_char) for mention in document.mentions if old in mention.identifiers]
    moved = _Shift(sorted(places), len(name))
    mentions = tuple(
        Mention(moved(mention.start_char), moved(mention.start_char) + len(name), name, mention.entity_type, (new,))
        if old in mention.identifiers
        else replace(mention, start_char=moved(mention.start_char), end_char=moved(mention.end_char))
        for mention in document.mentions
    )
    passages = tuple(Passage(moved(part.start_char), moved(part.end_char), part.kind) for part in document.passages)
    relations = tuple(_renamed(relation, old, new) for relation in document.relations)
    return Document(document.id, moved.text(document.text, name), mentions, relations, passages)


class _Shift:
    """Where a place of the text lies once spans of it, sorted, have another length."""

    def __init__(self, spans: Collection[tuple[int, int]], length: int) -> None:
        self.spans, self.length = spans, length

    def __call__(self, place: int) -> int:
        return place + sum(self.length - (end - start) for start, end in self.spans if end <= place)

    def text(self, text: str, name: str) -> str:
        """The text with the name in place of each span."""
        parts, last = [], 0
        for start, end in self.spans:
            parts += [text[last:start], name]
            last = end
        return "".join([*parts, text[last:]])


def _renamed(relation: Relation, old: str, new: str) -> Relation:
    ids = {name: getattr(relation, name) for name in ("entity1_id", "entity2_id", "subject_id")}
    return replace(relation, **{name: new if value == old else value for name, value in ids.items()})
