"""A run is resumed with the settings and the data of its record; a finished one is left alone."""

import json
from dataclasses import asdict

import pytest

from biodir.errors_biodir import CheckpointError, SettingError
from biodir.files import write_json
from biodir.training.checkpoints import check_folder
from biodir.training.preparation import data_of
from biodir.training.resuming import check_same_run, is_finished
from biodir.training.settings import TrainingSettings


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Settings with files, relative to the current folder."""
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "bert"):
        (tmp_path / folder).mkdir()
    for name in ("data/train", "data/dev", "bert/model.safetensors"):
        (tmp_path / name).write_text(name)

    def make(**changes) -> TrainingSettings:
        files = {"train": ["data/train"], "dev": "data/dev", "encoder": "bert", "output_dir": "run"}
        return TrainingSettings(**{**files, "num_train_epochs": 3, **changes})

    return make


@pytest.fixture
def finished(made, tmp_path):
    """The record of a run of three epochs, in its folder; states there are damaged."""
    (tmp_path / "run" / "states" / "step-00000006").mkdir(parents=True)
    record = {"settings": asdict(made()), "data": data_of(made()), "epochs": [{}] * 3, "best_epoch": 2}
    write_json(tmp_path / "run" / "training.json", {**record, "finished": True})
    return json.loads((tmp_path / "run" / "training.json").read_text())


@pytest.mark.parametrize("changes", [{}, {"save_steps": 7}, {"train": ["./data/train"]}])
def test_finished_run_without_usable_states_is_left_alone(made, finished, changes):
    lines = []
    assert is_finished(made(**changes), lines.append)
    assert lines == ["run: the run is finished and stays as it is, with the checkpoint of epoch 2"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 5}, r"^run: cannot resume with other settings \(seed is 5, was 1\); give the old ones"),
        ({"stop_after_epoch": 2}, "^run: the run ended after epoch 3, and no usable state is left to resume from; na"),
        ({"train": ["data/dev"]}, r"\(train is \['data/dev'\], was \['data/train'\]; the content of the data files"),
    ],
)
def test_finished_run_is_not_replaced_by_another(made, finished, changes, message):
    with pytest.raises(SettingError, match=message):
        is_finished(made(**changes))


def test_stopped_run_without_usable_states_starts_again_with_its_settings_only(made, finished, tmp_path):
    write_json(tmp_path / "run" / "training.json", {**finished, "finished": False})
    lines = []
    assert not is_finished(made(), lines.append)
    assert lines == ["run: the run was stopped after epoch 3, and no usable state is left; it starts again"]
    with pytest.raises(SettingError, match="seed is 5, was 1"):
        is_finished(made(seed=5))


def test_files_in_other_places_with_their_content_are_those_of_the_run(made, finished, tmp_path):
    moved = {"train": [str(tmp_path / "moved/train")], "dev": "moved/dev", "encoder": str(tmp_path / "bert")}
    (tmp_path / "data").rename(tmp_path / "moved")
    check_same_run(made(**moved), data_of(made(**moved)), finished)
    for name, other in (("train", "dev"), ("dev", "train")):  # the same contents the other way round
        (tmp_path / "moved" / name).write_text(f"data/{other}")
    with pytest.raises(SettingError, match=r"\(train is .*; dev is .*; the content of the data files has changed\)"):
        check_same_run(made(**moved), data_of(made(**moved)), finished)


def test_mean_of_checkpoints_is_no_run_to_resume(tmp_path):
    write_json(tmp_path / "training.json", {"parents": ["a", "b"], "data": {}})
    with pytest.raises(CheckpointError, match=r"holds a checkpoint \(training\.json\) but no run to resume"):
        check_folder(tmp_path, resume=True, overwrite=False)


def test_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="file is a file, not a folder; name another --output_d"):
        check_folder(tmp_path / "file" / "runs" / "x", resume=False, overwrite=False)
