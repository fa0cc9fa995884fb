"""Mentions without identifiers to entities: by their names, and by the abbreviations that the text defines."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar

from .document_abbreviations_biodir import Abbreviation, abbreviations
from .document_names_biodir import RULES, name_key
from .document_parts_biodir import TEXT_IDENTIFIER_PREFIX, Mention, is_unnamed, text_identifier
from .labels_biodir import CHEMICAL, GENE, SPECIES, known_type

# Types in which a name in parentheses directly after another one is the same entity. Of variants it often is the change
# of the protein after that of the DNA, which have identifiers of their own.
_APPOSED_TYPES = (GENE, CHEMICAL)
_MIN_APPOSED_CHARS = 3
_OPENING = re.compile(r"\s?[(\[]$")
# E. coli, Ae. aegypti, Staph. aureus; some journals leave out the point: E coli.
_SHORT_GENUS = re.compile(r"([A-Z][a-z]{0,4}\.\s?|[A-Z]\s)([a-z]{3,}.*)")
_LONG_GENUS = re.compile(r"([A-Z][a-z]+)\s([a-z]{3,}.*)")
# Abbreviations in the long form of an abbreviation are written out, too, but not deeper than this.
_MAX_DEPTH = 3


class _Annotated(Protocol):
    """What is needed of a `Document`, whose module imports this one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def text(self) -> str: ...

    @property
    def mentions(self) -> tuple[Mention, ...]: ...


AnnotatedT = TypeVar("AnnotatedT", bound=_Annotated)


def with_grouped_mentions(document: AnnotatedT) -> AnnotatedT:
    """Return the document in which each mention without identifiers has one, equal for all mentions of an entity.

    Mentions that have identifiers are not changed, and no other mention joins them. The identifier of a group is
    ``text:`` and its most frequent name; of several the longest.

    >>> from biodir import Document
    >>> text = "Tumor necrosis factor (TNF) rises. TNF binds."
    >>> spans = [(0, 21), (23, 26), (35, 38)]
    >>> mentions = tuple(Mention(start, end, text[start:end], "GeneOrGeneProduct") for start, end in spans)
    >>> [mention.identifiers for mention in with_grouped_mentions(Document("7", text, mentions)).mentions]
    [('text:tnf',), ('text:tnf',), ('text:tnf',)]
    """
    unnamed = [mention for mention in document.mentions if not mention.identifiers]
    identifiers = iter(identifiers_by_name(document.text, unnamed))
    mentions = [
        each if each.identifiers else replace(each, identifiers=(next(identifiers),)) for each in document.mentions
    ]
    return replace(document, mentions=tuple(mentions))


def with_missing_identifiers(text: str, mentions: Sequence[Mention], keep_source: bool = False) -> list[Mention]:
    """Return the mentions of a source, in which those whose identifier is missing have one by their names.

    Args:
        text: of the document.
        mentions: as they are read; `is_unnamed` finds those without.
        keep_source: whether mentions keep the empty column of their source, so that it is written the same.
    """
    identifiers = iter(identifiers_by_name(text, list(filter(is_unnamed, mentions))))
    found = []
    for mention in mentions:
        if is_unnamed(mention):
            source = mention.source_identifier if keep_source else None
            mention = replace(mention, identifiers=(next(identifiers),), source_identifier=source)
        found.append(mention)
    return found


def identifiers_by_name(text: str, mentions: Sequence[Mention], rules: Collection[str] = RULES) -> list[str]:
    """Return the identifier of each mention by its name: equal ones for mentions of one entity.

    Args:
        text: of the document.
        mentions: without identifiers, in any order.
        rules: names of `RULES`, by default all.
    """
    if not mentions:
        return []
    groups = groups_by_name(text, mentions, rules)
    forms: dict[tuple[str, str], Counter[str]] = {}
    for mention, group in zip(mentions, groups, strict=True):
        forms.setdefault(group, Counter())[text_identifier(mention.text)] += 1
    owners = Counter((kind, form) for (kind, _), found in forms.items() for form in found)
    name_of = {}
    for (kind, key), found in forms.items():
        own = [form for form in found if owners[kind, form] == 1]
        name = max(own or found, key=lambda form: (found[form], len(form), form))
        # A short form with two meanings in one text is the name of neither.
        name_of[kind, key] = name if own else text_identifier(f"{name.removeprefix(TEXT_IDENTIFIER_PREFIX)} ({key})")
    return [name_of[group] for group in groups]


def groups_by_name(text: str, mentions: Sequence[Mention], rules: Collection[str] = RULES) -> list[tuple[str, str]]:
    """Return the entity type of each mention and a key, which mentions of one entity share."""
    types = {name: known_type(name) or name for name in {mention.entity_type for mention in mentions}}
    kinds = [types[mention.entity_type] for mention in mentions]
    definitions = _definitions(text, mentions, rules)
    glossary = _Glossary(definitions, rules)
    names = _names_of(text, mentions, definitions if "inside" in rules else [])
    keys = [glossary.key(name, kind) for name, kind in zip(names, kinds, strict=True)]
    aliases = {kind: glossary.aliases(kind) for kind in types.values()}
    placed = list(zip(mentions, kinds, names, keys, strict=True))
    if "modifier" in rules:
        defined = {kind: set(found.targets) for kind, found in aliases.items()}
        for mention, kind, name, key in placed:
            written = glossary.written_out(name, mention.start_char)
            if written != name and key not in defined[kind]:
                aliases[kind].add(key, mention.start_char, glossary.key(written, kind))
    if "genus" in rules:
        for kind, short, long in _genera(kinds, names):
            if glossary.key(short, kind) not in aliases[kind].targets:
                aliases[kind].add(glossary.key(short, kind), 0, glossary.key(long, kind))
    if "apposition" in rules:
        named = {kind: set(found.targets) for kind, found in aliases.items()}
        for kind, first, second, place in _appositions(text, mentions, kinds, keys):
            if named[kind].isdisjoint((first, second)):
                aliases[kind].add(second, place, first)
    for found in aliases.values():
        found.sort()
    return [(kind, aliases[kind].resolved(key, mention.start_char)) for mention, kind, _, key in placed]


class _Aliases:
    """Keys of one type that stand for another one, each from the place on where the text says so."""

    def __init__(self) -> None:
        self.targets: dict[str, list[tuple[int, str]]] = {}

    def add(self, key: str, place: int, target: str) -> None:
        if key != target:
            self.targets.setdefault(key, []).append((place, target))

    def sort(self) -> None:
        for found in self.targets.values():
            found.sort()

    def resolved(self, key: str, place: int) -> str:
        """Return what a key at a place stands for at last; of a circle the first key in the order of the alphabet."""
        seen: set[str] = set()
        while key in self.targets and key not in seen:
            seen.add(key)
            found = self.targets[key]
            # The nearest definition before the place, or else the first one.
            place, key = found[max(0, bisect_right(found, place, key=lambda each: each[0]) - 1)]
        return min(seen) if key in seen else key


class _Glossary:
    """The abbreviations of a text, which it writes out, and the keys of names."""

    def __init__(self, definitions: Sequence[Abbreviation], rules: Collection[str]) -> None:
        self._definitions, self._rules = definitions, rules
        self._keys: dict[tuple[str, str], str] = {}
        self._long_forms: dict[str, list[tuple[int, str]]] = {}
        for each in definitions:
            self._long_forms.setdefault(each.short, []).append((each.short_span[0], each.long))
        for short in [each for each in self._long_forms if re.search("[A-Z0-9]s$", each)]:
            self._long_forms.setdefault(short[:-1], self._long_forms[short])
        shorts = "|".join(map(re.escape, sorted(self._long_forms, key=lambda short: (-len(short), short))))
        self._short = re.compile(rf"(?<![^\W_])({shorts})s?(?![^\W_])") if shorts else None

    def key(self, name: str, kind: str) -> str:
        found = self._keys.get((name, kind))
        if found is None:
            found = self._keys[name, kind] = name_key(name, kind, self._rules)
        return found

    def aliases(self, kind: str) -> _Aliases:
        """Return the keys of short forms, which stand for those of their long forms."""
        found = _Aliases()
        for each in self._definitions:
            long = each.long
            if "modifier" in self._rules:
                long = self.written_out(long, each.long_span[0], (each.short,))
            found.add(self.key(each.short, kind), each.short_span[0], self.key(long, kind))
        return found

    def written_out(self, name: str, place: int, inside: tuple[str, ...] = ()) -> str:
        """Return a name with long forms in place of its short forms.

        Args:
            name: as the text has it.
            place: where, in characters.
            inside: short forms in whose long form the name is.
        """
        if self._short is None or len(inside) >= _MAX_DEPTH:
            return name

        def long_form(found: re.Match[str]) -> str:
            short = found[1]
            if short in inside:
                return found[0]
            forms = self._long_forms[short]
            start, long = forms[max(0, bisect_right(forms, place, key=lambda each: each[0]) - 1)]
            return self.written_out(long, start, (*inside, short))

        return self._short.sub(long_form, name)


def _definitions(text: str, mentions: Sequence[Mention], rules: Collection[str]) -> list[Abbreviation]:
    """Return the abbreviations, with the mention that ends with a long form as the long form."""
    found = abbreviations(text) if "abbreviation" in rules else []
    forward = {each.short for each in found if each.long_span < each.short_span}
    # A word in front of a parenthesis is a short form only where no parenthesis holds it.
    found = [each for each in found if each.long_span < each.short_span or each.short not in forward]
    if "long-mention" not in rules:
        return found
    start_of: dict[int, int] = {}
    for mention in mentions:
        start_of[mention.end_char] = min(mention.start_char, start_of.get(mention.end_char, mention.start_char))
    return [_lengthened(each, text, start_of.get(each.long_span[1])) for each in found]


def _lengthened(definition: Abbreviation, text: str, start: int | None) -> Abbreviation:
    long_start, end = definition.long_span
    short_end = definition.short_span[1]
    if start is None or start >= long_start or start < short_end <= end:
        return definition
    return replace(definition, long=text[start:end], long_span=(start, end))


def _names_of(text: str, mentions: Sequence[Mention], definitions: Sequence[Abbreviation]) -> list[str]:
    """Return the texts of the mentions, without the parenthesis in one that holds both forms of an abbreviation."""
    pairs = sorted(sorted((each.short_span, each.long_span)) for each in definitions)
    starts = [first[0] for first, _ in pairs]
    names = []
    for mention in mentions:
        name = mention.text
        for _, (start, end) in pairs[bisect_left(starts, mention.start_char) : bisect_left(starts, mention.end_char)]:
            if end <= mention.end_char:
                parenthesis = rf"\s?[(\[]\s?{re.escape(text[start:end])}\s?(?:[)\]]|\Z)"
                name = re.sub(parenthesis, "", name, count=1)
        names.append(name)
    return names


def _appositions(
    text: str, mentions: Sequence[Mention], kinds: Sequence[str], keys: Sequence[str]
) -> Iterator[tuple[str, str, str, int]]:
    """Yield type, key of a mention, key of the one in parentheses directly after it, and place of this one.

    A name with two others in parentheses is a class, as in "cytokines (IL-6) and cytokines (TNF)", and is left out.
    """
    ending: dict[tuple[int, str], set[str]] = {}
    for mention, kind, key in zip(mentions, kinds, keys, strict=True):
        if kind in _APPOSED_TYPES:
            ending.setdefault((mention.end_char, kind), set()).add(key)
    places: dict[tuple[str, str, str], list[int]] = {}
    for mention, kind, key in zip(mentions, kinds, keys, strict=True):
        start, end = mention.start_char, mention.end_char
        opening = _OPENING.search(text, max(0, start - 2), start)
        if opening is None or text[end : end + 1] not in (")", "]") or end - start < _MIN_APPOSED_CHARS:
            continue
        for first in ending.get((opening.start(), kind), ()):
            if first != key:
                places.setdefault((kind, first, key), []).append(start)
    firsts = Counter((kind, first) for kind, first, _ in places)
    seconds = Counter((kind, second) for kind, _, second in places)
    for (kind, first, second), found in sorted(places.items()):
        if firsts[kind, first] == seconds[kind, second] == 1:
            yield from ((kind, first, second, place) for place in found)


def _genera(kinds: Iterable[str], names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield type, name with the first letters of the genus, and with the genus: E. coli, Escherichia coli."""
    pairs = {(kind, " ".join(name.split())) for kind, name in zip(kinds, names, strict=True)}  # lines may break names
    long_of: dict[tuple[str, str], set[str]] = {}
    for kind, name in pairs:
        found = _LONG_GENUS.fullmatch(name)
        if found:
            long_of.setdefault((kind, found[2]), set()).add(name)
    for kind, name in pairs:
        found = _SHORT_GENUS.fullmatch(name)
        if found is None or ("." not in found[1] and kind != SPECIES):  # T cell lymphoma
            continue
        letters = found[1].rstrip(". ")
        long = [each for each in long_of.get((kind, found[2]), ()) if each.startswith(letters)]
        if len(long) == 1:
            yield kind, name, long[0]
