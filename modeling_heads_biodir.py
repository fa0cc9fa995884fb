"""The parts of the model around its encoder: soft prompt, chunk pooling, and the heads of both forms."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

# Width of the groups of a grouped bilinear map. ATLOP: 64.
GROUP_SIZE = 64
# Pairs that the heads of the document form compute at once; training and usual documents have no more.
PAIRS_OF_HEADS = 2048


class SoftPrompt(nn.Module):
    """Learned vectors for each pair type. Paper, section 2.

    They enter as input embeddings, so the encoder adds positions and attends to them.

    Args:
        pair_types: number of pair types.
        prompt_tokens: vectors of each. Paper: 8.
        embedding_size: width of the encoder's word embeddings.

    >>> prompt = SoftPrompt(pair_types=8, prompt_tokens=2, embedding_size=1)
    >>> embeddings, attention_mask = torch.ones(1, 5, 1), torch.tensor([[1, 1, 1, 1, 0]])
    >>> prompt(embeddings, attention_mask, torch.tensor([0])).flatten().tolist()  # zeros until a model sets them
    [1.0, 1.0, 0.0, 0.0, 1.0]
    """

    def __init__(self, pair_types: int, prompt_tokens: int, embedding_size: int) -> None:
        super().__init__()
        self.prompt_tokens = prompt_tokens
        self.vectors = nn.Parameter(torch.zeros(pair_types, prompt_tokens, embedding_size))

    def forward(self, embeddings: Tensor, attention_mask: Tensor, pair_type_ids: Tensor) -> Tensor:
        """Return the embeddings, with the prompt vectors in the last attended places of each row.

        Args:
            embeddings: (rows, tokens, hidden)
            attention_mask: (rows, tokens), ones first.
            pair_type_ids: (rows,)
        """
        prompts = self.vectors[pair_type_ids].to(embeddings.dtype)  # (rows, prompt, hidden)
        places = torch.arange(embeddings.shape[1], device=embeddings.device)  # (tokens,)
        first_place = attention_mask.sum(dim=1, keepdim=True) - self.prompt_tokens  # (rows, 1)
        slots = places - first_place  # (rows, tokens)
        is_prompt = (slots >= 0) & (slots < self.prompt_tokens)
        index = slots.clamp(0, self.prompt_tokens - 1).unsqueeze(-1).expand_as(embeddings)
        return torch.where(is_prompt.unsqueeze(-1), prompts.gather(1, index), embeddings)


class CorpusVectors(nn.Embedding):
    """Learned vectors of corpora, which join the states of their pairs: the habits of a corpus need no room elsewhere.

    After the data set token of BioREx (Lai et al. 2023). Differs from it: the first row, that of the corpora that the
    model is for, is zero and stays so. Predictions use no vector, so that the others can be dropped after training.

    >>> vectors = CorpusVectors(3, 4, padding_idx=0)  # zeros in a model, until it learns
    >>> vectors(torch.tensor([0, 2])).shape
    torch.Size([2, 4])
    """


class ChunkPooling(nn.Module):
    """Joins the chunks of a pair into one vector. Paper: the maximum; the mean and attention are settings.

    Attention scores every chunk by one learned vector for each task and weighs the chunks by the softmax.

    >>> states = torch.tensor([[[1.0, 5.0], [3.0, 2.0], [9.0, 9.0]]])  # one pair, three chunks
    >>> ChunkPooling("max", hidden_size=2)(states, torch.tensor([[True, True, False]]))
    tensor([[3., 5.]])
    """

    def __init__(self, kind: str, hidden_size: int) -> None:
        super().__init__()
        self.kind = kind
        self.scorer = nn.Linear(hidden_size, 1, bias=False) if kind == "attention" else None

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """Return (batch, hidden) from states (batch, chunks, hidden) and present (batch, chunks) booleans."""
        absent = ~present.unsqueeze(-1)  # (batch, chunks, 1)
        if self.kind == "max":
            return states.masked_fill(absent, torch.finfo(states.dtype).min).amax(dim=1)
        if self.scorer is None:
            return states.masked_fill(absent, 0).sum(dim=1) / present.sum(dim=1, keepdim=True)
        weights = self.scorer(states).masked_fill(absent, torch.finfo(states.dtype).min).softmax(dim=1)
        return (weights * states.masked_fill(absent, 0)).sum(dim=1)


class AddedMap(nn.Linear):
    """A linear map without bias that starts as zero, so that a trained model without it can take it up.

    >>> AddedMap(2, 3)(torch.ones(1, 2)).tolist()
    [[0.0, 0.0, 0.0]]
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)

    def reset_parameters(self) -> None:
        """Set the weight to zero, which draws no random number."""
        nn.init.zeros_(self.weight)


class PairwiseHead(nn.Module):
    """One task of the pairwise form: dense + tanh on each chunk's task token, chunk pooling, classifier.

    Paper, section 2.

    >>> head = PairwiseHead(hidden_size=4, labels=9, chunk_pooling="max", dropout=0.1)
    >>> head(torch.zeros(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)).shape  # two pairs of three chunks
    torch.Size([2, 9])
    """

    def __init__(self, hidden_size: int, labels: int, chunk_pooling: str, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.pooling = ChunkPooling(chunk_pooling, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, labels)

    def forward(self, task_states: Tensor, present: Tensor) -> Tensor:
        """Return (batch, labels) from task_states (batch, chunks, hidden) and present (batch, chunks)."""
        pooled = self.pooling(torch.tanh(self.dense(task_states)), present)  # (batch, hidden)
        return self.classifier(self.dropout(pooled))


@dataclass(frozen=True)
class PairStates:
    """States of pairs, as the heads of the document form take them.

    Args:
        entities: (entities, hidden)
        pair_entities: (batch, 2) rows of `entities`.
        contexts: (batch, hidden) the text weighed by the attention of both entities.
        prompts: (batch, hidden) the soft prompt of the pair's type; None without soft prompts.
        pair_prompts: (batch,) rows of `prompts`, which then are (prompts, hidden) and shared by pairs; None for one row
            for each pair.
        evidence: (batch,) share of the context that lies in the sentences of the pair's closest mentions; 0 for a pair
            that no window shows, None where it is not needed.
        mentions: (mentions, hidden) states of the start markers; None where they are not needed.
        closest: (batch, 3, hidden) states of the start markers of the closest mentions of entity1 and entity2, and the
            mean over the text from the first of these markers to the last; zeros for a pair that no window shows, None
            where the heads do not take them.

    >>> states = PairStates(torch.zeros(3, 4), torch.tensor([[0, 1], [0, 2]]), torch.zeros(2, 4), prompts=None)
    >>> states.entities[states.pair_entities].shape  # (batch, 2, hidden)
    torch.Size([2, 2, 4])
    """

    entities: Tensor
    pair_entities: Tensor
    contexts: Tensor
    prompts: Tensor | None
    pair_prompts: Tensor | None = None
    evidence: Tensor | None = None
    mentions: Tensor | None = None
    closest: Tensor | None = None

    def split(self, pairs: int) -> "list[PairStates]":
        """Return parts of at most so many pairs; they share the entities, and prompts that pairs share."""
        names = ("pair_entities", "contexts", "closest", "prompts" if self.pair_prompts is None else "pair_prompts")
        split = {name: getattr(self, name).split(pairs) for name in names if getattr(self, name) is not None}
        whole = replace(self, evidence=None, mentions=None)
        return [replace(whole, **dict(zip(split, part, strict=True))) for part in zip(*split.values(), strict=True)]


class DocumentHead(nn.Module):
    """One task of the document form: a vector for each side of the pair, then a grouped bilinear classifier.

    Zhou et al. 2021 (ATLOP). Differs from ATLOP: a head for each task; the mean state of the pair type's soft prompt
    joins a pair, and with `closest_mentions` the states of the closest mentions and of the text between them; all are
    mapped apart and added, which equals one map of them side by side but is computed once for an entity.

    >>> states = PairStates(torch.zeros(3, 4), torch.tensor([[0, 1], [0, 2]]), torch.zeros(2, 4), prompts=None)
    >>> DocumentHead(hidden_size=4, labels=9, has_prompts=False, dropout=0.1)(states).shape
    torch.Size([2, 9])
    """

    def __init__(
        self, hidden_size: int, labels: int, has_prompts: bool, dropout: float, has_closest: bool = False
    ) -> None:
        super().__init__()
        self.sides = nn.ModuleList(_Side(hidden_size, has_prompts, has_closest) for _ in range(2))
        self.group_size = min(GROUP_SIZE, hidden_size)
        while hidden_size % self.group_size:
            self.group_size -= 1
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size * self.group_size, labels)

    def forward(self, states: PairStates) -> Tensor:
        """Return (batch, labels)."""
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
    """One side of a pair, for one task: entity, context, soft prompt, and the closest mention with the text from it."""

    def __init__(self, hidden_size: int, has_prompts: bool, has_closest: bool) -> None:
        super().__init__()
        self.entity = nn.Linear(hidden_size, hidden_size)
        self.context = nn.Linear(hidden_size, hidden_size, bias=False)
        self.prompt = nn.Linear(hidden_size, hidden_size, bias=False) if has_prompts else None
        self.mention = AddedMap(hidden_size, hidden_size) if has_closest else None
        self.between = AddedMap(hidden_size, hidden_size) if has_closest else None

    def forward(self, states: PairStates, place: int) -> Tensor:
        """Return (batch, hidden) for entity1 (place 0) or entity2 (place 1)."""
        dtype = self.entity.weight.dtype  # entities and contexts are computed in float32, whatever the weights are
        mapped = self.entity(states.entities.to(dtype))[states.pair_entities[:, place]]  # (batch, hidden)
        mapped = mapped + self.context(states.contexts.to(dtype))
        if self.prompt is not None:
            assert states.prompts is not None, "sides with prompts are made where the model has some"
            of_prompts = self.prompt(states.prompts.to(dtype))  # (batch or prompts, hidden)
            mapped = mapped + (of_prompts if states.pair_prompts is None else of_prompts[states.pair_prompts])
        if self.mention is not None and self.between is not None:
            assert states.closest is not None, "sides with closest mentions are made where the model has them"
            closest = states.closest.to(dtype)
            mapped = mapped + self.mention(closest[:, place]) + self.between(closest[:, 2])
        return torch.tanh(mapped)
