"""A packed row: the places of its parts, and that attention over it is masked attention over the complete row."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from biodir.errors_biodir import SettingError
from biodir.modeling_attention_biodir import (
    PACKABLE_ENCODERS,
    PACKED_ATTENTION,
    PackedLayout,
    packed_attention,
    packed_layout,
    use_packed_attention,
)
from helpers.tiny_models import tiny_encoder_config

HEADS, HEAD_SIZE = 2, 4


def attention_module(layer: int = 1) -> torch.nn.Module:
    """Return a module that knows its place among two layers, as those of transformers do."""
    module = torch.nn.Module()
    module.layer_idx, module.config = layer, SimpleNamespace(num_hidden_layers=2)
    return module


def layout_of(*prompts: int, prompt_tokens: int = 1) -> PackedLayout:
    """Return windows of 5 and 3 tokens, and after them as many soft prompts over each."""
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    return packed_layout(mask, [window for window, count in enumerate(prompts) for _ in range(count)], prompt_tokens)


def states_of(layout: PackedLayout) -> list[Tensor]:
    """Return random query, key and value, (1, heads, tokens, head_size)."""
    generator, tokens = torch.Generator().manual_seed(0), layout.prompts[-1][1]
    return [torch.randn(1, HEADS, tokens, HEAD_SIZE, generator=generator).requires_grad_() for _ in range(3)]


def attend(layout: PackedLayout, query: Tensor, key: Tensor, value: Tensor, **settings) -> Tensor:
    """Return (heads, tokens, head_size)."""
    states, _ = packed_attention(attention_module(), query, key, value, None, layout=layout, last_layer=[], **settings)
    assert states.shape == (1, query.shape[2], HEADS, HEAD_SIZE)
    return states[0].transpose(0, 1)


def seen_by_each(layout: PackedLayout) -> list[set[int]]:
    """Return for each token the tokens that it sees, by plain loops."""
    seen = [set(range(start, end)) for start, end in layout.windows for _ in range(start, end)]
    for window, (start, end) in zip(layout.windows, layout.prompts, strict=True):
        for first in range(start, end, layout.prompt_tokens):
            own = range(first, first + layout.prompt_tokens)
            seen += [{*range(*window), *own}] * layout.prompt_tokens
    return seen


def masked_attention(layout: PackedLayout, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return (heads, tokens, head_size): one softmax for each token over what it sees."""
    rows = []
    for token, seen in enumerate(seen_by_each(layout)):
        places = sorted(seen)
        scores = (key[0][:, places] @ query[0][:, token].unsqueeze(-1)).squeeze(-1) / HEAD_SIZE**0.5  # (heads, seen)
        rows.append((scores.softmax(dim=-1).unsqueeze(1) @ value[0][:, places]).squeeze(1))
    return torch.stack(rows, dim=1)


LAYOUTS = {
    "only text": layout_of(),
    "prompts over every window": layout_of(2, 1, prompt_tokens=2),
    "prompts over the first window": layout_of(3, prompt_tokens=2),
    "prompts over the last window": layout_of(0, 2, prompt_tokens=3),
    "prompts of one token": layout_of(1, 2),
}
PROMPTED = LAYOUTS["prompts over every window"]
each_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


@each_layout
def test_packed_attention_and_its_gradients_equal_masked_attention(layout):
    states = states_of(layout)
    found, expected = attend(layout, *states), masked_attention(layout, *states)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    weights = torch.linspace(-1, 1, found.numel()).view_as(found)
    gradients, naive_gradients = (torch.autograd.grad((part * weights).sum(), states) for part in (found, expected))
    torch.testing.assert_close(gradients, naive_gradients, rtol=0, atol=1e-6)


def test_only_the_last_layer_returns_its_scaled_queries_and_its_keys():
    states = states_of(PROMPTED)
    last_layer = []
    settings = {"layout": PROMPTED, "scaling": 0.25, "last_layer": last_layer}
    packed_attention(attention_module(0), *states, None, **settings)
    assert last_layer == []
    found, _ = packed_attention(attention_module(1), *states, None, **settings)
    [(query, key)] = last_layer
    assert not torch.allclose(found[0].transpose(0, 1), attend(PROMPTED, *states))
    assert torch.equal(query, 0.25 * states[0][0])
    assert torch.equal(key, states[1][0])


def test_dropout_drops_weights_of_texts_and_prompts():
    assert not attend(PROMPTED, *states_of(PROMPTED), dropout=1.0).any()


def test_layout_has_the_windows_side_by_side_then_the_prompts_in_their_order():
    mask = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0]])
    windows = ((0, 3), (3, 5), (5, 6))
    assert packed_layout(mask) == PackedLayout(windows, ((6, 6), (6, 6), (6, 6)), 1)
    assert packed_layout(mask, [0, 0, 2], 4) == PackedLayout(windows, ((6, 14), (14, 14), (14, 18)), 4)
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROMPTED.windows = ()


@each_layout
def test_parts_are_windows_with_their_prompts_and_visible_is_what_each_place_sees(layout):
    parts, seen = layout.parts(), seen_by_each(layout)
    assert sorted(torch.cat(parts).tolist()) == [*range(layout.prompts[-1][1])]
    for window, part in zip(layout.windows, parts, strict=True):
        places = part.tolist()
        assert places == sorted(places)
        assert all({*range(*window)} <= seen[place] <= {*places} for place in places)
        assert layout.visible(part).tolist() == [[place in seen[row] for place in places] for row in places]


@pytest.mark.parametrize(
    ("family", "settings"), [("modernbert", {}), ("bert", {"position_embedding_type": "relative_key"})]
)
def test_encoder_that_cannot_read_a_packed_row_is_refused(family, settings):
    message = f"^encoders of type '{family}' .* one of {', '.join(PACKABLE_ENCODERS)} .*'pairwise'$"
    encoder = AutoModel.from_config(tiny_encoder_config(family, **settings))
    with pytest.raises(SettingError, match=message):
        use_packed_attention(encoder)
    assert encoder.config._attn_implementation != PACKED_ATTENTION
