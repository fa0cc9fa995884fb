"""The table of results: a CSV file with a row for each trial, split and measure, and its Markdown."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from biodir.evaluation.tables import LEVEL_NAMES
from biodir.files import write_atomic
from biodir.labels_biodir import TASKS

KEY = ["question", "size", "variant", "seed", "split", "measure"]
# `share` is the figure of measures without precision, recall and F1. The first four are in 0..1.
FIGURES = ["precision", "recall", "f1", "share", "minutes", "steps"]
HEAD_MEASURES = {task: f"{task} of gold pairs" for task in TASKS}
INTRODUCTION = """# Results of the experiments

Written from `results.csv` by `python -m experiments.run`. F1, or the share, in per cent: mean ± sample standard
deviation over the seeds. Epoch and decoding bias were chosen on dev, nothing on test. Compare rows of one table only:
sizes, encoders and commits differ. Minutes of training are wall time; other programs ran at the same time.
"""


def read_table(path: Path) -> pd.DataFrame:
    """Return the table of a CSV file; empty if there is none."""
    if not path.exists():
        return pd.DataFrame(columns=[*KEY, "encoder", "commit", *FIGURES])
    empty = dict.fromkeys(FIGURES, "")  # in other columns a text such as "None" is a text
    return pd.read_csv(path, keep_default_na=False, na_values=empty)


def add_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows to a CSV file, in place of those with equal `KEY`, and write its Markdown."""
    old = read_table(path)
    by_key = {tuple(row[name] for name in KEY): row for row in [*old.to_dict("records"), *rows]}
    table = pd.DataFrame([*by_key.values()], columns=old.columns).astype({"steps": "Int64"})
    write_atomic(path, table.to_csv(index=False))
    write_atomic(path.with_suffix(".md"), results_page(table))


def results_page(table: pd.DataFrame) -> str:
    """Return the Markdown of the table: means and deviations over seeds, for each question and size."""
    parts = [INTRODUCTION]
    for (question, size), rows in table.groupby(["question", "size"], sort=False):
        summary = _summary(rows)
        lines = [[*summary], ["---"] * len(summary.columns), *summary.to_numpy().tolist()]
        cells = "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
        parts.append(f"## {question}, {size} size\n\nEncoder: {', '.join(rows.encoder.unique())}.\n\n{cells}\n")
    return "\n".join(parts)


def _summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Return texts: a row for each variant and split, a column for each measure."""
    rows = rows.assign(value=(100 * rows.f1.fillna(rows["share"])).astype(float))
    wide = rows.pivot_table("value", ["variant", "split"], "measure", _spread, sort=False).fillna("")
    order = dict.fromkeys([*LEVEL_NAMES, *HEAD_MEASURES.values(), *rows.measure])
    wide = wide[[measure for measure in order if measure in wide]].rename(columns=LEVEL_NAMES)
    groups = rows.groupby(["variant", "split"], sort=False)
    wide.insert(0, "seeds", groups.seed.agg(lambda seeds: ", ".join(map(str, sorted({*seeds})))))
    wide["minutes"] = groups.minutes.mean().map(lambda minutes: "" if pd.isna(minutes) else f"{minutes:.1f}")
    commits = groups.commit.agg(lambda several: " ".join(sorted({*" ".join(several).split()})))
    wide["commit"] = commits.str.replace(r"\b([0-9a-f]{7})[0-9a-f]*", r"\1", regex=True)
    return wide.reset_index()


def _spread(values: pd.Series) -> str:
    return f"{values.mean():.2f}" + (f" ± {values.std():.2f}" if len(values) > 1 else "")
