"""Scores on the development set: of relations, with the decoding bias that serves them best, and of mentions."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import Any

import torch

from biodir.document_biodir import Document
from biodir.errors_biodir import SettingError, plural
from biodir.evaluation.checks import ComparedDocument
from biodir.evaluation.model_scores import ProcessedDocuments, decoded_documents, pair_logits
from biodir.evaluation.scores import Counts, relation_scores, unannotated_levels
from biodir.labels_biodir import LEVELS, MENTIONS, TASKS
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.pipeline_engine_biodir import model_logits
from biodir.training.mentions import MentionCorpus, mention_counts
from biodir.training.scopes import Scope
from biodir.training.settings import scored_levels

# Shifts of the None logit that are tried; training on a share of the negatives makes the model too ready to relate.
NONE_BIASES = tuple(step / 4 for step in range(-8, 25))


@dataclass(frozen=True)
class DevDocuments:
    """The documents to score on.

    Args:
        pairs: with the features of the pairs that they judge.
        mentions: those of the documents, with the types that they annotate.
        scope: what else they leave open, such as directions.

    >>> DevDocuments(ProcessedDocuments((), ()), MentionCorpus("dev.pubtator", (), ())).scope == Scope()
    True
    """

    pairs: ProcessedDocuments
    mentions: MentionCorpus
    scope: Scope = field(default_factory=Scope)


def dev_scores(run: Any) -> dict[str, Any]:
    """Return the best decoding bias on the dev documents, and the counts of each level.

    Each process scores a share of the pairs; mentions, which take less time, are found by each in all documents.

    Args:
        run: a `TrainingRun` with dev documents.
    """
    settings, model = run.settings, run.scored_model
    model.eval()
    mentions = {}
    if MENTIONS in settings.tasks:
        with run.accelerator.autocast():
            mentions[MENTIONS] = mention_counts(model, run.tokenizer, run.dev.mentions).to_dict()
    if settings.tasks == [MENTIONS]:
        return {"none_bias": model.config.none_bias, "dev": mentions}
    features = [found for document in run.dev.pairs.features for found in document]
    with run.accelerator.split_between_processes(features) as share, run.accelerator.autocast(), torch.inference_mode():
        mine = ProcessedDocuments((), (tuple(share),))
        logits = pair_logits(partial(model_logits, model), mine, run.processor, settings.tokens_per_step * 4)
    logits = run.accelerator.gather_for_metrics(logits, use_gather_object=True)
    metric = settings.metric_for_best_model
    level = LEVELS[0] if metric == MENTIONS else metric
    bias, counts = best_bias(run.dev.pairs, logits, DecodingRule.from_config(model.config), level, run.dev.scope)
    return {"none_bias": bias, "dev": {**{name: found.to_dict() for name, found in counts.items()}, **mentions}}


def best_bias(
    data: ProcessedDocuments,
    logits: Sequence[dict[str, list[float]]],
    rule: DecodingRule,
    level: str,
    scope: Scope | None = None,
) -> tuple[float, dict[str, Counts]]:
    """Return the bias of `NONE_BIASES` with the highest F1 at `level`, and the counts of the annotated levels with it.

    Where several biases are the best, it is the middle one of the longest row of them: on a small development set many
    are, and one at the edge serves it by chance. Where nothing is found with any, it is 0.

    Args:
        scope: what the documents leave open, so that it does not count.
    """
    scored = {}
    for bias in NONE_BIASES:
        decoded = decoded_documents(data, logits, replace(rule, none_bias=bias))
        predicted = [(scope or Scope()).comparable(*each) for each in zip(decoded, data.documents, strict=True)]
        scored[bias] = relation_scores(data.documents, predicted, rule.labels)
    best = _middle_of_best([scored[bias][level].f1 for bias in NONE_BIASES])
    return best, {known: scored[best][known] for known in annotated_levels(data.documents)}


def _middle_of_best(scores: Sequence[float]) -> float:
    """Return the bias in the middle of the longest row of biases with the highest score."""
    highest = max(scores)
    if highest == 0:
        return 0.0
    rows = groupby(range(len(scores)), lambda index: scores[index] == highest)
    longest = max((list(row) for is_best, row in rows if is_best), key=len)
    return NONE_BIASES[longest[(len(longest) - 1) // 2]]


def annotated_levels(documents: Sequence[Document]) -> list[str]:
    """Return the levels that need only what the documents annotate."""
    unknown = unannotated_levels([ComparedDocument(document, document) for document in documents])
    return [level for level in LEVELS if level not in unknown]


def check_level(documents: Sequence[Document], level: str, path: str, tasks: Sequence[str] = TASKS) -> None:
    """Check that the documents can be scored at the level, by a model with heads for these tasks.

    Raises:
        SettingError: they have no relations, or lack what it needs, as may the model.
    """
    if not any(document.relations for document in documents):
        raise SettingError(
            f"{path}: {plural(len(documents), 'document')} without any relation; --dev needs gold relations"
        )
    known = annotated_levels(documents)
    if level not in known:
        raise SettingError(
            f"{path}: metric_for_best_model is {level}, which the documents do not annotate; take one of "
            f"{', '.join(known)}"
        )
    if level not in scored_levels(tasks):
        raise SettingError(
            f"{path}: metric_for_best_model is {level}, but the training data annotates only {', '.join(tasks)}; take "
            f"one of {', '.join(name for name in known if name in scored_levels(tasks))}"
        )
