"""Relations between entities that a system found itself: its entities are matched to the identifiers of gold.

Identifiers are never compared, since a system that reads plain text makes its own. The mentions decide.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from biodir.document_biodir import Document
from biodir.document_parts_biodir import identifier_parts
from biodir.evaluation.mentions import MentionStatement, mention_statement

# Before the identifier of an entity that is matched to none of gold; no identifier of a file begins so.
UNMATCHED_PREFIX = "\0"
# Between identifiers that a relation names as one: BioRED has bars, other files have the marks of their mentions.
COMPOSITE_SEPARATOR = "|"


@dataclass(frozen=True)
class EntityMatches:
    """How many entities of documents were matched.

    Args:
        predicted: entities of the predictions; those with one identifier in one document are one.
        matched: of these, those that are matched to an identifier of gold.
        gold: identifiers of the gold mentions.
        found: of these, those to which at least one entity is matched.

    >>> entity_matches([Document("1", "Iron")], [])
    EntityMatches(predicted=0, matched=0, gold=0, found=0)
    """

    predicted: int
    matched: int
    gold: int
    found: int


def matched_identifiers(gold: Document, predicted: Document) -> dict[str, str]:
    """Return predicted identifier -> gold identifier, without the entities that agree with no linked gold mention.

    An entity is matched to the gold identifier with which most of its mentions agree exactly, in span and type. Of
    several with the same number it is the one with the fewest gold mentions, of which it has the largest share; then
    one to which no entity before has been matched; then the one that is mentioned first, and within a mention
    named first. Entities are taken in the order of the text. A gold mention with several identifiers agrees with each
    of them. Several entities may be matched to one identifier.

    >>> from biodir import Mention
    >>> gold = Document("1", "Iron", (Mention(0, 4, "Iron", "ChemicalEntity", ("D007501",)),))
    >>> matched_identifiers(gold, Document("1", "Iron", (Mention(0, 4, "Iron", "ChemicalEntity", ("text:iron",)),)))
    {'text:iron': 'D007501'}
    """
    gold_mentions = _mentions_of_identifiers(gold)
    order = {identifier: place for place, identifier in enumerate(gold_mentions)}
    identifiers_of: dict[MentionStatement, list[str]] = {}
    for identifier, mentions in gold_mentions.items():
        for mention in mentions:
            identifiers_of.setdefault(mention, []).append(identifier)
    matches: dict[str, str] = {}
    taken: set[str] = set()
    for identifier, mentions in _mentions_of_identifiers(predicted).items():
        agreeing = Counter(name for mention in mentions for name in identifiers_of.get(mention, ()))
        ranks = {
            name: (-count, len(gold_mentions[name]), name in taken, order[name]) for name, count in agreeing.items()
        }
        if ranks:
            matches[identifier] = min(ranks, key=ranks.__getitem__)
            taken.add(matches[identifier])
    return matches


def _mentions_of_identifiers(document: Document) -> dict[str, set[MentionStatement]]:
    """Return identifier -> its mentions of all types, in the order of the text and of the names within a mention."""
    found: dict[str, set[MentionStatement]] = {}
    for mention in sorted(document.mentions, key=lambda each: (*mention_statement(each), each.identifiers)):
        for identifier in mention.identifiers:
            found.setdefault(identifier, set()).add(mention_statement(mention))
    return found


def with_gold_identifiers(gold: Document, predicted: Document) -> Document:
    """Return the predicted document with relations between gold identifiers, or identifiers that gold does not have.

    Relations of an entity that is not matched thus are false positives. Relations of entities that are matched to one
    identifier become relations of this one: `compared_documents` counts those that are then the same once. One between
    two such entities relates the identifier to itself and is a false positive unless gold does the same. Some relations
    of BioRED name several identifiers as one, such as ``D017180|D014693``: each is matched, in any order.
    """
    names = matched_identifiers(gold, predicted)
    of_gold = dict.fromkeys(identifier for relation in gold.relations for identifier in relation.pair)
    composites = {frozenset(identifier_parts(identifier)): identifier for identifier in of_gold}

    def named(identifier: str) -> str:
        parts = [identifier] if identifier in names else identifier_parts(identifier)
        if not all(part in names for part in parts):
            return UNMATCHED_PREFIX + identifier
        found = dict.fromkeys(names[part] for part in parts)
        if identifier in of_gold and [*found] == parts:  # gold may write one composite in two ways
            return identifier
        together = COMPOSITE_SEPARATOR.join(found)
        return together if len(found) == 1 else composites.get(frozenset(found), together)

    relations = [
        replace(
            relation,
            entity1_id=named(relation.entity1_id),
            entity2_id=named(relation.entity2_id),
            subject_id=None if relation.subject_id is None else named(relation.subject_id),
        )
        for relation in predicted.relations
    ]
    return replace(predicted, relations=tuple(relations), subject_lines=())


def matched_documents(gold: Iterable[Document], predicted: Iterable[Document]) -> list[Document]:
    """Return the predicted documents, which gold all has, with relations between gold identifiers."""
    gold_of = {document.id: document for document in gold}
    return [with_gold_identifiers(gold_of[document.id], document) for document in predicted]


def entity_matches(gold: Sequence[Document], predicted: Iterable[Document]) -> EntityMatches:
    """Return how many entities of the documents were matched."""
    predicted_of = {document.id: document for document in predicted}
    totals = Counter[str]()
    for document in gold:
        other = predicted_of.get(document.id, Document(document.id, ""))
        matches = matched_identifiers(document, other)
        totals["predicted"] += len(_mentions_of_identifiers(other))
        totals["matched"] += len(matches)
        totals["gold"] += len(_mentions_of_identifiers(document))
        totals["found"] += len(set(matches.values()))
    return EntityMatches(totals["predicted"], totals["matched"], totals["gold"], totals["found"])
