"""Update results/training.json from the logs of the training runs.

    python scripts/training_facts.py --stage1 runs/stage1-1 runs/stage1-2 --stage2 runs/stage2 runs/final
    python scripts/training_facts.py --stage3 runs/further-1 runs/further-2 ...    # in order, after stage 2
    python scripts/training_facts.py --tagger runs/tagger1 runs/tagger2 runs/tagger3    # then write_model_card.py

Commits, minutes, threads, epochs, losses, scores, bias, seeds and copies come from the training.json that train.py left
in each folder. Pretraining, the numbers of documents and what else the file holds are not in these logs, and stay; so
does the commit of a run that was started outside a clone. Runs of stages 1 and 3 and of the tagger keep it by place; so
do those of stage 3 their start and patterns, which are written by hand.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

from biodir.evaluation.scores import FIGURES
from biodir.files import write_json
from biodir.publishing.card import LEVEL_NAMES
from biodir.publishing.errors import PublishError

FACTS = Path(__file__).resolve().parent.parent / "results" / "training.json"


def main(arguments: Sequence[str] | None = None, facts_file: Path = FACTS) -> None:
    """Update the facts; logs that do not fit end the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--stage1", type=Path, nargs="+", metavar="RUN", help="folders of stage 1, in order")
    stage2_help = "folder of the run that chose epoch and bias on dev, and those of the runs that learned from dev too"
    parser.add_argument("--stage2", type=Path, nargs="+", metavar="RUN", help=stage2_help)
    stage3_help = "folders of the runs that went on from stage 2, in order (step 6 of the card)"
    parser.add_argument("--stage3", type=Path, nargs="+", metavar="RUN", help=stage3_help)
    tagger_help = "folders of the tagger's stages, in order: each started from the one before, the last is shipped"
    parser.add_argument("--tagger", type=Path, nargs="+", metavar="RUN", help=tagger_help)
    options = parser.parse_args(arguments)
    if not (options.stage1 or options.stage2 or options.stage3 or options.tagger):
        parser.error("give --stage1 and --stage2, or --stage3, or --tagger, or all")
    if bool(options.stage1) != bool(options.stage2):
        parser.error("--stage1 and --stage2 belong together; give both")
    if options.stage2 and len(options.stage2) < 2:
        parser.error("--stage2 needs two runs or more: the one on dev, and the final ones")
    facts = json.loads(facts_file.read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    try:
        if options.stage1:
            found["first_stage"] = _placed(
                facts.get("first_stage", []), facts_of_first_stage([log_of(folder) for folder in options.stage1])
            )
            dev, *finals = map(log_of, options.stage2)
            found["second_stage"] = {**facts.get("second_stage", {}), **facts_of_second_stage(dev, finals)}
        if options.stage3:
            logs = [log_of(folder) for folder in options.stage3]
            known = facts.get("third_stage", {})
            none_bias = {**facts, **found}["second_stage"]["final"]["none_bias"]
            runs = _placed(known.get("runs", []), facts_of_third_stage(logs, none_bias))
            found["third_stage"] = {**known, "runs": runs}
        if options.tagger:
            stages = facts_of_tagger([log_of(folder) for folder in options.tagger])
            found["tagger"] = _placed(facts.get("tagger", []), stages)
    except PublishError as error:
        raise SystemExit(f"training_facts.py: error: {error}") from error
    write_json(facts_file, {**facts, **found})


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


def facts_of_second_stage(dev: Mapping[str, Any], finals: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the logs of stage 2 hold, in the form of results/training.json.

    Args:
        dev: the run that chose epoch and bias on dev.
        finals: the runs that learned from dev, too. Their weights, or the mean of these, are shipped.

    Raises:
        PublishError: a final run did not end where the other was best on dev, or not with its bias.
    """
    chosen = _best_epoch(dev)
    for final in finals:
        for name in ("epoch", "none_bias"):
            if final["epochs"][-1][name] != chosen[name]:
                seen = final["epochs"][-1][name]
                raise PublishError(f"{name} of a final run is {seen}, on dev {chosen[name]}; name runs of one stage")
    copies = {name: dev["settings"][name] for name in ("seed", "rare_copies", "rare_below")}
    rows = _epoch_rows(dev, lambda scores: {"f1": [_percent(scores[level]["f1"]) for level in LEVEL_NAMES]})
    final_facts = _common(*finals) | {"seeds": [final["settings"]["seed"] for final in finals]}
    final_facts |= {"epochs": chosen["epoch"], "none_bias": chosen["none_bias"]}
    shown = {"threads": dev["provenance"]["threads"], "epochs": rows, "best_epoch": chosen["epoch"]}
    return _common(dev) | copies | shown | {"final": final_facts}


def facts_of_third_stage(logs: Sequence[Mapping[str, Any]], none_bias: float) -> list[dict[str, Any]]:
    """Return what the logs of the runs after stage 2 hold, in order, in the form of results/training.json.

    Args:
        none_bias: the decoding bias of stage 2, which is shipped.

    Raises:
        PublishError: a run has another bias.
    """
    for log in logs:
        seen = log["settings"]["none_bias"]
        if seen != none_bias:
            raise PublishError(
                f"{log['settings']['output_dir']}: has none_bias {seen}, stage 2 chose {none_bias}; name runs with that"
            )
    shown = ("encoder_learning_rate", "head_learning_rate", "seed")
    return [
        {**_common(log), "epochs": len(log["epochs"]), **{name: log["settings"][name] for name in shown}}
        for log in logs
    ]


def facts_of_first_stage(logs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the logs of stage 1 hold, in order, in the form of results/training.json.

    Raises:
        PublishError: a run did not start from the one before.
    """
    _check_chain(logs, "runs of one stage 1")
    return [
        _common(log)
        | {"seed": log["settings"]["seed"], "epochs": len(log["epochs"])}
        | {"f1": [_percent(_best_epoch(log)["dev"][level]["f1"]) for level in LEVEL_NAMES]}
        for log in logs
    ]


def facts_of_tagger(logs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the logs of the tagger's stages hold, in order, in the form of results/training.json.

    Raises:
        PublishError: a stage did not start from the one before, or changed the relations.
    """
    _check_chain(logs, "stages of one tagger")
    for log in logs:
        if not log["settings"]["freeze_relations"]:
            raise PublishError(f"{log['settings']['output_dir']}: changed the relations; run it with freeze_relations")
    return [_tagger_stage(log) for log in logs]


def _check_chain(logs: Sequence[Mapping[str, Any]], what: str) -> None:
    for before, after in pairwise(log["settings"] for log in logs):
        start, end = Path(after["encoder"]), Path(before["output_dir"])
        if start != end:
            raise PublishError(f"{after['output_dir']}: started from {start}, not from {end}; name the {what} in order")


def _placed(known: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the runs with what is known of the run at the same place and is in no log."""
    return [{**before, **values} for before, values in zip_longest(known[: len(found)], found, fillvalue={})]


def _tagger_stage(log: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the log of a stage holds; logs from before there was a share of sentences have none."""
    settings = log["settings"]
    shown = {"seed": settings["seed"], "sentence_share": settings.get("sentence_share", 0.0)}
    shown |= {"layers": settings["tagger_layers"], "mention_files": len(settings["mention_train"])}
    rows = _epoch_rows(log, lambda dev: {name: _percent(dev["mentions"][name]) for name in FIGURES})
    threads = log["provenance"]["threads"]
    return _common(log) | shown | {"threads": threads, "epochs": rows, "best_epoch": log["best_epoch"]}


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
