"""Scores on the development set, and the decoding bias that serves it best."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from biodir.batching_biodir import collate_pairs, length_groups
from biodir.decoding_biodir import DecodingRule, decode_pair
from biodir.document_biodir import Document
from biodir.encoding_biodir import PairEncoder, PairFeatures
from biodir.evaluation.scores import Counts, relation_scores

# Shifts of the None logit that are tried; training on a share of the negatives makes the model too ready to relate.
NONE_BIASES = tuple(step / 4 for step in range(-8, 25))


@dataclass(frozen=True)
class ValidationSet:
    """Documents with the features of their candidate pairs, in the same order."""

    documents: tuple[Document, ...]
    features: tuple[tuple[PairFeatures, ...], ...]


def validation_set(documents: Sequence[Document], encoder: PairEncoder) -> ValidationSet:
    """The documents, encoded once for all epochs."""
    features = tuple(tuple(encoder.encode_pairs(encoder.encode_document(document))) for document in documents)
    return ValidationSet(tuple(documents), features)


@torch.inference_mode()
def pair_logits(model, features: Sequence[PairFeatures], pad_id: int, token_budget: int) -> list[dict]:
    """Task -> logits (labels,) for each pair, in the order of `features`."""
    logits: list[dict] = [{} for _ in features]
    for group in length_groups([pair.row_tokens for pair in features], token_budget):
        batch = collate_pairs([features[index] for index in group], pad_id)
        output = model(**{name: value.to(model.device) for name, value in batch.items()})
        for task in ("relation", "novelty", "direction"):
            values = output[f"{task}_logits"]
            if values is not None:
                for index, row in zip(group, values.float().tolist(), strict=True):
                    logits[index][task] = row
    return logits


def best_bias(data: ValidationSet, logits: Sequence[dict], rule: DecodingRule, level: str) -> tuple[float, dict]:
    """The bias of `NONE_BIASES` with the highest F1 at `level`, and the counts of all levels with it."""
    scored = {bias: decoded_scores(data, logits, replace(rule, none_bias=bias)) for bias in NONE_BIASES}
    best = max(scored, key=lambda bias: scored[bias][level].f1)
    return best, scored[best]


def decoded_scores(data: ValidationSet, logits: Sequence[dict], rule: DecodingRule) -> dict[str, Counts]:
    """Level -> counts of the decoded pairs against the documents' own relations."""
    remaining = iter(logits)
    predicted = []
    for document, features in zip(data.documents, data.features, strict=True):
        decisions = [decode_pair(pair.pair, next(remaining), rule) for pair in features]
        relations = tuple(decision.to_relation() for decision in decisions if decision.is_related)
        predicted.append(replace(document, relations=relations, subject_lines=()))
    return relation_scores(data.documents, predicted)
