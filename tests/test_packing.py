"""A packed row: where its parts lie, and that attention over it is masked attention over all of it."""

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from biodir.errors_biodir import SettingError
from biodir.packing_biodir import (
    PACKABLE_ENCODERS,
    PACKED_ATTENTION,
    PackedLayout,
    QueryGroup,
    add_prompts,
    packed_attention,
    use_packed_attention,
    window_layout,
)
from tiny_models import tiny_encoder_config

HEADS, HEAD_SIZE = 2, 4
# Windows of 5 and 3 tokens; behind them two soft prompts of 2 tokens over the first window and one over the second.
WINDOWS = [(0, 5), (5, 8)]
PROMPTS = [QueryGroup(0, 8, 2, 2), QueryGroup(1, 12, 1, 2)]


def layout_of(*groups: QueryGroup, windows=WINDOWS) -> PackedLayout:
    return PackedLayout(list(windows), list(groups))


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
    for group in layout.groups:
        first = layout.windows[group.window][0]
        for query in range(group.queries):
            own = range(group.start + query * group.tokens, group.start + (query + 1) * group.tokens)
            prompt = group.prompt_places[query].tolist() if group.prompt_places is not None else []
            for place in range(group.tokens):
                text = set(range(*layout.windows[group.window]))
                if group.ranges is not None and place in range(group.tokens)[group.ranged]:
                    begin, end = group.ranges[query].tolist()
                    text = set(range(first + begin, first + end))
                seen.append({*text, *prompt, *own})
    return seen


def masked_attention(layout: PackedLayout, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(heads, tokens, head_size): one softmax for each token over what it sees."""
    rows = []
    for token, seen in enumerate(seen_by_each(layout)):
        places = sorted(seen)
        scores = (key[0][:, places] @ query[0][:, token].unsqueeze(-1)).squeeze(-1) / HEAD_SIZE**0.5  # (heads, seen)
        rows.append((scores.softmax(dim=-1).unsqueeze(1) @ value[0][:, places]).squeeze(1))
    return torch.stack(rows, dim=1)


def prompts_of(*places: int) -> Tensor:
    """(queries, prompt): prompts of two tokens from these places."""
    return torch.tensor([[place, place + 1] for place in places])


LAYOUTS = {
    "text alone": layout_of(),
    "prompts": layout_of(*PROMPTS),
    "queries without prompts": layout_of(QueryGroup(0, 8, 3, 2), QueryGroup(0, 14, 1, 1), QueryGroup(1, 15, 2, 3)),
    "queries with prompts": layout_of(
        *PROMPTS, QueryGroup(0, 14, 3, 2, prompts_of(10, 8, 10)), QueryGroup(1, 20, 2, 3, prompts_of(12, 12))
    ),
    "ranges": layout_of(
        *PROMPTS,
        QueryGroup(0, 14, 2, 4, prompts_of(8, 10), torch.tensor([[1, 3], [0, 5]]), slice(1, 3)),
        QueryGroup(1, 22, 1, 2, prompts_of(12), torch.tensor([[2, 3]]), slice(1, 2)),
    ),
    "ranges without prompts": layout_of(QueryGroup(1, 8, 2, 2, None, torch.tensor([[0, 1], [1, 3]]), slice(1, 2))),
    "empty range": layout_of(QueryGroup(0, 8, 1, 2, None, torch.tensor([[2, 2]]), slice(1, 2))),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_packed_attention_equals_masked_attention(layout):
    states = states_of(layout.end)
    found, expected = attend(layout, *states), masked_attention(layout, *states)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    weights = torch.linspace(-1, 1, found.numel()).view_as(found)
    gradients, naive_gradients = (torch.autograd.grad((part * weights).sum(), states) for part in (found, expected))
    torch.testing.assert_close(gradients, naive_gradients, rtol=0, atol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_token_is_moved_by_what_it_sees_and_by_nothing_else(layout):
    query, key, value = (states.detach() for states in states_of(layout.end))
    before = attend(layout, query, key, value)
    for place in range(layout.end):
        changed = value.clone()
        changed[0, :, place] += 10
        moved = (attend(layout, query, key, changed) != before).any(dim=-1).any(dim=0).tolist()
        assert moved == [place in seen for seen in seen_by_each(layout)]


def test_last_layer_leaves_its_scaled_queries_and_its_keys_in_the_layout():
    layout = layout_of(*PROMPTS)
    query, key, value = states_of(layout.end)
    attend(layout, query, key, value, scaling=0.25)
    assert torch.equal(layout.query, 0.25 * query[0])
    assert torch.equal(layout.key, key[0])


def test_scaling_is_that_of_the_head_size_unless_it_is_given():
    layout = layout_of(*PROMPTS)
    states = states_of(layout.end)
    assert torch.equal(attend(layout, *states), attend(layout, *states, scaling=0.5))
    assert not torch.allclose(attend(layout, *states), attend(layout, *states, scaling=1.0))


def test_dropout_drops_weights_of_texts_prompts_and_queries():
    layout = LAYOUTS["queries with prompts"]
    assert not attend(layout, *states_of(layout.end), dropout=1.0).any()


def test_half_precision_stays_near_float32():
    layout = LAYOUTS["ranges"]
    states = [part.detach() for part in states_of(layout.end)]
    found = attend(layout, *[part.bfloat16() for part in states])
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), attend(layout, *states), rtol=0, atol=0.05)


# Where everything lies.


def test_layout_of_windows_holds_their_attended_tokens_side_by_side():
    layout = window_layout(torch.tensor([[1, 1, 1], [1, 1, 0], [1, 0, 0]]))
    assert layout == PackedLayout([(0, 3), (3, 5), (5, 6)], [])
    assert layout.end == 6


def test_prompts_lie_behind_the_windows_one_group_for_each_window():
    layout = layout_of()
    assert add_prompts(layout, [(0, 2), (0, 5), (1, 2)], 3) == {(0, 2): 8, (0, 5): 11, (1, 2): 14}
    assert layout.groups == [QueryGroup(0, 8, 2, 3), QueryGroup(1, 14, 1, 3)]
    assert layout.end == 17


def test_window_without_prompts_has_no_group():
    layout = layout_of(windows=[*WINDOWS, (8, 9)])
    assert add_prompts(layout, [(0, 1), (2, 1)], 1) == {(0, 1): 9, (2, 1): 10}
    assert [group.window for group in layout.groups] == [0, 2]


def test_no_prompts_change_no_layout():
    layout = layout_of()
    assert add_prompts(layout, [], 0) == {}
    assert layout == layout_of()


# Which encoders can read a packed row.


def test_encoder_that_mixes_tokens_by_attention_alone_is_made_to_read_packed_rows():
    encoder = AutoModel.from_config(tiny_encoder_config())
    use_packed_attention(encoder)
    assert encoder.config._attn_implementation == PACKED_ATTENTION


def test_encoder_of_another_kind_is_refused():
    encoder = AutoModel.from_config(tiny_encoder_config("modernbert"))
    with pytest.raises(SettingError, match=r"^encoders of type 'modernbert' .* take one of bert, .*'solid'$"):
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
