"""Relations as cases of direction: which of the two entities is the subject, and what the text says between them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from biodir.document_biodir import Document, Entity, Mention, Relation, Span
from biodir.document_sentences_biodir import SentenceIndex, sentence_spans
from biodir.evaluation.breakdown import RelationGroups
from biodir.labels_biodir import known_type
from biodir.processing_chunks_biodir import closest_spans

# A word, with the hyphen before it if that joins it to a mention, as in "aspirin-induced".
_WORD = re.compile(r"(?:(?<=\s)|^)-[a-z]{3,}|[a-z]{2,}")


@dataclass(frozen=True)
class DirectionCase:
    """A relation between two mentioned entities, and the place where these come closest.

    Args:
        document_id: of the document.
        pair_type: the two entity types in alphabetic order, such as ``"ChemicalEntity-GeneOrGeneProduct"``.
        relation_type: of the relation.
        first, second: the entities, in the order in which their closest mentions come in the text; their types have
            the names of BioRED, where these are known.
        subject: identifier of the acting entity; None where the relation is undirected.
        before: words of the sentence before the first of the two mentions, in lower case.
        between: the words between the two mentions; None where they are in different sentences. Words of other
            mentions are left out.

    >>> from biodir import Mention
    >>> text = "Activation of EGFR by iron."
    >>> mentions = Mention(14, 18, "EGFR", "Gene", ("5",)), Mention(22, 26, "iron", "Chemical", ("7",))
    >>> document = Document("1", text, mentions, (Relation("Positive_Correlation", "5", "7", subject_id="7"),))
    >>> (case,) = direction_cases([document])
    >>> case.before, case.between, case.is_subject_first
    (('activation', 'of'), ('by',), False)
    """

    document_id: str
    pair_type: str
    relation_type: str
    first: Entity
    second: Entity
    subject: str | None
    before: tuple[str, ...]
    between: tuple[str, ...] | None

    @property
    def is_directed(self) -> bool:
        """Whether one of the two is the subject."""
        return self.subject is not None

    @property
    def is_subject_first(self) -> bool:
        """Whether the subject comes first; False for undirected relations, too."""
        return self.subject == self.first.identifier

    @property
    def is_of_one_type(self) -> bool:
        """Whether both entities have the same type, so that types say nothing about the direction."""
        return self.first.entity_type == self.second.entity_type


def direction_cases(documents: Iterable[Document]) -> list[DirectionCase]:
    """Return a case for each relation between two different entities that its document mentions."""
    return [case for document in documents for case in document_cases(document).values()]


def document_cases(document: Document) -> dict[Relation, DirectionCase]:
    """Return relation -> case, for the relations between two different entities that the document mentions."""
    places = _Places(document)
    cases = {relation: places.case(relation) for relation in document.relations}
    return {relation: case for relation, case in cases.items() if case is not None}


class _Places:
    """Where the entities of a document come closest."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._groups = RelationGroups(document)
        self._index, self._sentences = SentenceIndex(document), sentence_spans(document)
        self._spans = sorted((mention.start_char, mention.end_char) for mention in document.mentions)

    def case(self, relation: Relation) -> DirectionCase | None:
        sides = [_with_known_type(self._groups.entity(identifier)) for identifier in sorted(relation.pair)]
        if len(sides) < 2 or not all(side.mentions for side in sides):
            return None
        spans: Any = closest_spans(*(_spans_of(side.mentions) for side in sides))
        placed = sorted(zip(spans, sides, strict=True), key=lambda each: (each[0], each[1].identifier))
        (first_span, first), (second_span, second) = placed
        before, between = self._words(first_span, second_span)
        groups = (self._document.id, self._groups.pair_type(relation), relation.relation_type)
        return DirectionCase(*groups, first, second, relation.subject_id, before, between)

    def _words(self, first: Span, second: Span) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
        numbers = [self._index.sentence_of(Mention(start, end, "", "")) for start, end in (first, second)]
        before = self._text(self._sentences[numbers[0]][0], first[0])
        return words(before), words(self._text(first[1], second[0])) if numbers[0] == numbers[1] else None

    def _text(self, start: int, end: int) -> str:
        """Return a part of the text, with blanks in place of the mentions in it."""
        pieces, place = [], start
        for left, right in self._spans:
            if place <= left < end:
                pieces += [self._document.text[place:left], " "]
            if left < end and right > place:
                place = max(place, right)
        return "".join([*pieces, self._document.text[place:end]])


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, without numbers and marks.

    >>> words("-induced (3 times) activation of")
    ('-induced', 'times', 'activation', 'of')
    """
    return tuple(_WORD.findall(text.lower()))


def _with_known_type(entity: Entity) -> Entity:
    return replace(entity, entity_type=known_type(entity.entity_type) or entity.entity_type)


def _spans_of(mentions: Iterable[Mention]) -> list[Span]:
    return [(mention.start_char, mention.end_char) for mention in mentions]
