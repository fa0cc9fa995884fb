"""The two encodings that read a text once: from the model's inputs to the states that its heads are given.

`Reader` is how the model runs its encoder over a packed row: embeddings (tokens, embedding_size), positions (tokens,)
and layout in, states (tokens, hidden) out.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import torch
from torch import Tensor

from .packing_biodir import PackedLayout, QueryGroup, add_prompts, window_layout
from .pooled_biodir import PairStates, entity_states, mention_attention, pair_contexts

Reader = Callable[[Tensor, Tensor, PackedLayout], Tensor]
Embed = Callable[[Tensor], Tensor]


def levitated_states(
    read: Reader, embed: Embed, prompts: Tensor | None, tasks: int, inputs: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """States of the task tokens, (batch, chunks, tasks, hidden), and which chunks are present, (batch, chunks).

    A chunk is a window in which the pair is asked, or the infix in it.

    Args:
        read, embed: the model's encoder and its word embeddings.
        prompts: (pair_types, prompt, embedding_size)
        tasks: number of task tokens.
        inputs: see `collate_queries`.
    """
    layout = window_layout(inputs["attention_mask"])
    lengths, windows, pairs = (
        values.tolist() for values in (inputs["query_mask"].sum(dim=1), inputs["query_windows"], inputs["query_pairs"])
    )
    types = inputs["pair_type_ids"][inputs["query_pairs"]].tolist()
    wanted = sorted(set(zip(windows, types, strict=True))) if prompts is not None else []
    prompt_places = add_prompts(layout, wanted, 0 if prompts is None else prompts.shape[1])
    order = sorted(range(len(lengths)), key=lambda query: (windows[query], lengths[query]))
    starts = [0] * len(order)
    for (window, length), members in groupby(order, key=lambda query: (windows[query], lengths[query])):
        queries = list(members)
        start = layout.end
        for number, query in enumerate(queries):
            starts[query] = start + number * length
        firsts = [prompt_places[window, types[query]] for query in queries] if prompts is not None else None
        layout.groups.append(_query_group(layout, window, length, queries, firsts, prompts, tasks, inputs))
    in_order = torch.tensor(order, device=inputs["query_ids"].device)
    attended = inputs["query_mask"][in_order].bool()
    embeddings, positions = _text_and_prompts(embed, prompts, wanted, inputs)
    embeddings = torch.cat([embeddings, embed(inputs["query_ids"][in_order][attended])])
    positions = torch.cat([positions, inputs["query_positions"][in_order][attended]])
    states = read(embeddings, positions, layout)
    sets = 2 if "query_ranges" in inputs else 1
    places = torch.tensor(starts, device=states.device)[:, None] + torch.arange(sets * tasks, device=states.device)
    return _by_pair(states[places].unflatten(1, (sets, tasks)), pairs, len(inputs["pair_type_ids"]))


def _query_group(
    layout: PackedLayout,
    window: int,
    length: int,
    queries: Sequence[int],
    prompt_firsts: Sequence[int] | None,
    prompts: Tensor | None,
    tasks: int,
    inputs: Mapping[str, Tensor],
) -> QueryGroup:
    device = inputs["query_ids"].device
    places, ranges = None, None
    if prompts is not None:
        firsts = torch.tensor(prompt_firsts, device=device)
        places = firsts[:, None] + torch.arange(prompts.shape[1], device=device)
    if "query_ranges" in inputs:
        ranges = inputs["query_ranges"][torch.tensor(queries, device=device)]
    return QueryGroup(window, layout.end, len(queries), length, places, ranges, slice(tasks, 2 * tasks))


def _by_pair(states: Tensor, pairs: Sequence[int], batch: int) -> tuple[Tensor, Tensor]:
    """The states (queries, sets, tasks, hidden) as (batch, chunks, tasks, hidden), and which chunks are present."""
    seen = [0] * batch
    slots = []
    for pair in pairs:
        slots.append(seen[pair])
        seen[pair] += 1
    sets = states.shape[1]
    rows = torch.tensor(pairs, device=states.device)[:, None].expand(-1, sets)
    places = torch.tensor(slots, device=states.device)[:, None] * sets + torch.arange(sets, device=states.device)
    chunks = max(seen) * sets
    by_pair = states.new_zeros(batch, chunks, *states.shape[2:]).index_put((rows, places), states)
    counts = torch.tensor(seen, device=states.device)[:, None] * sets
    return by_pair, torch.arange(chunks, device=states.device) < counts


def pooled_states(read: Reader, embed: Embed, prompts: Tensor | None, inputs: Mapping[str, Tensor]) -> PairStates:
    """What the heads of the pooled encoding are given.

    Args:
        read, embed, prompts: as in `levitated_states`.
        inputs: see `collate_mentions`.
    """
    layout = window_layout(inputs["attention_mask"])
    pair_windows, types = inputs["pair_windows"].tolist(), inputs["pair_type_ids"].tolist()
    wanted: list[tuple[int, int]] = []
    if prompts is not None:
        used = {(w, kind) for found, kind in zip(pair_windows, types, strict=True) for w in found if w >= 0}
        wanted = sorted(used)
    add_prompts(layout, wanted, 0 if prompts is None else prompts.shape[1])
    states = read(*_text_and_prompts(embed, prompts, wanted, inputs), layout)
    window_starts = torch.tensor([start for start, _ in layout.windows], device=states.device)
    places = window_starts[inputs["mention_windows"]] + inputs["mention_positions"]
    entities = entity_states(states[places], inputs["mention_entities"], int(inputs["mention_entities"].max()) + 1)
    return PairStates(
        entities=entities,
        pair_entities=inputs["pair_entities"],
        contexts=_contexts(states, layout, places, inputs),
        prompts=_pair_prompts(states, layout, wanted, prompts.shape[1], inputs) if prompts is not None else None,
    )


def _contexts(states: Tensor, layout: PackedLayout, places: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
    """(batch, hidden): the common context of each pair, one document after the other."""
    mention_documents = inputs["window_documents"][inputs["mention_windows"]]
    pair_documents = inputs["window_documents"][inputs["pair_windows"][:, 0]]
    window_counts, mention_counts, pair_counts = (
        torch.bincount(documents, minlength=int(inputs["window_documents"].max()) + 1).tolist()
        for documents in (inputs["window_documents"], mention_documents, pair_documents)
    )
    contexts = []
    window, mention, pair = 0, 0, 0
    for windows, mentions, pairs in zip(window_counts, mention_counts, pair_counts, strict=True):
        spans = layout.windows[window : window + windows]
        text = slice(spans[0][0], spans[-1][1])
        here = slice(mention, mention + mentions)
        own = torch.tensor(spans, device=states.device)[inputs["mention_windows"][here] - window]  # (mentions, 2)
        tokens = torch.arange(text.start, text.stop, device=states.device)
        visible = (tokens >= own[:, :1]) & (tokens < own[:, 1:])
        attention = mention_attention(layout.query[:, text], layout.key[:, text], places[here] - text.start, visible)
        numbers = inputs["mention_entities"][here]
        first = numbers.min()
        member = torch.nn.functional.one_hot(numbers - first).T.to(attention.dtype)  # (entities, mentions)
        attention = (member / member.sum(dim=1, keepdim=True)) @ attention  # (heads, entities, tokens)
        asked = inputs["pair_entities"][pair : pair + pairs] - first
        contexts.append(pair_contexts(attention, asked, states[text]))
        window, mention, pair = window + windows, mention + mentions, pair + pairs
    return torch.cat(contexts)


def _pair_prompts(
    states: Tensor,
    layout: PackedLayout,
    wanted: Sequence[tuple[int, int]],
    prompt_tokens: int,
    inputs: Mapping[str, Tensor],
) -> Tensor:
    """(batch, hidden): the mean state of the soft prompt of each pair's type, over the windows that show the pair."""
    start = layout.windows[-1][1]
    prompts = states[start : start + len(wanted) * prompt_tokens].unflatten(0, (-1, prompt_tokens)).mean(dim=1)
    numbers = {prompt: number for number, prompt in enumerate(wanted)}
    pair_windows, types = inputs["pair_windows"], inputs["pair_type_ids"].tolist()
    index = [
        [numbers.get((window, kind), 0) for window in found]
        for found, kind in zip(pair_windows.tolist(), types, strict=True)
    ]
    present = (pair_windows >= 0).unsqueeze(-1)  # (batch, windows, 1)
    found = prompts[torch.tensor(index, device=states.device)]  # (batch, windows, hidden)
    return (found * present).sum(dim=1) / present.sum(dim=1)


def _text_and_prompts(
    embed: Embed, prompts: Tensor | None, wanted: Sequence[tuple[int, int]], inputs: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Embeddings and positions of the windows' tokens and of the soft prompts behind them.

    A soft prompt stands for no place of the text; its tokens take the first position.
    """
    attended = inputs["attention_mask"].bool()
    embeddings = embed(inputs["input_ids"][attended])  # (tokens, embedding_size)
    positions = (inputs["attention_mask"].cumsum(dim=1) - 1)[attended]
    if not wanted:
        return embeddings, positions
    vectors = prompts[[kind for _, kind in wanted]].flatten(0, 1).to(embeddings.dtype)
    return torch.cat([embeddings, vectors]), torch.cat([positions, positions.new_zeros(len(vectors))])
