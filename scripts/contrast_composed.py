"""Texts like abstracts from sentence patterns: a few entities come back, and some pairs of them are related.

A pair is related where one of the sentences relates it; no sentence contradicts another. Complete abstracts are chosen
with some of their optional sentences.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contrast_names import TYPES
from contrast_patterns import SLOT, STARTS, TITLE_END, Pattern, Version, renamed

OPTIONAL = re.compile(r"<([^<>]+)>( ?)")
OPTIONAL_SHARE = 0.5  # of the optional sentences
# How many entities of a type there may be; most texts have few types.
POOLS = {"C": (0, 1, 1, 2, 3), "D": (0, 1, 1, 2, 3), "G": (1, 1, 2, 3, 4), "V": (0, 0, 0, 1, 2)}
PATTERNS = (3, 7)  # of a text, beside its title and conclusion
TRIES = 200  # to find sentences that go together
DENYING = ("scope", "negated", "contrast")  # what such a sentence does not relate, no other may relate
INTRODUCED_SHARE = 0.4  # of the texts, which say first what was asked or measured
ASIDE_SHARE = 0.4  # of the sentences, with a neutral one before
MARKED_SHARE = 0.2  # of the sentences, with a word such as "Moreover"
HEADED_SHARE = 0.25  # of the texts, with headings, and always a conclusion
CONCLUDED_SHARE = 0.6  # of the texts
Patterns = Mapping[str, Sequence[Sequence[Sequence[Pattern]]]]


@dataclass(frozen=True)
class Facts:
    """What the sentences so far say of pairs of slots: the relation of each related pair, and pairs without.

    >>> facts = Facts().extended(Version("{C1} binds {G1}.", ("C1 > G1 Bind",)), denies=False)
    >>> facts.extended(Version("{C1} does not bind {G1}."), denies=True) is None
    True
    """

    related: Mapping[frozenset[str], str] = field(default_factory=dict)
    denied: frozenset[frozenset[str]] = frozenset()

    def extended(self, version: Version, denies: bool) -> "Facts | None":
        """Return the facts with those of another sentence; None where they contradict each other."""
        related = {}
        for relation in version.relations:
            head, arrow, tail, kind = relation.split()
            head, tail = sorted((head, tail)) if arrow == "-" else (head, tail)
            related[frozenset((head, tail))] = f"{head} {arrow} {tail} {kind}"
        pairs = {frozenset((one, two)) for one in version.slots for two in version.slots if one < two}
        denied = self.denied | (pairs - set(related) if denies else set())
        merged = dict(self.related) | related
        is_changed = any(merged[pair] != relation for pair, relation in self.related.items())
        return None if is_changed or denied & set(merged) else Facts(merged, frozenset(denied))


def placed(version: Version, pool: Sequence[str], rng: random.Random) -> Version | None:
    """Return the version with slots of the pool, each another; None where there are too few of a type."""
    slots: dict[str, str] = {}
    for letter in TYPES:
        wanted = [slot for slot in version.slots if slot[0] == letter]
        free = [slot for slot in pool if slot[0] == letter]
        if len(wanted) > len(free):
            return None
        slots |= dict(zip(wanted, rng.sample(free, len(wanted)), strict=True))
    return renamed(version, slots)


def worded(text: str, words: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    """Return the text with words in the slots of words, each chosen at random."""
    for name in dict.fromkeys(SLOT.findall(text)):
        while name in words and f"{{{name}}}" in text:
            before, _, after = text.partition(f"{{{name}}}")
            chosen = rng.choice(words[name])
            is_first = STARTS.search(before)
            text = before + (chosen[:1].upper() + chosen[1:] if is_first else chosen) + after
    return text


def abridged(version: Version, words: Mapping[str, Sequence[str]], rng: random.Random) -> Version:
    """Return an abstract with words, and without a part of its optional sentences `<...>`."""
    text = OPTIONAL.sub(lambda found: found[1] + found[2] if rng.random() < OPTIONAL_SHARE else "", version.text)
    return replace(version, text=worded(text.rstrip(), words, rng))


def composed(patterns: Patterns, recipe: Mapping[str, Any], rng: random.Random) -> Version:
    """Return a text of several patterns, with the place of its title's end and the relations of all its sentences."""
    sentences: list[Version] = []
    while len(sentences) < PATTERNS[0]:  # few entities allow few sentences
        pool = [f"{letter}{number + 1}" for letter, sizes in POOLS.items() for number in range(rng.choice(sizes))]
        facts, sentences = _body(patterns, recipe, pool, rng)
    used = list(dict.fromkeys(slot for sentence in sentences for slot in sentence.slots))
    facts, title = _fitting(patterns["title"], used, facts, rng)
    parts = [worded(sentence.text, recipe["words"], rng) for sentence in sentences]
    parts = [_marked(part, recipe, rng) if number else part for number, part in enumerate(parts)]
    is_headed, is_concluded = rng.random() < HEADED_SHARE, rng.random() < CONCLUDED_SHARE
    start = 2 if is_headed else 0
    neutral = rng.sample(recipe["neutral"] + recipe["methods"], len(parts))
    asides = ["" if number < start else _aside(each, recipe, used, rng) for number, each in enumerate(neutral)]
    parts = [part for pair in zip(asides, parts, strict=True) for part in pair if part]
    if is_headed or is_concluded:
        _, conclusion = _fitting(patterns["conclusion"], used, facts, rng, dict(facts.related))
        parts.append(worded(conclusion.text, recipe["words"], rng))
    if is_headed:
        parts = _headed(parts, recipe, rng)
    heading = worded(title.text, recipe["words"], rng)
    return Version(f"{heading}{{{TITLE_END}}} {' '.join(parts)}", tuple(facts.related.values()))


def _body(
    patterns: Patterns, recipe: Mapping[str, Any], pool: Sequence[str], rng: random.Random
) -> tuple[Facts, list[Version]]:
    kinds, shares = zip(*recipe["shares"].items(), strict=True)
    facts, sentences, seen = Facts(), [], set()
    wanted, is_introduced = rng.randint(*PATTERNS), rng.random() < INTRODUCED_SHARE
    for number in range(TRIES):
        if len(sentences) == wanted:
            break
        is_first = is_introduced and not sentences and number < TRIES / 4
        kind = "together" if is_first else rng.choices(kinds, shares)[0]
        given = rng.choice(rng.choice(rng.choice(rng.choice(patterns[kind]))))
        version = placed(given, pool, rng)
        more = facts.extended(version, kind in DENYING) if version and given not in seen else None
        if version and more:
            facts = more
            sentences.append(version)
            seen.add(given)
    return facts, sentences


def _fitting(
    groups: Sequence[Sequence[Sequence[Pattern]]],
    used: Sequence[str],
    facts: Facts,
    rng: random.Random,
    known: Mapping[frozenset[str], str] | None = None,
) -> tuple[Facts, Version]:
    """Return the facts and a version that agrees with them, or adds none to those that are known."""
    for _ in range(TRIES):
        version = placed(rng.choice(rng.choice(rng.choice(groups)))[0], used, rng)
        more = facts.extended(version, denies=False) if version else None
        if version and more and (known is None or dict(more.related) == known):
            return more, version
    return facts, Version("Further research is needed.")


def _aside(neutral: str, recipe: Mapping[str, Any], used: Sequence[str], rng: random.Random) -> str:
    if rng.random() >= ASIDE_SHARE:
        return ""
    listed = [f"{{{slot}}}" for slot in rng.sample(list(used), min(len(used), rng.randint(2, 4)))]
    return worded(neutral.replace("{all}", f"{', '.join(listed[:-1])} and {listed[-1]}"), recipe["words"], rng)


def _marked(text: str, recipe: Mapping[str, Any], rng: random.Random) -> str:
    if rng.random() >= MARKED_SHARE or text.startswith(tuple(recipe["words"]["found"])):
        return text
    small = text if text[1].isupper() else text[0].lower() + text[1:]
    return f"{rng.choice(recipe['markers'])} {small}"


def _headed(parts: Sequence[str], recipe: Mapping[str, Any], rng: random.Random) -> list[str]:
    background, method, result, conclusion = rng.choice(recipe["headings"])
    methods = [f"{method}: {worded(rng.choice(recipe['methods']), recipe['words'], rng)}"]
    last = f"{conclusion}: {parts[-1].removeprefix('In conclusion, ')}"
    return [f"{background}: {parts[0]}", *methods, f"{result}: {parts[1]}", *parts[2:-1], last]
