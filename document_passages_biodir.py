"""The text, passages and sentences of a document that is a mapping, as JSON has them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .document_mappings_biodir import character_at, entries_of, string_of
from .document_offsets_biodir import character_index, offset_at
from .document_parts_biodir import (
    MAX_GAP_CHARS,
    Passage,
    Span,
    is_given,
    is_integer,
    offset_number,
    shown,
    title_and_abstract,
)
from .document_shapes_biodir import ENTITY_KEYS
from .errors_biodir import STRICT, AnnotationError, ErrorPolicy


def text_and_passages(
    mapping: Mapping[str, Any], place: str, policy: ErrorPolicy = STRICT
) -> tuple[str, tuple[Passage, ...]]:
    """Return the text and its passages, whose offsets count what the policy says.

    A text, title or abstract that is empty, as in rows of tables, is none where passages hold the text. A title or
    abstract beside such passages is in these, or it is an error.
    """
    if not mapping.get("text") and any(_of_passages(mapping, "text", place)):
        text, passages = _joined_passages(mapping, place, policy.offsets)
        check_beside_passages(mapping, text, place)
        return text, passages
    if mapping.get("text"):
        text = string_of(mapping, "text", place)
        fix = "give the text that offsets count, or title and abstract without 'text'"
        _check_held(mapping, text, "'text' does", fix, place)
        return text, _passages_in(text, mapping, place, policy)
    if mapping.get("title") is not None or mapping.get("abstract") is not None:
        title, abstract = (string_of(mapping, key, place, default="") for key in ("title", "abstract"))
        text, both = title_and_abstract(title, abstract)
        if not title:
            text, both = abstract, (Passage(0, len(abstract), "abstract"),)
        has_spans = any(map(is_given, _of_passages(mapping, "start", place)))
        return text, _passages_in(text, mapping, place, policy) if has_spans else both
    if mapping.get("text") is not None:
        return string_of(mapping, "text", place), ()
    return _joined_passages(mapping, place, policy.offsets)


def _check_held(mapping: Mapping[str, Any], text: str, holder: str, fix: str, place: str) -> None:
    """Check that a text holds the title and the abstract that stand beside it in a mapping.

    Args:
        mapping: the document.
        text: what is read.
        holder: the key of the text with its verb, such as ``'text' does``.
        fix: for messages.
        place: for messages.
    """
    for key in ("title", "abstract"):
        part = string_of(mapping, key, place, default="")
        if part.strip() not in text:
            raise AnnotationError(
                f"{place}: {holder} not hold the {key!r} {part[:40]!r}; {fix}", "title or abstract beside another text"
            )


def check_beside_passages(mapping: Mapping[str, Any], text: str, place: str) -> None:
    """Check that the text of the passages holds the title and the abstract beside them."""
    _check_held(mapping, text, "'passages' do", "make it one of the passages, or leave it out", place)


def _passages_in(text: str, mapping: Mapping[str, Any], place: str, policy: ErrorPolicy) -> tuple[Passage, ...]:
    """Return the passages of a text that are given by their offsets."""
    index_of = character_index(text, policy.offsets)
    return tuple(_passage_from_dict(part, index_of, at) for at, part in entries_of(mapping, "passages", place))


def _of_passages(mapping: Mapping[str, Any], key: str, place: str) -> list[Any]:
    """Return what the passages have under a key, None where it is missing."""
    parts = [part for _, part in entries_of(mapping, "passages", place)]
    return [part.get(key) for part in parts if isinstance(part, Mapping)]


def _passage_from_dict(part: Any, index_of: Callable[[int], int | None], place: str) -> Passage:
    if isinstance(part, Mapping) and part.get("text"):  # a column of a table may have nulls
        raise AnnotationError(f"{place}: the document has both 'text' and passages with texts; give one of them")
    offsets = [offset_number(part.get(key)) for key in ("start", "end")] if isinstance(part, Mapping) else [None]
    if not all(map(is_integer, offsets)):
        raise AnnotationError(
            f"{place}: {shown(part)} is not a mapping with whole numbers 'start' and 'end'; give the offsets of the "
            "passage in the text",
            "passage without offsets",
        )
    start, end = (character_at(part[key], index_of, f"{place}, {key}") for key in ("start", "end"))
    return Passage(start, end, *_names_of(part))


def _names_of(part: Mapping[str, Any]) -> tuple[str, str]:
    """Return the kind and the section of a passage."""
    return str(part.get("type") or ""), str(part.get("section") or "")


def passage_to_dict(part: Passage) -> dict[str, Any]:
    """Return the passage; one without section has no such key."""
    section = {"section": part.section} if part.section else {}
    return {"start": part.start_char, "end": part.end_char, "type": part.kind, **section}


def sentences_of(mapping: Mapping[str, Any], text: str, place: str, policy: ErrorPolicy) -> tuple[Span, ...]:
    """Return the spans of ``"sentences": [[start, end], ...]``, in characters; none where they are not given."""
    index_of = character_index(text, policy.offsets)
    spans = []
    for at, entry in entries_of(mapping, "sentences", place):
        is_pair = isinstance(entry, Sequence) and not isinstance(entry, (str, bytes)) and len(entry) == 2
        offsets = [offset_number(value) for value in entry] if is_pair else []
        if not is_pair or not all(map(is_integer, offsets)):
            raise AnnotationError(
                f"{at}: {shown(entry)} is not [start, end] in whole numbers of characters; give offsets in the text, "
                "or leave 'sentences' out",
                "sentence without offsets",
            )
        start, end = (character_at(value, index_of, at) for value in offsets)
        spans.append((start, end))
    return tuple(spans)


def _joined_passages(mapping: Mapping[str, Any], place: str, unit: str) -> tuple[str, tuple[Passage, ...]]:
    """Return the text and the passages, whose offsets count this unit, with spaces between them."""
    text, passages = "", []
    end = 0  # of the text so far, in the unit
    for part_place, part in entries_of(mapping, "passages", place):
        if not isinstance(part, Mapping):
            raise AnnotationError(f"{part_place}: {shown(part)} is not a mapping with 'text'")
        part_text = string_of(part, "text", part_place)
        for key in ("entities", *ENTITY_KEYS):
            if part.get(key):
                raise AnnotationError(
                    f"{part_place}: holds {key!r}; give the entities of all passages in 'entities' of the document",
                    "entities under an unknown key",
                )
        after_previous = end + 1 if text else 0
        given = (part[key] for key in ("offset", "start") if is_given(part.get(key)))
        offset = offset_number(next(given, after_previous))
        if not is_integer(offset) or offset < end:
            problem = f"lies before the end ({end}) of the passage before it" if is_integer(offset) else "is no number"
            fix = f"count {unit} from the start of the document, or leave it out"
            raise AnnotationError(
                f"{part_place}: offset {offset!r} {problem}; {fix}",
                "passage without offsets",
            )
        if offset > end + MAX_GAP_CHARS:
            raise AnnotationError(
                f"{part_place}: offset {offset} lies more than {MAX_GAP_CHARS} characters after the end ({end}) "
                f"of the passage before it; offsets count {unit} from the start of the document"
            )
        text += " " * (offset - end)  # a space is one of every unit
        passages.append(Passage(len(text), len(text) + len(part_text), *_names_of(part)))
        text += part_text
        end = offset + offset_at(part_text, unit)(len(part_text))
    return text, tuple(passages)
