"""States and checkpoints: complete or not there, and never those of another run."""

import os
from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch
from accelerate import Accelerator

from biodir.errors_biodir import CheckpointError
from biodir.files import write_json
from biodir.training import checkpoints
from biodir.training.checkpoints import check_folder, clear_folder, last_folder, newest_state, save_model, save_state

RECORD = {"settings": {"num_train_epochs": 3}, "data": {"a.pubtator": "5f"}}


class Saved:
    """A model, or a tokenizer, that saves files with this content."""

    def __init__(self, **contents: str) -> None:
        self.contents = contents

    def save_pretrained(self, folder: Path) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            (Path(folder) / name).write_text(content)


class Prepared:
    """An accelerator with a linear model and AdamW, whose bias is the step that it is saved at."""

    def __init__(self) -> None:
        self.accelerator = Accelerator(cpu=True)
        model = torch.nn.Linear(2, 1)
        self.model, self.optimizer = self.accelerator.prepare(model, torch.optim.AdamW(model.parameters(), lr=0.1))

    def save(self, folder: Path, step: int) -> None:
        torch.nn.init.constant_(self.model.bias, step)
        save_state(self.accelerator, folder, step, {**RECORD, "at": step})


@pytest.fixture
def prepared() -> Prepared:
    return Prepared()


@pytest.fixture
def states(prepared, tmp_path) -> Path:
    """A folder with the states of the steps 5 and 10."""
    for step in (5, 10):
        prepared.save(tmp_path / "states", step)
    return tmp_path / "states"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def newest_step(folder: Path) -> int | None:
    """The step of the state that a run would resume from; folder, weights and record agree on it."""
    found = newest_state(folder)
    if found is None:
        return None
    path, record = found
    loaded = Prepared()
    loaded.accelerator.load_state(str(path))
    assert {name: record[name] for name in RECORD} == RECORD
    assert loaded.model.bias.item() == record["at"] == record["step"] == int(path.name.removeprefix("step-"))
    return record["step"]


# States.


def test_newest_states_stay_and_a_state_of_the_same_step_replaces_the_old_one(prepared, states):
    for step in (15, 20, 20):
        prepared.save(states, step)
    assert names(states) == ["step-00000015", "step-00000020"]
    assert newest_step(states) == 20


DAMAGES = {
    "half a record": lambda path: (path / "record.json").write_text('{"sha256": '),
    "record that is no text": lambda path: (path / "record.json").write_bytes(b'{"sha256": "\xff"}'),
    "truncated weights": lambda path: os.truncate(path / "model.safetensors", 20),
    "files of another step": lambda path: (path / "model.safetensors").write_bytes(
        (path.parent / "step-00000005" / "model.safetensors").read_bytes()
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_state_is_passed_over(damage, states, caplog):
    path = states / "step-00000010"
    DAMAGES[damage](path)
    assert newest_step(states) == 5
    assert any(str(path) in message and "the state is passed over" in message for message in caplog.messages)


def test_run_after_damaged_states_keeps_its_own(prepared, states):
    for path in states.glob("*/record.json"):
        path.unlink()
    assert newest_state(states) is None
    prepared.save(states, 3)
    assert names(states) == ["step-00000003"]


@pytest.mark.parametrize(("module", "name"), [(os, "replace"), (checkpoints, "write_json")])
def test_kill_before_the_record_is_written_leaves_the_state_before(module, name, prepared, states, monkeypatch):
    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with pytest.raises(KeyboardInterrupt):
            prepared.save(states, 20)
    assert newest_step(states) == 10
    prepared.save(states, 25)
    assert names(states) == ["step-00000010", "step-00000025"]


def test_state_that_holds_an_object_is_not_unpickled(prepared, states):
    path = states / "step-00000010"
    torch.save({"state": Saved()}, path / "optimizer.bin")
    write_json(path / "record.json", {"sha256": checkpoints._hashes(path)})
    with pytest.raises(UnpicklingError, match="Weights only load failed"):
        prepared.accelerator.load_state(str(newest_state(states)[0]))


# Checkpoints.


def test_checkpoint_that_cannot_be_saved_leaves_the_old_one_and_other_files(tmp_path):
    class Unsaved:
        def save_pretrained(self, folder):
            raise OSError("no space left")

    save_model(tmp_path, Saved(weights="old"), Saved(words="old"), {"epoch": 1})
    (tmp_path / "states").mkdir()
    with pytest.raises(OSError, match="no space left"):
        save_model(tmp_path, Saved(weights="new"), Unsaved(), {"epoch": 2})
    assert [(tmp_path / name).read_text() for name in ("weights", "words")] == ["old", "old"]
    save_model(tmp_path, Saved(weights="new"), Saved(words="new"), {"epoch": 2})
    assert names(tmp_path) == ["states", "training.json", "weights", "words"]
    assert [(tmp_path / name).read_text() for name in ("weights", "words")] == ["new", "new"]


# The folder of a run.


@pytest.fixture
def used(tmp_path) -> Path:
    """The folder of a run, with a file that is not the run's."""
    folder = tmp_path / "run"
    save_model(folder, Saved(weights="best"), Saved(), {})
    save_model(last_folder(folder), Saved(weights="last"), Saved(), {})
    save_model(folder / "last", Saved(weights="of an older release"), Saved(), {})
    (folder / "states").mkdir()
    (folder / "notes.txt").write_text("mine")
    return folder


def test_no_two_checkpoints_of_runs_have_the_same_last_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outputs = [Path("a"), Path("b/"), Path("."), tmp_path / "c" / ".." / "d"]
    assert [last_folder(path).name for path in outputs] == ["a-last", "b-last", f"{tmp_path.name}-last", "d-last"]


def test_checkpoint_that_no_run_left_is_not_resumed(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"holds a checkpoint \(config\.json\) but no run to resume;"):
        check_folder(tmp_path, resume=True, overwrite=False)


def test_overwritten_run_leaves_no_trace(used):
    (used / "config.json").write_text("{}")
    check_folder(used, resume=False, overwrite=True)
    clear_folder(used, overwrite=True)
    assert names(used) == ["notes.txt", "weights"]
    check_folder(used, resume=False, overwrite=False)
