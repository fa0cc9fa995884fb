"""Update results/training.json from the logs of the training runs.

    python scripts/training_facts.py --relations runs/stage1 runs/stage2 runs/final    # then write_model_card.py
    python scripts/training_facts.py --tagger runs/tagger1 runs/tagger2

Commits, minutes, threads, epochs, losses, scores, bias, seeds and copies come from the training.json that train.py left
in each folder. Pretraining, the numbers of documents and what else the file holds are not in these logs, and stay; so
does the commit of a run that was started outside a clone.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.evaluation.scores import FIGURES
from biodir.files import write_json
from biodir.publishing.card import LEVEL_NAMES
from biodir.publishing.errors import PublishError

FACTS = Path(__file__).resolve().parent.parent / "results" / "training.json"
TAGGER_SETTINGS = ("seed", "tagger_layers")


def main(arguments: Sequence[str] | None = None, facts_file: Path = FACTS) -> None:
    """Update the facts; logs that do not fit end the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    relations_help = "folders of the first stage, the second stage, and the runs whose weights, or mean, are shipped"
    parser.add_argument("--relations", type=Path, nargs="+", metavar="RUN", help=relations_help)
    tagger_help = "folders of the tagger's first stage, on all corpora, and of its second, which is shipped"
    parser.add_argument("--tagger", type=Path, nargs=2, metavar="RUN", help=tagger_help)
    options = parser.parse_args(arguments)
    if not (options.relations or options.tagger):
        parser.error("give --relations, --tagger or both")
    if options.relations and len(options.relations) < 3:
        parser.error("--relations needs three runs or more: the first stage, the second stage, the final ones")
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = {}
    try:
        if options.relations:
            first, second, *finals = map(log_of, options.relations)
            found |= facts_of_runs(first, second, finals)
        if options.tagger:
            found |= facts_of_tagger(*map(log_of, options.tagger))
    except PublishError as error:
        raise SystemExit(f"training_facts.py: error: {error}") from error
    write_json(facts_file, {**facts, **{name: {**facts.get(name, {}), **values} for name, values in found.items()}})


def log_of(folder: Path) -> dict[str, Any]:
    """Return the log of a run.

    Raises:
        PublishError: there is none, or the run was not finished.
    """
    path = folder / "training.json"
    if not path.is_file():
        raise PublishError(f"{path}: there is no such file; name the folder that train.py wrote")
    log = json.loads(path.read_text(encoding="utf-8"))
    if not log.get("finished"):
        raise PublishError(f"{path}: the run was not finished; resume it by train.py --resume_from_checkpoint")
    return log


def facts_of_runs(
    first: Mapping[str, Any], second: Mapping[str, Any], finals: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return what the logs hold, in the form of results/training.json.

    Args:
        finals: the runs whose weights, or their mean, are shipped.

    Raises:
        PublishError: a final run did not end where the second stage was best on dev, or not with its bias.
    """
    chosen = _best_epoch(second)
    for final in finals:
        for name in ("epoch", "none_bias"):
            if final["epochs"][-1][name] != chosen[name]:
                seen = final["epochs"][-1][name]
                raise PublishError(
                    f"{name} of a final run is {seen}, of stage 2 {chosen[name]}; name runs of one stage"
                )
    dev_f1 = _percent(_best_epoch(first)["dev"][first["settings"]["metric_for_best_model"]]["f1"])
    copies = {name: second["settings"][name] for name in ("seed", "rare_copies", "rare_below")}
    rows = _epoch_rows(second, lambda dev: {"f1": [_percent(dev[level]["f1"]) for level in LEVEL_NAMES]})
    seeds = [final["settings"]["seed"] for final in finals]
    first_facts = {"seed": first["settings"]["seed"], "epochs": len(first["epochs"]), "dev_f1": dev_f1}
    threads = second["provenance"]["threads"]
    return {
        "first_stage": _common(first) | first_facts,
        "second_stage": _common(second) | copies | {"threads": threads, "epochs": rows, "best_epoch": chosen["epoch"]},
        "final": _common(*finals) | {"seeds": seeds, "epochs": chosen["epoch"], "none_bias": chosen["none_bias"]},
    }


def facts_of_tagger(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the logs of the tagger's two stages hold, in the form of results/training.json.

    Raises:
        PublishError: the second stage did not start from the first, or one of them changed the relations.
    """
    start, end = (Path(path) for path in (second["settings"]["encoder"], first["settings"]["output_dir"]))
    if start != end:
        raise PublishError(f"the tagger's second stage started from {start}, not from {end}; name runs of one tagger")
    for log in (first, second):
        if not log["settings"]["freeze_relations"]:
            raise PublishError(f"{log['settings']['output_dir']}: changed the relations; run it with freeze_relations")
    found = [_common(log) | {name: log["settings"][name] for name in TAGGER_SETTINGS} for log in (first, second)]
    dev_f1 = _percent(_best_epoch(first)["dev"]["mentions"]["f1"])
    rows = _epoch_rows(second, lambda dev: {name: _percent(dev["mentions"][name]) for name in FIGURES})
    threads = second["provenance"]["threads"]
    return {
        "tagger_first_stage": found[0] | {"epochs": len(first["epochs"]), "dev_f1": dev_f1},
        "tagger": found[1] | {"threads": threads, "epochs": rows, "best_epoch": second["best_epoch"]},
    }


def _best_epoch(log: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry of the epoch that dev chose."""
    return log["epochs"][log["best_epoch"] - 1]


def _epoch_rows(log: Mapping[str, Any], scores: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row of the card's table for each epoch.

    Args:
        scores: from what an epoch has of dev to what the row has of it.
    """
    return [
        {"epoch": epoch["epoch"], "loss": round(epoch["loss"], 3), **scores(epoch["dev"])} for epoch in log["epochs"]
    ]


def _percent(share: float) -> float:
    return round(100 * share, 2)


def _common(*logs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the minutes of all runs, and seven digits of the commit of the first, as git shows them, if it has one."""
    minutes = round(sum(epoch["train_s"] for log in logs for epoch in log["epochs"]) / 60)
    commit = logs[0]["provenance"]["commit"]
    return {"minutes": minutes} if commit == "unknown" else {"commit": commit[:7], "minutes": minutes}


if __name__ == "__main__":
    main()
