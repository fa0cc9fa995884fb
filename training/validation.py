"""The decoding bias that serves the development set best."""

from collections.abc import Sequence
from dataclasses import replace

from biodir.decoding_biodir import DecodingRule
from biodir.evaluation.model_scores import EncodedDocuments, decoded_documents
from biodir.evaluation.scores import Counts, relation_scores

# Shifts of the None logit that are tried; training on a share of the negatives makes the model too ready to relate.
NONE_BIASES = tuple(step / 4 for step in range(-8, 25))


def best_bias(
    data: EncodedDocuments, logits: Sequence[dict], rule: DecodingRule, level: str
) -> tuple[float, dict[str, Counts]]:
    """The bias of `NONE_BIASES` with the highest F1 at `level`, and the counts of all levels with it."""
    scored = {
        bias: relation_scores(
            data.documents, decoded_documents(data, logits, replace(rule, none_bias=bias)), rule.labels
        )
        for bias in NONE_BIASES
    }
    best = max(scored, key=lambda bias: scored[bias][level].f1)
    return best, scored[best]
