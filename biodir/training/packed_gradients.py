"""Attention over a packed row with gradients of its own, which take less time and memory than those of autograd.

`modeling_attention_biodir.packed_attention` cuts a row into windows. Autograd would make a gradient of the complete row
for each cut. And queries, keys and values would stay strided views, whose products take a fifth longer.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from biodir.modeling_attention_biodir import PackedLayout


@dataclass(frozen=True)
class RowAttention:
    """How a layer attends over a packed row.

    Args:
        layout: of the row.
        heads: number of attention heads.
        scaling: of the queries.
        has_evidence: whether queries and keys are returned.

    >>> layout = PackedLayout(windows=((0, 2),), prompts=((2, 2),), prompt_tokens=1)
    >>> row = torch.tensor([[1.0, 1.0, 5.0], [1.0, 1.0, 7.0]])  # two tokens, each with query, key and value
    >>> attend(row, RowAttention(layout, heads=1, scaling=1.0))[0].flatten()
    tensor([6., 6.])
    """

    layout: PackedLayout
    heads: int
    scaling: float
    has_evidence: bool = False


def attend(joined: Tensor, settings: RowAttention, bias: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Return attended values, (tokens, hidden), and scaled queries and keys, (heads, tokens, head_size).

    Queries and keys are empty without `has_evidence`.

    Args:
        joined: (tokens, 3 * hidden) query, key and value of each token, side by side.
        settings: see `RowAttention`.
        bias: (heads, positions, positions) is added to the scores. MPNet.
    """
    compute: Any = _Attention.apply  # without types in torch
    attended, query, key = compute(joined, bias, settings)
    return attended, query, key


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, joined: Tensor, bias: Tensor | None, settings: RowAttention) -> tuple[Tensor, Tensor, Tensor]:
        layout, heads = settings.layout, settings.heads
        sides = joined.unflatten(1, (3, heads, -1))  # (tokens, 3, heads, head_size)
        added = None if bias is None else bias.to(joined.dtype)
        attended = torch.empty_like(sides[:, 0])  # (tokens, heads, head_size)
        saved: list[Tensor] = []
        for text in layout.windows:
            query, key, value = _by_head(sides, text, settings.scaling)
            weights = _scores(query, key, added).softmax(dim=-1)  # (heads, text, text)
            attended[slice(*text)] = (weights @ value).transpose(0, 1)
            saved += [query, key, value, weights]
        for number, prompts in enumerate(layout.prompts):
            if prompts[0] == prompts[1]:
                continue
            own = _by_head(sides, prompts, settings.scaling)
            weights, states = _prompt_states(own, saved[4 * number + 1 : 4 * number + 3], layout.prompt_tokens, added)
            attended[slice(*prompts)] = states.transpose(0, 1)
            saved += [*own, weights]
        queries = keys = joined.new_empty(0)
        if settings.has_evidence:
            queries, keys = (torch.cat(saved[side::4], dim=1) for side in (0, 1))  # (heads, tokens, head_size)
        ctx.settings, ctx.bias_shape = settings, None if bias is None else bias.shape
        ctx.save_for_backward(*saved)
        ctx.set_materialize_grads(False)
        return attended.flatten(1), queries, keys

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, attended: Tensor | None, query: Tensor | None, key: Tensor | None) -> Any:
        settings, saved = ctx.settings, ctx.saved_tensors
        layout = settings.layout
        parts = [saved[first : first + 4] for first in range(0, len(saved), 4)]
        tokens, size = max(layout.windows[-1][1], layout.prompts[-1][1]), saved[0].shape[-1]
        given = saved[0].new_zeros(tokens, settings.heads, size) if attended is None else attended
        given = given.view(tokens, settings.heads, size).transpose(0, 1)  # (heads, tokens, head_size)
        sides = saved[0].new_empty(tokens, 3, settings.heads, size)
        bias = None if ctx.bias_shape is None else torch.zeros(ctx.bias_shape, device=sides.device)
        of_texts = [
            _text_gradients(part, given[:, slice(*text)], bias)
            for text, part in zip(layout.windows, parts, strict=False)
        ]
        later = iter(parts[len(layout.windows) :])
        for number, prompts in enumerate(layout.prompts):
            if prompts[0] < prompts[1]:
                text, of_text = parts[number][1:3], of_texts[number][1:]
                own = _prompt_gradients(
                    next(later), text, given[:, slice(*prompts)], of_text, layout.prompt_tokens, bias
                )
                _write(sides, prompts, own)
        for span, found in zip(layout.windows, of_texts, strict=True):
            _write(sides, span, found)
        for side, further in enumerate((query, key)):
            if further is not None:
                sides[:, side] += further.transpose(0, 1)
        sides[:, 0] *= settings.scaling
        return sides.flatten(1), bias, None


def _by_head(sides: Tensor, span: tuple[int, int], scaling: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return query, scaled, key and value of a span, (heads, span, head_size) each, side by side in memory."""
    query, key, value = sides[slice(*span)].permute(1, 2, 0, 3).contiguous()
    return query * scaling, key, value


def _write(sides: Tensor, span: tuple[int, int], gradients: Any) -> None:
    for side, gradient in enumerate(gradients):
        sides[slice(*span), side] = gradient.transpose(0, 1)


def _scores(query: Tensor, key: Tensor, bias: Tensor | None) -> Tensor:
    """Return (heads, text, text)."""
    if bias is None:
        return query @ key.transpose(1, 2)
    text = query.shape[1]
    return torch.baddbmm(bias[:, :text, :text], query, key.transpose(1, 2))


def _prompt_states(own: Any, text: Any, prompt_tokens: int, bias: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return weights, (heads, prompts * prompt, text + prompt), and states, (heads, prompts * prompt, head_size).

    Args:
        own: query, key and value of the soft prompts, (heads, prompts * prompt, head_size).
        text: key and value of their window, (heads, text, head_size).
        prompt_tokens: length of a soft prompt.
        bias: that of the layer; all tokens of a soft prompt are at the first position.
    """
    queries, keys, values = (part.unflatten(1, (-1, prompt_tokens)) for part in own)
    on_text, on_own = own[0] @ text[0].transpose(1, 2), (queries @ keys.transpose(2, 3)).flatten(1, 2)
    if bias is not None:
        on_text = on_text + bias[:, :1, : on_text.shape[-1]]
        on_own = on_own + bias[:, :1, :1]
    weights = torch.cat([on_text, on_own], dim=-1).softmax(dim=-1)
    from_text, from_own = weights.split([on_text.shape[-1], prompt_tokens], dim=-1)
    states = from_text @ text[1] + (from_own.unflatten(1, (-1, prompt_tokens)) @ values).flatten(1, 2)
    return weights, states


def _text_gradients(part: Any, given: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of query, key and value of a window, and add that of the bias to `bias`."""
    query, key, value, weights = part
    given = given.contiguous()
    of_value = weights.transpose(1, 2) @ given
    of_weights = given @ value.transpose(1, 2)
    of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
    if bias is not None:
        text = query.shape[1]
        bias[:, :text, :text] += of_scores
    return of_scores @ key, of_scores.transpose(1, 2) @ query, of_value


def _prompt_gradients(
    part: Any, text: Any, given: Tensor, of_text: Any, prompt_tokens: int, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of query, key and value of soft prompts; add those of their window to `of_text`.

    Args:
        part: query, key, value and weights of the soft prompts.
        text: key and value of their window, (heads, text, head_size).
        given: (heads, prompts * prompt, head_size) gradient of their states.
        of_text: gradients of the window's key and value.
        prompt_tokens: length of a soft prompt.
        bias: gradient of the bias.
    """
    *own, weights = part
    text_tokens = text[0].shape[1]
    queries, keys, values, gradients = (each.unflatten(1, (-1, prompt_tokens)) for each in (*own, given.contiguous()))
    from_text, from_own = weights[..., :text_tokens], weights[..., text_tokens:].unflatten(1, (-1, prompt_tokens))
    of_text[1].add_(from_text.transpose(1, 2) @ given)
    of_values = from_own.transpose(2, 3) @ gradients
    of_weights = torch.cat(
        [given @ text[1].transpose(1, 2), (gradients @ values.transpose(2, 3)).flatten(1, 2)], dim=-1
    )
    of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
    on_text, on_own = of_scores[..., :text_tokens], of_scores[..., text_tokens:].unflatten(1, (-1, prompt_tokens))
    if bias is not None:
        bias[:, 0, :text_tokens] += on_text.float().sum(dim=1)
        bias[:, 0, 0] += on_own.float().sum(dim=(1, 2, 3))
    of_text[0].add_(on_text.transpose(1, 2) @ own[0])
    of_queries = on_text @ text[0] + (on_own @ keys).flatten(1, 2)
    return of_queries, (on_own.transpose(2, 3) @ queries).flatten(1, 2), of_values.flatten(1, 2)
