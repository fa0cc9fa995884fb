"""Documents through the model as generators that read downwards: parts, batches, passes, logits.

    parts = document_parts(documents, processor, PairFilter())
    for batch in prepare(batches(parts, token_budget), processor, token_budget):
        for part, logits in run(forward, batch):
            ...

Features are gathered over documents until they fill many passes through the encoder, so that features of like size
share a pass; they are run, and decoded, before the next batch is gathered. So a document with any number of pairs, and
a stream of any number of documents, need no more memory than a batch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .document_biodir import Document
from .document_candidates_biodir import CandidatePair
from .document_parts_biodir import IdentifierSet
from .document_sections_biodir import SectionFilter
from .processing_biodir import Features, Processor
from .processing_tokens_biodir import PASSES_PER_BATCH

# What a pair counts at least: pairs of the document form take memory, too.
PAIR_TOKENS = 4
# Documents of a batch, so that no document of a stream with hardly any pairs waits for ever.
DOCUMENTS_PER_BATCH = 256

Logits = dict[str, list[float]]  # task -> (labels,)
PairLogits = dict[str, np.ndarray]  # task -> (pairs, labels), float64
Inputs = dict[str, np.ndarray]
# Inputs of a pass -> task -> (batch, labels): arrays or tensors.
Forward = Callable[[Inputs], Mapping[str, Any]]
Progress = Callable[[Iterable[list[int]]], Iterable[list[int]]]


@dataclass(frozen=True)
class PairFilter:
    """Which candidate pairs are scored.

    Args:
        pair_types: pairs of entity types, each in alphabetical order; None for all.
        entity_ids: at least one entity of a pair has one of these identifiers; None for any.
        found_types: the pair types of all candidate pairs so far.

    With a `document` of Iron and EGFR, 1956:

    >>> from biodir.document_candidates_biodir import candidate_pairs
    >>> pairs = list(candidate_pairs(document.entities(), [("ChemicalEntity", "GeneOrGeneProduct")]))
    >>> wanted = [IdentifierSet(["1956"]), IdentifierSet(["7157"])]
    >>> [list(PairFilter(entity_ids=identifiers).select(pairs)) == pairs for identifiers in wanted]
    [True, False]
    """

    pair_types: frozenset[tuple[str, str]] | None = None
    entity_ids: IdentifierSet | None = None
    found_types: set[tuple[str, str]] = field(default_factory=set, compare=False)

    def select(self, pairs: Iterable[CandidatePair]) -> Iterator[CandidatePair]:
        """Yield the pairs that the filter lets through."""
        for pair in pairs:
            first, second = pair.entity1, pair.entity2
            types = first.entity_type, second.entity_type
            types = types if types[0] <= types[1] else (types[1], types[0])
            self.found_types.add(types)
            if self.entity_ids is not None:
                of_pair = [identifier in self.entity_ids for identifier in (first.identifier, second.identifier)]
                if not any(of_pair):
                    continue
            if self.pair_types is not None and types not in self.pair_types:
                continue
            yield pair


# A document with some of its features; None marks the end of the document.
DocumentPart = tuple[Document, Features | None]
# Parts of neighbouring documents with the passes that run them: each pass has indices of parts, counted without those
# that have no features, and the model's inputs for these.
PreparedBatch = tuple[Sequence[DocumentPart], Sequence[tuple[list[int], Inputs]]]


def document_parts(
    documents: Iterable[Document], processor: Processor, pair_filter: PairFilter, section_filter: SectionFilter
) -> Iterator[DocumentPart]:
    """Yield the features of the read sections of each document, a few pairs at a time, then its end."""
    for document in documents:
        tokenized = processor.tokenize(section_filter.read(document))
        pairs = pair_filter.select(processor.candidates(tokenized))
        for features in processor.features(tokenized, pairs):
            yield document, features
        yield document, None


def batches(
    parts: Iterable[DocumentPart], token_budget: int, batch_size: int | None = None
) -> Iterator[list[DocumentPart]]:
    """Yield the parts in batches.

    Args:
        parts: are read no further ahead than one batch.
        token_budget: of a pass; a batch holds `PASSES_PER_BATCH` times as many tokens.
        batch_size: pairs of a batch, in place of tokens.

    Raises:
        ValueError: what `parts` raises, after a batch with the documents that were complete before it.
    """
    full = batch_size or PASSES_PER_BATCH * token_budget
    gathered: list[DocumentPart] = []
    fill = ended = 0
    source = iter(parts)
    while True:
        try:
            part = next(source, None)
        except ValueError:
            ends = [place for place, (_, found) in enumerate(gathered, start=1) if found is None]
            if ends:
                yield gathered[: ends[-1]]
            raise
        if part is None:
            break
        for piece in _pieces(part, fill, batch_size):
            gathered.append(piece)
            fill += _size(piece[1], batch_size)
            ended += piece[1] is None
            # Without any pair so far there is nothing to wait for.
            if fill >= full or ended >= DOCUMENTS_PER_BATCH or not fill:
                yield gathered
                gathered, fill, ended = [], 0, 0
    if gathered:
        yield gathered


def prepare(
    parts_of_batches: Iterable[Sequence[DocumentPart]], processor: Processor, token_budget: int
) -> Iterator[PreparedBatch]:
    """Yield each batch with the inputs of its passes."""
    for parts in parts_of_batches:
        features = [found for _, found in parts if found is not None]
        yield parts, list(_passes(features, processor, token_budget))


def read_ahead(prepared: Iterator[PreparedBatch]) -> Iterator[PreparedBatch]:
    """Yield the batches; while one is used, a thread prepares the next, and reads the documents for it."""
    pool = ThreadPoolExecutor(max_workers=1)
    try:
        upcoming = pool.submit(next, prepared, None)
        while (batch := upcoming.result()) is not None:
            upcoming = pool.submit(next, prepared, None)
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a caller that stops early does not wait for a batch


def run(forward: Forward, batch: PreparedBatch) -> Iterator[tuple[DocumentPart, PairLogits]]:
    """Yield each part of the batch with the logits of its pairs; none at the end of a document."""
    parts, passes = batch
    features = [found for _, found in parts if found is not None]
    logits = iter(_run_passes(forward, features, passes))
    for part in parts:
        yield part, next(logits) if part[1] is not None else {}


def pair_logits(
    forward: Forward,
    features: Sequence[Features],
    processor: Processor,
    token_budget: int,
    progress: Progress = iter,
) -> list[Logits]:
    """Return the logits of every pair of the features, in order.

    Args:
        progress: wraps the iterable of passes, such as a progress bar.
    """
    found = _run_passes(forward, features, _passes(features, processor, token_budget, progress))
    return [
        dict(zip(tables, rows, strict=True))
        for tables in found
        for rows in zip(*(table.tolist() for table in tables.values()), strict=True)
    ]


def model_logits(model: Any, inputs: Inputs) -> dict[str, Any]:
    """Return task -> the model's logits, (batch, labels), in float32, for the tasks that it has."""
    output = model(**inputs)
    return {task: output[f"{task}_logits"].float() for task in model.config.tasks}


def _pieces(part: DocumentPart, fill: int, batch_size: int | None) -> Iterator[DocumentPart]:
    """Yield the part, cut where a batch of `batch_size` pairs that already holds `fill` of them is full."""
    document, features = part
    pairs = len(features.pairs) if features is not None else 0
    if features is None or batch_size is None or fill + pairs <= batch_size:
        yield part
        return
    first = 0
    while first < pairs:
        last = min(pairs, first + batch_size - (fill if first == 0 else 0))
        yield document, features.select(range(first, last))
        first = last


def _size(features: Features | None, batch_size: int | None) -> int:
    """Return what the features add to a batch: pairs where `batch_size` counts them, else tokens."""
    if features is None:
        return 0
    pairs = len(features.pairs)
    return max(features.tokens, PAIR_TOKENS * pairs) if batch_size is None else pairs


def _passes(
    features: Sequence[Features], processor: Processor, token_budget: int, progress: Progress = iter
) -> Iterator[tuple[list[int], Inputs]]:
    """Yield the indices of the features of each pass, the largest first, and the model's inputs for them."""
    order = sorted(range(len(features)), key=lambda index: -features[index].tokens)
    groups = processor.passes([features[index] for index in order], token_budget)  # type: ignore[misc]
    for group in progress(groups):
        indices = [order[place] for place in group]
        yield indices, processor.collate([features[index] for index in indices])  # type: ignore[misc]


def _run_passes(
    forward: Forward, features: Sequence[Features], passes: Iterable[tuple[list[int], Inputs]]
) -> list[PairLogits]:
    """Return the logits of the pairs of each of the features."""
    found: list[PairLogits] = [{} for _ in features]
    for group, inputs in passes:
        ends = np.cumsum([len(features[index].pairs) for index in group])
        for task, values in forward(inputs).items():
            table = np.array(values.tolist())  # (batch, labels); tensors of a device can do so, too
            for index, part in zip(group, np.split(table, ends[:-1]), strict=True):
                found[index][task] = part
    return found
