"""JSON of other tools, GLiNER-relex and INDRA, to documents with relations between the entities of gold."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, ErrorPolicy, located
from biodir.evaluation.gliner_relex import is_relex, relex_relations
from biodir.evaluation.indra_statements import ONE_AGENT, document_ids, is_statement, statement_relations
from biodir.evaluation.linking import SpanRelation, linked_document
from biodir.formats.results import id_of_result

Attempt = tuple[str, Callable[[], Document]]
STATEMENTS_KEY = "statements"


def tool_attempts(
    values: Sequence[tuple[str, Any]], gold_of: Mapping[str, Document], policy: ErrorPolicy
) -> list[Attempt] | None:
    """Return place and reader of each document in the JSON of another tool; None if it is of none.

    Args:
        values: place and JSON value: of GLiNER-relex or of a list of ``statements`` one with an id for each document;
            or statements, whose evidence names the document.
        gold_of: id -> gold document.
        policy: whether a relation that contradicts gold's text is left out.
    """
    if any(is_statement(value) for _, value in values):
        return _of_statements(values, gold_of, policy)
    if any(is_relex(value) or _has_statements(value) for _, value in values):
        return [(place, partial(_of_result, place, value, gold_of, policy)) for place, value in values]
    return None


def _has_statements(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get(STATEMENTS_KEY), list)


def _of_result(place: str, value: Any, gold_of: Mapping[str, Document], policy: ErrorPolicy) -> Document:
    with located(place):
        gold = _gold(value, gold_of)
        if _has_statements(value):
            statements = enumerate(value[STATEMENTS_KEY])
            return _of_document(gold, [(f"statement {index}", each) for index, each in statements], policy)
        attempts = relex_relations(value, f"document {gold.id}")
        return linked_document(gold, policy.parts("relation", attempts), policy)


def _gold(value: Any, gold_of: Mapping[str, Document]) -> Document:
    """Return the gold document of a result; one without text if gold lacks it."""
    name = id_of_result(value)
    if name is None:
        raise AnnotationError("names no document; give each result the 'id' of its document", "result without id")
    return gold_of.get(name, Document(name, ""))


def _of_statements(
    values: Sequence[tuple[str, Any]], gold_of: Mapping[str, Document], policy: ErrorPolicy
) -> list[Attempt]:
    statements_of: dict[str, list[tuple[str, Any]]] = {}
    attempts: list[Attempt] = []
    for place, value in values:
        names = document_ids(value) if is_statement(value) else []
        if not names:
            attempts.append((place, partial(_raise_nameless, place)))
        for name in names:
            statements_of.setdefault(name, []).append((place, value))
    for name, statements in statements_of.items():
        gold = gold_of.get(name, Document(name, ""))
        attempts.append((statements[0][0], partial(_of_document, gold, statements, policy)))
    return attempts


def _raise_nameless(place: str) -> Document:
    raise AnnotationError(
        f"{place}: no statement of INDRA whose evidence names its document; give the evidence its 'pmid', or write "
        '{"id": ..., "statements": [...]} for each document',
        "statement without document",
    )


def _of_document(gold: Document, statements: Sequence[tuple[str, Any]], policy: ErrorPolicy) -> Document:
    attempts = (partial(_relations, statement, gold, place, policy) for place, statement in statements)
    relations = [relation for found in policy.parts("relation", attempts) for relation in found]
    return linked_document(gold, relations, policy)


def _relations(statement: Any, gold: Document, place: str, policy: ErrorPolicy) -> list[SpanRelation]:
    if not is_statement(statement):
        raise AnnotationError(f"{place}: {repr(statement)[:60]} is no statement of INDRA; it has a type and evidence")
    try:
        relations = list(statement_relations(statement, gold, place))
    except (AttributeError, KeyError, TypeError) as error:
        raise AnnotationError(
            f"{place}: is not as INDRA writes statements ({type(error).__name__}: {error})", "odd statement"
        ) from error
    policy.note(ONE_AGENT, not relations)
    return relations
