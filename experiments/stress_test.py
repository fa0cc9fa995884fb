"""Measures where in a text a checkpoint finds its evidence: recall by place and length, on synthetic documents.

    python -m experiments.stress_test --models prefix=runs/a/model infix=runs/b/model
    python -m experiments.stress_test --from-report runs/experiments/results/chunks.small.json --runs runs/experiments

Recall is the share of the documents with evidence whose pair the checkpoint relates, whatever the type; false positives
the same share of their twins without evidence. Models of BioRED, where a pair that is named three times is seldom
unrelated, relate many twins, too, and one that relates every pair has 100 of both. So two more measures leave the
checkpoint's threshold aside: the recall at a threshold that a tenth of all its twins exceed, and the share of the
documents whose pair gets a higher score than in the twin, where 50 is chance. `experiments.stress_documents` says how
the documents are made. Checkpoints with the same name are those of several seeds: the table has their mean ± sample
standard deviation.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, SettingError
from biodir.files import write_atomic
from biodir.training.provenance import provenance

from .answers import add_computing_options, loaded
from .plan import shown_command
from .results import Spread, commits_of, read_reports, write_report
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
# Figures of a cell, as they stand together in the tables.
AS_DECODED = ("recall", "false_positives")
WITHOUT_THRESHOLD = ("recall_at_tenth", "above_twin")
HEADINGS = {AS_DECODED: "recall / FP", WITHOUT_THRESHOLD: "recall at 10 % FP / above twin"}
TOLERATED = 0.1


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint and the name of its row; several seeds share a name."""

    name: str
    folder: str
    shown: str  # the folder as a table may show it


@dataclass(frozen=True)
class Judgement:
    """What a checkpoint says of the pair of a document; `relatedness` is 1 minus the score of an unrelated pair."""

    is_related: bool
    relatedness: float


@dataclass(frozen=True)
class Cell:
    """Shares of the documents of one length, layout and place.

    Args:
        documents: with evidence; there are as many twins.
        recall, false_positives: related with and without evidence, as the checkpoint decodes.
        recall_at_tenth: of those with evidence, above the threshold that a tenth of the checkpoint's twins exceed.
        above_twin: of those with evidence, more related than the twin.
    """

    tokens: int
    layout: str
    place: str
    documents: int
    recall: float
    false_positives: float
    recall_at_tenth: float
    above_twin: float


def cells(documents: Sequence[StressDocument], judgements: Sequence[Judgement]) -> list[Cell]:
    """The cells of one checkpoint, in the order of the documents.

    Args:
        documents: in each cell the twins in the order of the documents with evidence.
        judgements: one for each document.
    """
    found: dict[tuple[int, str, str], dict[bool, list[Judgement]]] = {}
    for each, judgement in zip(documents, judgements, strict=True):
        cell = found.setdefault((each.tokens, each.layout, each.place), {True: [], False: []})
        cell[each.holds_evidence].append(judgement)
    threshold = tolerant_threshold([judgement.relatedness for cell in found.values() for judgement in cell[False]])
    return [
        Cell(
            *where,
            documents=len(cell[True]),
            recall=_share([judgement.is_related for judgement in cell[True]]),
            false_positives=_share([judgement.is_related for judgement in cell[False]]),
            recall_at_tenth=_share([judgement.relatedness > threshold for judgement in cell[True]]),
            above_twin=_share([one.relatedness > twin.relatedness for one, twin in zip(*cell.values(), strict=True)]),
        )
        for where, cell in found.items()
    ]


def tolerant_threshold(of_twins: Sequence[float]) -> float:
    """The lowest score of the twins that at most `TOLERATED` of them exceed."""
    return sorted(of_twins, reverse=True)[int(TOLERATED * len(of_twins))]


def judgements(extract: Any, documents: Iterable[Document]) -> list[Judgement]:
    """What the pipeline says of the one pair of each document."""
    return [_judgement(results) for results in extract(iter(documents), return_all_scores=True)]


def _judgement(results: Sequence[Mapping[str, Any]]) -> Judgement:
    if len(results) != 1:
        raise SettingError("the model is not asked about pairs of these types; it needs the pair types of BioRED")
    # The first head says which pairs are related, and its first label stands for those that are not.
    unrelated, score = next(iter(next(iter(results[0]["scores"].values())).items()))
    return Judgement(results[0]["relation"] != unrelated, 1 - score)


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
        parts = (*AS_DECODED, *WITHOUT_THRESHOLD)
        spreads = {part: Spread.of([getattr(cell, part) for cell in same]).to_dict() for part in parts}
        merged.append({**asdict(same[0]), **spreads})
    return {"variant": name, "checkpoints": list(models), "cells": merged}


def stress_page(report: Mapping[str, Any]) -> str:
    """The report as a page of Markdown."""
    parts = [f"# {title(report)}", f"{report['question']} Asked in: {report['asked_in']}", report["note"]]
    parts.append(report["summary"])
    for tokens in report["lengths"]:
        parts.append(f"Texts of {tokens} tokens:\n\n{_tables(report['rows'], tokens=tokens)}")
    lines = [
        f"- {row['variant']}: {each['folder']}, trained at commit {commit_list([each['commit']])}, seed {each['seed']}"
        for row in report["rows"]
        for each in row["checkpoints"]
    ]
    parts += ["\n".join(lines), f"```\n{report['command']}\n```", f"Table written at commit `{report['commit']}`."]
    return "\n\n".join(parts) + "\n"


def _tables(rows: Sequence[Mapping[str, Any]], **where: Any) -> str:
    """The figures by layout and place, each the mean over the cells that `where` lets through."""
    return "\n\n".join(_table(rows, parts, heading, where) for parts, heading in HEADINGS.items())


def _table(rows: Sequence[Mapping[str, Any]], parts: Sequence[str], heading: str, where: Mapping[str, Any]) -> str:
    cases = list(product(LAYOUTS, PLACES))
    lines = []
    for row in rows:
        values = []
        for layout, place in cases:
            wanted = {**where, "layout": layout, "place": place}
            chosen = [cell for cell in row["cells"] if all(cell[key] == value for key, value in wanted.items())]
            values.append(" / ".join(per_cent(_mean_of_cells(chosen, part)) for part in parts))
        lines.append([row["variant"], *values])
    return markdown_table([heading, *(f"{layout}, {place}" for layout, place in cases)], lines)


def _mean_of_cells(chosen: Sequence[Mapping[str, Any]], part: str) -> dict[str, Any]:
    """The spread, over checkpoints, of the mean over cells, which all have the same number of documents."""
    of_seeds = zip(*(cell[part]["values"] for cell in chosen), strict=True)
    return Spread.of([sum(values) / len(values) for values in of_seeds]).to_dict()


def checkpoints_of(options: argparse.Namespace) -> list[Checkpoint]:
    """The checkpoints that the options name, or those of a report of `experiments.run`.

    Raises:
        SettingError: there is none, or a name without a folder.
    """
    found = named_checkpoints(options.models)
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


def named_checkpoints(pairs: Sequence[str]) -> list[Checkpoint]:
    """The checkpoints of NAME=DIR pairs.

    Raises:
        SettingError: one is no such pair.
    """
    found = []
    for pair in pairs:
        name, equals, folder = pair.partition("=")
        if not (equals and folder):
            raise SettingError(f"--models {pair!r}: write NAME=DIR")
        found.append(Checkpoint(name, folder, Path(folder).name if Path(folder).is_absolute() else folder))
    return found


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def _about(checkpoint: Checkpoint) -> dict[str, Any]:
    """Where the checkpoint comes from, as far as it says so itself."""
    log = Path(checkpoint.folder) / TRAINING_LOG
    content = json.loads(log.read_text(encoding="utf-8")) if log.is_file() else {}
    return {
        "folder": checkpoint.shown,
        "commit": " ".join(commits_of(content)),
        "seed": content.get("settings", {}).get("seed", "unknown"),
    }


def _report(options: argparse.Namespace, documents: Sequence[StressDocument], rows: Sequence[dict]) -> dict[str, Any]:
    counted = f"counted by {Path(options.tokenizer).name}" if options.tokenizer else f"words times {TOKENS_A_WORD}"
    note = (
        f"{options.cases} documents a cell, seed {options.seed}, tokens {counted}. Recall: share of the documents "
        "whose pair is related; FP: the same of their twins with a neutral sentence in place of the evidence; recall "
        "at 10 % FP: with the threshold that a tenth of the checkpoint's twins exceed; above twin: share of the "
        "documents whose pair is scored higher than in the twin, 50 being chance. apart: the two entities share no "
        "sentence but the evidence; together: neutral sentences at the two other places name both, closer to each "
        "other than the evidence does. In per cent, mean ± sample standard deviation over checkpoints."
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
        "commit": provenance()["commit"],
        "command": _command(options),
        "rows": list(rows),
    }
    return {**report, "summary": f"All lengths together:\n\n{_tables(rows)}"}


def _command(options: argparse.Namespace) -> str:
    parts = ["python", "-m", "experiments.stress_test"]
    if options.models:
        parts += ["--models", *(f"{each.name}={each.shown}" for each in named_checkpoints(options.models))]
    if options.from_report:
        parts += ["--from-report", f"experiments/results/{options.from_report.name}", "--runs", "$RUNS"]
    parts += ["--lengths", *map(str, options.lengths), "--cases", str(options.cases), "--seed", str(options.seed)]
    parts += ["--tokenizer", "$ENCODER"] if options.tokenizer else []
    parts += ["--backend", options.backend] if options.backend != "torch" else []
    return shown_command(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 where the request makes no sense; then a line on stderr says why."""
    options = _parser().parse_args(arguments)
    try:
        checkpoints = checkpoints_of(options)
        counter = token_counter(options.tokenizer)
        documents = list(stress_documents(options.lengths, options.cases, options.seed, counter))
        measured: dict[str, list] = {}
        for checkpoint in checkpoints:
            started_s = time.perf_counter()
            found = judgements(loaded(checkpoint.folder, options), [each.document for each in documents])
            measured.setdefault(checkpoint.name, []).append((cells(documents, found), _about(checkpoint)))
            print(
                f"{checkpoint.name}: {len(documents)} documents in {time.perf_counter() - started_s:.0f} s", flush=True
            )
    except BioDirError as error:
        print(f"stress_test: error: {error}", file=sys.stderr)
        return 1
    rows = [checkpoint_row(name, *map(list, zip(*found, strict=True))) for name, found in measured.items()]
    report = _report(options, documents, rows)
    folder = options.results or options.runs / "results"
    path = write_report(report, folder)
    write_atomic(path.with_suffix(".md"), stress_page(report))
    write_atomic(folder / ALL_RESULTS, all_results_page(read_reports(folder)))
    print(f"\n{report['summary']}\n\nresults: {path.with_suffix('.md')}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.stress_test", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--models", nargs="+", default=[], metavar="NAME=DIR", help="checkpoints with their names")
    parser.add_argument(
        "--from-report", type=Path, metavar="JSON", help="all checkpoints of a report of experiments.run"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs/experiments"), help="where the runs of the report lie")
    parser.add_argument("--results", type=Path, help="folder for the tables; by default results/ in the runs")
    parser.add_argument("--name", default=STRESS_TEST, help="of the table's files; one for each set of checkpoints")
    parser.add_argument("--size", default="small", help="how large the checkpoints' training was, for the title")
    add_document_options(parser)
    add_computing_options(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
