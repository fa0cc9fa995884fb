"""Relations of BioC, which name identifiers or annotations, to Relations."""

import ast
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, product
from typing import Any

from .document_parts_biodir import Mention, Relation, check_score, distinct_relations
from .errors_biodir import AnnotationError, ErrorPolicy

RELATION_TYPE_KEYS = ("type", "relation")
NOVELTY_KEYS = ("novel", "novelty")
# Pairs of infons that hold the two identifiers of a relation.
ARGUMENT_KEYS = (("entity1", "entity2"), ("role1", "role2"), ("chemical", "disease"))
# The scores of type, novelty and direction; PubTator 3 has the first, biodir writes all.
SCORE_KEYS = ("score", "novelty_score", "direction_score")
# Roles of the two nodes of a directed relation: first that of the subject, then that of the object.
SUBJECT_ROLES = (("head", "tail"), ("subject", "object"))


def _all_relations(bioc_document: Any) -> Iterator[Any]:
    yield from bioc_document.relations
    for passage in bioc_document.passages:
        yield from passage.relations
        for sentence in passage.sentences:
            yield from sentence.relations


def relation_attempts(
    bioc_document: Any,
    by_id: Mapping[str, frozenset[Mention]],
    arguments: Callable[[Any, str], str],
    place: str,
    policy: ErrorPolicy,
) -> Iterator[Callable[[], list[Relation]]]:
    """Yield for each relation of BioC a call that returns its relations."""
    for index, source in enumerate(_all_relations(bioc_document)):
        at = f"{place}, relation {source.id or index}"
        yield partial(_relations, source, by_id, arguments, at, policy)


def _relations(
    source: Any,
    by_id: Mapping[str, frozenset[Mention]],
    arguments: Callable[[Any, str], str],
    place: str,
    policy: ErrorPolicy,
) -> list[Relation]:
    """Return the relations of a BioC relation: one, or one for each pair of identifiers."""
    relation_type = infon(source.infons, RELATION_TYPE_KEYS)
    if not isinstance(relation_type, str) or not relation_type.strip():
        raise AnnotationError(f"{place}: the type is {relation_type!r}; name it in the infon 'type'")
    novelty = infon(source.infons, NOVELTY_KEYS)
    if novelty is not None and not isinstance(novelty, str):
        raise AnnotationError(f"{place}: the novelty is {novelty!r}, not a string")
    scores = (_score(source.infons, key, place) for key in SCORE_KEYS)
    template = Relation(relation_type, "", "", novelty, None, *scores)
    for keys in ARGUMENT_KEYS:
        values = [infon(source.infons, (key,)) for key in keys]
        if None not in values:
            entity1_id, entity2_id = (arguments(value, place) for value in values)
            subject_id = _subject(source.nodes, entity1_id, entity2_id)
            named = infon(source.infons, ("subject",))  # where no node names it: BioREDirect, entities without mention
            if isinstance(named, str) and subject_id is None:
                named = arguments(named, place)
                subject_id = named if named in (entity1_id, entity2_id) else None
            return [replace(template, entity1_id=entity1_id, entity2_id=entity2_id, subject_id=subject_id)]
    return _relations_of_nodes(template, source.nodes, by_id, place, policy)


def _relations_of_nodes(
    template: Relation, nodes: Sequence[Any], by_id: Mapping[str, frozenset[Mention]], place: str, policy: ErrorPolicy
) -> list[Relation]:
    if len(nodes) < 2:
        raise AnnotationError(
            f"{place}: has {len(nodes)} nodes and none of the infon pairs "
            f"{', '.join('/'.join(keys) for keys in ARGUMENT_KEYS)}; a relation joins two entities"
        )
    if len(nodes) > 2 and not policy.split_relations:
        raise AnnotationError(
            f"{place}: has {len(nodes)} nodes, and a relation joins two entities; read it with split_relations "
            "(--split-relations), which makes one of each pair",
            "relation of three and more entities",
        )
    pairs = combinations(nodes, 2)
    found = [relation for pair in pairs for relation in _relations_of_pair(template, pair, by_id, place)]
    return found if len(nodes) == 2 else distinct_relations(found, policy)


def _relations_of_pair(
    template: Relation, nodes: Sequence[Any], by_id: Mapping[str, frozenset[Mention]], place: str
) -> Iterator[Relation]:
    ids_of_nodes = [_node_identifiers(node, by_id, place) for node in nodes]
    for entity1_id, entity2_id in product(*ids_of_nodes):
        subject_id = _subject(nodes, entity1_id, entity2_id)
        yield replace(template, entity1_id=entity1_id, entity2_id=entity2_id, subject_id=subject_id)


def _subject(nodes: Sequence[Any], entity1_id: str, entity2_id: str) -> str | None:
    """Return the identifier of the subject if the roles of two nodes, in the order of the identifiers, name it."""
    roles = tuple(str(node.role).casefold() for node in nodes)
    if roles in SUBJECT_ROLES:
        return entity1_id
    return entity2_id if roles[::-1] in SUBJECT_ROLES else None


def _node_identifiers(node: Any, by_id: Mapping[str, frozenset[Mention]], place: str) -> tuple[str, ...]:
    found = by_id.get(node.refid, frozenset())
    if len(found) != 1:
        problem = "no annotation has this id" if not found else "several annotations that differ have this id"
        raise AnnotationError(f"{place}: names annotation {node.refid!r}, but {problem}")
    (mention,) = found
    if not mention.identifiers:
        raise AnnotationError(
            f"{place}: names annotation {node.refid!r} ({mention.text!r}), which is linked to no identifier; "
            "give it one, or leave its identifier out"
        )
    return mention.identifiers


def argument_reader(mentions: Sequence[Mention]) -> Callable[[Any, str], str]:
    """Return the function from an infon of a relation, and its place, to the identifier in it."""
    entity_types = {mention.entity_type for mention in mentions}
    return lambda value, place: _argument(value, entity_types, place)


def _argument(value: Any, entity_types: Collection[str], place: str) -> str:
    """Return the identifier in an infon of a relation: itself, or in PubTator 3's mapping or ``type|identifier``.

    The library `bioc` writes the mapping into XML as the text of a Python dict.
    """
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise AnnotationError(f"{place}: argument {value[:60]!r} is not an identifier") from error
    if isinstance(value, Mapping):
        value = value.get("identifier")
    if not isinstance(value, (str, int)) or isinstance(value, bool) or not str(value).strip():
        raise AnnotationError(f"{place}: argument {value!r} is not an identifier")
    kind, bar, identifier = str(value).partition("|")
    return identifier if bar and kind in entity_types else str(value)


def _score(infons: Mapping[str, Any], key: str, place: str) -> float | None:
    value = infons.get(key)
    if value is None:
        return None
    try:
        score = float(value)
    except (TypeError, ValueError) as error:
        raise AnnotationError(f"{place}: {key} {value!r} is not a number") from error
    check_score(score, f"{place}: {key}")
    return score


def infon(infons: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return the value of the first of these keys that the file has, in any case; an empty one only where all are."""
    values = {str(key).casefold(): value for key, value in infons.items()}
    given = [values[key] for key in keys if values.get(key) is not None]
    return next((value for value in given if value != ""), given[0] if given else None)
