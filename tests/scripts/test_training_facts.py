"""results/training.json holds what the logs of the runs hold."""

import json

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
    record = {"settings": settings, "provenance": {"commit": commit, "threads": 3}}
    return {**record, "epochs": epochs, "best_epoch": best_epoch, "finished": True}


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
    """Calls the program with these logs and facts; returns the facts that it leaves."""

    def call(logs: dict, known: dict) -> dict:
        for name, content in logs.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "training.json").write_text(json.dumps(content))
        (tmp_path / "facts.json").write_text(json.dumps(known))
        facts.main([str(tmp_path / name) for name in dict.fromkeys([*LOGS, *logs])], tmp_path / "facts.json")
        return json.loads((tmp_path / "facts.json").read_text())

    return call


def test_facts_are_taken_from_the_logs_and_the_others_stay(called):
    found = called(LOGS, {"hardware": "an abacus", "first_stage": {"documents": 400, "minutes": 9}})
    assert found == WANTED
    assert list(found)[:2] == ["hardware", "first_stage"]


def test_several_final_runs_are_added_up(called):
    found = called({**LOGS, "final-5": {**LOGS["final"], "settings": {"seed": 5}}}, WANTED)
    assert found == {**WANTED, "final": {**WANTED["final"], "seeds": [4, 5], "minutes": 7}}


@pytest.mark.parametrize(
    ("run", "values", "message"),
    [
        ("stage1", {"finished": False}, r"the run was not finished; resume it by train.py --resume_from_checkpoint"),
        ("final", {"epochs": LOGS["final"]["epochs"][:1]}, "epoch of a final run is 1, of stage 2 2; name runs of one"),
        ("stage2", {"epochs": [epoch(1, 0.1), epoch(2, 0.2)]}, "none_bias of a final run is -0.25, of stage 2 -0.5"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(called, run, values, message):
    with pytest.raises(SystemExit, match=message):
        called({**LOGS, run: {**LOGS[run], **values}}, WANTED)
