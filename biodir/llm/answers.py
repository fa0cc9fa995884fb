"""Answers of a language model, checked: what they state, and what in them is wrong. Nothing is guessed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from biodir.labels_biodir import RELATION_LABELS, UNRELATED
from biodir.llm.questions import NOVELTIES, RELATION, RELATIONS, Question, Statement
from biodir.optional import optional_library

# The end of the thoughts that some models write before an answer.
_THOUGHTS_END = "</think>"
# Longer answers are no answers; what is in them is not searched.
MOST_CHARS = 1_000_000
# Faults that a second question names; each with so many characters.
MOST_FAULTS, FAULT_CHARS = 10, 200
# Key of a relation -> what is wrong if its value is.
_UNKNOWN = {
    "subject": "unknown entity",
    "object": "unknown entity",
    "relation": "unknown relation type",
    "novelty": "unknown novelty",
    "directed": "unknown direction",
}
MALFORMED = "malformed relation"
TO_ITSELF = "entity related to itself"
NO_CANDIDATE = "pair whose types are not related in BioRED, or that was filtered"
CONTRADICTION = "two different relations of one pair"


@dataclass(frozen=True)
class Checked:
    """What an answer states, after the check.

    Args:
        statements: that are right in form.
        wrong: the reason for each relation that is not, and is left out.
        faults: all that is wrong, in words for a second question.
        is_usable: whether it has the form of an answer, if perhaps with wrong relations in it.
        has_other_text: whether there was text around the JSON object.
        details: for each of `wrong` the place in the answer, and what is there.

    >>> Checked((), (), ("no JSON",), is_usable=False).is_right
    False
    """

    statements: Sequence[Statement]
    wrong: Sequence[str] = ()
    faults: Sequence[str] = ()
    is_usable: bool = True
    has_other_text: bool = False
    details: Sequence[str] = ()

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def checked(text: str, question: Question) -> Checked:
    """Return what an answer states.

    Labels and keys are known in upper and lower case and with spaces for `_`; all else must be as the schema says, but
    further keys do no harm.
    """
    found, has_other_text = json_object(text, question.wanted_key)
    if found is None:
        fault = f"it has not exactly one JSON object with the key {question.wanted_key!r}"
        return Checked((), (), (fault,), is_usable=False, has_other_text=has_other_text)
    found = _spelled(found, question)
    jsonschema = optional_library("jsonschema", "llm", "biodir llm")
    validator = jsonschema.Draft202012Validator(_lenient(question.schema()))
    errors = sorted(validator.iter_errors(found), key=lambda error: [str(part) for part in error.absolute_path])
    faults = [f"{error.json_path.removeprefix('$.')}: {error.message[:FAULT_CHARS]}" for error in errors]
    is_listed = question.unit == "document"
    if any(not is_listed or len(error.absolute_path) < 2 for error in errors):
        return Checked((), (), faults[:MOST_FAULTS], is_usable=False, has_other_text=has_other_text)
    if not is_listed:
        return _of_pair(found, question, has_other_text)
    reasons = {error.absolute_path[1]: _reason(error.absolute_path) for error in reversed(errors)}
    named = {error.absolute_path[1]: fault for error, fault in zip(reversed(errors), reversed(faults), strict=True)}
    entries = {number: each for number, each in enumerate(found[RELATIONS]) if number not in reasons}
    statements, further = _of_document(entries, question)
    faults += [f"{RELATIONS}[{number}]: {reason}" for number, reason in further.items()]
    wrong = (*reasons.values(), *further.values())
    details = [*named.values(), *(_shown(number, entries[number]) for number in further)]
    return Checked(statements, wrong, faults[:MOST_FAULTS], has_other_text=has_other_text, details=details)


def json_object(text: str, key: str) -> tuple[dict[str, Any] | None, bool]:
    """Return the JSON object of an answer, and whether there is text around it, or around several.

    Args:
        text: the answer, perhaps with thoughts, a fence or sentences around the object.
        key: that the object has.

    Returns:
        None for the object if there is none, or several that differ.

    >>> json_object('Here it is: {"relations": []}', "relations")
    ({'relations': []}, True)
    """
    text = text.strip()
    has_other_text = not text.startswith("{")
    found: list[dict[str, Any]] = []
    last = 0
    for start, end, value in _objects(text[:MOST_CHARS].rpartition(_THOUGHTS_END)[2]):
        has_other_text |= start > last
        last = end
        if key in value and value not in found:
            found.append(value)
    has_other_text |= not text.endswith("}")
    return (found[0] if len(found) == 1 else None), has_other_text and bool(found)


def _objects(text: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield the outermost JSON objects in a text, each with its span."""
    decoder, place = json.JSONDecoder(), text.find("{")
    while place >= 0:
        end = place + 1
        try:
            value, end = decoder.raw_decode(text, place)
            yield place, end, value
        except (ValueError, RecursionError):
            pass
        place = text.find("{", end)


def _lenient(schema: Any) -> Any:
    """Return the schema that allows further keys and does not need the reasons."""
    if isinstance(schema, Mapping):
        kept = {key: _lenient(value) for key, value in schema.items() if key != "additionalProperties"}
        if "reasoning" in kept.get("required", ()):
            kept["required"] = [each for each in kept["required"] if each != "reasoning"]
            kept["properties"] = {key: value for key, value in kept["properties"].items() if key != "reasoning"}
        return kept
    return [_lenient(each) for each in schema] if isinstance(schema, list) else schema


def _spelled(answer: Mapping[str, Any], question: Question) -> dict[str, Any]:
    """Return the answer with names in the spelling of the labels and keys."""
    known = {_plain(name): name for name in (*RELATION_LABELS, *question.entities)}
    novelties = {_plain(name): name for name in NOVELTIES} | {_plain(label): n for n, label in NOVELTIES.items()}

    def spelled(entry: Any) -> Any:
        if not isinstance(entry, Mapping):
            return entry
        names = {"novelty": novelties}
        return {
            key: names.get(key, known).get(_plain(value), value)
            if key in _UNKNOWN and isinstance(value, str)
            else value
            for key, value in entry.items()
        }

    if question.unit == "document":
        listed = answer[RELATIONS]
        return {**answer, RELATIONS: [spelled(each) for each in listed] if isinstance(listed, list) else listed}
    found = spelled(answer)
    # What JSON calls null and the label of unrelated pairs, models write for each other.
    found[RELATION] = UNRELATED if found[RELATION] is None else found[RELATION]
    for key in ("subject", "novelty"):
        value = found.setdefault(key, None) if found[RELATION] == UNRELATED else found.get(key, "")
        is_none = isinstance(value, str) and _plain(value) in ("none", "null")
        found[key] = None if is_none or found[RELATION] == UNRELATED else value
    return found


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in "_- ")


def _shown(number: int, entry: Mapping[str, Any]) -> str:
    return f"{RELATIONS}[{number}]: {json.dumps(entry, ensure_ascii=False)[:FAULT_CHARS]}"


def _reason(path: Sequence[Any]) -> str:
    return _UNKNOWN.get(str(path[2]), MALFORMED) if len(path) > 2 else MALFORMED


def _of_pair(found: Mapping[str, Any], question: Question, has_other_text: bool) -> Checked:
    if found[RELATION] == UNRELATED:
        return Checked((), has_other_text=has_other_text)
    if found["novelty"] is None:
        fault = f"novelty: a relation has one of {', '.join(NOVELTIES)}"
        return Checked((), (), (fault,), is_usable=False, has_other_text=has_other_text)
    first, second = question.entities
    subject = found["subject"] or first
    other = second if subject == first else first
    directed = found["subject"] is not None
    statement = question.statement(subject, other, found[RELATION], found["novelty"], directed)
    return Checked((statement,), has_other_text=has_other_text)


def _of_document(
    entries: Mapping[int, Mapping[str, Any]], question: Question
) -> tuple[tuple[Statement, ...], dict[int, str]]:
    """Return the statements of relations that agree with the schema, and what is wrong with the others."""
    wrong: dict[int, str] = {}
    stated: dict[frozenset[str], dict[int, Statement]] = {}
    for number, entry in entries.items():
        subject, other = entry["subject"], entry["object"]
        pair = frozenset((subject, other))
        if pair not in question.pair_of:
            wrong[number] = TO_ITSELF if subject == other else NO_CANDIDATE
            continue
        parts = (entry["relation"], entry["novelty"], entry["directed"])
        stated.setdefault(pair, {})[number] = question.statement(subject, other, *parts)
    kept = []
    for of_pair in stated.values():
        if len(set(of_pair.values())) == 1:
            kept.append(next(iter(of_pair.values())))
        else:
            wrong |= dict.fromkeys(of_pair, CONTRADICTION)
    return tuple(kept), wrong
