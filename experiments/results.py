"""What came out of an experiment, as data: scores of every run, means and deviations of every variant."""

import json
import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biodir.files import write_json
from biodir.training.provenance import provenance

from .places import EncoderIdentity
from .plan import HEADS, TASKS_OF_LEVEL, CombinedRun, Experiment, Run, shown_command
from .running import FINISHED, Failure, Workshop, training_log

FIGURES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Spread:
    """The mean of a figure over seeds and its sample standard deviation, None for a single seed."""

    mean: float
    deviation: float | None
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Args:
        values: at least one.
        """
        return cls(statistics.mean(values), statistics.stdev(values) if len(values) > 1 else None, tuple(values))

    def to_dict(self) -> dict[str, Any]:
        """The spread as a report has it."""
        return {"mean": self.mean, "std": self.deviation, "values": list(self.values)}


def experiment_report(
    workshop: Workshop, runs: Sequence[Run], encoder: EncoderIdentity, failures: Sequence[Failure] = ()
) -> dict[str, Any]:
    """Everything that is known of the experiment, JSON-ready, shares in 0..1.

    Args:
        runs: those that the experiment asks for, finished or not.
    """
    experiment = workshop.experiment
    finished = [run for run in runs if workshop.state(run) == FINISHED]
    combined = [each for each in experiment.combined_runs(finished) if _is_scored(workshop, each)]
    records = [run_record(workshop, run) for run in [*finished, *combined]]
    return {
        "experiment": experiment.name,
        "kind": "training",
        "size": experiment.size,
        "changes": dict(experiment.changes),
        "question": experiment.question,
        "asked_in": experiment.asked_in,
        "note": experiment.note,
        "encoder": encoder.description,
        "levels": list(experiment.levels),
        "scored_files": experiment.gold_files,
        "shared_settings": dict(experiment.settings),
        "preparations": [shown_command(shlex.split(each.command)) for each in experiment.preparations],
        "commit": provenance()["commit"],
        "rows": variant_rows(experiment, runs, records),
        "runs": records,
        "failures": [
            {"run": each.run, "problem": each.problem, "last_line": (each.tail.splitlines() or [""])[-1]}
            for each in failures
        ],
    }


def run_record(workshop: Workshop, run: Run | CombinedRun) -> dict[str, Any]:
    """Scores, commands, commit and times of a finished run."""
    steps = workshop.score_steps(run)
    record = {"variant": run.variant, "seed": run.seed, "key": run.key}
    if isinstance(run, Run):
        log = training_log(run, workshop.places)
        record |= {
            "command": shown_command(workshop.train_command(run)),
            "commit": " ".join(commits_of(log)),
            "provenance": log.get("provenance", {}),
            "earlier_provenance": log.get("earlier_provenance", []),
            "train_s": sum(epoch["train_s"] for epoch in log["epochs"]),
            "epochs": len(log["epochs"]),
            "best_epoch": log.get("best_epoch"),
        }
    else:
        logs = {part.variant: training_log(part, workshop.places) for part in run.parts.values()}
        commits = sorted({commit for log in logs.values() for commit in commits_of(log)})
        record |= {
            "command": shown_command(steps[0].command),
            "commit": " ".join(commits),
            "train_s": sum(epoch["train_s"] for log in logs.values() for epoch in log["epochs"]),
        }
    record["score_commands"] = [shown_command(step.command) for step in steps]
    for name, gold in workshop.experiment.gold_files.items():
        record[name] = _scores(workshop, run, gold)
    return record


def commits_of(log: Mapping[str, Any]) -> list[str]:
    """The commits that trained a run, in their order: several where it was stopped and went on with other code."""
    sources = [*log.get("earlier_provenance", []), log.get("provenance", {})]
    return list(dict.fromkeys(source.get("commit", "unknown") for source in sources))


def variant_rows(
    experiment: Experiment, runs: Sequence[Run], records: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """For each variant, and each combination, its spread over seeds; None where nothing is finished."""
    seeds = list(dict.fromkeys(run.seed for run in runs))
    rows = []
    for name in (*experiment.variants, *experiment.combinations):
        found = [record for record in records if record["variant"] == name]
        done = [record["seed"] for record in found]
        rows.append(
            {
                "variant": name,
                "settings": dict(experiment.variants.get(name, experiment.combinations.get(name, {}))),
                "seeds": done,
                "missing_seeds": [seed for seed in seeds if seed not in done],
                "commits": sorted({record["commit"] for record in found}),
                "command": found[0]["command"] if found else None,
                "score_commands": found[0]["score_commands"] if found else [],
                "train_s": Spread.of([record["train_s"] for record in found]).to_dict() if found else None,
                **{gold: spread_of_scores([record[gold] for record in found]) for gold in experiment.gold_files},
            }
        )
    return rows


def spread_of_scores(scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Level -> figure -> spread over the runs; levels that a run says nothing of are left out."""
    found = {}
    for level in scores[0] if scores else ():
        if all(each.get(level) is not None for each in scores):
            figures = scores[0][level]
            found[level] = {name: Spread.of([each[level][name] for each in scores]).to_dict() for name in figures}
    return found


def report_path(report: Mapping[str, Any], folder: Path) -> Path:
    """The JSON file of the report; the small size and changed settings have files of their own."""
    changed = ".changed" if report["changes"] else ""
    return folder / f"{report['experiment']}.{report['size']}{changed}.json"


def write_report(report: Mapping[str, Any], folder: Path) -> Path:
    """Writes the JSON file of the report and gives its path."""
    path = report_path(report, folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, report)
    return path


def read_reports(folder: Path) -> Iterable[tuple[Path, dict[str, Any]]]:
    """The reports of a folder by their names."""
    for path in sorted(folder.glob("*.json")):
        yield path, json.loads(path.read_text(encoding="utf-8"))


def _is_scored(workshop: Workshop, run: CombinedRun) -> bool:
    return all(workshop.places.path(step.makes).is_file() for step in workshop.score_steps(run))


def _scores(workshop: Workshop, run: Run | CombinedRun, gold: str) -> dict[str, Any]:
    """Level -> precision, recall and F1 where the run's tasks give them a meaning; ``heads TASK`` -> accuracy."""
    found: dict[str, Any] = {}
    for step in workshop.score_steps(run):
        made = workshop.places.path(step.makes)
        if gold not in step.command or made.suffix != ".json":
            continue
        content = json.loads(made.read_text(encoding="utf-8"))
        if made.parent.name == HEADS:
            found |= {f"{HEADS} {task}": {"accuracy": each["accuracy"]} for task, each in content.items()}
            continue
        for level in workshop.experiment.levels:
            if content.get(level) is not None and set(TASKS_OF_LEVEL[level]) <= set(run.tasks):
                found[level] = {name: content[level][name] for name in FIGURES}
    return found
