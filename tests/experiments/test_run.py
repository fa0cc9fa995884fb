"""The runner: what is finished is skipped, what was stopped is resumed, what fails is reported."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from experiments import run as runner
from experiments.plan import read_question
from experiments.results import read_table
from experiments.run import CHECKOUT, local, scoring_commands, training_command
from helpers.experiment_programs import QUESTION, TRAIN, small_programs, written

ENCODER = "org/encoder"
COMBINED = QUESTION.replace("relation_type]", "relation_type, heads]").replace(
    "  eight: {soft_prompt_tokens: 8}\n",
    "  single: {soft_prompt_tokens: 4, tasks: [novelty]}\ncombinations: {joined: {relation: none, novelty: single}}\n",
)
NOVELTY = "novelty of gold pairs"
PREPARED = "prepare: [{{makes: [$RUNS/prepared/part.txt], command: python {program} $RUNS/prepared/part.txt}}]\n"


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A folder in which questions are answered, with small programs in place of the real ones."""
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(runner, "PROGRAMS", small_programs(tmp_path))
    return Bench(tmp_path)


class Bench:
    """Runs the runner in a folder and looks at what it left."""

    def __init__(self, folder):
        self.folder, self.results = folder, folder / "results.csv"
        self.file = written(folder / "prompts.yaml", QUESTION)

    def options(self, *more) -> list[str]:
        """The arguments of the program."""
        given = [self.file, "--data-dir", self.folder / "data", "--encoder", ENCODER, "--output", self.folder / "runs"]
        return [*map(str, [*given, "--results", self.results, *more])]

    def run(self, *more) -> int:
        """The exit status of the program."""
        return runner.main(self.options(*more))

    def trials(self):
        """Name -> trial."""
        return {f"{trial.variant} {trial.seed}": trial for trial in read_question(self.file).trials(ENCODER)}

    def calls(self, name: str) -> list[str]:
        """The options with which train.py was called for a trial."""
        calls = local(self.trials()[name].model) / "calls.txt"
        return calls.read_text().splitlines() if calls.is_file() else []

    def rows(self) -> list[tuple]:
        """Variant, seed, measure, F1 or share of all rows of the table."""
        table = read_table(self.results)
        return list(zip(table.variant, table.seed, table.measure, table.f1.fillna(table["share"]), strict=True))


def test_every_variant_is_trained_once_with_every_seed(bench):
    assert bench.run() == 0
    assert [len(bench.calls(name)) for name in ("none 1", "eight 1", "none 2", "eight 2")] == [1] * 4
    types = [(variant, seed, round(f1, 2)) for variant, seed, measure, f1 in bench.rows() if measure == "relation_type"]
    assert types == [("none", 1, 0.1), ("eight", 1, 0.18), ("none", 2, 0.2), ("eight", 2, 0.28)]


def test_row_has_size_encoder_minutes_steps_and_all_commits_of_a_resumed_run(bench):
    log = '"provenance": {"commit": "c0ffee0123"}'
    earlier = '"earlier_provenance": [{"commit": "0123456789"}, {"commit": "c0ffee0123"}]'
    written(bench.folder / "train.py", TRAIN.replace(log, f"{log}, {earlier}"))
    encoder = bench.folder / "MiniLM"
    encoder.mkdir()
    for content in ("one", "two"):
        written(encoder / "model.safetensors", content)
        given = ["--encoder", encoder, "--seeds", "1", "--only", "eight", "--set", "max_dev_documents=5"]
        assert bench.run(*given) == 0
    assert len(list((bench.folder / "runs").glob("*/*-model"))) == 2  # other weights are another encoder
    row = read_table(bench.results).iloc[0]
    assert (row["question"], row["size"], row["split"]) == ("prompts", "paper max_dev_documents=5", "dev")
    assert (row["commit"], row["minutes"], row["steps"]) == ("0123456789 c0ffee0123", 1.0, 40)
    assert row["encoder"].startswith("MiniLM (")


def test_options_are_those_of_the_settings_with_the_paths_of_this_machine(bench):
    trial = bench.trials()["none 1"]
    more = {"chunks": ["prefix", "infix"], "exclude": [], "overwrite": True, "resume": False, "corpora": None}
    changed = replace(trial, settings={**trial.settings, **more})
    assert training_command(changed)[2:] == [
        *("--train", "$DATA/train.pubtator", "--dev", "$DATA/dev.pubtator", "--max_documents", "2"),
        *("--soft_prompt_tokens", "0", "--seed", "1", "--encoder", "$ENCODER", "--chunks", "prefix", "infix"),
        *("--overwrite", "--output_dir", changed.model),
    ]
    bench.run("--seeds", "1", "--only", "none")
    assert f"--train {bench.folder}/data/train.pubtator --dev" in bench.calls("none 1")[0]
    assert f"--encoder {ENCODER} " in bench.calls("none 1")[0]


def test_finished_trials_are_skipped_and_stay_in_the_table(bench):
    bench.run()
    before = bench.results.read_text()
    bench.results.unlink()  # as if the runner had been killed before it wrote
    assert bench.run() == 0
    assert [len(bench.calls(name)) for name in bench.trials()] == [1] * 4
    assert bench.results.read_text() == before


def test_stopped_training_is_reported_and_then_resumed(bench, capsys):
    written(bench.file, QUESTION.replace("soft_prompt_tokens: 0", "soft_prompt_tokens: 7"))
    states = local(bench.trials()["none 1"].model) / "states"
    assert bench.run("--seeds", "1") == 1
    assert "FAILED: exit status 1" in capsys.readouterr().out
    assert states.is_dir()
    assert {row[0] for row in bench.rows()} == {"eight"}
    assert bench.run("--seeds", "1") == 0
    first, second = bench.calls("none 1")
    assert second == f"{first} --resume_from_checkpoint"
    assert not states.exists()
    assert {row[0] for row in bench.rows()} == {"eight", "none"}


def test_failure_is_reported_with_the_end_of_its_log_and_others_are_run(bench, capsys):
    written(bench.file, QUESTION.replace("soft_prompt_tokens: 0", "soft_prompt_tokens: 13"))
    assert bench.run("--seeds", "1") == 1
    printed = capsys.readouterr().out
    assert "FAILED: exit status 1; see" in printed
    assert "reading the data\nno prompt has 13 tokens\n" in printed
    assert {row[0] for row in bench.rows()} == {"eight"}


def test_dry_run_lists_commands_and_runs_nothing(bench, capsys):
    assert bench.run("--dry-run") == 0
    assert capsys.readouterr().out.count("--soft_prompt_tokens") == 4
    assert not (bench.folder / "runs").exists()
    assert not bench.results.exists()


def test_files_are_prepared_once_and_nothing_is_trained_without_them(bench, capsys):
    program = written(bench.folder / "prepare.py", "")
    written(bench.file, QUESTION + PREPARED.format(program=program))
    assert bench.run() == 1
    assert "$RUNS/prepared/part.txt not made" in capsys.readouterr().err
    assert bench.calls("none 1") == []
    written(program, "import sys; open(sys.argv[1], 'a').write('made ')")
    bench.run("--seeds", "1")
    bench.run("--seeds", "1")
    assert (bench.folder / "runs" / "prepared" / "part.txt").read_text() == "made "


def test_measures_are_those_that_the_tasks_decide(bench):
    written(bench.file, COMBINED)
    assert bench.run("--seeds", "1") == 0
    assert bench.rows() == [
        *(("none", 1, "entity_pair", 0.1), ("none", 1, "relation_type", 0.1), ("none", 1, NOVELTY, 0.75)),
        *(("single", 1, "entity_pair", 0.14), ("single", 1, NOVELTY, 0.75)),
        *(("joined", 1, "entity_pair", 0.5), ("joined", 1, "relation_type", 0.5)),
    ]
    assert read_table(bench.results).minutes.iloc[-1] == 2.0


def test_joined_predictions_come_from_the_models_of_the_combination(bench):
    written(bench.file, COMBINED + "test: $DATA/test.pubtator\n")
    trials = bench.trials()
    commands = scoring_commands(read_question(bench.file), trials["joined 1"])
    models = [f"{task}={trials[name].model}" for task, name in (("relation", "none 1"), ("novelty", "single 1"))]
    assert [command[2:] for command in commands.values()] == [
        [f"$DATA/{split}.pubtator", "--models", *models, "--json", made]
        for split, made in zip(("dev", "test"), commands, strict=True)
    ]


# Trains until it is asked to stop, as train.py does; saving takes longer than an impatient runner waits.
STOPPABLE = """
import sys, time
from pathlib import Path
from types import SimpleNamespace

from biodir.training.stopping import StopRequest

output = Path(sys.argv[sys.argv.index("--output_dir") + 1])
stop = StopRequest()
output.mkdir(parents=True)
(output / "began").touch()
while not stop.is_wanted(SimpleNamespace(num_processes=1)):
    time.sleep(0.01)
time.sleep(SAVING_S)
(output / "saved").touch()
sys.exit(143)
"""
# The runner with another training program.
START = """
import sys
from experiments import run

run.PROGRAMS["train"] = [sys.argv[1]]
sys.exit(run.main(sys.argv[2:]))
"""


@pytest.fixture
def start_runner(bench):
    """Start the runner in a process of its own; return it in the middle of a training, and the model folder."""
    programs = []

    def start(saving_s):
        trains = written(bench.folder / "stoppable.py", STOPPABLE.replace("SAVING_S", str(saving_s)))
        program = subprocess.Popen(
            [sys.executable, "-c", START, str(trains), *bench.options()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            start_new_session=True,  # signals go to this group only
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # which a background job ignores
        )
        model = local(bench.trials()["none 1"].model)
        programs.append(program)
        while not (model / "began").exists():
            assert program.poll() is None, program.communicate()[0]
            time.sleep(0.05)
        return program, model

    yield start
    for program in programs:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.communicate()


@pytest.mark.parametrize(
    "interrupt", [os.killpg, pytest.param(os.kill, marks=pytest.mark.slow)], ids=["Ctrl-C", "only the runner"]
)
def test_training_saves_its_checkpoint_when_the_runner_is_interrupted(start_runner, interrupt):
    program, model = start_runner(saving_s=1)
    interrupt(program.pid, signal.SIGINT)
    printed, _ = program.communicate(timeout=60)
    assert (model / "saved").exists()
    assert program.returncode == 130
    assert "interrupted; waiting for a checkpoint" in printed
    assert printed.endswith("experiments: interrupted; the same command resumes\n")


def test_trial_is_taken_as_long_as_a_training_of_a_killed_runner_works_on_it(start_runner, bench, capsys):
    program, model = start_runner(saving_s=0)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    bench.run("--seeds", "1", "--only", "none")
    assert "another process works on it" in capsys.readouterr().out
    os.killpg(program.pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while not (model / "saved").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # the lock goes with the process
    assert bench.run("--seeds", "1", "--only", "none") == 0
