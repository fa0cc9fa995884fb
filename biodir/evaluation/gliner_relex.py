"""Results of GLiNER-relex, as `predict_relations` of gliner 0.2.29 returns them, to relations between spans.

A relation is ``{"head": end, "tail": end, "relation": label, "score": number}``, an end ``{"start", "end", "text",
"type", "entity_idx"}`` with characters of the text that was given.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from biodir.document_parts_biodir import is_integer
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.linking import SpanEnd, SpanRelation, score_of

ENDS = ("head", "tail")


def is_relex(value: Any) -> bool:
    """Return whether a JSON value is the result of a document with relations that have a head and a tail.

    >>> is_relex({"id": "7", "relations": [{"head": {"text": "iron"}, "tail": {"text": "it"}, "relation": "binds"}]})
    True
    """
    relations = value.get("relations") if isinstance(value, Mapping) else None
    return isinstance(relations, list) and any(
        isinstance(each, Mapping) and all(isinstance(each.get(end), Mapping) for end in ENDS) for each in relations
    )


def relex_relations(value: Mapping[str, Any], place: str) -> Iterator[Callable[[], SpanRelation]]:
    """Yield for each relation of a result a call that returns it; the head is the subject.

    The call raises an AnnotationError if an end or a score is missing or of another kind.
    """
    relations = value.get("relations") or []
    if not isinstance(relations, list):
        raise AnnotationError(f"{place}: the relations are {repr(relations)[:40]}, not a list")
    for index, relation in enumerate(relations):
        yield partial(_relation, relation, f"{place}, relations[{index}]")


def _relation(relation: Any, place: str) -> SpanRelation:
    if not isinstance(relation, Mapping):
        raise AnnotationError(f"{place}: is {repr(relation)[:40]}, not a mapping with head, tail and relation")
    head, tail = (_end(relation.get(end), f"{place}, {end}") for end in ENDS)
    kind = str(relation.get("relation") or "")
    return SpanRelation(kind, head, tail, True, score_of(relation.get("score"), place), place)


def _end(value: Any, place: str) -> SpanEnd:
    if not isinstance(value, Mapping) or not isinstance(value.get("text"), str):
        raise AnnotationError(f"{place}: is {repr(value)[:60]}, not a mapping with text, start and end")
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return SpanEnd(value["text"])
    if not (is_integer(start) and is_integer(end)):
        raise AnnotationError(f"{place}: start {start!r} and end {end!r} are not whole numbers of characters")
    return SpanEnd(value["text"], start, end)
