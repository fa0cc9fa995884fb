"""The document form: from a text that is read once to the states of all its pairs.

Zhou et al. 2021 (ATLOP): entity states, and the context that both entities of a pair attend to. Differs from ATLOP:
windows of several documents and their soft prompts lie in one packed row, see `modeling_attention_biodir`; losses and
decoding are those of BioREDirect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .modeling_attention_biodir import PackedLayout, PackedStates, encode_packed, packed_layout
from .modeling_heads_biodir import PairStates

# Pairs whose attention over the text is held at once.
PAIRS_AT_ONCE = 256


@dataclass(frozen=True)
class DocumentInputs:
    """Inputs of the document form, as `DocumentProcessor.collate` makes them.

    Args:
        input_ids: (windows, tokens)
        attention_mask: (windows, tokens), ones first.
        window_documents: (windows,) number of the document in the batch, ascending.
        mention_windows: (mentions,) rows of `input_ids`, ascending.
        mention_positions: (mentions,) place of the start marker in the window's row.
        mention_entities: (mentions,) number of the entity in the batch.
        pair_type_ids: (batch,) rows of `config.pair_types`.
        pair_entities: (batch, 2) numbers of entity1 and entity2.
        pair_windows: (batch, windows) rows of `input_ids` that the pair is scored in; -1 where it has fewer.

    With a `document` of two entities with a mention each, and the `tokenizer` of a checkpoint:

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> from biodir.processing_biodir import make_processor
    >>> processor = make_processor(tokenizer, BioDirConfig(pair_encoding="document"))
    >>> features = list(processor.features(processor.tokenize(document)))
    >>> inputs = DocumentInputs(**{key: torch.as_tensor(value) for key, value in processor.collate(features).items()})
    >>> inputs.mention_entities, inputs.pair_entities, inputs.pair_windows
    (tensor([0, 1]), tensor([[0, 1]]), tensor([[0]]))
    """

    input_ids: Tensor
    attention_mask: Tensor
    pair_type_ids: Tensor
    window_documents: Tensor
    mention_windows: Tensor
    mention_positions: Tensor
    mention_entities: Tensor
    pair_entities: Tensor
    pair_windows: Tensor


def document_states(encoder: Any, prompts: Tensor | None, inputs: DocumentInputs) -> PairStates:
    """Return the states that the heads of the document form take.

    Args:
        encoder: with packed attention.
        prompts: (pair_types, prompt, embedding_size); None without soft prompts.
    """
    needed = _needed_prompts(inputs) if prompts is not None else []
    prompt_tokens = prompts.shape[1] if prompts is not None else 1
    layout = packed_layout(inputs.attention_mask, [window for window, _ in needed], prompt_tokens)
    embeddings, positions = _packed_row(encoder.get_input_embeddings(), prompts, needed, inputs)
    packed = encode_packed(encoder, embeddings, positions, layout)
    window_starts = torch.tensor([start for start, _ in layout.windows], device=packed.hidden.device)  # (windows,)
    markers = window_starts[inputs.mention_windows] + inputs.mention_positions  # (mentions,) places in the row
    entities = int(inputs.mention_entities.max()) + 1
    return PairStates(
        entities=entity_states(packed.hidden[markers], inputs.mention_entities, entities),
        pair_entities=inputs.pair_entities,
        contexts=_contexts(packed, layout, markers, inputs),
        prompts=_pair_prompts(packed.hidden, layout, needed, inputs) if prompts is not None else None,
    )


def entity_states(mention_states: Tensor, mention_entities: Tensor, entities: int) -> Tensor:
    """Return (entities, hidden): log-sum-exp over the states of each entity's mentions. ATLOP, equation 1.

    Args:
        mention_states: (mentions, hidden)
        mention_entities: (mentions,) numbers below `entities`, each at least once.
        entities: how many.
    """
    states = mention_states.float()
    index = mention_entities.unsqueeze(-1).expand_as(states)  # (mentions, hidden)
    shape = (entities, states.shape[-1])
    highest = states.new_zeros(shape).scatter_reduce(0, index, states.detach(), "amax", include_self=False)
    sums = states.new_zeros(shape).index_add(0, mention_entities, (states - highest[mention_entities]).exp())
    return sums.log() + highest


def mention_attention(query: Tensor, key: Tensor) -> Tensor:
    """Return (heads, mentions, tokens): what each mention attends to in its window.

    Args:
        query: (heads, mentions, head_size) of the start markers in the last layer, scaled.
        key: (heads, tokens, head_size) of the window in the last layer.
    """
    return (query.float() @ key.float().transpose(1, 2)).softmax(dim=-1)


def pair_contexts(attention: Tensor, pair_entities: Tensor, text_states: Tensor) -> Tensor:
    """Return (batch, hidden): the text weighed by the attention of both entities. ATLOP, equation 3.

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


def _needed_prompts(inputs: DocumentInputs) -> list[tuple[int, int]]:
    """Return (window, pair type) of every soft prompt that a pair takes, sorted."""
    pair_windows, types = inputs.pair_windows.tolist(), inputs.pair_type_ids.tolist()
    return sorted({(w, kind) for windows, kind in zip(pair_windows, types, strict=True) for w in windows if w >= 0})


def _packed_row(
    word_embeddings: Any, prompts: Tensor | None, needed: Sequence[tuple[int, int]], inputs: DocumentInputs
) -> tuple[Tensor, Tensor]:
    """Return embeddings, (tokens, embedding_size), and positions, (tokens,), of the windows and their soft prompts.

    A soft prompt represents no place of the text; its tokens take the first position.
    """
    attended = inputs.attention_mask.bool()
    embeddings = word_embeddings(inputs.input_ids[attended])  # (text tokens, embedding_size)
    positions = (inputs.attention_mask.cumsum(dim=1) - 1)[attended]  # (text tokens,)
    if prompts is None or not needed:
        return embeddings, positions
    vectors = prompts[[kind for _, kind in needed]].flatten(0, 1).to(embeddings.dtype)  # (prompts * prompt, size)
    return torch.cat([embeddings, vectors]), torch.cat([positions, positions.new_zeros(len(vectors))])


def _contexts(packed: PackedStates, layout: PackedLayout, markers: Tensor, inputs: DocumentInputs) -> Tensor:
    """Return (batch, hidden): the common context of each pair, one document after the other."""
    documents = inputs.window_documents
    window_counts, mention_counts, pair_counts = (
        torch.bincount(found, minlength=int(documents.max()) + 1).tolist()
        for found in (documents, documents[inputs.mention_windows], documents[inputs.pair_windows[:, 0]])
    )
    contexts = []
    window, mention, pair = 0, 0, 0
    for windows, mentions, pairs in zip(window_counts, mention_counts, pair_counts, strict=True):
        spans = layout.windows[window : window + windows]
        here = slice(mention, mention + mentions)
        numbers = inputs.mention_entities[here]
        first_entity = numbers.min()
        attention = _entity_attention(
            packed, spans, markers[here], inputs.mention_windows[here] - window, numbers - first_entity
        )  # (heads, entities, tokens)
        text_states = packed.hidden[spans[0][0] : spans[-1][1]]  # (tokens, hidden)
        contexts.append(pair_contexts(attention, inputs.pair_entities[pair : pair + pairs] - first_entity, text_states))
        window, mention, pair = window + windows, mention + mentions, pair + pairs
    return torch.cat(contexts)


def _entity_attention(
    packed: PackedStates, spans: Sequence[tuple[int, int]], markers: Tensor, windows: Tensor, entities: Tensor
) -> Tensor:
    """Return (heads, entities, tokens): the mean attention of each entity's mentions over the text of one document.

    For each mention, `markers` has its place in the row, `windows` its row of `spans`, `entities` its number from 0.
    """
    count = len(entities.unique())
    parts = []
    for number, (start, end) in enumerate(spans):
        inside = (windows == number).nonzero()[:, 0]
        attention = mention_attention(packed.query[:, markers[inside]], packed.key[:, start:end])
        sums = attention.new_zeros(len(attention), count, attention.shape[-1])  # (heads, entities, text)
        parts.append(sums.index_add(1, entities[inside], attention))
    return torch.cat(parts, dim=-1) / torch.bincount(entities, minlength=count)[:, None]


def _pair_prompts(
    hidden: Tensor, layout: PackedLayout, needed: Sequence[tuple[int, int]], inputs: DocumentInputs
) -> Tensor:
    """Return (batch, hidden): mean state of the soft prompt of each pair's type, over the windows that show the pair.

    `hidden` is (tokens, hidden); `needed` has (window, pair type) of each soft prompt, in the order of the row.
    """
    places = slice(layout.prompts[0][0], layout.prompts[-1][1])
    prompts = hidden[places].unflatten(0, (-1, layout.prompt_tokens)).mean(dim=1)  # (soft prompts, hidden)
    numbers = {prompt: number for number, prompt in enumerate(needed)}
    types = inputs.pair_type_ids.tolist()
    index = [
        [numbers.get((window, kind), 0) for window in windows]
        for windows, kind in zip(inputs.pair_windows.tolist(), types, strict=True)
    ]
    present = (inputs.pair_windows >= 0).unsqueeze(-1)  # (batch, windows, 1)
    found = prompts[torch.tensor(index, device=hidden.device)]  # (batch, windows, hidden)
    return (found * present).sum(dim=1) / present.sum(dim=1)
