"""Graphs of encoders of packed rows: the windows that they read, and the scores of every kind of encoder."""

import pytest
import torch

from biodir.inference.onnx_encoder import OnnxEncoder, export_encoder, row_parts, visible_places
from biodir.modeling_attention_biodir import packed_layout
from helpers.document_models import (
    DOCUMENTS,
    NARROW,
    OTHER_KINDS,
    assert_close,
    features_of,
    logits_of,
    model_and_processor,
)


def test_parts_are_windows_with_their_prompts_and_each_place_sees_its_text_and_prompt():
    layout = packed_layout(torch.tensor([[1, 1], [1, 0], [1, 0]]), prompt_windows=[0, 0, 2], prompt_tokens=2)
    first, second, third = row_parts(layout)
    assert (first.tolist(), second.tolist(), third.tolist()) == ([0, 1, 4, 5, 6, 7], [2], [3, 8, 9])
    text = [True, True, False, False, False, False]
    prompts = [[True, True, True, True, False, False]] * 2 + [[True, True, False, False, True, True]] * 2
    assert visible_places(layout, first).tolist() == [text, text, *prompts]
    assert visible_places(layout, second).tolist() == [[True]]


@pytest.mark.slow
@pytest.mark.parametrize("family", OTHER_KINDS)
@pytest.mark.parametrize("layers", [2, 3])
def test_graph_gives_the_scores_of_torch(tmp_path, family, layers):
    pytest.importorskip("onnxruntime")
    model, processor = model_and_processor(family, {"num_hidden_layers": layers}, **NARROW)
    features = features_of(processor, *DOCUMENTS)
    expected = logits_of(model, processor, features)
    export_encoder(model.encoder, tmp_path / "encoder.onnx", "onnx")
    model.encoder = OnnxEncoder(model.encoder, tmp_path / "encoder.onnx")
    assert_close(logits_of(model, processor, features), expected, scale=10)
