"""A packed row: where its parts lie, and that attention over it is masked attention over all of it."""

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


def layout_of(*prompts: int, prompt_tokens: int = 1) -> PackedLayout:
    """Windows of 5 and 3 tokens, and behind them as many soft prompts over each."""
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    return packed_layout(mask, [window for window, count in enumerate(prompts) for _ in range(count)], prompt_tokens)


def tokens_of(layout: PackedLayout) -> int:
    return layout.prompts[-1][1]


def states_of(tokens: int, seed: int = 0) -> list[Tensor]:
    """Random query, key and value, (1, heads, tokens, head_size)."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(1, HEADS, tokens, HEAD_SIZE, generator=generator).requires_grad_() for _ in range(3)]


def attend(layout: PackedLayout, query: Tensor, key: Tensor, value: Tensor, **settings) -> Tensor:
    """(heads, tokens, head_size)"""
    states, weights = packed_attention(torch.nn.Module(), query, key, value, None, layout=layout, **settings)
    assert weights is None
    assert states.shape == (1, query.shape[2], HEADS, HEAD_SIZE)
    return states[0].transpose(0, 1)


def seen_by_each(layout: PackedLayout) -> list[set[int]]:
    """For each token the tokens that it sees, by plain loops."""
    seen = [set(range(start, end)) for start, end in layout.windows for _ in range(start, end)]
    for window, (start, end) in zip(layout.windows, layout.prompts, strict=True):
        for first in range(start, end, layout.prompt_tokens):
            own = range(first, first + layout.prompt_tokens)
            seen += [{*range(*window), *own}] * layout.prompt_tokens
    return seen


def masked_attention(layout: PackedLayout, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(heads, tokens, head_size): one softmax for each token over what it sees."""
    rows = []
    for token, seen in enumerate(seen_by_each(layout)):
        places = sorted(seen)
        scores = (key[0][:, places] @ query[0][:, token].unsqueeze(-1)).squeeze(-1) / HEAD_SIZE**0.5  # (heads, seen)
        rows.append((scores.softmax(dim=-1).unsqueeze(1) @ value[0][:, places]).squeeze(1))
    return torch.stack(rows, dim=1)


LAYOUTS = {
    "text alone": layout_of(),
    "prompts over every window": layout_of(2, 1, prompt_tokens=2),
    "prompts over the first window": layout_of(3, prompt_tokens=2),
    "prompts over the last window": layout_of(0, 2, prompt_tokens=3),
    "prompts of one token": layout_of(1, 2),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_packed_attention_equals_masked_attention(layout):
    states = states_of(tokens_of(layout))
    found, expected = attend(layout, *states), masked_attention(layout, *states)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    weights = torch.linspace(-1, 1, found.numel()).view_as(found)
    gradients, naive_gradients = (torch.autograd.grad((part * weights).sum(), states) for part in (found, expected))
    torch.testing.assert_close(gradients, naive_gradients, rtol=0, atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_token_is_moved_by_what_it_sees_and_by_nothing_else(layout):
    query, key, value = (states.detach() for states in states_of(tokens_of(layout)))
    before = attend(layout, query, key, value)
    for place in range(tokens_of(layout)):
        changed = value.clone()
        changed[0, :, place] += 10
        moved = (attend(layout, query, key, changed) != before).any(dim=-1).any(dim=0).tolist()
        assert moved == [place in seen for seen in seen_by_each(layout)]


def test_last_layer_leaves_its_scaled_queries_and_its_keys_in_the_layout():
    layout = layout_of(2, 1, prompt_tokens=2)
    query, key, value = states_of(tokens_of(layout))
    attend(layout, query, key, value, scaling=0.25)
    assert torch.equal(layout.query, 0.25 * query[0])
    assert torch.equal(layout.key, key[0])


def test_scaling_is_that_of_the_head_size_unless_it_is_given():
    layout = layout_of(2, 1, prompt_tokens=2)
    states = states_of(tokens_of(layout))
    assert torch.equal(attend(layout, *states), attend(layout, *states, scaling=0.5))
    assert not torch.allclose(attend(layout, *states), attend(layout, *states, scaling=1.0))


def test_dropout_drops_weights_of_texts_and_prompts():
    layout = LAYOUTS["prompts over every window"]
    assert not attend(layout, *states_of(tokens_of(layout)), dropout=1.0).any()


def test_half_precision_stays_near_float32():
    layout = LAYOUTS["prompts over every window"]
    states = [part.detach() for part in states_of(tokens_of(layout))]
    found = attend(layout, *[part.bfloat16() for part in states])
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), attend(layout, *states), rtol=0, atol=0.05)


# Where everything lies.


def test_layout_of_windows_holds_their_attended_tokens_side_by_side():
    layout = packed_layout(torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0]]))
    assert layout == PackedLayout([(0, 3), (3, 5), (5, 6)], [(6, 6), (6, 6), (6, 6)], 1)


def test_prompts_lie_behind_the_windows_in_their_order():
    assert layout_of(2, 1, prompt_tokens=3) == PackedLayout([(0, 5), (5, 8)], [(8, 14), (14, 17)], 3)


def test_window_without_prompts_has_an_empty_span():
    layout = packed_layout(torch.ones(3, 2, dtype=torch.long), [0, 2], 4)
    assert layout == PackedLayout([(0, 2), (2, 4), (4, 6)], [(6, 10), (10, 10), (10, 14)], 4)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_parts_are_windows_with_their_prompts_and_say_what_each_place_sees(layout):
    parts = layout.parts()
    assert sorted(torch.cat(parts).tolist()) == [*range(tokens_of(layout))]
    seen = seen_by_each(layout)
    for window, places in zip(layout.windows, parts, strict=True):
        assert places.tolist() == sorted(places.tolist())
        assert all({*range(*window)} <= seen[place] <= {*places.tolist()} for place in places.tolist())
        expected = [[place in seen[row] for place in places.tolist()] for row in places.tolist()]
        assert layout.visible(places).tolist() == expected


# Which encoders can read a packed row.


def test_encoder_that_mixes_tokens_by_attention_alone_is_made_to_read_packed_rows():
    encoder = AutoModel.from_config(tiny_encoder_config())
    use_packed_attention(encoder)
    assert encoder.config._attn_implementation == PACKED_ATTENTION


def test_encoder_of_another_kind_is_refused():
    encoder = AutoModel.from_config(tiny_encoder_config("modernbert"))
    with pytest.raises(SettingError, match=r"^encoders of type 'modernbert' .* take one of bert, .*'pairwise'$"):
        use_packed_attention(encoder)


def test_encoder_with_relative_positions_is_refused():
    encoder = AutoModel.from_config(tiny_encoder_config(position_embedding_type="relative_key"))
    with pytest.raises(SettingError, match=r"^encoders of type 'bert' with their positions .* with absolute positions"):
        use_packed_attention(encoder)
    assert encoder.config._attn_implementation != PACKED_ATTENTION


def test_packable_encoders_are_named_in_the_message():
    encoder = AutoModel.from_config(tiny_encoder_config("modernbert"))
    with pytest.raises(SettingError) as caught:
        use_packed_attention(encoder)
    assert all(kind in str(caught.value) for kind in PACKABLE_ENCODERS)
