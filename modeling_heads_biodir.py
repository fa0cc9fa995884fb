"""The parts of the paper's model around its encoder: soft prompt, chunk pooling, the head of a task."""

import torch
from torch import Tensor, nn


class SoftPrompt(nn.Module):
    """Learned vectors for each pair type, put into the attended placeholders at the end of a row.

    Paper, section 2. The vectors enter as input embeddings, so the encoder adds positions and attends to them.
    """

    def __init__(self, pair_types: int, prompt_tokens: int, embedding_size: int) -> None:
        super().__init__()
        self.prompt_tokens = prompt_tokens
        self.vectors = nn.Parameter(torch.zeros(pair_types, prompt_tokens, embedding_size))

    def forward(self, embeddings: Tensor, attention_mask: Tensor, pair_type_ids: Tensor) -> Tensor:
        """The embeddings, with the prompt vectors in the last attended places of each row.

        Args:
            embeddings: (rows, tokens, hidden)
            attention_mask: (rows, tokens), ones first.
            pair_type_ids: (rows,)
        """
        prompts = self.vectors[pair_type_ids].to(embeddings.dtype)  # (rows, prompt, hidden)
        places = torch.arange(embeddings.shape[1], device=embeddings.device)
        first_place = attention_mask.sum(dim=1, keepdim=True) - self.prompt_tokens  # (rows, 1)
        slots = places - first_place  # (rows, tokens)
        is_prompt = (slots >= 0) & (slots < self.prompt_tokens)
        index = slots.clamp(0, self.prompt_tokens - 1).unsqueeze(-1).expand_as(embeddings)
        return torch.where(is_prompt.unsqueeze(-1), prompts.gather(1, index), embeddings)


class ChunkPooling(nn.Module):
    """Joins the chunks of a pair into one vector. Paper: the maximum; the mean and attention are settings.

    Attention scores every chunk by one learned vector for each task and weighs the chunks by the softmax.
    """

    def __init__(self, kind: str, hidden_size: int) -> None:
        super().__init__()
        self.kind = kind
        self.scorer = nn.Linear(hidden_size, 1, bias=False) if kind == "attention" else None

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """(batch, hidden) from states (batch, chunks, hidden) and present (batch, chunks) booleans."""
        absent = ~present.unsqueeze(-1)  # (batch, chunks, 1)
        if self.kind == "max":
            return states.masked_fill(absent, torch.finfo(states.dtype).min).amax(dim=1)
        if self.scorer is None:
            return states.masked_fill(absent, 0).sum(dim=1) / present.sum(dim=1, keepdim=True)
        weights = self.scorer(states).masked_fill(absent, torch.finfo(states.dtype).min).softmax(dim=1)
        return (weights * states.masked_fill(absent, 0)).sum(dim=1)


class PairwiseHead(nn.Module):
    """One task: dense + tanh over each chunk's task token, chunk pooling, linear classifier. Paper, section 2."""

    def __init__(self, hidden_size: int, labels: int, chunk_pooling: str, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.pooling = ChunkPooling(chunk_pooling, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, labels)

    def forward(self, task_states: Tensor, present: Tensor) -> Tensor:
        """(batch, labels) from task_states (batch, chunks, hidden) and present (batch, chunks)."""
        pooled = self.pooling(torch.tanh(self.dense(task_states)), present)  # (batch, hidden)
        return self.classifier(self.dropout(pooled))
