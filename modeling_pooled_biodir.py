"""Pairs put together from the states of a text that was read once: entities, their common context, bilinear heads.

Zhou et al. 2021 (ATLOP). Differs from ATLOP: binary losses and BioREDirect's decoding; a head for each task; the mean
state of the pair type's soft prompt joins a pair; entity, context and prompt are mapped apart and added, which equals
one map of all three side by side but is paid once for an entity.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

# Width of the groups of a grouped bilinear map. ATLOP: 64.
GROUP_SIZE = 64
# Pairs whose attention over the text is held at once.
PAIRS_AT_ONCE = 256


@dataclass(frozen=True)
class PairStates:
    """What the heads are given.

    Args:
        entities: (entities, hidden)
        pair_entities: (batch, 2) rows of `entities`.
        contexts: (batch, hidden) the text weighed by both entities' attention.
        prompts: (batch, hidden) the soft prompt of the pair's type; None without soft prompts.
    """

    entities: Tensor
    pair_entities: Tensor
    contexts: Tensor
    prompts: Tensor | None


class DocumentHead(nn.Module):
    """One task: a vector for each side of the pair, then a grouped bilinear classifier."""

    def __init__(self, hidden_size: int, labels: int, has_prompts: bool, dropout: float) -> None:
        super().__init__()
        self.sides = nn.ModuleList(_Side(hidden_size, has_prompts) for _ in range(2))
        self.group_size = min(GROUP_SIZE, hidden_size)
        while hidden_size % self.group_size:
            self.group_size -= 1
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size * self.group_size, labels)

    def forward(self, states: PairStates) -> Tensor:
        """(batch, labels)"""
        groups = (-1, self.group_size)
        first, second = (
            self.dropout(side(states, place)).unflatten(-1, groups).transpose(0, 1)
            for place, side in enumerate(self.sides)
        )  # (groups, batch, group_size)
        # The classifier of all products of the two vectors, group by group, without holding these products.
        labels = self.classifier.out_features
        weight = self.classifier.weight.view(labels, -1, self.group_size, self.group_size)
        weight = weight.permute(1, 2, 0, 3).flatten(2)  # (groups, group_size, labels * group_size)
        mapped = (first @ weight).unflatten(-1, (labels, self.group_size))  # (groups, batch, labels, group_size)
        return torch.einsum("gbls,gbs->bl", mapped, second) + self.classifier.bias


class _Side(nn.Module):
    """One side of a pair, as a task sees it: entity, context and soft prompt."""

    def __init__(self, hidden_size: int, has_prompts: bool) -> None:
        super().__init__()
        self.entity = nn.Linear(hidden_size, hidden_size)
        self.context = nn.Linear(hidden_size, hidden_size, bias=False)
        self.prompt = nn.Linear(hidden_size, hidden_size, bias=False) if has_prompts else None

    def forward(self, states: PairStates, place: int) -> Tensor:
        """(batch, hidden) for entity1 (place 0) or entity2 (place 1)."""
        dtype = self.entity.weight.dtype  # entities and contexts are computed in float32, whatever the weights are
        mapped = self.entity(states.entities.to(dtype))[states.pair_entities[:, place]]
        mapped = mapped + self.context(states.contexts.to(dtype))
        if self.prompt is not None:
            assert states.prompts is not None, "sides with prompts are made where the model has some"
            mapped = mapped + self.prompt(states.prompts.to(dtype))
        return torch.tanh(mapped)


def entity_states(mention_states: Tensor, mention_entities: Tensor, entities: int) -> Tensor:
    """(entities, hidden): the log-sum-exp of the states of each entity's mentions. Zhou et al. 2021, equation 1.

    Args:
        mention_states: (mentions, hidden)
        mention_entities: (mentions,) numbers below `entities`, each at least once.
    """
    states = mention_states.float()
    index = mention_entities.unsqueeze(-1).expand_as(states)
    shape = (entities, states.shape[-1])
    highest = states.new_zeros(shape).scatter_reduce(0, index, states.detach(), "amax", include_self=False)
    sums = states.new_zeros(shape).index_add(0, mention_entities, (states - highest[mention_entities]).exp())
    return sums.log() + highest


def mention_attention(query: Tensor, key: Tensor) -> Tensor:
    """(heads, mentions, tokens): what each mention attends to in its window.

    Args:
        query: (heads, mentions, head_size) of the opening tags in the last layer, scaled.
        key: (heads, tokens, head_size) of the window in the last layer.
    """
    return (query.float() @ key.float().transpose(1, 2)).softmax(dim=-1)


def pair_contexts(attention: Tensor, pair_entities: Tensor, text_states: Tensor) -> Tensor:
    """(batch, hidden): localized context pooling, the text weighed by both entities' attention. Equation 3 of ATLOP.

    Entities that never share a window have no common context: zeros.

    Args:
        attention: (heads, entities, tokens) mean over each entity's mentions.
        pair_entities: (batch, 2) rows of `attention`.
        text_states: (tokens, hidden)
    """
    parts = []
    for pairs in pair_entities.split(PAIRS_AT_ONCE):
        common = (attention[:, pairs[:, 0]] * attention[:, pairs[:, 1]]).sum(dim=0)  # (pairs, tokens)
        parts.append(common / common.sum(dim=-1, keepdim=True).clamp_min(1e-12))
    return torch.cat(parts) @ text_states.float()
