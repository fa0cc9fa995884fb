"""JSON shapes that other tools give documents, to the shape of `Document.from_dict`.

Known are our own keys and their usual other names, and the rows of bigbio (kb), BERN2, PubAnnotation, doccano, Prodigy
and spaCy. A key that could hold entities is read or refused, never ignored.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .document_parts_biodir import is_given, is_unlinked, offset_number
from .document_results_biodir import names_subject
from .errors_biodir import AnnotationError

DOCUMENT_KEYS = (
    *("id", "text", "title", "abstract", "passages", "sentences"),
    *("entities", "relations", "subject_lines", "pmcid"),
)
# Other keys under which tools keep the mentions of a text: generic, BERN2, PubAnnotation, Prodigy, spaCy, doccano.
ENTITY_KEYS = ("mentions", "annotations", "denotations", "spans", "ents", "label", "labels")
TEXT_KEYS = ("text", "title", "abstract", "passages")
ID_KEYS = ("pmid", "document_id", "sourceid", "doc_id", "docid")
SHAPES = (
    "biodir's own (text, entities with start, end, type), bigbio kb, BERN2, PubAnnotation, doccano, Prodigy, spaCy, "
    "BioC JSON and PubTator 3 JSON"
)
_MEANT_KEYS = ("entities", *ENTITY_KEYS)
# Our key of a mention -> what others call it.
MENTION_KEYS = {
    "start": ("start", "begin", "start_char", "start_offset", "from"),
    "end": ("end", "end_char", "end_offset", "stop", "to"),
    "type": ("type", "label", "entity_type", "entity_group", "entity", "obj", "category"),
    "id": ("id", "identifier", "identifiers", "ids", "db_id", "cui", "kb_id", "concept_id", "mesh", "linked_id"),
    "text": ("text", "mention", "name", "surface"),
}
# Keys of a mention that change nothing here: scores of a recogniser, its tokens, and how it found the identifier.
HARMLESS_KEYS = (
    *(
        "score",
        "prob",
        "probability",
        "confidence",
        "is_neural_normalized",
        "index",
        "word",
        "token_start",
        "token_end",
    ),
    *("source_type", "input_hash", "attributes", "note", "comments", "db_name", "mutationType"),
)
_LINKING_PREDICATES = ("id", "identifier", "resolved_to", "concept", "normalized", "exactmatch", "denotes")


def own_shape(mapping: Mapping[str, Any], place: str, has_ner: bool = False) -> Mapping[str, Any]:
    """Return the document in the shape of `Document.from_dict`; one that has it is returned as it is.

    Args:
        mapping: a document as JSON data.
        place: for messages.
        has_ner: whether the entities of a text without any will be found, so that other keys do no harm.

    Raises:
        AnnotationError: the document has no `entities`, but keys that are not known here. A mention with such a key is
            an AnnotationError in the list, which `Document.from_dict` raises or leaves out.

    >>> row = {"text": "EGFR binds.", "label": [[0, 4, "Gene"]]}
    >>> own_shape(row, "row 1")["entities"]
    [{'start': 0, 'end': 4, 'type': 'Gene'}]
    """
    mapping = _with_track(mapping, place)
    own = {key: value for key, value in mapping.items() if key in DOCUMENT_KEYS and is_given(value)}
    own["id"] = given_id(mapping)
    if _is_bigbio(mapping):
        own |= _bigbio_text(mapping, place)
    if not any(is_given(own.get(key)) for key in TEXT_KEYS):
        raise _no_text(mapping, place)
    key = "entities" if is_given(mapping.get("entities")) else _entity_key(mapping, place, has_ner)
    if key is None:
        return own
    entries = _sequence(mapping[key], f"{place}, {key}")
    if not entries:
        _check_no_others(mapping, place)
    local_ids = key == "denotations" or any(map(_has_local_id, entries))
    concepts = _concepts(mapping, place) if key == "denotations" else {}
    own["entities"] = [
        _mention_or_error(entry, f"{place}, {key}[{index}]", local_ids, concepts) for index, entry in enumerate(entries)
    ]
    if local_ids and is_given(mapping.get("relations")):
        own["relations"] = _relations(mapping["relations"], entries, place)
    elif key == "spans" and is_given(mapping.get("relations")):
        own["relations"] = _relations_of_spans(mapping["relations"], entries, place)
    return own


def _with_track(mapping: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    """Return a document of PubAnnotation with what the one of its tracks has that marks anything.

    Raises:
        AnnotationError: several do, which are annotations of several projects.
    """
    tracks: Any = mapping.get("tracks")
    if not _is_list(tracks):
        return mapping
    marked = [each for each in (mapping, *tracks) if isinstance(each, Mapping) and each.get("denotations")]
    if len(marked) > 1:
        names = ", ".join(repr(each.get("project")) for each in marked)
        raise AnnotationError(
            f"{place}: {len(marked)} projects have denotations: {names}; keep one of them",
            "several tracks of annotations",
        )
    return {**mapping, "denotations": [], **(marked[0] if marked else {})}  # without any: nothing is marked


def given_id(mapping: Mapping[str, Any]) -> Any:
    """Return the id of a document under the first key that has one; None without.

    >>> given_id({"id": "", "pmid": 7}), given_id({"text": "Iron"})
    (7, None)
    """
    values = (mapping.get(key) for key in ("id", *ID_KEYS))
    return next((value for value in values if is_given(value) and str(value).strip()), None)


def _check_no_others(mapping: Mapping[str, Any], place: str) -> None:
    """Check that no other key holds the entities of a document whose ``entities`` are empty."""
    for key in ENTITY_KEYS:
        if _is_list(mapping.get(key)) and len(mapping[key]):
            raise AnnotationError(
                f"{place}: 'entities' is empty but {key!r} is not; keep the one that holds the entities",
                "entities under an unknown key",
            )


def _no_text(mapping: Mapping[str, Any], place: str) -> AnnotationError:
    """Return the error of a document without text, with the key that seems to hold it."""
    known = (*DOCUMENT_KEYS, *ID_KEYS, *ENTITY_KEYS)
    likely = next((key for key, value in mapping.items() if key not in known and isinstance(value, str)), None)
    fix = "give the text" if likely is None else f"is {str(likely)!r} the text? rename it 'text'"
    relations: Any = mapping.get("relations")
    if likely is None and _is_list(relations) and any(map(names_subject, relations)):
        fix = "it is a result of biodir predict, which keeps texts and entities with --return-entities"
    elif likely is None and _is_list(relations) and relations:
        fix = "give the text, or to `biodir convert` the documents that the relations are in: --gold FILE"
    return AnnotationError(f"{place}: has none of {', '.join(map(repr, TEXT_KEYS))}; {fix}", "document without text")


def _entity_key(mapping: Mapping[str, Any], place: str, has_ner: bool) -> str | None:
    """Return the key that holds the entities of a document without `entities`; None if there is none.

    Raises:
        AnnotationError: several keys could, or one that is not known.
    """
    found = [key for key in ENTITY_KEYS if _is_list(mapping.get(key)) or isinstance(mapping.get(key), Mapping)]
    if len(found) > 1:
        raise AnnotationError(
            f"{place}: has no 'entities', and both {found[0]!r} and {found[1]!r} could hold them; name one 'entities'",
            "entities under an unknown key",
        )
    if found:
        return found[0]
    known = (*DOCUMENT_KEYS, *ID_KEYS)
    for key in mapping:
        if key in known or not is_given(mapping[key]):
            continue
        if key in ENTITY_KEYS and not has_ner:
            _sequence(mapping[key], f"{place}, {key}")
        likely = key not in ENTITY_KEYS and get_close_matches(str(key).lower(), _MEANT_KEYS, n=1, cutoff=0.75)
        if likely or not has_ner:
            other = 'if it holds the entities, name it "entities", or if the text has none, add "entities": []'
            meant = f"did you mean {likely[0]!r}?" if likely else other
            raise AnnotationError(
                f"{place}: has no 'entities' but the unknown key {str(key)!r}; {meant} (known shapes are {SHAPES})",
                "entities under an unknown key",
            )
    return None


def _sequence(value: Any, place: str) -> Sequence[Any]:
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, Mapping) and value and all(_is_list(column) for column in value.values()):
        # The library datasets gives a sequence of mappings as a mapping of sequences.
        lengths = {len(column) for column in value.values()}
        if len(lengths) == 1:
            return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
        raise AnnotationError(f"{place}: is {type(value).__name__} {repr(value)[:40]}, not a list")
    return value


def _is_list(value: Any) -> bool:
    return hasattr(value, "tolist") or (isinstance(value, Sequence) and not isinstance(value, (str, bytes)))


# Mentions.


def _has_local_id(entry: Any) -> bool:
    """Return whether the id of an entry names the mention, not a concept: bigbio and doccano."""
    return isinstance(entry, Mapping) and ("normalized" in entry or {"start_offset", "label"} <= entry.keys())


@dataclass(frozen=True)
class UnfitMention:
    """An entry that is no mention, with the error that is raised where mentions can be left out.

    >>> row = {"text": "EGFR", "entities": [{"start": 0, "end": 4, "type": "Gene", "colour": "red"}]}
    >>> print(own_shape(row, "row 1")["entities"][0].error.reason)
    unknown key of a mention
    """

    entry: Any
    error: AnnotationError


def _mention_or_error(entry: Any, place: str, local_ids: bool, concepts: Mapping[str, list[str]]) -> Any:
    """Return the mention, or what is unfit in it."""
    try:
        return _mention(entry, place, local_ids, concepts)
    except AnnotationError as error:
        return UnfitMention(entry, error)


def _mention(entry: Any, place: str, local_ids: bool, concepts: Mapping[str, list[str]]) -> Any:
    """Return the mention with our keys; what is no mapping or list is left for the checks of `Document.from_dict`."""
    if isinstance(entry, Sequence) and not isinstance(entry, (str, bytes)) and len(entry) in (3, 4):
        return dict(zip(("start", "end", "type", "text"), entry, strict=False))  # doccano, spaCy's training rows
    if not isinstance(entry, Mapping):
        return entry
    plain = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in entry.items()}
    left = {key: value for key, value in plain.items() if key not in HARMLESS_KEYS and is_given(value)}
    own: dict[str, Any] = {}
    if local_ids:
        local_id = str(left.pop("id", ""))
        own["id"] = _normalized(left.pop("normalized", None), place) or concepts.get(local_id)
    own |= _span(left, place)
    if "normalizedName" in left:  # BERN2: that of a mutation, which it may link to nothing besides
        name = left.pop("normalizedName")
        ids: Any = left.get("id")
        if all(is_unlinked(str(each)) for each in (ids if _is_list(ids) else [ids])):
            left["id"] = name
    for name, others in MENTION_KEYS.items():
        given = [key for key in others if is_given(left.get(key))]
        values = [left[key] for key in given]
        if len(given) > 1 and name not in ("id", "text") and any(value != values[0] for value in values):
            raise AnnotationError(
                f"{place}: {given[0]!r} is {values[0]!r} but {given[1]!r} is {values[1]!r}; keep one of them",
                "keys of a mention that contradict",
            )
        if given and not is_given(own.get(name)):
            own[name] = _identifier(given, left, place) if name == "id" else values[0]
        for key in others:
            left.pop(key, None)
    for key in left:
        likely = get_close_matches(str(key).lower(), [key for keys in MENTION_KEYS.values() for key in keys], n=1)
        meant = f"did you mean {likely[0]!r}?" if likely else "remove it, or rename it to one of the known keys"
        raise AnnotationError(
            f"{place}: unknown key {str(key)!r}; {meant} (a mention has start, end, type, id and text)",
            "unknown key of a mention",
        )
    return {name: own[name] for name in MENTION_KEYS if name in own}


def _span(left: dict[str, Any], place: str) -> dict[str, Any]:
    """Take ``span`` (BERN2, PubAnnotation) or ``offsets`` (bigbio) and return the start and end."""
    if isinstance(left.get("span"), Mapping):
        span = left.pop("span")
        return {"start": span.get("begin", span.get("start")), "end": span.get("end")}
    for key in ("span", "offsets"):
        if key not in left:
            continue
        value = _sequence(left.pop(key), f"{place}, {key}")
        spans = [_ends(part, place) for part in value] if value and not _is_end(value[0]) else [_ends(value, place)]
        if any(len(part) != 2 or not all(map(_is_number, part)) for part in spans):
            raise AnnotationError(f"{place}: {key!r} is {value!r}, not pairs of start and end")
        if isinstance(left.get("text"), list):
            texts = left.pop("text")
            if len(texts) == 1:
                left["text"] = texts[0]
        # A mention in several parts is the smallest span that covers them.
        return {"start": min(part[0] for part in spans), "end": max(part[1] for part in spans)}
    return {}


def _is_end(value: Any) -> bool:
    return not _is_list(value) and not isinstance(value, Mapping)


def _ends(span: Any, place: str) -> list[Any]:
    """Return the offsets in a pair, or in a mapping with begin and end as PubAnnotation has one for each part."""
    is_named = isinstance(span, Mapping)
    pair = [span.get("begin", span.get("start")), span.get("end")] if is_named else _sequence(span, place)
    return list(map(offset_number, pair))


def _is_number(value: Any) -> bool:
    return hasattr(value, "__index__") or isinstance(value, float)


def _identifier(given: Sequence[str], left: Mapping[str, Any], place: str) -> Any:
    """Return the concept of a mention that may have it under several keys; empty ones and spaCy's NIL do not count.

    Beside a key that names a concept, such as ``identifier``, the ``id`` is that of the mention.
    """
    filled = {key: left[key] for key in given if left[key] not in ("", "NIL", 0) or isinstance(left[key], bool)}
    concepts = {key: value for key, value in filled.items() if key != "id"}
    if any(value != next(iter(concepts.values())) for value in concepts.values()):
        named = ", ".join(f"{key!r} is {value!r}" for key, value in concepts.items())
        raise AnnotationError(f"{place}: {named}; keep one of them", "keys of a mention that contradict")
    return next(iter((concepts or filled).values()), left[given[0]])


def _normalized(value: Any, place: str) -> list[str] | None:
    """Return the identifiers in bigbio's list of ``{"db_name", "db_id"}``."""
    if value is None:
        return None
    entries = _sequence(value, f"{place}, normalized")
    found = [entry.get("db_id") for entry in entries if isinstance(entry, Mapping)]
    return [str(identifier) for identifier in found if identifier not in (None, "")] or None


def _concepts(mapping: Mapping[str, Any], place: str) -> dict[str, list[str]]:
    """Return local id of a denotation -> identifiers that PubAnnotation gives it as attributes."""
    found: dict[str, list[str]] = {}
    for entry in _sequence(mapping.get("attributes") or [], f"{place}, attributes"):
        if isinstance(entry, Mapping) and str(entry.get("pred", "")).casefold() in _LINKING_PREDICATES:
            found.setdefault(str(entry.get("subj")), []).append(str(entry.get("obj")))
    return found


# Text of bigbio.


def _is_bigbio(mapping: Mapping[str, Any]) -> bool:
    passages: Any = mapping.get("passages")
    return _is_list(passages) and len(passages) > 0 and all(_is_bigbio_passage(part) for part in passages)


def _is_bigbio_passage(part: Any) -> bool:
    return isinstance(part, Mapping) and _is_list(part.get("text")) and _is_list(part.get("offsets"))


def _bigbio_text(mapping: Mapping[str, Any], place: str) -> dict[str, Any]:
    passages = []
    for index, part in enumerate(mapping["passages"]):
        offsets = _sequence(part["offsets"], f"{place}, passages[{index}].offsets")
        texts = _sequence(part["text"], f"{place}, passages[{index}].text")
        if len(texts) != 1 or len(offsets) != 1 or not _is_list(offsets[0]) or len(offsets[0]) != 2:
            problem = f"has {len(texts)} texts and {len(offsets)} offsets, not one of each"
            raise AnnotationError(f"{place}, passages[{index}]: {problem}")
        passages.append({"text": texts[0], "offset": offsets[0][0], "type": part.get("type", "")})
    return {"id": mapping.get("document_id") or mapping.get("id"), "passages": passages}


# Relations, which these shapes give between mentions: they get the numbers of their mentions under "mentions".


def _relations(value: Any, entries: Sequence[Any], place: str) -> list[Any]:
    """Return relations of bigbio (arg1_id, arg2_id), PubAnnotation (subj, obj) and doccano (from_id, to_id)."""
    named = enumerate(entries)
    number_of = {str(entry["id"]): index for index, entry in named if isinstance(entry, Mapping) and "id" in entry}
    key_pairs = (("arg1_id", "arg2_id"), ("subj", "obj"), ("from_id", "to_id"))
    return _joined(value, key_pairs, lambda name: number_of.get(str(name)), place)


def _relations_of_spans(value: Any, entries: Sequence[Any], place: str) -> list[Any]:
    """Return relations of Prodigy, whose ends name a span (head_span, child_span), or a token (head, child)."""

    def number_of(end: Any) -> int | None:
        for index, entry in enumerate(entries):
            if not isinstance(entry, Mapping):
                continue  # the reader of mentions refuses it
            if isinstance(end, Mapping) and all(entry.get(key) == end.get(key) for key in ("start", "end")):
                return index
            first, last = entry.get("token_start"), entry.get("token_end")
            if isinstance(end, int) and isinstance(first, int) and isinstance(last, int) and first <= end <= last:
                return index
        return None

    return _joined(value, (("head_span", "child_span"), ("head", "child")), number_of, place)


def _joined(
    value: Any, key_pairs: Iterable[tuple[str, str]], number_of: Callable[[Any], int | None], place: str
) -> list[Any]:
    relations: list[Any] = []
    for entry in _sequence(value, f"{place}, relations"):
        keys = next((pair for pair in key_pairs if isinstance(entry, Mapping) and pair[0] in entry), None)
        if keys is None:
            relations.append(entry)  # perhaps one of ours
            continue
        numbers = [number_of(entry.get(key)) for key in keys]
        kind = next((entry[key] for key in ("type", "label", "pred") if is_given(entry.get(key))), None)
        if None in numbers:
            relations.append({"unreadable": f"{repr(entry)[:80]} names no mention of this document"})
        else:
            relations.append({"relation": kind, "mentions": numbers})
    return relations
