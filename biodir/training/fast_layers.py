"""Encoder layers that learn faster on a CPU and compute the same: cheaper dropout, and fewer passes over memory.

On a CPU a step of a small encoder is half matrix products at the speed of the processor, and half everything else:
products of strided views, random numbers of dropout, copies between precisions. Only this second half is changed.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertLayer
from transformers.models.camembert.modeling_camembert import CamembertLayer
from transformers.models.electra.modeling_electra import ElectraLayer
from transformers.models.roberta.modeling_roberta import RobertaLayer
from transformers.models.xlm_roberta.modeling_xlm_roberta import XLMRobertaLayer

from biodir.modeling_attention_biodir import PositionScores, _MPNetLayer, is_evidence_layer
from biodir.training.packed_gradients import RowAttention, attend

# Of a random number that decides whether a value is dropped.
RANDOM_BITS = 16
# Type of numbers of as many bits.
BITS_OF = {torch.bfloat16: torch.int16, torch.float32: torch.int32, torch.float64: torch.int64}


def use_fast_layers(model: Any) -> Any:
    """Return the model, whose layers, also those of its tagger, and every dropout now compute as this module does.

    The weights and their names stay as they are. Layers of other kinds keep their code, but for dropout. Evaluation,
    and training on other devices than CPUs, compute as before.
    """
    for module in model.modules():
        module.__class__ = FAST_CLASSES.get(type(module), type(module))
    return model


def kept_places(shape: Any, share: float, device: Any = None) -> tuple[Tensor, float]:
    """Return int16 numbers, -1 where dropout keeps a value, else 0; and what the kept values are multiplied with.

    Four decisions are made of a random number of 64 bits; torch draws a number for each of them.

    Args:
        shape: of the values.
        share: of them that is dropped, in [0, 1), rounded to 1 / 65,536.
        device: of the values.
    """
    values = 2**RANDOM_BITS
    dropped = min(round(share * values), values - 1)
    count = torch.Size(shape).numel()
    numbers = torch.empty(-(-count * RANDOM_BITS // 64), dtype=torch.int64, device=device).random_(-(2**63), None)
    bits = numbers.view(torch.int16)[:count].view(shape)  # from -32,768
    return bits.ge_(dropped - values // 2).neg_(), values / (values - dropped)


def only_kept(values: Tensor, kept: Tensor) -> Tensor:
    """Return the values, zero where `kept` is 0: of all bits of a value where it is -1, which is one pass over memory.

    Args:
        values: of any shape.
        kept: of that shape, see `kept_places`.
    """
    bits = BITS_OF[values.dtype]
    return (values.view(bits) & kept.to(bits)).view(values.dtype)


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, share: float) -> Tensor:
        kept, ctx.factor = kept_places(states.shape, share)
        ctx.save_for_backward(kept)
        return only_kept(states.contiguous(), kept).mul_(ctx.factor)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, given: Tensor) -> Any:
        (kept,) = ctx.saved_tensors
        return only_kept(given.contiguous(), kept).mul_(ctx.factor), None


class FastDropout(nn.Dropout):
    """Dropout by fewer random numbers, on CPUs.

    >>> dropout = FastDropout(0.5)
    >>> sorted(set(dropout(torch.ones(100)).tolist())), dropout.eval()(torch.ones(2))
    ([0.0, 2.0], tensor([1., 1.]))
    """

    def forward(self, states: Tensor) -> Tensor:
        """Return the values, of which a share is zero in training."""
        if not self.training or not self.p or states.device.type != "cpu":
            return super().forward(states)
        compute: Any = _Dropped.apply  # without types in torch
        dropped: Tensor = compute(states, self.p)
        return dropped


def dropped_added_normed(states: Tensor, residual: Tensor, dropout: nn.Dropout, norm: nn.LayerNorm) -> Tensor:
    """Return `norm(dropout(states) + residual)`, (tokens, hidden), in the precision of the residual."""
    share = dropout.p if dropout.training else 0.0
    compute: Any = _DroppedAddedNormed.apply  # without types in torch
    normed: Tensor = compute(states, residual, norm.weight, norm.bias, norm.eps, share)
    return normed


class _DroppedAddedNormed(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, states: Tensor, residual: Tensor, weight: Tensor, bias: Tensor, eps: float, share: float
    ) -> Tensor:
        kept, ctx.factor = kept_places(states.shape, share) if share else (None, 1.0)
        left = states if kept is None else only_kept(states, kept)
        added = torch.add(residual, left.to(residual.dtype), alpha=ctx.factor)
        normed, mean, deviation = torch.native_layer_norm(added, weight.shape, weight, bias, eps)
        ctx.dtype = states.dtype
        ctx.save_for_backward(added, mean, deviation, weight, bias, *([] if kept is None else [kept]))
        return normed

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, normed: Tensor) -> Any:
        added, mean, deviation, weight, bias, *kept = ctx.saved_tensors
        of_added, of_weight, of_bias = torch.ops.aten.native_layer_norm_backward(
            normed.contiguous(), added, weight.shape, mean, deviation, weight, bias, [True, True, True]
        )
        of_states = (of_added * ctx.factor if kept else of_added).to(ctx.dtype)
        return only_kept(of_states, kept[0]) if kept else of_states, of_added, of_weight, of_bias, None, None


class _FastLayer(nn.Module):
    """A layer of BERT and of those that are built like it."""

    attention: Any
    intermediate: Any
    output: Any

    def forward(self, states: Tensor, *args: Any, **kwargs: Any) -> Any:
        own = self.attention.self
        if not is_fast(self, own, states, kwargs):
            return super().forward(states, *args, **kwargs)
        settings = RowAttention(kwargs["layout"], own.num_attention_heads, own.scaling, is_evidence_layer(own))
        projections, output = (own.query, own.key, own.value), self.attention.output
        attended = attended_states(states, projections, settings, kwargs["evidence"], PositionScores())
        middle = dropped_added_normed(output.dense(attended), states[0], output.dropout, output.LayerNorm)
        return _fed_forward(self, middle).unsqueeze(0)


class _FastMPNetLayer(_MPNetLayer):
    def forward(self, states: Tensor, *args: Any, attend: Any = None, shared: Any = None, **kwargs: Any) -> Any:
        own = self.attention.attn
        given = attend.keywords if attend is not None else {}
        if not is_fast(self, own, states, given):
            return super().forward(states, *args, attend=attend, shared=shared, **kwargs)
        scaling = own.attention_head_size**-0.5
        settings = RowAttention(given["layout"], own.num_attention_heads, scaling, is_evidence_layer(own))
        attended = attended_states(states, (own.q, own.k, own.v), settings, given["evidence"], shared)
        middle = dropped_added_normed(own.o(attended), states[0], self.attention.dropout, self.attention.LayerNorm)
        return (_fed_forward(self, middle).unsqueeze(0),)


def is_fast(layer: Any, own: Any, states: Tensor, given: Any) -> bool:
    """Return whether a layer can compute as this module does: in training, on a CPU, over a packed row.

    Args:
        layer: of the encoder.
        own: its attention, which must not drop weights.
        states: (1, tokens, hidden)
        given: arguments that the encoder passes on to its attention.
    """
    trains = layer.training and torch.is_grad_enabled() and states.device.type == "cpu"
    return bool(trains and given.get("layout") is not None and not own.dropout.p)


def attended_states(
    states: Tensor, projections: Any, settings: RowAttention, evidence: list[Any], scores: PositionScores
) -> Tensor:
    """Return (tokens, hidden), what the tokens attend to; leave queries and keys in `evidence` where they are wanted.

    Args:
        states: (1, tokens, hidden)
        projections: to query, key and value, computed in one product.
        settings: see `RowAttention`.
        evidence: as for `packed_attention`.
        scores: what positions do, a bias at most.
    """
    weight = torch.cat([projection.weight for projection in projections])  # (3 * hidden, hidden)
    joined = nn.functional.linear(states[0], weight, torch.cat([projection.bias for projection in projections]))
    attended, query, key = attend(joined, settings, scores.bias)
    if settings.has_evidence:
        evidence.append((query, key, scores))
    return attended


def _fed_forward(layer: Any, middle: Tensor) -> Tensor:
    output = layer.output
    return dropped_added_normed(output.dense(layer.intermediate(middle)), middle, output.dropout, output.LayerNorm)


# Class of a module -> the class that computes it faster.
FAST_CLASSES: dict[type, type] = {
    kind: type(f"Fast{kind.__name__}", (_FastLayer, kind), {"__module__": __name__})
    for kind in (BertLayer, RobertaLayer, XLMRobertaLayer, CamembertLayer, ElectraLayer)
} | {_MPNetLayer: _FastMPNetLayer, nn.Dropout: FastDropout}
