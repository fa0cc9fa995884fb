"""Annotated documents as immutable data: Mention, Entity, Relation, Passage, Document.

Spans are half-open ``[start, end)`` and count Python characters of ``document.text``. A document is checked when it is
made, so its mentions always agree with its text.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .document_mappings_biodir import (
    RELATION_KEYS,
    identifiers_left_out,
    list_of,
    mention_to_dict,
    mentions_of,
    relations_of,
)
from .document_parts_biodir import (
    Entity,
    Mention,
    Passage,
    Relation,
    Span,
    check_mention,
    check_relation,
    is_given,
    is_integer,
    shown,
    text_identifier,
    title_and_abstract,
    whole_number,
    without_lost,
)
from .document_passages_biodir import passage_to_dict, sentences_of, text_and_passages
from .document_shapes_biodir import own_shape
from .errors_biodir import STRICT, AnnotationError, ErrorPolicy

__all__ = [
    "SURROGATE",
    "Document",
    "Entity",
    "Mention",
    "Passage",
    "Relation",
    "Span",
    "check_mention",
    "is_integer",
    "text_identifier",
    "title_and_abstract",
]

# Halves of surrogate pairs: JSON and undecoded bytes can hold one, UTF-8 cannot write it.
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Document:
    """A text with its mentions and, where known, its relations.

    Args:
        id: identifier of the document, such as a PMID.
        text: the complete text; for PubTator ``title + " " + abstract``.
        mentions: in the order of the source.
        relations: gold or predicted, in the order of the source.
        passages: parts of the text in order; empty means that the text is one passage.
        subject_lines: identifier pairs in the order of the ``Subject:`` lines of the PubTator file. Writing keeps the
            order, so that the file stays the same; the lines of other pairs are written after these.
        pmcid: identifier of the article in PubMed Central, where the source names it besides the PMID.
        is_marked: whether the source says which entities the text has, even if it has none: ``"entities": []`` does.
        sentences: their spans in order, with all text but white space; empty where they are to be found by rules. No
            mention lies in two of them, and none of them in two passages.
        named_by: the type map by which its entity types were named, which no call applies again; empty where they are
            those of the source.

    Raises:
        AnnotationError: a span lies outside the text, ends before it starts, or has a text that differs; sentences are
            not as described.

    >>> mention = {"start": 6, "end": 10, "type": "GeneOrGeneProduct", "id": "1956"}
    >>> document = Document.from_dict({"id": "7", "text": "About EGFR.", "entities": [mention]})
    >>> document.entities()[0].name
    'EGFR'
    >>> Document.from_dict(document.to_dict()) == document
    True
    """

    id: str
    text: str
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    passages: tuple[Passage, ...] = ()
    subject_lines: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    pmcid: str | None = field(default=None, compare=False)
    is_marked: bool = field(default=False, compare=False, repr=False)
    sentences: tuple[Span, ...] = ()
    named_by: Mapping[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        place = f"document {self.id}"
        for name, value in (("id", self.id), ("text", self.text)):
            if not isinstance(value, str):
                raise AnnotationError(f"{place}: the {name} is {shown(value)}, not a string; pass the {name} as str")
        for index, mention in enumerate(self.mentions):
            check_mention(mention, self.text, f"{place}, mention {index}")
        _check_passages(self)
        _check_sentences(self)
        for relation in self.relations:
            check_relation(relation, place)

    @property
    def is_plain(self) -> bool:
        """True where nothing is marked and the source does not say that there is nothing to mark."""
        return not self.mentions and not self.is_marked

    def entities(self) -> tuple[Entity, ...]:
        """Return the linked entities, ordered by their first mention."""
        mentions_of: dict[tuple[str, str], list[Mention]] = {}
        for mention in sorted(self.mentions, key=lambda mention: (mention.start_char, mention.end_char)):
            for identifier in dict.fromkeys(mention.identifiers):
                mentions_of.setdefault((identifier, mention.entity_type), []).append(mention)
        return tuple(Entity(identifier, kind, tuple(found)) for (identifier, kind), found in mentions_of.items())

    @classmethod
    def from_dict(
        cls,
        mapping: Mapping[str, Any],
        default_id: str = "document",
        policy: ErrorPolicy = STRICT,
    ) -> "Document":
        """Return the document of ``{"id", "text" | "title"+"abstract" | "passages", "entities", "relations"?}``.

        Args:
            mapping: ``entities`` holds ``{"start", "end", "type", "id"?, "text"?}``. ``id`` is a string or a list of
                strings; ``"-"``, ``"-1"``, ``"None"`` and the like mean "not linked". Mentions of one type whose ``id``
                is missing, None or empty are grouped by their names: see `with_grouped_mentions`. An abstract without
                title is the text. Shapes of other tools are read: see `own_shape`.
            default_id: the document's id if the mapping has none.
            policy: what its offsets count, whether a mention or relation with an error is left out, and whether the
                entities of a document without any will be found.

        Raises:
            AnnotationError: a key is missing or unknown, or a value has the wrong type or contradicts the text.
        """
        if not isinstance(mapping, Mapping):
            raise AnnotationError(
                f"{default_id}: a document is a mapping, a PubTator string or a Document, not {shown(mapping)}"
            )
        document_id = _document_id(mapping, default_id)
        mapping = own_shape(mapping, f"document {document_id}", policy.finds_entities)
        document_id = _document_id(mapping, default_id)
        place = f"document {document_id}"
        text, passages = text_and_passages(mapping, place, policy)
        sentences = sentences_of(mapping, text, place, policy)
        parsed = mentions_of(mapping, text, passages, place, policy)
        relations = relations_of(mapping, parsed, place, policy)
        relations = without_lost(relations, identifiers_left_out(mapping, parsed), parsed.values(), policy)
        lines = list_of(mapping, "subject_lines", place)
        if not all(isinstance(line, Sequence) and len(line) == 2 for line in lines):
            raise AnnotationError(f"{place}: 'subject_lines' {lines!r} are not pairs of identifiers")
        subject_lines = tuple((first, second) for first, second in lines)
        pmcid = str(whole_number(mapping["pmcid"])) if mapping.get("pmcid") else None
        mentions, is_marked = tuple(parsed.values()), mapping.get("entities") is not None
        return cls(document_id, text, mentions, relations, passages, subject_lines, pmcid, is_marked, sentences)

    def to_dict(self) -> dict[str, Any]:
        """Return the document as JSON-ready data, from which `from_dict` makes an equal document.

        The ``entities`` of a plain document are None, since an empty list says that there are none. The ``id`` of an
        entity is a list, which is empty for a mention that is not linked. So libraries for tables, which guess columns
        and their types, change nothing.
        """
        mapping: dict[str, Any] = {"id": self.id, "text": self.text}
        if self.passages:
            mapping["passages"] = [passage_to_dict(part) for part in self.passages]
        if self.sentences:
            mapping["sentences"] = [list(span) for span in self.sentences]
        mapping["entities"] = None if self.is_plain else [mention_to_dict(mention) for mention in self.mentions]
        mapping["relations"] = [
            {key: value for key, name in RELATION_KEYS.items() if (value := getattr(relation, name)) is not None}
            for relation in self.relations
        ]
        if self.subject_lines:
            mapping["subject_lines"] = [list(line) for line in self.subject_lines]
        if self.pmcid:
            mapping["pmcid"] = self.pmcid
        return mapping


def _document_id(mapping: Mapping[str, Any], default_id: str) -> str:
    value = whole_number(mapping["id"]) if is_given(mapping.get("id")) else None
    if not (value is None or isinstance(value, (str, int))) or isinstance(value, bool):
        raise AnnotationError(f"{default_id}: the id is {shown(value)}, not a string; give a string", "odd id")
    document_id = "" if value is None else str(value).strip()
    return document_id or default_id


def _check_passages(document: Document) -> None:
    previous_end = 0
    for index, part in enumerate(document.passages):
        if not previous_end <= part.start_char <= part.end_char <= len(document.text):
            raise AnnotationError(
                f"document {document.id}, passage {index}: [{part.start_char}, {part.end_char}) overlaps its "
                f"neighbour or leaves the text of {len(document.text)} characters; give half-open spans in the order "
                "of the text"
            )
        previous_end = part.end_char


def _check_sentences(document: Document) -> None:
    """Check that sentences are in order, hold all text, and cut no mention and no passage."""
    text, last = document.text, 0
    for index, (start, end) in enumerate(document.sentences):
        place = f"document {document.id}, sentences[{index}]"
        if not last <= start < end <= len(text) or not text[start:end].strip():
            raise AnnotationError(
                f"{place}: [{start}, {end}) is empty, starts before the sentence before it ends ({last}), or leaves "
                f"the text of {len(text)} characters; give half-open spans in the order of the text",
                "sentence with bad offsets",
            )
        _check_no_text(text, last, start, place)
        last = end
    if document.sentences:
        _check_no_text(text, last, len(text), f"document {document.id}, sentences")
    ends = [end for _, end in document.sentences]
    for mention in document.mentions if ends else ():
        number = bisect_right(ends, mention.start_char)
        if number < len(ends) and ends[number] < mention.end_char:
            raise AnnotationError(
                f"document {document.id}, sentences[{number}]: ends at {ends[number]}, inside the mention "
                f"{mention.text[:40]!r} at [{mention.start_char}, {mention.end_char}); join it with the next sentence, "
                "or leave the mention out",
                "sentence that cuts a mention",
            )
    starts = [part.start_char for part in document.passages[1:]]
    for index, (start, end) in enumerate(document.sentences):
        number = bisect_right(starts, start)
        if number < len(starts) and starts[number] < end:
            raise AnnotationError(
                f"document {document.id}, sentences[{index}]: [{start}, {end}) holds {starts[number]}, the start of a "
                "passage; cut it there",
                "sentence with bad offsets",
            )


def _check_no_text(text: str, start: int, end: int, place: str) -> None:
    if text[start:end].strip():
        raise AnnotationError(
            f"{place}: {text[start:end].strip()[:40]!r} at [{start}, {end}) is in no sentence; sentences hold all text",
            "text outside sentences",
        )
