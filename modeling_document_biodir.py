"""One pass over a text: from the model's inputs to the states that the heads of the document form are given.

`Reader` is how the model runs its encoder over a packed row: embeddings (tokens, embedding_size), positions (tokens,)
and layout in, states (tokens, hidden) out.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from .modeling_attention_biodir import PackedLayout, packed_layout
from .modeling_pooled_biodir import PairStates, entity_states, mention_attention, pair_contexts

Reader = Callable[[Tensor, Tensor, PackedLayout], Tensor]
Embed = Callable[[Tensor], Tensor]


def document_states(read: Reader, embed: Embed, prompts: Tensor | None, inputs: Mapping[str, Tensor]) -> PairStates:
    """What the heads of the document form are given.

    Args:
        read, embed: the model's encoder and its word embeddings.
        prompts: (pair_types, prompt, embedding_size); None without soft prompts.
        inputs: see `collate_documents`.
    """
    wanted = _wanted_prompts(inputs) if prompts is not None else []
    prompt_tokens = prompts.shape[1] if prompts is not None else 1
    layout = packed_layout(inputs["attention_mask"], [window for window, _ in wanted], prompt_tokens)
    states = read(*_text_and_prompts(embed, prompts, wanted, inputs), layout)
    window_starts = torch.tensor([start for start, _ in layout.windows], device=states.device)
    places = window_starts[inputs["mention_windows"]] + inputs["mention_positions"]
    entities = entity_states(states[places], inputs["mention_entities"], int(inputs["mention_entities"].max()) + 1)
    return PairStates(
        entities=entities,
        pair_entities=inputs["pair_entities"],
        contexts=_contexts(states, layout, places, inputs),
        prompts=_pair_prompts(states, layout, wanted, inputs) if prompts is not None else None,
    )


def _wanted_prompts(inputs: Mapping[str, Tensor]) -> list[tuple[int, int]]:
    """(window, pair type) of every soft prompt that a pair takes, sorted."""
    pair_windows, types = inputs["pair_windows"].tolist(), inputs["pair_type_ids"].tolist()
    wanted = {(w, kind) for found, kind in zip(pair_windows, types, strict=True) for w in found if w >= 0}
    return sorted(wanted)


def _contexts(states: Tensor, layout: PackedLayout, places: Tensor, inputs: Mapping[str, Tensor]) -> Tensor:
    """(batch, hidden): the common context of each pair, one document after the other."""
    mention_documents = inputs["window_documents"][inputs["mention_windows"]]
    pair_documents = inputs["window_documents"][inputs["pair_windows"][:, 0]]
    window_counts, mention_counts, pair_counts = (
        torch.bincount(documents, minlength=int(inputs["window_documents"].max()) + 1).tolist()
        for documents in (inputs["window_documents"], mention_documents, pair_documents)
    )
    query, key = layout.query, layout.key
    assert query is not None, "the encoder has read the row"
    assert key is not None, "the encoder has read the row"
    contexts = []
    window, mention, pair = 0, 0, 0
    for windows, mentions, pairs in zip(window_counts, mention_counts, pair_counts, strict=True):
        numbers = inputs["mention_entities"][mention : mention + mentions]
        first, entities = numbers.min(), len(numbers.unique())
        parts = []
        for index in range(window, window + windows):
            text = slice(*layout.windows[index])
            here = (inputs["mention_windows"][mention : mention + mentions] == index).nonzero()[:, 0]
            tags = places[mention + here]
            attention = mention_attention(query[:, tags], key[:, text])  # (heads, mentions, tokens)
            sums = attention.new_zeros(len(attention), entities, attention.shape[-1])
            parts.append(sums.index_add(1, numbers[here] - first, attention))
        counts = torch.bincount(numbers - first, minlength=entities)[:, None]
        attention = torch.cat(parts, dim=-1) / counts  # (heads, entities, tokens)
        text = slice(layout.windows[window][0], layout.windows[window + windows - 1][1])
        contexts.append(pair_contexts(attention, inputs["pair_entities"][pair : pair + pairs] - first, states[text]))
        window, mention, pair = window + windows, mention + mentions, pair + pairs
    return torch.cat(contexts)


def _pair_prompts(
    states: Tensor, layout: PackedLayout, wanted: Sequence[tuple[int, int]], inputs: Mapping[str, Tensor]
) -> Tensor:
    """(batch, hidden): the mean state of the soft prompt of each pair's type, over the windows that show the pair."""
    places = slice(layout.prompts[0][0], layout.prompts[-1][1])
    prompts = states[places].unflatten(0, (-1, layout.prompt_tokens)).mean(dim=1)  # (soft prompts, hidden)
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
    if prompts is None or not wanted:
        return embeddings, positions
    vectors = prompts[[kind for _, kind in wanted]].flatten(0, 1).to(embeddings.dtype)
    return torch.cat([embeddings, vectors]), torch.cat([positions, positions.new_zeros(len(vectors))])
