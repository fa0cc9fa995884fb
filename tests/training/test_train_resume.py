"""A run that is killed resumes where it was and ends with the same weights, bit for bit."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import train
from biodir.errors_biodir import SettingError
from biodir.training.checkpoints import last_folder
from biodir.training.provenance import provenance
from helpers.tiny_checkpoint import save_encoder
from helpers.training_runs import DOCUMENT, log_of, options, run_training, start_training, written

FIRST_KILL, SAVE_EVERY = 9, 4


@pytest.fixture(scope="module", autouse=True)
def threads():
    """As many threads here as in the processes that are stopped: sums depend on how many threads share them."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def files_in(folder: Path, numbers: range, document: str = DOCUMENT) -> dict[str, Any]:
    save_encoder(folder / "encoder", positions=512)
    files = {"train": written(folder / "train.pubtator", numbers, document), "encoder": folder / "encoder"}
    return {**files, "dev": written(folder / "dev.pubtator", range(9, 12))}


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> dict[str, Any]:
    """A run of some hundred steps with everything that has a state: dropout, averaging, swapping, a falling rate."""
    files = files_in(tmp_path_factory.mktemp("resume"), range(1, 9))
    sizes = {"chunks": "infix", "tokens_per_step": 64, "num_train_epochs": 6, "save_steps": SAVE_EVERY}
    states = {"ema_decay": 0.9, "swap_augmentation": 0.5, "r_drop": 0.5, "lr_scheduler_type": "cosine"}
    return {**files, **sizes, **states}


@pytest.fixture(scope="module")
def uninterrupted(settings, tmp_path_factory) -> Path:
    """The folder of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert run_training(**settings, output_dir=folder) == 0
    return folder


def resume(settings: dict[str, Any], folder: Path, **changes: Any) -> None:
    assert run_training(**{**settings, "output_dir": folder, "resume_from_checkpoint": True, **changes}) == 0


def steps_in(folder: Path) -> list[int]:
    """The steps of the saved states."""
    return [int(path.name.split("-")[1]) for path in folder.glob("states/step-*")]


def stopped_by(number: signal.Signals, settings: dict[str, Any], folder: Path) -> int:
    """Starts a run, sends it a signal once some states are saved, and gives its exit status."""
    process = start_training(*options(**settings, output_dir=folder))
    deadline = time.monotonic() + 240
    while max(steps_in(folder), default=0) < FIRST_KILL:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline, "no state was saved"
        time.sleep(0.005)
    process.send_signal(number)
    process.communicate(timeout=60)
    return process.returncode


def assert_same_end(found: Path, expected: Path) -> None:
    for place in (Path, last_folder):
        weights, wanted = (load_file(place(folder) / "model.safetensors") for folder in (found, expected))
        assert set(weights) == set(wanted)
        assert [name for name in wanted if not torch.equal(weights[name], wanted[name])] == []
    logs = [log_of(folder) for folder in (found, expected)]
    for log in logs:
        assert log["finished"]
        for entry in log["epochs"]:
            entry.pop("train_s")
    assert logs[0]["epochs"] == logs[1]["epochs"]
    assert logs[0]["best_epoch"] == logs[1]["best_epoch"]


@pytest.mark.slow
def test_run_that_was_killed_ends_as_one_that_was_not(settings, uninterrupted, tmp_path):
    assert stopped_by(signal.SIGKILL, settings, tmp_path) == -signal.SIGKILL
    resume(settings, tmp_path)
    assert_same_end(tmp_path, uninterrupted)


@pytest.mark.slow
def test_run_that_is_asked_to_stop_saves_its_step_and_resumes(settings, uninterrupted, tmp_path, capsys):
    assert stopped_by(signal.SIGTERM, settings, tmp_path) == 143
    saved = max(steps_in(tmp_path))
    resume(settings, tmp_path)
    assert f"resumes after step {saved} of " in capsys.readouterr().out
    assert_same_end(tmp_path, uninterrupted)


def test_resuming_where_nothing_was_starts_the_run_which_resumes_to_the_end(settings, uninterrupted, tmp_path, capsys):
    resume(settings, tmp_path, stop_after_epoch=2)
    assert "no state to resume from; the run starts" in capsys.readouterr().out
    resume(settings, tmp_path)
    assert_same_end(tmp_path, uninterrupted)
    shutil.rmtree(tmp_path / "states")
    before = (tmp_path / "training.json").stat()
    resume(settings, tmp_path)
    assert "the run is finished and stays as it is" in capsys.readouterr().out
    assert (tmp_path / "training.json").stat() == before


def test_run_does_not_resume_with_other_settings_or_data(settings, uninterrupted):
    message = r"cannot resume with other settings \(head_learning_rate is 0.5, was 0.0005\); give the old ones, or"
    with pytest.raises(SettingError, match=message):
        resume(settings, uninterrupted, head_learning_rate=0.5)
    content = settings["train"].read_bytes()
    try:
        settings["train"].write_bytes(content.replace(b"stops", b"halts"))
        with pytest.raises(SettingError, match="the content of the data files has changed"):
            resume(settings, uninterrupted)
    finally:
        settings["train"].write_bytes(content)


@pytest.fixture(scope="module")
def short_settings(tmp_path_factory) -> dict[str, Any]:
    """A run of four epochs of two steps, without a state between them; its third epoch brings no better score."""
    other = DOCUMENT.replace("Aspirin", "Codeine").replace("C1", "C9")
    files = files_in(tmp_path_factory.mktemp("short"), range(1, 5), DOCUMENT + other.replace("{id}", "{id}0"))
    sizes = {"pair_encoding": "document", "tokens_per_step": 256, "num_train_epochs": 4, "early_stopping_patience": 3}
    losses = {"coreference_weight": 0.5, "relation_loss": "softmax", "sign_weight": 2}
    return {**files, **sizes, **losses, "ema_decay": 0.9, "rare_copies": 1, "head_learning_rate": 0.01}


@pytest.fixture(scope="module")
def short_uninterrupted(short_settings, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("short_uninterrupted")
    assert run_training(**short_settings, output_dir=folder) == 0
    return folder


def test_run_does_not_stop_after_an_epoch_that_it_has_passed(short_settings, tmp_path):
    assert run_training(**short_settings, output_dir=tmp_path, stop_after_epoch=2) == 0
    before = (tmp_path / "training.json").read_text()
    with pytest.raises(SettingError, match="cannot stop after epoch 1, as epoch 2 is done; name that one or a later"):
        resume(short_settings, tmp_path, stop_after_epoch=1)
    assert (tmp_path / "training.json").read_text() == before


def test_resumed_run_remembers_where_its_first_steps_come_from(short_settings, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train, "provenance", lambda *machine: provenance(*machine) | {"commit": "first"})
    assert run_training(**short_settings, output_dir=tmp_path, stop_after_epoch=1) == 0
    monkeypatch.setattr(train, "provenance", lambda *machine: provenance(*machine) | {"commit": "second"})
    for last in (2, 3):
        resume(short_settings, tmp_path, stop_after_epoch=last)
    assert capsys.readouterr().out.count("commit was first, is second: the run may end with other weights") == 1
    log = log_of(tmp_path)
    assert log["provenance"]["commit"] == "second"
    assert [each["commit"] for each in log["earlier_provenance"]] == ["first"]


PLACES = ["save_model", "write_json", "save_progress", "save_state", "dev_scores", "log_epoch", "train_step"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("call", [1, 3])
def test_run_that_ends_anywhere_ends_as_one_that_did_not(
    short_settings, short_uninterrupted, tmp_path, monkeypatch, place, call
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
        run_training(**short_settings, output_dir=tmp_path)
    monkeypatch.setattr(train, place, real)
    resume(short_settings, tmp_path)
    assert_same_end(tmp_path, short_uninterrupted)
