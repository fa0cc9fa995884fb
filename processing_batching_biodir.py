"""Pairs -> tensors, and which of their rows go through the encoder together: no repetition, no needless padding."""

from collections.abc import Sequence
from typing import Any

import torch

from .processing_features_biodir import DocumentFeatures, PairwiseFeatures


def collate_pairs(features: Sequence[PairwiseFeatures], pad_id: int) -> dict[str, torch.Tensor]:
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


def packed_groups(features: Sequence[DocumentFeatures], token_budget: int, most_pairs: int) -> list[list[int]]:
    """Indices in groups of neighbours, each of at most so many tokens and pairs; packed rows have no padding.

    What is larger than that forms a group of its own.
    """
    groups: list[list[int]] = []
    tokens = pairs = 0
    for index, found in enumerate(features):
        tokens, pairs = tokens + found.tokens, pairs + len(found.pairs)
        if not groups or tokens > token_budget or pairs > most_pairs:
            groups.append([])
            tokens, pairs = found.tokens, len(found.pairs)
        groups[-1].append(index)
    return groups


def collate_documents(features: Sequence[DocumentFeatures], pad_id: int) -> dict[str, torch.Tensor]:
    """The model's inputs for these windows and their pairs.

    Returns:
        input_ids: (windows, tokens)
        attention_mask: (windows, tokens)
        window_documents: (windows,) number of the document in the batch, ascending.
        mention_windows: (mentions,) rows of `input_ids`, ascending.
        mention_positions: (mentions,) place of the opening tag in the window's row.
        mention_entities: (mentions,) number of the entity in the batch.
        pair_type_ids: (batch,)
        pair_entities: (batch, 2) numbers of entity1 and entity2.
        pair_windows: (batch, windows) rows of `input_ids` whose soft prompts the pair takes; -1 where it has fewer.
    """
    rows = [row for document in features for row in document.rows]
    longest = max(len(row) for row in rows)
    inputs = {
        "input_ids": [[*row, *[pad_id] * (longest - len(row))] for row in rows],
        "attention_mask": [[1] * len(row) + [0] * (longest - len(row)) for row in rows],
        **_mentions_and_pairs(features),
    }
    return {name: torch.tensor(values) for name, values in inputs.items()}


def _mentions_and_pairs(features: Sequence[DocumentFeatures]) -> dict[str, list[Any]]:
    """What `collate_documents` says of mentions and pairs, whose windows and entities it counts through the batch."""
    numbers: dict[tuple[int, tuple[str, str]], int] = {}
    inputs: dict[str, list[Any]] = {
        name: []
        for name in ("window_documents", "mention_windows", "mention_positions", "mention_entities", "pair_type_ids",
                     "pair_entities", "pair_windows")
    }  # fmt: skip
    for document, found in enumerate(features):
        before = len(inputs["window_documents"])
        inputs["window_documents"] += [document] * len(found.rows)
        for mention in found.mentions:
            inputs["mention_windows"].append(before + mention.window)
            inputs["mention_positions"].append(mention.position)
            inputs["mention_entities"].append(numbers.setdefault((document, mention.entity), len(numbers)))
        for question in found.pairs:
            sides = question.pair.entity1, question.pair.entity2
            inputs["pair_type_ids"].append(question.pair.pair_type_id)
            inputs["pair_entities"].append([numbers[document, (e.identifier, e.entity_type)] for e in sides])
            inputs["pair_windows"].append([before + window for window in question.windows])
    most = max(map(len, inputs["pair_windows"]))
    inputs["pair_windows"] = [[*found, *[-1] * (most - len(found))] for found in inputs["pair_windows"]]
    return inputs
