"""The runner: what is finished is skipped, what was stopped goes on, what fails is reported; the tables' numbers."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from experiments.places import CHECKOUT, Places
from experiments.plan import read_experiment
from experiments.results import Spread, commits_of, read_reports, spread_of_scores
from experiments.run import main
from experiments.running import FINISHED, NEW, STARTED, TRAINED, Workshop, alone
from experiments.tables import all_results_page, commit_list, per_cent
from helpers.experiment_programs import EXPERIMENT, TRAIN, small_programs, written

ENCODER = "org/encoder"


@pytest.fixture
def bench(tmp_path):
    """A folder in which experiments are run, with small programs in place of the real ones."""
    return Bench(tmp_path)


class Bench:
    """Runs the runner in a folder and looks at what it left."""

    def __init__(self, folder):
        self.folder, self.programs = folder, small_programs(folder)
        self.file = written(folder / "prompts.yaml", EXPERIMENT)
        self.results = folder / "results"
        (folder / "data").mkdir(exist_ok=True)

    def run(self, *options) -> int:
        given = [self.file, "--data-dir", self.folder / "data", "--encoder", ENCODER]
        given += ["--output", self.folder / "runs", "--results", self.results, *options]
        return main([*map(str, given)], self.programs)

    def workshop(self, **given) -> Workshop:
        places = Places(self.folder / "data", ENCODER, self.folder / "runs")
        return Workshop(read_experiment(self.file, **given), places, self.programs, say=lambda text: None)

    def calls(self) -> dict[str, list[str]]:
        """Run -> the option lines with which train.py was called for it."""
        workshop = self.workshop()
        found = {}
        for run in workshop.experiment.runs(ENCODER):
            calls = workshop.places.path(run.model) / "calls.txt"
            found[run.name] = calls.read_text().splitlines() if calls.is_file() else []
        return found

    def report(self, name="prompts.paper.json") -> dict:
        return json.loads((self.results / name).read_text())

    def page(self) -> str:
        return (self.results / "prompts.paper.md").read_text()


def rows_of(page: str) -> list[str]:
    """The rows of the first table of a page, without its header."""
    return [line for line in page.splitlines() if line.startswith("| ")][2:]


# What is run.


def test_every_variant_is_trained_once_with_every_seed(bench):
    assert bench.run() == 0
    assert {name: len(calls) for name, calls in bench.calls().items()} == {
        "none, seed 1": 1,
        "eight, seed 1": 1,
        "none, seed 2": 1,
        "eight, seed 2": 1,
    }


def test_program_gets_the_paths_of_this_machine(bench):
    bench.run("--only", "eight", "--seeds", "1")
    run = bench.workshop().experiment.runs(ENCODER, [1], ["eight"])[0]
    data = (bench.folder / "data").resolve()
    assert bench.calls()["eight, seed 1"] == [
        f"--train {data}/train.pubtator --dev {data}/dev.pubtator --epochs 2 --soft-prompt-tokens 8 --seed 1 "
        f"--encoder {ENCODER} --output {bench.folder.resolve()}/runs/{run.key}/model"
    ]


def test_finished_runs_are_skipped(bench, capsys):
    bench.run()
    before = bench.report()
    capsys.readouterr()
    assert bench.run() == 0
    assert {name: len(calls) for name, calls in bench.calls().items()} == dict.fromkeys(bench.calls(), 1)
    assert capsys.readouterr().out.count(": finished, ") == 4
    assert bench.report() == before


def test_more_seeds_train_what_is_missing_and_keep_the_rest(bench):
    bench.run("--seeds", "1")
    assert [row["missing_seeds"] for row in bench.report()["rows"]] == [[2], [2]]
    bench.run("--seeds", "3")
    assert [row["seeds"] for row in bench.report()["rows"]] == [[1, 3], [1, 3]]
    assert [row["missing_seeds"] for row in bench.report()["rows"]] == [[2], [2]]
    bench.run()
    assert [row["seeds"] for row in bench.report()["rows"]] == [[1, 2], [1, 2]]
    assert len(bench.calls()["none, seed 1"]) == 1


def test_changed_setting_makes_new_runs_and_a_table_of_its_own(bench):
    bench.run("--seeds", "1")
    bench.run("--seeds", "1", "--set", "epochs=5")
    assert len(bench.calls()["none, seed 1"]) == 1
    assert len(list((bench.folder / "runs").glob("*/model"))) == 4
    changed = bench.report("prompts.paper.changed.json")
    assert changed["changes"] == {"epochs": 5}
    assert "--epochs 5" in changed["rows"][0]["command"]
    assert "prompts, paper size, changed: epochs=5" in (bench.results / "README.md").read_text()
    assert bench.report()["changes"] == {}


def test_stopped_run_is_reported_and_then_resumed(bench):
    written(bench.file, EXPERIMENT.replace("soft_prompt_tokens: 0", "soft_prompt_tokens: 7"))
    workshop = bench.workshop()
    run = workshop.experiment.runs(ENCODER, [1], ["none"])[0]
    assert workshop.state(run) == NEW
    assert bench.run("--seeds", "1") == 1
    assert workshop.state(run) == STARTED
    states = workshop.places.path(run.model) / "states"
    assert states.is_dir()
    assert bench.report()["rows"][0]["missing_seeds"] == [1, 2]
    assert bench.run("--seeds", "1") == 0
    assert workshop.state(run) == FINISHED
    assert not states.exists()
    first, second = bench.calls()["none, seed 1"]
    assert second == f"{first} --resume"
    assert "--resume" not in bench.report()["rows"][0]["command"]
    assert bench.report()["runs"][0]["train_s"] == 20.0
    assert bench.report()["failures"] == []


def test_run_that_was_trained_is_only_scored(bench):
    bench.run("--seeds", "1", "--only", "none")
    workshop = bench.workshop()
    run = workshop.experiment.runs(ENCODER, [1], ["none"])[0]
    workshop.places.path(workshop.score_steps(run)[0].makes).unlink()
    assert workshop.state(run) == TRAINED
    assert bench.run("--seeds", "1", "--only", "none") == 0
    assert workshop.state(run) == FINISHED
    assert len(bench.calls()["none, seed 1"]) == 1


def test_failure_is_reported_by_name_and_others_go_on(bench, capsys):
    written(bench.file, EXPERIMENT.replace("soft_prompt_tokens: 0", "soft_prompt_tokens: 13"))
    assert bench.run("--seeds", "1") == 1
    printed = capsys.readouterr().out
    assert "none, seed 1: FAILED: training ended with status 1" in printed
    assert "reading the data" in printed
    run = bench.workshop().experiment.runs(ENCODER, [1], ["none"])[0]
    failure = {"run": "none, seed 1", "problem": "training ended with status 1"}
    assert bench.report()["failures"] == [{**failure, "last_line": f"{run.model}: no prompt has 13 tokens"}]
    assert [row["seeds"] for row in bench.report()["rows"]] == [[], [1]]
    assert "- none, seed 1: training ended with status 1: `$RUNS/" in bench.page()


def test_training_that_does_not_say_finished_is_no_success(bench):
    written(bench.folder / "train.py", "print('done nothing')")
    assert bench.run("--seeds", "1") == 1
    assert bench.report()["failures"][0]["problem"] == "training ended without `finished` in its training.json"


def test_scoring_that_leaves_no_file_is_a_failure(bench):
    written(bench.folder / "evaluate.py", "print('no scores today')")
    assert bench.run("--seeds", "1", "--only", "eight") == 1
    assert bench.report()["failures"][0]["last_line"] == "no scores today"


def test_dry_run_prints_commands_and_runs_nothing(bench, capsys):
    assert bench.run("--dry-run") == 0
    printed = capsys.readouterr().out
    assert printed.count("--soft-prompt-tokens") == 4
    assert '--output "$RUNS/' in printed
    assert not (bench.folder / "runs").exists()
    assert not bench.results.exists()


PREPARED = "prepare: [{{makes: [$RUNS/prepared/part.txt], command: python {program} $RUNS/prepared/part.txt}}]\n"


def test_files_are_prepared_once(bench):
    program = written(bench.folder / "prepare.py", "import sys; open(sys.argv[1], 'a').write('made ')")
    written(bench.file, EXPERIMENT + PREPARED.format(program=program))
    bench.run("--seeds", "1")
    bench.run("--seeds", "1")
    assert (bench.folder / "runs" / "prepared" / "part.txt").read_text() == "made "


def test_preparation_that_makes_nothing_stops_the_experiment(bench):
    program = written(bench.folder / "prepare.py", "print('no space')")
    written(bench.file, EXPERIMENT + PREPARED.format(program=program))
    assert bench.run() == 1
    assert [failure["run"] for failure in bench.report()["failures"]] == ["preparation"]
    assert bench.calls()["none, seed 1"] == []


def test_failed_preparation_leaves_the_table_that_was_there(bench, capsys):
    bench.run()
    before = bench.page()
    program = written(bench.folder / "prepare.py", "print('no space')")
    written(bench.file, EXPERIMENT.replace("epochs: 2", "epochs: 3") + PREPARED.format(program=program))
    assert bench.run() == 1
    assert bench.page() == before
    assert "prompts.paper.json stays as it is: nothing is finished" in capsys.readouterr().out


def test_tables_come_to_the_output_where_no_folder_is_named(bench):
    given = [bench.file, "--data-dir", bench.folder / "data", "--encoder", ENCODER, "--output", bench.folder / "runs"]
    assert main([*map(str, given)], bench.programs) == 0
    assert len(rows_of((bench.folder / "runs" / "results" / "prompts.paper.md").read_text())) == 2
    assert not bench.results.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "epcohs=1"], "--set: 'epcohs' is no option of train.py; did you mean epochs?"),
        (["--data-dir", "/no/such"], "--data-dir /no/such: no such folder; name the one that holds bioredirect/"),
    ],
)
def test_mistakes_are_refused_before_anything_is_made(bench, options, message, capsys):
    assert bench.run(*options) == 1
    assert message in capsys.readouterr().err
    assert not (bench.folder / "runs").exists()


@contextmanager
def held_lock(folder: Path) -> Iterator[None]:
    """The lock of a folder, which is made where there is none, as another process would hold it."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_run_that_another_process_works_on_is_left_to_it(bench, capsys):
    workshop = bench.workshop()
    run = workshop.experiment.runs(ENCODER, [1], ["none"])[0]
    folder = workshop.places.path(run.folder)
    with held_lock(folder):
        assert bench.run("--seeds", "1") == 0
    assert "none, seed 1: another process works on it" in capsys.readouterr().out
    assert [row["seeds"] for row in bench.report()["rows"]] == [[], [1]]


def test_joining_that_another_process_works_on_is_left_to_it(bench, capsys):
    written(bench.file, EXPERIMENT + "combinations: {joined: {relation: none, novelty: eight}}\n")
    workshop = bench.workshop()
    (combined,) = workshop.experiment.combined_runs(workshop.experiment.runs(ENCODER, [1]))
    folder = workshop.places.path(combined.folder)
    with held_lock(folder):
        assert bench.run("--seeds", "1") == 0
    assert "joined, seed 1: another process works on it" in capsys.readouterr().out
    assert [row["seeds"] for row in bench.report()["rows"]] == [[1], [1], []]
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_files_that_another_process_prepares_are_waited_for(bench):
    written(bench.file, EXPERIMENT + PREPARED.format(program=written(bench.folder / "prepare.py", "raise SystemExit")))
    part, said = bench.folder / "runs" / "prepared" / "part.txt", []
    part.parent.mkdir(parents=True)
    other_process = ExitStack()
    other_process.enter_context(held_lock(bench.folder / "runs"))

    def other_process_ends(text):
        said.append(text)
        written(part, "made by the other")
        other_process.close()

    replace(bench.workshop(), say=other_process_ends).prepare()
    assert said == ["another process prepares files; waiting for it"]
    assert part.read_text() == "made by the other"


# Trains until it is asked to stop, as train.py does; keeping the state takes longer than an impatient runner waits.
STOPPABLE = """
import sys, time
from functools import partial
from pathlib import Path
from pathlib import Path
from types import SimpleNamespace

from biodir.training.stopping import StopRequest

output = Path(sys.argv[sys.argv.index("--output") + 1])
stop = StopRequest()
output.mkdir(parents=True)
(output / "began").touch()
while not stop.is_wanted(SimpleNamespace(num_processes=1)):
    time.sleep(0.01)
time.sleep(KEEPING_S)
(output / "kept").touch()
sys.exit(143)
"""


@pytest.fixture
def start_runner(bench):
    """Starts the runner as a program of its own; what comes back is in the middle of a training, with its folder."""
    programs = []

    def start(keeping_s):
        trains = written(bench.folder / "stoppable.py", STOPPABLE.replace("KEEPING_S", str(keeping_s)))
        given = [bench.file, "--data-dir", bench.folder, "--encoder", ENCODER, "--output", bench.folder / "runs"]
        given += ["--results", bench.results, "--train-program", trains]
        program = subprocess.Popen(
            [sys.executable, "-m", "experiments.run", *map(str, given)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            start_new_session=True,  # the signals are those of a terminal of its own
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # which a background job ignores
        )
        programs.append(program)
        model = bench.workshop().places.path(bench.workshop().experiment.runs(ENCODER)[0].model)
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
    "interrupt", [os.killpg, pytest.param(os.kill, marks=pytest.mark.slow)], ids=["Ctrl-C", "the runner alone"]
)
def test_training_keeps_its_state_when_the_runner_is_interrupted(start_runner, bench, interrupt):
    program, model = start_runner(keeping_s=1)
    interrupt(program.pid, signal.SIGINT)
    printed, _ = program.communicate(timeout=60)
    assert (model / "kept").exists()
    assert program.returncode == 130
    assert "interrupted; training is asked to end" in printed
    assert printed.endswith("experiments: interrupted; the same command goes on\n")
    assert [row["seeds"] for row in bench.report()["rows"]] == [[], []]


@pytest.mark.slow
def test_second_interrupt_ends_the_training_at_once(start_runner):
    program, model = start_runner(keeping_s=600)
    os.kill(program.pid, signal.SIGINT)
    while "interrupted" not in program.stdout.readline():
        pass
    os.kill(program.pid, signal.SIGINT)
    assert program.wait(timeout=60) == 130
    assert not (model / "kept").exists()


def test_folder_is_taken_as_long_as_a_program_of_a_dead_runner_works_in_it(tmp_path):
    waits = [sys.executable, "-c", "input()"]
    with alone(tmp_path) as first:
        program = subprocess.Popen(waits, stdin=subprocess.PIPE, close_fds=False)
    with alone(tmp_path) as while_it_works:
        pass
    program.communicate(b"\n")
    with alone(tmp_path) as afterwards:
        pass
    assert (first, while_it_works, afterwards) == (True, False, True)


def test_unknown_variant_ends_the_runner(bench, capsys):
    assert bench.run("--only", "nine") == 1
    assert "there is no variant 'nine'" in capsys.readouterr().err


# What the tables say.


def test_spread_is_the_mean_and_the_sample_standard_deviation():
    spread = Spread.of([0.1, 0.2, 0.6])
    assert (spread.mean, spread.deviation) == pytest.approx((0.3, 0.07**0.5))
    assert spread.to_dict()["values"] == [0.1, 0.2, 0.6]
    assert Spread.of([0.4]).to_dict() == {"mean": 0.4, "std": None, "values": [0.4]}


def test_level_that_one_run_lacks_has_no_spread():
    runs = [{"entity_pair": {"f1": 0.5}, "all": {"f1": 0.1}}, {"entity_pair": {"f1": 0.7}}]
    assert list(spread_of_scores(runs)) == ["entity_pair"]
    assert spread_of_scores([]) == {}


def test_report_has_mean_deviation_command_commit_and_seconds(bench):
    bench.run()
    row = bench.report()["rows"][1]
    assert (row["variant"], row["seeds"], row["commits"]) == ("eight", [1, 2], ["c0ffee0123"])
    found = row["dev"]["relation_type"]["f1"]
    assert found["values"] == pytest.approx([0.18, 0.28])
    assert (found["mean"], found["std"]) == pytest.approx((0.23, 0.005**0.5))
    assert row["train_s"]["values"] == [20.0, 40.0]
    assert row["command"].startswith(f'python {bench.folder}/train.py --train "$DATA/train.pubtator" --dev')


def test_page_has_one_row_a_variant(bench):
    bench.run()
    assert rows_of(bench.page()) == [
        "| none | 1, 2 | 15.00 ± 7.07 | 15.00 ± 7.07 | 30 | c0ffee0 |",
        "| eight | 1, 2 | 23.00 ± 7.07 | 23.00 ± 7.07 | 30 | c0ffee0 |",
    ]
    assert "How many vectors? Asked in: the tests" in bench.page()


def test_missing_seeds_are_named(bench):
    bench.run("--seeds", "2")
    assert rows_of(bench.page())[0] == "| none | 2 (not run: 1) | 20.00 | 20.00 | 40 | c0ffee0 |"


def test_command_of_the_table_is_the_one_that_ran(bench):
    bench.run("--seeds", "1", "--only", "eight")
    command = bench.report()["rows"][1]["command"]
    shown = command.split("train.py ", 1)[1].replace('"', "")
    workshop = bench.workshop()
    assert workshop.places.expanded(shown) == bench.calls()["eight, seed 1"][0]
    assert command in bench.page()


def test_no_path_of_this_machine_is_published(bench):
    written(bench.file, EXPERIMENT.replace("soft_prompt_tokens: 0", "soft_prompt_tokens: 13"))
    bench.run()
    published = "".join(path.read_text() for path in bench.results.iterdir()).replace(f"{bench.folder}/train.py", "")
    assert str(bench.folder / "data") not in published
    assert str(bench.folder / "runs") not in published


def test_sizes_stand_beside_each_other_in_the_table_of_all(bench):
    written(bench.file, EXPERIMENT + "small: {settings: {epochs: 1}, seeds: [1]}\n")
    bench.run()
    bench.run("--size", "small")
    rows = rows_of((bench.results / "README.md").read_text())
    assert rows == [
        "| [prompts, paper size](prompts.paper.md) | none | dev | 1, 2 | 15.00 ± 7.07 | 15.00 ± 7.07 | 30 | c0ffee0 |",
        "| [prompts, paper size](prompts.paper.md) | eight | dev | 1, 2 | 23.00 ± 7.07 | 23.00 ± 7.07 | 30 | c0ffee0 |",
        "| [prompts, small size](prompts.small.md) | none | dev | 1 | 10.00 | 10.00 | 20 | c0ffee0 |",
        "| [prompts, small size](prompts.small.md) | eight | dev | 1 | 18.00 | 18.00 | 20 | c0ffee0 |",
    ]


def test_table_of_all_is_made_from_the_json_files_alone(bench):
    bench.run()
    assert all_results_page(read_reports(bench.results)) == (bench.results / "README.md").read_text()


TASKS = """
  single: {soft_prompt_tokens: 4, tasks: [novelty]}
combinations: {joined: {relation: none, novelty: single}}
"""


def test_heads_and_levels_are_those_of_the_tasks(bench):
    content = EXPERIMENT.replace("  eight: {soft_prompt_tokens: 8}\nseeds", f"{TASKS[1:]}seeds")
    written(bench.file, content.replace("relation_type]", "relation_type, heads]"))
    assert bench.run("--seeds", "1") == 0
    rows = {row["variant"]: row for row in bench.report()["rows"]}
    assert list(rows["single"]["dev"]) == ["entity_pair", "heads novelty"]
    assert list(rows["joined"]["dev"]) == ["entity_pair", "relation_type"]
    assert rows["joined"]["dev"]["relation_type"]["f1"]["mean"] == 0.5
    assert rows["joined"]["train_s"]["mean"] == 40.0
    assert rows_of(bench.page()) == [
        "| none | 1 (not run: 2) | 10.00 | 10.00 | 75.00 | 20 | c0ffee0 |",
        "| single | 1 (not run: 2) | 14.00 |  | 75.00 | 20 | c0ffee0 |",
        "| joined | 1 (not run: 2) | 50.00 | 50.00 |  | 40 | c0ffee0 |",
    ]


def test_joined_answers_come_from_the_models_of_the_combination(bench):
    content = EXPERIMENT.replace("  eight: {soft_prompt_tokens: 8}\nseeds", f"{TASKS[1:]}seeds")
    written(bench.file, content)
    bench.run("--seeds", "1")
    workshop = bench.workshop()
    combined = workshop.experiment.combined_runs(workshop.experiment.runs(ENCODER, [1]))[0]
    join, evaluate = workshop.score_steps(combined)
    models = {task: run.model for task, run in combined.parts.items()}
    assert join.command[2:] == (
        *("$DATA/dev.pubtator", "--models", f"relation={models['relation']}", f"novelty={models['novelty']}"),
        *("--output", join.makes),
    )
    assert evaluate.command[2:4] == ("$DATA/dev.pubtator", join.makes)


def test_joined_answers_of_other_questions_are_other_files(bench):
    content = EXPERIMENT.replace("  eight: {soft_prompt_tokens: 8}\nseeds", f"{TASKS[1:]}seeds")
    content = content.replace("$DATA/dev.pubtator", "$DATA/dev/part.pubtator") + "test: $DATA/test/part.pubtator\n"
    written(bench.file, content)
    assert bench.run("--seeds", "1") == 0
    runs = bench.folder.resolve() / "runs"
    asked = [path.read_text().split()[0] for path in runs.glob("*/answers/part-*.jsonl")]
    data = bench.folder.resolve() / "data"
    assert sorted(asked) == [f"{data}/dev/part.pubtator", f"{data}/test/part.pubtator"]
    written(bench.file, content + "model_options: [--backend, bf16]\n")
    assert bench.run("--seeds", "1") == 0
    assert len([*runs.glob("*/answers/part-*.jsonl")]) == 4


def test_commits_are_short_and_say_where_the_code_differed():
    assert commit_list(["0123456789", "abcdef0123-dirty 0123456789"]) == "0123456 abcdef0-dirty"


def test_row_names_the_commits_of_a_run_that_went_on_with_other_code(bench):
    log = '"provenance": {"commit": "c0ffee0123"}'
    earlier = '"earlier_provenance": [{"commit": "0123456789"}, {"commit": "abcdef0123-dirty"}]'
    written(bench.folder / "train.py", TRAIN.replace(log, f"{log}, {earlier}"))
    written(bench.file, EXPERIMENT + "combinations: {joined: {relation: none, novelty: eight}}\n")
    bench.run("--seeds", "1")
    assert [row.split(" | ")[-1] for row in rows_of(bench.page())] == ["0123456 abcdef0-dirty c0ffee0 |"] * 3
    assert bench.report()["runs"][0]["earlier_provenance"][0] == {"commit": "0123456789"}


def test_commit_that_a_run_began_and_ended_with_is_named_once():
    there, back = {"commit": "a"}, {"commit": "b"}
    assert commits_of({"earlier_provenance": [there, back], "provenance": there}) == ["a", "b"]
    assert commits_of({}) == ["unknown"]


def test_tables_say_what_their_seconds_are(bench):
    bench.run("--seeds", "1")
    for page in (bench.page(), (bench.results / "README.md").read_text()):
        assert "Seconds of training are wall time, whatever else the machine did meanwhile" in page


def test_share_without_deviation_stands_alone():
    assert per_cent({"mean": 0.12341, "std": None}) == "12.34"
    assert per_cent({"mean": 0.5, "std": 0.004}) == "50.00 ± 0.40"
    assert per_cent(None) == ""
