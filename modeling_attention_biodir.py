"""Packed attention of the document form: windows of text and soft prompts in one row without padding.

An encoder of the BERT family mixes tokens only in its attention. So texts of any lengths can lie in one row: an
attention function, called through the interface of transformers, looks up in the layout which tokens belong together.
Text attends to its own window; a soft prompt attends to one window and to itself. The text never sees soft prompts, and
soft prompts never see each other, so that the score of a pair does not depend on the other pairs.

Differs from paper: there every pair reads the text again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel

from .configuration_biodir import POSITIONS_AFTER_PADDING
from .errors_biodir import SettingError

PACKED_ATTENTION = "biodir_packed"
# What an encoder needs: tokens are mixed only by attention, over all tokens, through the attention interface, without a
# relative position bias; `position_ids` and `inputs_embeds` are arguments, others reach the attention.
PACKABLE_ENCODERS = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")


@dataclass(frozen=True)
class PackedLayout:
    """Where everything lies in a packed row: first the windows, then the soft prompts of each window, in order.

    Args:
        windows: span of the text of each window.
        prompts: span of the soft prompts of each window, which are side by side; empty for a window without.
        prompt_tokens: length of a soft prompt, at least 1.

    >>> layout = packed_layout(torch.tensor([[1, 1, 1], [1, 1, 0]]), prompt_windows=[1], prompt_tokens=2)
    >>> layout.windows, layout.prompts
    (((0, 3), (3, 5)), ((5, 5), (5, 7)))
    """

    windows: tuple[tuple[int, int], ...]
    prompts: tuple[tuple[int, int], ...]
    prompt_tokens: int

    def parts(self) -> list[Tensor]:
        """Return for each window the places, (places,), of its text and of its soft prompts, ascending."""
        return [
            torch.cat([torch.arange(*window), torch.arange(*prompts)])
            for window, prompts in zip(self.windows, self.prompts, strict=True)
        ]

    def visible(self, places: Tensor) -> Tensor:
        """Return (places, places) booleans: which of the places each of them attends to.

        Args:
            places: one of `parts`.
        """
        first_prompt = self.windows[-1][1]
        prompt = (places - first_prompt) // self.prompt_tokens  # (places,), below zero in the text
        return (places < first_prompt) | (prompt.unsqueeze(1) == prompt)  # (places, places)


@dataclass(frozen=True)
class PackedStates:
    """What the encoder returns for a packed row.

    Args:
        hidden: (tokens, hidden) last states.
        query, key: (heads, tokens, head_size) of the last layer; the query is scaled.

    >>> query = key = torch.ones(2, 5, 4)  # two heads, five tokens
    >>> states = PackedStates(torch.zeros(5, 8), query, key)
    >>> (states.query @ states.key.transpose(1, 2)).softmax(dim=-1)[0, 0]  # what the first token attends to
    tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000])
    """

    hidden: Tensor
    query: Tensor
    key: Tensor


def packed_layout(attention_mask: Tensor, prompt_windows: Sequence[int] = (), prompt_tokens: int = 1) -> PackedLayout:
    """Return the layout of windows with soft prompts after them.

    Args:
        attention_mask: (windows, tokens), ones first.
        prompt_windows: for each soft prompt the index of its window, ascending.
        prompt_tokens: length of a soft prompt, at least 1.
    """
    text_tokens = attention_mask.sum(dim=1).tolist()
    prompts = Counter(prompt_windows)
    tokens = [*text_tokens, *(prompts[window] * prompt_tokens for window in range(len(text_tokens)))]
    spans = tuple(pairwise(accumulate(tokens, initial=0)))
    return PackedLayout(spans[: len(text_tokens)], spans[len(text_tokens) :], prompt_tokens)


def window_groups(tokens: Sequence[int], token_budget: int, is_packed: bool = True) -> list[range]:
    """Return neighbouring windows in groups of at most so many tokens; a larger window is a group of its own.

    Args:
        tokens: of each window.
        token_budget: for a group, with the padding to its longest window where it is not packed.
        is_packed: whether the windows of a group lie in one packed row.
    """
    groups: list[range] = []
    fill = longest = 0
    for window, size in enumerate(tokens):
        fill, longest = fill + size, max(longest, size)
        windows = window + 1 - groups[-1].start if groups else 1
        if not groups or (fill if is_packed else windows * longest) > token_budget:
            groups.append(range(window, window))
            fill = longest = size
        groups[-1] = range(groups[-1].start, window + 1)
    return groups


def use_packed_attention(encoder: PreTrainedModel) -> None:
    """Make the encoder attend by the layout that `encode_packed` gives it.

    Raises:
        SettingError: an encoder of this kind is not known to mix tokens only by attention.
    """
    kind = encoder.config.model_type
    if kind not in PACKABLE_ENCODERS or getattr(encoder.config, "position_embedding_type", "absolute") != "absolute":
        raise SettingError(
            f"encoders of type {kind!r} with their positions cannot read a packed row; take one of "
            f"{', '.join(PACKABLE_ENCODERS)} with absolute positions, or pair_encoding 'pairwise'"
        )
    encoder.config._attn_implementation = PACKED_ATTENTION


def encode_packed(encoder: Any, embeddings: Tensor, positions: Tensor, layout: PackedLayout) -> PackedStates:
    """Return the encoder's states of a packed row, with the queries and keys of its last layer.

    Args:
        encoder: one with packed attention, or a back end that takes the same arguments.
        embeddings: (tokens, embedding_size)
        positions: (tokens,) from 0.
        layout: which tokens attend to which.
    """
    if encoder.config.model_type in POSITIONS_AFTER_PADDING:
        positions = positions + encoder.config.pad_token_id + 1
    last_layer: list[tuple[Tensor, Tensor]] = []
    output = encoder(
        inputs_embeds=embeddings.unsqueeze(0),  # (1, tokens, embedding_size)
        position_ids=positions.unsqueeze(0),  # (1, tokens)
        layout=layout,
        last_layer=last_layer,  # `packed_attention` leaves queries and keys there
    )
    query, key = last_layer[-1]
    return PackedStates(output.last_hidden_state[0], query, key)


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    layout: PackedLayout,
    last_layer: list[tuple[Tensor, Tensor]],
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return the attended values, (1, tokens, heads, head_size), and no weights.

    Queries and keys come out through a list of the caller. As recorded attention of transformers they would cost the
    model hooks that cannot be pickled, and a model that was unpickled in another process would record nothing.

    Args:
        module: the attention module of the encoder's layer.
        query, key, value: (1, heads, tokens, head_size)
        attention_mask: unused; the layout decides which tokens attend to which.
        layout: of the row.
        last_layer: gets the scaled queries and keys, (heads, tokens, head_size), of the last layer.
        scaling: of the queries; None for one by the root of head_size.
        dropout: share of the attention weights that are dropped.
    """
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    query, key, value = query[0] * scaling, key[0], value[0]  # (heads, tokens, head_size)
    parts = []
    for start, end in layout.windows:
        weights = (query[:, start:end] @ key[:, start:end].transpose(1, 2)).softmax(dim=-1)  # (heads, text, text)
        weights = nn.functional.dropout(weights, dropout) if dropout else weights
        parts.append(weights.to(value.dtype) @ value[:, start:end])  # (heads, text, head_size)
    for window, prompts in zip(layout.windows, layout.prompts, strict=True):
        if prompts[0] < prompts[1]:
            text, own = slice(*window), slice(*prompts)
            of_prompts = query[:, own], key[:, own], value[:, own]
            of_text = key[:, text], value[:, text]
            parts.append(prompt_attention(*of_prompts, *of_text, layout.prompt_tokens, dropout))
    attended = torch.cat(parts, dim=1).transpose(0, 1).unsqueeze(0)  # (1, tokens, heads, head_size)
    if is_last_layer(module):
        last_layer.append((query, key))
    return attended, None


def is_last_layer(module: Any) -> bool:
    """Return whether the attention module is that of the last layer; True where modules do not know their place."""
    # DistilBERT's modules have no `layer_idx`: all layers leave queries and keys, and the last ones are taken.
    return getattr(module, "layer_idx", None) in (None, module.config.num_hidden_layers - 1)


def prompt_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    text_key: Tensor,
    text_value: Tensor,
    prompt_tokens: int,
    dropout: float = 0.0,
) -> Tensor:
    """Return (heads, prompts * prompt, head_size): each soft prompt over its window's text and itself.

    Args:
        query, key, value: (heads, prompts * prompt, head_size) of the soft prompts.
        text_key, text_value: (heads, text, head_size) of the window.
        prompt_tokens: length of a soft prompt.
        dropout: share of the attention weights that are dropped.
    """
    queries, keys, values = (
        part.unflatten(1, (-1, prompt_tokens)) for part in (query, key, value)
    )  # (heads, prompts, prompt, head_size)
    on_text = query @ text_key.transpose(1, 2)  # (heads, prompts * prompt, text)
    on_own = (queries @ keys.transpose(2, 3)).flatten(1, 2)  # (heads, prompts * prompt, prompt)
    weights = torch.cat([on_text, on_own], dim=-1).softmax(dim=-1)
    weights = (nn.functional.dropout(weights, dropout) if dropout else weights).to(value.dtype)
    from_text, from_own = weights.split([on_text.shape[-1], prompt_tokens], dim=-1)
    return from_text @ text_value + (from_own.unflatten(1, (-1, prompt_tokens)) @ values).flatten(1, 2)


# On import, so that a model that another process has pickled finds its attention.
AttentionInterface.register(PACKED_ATTENTION, packed_attention)
