"""Names of the training documents for the slots of `contrast_sentences.py`, some with their abbreviation."""

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from contrast_patterns import LONG, Version

from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, VARIANT

TYPES = {"C": CHEMICAL, "D": DISEASE, "G": GENE, "V": VARIANT}
ATTEMPTS = 1000  # to find a name that fits beside the others
SHORT_ATTEMPTS = 40  # to find names with abbreviations for all slots that want one
# Names that would not fit most patterns: adjectives and plurals, variants in words.
_ADJECTIVE = re.compile(r"(ic|al|ed|ous|ive|ing|ated|ar)$")
_PLURAL = re.compile(r"[a-hj-rtv-z]s$")
_VARIANT = re.compile(
    r"rs\d+|[cgp]\.\S*\d\S*(?<![,.;:])|[A-Z][a-z]{0,2}\d+[A-Z][a-z]{0,2}|[-+]?\d+[ACGT](>|-->|/|->)[ACGT]"
)
_SHORT = re.compile(r"(?=.*[A-Z])[\w/-]{2,8}")
# slot -> name, identifier, and a short form where it has one
Names = Mapping[str, Sequence[str]]


def names_of(documents: Iterable[Document]) -> dict[str, list[tuple[str, str]]]:
    """Return letter of a type -> (name, identifier) of its entities, as each document has them first."""
    letters = {kind: letter for letter, kind in TYPES.items()}
    first: dict[tuple[str, str], str] = {}
    all_names = set()
    for document in documents:
        for mention in document.mentions:
            all_names.add(mention.text)
            if len(mention.identifiers) == 1 and mention.entity_type in letters:
                first.setdefault((document.id, mention.identifiers[0]), letters[mention.entity_type] + mention.text)
    found: dict[str, dict[tuple[str, str], None]] = {letter: {} for letter in TYPES}
    for (_, identifier), (letter, *characters) in first.items():
        name = "".join(characters)
        small = name[:1].lower() + name[1:]  # a sentence may begin with the first mention
        name = small if small in all_names else name
        if is_usable(name, letter):
            found[letter].setdefault((name, identifier))
    return {letter: list(names) for letter, names in found.items()}


def is_usable(name: str, letter: str) -> bool:
    """Return whether a name fits most patterns.

    >>> [is_usable("Val158Met", "V"), is_usable("C to T", "V"), is_usable("cirrhotic", "D"), is_usable("statins", "C")]
    [True, False, False, False]
    """
    if len(name) < 2 or "\n" in name:
        return False
    if letter == "V":
        return _VARIANT.fullmatch(name) is not None
    return not _ADJECTIVE.search(name) and not (letter in "CG" and _PLURAL.search(name))


def abbreviations_of(documents: Iterable[Document]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return (letter, identifier) -> (long name, short one), of names that a document has as `long (short)`."""
    letters = {kind: letter for letter, kind in TYPES.items()}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    documents = list(documents)
    small = {word for document in documents for word in re.findall(r"\b[a-z]+\b", document.text)}
    for document in documents:
        for letter, identifier, long, short in _in_parentheses(document, letters):
            first = re.match(r"[A-Z][a-z]{2,}\b", long)
            is_common = first is not None and first[0].lower() in small and letter != "D"  # not Down syndrome
            if is_common:  # a title may write all words with a capital
                long = long[0].lower() + long[1:]
            if is_usable(long, letter) and len(long) > len(short) + 3:
                found.setdefault((letter, identifier), (long, short))
    return found


def _in_parentheses(document: Document, letters: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    ends = {mention.end_char: mention for mention in document.mentions}
    for mention in document.mentions:
        before = ends.get(mention.start_char - 2)
        if before is None or before.identifiers != mention.identifiers or before.entity_type != mention.entity_type:
            continue
        is_enclosed = document.text[before.end_char : mention.start_char] == " ("
        is_enclosed = is_enclosed and document.text[mention.end_char :][:1] == ")"
        letter = letters.get(mention.entity_type)
        if letter and is_enclosed and len(mention.identifiers) == 1 and _SHORT.fullmatch(mention.text):
            yield letter, mention.identifiers[0], before.text, mention.text


def chosen_names(slots: Iterable[str], names: Mapping[str, Sequence[tuple[str, str]]], rng: random.Random) -> Names:
    """Return a name for each slot; none has another's identifier or is a part of another.

    Raises:
        SettingError: there are too few names.
    """
    found: dict[str, tuple[str, str]] = {}
    for slot in slots:
        for _ in range(ATTEMPTS):
            name, identifier = rng.choice(names[slot[0]] or [("", "")])
            others = [other for other, _ in found.values()]
            if name and not is_part(name, others) and all(identifier != other for _, other in found.values()):
                found[slot] = name, identifier
                break
        else:
            raise SettingError(f"--train: too few names of the type {TYPES[slot[0]]}; name more documents")
    return found


def is_part(name: str, others: Iterable[str]) -> bool:
    """Return whether the name is a part of another, or another of it.

    >>> is_part("IL-1", ["p53", "IL-1 receptor"])
    True
    """
    name = name.casefold()
    return any(name in other.casefold() or other.casefold() in name for other in others)


def with_short_forms(
    names: Names, abbreviations: Mapping[tuple[str, str], tuple[str, str]]
) -> dict[str, tuple[str, str, str]]:
    """Return slot -> (name, identifier, short form), the short form of a name without abbreviation being empty."""
    found: dict[str, tuple[str, str, str]] = {}
    for slot, (name, identifier, *_) in names.items():
        long, short = abbreviations.get((slot[0], identifier), (name, ""))
        others = [other for key, (other, *_) in names.items() if key != slot]
        others += [part for key, (other, _, brief) in found.items() if key != slot for part in (other, brief) if part]
        if is_part(long, others) or (short and is_part(short, others)):
            long, short = name, ""
        found[slot] = long, identifier, short
    return found


def named(
    version: Version,
    names: Mapping[str, Sequence[tuple[str, str]]],
    abbreviations: Mapping[tuple[str, str], tuple[str, str]],
    rng: random.Random,
) -> tuple[Version, Names]:
    """Return the version and names with short forms; slots of `version.short` that get none are simple slots then."""
    for _ in range(SHORT_ATTEMPTS if version.short else 1):
        found = with_short_forms(chosen_names(version.slots, names, rng), abbreviations)
        if all(found[slot][2] for slot in version.short):
            return version, found
    text = version.text
    for slot in version.short:  # all are simple slots
        text = text.replace(f"{{{slot}{LONG}}} ({{{slot}}})", f"{{{slot}}}").replace(f"{{{slot}{LONG}}}", f"{{{slot}}}")
    return replace(version, text=text, short=()), found
