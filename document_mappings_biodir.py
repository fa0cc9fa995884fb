"""The mentions and relations of a document that is a mapping, as JSON has them, and back.

`Document.from_dict` and `Document.to_dict` are the way in; shapes of other tools are brought into this one before.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from types import NoneType
from typing import Any

from .document_grouping_biodir import with_missing_identifiers
from .document_offsets_biodir import cause_of_cut_words, character_index, cuts_word
from .document_parts_biodir import (
    UNLINKED_IDENTIFIERS,
    Mention,
    Passage,
    Relation,
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
    whole_number,
)
from .document_results_biodir import FURTHER, first_of_pairs, names_subject, relation_of_result
from .document_shapes_biodir import MENTION_KEYS, UnfitMention
from .errors_biodir import AnnotationError, ErrorPolicy


def mentions_of(
    mapping: Mapping[str, Any], text: str, passages: Sequence[Passage], place: str, policy: ErrorPolicy
) -> dict[int, Mention]:
    """Return the mentions by their numbers in the list, without those that the policy leaves out."""
    index_of = character_index(text, policy.offsets)
    starts = [part.start_char for part in passages]
    entries = list(enumerate(entries_of(mapping, "entities", place)))
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
    for number, (place, entry) in enumerate(entries_of(mapping, "entities", "")):
        entry = entry.entry if isinstance(entry, UnfitMention) else entry
        if number in mention_of or not isinstance(entry, Mapping):
            continue
        # An entry that is unfit may still have the keys of another tool.
        text, kind = (next(_strings(entry, MENTION_KEYS[key]), "") for key in ("text", "type"))
        for key in MENTION_KEYS["id"]:
            with suppress(AnnotationError):
                found.update(_identifiers_from(entry.get(key), kind, text, place)[0])
    return found


def _strings(entry: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    yield from (value for key in keys if isinstance(value := entry.get(key), str))


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
    mention_text = string_of(entry, "text", place, default=found)
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
    entries = list(entries_of(mapping, "relations", place))
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


def entries_of(mapping: Mapping[str, Any], key: str, place: str) -> Iterator[tuple[str, Any]]:
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


def string_of(mapping: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
    """Return the string under a key, or the default where it is missing or null; else raise AnnotationError."""
    value = default if mapping.get(key) is None else mapping[key]
    if not isinstance(value, str):
        raise AnnotationError(f"{place}: {key!r} is {shown(value)}, not a string")
    return value
