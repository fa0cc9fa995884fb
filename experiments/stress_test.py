"""Measures where in a text a checkpoint finds its evidence: recall by place and length, on synthetic documents.

    python -m experiments.stress_test --models prefix=runs/a/model infix=runs/b/model
    python -m experiments.stress_test --from-report experiments/results/chunks.small.json --runs runs/experiments

Recall is the share of the documents with evidence whose pair the checkpoint relates, whatever the type; false positives
the same share of their twins without evidence. A checkpoint that relates every pair has 100 of both: look at the
difference. `experiments.stress_documents` says how the documents are made. Checkpoints with the same name are those of
several seeds: the table has their mean ± sample standard deviation.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, SettingError

from .answers import add_computing_options, loaded
from .places import commit
from .results import Spread, read_reports, write_report
from .run import RESULTS
from .running import TRAINING_LOG
from .stress_documents import (
    LAYOUTS,
    PLACES,
    TOKENS_A_WORD,
    StressDocument,
    add_document_options,
    stress_documents,
    token_counter,
)
from .tables import ALL_RESULTS, STRESS_TEST, all_results_page, commit_list, markdown_table, per_cent, title

QUESTION = (
    "Is evidence found wherever it stands in a long text: at the start, in the middle, at the end, and by which chunks?"
)
ASKED_IN = "the paper's reason for its three chunks is text beyond 512 tokens; it reports no score by position."
WITH, WITHOUT = "recall", "false_positives"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint and the name of its row; several seeds share a name."""

    name: str
    folder: str
    shown: str  # the folder as a table may show it


@dataclass(frozen=True)
class Cell:
    """How many of the documents of one length, layout and place had their pair related."""

    tokens: int
    layout: str
    place: str
    documents: int
    recall: float
    false_positives: float


def cells(documents: Sequence[StressDocument], is_related: Sequence[bool]) -> list[Cell]:
    """The cells of one checkpoint, in the order of the documents.

    Args:
        is_related: for each document, whether the checkpoint relates its pair.
    """
    found: dict[tuple[int, str, str], dict[bool, list[bool]]] = {}
    for each, related in zip(documents, is_related, strict=True):
        cell = found.setdefault((each.tokens, each.layout, each.place), {True: [], False: []})
        cell[each.holds_evidence].append(related)
    return [
        Cell(*where, len(by_kind[True]), _share(by_kind[True]), _share(by_kind[False]))
        for where, by_kind in found.items()
    ]


def related_pairs(extract: Any, documents: Iterable[Document]) -> list[bool]:
    """For each document, whether the pipeline relates its one pair.

    Raises:
        SettingError: the model does not know the types of the entities.
    """
    return [bool(results) for results in extract(iter(documents))]


def checkpoint_row(
    name: str, of_seeds: Sequence[Sequence[Cell]], models: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The row of one name, JSON-ready: for each cell the spread over its checkpoints.

    Args:
        of_seeds: the cells of each checkpoint, all of the same documents.
        models: what is to be known of each checkpoint.
    """
    merged = []
    for same in zip(*of_seeds, strict=True):
        spreads = {part: Spread.of([getattr(cell, part) for cell in same]).to_dict() for part in (WITH, WITHOUT)}
        merged.append({**asdict(same[0]), **spreads})
    return {"variant": name, "checkpoints": list(models), "cells": merged}


def stress_page(report: Mapping[str, Any]) -> str:
    """The report as a page of Markdown."""
    parts = [f"# {title(report)}", f"{report['question']} Asked in: {report['asked_in']}", report["note"]]
    parts.append(report["summary"])
    for tokens in report["lengths"]:
        parts.append(f"Texts of {tokens} tokens:\n\n{_table(report['rows'], tokens=tokens)}")
    lines = [
        f"- {row['variant']}: {each['folder']}, trained at commit {commit_list([each['commit']])}, seed {each['seed']}"
        for row in report["rows"]
        for each in row["checkpoints"]
    ]
    parts += ["\n".join(lines), f"```\n{report['command']}\n```", f"Table written at commit `{report['commit']}`."]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Mapping[str, Any]], **where: Any) -> str:
    """Recall and false positives by layout and place, the mean over the cells that `where` lets through."""
    header = ["checkpoint", *(f"{layout}, {place}: recall / FP" for layout in LAYOUTS for place in PLACES)]
    lines = []
    for row in rows:
        values = []
        for layout in LAYOUTS:
            for place in PLACES:
                wanted = {**where, "layout": layout, "place": place}
                chosen = [cell for cell in row["cells"] if all(cell[key] == value for key, value in wanted.items())]
                values.append(" / ".join(per_cent(_mean_of_cells(chosen, part)) for part in (WITH, WITHOUT)))
        lines.append([row["variant"], *values])
    return markdown_table(header, lines)


def _mean_of_cells(chosen: Sequence[Mapping[str, Any]], part: str) -> dict[str, Any]:
    """The spread, over checkpoints, of the mean over cells, which all have the same number of documents."""
    of_seeds = zip(*(cell[part]["values"] for cell in chosen), strict=True)
    return Spread.of([sum(values) / len(values) for values in of_seeds]).to_dict()


def checkpoints_of(options: argparse.Namespace) -> list[Checkpoint]:
    """The checkpoints that the options name, or those of a report of `experiments.run`.

    Raises:
        SettingError: there is none, or a name without a folder.
    """
    found = []
    for pair in options.models:
        name, equals, folder = pair.partition("=")
        if not (equals and folder):
            raise SettingError(f"--models {pair!r}: write NAME=DIR")
        found.append(Checkpoint(name, folder, Path(folder).name if Path(folder).is_absolute() else folder))
    if options.from_report:
        report = json.loads(options.from_report.read_text(encoding="utf-8"))
        trained = (run for run in report["runs"] if "best_epoch" in run)
        found += [
            Checkpoint(run["variant"], str(options.runs / run["key"] / "model"), f"$RUNS/{run['key']}/model")
            for run in trained
        ]
    if not found:
        raise SettingError("no checkpoint; name some with --models NAME=DIR, or a report that has finished runs")
    return found


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    """Where the checkpoint comes from, as far as it says so itself."""
    log = Path(checkpoint.folder) / TRAINING_LOG
    content = json.loads(log.read_text(encoding="utf-8")) if log.is_file() else {}
    return {
        "folder": checkpoint.shown,
        "commit": content.get("provenance", {}).get("commit", "unknown"),
        "seed": content.get("settings", {}).get("seed", "unknown"),
    }


def _report(options: argparse.Namespace, documents: Sequence[StressDocument], rows: Sequence[dict]) -> dict[str, Any]:
    counted = f"counted by {Path(options.tokenizer).name}" if options.tokenizer else f"words times {TOKENS_A_WORD}"
    note = (
        f"{options.cases} documents a cell, seed {options.seed}, tokens {counted}. Recall: share of the documents "
        "whose pair is related; FP: the same of their twins with a neutral sentence in place of the evidence. apart: "
        "the two entities share no sentence but the evidence; together: neutral sentences at the two other places name "
        "both, closer to each other than the evidence does. In per cent, mean ± sample standard deviation over "
        "checkpoints."
    )
    report = {
        "experiment": options.name,
        "kind": STRESS_TEST,
        "size": options.size,
        "changes": {},
        "question": QUESTION,
        "asked_in": ASKED_IN,
        "note": note,
        "documents": len(documents),
        "lengths": options.lengths,
        "commit": commit(),
        "command": _command(options),
        "rows": list(rows),
    }
    return {**report, "summary": f"All lengths together:\n\n{_table(rows)}"}


def _command(options: argparse.Namespace) -> str:
    models = [f"{each.name}={each.shown}" for each in checkpoints_of(options)] if options.models else []
    parts = ["python -m experiments.stress_test", *(["--models", *models] if models else [])]
    if options.from_report:
        parts.append(f"--from-report experiments/results/{options.from_report.name} --runs $RUNS")
    parts.append(f"--lengths {' '.join(map(str, options.lengths))} --cases {options.cases} --seed {options.seed}")
    parts.append("--tokenizer $ENCODER" if options.tokenizer else "")
    parts.append(f"--backend {options.backend}" if options.backend != "torch" else "")
    return " ".join(part for part in parts if part)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status."""
    options = _parser().parse_args(arguments)
    try:
        checkpoints = checkpoints_of(options)
        counter = token_counter(options.tokenizer)
        documents = list(stress_documents(options.lengths, options.cases, options.seed, counter))
        measured: dict[str, list] = {}
        for checkpoint in checkpoints:
            started_s = time.perf_counter()
            related = related_pairs(loaded(checkpoint.folder, options), [each.document for each in documents])
            measured.setdefault(checkpoint.name, []).append((cells(documents, related), _about(checkpoint)))
            print(
                f"{checkpoint.name}: {len(documents)} documents in {time.perf_counter() - started_s:.0f} s", flush=True
            )
    except BioDirError as error:
        print(f"stress_test: error: {error}", file=sys.stderr)
        return 1
    rows = [checkpoint_row(name, *map(list, zip(*found, strict=True))) for name, found in measured.items()]
    report = _report(options, documents, rows)
    path = write_report(report, options.output)
    path.with_suffix(".md").write_text(stress_page(report), encoding="utf-8")
    (options.output / ALL_RESULTS).write_text(all_results_page(read_reports(options.output)), encoding="utf-8")
    print(f"\n{report['summary']}\n\nresults: {path.with_suffix('.md')}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.stress_test", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", nargs="+", default=[], metavar="NAME=DIR", help="checkpoints with their names")
    parser.add_argument(
        "--from-report", type=Path, metavar="JSON", help="all checkpoints of a report of experiments.run"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/experiments"), help="where the runs of the report lie")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the tables")
    parser.add_argument("--name", default=STRESS_TEST, help="of the table's files; one for each set of checkpoints")
    parser.add_argument("--size", default="small", help="how large the checkpoints' training was, for the title")
    add_document_options(parser)
    add_computing_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
