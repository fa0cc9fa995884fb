"""Sentence patterns of `contrast_sentences.py`: texts with slots, and which of their entities are related."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

LETTERS = "ABZY"
TITLE_END = "title_end"  # a slot that only marks a place
LONG = "_long"  # the end of a slot for the long form of a name
SLOT = re.compile(r"\{(\w+)\}")
STARTS = re.compile(r"(^|[.?] |[A-Z]{3}: |\{title_end\} )$")  # of a sentence
CORRELATIONS = ("Positive_Correlation", "Negative_Correlation")
_ENTITY_SLOT = re.compile(r"[CDGV]\d")


@dataclass(frozen=True)
class Version:
    """A text with slots, and its relations: `C1 > G1 Bind`, or `C1 - G1 Bind` without a subject.

    >>> Version("{C1} binds {G1}.", ("C1 > G1 Bind",)).slots
    ['C1', 'G1']
    """

    text: str
    relations: tuple[str, ...] = ()
    short: tuple[str, ...] = field(default=(), repr=False)  # slots of names with an abbreviation: `{G1_long} ({G1})`

    @property
    def slots(self) -> list[str]:
        """The slots of entities, each once."""
        return list(dict.fromkeys(filter(_ENTITY_SLOT.fullmatch, SLOT.findall(self.text))))


# Filled with the same names and words; one, but for contrasts.
Pattern = tuple[Version, ...]


def patterns_of(group: Mapping[str, Any], unsigned: Sequence[str] = ()) -> list[list[Pattern]]:
    """Return the patterns of a group for each of its types, with slots of types.

    Args:
        unsigned: types between which abstracts have no correlations, see `without_signs`.
    """
    if "versions" in group:
        given = [[Version(text, tuple(relations)) for text, *relations in group["versions"]]]
    elif "abstracts" in group:
        given = [[without_signs(abstract_of(each), unsigned)] for each in group["abstracts"]]
    else:
        given = [[Version(text, tuple(group.get("relations", ())))] for text in group["texts"]]
    return [[tuple(typed(each, types) for each in pattern) for pattern in given] for types in group.get("for", [""])]


def abstract_of(given: Mapping[str, Any]) -> Version:
    """Return a complete abstract as one text.

    >>> abstract_of({"title": "On {G1}", "text": "{G1} is. <It was.>"}).text
    'On {G1}.{title_end} {G1} is. <It was.>'
    """
    title = given["title"] if given["title"].endswith((".", "?")) else f"{given['title']}."
    text = f"{title}{{{TITLE_END}}} {given['text']}"
    return Version(text, tuple(given.get("relations", ())), tuple(given.get("short", ())))


def typed(version: Version, types: str) -> Version:
    """Return the version with the slots A, B, Z and Y of these types.

    >>> typed(Version("{A} binds {B} {level_B}.", ("A > B Bind",)), "GG")
    Version(text='{G1} binds {G2} {level_G}.', relations=('G1 > G2 Bind',))
    """
    slots = {LETTERS[place]: f"{kind}{types[: place + 1].count(kind)}" for place, kind in enumerate(types)}
    slots |= {f"level_{LETTERS[place]}": f"level_{kind}" for place, kind in enumerate(types)}
    return renamed(version, slots)


def renamed(version: Version, slots: Mapping[str, str]) -> Version:
    """Return the version with other names of slots."""
    text = SLOT.sub(lambda found: f"{{{slots.get(found[1], found[1])}}}", version.text)
    relations = (" ".join(slots.get(part, part) for part in each.split()) for each in version.relations)
    return replace(version, text=text, relations=tuple(relations))


def joined(first: Version, second: Version) -> Version:
    """Return both versions as one, without shared entities.

    >>> joined(Version("{C1} is."), Version("{C1} binds {G1}.", ("C1 > G1 Bind",)))
    Version(text='{C1} is. {C5} binds {G5}.', relations=('C5 > G5 Bind',))
    """
    other = renamed(second, {slot: f"{slot[0]}{int(slot[1]) + len(LETTERS)}" for slot in second.slots})
    return Version(f"{first.text} {other.text}", first.relations + other.relations)


def without_signs(version: Version, pairs: Sequence[str]) -> Version:
    """Return the version with Association in place of correlations between these types, such as `GD`.

    >>> without_signs(Version("{G1} raises {D1}.", ("G1 > D1 Positive_Correlation",)), ["GD"]).relations
    ('G1 > D1 Association',)
    """
    relations = []
    for each in version.relations:
        head, arrow, tail, kind = each.split()
        is_named = head[0] + tail[0] in pairs or tail[0] + head[0] in pairs
        relations.append(f"{head} {arrow} {tail} {'Association' if is_named and kind in CORRELATIONS else kind}")
    return replace(version, relations=tuple(relations))


def recipe_of(paths: Sequence[Path]) -> dict[str, Any]:
    """Return the files as one: lists are joined, and so are mappings."""
    recipe: dict[str, Any] = {}
    for path in paths:
        for key, value in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if isinstance(value, dict):
                recipe[key] = recipe.get(key, {}) | value
            else:
                recipe[key] = recipe[key] + value if isinstance(value, list) and key in recipe else value
    return recipe


def patterns_by_kind(recipe: Mapping[str, Any]) -> dict[str, list[list[list[Pattern]]]]:
    """Return kind -> groups of patterns for each of their types; a group as often as its weight says.

    Abstracts have no correlations between the types that `without_signs` of the recipe names.
    """
    found: dict[str, list[list[list[Pattern]]]] = {}
    for group in recipe["groups"]:
        patterns = patterns_of(group, recipe.get("without_signs", ()))
        found.setdefault(group["kind"], []).extend([patterns] * group.get("weight", 1))
    return found
