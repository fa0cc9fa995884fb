"""results/training.json says of the runs what their logs say."""

import copy
import json
from pathlib import Path

import pytest

from biodir.publishing.card import LEVEL_NAMES
from helpers.script_module import script

facts = script("training_facts")


def epoch(number: int, f1: float, none_bias: float = -0.5) -> dict:
    """A log's entry; each level has a tenth less than the one before."""
    dev = {level: {"f1": f1 - place / 10} for place, level in enumerate(LEVEL_NAMES)}
    return {"epoch": number, "loss": number + 0.12345, "train_s": 100.0, "none_bias": none_bias, "dev": dev}


def log(epochs: list[dict], best_epoch: int, commit: str = "0123456789abcdef") -> dict:
    settings = {"seed": 4, "metric_for_best_model": "relation_type", "rare_copies": 1, "rare_below": 100}
    provenance = {"commit": commit, "threads": 3}
    return {
        "settings": settings,
        "provenance": provenance,
        "epochs": epochs,
        "best_epoch": best_epoch,
        "finished": True,
    }


LOGS = {
    "stage1": log([epoch(1, 0.7), epoch(2, 0.6)], 1),
    "stage2": log([epoch(1, 0.61111), epoch(2, 0.7, -0.25), epoch(3, 0.6)], 2),
    "final": log([{**epoch(1, 0, -0.25), "dev": {}}, {**epoch(2, 0, -0.25), "dev": {}}], 2, "fedcba9876543210"),
}
WANTED = {
    "hardware": "an abacus",
    "first_stage": {"commit": "0123456", "minutes": 3, "seed": 4, "epochs": 2, "documents": 400, "dev_f1": 60.0},
    "second_stage": {
        "commit": "0123456",
        "minutes": 5,
        "seed": 4,
        "threads": 3,
        "rare_copies": 1,
        "rare_below": 100,
        "epochs": [
            {"epoch": 1, "loss": 1.123, "f1": [61.11, 51.11, 41.11, 31.11, 21.11]},
            {"epoch": 2, "loss": 2.123, "f1": [70.0, 60.0, 50.0, 40.0, 30.0]},
            {"epoch": 3, "loss": 3.123, "f1": [60.0, 50.0, 40.0, 30.0, 20.0]},
        ],
        "best_epoch": 2,
    },
    "final": {"commit": "fedcba9", "minutes": 3, "seeds": [4], "epochs": 2, "none_bias": -0.25},
}


@pytest.fixture
def called(tmp_path):
    """Calls the program with these logs and facts; returns its exit status."""

    def call(logs: dict, known: dict, *options: str) -> int:
        for name, content in logs.items():
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "training.json").write_text(json.dumps(content))
        (tmp_path / "facts.json").write_text(json.dumps(known))
        folders = [tmp_path / name for name in dict.fromkeys([*LOGS, *logs])]
        return facts.main([*map(str, folders), *options], tmp_path / "facts.json")

    return call


def test_facts_that_are_those_of_the_logs_pass(called, capsys):
    assert called(LOGS, WANTED, "--check") == 0
    assert capsys.readouterr().out == ""


def test_check_names_each_value_that_differs_and_writes_nothing(called, tmp_path, capsys):
    known = copy.deepcopy(WANTED)
    known["final"]["minutes"], known["first_stage"]["dev_f1"] = 16, 61.0
    assert called(LOGS, known, "--check") == 1
    lines = [line.split("facts.json: ")[1] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["first_stage.dev_f1 is 61.0, in the logs 60.0", "final.minutes is 16, in the logs 3"]
    assert json.loads((tmp_path / "facts.json").read_text()) == known


def test_facts_are_taken_from_the_logs_and_the_others_stay(called, tmp_path):
    known = {"hardware": "an abacus", "first_stage": {"documents": 400, "minutes": 9}}
    assert called(LOGS, known) == 0
    found = json.loads((tmp_path / "facts.json").read_text())
    assert found == WANTED
    assert list(found)[:2] == ["hardware", "first_stage"]


def test_several_final_runs_are_told_together(called, tmp_path, capsys):
    other = {**LOGS["final"], "settings": {"seed": 5}}
    assert called({**LOGS, "final-5": other}, WANTED) == 0
    found = json.loads((tmp_path / "facts.json").read_text())
    assert found == {**WANTED, "final": {**WANTED["final"], "seeds": [4, 5], "minutes": 7}}
    assert called({**LOGS, "final-5": {**other, "provenance": {"commit": "c0ffee"}}}, WANTED) == 1
    assert (
        "the final runs are those of commits c0ffee and fedcba9876543210; name runs of one" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("run", "values", "message"),
    [
        ("stage1", {"finished": False}, r"the run was not finished; resume it by train.py --resume_from_checkpoint"),
        ("final", {"epochs": LOGS["final"]["epochs"][:1]}, "the last epoch of a final run is 1, that of stage 2 2"),
        ("final", {"settings": {"seed": 5}}, "the seed of stage 2 is 4, those of the final runs [5]; name runs"),
        (
            "stage2",
            {"epochs": [epoch(1, 0.1), epoch(2, 0.2)]},
            "the bias of a final run is -0.25, that of stage 2 -0.5",
        ),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(called, capsys, run, values, message):
    assert called({**LOGS, run: {**LOGS[run], **values}}, WANTED) == 1
    assert message in capsys.readouterr().err


def test_folder_without_a_log_is_named(called, tmp_path, capsys):
    assert called({name: LOGS[name] for name in ("stage1", "stage2")}, WANTED) == 1
    path: Path = tmp_path / "final" / "training.json"
    assert f"training_facts: {path}: there is no such file; name the folder" in capsys.readouterr().err
