"""Write short texts that teach negation, mere co-occurrence, sign and direction, from sentence patterns with slots.

    python scripts/contrast_sentences.py --train bioredirect_train.pubtator --documents 3000 --output contrast.jsonl

The names in them are those of the training documents. `recipes/contrast_sentences.yaml` has and explains the patterns.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, PAIR_TYPES, VARIANT

PATTERNS = Path(__file__).parent.parent / "recipes" / "contrast_sentences.yaml"
TYPES = {"C": CHEMICAL, "D": DISEASE, "G": GENE, "V": VARIANT}
NEUTRAL_SHARE = 0.25  # of the documents, with a neutral sentence before or after
JOINED_SHARE = 0.2  # of the patterns without contrast, followed by another one with other entities
LETTERS = "ABZY"
DRAWS = 20  # for each document, as texts that were drawn before are left out
ATTEMPTS = 1000  # to find a name that fits beside the others
_SLOT = re.compile(r"\{(\w+)\}")
_ENTITY_SLOT = re.compile(r"[CDGV]\d")
# Names that would not fit most patterns: adjectives and plurals, variants in words.
_ADJECTIVE = re.compile(r"(ic|al|ed|ous|ive|ing|ated|ar)$")
_PLURAL = re.compile(r"[a-hj-rtv-z]s$")
_VARIANT = re.compile(r"rs\d+|[cgp]\.\S*\d\S*|[A-Z][a-z]{0,2}\d+[A-Z][a-z]{0,2}|[-+]?\d+[ACGT](>|-->|/|->)[ACGT]")
# slot -> (name, identifier)
Names = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Version:
    """A text with slots, and its relations: `C1 > G1 Bind`, or `C1 - G1 Bind` without a subject.

    >>> Version("{C1} binds {G1}.", ("C1 > G1 Bind",)).slots
    ['C1', 'G1']
    """

    text: str
    relations: tuple[str, ...] = ()

    @property
    def slots(self) -> list[str]:
        """The slots of entities, each once."""
        return list(dict.fromkeys(filter(_ENTITY_SLOT.fullmatch, _SLOT.findall(self.text))))


# Filled with the same names and words; one, but for contrasts.
Pattern = tuple[Version, ...]


def patterns_of(group: Mapping[str, Any]) -> list[list[Pattern]]:
    """Return the patterns of a group for each of its types, with slots of types."""
    if "versions" in group:
        given = [[Version(text, tuple(relations)) for text, *relations in group["versions"]]]
    else:
        given = [[Version(text, tuple(group.get("relations", ())))] for text in group["texts"]]
    return [[tuple(typed(each, types) for each in pattern) for pattern in given] for types in group.get("for", [""])]


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
    text = _SLOT.sub(lambda found: f"{{{slots.get(found[1], found[1])}}}", version.text)
    relations = (" ".join(slots.get(part, part) for part in each.split()) for each in version.relations)
    return Version(text, tuple(relations))


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


def chosen_names(slots: Iterable[str], names: Mapping[str, Sequence[tuple[str, str]]], rng: random.Random) -> Names:
    """Return a name for each slot; none has another's identifier or is a part of another.

    Raises:
        SettingError: there are too few names.
    """
    found: dict[str, tuple[str, str]] = {}
    for slot in slots:
        for _ in range(ATTEMPTS):
            name, identifier = rng.choice(names[slot[0]] or [("", "")])
            others = [other.casefold() for other, _ in found.values()]
            is_part = any(name.casefold() in other or other in name.casefold() for other in others)
            if name and not is_part and all(identifier != other for _, other in found.values()):
                found[slot] = name, identifier
                break
        else:
            raise SettingError(f"--train: too few names of the type {TYPES[slot[0]]}; name more documents")
    return found


def document_of(version: Version, names: Names, words: Mapping[str, str]) -> dict[str, Any]:
    """Return the document of a version, without an id: a line for `train.py --corpora`."""
    text, entities = "", []
    for place, part in enumerate(_SLOT.split(version.text)):
        is_name = place % 2 == 1 and part in names
        piece = names[part][0] if is_name else words[part] if place % 2 else part
        if (not text or text.endswith(". ")) and re.match(r"[a-z]{3,}\b", piece):
            piece = piece[0].upper() + piece[1:]
        if is_name:
            span = {"start": len(text), "end": len(text) + len(piece)}
            entities.append({"mention": part, **span, "type": TYPES[part[0]], "id": names[part][1]})
        text += piece
    relations = []
    for head, arrow, tail, kind in map(str.split, version.relations):
        subject = "head" if arrow == ">" else "none"
        relations.append({"head": head, "tail": tail, "source_type": kind, "proposed": kind, "subject": subject})
    return {
        "unit": "sentence",
        "text": text,
        "title_end": None,
        "entities": entities,
        "relations": relations,
        "annotated_types": [],
        "annotated_pairs": [list(pair) for pair in PAIR_TYPES],
    }


def joined(first: Version, second: Version) -> Version:
    """Return both versions as one, without shared entities.

    >>> joined(Version("{C1} is."), Version("{C1} binds {G1}.", ("C1 > G1 Bind",)))
    Version(text='{C1} is. {C5} binds {G5}.', relations=('C5 > G5 Bind',))
    """
    other = renamed(second, {slot: f"{slot[0]}{int(slot[1]) + len(LETTERS)}" for slot in second.slots})
    return Version(f"{first.text} {other.text}", first.relations + other.relations)


def documents_of(
    recipe: Mapping[str, Any], names: Mapping[str, Sequence[tuple[str, str]]], rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Yield documents without end; kinds by their shares, then all groups, types and texts alike."""
    kinds, shares = zip(*recipe["shares"].items(), strict=True)
    by_kind = {kind: [patterns_of(each) for each in recipe["groups"] if each["kind"] == kind] for kind in kinds}

    def drawn() -> Pattern:
        return rng.choice(rng.choice(rng.choice(by_kind[rng.choices(kinds, shares)[0]])))

    while True:
        pattern, other = drawn(), drawn()
        if len(pattern) == len(other) == 1 and rng.random() < JOINED_SHARE:
            pattern = (joined(pattern[0], other[0]),)
        slots = dict.fromkeys(slot for version in pattern for slot in version.slots)
        chosen = chosen_names(slots, names, rng)
        neutral = rng.choice(recipe["neutral"]) if rng.random() < NEUTRAL_SHARE else ""
        is_before = rng.random() < 0.5
        words = {name: rng.choice(each) for name, each in recipe["words"].items()}
        for version in pattern:
            listed = [f"{{{slot}}}" for slot in version.slots]
            more = neutral.replace("{all}", f"{', '.join(listed[:-1])} and {listed[-1]}")
            parts = [more, version.text] if is_before else [version.text, more]
            yield document_of(Version(" ".join(filter(None, parts)), version.relations), chosen, words)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--train", required=True, nargs="+", type=Path, help="documents that give the names")
    parser.add_argument("--documents", type=int, default=3000, help="how many to write (default: 3000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patterns", type=Path, default=PATTERNS, help=f"YAML file (default: {PATTERNS.name})")
    parser.add_argument("--output", type=Path, required=True, help="JSON Lines")
    options = parser.parse_args(arguments)
    recipe = yaml.safe_load(options.patterns.read_text(encoding="utf-8"))
    names = names_of(document for path in options.train for document in read_documents(path))
    found: dict[str, dict[str, Any]] = {}
    drawn = documents_of(recipe, names, random.Random(options.seed))
    for document in islice(drawn, DRAWS * options.documents):
        if len(found) == options.documents:
            break
        found.setdefault(document["text"], document)
    with options.output.open("w", encoding="utf-8") as file:
        for number, document in enumerate(found.values(), start=1):
            file.write(json.dumps({"id": f"contrast-{number}", **document}, ensure_ascii=False) + "\n")
    counts = Counter(each["proposed"] for document in found.values() for each in document["relations"])
    print(f"{len(found)} documents, {sum(not each['relations'] for each in found.values())} of them without relation")
    for kind, count in counts.most_common():
        print(f"{kind}: {count}")


if __name__ == "__main__":
    main()
