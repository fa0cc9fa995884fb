"""Mappings, as JSON has them, to the parts of a document and back.

`Document.from_dict` and `Document.to_dict` are the way in; shapes of other tools are brought into this one before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from types import NoneType
from typing import Any

from .document_grouping_biodir import with_missing_identifiers
from .document_offsets_biodir import cause_of_cut_words, character_index, cuts_word, offset_at
from .document_parts_biodir import (
    MAX_GAP_CHARS,
    UNLINKED_IDENTIFIERS,
    Mention,
    Passage,
    Relation,
    Span,
    check_mention,
    check_relation,
    is_given,
    is_integer,
    is_unlinked,
    note_unlinked,
    offset_number,
    read_identifiers,
    shown,
    text_identifier,
    title_and_abstract,
    whole_number,
)
from .document_results_biodir import FURTHER, first_of_pairs, names_subject, relation_of_result
from .document_shapes_biodir import ENTITY_KEYS, UnfitMention
from .errors_biodir import STRICT, AnnotationError, ErrorPolicy


def text_and_passages(
    mapping: Mapping[str, Any], place: str, policy: ErrorPolicy = STRICT
) -> tuple[str, tuple[Passage, ...]]:
    """Return the text and its passages, whose offsets count what the policy says.

    A text, title or abstract that is empty, as in rows of tables, is none where passages hold the text.
    """
    if not any(mapping.get(key) for key in ("text", "title", "abstract")) and _holds_passage_text(mapping, place):
        return _joined_passages(mapping, place, policy.offsets)
    if mapping.get("text"):
        text = _string(mapping, "text", place)
        for key in ("title", "abstract"):
            part = _string(mapping, key, place, default="")
            if part.strip() not in text:
                raise AnnotationError(
                    f"{place}: 'text' does not hold the {key!r} {part[:40]!r}; give the text that offsets count, or "
                    "title and abstract without 'text'"
                )
        index_of = character_index(text, policy.offsets)
        return text, tuple(_passage_from_dict(part, index_of, at) for at, part in _entries(mapping, "passages", place))
    if mapping.get("title") is not None or mapping.get("abstract") is not None:
        title, abstract = (_string(mapping, key, place, default="") for key in ("title", "abstract"))
        return title_and_abstract(title, abstract) if title else (abstract, (Passage(0, len(abstract), "abstract"),))
    if mapping.get("text") is not None:
        return _string(mapping, "text", place), ()
    return _joined_passages(mapping, place, policy.offsets)


def _holds_passage_text(mapping: Mapping[str, Any], place: str) -> bool:
    parts = [part for _, part in _entries(mapping, "passages", place)]
    return any(isinstance(part, Mapping) and part.get("text") for part in parts)


def _passage_from_dict(part: Any, index_of: Callable[[int], int | None], place: str) -> Passage:
    if isinstance(part, Mapping) and "text" in part:
        raise AnnotationError(f"{place}: the document has both 'text' and passages with texts; give one of them")
    if not isinstance(part, Mapping) or not (is_integer(part.get("start")) and is_integer(part.get("end"))):
        raise AnnotationError(f"{place}: {shown(part)} is not a mapping with whole numbers 'start' and 'end'")
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
    for at, entry in _entries(mapping, "sentences", place):
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
    for part_place, part in _entries(mapping, "passages", place):
        if not isinstance(part, Mapping):
            raise AnnotationError(f"{part_place}: {shown(part)} is not a mapping with 'text'")
        part_text = _string(part, "text", part_place)
        for key in ("entities", *ENTITY_KEYS):
            if part.get(key):
                raise AnnotationError(
                    f"{part_place}: holds {key!r}; give the entities of all passages in 'entities' of the document",
                    "entities under an unknown key",
                )
        after_previous = end + 1 if text else 0
        offset = after_previous if part.get("offset") is None else part["offset"]
        if not is_integer(offset) or offset < end:
            raise AnnotationError(
                f"{part_place}: offset {offset!r} lies before the end ({end}) of the passage before it"
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


def mentions_of(
    mapping: Mapping[str, Any], text: str, passages: Sequence[Passage], place: str, policy: ErrorPolicy
) -> dict[int, Mention]:
    """Return the mentions by their numbers in the list, without those that the policy leaves out."""
    index_of = character_index(text, policy.offsets)
    starts = [part.start_char for part in passages]
    entries = list(enumerate(_entries(mapping, "entities", place)))
    _check_word_borders([entry for _, (_, entry) in entries], text, index_of, place)
    attempts = (
        partial(_mention_from_dict, number, entry, text, index_of, starts, at) for number, (at, entry) in entries
    )
    mention_of = dict(policy.parts("mention", attempts))
    note_unlinked(tuple(mention_of.values()), policy)
    return dict(zip(mention_of, with_missing_identifiers(text, list(mention_of.values())), strict=True))


def identifiers_left_out(mapping: Mapping[str, Any], mention_of: Mapping[int, Mention]) -> set[str]:
    """Return the identifiers of the mentions that were left out."""
    found: set[str] = set()
    for number, (place, entry) in enumerate(_entries(mapping, "entities", "")):
        entry = entry.entry if isinstance(entry, UnfitMention) else entry
        if number in mention_of or not isinstance(entry, Mapping):
            continue
        text, kind = (value if isinstance(value := entry.get(key), str) else "" for key in ("text", "type"))
        with suppress(AnnotationError):
            found.update(_identifiers_from(entry.get("id"), kind, text, place)[0])
    return found


def _mention_from_dict(
    number: int, entry: Any, text: str, index_of: Callable[[int], int | None], starts: Sequence[int], place: str
) -> tuple[int, Mention]:
    if isinstance(entry, UnfitMention):
        raise entry.error
    if not isinstance(entry, Mapping):
        raise AnnotationError(f"{place}: an entity mention is a mapping with start, end and type, not {shown(entry)}")
    for key in ("start", "end", "type"):
        if entry.get(key) is None:
            raise AnnotationError(f"{place}: has no {key!r}; a mention needs start, end and type", "incomplete mention")
    start, end = (character_at(entry[key], index_of, f"{place}, {key}") for key in ("start", "end"))
    found = text[start:end] if is_integer(start) and is_integer(end) and start >= 0 else ""
    mention_text = _string(entry, "text", place, default=found)
    identifiers, source = _identifiers_from(entry.get("id"), str(entry["type"]), mention_text, place)
    mention = Mention(start, end, mention_text, entry["type"], identifiers, source)
    check_mention(mention, text, place, starts)
    return number, mention


def character_at(value: Any, index_of: Callable[[int], int | None], place: str) -> Any:
    """Return the index of the character at an offset; what is no offset is left for `check_mention`."""
    value = offset_number(value)
    if not is_integer(value) or value < 0:
        return value
    index = index_of(value)
    if index is None:
        raise AnnotationError(
            f"{place}: offset {value} is inside a character or after the end of the text; check the parameter offsets",
            "span outside the text",
        )
    return index


def _check_word_borders(entries: Sequence[Any], text: str, index_of: Callable[[int], int | None], place: str) -> None:
    """Check that most spans without a text do not cut words, which shows that offsets count something else."""
    given = [
        (offset_number(entry["start"]), offset_number(entry["end"]))
        for entry in entries
        if isinstance(entry, Mapping) and entry.get("text") is None and {"start", "end"} <= entry.keys()
    ]
    spans = [(start, end) for start, end in given if is_integer(start) and is_integer(end) and 0 <= start < end]
    indices = [(index_of(start), index_of(end)) for start, end in spans]
    cut = [
        span
        for span, (start, end) in zip(spans, indices, strict=True)
        if start is not None and end is not None and end <= len(text) and cuts_word(text, start, end)
    ]
    if 2 * len(cut) <= len(spans):
        return
    start, end = cut[0]
    cause = cause_of_cut_words(text, spans) or "do they count another text, or from another start"
    raise AnnotationError(
        f"{place}: {len(cut)} of {len(spans)} mentions without 'text' cut a word, such as {text[start:end]!r} at "
        f"[{start}, {end}); {cause}; if the spans are meant so, give each mention its 'text'",
        "spans that cut words",
    )


def _identifiers_from(
    value: Any, entity_type: str, mention_text: str, place: str
) -> tuple[tuple[str, ...], str | None]:
    """Return the identifiers of a mention, and what was written where it means none in a way that is not ours."""
    value = _without_missing(value)
    if value is None or value == "":
        return (), ""
    if isinstance(value, str):
        return read_identifiers(value, entity_type, mention_text)
    values = list(value) if isinstance(value, Iterable) else [value]
    written = [_identifier_string(part) for part in values]
    if isinstance(value, (Mapping, bytes)) or None in written:
        raise AnnotationError(
            f"{place}: id {shown(value)} is not a string or a list of strings", "identifier that is no string"
        )
    names = [part for part in written if part is not None]
    if any(is_unlinked(part) and part.casefold() == mention_text.casefold() for part in names):
        return (text_identifier(mention_text),), None  # "NA" as the name of noradrenaline
    identifiers = tuple(part for part in names if not is_unlinked(part))
    source = next((part for part in names if part), None) if not identifiers else None
    return identifiers, None if source in UNLINKED_IDENTIFIERS else source


def _without_missing(value: Any) -> Any:
    """Return the identifiers of a list without None and NaN; None if it has nothing else."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, (list, tuple)) or not value:
        return value
    return [part for part in value if is_given(part) and part != ""] or None


def _identifier_string(value: Any) -> str | None:
    """Return the identifier as a string without blanks around it; whole numbers are one, as those of NCBI Gene."""
    value = whole_number(value)
    return value.strip() if isinstance(value, str) else str(value) if is_integer(value) else None


def mention_to_dict(mention: Mention) -> dict[str, Any]:
    """Return the mention with its identifiers as a list, so that a column of them has one type in tables."""
    return {
        "start": mention.start_char,
        "end": mention.end_char,
        "type": mention.entity_type,
        "id": list(mention.identifiers),
        "text": mention.text,
    }


RELATION_KEYS = {  # JSON key -> field of Relation
    "relation": "relation_type",
    "entity1": "entity1_id",
    "entity2": "entity2_id",
    "novelty": "novelty",
    "subject": "subject_id",
    "relation_score": "relation_score",
    "novelty_score": "novelty_score",
    "direction_score": "direction_score",
}


def relations_of(
    mapping: Mapping[str, Any], mention_of: Mapping[int, Mention], place: str, policy: ErrorPolicy
) -> tuple[Relation, ...]:
    """Return the relations, without those that the policy leaves out; of results the first of each two identifiers."""
    if not policy.relations:
        return ()
    entries = list(_entries(mapping, "relations", place))
    attempts = (partial(_relations_from_dict, entry, mention_of, at) for at, entry in entries)
    relations = tuple(relation for found in policy.parts("relation", attempts) for relation in found)
    if not any(names_subject(entry) for _, entry in entries):
        return relations
    first = first_of_pairs(relations)
    policy.note(FURTHER, len(relations) - len(first))
    return first


def _relations_from_dict(entry: Any, mention_of: Mapping[int, Mention], place: str) -> list[Relation]:
    """Return the relation of an entry; of two mentions one for each pair of their identifiers."""
    if not isinstance(entry, Mapping) or "mentions" not in entry:
        return [relation_from_dict(entry, place)]
    ends = []
    for number in entry["mentions"]:
        mention = mention_of.get(number)
        if mention is None or not mention.identifiers:
            problem = "was left out" if mention is None else "is linked to no identifier"
            raise AnnotationError(
                f"{place}: mention {number} {problem}; leave the relation out, too",
                "relation of a mention that is not there",
            )
        ends.append(mention.identifiers)
    kind = {"relation": entry["relation"]}
    return [relation_from_dict({**kind, "entity1": one, "entity2": two}, place) for one, two in product(*ends)]


def relation_from_dict(entry: Any, place: str) -> Relation:
    """Return the relation of a document, or of a result of `biodir predict`; else raise AnnotationError."""
    if not isinstance(entry, Mapping):
        raise AnnotationError(
            f"{place}: a relation is a mapping with relation, entity1 and entity2, not {shown(entry)}"
        )
    if names_subject(entry):
        entry = relation_of_result(entry, place)
    if "unreadable" in entry:
        raise AnnotationError(f"{place}: {entry['unreadable']}", "relation of a mention that is not there")
    for key in ("relation", "entity1", "entity2"):
        value = entry.get(key) if key == "relation" else _identifier_string(entry.get(key)) or entry.get(key)
        if not isinstance(value, str) or not value.strip():
            problem = "empty" if isinstance(value, str) else "not a string"
            raise AnnotationError(
                f"{place}: {key!r} is {value!r}, {problem}; a relation needs it", "incomplete relation"
            )
    for key in ("novelty", "subject"):
        if not isinstance(entry.get(key), (str, NoneType)) and not (key == "subject" and is_integer(entry[key])):
            raise AnnotationError(f"{place}: {key!r} is {shown(entry[key])}, not a string")
    values: dict[str, Any] = {field: entry.get(key) for key, field in RELATION_KEYS.items()}
    for field in ("entity1_id", "entity2_id", "subject_id"):
        values[field] = _identifier_string(values[field])
    relation = Relation(**values)
    check_relation(relation, place)
    return relation


def _entries(mapping: Mapping[str, Any], key: str, place: str) -> Iterator[tuple[str, Any]]:
    """Yield each entry of a list in the mapping, after its place for messages."""
    for index, entry in enumerate(list_of(mapping, key, place)):
        yield f"{place}, {key}[{index}]", entry


def list_of(mapping: Mapping[str, Any], key: str, place: str) -> Sequence[Any]:
    value = mapping.get(key)
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise AnnotationError(f"{place}: {key!r} is {shown(value)}, not a list")
    return value


def _string(mapping: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
    value = default if mapping.get(key) is None else mapping[key]
    if not isinstance(value, str):
        raise AnnotationError(f"{place}: {key!r} is {shown(value)}, not a string")
    return value
