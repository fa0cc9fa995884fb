"""One row for everything: windows of text and soft prompts side by side, and who attends to whom.

An encoder of the BERT family mixes tokens in its attention alone. So texts of any lengths can lie in one row without
padding: an attention function, called through the interface of transformers, looks up in the layout which tokens
belong together. Text attends to its own window; a soft prompt to a window and itself. The text never sees soft prompts,
and soft prompts never see each other.

Differs from paper: there every pair re-reads the text.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel

from .errors_biodir import SettingError
from .processing_windows_biodir import Span

PACKED_ATTENTION = "biodir_packed"
# What is needed of an encoder: tokens are mixed by attention alone, over all tokens, through the attention interface,
# without a relative position bias; `position_ids` and `inputs_embeds` are arguments, others reach the attention.
PACKABLE_ENCODERS = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")


@dataclass
class PackedLayout:
    """Where everything lies in a packed row: first the windows, then the soft prompts of each window, in order.

    `query` and `key`, (heads, tokens, head_size), are those of the layer that ran last; local to one forward.

    Args:
        windows: places of the text of each window.
        prompts: places of the soft prompts over each window, which stand side by side; an empty span without.
        prompt_tokens: length of a soft prompt, at least 1.
    """

    windows: list[Span]
    prompts: list[Span]
    prompt_tokens: int
    query: Tensor | None = field(default=None, repr=False)
    key: Tensor | None = field(default=None, repr=False)

    def parts(self) -> list[Tensor]:
        """For each window the places, (places,), of its text and of its soft prompts, ascending."""
        return [
            torch.cat([torch.arange(*window), torch.arange(*prompts)])
            for window, prompts in zip(self.windows, self.prompts, strict=True)
        ]

    def visible(self, places: Tensor) -> Tensor:
        """(places, places) booleans: which of the places each of them attends to.

        Args:
            places: one of `parts`.
        """
        first_prompt = self.windows[-1][1]
        prompt = (places - first_prompt) // self.prompt_tokens  # (places,), below zero in the text
        return (places < first_prompt) | (prompt.unsqueeze(1) == prompt)


def use_packed_attention(encoder: PreTrainedModel) -> None:
    """Makes the encoder attend as its `layout` says.

    Raises:
        SettingError: an encoder of this kind is not known to mix tokens by attention alone.
    """
    kind = encoder.config.model_type
    if kind not in PACKABLE_ENCODERS or getattr(encoder.config, "position_embedding_type", "absolute") != "absolute":
        raise SettingError(
            f"encoders of type {kind!r} with their positions cannot read a packed row; take one of "
            f"{', '.join(PACKABLE_ENCODERS)} with absolute positions, or pair_encoding 'pairwise'"
        )
    AttentionInterface.register(PACKED_ATTENTION, packed_attention)
    encoder.config._attn_implementation = PACKED_ATTENTION


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    layout: PackedLayout,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """(1, tokens, heads, head_size) from query, key and value (1, heads, tokens, head_size)."""
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    query, key, value = query[0] * scaling, key[0], value[0]  # (heads, tokens, head_size)
    parts = []
    for start, end in layout.windows:
        weights = (query[:, start:end] @ key[:, start:end].transpose(1, 2)).softmax(dim=-1)
        weights = nn.functional.dropout(weights, dropout) if dropout else weights
        parts.append(weights.to(value.dtype) @ value[:, start:end])
    for window, prompts in zip(layout.windows, layout.prompts, strict=True):
        if prompts[0] < prompts[1]:
            text, own = slice(*window), slice(*prompts)
            parts.append(_prompt_states(query, key, value, text, own, layout.prompt_tokens, dropout))
    layout.query, layout.key = query, key
    return torch.cat(parts, dim=1).transpose(0, 1).unsqueeze(0), None


def _prompt_states(
    query: Tensor, key: Tensor, value: Tensor, text: slice, own: slice, prompt_tokens: int, dropout: float
) -> Tensor:
    """(heads, prompts * prompt, head_size): each soft prompt over its window's text and itself."""
    queries, keys, values = (
        part[:, own].unflatten(1, (-1, prompt_tokens)) for part in (query, key, value)
    )  # (heads, prompts, prompt, head_size)
    on_text = query[:, own] @ key[:, text].transpose(1, 2)  # (heads, prompts * prompt, text)
    on_own = (queries @ keys.transpose(2, 3)).flatten(1, 2)  # (heads, prompts * prompt, prompt)
    weights = torch.cat([on_text, on_own], dim=-1).softmax(dim=-1)
    weights = (nn.functional.dropout(weights, dropout) if dropout else weights).to(value.dtype)
    from_text, from_own = weights.split([on_text.shape[-1], prompt_tokens], dim=-1)
    return from_text @ value[:, text] + (from_own.unflatten(1, (-1, prompt_tokens)) @ values).flatten(1, 2)


def packed_layout(attention_mask: Tensor, prompt_windows: Sequence[int] = (), prompt_tokens: int = 1) -> PackedLayout:
    """The layout of windows with soft prompts behind them.

    Args:
        attention_mask: (windows, tokens), ones first.
        prompt_windows: for each soft prompt the index of its window, ascending.
        prompt_tokens: length of a soft prompt, at least 1.
    """
    text_tokens = attention_mask.sum(dim=1).tolist()
    prompts = Counter(prompt_windows)
    tokens = [*text_tokens, *(prompts[window] * prompt_tokens for window in range(len(text_tokens)))]
    spans = list(pairwise(accumulate(tokens, initial=0)))
    return PackedLayout(spans[: len(text_tokens)], spans[len(text_tokens) :], prompt_tokens)
