"""The logits of a model for every candidate pair of documents, and the relations that a rule decodes from them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from biodir.document_biodir import Document
from biodir.document_results_biodir import first_of_pairs
from biodir.pipeline_decoding_biodir import DecodingRule, PairDecision, decode_pairs
from biodir.pipeline_engine_biodir import Forward, Logits
from biodir.pipeline_engine_biodir import pair_logits as engine_logits
from biodir.processing_biodir import Features, Processor


@dataclass(frozen=True)
class ProcessedDocuments:
    """Documents with the features of their candidate pairs, in the same order.

    >>> rule = DecodingRule({"relation": ["None", "Bind"]}, "Bind", relation_threshold=0.5, none_bias=0.0)
    >>> data = ProcessedDocuments((Document("1", "A text without entities has no pair."),), ((),))
    >>> [document.relations for document in decoded_documents(data, [], rule)]
    [()]
    """

    documents: tuple[Document, ...]
    features: tuple[tuple[Features, ...], ...]


def processed_documents(documents: Sequence[Document], processor: Processor) -> ProcessedDocuments:
    """Return the documents with their features, for any number of passes."""
    features = [(*processor.features(processor.tokenize(document)),) for document in documents]
    return ProcessedDocuments(tuple(documents), tuple(features))


def pair_logits(
    forward: Forward,
    data: ProcessedDocuments,
    processor: Processor,
    token_budget: int,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> list[Logits]:
    """Return the logits of each pair, in the order of the documents and their pairs.

    Args:
        forward: that of a pipeline, or `model_logits` of a model, which should keep no gradients.
        token_budget: the most tokens of a pass.
        progress: wraps the iterable of passes, such as a progress bar.
    """
    features = [found for document in data.features for found in document]
    return engine_logits(forward, features, processor, token_budget, progress)


def document_decisions(
    data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule
) -> list[tuple[PairDecision, ...]]:
    """Return the decisions of the rule, for each document and each of its pairs."""
    if not logits:
        return [() for _ in data.features]
    pairs = [scored.pair for features in data.features for found in features for scored in found.pairs]
    stacked = {task: np.stack([each[task] for each in logits]) for task in logits[0]}
    decisions = (decision for _, decision in decode_pairs(pairs, stacked, rule))
    return [tuple(islice(decisions, sum(len(found.pairs) for found in features))) for features in data.features]


def decoded_documents(data: ProcessedDocuments, logits: Sequence[Logits], rule: DecodingRule) -> list[Document]:
    """Return the documents with the relations that the rule decodes in place of their own."""
    found = []
    for document, decisions in zip(data.documents, document_decisions(data, logits, rule), strict=True):
        related = sorted((decision for decision in decisions if decision.is_related), key=lambda each: -each.score)
        relations = first_of_pairs(decision.to_relation() for decision in related)
        found.append(replace(document, relations=relations, subject_lines=()))
    return found
