"""Takes what results/training.json says of the training runs from the logs of these runs.

python scripts/training_facts.py runs/stage1 runs/stage2 runs/final              # then write_model_card.py
python scripts/training_facts.py runs/stage1 runs/stage2 runs/final-* --check    # exit status 1 where they differ

Commits, minutes, threads, epochs, losses, scores, bias, seeds and copies come from the training.json that train.py left
in each folder. Pretraining, the numbers of documents and what else the file holds are not in these logs, and stay as
they are.
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
    """The exit status: 0, or 1 where the file differs from the logs and was to be checked, or a log is not whole."""
    options = _options(arguments)
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
        write_json(facts_file, merged(facts, found))
    return int(options.check and bool(differing))


def log_of(folder: Path) -> dict[str, Any]:
    """The log of a run.

    Raises:
        PublishError: there is none, or the run was not finished.
    """
    path = folder / "training.json"
    if not path.is_file():
        raise PublishError(f"{path}: there is no such file; name the folder that train.py wrote")
    log = json.loads(path.read_text(encoding="utf-8"))
    if not log.get("finished"):
        raise PublishError(f"{path}: the run was not finished; go on with it by train.py --resume")
    return log


def facts_of_runs(
    first: Mapping[str, Any], second: Mapping[str, Any], finals: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What the logs say, in the form of results/training.json.

    Args:
        finals: the runs whose weights, or their mean, are shipped.

    Raises:
        PublishError: a final run did not end where the second stage was best on dev or not with its bias, none has its
            seed, or the final runs are those of several commits.
    """
    chosen = best_epoch(second)
    for final in finals:
        _check_end(final, chosen)
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


def _check_end(final: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    """Nothing where the run ended as stage 2 chose; else PublishError."""
    taken = final["epochs"][-1]
    for name, seen, wanted in (
        ("the last epoch", taken["epoch"], chosen["epoch"]),
        ("the bias", taken["none_bias"], chosen["none_bias"]),
    ):
        if wanted != seen:
            raise PublishError(
                f"{name} of a final run is {seen}, that of stage 2 {wanted}; name runs that belong together"
            )


def best_epoch(log: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the log says of the epoch that dev chose."""
    return log["epochs"][log["best_epoch"] - 1]


def differences(facts: Mapping[str, Any], found: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """A line on each value of the facts that the logs contradict."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from differences(facts.get(name, {}), value, f"{place}{name}.")
        elif facts.get(name) != value:
            yield f"{place}{name} is {json.dumps(facts.get(name))}, in the logs {json.dumps(value)}"


def merged(facts: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with the values of the logs in place of their own, in the order that they had."""
    inner = {
        name: merged(facts.get(name, {}), value) if isinstance(value, Mapping) else value
        for name, value in found.items()
    }
    return {**facts, **inner}


def _row(epoch: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the card's table: loss, and dev F1 of each level in per cent."""
    f1 = [round(100 * epoch["dev"][level]["f1"], 2) for level in LEVEL_NAMES]
    return {"epoch": epoch["epoch"], "loss": round(epoch["loss"], 3), "f1": f1}


def _common(logs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is told of every step, of one or several runs of a commit; seven digits of it, as git shows them."""
    minutes = round(sum(epoch["train_s"] for log in logs for epoch in log["epochs"]) / 60)
    return {"commit": logs[0]["provenance"]["commit"][:7], "minutes": minutes}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("stage1", type=Path, help="folder of the first stage, on all corpora")
    parser.add_argument("stage2", type=Path, help="folder of the second stage, scored on dev")
    parser.add_argument("final", type=Path, nargs="+", help="the runs whose weights, or their mean, are shipped")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file differs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
