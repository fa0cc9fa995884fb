"""Layers that learn faster compute what the layers of transformers compute."""

import copy

import pytest
import torch
from torch import nn

from biodir.modeling_attention_biodir import encode_packed, packed_layout, use_packed_attention
from biodir.modeling_biodir import BioDirForRelationExtraction, encoder_without_pooler
from biodir.training import fast_layers
from biodir.training.fast_layers import FastDropout, dropped_added_normed, kept_places, only_kept, use_fast_layers
from helpers.tiny_models import FAMILIES, tiny_config, tiny_encoder_config, widened

FAST_FAMILIES = ("bert", "roberta", "electra", "mpnet")
LAYOUT = packed_layout(torch.tensor([[1] * 9, [1] * 6 + [0] * 3]), [0, 1, 1], prompt_tokens=2)
TOKENS = LAYOUT.prompts[-1][1]
POSITIONS = torch.tensor([*range(9), *range(6), *[0] * 6])


def encoder_of(family: str, **settings) -> nn.Module:
    """Return a tiny encoder with packed attention, in training."""
    encoder = widened(encoder_without_pooler(tiny_encoder_config(family, **settings)))
    use_packed_attention(encoder)
    return encoder.train()


def fast(encoder: nn.Module) -> nn.Module:
    """Return a copy of an encoder that computes faster."""
    model = nn.Module()
    model.encoder = copy.deepcopy(encoder)
    use_fast_layers(model)
    return model.encoder


def losses_and_gradients(encoder: nn.Module) -> dict[str, torch.Tensor]:
    """Return a loss of states, queries and keys, and its gradients."""
    size = encoder.get_input_embeddings().embedding_dim
    rows = torch.randn(TOKENS, size, generator=torch.Generator().manual_seed(2)).requires_grad_()
    states = encode_packed(encoder, rows, POSITIONS, LAYOUT)
    loss = states.hidden.sin().sum() + (states.query.sin() * states.key.cos()).sum()
    loss.backward()
    gradients = {name: each.grad for name, each in encoder.named_parameters() if each.grad is not None}
    return {"loss": loss.detach(), "rows": rows.grad, **gradients}


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("family", FAST_FAMILIES)
def test_loss_and_gradients_are_those_of_transformers(family, checkpointing, monkeypatch):
    plain = encoder_of(family)
    quick = fast(plain)
    if checkpointing:
        quick.supports_gradient_checkpointing = True
        quick.gradient_checkpointing_enable()
    calls = []
    attended = fast_layers.attended_states
    monkeypatch.setattr(fast_layers, "attended_states", lambda *given: calls.append(1) or attended(*given))
    expected, actual = losses_and_gradients(plain), losses_and_gradients(quick)
    assert len(calls) == 2 * (1 + checkpointing)  # of both layers, so that nothing else was computed
    assert actual.keys() == expected.keys()
    for name, values in expected.items():
        torch.testing.assert_close(actual[name], values, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_keeps_its_weights_and_its_scores(family):
    model = widened(BioDirForRelationExtraction(tiny_config(family, pair_encoding="document")))
    names = list(model.state_dict())
    plain = model.encoder.eval()
    rows = torch.randn(TOKENS, plain.get_input_embeddings().embedding_dim)
    expected = encode_packed(plain, rows, POSITIONS, LAYOUT).hidden
    use_fast_layers(model)
    assert list(model.state_dict()) == names
    assert torch.equal(encode_packed(model.encoder.eval(), rows, POSITIONS, LAYOUT).hidden, expected)


def test_layers_that_drop_attention_weights_compute_as_before(monkeypatch):
    encoder = fast(encoder_of("bert", attention_probs_dropout_prob=0.5))
    monkeypatch.setattr(fast_layers, "attended_states", None)  # which nothing may call
    assert losses_and_gradients(encoder)["loss"].isfinite()


def test_autocast_keeps_states_in_float32_and_multiplies_in_bfloat16():
    plain = encoder_of("bert")
    quick = fast(plain)
    rows = torch.randn(TOKENS, 32, generator=torch.Generator().manual_seed(2))
    with torch.autocast("cpu", torch.bfloat16):
        expected, actual = (encode_packed(each, rows, POSITIONS, LAYOUT) for each in (plain, quick))
    assert actual.hidden.dtype == expected.hidden.dtype == torch.float32
    assert actual.query.dtype == expected.query.dtype == torch.bfloat16
    torch.testing.assert_close(actual.hidden, expected.hidden, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_dropout_drops_the_share_and_keeps_the_mean(share):
    torch.manual_seed(0)
    places, factor = kept_places((400, 501), share)
    kept = places == -1
    assert kept.shape == (400, 501)
    assert (kept | (places == 0)).all()
    assert kept.float().mean().item() == pytest.approx(1 - share, abs=0.005)
    assert factor == pytest.approx(1 / (1 - share), rel=1e-4)
    assert kept.float().mean(dim=0).std().item() < 0.03  # 0.025 for independent places of 400 rows
    torch.manual_seed(0)
    assert torch.equal(places, kept_places((400, 501), share)[0])


def test_dropout_next_to_one_still_keeps_a_little():
    kept, factor = kept_places((1000,), 1 - 1e-9)
    assert factor == 65536
    assert -10 <= kept.sum() <= 0


def test_the_gradient_passes_where_dropout_kept_the_value():
    dropout, norm = nn.Dropout(0.5), nn.LayerNorm(8)
    states, residual = torch.randn(6, 8).requires_grad_(), torch.randn(6, 8).requires_grad_()
    torch.manual_seed(3)
    dropped_added_normed(states, residual, dropout, norm).sin().sum().backward()
    torch.manual_seed(3)
    places, factor = kept_places((6, 8), 0.5)
    kept = places == -1
    others = [each.detach().clone().requires_grad_() for each in (states, residual)]
    norm(others[0] * kept * factor + others[1]).sin().sum().backward()
    torch.testing.assert_close(states.grad, others[0].grad, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(residual.grad, others[1].grad, rtol=1e-5, atol=1e-6)
    assert (states.grad[~kept] == 0).all()


def test_fast_dropout_has_the_gradient_of_its_output():
    states = torch.ones(50).requires_grad_()
    values = FastDropout(0.5)(states)
    values.sum().backward()
    assert torch.equal(states.grad, values)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_a_value_that_is_kept_keeps_all_bits(dtype):
    values = torch.tensor([1.1, -2.3, 0.7]).to(dtype)
    assert only_kept(values, torch.tensor([-1, 0, -1], dtype=torch.int16)).tolist() == [values[0], 0, values[2]]
