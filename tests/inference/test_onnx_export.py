"""Graphs of every kind of encoder that reads packed rows give the logits of torch."""

import numpy as np
import pytest
import torch

from biodir.errors_biodir import CheckpointError
from biodir.inference.onnx_export import export_model
from biodir.runtime import load
from biodir.runtime.manifest import FOLDER, Manifest
from helpers.document_models import (
    APART,
    CLOSER,
    DOCUMENTS,
    NARROW,
    OTHER_KINDS,
    assert_close,
    features_of,
    logits_of,
    model_and_processor,
)
from helpers.marked import word_piece_tokenizer


@pytest.mark.slow
def test_another_export_into_a_folder_leaves_no_graph_of_the_one_before_and_what_is_mapped_as_it_was(tmp_path):
    kinds = [["onnx", "onnx-int8"], ["onnx-int8"]]
    models = [model_and_processor("bert", **NARROW, soft_prompt_tokens=tokens)[0] for tokens in (0, 2)]
    folder = tmp_path / "graphs"
    export_model(models[0], word_piece_tokenizer(), folder, kinds[0], tmp_path)
    mapped = np.load(folder / "embeddings.npy", mmap_mode="r")
    before = mapped.copy()
    (folder / "notes.txt").write_text("mine")
    files = export_model(models[1], word_piece_tokenizer(), folder, kinds[1], tmp_path)
    assert [path.name for path in files] == ["encoder_int8.onnx", "heads.onnx"]
    assert load(folder).backend == "onnx-int8"
    assert (folder / "notes.txt").exists()
    assert not (folder / "encoder.onnx").exists()
    np.testing.assert_array_equal(mapped, before)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["roberta", "distilbert", *OTHER_KINDS])
def test_graphs_give_the_logits_of_torch(tmp_path, family):
    settings = {} if family == "distilbert" else {"num_hidden_layers": 3}
    model, processor = model_and_processor(family, settings, **NARROW)
    inputs = processor.collate(features_of(processor, *DOCUMENTS))
    expected = logits_of(model, processor, features_of(processor, *DOCUMENTS))
    export_model(model, word_piece_tokenizer(), tmp_path / "graphs", ["onnx"], tmp_path)
    found = load(tmp_path / "graphs").forward(inputs)
    joined = np.concatenate([found[task] for task in model.config.tasks], axis=-1)
    assert_close(torch.from_numpy(joined), expected, scale=10)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"soft_prompt_tokens": 0}, {"closest_mentions": True}])
def test_models_with_other_parts_of_pairs_are_exported(tmp_path, settings):
    model, processor = model_and_processor("bert", **NARROW, **settings)
    features = features_of(processor, *DOCUMENTS, APART, CLOSER)
    expected = logits_of(model, processor, features)
    files = export_model(model, word_piece_tokenizer(), tmp_path / "graphs", ["onnx"], tmp_path)
    assert [path.name for path in files] == ["encoder.onnx", "heads.onnx"]
    found = load(tmp_path / "graphs").forward(processor.collate(features))
    joined = np.concatenate([found[task] for task in model.config.tasks], axis=-1)
    assert_close(torch.from_numpy(joined), expected, scale=10)


@pytest.mark.slow
def test_graphs_of_weights_in_several_files_belong_to_these(tmp_path):
    model, _ = model_and_processor("bert", **NARROW)
    part = tmp_path / "model-00001-of-00001.safetensors"
    part.write_bytes(b"weights")
    export_model(model, word_piece_tokenizer(), tmp_path / FOLDER, ["onnx"], tmp_path)
    assert list(Manifest.read(tmp_path / FOLDER).sources) == [part.name]
    part.write_bytes(b"trained further")
    with pytest.raises(CheckpointError, match=f"graphs are of another {part.name}"):
        load(tmp_path)
