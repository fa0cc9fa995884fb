"""Documents of JSON Lines that say what they annotate: their entities, relations, and which pairs they judge.

A line has `id`, `text` and `entities` (`start`, `end`, `type`), and may have `pmid`, `title_end`, `unit`, `split`,
`annotated_types`, `annotated_pairs`, `judged_pairs`, `equivalent` and `relations` (`head`, `tail`, `source_type`,
`proposed`, `subject`, `note`), in which the `mention` of an entity names it. `docs/training.md` explains them.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from biodir.document_biodir import Document, Mention, Passage, Relation, text_identifier
from biodir.document_grouping_biodir import groups_by_name
from biodir.document_parts_biodir import is_unlinked
from biodir.errors_biodir import AnnotationError, BioDirError, ErrorPolicy, ParseError
from biodir.files import input_name, open_input, text_lines
from biodir.training.corpus_list import HEAD, NO_SUBJECT, TAIL, UNKNOWN_SUBJECT, CorpusEntry, LabelRule
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


def says_types(path: str) -> bool:
    """Return whether a file is JSON Lines whose documents say which entity types they annotate."""
    with open_input(path) as file:
        line = next(text_lines(file), "")
    return line.lstrip().startswith("{") and '"annotated_types"' in line[:_START_CHARS]


def read_judged(entry: CorpusEntry, policy: ErrorPolicy) -> Iterator[JudgedDocument]:
    """Yield the documents of a file, of the parts that the entry names.

    Raises:
        ParseError: a line is no such document.
        AnnotationError: a document contradicts itself.
    """
    for found in read_lines(entry.path, partial(judged_document, entry=entry), policy):
        if not entry.split or found.split in entry.split:
            yield found


def read_lines(path: str, parse: Callable[[Mapping[str, Any]], T], policy: ErrorPolicy) -> Iterator[T]:
    """Yield what a function makes of each line of a file of JSON Lines; errors get the place of the line.

    Raises:
        ParseError: a line is no document.
        AnnotationError: a document contradicts itself.
    """
    with open_input(path) as file:
        name = input_name(path)
        lines = ((f"{name}:{number}", line) for number, line in enumerate(text_lines(file), start=1))
        attempts = ((place, partial(_parsed, line, place, parse)) for place, line in lines if line.strip())
        yield from policy.documents(attempts, name)


def _parsed(line: str, place: str, parse: Callable[[Mapping[str, Any]], T]) -> T:
    try:
        return parse(json.loads(line))
    except BioDirError as error:
        raise type(error)(f"{place}: {error}", error.reason) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ParseError(
            f"{place}: is no document with id, text, entities (start, end, type) and annotated_types ({error!r})"
        ) from error


def judged_document(value: Mapping[str, Any], entry: CorpusEntry) -> JudgedDocument:
    """Return the document of a line.

    Mentions that share a name, an identifier or a group of `equivalent` are one entity. Of several relations of two
    entities one is kept: a type other than Association and Bind, the most frequent first. Pairs with both signs are
    unknown. A direction that is given in two ways is none that is known.
    """
    text, end = value["text"], value.get("title_end")
    mentions, untyped, source_ids = _mentions(value, entry)
    named = value.get("equivalent") or ()
    same = [*named, *_by_identifier(source_ids, mentions)] if entry.group_by_id else named
    names = dict(zip(mentions, entity_names(text, mentions, same), strict=True))
    by_pair: dict[frozenset[str], list[_Statement]] = {}
    for relation in value.get("relations") or ():
        head, tail = names.get(relation["head"]), names.get(relation["tail"])
        if head is not None and tail is not None and head != tail:
            by_pair.setdefault(frozenset((head, tail)), []).append(_statement(relation, head, tail, entry))
    kept = {pair: _one_of(statements) for pair, statements in by_pair.items()}
    annotated = (entry.entity_type(name) for name in value.get("annotated_types") or ())
    complete = (frozenset(map(entry.entity_type, pair)) for pair in value.get("annotated_pairs") or ())
    judged = {frozenset(names[name] for name in pair if name in names) for pair in value.get("judged_pairs") or ()}
    judgement = Judgement(
        entity_types=frozenset(name for name in annotated if name is not None),
        complete=frozenset(frozenset(str(name) for name in pair) for pair in complete if None not in pair),
        unrelated=frozenset(pair for pair in judged if len(pair) == 2 and pair not in by_pair),
        unknown=frozenset(pair for pair, each in kept.items() if each is None),
        undirected=frozenset(pair for pair, each in kept.items() if each is not None and not each.is_directed),
    )
    relations = tuple(
        Relation(each.relation_type, each.entity1_id, each.entity2_id, None, each.subject_id)
        for each in kept.values()
        if each is not None and each.relation_type is not None
    )
    pmid = str(value["pmid"]) if value.get("pmid") else None
    is_abstract = value.get("unit", "abstract") == "abstract"
    document = Document(
        (pmid if is_abstract else None) or str(value["id"]),
        text,
        tuple(replace(each, identifiers=(names[name],)) for name, each in mentions.items()),
        relations,
        (Passage(0, end, "title"), Passage(end, len(text), "abstract")) if end else (),
        is_marked=True,
    )
    parts = (*value["entities"], *(value.get("relations") or ()))
    source_types = frozenset(each["source_type"] for each in parts if each.get("source_type"))
    return JudgedDocument(document, judgement, untyped, pmid, value.get("split"), source_types)


def _mentions(
    value: Mapping[str, Any], entry: CorpusEntry
) -> tuple[dict[Any, Mention], tuple[Mention, ...], dict[Any, str]]:
    """Return mentions of entities by their names, the others, and the identifiers of the source by the same names.

    Raises:
        AnnotationError: two mentions have one name.
    """
    found, untyped, identifiers = {}, [], {}
    for number, each in enumerate(value["entities"]):
        kind = entry.entity_type(each["type"], each.get("source_type"))
        start, end = each["start"], each["end"]
        mention = Mention(start, end, value["text"][start:end], kind or NO_TYPE)
        if kind is None:
            untyped.append(mention)
            continue
        name = each.get("mention", number)
        if name in found:
            raise AnnotationError(f"entities[{number}]: another mention is named {name!r}, too; give each its own name")
        found[name] = mention
        if each.get("id") and not is_unlinked(str(each["id"])):
            identifiers[name] = str(each["id"])
    return found, tuple(untyped), identifiers


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


def _statement(relation: Mapping[str, Any], head: str, tail: str, entry: CorpusEntry) -> _Statement:
    rule = entry.rule(relation["source_type"]) or LabelRule(relation.get("proposed"))
    subject = rule.subject or relation.get("subject") or UNKNOWN_SUBJECT
    note = relation.get("note") or ""
    is_left_out = any(part in note for part in entry.without_notes)
    subject_id = {HEAD: head, TAIL: tail}.get(subject)
    relation_type = None if is_left_out else rule.relation_type
    return _Statement(relation_type, head, tail, subject_id, subject_id is not None or subject == NO_SUBJECT)


def _one_of(statements: Sequence[_Statement]) -> _Statement | None:
    """Return the relation of a pair that has several; None where none has a type, or both signs hold."""
    counts = Counter(each.relation_type for each in statements if each.relation_type is not None)
    if not counts or set(counts) >= _SIGNED_TYPES:
        return None
    strength = {name: number for number, name in enumerate(_WEAK_TYPES)}
    chosen = max(counts, key=lambda name: (strength.get(name, len(strength)), counts[name]))
    kept = [each for each in statements if each.relation_type == chosen]
    directed = [each for each in kept if each.is_directed]
    if len({each.subject_id for each in directed}) == 1:
        return directed[0]
    return replace(kept[0], subject_id=None, is_directed=False)
