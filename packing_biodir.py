"""One row for everything: windows of text, soft prompts and queries side by side, and who attends to whom.

An encoder of the BERT family mixes tokens in its attention alone. So texts of any lengths and short queries about
them can lie in one row without padding: an attention function, called through the interface of transformers, looks
up in the layout which tokens belong together. Text attends to its own window; a soft prompt to a window and itself;
a query to a window, a soft prompt and itself. The text never sees queries, and queries never see each other.

Differs from paper: there every pair re-reads the text. Levitated markers: Ye et al. 2022 (PL-Marker); Zhong and Chen
2021 (PURE).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from .errors_biodir import SettingError

PACKED_ATTENTION = "biodir_packed"
# What is needed of an encoder: tokens are mixed by attention alone, over all tokens, through the attention interface,
# without a relative position bias; `position_ids` and `inputs_embeds` are arguments, others reach the attention.
PACKABLE_ENCODERS = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert")


@dataclass(frozen=True)
class QueryGroup:
    """Queries of equal length over one window; consecutive tokens of the packed row.

    Args:
        window: index of the window.
        start: place of the first token.
        queries, tokens: number of queries, and of tokens of each.
        prompt_places: (queries, prompt) places of the soft prompt that each sees; None without.
        ranges: (queries, 2) places in the window's row, half-open, that the tokens of `ranged` see; None for all.
        ranged: the tokens of each query that see no more than the range.
    """

    window: int
    start: int
    queries: int
    tokens: int
    prompt_places: Tensor | None = None
    ranges: Tensor | None = None
    ranged: slice | None = None


@dataclass
class PackedLayout:
    """Where everything lies in a packed row: first the windows, then the groups, in order.

    `query` and `key`, (heads, tokens, head_size), are those of the layer that ran last; local to one forward.
    """

    windows: list[tuple[int, int]]
    groups: list[QueryGroup]
    query: Tensor | None = field(default=None, repr=False)
    key: Tensor | None = field(default=None, repr=False)

    @property
    def end(self) -> int:
        """Number of tokens so far."""
        if self.groups:
            last = self.groups[-1]
            return last.start + last.queries * last.tokens
        return self.windows[-1][1]

    def parts(self) -> list[Tensor]:
        """For each window the places, (places,), of its text and of all that is asked of it, ascending."""
        places = [[torch.arange(start, end)] for start, end in self.windows]
        for group in self.groups:
            places[group.window].append(torch.arange(group.start, group.start + group.queries * group.tokens))
        return [torch.cat(found) for found in places]

    def visible(self, places: Tensor) -> Tensor:
        """(places, places) booleans: which of the places each of them attends to.

        Args:
            places: one of `parts`.
        """
        everything = torch.zeros(len(places), self.end, dtype=torch.bool)
        row_of = {place: row for row, place in enumerate(places.tolist())}
        start, end = next(window for window in self.windows if window[0] == places[0])
        everything[:, start:end] = True
        for group in self.groups:
            if group.start not in row_of:
                continue
            first = row_of[group.start]
            for query in range(group.queries):
                rows = slice(first + query * group.tokens, first + (query + 1) * group.tokens)
                own = group.start + query * group.tokens
                everything[rows, own : own + group.tokens] = True
                if group.prompt_places is not None:
                    everything[rows, group.prompt_places[query]] = True
                if group.ranges is not None:
                    low, high = group.ranges[query].tolist()
                    ranged = slice(rows.start + group.ranged.start, rows.start + group.ranged.stop)
                    everything[ranged, start : start + low] = False
                    everything[ranged, start + high : end] = False
        return everything[:, places]


def use_packed_attention(encoder: nn.Module) -> None:
    """Makes the encoder attend as its `layout` says.

    Raises:
        SettingError: an encoder of this kind is not known to mix tokens by attention alone.
    """
    kind = encoder.config.model_type
    if kind not in PACKABLE_ENCODERS or getattr(encoder.config, "position_embedding_type", "absolute") != "absolute":
        raise SettingError(
            f"encoders of type {kind!r} with their positions cannot read a packed row; take one of "
            f"{', '.join(PACKABLE_ENCODERS)} with absolute positions, or pair_encoding 'solid'"
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
    parts += [_group_states(query, key, value, layout, group, dropout) for group in layout.groups]
    layout.query, layout.key = query, key
    return torch.cat(parts, dim=1).transpose(0, 1).unsqueeze(0), None


def _group_states(
    query: Tensor, key: Tensor, value: Tensor, layout: PackedLayout, group: QueryGroup, dropout: float
) -> Tensor:
    """(heads, queries * tokens, head_size): each query over its window, its soft prompt and itself."""
    text = slice(*layout.windows[group.window])
    own = slice(group.start, group.start + group.queries * group.tokens)
    shape = (group.queries, group.tokens)
    keys, values = (part[:, own].unflatten(1, shape) for part in (key, value))  # (heads, queries, tokens, head_size)
    if group.prompt_places is not None:
        keys, values = (
            torch.cat([part[:, group.prompt_places], own_part], dim=2)
            for part, own_part in ((key, keys), (value, values))
        )  # (heads, queries, prompt + tokens, head_size)
    on_text = query[:, own] @ key[:, text].transpose(1, 2)  # (heads, queries * tokens, text)
    if group.ranges is not None:
        _hide_outside(on_text.unflatten(1, shape)[:, :, group.ranged], group.ranges)
    on_own = (query[:, own].unflatten(1, shape) @ keys.transpose(2, 3)).flatten(1, 2)
    weights = torch.cat([on_text, on_own], dim=-1).softmax(dim=-1)
    weights = (nn.functional.dropout(weights, dropout) if dropout else weights).to(value.dtype)
    from_text, from_own = weights.split([on_text.shape[-1], on_own.shape[-1]], dim=-1)
    return from_text @ value[:, text] + (from_own.unflatten(1, shape) @ values).flatten(1, 2)


def _hide_outside(scores: Tensor, ranges: Tensor) -> None:
    """Sets the scores (heads, queries, tokens, text) of text outside the ranges (queries, 2) to minus infinity."""
    places = torch.arange(scores.shape[-1], device=scores.device)
    hidden = (places < ranges[:, :1]) | (places >= ranges[:, 1:])  # (queries, text)
    scores.masked_fill_(hidden[:, None], -torch.inf)


def window_layout(attention_mask: Tensor) -> PackedLayout:
    """The layout of windows alone.

    Args:
        attention_mask: (windows, tokens), ones first.
    """
    ends = attention_mask.sum(dim=1).cumsum(dim=0).tolist()
    return PackedLayout(list(zip([0, *ends], ends, strict=False)), [])


def add_prompts(layout: PackedLayout, prompts: Sequence[tuple[int, int]], prompt_tokens: int) -> dict:
    """Appends soft prompts to the layout.

    Args:
        prompts: (window, pair type) of each, sorted.

    Returns:
        (window, pair type) -> place of the prompt's first token.
    """
    places: dict[tuple[int, int], int] = {}
    for window in dict.fromkeys(window for window, _ in prompts):
        here = [prompt for prompt in prompts if prompt[0] == window]
        start = layout.end
        layout.groups.append(QueryGroup(window, start, len(here), prompt_tokens))
        places |= {prompt: start + index * prompt_tokens for index, prompt in enumerate(here)}
    return places
