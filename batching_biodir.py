"""Pairs -> tensors, and which of their rows go through the encoder together: no repetition, no needless padding."""

from collections.abc import Sequence

import torch

from .encoding_biodir import PairFeatures


def collate_pairs(features: Sequence[PairFeatures], pad_id: int) -> dict[str, torch.Tensor]:
    """The model's inputs for these pairs; an absent chunk is an all-zero mask.

    Returns:
        input_ids: (batch, chunks, tokens)
        attention_mask: (batch, chunks, tokens)
        pair_type_ids: (batch,)
        task_positions: (batch, tasks)
    """
    chunks = max(len(pair.rows) for pair in features)
    tokens = max(len(row) for pair in features for row in pair.rows)
    ids, mask = [], []
    for pair in features:
        for index in range(chunks):
            row = pair.rows[index] if index < len(pair.rows) else ()
            ids.append([*row, *[pad_id] * (tokens - len(row))])
            mask.append([1] * len(row) + [0] * (tokens - len(row)))
    shape = (len(features), chunks, tokens)
    return {
        "input_ids": torch.tensor(ids, dtype=torch.long).view(shape),
        "attention_mask": torch.tensor(mask, dtype=torch.long).view(shape),
        "pair_type_ids": torch.tensor([pair.pair.pair_type_id for pair in features], dtype=torch.long),
        "task_positions": torch.tensor([pair.task_positions for pair in features], dtype=torch.long),
    }


def repeated_chunks(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
    """(batch, chunks) booleans: True where an earlier chunk of the pair is the same.

    Args:
        input_ids, attention_mask: (batch, chunks, tokens)
    """
    ids = input_ids.masked_fill(attention_mask == 0, -1)
    same = (ids.unsqueeze(1) == ids.unsqueeze(2)).all(dim=-1)  # (batch, chunks, chunks)
    return same.tril(diagonal=-1).any(dim=-1)


def length_groups(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Row indices in groups of like length, longest first, each of at most `token_budget` tokens with its padding.

    A row that is longer than the budget forms a group of its own.
    """
    groups: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if groups and (len(groups[-1]) + 1) * longest <= token_budget:
            groups[-1].append(index)
        else:
            groups.append([index])
            longest = lengths[index]
    return groups
