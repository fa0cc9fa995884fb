"""Annotated documents as immutable data: Mention, Entity, Relation, Passage, Document.

Spans are half-open ``[start, end)`` and count Python characters of ``document.text``. A document is checked when it is
made, so its mentions always agree with its text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from .errors_biodir import AnnotationError

# [start, end): of characters in documents, of tokens in processing.
Span = tuple[int, int]
# BioRED and BC5CDR write these in the identifier column of a mention that is linked to no concept.
UNLINKED_IDENTIFIERS = ("-", "-1")
# Identifiers made for mentions that come without one start so; no database of the field uses this prefix.
TEXT_IDENTIFIER_PREFIX = "text:"
# Halves of surrogate pairs: JSON and undecoded bytes can hold one, UTF-8 cannot write it.
SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Mention:
    """A text span with an entity type; without identifiers it is not linked and takes part in no pair.

    `source_identifier` is the identifier column of the source file where biodir would write it in another way
    (``"-1"``, or another separator than ``";"``). Writing uses it, so that the file stays the same.

    >>> Mention(0, 4, "Iron", "ChemicalEntity", ("D007501",))
    Mention(start_char=0, end_char=4, text='Iron', entity_type='ChemicalEntity', identifiers=('D007501',))
    """

    start_char: int
    end_char: int
    text: str
    entity_type: str
    identifiers: tuple[str, ...] = ()
    source_identifier: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Entity:
    """All mentions with one identifier and one type, in the order of the text.

    >>> mentions = (Mention(0, 4, "Iron", "ChemicalEntity"), Mention(9, 11, "Fe", "ChemicalEntity"))
    >>> Entity("D007501", "ChemicalEntity", mentions).name
    'Iron'
    """

    identifier: str
    entity_type: str
    mentions: tuple[Mention, ...]

    @property
    def name(self) -> str:
        """The text of the first mention."""
        return self.mentions[0].text

    @property
    def key(self) -> tuple[str, str]:
        """Identifier and type, which no other entity of the document has both."""
        return self.identifier, self.entity_type


@dataclass(frozen=True)
class Relation:
    """A relation between two entities; `subject_id` is one of the two, or None for a relation without direction.

    The order of `entity1_id` and `entity2_id` is that of the source file and carries no direction.
    Scores are between 0 and 1; gold relations have None.

    >>> relation = Relation("Bind", "D007501", "1956", subject_id="1956")
    >>> relation.pair == Relation("Association", "1956", "D007501").pair
    True
    """

    relation_type: str
    entity1_id: str
    entity2_id: str
    novelty: str | None = None
    subject_id: str | None = None
    relation_score: float | None = None
    novelty_score: float | None = None
    direction_score: float | None = None

    @property
    def pair(self) -> frozenset[str]:
        """The two identifiers without order: the same for every relation of two entities, in either direction."""
        return frozenset((self.entity1_id, self.entity2_id))


@dataclass(frozen=True)
class Passage:
    """A part of the text, such as the title; every sentence lies within one passage.

    >>> Document("7", "Title. Abstract.", passages=(Passage(0, 6, "title"),)).passages[0].kind
    'title'
    """

    start_char: int
    end_char: int
    kind: str


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

    Raises:
        AnnotationError: a span lies outside the text, ends before it starts, or has a text that differs.

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

    def __post_init__(self) -> None:
        place = f"document {self.id}"
        for name, value in (("id", self.id), ("text", self.text)):
            if not isinstance(value, str):
                raise AnnotationError(f"{place}: the {name} is {_shown(value)}, not a string; pass the {name} as str")
        for index, mention in enumerate(self.mentions):
            check_mention(mention, self.text, f"{place}, mention {index}")
        previous_end = 0
        for index, part in enumerate(self.passages):
            if not previous_end <= part.start_char <= part.end_char <= len(self.text):
                raise AnnotationError(
                    f"{place}, passage {index}: [{part.start_char}, {part.end_char}) overlaps its neighbour or leaves "
                    f"the text of {len(self.text)} characters"
                )
            previous_end = part.end_char
        for relation in self.relations:
            _check_relation(relation, place)

    def entities(self) -> tuple[Entity, ...]:
        """Return the linked entities, ordered by their first mention."""
        mentions_of: dict[tuple[str, str], list[Mention]] = {}
        for mention in sorted(self.mentions, key=lambda mention: (mention.start_char, mention.end_char)):
            for identifier in dict.fromkeys(mention.identifiers):
                mentions_of.setdefault((identifier, mention.entity_type), []).append(mention)
        return tuple(Entity(identifier, kind, tuple(found)) for (identifier, kind), found in mentions_of.items())

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], default_id: str = "document") -> "Document":
        """Return the document of ``{"id", "text" | "title"+"abstract" | "passages", "entities", "relations"?}``.

        Args:
            mapping: ``entities`` holds ``{"start", "end", "type", "id"?, "text"?}``. ``id`` is a string or a list of
                strings; ``"-"`` and ``"-1"`` mean "not linked". Mentions of one type whose ``id`` is missing, None or
                empty form an entity if their texts are equal without regard to case and spacing.
            default_id: the document's id if the mapping has none.

        Raises:
            AnnotationError: a key is missing, or a value has the wrong type or contradicts the text.
        """
        if not isinstance(mapping, Mapping):
            raise AnnotationError(f"{default_id}: a document is a mapping, not {_shown(mapping)}")
        document_id = str(default_id if mapping.get("id") is None else mapping["id"])
        place = f"document {document_id}"
        text, passages = _text_and_passages(mapping, place)
        mentions = tuple(_mention_from_dict(entry, text, at) for at, entry in _entries(mapping, "entities", place))
        relations = tuple(_relation_from_dict(entry, at) for at, entry in _entries(mapping, "relations", place))
        lines = _list_of(mapping, "subject_lines", place)
        if not all(isinstance(line, Sequence) and len(line) == 2 for line in lines):
            raise AnnotationError(f"{place}: 'subject_lines' {lines!r} are not pairs of identifiers")
        subject_lines = tuple((first, second) for first, second in lines)
        return cls(document_id, text, mentions, relations, passages, subject_lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the document as JSON-ready data, from which `from_dict` makes an equal document."""
        mapping: dict[str, Any] = {"id": self.id, "text": self.text}
        if self.passages:
            mapping["passages"] = [
                {"start": part.start_char, "end": part.end_char, "type": part.kind} for part in self.passages
            ]
        mapping["entities"] = [
            {
                "start": mention.start_char,
                "end": mention.end_char,
                "type": mention.entity_type,
                "id": mention.identifiers[0] if len(mention.identifiers) == 1 else list(mention.identifiers) or "-",
                "text": mention.text,
            }
            for mention in self.mentions
        ]
        mapping["relations"] = [
            {key: value for key, name in _RELATION_KEYS.items() if (value := getattr(relation, name)) is not None}
            for relation in self.relations
        ]
        if self.subject_lines:
            mapping["subject_lines"] = [list(line) for line in self.subject_lines]
        return mapping


def check_mention(mention: Mention, text: str, place: str) -> None:
    """Check that the mention agrees with the text.

    Raises:
        AnnotationError: it does not; with `place`, the value seen and the likely fix.
    """
    start, end = mention.start_char, mention.end_char
    if not (is_integer(start) and is_integer(end)):
        raise AnnotationError(f"{place}: offsets {start!r} and {end!r} are not whole numbers of characters")
    if start < 0:
        raise AnnotationError(f"{place}: starts at {start}; offsets count characters from 0")
    if end <= start:
        raise AnnotationError(f"{place}: ends at {end} but starts at {start}; a span is half-open and not empty")
    if end > len(text):
        raise AnnotationError(
            f"{place}: ends at {end} but the text has {len(text)} characters; were newlines stripped?"
        )
    if text[start:end] != mention.text:
        raise AnnotationError(
            f"{place}: says {mention.text!r} but the text at [{start}, {end}) is {text[start:end]!r}; "
            "offsets count Python characters, not bytes"
        )
    if mention.text.isspace():
        raise AnnotationError(f"{place}: the text at [{start}, {end}) is white space; a mention holds a word")
    identifiers = mention.identifiers
    if not isinstance(identifiers, tuple) or not all(isinstance(identifier, str) for identifier in identifiers):
        raise AnnotationError(f"{place}: identifiers {identifiers!r} are not a tuple of strings")
    if not isinstance(mention.entity_type, str) or not mention.entity_type:
        raise AnnotationError(f"{place}: entity type {mention.entity_type!r} is not a name; give a type as string")


def text_identifier(text: str) -> str:
    """Return the identifier for a mention without one: its text without differences of case and spacing.

    Semicolons separate identifiers in PubTator files, so they are left out.
    """
    return TEXT_IDENTIFIER_PREFIX + " ".join(text.casefold().replace(";", " ").split())


def _check_relation(relation: Relation, place: str) -> None:
    if relation.subject_id not in (None, relation.entity1_id, relation.entity2_id):
        raise AnnotationError(
            f"{place}: subject {relation.subject_id!r} is neither {relation.entity1_id!r} nor "
            f"{relation.entity2_id!r}; the subject is one of the two related entities"
        )
    for name in ("relation_score", "novelty_score", "direction_score"):
        score = getattr(relation, name)
        if score is not None and not (isinstance(score, (int, float)) and 0 <= score <= 1):
            pair = f"{relation.entity1_id} - {relation.entity2_id}"
            raise AnnotationError(f"{place}: {name} of {pair} is {score!r}; scores lie in 0..1")


def _text_and_passages(mapping: Mapping[str, Any], place: str) -> tuple[str, tuple[Passage, ...]]:
    if mapping.get("text") is not None:
        text = _string(mapping, "text", place)
        return text, tuple(_passage_from_dict(part, at) for at, part in _entries(mapping, "passages", place))
    if mapping.get("title") is not None or mapping.get("abstract") is not None:
        return title_and_abstract(*(_string(mapping, key, place, default="") for key in ("title", "abstract")))
    if mapping.get("passages") is not None:
        return _joined_passages(mapping, place)
    raise AnnotationError(f"{place}: has none of 'text', 'title', 'abstract' or 'passages'; give the text")


def title_and_abstract(title: str, abstract: str) -> tuple[str, tuple[Passage, ...]]:
    """Return the text ``title + " " + abstract``, whose offsets PubTator counts, and its two passages."""
    text = f"{title} {abstract}"
    return text, (Passage(0, len(title), "title"), Passage(len(title) + 1, len(text), "abstract"))


def _passage_from_dict(part: Any, place: str) -> Passage:
    if isinstance(part, Mapping) and "text" in part:
        raise AnnotationError(f"{place}: the document has both 'text' and passages with texts; give one of them")
    if not isinstance(part, Mapping) or not (is_integer(part.get("start")) and is_integer(part.get("end"))):
        raise AnnotationError(f"{place}: {_shown(part)} is not a mapping with whole numbers 'start' and 'end'")
    return Passage(part["start"], part["end"], str(part.get("type", "")))


def _joined_passages(mapping: Mapping[str, Any], place: str) -> tuple[str, tuple[Passage, ...]]:
    text, passages = "", []
    for part_place, part in _entries(mapping, "passages", place):
        if not isinstance(part, Mapping):
            raise AnnotationError(f"{part_place}: {_shown(part)} is not a mapping with 'text'")
        part_text = _string(part, "text", part_place)
        after_previous = len(text) + 1 if text else 0
        start = after_previous if part.get("offset") is None else part["offset"]
        if not is_integer(start) or start < len(text):
            raise AnnotationError(f"{part_place}: offset {start!r} lies before the end of the last one, {len(text)}")
        text += " " * (start - len(text)) + part_text
        passages.append(Passage(start, len(text), str(part.get("type", ""))))
    return text, tuple(passages)


def _mention_from_dict(entry: Any, text: str, place: str) -> Mention:
    if not isinstance(entry, Mapping):
        raise AnnotationError(f"{place}: an entity mention is a mapping with start, end and type, not {_shown(entry)}")
    for key in ("start", "end", "type"):
        if entry.get(key) is None:
            raise AnnotationError(f"{place}: has no {key!r}; a mention needs start, end and type")
    start, end = _integer(entry["start"]), _integer(entry["end"])
    found = text[start:end] if is_integer(start) and is_integer(end) and start >= 0 else ""
    mention_text = _string(entry, "text", place, default=found)
    value = entry.get("id")
    if value is None or value == "":
        value = text_identifier(mention_text)
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Sequence) or not all(isinstance(part, str) for part in values):
        raise AnnotationError(f"{place}: id {value!r} is not a string or a list of strings")
    identifiers = tuple(part for part in values if part and part not in UNLINKED_IDENTIFIERS)
    mention = Mention(start, end, mention_text, entry["type"], identifiers)
    check_mention(mention, text, place)
    return mention


_RELATION_KEYS = {  # JSON key -> field of Relation
    "relation": "relation_type",
    "entity1": "entity1_id",
    "entity2": "entity2_id",
    "novelty": "novelty",
    "subject": "subject_id",
    "relation_score": "relation_score",
    "novelty_score": "novelty_score",
    "direction_score": "direction_score",
}


def _relation_from_dict(entry: Any, place: str) -> Relation:
    if not isinstance(entry, Mapping):
        raise AnnotationError(f"{place}: {_shown(entry)} is not a mapping with relation, entity1 and entity2")
    for key in ("relation", "entity1", "entity2"):
        if not isinstance(entry.get(key), str):
            raise AnnotationError(f"{place}: {key!r} is {entry.get(key)!r}, not a string; a relation needs it")
    for key in ("novelty", "subject"):
        if not isinstance(entry.get(key), (str, NoneType)):
            raise AnnotationError(f"{place}: {key!r} is {_shown(entry[key])}, not a string")
    values: dict[str, Any] = {field: entry.get(key) for key, field in _RELATION_KEYS.items()}
    return Relation(**values)


def _entries(mapping: Mapping[str, Any], key: str, place: str) -> Iterator[tuple[str, Any]]:
    """Yield each entry of a list in the mapping, after its place for messages."""
    for index, entry in enumerate(_list_of(mapping, key, place)):
        yield f"{place}, {key}[{index}]", entry


def _list_of(mapping: Mapping[str, Any], key: str, place: str) -> Sequence[Any]:
    value = mapping.get(key)
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise AnnotationError(f"{place}: {key!r} is {_shown(value)}, not a list")
    return value


def _string(mapping: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
    value = default if mapping.get(key) is None else mapping[key]
    if not isinstance(value, str):
        raise AnnotationError(f"{place}: {key!r} is {_shown(value)}, not a string")
    return value


def is_integer(value: Any) -> bool:
    """Return whether the value is an int, which a truth value is not here."""
    return isinstance(value, int) and not isinstance(value, bool)


def _integer(value: Any) -> Any:
    """Return integers of other libraries, such as NumPy's, as int, and anything else unchanged for the checks."""
    return int(value) if hasattr(value, "__index__") and not isinstance(value, bool) else value


def _shown(value: Any) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"
