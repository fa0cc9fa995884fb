"""Logits of the inputs of a pass: what `modeling_document_biodir` and `modeling_pairwise_biodir` compute in torch.

A window or row of a document goes through its graph by itself, without padding and without neighbours: so no score
depends on what else is in the batch, in any precision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Pairs whose attention over the text is held at once, and pairs that the heads compute at once.
PAIRS_AT_ONCE, PAIRS_OF_HEADS = 256, 2048

Inputs = Mapping[str, np.ndarray]
Logits = dict[str, np.ndarray]


class Embeddings:
    """The vectors of tokens and of soft prompts.

    Args:
        tokens: (vocabulary, embedding_size), such as a file that is mapped into memory.
        prompts: (pair_types, prompt, embedding_size); of no prompts in a model without.

    >>> table = np.array([[1, 2], [3, 4]], dtype=np.float16)
    >>> Embeddings(table, np.zeros((0, 1, 2), dtype=np.float16)).of_tokens(np.array([1]))
    array([[[3., 4.]]], dtype=float32)
    """

    def __init__(self, tokens: np.ndarray, prompts: np.ndarray) -> None:
        self.tokens, self.prompts = tokens, prompts

    def of_tokens(self, token_ids: np.ndarray) -> np.ndarray:
        """Return (1, tokens, embedding_size) in float32."""
        return np.asarray(self.tokens[token_ids], dtype=np.float32)[None]

    def of_prompts(self, pair_types: Sequence[int]) -> np.ndarray:
        """Return (prompts, prompt, embedding_size) in float32."""
        return np.asarray(self.prompts[list(pair_types)], dtype=np.float32)


class Scorer:
    """What both forms are made of.

    Args:
        encoder: graph of the encoder.
        heads: graph of the heads of relation, novelty and direction.
        embeddings: of tokens and soft prompts.
        tasks: of the heads, in order.
        closest_mentions: see `BioDirConfig`.

    >>> Scorer(None, None, None, tasks=["relation", "novelty"]).tasks
    ('relation', 'novelty')
    """

    def __init__(
        self, encoder: Any, heads: Any, embeddings: Any, tasks: Sequence[str], closest_mentions: bool = False
    ) -> None:
        self._encoder, self._heads, self._embeddings = encoder, heads, embeddings
        self.tasks, self.closest_mentions = tuple(tasks), closest_mentions


class DocumentScorer(Scorer):
    """The document form: a text that is read once for all pairs.

    >>> DocumentScorer(None, None, None, tasks=["relation"]).tasks
    ('relation',)
    """

    def __call__(self, inputs: Inputs) -> Logits:
        """Return task -> (batch, labels).

        Args:
            inputs: those of `DocumentInputs`.
        """
        pair_entities, entities = inputs["pair_entities"], inputs["mention_entities"]
        counts = np.bincount(entities)  # (entities,)
        totals = np.zeros(len(pair_entities), dtype=np.float32)
        prompted = _Prompted(inputs) if len(self._embeddings.prompts) else None
        weighed = np.zeros((0, 0), dtype=np.float32)
        closest: _ClosestStates | None = None
        mention_states: list[np.ndarray] = []
        for window in range(len(inputs["input_ids"])):
            kinds = prompted.kinds_of(window) if prompted is not None else []
            inside = inputs["mention_windows"] == window  # (mentions,)
            markers = inputs["mention_positions"][inside]
            hidden, attention, of_prompts = self._read(inputs, window, kinds, markers)
            if not mention_states:
                weighed = np.zeros((len(totals), hidden.shape[-1]), dtype=np.float32)
                closest = _ClosestStates(*weighed.shape) if self.closest_mentions else None
            mention_states.append(hidden[markers])
            if prompted is not None:
                prompted.add(window, of_prompts)
            shown = _window_pairs(markers, entities[inside], len(counts), pair_entities)
            if not len(shown.pairs):
                continue
            shares = 1 / counts[entities[inside]]
            of_pairs, of_weights = _window_contexts(attention, shares, shown, hidden)
            weighed[shown.pairs] += of_pairs
            totals[shown.pairs] += of_weights
            if closest is not None:
                closest.add(shown, hidden)
        states = {
            "entities": _entity_states(np.concatenate(mention_states), entities, len(counts)),
            "contexts": weighed / np.maximum(totals, 1e-12)[:, None],
        }
        if closest is not None:
            states["closest"] = closest.states
        return self._heads_of(states, pair_entities, prompted)

    def _read(self, inputs: Inputs, window: int, kinds: Sequence[int], markers: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the states of a window's text, what its mentions attend to, and the means of its soft prompts.

        That is (tokens, hidden), (heads, mentions, tokens) and (prompts, hidden).
        """
        token_ids = inputs["input_ids"][window][inputs["attention_mask"][window] > 0]
        text, prompts = self._embeddings.of_tokens(token_ids), self._embeddings.of_prompts(kinds)
        tokens = text.shape[1]
        hidden, attention = self._encoder.run({"text": text, "prompts": prompts, "markers": markers})
        means = hidden[0, tokens:].reshape(*prompts.shape[:2], hidden.shape[-1]).mean(axis=1)
        return hidden[0, :tokens], attention, means

    def _heads_of(self, states: Inputs, pair_entities: np.ndarray, prompted: "_Prompted | None") -> Logits:
        found: list[list[np.ndarray]] = []
        for first in range(0, len(pair_entities), PAIRS_OF_HEADS):
            some = slice(first, first + PAIRS_OF_HEADS)
            feeds = {"entities": states["entities"], "contexts": states["contexts"][some]}
            feeds["pair_entities"] = pair_entities[some]
            if "closest" in states:
                feeds["closest"] = states["closest"][some]
            if prompted is not None:
                feeds |= {"prompts": prompted.states, "pair_prompts": prompted.pairs[some]}
            found.append(self._heads.run(feeds))
        return {task: np.concatenate(parts) for task, parts in zip(self.tasks, zip(*found, strict=True), strict=True)}


class _Prompted:
    """The soft prompts of pairs: a row for each pair type and set of windows that pairs have.

    Args:
        inputs: see `DocumentScorer`.
    """

    states: np.ndarray  # (rows, hidden)

    def __init__(self, inputs: Inputs) -> None:
        keys = np.column_stack([inputs["pair_type_ids"], inputs["pair_windows"]])  # (batch, 1 + windows)
        rows, pairs = np.unique(keys, axis=0, return_inverse=True)
        self.pairs = pairs.reshape(-1)  # (batch,)
        self._types, self._windows = rows[:, 0], rows[:, 1:]  # (rows,), (rows, windows)
        self._counts = (self._windows >= 0).sum(axis=1, keepdims=True)  # (rows, 1)

    def kinds_of(self, window: int) -> Sequence[int]:
        """Return the pair types that a window is read with."""
        return np.unique(self._types[(self._windows == window).any(axis=1)]).tolist()

    def add(self, window: int, of_kinds: np.ndarray) -> None:
        """Add the states of a window's soft prompts, (kinds, hidden), to the rows that take them."""
        if not hasattr(self, "states"):
            self.states = np.zeros((len(self._types), of_kinds.shape[-1]), dtype=np.float32)
        here = np.flatnonzero((self._windows == window).any(axis=1))
        _, kinds = np.unique(self._types[here], return_inverse=True)
        self.states[here] += of_kinds[kinds] / self._counts[here]


class PairwiseScorer(Scorer):
    """The pairwise form: rows of their own for every pair.

    >>> PairwiseScorer(None, None, None, tasks=["relation"]).tasks
    ('relation',)
    """

    def __call__(self, inputs: Inputs) -> Logits:
        """Return task -> (batch, labels).

        Args:
            inputs: those of `PairwiseInputs`, in which no chunk of a pair occurs twice.
        """
        present = inputs["attention_mask"][..., 0] > 0  # (batch, chunks)
        states: np.ndarray | None = None
        for pair, chunk in zip(*present.nonzero(), strict=True):
            row = self._row(inputs, pair, chunk)  # (tasks, hidden)
            if states is None:
                states = np.zeros((*present.shape, *row.shape), dtype=np.float32)
            states[pair, chunk] = row
        assert states is not None, "every pair has a chunk"
        found = self._heads.run({"states": states, "present": present})
        return dict(zip(self.tasks, found, strict=True))

    def _row(self, inputs: Inputs, pair: int, chunk: int) -> np.ndarray:
        token_ids = inputs["input_ids"][pair, chunk][inputs["attention_mask"][pair, chunk] > 0]
        embedded = self._embeddings.of_tokens(token_ids)
        if len(self._embeddings.prompts):
            prompt = self._embeddings.of_prompts([inputs["pair_type_ids"][pair]])
            embedded[:, -prompt.shape[1] :] = prompt
        hidden = self._encoder.run(_row_inputs(embedded))[0]
        return hidden[0, inputs["task_positions"][pair]]


# Form of the model -> what computes its pairs.
SCORERS: Mapping[str, type[DocumentScorer | PairwiseScorer]] = {"document": DocumentScorer, "pairwise": PairwiseScorer}


class WordTagger:
    """The tagger: labels of words.

    Args:
        graph: of the tagger with its encoder.
        embeddings: of tokens.
        is_packed: whether the encoder is that of the document form, which takes no mask.

    >>> WordTagger(None, None, is_packed=True).is_packed
    True
    """

    def __init__(self, graph: Any, embeddings: Any, is_packed: bool) -> None:
        self._graph, self._embeddings, self.is_packed = graph, embeddings, is_packed

    def __call__(self, inputs: Inputs) -> np.ndarray:
        """Return (words, labels).

        Args:
            inputs: those of `TaggerInputs`.
        """
        logits: np.ndarray | None = None
        for window in np.unique(inputs["word_windows"]):
            token_ids = inputs["input_ids"][window][inputs["attention_mask"][window] > 0]
            embedded = self._embeddings.of_tokens(token_ids)
            found = self._graph.run({"text": embedded} if self.is_packed else _row_inputs(embedded))[0][0]
            inside = inputs["word_windows"] == window
            if logits is None:
                logits = np.zeros((len(inside), found.shape[-1]), dtype=np.float32)
            logits[inside] = found[inputs["word_positions"][inside]]
        assert logits is not None, "there is a word"
        return logits


def _row_inputs(embedded: np.ndarray) -> dict[str, np.ndarray]:
    """Return the inputs of the graph of an encoder of rows: one row without padding."""
    return {"inputs_embeds": embedded, "attention_mask": np.ones(embedded.shape[:2], dtype=np.int64)}


@dataclass(frozen=True)
class _WindowPairs:
    """The mentions of a window, and the pairs of which it has a mention of each entity.

    Args:
        places: (mentions,) of the start markers in the window.
        rows: (mentions,) the row of each mention's entity among those of the window.
        pairs: (pairs,) numbers in the batch.
        sides: (pairs, 2) rows of their entities.
    """

    places: np.ndarray
    rows: np.ndarray
    pairs: np.ndarray
    sides: np.ndarray


def _window_pairs(
    places: np.ndarray, mention_entities: np.ndarray, count: int, pair_entities: np.ndarray
) -> _WindowPairs:
    """Return the mentions and pairs of a window.

    Args:
        places: see `_WindowPairs`.
        mention_entities: (mentions,) of the window.
        count: of the entities of the batch.
        pair_entities: (batch, 2)
    """
    entities, rows = np.unique(mention_entities, return_inverse=True)
    row_of = np.full(count, -1)
    row_of[entities] = np.arange(len(entities))
    sides = row_of[pair_entities]  # (batch, 2)
    pairs = np.flatnonzero((sides >= 0).all(axis=1))
    return _WindowPairs(places, rows, pairs, sides[pairs])


class _ClosestStates:
    """States of the closest mentions of pairs, and of the text between them. See `modeling_document_biodir`."""

    def __init__(self, pairs: int, hidden_size: int) -> None:
        self.states = np.zeros((pairs, 3, hidden_size), dtype=np.float32)  # see `PairStates.closest`
        self._distances = np.full(pairs, np.iinfo(np.int64).max)

    def add(self, shown: _WindowPairs, text_states: np.ndarray) -> None:
        """Take over the pairs whose mentions are closer in this window than in those before.

        Args:
            shown: at least one pair.
            text_states: (tokens, hidden)
        """
        places = _closest_places(shown)  # (pairs, 2)
        first, last = places.min(axis=1), places.max(axis=1)  # (pairs,)
        closer = last - first < self._distances[shown.pairs]
        pairs, places, first, last = shown.pairs[closer], places[closer], first[closer], last[closer]
        self._distances[pairs] = last - first
        sums = np.concatenate([np.zeros_like(text_states[:1]), text_states.cumsum(axis=0)])  # (1 + tokens, hidden)
        self.states[pairs, :2] = text_states[places]
        self.states[pairs, 2] = (sums[last + 1] - sums[first]) / (1 + last - first)[:, None]


def _closest_places(shown: _WindowPairs) -> np.ndarray:
    """Return (pairs, 2): of each entity of a pair, the place of a mention that is closest to the other entity."""
    places = shown.places
    far = 1 + places.max()
    nearest = np.full((1 + shown.rows.max(), len(places)), far)  # (entities, mentions)
    np.minimum.at(nearest, shown.rows, np.abs(places[:, None] - places))
    found = []
    for own, other in ((0, 1), (1, 0)):
        is_own = shown.rows == shown.sides[:, own, None]  # (pairs, mentions)
        found.append(places[np.where(is_own, nearest[shown.sides[:, other]], far).argmin(axis=1)])
    return np.stack(found, axis=1)


def _window_contexts(
    attention: np.ndarray, shares: np.ndarray, shown: _WindowPairs, text_states: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a window adds to contexts and weights of its pairs: (pairs, hidden) and (pairs,).

    See `modeling_document_biodir`.

    Args:
        attention: (heads, mentions, tokens) of the mentions of the window.
        shares: (mentions,) part of each mention in its entity.
        shown: at least one pair.
        text_states: (tokens, hidden)
    """
    of_entities = np.zeros((1 + shown.rows.max(), len(shares)), dtype=np.float32)
    of_entities[shown.rows, np.arange(len(shares))] = shares
    means = of_entities @ attention  # (heads, entities of the window, tokens)
    weighed = np.zeros((len(shown.pairs), text_states.shape[-1]), dtype=np.float32)
    totals = np.zeros(len(shown.pairs), dtype=np.float32)
    for first in range(0, len(shown.pairs), PAIRS_AT_ONCE):
        some = slice(first, first + PAIRS_AT_ONCE)
        of_some = shown.sides[some]  # (pairs at once, 2)
        common = np.zeros((len(of_some), attention.shape[-1]), dtype=np.float32)
        for head in means:  # one by one: what they multiply to stays in the cache of the processor
            common += head[of_some[:, 0]] * head[of_some[:, 1]]
        weighed[some], totals[some] = common @ text_states, common.sum(axis=-1)
    return weighed, totals


def _entity_states(mention_states: np.ndarray, mention_entities: np.ndarray, count: int) -> np.ndarray:
    """Return (entities, hidden): log-sum-exp over the states of each entity's mentions."""
    order = np.argsort(mention_entities, kind="stable")  # (mentions,): those of an entity side by side
    entities, starts = np.unique(mention_entities[order], return_index=True)
    assert len(entities) == count, "each entity has a mention"
    highest = np.maximum.reduceat(mention_states[order], starts)  # (entities, hidden)
    sums = np.add.reduceat(np.exp(mention_states - highest[mention_entities])[order], starts)
    return np.log(sums) + highest
