"""Relations of results, as `biodir predict` writes them, in the keys of a document's relations.

A result names the two entities with identifier, type and text; a document has these at its mentions.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .document_parts_biodir import PART_SCORES, Relation
from .errors_biodir import AnnotationError

# Digits of the scores of predicted relations in documents.
SCORE_DIGITS = 4
_ENDS = ("subject", "object")
# Keys of the scores of a result.
SCORES = ("score", *PART_SCORES)
# The note on results of which a document has no more than the first.
FURTHER = "results for two identifiers that an earlier result has (a concept with two entity types), left out"


def names_subject(relation: Any) -> bool:
    """Return whether the relation is one of a result, which describes its subject.

    >>> names_subject({"relation": "Bind", "subject": {"id": "7"}}), names_subject({"relation": "Bind", "subject": "7"})
    (True, False)
    """
    return isinstance(relation, Mapping) and isinstance(relation.get("subject"), Mapping)


def relation_of_result(relation: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return a relation of a result in the keys of a document's relation; evidence has no place there.

    Args:
        relation: ``{"subject": {"id", ...}, "object": {"id", ...}, "relation", "directed", "novelty", scores}``.
        place: for messages.

    Raises:
        AnnotationError: an end has no ``id``, or ``directed`` is missing or no truth value.

    >>> result = {"subject": {"id": "7"}, "object": {"id": "5"}, "relation": "Bind", "directed": True}
    >>> found = relation_of_result({**result, "relation_score": 0.98764}, "result 1")
    >>> found["entity1"], found["subject"], found["relation_score"]
    ('7', '7', 0.9876)
    """
    for key in _ENDS:
        end = relation.get(key)
        if not isinstance(end, Mapping) or "id" not in end:
            raise _unlike(place, f"{key!r} is {repr(end)[:60]}, not a mapping with an 'id'")
    if not isinstance(relation.get("directed"), bool):
        raise _unlike(place, f"'directed' is {repr(relation.get('directed'))[:60]}, neither true nor false")
    subject, object_ = (relation[key]["id"] for key in _ENDS)
    scores = {key: relation.get(key) for key in PART_SCORES}
    return {
        "relation": relation.get("relation"),
        "entity1": subject,
        "entity2": object_,
        "novelty": relation.get("novelty"),
        "subject": subject if relation["directed"] else None,
        **{key: round(score, SCORE_DIGITS) if isinstance(score, float) else score for key, score in scores.items()},
    }


def first_of_pairs(relations: Iterable[Relation]) -> tuple[Relation, ...]:
    """Return the first relation of each two identifiers: a concept with two entity types is in pairs of two types.

    Args:
        relations: the best first; PubTator holds one direction for a pair of identifiers.
    """
    first: dict[frozenset[str], Relation] = {}
    for relation in relations:
        first.setdefault(relation.pair, relation)
    return tuple(first.values())


def _unlike(place: str, problem: str) -> AnnotationError:
    return AnnotationError(
        f"{place}: {problem}; a relation of `biodir predict` has subject, object, relation, directed, novelty and "
        "scores, one of a document relation, entity1, entity2 and subject as an identifier",
        "relation that is no result",
    )
