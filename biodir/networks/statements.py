"""Statements: what one document says about pairs of entities, with the sentences that it says it in."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product

from biodir.document_biodir import Document, Entity, Mention, Relation, Span
from biodir.document_parts_biodir import identifier_parts
from biodir.document_sections_biodir import Sections
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy
from biodir.formats.pubtator_names import biored_relation
from biodir.labels_biodir import VARIANT
from biodir.networks.curies import biored_type, curie
from biodir.processing_chunks_biodir import closest_spans

# Identifier and entity type, which together name a node of a network.
NodeKey = tuple[str, str]
# What a long identifier of PubTator 3 has that says nothing about the variant.
_OF_DOCUMENT = re.compile(r"^tmVar:|;VariantGroup:[0-9]+|^VariantGroup:[0-9]+;?", re.IGNORECASE)
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Evidence:
    """A sentence of a document. The span ``[start, end)`` counts characters of the text of the document.

    `section` is the name of its section, see `section_of`; empty where the document names none.

    >>> Evidence("7", 0, 16, "Iron binds EGFR.").document
    '7'
    """

    document: str
    start: int
    end: int
    text: str
    section: str = ""


@dataclass(frozen=True)
class Statement:
    """A relation that a document states. Without direction, subject and object are in the order of their keys.

    `score` is that of relation type and direction together, in 0..1; None where the source gives none.

    >>> statement = Statement(("NCBIGene:1956", "GeneOrGeneProduct"), ("MESH:D007501", "ChemicalEntity"), "Bind", True)
    >>> statement.score is None
    True
    """

    subject: NodeKey
    object: NodeKey
    relation: str
    directed: bool
    novelty: str | None = None
    score: float | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class DocumentStatements:
    """The statements of a document, and the names that it has for each entity, with how often they occur.

    >>> DocumentStatements("7", {("text:tnf", "GeneOrGeneProduct"): Counter(TNF=2)}, ()).id
    '7'
    """

    id: str
    names: Mapping[NodeKey, Counter[str]]
    statements: tuple[Statement, ...]


def statements_of(document: Document, policy: ErrorPolicy = STRICT) -> DocumentStatements:
    """Return what a document states; the evidence of a relation are the sentences of the two closest mentions.

    An identifier with several entity types is taken with the type that most of its mentions have. Relation types of
    PubTator 3 become those of BioRED.

    Args:
        document: with relations, gold or predicted.
        policy: what becomes of a relation with an error.

    Raises:
        AnnotationError: a relation has an entity without mention.

    >>> from biodir import Mention
    >>> mentions = (Mention(0, 4, "Iron", "Chemical", ("D007501",)), Mention(11, 15, "EGFR", "Gene", ("1956",)))
    >>> relation = Relation("Bind", "D007501", "1956", subject_id="1956", relation_score=0.8, direction_score=0.5)
    >>> [found] = statements_of(Document("7", "Iron binds EGFR.", mentions, (relation,))).statements
    >>> found.subject, found.score, found.evidence[0].text
    (('NCBIGene:1956', 'GeneOrGeneProduct'), 0.4, 'Iron binds EGFR.')
    """
    entities = document.entities()
    by_identifier: dict[str, Entity] = {}
    for entity in sorted(entities, key=lambda entity: -len(entity.mentions)):
        by_identifier.setdefault(entity.identifier, entity)
    sentences = _Sentences(document) if document.relations else None
    found = []
    attempts = (partial(_pairs, relation, by_identifier, document.id) for relation in document.relations)
    for relation, pairs in policy.parts("relation", attempts):
        for first, second in pairs:
            assert sentences is not None
            found.append(_statement(relation, first, second, document.id, sentences.between(first, second)))
    return DocumentStatements(document.id, names_of(document, entities), tuple(found))


def names_of(document: Document, entities: Iterable[Entity]) -> dict[NodeKey, Counter[str]]:
    """Return the texts of the mentions of each entity with their numbers; runs of white space are one space."""
    names: dict[NodeKey, Counter[str]] = {}
    for entity in entities:
        counts = names.setdefault(node_key(entity.identifier, entity.entity_type, document.id), Counter())
        counts.update(" ".join(mention.text.split()) for mention in entity.mentions)
    return names


def _pairs(
    relation: Relation, by_identifier: Mapping[str, Entity], document_id: str
) -> tuple[Relation, list[tuple[Entity, ...]]]:
    """Return the relation with its entities; where an end has several identifiers, as ``D1|D2``, each pair of them."""
    ends = []
    for identifier in (relation.entity1_id, relation.entity2_id):
        parts = [identifier] if identifier in by_identifier else identifier_parts(identifier)
        if not by_identifier.keys() >= set(parts):
            raise AnnotationError(
                f"document {document_id}: {identifier!r} of a relation {relation.relation_type} has no mention; "
                "give its mentions, or leave the relation out",
                "relation of a mention that is not there",
            )
        ends.append([by_identifier[part] for part in parts])
    return relation, list(product(*ends))


def node_key(identifier: str, entity_type: str, document_id: str) -> NodeKey:
    """Return what names an entity in all documents: its CURIE, or else its identifier, and the type of BioRED.

    A variant without CURIE and without any number, such as "G to A", is another one in each document. Of the long
    identifier of PubTator 3 the number of its group is left out, which is one within a document, and so is ``tmVar:``.

    >>> node_key("c|SUB|G||A", "Variant", "7"), node_key("p|SUB|V|600|E", "Variant", "7")
    (('c|SUB|G||A@7', 'SequenceVariant'), ('p|SUB|V|600|E', 'SequenceVariant'))
    """
    kind = biored_type(entity_type)
    if kind == VARIANT:
        identifier = _OF_DOCUMENT.sub("", identifier) or identifier
    found = curie(identifier, kind)
    if found is None and kind == VARIANT and not re.search("[0-9]", identifier.split(";")[0]):
        found = f"{identifier}@{document_id}"
    return found or identifier, kind


def ordered_ends(subject: NodeKey, object_: NodeKey, directed: bool) -> tuple[NodeKey, NodeKey]:
    """Return subject and object; of a relation without direction in the order of their keys."""
    return (subject, object_) if directed or subject <= object_ else (object_, subject)


def _statement(
    relation: Relation, first: Entity, second: Entity, document_id: str, evidence: tuple[Evidence, ...]
) -> Statement:
    keys = tuple(node_key(each.identifier, each.entity_type, document_id) for each in (first, second))
    directed = relation.subject_id is not None
    ends = keys[::-1] if relation.subject_id == relation.entity2_id else keys
    subject, object_ = ordered_ends(ends[0], ends[1], directed)
    score = relation.relation_score
    if score is not None and relation.direction_score is not None:
        score *= relation.direction_score
    name = biored_relation(relation.relation_type)
    return Statement(subject, object_, name, directed, relation.novelty, score, evidence)


class _Sentences:
    """The sentences of a document; each is one object, however many relations share it."""

    def __init__(self, document: Document) -> None:
        spans = sentence_spans(document)
        sections = Sections(document.passages)
        self._all = [
            Evidence(document.id, start, end, document.text[start:end], sections.at(start) or "")
            for start, end in spans
        ]
        self._starts = [start for start, _ in spans]
        self._words = [word.start() for word in _WORD.finditer(document.text)]

    def between(self, first: Entity, second: Entity) -> tuple[Evidence, ...]:
        """Return the one or two sentences that hold the closest mentions of two entities, in the order of the text.

        Distances count words and the ends of sentences, as the pipeline counts tokens; results of `biodir predict` have
        the same sentences for nearly all relations.
        """
        spans = [{self._span(mention): mention for mention in reversed(each.mentions)} for each in (first, second)]
        closest = closest_spans(list(spans[0]), list(spans[1]))
        numbers = {self._sentence_at(found[span].start_char) for found, span in zip(spans, closest, strict=True)}
        return tuple(self._all[number] for number in sorted(numbers))

    def _span(self, mention: Mention) -> Span:
        places = (mention.start_char, mention.end_char)
        start, end = (bisect_left(self._words, place) + self._sentence_at(place) for place in places)
        return start, end

    def _sentence_at(self, place: int) -> int:
        return max(bisect_right(self._starts, place) - 1, 0)
