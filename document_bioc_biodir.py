"""Documents of BioC, as JSON mappings or as objects of the library `bioc`, to Documents.

The names that BioC uses are translated only here.

BioC leaves the infons free, so files differ. These are read: identifiers under the keys of BioRED, PubTator, NLM-Gene
and BC5CDR; relations that name identifiers (BioRED: entity1 and entity2; PubTator 3: role1 and role2; BC5CDR: Chemical
and Disease) or annotations (DrugProt: nodes with refid and role); scores of PubTator 3 and novelty of BioRED. What
biodir writes has the infons of BioRED, all scores, and nodes with the roles subject and object.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from .document_bioc_relations_biodir import argument_reader, infon, relation_attempts
from .document_biodir import Document
from .document_grouping_biodir import with_missing_identifiers
from .document_offsets_biodir import character_index, is_written_as, offset_at
from .document_parts_biodir import (
    MAX_GAP_CHARS,
    Mention,
    Passage,
    Relation,
    check_mention,
    is_given,
    is_integer,
    is_unlinked,
    note_unlinked,
    offset_number,
    read_identifiers,
    shown,
    whole_number,
    without_lost,
)
from .errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError, located

# In lower case and in order of preference. "cui" is what the library bconv writes.
NAMED_BY_PMID = "documents with the number of their article in PMC as id, named by their PMID"
IDENTIFIER_KEYS = ("identifier", "ncbi gene", "ncbi gene identifier", "mesh", "omim", "ncbi taxonomy", "cui")
# What names the section of a passage: PMC and PubTator 3, PubTator Central.
SECTION_KEYS = ("section_type", "section")
# Offsets that start at 0 in each passage.
IN_PASSAGE = "passage"
# What offsets count where characters of the document do not fit, and how messages name it.
OTHER_UNITS = {"bytes": "UTF-8 bytes", IN_PASSAGE: "characters from the start of a passage"}


@dataclass(frozen=True)
class _PlacedPassage:
    """The passage of a number, with two starts: `start_char` in the joined text, `offset` as its file gives it."""

    number: int
    start_char: int
    offset: int
    text: str
    kind: str
    section: str
    annotations: tuple[Any, ...]

    def start_of(self, offset: int, unit: str) -> int:
        """Return the place in the joined text of the offset of an annotation, -1 for one inside a character."""
        inside = offset if unit == IN_PASSAGE else offset - self.offset
        if unit in ("characters", IN_PASSAGE) or inside < 0:
            return self.start_char + inside
        index = character_index(self.text, unit)(inside)
        return -1 if index is None else self.start_char + index


def to_document(bioc_document: Any, place: str, policy: ErrorPolicy = STRICT) -> Document:
    """Return the document of BioC; equal annotations are one mention.

    Passages are placed at their offsets, with spaces between them. If an offset lies inside the previous passage, the
    passage follows that after one space, and its annotations move with it; sentences are placed so, too, where their
    passage has no text. Offsets count what the policy says, by default characters, as in BioRED, DrugProt and PubTator;
    where these do not fit all annotations of a document, what fits most: characters, UTF-8 bytes, the unit of the BioC
    specification, or characters from the start of the passage. A mention in several parts becomes the smallest span
    that covers them.

    Args:
        bioc_document: a `bioc.BioCDocument`, or what `bioc_from_json` returns.
        place: for messages.
        policy: what offsets count, whether relations of three and more entities are split, and whether a mention or
            relation with an error is left out.

    Raises:
        ParseError: a passage lacks a text, or its offset is none.
        AnnotationError: an annotation lacks a type or location or contradicts the text; a relation lacks its type or
            an argument.
    """
    parts = _placed_passages(bioc_document, place, policy.offsets)
    owners = list(_owners(bioc_document, parts))
    attempts = (partial(_placed_annotation, annotation, part, parts, place) for annotation, part in owners)
    placed = list(policy.parts("mention", attempts))
    unit = _fitting_unit(placed, _joined_text(parts), policy)
    if unit != policy.offsets:
        parts = _placed_passages(bioc_document, place, unit)
        placed = [replace(each, part=parts[each.part.number]) for each in placed]
    text = _joined_text(parts)
    mention_of = _mentions(placed, text, unit, parts, policy)
    mentions = list(mention_of.values())
    note_unlinked(mentions, policy)
    policy.note("discontinuous mentions, read as the smallest span that covers their parts", _discontinuous(placed))
    kept = tuple(dict.fromkeys(mentions))
    policy.note("annotations that occur twice, read once", len(mentions) - len(kept))
    by_id = _mentions_by_annotation_id(placed, mention_of)
    relations: list[Relation] = []
    if policy.relations:
        attempted = relation_attempts(bioc_document, by_id, argument_reader(mentions), place, policy)
        relations = [relation for each in policy.parts("relation", attempted) for relation in each]
        if len(mentions) < len(owners):
            relations = list(without_lost(relations, _named_identifiers(owners), mentions, policy))
    passages = tuple(
        Passage(each.start_char, each.start_char + len(each.text), each.kind, each.section) for each in parts
    )
    document_id, pmcid = _names(bioc_document, policy)
    return Document(document_id, text, kept, tuple(relations), passages, pmcid=pmcid, is_marked=bool(owners))


def bioc_from_json(mapping: Mapping[str, Any]) -> Any:
    """Return a document of BioC JSON as an object with the attributes of a `bioc.BioCDocument`.

    BioRED and PubTator leave out lists and infons that are empty; null counts as missing.

    Raises:
        ParseError: a list or mapping of BioC is something else.

    >>> bioc_from_json({"id": "7", "passages": [{"offset": 0, "text": "EGFR"}]}).passages[0].text
    'EGFR'
    """
    return _node(mapping, "document")


# What BioC JSON has in each kind of node: keys with lists of nodes, and keys with values.
_LISTS = {
    "document": {"passages": "passage", "annotations": "annotation", "relations": "relation"},
    "passage": {"sentences": "sentence", "annotations": "annotation", "relations": "relation"},
    "sentence": {"annotations": "annotation", "relations": "relation"},
    "annotation": {"locations": "location"},
    "relation": {"nodes": "node"},
    "location": {},
    "node": {},
}
_VALUES = ("id", "pmid", "pmcid", "text", "offset", "length", "refid", "role")


def _node(value: Any, kind: str) -> SimpleNamespace:
    if not isinstance(value, Mapping):
        raise ParseError(f"is not BioC: a {kind} is {type(value).__name__} {repr(value)[:40]}, not a mapping")
    node = SimpleNamespace(**{key: value.get(key) for key in _VALUES}, infons=value.get("infons") or {})
    if not isinstance(node.infons, Mapping):
        raise ParseError(f"is not BioC: the infons of a {kind} are {repr(node.infons)[:40]}, not a mapping")
    for key, child in _LISTS[kind].items():
        children = value.get(key) or []
        if not isinstance(children, (list, tuple)):
            raise ParseError(f"is not BioC: {key!r} of a {kind} is {repr(children)[:40]}, not a list")
        setattr(node, key, [_node(each, child) for each in children])
    # Names of annotations, which tools also write as numbers.
    node.offset, node.length = offset_number(node.offset), offset_number(node.length)
    if kind == "annotation" and node.id is not None:
        node.id = str(node.id)
    if node.refid is not None:
        node.refid = str(node.refid)
    return node


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


def _placed_passages(bioc_document: Any, place: str, unit: str) -> list[_PlacedPassage]:
    parts: list[_PlacedPassage] = []
    end_char = end = 0  # of the text so far, in characters and as offsets count
    for index, passage in enumerate(bioc_document.passages):
        text = _passage_text(passage, end, f"{place}, passage {index}", unit)
        gap = passage.offset - end if passage.offset >= end else 1  # a space is one of every unit
        kind, section = (str(infon(passage.infons, keys) or "") for keys in (("type",), SECTION_KEYS))
        annotations = tuple(annotations_of_passage(passage))
        parts.append(_PlacedPassage(index, end_char + gap, passage.offset, text, kind, section, annotations))
        end_char += gap + len(text)
        end += gap + _length(text, unit)
    return parts


def _length(text: str, unit: str) -> int:
    return len(text) if unit == IN_PASSAGE else offset_at(text, unit)(len(text))


def _passage_text(passage: Any, end: int, place: str, unit: str) -> str:
    """Return the text of the passage, or if it has none itself that of its sentences."""
    _check_offset(passage.offset, end, place)
    if passage.text:
        return _checked_text(passage.text, place)
    if passage.annotations and not passage.sentences:
        raise ParseError(f"{place}: has annotations but no text; export the file with the text in it")
    text = ""
    for index, sentence in enumerate(passage.sentences):
        sentence_end = passage.offset + _length(text, unit)
        _check_offset(sentence.offset, sentence_end, f"{place}, sentence {index}")
        gap = sentence.offset - sentence_end
        needs_space = gap < 0 and text[-1:].strip()  # its offset lies inside the sentence before it
        text += " " if needs_space else " " * gap
        text += _checked_text(sentence.text, f"{place}, sentence {index}")
    return text


def _checked_text(text: Any, place: str) -> str:
    if not isinstance(text, str):
        raise ParseError(f"{place}: the text is {text!r}, not a string")
    return text


def _check_offset(offset: Any, end: int, place: str) -> None:
    """Check that an offset may follow a text that ends at `end`, in what offsets count."""
    if not is_integer(offset) or not 0 <= offset <= end + MAX_GAP_CHARS:
        raise ParseError(
            f"{place}: offset {offset!r} is not a number that counts from the start of the document, whose text so far "
            f"ends at {end}; write 0 for the first passage, and for each other one where it begins"
        )


def _joined_text(parts: Sequence[_PlacedPassage]) -> str:
    text = ""
    for part in parts:
        text = text.ljust(part.start_char) + part.text
    return text


def _names(bioc_document: Any, policy: ErrorPolicy) -> tuple[str, str | None]:
    """Return the id of a document and the number of its article in PMC.

    Full texts of PubTator 3 have this number as id, which is the PMID of another paper. Infons of their title have
    both.
    """
    document_id, pmcid = bioc_document.id, getattr(bioc_document, "pmcid", None)
    infons = bioc_document.passages[0].infons if bioc_document.passages else {}
    pmid, of_pmc = (str(infons.get(f"article-id_{name}") or "").strip() for name in ("pmid", "pmc"))
    if pmid and of_pmc and document_id.upper().removeprefix("PMC") == of_pmc.upper().removeprefix("PMC"):
        policy.note(NAMED_BY_PMID)
        return pmid, document_id
    return document_id, pmcid if isinstance(pmcid, str) and pmcid else None


# Annotations -> mentions.


@dataclass(frozen=True)
class _PlacedAnnotation:
    """An annotation with the passage that its offset counts from."""

    annotation: Any
    part: _PlacedPassage
    place: str

    def span(self, unit: str) -> tuple[int, int]:
        """Return the start and end of the annotation in the joined text: those of the first and last of its parts."""
        spans = [
            (self.part.start_of(each.offset, unit), self.part.start_of(each.offset + each.length, unit))
            for each in self.annotation.locations
        ]
        return min(start for start, _ in spans), max(end for _, end in spans)


def _owners(bioc_document: Any, parts: Sequence[_PlacedPassage]) -> Iterator[tuple[Any, _PlacedPassage | None]]:
    """Yield all annotations, each with the passage that holds it, if one does."""
    yield from ((annotation, None) for annotation in bioc_document.annotations)
    yield from ((annotation, part) for part in parts for annotation in part.annotations)


def _placed_annotation(
    annotation: Any, part: _PlacedPassage | None, parts: Sequence[_PlacedPassage], place: str
) -> _PlacedAnnotation:
    place = f"{place}, annotation {annotation.id}"
    _check_annotation(annotation, place)
    first = min(location.offset for location in annotation.locations)
    earlier = [part] if part else [found for found in parts if found.offset <= first]
    if not earlier:
        raise AnnotationError(f"{place}: lies before all passages; offsets count from 0", "span outside the text")
    return _PlacedAnnotation(annotation, earlier[-1], place)


def _check_annotation(annotation: Any, place: str) -> None:
    if not annotation.locations:
        raise AnnotationError(f"{place}: {annotation.text!r} has no location; a mention is a span of the text")
    for location in annotation.locations:
        if not (is_integer(location.offset) and is_integer(location.length)):
            raise AnnotationError(
                f"{place}: offset {location.offset!r} and length {location.length!r} are not numbers",
                "offsets that are no numbers",
            )
    if not isinstance(annotation.text, str):
        raise AnnotationError(f"{place}: the text is {annotation.text!r}, not a string")
    if not isinstance(annotation.infons.get("type"), str):
        raise AnnotationError(
            f"{place}: {annotation.text!r} has no infon 'type'; name the type of the entity", "mention without a type"
        )


def _discontinuous(placed: Sequence[_PlacedAnnotation]) -> int:
    return sum(len(each.annotation.locations) > 1 for each in placed)


def _fitting_unit(placed: Sequence[_PlacedAnnotation], text: str, policy: ErrorPolicy) -> str:
    """Return what offsets count: what the policy says, or where characters do not fit what fits most annotations."""
    unit = policy.offsets
    if unit == "characters" and _misfits(placed, text, unit):
        unit = min((unit, *OTHER_UNITS), key=partial(_misfits, placed, text))
        if unit != "characters":
            policy.note(f"documents whose offsets count {OTHER_UNITS[unit]}, read so")
    return unit


def _mentions(
    placed: Sequence[_PlacedAnnotation], text: str, unit: str, parts: Sequence[_PlacedPassage], policy: ErrorPolicy
) -> dict[int, Mention]:
    """Return the mentions by the numbers of their annotations."""
    starts = [part.start_char for part in parts]
    attempts = (partial(_mention, number, each, text, unit, starts) for number, each in enumerate(placed))
    mention_of = dict(policy.parts("mention", attempts))
    return dict(zip(mention_of, with_missing_identifiers(text, list(mention_of.values())), strict=True))


def _misfits(placed: Sequence[_PlacedAnnotation], text: str, unit: str) -> int:
    """Return how many annotations are not where their offsets say."""
    spans = [each.span(unit) for each in placed]
    return sum(
        not (0 <= start < end and _is_text_of(text[start:end], each.annotation))
        for each, (start, end) in zip(placed, spans, strict=True)
    )


def _is_text_of(found: str, annotation: Any) -> bool:
    """Return whether a text is that of an annotation; of one in several parts, whether it has all its words."""
    if len(annotation.locations) == 1:
        return is_written_as(found, annotation.text)
    return all(word in found for word in annotation.text.split() if word.isalnum())


def _mention(
    number: int, placed: _PlacedAnnotation, text: str, unit: str, passage_starts: Sequence[int]
) -> tuple[int, Mention]:
    start, end = placed.span(unit)
    annotation, found = placed.annotation, text[max(0, start) : max(0, end)]
    mention_text = found if _is_text_of(found, annotation) else annotation.text
    entity_type = annotation.infons["type"]
    with located(placed.place):
        identifiers, source = _identifiers(annotation.infons, mention_text, entity_type)
    mention = Mention(start, end, mention_text, entity_type, identifiers, source)
    check_mention(mention, text, placed.place, passage_starts)
    return number, mention


def _identifiers(infons: Mapping[str, Any], text: str, entity_type: str) -> tuple[tuple[str, ...], str | None]:
    """Return the identifiers, and what is written in place of one where it means none in a way that is not ours."""
    value = whole_number(infon(infons, IDENTIFIER_KEYS))
    if not is_given(value) or value == "":
        return (), ""
    parts = [whole_number(part) for part in value if is_given(part)] if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(part, str) or is_integer(part) for part in parts):
        raise AnnotationError(f"identifier {shown(value)} is not a string", "identifier that is no string")
    if isinstance(value, (list, tuple)):
        identifiers = tuple(part for part in dict.fromkeys(map(str, parts)) if not is_unlinked(part))
        return identifiers, None if identifiers or not parts else str(parts[0])
    return read_identifiers(str(value), entity_type, text)


def _named_identifiers(owners: Sequence[tuple[Any, Any]]) -> set[str]:
    """Return the identifiers of all annotations, but those that are no strings."""
    named: set[str] = set()
    for each, _ in owners:
        with suppress(AnnotationError):
            named.update(_identifiers(each.infons, str(each.text), str(each.infons.get("type")))[0])
    return named


def _mentions_by_annotation_id(
    placed: Sequence[_PlacedAnnotation], mention_of: Mapping[int, Mention]
) -> dict[str, frozenset[Mention]]:
    by_id: dict[str, frozenset[Mention]] = {}
    for number, mention in mention_of.items():
        name = placed[number].annotation.id
        by_id[name] = by_id.get(name, frozenset()) | {mention}
    return by_id
