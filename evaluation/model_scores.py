"""What a model says of every candidate pair of documents, before anything is decided."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from biodir.batching_biodir import collate_pairs, length_groups
from biodir.decoding_biodir import DecodingRule, PairDecision, decode_pair, first_of_pairs
from biodir.document_biodir import Document, Relation
from biodir.encoding_biodir import PairEncoder, PairFeatures


@dataclass(frozen=True)
class EncodedDocuments:
    """Documents with the features of their candidate pairs, in the same order."""

    documents: tuple[Document, ...]
    features: tuple[tuple[PairFeatures, ...], ...]


def encoded_documents(documents: Sequence[Document], encoder: PairEncoder) -> EncodedDocuments:
    """The documents, encoded once for any number of passes."""
    features = tuple(tuple(encoder.encode_pairs(encoder.encode_document(document))) for document in documents)
    return EncodedDocuments(tuple(documents), features)


@torch.inference_mode()
def pair_logits(
    model, data: EncodedDocuments, pad_id: int, token_budget: int, progress: Callable[[Iterable], Iterable] = iter
) -> list[dict[str, list[float]]]:
    """Task -> logits (labels,) for each pair, in the order of the documents and their pairs.

    Args:
        token_budget: tokens of a batch, padding included.
        progress: wraps the iterable of batches, such as a progress bar.
    """
    features = [pair for document in data.features for pair in document]
    logits: list[dict] = [{} for _ in features]
    for group in progress(length_groups([pair.row_tokens for pair in features], token_budget)):
        batch = collate_pairs([features[index] for index in group], pad_id)
        output = model(**{name: value.to(model.device) for name, value in batch.items()})
        for task in ("relation", "novelty", "direction"):
            values = output[f"{task}_logits"]
            if values is not None:
                for index, row in zip(group, values.float().tolist(), strict=True):
                    logits[index][task] = row
    return logits


def document_decisions(
    data: EncodedDocuments, logits: Sequence[dict], rule: DecodingRule
) -> list[tuple[PairDecision, ...]]:
    """What the rule makes of the logits, for each document and each of its pairs."""
    remaining = iter(logits)
    return [tuple(decode_pair(pair.pair, next(remaining), rule) for pair in features) for features in data.features]


def decoded_documents(data: EncodedDocuments, logits: Sequence[dict], rule: DecodingRule) -> list[Document]:
    """The documents with the relations that the rule makes of the logits in place of their own."""
    return [
        replace(document, relations=_relations(decisions), subject_lines=())
        for document, decisions in zip(data.documents, document_decisions(data, logits, rule), strict=True)
    ]


def _relations(decisions: Iterable[PairDecision]) -> tuple[Relation, ...]:
    related = [decision for decision in decisions if decision.is_related]
    return first_of_pairs(decision.to_relation() for decision in sorted(related, key=lambda decision: -decision.score))
