"""Write short texts that teach negation, mere co-occurrence, sign and direction, from sentence patterns with slots.

    python scripts/contrast_sentences.py --train bioredirect_train.pubtator --documents 3000 --output contrast.jsonl

The names in them are those of the training documents. `recipes/contrast_sentences.yaml` has and explains the patterns.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from contrast_names import TYPES, Names, chosen_names, names_of

from biodir.formats.reading import read_documents
from biodir.labels_biodir import PAIR_TYPES

PATTERNS = Path(__file__).parent.parent / "recipes" / "contrast_sentences.yaml"
NEUTRAL_SHARE = 0.25  # of the documents, with a neutral sentence before or after
JOINED_SHARE = 0.2  # of the patterns without contrast, followed by another one with other entities
LETTERS = "ABZY"
DRAWS = 20  # for each document, as texts that were drawn before are left out
_SLOT = re.compile(r"\{(\w+)\}")
_ENTITY_SLOT = re.compile(r"[CDGV]\d")


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
            number = sum(each["mention"].split(".")[0] == part for each in entities)
            mention = f"{part}.{number + 1}" if number else part  # each mention has a name of its own
            entities.append({"mention": mention, **span, "type": TYPES[part[0]], "id": names[part][1]})
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
