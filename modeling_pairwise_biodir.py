"""The pairwise form, the paper's: from the rows of each pair to the states of its task tokens. Paper, section 2.

Differs from paper: a chunk that occurs twice counts once, and an absent chunk costs nothing; with the paper's maximum
over chunks neither changes a score.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# Returns embeddings with soft prompts, (rows, tokens, hidden), from those without, the attention mask, (rows, tokens),
# and the pair types, (rows,); such as a `SoftPrompt`.
Prompter = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class PairwiseInputs:
    """Inputs of the pairwise form, as `PairwiseProcessor.collate` makes them.

    Args:
        input_ids: (batch, chunks, tokens); the last `soft_prompt_tokens` attended places of a row are overwritten.
        attention_mask: (batch, chunks, tokens), ones first; all zeros for an absent chunk.
        pair_type_ids: (batch,) rows of `config.pair_types`.
        task_positions: (batch, tasks) place of each task token in every row of the pair.

    With a `document` of two entities, a `model` and its `tokenizer`:

    >>> from biodir.processing_biodir import make_processor
    >>> processor = make_processor(tokenizer, model.config)
    >>> features = list(processor.features(processor.tokenize(document)))
    >>> inputs = PairwiseInputs(**{key: torch.as_tensor(value) for key, value in processor.collate(features).items()})
    >>> tokenizer.decode(inputs.input_ids[0, 0, inputs.task_positions[0]])
    '[REL] [NOV] [DIR]'
    """

    input_ids: Tensor
    attention_mask: Tensor
    pair_type_ids: Tensor
    task_positions: Tensor


def pairwise_states(
    encoder: Any, soft_prompt: Prompter | None, inputs: PairwiseInputs, token_budget: int
) -> tuple[Tensor, Tensor]:
    """Return states of the task tokens, (batch, chunks, tasks, hidden), and which chunks are present, (batch, chunks).

    Args:
        token_budget: the most tokens, with padding, that go through the encoder at once.
    """
    present = inputs.attention_mask[..., 0].bool() & ~repeated_chunks(inputs.input_ids, inputs.attention_mask)
    row_pairs = present.nonzero()[:, 0]  # (rows,)
    input_ids, attention_mask = inputs.input_ids[present], inputs.attention_mask[present]  # (rows, tokens)
    lengths = attention_mask.sum(dim=1).tolist()
    groups = length_groups(lengths, token_budget)
    parts = []
    for group in groups:
        rows = torch.tensor(group, device=input_ids.device)
        longest, pairs = lengths[group[0]], row_pairs[rows]
        ids, mask = input_ids[rows, :longest], attention_mask[rows, :longest]  # (rows of the group, tokens)
        types, positions = inputs.pair_type_ids[pairs], inputs.task_positions[pairs]
        parts.append(encode_rows(encoder, soft_prompt, ids, mask, types, positions))
    order = torch.tensor([row for group in groups for row in group], device=input_ids.device)
    states = torch.cat(parts)[order.argsort()]  # (rows, tasks, hidden)
    task_states = states.new_zeros(*present.shape, *states.shape[1:])  # (batch, chunks, tasks, hidden)
    return task_states.masked_scatter(present[..., None, None], states), present


def encode_rows(
    encoder: Any,
    soft_prompt: Prompter | None,
    input_ids: Tensor,
    attention_mask: Tensor,
    pair_type_ids: Tensor,
    task_positions: Tensor,
) -> Tensor:
    """Return (rows, tasks, hidden): the encoder's last states at the task tokens. Has no graph breaks of its own.

    Args:
        input_ids, attention_mask: (rows, tokens)
        pair_type_ids: (rows,)
        task_positions: (rows, tasks)
    """
    embeddings = encoder.get_input_embeddings()(input_ids)  # (rows, tokens, hidden)
    if soft_prompt is not None:
        embeddings = soft_prompt(embeddings, attention_mask, pair_type_ids)
    states = encoder(inputs_embeds=embeddings, attention_mask=attention_mask).last_hidden_state
    index = task_positions.unsqueeze(-1).expand(-1, -1, states.shape[-1])  # (rows, tasks, hidden)
    return states.gather(1, index)


def repeated_chunks(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Return (batch, chunks) booleans: True where an earlier chunk of the pair is the same.

    Args:
        input_ids, attention_mask: (batch, chunks, tokens)
    """
    return equal_chunks(input_ids, attention_mask).tril(diagonal=-1).any(dim=-1)


def equal_chunks(input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """Return (batch, chunks, chunks) booleans: True where two chunks of the pair are the same.

    Args:
        input_ids, attention_mask: (batch, chunks, tokens)
    """
    ids = input_ids.masked_fill(attention_mask == 0, -1)
    return (ids.unsqueeze(1) == ids.unsqueeze(2)).all(dim=-1)


def length_groups(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Return indices of rows in groups of like length, longest first, each within the budget with its padding.

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


def window_groups(tokens: Sequence[int], token_budget: int, is_packed: bool = True) -> list[range]:
    """Return neighbouring windows in groups of at most so many tokens; a larger window is a group of its own.

    Args:
        tokens: of each window.
        token_budget: for a group, with the padding to its longest window where it is not packed.
        is_packed: whether the windows of a group lie in one packed row.
    """
    groups: list[range] = []
    fill = longest = 0
    for window, size in enumerate(tokens):
        fill, longest = fill + size, max(longest, size)
        windows = window + 1 - groups[-1].start if groups else 1
        if not groups or (fill if is_packed else windows * longest) > token_budget:
            groups.append(range(window, window))
            fill = longest = size
        groups[-1] = range(groups[-1].start, window + 1)
    return groups
