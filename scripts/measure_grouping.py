"""How well mentions are grouped by their names: the gold identifiers are hidden and compared with the groups.

    python scripts/measure_grouping.py bioredirect_dev.pubtator bioredirect_train.pubtator -o grouping.json

A pair is two mentions of one type in one document. `found` is the share of the pairs with equal gold identifiers that
are grouped, `wrong` the share of the grouped pairs whose gold identifiers differ. A rule wins the pairs that are found
with it and not without it, all other rules being in force. The baseline groups equal texts without regard to case.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from tqdm import tqdm

from biodir.document_biodir import Document, Mention
from biodir.document_grouping_biodir import groups_by_name
from biodir.document_names_biodir import RULES
from biodir.errors_biodir import AnnotationError, BioDirError
from biodir.evaluation.systems import system_names
from biodir.files import check_paths, write_json
from biodir.formats.reading import read_documents

# Text and mentions -> a group for each mention.
Grouping = Callable[[str, Sequence[Mention]], Sequence[Hashable]]
ALL = "all types"


def by_equal_text(text: str, mentions: Sequence[Mention]) -> list[Hashable]:
    return [(mention.entity_type, " ".join(mention.text.casefold().split())) for mention in mentions]


def counts(documents: Iterable[Document], grouping: Grouping) -> dict[str, Counter[str]]:
    """Return type -> number of pairs that are `equal` in gold, `found` of these, and grouped but `wrong`."""
    found: dict[str, Counter[str]] = {}
    for document in documents:
        mentions = [mention for mention in document.mentions if mention.identifiers]
        groups = grouping(document.text, mentions)
        gold = [(mention.entity_type, frozenset(mention.identifiers)) for mention in mentions]
        for first, second in combinations(range(len(mentions)), 2):
            kind = gold[first][0]
            if kind != gold[second][0]:
                continue
            is_equal, is_grouped = gold[first] == gold[second], groups[first] == groups[second]
            names = [name for name, holds in _names(is_equal, is_grouped) if holds]
            for key in (kind, ALL):
                found.setdefault(key, Counter()).update(names)
    return found


def _names(is_equal: bool, is_grouped: bool) -> tuple[tuple[str, bool], ...]:
    return ("equal", is_equal), ("found", is_equal and is_grouped), ("wrong", is_grouped and not is_equal)


def shares(count: Counter[str]) -> dict[str, float]:
    """Return the number of pairs and the shares in percent."""
    grouped = count["found"] + count["wrong"]
    found, wrong = (100 * count[name] / (total or 1) for name, total in (("found", count["equal"]), ("wrong", grouped)))
    return {"pairs": count["equal"], "found": round(found, 2), "wrong": round(wrong, 2), "wrong_pairs": count["wrong"]}


def report(documents: Sequence[Document], rules: Collection[str] = RULES) -> dict[str, Any]:
    """Return the shares of the rules and of the baseline by type, and what each rule wins."""
    full = counts(documents, partial(groups_by_name, rules=rules))
    wins = {}
    for rule in tqdm(rules, leave=False, disable=None):
        without = counts(documents, partial(groups_by_name, rules=[each for each in rules if each != rule]))
        wins[rule] = {name: full[ALL][name] - without[ALL][name] for name in ("found", "wrong")}
    baseline = counts(documents, by_equal_text)
    return {
        "baseline": {kind: shares(count) for kind, count in baseline.items()},
        "rules": {kind: shares(count) for kind, count in full.items()},
        "wins": wins,
    }


def documents_of(path: Path) -> list[Document]:
    """Return the documents of a file, with two mentions of one type whose identifiers are known in one of them."""
    documents = list(read_documents(path))
    if not counts(documents, by_equal_text):
        raise AnnotationError(f"{path}: no document has two mentions of one type with identifiers; give gold documents")
    return documents


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", nargs="+", type=Path, help="documents with gold identifiers, in any format")
    parser.add_argument("-o", "--output", type=Path, help="JSON file with all figures")
    options = parser.parse_args()
    try:
        check_paths(options.files, [options.output] if options.output else [])
        documents = dict(zip(system_names(options.files), map(documents_of, options.files), strict=True))
    except BioDirError as error:
        sys.exit(f"measure_grouping.py: error: {error}")
    reports = {name: report(of_file) for name, of_file in documents.items()}
    if options.output:
        write_json(options.output, reports)
    for name, figures in reports.items():
        print(f"\n{name}\n")
        print("| type | pairs | found: equal text | found: rules | wrong: equal text | wrong: rules |")
        print("|---|---|---|---|---|---|")
        for kind, new in figures["rules"].items():
            old = figures["baseline"][kind]
            cells = [f"{each[name]} %" for name in ("found", "wrong") for each in (old, new)]
            print(f"| {kind} | {new['pairs']} | {' | '.join(cells)} |")
        print("\n| rule | pairs won | wrong pairs added |\n|---|---|---|")
        for rule, won in figures["wins"].items():
            print(f"| {rule} | {won['found']} | {won['wrong']} |")


if __name__ == "__main__":
    main()
