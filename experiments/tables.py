"""Reports as Markdown: one page for each, and one table of all."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.evaluation.tables import LEVEL_NAMES
from biodir.training.settings import TASKS

from .plan import HEADS

STRESS_TEST = "stress_test"
SHORT_COMMIT = 7
ALL_RESULTS = "README.md"


def experiment_page(report: Mapping[str, Any]) -> str:
    """The results of one experiment: question, tables, commands, failures."""
    parts = [
        f"# {title(report)}",
        f"{report['question']} Asked in: {report['asked_in']}",
        report["note"],
        _conditions(report),
        *(f"On {name} (`{file}`):\n\n{score_table(report, name)}" for name, file in report["scored_files"].items()),
        _commands(report),
        _failures(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def title(report: Mapping[str, Any]) -> str:
    """The experiment with its size and what was changed, so that no table passes for another."""
    changes = ", ".join(f"{name}={value}" for name, value in report["changes"].items())
    return f"{report['experiment']}, {report['size']} size" + (f", changed: {changes}" if changes else "")


def score_table(report: Mapping[str, Any], gold: str) -> str:
    """F1 of every variant on one file, mean ± sample standard deviation over seeds, in per cent."""
    heads = [f"{HEADS} {task}" for task in TASKS if any(f"{HEADS} {task}" in row[gold] for row in report["rows"])]
    levels = [*report["levels"], *heads]
    header = ["variant", "seeds", *(_level_name(level) for level in levels), "training, s", "commit"]
    return markdown_table(header, [_score_row(row, row[gold], levels) for row in report["rows"]])


def all_results_page(reports: Iterable[tuple[Path, Mapping[str, Any]]]) -> str:
    """One table of all experiments that were run, and one of the stress tests."""
    reports = list(reports)
    trainings = [(path, report) for path, report in reports if report["kind"] != STRESS_TEST]
    stress_tests = [(path, report) for path, report in reports if report["kind"] == STRESS_TEST]
    parts = [
        "# Results of the experiments",
        "Written by `python -m experiments.run`; nothing here is typed by hand. F1 in per cent, mean ± sample "
        "standard deviation over the seeds; epochs and decoding bias were chosen on dev, test chose nothing. Compare "
        "rows of one experiment and size alone: sizes, encoders and commits differ. Seconds of training are wall time, "
        "whatever else the machine did meanwhile: they do not compare models. Each page has the commands.",
    ]
    if trainings:
        levels = [level for level in LEVEL_NAMES if any(level in report["levels"] for _, report in trainings)]
        header = ["experiment", "variant", "scored on", "seeds", *map(_level_name, levels), "training, s", "commit"]
        rows = [row for path, report in trainings for row in _rows_of(path, report, levels)]
        parts.append(markdown_table(header, rows))
    for path, report in stress_tests:
        parts.append(f"## [{title(report)}]({path.stem}.md)\n\n{report['summary']}")
    return "\n\n".join(parts) + "\n"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown; a bar inside a cell stays part of the cell."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def per_cent(spread: Mapping[str, Any] | None) -> str:
    """A share with its deviation, in per cent; empty where there is none."""
    if spread is None:
        return ""
    deviation = "" if spread["std"] is None else f" ± {100 * spread['std']:.2f}"
    return f"{100 * spread['mean']:.2f}{deviation}"


def seed_list(row: Mapping[str, Any]) -> str:
    """The seeds that are finished, and those that are not."""
    missing = ", ".join(map(str, row["missing_seeds"]))
    done = ", ".join(map(str, row["seeds"]))
    return f"{done or 'none'} (not run: {missing})" if missing else done


def commit_list(commits: Sequence[str]) -> str:
    """The commits, shortened, each marked where the code differed from it."""
    return " ".join(
        dict.fromkeys(
            commit[:SHORT_COMMIT] + ("-dirty" if commit.endswith("-dirty") else "")
            for several in commits
            for commit in several.split()
        )
    )


def _rows_of(path: Path, report: Mapping[str, Any], levels: Sequence[str]) -> Iterable[list[str]]:
    for row in report["rows"]:
        for gold in report["scored_files"]:
            name, *rest = _score_row(row, row[gold], levels)
            yield [f"[{title(report)}]({path.stem}.md)", name, gold, *rest]


def _score_row(row: Mapping[str, Any], scores: Mapping[str, Any], levels: Sequence[str]) -> list[str]:
    cells = [
        per_cent(scores[level].get("f1") or scores[level].get("accuracy")) if level in scores else ""
        for level in levels
    ]
    seconds = "" if row["train_s"] is None else f"{row['train_s']['mean']:.0f}"
    return [row["variant"], seed_list(row), *cells, seconds, commit_list(row["commits"])]


def _level_name(level: str) -> str:
    return LEVEL_NAMES.get(level) or f"{level.removeprefix(HEADS).strip()} of gold pairs"


def _conditions(report: Mapping[str, Any]) -> str:
    return (
        f"Encoder: {report['encoder']}. Table written at commit `{report['commit']}`. F1 in per cent, mean ± sample "
        "standard deviation over the seeds, one number where there is one seed; an empty cell where a variant has no "
        "head for it. Epoch and decoding bias were chosen on dev, so dev is a little too good. Seconds of "
        "training are wall time, whatever else the machine did meanwhile."
    )


def _commands(report: Mapping[str, Any]) -> str:
    """The commands of each variant's first seed; the other seeds differ in --seed and the folder."""
    lines = ["export DATA=... RUNS=... ENCODER=...  # folder of the corpora, folder for the runs, the encoder"]
    lines += report["preparations"]
    for row in report["rows"]:
        if row["command"]:
            lines += ["", f"# {row['variant']}, seed {row['seeds'][0]}", row["command"]]
            lines += [command for command in row["score_commands"] if command != row["command"]]
    return "The commands, for the first seed of each row:\n\n```\n" + "\n".join(lines) + "\n```"


def _failures(report: Mapping[str, Any]) -> str:
    lines = [f"- {each['run']}: {each['problem']}: `{each['last_line']}`" for each in report["failures"]]
    return "Failed:\n\n" + "\n".join(lines) if lines else ""
