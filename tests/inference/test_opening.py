"""Which pipeline a command takes: over graphs or over torch."""

import gc
import shutil
from pathlib import Path

import pytest

from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference import opening
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
