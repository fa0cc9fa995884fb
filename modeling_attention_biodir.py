"""Packed attention of the document form: windows of text and soft prompts in one row without padding.

An encoder mixes tokens only in its attention. So texts of any lengths can lie in one row: an attention function, called
through the interface of transformers, looks up in the layout which tokens belong together. Text attends to its own
window; a soft prompt attends to one window and to itself. Text never sees soft prompts, nor soft prompts each other, so
that the score of a pair does not depend on the other pairs. Differs from paper: there every pair reads the text again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, DebertaV2Model, MPNetModel, PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutput
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.deberta_v2.modeling_deberta_v2 import DebertaV2Layer
from transformers.models.mpnet.modeling_mpnet import MPNetLayer

from .configuration_biodir import first_position
from .errors_biodir import SettingError

PACKED_ATTENTION = "biodir_packed"
# What an encoder needs: tokens are mixed only by attention, through the interface or in a class of `PACKED_CLASSES`;
# `position_ids` and `inputs_embeds` are arguments, others reach the attention.
PACKABLE_ENCODERS = (
    *("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert"),
    *("mpnet", "modernbert", "deberta-v2"),
)
FULL_ATTENTION = "full_attention"  # of a layer of ModernBERT that is not local
# Queries of a window whose attention is held at once.
QUERIES_AT_ONCE = 512


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


@dataclass(frozen=True)
class PositionScores:
    """What the positions of queries and keys do to a layer's attention: nothing, by default.

    Args:
        bias: (heads, positions, positions) is added to the products of queries and keys. MPNet.
        reach: a query sees keys that are at most so many positions away. Local layers of ModernBERT.
        distance_keys: (heads, distances, head_size) whose products with the query are added. DeBERTa.
        distance_queries: (heads, distances, head_size), scaled, whose products with the key are added. DeBERTa.
        distances: (positions, positions) which of these lies between query and key.

    >>> query = key = torch.zeros(1, 3, 4)  # one head, three tokens
    >>> PositionScores(reach=1)(query, key, slice(0, 3), slice(0, 3)).softmax(dim=-1)[0, 0]
    tensor([0.5000, 0.5000, 0.0000])
    """

    bias: Tensor | None = None
    reach: int | None = None
    distance_keys: Tensor | None = None
    distance_queries: Tensor | None = None
    distances: Tensor | None = None

    def __call__(self, query: Tensor, key: Tensor, rows: Tensor | slice, columns: slice) -> Tensor:
        """Return (heads, rows, columns): the scores of queries at the positions `rows` for keys at `columns`.

        Args:
            query: (heads, rows, head_size), scaled.
            key: (heads, columns, head_size)
        """
        scores = query @ key.transpose(1, 2)
        if self.bias is not None:
            scores = scores + self.bias[:, rows][..., columns]
        if self.distances is not None:
            distances = self.distances[rows][:, columns]  # (rows, columns)
            if self.distance_keys is not None:
                by_distance = query @ self.distance_keys.to(query.dtype).transpose(1, 2)  # (heads, rows, distances)
                scores = scores + by_distance.gather(2, distances.expand(len(query), -1, -1))
            if self.distance_queries is not None:
                by_distance = key @ self.distance_queries.to(key.dtype).transpose(1, 2)  # (heads, columns, distances)
                scores = scores + by_distance.gather(2, distances.T.expand(len(key), -1, -1)).transpose(1, 2)
        if self.reach is not None:
            positions = torch.arange(columns.stop, device=key.device)
            is_far = (positions[rows].unsqueeze(1) - positions[columns]).abs() > self.reach  # (rows, columns)
            scores = scores.masked_fill(is_far, -torch.inf)
        return scores

    def within_prompts(self, query: Tensor, key: Tensor) -> Tensor:
        """Return (heads, prompts, prompt, prompt): the scores inside soft prompts, whose tokens are at one position.

        Args:
            query, key: (heads, prompts, prompt, head_size)
        """
        scores = query @ key.transpose(2, 3)
        if self.bias is not None:
            scores = scores + self.bias[:, 0, 0].view(-1, 1, 1, 1)
        if self.distances is not None:
            same = self.distances[0, 0]
            if self.distance_keys is not None:
                scores = scores + query @ self.distance_keys[:, same].view(len(query), 1, -1, 1)
            if self.distance_queries is not None:
                scores = scores + (key @ self.distance_queries[:, same].view(len(key), 1, -1, 1)).transpose(2, 3)
        return scores


@dataclass(frozen=True)
class PackedStates:
    """What the encoder returns for a packed row.

    Args:
        hidden: (tokens, hidden) last states.
        query, key: (heads, tokens, head_size) of the evidence layer; the query is scaled.
        scores: how that layer scores them.

    >>> query = key = torch.ones(2, 5, 4)  # two heads, five tokens
    >>> states, text = PackedStates(torch.zeros(5, 8), query, key), slice(0, 5)
    >>> states.scores(query, key, text, text).softmax(dim=-1)[0, 0]  # what the first token attends to
    tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000])
    """

    hidden: Tensor
    query: Tensor
    key: Tensor
    scores: PositionScores = PositionScores()


# Query, key and scores of a layer.
Evidence = tuple[Tensor, Tensor, PositionScores]


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


def use_packed_attention(encoder: PreTrainedModel) -> None:
    """Make the encoder attend by the layout that `encode_packed` gives it.

    Raises:
        SettingError: an encoder of this kind is not known to mix tokens only by attention.
    """
    config: Any = encoder.config
    kind, reason = config.model_type, ""
    if kind not in PACKABLE_ENCODERS or getattr(config, "position_embedding_type", "absolute") != "absolute":
        reason = f"of type {kind!r} with their positions"
    elif kind == "deberta-v2" and getattr(config, "conv_kernel_size", 0) > 0:
        reason = "of type 'deberta-v2' with a convolution (conv_kernel_size)"
    if reason:
        raise SettingError(
            f"encoders {reason} cannot read a packed row; take one of {', '.join(PACKABLE_ENCODERS)}, or pair_encoding "
            "'pairwise'"
        )
    config._attn_implementation = PACKED_ATTENTION


def encode_packed(encoder: Any, embeddings: Tensor, positions: Tensor, layout: PackedLayout) -> PackedStates:
    """Return the encoder's states of a packed row, with the queries and keys of its evidence layer.

    Args:
        encoder: one with packed attention, or a back end that takes the same arguments.
        embeddings: (tokens, embedding_size)
        positions: (tokens,) from 0.
        layout: which tokens attend to which.
    """
    positions = positions + first_position(encoder.config)
    evidence: list[Evidence] = []
    output = encoder(
        inputs_embeds=embeddings.unsqueeze(0),  # (1, tokens, embedding_size)
        position_ids=positions.unsqueeze(0),  # (1, tokens)
        layout=layout,
        evidence=evidence,  # `packed_attention` leaves queries and keys there
    )
    return PackedStates(output.last_hidden_state[0], *evidence[-1])


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    layout: PackedLayout,
    evidence: list[Evidence],
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    scores: PositionScores | None = None,
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
        evidence: gets the scaled queries and keys, (heads, tokens, head_size), of the evidence layer.
        scaling: of the queries; None for one by the root of head_size.
        dropout: share of the attention weights that are dropped.
        sliding_window: of a local layer of ModernBERT: its reach and one, for the query itself.
        scores: what positions do; None where `sliding_window` says it.
    """
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = scores or PositionScores(reach=sliding_window - 1 if sliding_window else None)
    query, key, value = query[0] * scaling, key[0], value[0]  # (heads, tokens, head_size)
    windows = [slice(*window) for window in layout.windows]
    parts = [_text_states(query[:, text], key[:, text], value[:, text], scores, dropout) for text in windows]
    for text, prompts in zip(windows, layout.prompts, strict=True):
        if prompts[0] < prompts[1]:
            places = slice(*prompts)
            own = query[:, places], key[:, places], value[:, places]
            parts.append(prompt_states(own, (key[:, text], value[:, text]), layout.prompt_tokens, scores, dropout))
    attended = torch.cat(parts, dim=1).transpose(0, 1).unsqueeze(0)  # (1, tokens, heads, head_size)
    if is_evidence_layer(module):
        evidence.append((query, key, scores))
    return attended, None


def is_evidence_layer(module: Any) -> bool:
    """Return whether the attention of this module weighs the text for a pair: the last that sees the complete window.

    Differs from ATLOP, which takes the last layer: in a local one two far entities see nothing in common. Where layers
    do not know their place, as those of DistilBERT, it is True for all, and the last one is taken.
    """
    layer = getattr(module, "layer_idx", None)
    if layer is None:
        return True
    kinds = getattr(module.config, "layer_types", None) or [FULL_ATTENTION] * module.config.num_hidden_layers
    full = [index for index, kind in enumerate(kinds) if kind == FULL_ATTENTION]
    return bool(layer == (full[-1] if full else len(kinds) - 1))


def _text_states(query: Tensor, key: Tensor, value: Tensor, scores: PositionScores, dropout: float) -> Tensor:
    """Return (heads, text, head_size): the text of a window over itself."""
    text, reach = query.shape[1], scores.reach
    if text > QUERIES_AT_ONCE and scores == PositionScores() and not dropout:  # in memory that grows with the text only
        states = nn.functional.scaled_dot_product_attention(query[None], key[None], value[None], scale=1.0)
        return states[0]
    parts = []
    for start in range(0, text, QUERIES_AT_ONCE):
        end = min(start + QUERIES_AT_ONCE, text)
        rows, columns = slice(start, end), slice(0, text)
        if reach is not None:
            columns = slice(max(start - reach, 0), min(end + reach, text))
        weights = scores(query[:, rows], key[:, columns], rows, columns).softmax(dim=-1)  # (heads, rows, columns)
        weights = nn.functional.dropout(weights, dropout) if dropout else weights
        parts.append(weights.to(value.dtype) @ value[:, columns])
    return torch.cat(parts, dim=1) if len(parts) > 1 else parts[0]


def prompt_states(
    own: tuple[Tensor, Tensor, Tensor],
    text: tuple[Tensor, Tensor],
    prompt_tokens: int,
    scores: PositionScores,
    dropout: float = 0.0,
) -> Tensor:
    """Return (heads, prompts * prompt, head_size): each soft prompt over its window's text and itself.

    Args:
        own: query, key and value of the soft prompts, (heads, prompts * prompt, head_size).
        text: key and value of the window, (heads, text, head_size).
        prompt_tokens: length of a soft prompt.
        scores: what positions do.
        dropout: share of the attention weights that are dropped.
    """
    query, text_key, text_value = own[0], *text
    queries, keys, values = (part.unflatten(1, (-1, prompt_tokens)) for part in own)  # (heads, prompts, prompt, ...)
    first = torch.zeros(query.shape[1], dtype=torch.long, device=query.device)  # positions, (prompts * prompt,)
    on_text = scores(query, text_key, first, slice(0, text_key.shape[1]))  # (heads, prompts * prompt, text)
    on_own = scores.within_prompts(queries, keys).flatten(1, 2)  # (heads, prompts * prompt, prompt)
    weights = torch.cat([on_text, on_own], dim=-1).softmax(dim=-1)
    weights = (nn.functional.dropout(weights, dropout) if dropout else weights).to(values.dtype)
    from_text, from_own = weights.split([on_text.shape[-1], prompt_tokens], dim=-1)
    return from_text @ text_value + (from_own.unflatten(1, (-1, prompt_tokens)) @ values).flatten(1, 2)


class _PackedEncoder(PreTrainedModel):
    """Reads packed rows where the code of transformers, which does not call the attention interface, would not."""

    packed_layer: type[nn.Module]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for layer in self.encoder.layer:
            layer.__class__ = self.packed_layer

    def forward(self, *args: Any, evidence: list[Evidence] | None = None, **kwargs: Any) -> Any:
        """Return the output of transformers; of a packed row the last states only."""
        if evidence is None:
            return super().forward(*args, **kwargs)
        states = self.embeddings(**{name: kwargs.pop(name) for name in ("inputs_embeds", "position_ids")})
        windows = kwargs["layout"].windows if "layout" in kwargs else [(0, self.config.max_position_embeddings)]
        shared = self.shared_scores(max(end - start for start, end in windows))
        attend = partial(self._attend, evidence=evidence, **kwargs)
        for layer in self.encoder.layer:
            states = layer(states, attend=attend, shared=shared)[0]
        return BaseModelOutput(last_hidden_state=states)

    def _attend(self, own: Any, states: Tensor, *projections: nn.Module, **kwargs: Any) -> Tensor:
        """Return (1, tokens, hidden): what the tokens attend to by the projections to query, key and value."""
        parts = (projection(states).unflatten(-1, (own.num_attention_heads, -1)) for projection in projections)
        query, key, value = (part.transpose(1, 2) for part in parts)  # (1, heads, tokens, head_size)
        attention = ALL_ATTENTION_FUNCTIONS[self.config._attn_implementation]
        dropout = own.dropout.p if own.training else 0.0
        return attention(own, query, key, value, None, dropout=dropout, **kwargs)[0].flatten(2)


class _MPNetLayer(GradientCheckpointingLayer, MPNetLayer):
    def forward(self, states: Tensor, *args: Any, attend: Any = None, shared: Any = None, **kwargs: Any) -> Any:
        if attend is None:
            return super().forward(states, *args, **kwargs)
        own = self.attention.attn
        attended = own.o(attend(own, states, own.q, own.k, own.v, scores=shared))
        states = self.attention.LayerNorm(self.attention.dropout(attended) + states)
        return (self.output(self.intermediate(states), states),)


class _MPNet(_PackedEncoder, MPNetModel):
    packed_layer = _MPNetLayer

    def shared_scores(self, positions: int) -> PositionScores:
        row = torch.empty(1, positions, device=self.device)
        return PositionScores(bias=self.encoder.compute_position_bias(row)[0])


class _DebertaLayer(DebertaV2Layer):
    def forward(self, states: Tensor, *args: Any, attend: Any = None, shared: Any = None, **kwargs: Any) -> Any:
        if attend is None:
            return super().forward(states, *args, **kwargs)
        own = self.attention.self
        scaling = (own.attention_head_size * (1 + len({"c2p", "p2c"} & {*own.pos_att_type}))) ** -0.5
        scores = _distance_scores(own, scaling, *shared) if shared is not None else PositionScores()
        linear = (own.query_proj, own.key_proj, own.value_proj)
        states = self.attention.output(attend(own, states, *linear, scores=scores, scaling=scaling), states)
        return (self.output(self.intermediate(states), states),)


def _distance_scores(own: Any, scaling: float, embeddings: Tensor, distances: Tensor) -> PositionScores:
    """Return the scores of DeBERTa's layer: its projections of the embeddings of distances, (distances, hidden)."""
    embeddings = own.pos_dropout(embeddings[: 2 * own.pos_ebd_size])
    prefix = "" if own.share_att_key else "pos_"
    keys, queries = (
        getattr(own, f"{prefix}{name}_proj")(embeddings).unflatten(-1, (own.num_attention_heads, -1)).transpose(0, 1)
        if kind in own.pos_att_type
        else None
        for name, kind in (("key", "c2p"), ("query", "p2c"))
    )  # (heads, distances, head_size)
    queries = queries * scaling if queries is not None else None
    return PositionScores(distance_keys=keys, distance_queries=queries, distances=distances)


class _Deberta(_PackedEncoder, DebertaV2Model):
    packed_layer = _DebertaLayer

    def shared_scores(self, positions: int) -> tuple[Tensor, Tensor] | None:
        """Return embeddings of distances, (distances, hidden), and which is between positions; None for no such."""
        distances = self.encoder.get_rel_pos(torch.empty(positions, 1, device=self.device))
        if distances is None:
            return None
        largest = self.encoder.layer[0].attention.self.pos_ebd_size
        return self.encoder.get_rel_embedding(), (distances[0] + largest).clamp(0, 2 * largest - 1)


# Model type -> the class that reads packed rows, where that of transformers cannot.
PACKED_CLASSES: dict[str, type[PreTrainedModel]] = {"mpnet": _MPNet, "deberta-v2": _Deberta}
# On import, so that a model that another process has pickled finds its attention.
AttentionInterface.register(PACKED_ATTENTION, packed_attention)
