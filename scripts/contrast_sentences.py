"""Write short texts that teach negation, mere co-occurrence, sign and direction, from sentence patterns with slots.

    python scripts/contrast_sentences.py --train bioredirect_train.pubtator --documents 3000 --output contrast.jsonl

The names in them are those of the training documents. `recipes/contrast/*.yaml` have and explain the patterns.
"""

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from contrast_composed import abridged, composed
from contrast_names import TYPES, Names, abbreviations_of, chosen_names, named, names_of
from contrast_patterns import LONG, SLOT, STARTS, TITLE_END, Pattern, Version, joined, patterns_by_kind, recipe_of

from biodir.errors_biodir import BioDirError, SettingError
from biodir.files import check_paths, open_atomic
from biodir.formats.reading import read_documents
from biodir.labels_biodir import PAIR_TYPES

RECIPES = Path(__file__).parent.parent / "recipes" / "contrast"
PATTERNS = sorted(RECIPES.glob("*.yaml"))
NEUTRAL_SHARE = 0.25  # of the documents, with a neutral sentence before or after
JOINED_SHARE = 0.2  # of the patterns without contrast, followed by another one with other entities
DRAWS = 20  # for each document, as texts that were drawn before are left out


def document_of(version: Version, names: Names, words: Mapping[str, str]) -> dict[str, Any]:
    """Return the document of a version, without an id: a line for `train.py --corpora`.

    A name with a short form is once `name (short form)` after the title, and the short form from there on. Slots of
    `version.short` have the form that the text asks for.
    """
    text, title_end = "", None
    entities: list[dict[str, Any]] = []
    shown: set[str] = set()
    for place, part in enumerate(SLOT.split(version.text)):
        if place % 2 and part == TITLE_END:
            title_end = len(text)
            shown.clear()
            continue
        if place % 2 and part.removesuffix(LONG) in version.short:
            long, _, short = names[part.removesuffix(LONG)]
            pieces = [(long if part.endswith(LONG) else short, part.removesuffix(LONG))]
        elif place % 2 and part in names:
            pieces = _pieces(part, names[part], part in shown, title_end is not None)
            shown.add(part)
        else:
            pieces = [(words[part] if place % 2 else part, "")]
        for piece, slot in pieces:
            if STARTS.search(text) and re.match(r"[a-z]{3,}\b", piece):
                piece = piece[0].upper() + piece[1:]
            if slot:
                span = {"start": len(text), "end": len(text) + len(piece)}
                number = sum(each["mention"].split(".")[0] == slot for each in entities)
                mention = f"{slot}.{number + 1}" if number else slot  # each mention has a name of its own
                entities.append({"mention": mention, **span, "type": TYPES[slot[0]], "id": names[slot][1]})
            text += piece
    relations = []
    for head, arrow, tail, kind in map(str.split, version.relations):
        subject = "head" if arrow == ">" else "none"
        relations.append({"head": head, "tail": tail, "source_type": kind, "proposed": kind, "subject": subject})
    return {
        "unit": "sentence" if title_end is None else "abstract",
        "text": text,
        "title_end": title_end,
        "entities": entities,
        "relations": relations,
        "annotated_types": [],
        "annotated_pairs": [list(pair) for pair in PAIR_TYPES],
    }


def _pieces(slot: str, name: Sequence[str], is_shown: bool, is_after_title: bool) -> list[tuple[str, str]]:
    long, _, *short = name
    if not any(short) or not is_after_title:
        return [(long, slot)]
    return [(short[0], slot)] if is_shown else [(long, slot), (" (", ""), (short[0], slot), (")", "")]


def documents_of(
    recipe: Mapping[str, Any],
    names: Mapping[str, Sequence[tuple[str, str]]],
    rng: random.Random,
    abbreviations: Mapping[tuple[str, str], tuple[str, str]] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield documents without end; kinds by their shares, then all groups, types and texts alike.

    The part `abstract_share` of the draws is complete abstracts; of the others `document_share` is like abstracts. Half
    of the names of both have an abbreviation.
    """
    kinds, shares = zip(*recipe["shares"].items(), strict=True)
    patterns = patterns_by_kind(recipe)
    abbreviations = abbreviations or {}
    weighted = _weighted(names, abbreviations)

    def drawn() -> Pattern:
        return rng.choice(rng.choice(rng.choice(patterns[rng.choices(kinds, shares)[0]])))

    abstracts = [pattern[0] for group in patterns.get("abstract", []) for each in group for pattern in each]
    while True:
        is_abstract = bool(abstracts) and rng.random() < recipe.get("abstract_share", 0)
        if is_abstract or rng.random() < recipe["document_share"]:
            chosen = abridged(rng.choice(abstracts), recipe["words"], rng) if is_abstract else None
            version, found = named(chosen or composed(patterns, recipe, rng), weighted, abbreviations, rng)
            yield document_of(version, found, {})
            continue
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


def _weighted(
    names: Mapping[str, Sequence[tuple[str, str]]], abbreviations: Mapping[tuple[str, str], tuple[str, str]]
) -> dict[str, list[tuple[str, str]]]:
    """Return the names with those that have an abbreviation repeated, so that they are drawn half of the time."""
    found = {}
    for letter, each in names.items():
        brief = [name for name in each if (letter, name[1]) in abbreviations]
        found[letter] = [*each, *(brief * ((len(each) - len(brief)) // len(brief) - 1 if brief else 0))]
    return found


def _drawn(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return text -> document, as many as are wanted, or as are found in `DRAWS` draws for each."""
    recipe = recipe_of(options.patterns)
    train = [document for path in options.train for document in read_documents(path)]
    if options.documents < 1 or not train:
        given = f"--documents {options.documents}, and {len(train)} documents in --train"
        raise SettingError(f"{given}; both must be 1 or more")
    drawn = documents_of(recipe, names_of(train), random.Random(options.seed), abbreviations_of(train))
    found: dict[str, dict[str, Any]] = {}
    for document in islice(drawn, DRAWS * options.documents):
        if len(found) == options.documents:
            break
        found.setdefault(document["text"], document)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the texts and print counts; input with an error ends the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--train", required=True, nargs="+", type=Path, help="documents that give the names")
    parser.add_argument("--documents", type=int, default=3000, help="how many to write (default: 3000)")
    parser.add_argument("--seed", type=int, default=1)
    shown = ", ".join(path.name for path in PATTERNS)
    parser.add_argument("--patterns", type=Path, nargs="+", default=PATTERNS, help=f"YAML (default: {shown})")
    parser.add_argument("--output", type=Path, required=True, help="JSON Lines")
    options = parser.parse_args(arguments)
    try:
        check_paths([*options.train, *options.patterns], [options.output])
        found = _drawn(options)
    except (BioDirError, OSError) as error:
        sys.exit(f"contrast_sentences.py: error: {error}")
    with open_atomic(options.output) as file:
        for number, document in enumerate(found.values(), start=1):
            file.write(json.dumps({"id": f"contrast-{number}", **document}, ensure_ascii=False) + "\n")
    counts = Counter(each["proposed"] for document in found.values() for each in document["relations"])
    print(f"{len(found)} documents, {sum(not each['relations'] for each in found.values())} of them without relation")
    titled = [len(each["text"].split()) for each in found.values() if each["title_end"] is not None]
    print(f"{len(titled)} like abstracts, of {sum(titled) / max(1, len(titled)):.0f} words on average")
    for kind, count in counts.most_common():
        print(f"{kind}: {count}")


if __name__ == "__main__":
    main()
