"""Measure where in a text a checkpoint finds its evidence: shares by length, layout and place, on synthetic documents.

    python -m experiments.stress_test --models prefix=runs/a infix=runs/b --results results.csv

Four shares of the documents of a cell, see `experiments.stress_documents`:

- recall: the pair is related.
- false positives: the pair of the twin, which has no evidence, is related. Models of BioRED relate many twins: a pair
  that is named three times is seldom unrelated there. Recall says something only as far as it is higher than this.
- recall at 10 % false positives: with the threshold that a tenth of all twins exceed.
- above twin: the pair has a higher score than in the twin; 50 % is chance.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, SettingError

from .plan import SIZES, SMALL
from .predictions import add_model_options, is_related, load
from .results import add_rows
from .stress_documents import LENGTHS, stress_documents

CELL = ["tokens", "layout", "place"]
TOLERATED = 0.1

PairScore = tuple[bool, float]  # whether the pair is related, and 1 minus the score of an unrelated pair


def pair_scores(extract: Any, documents: Iterable[Document]) -> list[PairScore]:
    """Return the score of the one pair of each document."""
    found = []
    for results in extract(iter(documents), return_all_scores=True):
        if len(results) != 1:
            raise SettingError("the model does not score pairs of these types; give one with BioRED's pair types")
        unrelated_score, *_ = next(iter(results[0]["scores"].values())).values()
        found.append((is_related(results[0]), 1 - unrelated_score))
    return found


def shares(documents: Iterable[Document], scores: Iterable[PairScore]) -> pd.DataFrame:
    """Return the shares of each cell, indexed by length, layout and place."""
    rows = [(*document.id.split("-"), *score) for document, score in zip(documents, scores, strict=True)]
    table = pd.DataFrame(rows, columns=[*CELL, "number", "kind", "is_related", "score"]).set_index([*CELL, "number"])
    found, twins = (table[table.kind == kind] for kind in ("evidence", "neutral"))
    # at most `TOLERATED` of the twins have a higher score
    threshold = twins.score.sort_values(ascending=False).iloc[int(TOLERATED * len(twins))]
    both = found.join(twins.add_suffix("_of_twin"))
    measures = {
        "recall": both.is_related,
        "false positives": both.is_related_of_twin,
        "recall at 10 % false positives": both.score > threshold,
        "above twin": both.score > both.score_of_twin,
    }
    return pd.DataFrame(measures).astype(float).groupby(CELL, sort=False).mean()


def rows_of(name: str, folder: str, size: str, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of the table of results for a checkpoint, whose folder may hold the log of its training."""
    log = Path(folder) / "training.json"
    training = json.loads(log.read_text(encoding="utf-8")) if log.is_file() else {}
    settings = training.get("settings", {})
    about = {"question": "stress_test", "size": size, "variant": name, "seed": settings.get("seed", 0)}
    about["encoder"] = Path(settings.get("encoder", "unknown")).name
    about["commit"] = training.get("provenance", {}).get("commit", "unknown")
    return [
        {**about, "split": f"{tokens} tokens, {layout}, {place}", "measure": measure, "share": share}
        for (tokens, layout, place, measure), share in table.stack().items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program; on bad input it ends with a line that names it."""
    parser = argparse.ArgumentParser(prog="python -m experiments.stress_test", description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("--models", nargs="+", required=True, metavar="NAME=DIR", help="checkpoints with their names")
    add("--results", type=Path, default=Path("runs/experiments/results.csv"), help="CSV file of the table")
    add("--size", choices=SIZES, default=SMALL, help="of the training, for the table")
    add("--lengths", type=int, nargs="+", default=LENGTHS, help="tokens of the texts")
    add("--cases", type=int, default=12, help="documents of each cell (default: 12)")
    add("--seed", type=int, default=1, help="of names, sentences and filler (default: 1)")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    try:
        documents = list(stress_documents(options.lengths, options.cases, options.seed))
        for name, _, folder in (pair.partition("=") for pair in options.models):
            if not folder:
                raise SettingError(f"--models {name}: write NAME=DIR")
            table = shares(documents, pair_scores(load(folder, options), documents))
            print(f"{name}, mean over lengths:\n{table.groupby(CELL[1:], sort=False).mean().to_string()}", flush=True)
            options.results.parent.mkdir(parents=True, exist_ok=True)
            add_rows(options.results, rows_of(name, folder, options.size, table))
    except BioDirError as error:
        raise SystemExit(f"stress_test: error: {error}") from error


if __name__ == "__main__":
    main()
