"""A run that is killed goes on where it was and ends with the same weights, bit for bit."""

import json
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import train
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.training.provenance import provenance
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import DOCUMENT, run_training, start_training, written

FIRST_KILL, SAVE_EVERY = 9, 4
# Sums of floating-point numbers depend on how many threads share them: all runs have as many.
THREADS = 1


@pytest.fixture(scope="module", autouse=True)
def threads():
    """As many threads here as in the processes that are stopped, whatever a test before has set."""
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory) -> list:
    """A run of some hundred steps with everything that has a state: dropout, averaging, swapping, a falling rate."""
    folder = tmp_path_factory.mktemp("resume")
    save_encoder(folder / "encoder", positions=512)
    files = ["--train", written(folder / "train.pubtator", range(1, 9)), "--dev"]
    files += [written(folder / "dev.pubtator", range(9, 12)), "--encoder", folder / "encoder"]
    sizes = ["--chunks", "infix", "--tokens-per-step", "64", "--num-train-epochs", "6", "--save-steps", SAVE_EVERY]
    return [
        *files,
        *sizes,
        "--ema-decay",
        "0.9",
        "--swap-augmentation",
        "0.5",
        "--r-drop",
        "0.5",
        "--lr-scheduler-type",
        "cosine",
    ]


@pytest.fixture(scope="module")
def uninterrupted(arguments, tmp_path_factory) -> Path:
    """The folder of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert run_training(*arguments, "--output-dir", folder) == 0
    return folder


def stopped_by(number: signal.Signals, arguments: list, folder: Path) -> int:
    """Starts a run, sends it a signal once some steps are kept, and gives its exit status."""
    process = start_training(*arguments, "--output-dir", folder, OMP_NUM_THREADS=str(THREADS))
    deadline = time.monotonic() + 240
    while not any(int(path.name.split("-")[1]) >= FIRST_KILL for path in folder.glob("states/step-*")):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline, "no state was kept"
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def assert_same_end(found: Path, expected: Path) -> None:
    for name in ("", "last"):
        weights, wanted = (load_file(folder / name / "model.safetensors") for folder in (found, expected))
        assert set(weights) == set(wanted)
        assert [name for name in wanted if not torch.equal(weights[name], wanted[name])] == []
    logs = [json.loads((folder / "training.json").read_text()) for folder in (found, expected)]
    for log in logs:
        assert log["finished"]
        for entry in log["epochs"]:
            entry.pop("train_s")
    assert logs[0]["epochs"] == logs[1]["epochs"]
    assert logs[0]["best_epoch"] == logs[1]["best_epoch"]


@pytest.mark.slow
def test_run_that_was_killed_ends_as_one_that_was_not(arguments, uninterrupted, tmp_path):
    assert stopped_by(signal.SIGKILL, arguments, tmp_path) == -signal.SIGKILL
    assert run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint") == 0
    assert_same_end(tmp_path, uninterrupted)


@pytest.mark.slow
def test_run_that_is_asked_to_stop_keeps_its_step_and_goes_on(arguments, uninterrupted, tmp_path, capsys):
    assert stopped_by(signal.SIGTERM, arguments, tmp_path) == 143
    kept = max(int(path.name.split("-")[1]) for path in tmp_path.glob("states/step-*"))
    assert run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint") == 0
    assert f"resumes after step {kept} of " in capsys.readouterr().out
    assert_same_end(tmp_path, uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "record"])
def test_half_written_state_is_passed_over(arguments, uninterrupted, tmp_path, damage, caplog):
    stopped_by(signal.SIGKILL, arguments, tmp_path)
    newest = max(tmp_path.glob("states/step-*"))
    if damage == "cut":
        weights = newest / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-1000])
    else:
        (newest / "record.json").unlink()
    assert run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint") == 0
    assert "half-written" in caplog.text
    assert_same_end(tmp_path, uninterrupted)


def test_resuming_where_nothing_was_starts_the_run(arguments, tmp_path, capsys):
    assert (
        run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint", "--stop-after-epoch", "1") == 0
    )
    assert "no state to resume from; the run starts" in capsys.readouterr().out


def test_run_that_ended_early_goes_on_to_the_end(arguments, uninterrupted, tmp_path):
    assert run_training(*arguments, "--output-dir", tmp_path, "--stop-after-epoch", "2") == 0
    assert run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint") == 0
    assert_same_end(tmp_path, uninterrupted)


def test_resuming_a_finished_run_changes_nothing(arguments, uninterrupted, capsys):
    before = (uninterrupted / "model.safetensors").read_bytes()
    steps = json.loads((uninterrupted / "training.json").read_text())["steps"]
    assert run_training(*arguments, "--output-dir", uninterrupted, "--resume-from-checkpoint") == 0
    assert f"{uninterrupted}: resumes after step {steps} of {steps}\n" in capsys.readouterr().out
    assert (uninterrupted / "model.safetensors").read_bytes() == before


def test_run_does_not_go_on_with_other_settings(arguments, uninterrupted):
    with pytest.raises(
        SettingError, match=r"cannot resume with other settings \(head_learning_rate is 0.5, was 0.0005\)"
    ):
        run_training(
            *arguments, "--output-dir", uninterrupted, "--resume-from-checkpoint", "--head-learning-rate", "0.5"
        )


def test_run_does_not_go_on_with_other_data(arguments, uninterrupted):
    path = arguments[arguments.index("--train") + 1]
    content = path.read_bytes()
    try:
        path.write_bytes(content.replace(b"stops", b"halts"))
        with pytest.raises(SettingError, match="the content of the data files has changed"):
            run_training(*arguments, "--output-dir", uninterrupted, "--resume-from-checkpoint")
    finally:
        path.write_bytes(content)


def test_run_does_not_stop_after_an_epoch_that_it_has_passed(arguments, tmp_path):
    assert run_training(*arguments, "--output-dir", tmp_path, "--stop-after-epoch", "2") == 0
    before = (tmp_path / "training.json").read_text()
    with pytest.raises(SettingError, match="cannot stop after epoch 1, as epoch 2 is done; name that one or a later"):
        run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint", "--stop-after-epoch", "1")
    assert (tmp_path / "training.json").read_text() == before


def test_resumed_run_remembers_where_its_first_steps_come_from(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train, "provenance", lambda *machine: provenance(*machine) | {"commit": "first"})
    assert run_training(*arguments, "--output-dir", tmp_path, "--stop-after-epoch", "1") == 0
    monkeypatch.setattr(train, "provenance", lambda *machine: provenance(*machine) | {"commit": "second"})
    for last in ("2", "3"):
        assert (
            run_training(*arguments, "--output-dir", tmp_path, "--resume-from-checkpoint", "--stop-after-epoch", last)
            == 0
        )
    assert capsys.readouterr().out.count("commit was first, is second: the run may end with other weights") == 1
    log = json.loads((tmp_path / "training.json").read_text())
    assert log["provenance"]["commit"] == "second"
    assert [each["commit"] for each in log["earlier_provenance"]] == ["first"]


@pytest.fixture(scope="module")
def short_arguments(tmp_path_factory) -> list:
    """A run of four epochs of two steps, without a state between them; its third epoch brings no better score."""
    folder = tmp_path_factory.mktemp("short")
    save_encoder(folder / "encoder", positions=512)
    other = DOCUMENT.replace("Aspirin", "Codeine").replace("C1", "C9")
    files = ["--train", written(folder / "train.pubtator", range(1, 5), DOCUMENT + other.replace("{id}", "{id}0"))]
    files += ["--dev", written(folder / "dev.pubtator", range(9, 12)), "--encoder", folder / "encoder"]
    sizes = [
        "--pair-encoding",
        "document",
        "--tokens-per-step",
        "256",
        "--num-train-epochs",
        "4",
        "--early-stopping-patience",
        "3",
    ]
    return [*files, *sizes, "--ema-decay", "0.9", "--rare-copies", "1", "--head-learning-rate", "0.01"]


@pytest.fixture(scope="module")
def short_uninterrupted(short_arguments, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("short_uninterrupted")
    assert run_training(*short_arguments, "--output-dir", folder) == 0
    return folder


@pytest.mark.parametrize(
    "place",
    ["save_model", "write_json", "write_log", "save_progress", "save_state", "score", "log_epoch", "train_step"],
)
@pytest.mark.parametrize("call", [1, 2, 3])
def test_run_that_ends_anywhere_ends_as_one_that_did_not(
    short_arguments, short_uninterrupted, tmp_path, monkeypatch, place, call
):
    class PowerCut(BaseException):
        pass

    calls, real = [], getattr(train, place)

    def cut(*given, **named):
        calls.append(place)
        if len(calls) == call:
            raise PowerCut
        return real(*given, **named)

    monkeypatch.setattr(train, place, cut)
    with pytest.raises(PowerCut):
        run_training(*short_arguments, "--output-dir", tmp_path)
    monkeypatch.setattr(train, place, real)
    assert run_training(*short_arguments, "--output-dir", tmp_path, "--resume-from-checkpoint") == 0
    assert_same_end(tmp_path, short_uninterrupted)


def test_run_does_not_start_over_what_another_run_left(arguments, uninterrupted):
    with pytest.raises(
        CheckpointError,
        match=r"holds a run or a checkpoint already .*; resume a run by --resume_from_checkpoint-from-checkpoint",
    ):
        run_training(*arguments, "--output-dir", uninterrupted)
