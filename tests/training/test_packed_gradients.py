"""Attention with gradients of its own: equal to the plain one."""

import pytest
import torch
from torch import Tensor, nn

from biodir.modeling_attention_biodir import PackedLayout, PositionScores, packed_attention, packed_layout
from biodir.training.packed_gradients import RowAttention, attend

HEADS, HEAD_SIZE, SCALING = 2, 4, 0.3
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]])
LAYOUTS = {
    "text": packed_layout(MASK),
    "a soft prompt over each window": packed_layout(MASK, [0, 1, 2], prompt_tokens=2),
    "no soft prompt over the middle window": packed_layout(MASK, [0, 0, 2], prompt_tokens=3),
}


def plain(joined: Tensor, layout: PackedLayout, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `attend` returns, by the attention that encoders use otherwise."""
    sides = joined.unflatten(1, (3, HEADS, HEAD_SIZE)).permute(1, 2, 0, 3).unsqueeze(1)  # (3, 1, heads, tokens, size)
    evidence: list = []
    scores = PositionScores(bias=bias)
    given = {"layout": layout, "evidence": evidence, "scaling": SCALING, "scores": scores}
    states, _ = packed_attention(nn.Identity(), *sides, None, **given)
    return states[0].flatten(1), *evidence[0][:2]


@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_states_evidence_and_gradients_are_those_of_the_plain_attention(layout, has_bias):
    generator = torch.Generator().manual_seed(0)
    tokens = layout.prompts[-1][1]
    joined = torch.randn(tokens, 3 * HEADS * HEAD_SIZE, generator=generator)
    bias = torch.randn(HEADS, 6, 6, generator=generator) if has_bias else None
    found = []
    for compute in (plain, lambda row, given, added: attend(row, RowAttention(given, HEADS, SCALING, True), added)):
        leaves = [each.clone().requires_grad_() for each in (joined, bias) if each is not None]
        states = compute(leaves[0], layout, leaves[1] if has_bias else None)
        sum((each * (1 + number)).sin().sum() for number, each in enumerate(states)).backward()
        found.append([*states, *(leaf.grad for leaf in leaves)])
    assert len(found[0]) == 4 + has_bias
    for expected, actual in zip(*found, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-6)


def test_a_layer_without_evidence_returns_none_and_has_the_same_gradient():
    layout = LAYOUTS["a soft prompt over each window"]
    joined = torch.randn(layout.prompts[-1][1], 3 * HEADS * HEAD_SIZE, generator=torch.Generator().manual_seed(0))
    gradients = []
    for has_evidence in (True, False):
        row = joined.clone().requires_grad_()
        states, query, key = attend(row, RowAttention(layout, HEADS, SCALING, has_evidence))
        states.square().sum().backward()
        gradients.append(row.grad)
    assert query.numel() == key.numel() == 0
    assert torch.equal(*gradients)
