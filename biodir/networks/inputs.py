"""Inputs of networks: files of documents with relations, and the JSON Lines that `biodir predict` writes."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

from biodir.document_json_biodir import document_from_json
from biodir.document_mappings_biodir import relation_from_dict
from biodir.document_offsets_biodir import character_index
from biodir.document_parts_biodir import check_score, is_integer, is_unlinked, whole_number
from biodir.document_results_biodir import SCORES
from biodir.document_shapes_biodir import TEXT_KEYS
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError
from biodir.formats.pubtator_names import biored_relation
from biodir.formats.results import id_of_result, is_result, read_with_results, relations_of_result
from biodir.labels_biodir import UNRELATED
from biodir.networks.statements import (
    DocumentStatements,
    Evidence,
    NodeKey,
    Statement,
    names_of,
    node_key,
    ordered_ends,
    statements_of,
)

# The note on results without entities.
ONE_NAME = "documents whose entities have one name each; `biodir predict --return-entities` writes all names"
# The note on results with `return_all_scores`.
UNRELATED_PAIRS = "pairs that a result calls unrelated, left out"
# The note on evidence whose offsets cannot be converted.
OTHER_OFFSETS = (
    "documents without text, whose evidence keeps offsets in {}; `biodir predict --return-entities` has texts"
)


def read_statements(path: str | os.PathLike[str], policy: ErrorPolicy = STRICT) -> Iterator[DocumentStatements]:
    """Yield what the documents of a file state; one at a time is in memory if the format allows it.

    A document of JSON without an id is named by its place with the folder, so that files of one name are several.

    Args:
        path: a file in a format of `read_documents`, or of results of `biodir predict`.
        policy: what becomes of a document, mention or relation with an error.

    Raises:
        BioDirError: as `read_documents`, or a relation has an entity without mention; with file and place.
    """

    def from_json(value: Any, default_id: str, policy: ErrorPolicy) -> DocumentStatements:
        return statements_from_json(value, os.path.join(os.path.dirname(path), default_id), policy)

    reading = replace(policy, prepare=partial(statements_of, policy=policy))
    yield from read_with_results(path, policy, _checked, from_json, reading)


def statements_from_json(value: Any, default_id: str = "document", policy: ErrorPolicy = STRICT) -> DocumentStatements:
    """Return what a JSON value states: a document with relations, or a result of `biodir predict`.

    A result without text, as `biodir predict` writes it by default, names an entity by its first mention only, and the
    offsets of its evidence stay what they are.

    Raises:
        BioDirError: the value is neither, or contradicts itself.

    >>> ends = {"subject": {"id": "1956", "type": "Gene", "text": "EGFR"},
    ...         "object": {"id": "D1", "type": "Disease", "text": "flu"}}
    >>> relation = {**ends, "relation": "Bind", "directed": True, "novelty": "Novel", "score": 0.4, "evidence": []}
    >>> statements_from_json({"id": "7", "relations": [relation]}).statements[0].subject
    ('NCBIGene:1956', 'GeneOrGeneProduct')
    """
    if not is_result(value):
        return statements_of(document_from_json(value, default_id, policy), policy)
    relations = relations_of_result(value)
    names: dict[NodeKey, Counter[str]] = {}
    name = id_of_result(value) or default_id
    index_of = _index_in(None, policy.offsets)
    if value.keys() & {*TEXT_KEYS}:
        document = document_from_json({**value, "relations": []}, default_id, policy)
        name, names = document.id, names_of(document, document.entities())
        index_of = _index_in(document.text, policy.offsets)
    elif relations:
        policy.note(ONE_NAME)
        policy.note(OTHER_OFFSETS.format(policy.offsets), policy.offsets != STRICT.offsets)
    related = [each for each in relations if not (isinstance(each, Mapping) and each.get("relation") == UNRELATED)]
    policy.note(UNRELATED_PAIRS, len(relations) - len(related))
    attempts = (partial(_stated, relation, name, index_of) for relation in related)
    statements = []
    for statement, ends in policy.parts("relation", attempts):
        statements.append(statement)
        for key, text in ends.items():
            names.setdefault(key, Counter({text: 1}))
    return DocumentStatements(name, names, tuple(statements))


def _index_in(text: str | None, unit: str) -> Callable[[int], int | None]:
    """Return the function from an offset to the index of a character, None outside the text.

    Where the text is not known, it returns the offset itself.
    """
    index = character_index(text or "", unit if text is not None else STRICT.offsets)

    def index_of(offset: int) -> int | None:
        found = index(offset) if offset >= 0 else None
        return None if found is None or (text is not None and found > len(text)) else found

    return index_of


def _checked(found: Any) -> DocumentStatements:
    """Return what the policy has prepared, which the readers call a document."""
    assert isinstance(found, DocumentStatements)
    return found


def _stated(
    relation: Mapping[str, Any], document_id: str, index_of: Callable[[int], int | None]
) -> tuple[Statement, dict[NodeKey, str]]:
    """Return the statement of a relation of a result, and the names of its two ends."""
    try:
        for key in SCORES:
            check_score(relation.get(key), f"document {document_id}: {key} of a relation {relation['relation']}")
        checked = relation_from_dict(relation, f"document {document_id}")
        ends = [relation["subject"], relation["object"]]
        identifiers = checked.entity1_id, checked.entity2_id  # whole numbers are strings there
        for name in filter(is_unlinked, identifiers):
            raise AnnotationError(
                f"document {document_id}: an id of a relation {checked.relation_type} is {name!r}, which means none; "
                "give the identifier of the entity, or leave the relation out",
                "incomplete relation",
            )
        keys = [node_key(name, end["type"], document_id) for name, end in zip(identifiers, ends, strict=True)]
        names = {key: " ".join(end["text"].split()) for key, end in zip(keys, ends, strict=True)}
        return _statement(relation, (keys[0], keys[1]), document_id, index_of), names
    except (AttributeError, KeyError, TypeError) as error:
        raise ParseError(
            f"document {document_id}: the relations are not those of `biodir predict` ({type(error).__name__}: "
            f"{error}); each has subject, object, relation, directed, novelty, evidence and scores",
            "relation that is no result",
        ) from error


def _statement(
    relation: Mapping[str, Any],
    ends: tuple[NodeKey, NodeKey],
    document_id: str,
    index_of: Callable[[int], int | None],
) -> Statement:
    parts = [relation.get(part) for part in ("relation_score", "direction_score")]
    given = [score for score in parts if score is not None]
    return Statement(
        *ordered_ends(*ends, relation["directed"]),
        biored_relation(relation["relation"]),
        relation["directed"],
        relation.get("novelty"),
        relation.get("score") if parts[0] is None else prod(given),
        tuple(_evidence(each, document_id, index_of) for each in relation["evidence"]),
    )


def _evidence(sentence: Mapping[str, Any], document_id: str, index_of: Callable[[int], int | None]) -> Evidence:
    text, section = sentence["text"], sentence.get("section") or ""
    offsets = [whole_number(sentence[key]) for key in ("start", "end")]
    if not all(map(is_integer, offsets)) or not isinstance(text, str) or not isinstance(section, str):
        raise TypeError(f"evidence is {repr(sentence)[:80]}")
    start, end = map(index_of, offsets)
    if start is None or end is None or start > end:
        raise AnnotationError(
            f"document {document_id}: evidence at [{sentence['start']}, {sentence['end']}) is inside a character or "
            "after the end of the text; check what the offsets count (--offsets)",
            "span outside the text",
        )
    return Evidence(document_id, start, end, text, section)
