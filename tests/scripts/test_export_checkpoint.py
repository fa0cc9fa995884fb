"""The command-line programs of scripts/, over a tiny checkpoint."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from biodir.files import file_sha256
from biodir.inference.loading import load_pipeline
from biodir.training.provenance import provenance
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("scripts"))


@pytest.fixture
def exporting():
    return script("export_checkpoint")


def test_exported_weights_are_half_floats_that_load_as_floats(exporting, checkpoint, tmp_path):
    target = tmp_path / "exported"
    exporting.main([str(checkpoint), str(target)])
    with safe_open(target / "model.safetensors", framework="pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    assert load_pipeline(str(target), device="cpu").model.dtype == torch.float32
    assert "_name_or_path" not in json.loads((target / "config.json").read_text())["encoder_config"]
    assert not (target / "training.json").exists()
    assert {path.name for path in target.iterdir()} == {path.name for path in checkpoint.iterdir()}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"none_bias": 0}, r"config\.json: names no documents \(calibrated_on\), .*; name the run whose dev documents"),
        (None, r"config\.json: names no documents \(calibrated_on\), "),
    ],
)
def test_export_like_a_run_without_dev_documents_is_refused(exporting, checkpoint, tmp_path, config, message):
    run = tmp_path / "run"
    run.mkdir()
    if config:
        (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(SystemExit, match=rf"export_checkpoint\.py: error: .*{message}"):
        exporting.main([str(checkpoint), str(tmp_path / "out"), "--calibrated-like", str(run)])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("target", "problem"), [("run", "this is a run"), ("other", "this is a run"), ("run/config.json", "is a file, not")]
)
def test_export_into_a_run_or_a_file_is_refused(exporting, checkpoint, tmp_path, target, problem):
    for name in ("run", "other"):
        shutil.copytree(checkpoint, tmp_path / name)
    (tmp_path / "other" / "training.json").write_text("{}")
    with pytest.raises(SystemExit, match=rf"export_checkpoint\.py: error: .*{problem}.*; name another target"):
        exporting.main([str(tmp_path / "run"), str(tmp_path / target)])
    assert {file_sha256(path) for path in tmp_path.glob("*/*.safetensors")} == {
        file_sha256(checkpoint / "model.safetensors")
    }


LIKE = {"calibrated_on": ["01234567", "89abcdef"], "none_bias": 3.5}


@pytest.mark.parametrize("scaling", [{"relation": [0.5, -1.0], "novelty": [2.0, 0.0]}, {}, None])
def test_documents_and_scaling_are_those_of_the_run_that_is_named(exporting, checkpoint, tmp_path, scaling):
    run = shutil.copytree(checkpoint, tmp_path / "run")
    own = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(own | {"score_scaling": {"direction": [9.0, 9.0]}}))
    (tmp_path / "like").mkdir()
    (tmp_path / "like" / "config.json").write_text(json.dumps(LIKE | ({"score_scaling": scaling} if scaling else {})))
    exporting.main([str(run), str(tmp_path / "out"), "--calibrated-like", str(tmp_path / "like")])
    config = load_pipeline(str(tmp_path / "out"), device="cpu").model.config
    assert (config.score_scaling, config.calibrated_on) == (scaling or {}, LIKE["calibrated_on"])
    assert config.none_bias == own["none_bias"], "that of the run"
    exporting.main([str(run), str(tmp_path / "own")])
    assert load_pipeline(str(tmp_path / "own"), device="cpu").model.config.score_scaling == {"direction": [9.0, 9.0]}


def test_scaling_of_a_task_that_the_run_lacks_is_refused(exporting, tmp_path):
    run = save_checkpoint(tmp_path, novelty_labels=[])
    (tmp_path / "config.json").write_text(json.dumps(LIKE | {"score_scaling": {"novelty": [1, 0]}}))
    with pytest.raises(SystemExit, match=r"score_scaling names novelty, no task of this model; it has relation, "):
        exporting.main([str(run), str(tmp_path / "out"), "--calibrated-like", str(tmp_path)])
    assert not (tmp_path / "out").exists()


def test_export_replaces_whole_files_and_the_weights_last(exporting, checkpoint, tmp_path, monkeypatch):
    target = tmp_path / "exported"
    exporting.main([str(checkpoint), str(target)])
    code = (target / "modeling_biodir.py").stat()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (target / name).write_text("old")
    replaced = []
    replace = os.replace

    def stop_at_the_weights(source, place):
        replaced.append(Path(place).name)
        if replaced[-1] == "model.safetensors":
            raise KeyboardInterrupt
        replace(source, place)

    monkeypatch.setattr(exporting.os, "replace", stop_at_the_weights)
    with pytest.raises(KeyboardInterrupt):
        exporting.main([str(checkpoint), str(target)])
    assert replaced == ["config.json", "tokenizer.json", "model.safetensors"]
    assert (target / "model.safetensors").read_text() == "old"
    config = json.loads((target / "config.json").read_text())
    assert (config["dtype"], config["encoder_config"]["dtype"]) == ("float32", "float32")
    assert (target / "modeling_biodir.py").stat().st_ino == code.st_ino
    assert not [path for path in target.iterdir() if path.is_dir()]


def test_record_of_a_run_goes_along_with_hashes_and_without_folders(exporting, checkpoint, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(checkpoint, run)
    data = {"/a/train.pubtator": "5f", "/b/train.pubtator": "6e", "dev.pubtator": "7d"}
    settings = {"train": ["/a/train.pubtator", "/b/train.pubtator"], "encoder": "ORG/NAME", "seed": 3}
    (run / "training.json").write_text(json.dumps({"settings": settings, "data": data, "best_epoch": 2}))
    exporting.main([str(run), str(tmp_path / "out")])
    record = json.loads((tmp_path / "out" / "training.json").read_text())
    exporting.main([str(run), str(tmp_path / "out")])  # over an export, not a run
    exported = record.pop("exported")
    assert record == {
        "settings": {"train": ["train.pubtator", "train.pubtator"], "encoder": "ORG/NAME", "seed": 3},
        "data": {"train.pubtator": "5f", "train.pubtator (2)": "6e", "dev.pubtator": "7d"},
        "best_epoch": 2,
    }
    assert exported["sha256"] == {name: file_sha256(run / name) for name in ("model.safetensors", "training.json")}
    assert set(exported["provenance"]) == set(provenance())


def test_checkpoint_without_a_record_leaves_none_of_an_earlier_export(exporting, checkpoint, tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "training.json").write_text('{"exported": {}}')
    exporting.main([str(checkpoint), str(target)])
    assert not (target / "training.json").exists()
