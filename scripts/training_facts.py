"""Update results/training.json from the logs of the training runs.

    python scripts/training_facts.py runs/stage1 runs/stage2 runs/final              # then write_model_card.py
    python scripts/training_facts.py runs/stage1 runs/stage2 runs/final-* --check    # exit status 1 where they differ

Commits, minutes, threads, epochs, losses, scores, bias, seeds and copies come from the training.json that train.py left
in each folder. Pretraining, the numbers of documents and what else the file holds are not in these logs, and stay.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from biodir.files import write_json
from biodir.publishing.card import LEVEL_NAMES
from biodir.publishing.errors import PublishError

FACTS = Path(__file__).resolve().parent.parent / "results" / "training.json"


def main(arguments: Sequence[str] | None = None, facts_file: Path = FACTS) -> int:
    """Update or check the facts; the exit status is 1 where a check fails, or a log is not complete."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("stage1", type=Path, help="folder of the first stage, on all corpora")
    parser.add_argument("stage2", type=Path, help="folder of the second stage, scored on dev")
    parser.add_argument("final", type=Path, nargs="+", help="the runs whose weights, or their mean, are shipped")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file differs")
    options = parser.parse_args(arguments)
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    try:
        finals = [log_of(folder) for folder in options.final]
        found = facts_of_runs(log_of(options.stage1), log_of(options.stage2), finals)
    except PublishError as error:
        print(f"training_facts: {error}", file=sys.stderr)
        return 1
    differing = list(differences(facts, found))
    for line in differing:
        print(f"{facts_file}: {line}")
    if not options.check:
        write_json(facts_file, {**facts, **{name: {**facts.get(name, {}), **values} for name, values in found.items()}})
    return int(options.check and bool(differing))


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
        PublishError: a final run did not end where the second stage was best on dev or not with its bias, none has its
            seed, or the final runs are those of several commits.
    """
    chosen = best_epoch(second)
    for name, seen, wanted in (
        *(("the last epoch", final["epochs"][-1]["epoch"], chosen["epoch"]) for final in finals),
        *(("the bias", final["epochs"][-1]["none_bias"], chosen["none_bias"]) for final in finals),
    ):
        if wanted != seen:
            raise PublishError(
                f"{name} of a final run is {seen}, that of stage 2 {wanted}; name runs that belong together"
            )
    commits = sorted({final["provenance"]["commit"] for final in finals})
    if len(commits) > 1:
        raise PublishError(f"the final runs are those of commits {' and '.join(commits)}; name runs of one")
    seeds = [final["settings"]["seed"] for final in finals]
    if second["settings"]["seed"] not in seeds:
        raise PublishError(
            f"the seed of stage 2 is {second['settings']['seed']}, those of the final runs {seeds}; name runs that "
            "belong together"
        )
    dev_f1 = best_epoch(first)["dev"][first["settings"]["metric_for_best_model"]]["f1"]
    return {
        "first_stage": {
            **_common([first]),
            "seed": first["settings"]["seed"],
            "epochs": len(first["epochs"]),
            "dev_f1": round(100 * dev_f1, 2),
        },
        "second_stage": {
            **_common([second]),
            "seed": second["settings"]["seed"],
            "threads": second["provenance"]["threads"],
            **{name: second["settings"][name] for name in ("rare_copies", "rare_below")},
            "epochs": [_row(epoch) for epoch in second["epochs"]],
            "best_epoch": second["best_epoch"],
        },
        "final": {**_common(finals), "seeds": seeds, "epochs": chosen["epoch"], "none_bias": chosen["none_bias"]},
    }


def best_epoch(log: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry of the epoch that dev chose."""
    return log["epochs"][log["best_epoch"] - 1]


def differences(facts: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line on each value of the facts that the logs contradict."""
    for part, values in found.items():
        for name, value in values.items():
            seen = facts.get(part, {}).get(name)
            if seen != value:
                yield f"{part}.{name} is {json.dumps(seen)}, in the logs {json.dumps(value)}"


def _row(epoch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the card's table: loss, and dev F1 of each level in per cent."""
    f1 = [round(100 * epoch["dev"][level]["f1"], 2) for level in LEVEL_NAMES]
    return {"epoch": epoch["epoch"], "loss": round(epoch["loss"], 3), "f1": f1}


def _common(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return minutes and commit of one or several runs of a commit; seven digits of it, as git shows them."""
    minutes = round(sum(epoch["train_s"] for log in logs for epoch in log["epochs"]) / 60)
    return {"commit": logs[0]["provenance"]["commit"][:7], "minutes": minutes}


if __name__ == "__main__":
    sys.exit(main())
