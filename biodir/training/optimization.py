"""Which parameter learns how fast, what rare labels weigh, and the terms that are added to the loss."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from biodir.configuration_biodir import BINARY, SOFTMAX
from biodir.document_biodir import Relation
from biodir.training.settings import TrainingSettings

# Parameters that do not come from the encoder; they are newly initialized and want larger steps.
NEW_PARAMETERS = ("soft_prompt.", "corpus_vectors.", "heads.", "mention_tasks.", "tagger.classifier.")
_LAYER = re.compile(r"\.layers?\.(\d+)\.")
_EMBEDDINGS = re.compile(r"^encoder\.embeddings(_project)?\.")  # the second maps Electra's narrow ones
# Of a process, in the seeds of dropout: more steps than any run has.
STEPS_OF_A_PROCESS = 10_000_000


def parameter_groups(model: nn.Module, settings: TrainingSettings) -> list[dict[str, Any]]:
    """Return groups of one learning rate and weight decay: new or of one layer, matrices, or vectors without decay.

    With `layer_learning_rate_decay` the rate of a layer is that of the layer above times the decay; the embeddings lie
    below all layers.
    """
    config: Any = getattr(model, "config", None)
    first_own = config.encoder_config.num_hidden_layers - config.tagger_layers if config is not None else 0
    depths = {name: _depth(name, first_own) for name, _ in model.named_parameters()}
    layers = 1 + max((depth for depth in depths.values() if depth is not None), default=-1)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        depth = depths[name]
        steps_down = 0 if depth is None else layers - 1 - depth
        rate = settings.encoder_learning_rate * settings.layer_learning_rate_decay**steps_down
        if name.startswith(NEW_PARAMETERS):
            rate = settings.head_learning_rate
        decay = settings.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": parameters, "lr": rate, "weight_decay": decay} for (rate, decay), parameters in groups.items()]


def _depth(name: str, first_own: int) -> int | None:
    """Return the number of the encoder's layer, -1 for its embeddings, None for anything else.

    Args:
        first_own: number of the encoder's layer in whose place the tagger's first own layer stands.
    """
    if name.startswith(NEW_PARAMETERS):
        return None
    layer = _LAYER.search(name)
    if layer:
        return int(layer.group(1)) + (first_own if name.startswith("tagger.") else 0)
    return -1 if _EMBEDDINGS.match(name) else None


def balanced_weights(relations: Iterable[Relation], labels: Sequence[str], balance: float) -> dict[str, float]:
    """Return relation type -> weight, by the effective number of its examples; the mean over relations is 1.

    Cui et al. 2019, equation 2: the weight is proportional to `(1 - balance) / (1 - balance ** examples)`. A type
    without examples weighs like one with a single example.

    Args:
        labels: the label of an unrelated pair first, which has no weight here.
        balance: 0 for equal weights, towards 1 for weights against frequency.
    """
    counts = Counter(relation.relation_type for relation in relations)
    raw = {label: (1 - balance) / (1 - balance ** max(counts[label], 1)) for label in labels[1:]}
    total = sum(counts[label] for label in raw)
    mean = sum(raw[label] * counts[label] for label in raw) / total if total else 1.0
    return {label: weight / mean for label, weight in raw.items()}


def divergence(logits: Mapping[str, Tensor], relation_loss: str = BINARY) -> Tensor:
    """Return a scalar: how far the scores of the first half of a batch lie from those of the second, the same pairs.

    R-Drop (Liang et al. 2021) for labels that are decided one by one: the mean over both directions of the
    Kullback-Leibler divergence of each label's score, summed over the labels of all tasks, mean over the pairs.

    Args:
        logits: task -> (2 * batch, labels)
        relation_loss: with softmax the scores of the relation labels are one distribution.
    """
    total = torch.zeros(())
    for task, values in logits.items():
        first, second = values.float().chunk(2)  # (batch, labels)
        is_softmax = task == "relation" and relation_loss == SOFTMAX
        shares = [each.softmax(dim=-1) if is_softmax else each.sigmoid() for each in (first, second)]
        # Of two Bernoulli distributions both directions add up to this; summed over the labels, of two softmaxes, too.
        both = (shares[0] - shares[1]) * (first - second)
        total = total.to(values.device) + both.sum(dim=-1).mean() / 2
    return total


def dropout_seed(seed: int, step: int, process: int) -> int:
    """Return the seed of a process's dropout in a step, so that a resumed run needs no state of a generator."""
    return (seed * 1000 + process) * STEPS_OF_A_PROCESS + step
