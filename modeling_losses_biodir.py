"""The joint loss of the heads, as pure functions of logits and targets. Paper, section 2."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .errors_biodir import SettingError
from .labels_biodir import SIGNED_RELATIONS


@dataclass(frozen=True)
class HeadLoss:
    """Settings of the loss of a head; the default is the paper's.

    Args:
        kind: `"binary"`; `"focal"`, in which labels that are nearly right count little; `"adaptive_threshold"`, in
            which the first label is the threshold that the others must pass; or `"softmax"`, in which one label holds.
        focal_gamma: focal only; how fast the weight falls. Lin et al. 2017: 2 was best.
        label_weights: binary and focal; for each label the weight of its loss where it holds. None: 1 for all.
        sign_places: softmax only; places of labels that differ by sign only.
        sign_weight: softmax only; weight of the choice between these labels.

    >>> logits, targets = torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]])
    >>> head_loss(logits, targets, HeadLoss("focal")) < head_loss(logits, targets)
    tensor([True])
    """

    kind: str = "binary"
    focal_gamma: float = 2.0
    label_weights: Sequence[float] | None = None
    sign_places: Sequence[int] = ()
    sign_weight: float = 1.0

    @classmethod
    def of_relations(cls, config: Any) -> "HeadLoss":
        """Return the loss of the relation head, by a `BioDirConfig` from whichever copy of its class."""
        weights = [config.label_weights.get(label, 1.0) for label in config.relation_labels]
        places = [config.relation_labels.index(label) for label in SIGNED_RELATIONS] if config.sign_weight != 1 else ()
        given = weights if config.label_weights else None
        return cls(config.relation_loss, config.focal_gamma, given, places, config.sign_weight)


def head_loss(logits: Tensor, targets: Tensor, settings: HeadLoss | None = None) -> Tensor:
    """Return (batch,), the loss of a head. Paper, section 2: binary cross-entropy summed over the labels.

    Args:
        logits, targets: (batch, labels); a label with a negative target is not annotated, and has no loss. Targets
            between 0 and 1 are the probability that the label holds, for the kinds binary and focal.
        settings: None for the paper's.
    """
    settings = settings or HeadLoss()
    logits, targets = logits.float(), targets.float()
    if settings.kind == "adaptive_threshold":
        return adaptive_threshold_loss(logits, targets)
    if settings.kind == "softmax":
        return softmax_loss(logits, targets, settings.sign_places, settings.sign_weight)
    is_annotated, known = targets >= 0, targets.clamp_min(0)  # (batch, labels)
    weights = None if settings.label_weights is None else logits.new_tensor(settings.label_weights)
    losses = nn.functional.binary_cross_entropy_with_logits(logits, known, pos_weight=weights, reduction="none")
    if settings.kind == "focal":
        wrongness = (known - logits.sigmoid()).abs()  # (batch, labels), 0 where the score is right
        losses = losses * wrongness.pow(settings.focal_gamma)
    return (losses * is_annotated).sum(dim=-1)


def adaptive_threshold_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return (batch,): cross-entropies of the labels that hold against the first, and of the first against the others.

    Zhou et al. 2021 (ATLOP), equation 6. Decoding then takes the highest of all labels, the first among them.

    Args:
        logits, targets: (batch, labels), ones at the labels that hold; the first label is the threshold. A label with a
            negative target is left out. A threshold with one is not moved towards labels that do not hold, since it is
            also that of labels that are left out.
    """
    is_label = torch.arange(logits.shape[-1], device=logits.device) > 0  # (labels,)
    is_annotated = targets >= 0  # (batch, labels)
    holds = (targets > 0.5) & is_label  # (batch, labels)
    outside = torch.finfo(logits.dtype).min
    above = logits.masked_fill(~holds & is_label, outside).log_softmax(dim=-1)  # of the threshold and what holds
    left_out = holds | (~is_annotated & is_label)
    fixed = torch.where(is_annotated | is_label, logits, logits.detach())  # (batch, labels)
    below = fixed.masked_fill(left_out, outside).log_softmax(dim=-1)  # of the threshold and what does not
    return (-above.masked_fill(~holds, 0).sum(dim=-1) - below[:, 0]) * is_annotated[:, 1:].any(dim=-1)


def softmax_loss(logits: Tensor, targets: Tensor, sign_places: Sequence[int] = (), sign_weight: float = 1.0) -> Tensor:
    """Return (batch,): the negative logarithm of the probability of the labels that may hold, of which one does.

    By the chain rule it is the loss of "related or not", plus that of the kind of a related pair, plus that of the sign
    of this kind. What is not annotated is summed over: of an Association that may have a sign, the kind is learned.

    Args:
        logits, targets: (batch, labels); a label holds (positive), may hold (negative) or does not (0). One must be
            able to hold; if several hold, they are learned as one of them.
        sign_places: of the labels of the kind that has signs.
        sign_weight: of the loss of the sign, where the kind is known to be this one.
    """
    may_hold = targets != 0  # (batch, labels)
    held = logits.masked_fill(~may_hold, torch.finfo(logits.dtype).min).logsumexp(dim=-1)  # (batch,)
    losses = logits.logsumexp(dim=-1) - held
    if not sign_places:
        return losses
    others = [place for place in range(logits.shape[-1]) if place not in sign_places]
    has_kind = ~may_hold[:, others].any(dim=-1)  # (batch,)
    of_sign = logits[:, list(sign_places)].logsumexp(dim=-1) - held
    return losses + (sign_weight - 1) * torch.where(has_kind, of_sign, 0.0)


def shared_loss(losses: Mapping[str, Tensor], related: Tensor, weights: Mapping[str, float] | None = None) -> Tensor:
    """Return (batch,): the loss of the first head and, for related pairs, of the other heads by their weights.

    Paper, section 2: the first head is that of the relation, and a head's weight is its share of the pair's total loss.
    The shares count as constants: no gradient flows through them. Differs from paper: with `weights` these are fixed,
    since a share weighs a loss by itself, which favours the labels that are wrong most often and leaves a head
    with small losses little gradient.

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


def evidence_loss(shares: Tensor, targets: Tensor) -> Tensor:
    """Return the scalar mean over related pairs of the negative logarithm of `shares`, so that these rise to 1.

    After DREEAM (Ma et al. 2023), which guides the attention of a pair to its evidence. Differs from it: no corpus
    annotates the evidence of BioRED's relations, so that the sentences of the closest mentions stand for it.

    Args:
        shares: (batch,) of the context that lies in these sentences; pairs with 0 count for nothing.
        targets: (batch, labels) of the first task.
    """
    counts = (targets[:, 1:] > 0.5).any(dim=-1) & (shares > 0)  # (batch,)
    return -(shares.clamp_min(1e-6).log() * counts).sum() / counts.sum().clamp_min(1)


def joint_loss(
    logits: Mapping[str, Tensor],
    targets: Mapping[str, Tensor | None],
    weights: Mapping[str, float] | None = None,
    relation_loss: HeadLoss | None = None,
) -> Tensor:
    """Return the scalar mean over the pairs of `shared_loss`; a pair is related where any label but the first holds.

    A label holds where its target is above 0.5.

    Args:
        logits, targets: task -> (batch, labels); the first task of `logits` decides which pairs are related.
        weights: see `shared_loss`.
        relation_loss: settings of the relation head's loss.

    Raises:
        SettingError: a head has no targets.
    """
    for task in logits:
        if targets.get(task) is None:
            raise SettingError(f"{task}_targets are missing; every head of the configuration needs its targets")
    given = {task: values for task, values in targets.items() if values is not None}
    losses = {
        task: head_loss(values, given[task], relation_loss if task == "relation" else None)
        for task, values in logits.items()
    }
    related = (given[next(iter(logits))][:, 1:] > 0.5).any(dim=-1)
    return shared_loss(losses, related, weights).mean()
