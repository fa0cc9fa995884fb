"""Makes what an experiment needs: prepared files, trained models, scores. What is there already is not made again."""

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from biodir.errors_biodir import BioDirError

from .places import CHECKOUT, Places
from .plan import CombinedRun, Experiment, Preparation, Run, shown_command, training_options

PYTHON = "python"
LOG_TAIL_LINES = 15
TRAINING_LOG = "training.json"
STATES = "states"
NEW, STARTED, TRAINED, FINISHED = "new", "started", "trained", "finished"


class CommandError(BioDirError):
    """A program of the experiment that failed; `log` is where it wrote, `tail` the end of that."""

    def __init__(self, problem: str, log: Path, tail: str) -> None:
        super().__init__(f"{problem}; see {log}")
        self.problem, self.log, self.tail = problem, log, tail


@dataclass(frozen=True)
class Failure:
    """A run that could not be finished: its name, what was the matter, and the end of the log."""

    run: str
    problem: str
    tail: str


@dataclass(frozen=True)
class Programs:
    """The programs that do the work, as arguments of Python; tests put small ones in their place."""

    train: tuple[str, ...] = ("train.py",)
    evaluate: tuple[str, ...] = ("-m", "biodir", "evaluate")
    heads: tuple[str, ...] = ("-m", "experiments.head_scores")
    join: tuple[str, ...] = ("-m", "experiments.join_answers")


@dataclass(frozen=True)
class Step:
    """A command and the file that shows that it was done."""

    makes: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Workshop:
    """Runs the programs of an experiment on this machine.

    Args:
        say: told of everything that begins or ends.
    """

    experiment: Experiment
    places: Places
    programs: Programs = field(default_factory=Programs)
    say: Callable[[str], None] = print

    def prepare(self) -> None:
        """Makes the files of the preparations that are not there.

        Raises:
            CommandError: a command failed, or did not make what it should.
        """
        if all(map(self._is_prepared, self.experiment.preparations)):
            return
        folder = self.places.path("$RUNS")
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder, lambda: self.say("another process prepares files; waiting for it")):
            for preparation in self.experiment.preparations:
                if not self._is_prepared(preparation):
                    self._prepare(preparation)

    def state(self, run: Run) -> str:
        """How far the run is: NEW, STARTED, TRAINED or FINISHED."""
        if not training_log(run, self.places).get("finished"):
            folder = self.places.path(run.model)
            return STARTED if folder.is_dir() and any(folder.iterdir()) else NEW
        steps = self.score_steps(run)
        return FINISHED if all(self.places.path(step.makes).is_file() for step in steps) else TRAINED

    def train_command(self, run: Run) -> tuple[str, ...]:
        """The command that makes the run's checkpoint, with placeholders."""
        return (PYTHON, *self.programs.train, *training_options(run))

    def score_steps(self, run: Run | CombinedRun) -> list[Step]:
        """The commands that score the run on every gold file, with placeholders."""
        steps = []
        evaluate, options = (PYTHON, *self.programs.evaluate), self.experiment.model_options
        for gold in self.experiment.gold_files.values():
            if isinstance(run, CombinedRun):
                models = [f"{task}={part.model}" for task, part in run.parts.items()]
                join = (PYTHON, *self.programs.join, gold, "--models", *models, *options)
                answers = f"{run.folder}/answers/{_file_name(gold, join)}.jsonl"
                steps += [
                    Step(answers, (*join, "--output", answers)),
                    _named_by_command(run, "scores", gold, (*evaluate, gold, answers)),
                ]
                continue
            steps.append(_named_by_command(run, "scores", gold, (*evaluate, gold, "--model", run.model, *options)))
            if self.experiment.scores_heads:
                heads = (PYTHON, *self.programs.heads, gold, "--model", run.model, *options)
                steps.append(_named_by_command(run, "heads", gold, heads))
        return steps

    def finish(self, run: Run) -> None:
        """Trains and scores the run, as far as that is not done.

        Raises:
            CommandError: a program failed.
        """
        with self._alone_with(run) as is_alone:
            if not is_alone:
                return
            state = self.state(run)
            if state in (NEW, STARTED):
                self._train(run, resumes=state == STARTED)
            self._score(run)

    def join(self, combined: CombinedRun) -> None:
        """Joins and scores the answers of several models, as far as that is not done.

        Raises:
            CommandError: a program failed.
        """
        with self._alone_with(combined) as is_alone:
            if is_alone:
                self._score(combined)

    @contextmanager
    def _alone_with(self, run: Run | CombinedRun) -> Iterator[bool]:
        """Whether no other process works on the run; says so where one does."""
        folder = self.places.path(run.folder)
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder) as is_alone:
            if not is_alone:
                self.say(f"  {run.name}: another process works on it; left to that")
            yield is_alone

    def _train(self, run: Run, resumes: bool) -> None:
        command = self.train_command(run)
        folder = self.places.path(run.folder)
        (folder / "command.txt").write_text(f"# {run.name}\n{shown_command(command)}\n", encoding="utf-8")
        started_s = time.perf_counter()
        self._call((*command, "--resume_from_checkpoint") if resumes else command, folder / "train.log", "training")
        if not training_log(run, self.places).get("finished"):
            raise _error("training ended without `finished` in its training.json", folder / "train.log")
        # Of a finished run nobody goes on; these states are several times the checkpoint.
        shutil.rmtree(self.places.path(run.model) / STATES, ignore_errors=True)
        self.say(f"  {run.name}: trained in {time.perf_counter() - started_s:.0f} s")

    def _score(self, run: Run | CombinedRun) -> None:
        for step in self.score_steps(run):
            made = self.places.path(step.makes)
            if not made.is_file():
                made.parent.mkdir(parents=True, exist_ok=True)
                self._call(step.command, self.places.path(run.folder) / "score.log", "scoring")
                if not made.is_file():
                    raise _error(f"scoring left no {made.name}", self.places.path(run.folder) / "score.log")

    def _is_prepared(self, preparation: Preparation) -> bool:
        return all(self.places.path(made).is_file() for made in preparation.makes)

    def _prepare(self, preparation: Preparation) -> None:
        self.say(f"preparing {', '.join(preparation.makes)}")
        for made in preparation.makes:
            self.places.path(made).parent.mkdir(parents=True, exist_ok=True)
        log = self.places.path("$RUNS") / "prepare.log"
        self._call(tuple(shlex.split(preparation.command)), log, "preparing")
        if not self._is_prepared(preparation):
            raise _error(f"`{preparation.command}` did not make {', '.join(preparation.makes)}", log)

    def _call(self, command: Sequence[str], log: Path, what: str) -> None:
        """Runs a command of Python in the checkout; what it prints is added to the log."""
        arguments = [sys.executable if part == PYTHON else self.places.expanded(part) for part in command]
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"$ {shown_command(command)}\n")
            file.flush()
            # The program inherits the lock of the folder, so it holds as long as the program runs, should this one die.
            program = subprocess.Popen(arguments, stdout=file, stderr=subprocess.STDOUT, cwd=CHECKOUT, close_fds=False)
            status = self._end_of(program, what)
        if status:
            raise _error(f"{what} ended with status {status}", log)

    def _end_of(self, program: subprocess.Popen, what: str) -> int:
        """The exit status; when this program is interrupted, the other one has the time to keep its state."""
        try:
            return program.wait()
        except KeyboardInterrupt:
            self.say(f"  interrupted; {what} is asked to end; interrupt once more to kill it")
            # Ctrl-C reaches the program, too, `kill -INT` of the runner does not. To train.py both together are one.
            program.terminate()
            try:
                program.wait()
            except KeyboardInterrupt:
                program.kill()
                program.wait()
            raise


def run_all(workshop: Workshop, runs: Sequence[Run]) -> list[Failure]:
    """Finishes the runs one after another; one that fails does not stop the others.

    Returns:
        What failed; the end of each log has placeholders in place of paths.
    """
    failures = []
    for number, run in enumerate(runs, start=1):
        state = workshop.state(run)
        workshop.say(f"[{number}/{len(runs)}] {run.name}: {state}, {run.folder}")
        if state != FINISHED:
            failures += _attempt(workshop, run.name, lambda run=run: workshop.finish(run))
    trained = [run for run in runs if workshop.state(run) in (TRAINED, FINISHED)]
    for combined in workshop.experiment.combined_runs(trained):
        failures += _attempt(workshop, combined.name, lambda combined=combined: workshop.join(combined))
    return failures


def training_log(run: Run, places: Places) -> dict:
    """What train.py left in its training.json; empty where there is none, or half of one."""
    try:
        return json.loads((places.path(run.model) / TRAINING_LOG).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _attempt(workshop: Workshop, name: str, work: Callable[[], None]) -> list[Failure]:
    try:
        work()
    except CommandError as error:
        workshop.say(f"  {name}: FAILED: {error}\n{error.tail}")
        return [Failure(name, error.problem, workshop.places.hidden(error.tail))]
    return []


def _named_by_command(run: Run | CombinedRun, kind: str, gold: str, command: tuple[str, ...]) -> Step:
    """The step, whose file is named by what the command asks, so that another question gets another file."""
    makes = f"{run.folder}/{kind}/{_file_name(gold, command)}.json"
    return Step(makes, (*command, "--json", makes))


def _file_name(gold: str, command: Sequence[str]) -> str:
    """A name, without suffix, for what the command says of the gold file."""
    return f"{Path(gold).stem}-{hashlib.sha256(' '.join(command).encode()).hexdigest()[:6]}"


def _error(problem: str, log: Path) -> CommandError:
    lines = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n").splitlines()
    return CommandError(problem, log, "\n".join([line for line in lines if line.strip()][-LOG_TAIL_LINES:]))


@contextmanager
def alone(folder: Path, before_waiting: Callable[[], None] | None = None) -> Iterator[bool]:
    """Whether no other process works in the folder; the system forgets the lock when the processes that hold it die.

    Args:
        before_waiting: called where another one does, whose end is then waited for; without it nothing is waited for.
    """
    with open(folder / "lock", "w", encoding="utf-8") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if before_waiting is None:
                yield False
                return
            before_waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield True
