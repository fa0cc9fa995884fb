"""Re-DocRED: relations of Wikidata between entities of general-domain texts.

The head of a relation is its subject. Types of entities and relations stay those of the corpus, so a model needs
`entity_types` and `relation_labels` of its own. An entity pair can have several relations, in both directions; PubTator
cannot hold that, JSON Lines can.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from biodir.document_biodir import Document, Mention, Relation, Span
from biodir.errors_biodir import STRICT, ErrorPolicy, ParseError, located
from biodir.files import open_input

from .corpus import HEAD, Corpus, RelationRule

ENTITY_TYPES = ("LOC", "MISC", "NUM", "ORG", "PER", "TIME")
# The 96 properties of Wikidata in the dev and test files of Re-DocRED.
PROPERTIES = tuple(
    f"P{number}"
    for number in (
        "6 17 19 20 22 25 26 27 30 31 35 36 37 39 40 50 54 57 58 69 86 102 108 112 118 123 127 131 136 137 140 150 "
        "155 156 159 161 162 166 170 171 172 175 176 178 179 190 194 205 206 241 264 272 276 279 355 361 364 400 403 "
        "449 463 488 495 527 551 569 570 571 576 577 580 582 585 607 674 676 706 710 737 740 749 800 807 840 937 1001 "
        "1056 1198 1336 1344 1365 1366 1376 1412 1441 3373"
    ).split()
)


def read_redocred(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[Document]:
    """Yield the documents of a JSON file; the title is the id, tokens are joined with single spaces.

    An entity has the type of most of its mentions, the first of equally frequent ones, so that the few that mix types
    stay one entity.

    Raises:
        ParseError: the file is not a list of documents, or a document lacks a field.
        AnnotationError: a mention contradicts the text.
    """
    places = ((f"{os.fspath(path)}: document {index}", entry) for index, entry in enumerate(_entries(path)))
    yield from policy.documents(((place, partial(_document, entry, place)) for place, entry in places), os.fspath(path))


def _entries(path: str | os.PathLike[str]) -> list[Any]:
    with open_input(path) as file:
        content = file.read()
    try:
        entries = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{os.fspath(path)}: not JSON ({error})") from error
    if not isinstance(entries, list):
        raise ParseError(f"{os.fspath(path)}: is not a list of documents, as the files of Re-DocRED are")
    return entries


def _document(entry: Any, place: str) -> Document:
    with located(place):
        try:
            text, spans = _text_and_spans(entry["sents"])
            mentions = _mentions(entry["vertexSet"], text, spans)
            entities = range(len(entry["vertexSet"]))
            relations = [_relation(label, entities) for label in entry.get("labels", ())]
            return Document(entry["title"], text, mentions, tuple(relations))
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ParseError(f"is not of Re-DocRED ({type(error).__name__}: {error})") from error


def _text_and_spans(sentences: Sequence[Sequence[str]]) -> tuple[str, list[list[Span]]]:
    """Return the text, and for each sentence the spans of its tokens."""
    spans: list[list[Span]] = []
    start = 0
    for sentence in sentences:
        spans.append([])
        for token in sentence:
            spans[-1].append((start, start + len(token)))
            start += len(token) + 1
    return " ".join(token for sentence in sentences for token in sentence), spans


def _mentions(vertices: Sequence[Any], text: str, spans: list[list[Span]]) -> tuple[Mention, ...]:
    """Return the mentions, entity by entity; a span that two entities of a type have is a mention of both."""
    identifiers_of: dict[Mention, list[str]] = {}
    for index, vertex in enumerate(vertices):
        entity_type = Counter(source["type"] for source in vertex).most_common(1)[0][0]
        for source in vertex:
            start, end = _span(source, spans)
            mention = Mention(start, end, text[start:end], entity_type)
            identifiers_of.setdefault(mention, []).append(f"E{index}")
    return tuple(replace(each, identifiers=tuple(dict.fromkeys(found))) for each, found in identifiers_of.items())


def _span(source: Mapping[str, Any], spans: list[list[Span]]) -> Span:
    sentence, (first, end) = source["sent_id"], source["pos"]
    if sentence < 0 or not 0 <= first < end:
        raise ParseError(f"mention {source['name']!r}: sentence {sentence} and tokens {source['pos']} are no span")
    return spans[sentence][first][0], spans[sentence][end - 1][1]


def _relation(label: Mapping[str, Any], entities: range) -> Relation:
    for key in ("h", "t"):
        if label[key] not in entities:
            raise ParseError(
                f"relation {label['r']}: {key!r} is {label[key]!r}, but there are {len(entities)} entities"
            )
    head, tail = f"E{label['h']}", f"E{label['t']}"
    return Relation(label["r"], head, tail, subject_id=head)


RE_DOCRED = Corpus(
    name="redocred",
    title="Re-DocRED",
    read=read_redocred,
    entity_types={entity_type: entity_type for entity_type in ENTITY_TYPES},
    relation_rules={name: RelationRule(name, HEAD) for name in PROPERTIES},
    merges_pairs=False,
    ids_are_pmids=False,
    licence="MIT",
    address="https://github.com/tonytan48/Re-DocRED",
    note="General domain, no biomedical types: train with entity_types, pair_types and relation_labels of its own, "
    "without novelty. Write .jsonl: PubTator holds one subject for a pair.",
)
