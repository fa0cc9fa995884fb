"""How the pair of two named entities was decided."""

from collections.abc import Mapping, Sequence
from typing import Any

from biodir.errors_biodir import SettingError
from biodir.labels_biodir import UNRELATED

# Names of entities in a message.
NAMED_ENTITIES = 20


def explanation(found: Mapping[str, Any], first: str, second: str) -> dict[str, Any]:
    """Return the decision on a pair with a summary in words.

    Args:
        found: result of a document with `return_entities` and `return_all_scores`.
        first: name or identifier of an entity.
        second: that of the other.

    Raises:
        SettingError: one of these is no entity of the document.
    """
    for name, value in (("subject", first), ("object", second)):
        if not any(_is_named(mention, value) for mention in found["entities"]):
            raise SettingError(f"{name}: the text has no entity {value!r}; {_choices(found['entities'])}")
    pair = next((each for each in found["relations"] if _is_of(each, first, second)), None)
    if pair is None:
        summary = f"The model does not relate {first} and {second}: their types cannot be, or they are one."
        return {"related": False, "summary": summary}
    is_related = pair["relation"] != UNRELATED
    return {"related": is_related, **pair, "summary": _summary(pair, is_related)}


def _summary(pair: Mapping[str, Any], is_related: bool) -> str:
    subject, object_ = pair["subject"]["text"], pair["object"]["text"]
    evidence = " ".join(f'"{part["text"]}"' for part in pair["evidence"])
    of_relation = pair["scores"].get("relation", {})
    if not is_related:
        others = {label: score for label, score in of_relation.items() if label != UNRELATED}
        best = max(others, key=others.__getitem__, default=None)
        closest = f" The closest relation type is {best} with {others[best]:.2f}." if best is not None else ""
        return f"No relation between {subject} and {object_}.{closest} Read from: {evidence}"
    arrow = "->" if pair["directed"] else "--"
    novelty = f", {pair['novelty']}" if pair["novelty"] else ""
    statement = f"{subject} {arrow} {object_}: {pair['relation']}{novelty}, score {pair['score']:.2f}."
    return f"{statement} Read from: {evidence}"


def _is_of(relation: Mapping[str, Any], first: str, second: str) -> bool:
    one, other = relation["subject"], relation["object"]
    return (_is_named(one, first) and _is_named(other, second)) or (_is_named(one, second) and _is_named(other, first))


def _is_named(entity: Mapping[str, Any], value: str) -> bool:
    """Return whether a mention, or the entity of a relation, has the name or the identifier."""
    identifiers: Sequence[str] = entity["id"] if isinstance(entity["id"], list) else [entity["id"]]
    return value.casefold() in (each.casefold() for each in (entity["text"], *(str(each) for each in identifiers)))


def _choices(mentions: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(mention["text"] for mention in mentions))
    if not names:
        return "none was found in it, so mark them in entities"
    more = f" and {len(names) - NAMED_ENTITIES} more" if len(names) > NAMED_ENTITIES else ""
    return f"take one of {', '.join(names[:NAMED_ENTITIES])}{more}, or mark it in entities"
