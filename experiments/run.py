"""Answer questions: train what they compare, score it, and add the scores to the table of results.

    python -m experiments.run experiments/soft_prompt.yaml --data-dir DATA --encoder FOLDER_OR_HUB_ID

The same command again skips what is finished and resumes what was stopped. A trial that fails does not stop the others.
Commands and files hold the variables $DATA, $RUNS and $ENCODER, so they are the same on every machine.
"""

import argparse
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from biodir.errors_biodir import BioDirError
from biodir.labels_biodir import LEVELS, TASKS

from .plan import HEADS, PAPER, SIZES, Question, Trial, read_question
from .results import HEAD_MEASURES, add_rows

CHECKOUT = Path(__file__).resolve().parent.parent
PROGRAMS = {"train": ["train.py"], "score": ["-m", "experiments.predictions"]}  # as arguments of Python


def local(text: str) -> Path:
    """Return the path on this machine."""
    return Path(os.path.expandvars(text))


def training_logs(trial: Trial) -> list[dict[str, Any]]:
    """Return the training.json of the trial, or of its parts; where there is none, that of an unfinished run."""
    paths = [local(f"{each.model}/training.json") for each in trial.parts.values() or [trial]]
    return [json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"finished": False} for path in paths]


def is_trained(trial: Trial) -> bool:
    """Return whether all models of the trial are trained."""
    return all(log["finished"] for log in training_logs(trial))


def training_command(trial: Trial) -> list[str]:
    """Return the command that trains the model, or resumes its training."""
    command = ["python", *PROGRAMS["train"]]
    for name, value in {**trial.settings, "encoder": "$ENCODER", "output_dir": trial.model}.items():
        if value is not None and value is not False and value != []:
            values = [] if value is True else value if isinstance(value, list) else [value]
            command += [f"--{name}", *map(str, values)]
    return command + ["--resume_from_checkpoint"] * any(local(trial.model).glob("*"))


def scoring_commands(question: Question, trial: Trial) -> dict[str, list[str]]:
    """Return file -> the command that makes it; its name has the split and a hash of the command."""
    models = [f"{task}={part.model}" for task, part in trial.parts.items()] or [trial.model]
    commands = {}
    for split, gold in (("dev", question.settings["dev"]), ("test", question.test)):
        if gold:
            command = ["python", *PROGRAMS["score"], gold, "--models", *models, *question.model_options, "--json"]
            made = f"{trial.folder}/{split}.{hashlib.sha256(' '.join(command).encode()).hexdigest()[:6]}.json"
            commands[made] = [*command, made]
    return commands


def finish(question: Question, trial: Trial) -> None:
    """Train and score the trial as far as that is not done; a Timeout if another process works on it."""
    local(trial.folder).mkdir(parents=True, exist_ok=True)
    # The programs inherit the lock and hold it until they end, even if this one is killed.
    with FileLock(local(trial.folder) / "lock", 0, on_acquired=lambda handle: os.set_inheritable(handle, True)):
        if not is_trained(trial) and not trial.parts:
            _run(training_command(trial), f"{trial.folder}/train.log")
        if not is_trained(trial):
            raise BioDirError(f"{trial.folder}: a model is not `finished`; see train.log, or train the parts first")
        # A finished training is not resumed; its states are several times the checkpoint.
        shutil.rmtree(local(f"{trial.model}/states"), ignore_errors=True)
        for made, command in scoring_commands(question, trial).items():
            _run(command, f"{trial.folder}/score.log", [made])


def trial_rows(question: Question, trial: Trial, shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a finished trial; `shared` are the columns question, size and encoder."""
    logs = training_logs(trial)
    origins = [origin for log in logs for origin in (*log.get("earlier_provenance", ()), log["provenance"])]
    about = {**shared, "variant": trial.variant, "seed": trial.seed}
    about["commit"] = " ".join(dict.fromkeys(origin["commit"] for origin in origins))
    about["minutes"] = round(sum(epoch["train_s"] for log in logs for epoch in log["epochs"]) / 60, 4)
    about["steps"] = sum(log["steps"] for log in logs)
    missing = {*TASKS} - {*(trial.parts or trial.settings.get("tasks") or TASKS)}
    undecided = {level for level in LEVELS if (missing and level == "all") or any(task in level for task in missing)}
    rows = []
    for made in scoring_commands(question, trial):
        scores = json.loads(local(made).read_text(encoding="utf-8"))
        figures = {level: scores[level] for level in question.report if level not in undecided and scores.get(level)}
        for task, head in figures.pop(HEADS, {}).items():
            figures[HEAD_MEASURES[task]] = {"share": head["accuracy"]}
        split = Path(made).name.split(".")[0]
        rows += [{**about, "split": split, "measure": measure, **found} for measure, found in figures.items()]
    return rows


def _run(command: Sequence[str], log: str, makes: Sequence[str] = ()) -> None:
    """Run a command in the checkout, unless the files that it makes exist, and append its output to the log."""
    if makes and all(local(made).is_file() for made in makes):
        return
    for path in (log, *makes):
        local(path).parent.mkdir(parents=True, exist_ok=True)
    arguments = [sys.executable if part == "python" else os.path.expandvars(part) for part in command]
    with open(local(log), "a", encoding="utf-8") as file:
        print(f"$ {' '.join(command)}", file=file, flush=True)
        program = subprocess.Popen(arguments, stdout=file, stderr=subprocess.STDOUT, cwd=CHECKOUT, close_fds=False)
        try:
            program.wait()
        except KeyboardInterrupt:
            print("interrupted; waiting for a checkpoint; interrupt again to end at once", flush=True)
            program.terminate()  # Ctrl-C reaches the program too, but `kill -INT` of the runner does not
            try:
                program.wait()
            finally:
                program.kill()
            raise
    missing = [made for made in makes if not local(made).is_file()]
    if program.returncode or missing:
        tail = local(log).read_text(encoding="utf-8", errors="replace").replace("\r", "\n").splitlines()[-15:]
        reasons = [f"exit status {program.returncode}", *(f"{made} not made" for made in missing), f"see {local(log)}"]
        raise BioDirError("\n".join(["; ".join(reasons), *tail]))


def answer(question: Question, options: argparse.Namespace, shared: Mapping[str, str]) -> bool:
    """Finish the trials of a question, add their rows to the table, and return whether none failed."""
    failed, path = False, options.results or options.output / "results.csv"
    for entry in question.prepare if not options.dry_run else ():
        _run(shlex.split(entry["command"]), "$RUNS/prepare.log", entry["makes"])
    for trial in question.trials(shared["encoder"], options.seeds, options.only):
        print(f"{trial.variant}, seed {trial.seed}: {local(trial.folder)}", flush=True)
        try:
            if options.dry_run:
                print(" ", *([] if trial.parts else training_command(trial)))
                continue
            finish(question, trial)
            with FileLock(local("$RUNS/results.lock")):
                add_rows(path, trial_rows(question, trial, shared))
        except Timeout:
            print("another process works on it", flush=True)
        except BioDirError as error:
            failed = True
            print(f"FAILED: {error}", flush=True)
    return not failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status: 1 if a trial failed or the options are wrong."""
    parser = argparse.ArgumentParser(prog="python -m experiments.run", description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="YAML files of questions")
    add("--data-dir", type=Path, required=True, help="folder of the corpora, with bioredirect/ in it")
    add("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    add("--output", type=Path, default=Path("runs/experiments"), help="folder for checkpoints and logs")
    add("--results", type=Path, help="CSV file of the table; by default results.csv in the output")
    add("--size", choices=SIZES, default=PAPER, help="paper: as published; small: for two CPU cores")
    add("--seeds", type=int, nargs="+", default=(), help="in place of those of the file")
    add("--only", nargs="+", default=(), metavar="VARIANT", help="run only these variants")
    add("--set", nargs="+", default=(), metavar="NAME=VALUE", help="settings of all variants")
    add("--dry-run", action="store_true", help="list the trials and their commands, and run nothing")
    options = parser.parse_args(arguments)
    encoder, folder = options.encoder, Path(options.encoder).resolve()
    if files := sorted([*folder.glob("config.json"), *folder.glob("*.safetensors")]):
        fingerprint = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
        options.encoder, encoder = str(folder), f"{folder.name} ({fingerprint})"
    paths = {"DATA": str(options.data_dir.resolve()), "RUNS": str(options.output.resolve())}
    os.environ |= {**paths, "ENCODER": options.encoder}
    try:
        changes = {name: yaml.safe_load(value) for name, _, value in (pair.partition("=") for pair in options.set)}
        questions = {file.stem: read_question(file, options.size, changes) for file in options.files}
        shared = {"size": " ".join([options.size, *options.set]), "encoder": encoder}
        succeeded = [answer(each, options, {"question": name, **shared}) for name, each in questions.items()]
        return int(not all(succeeded))
    except (BioDirError, yaml.YAMLError) as error:
        print(f"experiments: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("experiments: interrupted; the same command resumes", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
