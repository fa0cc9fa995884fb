"""Takes documents through the model: batches across documents, bounded memory, answers in the order of the documents.

Pairs are gathered over documents until they fill many passes through the encoder, so that features of like size find
one another; then they are run, largest first, and what they mean is decided before the next batch is gathered. So a
document of any number of pairs, and a stream of any number of documents, need no more memory than a batch. The next
batch can be prepared in a thread while the model computes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from .document_biodir import Document
from .processing_features_biodir import DocumentFeatures, PairwiseFeatures, WindowPair

# Tokens of a batch, in passes of `token_budget`. On ten abstracts with three chunks, 4096 tokens and 16 passes pad 4 %
# of the tokens; 8192 and 4, 10 %.
PASSES_PER_BATCH = 16
# What a pair counts at least: pooled pairs take memory, too.
PAIR_TOKENS = 4
# Documents of a batch: in a stream with hardly any pairs, no document waits for ever.
DOCUMENTS_PER_BATCH = 256

Asked = PairwiseFeatures | WindowPair
Features = PairwiseFeatures | DocumentFeatures
Logits = dict[str, list[float]]
Progress = Callable[[Iterable[list[int]]], Iterable[list[int]]]


@dataclass
class Answer:
    """A document, and what was kept of its pairs, in their order."""

    document: Document
    kept: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class _Batch:
    """Features with the answers they belong to, ready to run, and the documents that are done with them."""

    features: list[tuple[Answer, Features]]
    passes: list[tuple[list[int], dict[str, Tensor]]]
    done: list[Answer]


class Processor(Protocol):
    """What is asked of the encoder that made the features, `PairwiseProcessor` or `DocumentProcessor`."""

    def collate(self, features: Sequence[Any], /) -> dict[str, Tensor]:
        """The model's inputs for these features."""

    def passes(self, features: Sequence[Any], token_budget: int, /) -> list[list[int]]:
        """Indices of features that go through the model together."""


class PairEngine:
    """Runs a model over candidate pairs.

    Args:
        run: takes the model's inputs, gives task -> logits (batch, labels).
        encoder: makes features, passes of features and inputs.
        token_budget: the most tokens of a pass.
        device: where the inputs go.
        overlaps: whether a thread prepares the next batch while the model computes; documents are then read in it.
    """

    def __init__(
        self,
        run: Callable[[dict[str, Tensor]], Mapping[str, Tensor]],
        encoder: Processor,
        token_budget: int,
        device: torch.device | str = "cpu",
        overlaps: bool = False,
    ) -> None:
        self.run = run
        self.encoder = encoder
        self.token_budget = token_budget
        self.device = torch.device(device)
        self.overlaps = overlaps

    def answers(
        self,
        documents: Iterable[Document],
        features_of: Callable[[Document], Iterable[Features]],
        decide: Callable[[Asked, Logits], Any],
        batch_size: int | None = None,
    ) -> Iterator[Answer]:
        """The answers in the order of the documents; of each pair what `decide` returns, unless that is None.

        Args:
            documents: read no further ahead than one batch, or two where the preparation overlaps.
            batch_size: pairs of a batch; None for `PASSES_PER_BATCH` times the token budget.

        Raises:
            ValueError: what `documents` or `features_of` raises, behind the answers to all documents before it.
        """
        batches = self._batches(documents, features_of, batch_size)
        for batch in _prepared_ahead(batches) if self.overlaps else batches:
            logits = self._logits([features for _, features in batch.features], batch.passes)
            for (answer, features), of_features in zip(batch.features, logits, strict=True):
                pairs: Sequence[Asked] = features.pairs
                for asked, of_pair in zip(pairs, of_features, strict=True):
                    kept = decide(asked, of_pair)
                    if kept is not None:
                        answer.kept.append(kept)
            yield from batch.done

    def logits(self, features: Sequence[Features], progress: Progress = iter) -> list[Logits]:
        """Task -> logits (labels,) of every pair of the features, in order.

        Args:
            progress: wraps the iterable of passes, such as a progress bar.
        """
        found = self._logits(features, self._passes(features, progress))
        return [of_pair for of_features in found for of_pair in of_features]

    def _batches(
        self,
        documents: Iterable[Document],
        features_of: Callable[[Document], Iterable[Features]],
        batch_size: int | None,
    ) -> Iterator[_Batch]:
        gathered: list[tuple[Answer, Features]] = []
        done: list[Answer] = []
        fill = 0
        source, problem = _read(documents, features_of), None
        while True:
            try:
                answer, features = next(source, (None, None))
            except ValueError as error:  # what was read before the bad document is answered first
                whole = {id(answer) for answer in done}
                gathered, problem = [found for found in gathered if id(found[0]) in whole], error
                break
            if answer is None:
                break
            for part in _parts(features, fill, batch_size) if features is not None else ():
                gathered.append((answer, part))
                fill += _size(part) if batch_size is None else len(part.pairs)
                if fill >= (batch_size or PASSES_PER_BATCH * self.token_budget):
                    yield self._batch(gathered, done)
                    gathered, done, fill = [], [], 0
            if features is None:
                done.append(answer)
                if not gathered or len(done) >= DOCUMENTS_PER_BATCH:  # nothing to wait for
                    yield self._batch(gathered, done)
                    gathered, done, fill = [], [], 0
        yield self._batch(gathered, done)
        if problem is not None:
            raise problem

    def _batch(self, gathered: list[tuple[Answer, Features]], done: list[Answer]) -> _Batch:
        return _Batch(gathered, list(self._passes([features for _, features in gathered])), done)

    def _passes(
        self, features: Sequence[Features], progress: Progress = iter
    ) -> Iterator[tuple[list[int], dict[str, Tensor]]]:
        """Indices of the features of each pass, and the model's inputs for them."""
        for group in progress(self._groups(features)):
            yield group, self.encoder.collate([features[index] for index in group])

    def _groups(self, features: Sequence[Features]) -> list[list[int]]:
        """Indices of the features of each pass, the largest features first."""
        order = sorted(range(len(features)), key=lambda index: -features[index].tokens)
        groups, some, tokens = [], [], 0
        # One more than the largest: what `answers` gathers, which ends beyond the budget, stays together.
        most = PASSES_PER_BATCH * self.token_budget + max((found.tokens for found in features), default=0)
        for place, index in enumerate(order, start=1):
            some.append(index)
            tokens += features[index].tokens
            if tokens >= most or place == len(order):
                found = self.encoder.passes([features[index] for index in some], self.token_budget)
                groups += [[some[number] for number in group] for group in found]
                some, tokens = [], 0
        return groups

    def _logits(
        self, features: Sequence[Features], passes: Iterable[tuple[list[int], dict[str, Tensor]]]
    ) -> list[list[Logits]]:
        """For each of the features and each of its pairs: task -> logits."""
        found: list[list[Logits]] = [[{} for _ in some.pairs] for some in features]
        for group, inputs in passes:
            places = [place for index in group for place in found[index]]
            for task, values in self.run(_on_device(inputs, self.device)).items():
                for place, row in zip(places, values.tolist(), strict=True):
                    place[task] = row
        return found


def model_logits(model: Any, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Task -> the model's logits, (batch, labels), in float32, for the tasks that it has."""
    output = model(**inputs)
    return {task: output[f"{task}_logits"].float() for task in model.config.tasks}


def _read(
    documents: Iterable[Document], features_of: Callable[[Document], Iterable[Features]]
) -> Iterator[tuple[Answer, Features | None]]:
    """The answer of each document with all its features, one after the other; behind the last of them, with None."""
    for document in documents:
        answer = Answer(document)
        for features in features_of(document):
            yield answer, features
        yield answer, None


def _size(features: Features) -> int:
    """What the features add to a batch, in tokens; pairs that have none of their own count, too."""
    return max(features.tokens, PAIR_TOKENS * len(features.pairs))


def _parts(features: Features, fill: int, batch_size: int | None) -> Iterator[Features]:
    """The features, cut where a batch of `batch_size` pairs that already holds `fill` of them is full."""
    pairs = len(features.pairs)
    if batch_size is None or fill + pairs <= batch_size:
        yield features
        return
    first = 0
    while first < pairs:
        last = min(pairs, first + batch_size - (fill if first == 0 else 0))
        yield features.with_pairs(range(first, last))
        first = last


def _on_device(inputs: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """The inputs there; to a GPU from pinned memory, without waiting for the copy."""
    if device.type == "cuda":
        return {name: value.pin_memory().to(device, non_blocking=True) for name, value in inputs.items()}
    return {name: value.to(device) for name, value in inputs.items()}


def _prepared_ahead(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """The batches; while one is used, a thread prepares the next."""
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        upcoming = pool.submit(next, batches, None)
        while (batch := upcoming.result()) is not None:
            upcoming = pool.submit(next, batches, None)
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever stops early does not wait for a batch
