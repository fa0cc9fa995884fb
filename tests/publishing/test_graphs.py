"""The ONNX graphs of a repository: which are in it, and that bad ones are not published."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from biodir.formats.pubtator_writer import write_pubtator
from biodir.labels_biodir import PAIR_TYPES
from biodir.publishing.errors import PublishError
from biodir.publishing.graphs import check_graphs, graph_files
from biodir.publishing.model_repository import SAMPLE, made_document
from biodir.runtime import load
from biodir.runtime.manifest import FOLDER, MANIFEST, Manifest, described
from helpers.exported import SHORT


@pytest.fixture
def model(exported, tmp_path) -> Path:
    """A checkpoint with its graphs and a sample."""
    found = Path(shutil.copytree(exported("document"), tmp_path / "model"))
    (found / SAMPLE).parent.mkdir()
    write_pubtator([made_document(PAIR_TYPES)], found / SAMPLE)
    return found


def test_repository_has_the_graphs_of_int8_and_a_manifest_of_these(model, tmp_path):
    files = graph_files(model)
    for name, content in files.items():
        place = tmp_path / "repository" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content) if isinstance(content, str) else shutil.copyfile(content, place)
    graphs = {"encoder_int8.onnx", "tagger_int8.onnx", "heads.onnx"}
    tables = {"embeddings.npy", "prompts.npy", "tokenizer.json"}
    assert set(files) == {f"{FOLDER}/{name}" for name in graphs | tables | {MANIFEST}}
    found = load(tmp_path / "repository")
    assert found.backend == "onnx-int8"
    assert found(SHORT) == load(model, "onnx-int8")(SHORT)


def test_checkpoint_without_graphs_has_none_in_its_repository(model):
    shutil.rmtree(model / FOLDER)
    assert graph_files(model) == {}
    assert list(check_graphs(model)) == []


def test_every_back_end_is_compared_with_torch(model):
    lines = list(check_graphs(model))
    assert [line.split(":")[0] for line in lines] == ["onnx against torch", "onnx-int8 against torch"]
    assert all("scores of 17 pairs differ by at most " in line for line in lines)


def test_graphs_of_other_weights_are_not_published(model):
    with (model / "model.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(PublishError, match=r"of another model.safetensors .* or remove the folder"):
        graph_files(model)


def test_changed_file_is_not_published(model):
    path = model / FOLDER / "heads.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(PublishError, match=r"heads.onnx is not the file that manifest.json describes"):
        graph_files(model)


def test_graphs_without_int8_are_not_published(model):
    path = model / FOLDER / MANIFEST
    values = json.loads(path.read_text())
    del values["files"]["encoder_int8.onnx"]
    path.write_text(json.dumps(values))
    with pytest.raises(PublishError, match="has no graphs for onnx-int8"):
        graph_files(model)


def test_graphs_that_find_something_else_are_not_published(model):
    folder = model / FOLDER
    table = np.load(folder / "embeddings.npy")
    np.save(folder / "embeddings.npy", table[::-1])
    manifest = Manifest.read(folder)
    manifest.files["embeddings.npy"].update(described(folder / "embeddings.npy"))
    manifest.write(folder)
    with pytest.raises(PublishError, match=r"onnx is too far from torch on the sample: scores of 17 pairs differ by"):
        list(check_graphs(model))
