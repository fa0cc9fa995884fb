"""How the pair of two named entities was decided."""

from collections.abc import Collection, Mapping, Sequence
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
    ones, others = (_meant(found["entities"], *each) for each in (("subject", first), ("object", second)))
    pairs = (each for each in found["relations"] if _is_of(each, ones, others))
    # An unrelated pair has the score of "None", and a name can mean several entities.
    pair = max(pairs, key=lambda each: (each["relation"] != UNRELATED, each["score"]), default=None)
    if pair is None:
        reasons = "their types cannot be, they are one, or one has no identifier"
        summary = f"The model does not relate {first} and {second}: {reasons}."
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


def _is_of(relation: Mapping[str, Any], ones: Collection[str], others: Collection[str]) -> bool:
    one, other = relation["subject"]["id"], relation["object"]["id"]
    return (one in ones and other in others) or (one in others and other in ones)


def _meant(mentions: Sequence[Mapping[str, Any]], argument: str, value: str) -> set[str]:
    """Return the identifiers that the value of an argument means: one of them, or all of the mentions with this name.

    So an entity may be named by each of its mentions; a relation has the name of the first.
    """
    is_named, wanted = False, value.casefold()
    meant: set[str] = set()
    for mention in mentions:
        has_name = mention["text"].casefold() == wanted
        found = [each for each in mention["id"] if has_name or each.casefold() == wanted]
        is_named = is_named or has_name or bool(found)
        meant.update(found)
    if not is_named:
        raise SettingError(f"{argument}: the text has no entity {value!r}; {_choices(mentions)}")
    return meant


def _choices(mentions: Sequence[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(mention["text"] for mention in mentions))
    if not names:
        return "none was found in it, so mark them in entities"
    more = f" and {len(names) - NAMED_ENTITIES} more" if len(names) > NAMED_ENTITIES else ""
    return f"take one of {', '.join(names[:NAMED_ENTITIES])}{more}, or mark it in entities"
