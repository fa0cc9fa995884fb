"""The parts of the document form: log-sum-exp over mentions, attention of mentions, context of a pair."""

import math

import pytest
import torch

from biodir import modeling_document_biodir
from biodir.modeling_document_biodir import entity_states, mention_attention, pair_contexts

LN2 = math.log(2)


def assert_close(found, expected, tolerance=1e-6):
    torch.testing.assert_close(found, torch.as_tensor(expected), rtol=0, atol=tolerance)


@pytest.mark.parametrize("scale", [1, 1000], ids=["usual", "without overflow"])
def test_states_and_gradients_of_entities_are_the_log_sum_exp_of_torch(scale):
    states = (scale * torch.randn(5, 3, generator=torch.Generator().manual_seed(1))).requires_grad_()
    found = entity_states(states, torch.tensor([0, 1, 0, 0, 1]), 2)
    expected = torch.stack([states[[0, 2, 3]].logsumexp(dim=0), states[[1, 4]].logsumexp(dim=0)])
    assert_close(found, expected, 1e-6 * scale)
    weights = torch.arange(6.0).view(2, 3)
    assert_close(*[torch.autograd.grad((part * weights).sum(), states)[0] for part in (found, expected)])


def test_half_precision_is_computed_in_float32():
    found = entity_states(torch.zeros(300, 1, dtype=torch.bfloat16), torch.zeros(300, dtype=torch.long), 1)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(math.log(300))
    half = torch.zeros(1, 1, 3, dtype=torch.bfloat16)
    assert mention_attention(half, half).dtype == torch.float32


def test_mention_attends_to_its_window_by_the_softmax_of_query_and_key():
    query = torch.tensor([[[1.0], [0.0]], [[0.0], [2.0]]])  # (heads, mentions, head_size)
    key = torch.tensor([[[LN2], [0.0], [LN2]], [[LN2], [0.0], [0.0]]])  # (heads, tokens, head_size)
    thirds = [1 / 3] * 3
    assert_close(mention_attention(query, key), [[[0.4, 0.2, 0.4], thirds], [thirds, [4 / 6, 1 / 6, 1 / 6]]])
    assert mention_attention(query[:, :0], key).shape == (2, 0, 3)


def test_context_weighs_the_text_by_the_attention_of_both_summed_over_heads():
    # Products of the heads: 0.06 and 0.28 on the first token, 0.56 and 0.18 on the second.
    attention = torch.tensor([[[0.2, 0.8], [0.3, 0.7]], [[0.7, 0.3], [0.4, 0.6]]])  # (heads, entities, tokens)
    states = torch.tensor([[1.0, 0.0], [0.0, 10.0]])
    first = 0.34 / 1.08
    assert_close(pair_contexts(attention, torch.tensor([[0, 1], [1, 0]]), states), [[first, 10 * (1 - first)]] * 2)


def test_entities_that_share_no_window_have_no_context_and_finite_gradients():
    attention = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]).requires_grad_()
    found = pair_contexts(attention, torch.tensor([[0, 1], [0, 0]]), torch.tensor([[3.0], [4.0]]))
    assert found.tolist() == [[0.0], [3.0]]
    found.sum().backward()
    assert attention.grad.isfinite().all()


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_number_of_pairs_at_once_changes_no_context(monkeypatch, at_once):
    attention = torch.rand(2, 4, 9, generator=torch.Generator().manual_seed(1)).softmax(dim=-1)
    states = torch.randn(9, 5, generator=torch.Generator().manual_seed(2))
    pairs = torch.tensor([[one, other] for one in range(4) for other in range(4)])
    expected = pair_contexts(attention, pairs, states)
    monkeypatch.setattr(modeling_document_biodir, "PAIRS_AT_ONCE", at_once)
    assert_close(pair_contexts(attention, pairs, states), expected)
