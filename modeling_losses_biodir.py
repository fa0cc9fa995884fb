"""The loss of the three heads, as pure functions of logits and targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .configuration_biodir import ADAPTIVE_THRESHOLD, BINARY, FOCAL
from .errors_biodir import SettingError


@dataclass(frozen=True)
class HeadLoss:
    """How the loss of a head is computed; the default is the paper's.

    Args:
        kind: binary; focal, in which labels that are nearly right count little; or adaptive_threshold, in which the
            first label is the threshold that the others must pass.
        focal_gamma: focal only; how fast the weight falls. Lin et al. 2017: 2 was best.
        label_weights: binary and focal; for each label the weight of its loss where it holds. None: 1 for all.
    """

    kind: str = BINARY
    focal_gamma: float = 2.0
    label_weights: Sequence[float] | None = None

    @classmethod
    def of_relations(cls, config: Any) -> "HeadLoss":
        """The relation head's loss, as a `BioDirConfig`, from whichever copy of its class, has it."""
        weights = [config.label_weights.get(label, 1.0) for label in config.relation_labels]
        return cls(config.relation_loss, config.focal_gamma, weights if config.label_weights else None)


def head_loss(logits: Tensor, targets: Tensor, how: HeadLoss | None = None) -> Tensor:
    """(batch,) the loss of a head. Paper, section 2: binary cross-entropy summed over the labels.

    Args:
        logits, targets: (batch, labels); a pair with negative targets is not annotated, and has no loss.
        how: None for the paper's.
    """
    how = how or HeadLoss()
    logits, targets = logits.float(), targets.float()
    is_annotated = (targets >= 0).all(dim=-1)  # (batch,)
    if how.kind == ADAPTIVE_THRESHOLD:
        return adaptive_threshold_loss(logits, targets.clamp_min(0)) * is_annotated
    weights = None if how.label_weights is None else logits.new_tensor(how.label_weights)
    losses = nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="none")
    if how.kind == FOCAL:
        scores = logits.sigmoid()
        wrongness = torch.where(targets > 0, 1 - scores, scores)  # (batch, labels), 0 where the score is right
        losses = losses * wrongness.pow(how.focal_gamma)
    return losses.sum(dim=-1) * is_annotated


def adaptive_threshold_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """(batch,) two cross-entropies: labels that hold against the first label, and the first against the others.

    Zhou et al. 2021 (ATLOP), equation 6. Decoding then takes the highest of all labels, the first among them.

    Args:
        logits, targets: (batch, labels), ones at the labels that hold; the first label is the threshold.
    """
    is_label = torch.arange(logits.shape[-1], device=logits.device) > 0  # (labels,)
    holds = targets.bool() & is_label  # (batch, labels)
    outside = torch.finfo(logits.dtype).min
    above = logits.masked_fill(~holds & is_label, outside).log_softmax(dim=-1)  # of the threshold and what holds
    below = logits.masked_fill(holds, outside).log_softmax(dim=-1)  # of the threshold and what does not
    return -above.masked_fill(~holds, 0).sum(dim=-1) - below[:, 0]


def shared_loss(losses: Mapping[str, Tensor], related: Tensor, weights: Mapping[str, float] | None = None) -> Tensor:
    """(batch,) loss of each pair: the first head's, and for related pairs the other heads' by their weights.

    Paper, section 2: the first head is that of the relation, and a head's weight is its share of the pair's total loss.
    The shares count as constants: no gradient flows through them. Differs from paper: with `weights` these are fixed,
    since a share weighs a loss by itself, which lifts the answers that are wrong most often and leaves a head with
    small losses little gradient.

    Args:
        losses: task -> (batch,); the first task decides which pairs are related.
        related: (batch,) booleans.
        weights: task -> weight, for every task but the first; empty or None for the shares.
    """
    main, *others = losses
    total = sum((losses[task] for task in others), losses[main]).detach().clamp_min(1e-12)
    added = 0.0 * total
    for task in others:
        added = added + (weights[task] if weights else losses[task].detach() / total) * losses[task]
    return losses[main] + related * added


def joint_loss(
    logits: Mapping[str, Tensor],
    targets: Mapping[str, Tensor | None],
    weights: Mapping[str, float] | None = None,
    of_relations: HeadLoss | None = None,
) -> Tensor:
    """Scalar mean over the pairs of `shared_loss`; a pair is related where any label but the first holds.

    Args:
        logits, targets: task -> (batch, labels); the first task of `logits` decides which pairs are related.
        weights: see `shared_loss`.
        of_relations: how the loss of the relation head is computed.

    Raises:
        SettingError: a head has no targets.
    """
    for task in logits:
        if targets.get(task) is None:
            raise SettingError(f"{task}_targets are missing; every head of the configuration needs its targets")
    given = {task: values for task, values in targets.items() if values is not None}
    losses = {
        task: head_loss(values, given[task], of_relations if task == "relation" else None)
        for task, values in logits.items()
    }
    related = (given[next(iter(logits))][:, 1:] > 0).any(dim=-1)
    return shared_loss(losses, related, weights).mean()
