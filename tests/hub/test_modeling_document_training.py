"""A model that reads the text once is saved, runs in half precision and trains like any other."""

import pytest
import torch

from biodir.modeling_attention_biodir import PACKABLE_ENCODERS, PACKED_ATTENTION
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.processing_biodir import make_processor
from biodir.training.initialization import model_from_encoder
from helpers.document_models import (
    DOCUMENTS,
    NARROW,
    OTHER,
    WIDE,
    assert_close,
    each_width,
    features_of,
    gradients_of,
    logits_of,
    logits_with_gradient,
    loss_of,
    model_and_processor,
    some_labels,
)
from helpers.marked import word_piece_tokenizer
from helpers.tiny_models import save_encoder


@pytest.mark.parametrize("family", ["bert", "roberta", "electra"])
def test_saved_model_keeps_its_encoding_and_its_scores(tmp_path, family):
    model, encoder = model_and_processor(family, **NARROW)
    features = features_of(encoder, *DOCUMENTS)
    model.save_pretrained(tmp_path)
    assert PACKED_ATTENTION not in (tmp_path / "config.json").read_text()
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path)
    assert loaded.config.pair_encoding == "document"
    encoder = make_processor(word_piece_tokenizer(), loaded.config)
    assert features_of(encoder, *DOCUMENTS) == features
    assert torch.equal(logits_of(loaded, encoder, features), logits_of(model, encoder, features))


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_attention_code_that_is_asked_for_changes_no_score(tmp_path, attention):
    model, encoder = model_and_processor(**NARROW)
    features = features_of(encoder, *DOCUMENTS)
    expected = logits_of(model, encoder, features)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, attn_implementation=attention)
    assert_close(logits_of(loaded, encoder, features), expected)


def test_attention_code_that_is_set_later_changes_no_score():
    # The encoder's own attention knows nothing of the layout: everything would attend to everything, in silence.
    model, encoder = model_and_processor(**NARROW)
    features = features_of(encoder, *DOCUMENTS)
    expected = logits_of(model, encoder, features)
    model.set_attn_implementation("sdpa")
    assert_close(logits_of(model, encoder, features), expected)


def test_model_from_a_pretrained_encoder_answers_with_its_tokenizer(tmp_path):
    folder = save_encoder(tmp_path, max_position_embeddings=200)
    model, tokenizer = model_from_encoder(
        folder, pair_encoding="document", **WIDE | {"max_tokens": 200, "window_overlap_tokens": 40}
    )
    encoder = make_processor(tokenizer, model.config)
    features = features_of(encoder, OTHER)
    assert logits_of(model.eval(), encoder, features).isfinite().all()


@each_width
def test_autocast_to_half_precision_stays_near_float32_and_trains(sizes):
    model, encoder = model_and_processor(**sizes)
    features = features_of(encoder, *DOCUMENTS)
    reference = logits_of(model, encoder, features)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = logits_of(model, encoder, features)
        loss = loss_of(model, encoder, features, some_labels(features))
    assert (found.float() - reference).abs().max() < 0.05 * reference.abs().max()
    assert loss.isfinite()
    assert loss.dtype == torch.float32
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=["bf16", "fp16"])
def test_model_of_half_precision_stays_near_float32_and_trains(tmp_path, dtype):
    model, encoder = model_and_processor(**NARROW)
    features = features_of(encoder, *DOCUMENTS)
    reference = logits_of(model, encoder, features)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path, dtype=dtype)
    assert (logits_of(loaded, encoder, features).float() - reference).abs().max() < 0.05 * reference.abs().max()
    loss_of(loaded, encoder, features, some_labels(features)).backward()
    assert all(parameter.grad.isfinite().all() for parameter in loaded.parameters())


def test_training_steps_lower_the_loss():
    model, encoder = model_and_processor(**NARROW)
    features = features_of(encoder, *DOCUMENTS)
    labels = some_labels(features)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = loss_of(model, encoder, features, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("family", PACKABLE_ENCODERS)
@pytest.mark.parametrize("labels", ["unrelated", "mixed"])
def test_every_parameter_has_a_gradient(family, labels):
    # Training on several devices stops where a parameter has none.
    model, encoder = model_and_processor(family, **NARROW)
    features = features_of(encoder, *DOCUMENTS)
    found = some_labels(features)
    loss_of(model, encoder, features, found if labels == "mixed" else [0] * len(found)).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []


def test_dropout_is_at_work_in_training_alone():
    dropouts = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.5}
    model, encoder = model_and_processor(encoder_settings=dropouts)
    features = features_of(encoder, OTHER)
    assert torch.equal(logits_of(model, encoder, features), logits_of(model, encoder, features))
    model.train()
    assert not torch.equal(logits_of(model, encoder, features), logits_of(model, encoder, features))


@each_width
def test_gradient_checkpointing_changes_neither_loss_nor_gradients(sizes):
    model, encoder = model_and_processor(**sizes)
    features = features_of(encoder, *DOCUMENTS)
    model.train()
    plain = gradients_of(model, logits_with_gradient(model, encoder, features))
    plain_loss = loss_of(model, encoder, features, some_labels(features))
    calls = []
    model.get_submodule("encoder.encoder.layer.0.attention").register_forward_hook(lambda *_: calls.append(1))
    model.activation_checkpointing_enable()
    checkpointed = gradients_of(model, logits_with_gradient(model, encoder, features))
    assert len(calls) == 2  # forward, then once more for the gradient
    assert torch.equal(loss_of(model, encoder, features, some_labels(features)), plain_loss)
    for name, gradient in plain.items():
        assert_close(checkpointed[name], gradient)
