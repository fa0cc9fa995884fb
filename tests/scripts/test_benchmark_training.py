"""The measure of training steps, over a tiny encoder."""

import json
from collections.abc import Sequence

import pytest
from accelerate.state import AcceleratorState

from helpers.script_module import script
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import options, written

FURTHER = {"pair_encoding": "document", "tokens_per_step": 64, "num_train_epochs": 2}


@pytest.fixture
def measured(tmp_path):
    """Runs the program with further options, and returns its report."""
    save_encoder(tmp_path / "encoder", positions=512)
    train = written(tmp_path / "train.pubtator", range(1, 9))

    def run(*own: str, further: Sequence[str] = ()) -> dict:
        AcceleratorState._reset_state(reset_partial_state=True)
        given = options(train=train, encoder=tmp_path / "encoder", **FURTHER)
        script("benchmark_training").main([*own, "--json", str(tmp_path / "report.json"), *given, *further])
        return json.loads((tmp_path / "report.json").read_text())

    return run


def test_the_report_counts_the_measured_steps_and_holds_all_losses(measured, capsys):
    report = measured("--steps", "2", "--warmup-steps", "1")
    assert report["steps"] == 2
    assert len(report["losses"]) == 3
    assert report["tokens_per_cpu_s"] == pytest.approx(report["tokens"] / report["cpu_s"], rel=0.2)
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed == {name: value for name, value in report.items() if name != "losses"}


def test_without_dropout_the_losses_do_not_depend_on_its_draws(measured):
    first, second = (measured("--steps", "2", "--no-dropout", "--seed", "1")["losses"] for _ in range(2))
    assert first == second


def test_a_profile_names_the_operators(measured, capsys):
    measured("--steps", "1", "--profile", "5")
    assert "aten::" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--train", "none.pubtator"], r"none\.pubtator: cannot be read"),
        (["--encoder", "/none"], "encoder /none: neither a folder with a model nor a repository within reach"),
        (["--warmup-steps", "99"], "--warmup-steps 99: the epoch has [0-9]+ steps, so that none is left to measure;"),
    ],
)
def test_what_cannot_be_measured_is_named(measured, capsys, given, message):
    with pytest.raises(SystemExit, match=rf"^benchmark_training\.py: error: .*{message}[^\n]*$"):
        measured(further=given)
    for option, value in (("--steps", "0"), ("--warmup-steps", "-1")):
        with pytest.raises(SystemExit, match=r"^2$"):
            measured(option, value)
        assert f"error: {option} is {value}; give " in capsys.readouterr().err
