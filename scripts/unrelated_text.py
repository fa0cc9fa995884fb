"""How much unrelated text after a document moves the scores of its relations.

    python scripts/unrelated_text.py bioredirect_dev.pubtator --documents 50

Sentences of other documents of the file, without their mentions, become one more passage of each document.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from biodir.document_biodir import Document, Passage
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import BioDirError, SettingError, plural
from biodir.files import check_paths
from biodir.formats.pubtator_reader import read_pubtator
from biodir.inference import BACKENDS
from biodir.inference.loading import load_pipeline

# (id, type) of each entity of a pair, in order
Pair = tuple[tuple[str, str], ...]


def with_text_after(document: Document, sentences: Sequence[str]) -> Document:
    """Return the document with a further passage of these sentences."""
    text = " ".join(sentences)
    start = len(document.text) + 1
    passage = Passage(start, start + len(text), "text")
    return replace(document, text=f"{document.text} {text}", passages=(*document.passages, passage))


def results_of(extract: Any, document: Document) -> dict[Pair, dict[str, Any]]:
    """Return each candidate pair -> its result."""
    sides = ("subject", "object")
    found = extract(document, return_all_scores=True)
    return {tuple(sorted((each[side]["id"], each[side]["type"]) for side in sides)): each for each in found}


def movements(
    before: dict[Pair, dict[str, Any]], after: dict[Pair, dict[str, Any]]
) -> tuple[list[float], int, int, int]:  # fmt: skip
    """Return the change of each relation's score of its type, and how many change their type, vanish and come up."""
    changes, others, vanished = [], 0, 0
    for pair, was in before.items():
        kind, now = was["relation"], after[pair]["relation"]
        if kind != "None":
            changes.append(abs(was["scores"]["relation"][kind] - after[pair]["scores"]["relation"][kind]))
            vanished += now == "None"
            others += now not in (kind, "None")
    new = sum(before[pair]["relation"] == "None" != after[pair]["relation"] for pair in before)
    return changes, others, vanished, new


def row_of(number: int, found: Sequence[tuple[list[float], int, int, int]]) -> str:
    """Return the row of a number of sentences; without relations before, only the number of new ones."""
    changes = [change for each in found for change in each[0]]
    if not changes:
        return f"| {number} | 0 | - | - | - | - | {sum(each[3] for each in found)} |"
    shares = [f"{100 * sum(each[place] for each in found) / len(changes):.1f} %" for place in (1, 2, 3)]
    mean = sum(changes) / len(changes)
    return f"| {number} | {len(changes)} | {mean:.3f} | {max(changes):.3f} | {' | '.join(shares)} |"


def check_sentences(path: Path, counts: Sequence[int], documents: int, wanted: Sequence[int]) -> None:
    """Check that beside each document the others have as many sentences as are wanted, from their numbers in each."""
    if documents < 1 or min(wanted) < 1:
        raise SettingError(f"--documents {documents} and --sentences {min(wanted)}: give at least 1 of each")
    others = sum(counts) - max(counts[:documents], default=0)
    if len(counts) < 2 or others < max(wanted):
        raise SettingError(
            f"{path}: beside one of the {plural(len(counts), 'document')} the others have {others} sentences, and "
            f"--sentences asks for {max(wanted)}; give more documents, or lower it"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", type=Path, help="PubTator file")
    parser.add_argument("--model", default=".", help="checkpoint (default: the one here)")
    parser.add_argument("--backend", default="torch", choices=BACKENDS)
    parser.add_argument("--documents", type=int, default=50, help="how many of the file's documents (default: 50)")
    parser.add_argument("--sentences", type=int, nargs="+", default=[5, 20, 80], help="sentences after a document")
    parser.add_argument("--seed", type=int, default=1, help="of the choice of sentences")
    options = parser.parse_args(arguments)
    try:
        check_paths([options.file])
        documents = list(read_pubtator(options.file))
        texts = [[each.text[start:end] for start, end in sentence_spans(each)] for each in documents]
        check_sentences(options.file, [*map(len, texts)], options.documents, options.sentences)
        extract = load_pipeline(options.model, "cpu", options.backend)
        documents = list(map(extract.check_document, documents))
    except BioDirError as error:
        sys.exit(f"unrelated_text.py: error: {error}")
    random_source = random.Random(options.seed)
    rows: dict[int, list[tuple[list[float], int, int, int]]] = {number: [] for number in options.sentences}
    for place, document in enumerate(tqdm(documents[: options.documents])):
        before = results_of(extract, document)
        unrelated = [text for other, found in enumerate(texts) if other != place for text in found]
        for number in options.sentences:
            longer = with_text_after(document, random_source.sample(unrelated, number))
            rows[number].append(movements(before, results_of(extract, longer)))
    print("| sentences after | relations | mean change of score | largest | other type | vanished | new |")
    print("|---|---|---|---|---|---|---|")
    for number, found in rows.items():
        print(row_of(number, found))


if __name__ == "__main__":
    main()
