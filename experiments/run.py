"""Answer questions: train what they compare, score it, and add the scores to the table of results.

    python -m experiments.run experiments/soft_prompt.yaml --data-dir DATA --encoder FOLDER_OR_HUB_ID

The same command again skips what is finished and resumes what was stopped. A trial that fails does not stop the others.
Commands and files hold the variables $DATA and $RUNS, so they are the same on every machine.
"""

import argparse
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from biodir.errors_biodir import BioDirError
from biodir.labels_biodir import TASKS

from .plan import HEADS, PAPER, SIZES, Question, Trial, read_question
from .results import HEAD_MEASURES, add_rows

CHECKOUT = Path(__file__).resolve().parent.parent
# The programs, as arguments of Python.
PROGRAMS = {
    "train": ["train.py"],
    "evaluate": ["-m", "biodir", "evaluate"],
    HEADS: ["-m", "experiments.predictions", "heads"],
    "join": ["-m", "experiments.predictions", "join"],
}


def local(text: str) -> Path:
    """Return the path on this machine."""
    return Path(os.path.expandvars(text))


def training_log(trial: Trial) -> dict[str, Any]:
    """Return the training.json of a trial; empty if it is missing or incomplete."""
    try:
        log: dict[str, Any] = json.loads(local(f"{trial.folder}/model/training.json").read_text(encoding="utf-8"))
        return log
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def is_trained(trial: Trial) -> bool:
    """Return whether the model, or each of those to be joined, is trained."""
    return all(training_log(part).get("finished") for part in trial.parts.values() or [trial])


def training_command(trial: Trial, encoder: str) -> list[str]:
    """Return the command that trains the model, or resumes its training."""
    options = []
    for name, value in {**trial.settings, "encoder": encoder, "output_dir": f"{trial.folder}/model"}.items():
        if value is not None and value is not False and value != []:
            values = [] if value is True else value if isinstance(value, list) else [value]
            options += [f"--{name}", *map(str, values)]
    resume = ["--resume_from_checkpoint"] if any(local(trial.folder).glob("model/*")) else []
    return ["python", *PROGRAMS["train"], *options, *resume]


def scoring_commands(question: Question, trial: Trial) -> Iterator[tuple[str, str, list[str]]]:
    """Yield split, file and the command that makes the file, whose name depends on the command."""

    def step(split: str, program: str, *arguments: str) -> tuple[str, str, list[str]]:
        command = ["python", *PROGRAMS[program], *arguments, "--json"]
        digest = hashlib.sha256(" ".join(command).encode()).hexdigest()[:6]
        made = f"{trial.folder}/{program}.{split}.{digest}.json{'l' if program == 'join' else ''}"
        return split, made, [*command, made]

    for split, gold in (("dev", question.settings["dev"]), ("test", question.test)):
        if gold and trial.parts:
            models = [f"{task}={part.folder}/model" for task, part in trial.parts.items()]
            yield (joined := step(split, "join", gold, "--models", *models, *question.model_options))
            yield step(split, "evaluate", gold, joined[1])
        elif gold:
            for program in ("evaluate", HEADS) if HEADS in question.report else ("evaluate",):
                yield step(split, program, gold, "--model", f"{trial.folder}/model", *question.model_options)


def finish(question: Question, trial: Trial, encoder: str) -> None:
    """Train and score the trial as far as that is not done; a Timeout if another process works on it."""
    local(trial.folder).mkdir(parents=True, exist_ok=True)
    # The programs inherit the lock and hold it until they end, even if this one is killed.
    with FileLock(local(trial.folder) / "lock", 0, on_acquired=lambda handle: os.set_inheritable(handle, True)):
        if not is_trained(trial):
            if trial.parts:
                raise BioDirError("a model is missing whose predictions are to be joined; train it first")
            _run(training_command(trial, encoder), f"{trial.folder}/train.log")
            if not is_trained(trial):
                raise BioDirError(f"{trial.folder}/model/training.json is not `finished`; see train.log beside it")
        # A finished training is not resumed; its states are several times the checkpoint.
        shutil.rmtree(local(f"{trial.folder}/model/states"), ignore_errors=True)
        for _, made, command in scoring_commands(question, trial):
            _make([made], command, f"{trial.folder}/score.log")


def trial_rows(question: Question, trial: Trial, shared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a finished trial; `shared` are the columns question, size and encoder."""
    logs = [training_log(part) for part in trial.parts.values() or [trial]]
    origins = [origin for log in logs for origin in (*log.get("earlier_provenance", ()), log.get("provenance", {}))]
    about = {
        **shared,
        "variant": trial.variant,
        "seed": trial.seed,
        "commit": " ".join(dict.fromkeys(origin.get("commit", "unknown") for origin in origins)),
        "minutes": round(sum(epoch["train_s"] for log in logs for epoch in log["epochs"]) / 60, 4),
        "steps": sum(log.get("steps", 0) for log in logs),
    }
    missing = {*TASKS} - {*(trial.parts or trial.settings.get("tasks") or TASKS)}
    rows = []
    for split, made, _ in scoring_commands(question, trial):
        if made.endswith(".json"):
            scores = json.loads(local(made).read_text(encoding="utf-8"))
            levels = [level for level in question.report if scores.get(level)]
            levels = [level for level in levels if not any(task in level or level == "all" for task in missing)]
            figures = {level: scores[level] for level in levels}
            figures |= {HEAD_MEASURES[task]: {"share": scores[task]["accuracy"]} for task in TASKS if task in scores}
            rows += [{**about, "split": split, "measure": measure, **found} for measure, found in figures.items()]
    return rows


def _make(makes: Sequence[str], command: Sequence[str], log: str) -> None:
    """Run a command unless its files exist."""
    paths = list(map(local, makes))
    if not all(path.is_file() for path in paths):
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        _run(command, log)
        if not all(path.is_file() for path in paths):
            raise BioDirError(f"the program did not make {' '.join(makes)}; see {local(log)}")


def _run(command: Sequence[str], log: str) -> None:
    """Run a command in the checkout and append its output to the log."""
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
    if program.returncode:
        tail = local(log).read_text(encoding="utf-8", errors="replace").replace("\r", "\n").splitlines()[-15:]
        raise BioDirError("\n".join([f"exit status {program.returncode}; see {local(log)}", *tail]))


def answer(question: Question, options: argparse.Namespace, shared: Mapping[str, str]) -> int:
    """Finish the trials of a question, add their rows to the table, and return how many failed."""
    failed, path = 0, options.results or options.output / "results.csv"
    for entry in question.prepare if not options.dry_run else ():
        _make(entry["makes"], shlex.split(entry["command"]), "$RUNS/prepare.log")
    for trial in question.trials(shared["encoder"], options.seeds, options.only):
        print(f"{trial.variant}, seed {trial.seed}: {local(trial.folder)}", flush=True)
        try:
            if options.dry_run:
                print(" ", *([] if is_trained(trial) or trial.parts else training_command(trial, options.encoder)))
                continue
            finish(question, trial, options.encoder)
            with FileLock(local("$RUNS/results.lock")):
                add_rows(path, trial_rows(question, trial, shared))
        except Timeout:
            print("another process works on it", flush=True)
        except BioDirError as error:
            failed += 1
            print(f"FAILED: {error}", flush=True)
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status: 1 if a trial failed or the options are wrong."""
    parser = argparse.ArgumentParser(prog="python -m experiments.run", description=__doc__.split("\n", 1)[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="YAML files of questions")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of the corpora, with bioredirect/ in it")
    parser.add_argument("--encoder", required=True, help="folder or Hub id of the pretrained encoder")
    parser.add_argument("--output", type=Path, default=Path("runs/experiments"), help="folder for checkpoints and logs")
    parser.add_argument("--results", type=Path, help="CSV file of the table; by default results.csv in the output")
    parser.add_argument("--size", choices=SIZES, default=PAPER, help="paper: as published; small: for two CPU cores")
    parser.add_argument("--seeds", type=int, nargs="+", default=(), help="in place of those of the file")
    parser.add_argument("--only", nargs="+", default=(), metavar="VARIANT", help="run only these variants")
    parser.add_argument("--set", nargs="+", default=(), metavar="NAME=VALUE", help="settings of all variants")
    parser.add_argument("--dry-run", action="store_true", help="list the trials and their commands, and run nothing")
    options = parser.parse_args(arguments)
    os.environ |= {"DATA": str(options.data_dir.resolve()), "RUNS": str(options.output.resolve())}
    encoder, folder = options.encoder, Path(options.encoder).resolve()
    if files := sorted([*folder.glob("config.json"), *folder.glob("*.safetensors")]):
        fingerprint = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
        options.encoder, encoder = str(folder), f"{folder.name} ({fingerprint})"
    try:
        changes = {name: yaml.safe_load(value) for name, _, value in (pair.partition("=") for pair in options.set)}
        questions = {file.stem: read_question(file, options.size, changes) for file in options.files}
        shared = {"size": " ".join([options.size, *options.set]), "encoder": encoder}
        failed = [answer(each, options, {"question": name, **shared}) for name, each in questions.items()]
        return int(any(failed))
    except (BioDirError, yaml.YAMLError) as error:
        print(f"experiments: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("experiments: interrupted; the same command resumes", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
