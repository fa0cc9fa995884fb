"""Documents of JSON Lines that say what they annotate: their entities, relations, and which pairs they judge.

A line has `id`, `text` and `entities` (`start`, `end`, `type`), and may have `pmid`, `title_end`, `unit`, `split`,
`annotated_types`, `annotated_pairs`, `judged_pairs`, `equivalent` and `relations` (`head`, `tail`, `source_type`,
`proposed`, `subject`, `note`), in which the `mention` of an entity names it. `docs/training.md` explains them.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BufferedReader
from typing import Any, TypeVar

from biodir.document_biodir import Document, Mention, Passage, Relation, text_identifier
from biodir.document_grouping_biodir import groups_by_name
from biodir.document_mappings_biodir import character_at
from biodir.document_offsets_biodir import character_index
from biodir.document_parts_biodir import check_mention, is_integer, is_unlinked
from biodir.errors_biodir import STRICT, AnnotationError, BioDirError, ErrorPolicy, ParseError, SettingError, suggestion
from biodir.files import input_name, open_input, text_lines
from biodir.training.corpus_list import HEAD, NO_SUBJECT, SUBJECTS, TAIL, UNKNOWN_SUBJECT, CorpusEntry, LabelRule
from biodir.training.mentions import NO_TYPE
from biodir.training.scopes import Judgement

T = TypeVar("T")
# What stands before the end of a first line that says which types its document annotates.
_START_CHARS = 1 << 20
# Of several types of one pair the stronger stays: these are weaker than all others, the weakest first.
_WEAK_TYPES = ("Association", "Bind")
_SIGNED_TYPES = frozenset(("Negative_Correlation", "Positive_Correlation"))


@dataclass(frozen=True)
class JudgedDocument:
    """A document with what it judges.

    Args:
        document: its id is the PMID only if it is the complete abstract, of which there is one.
        judgement: what it annotates; None where its format cannot say.
        untyped: mentions that are no entity here, of whose words nothing is known.
        pmid: of the article that it belongs to; None where it is not known.
        split: part of its corpus.
        source_types: what the source calls its entity and relation types.

    >>> JudgedDocument(Document("s1", "Iron."), pmid="7").judgement is None
    True
    """

    document: Document
    judgement: Judgement | None = None
    untyped: tuple[Mention, ...] = ()
    pmid: str | None = None
    split: str | None = None
    source_types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Statement:
    """A relation between two entities; without a type it is one that is not known."""

    relation_type: str | None
    entity1_id: str
    entity2_id: str
    subject_id: str | None
    is_directed: bool  # whether the corpus says which of the two is the subject, or that none is
    is_barred: bool = False  # whether nothing is learned from the pair, whatever else is said of it


def says_types(path: str) -> bool:
    """Return whether a file is JSON Lines whose documents say which entity types they annotate."""
    with open_input(path) as file:
        _, line = next(_lines(file), (0, ""))
    return line.lstrip().startswith("{") and '"annotated_types"' in line[:_START_CHARS]


def _lines(file: BufferedReader) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty, with their numbers; without a byte order mark."""
    for number, line in enumerate(text_lines(file), start=1):
        text = line.removeprefix("\ufeff")
        if text.strip():
            yield number, text


def read_judged(entry: CorpusEntry, policy: ErrorPolicy) -> Iterator[JudgedDocument]:
    """Yield the documents of a file, of the parts that the entry names.

    Raises:
        ParseError: a line is no such document.
        AnnotationError: a document contradicts itself.
        SettingError: no document is of these parts.
    """
    is_empty = True
    for found in read_lines(entry.path, lambda value, at: judged_document(value, entry, at), policy):
        if not entry.split or found.split in entry.split:
            is_empty = False
            yield found
    if entry.split and is_empty:
        raise SettingError(f"{entry.path}: no document is of the split {', '.join(entry.split)}; change `split`")


def read_lines(path: str, parse: Callable[[Mapping[str, Any], ErrorPolicy], T], policy: ErrorPolicy) -> Iterator[T]:
    """Yield what a function makes of each line of a file of JSON Lines; errors get the place of the line.

    Args:
        parse: gets the policy, too, for parts of a document.

    Raises:
        ParseError: a line is no document.
        AnnotationError: a document contradicts itself.
    """
    with open_input(path) as file:
        name = input_name(path)
        lines = ((f"{name}:{number}", line) for number, line in _lines(file))
        attempts = ((place, partial(_parsed, line, place, parse, policy.at(place))) for place, line in lines)
        yield from policy.documents(attempts, name)


def _parsed(line: str, place: str, parse: Callable[[Mapping[str, Any], ErrorPolicy], T], policy: ErrorPolicy) -> T:
    try:
        return parse(json.loads(line), policy)
    except BioDirError as error:
        raise type(error)(f"{place}: {error}", error.reason) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParseError(
            f"{place}: is no document with id, text, entities (start, end, type) and annotated_types ({error!r})"
        ) from error


def judged_document(value: Mapping[str, Any], entry: CorpusEntry, policy: ErrorPolicy = STRICT) -> JudgedDocument:
    """Return the document of a line.

    Mentions that share a name, an identifier or a group of `equivalent` are one entity. Of several relations of two
    entities one is kept: a type other than Association and Bind, the most frequent first. Pairs with both signs, or
    with a type that the list of corpora maps to null, are unknown. A direction that is given in two ways is none that
    is known.

    Raises:
        AnnotationError: a mention is not in the text, a name is that of no mention, or a key holds something else than
            it should; the policy may leave out such a mention or relation.
    """
    every, source_ids = mentions_of(value, entry, policy)
    mentions = {name: each for name, each in every.items() if each.entity_type != NO_TYPE}
    named = _groups(value, "equivalent", "mentions")
    same = [*named, *_by_identifier(source_ids, mentions)] if entry.group_by_id else named
    names = dict(zip(mentions, entity_names(value["text"], mentions, same), strict=True))
    relations = enumerate((value.get("relations") or ()) if policy.relations else ())
    attempts = (partial(_statement, f"relations[{number}]", each, every, names, entry) for number, each in relations)
    by_pair: dict[frozenset[str], list[_Statement]] = {}
    for statement in policy.parts("relation", attempts):
        if statement is not None:
            by_pair.setdefault(frozenset((statement.entity1_id, statement.entity2_id)), []).append(statement)
    kept = {pair: _one_of(statements) for pair, statements in by_pair.items()}
    annotated = map(entry.entity_type, annotated_types(value))
    complete = (frozenset(map(entry.entity_type, pair)) for pair in _groups(value, "annotated_pairs", "entity types"))
    pairs = _groups(value, "judged_pairs", "mentions")
    judged = {frozenset(names[name] for name in pair if name in names) for pair in pairs}
    judgement = Judgement(
        entity_types=frozenset(name for name in annotated if name is not None),
        complete=frozenset(frozenset(str(name) for name in pair) for pair in complete if None not in pair),
        unrelated=frozenset(pair for pair in judged if len(pair) == 2 and pair not in by_pair),
        unknown=frozenset(pair for pair, each in kept.items() if each is None),
        undirected=frozenset(pair for pair, each in kept.items() if each is not None and not each.is_directed),
    )
    found = tuple(
        Relation(each.relation_type, each.entity1_id, each.entity2_id, None, each.subject_id)
        for each in kept.values()
        if each is not None and each.relation_type is not None
    )
    identified = [replace(each, identifiers=(names[name],)) for name, each in mentions.items()]
    document = document_of(value, identified, policy, found)
    untyped = tuple(each for each in every.values() if each.entity_type == NO_TYPE)
    parts = (*value["entities"], *(value.get("relations") or ()))
    source_types = frozenset(each["source_type"] for each in parts if each.get("source_type"))
    return JudgedDocument(document, judgement, untyped, pmid_of(value), value.get("split"), source_types)


def document_of(
    value: Mapping[str, Any], mentions: Iterable[Mention], policy: ErrorPolicy, relations: tuple[Relation, ...] = ()
) -> Document:
    """Return the document of a line; its id is the PMID only if it is the complete abstract.

    Raises:
        AnnotationError: the title ends at no character of the text.
    """
    text, end = value["text"], value.get("title_end")
    if end:
        end = character_at(end, character_index(text, policy.offsets), "title_end")
    is_abstract = (value.get("unit") or "abstract") == "abstract"
    return Document(
        (pmid_of(value) if is_abstract else None) or str(value["id"]),
        text,
        tuple(mentions),
        relations,
        (Passage(0, end, "title"), Passage(end, len(text), "abstract")) if end else (),
        is_marked=True,
    )


def pmid_of(value: Mapping[str, Any]) -> str | None:
    """Return the PMID of the article that a line belongs to; None where it names none."""
    return str(value["pmid"]) if value.get("pmid") else None


def annotated_types(value: Mapping[str, Any]) -> list[str]:
    """Return the entity types that a line annotates completely; none where it does not say.

    Raises:
        AnnotationError: this is no list of names.
    """
    names = value.get("annotated_types")
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AnnotationError(f'annotated_types is {names!r}; write a list of entity types, such as ["ChemicalEntity"]')
    return names


def _groups(value: Mapping[str, Any], key: str, of: str) -> list[list[Any]]:
    """Return the lists of a key, of "mentions" or of "entity types"; those of pairs have two names each.

    Raises:
        AnnotationError: it holds something else, or a name that no mention has.
    """
    groups: list[list[Any]] = value.get(key) or []
    names = [_name(number, each) for number, each in enumerate(value["entities"])] if groups else []
    size = "" if key == "equivalent" else "two "
    for number, group in enumerate(groups):
        place = f"{key}[{number}]"
        if not isinstance(group, list) or (size and len(group) != 2):
            raise AnnotationError(f"{place} is {group!r}; write a list of lists of {size}{of}")
        for name in group:
            if of == "mentions":
                _check_name(name, place, names)
            elif not isinstance(name, str):
                raise AnnotationError(f"{place} is {group!r}; write the names of {of}")
    return groups


def _name(number: int, entity: Mapping[str, Any]) -> Any:
    """Return the name of a mention: by default its place in the list."""
    return number if entity.get("mention") is None else entity["mention"]


def _check_name(name: Any, place: str, names: Collection[Any]) -> None:
    if name not in names:
        hint = suggestion(name, list(names))
        hint = hint if hint.startswith("did you mean") else "write the `mention` of one"
        raise AnnotationError(f"{place} names {name!r}, which is no mention of `entities`; {hint}")


def _field(part: Mapping[str, Any], key: str, place: str) -> Any:
    if key not in part:
        raise AnnotationError(f"{place} has no {key!r}; add it")
    return part[key]


def mentions_of(
    value: Mapping[str, Any], entry: CorpusEntry, policy: ErrorPolicy
) -> tuple[dict[Any, Mention], dict[Any, str]]:
    """Return the mentions by their names, and the identifiers of the source of those that have a type by the same.

    A mention without a type has `NO_TYPE`.

    Raises:
        AnnotationError: a mention is not in the text, its `text` is not what stands there, or two have one name.
    """
    found: dict[Any, Mention] = {}
    identifiers = {}
    text = value["text"]
    index_of = character_index(text, policy.offsets)

    def add(number: int, each: Mapping[str, Any]) -> None:
        place = f"entities[{number}]"
        start, end, kind = (_field(each, key, place) for key in ("start", "end", "type"))
        if not isinstance(kind, str | None):
            raise AnnotationError(f"{place}: type is {kind!r}; write a name, or null where it is no entity")
        kind = entry.entity_type(kind, each.get("source_type"))
        start, end = (character_at(offset, index_of, place) for offset in (start, end))
        words = text[start:end] if is_integer(start) and is_integer(end) else ""
        written = each.get("text")
        mention = Mention(start, end, words if written is None else str(written), kind or NO_TYPE)
        check_mention(mention, text, place)
        name = _name(number, each)
        if name in found:
            raise AnnotationError(f"{place}: another mention is named {name!r}, too; give each its own name")
        found[name] = mention
        if kind is not None and each.get("id") and not is_unlinked(str(each["id"])):
            identifiers[name] = str(each["id"])

    for _ in policy.parts("mention", (partial(add, *each) for each in enumerate(value["entities"]))):
        pass
    return found, identifiers


def _by_identifier(identifiers: Mapping[Any, str], mentions: Mapping[Any, Mention]) -> Iterator[list[Any]]:
    """Yield the names of mentions that share type and identifier."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for name, identifier in identifiers.items():
        groups.setdefault((mentions[name].entity_type, identifier), []).append(name)
    yield from groups.values()


def entity_names(text: str, mentions: Mapping[Any, Mention], same: Iterable[Sequence[Any]]) -> list[str]:
    """Return the identifier of each mention's entity, which no other entity of the text has.

    Args:
        text: of the document.
        mentions: by their names.
        same: groups of names of one entity, beside those that share a name; of one type each, else its parts are.
    """
    group_of = dict(zip(mentions, groups_by_name(text, list(mentions.values())), strict=True))
    root: dict[Any, Any] = {}

    def found(key: Any) -> Any:
        while key in root:
            key = root[key]
        return key

    for names in same:
        first: dict[str, Any] = {}
        for name in names:
            if name in group_of:
                kind, key = mentions[name].entity_type, found(group_of[name])
                other = found(first.setdefault(kind, key))
                if key != other:
                    root[key] = other
    members: dict[Any, Counter[str]] = {}
    for name, mention in mentions.items():
        members.setdefault(found(group_of[name]), Counter())[text_identifier(mention.text)] += 1
    taken: dict[str, int] = {}
    identifier_of = {}
    for key, forms in members.items():
        form = max(forms, key=lambda each: (forms[each], len(each), each))
        taken[form] = taken.get(form, 0) + 1
        identifier_of[key] = form if taken[form] == 1 else f"{form} #{taken[form]}"
    return [identifier_of[found(group_of[name])] for name in mentions]


def _statement(
    place: str, relation: Mapping[str, Any], mentions: Collection[Any], names: Mapping[Any, str], entry: CorpusEntry
) -> _Statement | None:
    """Return what a relation says of two entities; None where it joins no two.

    Args:
        mentions: the names of all.
        names: of those of entities -> the identifier of the entity.

    Raises:
        AnnotationError: it names no mention, or holds something else than it should.
    """
    for side in (HEAD, TAIL):
        _check_name(_field(relation, side, place), f"{place}: {side}", mentions)
    given = relation.get("subject") or UNKNOWN_SUBJECT
    if given not in SUBJECTS:
        raise AnnotationError(f"{place}: subject is {given!r}; it is one of {', '.join(SUBJECTS)}, or null")
    rule = entry.rule(_field(relation, "source_type", place)) or LabelRule(relation.get("proposed"))
    head, tail = names.get(relation["head"]), names.get(relation["tail"])
    if head is None or tail is None or head == tail:
        return None
    subject = rule.subject or given
    note = relation.get("note") or ""
    is_left_out = any(part in note for part in entry.without_notes)
    subject_id = {HEAD: head, TAIL: tail}.get(subject)
    relation_type = None if is_left_out else rule.relation_type
    is_directed = subject_id is not None or subject == NO_SUBJECT
    is_barred = entry.rule(relation["source_type"]) is not None and rule.relation_type is None
    return _Statement(relation_type, head, tail, subject_id, is_directed, is_barred)


def _one_of(statements: Sequence[_Statement]) -> _Statement | None:
    """Return the relation of a pair that has several; None where none has a type, one is barred, or both signs hold."""
    counts = Counter(each.relation_type for each in statements if each.relation_type is not None)
    if not counts or set(counts) >= _SIGNED_TYPES or any(each.is_barred for each in statements):
        return None
    strength = {name: number for number, name in enumerate(_WEAK_TYPES)}
    chosen = max(counts, key=lambda name: (strength.get(name, len(strength)), counts[name]))
    kept = [each for each in statements if each.relation_type == chosen]
    directed = [each for each in kept if each.is_directed]
    if len({each.subject_id for each in directed}) == 1:
        return directed[0]
    return replace(kept[0], subject_id=None, is_directed=False)
