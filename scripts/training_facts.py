"""Update results/training.json from the logs of the training runs.

    python scripts/training_facts.py runs/stage1 runs/stage2 runs/final              # then write_model_card.py

Commits, minutes, threads, epochs, losses, scores, bias, seeds and copies come from the training.json that train.py left
in each folder. Pretraining, the numbers of documents and what else the file holds are not in these logs, and stay.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.files import write_json
from biodir.publishing.card import LEVEL_NAMES
from biodir.publishing.errors import PublishError

FACTS = Path(__file__).resolve().parent.parent / "results" / "training.json"


def main(arguments: Sequence[str] | None = None, facts_file: Path = FACTS) -> None:
    """Update the facts; logs that do not fit end the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("stage1", type=Path, help="folder of the first stage, on all corpora")
    parser.add_argument("stage2", type=Path, help="folder of the second stage, scored on dev")
    parser.add_argument("final", type=Path, nargs="+", help="the runs whose weights, or their mean, are shipped")
    options = parser.parse_args(arguments)
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    try:
        finals = [log_of(folder) for folder in options.final]
        found = facts_of_runs(log_of(options.stage1), log_of(options.stage2), finals)
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
    dev_f1 = _best_epoch(first)["dev"][first["settings"]["metric_for_best_model"]]["f1"]
    copies = {name: second["settings"][name] for name in ("seed", "rare_copies", "rare_below")}
    rows = [
        {"epoch": epoch["epoch"], "loss": round(epoch["loss"], 3),
         "f1": [round(100 * epoch["dev"][level]["f1"], 2) for level in LEVEL_NAMES]}
        for epoch in second["epochs"]
    ]  # fmt: skip
    seeds = [final["settings"]["seed"] for final in finals]
    first_facts = {"seed": first["settings"]["seed"], "epochs": len(first["epochs"]), "dev_f1": round(100 * dev_f1, 2)}
    threads = second["provenance"]["threads"]
    return {
        "first_stage": _common(first) | first_facts,
        "second_stage": _common(second) | copies | {"threads": threads, "epochs": rows, "best_epoch": chosen["epoch"]},
        "final": _common(*finals) | {"seeds": seeds, "epochs": chosen["epoch"], "none_bias": chosen["none_bias"]},
    }


def _best_epoch(log: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry of the epoch that dev chose."""
    return log["epochs"][log["best_epoch"] - 1]


def _common(*logs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the minutes of all runs, and seven digits of the commit of the first, as git shows them."""
    minutes = round(sum(epoch["train_s"] for log in logs for epoch in log["epochs"]) / 60)
    return {"commit": logs[0]["provenance"]["commit"][:7], "minutes": minutes}


if __name__ == "__main__":
    main()
