"""Documents of the library `bioc` to Documents; the names that BioC uses are translated only here.

BioC leaves the infons free, so files differ. These are read: identifiers under the keys of BioRED, PubTator, NLM-Gene
and BC5CDR; relations that name identifiers (BioRED: entity1 and entity2; PubTator 3: role1 and role2; BC5CDR: Chemical
and Disease) or annotations (DrugProt: nodes with refid and role); scores of PubTator 3 and novelty of BioRED.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from biodir.document_biodir import (
    UNLINKED_IDENTIFIERS,
    Document,
    Mention,
    Passage,
    Relation,
    check_mention,
    is_integer,
    text_identifier,
)
from biodir.document_pubtator_biodir import split_identifiers
from biodir.errors_biodir import AnnotationError, ParseError

logger = logging.getLogger(__name__)

# In lower case and in order of preference. "cui" is what the library bconv writes.
IDENTIFIER_KEYS = ("identifier", "ncbi gene", "ncbi gene identifier", "mesh", "omim", "ncbi taxonomy", "cui")
RELATION_TYPE_KEYS = ("type", "relation")
NOVELTY_KEYS = ("novel", "novelty")
# Pairs of infons that hold the two identifiers of a relation.
ARGUMENT_KEYS = (("entity1", "entity2"), ("role1", "role2"), ("chemical", "disease"))
# Roles of the two nodes of a directed relation: first that of the subject, then that of the object.
SUBJECT_ROLES = (("head", "tail"), ("subject", "object"))
# A wider gap between two passages is a broken offset, and filling it with spaces would fill the memory.
MAX_GAP_CHARS = 1_000_000


@dataclass(frozen=True)
class _PlacedPassage:
    """A passage with two starts: `start_char` in the joined text, `offset` as its file gives it."""

    start_char: int
    offset: int
    text: str
    kind: str
    annotations: tuple[Any, ...]

    def start_of(self, offset: int, counts_bytes: bool) -> int:
        """Return the place in the joined text of the offset of an annotation."""
        inside = offset - self.offset
        if counts_bytes and inside > 0:
            inside = len(self.text.encode()[:inside].decode(errors="ignore"))
        return self.start_char + inside


def to_document(bioc_document: Any, place: str) -> Document:
    """Return the document of a `bioc.BioCDocument`; equal annotations are one mention.

    Passages are placed at their offsets, with spaces between them. If an offset lies inside the previous passage, the
    passage follows that after one space, and its annotations move with it. Offsets count characters; if these do not
    fit all annotations of a document and UTF-8 bytes, the unit of the BioC specification, do, it is read with bytes.
    BioRED and DrugProt count characters, and so does PubTator.

    Raises:
        ParseError: a passage lacks a text, or its offset is none.
        AnnotationError: an annotation lacks a type, has several locations or contradicts the text; a relation lacks
            its type or one of its two arguments.
    """
    parts = _placed_passages(bioc_document, place)
    text = _joined_text(parts)
    placed = list(_placed_annotations(bioc_document, parts, place))
    mentions = _mentions(placed, text, place)
    by_id = _mentions_by_annotation_id(placed, mentions)
    kept = tuple(dict.fromkeys(mentions))
    if len(kept) < len(mentions):
        logger.warning("%s: duplicate annotations, read once: %d", place, len(mentions) - len(kept))
    relations = [
        relation
        for index, source in enumerate(_all_relations(bioc_document))
        for relation in _relations(source, by_id, f"{place}, relation {source.id or index}")
    ]
    passages = tuple(Passage(part.start_char, part.start_char + len(part.text), part.kind) for part in parts)
    return Document(bioc_document.id, text, kept, tuple(relations), passages)


def all_annotations(bioc_document: Any) -> Iterator[Any]:
    """Yield the annotations of a `bioc.BioCDocument`: its own, those of its passages and those of their sentences."""
    yield from bioc_document.annotations
    for passage in bioc_document.passages:
        yield from annotations_of_passage(passage)


def annotations_of_passage(passage: Any) -> Iterator[Any]:
    """Yield the annotations of a `bioc.BioCPassage` and of its sentences."""
    yield from passage.annotations
    for sentence in passage.sentences:
        yield from sentence.annotations


# Text.


def _placed_passages(bioc_document: Any, place: str) -> list[_PlacedPassage]:
    parts: list[_PlacedPassage] = []
    end_char = 0
    for index, passage in enumerate(bioc_document.passages):
        text = _passage_text(passage, end_char, f"{place}, passage {index}")
        start_char = passage.offset if passage.offset >= end_char else end_char + 1
        kind = str(passage.infons.get("type") or "")
        annotations = tuple(annotations_of_passage(passage))
        parts.append(_PlacedPassage(start_char, passage.offset, text, kind, annotations))
        end_char = start_char + len(text)
    return parts


def _passage_text(passage: Any, end_char: int, place: str) -> str:
    """Return the text of the passage, or if it has none itself that of its sentences."""
    _check_offset(passage.offset, end_char, place)
    if passage.text:
        return _checked_text(passage.text, place)
    if passage.annotations and not passage.sentences:
        raise ParseError(f"{place}: has annotations but no text; export the file with the text in it")
    text = ""
    for index, sentence in enumerate(passage.sentences):
        _check_offset(sentence.offset, passage.offset + len(text), f"{place}, sentence {index}")
        text = text.ljust(sentence.offset - passage.offset) + _checked_text(sentence.text, f"{place}, sentence {index}")
    return text


def _checked_text(text: Any, place: str) -> str:
    if not isinstance(text, str):
        raise ParseError(f"{place}: the text is {text!r}, not a string")
    return text


def _check_offset(offset: Any, end_char: int, place: str) -> None:
    if not is_integer(offset) or not 0 <= offset <= end_char + MAX_GAP_CHARS:
        raise ParseError(
            f"{place}: offset {offset!r} is not a number of characters from the start of the document, whose passages "
            f"so far end at {end_char}"
        )


def _joined_text(parts: Sequence[_PlacedPassage]) -> str:
    text = ""
    for part in parts:
        text = text.ljust(part.start_char) + part.text
    return text


# Annotations -> mentions.


@dataclass(frozen=True)
class _PlacedAnnotation:
    """An annotation with the passage that its offset counts from."""

    annotation: Any
    part: _PlacedPassage
    place: str

    def span(self, counts_bytes: bool) -> tuple[int, int]:
        """Return the start and end of the annotation in the joined text."""
        location = self.annotation.locations[0]
        start_char = self.part.start_of(location.offset, counts_bytes)
        return start_char, self.part.start_of(location.offset + location.length, counts_bytes)


def _placed_annotations(bioc_document: Any, parts: Sequence[_PlacedPassage], place: str) -> Iterator[_PlacedAnnotation]:
    owned = [(annotation, part) for part in parts for annotation in part.annotations]
    for annotation, part in [*((annotation, None) for annotation in bioc_document.annotations), *owned]:
        annotation_place = f"{place}, annotation {annotation.id}"
        _check_annotation(annotation, annotation_place)
        earlier = [part] if part else [found for found in parts if found.offset <= annotation.locations[0].offset]
        if not earlier:
            raise AnnotationError(f"{annotation_place}: lies before all passages; offsets count from 0")
        yield _PlacedAnnotation(annotation, earlier[-1], annotation_place)


def _check_annotation(annotation: Any, place: str) -> None:
    if len(annotation.locations) != 1:
        raise AnnotationError(
            f"{place}: {annotation.text!r} has {len(annotation.locations)} locations; a mention is one span of the "
            "text, so give one annotation for each part or leave the document out"
        )
    location = annotation.locations[0]
    if not (is_integer(location.offset) and is_integer(location.length)):
        raise AnnotationError(f"{place}: offset {location.offset!r} and length {location.length!r} are not numbers")
    if not isinstance(annotation.text, str):
        raise AnnotationError(f"{place}: the text is {annotation.text!r}, not a string")
    if not isinstance(annotation.infons.get("type"), str):
        raise AnnotationError(f"{place}: {annotation.text!r} has no infon 'type'; name the type of the entity")


def _mentions(placed: Sequence[_PlacedAnnotation], text: str, place: str) -> list[Mention]:
    """Return a mention for each annotation, with offsets in the unit that fits all of them."""
    if not _fits(placed, text, counts_bytes=False) and _fits(placed, text, counts_bytes=True):
        logger.warning("%s: the offsets count UTF-8 bytes; read as such", place)
        return [_mention(annotation, text, counts_bytes=True) for annotation in placed]
    return [_mention(annotation, text, counts_bytes=False) for annotation in placed]


def _fits(placed: Sequence[_PlacedAnnotation], text: str, counts_bytes: bool) -> bool:
    for annotation in placed:
        start_char, end_char = annotation.span(counts_bytes)
        if start_char < 0 or not _is_written_as(text[start_char:end_char], annotation.annotation.text):
            return False
    return True


def _mention(placed: _PlacedAnnotation, text: str, counts_bytes: bool) -> Mention:
    start_char, end_char = placed.span(counts_bytes)
    annotation, found = placed.annotation, text[max(0, start_char) : max(0, end_char)]
    mention_text = found if _is_written_as(found, annotation.text) else annotation.text
    entity_type = annotation.infons["type"]
    identifiers = _identifiers(annotation.infons, mention_text, entity_type)
    mention = Mention(start_char, end_char, mention_text, entity_type, identifiers)
    check_mention(mention, text, placed.place)
    return mention


def _is_written_as(found: str, written: str) -> bool:
    """Return whether an annotation's text is a spelling of this one: PubTator writes non-ASCII characters in ASCII."""
    return len(found) == len(written) and all(
        here == there or not here.isascii() for here, there in zip(found, written, strict=True)
    )


def _identifiers(infons: Mapping[str, Any], text: str, entity_type: str) -> tuple[str, ...]:
    value = _infon(infons, IDENTIFIER_KEYS)
    if value is None or value == "":
        return (text_identifier(text),)
    if isinstance(value, (list, tuple)):
        return tuple(part for part in dict.fromkeys(map(str, value)) if part not in UNLINKED_IDENTIFIERS)
    identifiers = split_identifiers(str(value), entity_type)
    if len(identifiers) > 1 and str(value).casefold() == text.casefold():
        return (text_identifier(text),)  # DrugProt: the name itself, whose commas separate nothing
    return identifiers


def _mentions_by_annotation_id(
    placed: Sequence[_PlacedAnnotation], mentions: Sequence[Mention]
) -> dict[str, frozenset[Mention]]:
    by_id: dict[str, frozenset[Mention]] = {}
    for source, mention in zip(placed, mentions, strict=True):
        by_id[source.annotation.id] = by_id.get(source.annotation.id, frozenset()) | {mention}
    return by_id


# Relations.


def _all_relations(bioc_document: Any) -> Iterator[Any]:
    yield from bioc_document.relations
    for passage in bioc_document.passages:
        yield from passage.relations
        for sentence in passage.sentences:
            yield from sentence.relations


def _relations(source: Any, by_id: Mapping[str, frozenset[Mention]], place: str) -> Iterator[Relation]:
    """Yield the relations of a BioC relation: one, or if its annotations have several identifiers one for each pair."""
    relation_type = _infon(source.infons, RELATION_TYPE_KEYS)
    if not isinstance(relation_type, str) or not relation_type:
        raise AnnotationError(f"{place}: the type is {relation_type!r}; name it in the infon 'type'")
    novelty = _infon(source.infons, NOVELTY_KEYS)
    if novelty is not None and not isinstance(novelty, str):
        raise AnnotationError(f"{place}: the novelty is {novelty!r}, not a string")
    template = Relation(relation_type, "", "", novelty, relation_score=_score(source.infons, place))
    for keys in ARGUMENT_KEYS:
        values = [_infon(source.infons, (key,)) for key in keys]
        if None not in values:
            entity_types = {mention.entity_type for mentions in by_id.values() for mention in mentions}
            entity1_id, entity2_id = (_argument(value, entity_types, place) for value in values)
            yield replace(template, entity1_id=entity1_id, entity2_id=entity2_id)
            return
    yield from _relations_of_nodes(template, source.nodes, by_id, place)


def _relations_of_nodes(
    template: Relation, nodes: Sequence[Any], by_id: Mapping[str, frozenset[Mention]], place: str
) -> Iterator[Relation]:
    if len(nodes) != 2:
        raise AnnotationError(
            f"{place}: has {len(nodes)} nodes and none of the infon pairs "
            f"{', '.join('/'.join(keys) for keys in ARGUMENT_KEYS)}; a relation joins two entities"
        )
    roles = tuple(str(node.role).casefold() for node in nodes)
    ids_of_nodes = [_node_identifiers(node, by_id, place) for node in nodes]
    for entity1_id, entity2_id in product(*ids_of_nodes):
        subject_id = None
        if roles in SUBJECT_ROLES:
            subject_id = entity1_id
        elif roles[::-1] in SUBJECT_ROLES:
            subject_id = entity2_id
        yield replace(template, entity1_id=entity1_id, entity2_id=entity2_id, subject_id=subject_id)


def _node_identifiers(node: Any, by_id: Mapping[str, frozenset[Mention]], place: str) -> tuple[str, ...]:
    found = by_id.get(node.refid, frozenset())
    if len(found) != 1:
        problem = "no annotation has this id" if not found else "several annotations that differ have this id"
        raise AnnotationError(f"{place}: names annotation {node.refid!r}, but {problem}")
    (mention,) = found
    if not mention.identifiers:
        raise AnnotationError(
            f"{place}: names annotation {node.refid!r} ({mention.text!r}), which is linked to no identifier; "
            "give it one, or leave its identifier out"
        )
    return mention.identifiers


def _argument(value: Any, entity_types: Collection[str], place: str) -> str:
    """Return the identifier in an infon of a relation: itself, or in PubTator 3's mapping or ``type|identifier``."""
    if isinstance(value, Mapping):
        value = value.get("identifier")
    if not isinstance(value, (str, int)) or isinstance(value, bool) or not str(value).strip():
        raise AnnotationError(f"{place}: argument {value!r} is not an identifier")
    kind, bar, identifier = str(value).partition("|")
    return identifier if bar and kind in entity_types else str(value)


def _score(infons: Mapping[str, Any], place: str) -> float | None:
    value = infons.get("score")
    if value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise AnnotationError(f"{place}: score {value!r} is not a number") from error


def _infon(infons: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return the value of the first of these keys that the file has, in any case."""
    values = {key.casefold(): value for key, value in infons.items()}
    return next((values[key] for key in keys if values.get(key) is not None), None)
