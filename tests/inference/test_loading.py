"""Loading a checkpoint: where it is, and what does not fit together."""

import json
import shutil
from pathlib import Path

import pytest

from biodir import CheckpointError, SettingError
from biodir.checkpoint_names import CHECKPOINT_FILES, MODEL_VARIABLE
from biodir.configuration_biodir import BioDirConfig
from biodir.inference.loading import load_pipeline
from helpers.hub_server import published
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint, save_encoder

THREE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="three")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("loading"))


@pytest.fixture
def broken(checkpoint, tmp_path) -> Path:
    """A copy of the checkpoint, to be broken."""
    return shutil.copytree(checkpoint, tmp_path / "broken")


def edit_config(folder: Path, **values) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def test_checkpoint_is_found_by_folder_and_by_variable(checkpoint, monkeypatch):
    extract = open_pipeline(checkpoint)
    assert load_pipeline(str(checkpoint), "cpu")(THREE) == load_pipeline(checkpoint, "cpu")(THREE) == extract(THREE)
    monkeypatch.setenv(MODEL_VARIABLE, str(checkpoint))
    assert load_pipeline(device="cpu")(THREE) == extract(THREE)


def test_half_precision_weights_run_in_the_precision_of_the_configuration(checkpoint, broken):
    halved = open_pipeline(checkpoint).model.half()
    halved.config.dtype = "float32"
    halved.save_pretrained(broken)
    edit_config(broken, dtype="float32")
    assert (broken / "model.safetensors").stat().st_size < 0.6 * (checkpoint / "model.safetensors").stat().st_size
    assert str(load_pipeline(str(broken), "cpu").model.dtype) == "torch.float32"


@pytest.mark.parametrize("file", CHECKPOINT_FILES)
def test_missing_file_of_a_checkpoint_is_named(file, broken):
    (broken / file).unlink()
    with pytest.raises(CheckpointError, match=f"broken: lacks {file};"):
        load_pipeline(str(broken))


def cut_off(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


def point_to_lfs(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def point_to_lfs_of_parts(folder):
    (folder / "model.safetensors.index.json").write_text("{}")
    point_to_lfs(folder)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")


def take_tokenizer_of_encoder(folder):
    save_encoder(folder / "encoder")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(folder / "encoder" / name, folder / name)


def shorten_embeddings(folder):
    config = json.loads((folder / "config.json").read_text())
    edit_config(folder, encoder_config={**config["encoder_config"], "vocab_size": 50})


def write(name, content):
    return lambda folder: (folder / name).write_text(content)


def edit(**values):
    return lambda folder: edit_config(folder, **values)


FAULTS = {
    "weights cut off": (cut_off, r"model\.safetensors cannot be used: "),
    "weights left in Git LFS": (point_to_lfs, r"model\.safetensors is a pointer of Git LFS; .*git lfs pull"),
    "parts of weights left in Git LFS": (point_to_lfs_of_parts, r"model-00001-.* is a pointer of Git LFS; .*git lfs"),
    "weights of other sizes": (shorten_embeddings, r".* in model\.safetensors .*word_embeddings.*50, 32"),
    "weights left over": (edit(novelty_labels=[]), r"4 unexpected keys in model\.safetensors"),
    "configuration cut off": (write("config.json", "{"), r"config\.json cannot be used"),
    "configuration of BERT": (edit(model_type="bert"), r"config\.json is that of a model of type 'bert'"),
    "label list of one": (edit(relation_labels=["None"]), r"config\.json .*relation_labels \['None'\]: give the label"),
    "tokenizer cut off": (write("tokenizer.json", "{"), r"tokenizer\.json or tokenizer_config\.json cannot be used"),
    "tokenizer of the encoder": (take_tokenizer_of_encoder, r"config\.json and tokenizer\.json .* lacks '@"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_file_that_does_not_fit_is_named(fault, broken):
    spoil, message = FAULTS[fault]
    spoil(broken)
    with pytest.raises(CheckpointError, match=f"broken: .*{message}"):
        load_pipeline(str(broken))


@pytest.mark.parametrize("name", ["./absent", "/absent/folder", "a b/c", "a/b/c", "~/model", __file__])
def test_missing_folder_is_named(name):
    with pytest.raises(CheckpointError, match=f"^{name}: there is no such folder"):
        load_pipeline(name)


@pytest.mark.parametrize("name", ["absent", "absent/", "runs/absent"])
def test_name_that_can_be_a_folder_is_not_sought_on_the_hub(name, tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(BioDirConfig, "get_config_dict", None)  # must not be called
    with pytest.raises(CheckpointError, match=f"^{name}: there is no such folder"):
        load_pipeline(name)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_device_that_cannot_be_used_is_refused(device, checkpoint):
    with pytest.raises(SettingError, match=f"device '{device}' cannot be used here: .*; name another, such as cpu"):
        load_pipeline(str(checkpoint), device)


def test_revision_of_the_hub_is_that_of_all_files(checkpoint, tmp_path, monkeypatch):
    other = save_checkpoint(tmp_path / "other", none_bias=0.0, max_tokens=80)
    (checkpoint / "notes.txt").write_text("x")
    with published(monkeypatch, tmp_path / "cache", checkpoint, other) as hub:
        extract = load_pipeline("some-group/tiny", "cpu", revision="v0")
        assert extract(THREE) == load_pipeline(str(checkpoint), "cpu")(THREE)
        fetched = [path for _, path in hub.requests if "/resolve/" in path]
        assert {path.split("/resolve/")[1].split("/")[0] for path in fetched} <= {"v0", "0" * 40}
        for name in CHECKPOINT_FILES:
            assert any(path.endswith(f"/{name}") for path in fetched), name
        assert load_pipeline("some-group/tiny", "cpu").model.config.max_tokens == 80
        with pytest.raises(CheckpointError, match=r"some-group/tiny: config\.json cannot be used: v9 is not a valid"):
            load_pipeline("some-group/tiny", "cpu", revision="v9")


def test_revision_of_a_folder_is_refused(checkpoint):
    with pytest.raises(SettingError, match=f"revision v0: {checkpoint} is a folder, and only Hub ids have revisions; "):
        load_pipeline(str(checkpoint), "cpu", revision="v0")
