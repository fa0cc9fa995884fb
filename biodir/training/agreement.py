"""Pairs that a pass shows twice, whose two outputs must agree: with two dropouts, or in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from biodir.labels_biodir import ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT
from biodir.processing_pairwise_biodir import PairwiseFeatures
from biodir.training.data import LabelledPairs
from biodir.training.optimization import divergence
from biodir.training.settings import TrainingSettings


def pairs_of_pass(labelled: Sequence[LabelledPairs], settings: TrainingSettings) -> list[LabelledPairs]:
    """Return what a pass shows of these pairs: each once, or twice where `agreement` compares two outputs."""
    if settings.r_drop:
        return list(labelled) * 2
    if settings.swap_consistency:
        return [part for found in labelled for part in _with_mirrors(found)]
    return list(labelled)


def agreement(
    logits: Mapping[str, Tensor],
    labelled: Sequence[LabelledPairs],
    settings: TrainingSettings,
    labels: Mapping[str, Sequence[str]],
) -> Tensor | float:
    """Return what is added to the loss of a pass: the weighted divergence of the two outputs of each pair, or 0.

    Args:
        logits: task -> (batch, labels), of `pairs_of_pass(labelled, settings)`.
        labels: task -> its labels.
    """
    if settings.r_drop:
        return settings.r_drop * divergence(logits, settings.relation_loss)
    if settings.swap_consistency:
        sizes = [len(found.targets) for found in labelled]
        return settings.swap_consistency * divergence(mirrored(logits, sizes, labels), settings.relation_loss)
    return 0.0


def loss_of_pass(output: Any, labelled: Sequence[LabelledPairs], settings: TrainingSettings, config: Any) -> Tensor:
    """Return the loss of a pass over `pairs_of_pass(labelled, settings)`, with what `agreement` adds.

    Args:
        output: of the model.
        config: that of the model.
    """
    logits = {task: output[f"{task}_logits"] for task in config.tasks}
    total: Tensor = output.loss + agreement(logits, labelled, settings, config.labels)
    return total


def mirrored(
    logits: Mapping[str, Tensor], sizes: Sequence[int], labels: Mapping[str, Sequence[str]]
) -> dict[str, Tensor]:
    """Return task -> (2 * pairs, labels): all pairs, then all in the other order, with subject and object exchanged.

    Args:
        logits: task -> (2 * pairs, labels), group by group: its pairs, then the same in the other order.
        sizes: pairs of each group.
        labels: task -> its labels.
    """
    first: list[int] = []
    start = 0
    for size in sizes:
        first += range(start, start + size)
        start += 2 * size
    places = torch.tensor(first)
    others = places + torch.tensor([size for size in sizes for _ in range(size)])
    exchange = {ENTITY1_IS_SUBJECT: ENTITY2_IS_SUBJECT, ENTITY2_IS_SUBJECT: ENTITY1_IS_SUBJECT}
    found = {}
    for task, values in logits.items():
        names = list(labels[task])
        columns = [names.index(exchange.get(name, name)) for name in names] if task == "direction" else slice(None)
        found[task] = torch.cat([values[places], values[others][:, columns]])
    return found


def _with_mirrors(labelled: LabelledPairs) -> list[LabelledPairs]:
    """Return the pairs and the same in the other order; windows are there once, for the pairs in both orders."""
    others = labelled.swapped
    assert others is not None, "the swapped pairs were made with the others"
    if isinstance(labelled.features, PairwiseFeatures):
        return [labelled, replace(others, group=labelled.group)]
    pairs: Any = (*labelled.features.pairs, *others.features.pairs)
    features = replace(labelled.features, pairs=pairs)
    return [LabelledPairs(features, (*labelled.targets, *others.targets), group=labelled.group)]
