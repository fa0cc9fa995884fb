"""The document form: from a text that is read once to the states of all its pairs.

Zhou et al. 2021 (ATLOP): entity states, and the context that both entities of a pair attend to. Differs from ATLOP:
windows of several documents and their soft prompts lie in one packed row, see `modeling_attention_biodir`; losses and
decoding are those of BioREDirect; with `closest_mentions` a pair also has the states of the start markers of its
closest mentions, and the mean of the text from one to the other: what the infix of BioREDirect's chunks shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from .modeling_attention_biodir import PackedLayout, PackedStates, PositionScores, encode_packed, packed_layout
from .modeling_heads_biodir import PairStates
from .modeling_pairwise_biodir import window_groups

# Pairs whose attention over the text is held at once.
PAIRS_AT_ONCE = 256
# Pairs whose weights of all soft prompts are held at once; all those of an abstract.
PROMPTS_AT_ONCE = 2048


@dataclass(frozen=True)
class DocumentInputs:
    """Inputs of the document form, as `DocumentProcessor.collate` makes them.

    Args:
        input_ids: (windows, tokens)
        attention_mask: (windows, tokens), ones first.
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
    mention_windows: Tensor
    mention_positions: Tensor
    mention_entities: Tensor
    pair_entities: Tensor
    pair_windows: Tensor


def document_states(
    encoder: Any,
    prompts: Tensor | None,
    inputs: DocumentInputs,
    token_budget: int,
    with_evidence: bool = False,
    with_mentions: bool = False,
    with_closest: bool = False,
) -> PairStates:
    """Return the states that the heads of the document form take.

    The windows are read in groups. Of each group, what its pairs need is kept, and its text is forgotten.

    Args:
        encoder: with packed attention.
        prompts: (pair_types, prompt, embedding_size); None without soft prompts.
        token_budget: the most tokens, with soft prompts, that go through the encoder at once.
        with_evidence, with_mentions: whether the states have `evidence` and `mentions`, which only training needs.
        with_closest: whether they have `closest`, as the heads of a model with `closest_mentions` need.
    """
    needed = _needed_prompts(inputs) if prompts is not None else []
    prompt_tokens = prompts.shape[1] if prompts is not None else 1
    mention_counts = torch.bincount(inputs.mention_entities)  # (entities,)
    added: _PairSums | None = None
    mention_states: list[Tensor] = []
    prompt_states: list[Tensor] = []
    for windows in _window_groups(inputs, needed, prompt_tokens, token_budget):
        here = [prompt for prompt in needed if prompt[0] in windows]
        read = _read(encoder, prompts, here, inputs, windows)
        hidden = read.packed.hidden
        added = added or _PairSums(len(inputs.pair_entities), hidden, with_evidence, with_closest)
        mention_states.append(hidden[read.markers])
        if here:
            prompt_states.append(_prompt_states(read.packed, read.layout))
        for number, (start, end) in enumerate(read.layout.windows):
            shown = _window_pairs(read, number, inputs.pair_entities, len(mention_counts))
            if len(shown.pairs):
                attention = _window_attention(read, number, shown, mention_counts)
                added.add(shown, attention, hidden[start:end], inputs.input_ids[windows.start + number, : end - start])
    assert added is not None, "there is a window"
    mentions = torch.cat(mention_states)  # (mentions, hidden)
    return PairStates(
        entities=entity_states(mentions, inputs.mention_entities, len(mention_counts)),
        pair_entities=inputs.pair_entities,
        contexts=added.weighed / added.totals.clamp_min(1e-12).unsqueeze(-1),
        prompts=_pair_prompts(torch.cat(prompt_states), needed, inputs) if prompt_states else None,
        evidence=None if added.evidence is None else added.evidence / added.totals.clamp_min(1e-12),
        mentions=mentions if with_mentions else None,
        closest=added.closest.states if added.closest is not None else None,
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


def mention_attention(query: Tensor, key: Tensor, scores: PositionScores, positions: Tensor) -> Tensor:
    """Return (heads, mentions, tokens): what each mention attends to in its window.

    Args:
        query: (heads, mentions, head_size) of the start markers in the evidence layer, scaled.
        key: (heads, tokens, head_size) of the window in that layer.
        scores: of that layer.
        positions: (mentions,) of the start markers in the window.
    """
    return scores(query.float(), key.float(), positions, slice(0, key.shape[1])).softmax(dim=-1)


def pair_contexts(attention: Tensor, pair_entities: Tensor, text_states: Tensor) -> tuple[Tensor, Tensor]:
    """Return the text weighed by the attention of both entities, (batch, hidden), and the sum of the weights, (batch,).

    The quotient is the common context. ATLOP, equation 3.

    Args:
        attention: (heads, entities, tokens) mean over each entity's mentions.
        pair_entities: (batch, 2) rows of `attention`.
        text_states: (tokens, hidden)
    """
    weighed, totals = [], []
    for pairs in pair_entities.split(PAIRS_AT_ONCE):
        common = (attention[:, pairs[:, 0]] * attention[:, pairs[:, 1]]).sum(dim=0)  # (pairs, tokens)
        weighed.append((common @ text_states.float()).float())
        totals.append(common.sum(dim=-1).float())
    return torch.cat(weighed), torch.cat(totals)


@dataclass(frozen=True)
class _ReadWindows:
    """A group of windows after the encoder, with its mentions.

    Args:
        packed: states of the packed row.
        layout: of the packed row.
        markers: (mentions,) places of the start markers in the row.
        windows: (mentions,) numbers of the windows in the group, ascending.
        entities: (mentions,) numbers of the entities in the batch.
    """

    packed: PackedStates
    layout: PackedLayout
    markers: Tensor
    windows: Tensor
    entities: Tensor


def _window_groups(
    inputs: DocumentInputs, needed: Sequence[tuple[int, int]], prompt_tokens: int, token_budget: int
) -> list[range]:
    """Return the groups of windows that are read together with their soft prompts."""
    tokens = inputs.attention_mask.sum(dim=1).tolist()
    for window, _ in needed:
        tokens[window] += prompt_tokens
    return window_groups(tokens, token_budget)


def _read(
    encoder: Any, prompts: Tensor | None, needed: Sequence[tuple[int, int]], inputs: DocumentInputs, windows: range
) -> _ReadWindows:
    """Return the states of these windows, read in one packed row with the soft prompts that they need."""
    here = slice(windows.start, windows.stop)
    attention_mask = inputs.attention_mask[here]
    vectors = prompts[[kind for _, kind in needed]] if prompts is not None and needed else None
    prompt_tokens = vectors.shape[1] if vectors is not None else 1
    layout = packed_layout(attention_mask, [window - windows.start for window, _ in needed], prompt_tokens)
    row = _packed_row(encoder.get_input_embeddings(), vectors, inputs.input_ids[here], attention_mask)
    packed = encode_packed(encoder, *row, layout)
    inside = (inputs.mention_windows >= windows.start) & (inputs.mention_windows < windows.stop)  # (all mentions,)
    numbers = inputs.mention_windows[inside] - windows.start
    window_starts = torch.tensor([start for start, _ in layout.windows], device=numbers.device)  # (windows,)
    markers = window_starts[numbers] + inputs.mention_positions[inside]
    return _ReadWindows(packed, layout, markers, numbers, inputs.mention_entities[inside])


def _needed_prompts(inputs: DocumentInputs) -> list[tuple[int, int]]:
    """Return (window, pair type) of every soft prompt that a pair takes, sorted."""
    pair_windows, types = inputs.pair_windows.tolist(), inputs.pair_type_ids.tolist()
    return sorted({(w, kind) for windows, kind in zip(pair_windows, types, strict=True) for w in windows if w >= 0})


def _packed_row(
    word_embeddings: Any, vectors: Tensor | None, input_ids: Tensor, attention_mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Return embeddings, (tokens, embedding_size), and positions, (tokens,), of the windows and their soft prompts.

    A soft prompt represents no place of the text; its tokens take the first position.

    Args:
        vectors: (soft prompts, prompt, embedding_size); None without.
        input_ids, attention_mask: (windows, tokens)
    """
    attended = attention_mask.bool()
    embeddings = word_embeddings(input_ids[attended])  # (text tokens, embedding_size)
    positions = (attention_mask.cumsum(dim=1) - 1)[attended]  # (text tokens,)
    if vectors is None:
        return embeddings, positions
    flat = vectors.flatten(0, 1).to(embeddings.dtype)  # (soft prompts * prompt, embedding_size)
    return torch.cat([embeddings, flat]), torch.cat([positions, positions.new_zeros(len(flat))])


@dataclass(frozen=True)
class _WindowPairs:
    """The mentions of a window, and the pairs of which it has a mention of each entity.

    Args:
        places: (mentions,) of the start markers in the window.
        entities: (entities,) of the window, their numbers in the batch.
        rows: (mentions,) the row of each mention's entity in `entities`.
        pairs: (pairs,) numbers in the batch.
        sides: (pairs, 2) rows of their entities in `entities`.
    """

    places: Tensor
    entities: Tensor
    rows: Tensor
    pairs: Tensor
    sides: Tensor

    @cached_property
    def closest(self) -> Tensor:
        """The places of the closest mentions of each pair, (pairs, 2)."""
        return closest_places(self.places, self.rows, self.sides)


def _window_pairs(read: _ReadWindows, number: int, pair_entities: Tensor, count: int) -> _WindowPairs:
    """Return the mentions and pairs of a window; `count` is that of the entities of the batch."""
    inside = (read.windows == number).nonzero()[:, 0]  # (mentions of the window,)
    entities, rows = read.entities[inside].unique(return_inverse=True)
    row_of = torch.full((count,), -1, device=pair_entities.device)  # (all entities,)
    row_of[entities] = torch.arange(len(entities), device=row_of.device)
    sides = row_of[pair_entities]  # (batch, 2)
    pairs = (sides >= 0).all(dim=1).nonzero()[:, 0]
    return _WindowPairs(read.markers[inside] - read.layout.windows[number][0], entities, rows, pairs, sides[pairs])


def _window_attention(read: _ReadWindows, number: int, shown: _WindowPairs, mention_counts: Tensor) -> Tensor:
    """Return (heads, entities, text): what the entities of a window attend to, as shares of all their mentions."""
    start, end = read.layout.windows[number]
    packed, key = read.packed, read.packed.key[:, start:end]
    attention = mention_attention(packed.query[:, shown.places + start], key, packed.scores, shown.places)
    sums = attention.new_zeros(len(attention), len(shown.entities), end - start)
    return sums.index_add(1, shown.rows, attention) / mention_counts[shown.entities].unsqueeze(-1)


class _ClosestStates:
    """States of the closest mentions of pairs, over windows; of several with equal distance the first counts.

    Args:
        pairs: of the batch.
        hidden_size, device: of the states of the encoder.
    """

    def __init__(self, pairs: int, hidden_size: int, device: torch.device) -> None:
        self.states = torch.zeros(pairs, 3, hidden_size, device=device)  # see `PairStates.closest`
        self._distances = torch.full((pairs,), torch.iinfo(torch.long).max, device=device)

    def add(self, shown: _WindowPairs, text_states: Tensor) -> None:
        """Take over the pairs whose mentions are closer in this window than in those before.

        Args:
            shown: at least one pair.
            text_states: (tokens, hidden)
        """
        first, last = shown.closest.amin(dim=1), shown.closest.amax(dim=1)  # (pairs,)
        closer = last - first < self._distances[shown.pairs]
        pairs, places, first, last = shown.pairs[closer], shown.closest[closer], first[closer], last[closer]
        self._distances[pairs] = last - first
        text = text_states.float()
        sums = torch.cat([text.new_zeros(1, text.shape[-1]), text.cumsum(dim=0)])  # (1 + tokens, hidden)
        between = (sums[last + 1] - sums[first]) / (1 + last - first).unsqueeze(-1)  # (pairs, hidden)
        self.states[pairs] = torch.cat([text[places], between.unsqueeze(1)], dim=1)  # in place, as the contexts


class _PairSums:
    """What windows add to pairs; sums grow in place, without copies for each window in the forward pass.

    Args:
        pairs: of the batch.
        hidden: (tokens, hidden) any states of the encoder.
        with_evidence, with_closest: see `document_states`.
    """

    def __init__(self, pairs: int, hidden: Tensor, with_evidence: bool, with_closest: bool) -> None:
        self.weighed = torch.zeros(pairs, hidden.shape[-1], device=hidden.device)  # (batch, hidden)
        self.totals = torch.zeros(pairs, device=hidden.device)  # (batch,)
        self.evidence = self.totals.clone() if with_evidence else None
        self.closest = _ClosestStates(pairs, hidden.shape[-1], hidden.device) if with_closest else None

    def add(self, shown: _WindowPairs, attention: Tensor, text_states: Tensor, token_ids: Tensor) -> None:
        """Add a window.

        Args:
            shown: at least one pair.
            attention: (heads, entities, text)
            text_states: (text, hidden)
            token_ids: (text,)
        """
        of_pairs, of_weights = pair_contexts(attention, shown.sides, text_states)
        self.weighed.index_add_(0, shown.pairs, of_pairs)
        self.totals.index_add_(0, shown.pairs, of_weights)
        if self.closest is not None:
            self.closest.add(shown, text_states)
        if self.evidence is not None:
            self.evidence.index_add_(0, shown.pairs, _window_evidence(token_ids, shown, attention))


def _window_evidence(token_ids: Tensor, shown: _WindowPairs, attention: Tensor) -> Tensor:
    """Return (pairs,): the weight of the text in the sentences of the pair's closest mentions.

    Args:
        token_ids: (text,)
        shown: at least one pair.
        attention: (heads, entities, text)
    """
    is_border = token_ids == token_ids[-1]  # a row ends in the token that also separates sentences
    sentences = is_border.cumsum(dim=0) - is_border.long()  # (text,) a separator belongs to the sentence that it ends
    closest = sentences[shown.closest]  # (pairs, 2)
    of_sentences, _ = pair_contexts(attention, shown.sides, torch.nn.functional.one_hot(sentences))
    weights = of_sentences.gather(1, closest)  # (pairs, 2)
    return weights[:, 0] + weights[:, 1] * (closest[:, 0] != closest[:, 1])


def closest_places(places: Tensor, rows: Tensor, sides: Tensor) -> Tensor:
    """Return (pairs, 2): of each entity of a pair, the place of a mention that is closest to the other entity.

    Args:
        places: (mentions,)
        rows: (mentions,) the row of each mention's entity; every row has one.
        sides: (pairs, 2) rows.
    """
    far = int(places.max()) + 1
    distances = (places.unsqueeze(0) - places.unsqueeze(1)).abs()  # (mentions, mentions)
    index = rows.unsqueeze(1).expand_as(distances)
    shape = (int(rows.max()) + 1, len(places))
    nearest = distances.new_full(shape, far).scatter_reduce(0, index, distances, "amin")  # (entities, mentions)
    found = []
    for own, other in ((0, 1), (1, 0)):
        is_own = rows.unsqueeze(0) == sides[:, own].unsqueeze(1)  # (pairs, mentions)
        found.append(places[nearest[sides[:, other]].masked_fill(~is_own, far).argmin(dim=1)])
    return torch.stack(found, dim=1)


def _prompt_states(packed: PackedStates, layout: PackedLayout) -> Tensor:
    """Return (soft prompts, hidden): the mean state of each soft prompt, in the order of the row."""
    places = slice(layout.prompts[0][0], layout.prompts[-1][1])
    return packed.hidden[places].unflatten(0, (-1, layout.prompt_tokens)).mean(dim=1)


def _pair_prompts(prompt_states: Tensor, needed: Sequence[tuple[int, int]], inputs: DocumentInputs) -> Tensor:
    """Return (batch, hidden): mean state of the soft prompt of each pair's type, over the windows that show the pair.

    Args:
        prompt_states: (soft prompts, hidden)
        needed: (window, pair type) of each soft prompt.
    """
    numbers = {prompt: number for number, prompt in enumerate(needed)}
    found = []
    split = zip(inputs.pair_windows.split(PROMPTS_AT_ONCE), inputs.pair_type_ids.split(PROMPTS_AT_ONCE), strict=True)
    for pair_windows, types in split:
        index = [
            [numbers.get((window, kind), 0) for window in windows]
            for windows, kind in zip(pair_windows.tolist(), types.tolist(), strict=True)
        ]
        present = (pair_windows >= 0).to(prompt_states.dtype)  # (pairs, windows)
        shares = present / present.sum(dim=1, keepdim=True)
        weights = prompt_states.new_zeros(len(index), len(needed))  # (pairs, soft prompts)
        found.append(weights.scatter_add(1, torch.tensor(index, device=weights.device), shares) @ prompt_states)
    return torch.cat(found)
