"""States and checkpoints: whole or not there, and never those of another run."""

import json
import os
from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch

from biodir.errors_biodir import CheckpointError
from biodir.files import file_sha256, write_json
from biodir.training import checkpoints
from biodir.training.checkpoints import (
    TRACES,
    check_folder,
    clear_folder,
    newest_state,
    save_model,
    save_state,
)

STATE = {"model": {"weight": torch.arange(6.0).view(2, 3)}, "progress": {"step": 3, "losses": [0.5], "best": None}}
RECORD = {"settings": {"epochs": 3}, "data": {"a.pubtator": "5f"}}


class Saved:
    """A model, or a tokenizer, that saves files with this content."""

    def __init__(self, **contents: str) -> None:
        self.contents = contents

    def save_pretrained(self, folder: Path) -> None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, content in self.contents.items():
            (Path(folder) / name).write_text(content)


@pytest.fixture
def states(tmp_path) -> Path:
    """A folder with the states of the steps 5 and 10, whose tensor is the step."""
    for step in (5, 10):
        save_state(tmp_path / "states", step, {"weight": torch.tensor(step)}, {"at": step})
    return tmp_path / "states"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def newest_step(folder: Path) -> int | None:
    """The step of the state that a run would go on from; state and record agree on it."""
    found = newest_state(folder)
    if found is None:
        return None
    state, record = found
    assert state["weight"].item() == record["at"] == record["step"]
    return record["step"]


# States.


def test_state_and_record_come_back(tmp_path):
    save_state(tmp_path, 3, STATE, RECORD)
    state, record = newest_state(tmp_path)
    assert torch.equal(state["model"]["weight"], STATE["model"]["weight"])
    assert state["progress"] == STATE["progress"]
    assert {name: record[name] for name in RECORD} == RECORD
    assert record["step"] == 3


def test_optimizer_goes_on_from_its_state(tmp_path):
    def stepped(optimizer, parameter, times):
        for _ in range(times):
            (parameter**2).sum().backward()
            optimizer.step()
            optimizer.zero_grad()

    first, second = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    one, other = (torch.optim.AdamW([parameter], lr=0.1) for parameter in (first, second))
    stepped(one, first, 2)
    save_state(tmp_path, 2, {"parameter": first, "optimizer": one.state_dict()}, {})
    stepped(one, first, 2)
    state, _ = newest_state(tmp_path)
    second.data.copy_(state["parameter"])
    other.load_state_dict(state["optimizer"])
    stepped(other, second, 2)
    assert torch.equal(first, second)


@pytest.mark.parametrize("folder", ["none", "empty"])
def test_no_state_is_none(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    assert newest_state(tmp_path / folder) is None


def test_newest_state_is_that_of_the_highest_step(states):
    assert newest_step(states) == 10
    save_state(states, 100, {"weight": torch.tensor(100)}, {"at": 100})
    assert newest_step(states) == 100


def test_two_states_are_kept(states):
    for step in (15, 20, 1000):
        save_state(states, step, {"weight": torch.tensor(step)}, {"at": step})
    kept = ["step-00000020.json", "step-00000020.pt", "step-00001000.json", "step-00001000.pt"]
    assert names(states) == kept


def test_state_of_the_same_step_is_replaced(states):
    save_state(states, 10, {"weight": torch.tensor(10)}, {"at": 10, "again": True})
    assert newest_state(states)[1]["again"] is True
    assert len(names(states)) == 4


DAMAGES = {
    "missing record": lambda path: path.with_suffix(".json").unlink(),
    "empty record": lambda path: path.with_suffix(".json").write_text(""),
    "half a record": lambda path: path.with_suffix(".json").write_text(path.with_suffix(".json").read_text()[:40]),
    "flipped byte of the record": lambda path: path.with_suffix(".json").write_bytes(b'{"sha256": "\xff"}'),
    "record of nothing": lambda path: path.with_suffix(".json").write_text("[]"),
    "record without a hash": lambda path: path.with_suffix(".json").write_text("{}"),
    "truncated state": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty state": lambda path: path.write_bytes(b""),
    "flipped byte": lambda path: path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]),
    "state of another step": lambda path: path.write_bytes(path.with_name("step-00000005.pt").read_bytes()),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_state_is_passed_over(damage, states, caplog):
    path = states / "step-00000010.pt"
    DAMAGES[damage](path)
    assert newest_step(states) == 5
    assert [str(path) in message and "an older state is taken" in message for message in caplog.messages] == [True]


def test_damaged_states_alone_are_none(states):
    for path in states.glob("*.json"):
        path.unlink()
    assert newest_state(states) is None


def test_run_behind_damaged_states_keeps_its_own(states):
    save_state(states, 3, {"weight": torch.tensor(3)}, {"at": 3})
    assert newest_step(states) == 3
    save_state(states, 4, {"weight": torch.tensor(4)}, {"at": 4})
    assert names(states) == [f"step-0000000{step}.{kind}" for step in (3, 4) for kind in ("json", "pt")]


@pytest.mark.parametrize(("module", "name"), [(torch, "save"), (os, "replace"), (checkpoints, "write_json")])
def test_kill_before_the_record_is_written_leaves_the_state_before(module, name, states, monkeypatch):
    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, name, killed)
        with pytest.raises(KeyboardInterrupt):
            save_state(states, 20, {"weight": torch.tensor(20)}, {"at": 20})
    assert newest_step(states) == 10


def test_next_state_clears_what_a_kill_left(states):
    (states / "step-00000012.part").write_bytes(b"half")
    save_state(states, 15, {"weight": torch.tensor(15)}, {"at": 15})
    assert [name for name in names(states) if name.endswith(".part")] == []


def test_state_that_holds_an_object_is_not_unpickled(states):
    torch.save({"weight": Saved()}, states / "step-00000010.pt")
    digest = file_sha256(states / "step-00000010.pt")
    write_json(states / "step-00000010.json", {"sha256": digest})
    with pytest.raises(UnpicklingError, match="Weights only load failed"):
        newest_state(states)


# Files and checkpoints.


@pytest.mark.parametrize("place", ["run", "run/last", "new/folder/run", "."])
def test_checkpoint_has_model_tokenizer_and_record(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_model(Path(place), Saved(config="1", weights="2"), Saved(words="3"), RECORD)
    assert names(tmp_path / place) == ["config", "training.json", "weights", "words"]
    assert json.loads((tmp_path / place / "training.json").read_text()) == RECORD


def test_next_checkpoint_replaces_the_files_and_leaves_others(tmp_path):
    save_model(tmp_path, Saved(weights="old"), Saved(words="old"), {"epoch": 1})
    (tmp_path / "states").mkdir()
    save_model(tmp_path, Saved(weights="new"), Saved(words="new"), {"epoch": 2})
    assert names(tmp_path) == ["states", "training.json", "weights", "words"]
    assert [(tmp_path / name).read_text() for name in ("weights", "words")] == ["new", "new"]


def test_checkpoint_that_cannot_be_saved_leaves_the_old_one(tmp_path):
    class Unsaved:
        def save_pretrained(self, folder):
            raise OSError("no space left")

    save_model(tmp_path, Saved(weights="old"), Saved(words="old"), {"epoch": 1})
    with pytest.raises(OSError, match="no space left"):
        save_model(tmp_path, Saved(weights="new"), Unsaved(), {"epoch": 2})
    assert [(tmp_path / name).read_text() for name in ("weights", "words")] == ["old", "old"]
    save_model(tmp_path, Saved(weights="new"), Saved(words="new"), {"epoch": 2})
    assert names(tmp_path) == ["training.json", "weights", "words"]


# The folder of a run.


@pytest.fixture
def used(tmp_path) -> Path:
    """The folder of a run, with a file that is not the run's."""
    folder = tmp_path / "run"
    save_model(folder, Saved(weights="best"), Saved(), {})
    save_model(folder / "last", Saved(weights="last"), Saved(), {})
    save_state(folder / "states", 1, STATE, RECORD)
    (folder / "notes.txt").write_text("mine")
    return folder


@pytest.mark.parametrize(("resume", "overwrite"), [(False, False), (True, False), (False, True)])
def test_new_folder_is_made(resume, overwrite, tmp_path):
    folder = tmp_path / "new" / "run"
    check_folder(folder, resume, overwrite)
    assert not folder.exists()
    clear_folder(folder, overwrite)
    assert names(folder) == []


def test_folder_of_another_run_is_refused(used):
    message = r"run holds a run or a checkpoint already \(training\.json, states, last\); go on with a run by --resume-from-checkpoint"
    with pytest.raises(CheckpointError, match=message):
        check_folder(used, resume=False, overwrite=False)


@pytest.mark.parametrize("trace", TRACES)
def test_any_trace_of_a_run_or_a_checkpoint_is_one(trace, tmp_path):
    (tmp_path / trace).mkdir()
    with pytest.raises(CheckpointError, match=rf"holds a run or a checkpoint already \({trace}\); go on with a run by"):
        check_folder(tmp_path, resume=False, overwrite=False)


def test_checkpoint_that_no_run_left_is_not_gone_on_with(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"holds a checkpoint \(config\.json\) but no run to go on with; name"):
        check_folder(tmp_path, resume=True, overwrite=False)


def test_folder_with_other_files_is_taken(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    check_folder(tmp_path, resume=False, overwrite=False)
    clear_folder(tmp_path, overwrite=False)
    assert names(tmp_path) == ["notes.txt"]


def test_resumed_run_finds_everything(used):
    before = names(used)
    check_folder(used, resume=True, overwrite=False)
    clear_folder(used, overwrite=False)
    assert names(used) == before
    assert newest_state(used / "states")[1]["step"] == 1


def test_overwritten_run_leaves_no_trace(used):
    (used / "config.json").write_text("{}")
    check_folder(used, resume=False, overwrite=True)
    clear_folder(used, overwrite=True)
    assert names(used) == ["notes.txt", "weights"]
    check_folder(used, resume=False, overwrite=False)


def test_file_is_no_folder(tmp_path):
    (tmp_path / "run").write_text("")
    with pytest.raises(CheckpointError, match=r"run is a file, not a folder; name another --output-dir$"):
        check_folder(tmp_path / "run", resume=False, overwrite=True)
