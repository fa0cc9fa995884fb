"""A packed row: the places of its parts, and that attention over it is masked attention over the complete row."""

import copy
import dataclasses
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from transformers import AutoModel

from biodir import modeling_attention_biodir
from biodir.errors_biodir import SettingError
from biodir.modeling_attention_biodir import (
    PACKABLE_ENCODERS,
    PACKED_ATTENTION,
    PackedLayout,
    PositionScores,
    encode_packed,
    is_evidence_layer,
    packed_attention,
    packed_layout,
    use_packed_attention,
)
from biodir.modeling_biodir import encoder_without_pooler
from helpers.document_models import assert_close, encoder_config
from helpers.tiny_models import tiny_encoder_config, widened

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
    states, _ = packed_attention(attention_module(), query, key, value, None, layout=layout, evidence=[], **settings)
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
    evidence = []
    settings = {"layout": PROMPTED, "scaling": 0.25, "evidence": evidence}
    packed_attention(attention_module(0), *states, None, **settings)
    assert evidence == []
    found, _ = packed_attention(attention_module(1), *states, None, **settings)
    [(query, key, _)] = evidence
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


# --- the kinds of encoders, against transformers' own padded rows

DEBERTA = "deberta-v2"
VARIANTS = {
    **{family: (family, {}) for family in PACKABLE_ENCODERS},
    "modernbert, last layer global": ("modernbert", {"num_hidden_layers": 3}),
    "deberta, content to position": (DEBERTA, {"pos_att_type": ["c2p"], "share_att_key": False}),
    "deberta, position to content": (DEBERTA, {"pos_att_type": ["p2c"], "share_att_key": False}),
    "deberta, no buckets": (DEBERTA, {"position_buckets": -1, "position_biased_input": True, "type_vocab_size": 2}),
    "deberta, absolute": (DEBERTA, {"relative_attention": False, "position_biased_input": True}),
}


@pytest.mark.parametrize("at_once", [512, 16], ids=["all queries", "some queries"])
@pytest.mark.parametrize(("family", "settings"), VARIANTS.values(), ids=VARIANTS)
def test_packed_states_are_those_of_padded_rows(family, settings, at_once, monkeypatch):
    monkeypatch.setattr(modeling_attention_biodir, "QUERIES_AT_ONCE", at_once)
    config = encoder_config(family, **settings)
    padded = widened(AutoModel.from_config(copy.deepcopy(config))).eval()
    packed = encoder_without_pooler(config).eval()
    packed.load_state_dict({name: value for name, value in padded.state_dict().items() if "pooler" not in name})
    use_packed_attention(packed)
    mask = (torch.arange(60) < torch.tensor([[60], [7], [33], [1]])).long()
    input_ids = torch.randint(5, config.vocab_size, mask.shape, generator=torch.Generator().manual_seed(1))
    embeddings = packed.get_input_embeddings()(input_ids)
    with torch.no_grad():
        expected = padded(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state[mask.bool()]
        positions = (mask.cumsum(dim=1) - 1)[mask.bool()]
        found = encode_packed(packed, embeddings[mask.bool()], positions, packed_layout(mask))
    assert_close(found.hidden, expected)


@pytest.mark.parametrize(("layers", "marks"), [(2, [1, 0]), (3, [0, 0, 1]), (4, [0, 0, 1, 0])])
def test_last_layer_that_sees_the_complete_window_gives_the_evidence(layers, marks):
    config = encoder_config("modernbert", num_hidden_layers=layers, global_attn_every_n_layers=2)
    assert [is_evidence_layer(layer.attn) for layer in encoder_without_pooler(config).layers] == marks


def test_queries_of_a_local_layer_score_the_keys_within_its_reach():
    query = key = torch.ones(1, 6, 1)
    scores = PositionScores(reach=2)(query[:, :2], key, torch.tensor([0, 4]), slice(0, 6))
    assert scores.isfinite()[0].tolist() == [[True, True, True, False, False, False], [False, False, *[True] * 4]]


@pytest.mark.parametrize(
    ("family", "settings"),
    [("bert", {"position_embedding_type": "relative_key"}), ("deberta-v2", {"conv_kernel_size": 3})],
)
def test_encoder_that_cannot_read_a_packed_row_is_refused(family, settings):
    message = f"^encoders of type '{family}' .* one of {', '.join(PACKABLE_ENCODERS)}, or .*'pairwise'$"
    encoder = AutoModel.from_config(tiny_encoder_config(family, **settings))
    with pytest.raises(SettingError, match=message):
        use_packed_attention(encoder)
    assert encoder.config._attn_implementation != PACKED_ATTENTION
