"""The loss of the three heads, as pure functions of logits and targets."""

from collections.abc import Mapping

from torch import Tensor, nn

from .errors_biodir import SettingError


def head_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """(batch,) binary cross-entropy summed over the labels. Paper, section 2.

    Args:
        logits, targets: (batch, labels); a pair with negative targets is not annotated, and has no loss.
    """
    losses = nn.functional.binary_cross_entropy_with_logits(logits.float(), targets.float(), reduction="none")
    return losses.sum(dim=-1) * (targets >= 0).all(dim=-1)


def shared_loss(losses: Mapping[str, Tensor], related: Tensor, weights: Mapping[str, float] | None = None) -> Tensor:
    """(batch,) loss of each pair: the relation head's, and for related pairs the other heads' by their weights.

    Paper, section 2: a head's weight is its share of the pair's total loss. The shares count as constants: no
    gradient flows through them. Differs from paper: with `weights` these are fixed, since a share weighs a loss by
    itself, which lifts the answers that are wrong most often and leaves a head with small losses little gradient.

    Args:
        losses: task -> (batch,), with ``"relation"`` among the tasks.
        related: (batch,) booleans.
        weights: task -> weight, for every task but the relation; empty or None for the shares.
    """
    total = sum(losses.values()).detach().clamp_min(1e-12)
    others = 0.0 * total
    for task, loss in losses.items():
        if task != "relation":
            others = others + (weights[task] if weights else loss.detach() / total) * loss
    return losses["relation"] + related * others


def joint_loss(
    logits: Mapping[str, Tensor], targets: Mapping[str, Tensor | None], weights: Mapping[str, float] | None = None
) -> Tensor:
    """Scalar mean over the pairs of `shared_loss`; a pair is related where any label but the first holds.

    Raises:
        SettingError: a head has no targets.
    """
    for task in logits:
        if targets.get(task) is None:
            raise SettingError(f"{task}_targets are missing; every head of the configuration needs its targets")
    losses = {task: head_loss(values, targets[task]) for task, values in logits.items()}
    related = targets["relation"][:, 1:].any(dim=-1)
    return shared_loss(losses, related, weights).mean()
