"""Which pipeline a command takes: over graphs or over torch."""

import gc
import shutil
from pathlib import Path

import pytest

from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference import BACKENDS, opening
from biodir.inference.opening import open_pipeline
from biodir.pipeline_biodir import BioDirPipeline
from biodir.runtime.extraction import OnnxPipeline
from helpers.exported import SHORT


@pytest.fixture
def model(exported, tmp_path) -> Path:
    """A checkpoint with graphs."""
    return Path(shutil.copytree(exported("document"), tmp_path / "model"))


@pytest.fixture
def without(monkeypatch):
    """Make a library one that is not installed."""

    def remove(name):
        monkeypatch.setattr(opening, "find_spec", lambda library: None if library == name else library)

    return remove


def test_graphs_are_taken_where_they_are(model, monkeypatch):
    monkeypatch.setattr(opening, "_has_accelerator", lambda: False)
    assert isinstance(open_pipeline(str(model)), OnnxPipeline)
    assert isinstance(open_pipeline(str(model), "cpu"), OnnxPipeline)
    shutil.rmtree(model / "onnx")
    assert isinstance(open_pipeline(str(model)), BioDirPipeline)


def test_torch_is_taken_for_an_accelerator_and_without_onnxruntime(model, monkeypatch, without):
    monkeypatch.setattr(opening, "ACCELERATORS", (str(model),))
    assert isinstance(open_pipeline(str(model)), BioDirPipeline)
    without("onnxruntime")
    assert isinstance(open_pipeline(str(model), "cpu"), BioDirPipeline)


def test_graphs_of_other_weights_are_named_and_torch_is_taken(model, without):
    (model / "tokenizer_config.json").write_text((model / "tokenizer_config.json").read_text() + "\n")
    lines: list[str] = []
    assert isinstance(open_pipeline(str(model), "cpu", warn=lines.append), BioDirPipeline)
    assert lines[0].startswith("the graphs are not taken: ")
    assert "another tokenizer_config.json" in lines[0]
    without("torch")
    with pytest.raises(CheckpointError, match=r"of another tokenizer_config\.json"):
        open_pipeline(str(model), "cpu")


def test_checkpoint_without_graphs_needs_torch(model, without):
    shutil.rmtree(model / "onnx")
    without("torch")
    with pytest.raises(SettingError, match="this needs torch, which biodir-runtime does not install"):
        open_pipeline(str(model), "cpu")


def test_back_end_of_torch_is_named_where_there_are_graphs_and_no_torch(model, without):
    without("torch")
    with pytest.raises(SettingError, match=r"end bf16 needs torch, .*; leave --backend out to take the graphs"):
        open_pipeline(str(model), "cpu", "bf16")


@pytest.mark.parametrize("backend", BACKENDS)
def test_folder_that_is_not_there_is_named_without_torch(tmp_path, without, backend):
    without("torch")
    with pytest.raises(CheckpointError, match="nowhere: there is no such folder"):
        open_pipeline(str(tmp_path / "nowhere"), backend=backend)


@pytest.mark.parametrize(("backend", "computed"), [("auto", "onnx"), ("torch", "torch"), ("int8", "int8")])
def test_pipeline_names_the_back_end_that_computes(model, backend, computed):
    assert open_pipeline(str(model), "cpu", backend).backend == computed


def test_graphs_are_exported_where_they_are_asked_for_and_removed_at_the_end(model, exported, monkeypatch):
    def export(network, tokenizer, folder, backends, checkpoint):
        assert backends == ["onnx-int8"]
        shutil.copytree(exported("document") / "onnx", folder, dirs_exist_ok=True)

    monkeypatch.setattr("biodir.inference.onnx_export.export_model", export)
    shutil.rmtree(model / "onnx")
    lines: list[str] = []
    extract = open_pipeline(str(model), "cpu", "onnx-int8", lines.append)
    assert lines == [
        "exporting the ONNX graphs, which takes a while; biodir export-onnx writes them once for all starts"
    ]
    assert extract(SHORT) == open_pipeline(str(exported("document")), "cpu", "onnx-int8")(SHORT)
    folder = extract.folder
    assert folder.is_dir()
    del extract
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize("device", [0, "cuda:0"])
def test_graphs_on_an_accelerator_are_refused(model, device):
    with pytest.raises(SettingError, match=f"backend 'onnx' is for CPUs, but the device is {device}"):
        open_pipeline(str(model), device, "onnx")
